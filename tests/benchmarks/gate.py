"""How soon background work stands back from real input, and what the program costs at rest.

Run:  python tests/benchmarks/gate.py --gguf MODEL.gguf [--tries 20] [--rest SECONDS]

A key is pressed by xdotool on an X server of the benchmark's own (Xvfb), at a random moment of a real slice: reading a
prompt of some 1,500 tokens, or writing. Measured from before xdotool is started, so its own start (a few milliseconds)
is in every figure. ``--rest`` then leaves the whole program alone, unlocked and with nothing to do, and looks at the
processor time that its core took.
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

from pillowbook.domain.clock import SystemClock
from pillowbook.domain.ids import DocumentId
from pillowbook.domain.work import LedgerEntry, Slice, SliceOutcome, SliceResult
from pillowbook.host.idle import X11Idle
from pillowbook.host.workers import CancelToken
from pillowbook.models.generator.client import LlamaGenerator, Message
from pillowbook.schedule import runner as runner_module
from pillowbook.schedule.gate import Rules, Sensed
from pillowbook.schedule.plan import Queues
from pillowbook.schedule.runner import Runner

RULES = Rules(work_when="idle", idle_after_s=1, battery_floor_percent=0, load_ceiling=1.0)
DEADLINE_S = 120.0
SAMPLE_S = 0.004
QUIET_S = 0.4
QUIET_SHARE = 0.02
"""Free is a processor from the moment on at which the generator takes less than this share of one core for QUIET_S."""


@dataclass(frozen=True, slots=True)
class Try:
    """Milliseconds from the input; ``last_token_ms`` None where no token came after it."""

    last_token_ms: float | None
    slice_ended_ms: float
    processor_free_ms: float
    was_killed: bool


class Work:
    """Slices without end: a long prompt is read and a text written."""

    def __init__(self, generator: LlamaGenerator, chance: random.Random) -> None:
        self._generator = generator
        self._chance = chance
        self._text = notes(12_000)
        self.began = threading.Event()
        self.ended = threading.Event()
        self.last_token_s = 0.0
        self.ended_s = 0.0

    def queues(self, skipped: frozenset[Slice]) -> Queues:
        return Queues((DocumentId(1),), (), ())

    def run(self, work: Slice, cancel: CancelToken) -> SliceOutcome:
        self.ended.clear()
        self.began.set()
        try:
            start = self._chance.randrange(6000)
            self._generator.generate(
                [SYSTEM, Message("user", f"{self._text[start : start + 6000]}\n\nTell all of it again.")],
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
    press(display)
    runner.start()
    found: list[Try] = []
    try:
        until_working(work, generator)
        for number in range(tries):
            until_working(work, generator)
            time.sleep(chance.uniform(0.3, 4.0))
            if work.ended.is_set():  # between two slices
                until_working(work, generator)
            found.append(one_try(work, generator, display))
            print(f"{number + 1} of {tries}", file=sys.stderr)
    finally:
        runner.stop()
        generator.close()
        idle.close()
    return found


def until_working(work: Work, generator: LlamaGenerator) -> None:
    """Until a slice runs on a model that is loaded."""
    work.began.clear()
    deadline = time.monotonic() + DEADLINE_S
    while work.ended.is_set() or not generator.is_loaded:
        assert time.monotonic() < deadline, "no slice began"
        time.sleep(0.02)


def one_try(work: Work, generator: LlamaGenerator, display: str) -> Try:
    process_id = generator.process_id
    assert process_id is not None
    stop, samples = threading.Event(), list[tuple[float, float]]()

    def sample() -> None:
        while not stop.wait(SAMPLE_S):
            with contextlib.suppress(psutil.Error, OSError, StopIteration):
                samples.append((time.monotonic(), processor_s(process_id)))

    sampler = threading.Thread(target=sample)
    sampler.start()
    time.sleep(0.05)
    work.ended.clear()
    pressed_s = time.monotonic()
    press(display)
    assert work.ended.wait(10), "the slice went on"
    ended_s = work.ended_s
    time.sleep(1.0)
    stop.set()
    sampler.join()
    last = work.last_token_s - pressed_s
    return Try(
        last_token_ms=last * 1000 if last > 0 else None,
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


def processor_s(process_id: int) -> float:
    """Processor seconds of all threads that live, by the scheduler's own count in nanoseconds."""
    total_ns = 0
    for task in Path(f"/proc/{process_id}/task").iterdir():
        with contextlib.suppress(OSError):
            total_ns += int((task / "schedstat").read_text("ascii").split()[0])
    return total_ns / 1e9


def show(found: Sequence[Try]) -> None:
    table("From a key to the end of background work, ms", "what", "median", "p95", "worst", "of")
    tokens = [one.last_token_ms for one in found if one.last_token_ms is not None]
    line("last token (none after the key: 0)", tokens + [0.0] * (len(found) - len(tokens)))
    line("slice ended", [one.slice_ended_ms for one in found])
    line("processor free", [one.processor_free_ms for one in found])
    print(f"\nworkers that had to be killed: {sum(one.was_killed for one in found)} of {len(found)}")


def line(name: str, values: Sequence[float]) -> None:
    ordered = sorted(values)
    p95 = ordered[max(0, -(-95 * len(ordered) // 100) - 1)]
    row(name, statistics.median(ordered), p95, ordered[-1], len(ordered))


def rest(display: str, seconds: float) -> None:
    """The core of the whole program, unlocked, with nothing to do and nobody at the machine."""
    root = Path(tempfile.mkdtemp(prefix="pb-rest-"))
    (root / "passphrase").write_text("benchmark\n")
    environment = os.environ | {"DISPLAY": display, "HOME": str(root)}
    command = [sys.executable, "-m", "pillowbook", "--profile", str(root / "profile")]
    secret = ["--passphrase-file", str(root / "passphrase")]

    def say(*words: str) -> None:
        subprocess.run([*command, *secret, *words], env=environment, check=True, stdout=subprocess.DEVNULL)

    try:
        say("vault", "init")
        say("status")
        core = next(one for one in psutil.process_iter() if is_core_of(one, root))
        time.sleep(5)
        processes = [core, *core.children(recursive=True)]
        before = sum(used_s(one) for one in processes)
        began = time.monotonic()
        time.sleep(seconds)
        used = sum(used_s(one) for one in [core, *core.children(recursive=True)]) - before
        share = 100 * used / (time.monotonic() - began)
        print(f"\nat rest for {seconds:.0f} s: {used:.2f} s of one processor, {share:.3f} %")
    finally:
        subprocess.run([*command, "stop"], env=environment, check=False, capture_output=True)
        shutil.rmtree(root, ignore_errors=True)


def is_core_of(process: psutil.Process, root: Path) -> bool:
    with contextlib.suppress(psutil.Error):
        words = process.cmdline()
        return "pillowbook.core" in words and any(str(root) in word for word in words)
    return False


def used_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def press(display: str) -> None:
    """One key, as a person would press it."""
    command = ["xdotool", "key", "Shift_L"]
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
    yield f":{server.stdout.readline().strip()}"
    server.terminate()
    server.wait(timeout=10)
    server.stdout.close()


if __name__ == "__main__":
    raise SystemExit(main())
