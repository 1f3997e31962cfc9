"""Freshness, decided at the moment of serving and from the files themselves (section 6 of the design).

The bytes decide: equal bytes are fresh, other bytes are fresh only where they give every cited passage again, cut as
it was read, with the headings above it. Only a file too big to be read while somebody types is taken for what it was
because ``stat`` says so. What cannot be settled is never called fresh.
"""

import difflib
import errno
import hashlib
import os
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pillowbook.answering.units import split_units
from pillowbook.domain.answers import Citation, Freshness, PreparedAnswer, Source
from pillowbook.domain.clock import Clock
from pillowbook.domain.documents import Document, Passage, PassageDraft
from pillowbook.domain.ids import ContentHash, DocumentId, PassageId
from pillowbook.host.regular import open_regular
from pillowbook.host.volumes import is_there
from pillowbook.store.library import Library

SMALL_BYTES = 1024 * 1024
"""A file up to this size is read at every check, which takes a millisecond or two: its times may lie. Writing through
a memory map leaves them as they are for a while (mmap(2): st_mtime and st_ctime), a clock set back can bring the same
ones twice, and some file systems and Windows have no time of change that a program cannot set."""

HAS_CHANGE_TIME = os.name != "nt"
"""Windows gives the time of creation under its name."""

RACY_S = 2.0
"""A file changed less than this before it was read may have changed again within one tick of the file system's clock
(2 s on FAT; git calls such entries racily clean): equal times prove nothing, the bytes are compared."""

MAX_HASH_BYTES = 256 * 1024 * 1024
"""A bigger file is not hashed while the user waits; it counts as unchecked."""

_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.EISDIR, errno.ELOOP})
_CHUNK = 1 << 20
MIN_LIKENESS = 0.5
"""From here on a sentence is taken for the changed form of another (difflib's ratio)."""

_WORST_FIRST = (Freshness.GONE, Freshness.CHANGED, Freshness.UNCHECKED)

Reread = Callable[[str, bytes], Sequence[PassageDraft] | None]
"""What a document of that path says if these are its bytes, in passages; None where that cannot be told."""


@dataclass(frozen=True, slots=True)
class FreshnessReport:
    """What the check found.

    Attributes:
        freshness: None where there is no file to compare: "your notes do not say" of an empty vault.
        change_note: what was said before, on what it rested, and what stands there now.
        checked_at: None where nothing, or not all, could be compared.
        checked_files: how many files were compared.
    """

    freshness: Freshness | None
    change_note: str
    checked_at: datetime | None
    checked_files: int = 0


@dataclass(frozen=True, slots=True)
class _Finding:
    """``passages`` holds what a changed document says now, where that can be told."""

    freshness: Freshness
    passages: Sequence[Passage | PassageDraft] = ()


def check_freshness(
    prepared: PreparedAnswer, library: Library, *, clock: Clock, reread: Reread | None = None
) -> FreshnessReport:
    """Decide from the files whether a prepared answer may be shown.

    Args:
        reread: tells what a changed document says; without it one is ``changed`` whatever changed in it.
    Returns:
        The worst state found: gone, changed, unchecked, new evidence, fresh, in this order; None where it rests on no
        file.
    """
    found = {source.document_id: _check_source(source, library, reread) for source in prepared.sources}
    states = {finding.freshness for finding in found.values()}
    if not prepared.sources and prepared.answer:
        states.add(Freshness.UNCHECKED)  # an answer that names no source can never be called fresh
    checked = sum(finding.freshness is not Freshness.UNCHECKED for finding in found.values())
    worst = next((state for state in _WORST_FIRST if state in states), None)
    if worst is None:
        worst = Freshness.NEW_EVIDENCE if prepared.has_new_evidence else Freshness.FRESH if found else None
    note = _change_note(prepared, worst, found) if worst in (Freshness.GONE, Freshness.CHANGED) else ""
    checked_at = None if worst is Freshness.UNCHECKED or not found else clock.now()
    return FreshnessReport(worst, note, checked_at, checked)


