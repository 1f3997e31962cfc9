"""What holds the machine for somebody who types: background work stands still, where there is power to read ahead."""

import contextlib
import threading
from typing import Protocol

from pillowbook.host.power import Power


def has_power(power: Power, floor_percent: int) -> bool:
    """Whether there is power for what nobody has asked for yet."""
    is_below = power.battery_percent is not None and power.battery_percent < floor_percent
    return not power.is_saving and (power.is_plugged or not (power.is_low or is_below))


class Holdable(Protocol):
    """Background work that can be made to stand still."""

    def hold(self) -> contextlib.AbstractContextManager[None]:
        """No background work until it is left."""
        ...


class TypingHold:
    """No background work while somebody types a question, and for a while after the last key press."""

    def __init__(self, runner: Holdable, seconds: float) -> None:
        self._runner = runner
        self._seconds = seconds
        self._lock = threading.Lock()
        self._held = contextlib.ExitStack()
        self._timer: threading.Timer | None = None

    def renew(self) -> None:
        """Hold, or hold on; the time begins anew."""
        with self._lock:
            if self._timer is None:
                self._held.enter_context(self._runner.hold())
            else:
                self._timer.cancel()
            timer = threading.Timer(self._seconds, self._expire)
            timer.daemon = True
            self._timer = timer
            timer.start()

    def _expire(self) -> None:
        with self._lock:
            # A timer that was too late to be cancelled must not end what was begun anew.
            is_over = self._timer is threading.current_thread()
        if is_over:
            self.end()

    def end(self) -> None:
        """Let background work go on."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            self._held.close()
