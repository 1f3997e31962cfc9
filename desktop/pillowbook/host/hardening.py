"""Measures that keep the process's memory and files to itself."""

import ctypes
import os
import sys

PR_SET_DUMPABLE = 4  # <sys/prctl.h>


def harden_process() -> tuple[str, ...]:
    """Files made from now on are private, and the process leaves no core dump.

    On Linux it also becomes undumpable: no other program of the same user may read its memory
    (unless that user is root).

    Returns:
        names of the measures that hold here: ``umask``, ``no-core``, ``undumpable``.
    """
    held = ["umask"]
    os.umask(0o077)
    if sys.platform != "win32":
        import resource

        try:
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            held.append("no-core")
        except (OSError, ValueError):  # a hard limit set by the administrator; it can only be lower already
            pass
    if sys.platform == "linux":
        try:
            if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0:
                held.append("undumpable")
        except (OSError, AttributeError):  # a C library without prctl
            pass
    return tuple(held)
