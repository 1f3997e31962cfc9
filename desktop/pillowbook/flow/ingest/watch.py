"""Hears of changes in watched folders. It is a hint, not the truth: freshness is decided from the files themselves.

Events only collect paths. They are handed on once it has been quiet for a moment; a storm (a checkout, an unpacked
archive) makes the moment longer, as in KDE's Baloo.
"""

import contextlib
import logging
import os
import stat
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from watchdog.events import (
    EVENT_TYPE_CLOSED_NO_WRITE,
    EVENT_TYPE_OPENED,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver, ObservedWatch

from pillowbook.domain.facts import facts

log = logging.getLogger(__name__)

QUIET_S = 0.3
"""How long nothing must happen before paths are handed on."""
LONGEST_WAIT_S = 1.0
"""In a storm, paths are handed on after this long all the same: a deletion has two seconds to be heard."""
LOOK_EVERY_S = 10.0
"""How often roots that are absent are looked for, by one ``stat`` each."""
MAX_PATHS = 5000
"""More changes than this at once are cheaper to find by a scan."""


_Identity = tuple[int, int]


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
        self._watching = threading.RLock()
        self._wanted: set[str] = set()
        self._watches: dict[str, tuple[ObservedWatch, _Identity]] = {}
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
            Those that cannot be watched now (absent, or the system's limit of watches is reached). Scans still find
            their changes, and an absent one is watched, and a scan asked for, soon after it is there.
        """
        with self._watching:
            self._wanted = {os.path.normpath(path) for path in paths}
            for path in [path for path in self._watches if path not in self._wanted]:
                self._unwatch(path)
            return [path for path in sorted(self._wanted) if not self._watch(path)]

    def _watch(self, path: str) -> bool:
        """Watch a root that is there; again, where another thing has taken its place."""
        identity = _identity(path)
        watched = self._watches.get(path)
        if watched is not None and watched[1] == identity:
            return True
        self._unwatch(path)
        if self._observer is None or identity is None:
            return False
        is_file = Path(path).is_file()
        # A single file is watched through its folder: editors replace files, which ends a watch on the file.
        place = str(Path(path).parent) if is_file else path
        try:
            watch = self._observer.schedule(_Handler(self._hear, path), place, recursive=not is_file)
        except OSError as error:
            log.warning("folder is not watched", extra=facts(errno=error.errno))
            return False
        self._watches[path] = (watch, identity)
        return True

    def _unwatch(self, path: str) -> None:
        watched = self._watches.pop(path, None)
        # Two single files of one folder share a watch; it ends with the last of them.
        if watched and self._observer and all(watch != watched[0] for watch, _ in self._watches.values()):
            with contextlib.suppress(KeyError, OSError):
                self._observer.unschedule(watched[0])

    def _look_for_roots(self) -> bool:
        """Watch the roots that have come (back) since; whether there are any."""
        with self._watching:
            before = {path: identity for path, (_, identity) in self._watches.items()}
            found = [path for path in self._wanted if self._watch(path)]
            return any(before.get(path) != self._watches[path][1] for path in found)

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
                has_news = self._changed.wait_for(lambda: self._is_stopping or self._paths, LOOK_EVERY_S)
            has_new_roots = not has_news and self._look_for_roots()
            if not has_news and not has_new_roots:
                continue
            with self._changed:
                self._has_overflowed |= has_new_roots
                while not self._is_stopping and self._paths:
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
                log.error("watcher: listener failed", extra=facts(kind=type(error).__name__))


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


def _identity(path: str) -> _Identity | None:
    """Device and file id of a root; of a single file only that it is there, because editors replace it."""
    try:
        facts = Path(path).stat()
    except OSError:
        return None
    return (facts.st_dev, facts.st_ino) if stat.S_ISDIR(facts.st_mode) else (0, 0)
