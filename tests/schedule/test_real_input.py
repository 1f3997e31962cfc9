"""The runner with a real screen and a real engine: background work stands back as soon as somebody types."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

import psutil
import pytest

from pillowbook.domain.clock import SystemClock
from pillowbook.domain.ids import DocumentId
from pillowbook.domain.work import GateState, LedgerEntry, Slice, SliceOutcome, SliceResult
from pillowbook.host.idle import X11Idle
from pillowbook.host.paths import models_dir
from pillowbook.host.workers import CancelToken
from pillowbook.models.catalogue import Catalogue
from pillowbook.models.generator.client import LlamaGenerator, Message
from pillowbook.models.installation import Installation
from pillowbook.schedule.gate import Rules, Sensed
from pillowbook.schedule.plan import Queues
from pillowbook.schedule.runner import Runner

pytestmark = [
    pytest.mark.x11,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="X11 is Linux's"),
]

RULES = Rules(work_when="idle", idle_after_s=1, battery_floor_percent=40, load_ceiling=1.0)
DEADLINE_S = 60.0
STOPPED_WITHIN_S = 1.0
"""Section 11 of the design: CPU falls to nothing within a second of input."""


class Writing:
    """Stages whose every slice writes a text far longer than the test lasts."""

    def __init__(self, generator: LlamaGenerator) -> None:
        self._generator = generator
        self.booked: list[LedgerEntry] = []
        self.wrote = threading.Event()

    def queues(self, skipped: frozenset[Slice]) -> Queues:
        return Queues((DocumentId(1),), (), ())

    def run(self, work: Slice, cancel: CancelToken) -> SliceOutcome:
        self._generator.generate(
            [Message("user", "Write down all numbers from one to a million, in words.")],
            max_tokens=1800,
            deadline_s=DEADLINE_S,
            on_text=lambda _: self.wrote.set(),
            cancel=cancel,
            background=True,
        )
        return SliceOutcome(SliceResult.DONE)

    def book(self, entry: LedgerEntry) -> None:
        self.booked.append(entry)


def touch_keyboard(display: str) -> None:
    """One key, as a person would press it."""
    command = ["xdotool", "key", "Shift_L"]
    subprocess.run(command, env={"DISPLAY": display, "PATH": "/usr/bin:/bin"}, check=True, timeout=10)


def wait_until(is_so: Callable[[], bool], deadline_s: float = DEADLINE_S) -> float:
    """Seconds until it was so; fails when it never was."""
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() - began < deadline_s, "never"
        time.sleep(0.01)
    return time.monotonic() - began


def used_s(process_id: int | None) -> float:
    """Processor seconds of a worker; none when it is gone."""
    try:
        times = psutil.Process(process_id).cpu_times() if process_id is not None else None
    except psutil.Error:
        times = None
    return 0.0 if times is None else float(times.user + times.system)


def test_writing_stops_within_a_second_of_a_key_and_goes_on_when_it_is_quiet(
    display: str, tiny_model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pillowbook.schedule.runner.LOOK_AGAIN_S", 0.2)
    generator = LlamaGenerator(Installation(models_dir(), Catalogue.load()).place(tiny_model))
    stages = Writing(generator)
    idle = X11Idle(display)
    gates: list[GateState] = []
    runner = Runner(
        stages,
        sense=lambda: Sensed(datetime.now(UTC), idle.idle_s(), True, None, 0.0, None, True),
        rules=lambda: RULES,
        clock=SystemClock(),
        on_gate=gates.append,
        on_slice=lambda entry: None,
        idle=idle,
    )
    runner.start()
    try:
        assert idle.idle_s() is not None, "the screen tells how long nobody typed"
        wait_until(stages.wrote.is_set)
        assert runner.gate.code == "open-idle"
        for _ in range(2):
            stages.booked.clear()
            touch_keyboard(display)
            assert wait_until(lambda: bool(stages.booked)) < STOPPED_WITHIN_S
            assert runner.gate.code == "in-use"
            assert stages.booked[-1].result is SliceResult.CANCELLED
            before = used_s(generator.process_id)
            time.sleep(0.3)
            assert used_s(generator.process_id) - before < 0.1, "the engine computes on"
            stages.wrote.clear()
            wait_until(stages.wrote.is_set)  # quiet again
    finally:
        runner.stop()
        generator.close()
        idle.close()
