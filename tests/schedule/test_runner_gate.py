"""The runner and the machine: what ends a slice, how soon, and what is booked for it."""

import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.mock_desktop import MockDesktop, mock_desktop, wait_until

from pillowbook.core.machine import Machine
from pillowbook.domain.answers import Tokens
from pillowbook.domain.clock import SystemClock
from pillowbook.domain.work import LedgerEntry, SliceKind, SliceOutcome, SliceResult
from pillowbook.host.energy import FixedEnergy
from pillowbook.host.heat import FixedHeat
from pillowbook.host.idle import FixedIdle
from pillowbook.host.login import FixedLogin, Login
from pillowbook.host.memory import FixedMemory, Memory
from pillowbook.host.paths import Profile
from pillowbook.host.power import FixedPower, Power
from pillowbook.host.screen import FixedScreen
from pillowbook.host.senses import Senses, system_senses
from pillowbook.host.workers import CancelToken
from pillowbook.models.catalogue import Catalogue
from pillowbook.models.installation import Installation
from pillowbook.models.metering import TokenMeter
from pillowbook.schedule.budgets import Amount, Budgets, Costs
from pillowbook.schedule.gate import Rules, Sensed
from pillowbook.schedule.runner import WATCH_S, Runner

from .test_runner import Documents

RULES = Rules(work_when="idle", idle_after_s=120, battery_floor_percent=40, load_ceiling=1.0)


def fixed_senses() -> Senses:
    """A quiet machine whose user is away; every sense can be told otherwise."""
    return Senses(
        idle=FixedIdle(600.0),
        power=FixedPower(),
        login=FixedLogin(),
        screen=FixedScreen(),
        memory=FixedMemory(),
        heat=FixedHeat(),
        energy=FixedEnergy(),
    )


def machine_of(senses: Senses, tmp_path: Path) -> Machine:
    catalogue = Catalogue.load()
    return Machine(
        profile=Profile(tmp_path / "profile"),
        clock=SystemClock(),
        has_keychain=lambda: False,
        senses=lambda on_change: senses,
        catalogue=catalogue,
        installation=Installation(tmp_path / "models", catalogue),
    )


def sensed_by(machine: Machine) -> Sensed:
    return replace(machine.sense("smollm2-135m-instruct-q4_1"), is_model_installed=True)


def runner_of(
    stages: Documents,
    machine: Machine,
    *,
    rules: Rules = RULES,
    costs: Costs | None = None,
) -> Runner:
    made = Runner(
        stages,
        sense=lambda: sensed_by(machine),
        rules=lambda: rules,
        clock=machine.clock,
        on_gate=lambda gate: None,
        on_slice=lambda entry: None,
        idle=machine.senses.idle,
        costs=costs,
    )
    machine.on_change = made.wake
    return made


def test_the_machine_gathers_what_its_senses_say(tmp_path: Path) -> None:
    senses = fixed_senses()
    machine = machine_of(senses, tmp_path)
    quiet = sensed_by(machine)
    assert quiet.now.tzinfo is not None and quiet.idle_s == 600.0
    assert not (
        quiet.is_full_screen or quiet.is_hot or quiet.is_memory_short or quiet.is_saving or quiet.is_held
    )
    loud = replace(
        senses,
        power=FixedPower(Power(False, 8.0, is_saving=True, is_low=True)),
        login=FixedLogin(Login(since_start_s=5.0, since_wake_s=6.0, is_going_to_sleep=True, is_held=True)),
        screen=FixedScreen(True),
        memory=FixedMemory(Memory(100, 5)),
        heat=FixedHeat(True),
    )
    seen = sensed_by(machine_of(loud, tmp_path))
    assert (seen.is_plugged, seen.battery_percent, seen.is_battery_low, seen.is_saving) == (
        False,
        8.0,
        True,
        True,
    )
    assert (seen.since_start_s, seen.since_wake_s, seen.is_going_to_sleep, seen.is_held) == (
        5.0,
        6.0,
        True,
        True,
    )
    assert seen.is_full_screen and seen.is_memory_short and seen.is_hot


