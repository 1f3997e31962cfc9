"""The core's client: what the window and the command line hold. Blocking and thread-safe.

Each method sends one call and waits for its reply; parts are handed to ``on_part`` on the client's reading thread,
events to ``on_event`` likewise, so both must be quick (the window only emits signals there).
"""

import contextlib
import itertools
import os
import queue
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection
from typing import Any, Final, TypeVar

import msgspec

from pillowbook.core import protocol as p
from pillowbook.domain.answers import Answer
from pillowbook.domain.asking import AskMode, AskPart, Completion, PairVerdict, SearchHits, Turn
from pillowbook.domain.digests import Conflict, DatedFact, DigestHit, RelatedNote, Task
from pillowbook.domain.documents import Folder
from pillowbook.domain.errors import CoreUnreachable, MessageTooLarge, remake
from pillowbook.domain.events import Event, PanelWish
from pillowbook.domain.serving import NeverRule, Verdict
from pillowbook.domain.work import GateState
from pillowbook.host.paths import Profile
from pillowbook.host.workers import CancelToken

T = TypeVar("T")
START_DEADLINE_S: Final = 120.0
"""A core takes a second or two; beside a build or a backup, or from a slow disk, it was seen to take half a minute."""


class CoreClient:
    """One connection to the core of a profile."""

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

    # -- asking -----------------------------------------------------------------------------------

    def attach(self) -> None:
        """Become the app of this profile and hear events. Raises AlreadyRunning when there is one."""
        self._request(p.Attach(), p.Done)

    def ask(
        self,
        question: str,
        *,
        mode: AskMode = AskMode.AUTO,
        learn: bool = True,
        on_part: Callable[[AskPart], None] | None = None,
        cancel: CancelToken | None = None,
        after: Turn | None = None,
    ) -> Answer:
        """The answer, prepared or live; live text comes to ``on_part`` as it is written.

        Args:
            after: what was asked before, for questions that lean on it.
        """
        return self._request(p.Ask(question, mode, learn, after), Answer, on_part=on_part, cancel=cancel)

    def search(self, words: str, *, limit: int = 10) -> SearchHits:
        """Passages by words and meaning."""
        return self._request(p.Search(words, limit), SearchHits)

    def complete(self, typed: str, *, after: Turn | None = None) -> list[Completion]:
        """Prepared questions that fit what is typed so far, best first."""
        return self._request(p.Complete(typed, after), list[Completion])

    def preload(self) -> None:
        """Have the models loaded because somebody began to type; returns at once."""
        self._request(p.Preload(), p.Done)

    def read_ahead(self, typed: str, *, after: Turn | None = None) -> None:
        """Have the prompt read that what is typed would lead to; returns when that is done, or is of no use."""
        self._request(p.ReadAhead(typed, after), p.Done)

    def note_use(self, question: str) -> int | None:
        """Count a prepared answer that was used before Enter as asked; the serving, where it is remembered."""
        return self._request(p.NoteUse(question), p.UseNoted).serving

    def note_opened(self, path: str, serving: int | None = None) -> None:
        """Tell that a note was opened, and from which answer that was served."""
        self._request(p.NoteOpened(path, serving), p.Done)

    # -- the library ------------------------------------------------------------------------------

    def add_folder(self, path: str) -> Folder:
        """Watch a folder or a single file."""
        return self._request(p.AddFolder(path), Folder)

    def remove_folder(self, path: str) -> None:
        """Stop watching and delete everything derived from it."""
        self._request(p.RemoveFolder(path), p.Done)

    def keep_here(self, path: str | None = None, *, is_kept: bool = True) -> list[str]:
        """Let nothing below a path leave this machine, or let it again; gives all paths that are kept."""
        return self._request(p.KeepHere(path, is_kept), list[str])

    def keep_private(self, path: str | None = None, *, is_kept: bool = True) -> list[str]:
        """Let other programs use nothing below a path, or let them again; gives all paths that are kept."""
        return self._request(p.KeepPrivate(path, is_kept), list[str])

    def folders(self) -> list[Folder]:
        """The watched folders."""
        return self._request(p.ListFolders(), list[Folder])

    def sync(
        self, *, on_progress: Callable[[p.Progress], None] | None = None, cancel: CancelToken | None = None
    ) -> p.ScanSummary:
        """Scan and ingest until all is up to date."""
        return self._request(p.Sync(), p.ScanSummary, on_part=on_progress, cancel=cancel)

    def forget(self, path: str) -> None:
        """Drop what was derived from a document or folder until it changes."""
        self._request(p.Forget(path), p.Done)

    # -- background work --------------------------------------------------------------------------

    def work(
        self,
        seconds: float,
        *,
        on_progress: Callable[[p.Progress], None] | None = None,
        cancel: CancelToken | None = None,
    ) -> p.WorkSummary:
        """Background work for so many seconds, whatever the gate says."""
        return self._request(p.Work(seconds), p.WorkSummary, on_part=on_progress, cancel=cancel)

    def prepare(self, question: str, *, cancel: CancelToken | None = None) -> Answer:
        """Keep an answer to this question ready."""
        return self._request(p.Prepare(question), Answer, cancel=cancel)

    def match(self, pairs: Sequence[p.Pair]) -> list[PairVerdict]:
        """What the hit policy says of pairs of questions."""
        return self._request(p.Match(tuple(pairs)), list[PairVerdict])

    def digests(self, path: str | None = None) -> list[p.DigestView]:
        """Digests of one document or of all."""
        return self._request(p.GetDigest(path), list[p.DigestView])

    def folder_digests(self, path: str) -> list[p.DigestView]:
        """The digest of a folder and of those below it."""
        return self._request(p.GetFolderDigest(path), list[p.DigestView])

    def topics(self, name: str | None = None) -> list[p.TopicView]:
        """All topics, or those whose label holds the words of a name."""
        return self._request(p.GetTopics(name), list[p.TopicView])

    def find_digests(self, question: str, *, limit: int = 5) -> list[DigestHit]:
        """Which folders and topics a question is about."""
        return self._request(p.FindDigests(question, limit), list[DigestHit])

    def timeline(self) -> list[DatedFact]:
        """Dated facts by day."""
        return self._request(p.GetTimeline(), list[DatedFact])

    def tasks(self) -> list[Task]:
        """Tasks by the day they are due."""
        return self._request(p.GetTasks(), list[Task])

    def conflicts(self) -> list[Conflict]:
        """Statements that contradict each other."""
        return self._request(p.GetConflicts(), list[Conflict])

    def related(self, path: str) -> list[RelatedNote]:
        """Notes that belong to one though nobody linked them."""
        return self._request(p.GetRelated(path), list[RelatedNote])

    def prepared(self, *, limit: int = 200) -> list[p.PreparedView]:
        """What was prepared, newest first."""
        return self._request(p.ListPrepared(limit), list[p.PreparedView])

    def pause(self, minutes: int) -> GateState:
        """No background work for so many minutes; 0 ends a pause."""
        return self._request(p.Pause(minutes), GateState)

    def status(self) -> p.Status:
        """How everything stands."""
        return self._request(p.GetStatus(), p.Status)

    def ledger(self, *, since: datetime | None = None, never_after_days: int = 14) -> p.LedgerView:
        """What background work cost and brought, from a time on or altogether."""
        return self._request(p.GetLedger(since, never_after_days), p.LedgerView)

    # -- the user's hand --------------------------------------------------------------------------

    def give_verdict(
        self, verdict: Verdict, *, serving_id: int | None = None, prepared_id: int | None = None
    ) -> int:
        """Say what an answer is worth: one that was served, or a prepared one that was only seen."""
        return self._request(p.GiveVerdict(verdict, serving_id, prepared_id), int)

    def pin(self, answer: str, *, is_pinned: bool = True) -> p.HandView:
        """Keep an answer before all others; it is named by its number or its question."""
        return self._request(p.PinAnswer(answer, is_pinned), p.HandView)

    def edit(self, answer: str, text: str | None) -> p.HandView:
        """Put other words over a prepared answer; None takes them away again."""
        return self._request(p.EditAnswer(answer, text), p.HandView)

    def delete(self, answer: str) -> p.HandView:
        """Delete a prepared answer."""
        return self._request(p.DeleteAnswer(answer), p.HandView)

    def delete_digest(self, path: str) -> None:
        """Delete a document's digest until the document changes."""
        self._request(p.DeleteDigest(path), p.Done)

    def never_prepare(self, question: str | None = None, *, is_never: bool = True) -> list[NeverRule]:
        """Never prepare a question, or again; all such rules."""
        return self._request(p.NeverPrepare(question, is_never), list[NeverRule])

    # -- for other programs -----------------------------------------------------------------------

    def ask_for_other(
        self, question: str, *, is_prepared_only: bool = False, cancel: CancelToken | None = None
    ) -> Answer:
        """The answer that another program may have."""
        return self._request(p.AskForOther(question, is_prepared_only), Answer, cancel=cancel)

    def search_for_other(
        self, words: str, *, limit: int = 10, cancel: CancelToken | None = None
    ) -> SearchHits:
        """The passages that another program may see."""
        return self._request(p.SearchForOther(words, limit), SearchHits, cancel=cancel)

    def digest_for_other(
        self, path: str | None = None, *, topic: str = "", cancel: CancelToken | None = None
    ) -> p.DigestsForOther:
        """The digests of a path, or of topics, that another program may read."""
        return self._request(p.DigestForOther(path, topic), p.DigestsForOther, cancel=cancel)

    # -- the vault --------------------------------------------------------------------------------

    def vault_init(self, passphrase: str | None = None) -> None:
        """Make the vault; it is unlocked afterwards."""
        self._request(p.VaultInit(passphrase), p.Done)

    def unlock(self, passphrase: str | None = None) -> None:
        """Open the vault with the keychain, or with a passphrase."""
        self._request(p.VaultUnlock(passphrase), p.Done)

    def lock(self) -> None:
        """Close the vault: keys dropped, workers ended."""
        self._request(p.VaultLock(), p.Done)

    def vault_check(self) -> list[str]:
        """Findings about the vault's integrity; empty when sound."""
        return self._request(p.VaultCheck(), list[str])

    def vault_rebuild(self) -> None:
        """Make the indexes anew from the database."""
        self._request(p.VaultRebuild(), p.Done)

    def set_passphrase(self, passphrase: str) -> None:
        """Set or change the passphrase."""
        self._request(p.VaultPassphrase(passphrase), p.Done)

    # -- models, settings, the app ----------------------------------------------------------------

    def models(self) -> list[p.ModelView]:
        """The catalogue, with what is installed."""
        return self._request(p.ListModels(), list[p.ModelView])

    def install_model(
        self,
        model: str,
        *,
        on_progress: Callable[[p.Progress], None] | None = None,
        cancel: CancelToken | None = None,
    ) -> None:
        """Fetch a model; progress in bytes."""
        self._request(p.InstallModel(model), p.Done, on_part=on_progress, cancel=cancel)

    def settings(self) -> list[p.SettingView]:
        """All settings with their values."""
        return self._request(p.ListSettings(), list[p.SettingView])

    def set_server_key(self, key: str) -> None:
        """Keep the model server's key; empty for none."""
        self._request(p.SetServerKey(key), p.Done)

    def check_server(self) -> p.ServerView:
        """See whether the model server answers; no text is sent."""
        return self._request(p.CheckServer(), p.ServerView)

    def set_setting(self, key: str, value: str, *, is_confirmed: bool = False) -> None:
        """Change a setting, given in its written form.

        Raises:
            ConfirmationNeeded: the user has to be told the setting's warning first, and to say yes.
        """
        self._request(p.SetSetting(key, value, is_confirmed), p.Done)

    def wish_panel(self, wish: PanelWish) -> bool:
        """Tell the running app what is wanted; False when no app is running."""
        return self._request(p.WishPanel(wish), bool)

    def stop(self) -> None:
        """End the core."""
        self._request(p.Stop(), p.Done)

    @property
    def is_connected(self) -> bool:
        """Whether the core is still there."""
        return not self._is_closed

    def close(self) -> None:
        """Hang up. Calls still waiting raise CoreUnreachable."""
        hang_up(self._connection)
        if threading.current_thread() is not self._reader:
            self._reader.join(timeout=5)

    def __enter__(self) -> "CoreClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- the wire ---------------------------------------------------------------------------------

    def _request(
        self,
        call: p.AnyCall,
        reply: type[T],
        *,
        on_part: Callable[[Any], None] | None = None,
        cancel: CancelToken | None = None,
    ) -> T:
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


