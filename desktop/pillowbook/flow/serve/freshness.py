"""Freshness, decided at the moment of serving and from the files themselves (section 6 of the design).

``stat`` first: a file that is in every respect as it was when it was read is not read again. Anything else is doubt,
and doubt is settled by the bytes: equal bytes are fresh, other bytes are fresh only where every cited passage still
stands in the new text word for word. What cannot be settled is never called fresh.
"""

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pillowbook.domain.answers import Freshness, PreparedAnswer, Source
from pillowbook.domain.clock import Clock
from pillowbook.domain.documents import Document, Passage
from pillowbook.domain.ids import ContentHash, DocumentId
from pillowbook.host.regular import open_regular
from pillowbook.store.library import Library

PLAIN_KINDS = frozenset({"markdown", "text"})
"""Kinds whose extracted text is the file's own text, so that a passage can be looked for without the extractor."""

RACY_S = 2.0
"""A file changed less than this before it was read may have changed again within one tick of the file system's clock
(2 s on FAT; git calls such entries racily clean): equal times prove nothing, the bytes are compared."""

MAX_HASH_BYTES = 256 * 1024 * 1024
"""A bigger file is not hashed while the user waits; it counts as unchecked."""

_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.EISDIR, errno.ELOOP})
_CHUNK = 1 << 20

Reread = Callable[[str], str | None]
"""Turns the file at a path into text as it is now, or None where that cannot be done."""


@dataclass(frozen=True, slots=True)
class FreshnessReport:
    """What the check found; ``change_note`` says what was said before and on what it rested."""

    freshness: Freshness
    change_note: str
    checked_at: datetime


def check_freshness(
    prepared: PreparedAnswer, library: Library, *, clock: Clock, reread: Reread | None = None
) -> FreshnessReport:
    """Decide from the files whether a prepared answer may be shown.

    Args:
        reread: reads a file anew where its format needs the extractor; without it such a changed file is ``changed``.
    Returns:
        The worst state found: gone, changed, unchecked, new evidence, fresh, in this order.
    """
    states = set(check_sources(prepared.sources, library, reread=reread).values())
    if not prepared.sources and prepared.answer:
        states.add(Freshness.UNCHECKED)  # an answer that names no source can never be called fresh
    for state in (Freshness.GONE, Freshness.CHANGED, Freshness.UNCHECKED):
        if state in states:
            note = _change_note(prepared, state) if state is not Freshness.UNCHECKED else ""
            return FreshnessReport(state, note, clock.now())
    state = Freshness.NEW_EVIDENCE if prepared.has_new_evidence else Freshness.FRESH
    return FreshnessReport(state, "", clock.now())


def check_sources(
    sources: Sequence[Source], library: Library, *, reread: Reread | None = None
) -> dict[DocumentId, Freshness]:
    """What is known now of each document: fresh, changed, gone or unchecked."""
    return {source.document_id: _check_source(source, library, reread) for source in sources}


def _check_source(source: Source, library: Library, reread: Reread | None) -> Freshness:
    path = Path(source.path)
    document = library.document_at(source.path)
    try:
        now = path.stat()
    except OSError as error:
        return _missing(error, path, document, library)
    if not stat.S_ISREG(now.st_mode):
        return Freshness.GONE
    if _is_as_it_was(now, source) and not _is_racy(source, document):
        return Freshness.FRESH
    if now.st_size > MAX_HASH_BYTES:
        return Freshness.UNCHECKED
    try:
        data = _read_steadily(path)
    except OSError as error:
        return _missing(error, path, document, library)
    if data is None:
        return Freshness.UNCHECKED
    digest = ContentHash(hashlib.sha256(data).hexdigest())
    if digest == source.fingerprint.sha256:
        return Freshness.FRESH
    return _compare_passages(source, data, digest, document, library, reread)