def check_sources(
    sources: Sequence[Source], library: Library, *, reread: Reread | None = None
) -> dict[DocumentId, Freshness]:
    """What is known now of each document: fresh, changed, gone or unchecked."""
    return {source.document_id: _check_source(source, library, reread).freshness for source in sources}


def count_states(
    prepared: Iterable[PreparedAnswer], library: Library, *, reread: Reread | None = None
) -> Counter[Freshness]:
    """Many prepared answers by what is known of them now, for an overview.

    Each file is looked at once, and believed where its times are as they were: nothing of this is served.
    """
    known: dict[tuple[str, ContentHash], bool] = {}
    findings: dict[Source, Freshness] = {}

    def is_as_it_was(source: Source) -> bool:
        key = (source.path, source.fingerprint.sha256)
        if key not in known:
            try:
                known[key] = _is_as_it_was(Path(source.path).stat(), source)
            except OSError:
                known[key] = False
        return known[key]

    def state_of(one: PreparedAnswer) -> Freshness:
        states = {Freshness.UNCHECKED} if not one.sources and one.answer else set()
        for source in one.sources:
            if not is_as_it_was(source):
                if source not in findings:
                    findings[source] = _check_source(source, library, reread).freshness
                states.add(findings[source])
        for state in _WORST_FIRST:
            if state in states:
                return state
        return Freshness.NEW_EVIDENCE if one.has_new_evidence else Freshness.FRESH

    return Counter(state_of(one) for one in prepared)


def find_standing(
    source: Source, library: Library, *, reread: Reread | None = None
) -> tuple[Freshness, frozenset[ContentHash]]:
    """What is known of a document now, and which of the source's passages stand in it, as far as that can be told.

    Where the document cannot be looked at, all of them count as standing.
    """
    finding = _check_source(source, library, reread)
    hashes = frozenset(source.passage_hashes)
    if finding.freshness in (Freshness.CHANGED, Freshness.GONE):
        hashes &= {draft.content_hash for draft in finding.passages}
    return finding.freshness, hashes


def _check_source(source: Source, library: Library, reread: Reread | None) -> _Finding:
    path = Path(source.path)
    document = library.document_at(source.path)
    try:
        now = path.stat()
    except OSError as error:
        return _missing(error, path, document, library)
    if not stat.S_ISREG(now.st_mode):
        return _Finding(Freshness.GONE)
    if now.st_size > MAX_HASH_BYTES:
        return _Finding(Freshness.UNCHECKED)
    if _is_as_it_was(now, source) and _can_trust_times(now, source, document):
        return _Finding(Freshness.FRESH)
    try:
        data = _read_steadily(path)
    except OSError as error:
        return _missing(error, path, document, library)
    if data is None:
        return _Finding(Freshness.UNCHECKED)
    digest = ContentHash(hashlib.sha256(data).hexdigest())
    if digest == source.fingerprint.sha256:
        return _Finding(Freshness.FRESH)
    return _compare_passages(source, data, digest, document, library, reread)


def _is_as_it_was(now: os.stat_result, source: Source) -> bool:
    was = source.fingerprint
    return (
        now.st_ino == was.file_id
        and now.st_size == was.size_bytes
        and now.st_mtime_ns == was.modified_ns
        and now.st_ctime_ns == was.changed_ns
    )


def _can_trust_times(now: os.stat_result, source: Source, document: Document | None) -> bool:
    if now.st_size <= SMALL_BYTES or not HAS_CHANGE_TIME or document is None or document.indexed_at is None:
        return False
    latest_s = max(source.fingerprint.modified_ns, source.fingerprint.changed_ns) / 1e9
    return document.indexed_at.timestamp() - latest_s >= RACY_S


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


