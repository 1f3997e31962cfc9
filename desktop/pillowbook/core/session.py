"""Everything that needs an open vault, built in one place and closed as a whole."""

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, Protocol

from pillowbook.answering.adapt import Adapter
from pillowbook.answering.compose import Composer
from pillowbook.answering.match import Matcher, judge_pair, normalise_question
from pillowbook.answering.permission import SECRET, WORKED_OUT, Permission
from pillowbook.answering.retrieve import Retriever
from pillowbook.core import protocol as p
from pillowbook.core.hand import HandCall, UsersHand
from pillowbook.core.ledger_view import ledger_view
from pillowbook.core.library_loop import LibraryLoop
from pillowbook.core.machine import Machine
from pillowbook.core.other_programs import OtherPrograms
from pillowbook.core.overview import Overview
from pillowbook.core.reasons import WHY
from pillowbook.core.retention import Retention
from pillowbook.core.server_use import keep_key, server_choice, with_server
from pillowbook.domain.answers import Answer, AnswerKind, Effort, Freshness, Reason, Tokens
from pillowbook.domain.asking import AskMode, AskPart, Completion, PairVerdict, SearchHits, Turn
from pillowbook.domain.documents import DocumentState, Folder
from pillowbook.domain.errors import (
    DocumentUnknown,
    FolderMissing,
    FolderUnknown,
    NeverPrepared,
    SecretNotPrepared,
    SettingInvalid,
    WorkedOutWhenAsked,
)
from pillowbook.domain.events import Event, GateChanged, LibraryChanged, PreparedChanged
from pillowbook.domain.ids import ServingId
from pillowbook.domain.work import GateState, LedgerEntry, SliceKind, SliceResult
from pillowbook.flow.audit.audit import Auditor
from pillowbook.flow.audit.near_misses import NearMisses
from pillowbook.flow.distil.beyond import Beyond
from pillowbook.flow.distil.distil import Distiller
from pillowbook.flow.ingest.extractor.client import Extractor
from pillowbook.flow.ingest.ingest import Ingestor, ScanReport
from pillowbook.flow.predict.foresee import Foreseer
from pillowbook.flow.predict.predict import Predictor
from pillowbook.flow.prepare.evidence import NewEvidence
from pillowbook.flow.prepare.prepare import Preparer
from pillowbook.flow.serve.collected import Collected
from pillowbook.flow.serve.collections import Collections
from pillowbook.flow.serve.freshness import check_freshness, count_states
from pillowbook.flow.serve.questions import clean_question, clean_typed
from pillowbook.flow.serve.serve import Server
from pillowbook.host.power import Power
from pillowbook.host.workers import CancelToken
from pillowbook.models.clusterer.client import HdbscanClusterer
from pillowbook.models.metering import MeteredGenerator, TokenMeter
from pillowbook.models.remote.client import ServerGenerator
from pillowbook.schedule.budgets import Amount, Budgets, Costs
from pillowbook.schedule.gate import Rules, Sensed, decide
from pillowbook.schedule.runner import Runner, WorkTotals
from pillowbook.schedule.stages import FlowStages
from pillowbook.settings.catalogue import (
    BATTERY_FLOOR,
    ENERGY_BUDGET,
    GENERATOR,
    GPU_LAYERS,
    IDLE_AFTER,
    LEARN,
    LOAD_CEILING,
    PREPARE_SECRETS,
    SERVER_ADDRESS,
    SERVER_ALLOWED,
    SETTLE,
    TIME_BUDGET,
    TOKEN_BUDGET,
    UNLOAD_AFTER,
    WORK_HOURS,
    WORK_WHEN,
)
from pillowbook.settings.values import Settings
from pillowbook.store.library import DocumentChange
from pillowbook.store.vault import Vault

log = logging.getLogger(__name__)

TYPING_HOLD_S: Final = 20.0
"""So long after the last key press a question may still come; what was read for it is not pushed out meanwhile."""


