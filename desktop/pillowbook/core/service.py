"""The service: answers every call of the protocol.

A vault is missing, locked or open; while it is open there is a :class:`~pillowbook.core.session.Session` that holds
everything which needs it, and locking closes that as a whole.
"""

import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from errno import ENAMETOOLONG
from pathlib import Path
from typing import Final

from pillowbook import __version__
from pillowbook.core import protocol as p
from pillowbook.core.machine import Machine
from pillowbook.core.server_use import SERVER_SETTINGS
from pillowbook.core.session import Session
from pillowbook.domain.errors import (
    Cancelled,
    ConfirmationNeeded,
    DiskFull,
    FolderMissing,
    FolderUnreadable,
    FolderUnsuitable,
    Interrupted,
    ModelCannotWrite,
    OtherProgramsOff,
    PillowbookError,
    SettingInvalid,
    VaultExists,
    VaultLocked,
    VaultMissing,
)
from pillowbook.domain.events import Event, PanelRequested, SettingChanged, VaultChanged
from pillowbook.domain.ids import ServingId
from pillowbook.domain.work import GateState
from pillowbook.host.workers import CancelToken
from pillowbook.models.own_file import is_own_file, own_entry
from pillowbook.schedule.runner import WorkTotals
from pillowbook.settings.catalogue import (
    ALL,
    GENERATOR,
    GPU_LAYERS,
    KEEP_ASKED,
    LEARN,
    LOCK_AFTER,
    OTHER_PROGRAMS,
    PREPARE_SECRETS,
    SERVER_ADDRESS,
    SERVER_ALLOWED,
    UNLOAD_AFTER,
)
from pillowbook.settings.values import Settings, named
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
        self._is_settled = threading.Event()

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
        match call:
            case p.Ask(question, mode, learn, after):
                session = self._open()
                self._postpone_lock()
                return session.ask(question, mode=mode, learn=learn, on_part=part, cancel=cancel, after=after)
            case p.Search(words, limit):
                return self._open().search(words, limit)
            case p.Complete(typed, after):
                return self._open().complete(typed, after)
            case p.Preload():
                self._open().preload()
            case p.ReadAhead(typed, after):
                self._open().read_ahead(typed, cancel, after)
            case p.NoteUse(question):
                return p.UseNoted(self._open().note_use(question))
            case p.NoteOpened(path, serving):
                self._open().note_opened(path, None if serving is None else ServingId(serving))
            case p.AddFolder(path):
                return self._open().add_folder(readable(path, self._machine.profile.root))
            case p.RemoveFolder(path):
                self._open().remove_folder(absolute(path))
            case p.KeepHere(path, is_kept):
                return self._open().keep_here(None if path is None else absolute(path), is_kept=is_kept)
            case p.KeepPrivate(path, is_kept):
                return self._open().keep_private(None if path is None else absolute(path), is_kept=is_kept)
            case p.AskForOther() | p.SearchForOther() | p.DigestForOther():
                return self._for_other(call, cancel)
            case p.SetServerKey(key):
                self._open().set_server_key(key)
                self._begin_anew()
            case p.CheckServer():
                return self._open().check_server(cancel)
            case p.ListFolders():
                return self._open().library.folders()
            case p.Sync():
                return self._open().sync(
                    cancel, lambda done, total: part(p.Progress(done, total, "indexing"))
                )
            case p.Work(seconds):
                return self._work(seconds, part, cancel)
            case p.Prepare(question):
                return self._open().prepare(question, cancel)
            case p.Match(pairs):
                return self._open().judge(pairs)
            case p.GetDigest(path):
                return self._open().overview.documents(None if path is None else absolute(path))
            case p.GetFolderDigest(path):
                return self._open().overview.folder(absolute(path))
            case p.GetTopics(name):
                return self._open().overview.topics(name)
            case p.FindDigests(question, limit):
                return self._open().overview.about(question, limit)
            case p.GetTimeline():
                return self._open().overview.timeline()
            case p.GetTasks():
                return self._open().overview.tasks()
            case p.GetConflicts():
                return self._open().overview.conflicts()
            case p.GetRelated(path):
                return self._open().overview.related(absolute(path))
            case p.ListPrepared(limit):
                return self._open().prepared(limit)
            case p.GetLedger(since, never_after_days):
                return self._open().ledger(since, never_after_days)
            case p.DeleteDigest(path):
                return self._open().hand.handle(p.DeleteDigest(absolute(path)))
            case p.GiveVerdict() | p.PinAnswer() | p.EditAnswer() | p.DeleteAnswer() | p.NeverPrepare():
                return self._open().handle_hand(call)
            case p.Forget(path):
                self._open().forget(absolute(path))
            case p.Pause(minutes):
                return self._pause(minutes)
            case p.GetStatus():
                return self._status()
            case _:
                return self._handle_house(call, part, cancel)
        return p.Done()

    def _handle_house(self, call: p.AnyCall, part: Callable[[object], None], cancel: CancelToken) -> object:
        """Calls that need no open vault."""
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
            case p.ListModels():
                return self._models()
            case p.InstallModel(model):

                def tell(done: int, total: int) -> None:
                    cancel.raise_if_cancelled()
                    part(p.Progress(done, total, "fetching"))

                self._machine.installation.install(model, tell)
                if self._session is not None:
                    self._session.wake()
            case p.ListSettings():
                return [
                    p.SettingView(
                        s.key,
                        self._settings.text(s.key),
                        s.kind.write(s.default),
                        s.title,
                        s.help,
                        s.page.value,
                    )
                    for s in ALL
                ]
            case p.SetSetting(key, value, is_confirmed):
                self._set(key, value, is_confirmed=is_confirmed)
            case p.WishPanel(wish):
                return self._tell(PanelRequested(wish))
            case p.Stop():
                pass
            case _:
                raise PillowbookError(call=type(call).__name__)
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
        """Begin the time to the automatic lock anew."""
        if self._lock_timer is not None:
            self._lock_timer.cancel()
            self._lock_timer = None
        minutes = self._settings[LOCK_AFTER]
        if minutes:
            self._lock_timer = threading.Timer(minutes * 60, self._lock)
            self._lock_timer.daemon = True
            self._lock_timer.start()

    # -- the rest ---------------------------------------------------------------------------------

    def _for_other(
        self, call: p.AskForOther | p.SearchForOther | p.DigestForOther, cancel: CancelToken
    ) -> object:
        """A call of another program, where the user allows them; it does not put the automatic lock off."""
        if not self._settings[OTHER_PROGRAMS]:
            raise OtherProgramsOff()
        if isinstance(call, p.DigestForOther) and call.path is not None:
            call = p.DigestForOther(absolute(call.path))
        return self._open().others.handle(call, cancel)

    def _work(self, seconds: float, part: Callable[[object], None], cancel: CancelToken) -> p.WorkSummary:
        def tell(totals: WorkTotals) -> None:
            note = f"{totals.digests} digests, {totals.questions} questions, {totals.answers} answers"
            part(p.Progress(round(totals.seconds), round(seconds), note))

        totals = self._open().work(seconds, tell, cancel)
        return p.WorkSummary(
            seconds=totals.seconds,
            slices=totals.slices,
            digests=totals.digests,
            questions=totals.questions,
            answers=totals.answers,
            refused=totals.refused,
            failed=totals.failed,
            prompt_tokens=totals.tokens.prompt,
            completion_tokens=totals.tokens.completion,
            is_exhausted=totals.is_exhausted,
        )

    def _pause(self, minutes: int) -> GateState:
        machine = self._machine
        machine.paused_until = machine.clock.now() + timedelta(minutes=minutes) if minutes > 0 else None
        session = self._open()
        session.wake()
        return session.gate_now()

    def _models(self) -> list[p.ModelView]:
        installation = self._machine.installation
        used = {self._settings[GENERATOR], self._machine.embedder_entry.id}
        own = [own_entry(name) for name in used if is_own_file(name)]
        return [
            p.ModelView(
                id=entry.id,
                role=entry.role,
                title=entry.title,
                size_bytes=entry.size_bytes,
                memory_mb=entry.memory_mb,
                licence=entry.licence,
                is_installed=installation.installed(entry.id) is not None,
                is_used=entry.id in used,
                was_run=entry.was_run,
            )
            for entry in (*own, *self._machine.catalogue.entries)
        ]

    def _set(self, key: str, value: str, *, is_confirmed: bool) -> None:
        setting = named(key)
        if setting.warning and not is_confirmed and setting.kind.parse(key, value) != setting.default:
            raise ConfirmationNeeded(key=key, warning=setting.warning)
        if setting is GENERATOR:
            entry = self._machine.installation.entry(value.strip())  # raises before anything is changed
            if entry.role != "generator":
                raise ModelCannotWrite(model=entry.id)
            if entry.is_own:
                self._machine.installation.require(entry.id)
        if (
            setting is SERVER_ALLOWED
            and setting.kind.parse(key, value)
            and not self._settings[SERVER_ADDRESS]
        ):
            raise SettingInvalid(key=key, expected=f"name the server first, with {SERVER_ADDRESS.key}")
        if setting is SERVER_ADDRESS and setting.kind.parse(key, value) != self._settings[SERVER_ADDRESS]:
            # What was allowed was allowed for another machine.
            self._settings.set_text(SERVER_ALLOWED.key, "off")
            self._tell(SettingChanged(SERVER_ALLOWED.key, "off"))
        self._settings.set_text(key, value)
        if setting in SERVER_SETTINGS:
            self._begin_anew()
        if setting in (GENERATOR, GPU_LAYERS, UNLOAD_AFTER) and self._session is not None:
            with self._turning:
                self._end_session()
                self._begin_session()
        if setting is LOCK_AFTER:
            self._postpone_lock()
        if self._session is not None:
            if setting in (LEARN, KEEP_ASKED):
                self._session.retention.purge()
            if setting is PREPARE_SECRETS:
                self._session.secrets_allowed(is_allowed=self._settings[PREPARE_SECRETS])
            self._session.wake()
        self._tell(SettingChanged(key, self._settings.text(key)))

    def _begin_anew(self) -> None:
        """Another generator: the session is ended and begun with it."""
        with self._turning:
            if self._session is not None:
                self._end_session()
                self._begin_session()

    def _status(self) -> p.Status:
        machine, session = self._machine, self._session
        state = "open" if session is not None else "locked" if self._vault.exists else "missing"
        model = self._settings[GENERATOR]
        closed = GateState(False, "locked", "Nothing is prepared while the vault is closed.")
        return p.Status(
            version=__version__,
            vault=state,
            folders=len(session.library.folders()) if session else 0,
            documents=session.documents_by_state() if session else {},
            troubles=session.troubles() if session else (),
            passages=session.library.counts().passages if session else 0,
            digests=session.knowledge.counts().digests if session else 0,
            questions=session.knowledge.counts().questions if session else 0,
            prepared=session.prepared_by_freshness() if session else {},
            refusals=session.knowledge.counts().prepared_refusals if session else 0,
            gate=session.gate_now() if session else closed,
            is_working=session.is_working if session else False,
            generator=model,
            is_generator_installed=machine.installation.installed(model) is not None,
            is_generator_loaded=session.is_generator_loaded if session else False,
            embedder=machine.embedder_entry.id,
            is_embedder_loaded=session.is_embedder_loaded if session else False,
            vault_bytes=machine.vault_bytes(),
            has_keychain=machine.has_keychain(),
            server=self._settings[SERVER_ADDRESS] if self._settings[SERVER_ALLOWED] else "",
        )


def absolute(path: str) -> str:
    """The path as the vault keeps it: absolute, links in it resolved as far as they exist."""
    try:
        return str(Path(path).expanduser().resolve())
    except (OSError, RuntimeError, ValueError):  # links that go round in a circle, a NUL in the name
        return str(Path(path).absolute())


def readable(path: str, own: Path) -> str:
    """The absolute path of a folder or file that can be read.

    Args:
        own: the profile's folder, which is nobody's notes.
    Raises:
        FolderMissing, FolderUnreadable, FolderUnsuitable: nothing was added.
    """
    try:
        target = Path(path).expanduser().resolve(strict=True)
        if target.is_relative_to(own.resolve()):
            raise FolderUnsuitable()
        if target.is_dir():
            next(iter(target.iterdir()), None)
        elif target.is_file():  # and no pipe, which would keep whoever opens it waiting
            with target.open("rb"):
                pass
        else:
            raise FolderUnsuitable()
    except (FileNotFoundError, NotADirectoryError, RuntimeError, ValueError):
        raise FolderMissing() from None
    except OSError as error:
        raise (
            FolderMissing() if error.errno == ENAMETOOLONG else FolderUnreadable(errno=error.errno or 0)
        ) from None
    return str(target)
