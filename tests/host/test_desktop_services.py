"""UPower, power-profiles-daemon and logind, mocked on a bus of the test's own; and the fakes beside them."""

import sys
import threading
import time
from collections.abc import Iterator

import pytest
from tests.mock_desktop import UPOWER, MockDesktop, mock_desktop, wait_until

from pillowbook.host.bus import Bus
from pillowbook.host.login import SystemLogin
from pillowbook.host.power import FixedPower, Power
from pillowbook.host.upower import DesktopPower

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="D-Bus services of Linux desktops"
)

OTHERWISE = FixedPower(Power(False, 12.0), load=0.25)


@pytest.fixture(scope="module")
def desktop() -> Iterator[MockDesktop]:
    with mock_desktop() as made:
        yield made


@pytest.fixture
def bus(desktop: MockDesktop) -> Iterator[Bus]:
    made = Bus(desktop.address)
    yield made
    made.close()


def test_battery_and_mains_are_upowers(desktop: MockDesktop, bus: Bus) -> None:
    power = DesktopPower(bus, OTHERWISE)
    desktop.plug(True)
    desktop.charge(80.0)
    assert power.power() == Power(True, 80.0)
    desktop.plug(False)
    desktop.charge(31.5, warning=3)
    wait_until(lambda: power.power() == Power(False, 31.5, is_low=True))
    desktop.profile("power-saver")
    wait_until(lambda: power.power().is_saving)
    desktop.profile("balanced")
    desktop.plug(True)
    desktop.charge(80.0)
    wait_until(lambda: power.power() == Power(True, 80.0))
    assert power.others_load() == 0.25


def test_what_did_not_change_is_not_asked_again(desktop: MockDesktop, bus: Bus) -> None:
    """A look at the gate must cost next to nothing: hundreds fit into the time of a few calls."""
    power = DesktopPower(bus, OTHERWISE)
    power.power()
    began = time.monotonic()
    for _ in range(1000):
        power.power()
    assert time.monotonic() - began < 0.5


def test_without_the_services_the_system_is_asked() -> None:
    bus = Bus("unix:path=/nonexistent/pillowbook-test-bus")
    assert DesktopPower(bus, OTHERWISE).power() == Power(False, 12.0)
    login = SystemLogin(bus).login()
    assert login.since_start_s is not None and login.since_start_s > 0  # since the machine's start
    assert login.idle_s is None and not login.is_held
    bus.close()


def test_a_service_that_ends_and_comes_back_is_found_again(desktop: MockDesktop, bus: Bus) -> None:
    power = DesktopPower(bus, OTHERWISE)
    assert power.power().is_plugged
    desktop.end(UPOWER)
    for watched in (power._upower, power._battery):
        watched._stale_at_s = 0.0  # as after a minute
    assert power.power() == OTHERWISE.fixed
    desktop.start("upower", UPOWER)
    desktop.charge(66.0)
    for watched in (power._upower, power._battery):
        watched._stale_at_s = 0.0
    assert power.power() == Power(True, 66.0)


def test_sleep_and_wake_are_heard(desktop: MockDesktop) -> None:
    heard = threading.Event()
    bus = Bus(desktop.address, on_change=heard.set)
    source = SystemLogin(bus)
    assert source.login().since_wake_s is None
    desktop.sleep(True)
    assert heard.wait(5)
    assert source.login().is_going_to_sleep
    desktop.sleep(False)
    wait_until(lambda: not source.login().is_going_to_sleep)
    since_wake_s = source.login().since_wake_s
    assert since_wake_s is not None and since_wake_s < 5
    bus.close()


def test_login_lock_and_the_desktops_hint(desktop: MockDesktop, bus: Bus) -> None:
    source = SystemLogin(bus)
    first = source.login()
    assert first.idle_s is None, "a desktop that gives no hints says nothing about the user"
    assert first.since_start_s is not None and first.since_start_s > 1e8  # the mock's session began in 1970
    desktop.session("Timestamp", "t", int((time.time() - 30) * 1e6))
    wait_until(lambda: 25 < (source.login().since_start_s or 0) < 40)

    desktop.session("LockedHint", "b", True)
    wait_until(lambda: source.login().is_locked)
    assert (source.login().idle_s or 0.0) < 5
    desktop.session("LockedHint", "b", False)
    wait_until(lambda: source.login().idle_s == 0.0)  # now it is known that absence would be told

    desktop.session("IdleSinceHintMonotonic", "t", int((time.monotonic() - 300) * 1e6))
    desktop.session("IdleHint", "b", True)
    wait_until(lambda: 299 < (source.login().idle_s or 0.0) < 310)
    desktop.session("IdleHint", "b", False)
    wait_until(lambda: source.login().idle_s == 0.0)


@pytest.mark.parametrize(
    ("what", "mode", "is_held"),
    [("sleep:idle", "block", True), ("idle", "delay", False), ("shutdown:sleep", "block", False)],
)
def test_a_program_that_shows_something_holds_the_gate(what: str, mode: str, is_held: bool) -> None:
    with mock_desktop() as desktop:
        bus = Bus(desktop.address)
        assert not SystemLogin(bus).login().is_held
        desktop.inhibit(what, mode)
        assert SystemLogin(bus).login().is_held is is_held
        bus.close()


def test_only_the_users_own_session_counts(desktop: MockDesktop, bus: Bus) -> None:
    stranger = SystemLogin(bus, user_id=4_000_000)
    assert stranger.login().is_locked is False
    assert stranger._session is None
    own = SystemLogin(bus)
    own.login()
    assert own._session is not None
