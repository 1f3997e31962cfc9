"""The small pieces around an open vault."""

import contextlib
import threading
from collections.abc import Iterator

import pytest

from pillowbook.core.typing_hold import TypingHold, has_power
from pillowbook.host.power import Power


@pytest.mark.parametrize(
    ("power", "has"),
    [
        (Power(True, None), True),
        (Power(True, 10.0), True),
        (Power(False, 80.0), True),
        (Power(False, 19.0), False),
        (Power(False, 80.0, is_saving=True), False),
        (Power(True, None, is_saving=True), False),
    ],
)
def test_nothing_is_read_ahead_on_a_low_battery_or_while_power_is_saved(power: Power, has: bool) -> None:
    assert has_power(power, 20) is has


class Holds:
    """A runner that counts its holds."""

    def __init__(self) -> None:
        self.held = 0
        self.let_go = threading.Event()

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        self.held += 1
        try:
            yield
        finally:
            self.held -= 1
            self.let_go.set()


def test_background_work_stands_still_while_somebody_types_and_goes_on_afterwards() -> None:
    runner = Holds()
    hold = TypingHold(runner, 0.05)
    hold.renew()
    hold.renew()
    assert runner.held == 1
    assert runner.let_go.wait(5)
    assert runner.held == 0
    hold.renew()
    assert runner.held == 1
    hold.end()
    hold.end()
    assert runner.held == 0
