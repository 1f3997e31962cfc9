"""The one entrance to the core: calls run off the GUI thread, their results come back on it.

A result is dropped when the widget that asked for it is gone, or when the same owner has since made a newer call on
the same channel, so that an old keystroke can never overwrite a new one.
"""

import logging
import weakref
from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

from PySide6.QtCore import QObject, QRunnable, Qt, QThreadPool, QTimer, Signal, Slot
from shiboken6 import isValid

from pillowbook.core.client import CoreClient
from pillowbook.domain.errors import AlreadyRunning, Cancelled, CoreUnreachable, PillowbookError
from pillowbook.domain.events import (
    Event,
    GateChanged,
    LibraryChanged,
    PanelRequested,
    PreparedChanged,
    SettingChanged,
    VaultChanged,
)
from pillowbook.host.workers import CancelToken

T = TypeVar("T")
log = logging.getLogger(__name__)

ClientFactory = Callable[[Callable[[Event], None]], CoreClient]
MAX_CALLS: Final = 8
WATCH_EVERY_MS: Final = 3000
CLOSE_DEADLINE_MS: Final = 3000


class Ticket:
    """A call under way. ``cancel()`` asks the core to stop it and drops whatever still comes."""

    def __init__(self, owner: QObject, channel: str) -> None:
        self.cancel_token = CancelToken()
        self.channel = channel
        self.is_dropped = False
        self._owner = weakref.ref(owner)

    @property
    def owner(self) -> QObject | None:
        """Who asked, or None once it is gone."""
        owner = self._owner()
        return owner if owner is not None and isValid(owner) else None


class _Job(QRunnable):
    def __init__(self, run: Callable[[], None]) -> None:
        super().__init__()
        self._run = run

    def run(self) -> None:
        self._run()