def _is_as_it_was(now: os.stat_result, source: Source) -> bool:
    was = source.fingerprint
    return (
        now.st_ino == was.file_id
        and now.st_size == was.size_bytes
        and now.st_mtime_ns == was.modified_ns
        and now.st_ctime_ns == was.changed_ns
    )


def _is_racy(source: Source, document: Document | None) -> bool:
    if document is None or document.indexed_at is None:
        return True
    latest_s = max(source.fingerprint.modified_ns, source.fingerprint.changed_ns) / 1e9
    return document.indexed_at.timestamp() - latest_s < RACY_S


def _read_steadily(path: Path) -> bytes | None:
    """The bytes of a file that did not change while it was read; None when it kept changing."""
    for _ in range(2):
        with open_regular(str(path)) as file:
            before = os.fstat(file.fileno())
            chunks: list[bytes] = []
            while chunk := file.read(_CHUNK):
                chunks.append(chunk)
            after = os.fstat(file.fileno())
        if (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, after.st_size):
            return b"".join(chunks)
    return None


def _missing(error: OSError, path: Path, document: Document | None, library: Library) -> Freshness:
    """Gone when the file alone is missing or closed to us; unchecked when its whole folder is, or the disk fails."""
    if error.errno not in _GONE:
        return Freshness.UNCHECKED
    folder_id = document.folder_id if document is not None else None
    for folder in library.folders():
        root = Path(folder.path)
        if folder.id == folder_id or (folder_id is None and path.is_relative_to(root)):
            # A root that is a single file stands for itself: its parent tells whether the volume is there.
            anchor = root.parent if root == path else root
            try:
                with os.scandir(anchor):
                    return Freshness.GONE
            except OSError:
                return Freshness.UNCHECKED
    return Freshness.GONE


def _compare_passages(
    source: Source,
    data: bytes,
    digest: ContentHash,
    document: Document | None,
    library: Library,
    reread: Reread | None,
) -> Freshness:
    """The bytes differ: fresh only where every cited passage is found in the text as it is now."""
    if document is None:
        return Freshness.CHANGED
    if document.fingerprint is not None and document.fingerprint.sha256 == digest:
        # Read anew already: the vault's passages are those of the file as it is.
        present = {passage.content_hash for passage in library.passages(document.id)}
        return Freshness.FRESH if set(source.passage_hashes) <= present else Freshness.CHANGED
    if document.kind in PLAIN_KINDS:
        text: str | None = data.decode("utf-8-sig", errors="replace")
    else:
        text = reread(source.path) if reread is not None else None
    if text is None:
        return Freshness.CHANGED
    now = _folded(text)
    for content_hash in source.passage_hashes:
        passage = _passage_of(document, content_hash, library)
        if passage is None or not _stands_in(passage, now):
            return Freshness.CHANGED
    return Freshness.FRESH


def _passage_of(document: Document, content_hash: ContentHash, library: Library) -> Passage | None:
    for passage in library.passages_by_hash(content_hash):
        if passage.document_id == document.id:
            return passage
    return None


def _stands_in(passage: Passage, now: str) -> bool:
    """Whether the passage and the headings above it, which give it its meaning, are still there."""
    # Between spaces, so that "is 10" is not found in "is 100".
    if f" {_folded(passage.text)} " not in f" {now} ":
        return False
    return all(_folded(part) in now for part in passage.heading.split(" › ") if part)


def _folded(text: str) -> str:
    return " ".join(text.split())


def _change_note(prepared: PreparedAnswer, state: Freshness) -> str:
    if not prepared.answer:
        return "Before, your notes did not say; a document they were read from has changed since."
    what = "has changed since" if state is Freshness.CHANGED else "is no longer there"
    note = f"Before: {prepared.answer}" if prepared.edited_at is None else "You wrote this yourself."
    if prepared.citations:
        cited = prepared.citations[0]
        note += f" It rested on “{' '.join(cited.quote.split())}” in {cited.title}, which {what}."
    return note
