"""What the core tells its clients without being asked. Events say what changed; views fetch what they show."""

from dataclasses import dataclass
from enum import StrEnum

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


@dataclass(frozen=True, slots=True)
class SettingChanged:
    """A setting has a new value; ``value`` is in its written form."""

    key: str
    value: str


class PanelWish(StrEnum):
    """What somebody wants of the panel."""

    TOGGLE = "toggle"
    SHOW = "show"
    QUIT = "quit"


@dataclass(frozen=True, slots=True)
class PanelRequested:
    """Somebody started Pillowbook again, or bound ``pillowbook toggle`` to a key."""

    wish: PanelWish


Event = LibraryChanged | PreparedChanged | GateChanged | VaultChanged | SettingChanged | PanelRequested
