"""Background work of a worker process at idle priority, without taking the priority of what comes after it.

Linux lets nobody leave SCHED_IDLE without a privilege or a raised limit for nice values (sched(7); the usual limit is
0), so nothing ever leaves it here: background calls have a thread of their own that is idle for good. OpenMP keeps a
team of threads for each thread that asks for one, and a thread begins with the policy of the one that made it, so the
engine's threads for background calls are idle too and those for questions never were. The disk follows: the class of a
thread that set none is derived from its policy, idle for SCHED_IDLE (Linux, include/linux/ioprio.h).

macOS has the same per thread (setpriority(2), PRIO_DARWIN_BG), Windows per process; both were never run here.
"""

import contextlib
import ctypes
import os
import queue
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pillowbook.host.worker_frames import ToClient
    from pillowbook.host.worker_loop import Job

_PRIO_DARWIN_THREAD = 3
_PRIO_DARWIN_BG = 0x1000


class IdleThread:
    """A thread that answers background calls when nothing else wants the processor; started by the first of them."""

    def __init__(self, answer: "Callable[[Job], ToClient]") -> None:
        self._answer = answer
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[ToClient] = queue.SimpleQueue()
        self._is_started = False
        self._lock = threading.Lock()
        self._lifted: list[int] = []
        self._is_busy = False

    def answer(self, job: "Job") -> "ToClient":
        """Answer a call there, and wait for it."""
        if not self._is_started:
            self._is_started = True
            threading.Thread(target=self._run, name="worker-background", daemon=True).start()
        with self._lock:
            self._is_busy = True
            self._lower()
        if job.is_cancelled:
            self.lift()
        self._jobs.put(job)
        answer = self._answers.get()
        with self._lock:
            self._is_busy = False
            self._lower()
        return answer

    def lift(self) -> None:
        """Let the call that runs there end sooner, where the system allows it; undone when it has ended."""
        with self._lock:
            if not self._is_busy:
                return
            if sys.platform == "linux":
                for entry in Path("/proc/self/task").iterdir():
                    with contextlib.suppress(OSError):  # it ended meanwhile, or we may not
                        thread = int(entry.name)
                        if os.sched_getscheduler(thread) == os.SCHED_IDLE:
                            os.sched_setscheduler(thread, os.SCHED_OTHER, os.sched_param(0))
                            self._lifted.append(thread)
            elif sys.platform == "win32":
                _set_process_idle(False)

    def _lower(self) -> None:
        """What was lifted goes back; on Windows the process is idle while it does background work."""
        for thread in self._lifted:
            with contextlib.suppress(OSError, AttributeError):
                os.sched_setscheduler(thread, os.SCHED_IDLE, os.sched_param(0))
        self._lifted.clear()
        if sys.platform == "win32":
            _set_process_idle(self._is_busy)

    def _run(self) -> None:
        with contextlib.suppress(OSError, AttributeError):
            if sys.platform == "linux":
                os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
            elif sys.platform == "darwin":
                ctypes.CDLL(None).setpriority(_PRIO_DARWIN_THREAD, 0, _PRIO_DARWIN_BG)
        while True:
            self._answers.put(self._answer(self._jobs.get()))


def _set_process_idle(is_idle: bool) -> None:
    """Windows: processor and disk. Not the mode for background processes, which takes a process's memory away too."""
    import psutil

    kinds: Any = psutil  # names that exist on Windows only
    process: Any = psutil.Process()
    process.nice(kinds.IDLE_PRIORITY_CLASS if is_idle else kinds.NORMAL_PRIORITY_CLASS)
    with contextlib.suppress(psutil.Error, OSError):
        process.ionice(kinds.IOPRIO_VERYLOW if is_idle else kinds.IOPRIO_NORMAL)
