"""Folders, documents and passages."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pillowbook.domain.ids import ContentHash, DocumentId, FolderId, PassageId


class DocumentState(StrEnum):
    """Where a document stands; a reason goes with ``FAILED`` and ``EXCLUDED``."""

    INDEXED = "indexed"
    WAITING = "waiting"
    FAILED = "failed"
    EXCLUDED = "excluded"


@dataclass(frozen=True, slots=True)
class Folder:
    """A watched root. ``path`` is absolute; it may also be a single file.

    ``is_kept_here``: its text never leaves this machine, even where answers are written on a server.
    ``is_kept_private``: other programs may not use it.
    """

    id: FolderId
    path: str
    added_at: datetime
    is_kept_here: bool = False
    is_kept_private: bool = False


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a file was when it was read: enough to see a change by ``stat`` alone, and the bytes' hash for doubt."""

    file_id: int
    size_bytes: int
    modified_ns: int
    changed_ns: int
    sha256: ContentHash


@dataclass(frozen=True, slots=True)
class Document:
    """One file under a folder. ``reason`` is a short code such as ``encrypted``; empty when there is none."""

    id: DocumentId
    folder_id: FolderId
    path: str
    title: str
    kind: str
    state: DocumentState
    reason: str
    fingerprint: Fingerprint | None
    indexed_at: datetime | None


@dataclass(frozen=True, slots=True)
class PassageDraft:
    """A passage before it has a row.

    Attributes:
        start, end: character offsets in the document's extracted text; ``text`` is exactly that span.
        heading: the path of headings above it, joined by `` › ``; empty when there is none.
        line, page: of the first character, counted from 1; None where the format has none.
    """

    text: str
    content_hash: ContentHash
    heading: str
    start: int
    end: int
    line: int | None
    page: int | None


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document that can be cited.

    Fields as in :class:`PassageDraft`; ``path`` and ``title`` are the document's.
    """

    id: PassageId
    document_id: DocumentId
    ordinal: int
    path: str
    title: str
    text: str
    content_hash: ContentHash
    heading: str
    start: int
    end: int
    line: int | None
    page: int | None
