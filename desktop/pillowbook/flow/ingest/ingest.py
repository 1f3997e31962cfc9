"""From files to passages with vectors: scanning, reading, and forgetting.

A scan compares ``stat`` with what is stored and queues what differs; unchanged files are not opened. Reading takes one
queued file at a time through extract, split and embed to one transaction, so it can stop after any document.
"""

import errno
import logging
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pillowbook.domain.clock import Clock
from pillowbook.domain.documents import Document, DocumentState, Fingerprint, Folder, PassageDraft
from pillowbook.domain.errors import (
    DocumentUnknown,
    DocumentUnreadable,
    FolderUnknown,
    PillowbookError,
    Transient,
)
from pillowbook.domain.facts import facts
from pillowbook.domain.ids import ContentHash, FolderId
from pillowbook.flow.ingest.extractor.client import MAX_FILE_BYTES, Extracted
from pillowbook.flow.ingest.files import FileChanging, FoundFile, Walk, look_at, read_file, walk_files
from pillowbook.flow.ingest.ignore import PATTERN_FILES, IgnoreRules, ignored_below
from pillowbook.flow.ingest.kinds import kind_of
from pillowbook.flow.ingest.split import embedded_text, split_passages
from pillowbook.host.volumes import is_mount_point, is_there
from pillowbook.store.library import DocumentChange, Library

log = logging.getLogger(__name__)

EMBED_BATCH = 32
"""Passages sent at once: about two seconds of work, the longest that a stop waits."""
EMBED_DEADLINE_S = 900.0
"""Far beyond what a document needs: at the lowest priority a busy machine may leave the embedder next to no time."""
PASSING_REASONS = frozenset({"timeout", "crashed", "internal"})
"""Why a document failed that may read well another time: a busy machine, too little memory, an older Pillowbook."""
MAX_ATTEMPTS = 3
"""How often a document is taken up again before it waits for the next scan."""

_VOLUME_ERRORS = frozenset(
    {errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.ENXIO, errno.ENODEV, errno.EHOSTDOWN}
)


class TextSource(Protocol):
    """What the ingestor needs of an extractor."""

    def extract_bytes(self, data: bytes, path: str, *, background: bool = False) -> Extracted: ...

    def rest(self) -> None: ...


class PassageEmbedder(Protocol):
    """What the ingestor needs of an embedder."""

    def embed(
        self, texts: Sequence[str], *, deadline_s: float, background: bool = False
    ) -> NDArray[np.float32]: ...