def test_memory_counts_as_short_for_a_while_after_it_was(tmp_path: Path) -> None:
    """Unloading our own model makes room; loading it again at once would go round in a circle."""
    memory = FixedMemory(Memory(100, 5))
    machine = machine_of(replace(fixed_senses(), memory=memory), tmp_path)
    assert sensed_by(machine).is_memory_short
    memory.fixed = Memory(100, 60)
    assert sensed_by(machine).is_memory_short


def test_a_film_left_standing_behind_a_locked_screen_holds_nothing(tmp_path: Path) -> None:
    locked = replace(fixed_senses(), screen=FixedScreen(True), login=FixedLogin(Login(is_locked=True)))
    assert not sensed_by(machine_of(locked, tmp_path)).is_full_screen


def test_input_ends_a_slice_long_before_the_next_whole_look(tmp_path: Path) -> None:
    stages, idle = Documents(1), FixedIdle(600.0)
    machine = machine_of(replace(fixed_senses(), idle=idle), tmp_path)
    runner = runner_of(stages, machine)
    runner.start()
    try:
        assert stages.began.acquire(timeout=10)
        time.sleep(0.3)  # between two whole looks
        idle.seconds = 0.0
        took_s = wait_until(lambda: bool(stages.booked))
        assert took_s < WATCH_S / 2
        assert stages.booked[0].result is SliceResult.CANCELLED and runner.gate.code == "in-use"
    finally:
        stages.may_end.set()
        runner.stop()


def test_a_system_service_that_hangs_does_not_hide_the_input(tmp_path: Path) -> None:
    """D-Bus may take its time, or half a second for each service that is stuck; the user does not wait for it."""
    stages, idle, stuck = Documents(1), FixedIdle(600.0), threading.Event()
    machine = machine_of(replace(fixed_senses(), idle=idle), tmp_path)
    looks = 0

    def sense() -> Sensed:
        nonlocal looks
        looks += 1
        if looks > 1:
            stuck.wait(8)
        return sensed_by(machine)

    runner = Runner(
        stages,
        sense=sense,
        rules=lambda: RULES,
        clock=machine.clock,
        on_gate=lambda gate: None,
        on_slice=lambda entry: None,
        idle=idle,
    )
    runner.start()
    try:
        assert stages.began.acquire(timeout=10)
        idle.seconds = 0.0
        wait_until(lambda: not stages.running, deadline_s=WATCH_S / 2)
    finally:
        stuck.set()
        stages.may_end.set()
        runner.stop()
    assert stages.booked[0].result is SliceResult.CANCELLED


def costs_of(stages: Documents, machine: Machine, meter: TokenMeter, limits: Amount) -> Costs:
    """As the session builds them, the ledger being the list of what was booked."""
    budgets = Budgets(
        limits=lambda: limits,
        ledger=lambda since: [one for one in stages.booked if one.started_at >= since],
        began_at=lambda: min((one.started_at for one in stages.booked), default=None),
        clock=machine.clock,
    )
    return Costs(budgets, meter, machine.senses.energy, machine.clock)


def test_the_nights_time_ends_a_slice_in_its_middle(tmp_path: Path) -> None:
    stages, machine = Documents(1), machine_of(fixed_senses(), tmp_path)
    stages.booked.append(
        LedgerEntry(SliceKind.DISTIL, SliceResult.DONE, datetime.now(UTC), 59.7, Tokens(), 1)
    )
    costs = costs_of(stages, machine, TokenMeter(), Amount(seconds=60))
    runner = runner_of(stages, machine, costs=costs)
    runner.start()
    try:
        assert stages.began.acquire(timeout=10)
        wait_until(lambda: len(stages.booked) == 2)
        assert stages.booked[1].result is SliceResult.CANCELLED
        assert 0.25 < stages.booked[1].seconds < 5
    finally:
        stages.may_end.set()
        runner.stop()