class Session:
    """One open vault: library, background work and answers.

    Attributes:
        retention: forgets what was asked when its time has come.
        overview: reads what was distilled.
        others: what other programs may have, once the settings allow them anything.
    """

    def __init__(
        self, vault: Vault, settings: Settings, machine: Machine, *, tell: Callable[[Event], bool]
    ) -> None:
        self._settings = settings
        self._machine = machine
        self._tell = tell
        self.library = vault.library
        self.knowledge = vault.knowledge
        clock = machine.clock
        self._model = settings[GENERATOR]
        local = machine.generator(
            self._model, gpu_layers=settings[GPU_LAYERS], unload_after_s=60.0 * settings[UNLOAD_AFTER]
        )
        chosen = with_server(
            local,
            settings=settings,
            library=self.library,
            knowledge=self.knowledge,
            has_local=lambda: machine.installation.installed(self._model) is not None,
        )
        self._has_server = chosen is not local
        meter = TokenMeter()
        self._generator = MeteredGenerator(chosen, meter)
        self._budgets = Budgets(
            limits=self._limits,
            ledger=self.knowledge.ledger,
            began_at=self.knowledge.ledger_began_at,
            clock=clock,
        )
        self._embedder = machine.embedder()
        self._extractor = Extractor()
        retriever = Retriever(
            words=vault.words,
            vectors=vault.vectors,
            library=self.library,
            embedder=self._embedder,
            clock=clock,
        )
        composer = Composer(generator=self._generator, retriever=retriever, clock=clock)
        self._evidence = NewEvidence(library=self.library, knowledge=self.knowledge, vectors=vault.vectors)
        self._ingestor = Ingestor(
            self.library, self._extractor, self._embedder, clock, on_change=self._document_changed
        )
        self._loop = LibraryLoop(self.library, self._ingestor, on_change=self._library_changed)
        self._permission = Permission(
            self.knowledge, allows_secrets=lambda: bool(self._settings[PREPARE_SECRETS])
        )
        self._preparer = Preparer(
            composer=composer,
            retriever=retriever,
            library=self.library,
            knowledge=self.knowledge,
            clock=clock,
            permission=self._permission,
        )
        self.hand = UsersHand(
            knowledge=self.knowledge, library=self.library, on_changed=self._prepared_changed
        )
        self.retention = Retention(
            self.knowledge.remembered, settings, clock, on_forgotten=self._prepared_changed
        )
        self._beyond = beyond = Beyond(
            library=self.library,
            knowledge=self.knowledge,
            findings=vault.findings,
            digests=vault.digests,
            vectors=vault.vectors,
            retriever=retriever,
            generator=self._generator,
            clusterer=HdbscanClusterer(),
            clock=clock,
            permission=self._permission,
        )
        self._server = Server(
            matcher=Matcher(knowledge=self.knowledge, vectors=vault.vectors, retriever=retriever),
            composer=composer,
            adapter=Adapter(generator=self._generator, retriever=retriever),
            retriever=retriever,
            library=self.library,
            knowledge=self.knowledge,
            words=vault.words,
            clock=clock,
            reread=self._ingestor.passages_now,
            refresh=self._loop.refresh,
            on_withdrawn=self._prepared_changed,
            notice=self._loop.hear,
            permission=self._permission,
            collections=Collections(
                collected=Collected(
                    library=self.library,
                    findings=vault.findings,
                    words=vault.words,
                    retriever=retriever,
                    current_folders=beyond.folders.current,
                ),
                library=self.library,
                findings=vault.findings,
                clock=clock,
                catch_up=beyond.find,
                reread=self._ingestor.passages_now,
                refresh=self._loop.refresh,
            ),
        )
        self.overview = Overview(
            library=self.library,
            knowledge=self.knowledge,
            findings=vault.findings,
            digests=vault.digests,
            folders=beyond.folders,
            retriever=retriever,
        )
        self._runner = Runner(
            FlowStages(
                self.knowledge,
                Distiller(
                    library=self.library,
                    knowledge=self.knowledge,
                    digests=vault.digests,
                    generator=self._generator,
                    date_of=retriever.date_of,
                    permission=self._permission,
                ),
                Predictor(
                    date_of=retriever.date_of,
                    library=self.library,
                    knowledge=self.knowledge,
                    generator=self._generator,
                    embedder=self._embedder,
                    permission=self._permission,
                ),
                self._preparer,
                Auditor(
                    library=self.library,
                    knowledge=self.knowledge,
                    composer=composer,
                    retriever=retriever,
                    clock=clock,
                    permission=self._permission,
                ),
                beyond,
                NearMisses(knowledge=self.knowledge, generator=self._generator),
                Foreseer(
                    knowledge=self.knowledge,
                    findings=vault.findings,
                    clock=clock,
                    permission=self._permission,
                ),
                clock=clock,
            ),
            sense=self._sense,
            rules=self._rules,
            clock=clock,
            on_gate=lambda gate: self._say(GateChanged(gate)),
            on_slice=self._slice_done,
            idle=machine.senses.idle,
            costs=Costs(self._budgets, meter, machine.senses.energy, clock),
        )
        self.others = OtherPrograms(
            library=self.library,
            digests=vault.digests,
            overview=self.overview,
            server=self._server,
            hold=self._runner.hold,
        )
        self._typing_hold = TypingHold(self._runner, TYPING_HOLD_S)

    def start(self) -> None:
        """Begin watching and working."""
        self._loop.start()
        self.retention.start()
        self._machine.on_change = self._runner.wake
        self._runner.start()

    def close(self) -> None:
        """Stop everything and end the workers."""
        self._machine.on_change = None
        self._typing_hold.end()
        self.retention.stop()
        self._runner.stop()
        self._generator.close()
        self._embedder.close()
        self._extractor.close()
        self._loop.stop()

    # -- questions --------------------------------------------------------------------------------

    def ask(
        self,
        question: str,
        *,
        mode: AskMode,
        learn: bool,
        on_part: Callable[[AskPart], None] | None,
        cancel: CancelToken,
        after: Turn | None = None,
    ) -> Answer:
        """An answer, prepared or live; background work stands still meanwhile."""
        with self._runner.hold():
            answer = self._server.ask(
                question,
                mode=mode,
                learn=learn and self._settings[LEARN],
                on_part=on_part,
                cancel=cancel,
                after=after,
            )
        if answer.kind in (AnswerKind.LIVE, AnswerKind.ADAPTED):
            self._prepared_changed()  # it may be kept ready from now on
        elif answer.kind is not AnswerKind.HIT:
            self.wake()
        return answer

    def search(self, words: str, limit: int) -> SearchHits:
        """Passages by words, and by meaning where the embedder is up."""
        return self._server.search(words, limit=limit)

    def complete(self, typed: str, after: Turn | None = None) -> list[Completion]:
        """Prepared questions that fit what is typed."""
        return self._server.complete(typed, after=after)

    def preload(self) -> None:
        """Load the models behind the first key press; returns at once."""

        def load() -> None:
            with contextlib.suppress(Exception):  # the question itself will say what is wrong
                self._embedder.preload()
                self._generator.preload()

        threading.Thread(target=load, name="preload", daemon=True).start()

    def read_ahead(self, typed: str, cancel: CancelToken, after: Turn | None = None) -> None:
        """Read the prompt that what is typed would lead to, where the machine's power allows it."""
        if not has_power(self._machine.senses.power.power(), self._settings[BATTERY_FLOOR]):
            return
        self._typing_hold.renew()
        self._server.read_ahead(typed, cancel, after)

    def note_use(self, question: str) -> ServingId | None:
        """A prepared answer was used before Enter: it was asked for, if asking is learned from."""
        return self._server.note_use(question) if self._settings[LEARN] else None

    def note_opened(self, path: str, serving: ServingId | None) -> None:
        """A note was opened: it may be asked about next, if asking is learned from; a served answer remembers it."""
        document = self.library.document_at(path)
        if document is None:
            return
        if serving is not None:
            self.knowledge.remembered.note_opened(serving, document.id, self._machine.clock.now())
        if self._settings[LEARN]:
            self.knowledge.note_opened(path)

    def handle_hand(self, call: HandCall) -> object:
        """The reply to one of the hand's calls; a verdict has its effects, and is kept only where asking is."""
        reply = self.hand.handle(call)
        if isinstance(call, p.GiveVerdict) and not self._settings[LEARN]:
            self.retention.purge()
        return reply

    def prepare(self, question: str, cancel: CancelToken) -> Answer:
        """Prepare an answer now and say what it is.

        Raises:
            NeverPrepared, SecretNotPrepared: the user's own rule, or the settings, are against it.
            WorkedOutWhenAsked: its answer is another whenever a note changes.
        """
        text = clean_question(question)
        refusal = self._permission.refusal(text)
        if refusal:
            raise {SECRET: SecretNotPrepared, WORKED_OUT: WorkedOutWhenAsked}.get(refusal, NeverPrepared)()
        began = time.monotonic()
        started_at = self._machine.clock.now()
        normal = normalise_question(text)
        question_id = self.knowledge.add_question(text, normal, Reason.REQUESTED)
        with self._runner.hold():
            outcome = self._preparer.prepare(question_id, cancel)
        self.knowledge.put_ledger(
            LedgerEntry(
                kind=SliceKind.PREPARE,
                result=outcome.result,
                started_at=started_at,
                seconds=time.monotonic() - began,
                tokens=outcome.tokens,
                made=outcome.made,
                question_id=question_id,
            )
        )
        prepared = self.knowledge.prepared_for(question_id)
        if prepared is None and self.knowledge.tried(question_id) == SECRET:
            raise SecretNotPrepared()
        model = self._generator.model_id
        if prepared is None:
            return nothing_said(text, model, (time.monotonic() - began) * 1000)
        self._say(PreparedChanged(self.knowledge.counts().prepared))
        report = check_freshness(
            prepared, self.library, clock=self._machine.clock, reread=self._ingestor.passages_now
        )
        return Answer(
            question=text,
            answer=prepared.answer,
            kind=AnswerKind.HIT if prepared.answer else AnswerKind.NONE,
            freshness=report.freshness,
            confidence=prepared.confidence,
            matched_question=prepared.question,
            prepared_at=prepared.prepared_at,
            checked_at=report.checked_at,
            latency_ms=(time.monotonic() - began) * 1000,
            first_token_ms=None,
            tokens=prepared.tokens,
            model=prepared.model,
            effort=Effort.PREPARED,
            citations=prepared.citations,
            change_note=report.change_note,
            prepared_id=prepared.id,
            is_edited=prepared.edited_at is not None,
            is_pinned=prepared.is_pinned,
            checked_files=report.checked_files,
        )

    def judge(self, pairs: Sequence[p.Pair]) -> list[PairVerdict]:
        """What the hit policy says of pairs of questions."""
        if not pairs:
            return []
        texts = [clean_typed(text) for pair in pairs for text in (pair.prepared, pair.asked)]
        vectors = self._embedder.embed(texts, deadline_s=60 + len(texts))
        return [
            judge_pair(texts[2 * n], texts[2 * n + 1], float(vectors[2 * n] @ vectors[2 * n + 1]))
            for n in range(len(pairs))
        ]

    # -- the library ------------------------------------------------------------------------------

    def add_folder(self, path: str) -> Folder:
        """Watch a folder; reading it begins at once."""
        folder = self.library.add_folder(path)
        self._loop.folder_added(folder)
        return folder

    def remove_folder(self, path: str) -> None:
        """Stop watching a folder and delete everything derived from it."""
        for folder in self.library.folders():
            if folder.path == path:
                self.library.remove_folder(folder.id)
                self._loop.folder_removed(path)
                self._library_changed()
                return
        raise FolderUnknown()

    def sync(self, cancel: CancelToken, on_progress: Callable[[int, int], None]) -> p.ScanSummary:
        """Scan and read until all is up to date."""
        began = time.monotonic()
        report: ScanReport = self._loop.sync(cancel, on_progress)
        return p.ScanSummary(
            indexed=self.library.counts().by_state.get(DocumentState.INDEXED, 0),
            new=report.new,
            changed=report.changed,
            unchanged=report.unchanged,
            deleted=report.deleted,
            failed=len(self.library.documents(state=DocumentState.FAILED)),
            excluded=len(self.library.documents(state=DocumentState.EXCLUDED)),
            seconds=time.monotonic() - began,
        )

    def forget(self, path: str) -> None:
        """Drop what was derived from a document, or from all below a folder."""
        below = path.rstrip(os.sep) + os.sep
        known = [d for d in self.library.documents() if d.path == path or d.path.startswith(below)]
        if not known:
            raise DocumentUnknown()
        for document in known:
            self._ingestor.forget(document.path)
        self._library_changed()

    def documents_by_state(self) -> dict[str, int]:
        """Documents by state."""
        return {state.value: count for state, count in self.library.counts().by_state.items()}

    def troubles(self) -> tuple[p.DocumentTrouble, ...]:
        """Documents that are not indexed, and why."""
        return tuple(
            p.DocumentTrouble(d.path, d.state.value, d.reason)
            for state in (DocumentState.FAILED, DocumentState.EXCLUDED)
            for d in self.library.documents(state=state)
        )

    # -- background work --------------------------------------------------------------------------

    def work(
        self, seconds: float, on_totals: Callable[[WorkTotals], None], cancel: CancelToken
    ) -> WorkTotals:
        """Background work now; the library is brought up to date first."""
        self._loop.sync(cancel, lambda done, total: None)
        if not self._has_server:
            self._machine.installation.require(self._model)
        return self._runner.work(seconds, on_totals=on_totals, cancel=cancel)

    def secrets_allowed(self, *, is_allowed: bool) -> None:
        """Whether people's secrets may be prepared was decided anew."""
        with self._runner.hold():
            if not is_allowed:
                self.hand.delete_secrets()
            self._beyond.forget_secrets()

    def wake(self) -> None:
        """Something may be to do."""
        self._runner.wake()

    def gate_now(self) -> GateState:
        """The gate as it stands this moment."""
        return decide(self._sense(), self._rules())

    @property
    def is_working(self) -> bool:
        """Whether a slice runs."""
        return self._runner.is_working

    @property
    def is_generator_loaded(self) -> bool:
        """Whether the language model is in memory."""
        return self._generator.is_loaded

    @property
    def is_embedder_loaded(self) -> bool:
        """Whether the embedder is in memory."""
        return self._embedder.is_loaded

    def prepared_by_freshness(self) -> dict[str, int]:
        """Prepared answers by what a look at their files says now."""
        states = count_states(
            (one for one in self.knowledge.prepared_answers() if one.answer),
            self.library,
            reread=self._ingestor.passages_now,
        )
        return {state.value: states[state] for state in Freshness if states[state]}

    def prepared(self, limit: int) -> list[p.PreparedView]:
        """What was prepared, newest first."""
        reasons = {
            question.id: question.reason.value for question in self.knowledge.questions(limit=1_000_000)
        }
        newest = sorted(self.knowledge.prepared_answers(), key=lambda one: one.prepared_at, reverse=True)
        return [
            p.PreparedView(
                question=one.question,
                answer=one.answer,
                reason=reasons.get(one.question_id, ""),
                path=one.citations[0].path if one.citations else "",
                prepared_at=one.prepared_at,
                seconds=one.seconds,
                why=WHY.get(reasons.get(one.question_id, ""), ""),
            )
            for one in newest[:limit]
        ]

    def ledger(self, since: datetime | None, never_after_days: int) -> p.LedgerView:
        """What background work cost and brought."""
        return ledger_view(
            self.knowledge,
            self.library,
            now=self._machine.clock.now(),
            since=since,
            never_after_days=never_after_days,
        )

    # -- the user's own server --------------------------------------------------------------------

    def keep_here(self, path: str | None, *, is_kept: bool) -> list[str]:
        """Keep a folder's text on this machine, or let it go again; what is being sent is broken off.

        Raises:
            FolderMissing: there is no such folder or file, and none of that name is watched.
        """
        rules = self.library.kept_here
        if path is not None and is_kept:
            self._require_there(path)
            rules.keep(path)
            if self._has_server:
                self._generator.unload()
        elif path is not None:
            rules.release(path)
        return rules.paths()

    def keep_private(self, path: str | None, *, is_kept: bool) -> list[str]:
        """Let other programs use nothing below a path, or let them again.

        Raises:
            FolderMissing: there is no such folder or file, and none of that name is watched.
        """
        rules = self.library.kept_private
        if path is not None and is_kept:
            self._require_there(path)
            rules.keep(path)
        elif path is not None:
            rules.release(path)
        return rules.paths()

    def set_server_key(self, key: str) -> None:
        """Keep the server's key in the vault; the session has to be begun anew for it."""
        choice = server_choice(self._settings, self.knowledge)
        if choice is None:
            raise SettingInvalid(key=SERVER_ADDRESS.key, expected=SERVER_ADDRESS.kind.expected())
        keep_key(choice.address, key, self.knowledge)

    def check_server(self, cancel: CancelToken) -> p.ServerView:
        """Ask the server what models it has; no text is sent. Raises the errors of ServerGenerator."""
        choice = server_choice(self._settings, self.knowledge)
        if choice is None:
            raise SettingInvalid(key=SERVER_ADDRESS.key, expected=SERVER_ADDRESS.kind.expected())
        return p.ServerView(
            address=self._settings[SERVER_ADDRESS],
            is_allowed=self._settings[SERVER_ALLOWED],
            has_key=bool(choice.key),
            models=ServerGenerator(choice).models(cancel=cancel),
        )

    # -- small pieces -----------------------------------------------------------------------------

    def _require_there(self, path: str) -> None:
        if not os.path.lexists(path) and all(folder.path != path for folder in self.library.folders()):
            raise FolderMissing()

    def _sense(self) -> Sensed:
        """What the gate decides on; with a server there always is a model."""
        sensed = self._machine.sense(self._model)
        return replace(
            sensed,
            is_model_installed=sensed.is_model_installed or self._has_server,
            spent=self._budgets.left().spent_kind,
        )

    def _limits(self) -> Amount:
        return Amount(
            seconds=60.0 * self._settings[TIME_BUDGET],
            tokens=self._settings[TOKEN_BUDGET],
            energy_j=3600.0 * self._settings[ENERGY_BUDGET],
        )

    def _rules(self) -> Rules:
        return Rules(
            work_when=self._settings[WORK_WHEN],
            idle_after_s=self._settings[IDLE_AFTER],
            battery_floor_percent=self._settings[BATTERY_FLOOR],
            load_ceiling=self._settings[LOAD_CEILING] / 100,
            settle_s=60.0 * self._settings[SETTLE],
            hours=self._settings[WORK_HOURS],
        )

    def _document_changed(self, change: DocumentChange) -> None:
        self._evidence.consider(change)
        self._prepared_changed()

    def _prepared_changed(self) -> None:
        self._say(PreparedChanged(self.knowledge.counts().prepared))
        self.wake()

    def _library_changed(self) -> None:
        by_state = self.library.counts().by_state
        self._say(
            LibraryChanged(
                indexed=by_state.get(DocumentState.INDEXED, 0),
                waiting=by_state.get(DocumentState.WAITING, 0),
                failed=by_state.get(DocumentState.FAILED, 0),
            )
        )
        self._runner.retry()

    def _slice_done(self, entry: LedgerEntry) -> None:
        if (
            entry.kind in (SliceKind.PREPARE, SliceKind.AUDIT, SliceKind.JUDGE)
            and entry.result is SliceResult.DONE
        ):
            self._say(PreparedChanged(self.knowledge.counts().prepared))

    def _say(self, event: Event) -> None:
        self._tell(event)