def connect(profile: Profile, *, on_event: Callable[[Event], None] | None = None) -> CoreClient | None:
    """A client of the running core, or None when no core runs."""
    try:
        token = profile.token_file.read_bytes()
        connection = Client(profile.socket_address, authkey=token)
    except (OSError, EOFError, AuthenticationError):
        return None
    return CoreClient(connection, on_event=on_event)


def ensure_core(profile: Profile, *, on_event: Callable[[Event], None] | None = None) -> CoreClient:
    """A client of the core, which is started when it is not running.

    Raises:
        CoreUnreachable: it did not come up within :data:`START_DEADLINE_S`.
        PillowbookError: it refused to start, with its own reason.
    """
    client = connect(profile, on_event=on_event)
    if client is not None:
        return client
    profile.prepare()
    deadline = time.monotonic() + START_DEADLINE_S
    while time.monotonic() < deadline:
        word = _start_core(profile, deadline - time.monotonic())
        if word not in ("ready", "running", ""):
            raise remake(word, {})
        client = connect(profile, on_event=on_event)
        if client is not None:
            return client
        # Another core holds the profile and does not answer: it has only just begun, or is about to end.
        time.sleep(0.2)
    raise CoreUnreachable()


def _start_core(profile: Profile, deadline_s: float) -> str:
    """Start the core; returns the one word it says once it can be reached or knows that it cannot serve."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pillowbook.core", "--profile", str(profile.root)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    stdout = process.stdout
    assert stdout is not None
    said: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=lambda: said.put(stdout.readline()), name="core-start", daemon=True).start()
    try:
        return said.get(timeout=max(0.1, deadline_s)).decode("ascii", "replace").strip()
    except queue.Empty:
        process.kill()
        raise CoreUnreachable() from None
    finally:
        # Only a core that serves goes on; nobody else waits for this child.
        process.returncode = 0
