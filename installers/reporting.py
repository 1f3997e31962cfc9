"""What a set-up says while it works: steps with times, progress, and one sentence when it cannot go on."""

from __future__ import annotations

import queue
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

HEARTBEAT_S = 1.0
PLAIN_PROGRESS_EVERY_S = 15.0
KEPT_OUTPUT_LINES = 400

_NINJA_STEP = re.compile(r"^\s*\[(\d+)/(\d+)\]")


class SetupStopped(Exception):
    """The set-up cannot go on; its text is one sentence or two that say why and what to do."""


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended, with the last lines it wrote."""

    exit_code: int
    output: str


def spoken_duration(seconds: float) -> str:
    """Say a duration the way a person would: 0.4 s, 12 s, 3 min 05 s."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02d} s"


def ninja_fraction(line: str) -> float | None:
    """Read how far a compile is from a line that ninja begins with ``[12/83]``; None for any other line."""
    found = _NINJA_STEP.match(line)
    if not found or int(found[2]) == 0:
        return None
    return min(1.0, int(found[1]) / int(found[2]))


class Reporter:
    """Writes steps and their progress to one stream.

    On a terminal the progress line is rewritten in place; elsewhere a line is written now and then.
    """

    def __init__(self, stream: TextIO, *, steps: int, now_s: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._steps = steps
        self._now_s = now_s
        self._step = 0
        self._started_s = 0.0
        self._reported_s = 0.0
        self._has_open_line = False
        self._is_terminal = stream.isatty()

    def say(self, text: str) -> None:
        """Write one line of its own."""
        self._close_line()
        print(text, file=self._stream, flush=True)

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Frame one step with its number, its title and, when it went well, its time."""
        self._step += 1
        self._started_s = self._reported_s = self._now_s()
        self.say(f"[{self._step}/{self._steps}] {title}")
        yield
        self.say(f"      done in {spoken_duration(self._now_s() - self._started_s)}")

    def progress(self, text: str) -> None:
        """Say how far the present step is; called as often as one likes."""
        now_s = self._now_s()
        if not self._is_terminal and now_s - self._reported_s < PLAIN_PROGRESS_EVERY_S:
            return
        self._reported_s = now_s
        line = f"      {text}, {spoken_duration(now_s - self._started_s)} so far"
        if self._is_terminal:
            print(f"\r\x1b[K{line}", end="", file=self._stream, flush=True)
            self._has_open_line = True
        else:
            print(line, file=self._stream, flush=True)

    def _close_line(self) -> None:
        if self._has_open_line:
            print("\r\x1b[K", end="", file=self._stream)
            self._has_open_line = False


def run_logged(
    command: Sequence[str],
    *,
    log: TextIO,
    env: Mapping[str, str] | None = None,
    on_line: Callable[[str], None] | None = None,
    on_beat: Callable[[], None] | None = None,
) -> Finished:
    """Run a command, write all it says to the log, and hand on each line.

    Args:
        command: the program and its arguments; it gets no standard input.
        log: takes the command and its whole output.
        env: the command's environment; ours when None.
        on_line: called with each line.
        on_beat: called with each line and at least every second, so that a silent compile shows its time.
    Returns:
        the exit code and the last lines.
    """
    log.write(f"\n$ {' '.join(command)}\n")
    log.flush()
    kept: list[str] = []
    lines: queue.Queue[str | None] = queue.Queue()
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=None if env is None else dict(env),
        encoding="utf-8",
        errors="replace",
    ) as process:
        assert process.stdout is not None
        output = process.stdout

        def read() -> None:
            for line in output:
                lines.put(line)
            lines.put(None)

        reader = threading.Thread(target=read, name="setup-output", daemon=True)
        reader.start()
        try:
            while True:
                try:
                    line = lines.get(timeout=HEARTBEAT_S)
                except queue.Empty:
                    line = ""
                if line is None:
                    break
                if line:
                    log.write(line)
                    kept.append(line)
                    del kept[:-KEPT_OUTPUT_LINES]
                    if on_line:
                        on_line(line.rstrip("\n"))
                if on_beat:
                    on_beat()
        except BaseException:
            process.terminate()
            raise
        finally:
            log.flush()
        reader.join()
    return Finished(process.returncode, "".join(kept))
