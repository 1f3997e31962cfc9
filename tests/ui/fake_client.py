"""A scripted core behind the real client: the windows under test speak the real protocol to it over a pipe."""

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

import msgspec

from pillowbook.answering.pairs import normalise_question
from pillowbook.core import protocol as p
from pillowbook.core.client import CoreClient
from pillowbook.core.connection import hang_up
from pillowbook.domain.answers import Answer, AnswerKind, Citation, Effort, Freshness, Related, Tokens
from pillowbook.domain.asking import AnswerText, Completion, LikelyPassage, SearchHit, SearchHits
from pillowbook.domain.documents import Folder
from pillowbook.domain.errors import (
    AlreadyRunning,
    AnswerUnknown,
    Cancelled,
    ConfirmationNeeded,
    FolderMissing,
    PassphraseNeeded,
    PassphraseWrong,
    PillowbookError,
    VaultLocked,
)
from pillowbook.domain.events import Event, GateChanged, PanelRequested, SettingChanged, VaultChanged
from pillowbook.domain.ids import ContentHash, DocumentId, FolderId, PassageId
from pillowbook.domain.serving import NeverRule
from pillowbook.domain.work import GateState
from pillowbook.host.workers import CancelToken
from pillowbook.settings.catalogue import ALL
from pillowbook.settings.values import named

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
OPEN_GATE = GateState(True, "open-idle", "Working while the machine is idle.")


def citation(
    title: str = "Boiler",
    quote: str = "Serviced on 14 March 2026 by Alan Pettifer; next service due March 2027.",
    *,
    heading: str = "Service record",
    line: int | None = 12,
    page: int | None = None,
    path: str = "/notes/Home/boiler.md",
) -> Citation:
    """A citation as the core would send it."""
    return Citation(
        document_id=DocumentId(1),
        passage_id=PassageId(1),
        passage_hash=ContentHash("0" * 64),
        path=path,
        title=title,
        quote=quote,
        start=0,
        end=len(quote),
        line=line,
        page=page,
        heading=heading,
    )


def answer(question: str, text: str = "", **changes: Any) -> Answer:
    """A prepared, fresh answer; ``changes`` replace fields."""
    made = Answer(
        question=question,
        answer=text,
        kind=AnswerKind.HIT,
        freshness=Freshness.FRESH,
        confidence=0.93,
        matched_question=question,
        prepared_at=datetime(2026, 11, 22, 2, 14, tzinfo=UTC),
        checked_at=NOW,
        latency_ms=14.0,
        first_token_ms=None,
        tokens=Tokens(),
        model="qwen2.5-coder-1.5b-instruct-q4_k_m",
        effort=Effort.PREPARED,
        citations=(citation(),) if text else (),
    )
    return replace(made, **changes)


@dataclass
class Script:
    """What the core answers. Tests change it before or between calls.

    Attributes:
        answers: by question; a list of parts and pauses (seconds) may be sent before it, by ``parts``.
        errors: by call name (its tag), raised instead of replying.
        holds: by call name, an event the call waits for, so that tests decide when it comes back.
    """

    vault: str = "open"
    passphrase: str = "correct horse"
    has_keychain: bool = True
    answers: dict[str, Answer] = field(default_factory=dict)
    parts: dict[str, list[LikelyPassage | AnswerText | float]] = field(default_factory=dict)
    completions: list[Completion] = field(default_factory=list)
    hits: tuple[SearchHit, ...] = ()
    folders: list[Folder] = field(default_factory=list)
    documents: dict[str, int] = field(
        default_factory=lambda: {"indexed": 53, "waiting": 0, "failed": 1, "excluded": 2}
    )
    troubles: tuple[p.DocumentTrouble, ...] = ()
    prepared: dict[str, int] = field(default_factory=lambda: {"fresh": 126})
    ready: list[p.PreparedView] = field(default_factory=list)
    never: list[NeverRule] = field(default_factory=list)
    gate: GateState = OPEN_GATE
    models: list[p.ModelView] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)
    errors: dict[str, PillowbookError] = field(default_factory=dict)
    holds: dict[str, threading.Event] = field(default_factory=dict)
    server_key: str = ""
    server_models: tuple[str, ...] = ("big", "small")
    is_taken: bool = False
    noted: int | None = None
    account: p.AccountView = field(
        default_factory=lambda: p.AccountView(
            name="all",
            spent_s=4_356.0,
            tokens=Tokens(291_700, 38_900),
            prepared=126,
            asked=23,
            saved_s=216.0,
            saved_per_spent=0.05,
            old=40,
            never_asked=22,
            share_wasted=0.55,
        )
    )


