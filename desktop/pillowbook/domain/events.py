"""What the core tells its clients without being asked. Events say what changed; views fetch what they show."""

from dataclasses import dataclass

from pillowbook.domain.work import GateState


@dataclass(frozen=True, slots=True)
class LibraryChanged:
    """Documents were indexed, failed or were removed."""

    indexed: int
    waiting: int
    failed: int


@dataclass(frozen=True, slots=True)
class PreparedChanged:
    """The number of prepared answers that can be served."""

    prepared: int


@dataclass(frozen=True, slots=True)
class GateChanged:
    """Background work began, stopped or waits for another reason."""

    gate: GateState


@dataclass(frozen=True, slots=True)
class VaultChanged:
    """The vault was locked or unlocked."""

    is_unlocked: bool


Event = LibraryChanged | PreparedChanged | GateChanged | VaultChanged