class Spenders(Documents):
    """Each slice costs tokens and energy, told to the meter and the counter as it goes."""

    def __init__(self, count: int, meter: TokenMeter, energy: FixedEnergy) -> None:
        super().__init__(count)
        self._meter = meter
        self._energy = energy

    def run(self, work: object, cancel: CancelToken) -> SliceOutcome:
        self._energy.joules += 7.5
        self._meter.finished(Tokens(100, 0))
        for _ in range(200):
            self._meter.wrote_piece()
            cancel.raise_if_cancelled()
        self.left.pop()
        return SliceOutcome(SliceResult.DONE, Tokens(100, 200), 1)


def test_the_nights_tokens_end_a_text_and_everything_is_booked(tmp_path: Path) -> None:
    meter, energy = TokenMeter(), FixedEnergy(is_estimate=False)
    stages = Spenders(10, meter, energy)
    machine = machine_of(replace(fixed_senses(), energy=energy), tmp_path)
    costs = costs_of(stages, machine, meter, Amount(tokens=450))
    kept = costs._budgets

    runner = Runner(
        stages,
        sense=lambda: replace(sensed_by(machine), spent=kept.left().spent_kind),
        rules=lambda: RULES,
        clock=machine.clock,
        on_gate=lambda gate: None,
        on_slice=lambda entry: None,
        idle=machine.senses.idle,
        costs=costs,
    )
    runner.start()
    try:
        wait_until(lambda: runner.gate.code == "budget-spent")
    finally:
        runner.stop()
    assert [one.result for one in stages.booked] == [SliceResult.DONE, SliceResult.CANCELLED]
    assert [one.tokens for one in stages.booked] == [Tokens(100, 200), Tokens(100, 50)]
    assert [one.energy_j for one in stages.booked] == [7.5, 7.5]
    assert not stages.booked[0].is_energy_estimated
    assert kept.left().tokens == 0


def test_work_on_demand_is_booked_and_bound_by_no_budget(tmp_path: Path) -> None:
    meter, energy = TokenMeter(), FixedEnergy()
    stages = Spenders(5, meter, energy)
    machine = machine_of(replace(fixed_senses(), energy=energy), tmp_path)
    runner = runner_of(stages, machine, costs=costs_of(stages, machine, meter, Amount(tokens=10)))
    totals = runner.work(30, on_totals=lambda _: None, cancel=CancelToken())
    runner.stop()
    assert totals.is_exhausted and totals.tokens == Tokens(500, 1000)
    assert [one.energy_j for one in stages.booked] == [7.5] * 5


@pytest.fixture
def desktop(monkeypatch: pytest.MonkeyPatch) -> Iterator[MockDesktop]:
    with mock_desktop() as made:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", made.address)
        yield made


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="D-Bus services of Linux desktops")
def test_unplugging_and_sleep_end_a_slice_by_their_signals(desktop: MockDesktop, tmp_path: Path) -> None:
    """What UPower and logind say wakes the runner: nobody waits for the next look."""
    told = threading.Event()
    desk: list[Machine] = []

    def change() -> None:
        told.set()
        if desk and desk[0].on_change is not None:
            desk[0].on_change()

    real = system_senses(change)
    machine = machine_of(replace(fixed_senses(), power=real.power, login=real.login), tmp_path)
    desk.append(machine)
    rules = replace(RULES, work_when="both", settle_s=180.0)
    stages = Documents(1)
    runner = runner_of(stages, machine, rules=rules)
    runner.start()
    try:
        assert stages.began.acquire(timeout=10)
        time.sleep(0.3)
        desktop.plug(False)
        assert wait_until(lambda: len(stages.booked) == 1) < WATCH_S / 2
        assert runner.gate.code == "on-battery" and told.is_set()
        desktop.plug(True)
        assert stages.began.acquire(timeout=5), "it goes on by itself"
        time.sleep(0.3)
        desktop.sleep(True)
        assert wait_until(lambda: len(stages.booked) == 2) < WATCH_S / 2
        assert runner.gate.code == "going-to-sleep"
        desktop.sleep(False)
        wait_until(lambda: runner.gate.code == "just-woken")
        assert [one.result for one in stages.booked] == [SliceResult.CANCELLED] * 2
    finally:
        stages.may_end.set()
        runner.stop()
        real.close()
