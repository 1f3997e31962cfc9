"""What the machine says of its power."""

from pathlib import Path

import pytest

from pillowbook.host.power import SystemPower, is_saving_power


@pytest.mark.parametrize(
    ("profile", "is_saving"),
    [("low-power\n", True), ("balanced\n", False), ("performance", False), ("é", False)],
)
def test_the_platform_profile_tells_whether_power_is_to_be_saved(
    tmp_path: Path, profile: str, is_saving: bool
) -> None:
    file = tmp_path / "platform_profile"
    file.write_text(profile)
    assert is_saving_power(file) is is_saving
    assert is_saving_power(tmp_path / "none") is False


def test_this_machine_says_something() -> None:
    power = SystemPower().power()
    assert power.battery_percent is None or 0 <= power.battery_percent <= 100
    assert isinstance(power.is_saving, bool)
