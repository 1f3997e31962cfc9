"""The watched folders and what was read in them."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from pillowbook.core import protocol as p
from pillowbook.core.library_loop import LibraryLoop
from pillowbook.core.paths import absolute, readable
from pillowbook.domain.documents import DocumentState, Folder
from pillowbook.domain.errors import DocumentUnknown, FolderMissing, FolderUnknown
from pillowbook.flow.ingest.ingest import Ingestor
from pillowbook.host.workers import CancelToken
from pillowbook.store.library import Library
from pillowbook.store.path_rules import PathRules


class Folders:
    """Answers the calls about folders and documents.

    Args:
        own: the profile's folder, which is nobody's notes.
        on_changed: told that documents came or went.
        on_kept_here: told that text which may be under way to a server has to stay.
    """

    def __init__(
        self,
        *,
        library: Library,
        loop: LibraryLoop,
        ingestor: Ingestor,
        own: Path,
        on_changed: Callable[[], None],
        on_kept_here: Callable[[], None],
    ) -> None:
        self._library = library
        self._loop = loop
        self._ingestor = ingestor
        self._own = own
        self._on_changed = on_changed
        self._on_kept_here = on_kept_here

    def handle(self, call: p.LibraryCall, part: Callable[[object], None], cancel: CancelToken) -> object:
        """The reply to one of these calls."""
        match call:
            case p.AddFolder(path):
                return self.add(readable(path, self._own))
            case p.RemoveFolder(path):
                self.remove(absolute(path))
            case p.KeepHere(path, is_kept):
                kept = self.keep(self._library.kept_here, path, is_kept=is_kept)
                if path is not None and is_kept:
                    self._on_kept_here()
                return kept
            case p.KeepPrivate(path, is_kept):
                return self.keep(self._library.kept_private, path, is_kept=is_kept)
            case p.ListFolders():
                return self._library.folders()
            case p.Sync():
                return self.sync(cancel, lambda done, total: part(p.Progress(done, total, "indexing")))
            case p.Forget(path):
                self.forget(absolute(path))
        return p.Done()

    def add(self, path: str) -> Folder:
        """Watch a folder; reading it begins at once."""
        folder = self._library.add_folder(path)
        self._loop.folder_added(folder)
        return folder

    def remove(self, path: str) -> None:
        """Stop watching a folder and delete everything derived from it."""
        for folder in self._library.folders():
            if folder.path == path:
                self._library.remove_folder(folder.id)
                self._loop.folder_removed(path)
                self._on_changed()
                return
        raise FolderUnknown()

    def keep(self, rules: PathRules, path: str | None, *, is_kept: bool) -> list[str]:
        """Let a rule hold below a path, or no longer; all paths of such rules. Without a path nothing is changed.

        Raises:
            FolderMissing: there is no such folder or file, and none of that name is watched.
        """
        if path is not None:
            here = absolute(path)
            if not is_kept:
                rules.release(here)
            elif os.path.lexists(here) or any(folder.path == here for folder in self._library.folders()):
                rules.keep(here)
            else:
                raise FolderMissing()
        return rules.paths()

    def sync(self, cancel: CancelToken, on_progress: Callable[[int, int], None]) -> p.ScanSummary:
        """Scan and read until all is up to date."""
        began = time.monotonic()
        report = self._loop.sync(cancel, on_progress)
        return p.ScanSummary(
            indexed=self._library.counts().by_state.get(DocumentState.INDEXED, 0),
            new=report.new,
            changed=report.changed,
            unchanged=report.unchanged,
            deleted=report.deleted,
            failed=len(self._library.documents(state=DocumentState.FAILED)),
            excluded=len(self._library.documents(state=DocumentState.EXCLUDED)),
            seconds=time.monotonic() - began,
        )

    def forget(self, path: str) -> None:
        """Drop what was derived from a document, or from all below a folder."""
        below = path.rstrip(os.sep) + os.sep
        known = [d for d in self._library.documents() if d.path == path or d.path.startswith(below)]
        if not known:
            raise DocumentUnknown()
        for document in known:
            self._ingestor.forget(document.path)
        self._on_changed()
