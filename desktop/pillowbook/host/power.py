"""Mains or battery, whether power is to be saved, and how busy other programs keep the processor."""

import ctypes
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import psutil

PLATFORM_PROFILE: Final = Path("/sys/firmware/acpi/platform_profile")
"""What Linux desktops set when the user chooses to save power (Documentation/ABI/testing/sysfs-platform_profile)."""


@dataclass(frozen=True, slots=True)
class Power:
    """``battery_percent`` is None for a machine without a battery, which counts as plugged in. ``is_saving`` says that
    the user, or the system for him, chose to save power; False where that cannot be known. ``is_low`` says that the
    system itself warns of a low battery.
    """

    is_plugged: bool
    battery_percent: float | None
    is_saving: bool = False
    is_low: bool = False


class PowerSource(Protocol):
    """Where the machine's power comes from, and what others do with its processor."""

    def power(self) -> Power:
        """Mains or battery, now."""
        ...

    def others_load(self) -> float:
        """Share of all processors, 0 to 1, that other programs used since the last call."""
        ...


class FixedPower:
    """The fake."""

    def __init__(self, power: Power = Power(True, None), load: float = 0.0) -> None:
        self.fixed = power
        self.load = load

    def power(self) -> Power:
        return self.fixed

    def others_load(self) -> float:
        return self.load


class SystemPower:
    """psutil's view. Our own processes are the core and its children (the workers)."""

    def __init__(self) -> None:
        self._us = psutil.Process()
        self._before = self._times()

    def power(self) -> Power:
        battery = psutil.sensors_battery()  # type: ignore[no-untyped-call, unused-ignore]
        if battery is None:
            return Power(True, None, is_saving_power())
        return Power(bool(battery.power_plugged), float(battery.percent), is_saving_power())

    def others_load(self) -> float:
        before, self._before = self._before, self._times()
        total = self._before[0] - before[0]
        if total <= 0:
            return 0.0
        busy = self._before[1] - before[1]
        ours = max(0.0, self._before[2] - before[2])
        return min(1.0, max(0.0, (busy - ours) / total))

    def _times(self) -> tuple[float, float, float]:
        """Processor seconds since the start: all, busy, ours."""
        times = psutil.cpu_times()
        total = float(sum(times[:8]))  # guest time, beyond the eighth, is counted in user time already
        idle = float(times.idle) + float(getattr(times, "iowait", 0.0))
        ours = 0.0
        for process in [self._us, *self._children()]:
            try:
                used = process.cpu_times()
            except psutil.Error:
                continue
            ours += float(used.user) + float(used.system)
        return total, total - idle, ours

    def _children(self) -> list[psutil.Process]:
        try:
            return self._us.children(recursive=True)
        except psutil.Error:
            return []


def is_saving_power(profile: Path = PLATFORM_PROFILE) -> bool:
    """Whether the system's power saver is on, as far as Linux and Windows say so.

    Args:
        profile: the file in which Linux tells the chosen profile.
    """
    if sys.platform == "win32":
        # SYSTEM_POWER_STATUS: ACLineStatus, BatteryFlag, BatteryLifePercent, SystemStatusFlag, two DWORDs.
        status = (ctypes.c_ubyte * 12)()
        return bool(ctypes.windll.kernel32.GetSystemPowerStatus(status)) and status[3] == 1
    try:
        return profile.read_text("ascii").strip() == "low-power"
    except (OSError, ValueError):
        return False
