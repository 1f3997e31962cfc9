"""Who may use a model now: questions before background work, and a question stops the background work."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from pillowbook.domain.errors import Cancelled, DeadlineExceeded
from pillowbook.host.workers import CancelToken


class Turns:
    """One call at a time, foreground calls first. Thread-safe.

    Args:
        name: of the worker, for :class:`DeadlineExceeded`.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._state = threading.Condition()
        self._running: CancelToken | None = None
        self._is_running_background = False
        self._waiting_foreground = 0

    @contextmanager
    def taken(
        self, *, background: bool, deadline: float, cancel: CancelToken | None, preempts: bool
    ) -> Iterator[CancelToken]:
        """Wait for the turn and hold it.

        Args:
            deadline: on the monotonic clock, for the waiting alone.
            cancel: of this call; ends the waiting.
            preempts: whether a foreground call cancels a background call that is running.
        Yields:
            The token to run with: cancelled with ``cancel``, or when a foreground call takes the turn.
        """
        token = CancelToken()
        forget = cancel.when_cancelled(lambda: self._cancel(token)) if cancel is not None else None
        try:
            self._take(token, background=background, deadline=deadline, preempts=preempts)
            try:
                yield token
            finally:
                with self._state:
                    self._running = None
                    self._state.notify_all()
        finally:
            if forget is not None:
                forget()

    def _cancel(self, token: CancelToken) -> None:
        token.cancel()
        with self._state:
            self._state.notify_all()

    def _take(self, token: CancelToken, *, background: bool, deadline: float, preempts: bool) -> None:
        if not background:
            with self._state:
                self._waiting_foreground += 1
                running = self._running if preempts and self._is_running_background else None
            if running is not None:
                running.cancel()
        try:
            with self._state:
                while self._running is not None or (background and self._waiting_foreground):
                    if token.is_cancelled:
                        raise Cancelled
                    remaining_s = deadline - time.monotonic()
                    if remaining_s <= 0:
                        raise DeadlineExceeded(worker=self._name)
                    self._state.wait(remaining_s)
                if token.is_cancelled:
                    raise Cancelled
                self._running = token
                self._is_running_background = background
        finally:
            if not background:
                with self._state:
                    self._waiting_foreground -= 1
                    self._state.notify_all()
