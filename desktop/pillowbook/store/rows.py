"""Between domain types and database columns."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pillowbook.domain.answers import Citation, Fact
from pillowbook.domain.documents import Document, DocumentState, Fingerprint, Folder, Passage
from pillowbook.domain.ids import ContentHash, DocumentId, FolderId, PassageId

MAX_INTEGER = 2**63 - 1

DOCUMENT_COLUMNS = "id, folder_id, path, title, kind, state, reason, stat, sha256, indexed_at"
PASSAGE_QUERY = (
    "SELECT p.id, p.document_id, p.ordinal, d.path, d.title, p.text, p.content_hash, p.heading, p.start, p.end, "
    "p.line, p.page FROM passages AS p JOIN documents AS d ON d.id = p.document_id "
)


def clean_text(text: str) -> str:
    """The text with lone surrogates replaced, one character for one, because UTF-8 cannot hold them."""
    try:
        text.encode("utf-8")
        return text
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode("utf-8")


def path_to_column(path: str) -> str | bytes:
    """A path is text where it can be; file names that are not UTF-8 (surrogates in Python) become a blob."""
    try:
        path.encode("utf-8")
        return path
    except UnicodeEncodeError:
        return path.encode("utf-8", "surrogatepass")


def path_from_column(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "surrogatepass")


def time_to_column(time: datetime) -> str:
    """UTC with a fixed width, so that text order is time order."""
    return time.astimezone(UTC).isoformat(timespec="microseconds")


def time_from_column(text: str) -> datetime:
    return datetime.fromisoformat(text)


def stat_to_column(fingerprint: Fingerprint) -> str:
    return (
        f"{fingerprint.file_id} {fingerprint.size_bytes} {fingerprint.modified_ns} {fingerprint.changed_ns}"
    )


def fingerprint_from_columns(stat: str | None, sha256: str | None) -> Fingerprint | None:
    if stat is None or sha256 is None:
        return None
    file_id, size_bytes, modified_ns, changed_ns = (int(part) for part in stat.split())
    return Fingerprint(file_id, size_bytes, modified_ns, changed_ns, ContentHash(sha256))


def modified_to_column(fingerprint: Fingerprint | None) -> int:
    """For ordering only: clamped, because damaged file systems report times beyond 63 bits."""
    return 0 if fingerprint is None else max(-MAX_INTEGER, min(MAX_INTEGER, fingerprint.modified_ns))


def vector_to_column(vector: NDArray[np.float32]) -> bytes:
    return np.ascontiguousarray(vector, dtype="<f4").tobytes()


def vector_from_column(blob: bytes) -> NDArray[np.float32]:
    return np.frombuffer(blob, dtype="<f4").astype(np.float32, copy=False)


def folder_from_row(row: tuple[Any, ...]) -> Folder:
    return Folder(FolderId(row[0]), path_from_column(row[1]), time_from_column(row[2]))


def document_from_row(row: tuple[Any, ...]) -> Document:
    """A row of ``DOCUMENT_COLUMNS``."""
    id_, folder_id, path, title, kind, state, reason, stat, sha256, indexed_at = row
    return Document(
        id=DocumentId(id_),
        folder_id=FolderId(folder_id),
        path=path_from_column(path),
        title=title,
        kind=kind,
        state=DocumentState(state),
        reason=reason,
        fingerprint=fingerprint_from_columns(stat, sha256),
        indexed_at=None if indexed_at is None else time_from_column(indexed_at),
    )


def passage_from_row(row: tuple[Any, ...]) -> Passage:
    """A row of ``PASSAGE_QUERY``."""
    return Passage(
        PassageId(row[0]),
        DocumentId(row[1]),
        row[2],
        path_from_column(row[3]),
        row[4],
        row[5],
        ContentHash(row[6]),
        row[7],
        row[8],
        row[9],
        row[10],
        row[11],
    )


_CITATION_FIELDS = (
    "document_id",
    "passage_id",
    "passage_hash",
    "path",
    "title",
    "quote",
    "start",
    "end",
    "line",
    "page",
    "heading",
)


def citations_to_column(citations: Iterable[Citation]) -> str:
    """JSON in ASCII: whatever a path or a quote holds survives."""
    return json.dumps(
        [{name: getattr(citation, name) for name in _CITATION_FIELDS} for citation in citations]
    )


def citations_from_column(text: str) -> tuple[Citation, ...]:
    return tuple(Citation(**fields) for fields in json.loads(text))


def facts_to_column(facts: Iterable[Fact]) -> str:
    return json.dumps([[fact.text, fact.quote, fact.passage_hash] for fact in facts])


def facts_from_column(text: str) -> tuple[Fact, ...]:
    return tuple(Fact(text, quote, ContentHash(hash_)) for text, quote, hash_ in json.loads(text))
