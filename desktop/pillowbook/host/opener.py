"""Opening a source at its place, in the programs the user has.

Editors that take a line are used for text where one is found; everything else goes to the system's own opener.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from pillowbook.domain.errors import FolderMissing

EDITORS_WITH_LINES: Final = (
    ("code", ("--goto", "{path}:{line}")),
    ("codium", ("--goto", "{path}:{line}")),
    ("kate", ("--line", "{line}", "{path}")),
    ("gedit", ("+{line}", "{path}")),
    ("gnome-text-editor", ("{path}",)),
)
PDF_VIEWERS_WITH_PAGES: Final = (
    ("okular", ("-p", "{page}", "{path}")),
    ("evince", ("-i", "{page}", "{path}")),
)
TEXT_ENDINGS: Final = frozenset({".md", ".markdown", ".txt", ".org", ".rst"})


def open_at(path: str, *, line: int | None = None, page: int | None = None) -> None:
    """Show a document to the user, at a line or page where a program for that is found.

    Raises:
        FolderMissing: the file is gone.
    """
    target = Path(path)
    if not target.exists():
        raise FolderMissing()
    command = _command(target, line, page)
    subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _command(target: Path, line: int | None, page: int | None) -> list[str]:
    programs: tuple[tuple[str, tuple[str, ...]], ...] = ()
    if line is not None and target.suffix.lower() in TEXT_ENDINGS:
        programs = EDITORS_WITH_LINES
    elif page is not None and target.suffix.lower() == ".pdf":
        programs = PDF_VIEWERS_WITH_PAGES
    for program, words in programs:
        found = shutil.which(program)
        if found:
            return [found, *(word.format(path=target, line=line, page=page) for word in words)]
    if sys.platform == "darwin":
        return ["open", str(target)]
    if sys.platform == "win32":
        return ["explorer", str(target)]
    return [shutil.which("xdg-open") or "xdg-open", str(target)]
