"""D-Bus, as little of it as sensing needs: calls with a short deadline, and properties that are read once and then
only again when their owner says that they changed. The connection is opened when first used.

Nobody answering is an ordinary state (no such service, no bus at all) and never an error: the answer is None or empty.
"""

import contextlib
import logging
import queue
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from pillowbook.domain.facts import facts, place_of

log = logging.getLogger(__name__)

ANSWER_WITHIN_S: Final = 0.5
AGAIN_AFTER_S: Final = 60.0
"""After a bus was not there, or a service did not answer, so long it is not asked again."""

Handler = Callable[[tuple[Any, ...]], None]


@dataclass(frozen=True, slots=True)
class Signal:
    """Signals of one member; ``path`` None for every object of the service."""

    service: str
    interface: str
    member: str
    path: str | None = None


class Bus:
    """One connection to a message bus. Thread-safe.

    Args:
        bus: ``SYSTEM``, ``SESSION`` or an address.
        on_change: called, on the thread that reads the bus, after a signal that somebody subscribed to; must return at
            once.
    """

    def __init__(self, bus: str = "SYSTEM", *, on_change: Callable[[], None] = lambda: None) -> None:
        self._bus = bus
        self._on_change = on_change
        self._lock = threading.Lock()
        self._line: _Line | None = None
        self._not_before_s = 0.0
        self._subscriptions: list[tuple[Signal, Handler]] = []
        self._is_closed = False

    def call(
        self, service: str, path: str, interface: str, member: str, signature: str = "", *arguments: object
    ) -> tuple[Any, ...] | None:
        """Call a method; None when nobody answers in :data:`ANSWER_WITHIN_S`, or with an error."""
        line = self._open()
        if line is None:
            return None
        from jeepney import DBusAddress, new_method_call

        return line.ask(
            new_method_call(DBusAddress(path, service, interface), member, signature or None, arguments)
        )

    def properties(self, service: str, path: str, interface: str) -> dict[str, Any]:
        """All properties of an interface, their values without D-Bus's wrapping; empty when nobody answers."""
        body = self.call(service, path, "org.freedesktop.DBus.Properties", "GetAll", "s", interface)
        return {} if not body else {name: value for name, (_type, value) in body[0].items()}

    def subscribe(self, signal: Signal, handler: Handler) -> None:
        """Have ``handler`` called with the arguments of each such signal, on the thread that reads the bus."""
        with self._lock:
            self._subscriptions.append((signal, handler))
            line = self._line
        if line is not None:
            line.listen(signal)
        else:
            self._open()

    def close(self) -> None:
        """Let go of the connection for good."""
        with self._lock:
            self._is_closed = True
            line, self._line = self._line, None
        if line is not None:
            line.close()

    def _open(self) -> "_Line | None":
        if sys.platform != "linux":
            return None
        from jeepney.io.threading import open_dbus_connection

        with self._lock:
            if self._line is not None and self._line.is_lost:
                self._line.close()
                self._line = None
            if self._line is not None or self._is_closed or time.monotonic() < self._not_before_s:
                return self._line
            self._not_before_s = time.monotonic() + AGAIN_AFTER_S
            try:
                connection = open_dbus_connection(bus=self._bus)
            except Exception:  # no address, no socket, no permission, no answer: there is no bus for us
                return None
            self._line = line = _Line(connection, self._heard)
            signals = [signal for signal, _handler in self._subscriptions]
        for signal in signals:
            line.listen(signal)
        return line

    def _heard(self, message: Any) -> None:
        from jeepney import HeaderFields

        fields = message.header.fields
        path, interface, member = (
            fields.get(field) for field in (HeaderFields.path, HeaderFields.interface, HeaderFields.member)
        )
        with self._lock:
            # Messages carry their sender's unique name; that it is the service was the bus's business.
            handlers = [
                handler
                for signal, handler in self._subscriptions
                if (signal.interface, signal.member) == (interface, member) and signal.path in (None, path)
            ]
        for handler in handlers:
            handler(tuple(message.body))
        if handlers:
            self._on_change()


class _Line:
    """An open connection and the thread that reads it."""

    def __init__(self, connection: Any, on_signal: Callable[[Any], None]) -> None:
        self._connection = connection
        self._on_signal = on_signal
        self._waiting: dict[int, queue.SimpleQueue[Any]] = {}
        self.is_lost = False
        self._thread = threading.Thread(target=self._read, name="bus", daemon=True)
        self._thread.start()

    def ask(self, message: Any) -> tuple[Any, ...] | None:
        from jeepney import MessageType

        serial = next(self._connection.outgoing_serial)
        answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._waiting[serial] = answers
        try:
            if self.is_lost:
                return None
            self._connection.send(message, serial=serial)
            reply = answers.get(timeout=ANSWER_WITHIN_S)
        except queue.Empty:
            return None
        except OSError:
            self.is_lost = True
            return None
        finally:
            self._waiting.pop(serial, None)
        if reply is None or reply.header.message_type is MessageType.error:
            return None
        return tuple(reply.body)

    def listen(self, signal: Signal) -> None:
        from jeepney import MatchRule, message_bus

        rule = MatchRule(
            type="signal",
            sender=signal.service,
            interface=signal.interface,
            member=signal.member,
            path=signal.path,
        )
        self.ask(message_bus.AddMatch(rule))

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._connection.interrupt()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=5)
        with contextlib.suppress(OSError):
            self._connection.close()

    def _read(self) -> None:
        from jeepney import HeaderFields, MessageType
        from jeepney.io.threading import ReceiveStopped

        try:
            while True:
                message = self._connection.receive()
                if message.header.message_type is MessageType.signal:
                    self._on_signal(message)
                    continue
                answers = self._waiting.get(message.header.fields.get(HeaderFields.reply_serial, -1))
                if answers is not None:
                    answers.put(message)
        except (OSError, ReceiveStopped):
            pass
        except Exception as error:  # what cannot be understood ends the connection, and nothing else
            log.error("bus not understood", extra=facts(error=place_of(error)))
        finally:
            self.is_lost = True
            for answers in list(self._waiting.values()):
                answers.put(None)


class WatchedProperties:
    """The properties of one object, read when first wanted and after each change that it tells of.

    Args:
        max_age_s: they are read anew after this in any case, since a service may have been started anew.
    """

    def __init__(
        self, bus: Bus, service: str, path: str, interface: str, *, max_age_s: float = AGAIN_AFTER_S
    ) -> None:
        self._bus = bus
        self._place = (service, path, interface)
        self._max_age_s = max_age_s
        self._values: dict[str, Any] = {}
        self._stale_at_s = 0.0
        self._is_subscribed = False
        self.path = path
        self._interface = interface

    def values(self) -> dict[str, Any]:
        """As they are now; empty when nobody answers."""
        now_s = time.monotonic()
        if now_s < self._stale_at_s:
            return self._values
        if not self._is_subscribed:  # before reading, so that no change is missed in between
            self._is_subscribed = True
            service, path, _interface = self._place
            signal = Signal(service, "org.freedesktop.DBus.Properties", "PropertiesChanged", path)
            self._bus.subscribe(signal, self._changed)
        self._stale_at_s = now_s + self._max_age_s
        self._values = self._bus.properties(*self._place)
        return self._values

    def _changed(self, body: tuple[Any, ...]) -> None:
        if body and body[0] == self._interface:
            self._stale_at_s = 0.0
