"""Power as the desktop's services tell it: UPower and power-profiles-daemon on the system bus.

Interfaces: https://upower.freedesktop.org/docs/ and https://upower.pages.freedesktop.org/power-profiles-daemon/.
"""

from typing import Final

from pillowbook.host.bus import Bus, WatchedProperties
from pillowbook.host.power import Power, PowerSource

_UPOWER: Final = "org.freedesktop.UPower"
_LOW: Final = 3
"""``WarningLevel``: 1 none, 2 discharging (of a UPS), 3 low, 4 critical, 5 about to act on it."""

_PROFILES: Final = (
    ("org.freedesktop.UPower.PowerProfiles", "/org/freedesktop/UPower/PowerProfiles"),
    ("net.hadess.PowerProfiles", "/net/hadess/PowerProfiles"),  # its name before 0.20
)


class DesktopPower:
    """UPower's view of the battery and the chosen power profile; what they do not tell comes from ``otherwise``."""

    def __init__(self, bus: Bus, otherwise: PowerSource) -> None:
        self._otherwise = otherwise
        self._upower = WatchedProperties(bus, _UPOWER, "/org/freedesktop/UPower", _UPOWER)
        self._battery = WatchedProperties(
            bus, _UPOWER, "/org/freedesktop/UPower/devices/DisplayDevice", f"{_UPOWER}.Device"
        )
        self._profiles = [WatchedProperties(bus, name, path, name) for name, path in _PROFILES]

    def power(self) -> Power:
        """Mains or battery, now; from memory unless a service said that something changed."""
        on_battery = self._upower.values().get("OnBattery")
        if not isinstance(on_battery, bool):
            found = self._otherwise.power()
            return Power(found.is_plugged, found.battery_percent, self._is_saving(found), found.is_low)
        battery = self._battery.values()
        has_battery = bool(battery.get("IsPresent"))
        return Power(
            is_plugged=not on_battery,
            battery_percent=float(battery.get("Percentage", 0.0)) if has_battery else None,
            is_saving=self._is_saving(None),
            is_low=has_battery and int(battery.get("WarningLevel", 0)) >= _LOW,
        )

    def others_load(self) -> float:
        """See :meth:`PowerSource.others_load`."""
        return self._otherwise.others_load()

    def _is_saving(self, found: Power | None) -> bool:
        for profiles in self._profiles:
            active = profiles.values().get("ActiveProfile")
            if isinstance(active, str):
                return active == "power-saver"
        return (found or self._otherwise.power()).is_saving
