"""The service: answers every call of the protocol, or hands it to whoever answers its area.

A vault is missing, locked or open; while it is open there is a :class:`~pillowbook.core.session.Session` that holds
everything which needs it, and locking closes that as a whole.
"""

import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from pillowbook.core import protocol as p
from pillowbook.core.machine import Machine
from pillowbook.core.server_use import SERVER_SETTINGS, check_server, keep_key
from pillowbook.core.session import Session
from pillowbook.core.setup import Setup
from pillowbook.core.status import status_view
from pillowbook.domain.errors import (
    Cancelled,
    DiskFull,
    Interrupted,
    OtherProgramsOff,
    PillowbookError,
    VaultExists,
    VaultLocked,
    VaultMissing,
)
from pillowbook.domain.events import Event, PanelRequested, VaultChanged
from pillowbook.domain.work import GateState
from pillowbook.host.workers import CancelToken
from pillowbook.settings.catalogue import (
    GENERATOR,
    GPU_LAYERS,
    KEEP_ASKED,
    LEARN,
    LOCK_AFTER,
    OTHER_PROGRAMS,
    PREPARE_SECRETS,
    UNLOAD_AFTER,
    Setting,
)
from pillowbook.settings.values import Settings
from pillowbook.store.keys import DISK_FULL_ERRNOS
from pillowbook.store.vault import Vault

log = logging.getLogger(__name__)

SETTLE_S: Final = 25.0


