"""Whether a drive is there: the place where it was mounted stays behind as an empty folder, on another device."""

import os
from pathlib import Path


def device_of(path: str) -> str:
    """The device that a path lies on; empty where it cannot be told."""
    try:
        return str(Path(path).stat().st_dev)
    except OSError:
        return ""


def is_there(root: str, device: str) -> bool:
    """Whether a watched root is there, with what belongs into it.

    Args:
        device: the one it lay on when files were last seen in it; empty if that is not known.
    """
    if not Path(root).exists():
        return False
    if not device or device_of(root) == device:
        return True
    try:
        with os.scandir(root) as entries:
            return next(entries, None) is not None
    except NotADirectoryError:
        return True  # the root is a single file
    except OSError:
        return False
