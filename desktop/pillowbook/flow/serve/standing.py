"""What is shown before there is an answer must be true as well: no passage that its file no longer holds."""

from collections.abc import Callable, Iterable, Sequence

from pillowbook.domain.answers import Citation, Freshness, PreparedAnswer, Source
from pillowbook.domain.documents import Document, Passage
from pillowbook.domain.errors import DocumentUnknown
from pillowbook.domain.ids import ContentHash, DocumentId
from pillowbook.flow.serve.freshness import Reread, find_standing
from pillowbook.store.library import Library

QUICK_KINDS = frozenset({"markdown", "text"})
"""Kinds that are read in a millisecond or two. A changed file of another kind is not shown until it was read anew."""

_Place = tuple[DocumentId, ContentHash]
_DIFFERS = (Freshness.CHANGED, Freshness.GONE)


class Standing:
    """Holds passages of the vault against their files. Thread-safe.

    Args:
        notice: told the paths of documents that differ from the vault, to have them read anew soon.
    """

    def __init__(
        self, library: Library, *, reread: Reread | None, notice: Callable[[set[str]], None] | None = None
    ) -> None:
        self._library = library
        self._reread = reread
        self._notice = notice

    def of(self, passages: Sequence[Passage]) -> list[Passage]:
        """Those that stand in their files now, or on a volume that is not there to be looked at, in their order."""
        standing = self._standing((one.document_id, one.content_hash) for one in passages)
        return [one for one in passages if (one.document_id, one.content_hash) in standing]

    def cited(self, citations: Sequence[Citation]) -> tuple[Citation, ...]:
        """The citations whose passages stand, by the same test."""
        standing = self._standing((one.document_id, one.passage_hash) for one in citations)
        return tuple(one for one in citations if (one.document_id, one.passage_hash) in standing)

    def _standing(self, places: Iterable[_Place]) -> set[_Place]:
        hashes: dict[DocumentId, dict[ContentHash, None]] = {}
        for document_id, content_hash in places:
            hashes.setdefault(document_id, {})[content_hash] = None
        standing: set[_Place] = set()
        changed: set[str] = set()
        for document_id, wanted in hashes.items():
            document = self._document(document_id)
            if document is None or document.fingerprint is None:
                continue
            source = Source(document_id, document.path, document.fingerprint, tuple(wanted))
            state, found = find_standing(source, self._library, reread=self._reread_of(document))
            standing |= {(document_id, content_hash) for content_hash in found}
            if state in _DIFFERS:
                changed.add(document.path)
        if changed and self._notice is not None:
            self._notice(changed)
        return standing

    def holds(self, prepared: PreparedAnswer) -> bool:
        """Whether nothing is known that speaks against a prepared answer, so that its question may be offered."""
        for source in prepared.sources:
            document = self._document(source.document_id)
            if document is None:
                return False
            state, _ = find_standing(source, self._library, reread=self._reread_of(document))
            # The user's own words stay theirs when a note changes; they are shown with that said.
            if state is Freshness.GONE or (state is Freshness.CHANGED and prepared.edited_at is None):
                return False
        return True

    def _document(self, document_id: DocumentId) -> Document | None:
        try:
            return self._library.document(document_id)
        except DocumentUnknown:
            return None

    def _reread_of(self, document: Document) -> Reread | None:
        return self._reread if document.kind in QUICK_KINDS else None
