"""How soon are there words? From a keystroke to hits, from Enter to the likely passage and to the first word written.

Run:  python -m tests.benchmarks.panel [--model ID] [--questions 12] [--keys-per-second 6] [--pause 0.6]

A core in a profile of its own reads the sample notes; questions of the sample are typed key by key into its protocol
with the window's own delays (``ui/asking.py``), and asked. What the window adds is a few milliseconds of painting.

- *by words*: a keystroke's hits while the embedder is not loaded; *with vectors*: once it is.
- *likely passage*: from Enter; the target is 80 ms.
- *first word*: from Enter to the first text of the model, with and without reading ahead; every question is asked once
  either way, in two halves of the questions that change places, each with a fresh generator process at its start.
  Questions that are refused without a word written are counted apart.
- *keystroke while reading ahead*: the hits' time while the model reads, which must cost no keystroke.
"""

import argparse
import json
import os
import platform
import random
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pillowbook.core.client import CoreClient
from pillowbook.core.reaching import ensure_core
from pillowbook.domain.asking import AnswerText, AskMode, AskPart, LikelyPassage
from pillowbook.host.paths import Profile
from pillowbook.host.resources import resource

DEBOUNCE_S = 0.030
AHEAD_S = 0.200
PASSPHRASE = "benchmark"


@dataclass
class Figures:
    """Milliseconds, by what was measured."""

    words: list[float] = field(default_factory=list)
    vectors: list[float] = field(default_factory=list)
    while_reading: list[float] = field(default_factory=list)
    likely: list[float] = field(default_factory=list)
    first_ahead: list[float] = field(default_factory=list)
    first_plain: list[float] = field(default_factory=list)
    unwritten: int = 0


class Typist:
    """Types into a core as the window does: hits after each pause of 30 ms, reading ahead after one of 200 ms."""

    def __init__(self, client: CoreClient, keys_per_second: float, *, reads_ahead: bool) -> None:
        self._client = client
        self._between_s = 1.0 / keys_per_second
        self._reads_ahead = reads_ahead
        self._reading: list[threading.Thread] = []
        self._draw = random.Random(3)

    def type(self, text: str, pause_s: float) -> list[float]:
        """Type it and rest for so long; the milliseconds from each key to its hits."""
        took: list[float] = []
        for end in range(1, len(text) + 1):
            typed = text[:end]
            # People are quick within a word and rest between words.
            gap_s = self._between_s * self._draw.uniform(0.4, 1.2) * (2.0 if typed.endswith(" ") else 1.0)
            if end == len(text):
                gap_s = pause_s
            next_key = time.monotonic() + gap_s
            time.sleep(min(DEBOUNCE_S, gap_s))
            if gap_s >= DEBOUNCE_S:
                began = time.monotonic()
                self._client.search(typed, limit=6)
                took.append((time.monotonic() - began + DEBOUNCE_S) * 1000)
                self._client.complete(typed)
            left = next_key - time.monotonic()
            if self._reads_ahead and gap_s >= AHEAD_S:
                time.sleep(max(0.0, min(left, AHEAD_S - DEBOUNCE_S)))
                self._read_ahead(typed)
            time.sleep(max(0.0, next_key - time.monotonic()))
        return took

    def is_reading(self) -> bool:
        return any(thread.is_alive() for thread in self._reading)

    def _read_ahead(self, typed: str) -> None:
        thread = threading.Thread(target=self._client.read_ahead, args=(typed,), daemon=True)
        thread.start()
        self._reading.append(thread)

    def finish(self) -> None:
        for thread in self._reading:
            thread.join(60)


def ask(client: CoreClient, question: str) -> tuple[float | None, float | None]:
    """Milliseconds from Enter to the likely passage, and to the first text; None where there was none."""
    began = time.monotonic()
    likely: list[float] = []
    text: list[float] = []

    def hear(part: AskPart) -> None:
        at_ms = (time.monotonic() - began) * 1000
        match part:
            case LikelyPassage():
                likely.append(at_ms)
            case AnswerText():
                text.append(at_ms)

    client.ask(question, mode=AskMode.LIVE_ONLY, learn=False, on_part=hear)
    return likely[0] if likely else None, text[0] if text else None


