"""Who may use a model now: questions before background work, and a question stops the background work."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

from pillowbook.domain.errors import Cancelled, DeadlineExceeded
from pillowbook.host.workers import CancelToken


class Urgency(IntEnum):
    """Who goes first. ``AHEAD`` is what somebody will probably want in a moment."""

    BACKGROUND = 0
    AHEAD = 1
    NOW = 2


class Turns:
    """One call at a time, the most urgent first. Thread-safe.

    Args:
        name: of the worker, for :class:`DeadlineExceeded`.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._state = threading.Condition()
        self._running: CancelToken | None = None
        self._running_urgency = Urgency.BACKGROUND
        self._waiting = dict.fromkeys(Urgency, 0)

    @contextmanager
    def taken(
        self, *, urgency: Urgency, deadline: float, cancel: CancelToken | None, preempts: bool
    ) -> Iterator[CancelToken]:
        """Wait for the turn and hold it.

        Args:
            deadline: on the monotonic clock, for the waiting alone.
            cancel: of this call; ends the waiting.
            preempts: whether the call cancels a less urgent one that is running.
        Yields:
            The token to run with: cancelled with ``cancel``, or when a more urgent call takes the turn.
        """
        token = CancelToken()
        forget = cancel.when_cancelled(lambda: self._cancel(token)) if cancel is not None else None
        try:
            self._take(token, urgency=urgency, deadline=deadline, preempts=preempts)
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

    def _take(self, token: CancelToken, *, urgency: Urgency, deadline: float, preempts: bool) -> None:
        with self._state:
            self._waiting[urgency] += 1
            is_less_urgent = self._running_urgency < urgency
            running = self._running if preempts and is_less_urgent else None
        if running is not None:
            running.cancel()
        try:
            with self._state:
                while self._running is not None or self._is_outranked(urgency):
                    if token.is_cancelled:
                        raise Cancelled
                    remaining_s = deadline - time.monotonic()
                    if remaining_s <= 0:
                        raise DeadlineExceeded(worker=self._name)
                    self._state.wait(remaining_s)
                if token.is_cancelled:
                    raise Cancelled
                self._running = token
                self._running_urgency = urgency
        finally:
            with self._state:
                self._waiting[urgency] -= 1
                self._state.notify_all()

    def _is_outranked(self, urgency: Urgency) -> bool:
        return any(count for other, count in self._waiting.items() if other > urgency)
