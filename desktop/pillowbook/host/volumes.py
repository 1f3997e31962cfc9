"""Whether a drive is there: the place where it was mounted stays behind as an empty folder."""

import os
from pathlib import Path


def is_mount_point(path: str) -> bool:
    """Whether a drive is mounted at a path just now. Device numbers change from start to start; this does not."""
    return os.path.ismount(path)


def is_there(root: str, *, was_mount_point: bool) -> bool:
    """Whether a watched root is there, with what belongs into it.

    Args:
        was_mount_point: a drive was mounted just there when files were last seen in it.
    """
    try:
        Path(root).stat()
        if not was_mount_point or is_mount_point(root):
            return True
        with os.scandir(root) as entries:
            return any(not entry.name.startswith(".") for entry in entries)
    except NotADirectoryError:
        return True  # the root is a single file
    except OSError:
        return False  # gone, or on a share that does not answer