def has_power(power: Power, floor_percent: int) -> bool:
    """Whether there is power for what nobody has asked for yet."""
    is_below = power.battery_percent is not None and power.battery_percent < floor_percent
    return not power.is_saving and (power.is_plugged or not (power.is_low or is_below))


class Holdable(Protocol):
    """Background work that can be made to stand still."""

    def hold(self) -> contextlib.AbstractContextManager[None]:
        """No background work until it is left."""
        ...


class TypingHold:
    """No background work while somebody types a question, and for a while after the last key press."""

    def __init__(self, runner: Holdable, seconds: float) -> None:
        self._runner = runner
        self._seconds = seconds
        self._lock = threading.Lock()
        self._held = contextlib.ExitStack()
        self._timer: threading.Timer | None = None

    def renew(self) -> None:
        """Hold, or hold on; the time begins anew."""
        with self._lock:
            if self._timer is None:
                self._held.enter_context(self._runner.hold())
            else:
                self._timer.cancel()
            timer = threading.Timer(self._seconds, self._expire)
            timer.daemon = True
            self._timer = timer
            timer.start()

    def _expire(self) -> None:
        with self._lock:
            # A timer that was too late to be cancelled must not end what was begun anew.
            is_over = self._timer is threading.current_thread()
        if is_over:
            self.end()

    def end(self) -> None:
        """Let background work go on."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            self._held.close()


def nothing_said(question: str, model: str, latency_ms: float) -> Answer:
    """'Your notes do not say', with nothing near."""
    return Answer(
        question=question,
        answer="",
        kind=AnswerKind.NONE,
        freshness=None,
        confidence=0.0,
        matched_question=None,
        prepared_at=None,
        checked_at=None,
        latency_ms=latency_ms,
        first_token_ms=None,
        tokens=Tokens(),
        model=model,
        effort=Effort.PREPARED,
        citations=(),
    )
