"""Worker processes: spawned with inherited pipes, called with typed messages, killed without regret.

A worker holds heavy or dangerous libraries (llama.cpp, torch, document parsers) and neither key, vault nor
network settings. Its environment is bare, it inherits no descriptor beyond its pipes, its standard error is
thrown away (what a library prints may quote a document), and it ends when its input closes, so that a killed
client leaves none behind.

The process is started by the thread that reads from it: Linux sends PR_SET_PDEATHSIG when the *thread* that
spawned a process ends, and a worker must not die with the short-lived thread that happened to ask first.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

import pillowbook
from pillowbook.domain.errors import Cancelled, WorkerLost
from pillowbook.host.cancelling import CancelToken
from pillowbook.host.worker_process import Exchange, WorkerProcess

__all__ = ["CANCEL_GRACE_S", "CancelToken", "Worker", "bare_environment"]

R = TypeVar("R", bound=msgspec.Struct)
P = TypeVar("P", bound=msgspec.Struct)

CANCEL_GRACE_S = 0.1
"""How long a worker may take to stop by itself before it is killed (section 11 of the design: 100 ms)."""

_KEPT_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "TMPDIR", "TEMP", "TMP")
_SET_VARIABLES = {
    "LC_ALL": "C.UTF-8",
    "PYTHONUTF8": "1",
    "PYTHONWARNINGS": "ignore",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
    # Threads of one matrix product wait for each other without burning the processor: beside other programs the
    # default wrote 0.9 tokens a second where this wrote 11 (docs/decisions/0003-workers.md).
    "GOMP_SPINCOUNT": "1000",
}


class Worker:
    """A worker process that is started when first needed and again after it was lost. Thread-safe.

    Args:
        module: run as ``python -m module``; calls :func:`pillowbook.host.worker_loop.serve`.
        name: for messages and logs, such as ``generator``.
        opening: sent to every new process before anything else (load this model); when it fails, the process
            is stopped and its error raised from the calls that waited for it.
        opening_deadline_s: for start and opening together.
        cancel_grace_s: how long a cancelled call may take to stop by itself before the process is killed.
        import_paths: put in front of the child's import path.
    """

    def __init__(
        self,
        module: str,
        *,
        name: str,
        opening: msgspec.Struct | None = None,
        opening_deadline_s: float = 120.0,
        cancel_grace_s: float = CANCEL_GRACE_S,
        import_paths: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._command = [sys.executable, "-P", "-m", module]
        self._name = name
        self._opening = opening
        self._opening_deadline_s = opening_deadline_s
        self._cancel_grace_s = cancel_grace_s
        self._environment = bare_environment(import_paths) | dict(environment or {})
        self._lock = threading.Lock()
        self._child: WorkerProcess | None = None
        self._is_closed = False

    @property
    def is_ready(self) -> bool:
        """Whether the process runs and its opening is done."""
        child = self._child
        return child is not None and child.is_open and not child.is_lost

    @property
    def process_id(self) -> int | None:
        """Of the running process; None without one."""
        child = self._child
        return child.process_id if child is not None and not child.is_lost else None

    @property
    def died_opening(self) -> bool:
        """Whether the last process ended before its opening was done."""
        child = self._child
        return child is not None and child.is_lost and not child.is_open

    def open_with(self, opening: msgspec.Struct) -> None:
        """Have every process from the next one on begin with another opening."""
        with self._lock:
            self._opening = opening

    def start(self) -> None:
        """Start the process if there is none. Does not wait for the opening, which no cancelled call ends now."""
        self._child_now().is_wanted = True

    def call(
        self,
        request: msgspec.Struct,
        reply: type[R],
        *,
        deadline_s: float,
        cancel: CancelToken | None = None,
        background: bool = False,
        on_part: Callable[[P], None] | None = None,
        part: type[P] | None = None,
        attempts: int = 2,
    ) -> R:
        """Send a request and wait for its answer.

        Args:
            deadline_s: seconds from when the process is ready; then the call is cancelled, or the process
                killed.
            background: the work runs when nothing else wants the processor.
            on_part: gets each piece of the answer (of type ``part``) on this thread; what it raises ends the
                call.
            attempts: how often to try when the process dies. It is not tried again once a piece was given
                out.
        Raises:
            Cancelled: by ``cancel``, by :meth:`stop` or :meth:`close`.
            DeadlineExceeded, WorkerLost, and whatever the worker raises.
        """
        for attempt in range(1, attempts + 1):
            child = self._child_now()
            child.wait_open(self._opening_deadline_s, cancel)
            exchange = Exchange(child, time.monotonic() + deadline_s, cancel, self._cancel_grace_s)
            try:
                return exchange.run(request, reply, background=background, on_part=on_part, part=part)
            except WorkerLost:
                if attempt == attempts or exchange.has_given_parts:
                    raise
        raise WorkerLost(worker=self._name)

    def stop(self) -> None:
        """End the process if there is one; running calls raise Cancelled, the next call starts a new
        process.
        """
        with self._lock:
            child, self._child = self._child, None
        if child is not None:
            child.stop()

    def close(self) -> None:
        """End the process for good; later calls raise Cancelled."""
        self._is_closed = True
        self.stop()

    def _child_now(self) -> WorkerProcess:
        with self._lock:
            if self._is_closed:
                raise Cancelled
            if self._child is None or self._child.is_lost:
                self._child = WorkerProcess(self._name, self._command, self._environment, self._opening)
            return self._child


def bare_environment(import_paths: Sequence[str] = ()) -> dict[str, str]:
    """What a worker gets to see of the environment: where programs and libraries are, and nothing of the
    user's.
    """
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    # So that a checkout or any other way of being importable here holds for `python -m` there as well.
    source_root = str(Path(pillowbook.__file__).resolve().parent.parent)
    return kept | _SET_VARIABLES | {"PYTHONPATH": os.pathsep.join([*import_paths, source_root])}
