"""Server-sent events, as far as chat servers use them (WHATWG HTML, section 9.2): the ``data`` of each event."""

from collections.abc import Iterator
from typing import Final

MAX_EVENT_BYTES: Final = 256 * 1024
"""An event carries one token and the probabilities of twenty others; that is a few kilobytes."""


class EventTooLarge(Exception):
    """An event without an end."""


class EventReader:
    """Cuts a stream of bytes into events; bytes may come in pieces of any size."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The data of every event that is whole now.

        Raises:
            EventTooLarge: an event is longer than MAX_EVENT_BYTES.
        """
        self._rest += chunk
        # A line may end with \r\n, and the \n may be in the next piece: a \r at the very end waits for it.
        is_open = self._rest.endswith(b"\r")
        lines = (
            (self._rest[:-1] if is_open else self._rest)
            .replace(b"\r\n", b"\n")
            .replace(b"\r", b"\n")
            .split(b"\n")
        )
        self._rest = lines.pop() + (b"\r" if is_open else b"")
        for line in lines:
            if not line:
                if self._data:
                    yield b"\n".join(self._data)
                self._data, self._size = [], 0
                continue
            name, _, value = line.partition(b":")
            if name == b"data":
                self._data.append(value.removeprefix(b" "))
            self._size += len(line) + 1
            self._check(self._size)
        self._check(self._size + len(self._rest))

    def _check(self, size: int) -> None:
        if size > MAX_EVENT_BYTES:
            raise EventTooLarge
