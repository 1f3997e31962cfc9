"""The documents an answer rests on, as they were when they were read, and whether what it cites is still in them."""

from collections.abc import Iterable, Sequence

from pillowbook.domain.answers import Citation, Source
from pillowbook.domain.errors import DocumentUnknown
from pillowbook.domain.ids import ContentHash, DocumentId
from pillowbook.store.library import Library


def sources_of(citations: Iterable[Citation], library: Library) -> tuple[Source, ...]:
    """One source per cited document, with the fingerprint stored when the document was read.

    A document that is gone from the vault, or was never read whole, gives no source.
    """
    hashes: dict[DocumentId, list[ContentHash]] = {}
    for citation in citations:
        taken = hashes.setdefault(citation.document_id, [])
        if citation.passage_hash not in taken:
            taken.append(citation.passage_hash)
    sources: list[Source] = []
    for document_id, passage_hashes in hashes.items():
        try:
            document = library.document(document_id)
        except DocumentUnknown:
            continue
        if document.fingerprint is not None:
            sources.append(Source(document_id, document.path, document.fingerprint, tuple(passage_hashes)))
    return tuple(sources)


def all_sources_of(citations: Sequence[Citation], library: Library) -> tuple[Source, ...] | None:
    """As :func:`sources_of`; None where a cited document gives none."""
    sources = sources_of(citations, library)
    return sources if len(sources) == len({one.document_id for one in citations}) else None


def still_stands(citation: Citation, library: Library) -> bool:
    """Whether the vault still has the cited passage: a document may have been read anew since."""
    return any(
        passage.document_id == citation.document_id
        for passage in library.passages_by_hash(citation.passage_hash)
    )
