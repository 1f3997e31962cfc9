"""Saying from any thread that something is no longer wanted."""

import itertools
import threading
from collections.abc import Callable

from pillowbook.domain.errors import Cancelled


class CancelToken:
    """Says from any thread that something is no longer wanted. Once cancelled, always cancelled."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._actions: dict[int, Callable[[], None]] = {}
        self._numbers = itertools.count()
        self._is_cancelled = False

    @property
    def is_cancelled(self) -> bool:
        return self._is_cancelled

    def cancel(self) -> None:
        """Cancel, and run what was registered, on this thread."""
        with self._lock:
            self._is_cancelled = True
            actions = list(self._actions.values())
            self._actions.clear()
        for action in actions:
            action()

    def when_cancelled(self, action: Callable[[], None]) -> Callable[[], None]:
        """Run ``action`` on cancel (at once when that has happened already); gives the call that takes it
        back.
        """
        with self._lock:
            is_late = self._is_cancelled
            number = next(self._numbers)
            if not is_late:
                self._actions[number] = action
        if is_late:
            action()
        return lambda: self._forget(number)

    def _forget(self, number: int) -> None:
        with self._lock:
            self._actions.pop(number, None)

    def raise_if_cancelled(self) -> None:
        """Raise :class:`Cancelled` once cancelled."""
        if self._is_cancelled:
            raise Cancelled
