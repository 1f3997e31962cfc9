"""How soon background work stands back from real input, and what the program costs at rest.

Run:  python -m tests.benchmarks.gate --gguf MODEL.gguf [--tries 20] [--rest SECONDS]

A key is pressed by xdotool on an X server of the benchmark's own (Xvfb), at a random moment of a real slice, by turns
while a prompt of some 1,500 tokens is read and while a text is written. Measured from when the server got it, by its
own idle counter. Another process looks at the processor time of the generator. ``--rest`` then leaves the whole program
alone, unlocked and with nothing to do, and looks at the processor time that its core took. Background work gives way to
everything else: on a busy machine it hardly moves.
"""

import argparse
import contextlib
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psutil
from tests.benchmarks.engine_cancelling import SYSTEM, notes, row, table

from pillowbook.core.reaching import ensure_core
from pillowbook.domain.clock import SystemClock
from pillowbook.domain.ids import DocumentId
from pillowbook.domain.work import LedgerEntry, Slice, SliceOutcome, SliceResult
from pillowbook.host.idle import X11Idle
from pillowbook.host.paths import Profile
from pillowbook.host.workers import CancelToken
from pillowbook.models.generator.client import LlamaGenerator, Message
from pillowbook.schedule import runner as runner_module
from pillowbook.schedule.gate import Rules, Sensed
from pillowbook.schedule.plan import Queues
from pillowbook.schedule.runner import Runner

RULES = Rules(work_when="idle", idle_after_s=1, battery_floor_percent=0, load_ceiling=1.0)
DEADLINE_S = 300.0
SAMPLE_S = 0.004
QUIET_S = 0.4
QUIET_SHARE = 0.02
"""Free is a processor from the moment on at which the generator takes less than this share of one core for QUIET_S."""

SAMPLER = """
import pathlib, sys, time
tasks = pathlib.Path(f"/proc/{sys.argv[1]}/task")
while True:
    used = 0
    for task in tasks.iterdir():
        try:
            used += int((task / "schedstat").read_text().split()[0])
        except OSError:
            pass
    print(time.monotonic(), used, flush=True)
    time.sleep(float(sys.argv[2]))
"""
"""Prints the clock and the nanoseconds of the processor that a process's living threads have had, again and again."""


@dataclass(frozen=True, slots=True)
class Try:
    """Milliseconds from the input; ``last_token_ms`` is 0 where no token came after it."""

    was_writing: bool
    last_token_ms: float
    slice_ended_ms: float
    processor_free_ms: float
    was_killed: bool


class Work:
    """Slices without end: a long prompt is read, or a text is written to a short one, as ``is_writing`` says."""

    def __init__(self, generator: LlamaGenerator, chance: random.Random) -> None:
        self._generator = generator
        self._chance = chance
        self._text = notes(12_000)
        self.is_writing = False
        self.ended = threading.Event()
        self.began_s = 0.0
        self.last_token_s = 0.0
        self.ended_s = 0.0

    def queues(self, skipped: frozenset[Slice]) -> Queues:
        return Queues((DocumentId(1),), (), ())

    def run(self, work: Slice, cancel: CancelToken) -> SliceOutcome:
        self.began_s = time.monotonic()
        self.ended.clear()
        try:
            start = self._chance.randrange(6000)
            text = self._text[start : start + (300 if self.is_writing else 6000)]
            self._generator.generate(
                [SYSTEM, Message("user", f"{self._chance.random()} {text}\n\nTell all of it again.")],
                max_tokens=400,
                temperature=1.5,
                deadline_s=DEADLINE_S,
                on_text=self._piece,
                cancel=cancel,
                background=True,
            )
        finally:
            self.ended_s = time.monotonic()
            self.ended.set()
        return SliceOutcome(SliceResult.DONE)

    def book(self, entry: LedgerEntry) -> None:
        return None

    def _piece(self, text: str) -> None:
        self.last_token_s = time.monotonic()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="How soon background work stands back from real input.")
    parser.add_argument("--gguf", type=Path, required=True)
    parser.add_argument("--tries", type=int, default=20)
    parser.add_argument("--rest", type=float, default=0.0, help="seconds; 600 for the figure of the design")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    with x_server() as display:
        if options.tries:
            show(measure(options.gguf, display, options.tries, random.Random(options.seed)))
        if options.rest:
            rest(display, options.rest)
    return 0


def measure(gguf: Path, display: str, tries: int, chance: random.Random) -> list[Try]:
    """Real input against a real generation."""
    runner_module.LOOK_AGAIN_S = 0.2  # type: ignore[misc]  # so that work begins again soon; not what is measured
    generator = LlamaGenerator(gguf)
    work, idle = Work(generator, chance), X11Idle(display)
    runner = Runner(
        work,
        sense=lambda: Sensed(datetime.now().astimezone(), idle.idle_s(), True, None, 0.0, None, True),
        rules=lambda: RULES,
        clock=SystemClock(),
        on_gate=lambda gate: None,
        on_slice=lambda entry: None,
        idle=idle,
    )
    press(display, "key")
    runner.start()
    found: list[Try] = []
    try:
        for number in range(tries):
            work.is_writing = number % 2 == 1
            press(display, "key")  # whatever runs ends; the next slice is of the kind wanted
            time.sleep(0.5)
            until_working(work, generator)
            time.sleep(chance.uniform(0.05, 1.0))
            if work.ended.is_set():  # between two slices
                until_working(work, generator)
            found.append(one_try(work, generator, idle, display))
            print(f"{number + 1} of {tries}", file=sys.stderr)
    finally:
        runner.stop()
        generator.close()
        idle.close()
    return found