@dataclass(frozen=True, slots=True)
class ScanReport:
    """What a scan found. ``failed`` and ``excluded`` count what stands, not only what is new."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    deleted: int = 0
    failed: int = 0
    excluded: int = 0


@dataclass(slots=True)
class _Waiting:
    """A file in the queue."""

    folder: Folder
    is_urgent: bool = False
    attempts: int = 0


@dataclass(slots=True)
class _Tally:
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    deleted: int = 0
    failed: int = 0
    excluded: int = 0

    def report(self) -> ScanReport:
        return ScanReport(self.new, self.changed, self.unchanged, self.deleted, self.failed, self.excluded)


class Ingestor:
    """Keeps the library as the folders are. Thread-safe, but meant for one thread at a time.

    Args:
        on_change: told of every change of a document, after it is stored.
    """

    def __init__(
        self,
        library: Library,
        extractor: TextSource,
        embedder: PassageEmbedder,
        clock: Clock,
        *,
        on_change: Callable[[DocumentChange], None] | None = None,
        max_file_bytes: int = MAX_FILE_BYTES,
    ) -> None:
        self._library = library
        self._extractor = extractor
        self._embedder = embedder
        self._clock = clock
        self._on_change = on_change
        self._max_file_bytes = max_file_bytes
        self._lock = threading.Lock()
        self._queue: OrderedDict[str, _Waiting] = OrderedDict()

    # -- what has changed -------------------------------------------------------------------------------------------

    def scan(self, folder_id: FolderId, *, stop: Callable[[], bool], again: bool = False) -> ScanReport:
        """Compare a folder with the library, by ``stat`` alone, and queue what has to be read.

        A root that is absent (a drive not connected, or the empty place where it was) or cannot be listed changes
        nothing.

        Args:
            again: queue what failed for a reason that may have passed, too.
        Raises:
            FolderUnknown: there is no folder of that id.
        """
        folder = next((each for each in self._library.folders() if each.id == folder_id), None)
        if folder is None:
            raise FolderUnknown()
        return self._scan_below(folder, folder.path, IgnoreRules(), stop, again=again)

    def sync(
        self, stop: Callable[[], bool], on_progress: Callable[[int, int], None] | None = None
    ) -> ScanReport:
        """Scan all folders and read until all is up to date, or ``stop``.

        Args:
            on_progress: told how many documents were read, of how many.
        """
        reports = [self.scan(folder.id, stop=stop, again=True) for folder in self._library.folders()]
        done = 0
        while self.ingest_next(stop, background=False):
            done += 1
            if on_progress is not None:
                on_progress(done, done + self.pending())
        return ScanReport(
            **{name: sum(getattr(each, name) for each in reports) for name in ScanReport.__dataclass_fields__}
        )

    def handle_change(self, path: str) -> None:
        """Take in that something happened at ``path``: a file or folder was made, changed, moved there or away."""
        folder = self._folder_of(path)
        if folder is None or not self._is_there(folder):
            return
        if Path(path).name in PATTERN_FILES:
            self.scan(folder.id, stop=lambda: False)
            return
        try:
            found = look_at(path)
        except OSError:
            return  # it cannot be told now; the next scan will
        if path != folder.path and os.path.lexists(path) and ignored_below(folder.path, path):
            self._delete_below(folder, path)
        elif found is not None:
            self._consider(folder, found, self._library.document_at(path), _Tally(), is_urgent=True)
        elif Path(path).is_dir() and not Path(path).is_symlink():
            self._scan_below(folder, path, _rules_above(folder.path, path), lambda: False)
        else:
            self._delete_below(folder, path)

    def forget(self, path: str) -> None:
        """Delete a document, or all below a folder, with everything derived.

        A file that is still there comes back with the next scan, unless a rule leaves it out.
        """
        folder = self._folder_of(path)
        if folder is not None:
            self._delete_below(folder, path)

    # -- reading -----------------------------------------------------------------------------------------------------

    def pending(self) -> int:
        """How many documents wait to be read."""
        with self._lock:
            return len(self._queue)

    def ingest_next(self, stop: Callable[[], bool], *, background: bool = True) -> bool:
        """Read one waiting document.

        Args:
            background: give way to whatever else the machine does, unless the document changed just now: what it
                said before has to leave the answers within two seconds, on a busy machine too.
        Returns:
            False when nothing waits, or when it was stopped; the document then keeps its place.
        Raises:
            DiskFull: nothing is lost, the document waits.
            Transient: the embedder was lost twice; the document waits.
        """
        if stop():
            return False
        with self._lock:
            path, waiting = self._queue.popitem(last=False) if self._queue else ("", None)
        if waiting is None:
            self._extractor.rest()
            return False
        try:
            if not self._ingest(path, waiting.folder, stop, background=background and not waiting.is_urgent):
                self._put_back(path, waiting, is_first=True)
                return False
        except FileChanging:
            self._try_again(path, waiting)
        except (FolderUnknown, DocumentUnknown):
            log.info("document went while it was read")
        except Transient:
            self._try_again(path, waiting)
            raise
        except PillowbookError:
            self._put_back(path, waiting, is_first=True)
            raise
        return True

    def passages_now(self, path: str, data: bytes) -> list[PassageDraft] | None:
        """What a document of that path says if these are its bytes, cut as it would be stored; nothing is stored.

        Returns:
            None where it could not be read.
        """
        try:
            read = self._read(path, data, background=False)
        except PillowbookError:
            return None
        return None if isinstance(read, str) else read[1]

    def _ingest(self, path: str, folder: Folder, stop: Callable[[], bool], *, background: bool) -> bool:
        """Read one file; False when stopped on the way."""
        document = self._library.document_at(path)
        try:
            data, fingerprint = read_file(path, self._max_file_bytes)
        except FileNotFoundError:
            if document is not None and self._is_there(folder):
                self._tell(self._library.delete_document(document.id))
            return True
        except DocumentUnreadable as error:
            self._put_unreadable(folder, path, error)
            return True
        was = document.fingerprint if document is not None and document.indexed_at is not None else None
        if document is not None and was is not None and was.sha256 == fingerprint.sha256:
            self._library.touch(document.id, fingerprint)
            return True
        started_s = self._clock.monotonic_s()
        read = self._extract(folder, path, data, fingerprint, background=background)
        if read is None:
            return True
        extracted, drafts = read
        vectors = self._embed(extracted.title, drafts, stop, background=background)
        if vectors is None:
            return False
        change = self._library.put_document(
            folder.id, path, extracted.title, extracted.kind, fingerprint, extracted.text, drafts, vectors
        )
        log.info(
            "document indexed",
            extra=facts(
                doc=change.document_id,
                kind=extracted.kind,
                passages=len(drafts),
                embedded=len(vectors),
                ms=round((self._clock.monotonic_s() - started_s) * 1000),
            ),
        )
        self._tell(change)
        if look_at_quietly(path) is None and self._is_there(folder):
            # It went while it was read, and who heard of that found nothing to delete then.
            self.handle_change(path)
        return True

    def _extract(
        self, folder: Folder, path: str, data: bytes, fingerprint: Fingerprint, *, background: bool
    ) -> tuple[Extracted, list[PassageDraft]] | None:
        """Text and passages; None where there are none to be had, which is then noted."""
        read = self._read(path, data, background=background)
        if isinstance(read, str):
            self._tell(self._library.put_failed(folder.id, path, kind_of(path) or "", read, fingerprint))
            return None
        return read

    def _read(
        self, path: str, data: bytes, *, background: bool
    ) -> tuple[Extracted, list[PassageDraft]] | str:
        """Text and passages of a document's bytes, or why there are none."""
        try:
            extracted = self._extractor.extract_bytes(data, path, background=background)
            return extracted, split_passages(
                extracted.text, extracted.kind, extracted.pages, title=extracted.title
            )
        except DocumentUnreadable as error:
            return str(error.facts.get("reason", "damaged"))
        except PillowbookError:
            raise
        except Exception as error:  # one strange document must not hold up the others
            log.error("document failed", extra=facts(kind=type(error).__name__))
            return "internal"

    def _embed(
        self, title: str, drafts: Sequence[PassageDraft], stop: Callable[[], bool], *, background: bool
    ) -> dict[ContentHash, NDArray[np.float32]] | None:
        """Vectors for passages that have none yet; None when stopped."""
        texts = {draft.content_hash: embedded_text(title, draft.heading, draft.text) for draft in drafts}
        known = self._library.known_hashes(texts)
        missing = [content_hash for content_hash in texts if content_hash not in known]
        vectors: dict[ContentHash, NDArray[np.float32]] = {}
        for start in range(0, len(missing), EMBED_BATCH):
            if stop():
                return None
            batch = missing[start : start + EMBED_BATCH]
            rows = self._embed_batch([texts[content_hash] for content_hash in batch], background=background)
            vectors.update(zip(batch, rows, strict=True))
        return vectors

    def _embed_batch(self, texts: Sequence[str], *, background: bool) -> NDArray[np.float32]:
        try:
            return self._embedder.embed(texts, deadline_s=EMBED_DEADLINE_S, background=background)
        except Transient:
            return self._embedder.embed(texts, deadline_s=EMBED_DEADLINE_S, background=background)

    def _put_unreadable(self, folder: Folder, path: str, error: DocumentUnreadable) -> None:
        if error.facts.get("errno") in _VOLUME_ERRORS or not self._is_there(folder):
            return  # the volume went; what is known of its files stays
        reason = str(error.facts.get("reason", "unreadable"))
        if reason == "too-large":
            self._tell(self._library.put_excluded(folder.id, path, reason))
        else:
            self._tell(self._library.put_failed(folder.id, path, kind_of(path) or "", reason, None))

    # -- comparing ---------------------------------------------------------------------------------------------------

    def _scan_below(
        self, folder: Folder, top: str, rules: IgnoreRules, stop: Callable[[], bool], *, again: bool = False
    ) -> ScanReport:
        tally = _Tally()
        if not self._is_there(folder):
            return tally.report()
        is_mounted = is_mount_point(folder.path)
        known = {each.path: each for each in self._library.documents(folder.id) if _is_within(each.path, top)}
        walk = Walk()
        has_files = False
        for found in walk_files(top, walk, stop, rules):
            has_files = True
            document = known.pop(found.path, None) or self._library.document_at(found.path)
            if document is None or document.folder_id == folder.id:  # else another folder holds it already
                self._consider(folder, found, document, tally, again=again)
        is_root_there = self._is_there(folder) and folder.path not in walk.unreadable
        if has_files and is_mounted != self._library.was_mount_point(folder.id):
            self._library.note_mount_point(folder.id, is_mounted)
        if walk.is_complete and is_root_there:
            for document in known.values():
                if not any(_is_within(document.path, place) for place in walk.unreadable):
                    self._delete(document)
                    tally.deleted += 1
        report = tally.report()
        log.info("folder scanned", extra=facts(folder=folder.id, new=report.new, changed=report.changed))
        return report

    def _consider(
        self,
        folder: Folder,
        found: FoundFile,
        document: Document | None,
        tally: _Tally,
        *,
        is_urgent: bool = False,
        again: bool = False,
    ) -> None:
        """Compare one file with what is stored; note or queue what differs."""
        kind = kind_of(found.path)
        reason = (
            "link"
            if found.is_link
            else "unsupported-type"
            if kind is None
            else "too-large"
            if found.size_bytes > self._max_file_bytes
            else ""
        )
        if reason or kind is None:
            tally.excluded += 1
            is_noted = document is not None and (document.state, document.reason) == (
                DocumentState.EXCLUDED,
                reason,
            )
            if not is_noted:
                self._tell(self._library.put_excluded(folder.id, found.path, reason))
            return
        is_as_known = (
            document is not None and document.fingerprint is not None and found.is_as(document.fingerprint)
        )
        # What we were told of is read even so: its times may lie, and equal bytes cost next to nothing.
        if document is not None and is_as_known and not is_urgent:
            if document.state is DocumentState.INDEXED:
                tally.unchanged += 1
                return
            if document.state is DocumentState.FAILED and not (again and document.reason in PASSING_REASONS):
                tally.failed += 1
                return
        if document is None:
            tally.new += 1
        else:
            tally.changed += 1
        if document is None or document.state is not DocumentState.WAITING:
            self._library.put_waiting(folder.id, found.path, kind)
        self._put_back(found.path, _Waiting(folder, is_urgent), is_first=is_urgent)

    def _is_there(self, folder: Folder) -> bool:
        return is_there(folder.path, was_mount_point=self._library.was_mount_point(folder.id))

    def _delete_below(self, folder: Folder, path: str) -> None:
        document = self._library.document_at(path)
        if document is not None:
            self._delete(document)
        else:  # a folder, whatever its name looks like, or nothing that was ever read
            for each in self._library.documents_below(path):
                if each.folder_id == folder.id:
                    self._delete(each)

    def _delete(self, document: Document) -> None:
        with self._lock:
            self._queue.pop(document.path, None)
        try:
            self._tell(self._library.delete_document(document.id))
        except DocumentUnknown:
            return

    # -- small things ------------------------------------------------------------------------------------------------

    def _folder_of(self, path: str) -> Folder | None:
        """The innermost watched folder that holds a path."""
        holding = [folder for folder in self._library.folders() if _is_within(path, folder.path)]
        return max(holding, key=lambda folder: len(folder.path), default=None)

    def _put_back(self, path: str, waiting: _Waiting, *, is_first: bool) -> None:
        with self._lock:
            self._queue.setdefault(path, waiting)
            if is_first:
                self._queue.move_to_end(path, last=False)

    def _try_again(self, path: str, waiting: _Waiting) -> None:
        waiting.attempts += 1
        if waiting.attempts < MAX_ATTEMPTS:
            self._put_back(path, waiting, is_first=False)

    def _tell(self, change: DocumentChange) -> None:
        if self._on_change is not None and (change.added or change.removed or change.withdrawn):
            self._on_change(change)


def look_at_quietly(path: str) -> FoundFile | None:
    """A single file, now; None where there is none or it cannot be told."""
    try:
        return look_at(path)
    except OSError:
        return None


def _is_within(path: str, place: str) -> bool:
    return path == place or path.startswith(place.rstrip(os.sep) + os.sep)


def _rules_above(root: str, path: str) -> IgnoreRules:
    """The rules that hold for what lies beside ``path``, some folder under ``root``."""
    rules = IgnoreRules()
    if path == root:
        return rules
    for above in reversed(Path(path).parents):
        if _is_within(str(above), root):
            rules = rules.entered(str(above))
    return rules
