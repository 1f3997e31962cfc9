"""The program on a notebook: unplugged, discharged, put to sleep and woken, with UPower and logind mocked on a bus."""

import sys
import time
from collections.abc import Iterator

import pytest
from tests.conftest import Home
from tests.mock_desktop import MockDesktop, mock_desktop

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="D-Bus services of Linux desktops"
)


@pytest.fixture
def desktop() -> Iterator[MockDesktop]:
    with mock_desktop() as made:
        yield made


def gate(home: Home) -> str:
    """The gate's code, as the command line shows it."""
    return str(home.json("status")["gate"]["code"])


def becomes(home: Home, code: str) -> None:
    """Until the program says so; D-Bus takes a moment."""
    deadline = time.monotonic() + 20
    while (found := gate(home)) != code:
        assert time.monotonic() < deadline, f"{found}, not {code}"


def test_the_notebooks_day(home: Home, desktop: MockDesktop, tiny_model: str) -> None:
    home.extra["DBUS_SYSTEM_BUS_ADDRESS"] = desktop.address
    home.json("vault", "init")
    home.json("settings", "set", "models.generator", tiny_model)
    home.json("settings", "set", "schedule.load_ceiling", "100")  # other tests may run beside this one
    home.json("settings", "set", "schedule.work_when", "idle")
    becomes(home, "open-unseen")

    desktop.plug(False)
    desktop.charge(39.0)
    becomes(home, "battery-low")
    desktop.charge(70.0)
    becomes(home, "open-unseen")
    home.json("settings", "set", "schedule.work_when", "both")
    becomes(home, "on-battery")
    desktop.plug(True)
    becomes(home, "open-unseen")

    desktop.profile("power-saver")
    becomes(home, "power-saver")
    desktop.profile("balanced")
    becomes(home, "open-unseen")

    desktop.session("LockedHint", "b", True)  # a desktop that tells such things
    becomes(home, "in-use")  # for the first two minutes
    desktop.session("IdleSinceHintMonotonic", "t", int((time.monotonic() - 200) * 1e6))
    desktop.session("IdleHint", "b", True)
    becomes(home, "open-idle")

    desktop.sleep(True)
    becomes(home, "going-to-sleep")
    desktop.sleep(False)
    becomes(home, "just-woken")
    home.json("settings", "set", "schedule.settle_min", "0")
    becomes(home, "open-idle")

    desktop.inhibit("idle", "block")
    becomes(home, "presenting")
    home.json("settings", "set", "schedule.work_when", "never")
    becomes(home, "switched-off")


def test_login_is_given_a_few_minutes(home: Home, desktop: MockDesktop, tiny_model: str) -> None:
    home.extra["DBUS_SYSTEM_BUS_ADDRESS"] = desktop.address
    desktop.session("Timestamp", "t", int((time.time() - 20) * 1e6))
    home.json("vault", "init")
    home.json("settings", "set", "models.generator", tiny_model)
    becomes(home, "just-started")