class ScriptedCore:
    """Answers a real :class:`CoreClient` from a script and remembers what was asked of it."""

    def __init__(self, script: Script | None = None) -> None:
        self.script = script or Script()
        self.calls: list[p.AnyCall] = []
        self.cancelled: list[str] = []
        self._connections: list[Connection[bytes, bytes]] = []
        self._threads: list[threading.Thread] = []
        self._running: dict[int, CancelToken] = {}
        self._sending = threading.Lock()

    def client(self, on_event: Callable[[Event], None]) -> CoreClient:
        """A new client connected to this core: what ``run_app`` takes as its factory."""
        ours, theirs = Pipe()
        self._connections.append(ours)
        self._spawn(self._serve, ours)
        return CoreClient(theirs, on_event=on_event)

    def tell(self, event: Event) -> None:
        """Send an event to the app."""
        for connection in self._connections:
            with contextlib.suppress(OSError, ValueError):
                self._send(connection, p.Told(type(event).__name__, p.raw(event)))

    def calls_of(self, kind: type[Any]) -> list[Any]:
        """The calls of one type, in order."""
        return [call for call in self.calls if isinstance(call, kind)]

    def drop_connections(self) -> None:
        """What a crash of the core looks like to its clients."""
        for connection in self._connections:
            with contextlib.suppress(OSError):
                hang_up(connection)

    def close(self) -> None:
        """End all threads."""
        for hold in self.script.holds.values():
            hold.set()
        for token in list(self._running.values()):
            token.cancel()
        self.drop_connections()
        for thread in self._threads:
            thread.join(timeout=5)

    # -- the wire ----------------------------------------------------------------------------------------------------

    def _spawn(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, name="scripted-core", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _send(self, connection: "Connection[bytes, bytes]", frame: p.FromCore) -> None:
        with self._sending:
            connection.send_bytes(p.encoder.encode(frame))

    def _serve(self, connection: "Connection[bytes, bytes]") -> None:
        try:
            while True:
                frame = p.decode_to_core(connection.recv_bytes())
                if isinstance(frame, p.CancelCall):
                    token = self._running.get(frame.seq)
                    if token is not None:
                        token.cancel()
                    continue
                self.calls.append(frame.call)
                token = self._running[frame.seq] = CancelToken()
                self._spawn(self._reply, connection, frame, token)
        except (OSError, EOFError, ValueError, msgspec.MsgspecError):
            connection.close()

    def _reply(
        self, connection: "Connection[bytes, bytes]", envelope: p.Envelope, token: CancelToken
    ) -> None:
        call = envelope.call
        tag = str(call.__struct_config__.tag)

        def part(value: object) -> None:
            self._send(connection, p.Part(envelope.seq, type(value).__name__, p.raw(value)))

        frame: p.FromCore
        try:
            if tag in self.script.holds:
                self.script.holds[tag].wait(timeout=10)
            if tag in self.script.errors:
                raise self.script.errors[tag]
            frame = p.Reply(envelope.seq, p.raw(self._answer(call, part, token)))
        except PillowbookError as error:
            if isinstance(error, Cancelled):
                self.cancelled.append(tag)
            frame = p.Failure(envelope.seq, error.code, error.facts)
        with contextlib.suppress(OSError, ValueError):
            self._send(connection, frame)

    # -- the script --------------------------------------------------------------------------------------------------

    def _answer(self, call: p.AnyCall, part: Callable[[object], None], token: CancelToken) -> object:
        script = self.script
        match call:
            case p.Attach():
                if script.is_taken:
                    raise AlreadyRunning()
            case p.GetStatus():
                return self._status()
            case p.ListSettings():
                return [self._setting(setting.key) for setting in ALL]
            case p.SetSetting(key, value, is_confirmed):
                setting = named(key)
                if setting.warning and not is_confirmed and setting.kind.parse(key, value) != setting.default:
                    raise ConfirmationNeeded(key=key, warning=setting.warning)
                script.values[key] = setting.kind.write(setting.kind.parse(key, value))
                self.tell(SettingChanged(key, script.values[key]))
            case p.ListModels():
                return script.models
            case p.InstallModel(model):
                self._install(model, part, token)
            case p.VaultInit():
                script.vault = "open"
                self.tell(VaultChanged(is_unlocked=True))
            case p.VaultUnlock(passphrase):
                if passphrase is None and not script.has_keychain:
                    raise PassphraseNeeded()
                if passphrase is not None and passphrase != script.passphrase:
                    raise PassphraseWrong()
                script.vault = "open"
                self.tell(VaultChanged(is_unlocked=True))
            case p.VaultLock():
                script.vault = "locked"
                self.tell(VaultChanged(is_unlocked=False))
            case p.WishPanel(wish):
                self.tell(PanelRequested(wish))
                return True
            case _:
                return self._answer_open(call, part, token)
        return p.Done()

    def _answer_open(self, call: p.AnyCall, part: Callable[[object], None], token: CancelToken) -> object:
        script = self.script
        if script.vault != "open":
            raise VaultLocked()
        match call:
            case p.Ask(question):
                for step in script.parts.get(question, []):
                    if isinstance(step, float):
                        self._wait(step, token)
                    else:
                        part(step)
                token.raise_if_cancelled()
                return script.answers.get(question) or refusal(question)
            case p.Search(words):
                return SearchHits(script.hits if words else (), 3.0)
            case p.Complete():
                return script.completions
            case p.AddFolder(path):
                if path.startswith("/missing"):
                    raise FolderMissing()
                folder = Folder(FolderId(len(script.folders) + 1), path, NOW)
                script.folders.append(folder)
                return folder
            case p.RemoveFolder(path):
                script.folders = [folder for folder in script.folders if folder.path != path]
            case p.SetServerKey(key):
                script.server_key = key
            case p.CheckServer():
                return p.ServerView(
                    "https://home:8443/v1", False, bool(script.server_key), script.server_models
                )
            case p.KeepHere(path, is_kept):
                script.folders = [
                    replace(folder, is_kept_here=is_kept) if folder.path == path else folder
                    for folder in script.folders
                ]
                return [folder.path for folder in script.folders if folder.is_kept_here]
            case p.KeepPrivate(path, is_kept):
                script.folders = [
                    replace(folder, is_kept_private=is_kept) if folder.path == path else folder
                    for folder in script.folders
                ]
                return [folder.path for folder in script.folders if folder.is_kept_private]
            case p.ListFolders():
                return script.folders
            case p.GetLedger(since):
                return p.LedgerView(
                    lines=(
                        p.LedgerLine("distil", 51, 812.0, 61_200, 9_100, 51, 0),
                        p.LedgerLine("predict", 51, 640.0, 40_100, 8_800, 214, 1),
                        p.LedgerLine("prepare", 163, 2_904.0, 190_400, 21_000, 126, 3, 56_160.0),
                    ),
                    prepared=126,
                    asked=41,
                    hits=23,
                    live=18,
                    total=script.account,
                    live_latency_ms=9_400.0,
                    live_answers=18,
                    since=since,
                )
            case p.NoteUse():
                return p.UseNoted(script.noted)
            case p.GiveVerdict(_, serving_id):
                return serving_id or 99
            case p.ListPrepared(words, limit):
                return self._listed(words.casefold().split(), limit)
            case p.PinAnswer(named, is_pinned):
                return self._change_ready(named, is_pinned=is_pinned)
            case p.EditAnswer(named, text):
                return self._change_ready(named, answer=text or "As it was.", is_edited=text is not None)
            case p.DeleteAnswer(named):
                view = self._named(named)
                script.ready.remove(view)
                return p.HandView(view.question, None, False, False)
            case p.NeverPrepare(question, is_never):
                kept = [rule for rule in script.never if rule.text != question]
                script.never = [*kept, NeverRule(question, NOW)] if question and is_never else kept
                return script.never
            case p.Pause(minutes):
                script.gate = (
                    GateState(False, "paused", f"Paused by you for another {minutes} min.")
                    if minutes
                    else OPEN_GATE
                )
                self.tell(GateChanged(script.gate))
                return script.gate
            case _:
                return p.Done()
        return p.Done()

    def _listed(self, words: list[str], limit: int) -> p.PreparedList:
        ready = self.script.ready
        found = [
            view
            for view in ready
            if all(word in f"{view.question} {view.answer} {view.path}".casefold() for word in words)
        ]
        return p.PreparedList(len(ready), len(found), found[:limit])

    def _named(self, named: str) -> p.PreparedView:
        """By number or by question, told apart as the core does it."""
        for view in self.script.ready:
            is_meant = (
                view.prepared == int(named)
                if named.strip().isdecimal()
                else normalise_question(view.question) == normalise_question(named)
            )
            if is_meant:
                return view
        raise AnswerUnknown()

    def _change_ready(self, named: str, **changes: object) -> p.HandView:
        old = self._named(named)
        new = msgspec.structs.replace(old, **changes)
        self.script.ready = [new if view is old else view for view in self.script.ready]
        return p.HandView(new.question, new.prepared, new.is_pinned, new.is_edited)

    def _install(self, model: str, part: Callable[[object], None], token: CancelToken) -> None:
        view = next(view for view in self.script.models if view.id == model)
        for step in range(0, 11):
            part(p.Progress(view.size_bytes * step // 10, view.size_bytes, "fetching"))
            self._wait(0.01, token)
        self.script.models = [
            msgspec.structs.replace(each, is_installed=each.is_installed or each.id == model)
            for each in self.script.models
        ]

    def _wait(self, seconds: float, token: CancelToken) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            token.raise_if_cancelled()
            time.sleep(0.005)

    def _setting(self, key: str) -> p.SettingView:
        setting = named(key)
        default = setting.kind.write(setting.default)
        value = self.script.values.get(key, default)
        return p.SettingView(key, value, default, setting.title, setting.help, setting.page.value)

    def _status(self) -> p.Status:
        script = self.script
        is_open = script.vault == "open"
        used = next((model for model in script.models if model.is_used and model.role == "generator"), None)
        return p.Status(
            version="0.1.0",
            vault=script.vault,
            folders=len(script.folders) if is_open else 0,
            documents=script.documents if is_open else {},
            troubles=script.troubles if is_open else (),
            passages=1204 if is_open else 0,
            digests=51 if is_open else 0,
            questions=214 if is_open else 0,
            prepared=script.prepared if is_open else {},
            refusals=9 if is_open else 0,
            gate=script.gate
            if is_open
            else GateState(False, "locked", "Nothing is prepared while the vault is closed."),
            is_working=False,
            generator="qwen2.5-coder-1.5b-instruct-q4_k_m",
            is_generator_installed=used.is_installed if used else True,
            is_generator_loaded=False,
            embedder="all-minilm-l6-v2",
            is_embedder_loaded=True,
            vault_bytes=18_400_000,
            has_keychain=script.has_keychain,
        )


def refusal(question: str) -> Answer:
    """What the core says of a question the notes do not answer."""
    return answer(
        question,
        kind=AnswerKind.NONE,
        freshness=None,
        matched_question=None,
        prepared_at=None,
        confidence=0.0,
        effort=Effort.LIVE,
        nearest=(
            citation(
                "Neighbours",
                "The Okafors at number 12 have a key and know where the stopcock is.",
                heading="Spare keys",
                line=9,
                path="/notes/People/neighbours.md",
            ),
        ),
    )


def sample_script() -> Script:
    """A small household's notes, for screenshots and tests that want everything at once."""
    question = "When is the boiler due for its next service?"
    ready = answer(
        question,
        "The next boiler service is due in March 2027. It was last serviced on 14 March 2026 by Alan Pettifer.",
        citations=(
            citation(),
            citation(
                "Boiler warranty letter",
                "The warranty remains valid provided the appliance is serviced every twelve months.",
                heading="Conditions",
                line=None,
                page=2,
                path="/notes/Home/boiler-warranty-letter.pdf",
            ),
        ),
        related=(
            Related("Who services the boiler?", "hit"),
            Related("When does the boiler warranty end?", "hit"),
        ),
    )
    live = "How much did the roof repair cost in the end?"
    changed = "What day are the bins collected?"
    newer = "What does the mortgage cost each month?"
    refused = "What is the name of Ruth's dentist?"
    unsure = "Which seeds go in first in spring?"
    return Script(
        folders=[
            Folder(FolderId(1), "/home/nora/Notes", NOW),
            Folder(FolderId(2), "/home/nora/Documents/House", NOW),
        ],
        answers={
            question: ready,
            live: answer(
                live,
                "The repair came to £2,340 including VAT, of which the insurer paid £1,990.",
                kind=AnswerKind.LIVE,
                prepared_at=None,
                matched_question=None,
                effort=Effort.LIVE,
                citations=(
                    citation(
                        "Roof leak 2025",
                        "Final invoice £2,340 inc. VAT. Insurer paid £1,990, we paid the £350 excess.",
                        heading="Invoice",
                        line=31,
                        path="/notes/Home/roof-leak-2025.md",
                    ),
                ),
            ),
            changed: answer(
                changed,
                "Bins are collected on Thursdays, alternating recycling and general waste.",
                kind=AnswerKind.LIVE,
                prepared_at=None,
                matched_question=None,
                effort=Effort.LIVE,
                freshness=Freshness.CHANGED,
                change_note="it said “Collection day is Tuesday”, now “Collection day is Thursday from 1 November”.",
                citations=(
                    citation(
                        "Bins and recycling",
                        "Collection day is Thursday from 1 November.",
                        heading="",
                        line=3,
                    ),
                ),
            ),
            newer: answer(
                newer,
                "The mortgage costs £1,184 a month.",
                freshness=Freshness.NEW_EVIDENCE,
                confidence=0.81,
                citations=(
                    citation(
                        "Mortgage", "Monthly payment £1,184, fixed until June 2027.", heading="Terms", line=8
                    ),
                ),
                nearest=(
                    citation(
                        "Week of 2 November",
                        "Bank wrote: payment goes to £1,201 from January.",
                        heading="Money",
                        line=22,
                    ),
                ),
            ),
            unsure: answer(unsure, "Broad beans, in late February.", confidence=0.31),
            refused: refusal(refused),
        },
        parts={
            live: [
                0.4,
                LikelyPassage(
                    citation(
                        "Roof leak 2025",
                        "Final invoice £2,340 inc. VAT. Insurer paid £1,990, we paid the £350 excess.",
                        heading="Invoice",
                        line=31,
                        path="/notes/Home/roof-leak-2025.md",
                    )
                ),
                0.6,
                AnswerText("The repair came to £2,340 "),
                AnswerText("including VAT, of which "),
                3.0,
            ],
            refused: [0.3],
        },
        completions=[
            Completion(question, 0.995, None),
            Completion("Who services the boiler?", 0.4, None),
            Completion("When does the boiler warranty end?", 0.3, None),
        ],
        hits=(
            SearchHit(
                "/notes/Home/boiler.md",
                "Boiler",
                "Serviced on 14 March 2026 by Alan Pettifer; next service due March 2027. He replaced the expansion "
                "vessel’s valve and said the boiler has five good years left in it if it is serviced every year.",
                9.1,
                12,
                None,
                "Service record",
            ),
            SearchHit(
                "/notes/Home/boiler-warranty-letter.pdf",
                "Boiler warranty letter",
                "The warranty remains valid provided the boiler is serviced every twelve months.",
                7.0,
                None,
                2,
                "Conditions",
            ),
            SearchHit(
                "/notes/Home/who-to-call.md",
                "Who to call",
                "Boiler: Alan Pettifer, 01632 960 181",
                5.2,
                4,
                None,
                "",
            ),
        ),
        troubles=(
            p.DocumentTrouble("/home/nora/Notes/Scans/passport.pdf", "failed", "encrypted"),
            p.DocumentTrouble("/home/nora/Documents/House/plans.dwg", "excluded", "unsupported-type"),
            p.DocumentTrouble("/home/nora/Documents/House/.git/config", "excluded", "hidden"),
        ),
        models=[
            p.ModelView(
                "qwen2.5-coder-1.5b-instruct-q4_k_m",
                "generator",
                "Qwen 2.5 Coder 1.5B",
                1_117_320_768,
                1700,
                "Apache-2.0",
                True,
                True,
                True,
            ),
            p.ModelView(
                "qwen2.5-coder-0.5b-instruct-q4_k_m",
                "generator",
                "Qwen 2.5 Coder 0.5B",
                491_400_064,
                800,
                "Apache-2.0",
                False,
                False,
                True,
            ),
            p.ModelView(
                "all-minilm-l6-v2",
                "embedder",
                "all-MiniLM-L6-v2",
                91_000_000,
                400,
                "Apache-2.0",
                True,
                True,
                True,
            ),
        ],
    )
