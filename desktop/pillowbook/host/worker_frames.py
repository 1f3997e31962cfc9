"""What goes over the pipes between a client and its worker process.

A frame is a length (4 bytes, little-endian, unsigned) and that many bytes of MessagePack, holding one of the
messages below. Bodies are the structs of each worker's own ``protocol.py``, encoded inside the frame; both
ends know their types.
"""

import struct
from typing import BinaryIO

import msgspec

MAX_FRAME_BYTES = 1 << 30
"""A length above this is not a frame: something else wrote into the pipe."""

_LENGTH = struct.Struct("<I")


class Call(msgspec.Struct, array_like=True, frozen=True, tag="call"):
    """Client to worker: do ``body``. ``background`` work runs when nothing else wants the processor."""

    seq: int
    background: bool
    body: msgspec.Raw


class Cancel(msgspec.Struct, array_like=True, frozen=True, tag="cancel"):
    """Client to worker: the answer to ``seq`` is no longer wanted."""

    seq: int


class Part(msgspec.Struct, array_like=True, frozen=True, tag="part"):
    """Worker to client: a piece of the answer, in order."""

    seq: int
    body: msgspec.Raw


class Done(msgspec.Struct, array_like=True, frozen=True, tag="done"):
    """Worker to client: the whole answer; nothing follows under this number."""

    seq: int
    body: msgspec.Raw


class Failed(msgspec.Struct, array_like=True, frozen=True, tag="failed"):
    """Worker to client: an error as code and facts (see ``domain.errors.remake``); nothing follows."""

    seq: int
    code: str
    facts: dict[str, str | int | float]


ToWorker = Call | Cancel
ToClient = Part | Done | Failed


class FrameBroken(Exception):
    """The stream does not hold frames (any more); the process at the other end has to go."""


def pack_frame(message: ToWorker | ToClient) -> bytes:
    """A message with its length in front."""
    body = msgspec.msgpack.encode(message)
    if len(body) > MAX_FRAME_BYTES:
        raise FrameBroken
    return _LENGTH.pack(len(body)) + body


def read_frame(stream: BinaryIO) -> bytes | None:
    """The next frame's bytes; None at the end of the stream, also where it ends inside a frame."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (size,) = _LENGTH.unpack(head)
    if size > MAX_FRAME_BYTES:
        raise FrameBroken
    body = stream.read(size)
    return body if len(body) == size else None
