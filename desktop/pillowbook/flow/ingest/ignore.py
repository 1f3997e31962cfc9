"""What under a watched folder is not looked at: rules by name, and the user's own patterns.

Ignored files are not documents, as against excluded ones, which are listed with their reason.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from pathspec import GitIgnoreSpec

from pillowbook.host.regular import open_regular

PATTERN_FILES = (".pillowbookignore", ".gitignore")
"""Patterns as in gitignore(5), for the folder they lie in and all below it. The first one outranks the second."""

_FOLDER_NAMES = frozenset(
    {"node_modules", "__pycache__", "__MACOSX", "$RECYCLE.BIN", "System Volume Information", "lost+found"}
)
_LEFTOVER = re.compile(
    r"~\$.*|.*~|#.*#|.*\.(?:tmp|temp|part|crdownload|sw[px]|lock)|thumbs\.db|desktop\.ini", re.I | re.S
)
"""Files that programs keep beside a document while it is open, or leave behind."""
_MAX_PATTERN_FILE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class _Patterns:
    folder: str
    spec: GitIgnoreSpec


@dataclass(frozen=True, slots=True)
class IgnoreRules:
    """The rules that hold in one folder: the fixed ones, and the patterns found from the root down to here."""

    patterns: tuple[_Patterns, ...] = ()

    def entered(self, folder: str) -> "IgnoreRules":
        """The rules inside a folder: these, and what its own pattern files add."""
        added = tuple(
            _Patterns(folder, spec)
            for name in reversed(PATTERN_FILES)
            if (spec := _read_patterns(folder, name))
        )
        return IgnoreRules(self.patterns + added) if added else self

    def ignores(self, path: str, *, is_folder: bool) -> bool:
        """Whether a file or folder directly inside the folder of these rules is passed over."""
        name = path.rpartition(os.sep)[2]
        if name.startswith("."):  # hidden; .git, .obsidian, .trash, .~lock.x# and .DS_Store among them
            return True
        if name in _FOLDER_NAMES if is_folder else _LEFTOVER.fullmatch(name):
            return True
        for patterns in reversed(self.patterns):  # the nearest file that says anything about it decides
            inside = path[len(patterns.folder) :].lstrip(os.sep).replace(os.sep, "/")
            verdict = patterns.spec.check_file(inside + "/" if is_folder else inside).include
            if verdict is not None:
                return verdict
        return False


def ignored_below(root: str, path: str) -> bool:
    """Whether ``path``, an existing file or folder somewhere under ``root``, is passed over by any rule on the way."""
    rules = IgnoreRules().entered(root)
    here = root
    parts = Path(path).relative_to(root).parts
    for position, part in enumerate(parts):
        here = f"{here.rstrip(os.sep)}{os.sep}{part}"
        is_last = position == len(parts) - 1
        is_folder = not is_last or Path(here).is_dir()
        if rules.ignores(here, is_folder=is_folder):
            return True
        if not is_last:
            rules = rules.entered(here)
    return False


def _read_patterns(folder: str, name: str) -> GitIgnoreSpec | None:
    try:
        with open_regular(str(Path(folder, name))) as file:
            lines = file.read(_MAX_PATTERN_FILE_BYTES).decode("utf-8", "replace").splitlines()
        return GitIgnoreSpec.from_lines(lines)
    except (OSError, ValueError):
        return None
