"""One connection to a model server: opened with every check, and cut at once from another thread.

Blocking calls end because the socket is shut down under them: by a cancel, or by a timer at the deadline. That also
holds for a server that sends a byte now and then, which no time limit on single reads would stop.
"""

import contextlib
import errno
import ipaddress
import queue
import select
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from typing import Any, Final

from pillowbook.domain.errors import (
    Cancelled,
    ServerLost,
    ServerPlain,
    ServerTooSlow,
    ServerUnreachable,
    ServerUntrusted,
    ServerUnusable,
)
from pillowbook.host.workers import CancelToken
from pillowbook.models.remote.address import ServerAddress, may_be_plain

CONNECT_S: Final = 5.0
"""For one address of a server to take the connection; a machine that is off does not answer at all."""

_LOOK_S: Final = 0.05
"""How often a wait that nothing can interrupt looks whether it is still wanted."""

_Resolved = tuple[Any, Any, int, str, tuple[Any, ...]]


def trust(ca_file: str) -> ssl.SSLContext:
    """What certificates are checked against: the system's authorities, or those of one file alone.

    Raises:
        ServerUntrusted: the file cannot be read or holds no certificate.
    """
    try:
        return ssl.create_default_context(cafile=str(Path(ca_file).expanduser()) if ca_file else None)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise ServerUntrusted(why="ca-file") from error


class Line:
    """A connection that :meth:`cut` ends from any thread.

    Args:
        deadline: on the monotonic clock.
    """

    def __init__(self, deadline: float, cancel: CancelToken | None) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._response: HTTPResponse | None = None
        self._is_cut = False
        self._deadline = deadline
        self._cancel = cancel

    @contextlib.contextmanager
    def guarded(self) -> Iterator[None]:
        """Cut by the cancel and at the deadline, and closed at the end; errors become the product's own."""
        forget = self._cancel.when_cancelled(self.cut) if self._cancel is not None else None
        timer = threading.Timer(max(0.0, self._deadline - time.monotonic()), self.cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        except (OSError, HTTPException, ValueError, AttributeError) as error:
            # AttributeError, ValueError: http.client on a socket that was shut down while it read.
            if not self._is_cut and isinstance(error, AttributeError):
                raise
            self.check()
            raise ServerLost(why=type(error).__name__) from error
        finally:
            timer.cancel()
            if forget is not None:
                forget()
            self._close()

    def cut(self) -> None:
        """End whatever waits for the server."""
        with self._lock:
            self._is_cut = True
            if self._socket is not None:
                with contextlib.suppress(OSError):
                    # Not SSLSocket.shutdown, which takes the encryption away from the thread that reads.
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def check(self) -> None:
        """Raises Cancelled or ServerTooSlow when it was cut."""
        if self._cancel is not None and self._cancel.is_cancelled:
            raise Cancelled
        if self._is_cut or time.monotonic() >= self._deadline:
            raise ServerTooSlow(worker="model server")

    def open(self, address: ServerAddress, *, tls: ssl.SSLContext | None, allows_private_plain: bool) -> None:
        """Connect, and check who answers. No proxy is ever used.

        Raises:
            ServerUnreachable, ServerUntrusted, ServerUnusable.
            ServerPlain: it would have to go without encryption to where that is not allowed; nothing was sent.
        """
        found = self._resolve(address)
        if tls is None:
            found = [
                one for one in found if may_be_plain(str(one[4][0]), allows_private=allows_private_plain)
            ]
            if not found:
                raise ServerPlain
        plain = self._connect(found)
        if tls is None:
            return
        secure = tls.wrap_socket(plain, server_hostname=address.host, do_handshake_on_connect=False)
        self._hold(secure)
        try:
            secure.do_handshake()
        except ssl.SSLCertVerificationError as error:
            raise ServerUntrusted(why="certificate", verify=error.verify_code) from error
        except ssl.SSLError as error:
            self.check()
            raise ServerUnusable(why="encryption") from error

    def request(
        self, address: ServerAddress, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> HTTPResponse:
        """Send one request over the open line and read the head of what comes back."""
        assert self._socket is not None
        connection = HTTPConnection(address.host, address.port)
        connection.sock = self._socket
        connection.request(
            method,
            address.path + path,
            body,
            {
                "Host": address.authority,
                "Accept-Encoding": "identity",  # nothing that a few bytes could blow up into gigabytes
                "Connection": "close",
                **headers,
            },
        )
        self._response = connection.getresponse()
        return self._response

    # -- connecting ------------------------------------------------------------------------------------------

    def _resolve(self, address: ServerAddress) -> list[_Resolved]:
        """The machine's addresses. The system's resolver cannot be stopped, so it is left behind when it is late."""
        with contextlib.suppress(ValueError):
            ipaddress.ip_address(address.host)
            return socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
        results: queue.SimpleQueue[list[_Resolved]] = queue.SimpleQueue()

        def look_up() -> None:
            try:
                results.put(socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM))
            except (OSError, UnicodeError):
                results.put([])

        threading.Thread(target=look_up, name="resolve", daemon=True).start()
        give_up = time.monotonic() + CONNECT_S
        while time.monotonic() < give_up:
            self.check()
            with contextlib.suppress(queue.Empty):
                found = results.get(timeout=_LOOK_S)
                if found:
                    return found
                break
        raise ServerUnreachable(why="name")

    def _connect(self, found: list[_Resolved]) -> socket.socket:
        why = 0
        for family, kind, protocol, _name, sockaddr in found:
            made = socket.socket(family, kind, protocol)
            try:
                made.setblocking(False)
                why = made.connect_ex(sockaddr)
                if why in (errno.EINPROGRESS, errno.EWOULDBLOCK, getattr(errno, "WSAEWOULDBLOCK", -1)):
                    why = self._await_connection(made)
                if why == 0:
                    made.setblocking(True)
                    self._hold(made)
                    return made
            except BaseException:
                made.close()
                raise
            made.close()
        raise ServerUnreachable(why="connect", errno=why)

    def _await_connection(self, made: socket.socket) -> int:
        give_up = time.monotonic() + CONNECT_S
        while time.monotonic() < give_up:
            self.check()
            _, writable, failed = select.select([], [made], [made], _LOOK_S)
            if writable or failed:
                return made.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        return errno.ETIMEDOUT

    def _hold(self, made: socket.socket) -> None:
        with self._lock:
            self._socket = made
            is_cut = self._is_cut
        if is_cut:
            self.check()

    def _close(self) -> None:
        if self._response is not None:  # it has the socket too, and a socket is closed when nobody has it
            self._response.close()
        with self._lock:
            if self._socket is not None:
                self._socket.close()
                self._socket = None
