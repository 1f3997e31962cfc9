"""The listener: clients come in by the local socket, each call runs in a thread of its own.

The socket lies in a folder that only this user can enter; a client must also prove that it can read the token file
(HMAC challenge of :mod:`multiprocessing.connection`), which matters for named pipes and left-behind sockets.
"""

import contextlib
import logging
import os
import secrets
import socket
import struct
import sys
import threading
from collections.abc import Callable
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener, answer_challenge, deliver_challenge
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec

from pillowbook.core import protocol as p
from pillowbook.core.connection import hang_up
from pillowbook.domain.errors import AlreadyRunning, Cancelled, PillowbookError
from pillowbook.domain.events import Event, PanelRequested, PanelWish
from pillowbook.host.paths import Profile
from pillowbook.host.workers import CancelToken

log = logging.getLogger(__name__)

HANDSHAKE_S: Final = 5.0
SEND_S: Final = 5


class Handler(Protocol):
    """What answers the calls."""

    def handle(self, call: p.AnyCall, part: Callable[[object], None], cancel: CancelToken) -> object:
        """The reply to a call; parts go out as they come.

        Raises:
            PillowbookError: told to the client by code and facts.
        """
        ...


class CoreServer:
    """Serves one profile until :meth:`stop`."""

    def __init__(self, profile: Profile, *, on_idle_change: Callable[[int], None]) -> None:
        self._profile = profile
        self._on_idle_change = on_idle_change
        self._clients: set[_ClientLine] = set()
        self._lock = threading.Lock()
        self._is_stopping = threading.Event()
        self._token = secrets.token_bytes(32)
        self._handler: Handler | None = None
        if sys.platform != "win32":
            # The instance lock is ours, so a socket file here is a left-over of a core that was killed.
            with contextlib.suppress(FileNotFoundError):
                Path(profile.socket_address).unlink()
        self._listener = Listener(profile.socket_address)
        handle = os.open(profile.token_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as out:
            out.write(self._token)

    def serve(self, handler: Handler) -> None:
        """Accept clients until stopped; blocks."""
        self._handler = handler
        while not self._is_stopping.is_set():
            try:
                connection = self._listener.accept()
            except OSError:
                if self._is_stopping.is_set():
                    break
                continue
            if self._is_stopping.is_set():
                connection.close()
                break
            threading.Thread(target=self._greet, args=(connection,), name="core-greet", daemon=True).start()

    def stop(self) -> None:
        """Hang up on everybody and end :meth:`serve`."""
        self._is_stopping.set()
        with self._lock:
            clients = list(self._clients)
        for client in clients:
            client.close()
        # accept() sleeps until somebody comes: come ourselves.
        with contextlib.suppress(OSError, EOFError):
            Client(self._profile.socket_address).close()
        self._listener.close()
        with contextlib.suppress(OSError):
            self._profile.token_file.unlink()

    def tell(self, event: Event) -> bool:
        """Send an event to the app; False when no app is attached."""
        with self._lock:
            apps = [client for client in self._clients if client.is_app]
        frame = p.Told(type(event).__name__, p.raw(event))
        for client in apps:
            client.send(frame)
        return bool(apps)

    @property
    def client_count(self) -> int:
        """Connected clients."""
        with self._lock:
            return len(self._clients)

    def adopt_app(self, line: "_ClientLine") -> None:
        """Make a client the app. Raises AlreadyRunning when there is one, which is asked to come forward."""
        with self._lock:
            others = [client for client in self._clients if client.is_app and client is not line]
            if not others:
                line.is_app = True
        if others:
            self.tell(PanelRequested(PanelWish.SHOW))
            raise AlreadyRunning()

    def _greet(self, connection: "Connection[bytes, bytes]") -> None:
        # A client that does not finish its handshake is hung up on, so that it cannot hold a thread for ever.
        timer = threading.Timer(HANDSHAKE_S, hang_up, args=(connection,))
        timer.daemon = True
        timer.start()
        try:
            deliver_challenge(connection, self._token)
            answer_challenge(connection, self._token)
        except (AuthenticationError, OSError, EOFError, ValueError):
            connection.close()
            return
        finally:
            timer.cancel()
        limit_sending(connection)
        assert self._handler is not None
        line = _ClientLine(connection, self._handler, self)
        with self._lock:
            # A client that came in while the core is ending is not among those that stop() hangs up on.
            is_late = self._is_stopping.is_set()
            if not is_late:
                self._clients.add(line)
        if is_late:
            connection.close()
            return
        self._on_idle_change(self.client_count)
        try:
            line.read()
        finally:
            with self._lock:
                self._clients.discard(line)
            line.end()
            self._on_idle_change(self.client_count)


class _ClientLine:
    """One client: reads its envelopes and runs each call in a thread."""

    def __init__(self, connection: "Connection[bytes, bytes]", handler: Handler, server: CoreServer) -> None:
        self._connection = connection
        self._handler = handler
        self._server = server
        self._sending = threading.Lock()
        self._running: dict[int, CancelToken] = {}
        self._running_lock = threading.Lock()
        self.is_app = False

    def read(self) -> None:
        """Until the client hangs up or says something that is no message."""
        try:
            while True:
                frame: p.ToCore = p.decode_to_core(self._connection.recv_bytes(p.MAX_FRAME_BYTES))
                if isinstance(frame, p.CancelCall):
                    with self._running_lock:
                        token = self._running.get(frame.seq)
                    if token is not None:
                        token.cancel()
                    continue
                token = CancelToken()
                with self._running_lock:
                    self._running[frame.seq] = token
                threading.Thread(
                    target=self._run, args=(frame.seq, frame.call, token), name="core-call", daemon=True
                ).start()
        except (OSError, EOFError, ValueError, msgspec.MsgspecError):
            return

    def send(self, frame: p.FromCore) -> None:
        """Send, or nothing when the client is gone."""
        try:
            with self._sending:
                self._connection.send_bytes(p.encoder.encode(frame))
        except (OSError, ValueError):
            self.close()  # gone, or stopped and full; half a frame may have gone out, so nothing can follow

    def close(self) -> None:
        """Hang up; the reading thread ends."""
        with contextlib.suppress(OSError, ValueError):
            hang_up(self._connection)

    def end(self) -> None:
        """The client is gone: nobody waits for its calls any more."""
        with self._running_lock:
            tokens = list(self._running.values())
        for token in tokens:
            token.cancel()
        self._connection.close()

    def _run(self, seq: int, call: p.AnyCall, token: CancelToken) -> None:
        def part(value: object) -> None:
            self.send(p.Part(seq, type(value).__name__, p.raw(value)))

        answer: Any
        try:
            if isinstance(call, p.Attach):
                self._server.adopt_app(self)
                answer = p.Done()
            else:
                answer = self._handler.handle(call, part, token)
            frame: p.FromCore = p.Reply(seq, p.raw(answer))
        except Cancelled as error:
            frame = p.Failure(seq, error.code, {})
        except PillowbookError as error:
            frame = p.Failure(seq, error.code, error.facts)
        except Exception as error:
            log.error("call failed: %s %s", type(call).__name__, type(error).__name__, exc_info=_bare(error))
            frame = p.Failure(seq, PillowbookError.code, {})
        finally:
            with self._running_lock:
                self._running.pop(seq, None)
        self.send(frame)
        if isinstance(call, p.Stop):
            self._server.stop()


def limit_sending(connection: "Connection[bytes, bytes]") -> None:
    """A client that is stopped and reads nothing must not hold the core's threads: sending to it fails in time."""
    if sys.platform != "win32":
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as handle:
            handle.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", SEND_S, 0))


def _bare(error: Exception) -> Any:
    """The error's type and trace without its text, which may hold content."""
    bare = RuntimeError(type(error).__name__)
    return (RuntimeError, bare, error.__traceback__)
