"""One worker process and the calls to it: the inner half of :mod:`pillowbook.host.workers`."""

import itertools
import logging
import os
import queue
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

import msgspec

from pillowbook.domain.errors import Cancelled, DeadlineExceeded, PillowbookError, WorkerLost, remake
from pillowbook.domain.facts import facts
from pillowbook.host.cancelling import CancelToken
from pillowbook.host.worker_frames import (
    Call,
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

log = logging.getLogger(__name__)

R = TypeVar("R", bound=msgspec.Struct)
P = TypeVar("P", bound=msgspec.Struct)

SHOW_STDERR_VARIABLE = "PILLOWBOOK_WORKER_STDERR"
"""For developers: when set, workers write their standard error to the client's. Never set by the program."""


class WorkerProcess:
    """One process, from spawning to reaping, and the thread that reads what it says."""

    def __init__(
        self, name: str, command: list[str], environment: dict[str, str], opening: msgspec.Struct | None
    ) -> None:
        self.name = name
        self.is_open = opening is None
        self.is_lost = False
        self._is_stopped = False
        self._failure: PillowbookError | None = None
        self._state = threading.Condition()
        self._waiting_for_open = 0
        self.is_wanted = False
        self._write_lock = threading.Lock()
        self._slots: dict[int, queue.SimpleQueue[ToClient | None]] = {}
        self._numbers = itertools.count()
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at_s = time.monotonic()
        is_spawned = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(command, environment, is_spawned), name=f"{name}-output", daemon=True
        )
        self._thread.start()
        is_spawned.wait()
        if opening is not None:
            self._opening_seq, _ = self.open_slot()
            self.send(Call(self._opening_seq, False, _raw(opening)), time.monotonic() + 10.0, None)

    @property
    def process_id(self) -> int | None:
        return self._process.pid if self._process is not None else None

    # -- the reading thread ----------------------------------------------------------------------------------

    def _run(self, command: list[str], environment: dict[str, str], is_spawned: threading.Event) -> None:
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=None if SHOW_STDERR_VARIABLE in os.environ else subprocess.DEVNULL,
                env=environment,
                cwd=Path(sys.executable).anchor,
                close_fds=True,
            )
            if os.name == "posix" and self._process.stdin is not None:
                os.set_blocking(self._process.stdin.fileno(), False)
        except OSError as error:
            log.warning("worker did not start", extra=facts(worker=self.name, errno=error.errno))
        finally:
            is_spawned.set()
        try:
            if self._process is not None:
                self._read(self._process)
        finally:
            self._end()

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        log.info("worker started", extra=facts(worker=self.name, process=process.pid))
        decoder = msgspec.msgpack.Decoder(ToClient)
        stream = cast(BinaryIO, process.stdout)
        try:
            while (frame := read_frame(stream)) is not None:
                self._dispatch(decoder.decode(frame))
        except (FrameBroken, msgspec.DecodeError, OSError):
            log.warning("worker spoke nonsense", extra=facts(worker=self.name))
        process.kill()
        code = process.wait()
        stream.close()
        with self._write_lock:
            cast(BinaryIO, process.stdin).close()
        log.info("worker ended", extra=facts(worker=self.name, process=process.pid, exit=code))

    def _dispatch(self, message: ToClient) -> None:
        if not self.is_open and message.seq == self._opening_seq:
            if isinstance(message, Failed):
                self._failure = remake(message.code, message.facts)
                self.kill()
            else:
                with self._state:
                    self.is_open = True
                    self._state.notify_all()
                ms = round((time.monotonic() - self._started_at_s) * 1000)
                log.info("worker ready", extra=facts(worker=self.name, ms=ms))
            return
        slot = self._slots.get(message.seq)
        if slot is not None:  # else its caller has given up
            slot.put(message)

    def _end(self) -> None:
        with self._state:
            self.is_lost = True
            slots = list(self._slots.values())
            self._state.notify_all()
        for slot in slots:
            slot.put(None)

    # -- the callers' threads --------------------------------------------------------------------------------

    def lost(self) -> PillowbookError:
        """Why there is no answer."""
        if self._failure is not None:
            return self._failure
        return Cancelled() if self._is_stopped else WorkerLost(worker=self.name)

    def wait_open(self, deadline_s: float, cancel: CancelToken | None) -> None:
        """Wait for the opening. A cancel ends the process too where nobody else waits for it or wants it
        soon (``is_wanted``): loading costs power.
        """
        until = self._started_at_s + deadline_s
        forget = cancel.when_cancelled(self._notify) if cancel is not None else None
        with self._state:
            self._waiting_for_open += 1
        try:
            with self._state:
                while not self.is_open:
                    if self.is_lost:
                        raise self.lost()
                    if cancel is not None and cancel.is_cancelled:
                        if self._waiting_for_open == 1 and not self.is_wanted:
                            self.kill()
                        raise Cancelled
                    if not self._state.wait(until - time.monotonic()) and time.monotonic() >= until:
                        self.kill()
                        raise DeadlineExceeded(worker=self.name)
        finally:
            with self._state:
                self._waiting_for_open -= 1
            if forget is not None:
                forget()

    def _notify(self) -> None:
        with self._state:
            self._state.notify_all()

    def open_slot(self) -> tuple[int, "queue.SimpleQueue[ToClient | None]"]:
        """A number for a call and where its answers come."""
        slot: queue.SimpleQueue[ToClient | None] = queue.SimpleQueue()
        with self._state:
            seq = next(self._numbers)
            self._slots[seq] = slot
            if self.is_lost:
                slot.put(None)
        return seq, slot

    def close_slot(self, seq: int) -> None:
        with self._state:
            self._slots.pop(seq, None)

    def send(self, message: ToWorker, deadline: float, cancel: CancelToken | None) -> None:
        """Write a frame. A process that does not take it in time is killed; the slot then says so."""
        frame = memoryview(pack_frame(message))
        with self._write_lock:
            stream = self._process.stdin if self._process is not None else None
            if stream is None or stream.closed:
                return
            try:
                _write(stream.fileno(), frame, deadline, cancel)
            except TimeoutError:
                self.kill()
            except OSError:
                pass  # the reading thread sees the end as well and tells every slot

    def kill(self) -> None:
        """End the process now; the reading thread tells those who wait."""
        if self._process is not None:
            self._process.kill()

    def stop(self) -> None:
        """End the process on purpose and wait for its end."""
        self._is_stopped = True
        self.kill()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=10.0)


