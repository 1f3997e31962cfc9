"""Whether the machine is hot, where its sensors tell and know their own limit."""

import time
from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol

import psutil

LIMITS_C: Final = (40.0, 150.0)
"""Limits outside of this are what drivers report that know none (0, 65261.8)."""
COOLER_BY_C: Final = 8.0
"""Once hot, a machine counts as hot until it is this much below the limit: work would start and stop in a circle."""
LOOK_EVERY_S: Final = 5.0
"""A look reads a file for each sensor, some of them through slow firmware."""


class HeatSource(Protocol):
    """The machine's temperature."""

    def is_hot(self) -> bool:
        """Whether a sensor is at its limit; False where none tells."""
        ...


class FixedHeat:
    """The fake."""

    def __init__(self, is_hot: bool = False) -> None:
        self.fixed = is_hot

    def is_hot(self) -> bool:
        return self.fixed


class SystemHeat:
    """psutil's sensors, those that give a limit (``high``) apart from critical."""

    def __init__(self) -> None:
        self._is_hot = False
        self._look_at_s = 0.0

    def is_hot(self) -> bool:
        """See :meth:`HeatSource.is_hot`."""
        now_s = time.monotonic()
        if now_s >= self._look_at_s:
            self._look_at_s = now_s + LOOK_EVERY_S
            self._is_hot = hottest_c(_sensors()) >= (-COOLER_BY_C if self._is_hot else 0.0)
        return self._is_hot


def hottest_c(sensors: Mapping[str, Iterable[Any]]) -> float:
    """How far the sensor nearest to its limit is above it, in degrees; minus infinity without a sensor that has one."""
    above = [
        float(one.current) - float(one.high)
        for readings in sensors.values()
        for one in readings
        if one.current is not None and one.high is not None and LIMITS_C[0] < one.high < LIMITS_C[1]
    ]
    return max(above, default=float("-inf"))


def _sensors() -> Mapping[str, Iterable[Any]]:
    read: Any = getattr(psutil, "sensors_temperatures", None)  # Linux and FreeBSD have it
    if read is None:
        return {}
    try:
        found: Mapping[str, Iterable[Any]] = read()
    except (OSError, ValueError):
        return {}
    return found
