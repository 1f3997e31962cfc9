"""The walls around the document parsers. Runs in the worker only.

What holds where:

* Linux: an own user and network namespace without any interface (where the system lets users make one), Landlock
  against new and changed files (kernel 5.13 and later), and the limits below.
* macOS: the limits below, except memory, which macOS does not enforce. No wall to the network, and none to files beyond
  RLIMIT_FSIZE.
* Windows: none yet beyond being a process of its own with a deadline and a bare environment.

Namespaces and Landlock hold for threads made later, so both are put up before the parser is loaded.
"""

import contextlib
import ctypes
import os
import shutil
import signal
import struct
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pillowbook.flow.ingest.extractor.protocol import SandboxReply

MEMORY_LIMIT_BYTES = 2 << 30
"""Address space. The parser alone maps 0.4 GiB; 100 MiB of file are held up to three times on the way in."""
DESCRIPTOR_LIMIT = 64
CPU_LIMIT_S = 240
"""Processor seconds for one document; above the longest deadline, for when nobody is left to enforce that."""

_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_PR_SET_NO_NEW_PRIVS = 38
# linux/landlock.h; the numbers are the same on all architectures.
_LANDLOCK_CREATE_RULESET, _LANDLOCK_ADD_RULE, _LANDLOCK_RESTRICT_SELF = 444, 445, 446
_LANDLOCK_RULE_PATH_BENEATH = 1
_WRITE_FILE = 1 << 1
_REMOVE_DIR = 1 << 4
_ALL_WRITES = _WRITE_FILE | sum(1 << bit for bit in range(4, 13))


class Sandbox:
    """Puts the walls up in two steps: before the parser is loaded, and once it is loaded."""

    def __init__(self) -> None:
        self._has_no_network = False
        self._has_landlock = False
        self._limits_memory = False
        self._limits_files = False

    @contextlib.contextmanager
    def loading(self) -> Iterator[None]:
        """Within, the parser may unpack its own library into a private directory, which is then removed.

        Kreuzberg writes the PDFium it carries to ``$TMPDIR/kreuzberg-pdfium`` and loads it from there. In the shared
        temporary directory another user could put theirs first.
        """
        shared_memory = Path("/dev/shm")
        place = shared_memory if os.access(shared_memory, os.W_OK) else Path(tempfile.gettempdir())
        private = tempfile.mkdtemp(prefix="pillowbook-x-", dir=place)
        for variable in ("TMPDIR", "TEMP", "TMP"):
            os.environ[variable] = private
        try:
            if sys.platform == "linux":
                self._has_no_network = _leave_network()
                self._has_landlock = _forbid_writes(private)
            yield
        finally:
            shutil.rmtree(private, ignore_errors=True)  # Windows keeps a loaded library's file

    def close(self) -> SandboxReply:
        """The second step: limits that the loading itself would break."""
        with contextlib.suppress(ImportError):
            import resource

            def limit(what: int, amount: int) -> bool:
                with contextlib.suppress(ValueError, OSError):
                    resource.setrlimit(what, (amount, amount))
                    return True
                return False

            signal.signal(
                signal.SIGXFSZ, signal.SIG_IGN
            )  # a write then fails, instead of killing the process
            self._limits_files = limit(resource.RLIMIT_FSIZE, 0)
            limit(resource.RLIMIT_NOFILE, DESCRIPTOR_LIMIT)
            self._limits_memory = limit(resource.RLIMIT_AS, MEMORY_LIMIT_BYTES) and sys.platform == "linux"
        return SandboxReply(
            self._limits_memory, self._has_no_network, self._has_landlock or self._limits_files
        )


def allow_cpu() -> None:
    """Give the process processor time for one more document."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF)
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + CPU_LIMIT_S, hard))


def _leave_network() -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0 or libc.unshare(_CLONE_NEWNET) == 0)


def _forbid_writes(but_below: str) -> bool:
    """Landlock: no file is made, changed or removed, but below one directory and in ``/dev/null``."""
    libc = ctypes.CDLL(None, use_errno=True)
    handled = struct.pack("<Q", _ALL_WRITES)
    ruleset = libc.syscall(_LANDLOCK_CREATE_RULESET, handled, ctypes.c_size_t(len(handled)), 0)
    if ruleset < 0:
        return False
    try:
        # To remove the directory itself is a right on the one above; it reaches empty directories only.
        above = str(Path(but_below).parent)
        for path, allowed in ((but_below, _ALL_WRITES), (above, _REMOVE_DIR), (os.devnull, _WRITE_FILE)):
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
            try:
                rule = struct.pack("<Qi", allowed, place)
                if libc.syscall(_LANDLOCK_ADD_RULE, ruleset, _LANDLOCK_RULE_PATH_BENEATH, rule, 0) != 0:
                    return False
            finally:
                os.close(place)
        if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
            return False
        return bool(libc.syscall(_LANDLOCK_RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)
