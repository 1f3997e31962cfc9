"""Everything that needs an open vault, built in one place and closed as a whole."""

import threading
from collections.abc import Callable

from pillowbook.core import protocol as p
from pillowbook.core.asking import Asking
from pillowbook.core.background import BackgroundWork
from pillowbook.core.folders import Folders
from pillowbook.core.hand import UsersHand
from pillowbook.core.library_loop import LibraryLoop
from pillowbook.core.machine import Machine
from pillowbook.core.other_programs import OtherPrograms
from pillowbook.core.prepared_view import prepared_by_freshness
from pillowbook.core.requested import RequestedAnswers
from pillowbook.core.retention import Retention
from pillowbook.core.server_use import with_server
from pillowbook.core.stream import build_stream
from pillowbook.domain.documents import DocumentState
from pillowbook.domain.events import Event, LibraryChanged, PreparedChanged
from pillowbook.flow.ingest.extractor.client import Extractor
from pillowbook.flow.ingest.ingest import Ingestor
from pillowbook.host.workers import CancelToken
from pillowbook.models.metering import MeteredGenerator, TokenMeter
from pillowbook.settings.catalogue import GENERATOR, GPU_LAYERS, LEARN, PREPARE_SECRETS, UNLOAD_AFTER
from pillowbook.settings.values import Settings
from pillowbook.store.library import DocumentChange
from pillowbook.store.vault import Vault

OpenCall = p.AskingCall | p.LibraryCall | p.OverviewCall | p.WorkCall | p.HandCall | p.OtherCall
"""What needs an open vault and nothing besides."""


class Session:
    """One open vault: library, background work and answers.

    Attributes:
        library, knowledge: the vault's, for whoever counts them.
        work: the background work.
        retention: forgets what was asked when its time has come.
    """

    def __init__(
        self, vault: Vault, settings: Settings, machine: Machine, *, tell: Callable[[Event], bool]
    ) -> None:
        self._settings = settings
        self._tell = tell
        self.library, self.knowledge = vault.library, vault.knowledge
        model = settings[GENERATOR]
        local = machine.generator(
            model, gpu_layers=settings[GPU_LAYERS], unload_after_s=60.0 * settings[UNLOAD_AFTER]
        )
        chosen = with_server(
            local,
            settings=settings,
            library=self.library,
            knowledge=self.knowledge,
            has_local=lambda: machine.installation.installed(model) is not None,
        )
        self._has_server = chosen is not local
        meter = TokenMeter()
        self._is_closed = threading.Event()
        self._generator = MeteredGenerator(chosen, meter)
        self._embedder = machine.embedder()
        self._extractor = Extractor()
        self._ingestor = Ingestor(
            self.library, self._extractor, self._embedder, machine.clock, on_change=self._document_changed
        )
        self._loop = LibraryLoop(self.library, self._ingestor, on_change=self._library_changed)
        stream = build_stream(
            vault,
            generator=self._generator,
            embedder=self._embedder,
            clock=machine.clock,
            allows_secrets=lambda: bool(settings[PREPARE_SECRETS]),
            reread=self._ingestor.passages_now,
            refresh=self._loop.refresh,
            notice=self._loop.hear,
            on_withdrawn=self._prepared_changed,
        )
        self._evidence = stream.evidence
        self._beyond = stream.beyond
        self._overview = stream.overview
        self._hand = UsersHand(
            knowledge=self.knowledge, library=self.library, on_changed=self._prepared_changed
        )
        self.retention = Retention(
            self.knowledge.remembered, settings, machine.clock, on_forgotten=self._prepared_changed
        )
        self.work = BackgroundWork(
            stream.stages,
            library=self.library,
            knowledge=self.knowledge,
            settings=settings,
            machine=machine,
            meter=meter,
            model=model,
            has_server=self._has_server,
            catch_up=lambda cancel: self._loop.sync(cancel, lambda done, total: None),
            tell=tell,
        )
        self._asking = Asking(
            server=stream.server,
            requested=RequestedAnswers(
                preparer=stream.preparer,
                permission=stream.permission,
                library=self.library,
                knowledge=self.knowledge,
                generator=self._generator,
                clock=machine.clock,
                reread=self._ingestor.passages_now,
                hold=self.work.hold,
                is_closed=self._is_closed.is_set,
                on_prepared=self._tell_prepared,
            ),
            library=self.library,
            knowledge=self.knowledge,
            generator=self._generator,
            embedder=self._embedder,
            settings=settings,
            work=self.work,
            power=machine.senses.power.power,
            clock=machine.clock,
            on_answered=self._prepared_changed,
        )
        self._folders = Folders(
            library=self.library,
            loop=self._loop,
            ingestor=self._ingestor,
            own=machine.profile.root,
            on_changed=self._library_changed,
            on_kept_here=self._break_off_sending,
        )
        self._others = OtherPrograms(
            library=self.library,
            digests=vault.digests,
            overview=stream.overview,
            server=stream.server,
            hold=self.work.hold,
        )

    def start(self) -> None:
        """Begin watching and working."""
        self._loop.start()
        self.retention.start()
        self.work.start()

    def close(self) -> None:
        """Stop everything and end the workers."""
        self._is_closed.set()
        self._asking.close()
        self.retention.stop()
        self.work.stop()
        self._generator.close()
        self._embedder.close()
        self._extractor.close()
        self._loop.stop()

    def handle(self, call: OpenCall, part: Callable[[object], None], cancel: CancelToken) -> object:
        """The reply to a call, from whoever answers its area. Raises PillowbookError."""
        if isinstance(call, p.AskingCall):
            return self._asking.handle(call, part, cancel)
        if isinstance(call, p.LibraryCall):
            return self._folders.handle(call, part, cancel)
        if isinstance(call, p.OverviewCall):
            return self._overview.handle(call)
        if isinstance(call, p.WorkCall):
            return self.work.handle(call, part, cancel)
        if isinstance(call, p.OtherCall):
            return self._others.handle(call, cancel)
        reply = self._hand.handle(call)
        if isinstance(call, p.GiveVerdict) and not self._settings[LEARN]:
            self.retention.purge()  # a verdict has its effects, and is kept only where asking is
        return reply

    def secrets_allowed(self, *, is_allowed: bool) -> None:
        """Whether people's secrets may be prepared was decided anew."""
        with self.work.hold():
            if not is_allowed:
                self._hand.delete_secrets()
            self._beyond.forget_secrets()

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
        return prepared_by_freshness(self.knowledge, self.library, self._ingestor.passages_now)

    # -- what changed -----------------------------------------------------------------------------

    def _document_changed(self, change: DocumentChange) -> None:
        self._evidence.consider(change)
        self._prepared_changed()

    def _prepared_changed(self) -> None:
        self._tell_prepared()
        self.work.wake()

    def _tell_prepared(self) -> None:
        self._tell(PreparedChanged(self.knowledge.counts().prepared))

    def _library_changed(self) -> None:
        by_state = self.library.counts().by_state
        self._tell(
            LibraryChanged(
                indexed=by_state.get(DocumentState.INDEXED, 0),
                waiting=by_state.get(DocumentState.WAITING, 0),
                failed=by_state.get(DocumentState.FAILED, 0),
            )
        )
        self.work.retry()

    def _break_off_sending(self) -> None:
        if self._has_server:
            self._generator.unload()
