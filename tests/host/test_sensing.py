"""Energy counters, heat, and the chain of idle sources."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from pillowbook.host.bus import Bus
from pillowbook.host.energy import EstimatedEnergy, PackageEnergy
from pillowbook.host.heat import SystemHeat, hottest_c
from pillowbook.host.idle import FirstIdle, FixedIdle, LoginIdle, MutterIdle
from pillowbook.host.login import FixedLogin, Login


def zone(powercap: Path, name: str, energy_uj: int, range_uj: int = 262_143_328_850) -> Path:
    made = powercap / name
    made.mkdir()
    (made / "max_energy_range_uj").write_text(f"{range_uj}\n")
    (made / "energy_uj").write_text(f"{energy_uj}\n")
    return made / "energy_uj"


def test_energy_is_the_sum_of_the_packages_and_not_of_their_parts(tmp_path: Path) -> None:
    first, second = zone(tmp_path, "intel-rapl:0", 5_000_000), zone(tmp_path, "intel-rapl:1", 0)
    part = zone(tmp_path, "intel-rapl:0:0", 1_000_000)
    meter = PackageEnergy(tmp_path)
    assert meter.can_read
    began = meter.read()
    first.write_text("7000000\n")
    second.write_text("500000\n")
    part.write_text("9000000\n")
    assert meter.read().joules - began.joules == pytest.approx(2.5)
    assert not began.is_estimate


def test_a_counter_that_wraps_loses_nothing(tmp_path: Path) -> None:
    counter = zone(tmp_path, "intel-rapl:0", 990, range_uj=999)
    meter = PackageEnergy(tmp_path)
    for value in (998, 4, 500, 3):
        counter.write_text(f"{value}\n")
        total = meter.read().joules
    assert total == pytest.approx((8 + 6 + 496 + 503) / 1e6)


def test_counters_that_may_not_be_read_are_none(tmp_path: Path) -> None:
    (tmp_path / "intel-rapl:0").mkdir()
    assert not PackageEnergy(tmp_path).can_read
    assert not PackageEnergy(tmp_path / "none").can_read


def test_the_estimate_grows_with_the_processor_time_used() -> None:
    meter = EstimatedEnergy(watts_per_core=10.0)
    began = meter.read()
    assert began.is_estimate
    until_j = began.joules + 10.0 * 0.2
    while meter.read().joules < until_j:
        sum(range(20_000))
    assert meter.read().joules < until_j + 10.0 * 30, "seconds of the processor, not of the day"


@pytest.mark.parametrize(
    ("current", "high", "is_hot"),
    [(99.0, 95.0, True), (95.0, 95.0, True), (60.0, 95.0, False), (60.0, None, False), (30.0, 0.0, False)],
)
def test_hot_is_at_the_sensors_own_limit(current: float, high: float | None, is_hot: bool) -> None:
    sensors = {
        "coretemp": [SimpleNamespace(current=20.0, high=95.0), SimpleNamespace(current=current, high=high)]
    }
    assert (hottest_c(sensors) >= 0) is is_hot
    assert hottest_c({}) < -1000


def test_hot_stays_hot_until_it_is_clearly_cooler(monkeypatch: pytest.MonkeyPatch) -> None:
    degrees = iter((94.0, 95.5, 90.0, 87.5, 86.0, 94.0))
    monkeypatch.setattr(
        "pillowbook.host.heat._sensors", lambda: {"cpu": [SimpleNamespace(current=next(degrees), high=95.0)]}
    )
    monkeypatch.setattr("pillowbook.host.heat.LOOK_EVERY_S", 0.0)
    heat = SystemHeat()
    found = [heat.is_hot() for _ in range(6)]
    assert found == [False, True, True, True, False, False]


def test_this_machine_tells_its_heat_or_nothing() -> None:
    assert SystemHeat().is_hot() in (True, False)


def test_the_first_source_that_answers_tells_how_long_nobody_typed() -> None:
    deaf, login = FixedIdle(None), FixedLogin(Login(idle_s=None))
    chain = FirstIdle([deaf, LoginIdle(login)])
    assert chain.idle_s() is None
    login.fixed = Login(idle_s=40.0)
    assert chain.idle_s() == 40.0
    deaf.seconds = 3.0
    assert chain.idle_s() == 3.0


def test_where_there_is_no_mutter_it_does_not_answer() -> None:
    bus = Bus("unix:path=/nonexistent/pillowbook-test-bus")
    assert MutterIdle(bus).idle_s() is None
    bus.close()
