"""Files as they are now: walking a root, and reading a file that may be changing under our hands."""

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pillowbook.domain.documents import Fingerprint
from pillowbook.domain.errors import DocumentUnreadable, Transient
from pillowbook.domain.ids import ContentHash
from pillowbook.flow.ingest.ignore import IgnoreRules
from pillowbook.host.regular import open_regular


class FileChanging(Transient):
    """The file was written while it was read; it is read in the next round."""

    code = "file-changing"
    sentence = "The document is being written; it will be read when that is done."


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A regular file, or a link to be excluded, as ``stat`` sees it."""

    path: str
    file_id: int
    size_bytes: int
    modified_ns: int
    changed_ns: int
    is_link: bool = False

    def is_as(self, known: Fingerprint) -> bool:
        """Whether nothing ``stat`` tells has changed since ``known`` was taken."""
        return (self.file_id, self.size_bytes, self.modified_ns, self.changed_ns) == (
            known.file_id,
            known.size_bytes,
            known.modified_ns,
            known.changed_ns,
        )


@dataclass(slots=True)
class Walk:
    """What a walk met besides files. ``unreadable`` holds folders whose content is unknown, not gone."""

    unreadable: list[str] = field(default_factory=list)
    is_complete: bool = True


def walk_files(
    root: str, walk: Walk, stop: Callable[[], bool], rules: IgnoreRules | None = None
) -> Iterator[FoundFile]:
    """All files under a root that no rule passes over. Links are reported, never followed.

    Args:
        root: a folder, or a single file.
        walk: filled in on the way; complete once the iterator is exhausted.
        rules: those of the folders above, when the walk begins below a watched root.
    """
    if Path(root).is_file():
        yield _found(root, Path(root).stat())  # the root itself may be a link: the user named it
        return
    pending = [(root, rules or IgnoreRules())]
    while pending:
        folder, above = pending.pop()
        if stop():
            walk.is_complete = False
            return
        inside = above.entered(folder)
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    try:
                        is_folder = entry.is_dir(follow_symlinks=False)
                        if inside.ignores(entry.path, is_folder=is_folder):
                            continue
                        if is_folder:
                            pending.append((entry.path, inside))
                        elif entry.is_symlink():
                            if entry.is_file():
                                yield FoundFile(entry.path, 0, 0, 0, 0, is_link=True)
                        elif entry.is_file(follow_symlinks=False):
                            # Windows: the directory's own entry has no file id, only a fresh stat has.
                            facts = (
                                Path(entry.path).stat()
                                if os.name == "nt"
                                else entry.stat(follow_symlinks=False)
                            )
                            yield _found(entry.path, facts)
                    except FileNotFoundError:
                        continue  # gone between two looks
                    except OSError:
                        walk.unreadable.append(entry.path)
        except FileNotFoundError:
            if folder == root:
                walk.unreadable.append(folder)
        except OSError:
            walk.unreadable.append(folder)


def look_at(path: str) -> FoundFile | None:
    """A single file, now; None where there is none.

    Raises:
        OSError: it cannot be told.
    """
    try:
        facts = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if stat.S_ISLNK(facts.st_mode):
        return FoundFile(path, 0, 0, 0, 0, is_link=True) if Path(path).is_file() else None
    return _found(path, facts) if stat.S_ISREG(facts.st_mode) else None


def read_file(path: str, max_bytes: int) -> tuple[bytes, Fingerprint]:
    """A file's bytes, and the fingerprint they had.

    Raises:
        FileChanging: it was written meanwhile.
        DocumentUnreadable: ``too-large`` or ``unreadable``.
        FileNotFoundError: it is gone.
    """
    try:
        with open_regular(path) as file:
            before = os.fstat(file.fileno())
            data = file.read(max_bytes + 1)
            after = Path(path).stat()  # by name: an editor may have put another file in its place
    except FileNotFoundError:
        raise
    except OSError as error:
        raise DocumentUnreadable(reason="unreadable", errno=error.errno or 0) from error
    if len(data) > max_bytes:
        raise DocumentUnreadable(reason="too-large")
    found = _found(path, after)
    if found != _found(path, before) or found.size_bytes != len(data):
        raise FileChanging
    return data, fingerprint_of(found, data)


def fingerprint_of(found: FoundFile, data: bytes) -> Fingerprint:
    """The fingerprint of a file with these facts and bytes."""
    sha256 = ContentHash(hashlib.sha256(data).hexdigest())
    return Fingerprint(found.file_id, found.size_bytes, found.modified_ns, found.changed_ns, sha256)


def _found(path: str, facts: os.stat_result) -> FoundFile:
    return FoundFile(path, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)
