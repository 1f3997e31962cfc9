"""The app, the core itself, and how everything stands."""

import msgspec

from pillowbook.core.protocol.call import Call
from pillowbook.core.protocol.library import DocumentTrouble
from pillowbook.domain.events import PanelWish
from pillowbook.domain.work import GateState


class Status(msgspec.Struct, frozen=True):
    """Everything the status page shows. Without an unlocked vault the counts are zero.

    ``prepared`` counts prepared answers by freshness, from the cheap part of the check (``stat``). ``server`` is the
    address of the model server that text goes to; empty where it stays on this machine.
    """

    version: str
    vault: str
    folders: int
    documents: dict[str, int]
    troubles: tuple[DocumentTrouble, ...]
    passages: int
    digests: int
    questions: int
    prepared: dict[str, int]
    refusals: int
    gate: GateState
    is_working: bool
    generator: str
    is_generator_installed: bool
    is_generator_loaded: bool
    embedder: str
    is_embedder_loaded: bool
    vault_bytes: int
    has_keychain: bool
    server: str = ""


class Attach(Call, frozen=True, tag="attach"):
    """The app makes itself known and hears events from now on. Reply: Done; AlreadyRunning when there is one."""


class GetStatus(Call, frozen=True, tag="status"):
    """Reply: Status."""


class Pause(Call, frozen=True, tag="pause"):
    """No background work for this long; 0 ends a pause. Reply: GateState."""

    minutes: int


class WishPanel(Call, frozen=True, tag="panel"):
    """Tell the app what is wanted of its panel. Reply: bool, whether an app was there to hear."""

    wish: PanelWish


class Stop(Call, frozen=True, tag="stop"):
    """End the core. Reply: Done, then the connection closes."""


HouseCall = Attach | GetStatus | Pause | WishPanel | Stop
