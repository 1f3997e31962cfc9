"""What code does over many documents in one slice: finding, and comparing with other documents."""

from collections.abc import Callable

from pillowbook.answering.permission import Permission, gives_secret_away, text_gives_secret_away
from pillowbook.answering.retrieve import Retriever
from pillowbook.answering.units import split_units
from pillowbook.domain.clock import Clock
from pillowbook.domain.digests import PassKind
from pillowbook.domain.documents import DocumentState
from pillowbook.domain.errors import Cancelled, Damaged, DocumentUnknown, Transient, UserFixable
from pillowbook.domain.ids import DocumentId, PassageId
from pillowbook.domain.work import SliceOutcome, SliceResult
from pillowbook.flow.distil.compare import Comparer
from pillowbook.flow.distil.findings import find_in_document
from pillowbook.flow.distil.folders import FolderDistiller
from pillowbook.flow.distil.topics import TopicMaker
from pillowbook.host.workers import CancelToken
from pillowbook.models.clusterer.client import Clusterer
from pillowbook.models.generator.client import Generator
from pillowbook.store.digests import Digests
from pillowbook.store.findings import Findings
from pillowbook.store.knowledge import Knowledge
from pillowbook.store.library import Library
from pillowbook.store.part import SourcesChanged
from pillowbook.store.vectors import VectorStore

SLICE_S = 3.0
"""After so long a slice takes no further document: one takes milliseconds to find in and a second to compare."""

HEAD = 200


class Beyond:
    """Everything that is distilled besides the digests of single documents.

    Attributes:
        folders, topics: make digests of those.
    """

    def __init__(
        self,
        *,
        library: Library,
        knowledge: Knowledge,
        findings: Findings,
        digests: Digests,
        vectors: VectorStore,
        retriever: Retriever,
        generator: Generator,
        clusterer: Clusterer,
        clock: Clock,
        permission: Permission | None = None,
    ) -> None:
        self._permission = permission or Permission(knowledge)
        self._library = library
        self._findings = findings
        self._clock = clock
        self._comparer = Comparer(
            library=library,
            findings=findings,
            vectors=vectors,
            retriever=retriever,
            permission=self._permission,
        )
        self.digests = digests
        self.folders = FolderDistiller(
            library=library,
            digests=digests,
            generator=generator,
            retriever=retriever,
            permission=self._permission,
        )
        self.topics = TopicMaker(
            library=library,
            knowledge=knowledge,
            digests=digests,
            vectors=vectors,
            clusterer=clusterer,
            generator=generator,
            retriever=retriever,
            permission=self._permission,
        )

    def is_find_due(self) -> bool:
        """Whether there is a document that code has not read."""
        return bool(self._findings.documents_without(PassKind.FIND, 1))

    def is_compare_due(self) -> bool:
        """Whether there is a document that was not compared with the others."""
        return bool(self._findings.documents_without(PassKind.COMPARE, 1))

    def find(self, cancel: CancelToken | None = None) -> SliceOutcome:
        """Find in some documents; ``made`` counts them. Each is stored by itself, so nothing is done twice."""
        return self._each(PassKind.FIND, self._find_in, cancel)

    def compare(self, cancel: CancelToken | None = None) -> SliceOutcome:
        """Compare some documents with the rest; ``made`` counts them."""
        return self._each(PassKind.COMPARE, self._comparer.compare, cancel)

    def forget_secrets(self) -> None:
        """What was distilled from notes that hold secrets goes, to be made anew as they are allowed now."""
        holding: dict[DocumentId, list[PassageId]] = {}
        for document in self._library.documents(state=DocumentState.INDEXED):
            is_in_text = text_gives_secret_away(self._library.text(document.id))
            for passage in self._library.passages(document.id):
                if is_in_text or any(gives_secret_away(unit) for unit in split_units(passage)):
                    holding.setdefault(document.id, []).append(passage.id)
        self.digests.drop_made_from(holding)
        self._findings.drop_found_in(holding)

    def _each(
        self,
        kind: PassKind,
        act: Callable[[DocumentId, CancelToken | None], None],
        cancel: CancelToken | None,
    ) -> SliceOutcome:
        until = self._clock.monotonic_s() + SLICE_S
        made = 0
        try:
            for document_id in self._findings.documents_without(kind, HEAD):
                if cancel is not None:
                    cancel.raise_if_cancelled()
                try:
                    act(document_id, cancel)
                    made += 1
                except (SourcesChanged, DocumentUnknown):
                    continue  # it changed in between; it is there again with its new text
                if self._clock.monotonic_s() >= until:
                    break
        except Cancelled:
            return SliceOutcome(SliceResult.CANCELLED, made=made)
        except (Transient, UserFixable, Damaged) as error:
            return SliceOutcome(SliceResult.FAILED, made=made, error=error)
        return SliceOutcome(SliceResult.DONE if made else SliceResult.FAILED, made=made)

    def _find_in(self, document_id: DocumentId, _cancel: CancelToken | None) -> None:
        text_hash = self._findings.text_hash(document_id)
        text = self._library.text(document_id)
        passages = self._library.passages(document_id)
        today = self._clock.now().astimezone().date()
        self._findings.put_findings(
            document_id,
            text_hash,
            find_in_document(passages, text, today, allows=self._permission.allows_unit),
        )