class Controller(QObject):
    """Holds the client of the core, and connects anew once when the core is lost.

    Signals:
        connected: the core is there and knows us as its app.
        refused(PillowbookError): the core did not take us, for instance because another app is running.
        lost(PillowbookError): the core went away and could not be had back.
        gate_changed(GateState), library_changed(LibraryChanged), prepared_changed(int), vault_changed(bool),
        setting_changed(str, str), panel_requested(PanelWish): what the core tells.
    """

    connected = Signal()
    refused = Signal(object)
    lost = Signal(object)
    gate_changed = Signal(object)
    library_changed = Signal(object)
    prepared_changed = Signal(int)
    vault_changed = Signal(bool)
    setting_changed = Signal(str, str)
    panel_requested = Signal(object)

    _delivered = Signal(object)
    _event_told = Signal(object)

    def __init__(self, client_factory: ClientFactory, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._client_factory = client_factory
        self._client: CoreClient | None = None
        self._newest: dict[tuple[int, str], Ticket] = {}
        self._pool = QThreadPool()
        self._pool.setMaxThreadCount(MAX_CALLS)
        self._watch = QTimer(self)
        self._watch.setTimerType(Qt.TimerType.VeryCoarseTimer)
        self._watch.setInterval(WATCH_EVERY_MS)
        self._is_connecting = False
        self._has_reconnected = False
        self._is_closed = False
        self._connect()

    def _connect(self) -> None:
        self._delivered.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._event_told.connect(self._tell, Qt.ConnectionType.QueuedConnection)
        self._watch.timeout.connect(self._look_after_connection)

    # -- the connection ----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Connect to the core, which may have to be started; ``connected`` or ``refused`` tells the outcome."""
        if self._is_connecting or self._is_closed:
            return
        self._is_connecting = True
        self.run(self, self._make_client, self._client_made, self._client_failed)

    @property
    def is_connected(self) -> bool:
        """Whether calls can be made now."""
        return self._client is not None and self._client.is_connected

    def close(self) -> None:
        """Hang up; nothing is delivered any more. The core goes on without us."""
        self._is_closed = True
        self._watch.stop()
        client, self._client = self._client, None
        if client is not None:
            client.close()
        self._pool.clear()
        self._pool.waitForDone(CLOSE_DEADLINE_MS)

    def _make_client(self) -> CoreClient:
        client = self._client_factory(self._event_told.emit)
        try:
            client.attach()
        except PillowbookError:
            client.close()
            raise
        if self._is_closed:
            client.close()
        return client

    def _client_made(self, client: CoreClient) -> None:
        self._is_connecting = False
        self._client = client
        self._watch.start()
        self.connected.emit()

    def _client_failed(self, error: PillowbookError) -> None:
        self._is_connecting = False
        if self._has_reconnected and not isinstance(error, AlreadyRunning):
            self.lost.emit(error)
        else:
            self.refused.emit(error)

    @Slot()
    def _look_after_connection(self) -> None:
        if self._client is None or self._client.is_connected or self._is_closed:
            return
        self._watch.stop()
        self._client = None
        if self._has_reconnected:
            self.lost.emit(CoreUnreachable())
            return
        # Once by itself: a core that ends twice in one session has a reason that starting it again will not cure.
        self._has_reconnected = True
        log.warning("core lost, connecting again")
        self.start()

    # -- calls -------------------------------------------------------------------------------------------------------

    def call(
        self,
        owner: QObject,
        work: Callable[[CoreClient], T],
        done: Callable[[T], None] | None = None,
        failed: Callable[[PillowbookError], None] | None = None,
        *,
        channel: str = "",
    ) -> Ticket:
        """Run ``work(client)`` on another thread and hand its result to ``done`` on this one.

        Args:
            done, failed: bound methods of ``owner``; not called once it is gone. Cancellation is silent.
            channel: a newer call of the same owner on the same channel drops this one; empty for none.
        """
        return self._submit(owner, lambda _ticket: work(self._connected()), done, failed, channel)

    def stream(
        self,
        owner: QObject,
        work: Callable[[CoreClient, Callable[[Any], None], CancelToken], T],
        part: Callable[[Any], None],
        done: Callable[[T], None] | None = None,
        failed: Callable[[PillowbookError], None] | None = None,
        *,
        channel: str = "",
    ) -> Ticket:
        """As :meth:`call`; ``work(client, on_part, cancel)`` may send parts on the way."""

        def run(ticket: Ticket) -> T:
            def on_part(value: object) -> None:
                self._send(ticket, part, value)

            return work(self._connected(), on_part, ticket.cancel_token)

        return self._submit(owner, run, done, failed, channel)

    def run(
        self,
        owner: QObject,
        work: Callable[[], T],
        done: Callable[[T], None] | None = None,
        failed: Callable[[PillowbookError], None] | None = None,
    ) -> Ticket:
        """Run something slow that needs no core on another thread."""
        return self._submit(owner, lambda _ticket: work(), done, failed, "")

    def cancel(self, ticket: Ticket) -> None:
        """Drop what the call would still bring, and have the core stop it."""
        ticket.is_dropped = True
        # The token writes to the socket, which may have to wait for the core.
        self._pool.start(_Job(ticket.cancel_token.cancel))

    def _connected(self) -> CoreClient:
        client = self._client
        if client is None:
            raise CoreUnreachable()
        return client

    def _submit(
        self,
        owner: QObject,
        work: Callable[[Ticket], T],
        done: Callable[[T], None] | None,
        failed: Callable[[PillowbookError], None] | None,
        channel: str,
    ) -> Ticket:
        ticket = Ticket(owner, channel)
        if channel:
            older = self._newest.get((id(owner), channel))
            if older is not None:
                older.is_dropped = True
            self._newest[(id(owner), channel)] = ticket

        def run() -> None:
            if ticket.is_dropped or ticket.owner is None:
                return
            try:
                result = work(ticket)
            except Cancelled:
                return
            except PillowbookError as error:
                self._send(ticket, failed, error)
            except Exception as error:  # the slot's boundary: a bug must not end in silence
                log.error("call failed: %s", type(error).__name__)
                self._send(ticket, failed, PillowbookError())
            else:
                self._send(ticket, done, result)

        self._pool.start(_Job(run))
        return ticket

    def _send(self, ticket: Ticket, receive: Callable[[Any], None] | None, value: object) -> None:
        if receive is not None and not ticket.is_dropped and isValid(self):
            self._delivered.emit((ticket, receive, value))

    # -- on the GUI thread -------------------------------------------------------------------------------------------

    @Slot(object)
    def _deliver(self, delivery: object) -> None:
        ticket, receive, value = cast("tuple[Ticket, Callable[[Any], None], object]", delivery)
        if not self._is_closed and not ticket.is_dropped and ticket.owner is not None:
            receive(value)

    @Slot(object)
    def _tell(self, event: Event) -> None:
        if self._is_closed:
            return
        match event:
            case GateChanged(gate):
                self.gate_changed.emit(gate)
            case LibraryChanged():
                self.library_changed.emit(event)
            case PreparedChanged(prepared):
                self.prepared_changed.emit(prepared)
            case VaultChanged(is_unlocked):
                self.vault_changed.emit(is_unlocked)
            case SettingChanged(key, value):
                self.setting_changed.emit(key, value)
            case PanelRequested(wish):
                self.panel_requested.emit(wish)
