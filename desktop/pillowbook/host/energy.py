"""The energy that work takes: the processor's own counters where they can be read, else an estimate that says so.

Counters: Linux's powercap (Documentation/power/powercap/powercap.rst), one ``intel-rapl:N`` for each processor package,
also on AMD; readable by root alone since Linux 5.10 unless the administrator allowed it. They count all that the
package does, other programs included.
"""

import contextlib
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import psutil

POWERCAP: Final = Path("/sys/class/powercap")
WATTS_PER_BUSY_CORE: Final = 8.0
"""The estimate's one number: what a busy core of a laptop or a small desktop takes, its share of the memory included.
From a 15 W package with two busy cores to one of 65 W with eight, both written on the box."""


@dataclass(frozen=True, slots=True)
class Energy:
    """A running total in joules; only differences mean anything."""

    joules: float
    is_estimate: bool


class EnergyMeter(Protocol):
    """What was spent so far."""

    def read(self) -> Energy:
        """The total now. Has to be called every few minutes during what is measured: counters wrap."""
        ...


class FixedEnergy:
    """The fake."""

    def __init__(self, joules: float = 0.0, *, is_estimate: bool = True) -> None:
        self.joules = joules
        self.is_estimate = is_estimate

    def read(self) -> Energy:
        return Energy(self.joules, self.is_estimate)


class PackageEnergy:
    """The sum of the packages' counters, which wrap around at a number of their own."""

    def __init__(self, powercap: Path = POWERCAP) -> None:
        self._lock = threading.Lock()
        self._total_uj = 0
        self._zones: dict[Path, tuple[int, int]] = {}  # the last value and the range of each
        for zone in sorted(powercap.glob("intel-rapl:*")):
            if zone.name.count(":") == 1:  # those with two are parts of a package
                with contextlib.suppress(OSError, ValueError):
                    self._zones[zone] = (_number(zone / "energy_uj"), _number(zone / "max_energy_range_uj"))

    @property
    def can_read(self) -> bool:
        """Whether there is any counter that may be read."""
        return bool(self._zones)

    def read(self) -> Energy:
        """See :meth:`EnergyMeter.read`."""
        with self._lock:
            for zone, (before_uj, range_uj) in self._zones.items():
                with contextlib.suppress(OSError, ValueError):
                    now_uj = _number(zone / "energy_uj")
                    # The counter goes from 0 to the range, both included.
                    self._total_uj += (
                        now_uj - before_uj if now_uj >= before_uj else now_uj + range_uj + 1 - before_uj
                    )
                    self._zones[zone] = (now_uj, range_uj)
            return Energy(self._total_uj / 1e6, False)


class EstimatedEnergy:
    """Processor seconds of this process and its children times :data:`WATTS_PER_BUSY_CORE`."""

    def __init__(self, watts_per_core: float = WATTS_PER_BUSY_CORE) -> None:
        self._watts = watts_per_core
        self._us = psutil.Process()
        self._most_s = 0.0

    def read(self) -> Energy:
        """See :meth:`EnergyMeter.read`."""
        # A child that ends moves from the second sum to the first, when it is reaped; never backwards in between.
        times = os.times()
        used_s = times.user + times.system + times.children_user + times.children_system
        with contextlib.suppress(psutil.Error):
            for child in self._us.children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    used = child.cpu_times()
                    used_s += float(used.user) + float(used.system)
        self._most_s = max(self._most_s, used_s)
        return Energy(self._most_s * self._watts, True)


def system_energy() -> EnergyMeter:
    """The counters where they can be read, else the estimate."""
    counters = PackageEnergy()
    return counters if counters.can_read else EstimatedEnergy()


def _number(file: Path) -> int:
    return int(file.read_text("ascii"))
