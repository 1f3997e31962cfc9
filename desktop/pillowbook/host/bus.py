"""D-Bus, as little of it as sensing needs: calls with a short deadline, and properties that are read once and then
only again when their owner says that they changed. The connection is opened when first used.

Nobody answering is an ordinary state (no such service, no bus at all) and never an error: the answer is None or empty.
"""

import contextlib
import logging
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

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
        on_change: called, on a thread of the bus, after a signal that somebody subscribed to; must return at once.
    """

    def __init__(self, bus: str = "SYSTEM", *, on_change: Callable[[], None] = lambda: None) -> None:
        self._bus = bus
        self._on_change = on_change
        self._lock = threading.Lock()
        self._router: Any = None
        self._connection: Any = None
        self._not_before_s = 0.0
        self._subscriptions: list[tuple[Signal, Handler]] = []
        self._is_closed = False

    def call(
        self, service: str, path: str, interface: str, member: str, signature: str = "", *arguments: object
    ) -> tuple[Any, ...] | None:
        """Call a method; None when nobody answers in :data:`ANSWER_WITHIN_S`, or with an error."""
        if sys.platform != "linux":
            return None
        from jeepney import DBusAddress, MessageType, new_method_call

        address = DBusAddress(path, service, interface)
        message = new_method_call(address, member, signature or None, arguments)
        router = self._open()
        if router is None:
            return None
        try:
            reply = router.send_and_get_reply(message, timeout=ANSWER_WITHIN_S)
        except TimeoutError:
            return None
        except Exception:  # a bus that went away refuses in many ways, some of them the library's own
            self._forget(router)
            return None
        return None if reply.header.message_type is MessageType.error else tuple(reply.body)

    def properties(self, service: str, path: str, interface: str) -> dict[str, Any]:
        """All properties of an interface, their values without D-Bus's wrapping; empty when nobody answers."""
        body = self.call(service, path, "org.freedesktop.DBus.Properties", "GetAll", "s", interface)
        return {} if not body else {name: value for name, (_type, value) in body[0].items()}

    def subscribe(self, signal: Signal, handler: Handler) -> None:
        """Have ``handler`` called with the arguments of each such signal, on a thread of the bus."""
        with self._lock:
            self._subscriptions.append((signal, handler))
            router = self._router
        if router is not None:
            self._listen(router, signal, handler)
        else:
            self._open()

    def close(self) -> None:
        """Let go of the connection for good."""
        with self._lock:
            self._is_closed = True
            router = self._router
        if router is not None:
            self._forget(router)

    def _open(self) -> Any:
        if sys.platform != "linux":
            return None
        from jeepney.io.threading import DBusRouter, open_dbus_connection

        with self._lock:
            if self._router is not None or self._is_closed or time.monotonic() < self._not_before_s:
                return self._router
            self._not_before_s = time.monotonic() + AGAIN_AFTER_S
            try:
                self._connection = open_dbus_connection(bus=self._bus)
            except Exception:  # no address, no socket, no permission, no answer: there is no bus for us
                return None
            self._router = router = DBusRouter(self._connection)
            subscriptions = list(self._subscriptions)
        for signal, handler in subscriptions:
            self._listen(router, signal, handler)
        return router

    def _listen(self, router: Any, signal: Signal, handler: Handler) -> None:
        from jeepney import MatchRule, message_bus

        rule = MatchRule(
            type="signal",
            sender=signal.service,
            interface=signal.interface,
            member=signal.member,
            path=signal.path,
        )
        with contextlib.suppress(Exception):  # found out by the next call
            router.send_and_get_reply(message_bus.AddMatch(rule), timeout=ANSWER_WITHIN_S)
        # Messages carry their sender's unique name; that it is the service is the bus's business.
        here = MatchRule(type="signal", interface=signal.interface, member=signal.member, path=signal.path)
        router.filter(here, queue=_Delivery(handler, self._on_change)).__enter__()

    def _forget(self, router: Any) -> None:
        with self._lock:
            if self._router is not router:
                return
            connection, self._router, self._connection = self._connection, None, None
        with contextlib.suppress(Exception):
            router.close()
        with contextlib.suppress(Exception):
            connection.close()


class _Delivery:
    """What jeepney's router takes for a queue: hands each message on at once."""

    def __init__(self, handler: Handler, on_change: Callable[[], None]) -> None:
        self._handler = handler
        self._on_change = on_change

    def put_nowait(self, message: Any) -> None:
        try:
            self._handler(tuple(message.body))
            self._on_change()
        except Exception as error:  # it would end the thread that reads the bus
            log.error("signal not handled", extra={"facts": {"error": type(error).__name__}})


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
