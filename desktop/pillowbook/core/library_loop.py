"""Keeps the library up to date: one thread that scans, hears the watcher and reads waiting documents one by one."""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

from pillowbook.domain.documents import Folder
from pillowbook.domain.errors import (
    Cancelled,
    DiskFull,
    FolderUnknown,
    PillowbookError,
    Transient,
    VaultLocked,
)
from pillowbook.domain.facts import facts, place_of
from pillowbook.domain.ids import FolderId
from pillowbook.flow.ingest.ingest import Ingestor, ScanReport
from pillowbook.flow.ingest.watch import FolderWatcher
from pillowbook.host.workers import CancelToken
from pillowbook.store.library import Library

log = logging.getLogger(__name__)

TELL_EVERY_S: Final = 0.5
RETRY_AFTER_S: Final = 30.0
REFRESH_S: Final = 3.0


@dataclass(slots=True)
class _Wishes:
    """What the thread is to do next."""

    folders: set[FolderId]
    paths: set[str]
    is_retry_due: bool = False


class LibraryLoop:
    """The ingest thread of one unlocked vault.

    Args:
        on_change: called (from this thread) at most every half second while documents come in, and once at the end.
    """

    def __init__(self, library: Library, ingestor: Ingestor, *, on_change: Callable[[], None]) -> None:
        self._library = library
        self._ingestor = ingestor
        self._on_change = on_change
        self._changed = threading.Condition()
        self._wishes = _Wishes(set(), set())
        self._is_stopping = False
        self._heard = self._taken = 0
        self._one = threading.Lock()
        self._refreshing = 0
        self._watcher = FolderWatcher(self.hear, self.scan_all)
        self._thread = threading.Thread(target=self._loop, name="library", daemon=True)

    def start(self) -> None:
        """Watch all folders and scan them once."""
        self._watcher.start()
        self._watcher.set_folders(self._paths())
        self.scan_all()
        self._thread.start()

    def stop(self) -> None:
        """End after the document at hand."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify_all()
        self._watcher.stop()
        if self._thread.is_alive():
            self._thread.join(timeout=15)

    def scan_all(self) -> None:
        """Have every folder scanned soon."""
        self._wish(folders={folder.id for folder in self._library.folders()})

    def folder_added(self, folder: Folder) -> None:
        """Watch and scan a new folder."""
        self._watcher.set_folders(self._paths())
        self._wish(folders={folder.id})

    def folder_removed(self, path: str) -> None:
        """Watch what is left. Folders around or inside the removed one are scanned: they may have lost documents."""
        self._watcher.set_folders(self._paths())
        gone = Path(path)
        self._wish(
            folders={
                folder.id
                for folder in self._library.folders()
                if gone.is_relative_to(folder.path) or Path(folder.path).is_relative_to(gone)
            }
        )

    def sync(self, cancel: CancelToken, on_progress: Callable[[int, int], None]) -> ScanReport:
        """Scan and read in the caller's thread until all is up to date.

        Raises:
            PillowbookError: DiskFull and kin; what was read so far is kept.
        """
        report: ScanReport | None = None
        with self._one:
            for folder in self._library.folders():
                found = self._ingestor.scan(folder.id, stop=lambda: cancel.is_cancelled, again=True)
                report = found if report is None else add_reports(report, found)
            total = self._ingestor.pending()
            done = 0

            def stop() -> bool:
                self._take_in_news()
                return cancel.is_cancelled or self._is_stopping

            while not cancel.is_cancelled and not self._is_stopping:
                on_progress(done, total)
                # Somebody waits: at full priority.
                if not self._ingestor.ingest_next(stop, background=False):
                    break
                done += 1
                total = max(total, done)
        cancel.raise_if_cancelled()
        self._on_change()
        return report if report is not None else ScanReport()

    def refresh(self, paths: Sequence[str]) -> None:
        """Read these documents now, ahead of all others, if they changed. Gives up when the disk keeps it waiting."""
        with self._changed:
            self._refreshing += 1
        try:
            if self._one.acquire(timeout=REFRESH_S):
                try:
                    self._refresh(paths)
                finally:
                    self._one.release()
        finally:
            with self._changed:
                self._refreshing -= 1
                self._changed.notify_all()

    def _refresh(self, paths: Sequence[str]) -> None:
        with contextlib.suppress(Transient):
            for path in paths:
                self._ingestor.handle_change(path)  # an urgent one goes to the head of the queue
                self._ingestor.ingest_next(lambda: self._is_stopping, background=False)

    def hear(self, paths: set[str]) -> None:
        """Have these looked at soon: the watcher, or somebody who read the files, found them changed."""
        self._wish(paths=paths)

    # -- the thread --------------------------------------------------------------------------------------------------

    def _wish(self, *, folders: set[FolderId] | None = None, paths: set[str] | None = None) -> None:
        with self._changed:
            self._wishes.folders |= folders or set()
            self._wishes.paths |= paths or set()
            self._heard += 1
            self._changed.notify_all()

    def _loop(self) -> None:
        while True:
            with self._changed:
                if self._wishes.is_retry_due:
                    self._changed.wait_for(
                        lambda: self._is_stopping or self._heard != self._taken, timeout=RETRY_AFTER_S
                    )
                else:
                    self._changed.wait_for(
                        lambda: self._is_stopping or self._wishes.folders or self._wishes.paths
                    )
                if self._is_stopping:
                    return
                self._taken = self._heard
                self._wishes.is_retry_due = False
            try:
                self._round()
            except (Cancelled, VaultLocked):
                return
            except PillowbookError as error:
                # What waits keeps its place and is tried again in a while; a full disk may have room by then.
                with self._changed:
                    self._wishes.is_retry_due = True
                log.warning("library: %s", error.code)
            except Exception as error:
                log.error("library failed", extra=facts(error=place_of(error)))
            if not self._is_stopping:
                self._tell()

    def _round(self) -> None:
        def stop() -> bool:
            self._take_in_news()
            return self._is_stopping

        with self._one:
            while not stop() and (folder_id := self._next_folder()) is not None:
                try:
                    with contextlib.suppress(FolderUnknown):  # removed meanwhile
                        self._ingestor.scan(folder_id, stop=lambda: self._is_stopping)
                except PillowbookError:
                    self._wish_quietly(folders={folder_id})
                    raise
        told_at = 0.0
        while self._read_one(stop):
            if time.monotonic() - told_at > TELL_EVERY_S:
                told_at = time.monotonic()
                self._tell()

    def _read_one(self, stop: Callable[[], bool]) -> bool:
        """Read the next document, after those that somebody waits for; False when none waits or it was stopped.

        Who waits for the lock alone would hardly ever get it: it is taken again before he has woken.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._is_stopping or not self._refreshing)
        with self._one:
            return not stop() and self._ingestor.ingest_next(stop)

    def _next_folder(self) -> FolderId | None:
        with self._changed:
            return self._wishes.folders.pop() if self._wishes.folders else None

    def _take_in_news(self) -> None:
        """Look at what the watcher told meanwhile. Called between documents and between the batches of a long one:
        what is deleted has to leave the answers at once, however much there is to read.
        """
        with self._changed:
            paths, self._wishes.paths = self._wishes.paths, set()
        while paths:
            path = min(paths)
            try:
                self._ingestor.handle_change(path)
            except PillowbookError:
                self._wish_quietly(paths=paths)
                raise
            except Exception:
                self._wish_quietly(paths=paths - {path})  # a path that trips us must not hold up the others
                raise
            paths.discard(path)

    def _wish_quietly(self, *, folders: set[FolderId] | None = None, paths: set[str] | None = None) -> None:
        """Keep what could not be done for the next try, without waking anybody for it."""
        with self._changed:
            self._wishes.folders |= folders or set()
            self._wishes.paths |= paths or set()

    def _tell(self) -> None:
        try:
            self._on_change()
        except (VaultLocked, DiskFull):
            return

    def _paths(self) -> list[str]:
        return [folder.path for folder in self._library.folders()]


def add_reports(one: ScanReport, other: ScanReport) -> ScanReport:
    """The sums of two scans."""
    return ScanReport(
        **{field.name: getattr(one, field.name) + getattr(other, field.name) for field in fields(one)}
    )
