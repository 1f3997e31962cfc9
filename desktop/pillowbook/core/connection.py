"""A client's end of the socket: calls go out with a number, and what comes back finds who waits for it."""

import contextlib
import itertools
import os
import queue
import socket
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, Self, TypeVar

import msgspec

from pillowbook.core import protocol as p
from pillowbook.domain.errors import CoreUnreachable, MessageTooLarge, remake
from pillowbook.domain.events import Event
from pillowbook.host.workers import CancelToken

T = TypeVar("T")


class CoreConnection:
    """One connection to the core of a profile. Blocking and thread-safe.

    Args:
        on_event: hears events on the reading thread, so it must be quick.
    """

    def __init__(
        self, connection: "Connection[bytes, bytes]", *, on_event: Callable[[Event], None] | None = None
    ) -> None:
        self._connection = connection
        self._on_event = on_event
        self._numbers = itertools.count(1)
        self._sending = threading.Lock()
        self._waiting: dict[int, queue.SimpleQueue[p.Reply | p.Failure | None]] = {}
        self._on_parts: dict[int, Callable[[Any], None]] = {}
        self._waiting_lock = threading.Lock()
        self._is_closed = False
        self._reader = threading.Thread(target=self._read, name="core-client", daemon=True)
        self._reader.start()

    @property
    def is_connected(self) -> bool:
        """Whether the core is still there."""
        return not self._is_closed

    def close(self) -> None:
        """Hang up. Calls still waiting raise CoreUnreachable."""
        hang_up(self._connection)
        if threading.current_thread() is not self._reader:
            self._reader.join(timeout=5)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def request(
        self,
        call: p.AnyCall,
        reply: type[T],
        *,
        on_part: Callable[[Any], None] | None = None,
        cancel: CancelToken | None = None,
    ) -> T:
        """Send a call and wait for its reply.

        Args:
            reply: the type that the call names.
            on_part: hears what comes on the way, on the reading thread.
            cancel: tells the core when nobody wants the reply any more.
        Raises:
            CoreUnreachable: the core is gone.
            MessageTooLarge: the call is.
            PillowbookError: as the core says.
        """
        seq = next(self._numbers)
        answers: queue.SimpleQueue[p.Reply | p.Failure | None] = queue.SimpleQueue()
        with self._waiting_lock:
            if self._is_closed:
                raise CoreUnreachable()
            self._waiting[seq] = answers
            if on_part is not None:
                self._on_parts[seq] = on_part
        try:
            self._send(p.Envelope(seq, call))
            forget = cancel.when_cancelled(lambda: self._send_quietly(p.CancelCall(seq))) if cancel else None
            frame = answers.get()
            if forget is not None:
                forget()
        finally:
            with self._waiting_lock:
                self._waiting.pop(seq, None)
                self._on_parts.pop(seq, None)
        if frame is None:
            raise CoreUnreachable()
        if isinstance(frame, p.Failure):
            raise remake(frame.code, frame.facts)
        return msgspec.msgpack.decode(frame.body, type=reply)

    def _send(self, frame: p.ToCore) -> None:
        data = p.written(frame)
        if len(data) > p.MAX_FRAME_BYTES:
            raise MessageTooLarge(limit=p.MAX_FRAME_BYTES // 1024 // 1024)
        try:
            with self._sending:
                self._connection.send_bytes(data)
        except (OSError, ValueError) as error:
            raise CoreUnreachable() from error

    def _send_quietly(self, frame: p.ToCore) -> None:
        with contextlib.suppress(CoreUnreachable):
            self._send(frame)

    def _read(self) -> None:
        try:
            while True:
                frame: p.FromCore = p.decode_from_core(self._connection.recv_bytes(p.MAX_FRAME_BYTES))
                if isinstance(frame, p.Told):
                    kind = p.EVENTS.get(frame.kind)
                    if self._on_event is not None and kind is not None:
                        self._on_event(msgspec.msgpack.decode(frame.body, type=kind))
                elif isinstance(frame, p.Part):
                    on_part, kind = self._on_parts.get(frame.seq), p.PARTS.get(frame.kind)
                    if on_part is not None and kind is not None:
                        on_part(msgspec.msgpack.decode(frame.body, type=kind))
                else:
                    waiting = self._waiting.get(frame.seq)
                    if waiting is not None:
                        waiting.put(frame)
        except (OSError, EOFError, ValueError, msgspec.MsgspecError):
            pass
        finally:
            with self._waiting_lock:
                self._is_closed = True
                for answers in self._waiting.values():
                    answers.put(None)
            self._connection.close()


def hang_up(connection: "Connection[bytes, bytes]") -> None:
    """End a connection that another thread is reading; closing the descriptor alone would not wake it."""
    with contextlib.suppress(OSError):
        if sys.platform == "win32":
            connection.close()
        else:
            with socket.socket(fileno=os.dup(connection.fileno())) as handle:
                handle.shutdown(socket.SHUT_RDWR)
