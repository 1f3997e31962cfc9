"""The service: what several calls at once must not disturb."""

import contextlib
import threading
from typing import Any

import pytest

from pillowbook.core.service import Service

DEADLINE_S = 10.0


class Timers:
    """Stands for ``threading``'s timers: those that run and can no longer be cancelled would lock the vault."""

    def __init__(self) -> None:
        self.running: set[object] = set()

    def make(self, _seconds: float, _act: object) -> "Timers.Timer":
        return Timers.Timer(self.running)

    class Timer:
        daemon = False

        def __init__(self, running: set[object]) -> None:
            self._running = running

        def start(self) -> None:
            self._running.add(self)

        def cancel(self) -> None:
            self._running.discard(self)


class Met:
    """Settings that are read by two threads in the same moment, if both get there."""

    def __init__(self) -> None:
        self._both = threading.Barrier(2)

    def __getitem__(self, _setting: object) -> int:
        with contextlib.suppress(threading.BrokenBarrierError):
            self._both.wait(0.3)
        return 5


def test_two_questions_at_once_leave_one_timer_to_the_automatic_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other could not be put off any more: the vault would be locked while questions are asked."""
    timers = Timers()
    monkeypatch.setattr("pillowbook.core.service.threading.Timer", timers.make)
    unused: Any = None
    asked = Service(unused, Met(), unused, tell=lambda event: True)  # type: ignore[arg-type]
    threads = [threading.Thread(target=asked._postpone_lock) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_S)
    assert len(timers.running) == 1
