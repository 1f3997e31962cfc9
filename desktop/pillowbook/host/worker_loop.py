"""The loop of a worker process; the other end is :mod:`pillowbook.host.workers`.

Calls are done one after the other: background calls on a thread at idle priority, all others on the main thread. One
more thread reads the pipe, so that a cancel or the end of input is seen while native code is busy. Input closed means
exit, at once and without clean-up: everything a worker holds is memory.
"""

import contextlib
import ctypes
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from pillowbook.domain.errors import Cancelled, PillowbookError
from pillowbook.host.worker_frames import (
    Cancel,
    Done,
    Failed,
    FrameBroken,
    Part,
    ToClient,
    ToWorker,
    pack_frame,
    read_frame,
)
from pillowbook.host.worker_priority import IdleThread

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4


class Job:
    """One call while it is being worked on."""

    def __init__(
        self, seq: int, is_background: bool, body: msgspec.Raw, send: Callable[[ToClient], None]
    ) -> None:
        self.seq = seq
        self.is_background = is_background
        self.body = body
        self._send = send
        self._on_cancel: Callable[[], None] | None = None
        self._lock = threading.Lock()
        self.is_cancelled = False

    def send_part(self, part: msgspec.Struct) -> None:
        """Give the client a piece of the answer now."""
        self._send(Part(self.seq, msgspec.Raw(msgspec.msgpack.encode(part))))

    def when_cancelled(self, action: Callable[[], None] | None) -> None:
        """Run ``action`` (short, any thread) as soon as the call is cancelled; None takes it back."""
        with self._lock:
            self._on_cancel = action
            is_late = self.is_cancelled
        if is_late and action is not None:
            action()

    def raise_if_cancelled(self) -> None:
        """Raise :class:`Cancelled` once the client no longer wants the answer."""
        if self.is_cancelled:
            raise Cancelled

    def cancel(self) -> None:
        """Mark it as no longer wanted."""
        with self._lock:
            self.is_cancelled = True
            action = self._on_cancel
        if action is not None:
            action()


Handler = Callable[[Any, Job], msgspec.Struct | None]
AtOnce = Callable[[Any], msgspec.Struct | None]


def serve(requests: Any, handle: Handler, at_once: AtOnce | None = None) -> None:
    """Answer calls until the input is closed; never returns.

    Args:
        requests: the struct, or union of tagged structs, that a call's body is.
        handle: does one call and gives its answer; may raise any PillowbookError.
        at_once: tried first, on the reading thread, for requests that take well under a millisecond and must
            not wait for the call that is running; None as its answer means "not this one".
    """
    reading, writing = take_over_pipes()
    harden_worker()
    _Loop(reading, writing, requests, handle, at_once).run()


def take_over_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Move the pipes away from fds 0 and 1, so that a library that prints cannot break the stream of
    frames.
    """
    reading = os.fdopen(os.dup(0), "rb", buffering=1 << 16)
    writing = os.fdopen(os.dup(1), "wb", buffering=0)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)
    return reading, writing


def harden_worker() -> None:
    """No core dump, no debugger of the same user, and no life beyond the client's (Linux; elsewhere what
    there is).
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is the client's business
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        prctl = ctypes.CDLL(None).prctl
        prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
        # The signal comes when the *thread* that spawned us ends; the client spawns from the thread that
        # reads us.
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


class _Loop:
    def __init__(
        self, reading: BinaryIO, writing: BinaryIO, requests: Any, handle: Handler, at_once: AtOnce | None
    ) -> None:
        self._reading = reading
        self._writing = writing
        self._frames = msgspec.msgpack.Decoder(ToWorker)
        self._requests = msgspec.msgpack.Decoder(requests)
        self._handle = handle
        self._at_once = at_once
        self._write_lock = threading.Lock()
        self._jobs_lock = threading.Lock()
        self._jobs: dict[int, Job] = {}
        self._waiting: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._background = IdleThread(self._answer)

    def run(self) -> None:
        threading.Thread(target=self._read, name="worker-input", daemon=True).start()
        while True:
            job = self._waiting.get()
            self._send(self._background.answer(job) if job.is_background else self._answer(job))
            with self._jobs_lock:
                del self._jobs[job.seq]

    def _answer(self, job: Job) -> ToClient:
        try:
            job.raise_if_cancelled()
            result = self._handle(self._requests.decode(job.body), job)
            return Done(job.seq, msgspec.Raw(msgspec.msgpack.encode(result)))
        except Exception as error:
            return _failure(job.seq, error)

    def _send(self, message: ToClient) -> None:
        frame = memoryview(pack_frame(message))
        try:
            with self._write_lock:
                while frame:
                    frame = frame[self._writing.write(frame) :]
        except OSError:
            os._exit(0)  # the client is gone

    def _read(self) -> None:
        try:
            while (frame := read_frame(self._reading)) is not None:
                self._take(self._frames.decode(frame))
        except (FrameBroken, msgspec.DecodeError, OSError):
            os._exit(1)
        os._exit(0)

    def _take(self, message: ToWorker) -> None:
        if isinstance(message, Cancel):
            with self._jobs_lock:
                job = self._jobs.get(message.seq)
            if job is not None:
                self._background.lift()  # on a busy machine idle threads would not hear it in time
                job.cancel()
            return
        if self._at_once is not None:
            try:
                quick = self._at_once(self._requests.decode(message.body))
            except Exception as error:
                self._send(_failure(message.seq, error))
                return
            if quick is not None:
                self._send(Done(message.seq, msgspec.Raw(msgspec.msgpack.encode(quick))))
                return
        job = Job(message.seq, message.background, message.body, self._send)
        with self._jobs_lock:
            self._jobs[job.seq] = job
        if not job.is_background:
            self._background.lift()  # the work before it ends sooner
        self._waiting.put(job)


def _failure(seq: int, error: Exception) -> Failed:
    if isinstance(error, PillowbookError):
        return Failed(seq, error.code, error.facts)
    # Where it happened, never what it said: the message of a library's error may quote a document.
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return Failed(
        seq,
        PillowbookError.code,
        {"kind": type(error).__name__, "module": Path(frame.filename).stem, "line": frame.lineno or 0},
    )
