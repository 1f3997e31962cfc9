"""The stream on the real vault and ingest, with an embedder of words and a generator that says what it is told."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.fakes.embedder import HashEmbedder
from tests.fakes.generator import ScriptedGenerator

from pillowbook.answering.adapt import AdaptParameters
from pillowbook.answering.match import normalise_question
from pillowbook.answering.sureness import Regression
from pillowbook.core.hand import UsersHand
from pillowbook.core.stream import build_stream
from pillowbook.domain.answers import PreparedAnswer, Reason
from pillowbook.domain.clock import SystemClock
from pillowbook.domain.ids import DocumentId, QuestionId
from pillowbook.domain.work import SliceOutcome
from pillowbook.flow.ingest.extractor.client import Extractor
from pillowbook.flow.ingest.ingest import Ingestor
from pillowbook.host.keychain import MemoryKeychain
from pillowbook.host.paths import Profile
from pillowbook.models.generator.client import Message
from pillowbook.store.crypto import KdfCost
from pillowbook.store.library import DocumentChange
from pillowbook.store.vault import Vault


class ShiftedClock(SystemClock):
    """The machine's clock, some days on."""

    days = 0

    def now(self) -> datetime:
        return super().now() + timedelta(days=self.days)


class Stream:
    """Everything from files to answers.

    Attributes:
        says: what the generator answers, by a piece of the question.
        refresh: reads files anew that are found changed while something is asked; without it they wait for ``sync``.
    """

    adapts = AdaptParameters(Regression((0.0, 0.0, 0.0), 0.0), bar=1.0, threshold=1.0)
    """Nothing is adapted, but in the tests of that."""

    def __init__(self, root: Path) -> None:
        self.notes = root / "notes"
        self.notes.mkdir(exist_ok=True)
        profile = Profile(root / "profile")
        profile.prepare()
        self.clock = clock = ShiftedClock()
        self.vault = Vault(
            profile, MemoryKeychain(), clock, kdf_cost=KdfCost(memory_kib=64, passes=1, lanes=1)
        )
        if self.vault.exists:
            self.vault.unlock("secret")
        else:
            self.vault.create("secret")
        self.library, self.knowledge = self.vault.library, self.vault.knowledge
        self.embedder = HashEmbedder()
        self.says: dict[str, str] = {}
        self.doubts: set[str] = set()
        self.generator = ScriptedGenerator(self._reply, score=self._weigh, refusal=self._refuse)
        self._extractor = Extractor()
        self.ingestor = Ingestor(self.library, self._extractor, self.embedder, clock, on_change=self._changed)
        self._folder = self.library.add_folder(str(self.notes))
        self.allows_secrets = False
        self.refresh: Callable[[Sequence[str]], None] | None = None
        self.built = built = build_stream(
            self.vault,
            generator=self.generator,
            embedder=self.embedder,
            clock=clock,
            allows_secrets=lambda: self.allows_secrets,
            reread=self.ingestor.passages_now,
            refresh=self._refresh,
            adapts=self.adapts,
        )
        self.evidence = built.evidence
        self.retriever, self.composer, self.matcher = built.retriever, built.composer, built.matcher
        self.adapter, self.server, self.overview = built.adapter, built.server, built.overview
        self.distiller, self.beyond = built.distiller, built.beyond
        self.predictor, self.foreseer = built.predictor, built.foreseer
        self.preparer, self.auditor, self.near_misses = built.preparer, built.auditor, built.near_misses
        self.stages = built.stages
        self.hand = UsersHand(knowledge=self.knowledge, library=self.library, on_changed=lambda: None)

    def write(self, name: str, text: str) -> Path:
        path = self.notes / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def sync(self) -> None:
        self.ingestor.sync(lambda: False)

    def document(self, name: str) -> DocumentId:
        document = self.library.document_at(str(self.notes / name))
        assert document is not None
        return document.id

    def unread(self) -> list[DocumentId]:
        """Documents with text that no questions were predicted from."""
        return [one.document_id for one in self.knowledge.interests() if not one.is_read]

    def add_question(self, text: str, reason: Reason = Reason.REQUESTED) -> QuestionId:
        return self.knowledge.add_question(text, normalise_question(text), reason)

    def prepare(self, text: str, reason: Reason = Reason.REQUESTED) -> SliceOutcome:
        return self.preparer.prepare(self.add_question(text, reason))

    def prepared(self, text: str) -> PreparedAnswer | None:
        question = self.knowledge.question_by_normal(normalise_question(text))
        return None if question is None else self.knowledge.prepared_for(question.id)

    def _refresh(self, paths: Sequence[str]) -> None:
        if self.refresh is not None:
            self.refresh(paths)

    def _changed(self, change: DocumentChange) -> None:
        self.evidence.consider(change)

    def close(self) -> None:
        self._extractor.close()
        self.vault.lock()

    def _refuse(self, messages: Sequence[Message]) -> float:
        return -0.1 if any(piece in messages[-1].text for piece in self.doubts) else -12.0

    def _weigh(self, messages: Sequence[Message], option: str) -> float:
        """Yes, the units answer the question; no, where a piece of it is doubted."""
        is_doubted = any(piece in messages[-1].text for piece in self.doubts)
        return -0.02 if (option == "No") == is_doubted else -4.0

    def _reply(self, messages: Sequence[Message]) -> str:
        asked = messages[-1].text
        for piece, reply in self.says.items():
            if piece in asked:
                return reply
        return "not said"


@pytest.fixture
def stream(tmp_path: Path) -> Iterator[Stream]:
    stream = Stream(tmp_path)
    yield stream
    stream.close()


BOILER = """# Boiler

Calderwick Ember 28, fitted on 22 September 2025 by Dev Marsh.

## Living with it

- Cold pressure should sit between **1.2 and 1.5 bar**.
- Reset: hold the flame button for five seconds.
"""


@pytest.fixture
def boiler(stream: Stream) -> Stream:
    """A note about the boiler, and a prepared answer about its pressure."""
    stream.write("boiler.md", BOILER)
    stream.write("dog.md", "# Mungo\n\nMungo weighs 27.4 kg. His vet is Femi at Saltmarsh Vets.\n")
    stream.sync()
    stream.says["boiler pressure"] = "The cold pressure should sit between 1.2 and 1.5 bar."
    stream.prepare("What should the cold boiler pressure be?")
    return stream