class Service:
    """One profile's service."""

    def __init__(
        self, vault: Vault, settings: Settings, machine: Machine, *, tell: Callable[[Event], bool]
    ) -> None:
        self._vault = vault
        self._settings = settings
        self._machine = machine
        self._tell = tell
        self._session: Session | None = None
        self._turning = threading.RLock()
        self._lock_timer: threading.Timer | None = None
        self._timing = threading.Lock()
        self._is_settled = threading.Event()
        self._setup = Setup(
            settings,
            machine,
            on_setting=self._setting_changed,
            on_installed=self._model_installed,
            tell=tell,
        )

    # -- life -------------------------------------------------------------------------------------

    def open_with_keychain(self) -> None:
        """Unlock at the start where the keychain allows it; otherwise stay locked."""
        try:
            if self._vault.exists:
                self._unlock(None)
        except PillowbookError as error:
            log.info("vault stays locked: %s", error.code)
        finally:
            self._is_settled.set()

    def close(self) -> None:
        """End everything; the vault is locked afterwards."""
        self._lock()
        self._machine.close()

    # -- the calls --------------------------------------------------------------------------------

    def handle(self, call: p.AnyCall, part: Callable[[object], None], cancel: CancelToken) -> object:
        """The reply to a call. Raises PillowbookError."""
        # A keychain may take its time at the start; a call that came early must not find the vault locked for that.
        self._is_settled.wait(SETTLE_S)
        session = self._session
        try:
            return self._handle(call, part, cancel)
        except Cancelled:
            if cancel.is_cancelled:
                raise
            # Not the client stopped this: the vault was locked meanwhile, or another model was chosen.
            self._open()
            if self._session is not session:
                raise Interrupted() from None
            raise
        except OSError as error:
            if error.errno in DISK_FULL_ERRNOS:
                raise DiskFull() from error
            raise

    def _handle(self, call: p.AnyCall, part: Callable[[object], None], cancel: CancelToken) -> object:
        if isinstance(call, p.VaultCall):
            return self._handle_vault(call)
        if isinstance(call, p.SetupCall):
            return self._setup.handle(call, part, cancel)
        if isinstance(call, p.ServerCall):
            return self._handle_server(call, cancel)
        if isinstance(call, p.HouseCall):
            return self._handle_house(call)
        if isinstance(call, p.OtherCall) and not self._settings[OTHER_PROGRAMS]:
            raise OtherProgramsOff()
        session = self._open()
        if isinstance(call, p.Ask):
            self._postpone_lock()  # another program's question does not put it off
        return session.handle(call, part, cancel)

    def _handle_vault(self, call: p.VaultCall) -> object:
        match call:
            case p.VaultInit(passphrase):
                self._init(passphrase)
            case p.VaultUnlock(passphrase):
                self._unlock(passphrase)
            case p.VaultLock():
                if not self._vault.exists:
                    raise VaultMissing()
                self._lock()
            case p.VaultCheck():
                self._open()
                return self._vault.check()
            case p.VaultRebuild():
                with self._turning:
                    self._open()
                    self._end_session()
                    self._vault.rebuild()
                    self._begin_session()
            case p.VaultPassphrase(passphrase):
                self._open()
                self._vault.set_passphrase(passphrase)
            case p.VaultRecovery():
                self._open()
                return self._vault.make_recovery_code()
            case p.VaultAudit():
                return p.VaultExposure(*self._vault.audit())
        return p.Done()

    def _handle_server(self, call: p.ServerCall, cancel: CancelToken) -> object:
        knowledge = self._open().knowledge
        match call:
            case p.SetServerKey(key):
                keep_key(self._settings, knowledge, key)
                self._begin_anew()
                return p.Done()
            case p.CheckServer():
                return check_server(self._settings, knowledge, cancel)

    def _handle_house(self, call: p.HouseCall) -> object:
        match call:
            case p.GetStatus():
                session = self._session
                vault = "open" if session is not None else "locked" if self._vault.exists else "missing"
                return status_view(self._machine, self._settings, session, vault)
            case p.Pause(minutes):
                return self._pause(minutes)
            case p.WishPanel(wish):
                return self._tell(PanelRequested(wish))
            case p.Stop() | p.Attach():  # the listener's own
                return p.Done()

    # -- vault ------------------------------------------------------------------------------------

    def _open(self) -> Session:
        session = self._session
        if session is None:
            raise VaultLocked() if self._vault.exists else VaultMissing()
        return session

    def _init(self, passphrase: str | None) -> None:
        with self._turning:
            if self._vault.exists:
                raise VaultExists()
            self._vault.create(passphrase)
            if not self._vault.is_unlocked:
                self._vault.unlock(passphrase)
            self._begin_session()

    def _unlock(self, passphrase: str | None) -> None:
        with self._turning:
            if self._session is not None:
                return
            self._vault.unlock(passphrase)
            self._begin_session()

    def _lock(self) -> None:
        with self._turning:
            self._end_session()
            self._vault.lock()
        self._tell(VaultChanged(is_unlocked=False))

    def _begin_session(self) -> None:
        session = Session(self._vault, self._settings, self._machine, tell=self._tell)
        session.start()
        self._session = session
        self._postpone_lock()
        self._tell(VaultChanged(is_unlocked=True))

    def _end_session(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def _postpone_lock(self) -> None:
        """Begin the time to the automatic lock anew. Every call has a thread of its own: one timer runs at a time."""
        with self._timing:
            if self._lock_timer is not None:
                self._lock_timer.cancel()
                self._lock_timer = None
            minutes = self._settings[LOCK_AFTER]
            if minutes:
                self._lock_timer = threading.Timer(minutes * 60, self._lock)
                self._lock_timer.daemon = True
                self._lock_timer.start()

    # -- what changed -----------------------------------------------------------------------------

    def _pause(self, minutes: int) -> GateState:
        machine = self._machine
        machine.paused_until = machine.clock.now() + timedelta(minutes=minutes) if minutes > 0 else None
        session = self._open()
        session.work.wake()
        return session.work.gate_now()

    def _model_installed(self) -> None:
        if self._session is not None:
            self._session.work.wake()

    def _setting_changed(self, setting: Setting[Any]) -> None:
        """Let a changed setting have its effect."""
        if setting in SERVER_SETTINGS or setting in (GENERATOR, GPU_LAYERS, UNLOAD_AFTER):
            self._begin_anew()
        if setting is LOCK_AFTER:
            self._postpone_lock()
        if self._session is not None:
            if setting in (LEARN, KEEP_ASKED):
                self._session.retention.purge()
            if setting is PREPARE_SECRETS:
                self._session.secrets_allowed(is_allowed=self._settings[PREPARE_SECRETS])
            self._session.work.wake()

    def _begin_anew(self) -> None:
        """Another generator: the session is ended and begun with it."""
        with self._turning:
            if self._session is not None:
                self._end_session()
                self._begin_session()