def _missing(error: OSError, path: Path, document: Document | None, library: Library) -> _Finding:
    """Gone when the file alone is missing or closed to us; unchecked when its whole folder is, or the disk fails."""
    if error.errno not in _GONE:
        return _Finding(Freshness.UNCHECKED)
    folder_id = document.folder_id if document is not None else None
    for folder in library.folders():
        root = Path(folder.path)
        if folder.id == folder_id or (folder_id is None and path.is_relative_to(root)):
            # A root that is a single file stands for itself: its parent tells whether the volume is there.
            anchor = root.parent if root == path else root
            try:
                with os.scandir(anchor):
                    was_mounted = library.was_mount_point(folder.id)
                    if root != path and not is_there(folder.path, was_mount_point=was_mounted):
                        return _Finding(Freshness.UNCHECKED)
                    return _Finding(Freshness.GONE)
            except OSError:
                return _Finding(Freshness.UNCHECKED)
    return _Finding(Freshness.GONE)


def _compare_passages(
    source: Source,
    data: bytes,
    digest: ContentHash,
    document: Document | None,
    library: Library,
    reread: Reread | None,
) -> _Finding:
    """The bytes differ: fresh only where every cited passage is among those they give.

    The same rule as at ingest, so that what is fresh now is not withdrawn in a moment, and words that moved under
    another heading, where they say something else, count as changed.
    """
    if document is None:
        return _Finding(Freshness.CHANGED)
    if document.fingerprint is not None and document.fingerprint.sha256 == digest:
        # Read anew already: the vault's passages are those of the file as it is.
        drafts: Sequence[Passage | PassageDraft] = library.passages(document.id)
    else:
        drafts = (reread(source.path, data) if reread is not None else None) or ()
    is_whole = set(source.passage_hashes) <= {draft.content_hash for draft in drafts}
    return _Finding(Freshness.FRESH if is_whole else Freshness.CHANGED, drafts)


def _change_note(prepared: PreparedAnswer, state: Freshness, found: Mapping[DocumentId, _Finding]) -> str:
    if not prepared.answer:
        return "Before, your notes did not say; a document they were read from has changed since."
    is_own = prepared.edited_at is not None
    cited = _citation_in(state, prepared.citations, found)
    if state is Freshness.GONE:
        # What was deleted is not told once more.
        own = "You wrote this yourself. " if is_own else ""
        return own + (f"It rested on {cited.title}, which is no longer there." if cited else "")
    note = "You wrote this yourself." if is_own else f"Before: {_ended(prepared.answer)}"
    if cited is None:
        return note
    now = _nearest_now(cited, found[cited.document_id].passages)
    there = f"which says now: “{now}”" if now else "where these words no longer stand like that"
    return f"{note} It rested on “{_flat(cited.quote)}” in {cited.title}, {there}."


def _citation_in(
    state: Freshness, citations: Sequence[Citation], found: Mapping[DocumentId, _Finding]
) -> Citation | None:
    """The first citation of a document in that state whose passage is not there any more."""
    for cited in citations:
        finding = found.get(cited.document_id)
        if finding is None or finding.freshness is not state:
            continue
        if all(draft.content_hash != cited.passage_hash for draft in finding.passages):
            return cited
    return None


def _nearest_now(cited: Citation, passages: Sequence[Passage | PassageDraft]) -> str:
    """The sentence that has taken the quote's place: the one most like it; empty where none is."""
    was = _flat(cited.quote)
    sentences: dict[str, None] = {}
    for draft in passages:
        passage = Passage(
            PassageId(0), cited.document_id, 0, cited.path, cited.title, draft.text, draft.content_hash,
            draft.heading, draft.start, draft.end, draft.line, draft.page,
        )  # fmt: skip
        for unit in split_units(passage):
            sentences[_flat(unit.quote)] = None
    return next(iter(difflib.get_close_matches(was, sentences, n=1, cutoff=MIN_LIKENESS)), "")


def _flat(text: str) -> str:
    return " ".join(text.split())


def _ended(text: str) -> str:
    """As a sentence, so that another can follow."""
    return text if text.endswith((".", "!", "?", "”", "…")) else f"{text}."
