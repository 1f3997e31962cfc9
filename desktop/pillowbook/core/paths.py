"""Paths as clients name them, and as the vault keeps them."""

from errno import ENAMETOOLONG
from pathlib import Path

from pillowbook.domain.errors import FolderMissing, FolderUnreadable, FolderUnsuitable


def absolute(path: str) -> str:
    """The path as the vault keeps it: absolute, links in it resolved as far as they exist."""
    try:
        return str(Path(path).expanduser().resolve())
    except (OSError, RuntimeError, ValueError):  # links that go round in a circle, a NUL in the name
        return str(Path(path).absolute())


def readable(path: str, own: Path) -> str:
    """The absolute path of a folder or file that can be read.

    Args:
        own: the profile's folder, which is nobody's notes.
    Raises:
        FolderMissing, FolderUnreadable, FolderUnsuitable: nothing was added.
    """
    try:
        target = Path(path).expanduser().resolve(strict=True)
        if target.is_relative_to(own.resolve()):
            raise FolderUnsuitable()
        if target.is_dir():
            next(iter(target.iterdir()), None)
        elif target.is_file():  # and no pipe, which would keep whoever opens it waiting
            with target.open("rb"):
                pass
        else:
            raise FolderUnsuitable()
    except (FileNotFoundError, NotADirectoryError, RuntimeError, ValueError):
        raise FolderMissing() from None
    except OSError as error:
        raise (
            FolderMissing() if error.errno == ENAMETOOLONG else FolderUnreadable(errno=error.errno or 0)
        ) from None
    return str(target)
