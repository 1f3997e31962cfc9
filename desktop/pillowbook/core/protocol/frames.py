"""The frames that go over the socket, and how a value is written in one."""

from typing import Any, Final

import msgspec

from pillowbook.core.protocol.asking import AskingCall
from pillowbook.core.protocol.call import Progress
from pillowbook.core.protocol.hand import HandCall
from pillowbook.core.protocol.house import HouseCall
from pillowbook.core.protocol.library import LibraryCall
from pillowbook.core.protocol.others import OtherCall
from pillowbook.core.protocol.overview import OverviewCall
from pillowbook.core.protocol.setup import ServerCall, SetupCall
from pillowbook.core.protocol.vault import VaultCall
from pillowbook.core.protocol.work import WorkCall
from pillowbook.domain.asking import AnswerText, LikelyPassage
from pillowbook.domain.events import (
    GateChanged,
    LibraryChanged,
    PanelRequested,
    PreparedChanged,
    SettingChanged,
    VaultChanged,
)

MAX_FRAME_BYTES: Final = 64 * 1024 * 1024

AnyCall = (
    AskingCall
    | LibraryCall
    | OverviewCall
    | WorkCall
    | HandCall
    | OtherCall
    | VaultCall
    | ServerCall
    | SetupCall
    | HouseCall
)


class Envelope(msgspec.Struct, frozen=True, tag="envelope"):
    """A call and its number."""

    seq: int
    call: AnyCall


class CancelCall(msgspec.Struct, frozen=True, tag="cancel"):
    """The caller no longer wants the answer to this call."""

    seq: int


class Reply(msgspec.Struct, frozen=True, tag="reply"):
    """The result, in MessagePack; its type is known from the call."""

    seq: int
    body: msgspec.Raw


class Part(msgspec.Struct, frozen=True, tag="part"):
    """Something on the way to the result; ``kind`` is the name of its type in :data:`PARTS`."""

    seq: int
    kind: str
    body: msgspec.Raw


class Failure(msgspec.Struct, frozen=True, tag="failure"):
    """An error of the tree in ``domain/errors.py``."""

    seq: int
    code: str
    facts: dict[str, str | int | float]


class Told(msgspec.Struct, frozen=True, tag="told"):
    """An event; ``kind`` is the name of its type in :data:`EVENTS`."""

    kind: str
    body: msgspec.Raw


PARTS: Final[dict[str, type[Any]]] = {kind.__name__: kind for kind in (LikelyPassage, AnswerText, Progress)}
EVENTS: Final[dict[str, type[Any]]] = {
    kind.__name__: kind
    for kind in (LibraryChanged, PreparedChanged, GateChanged, VaultChanged, SettingChanged, PanelRequested)
}

ToCore = Envelope | CancelCall
FromCore = Reply | Part | Failure | Told

encoder: Final = msgspec.msgpack.Encoder()
decode_to_core: Final = msgspec.msgpack.Decoder(ToCore).decode
decode_from_core: Final = msgspec.msgpack.Decoder(FromCore).decode


def raw(value: object) -> msgspec.Raw:
    """A value as the body of a frame."""
    return msgspec.Raw(written(value))


def written(value: object) -> bytes:
    """A value in MessagePack.

    Halves of characters (a file name that is not UTF-8, a question that was cut in two) are written as a mark in place
    of what cannot be written.
    """
    try:
        return encoder.encode(value)
    except UnicodeEncodeError:
        return encoder.encode(_writable(msgspec.to_builtins(value)))


def _writable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {_writable(name): _writable(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_writable(inner) for inner in value]
    return value
