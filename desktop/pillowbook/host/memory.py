"""Whether the machine's memory is short."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import psutil

PRESSURE: Final = Path("/proc/pressure/memory")
"""Linux's pressure stall information (Documentation/accounting/psi.rst): the share of time work waited for memory."""

SHORT_AVAILABLE: Final = 0.10
"""Share of all memory that should stay available; below it, earlyoom ends programs by default."""
SHORT_STALLED_PERCENT: Final = 20.0
"""Of the last ten seconds, that some program waited for memory; a machine that pages is felt to be slow by then."""


@dataclass(frozen=True, slots=True)
class Memory:
    """``available_bytes`` can be had without swapping. ``stalled_percent`` is None where the system does not tell."""

    total_bytes: int
    available_bytes: int
    stalled_percent: float | None = None

    @property
    def is_short(self) -> bool:
        """Whether what is not needed should be given back."""
        is_stalled = self.stalled_percent is not None and self.stalled_percent >= SHORT_STALLED_PERCENT
        return is_stalled or self.available_bytes < SHORT_AVAILABLE * self.total_bytes


class MemorySource(Protocol):
    """The machine's memory."""

    def memory(self) -> Memory:
        """Now; takes well under a millisecond."""
        ...


class FixedMemory:
    """The fake."""

    def __init__(self, memory: Memory = Memory(8 << 30, 6 << 30)) -> None:
        self.fixed = memory

    def memory(self) -> Memory:
        return self.fixed


class SystemMemory:
    """psutil's view, and Linux's pressure where it can be read."""

    def __init__(self, pressure: Path = PRESSURE) -> None:
        self._pressure = pressure

    def memory(self) -> Memory:
        found = psutil.virtual_memory()
        return Memory(int(found.total), int(found.available), stalled_percent(self._pressure))


def stalled_percent(pressure: Path) -> float | None:
    """``avg10`` of the line ``some`` of a pressure file; None where there is none."""
    try:
        for line in pressure.read_text("ascii").splitlines():
            name, *pairs = line.split()
            if name == "some":
                return float(dict(pair.split("=", 1) for pair in pairs)["avg10"])
    except (OSError, ValueError, KeyError):
        return None
    return None