class Exchange:
    """One call, from its request to its answer."""

    def __init__(
        self, child: WorkerProcess, deadline: float, cancel: CancelToken | None, cancel_grace_s: float
    ) -> None:
        self._child = child
        self._deadline = deadline
        self._cancel = cancel
        self._grace_s = cancel_grace_s
        self.has_given_parts = False

    def run(
        self,
        request: msgspec.Struct,
        reply: type[R],
        *,
        background: bool,
        on_part: Callable[[P], None] | None,
        part: type[P] | None,
    ) -> R:
        seq, slot = self._child.open_slot()
        # The marker wakes the waiting thread; None is also what a lost process leaves, told apart below.
        forget = self._cancel.when_cancelled(lambda: slot.put(None)) if self._cancel is not None else None
        is_finished = False
        try:
            self._child.send(Call(seq, background, _raw(request)), self._deadline, self._cancel)
            while True:
                message = self._next(slot)
                if isinstance(message, Part):
                    if on_part is not None and part is not None:
                        self.has_given_parts = True
                        on_part(msgspec.msgpack.decode(message.body, type=part))
                    continue
                is_finished = True
                if isinstance(message, Failed):
                    raise remake(message.code, message.facts)
                return msgspec.msgpack.decode(message.body, type=reply)
        finally:
            if forget is not None:
                forget()
            if not is_finished and not self._child.is_lost:
                self._stop_call(seq, slot)
            self._child.close_slot(seq)

    def _next(self, slot: "queue.SimpleQueue[ToClient | None]") -> ToClient:
        try:
            message = slot.get(timeout=max(0.0, self._deadline - time.monotonic()))
        except queue.Empty:
            raise DeadlineExceeded(worker=self._child.name) from None
        if message is None:
            if self._cancel is not None and self._cancel.is_cancelled:
                raise Cancelled
            raise self._child.lost()
        return message

    def _stop_call(self, seq: int, slot: "queue.SimpleQueue[ToClient | None]") -> None:
        """Ask the worker to stop, and kill it when it does not."""
        until = time.monotonic() + self._grace_s
        self._child.send(Cancel(seq), until, None)
        while True:
            try:
                message = slot.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                log.info("worker killed", extra=facts(worker=self._child.name))
                self._child.kill()
                return
            if isinstance(message, Done | Failed) or (message is None and self._child.is_lost):
                return


def _raw(body: msgspec.Struct) -> msgspec.Raw:
    return msgspec.Raw(msgspec.msgpack.encode(body))


def _write(descriptor: int, frame: memoryview, deadline: float, cancel: CancelToken | None) -> None:
    """Write all of ``frame``; TimeoutError when the deadline passes or the call is cancelled half way."""
    if os.name != "posix":
        while frame:
            frame = frame[os.write(descriptor, frame) :]
        return
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    while frame:
        try:
            frame = frame[os.write(descriptor, frame) :]
        except BlockingIOError:
            is_late = time.monotonic() >= deadline
            if is_late or (cancel is not None and cancel.is_cancelled):
                raise TimeoutError from None
            poll.poll(20)
