"""Hears of changes in watched folders. It is a hint, not the truth: freshness is decided from the files themselves.

Events only collect paths. They are handed on once it has been quiet for a moment; a storm (a checkout, an unpacked archive)
makes the moment longer, as in KDE's Baloo.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable

from watchdog.events import (
    EVENT_TYPE_CLOSED_NO_WRITE,
    EVENT_TYPE_OPENED,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver, ObservedWatch

log = logging.getLogger(__name__)

QUIET_S = 0.3
"""How long nothing must happen before paths are handed on."""
LONGEST_WAIT_S = 2.0
"""In a storm, paths are handed on after this long all the same."""
MAX_PATHS = 5000
"""More changes than this at once are cheaper to find by a scan."""


class FolderWatcher:
    """Watches folders (and single files) and tells which paths changed.

    Args:
        on_paths: gets the changed paths (files or folders, existing or gone), on the watcher's thread.
        on_overflow: called, on the same thread, when events may have been lost: scan everything.
    """

    def __init__(self, on_paths: Callable[[set[str]], None], on_overflow: Callable[[], None]) -> None:
        self._on_paths = on_paths
        self._on_overflow = on_overflow
        self._changed = threading.Condition()
        self._paths: set[str] = set()
        self._first_at_s = 0.0
        self._last_at_s = 0.0
        self._has_overflowed = False
        self._is_stopping = False
        self._watches: dict[str, ObservedWatch] = {}
        self._observer: BaseObserver | None = None
        self._thread = threading.Thread(target=self._hand_on, name="watcher", daemon=True)

    def start(self) -> None:
        """Begin to listen; call :meth:`set_folders` for what to."""
        self._observer = Observer()
        self._observer.daemon = True
        self._observer.start()
        self._thread.start()

    def stop(self) -> None:
        """End both threads; paths not handed on yet are dropped (the next start scans)."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify_all()
        if self._observer is not None:
            self._observer.stop()
            self._observer.join(timeout=5)
            self._observer = None
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(timeout=5)

    def set_folders(self, paths: Iterable[str]) -> list[str]:
        """Watch exactly these roots.

        Returns:
            Those that cannot be watched now (absent, or the system's limit of watches is reached); scans still find
            their changes.
        """
        observer = self._observer
        if observer is None:
            return list(paths)
        wanted = {os.path.normpath(path) for path in paths}
        for path in [path for path in self._watches if path not in wanted]:
            observer.unschedule(self._watches.pop(path))
        unwatched: list[str] = []
        for path in sorted(wanted):
            watch = self._watches.get(path)
            if watch is not None and watch in observer._watches:
                continue
            handler = _Handler(self._hear, path)
            is_file = os.path.isfile(path)  # noqa: PTH113
            try:
                # A single file is watched through its folder: editors replace files, which ends a watch on the file.
                self._watches[path] = observer.schedule(
                    handler, os.path.dirname(path) if is_file else path, recursive=not is_file  # noqa: PTH120
                )
            except OSError as error:
                log.warning("folder is not watched", extra={"errno": error.errno})
                unwatched.append(path)
        return unwatched

    def _hear(self, paths: Iterable[str]) -> None:
        now_s = time.monotonic()
        with self._changed:
            if not self._paths:
                self._first_at_s = now_s
                self._changed.notify_all()
            self._last_at_s = now_s
            if len(self._paths) < MAX_PATHS:
                self._paths.update(paths)
            else:
                self._has_overflowed = True

    def _hand_on(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._is_stopping or self._paths)
                while not self._is_stopping:
                    due_s = min(self._last_at_s + QUIET_S, self._first_at_s + LONGEST_WAIT_S)
                    left_s = due_s - time.monotonic()
                    if left_s <= 0:
                        break
                    self._changed.wait(left_s)
                if self._is_stopping:
                    return
                paths, self._paths = self._paths, set()
                has_overflowed, self._has_overflowed = self._has_overflowed, False
            try:
                if has_overflowed:
                    self._on_overflow()
                else:
                    self._on_paths(paths)
            except Exception as error:  # a listener's failure must not make us deaf
                log.error("watcher: listener failed", extra={"kind": type(error).__name__})


class _Handler(FileSystemEventHandler):
    """Collects paths under one root."""

    def __init__(self, hear: Callable[[Iterable[str]], None], root: str) -> None:
        self._hear = hear
        self._root = root

    def on_any_event(self, event: FileSystemEvent) -> None:
        if event.event_type in {EVENT_TYPE_OPENED, EVENT_TYPE_CLOSED_NO_WRITE}:
            return
        if event.is_directory and event.event_type == "modified":
            return  # an entry of it changed, and comes as an event of its own
        below = self._root + os.sep
        paths = {os.fsdecode(path) for path in (event.src_path, event.dest_path) if path}
        paths = {path for path in paths if path == self._root or path.startswith(below)}
        if paths:
            self._hear(paths)