def until_working(work: Work, generator: LlamaGenerator) -> None:
    """Until a slice runs on a model that is loaded, and a token came where it is to write."""
    deadline = time.monotonic() + DEADLINE_S
    while (
        work.ended.is_set()
        or not generator.is_loaded
        or (work.is_writing and work.last_token_s < work.began_s)
    ):
        assert time.monotonic() < deadline, "no slice began"
        time.sleep(0.02)


def one_try(work: Work, generator: LlamaGenerator, idle: X11Idle, display: str) -> Try:
    process_id = generator.process_id
    assert process_id is not None
    sampler = subprocess.Popen(
        [sys.executable, "-c", SAMPLER, str(process_id), str(SAMPLE_S)], stdout=subprocess.PIPE, text=True
    )
    assert sampler.stdout is not None
    sampler.stdout.readline()  # it looks
    work.ended.clear()
    press(display, "keydown")
    assert work.ended.wait(10), "the slice went on"
    idle_s, now_s = idle.idle_s(), time.monotonic()
    assert idle_s is not None
    # Now, since the next slice may begin while the processor is looked at.
    pressed_s, ended_s, last_token_s = now_s - idle_s, work.ended_s, work.last_token_s
    time.sleep(0.9)
    sampler.terminate()
    pairs = [line.split() for line in sampler.stdout.read().splitlines()]
    sampler.stdout.close()
    sampler.wait()
    press(display, "keyup")
    samples = [(float(pair[0]), int(pair[1]) / 1e9) for pair in pairs if len(pair) == 2]
    return Try(
        was_writing=work.is_writing,
        last_token_ms=max(0.0, (last_token_s - pressed_s) * 1000),
        slice_ended_ms=(ended_s - pressed_s) * 1000,
        processor_free_ms=max(0.0, free_from(samples) - pressed_s) * 1000,
        was_killed=generator.process_id != process_id,
    )


def free_from(samples: Sequence[tuple[float, float]]) -> float:
    """The first moment from which the process used next to nothing; the last sample when it never was so."""
    for index, (at, used) in enumerate(samples):
        later = next((one for one in samples[index:] if one[0] >= at + QUIET_S), None)
        if later is None:
            break
        if later[1] - used < QUIET_SHARE * (later[0] - at):
            return at
    return samples[-1][0]


def show(found: Sequence[Try]) -> None:
    table("From a key to the end of background work, ms", "what", "median", "p95", "worst", "of")
    for was_writing, name in ((False, "reading"), (True, "writing")):
        tries = [one for one in found if one.was_writing is was_writing]
        if was_writing and tries:
            line("writing: last token (0 where none came)", [one.last_token_ms for one in tries])
        if tries:
            line(f"{name}: slice ended", [one.slice_ended_ms for one in tries])
            line(f"{name}: processor free", [one.processor_free_ms for one in tries])
    print(f"\nworkers that had to be killed: {sum(one.was_killed for one in found)} of {len(found)}")


def line(name: str, values: Sequence[float]) -> None:
    ordered = sorted(values)
    p95 = ordered[max(0, -(-95 * len(ordered) // 100) - 1)]
    row(name, statistics.median(ordered), p95, ordered[-1], len(ordered))


def rest(display: str, seconds: float) -> None:
    """The core of the whole program, unlocked, with a client, nothing to do and nobody at the machine."""
    root = Path(tempfile.mkdtemp(prefix="pb-rest-"))
    os.environ.update(DISPLAY=display, XDG_RUNTIME_DIR=str(root))
    client = ensure_core(Profile(root / "profile"))
    try:
        client.vault_init("benchmark")
        core = next(one for one in psutil.process_iter() if is_core_of(one, root))
        time.sleep(5)
        before, began = used_s(core), time.monotonic()
        time.sleep(seconds)
        used = used_s(core) - before
        share = 100 * used / (time.monotonic() - began)
        print(f"\nat rest for {seconds:.0f} s: {used:.2f} s of one processor, {share:.3f} %")
        print(f"processes beside the core: {len(core.children(recursive=True))}")
        print(f"the gate: {client.status().gate.sentence}")
    finally:
        client.stop()
        client.close()
        shutil.rmtree(root, ignore_errors=True)


def is_core_of(process: psutil.Process, root: Path) -> bool:
    with contextlib.suppress(psutil.Error):
        words = process.cmdline()
        return "pillowbook.core" in words and any(str(root) in word for word in words)
    return False


def used_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def press(display: str, how: str) -> None:
    """A key, as a person would press it: ``key``, or its two halves ``keydown`` and ``keyup``."""
    command = ["xdotool", how, "Shift_L"]
    subprocess.run(command, env={"DISPLAY": display, "PATH": "/usr/bin:/bin"}, check=True, timeout=10)


@contextmanager
def x_server() -> Iterator[str]:
    """An X server without a screen, and its name."""
    start: Callable[..., subprocess.Popen[str]] = subprocess.Popen
    server = start(
        ["Xvfb", "-displayfd", "1", "-screen", "0", "640x480x24", "-nolisten", "tcp"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert server.stdout is not None
    try:
        yield f":{server.stdout.readline().strip()}"
    finally:
        server.terminate()
        server.wait(timeout=10)
        server.stdout.close()


if __name__ == "__main__":
    raise SystemExit(main())