@contextmanager
def core(model: str) -> Iterator[CoreClient]:
    """A client of a core over the sample notes, which works in the foreground only."""
    root = Path(tempfile.mkdtemp(prefix="pb-"))
    os.environ["XDG_RUNTIME_DIR"] = str(root)
    client = ensure_core(Profile(root / "profile"))
    try:
        client.vault_init(PASSPHRASE)
        client.set_setting("schedule.work_when", "never")
        client.set_setting("models.generator", model)
        client.add_folder(str(resource("notes")))
        client.sync()
        yield client
    finally:
        client.stop()
        client.close()
        shutil.rmtree(root, ignore_errors=True)


def restart(client: CoreClient) -> None:
    """New model processes, nothing of them loaded."""
    client.lock()
    client.unlock(PASSPHRASE)


def measure(client: CoreClient, questions: Sequence[str], keys_per_second: float, pause_s: float) -> Figures:
    """All figures over these questions."""
    figures = Figures()
    restart(client)
    # Looking up sets the embedder to load: what is found before it is there is found by words alone.
    for question in questions[:1]:
        for end in range(1, len(question) + 1):
            began = time.monotonic()
            client.search(question[:end], limit=6)
            if not client.status().is_embedder_loaded:
                figures.words.append((time.monotonic() - began + DEBOUNCE_S) * 1000)
    half = len(questions) // 2
    for is_first in (True, False):
        restart(client)
        client.ask(questions[0], mode=AskMode.LIVE_ONLY, learn=False)  # loads both models
        for number, question in enumerate(questions):
            reads_ahead = (number < half) == is_first
            typist = Typist(client, keys_per_second, reads_ahead=reads_ahead)
            took = typist.type(question, pause_s)
            (figures.while_reading if reads_ahead else figures.vectors).extend(took)
            likely, first = ask(client, question)
            typist.finish()
            if likely is not None:
                figures.likely.append(likely)
            if first is None:
                figures.unwritten += 1
            else:
                (figures.first_ahead if reads_ahead else figures.first_plain).append(first)
    return figures


def line(name: str, values: Sequence[float]) -> str:
    """A row of the table."""
    if not values:
        return f"| {name} | - | - | 0 |"
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    return f"| {name} | {statistics.median(values):.0f} ms | {p95:.0f} ms | {len(values)} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="qwen2.5-coder-1.5b-instruct-q4_k_m")
    parser.add_argument("--questions", type=int, default=12)
    parser.add_argument("--keys-per-second", type=float, default=6.0)
    parser.add_argument("--pause", type=float, default=0.6, help="seconds between the last key and Enter")
    arguments = parser.parse_args()
    rows = (Path(__file__).parents[1] / "data" / "sample_questions.jsonl").read_text("utf-8").splitlines()
    asked = [row["question"] for row in map(json.loads, rows) if row.get("accept")]
    questions = random.Random(5).sample(asked, min(arguments.questions, len(asked)))
    print("command:", " ".join(["python", *sys.argv]))
    print(f"machine: {platform.machine()}, {os.cpu_count()} cores, {platform.system()}; {arguments.model}")
    with core(arguments.model) as client:
        figures = measure(client, questions, arguments.keys_per_second, arguments.pause)
    print("| | median | p95 | of |\n| --- | --- | --- | --- |")
    print(line("keystroke to hits, by words", figures.words))
    print(line("keystroke to hits, with vectors", figures.vectors))
    print(line("keystroke to hits, while reading ahead", figures.while_reading))
    print(line("Enter to likely passage", figures.likely))
    print(line("Enter to first word, not read ahead", figures.first_plain))
    print(line("Enter to first word, read ahead", figures.first_ahead))
    print(f"refused without a word written: {figures.unwritten} of {2 * len(questions)}")


if __name__ == "__main__":
    main()
