"""The generator's engine: how soon a cancel is heard, what kept prompts save, first token, memory, loading.

Run:  python -m tests.benchmarks.engine --generator FILE.gguf [--quick] [--only cancel,prefix,...]

Every table is of this one run on this machine; the load average beside it says whether anything else was running, and
figures from a busy machine mean little. About seven minutes with
the default model on two quiet cores, two with --quick.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil
from tests.benchmarks.common import machine
from tests.benchmarks.engine_cancelling import (
    DEADLINE_S,
    SYSTEM,
    fresh,
    measure_cancelling,
    notes,
    row,
    table,
)

from pillowbook.models.generator.client import Generated, LlamaGenerator, Message

OTHER_SYSTEM = Message(
    "system", "You answer from numbered lines of somebody's notes, with the number of the line."
)
QUESTIONS = (
    "When was it serviced last?",
    "Who did it?",
    "What did it cost?",
    "What has to be done next?",
    "What is the telephone number?",
    "What was wrong?",
    "What pressure should it have?",
    "When does the contract end?",
)


# -- loading and memory ------------------------------------------------------------------------------------------


def worker_memory(generator: LlamaGenerator) -> tuple[str, str, str]:
    """Resident and proportional size of the worker, and what the whole system has available, MiB."""
    available = f"{psutil.virtual_memory().available >> 20}"
    if generator.process_id is None:
        return "no process", "no process", available
    process = psutil.Process(generator.process_id)
    resident = f"{process.memory_info().rss >> 20}"
    try:
        return resident, f"{process.memory_full_info().pss >> 20}", available
    except psutil.AccessDenied:  # the worker is not dumpable; only root may look closer
        return resident, "not readable", available


def measure_memory(generator: LlamaGenerator, is_quick: bool) -> None:
    table("Memory, MiB", "when", "worker resident", "worker proportional", "system available")
    generator.unload()
    row("before", *worker_memory(generator))
    generator.preload()
    until = time.monotonic() + 120
    while not generator.is_loaded and time.monotonic() < until:
        time.sleep(0.01)
    row("loaded", *worker_memory(generator))
    length = 1500 if is_quick else 5000
    written = generator.generate(
        [SYSTEM, Message("user", notes(length))], max_tokens=16, deadline_s=DEADLINE_S
    )
    row(f"after a prompt of {written.tokens.prompt} tokens", *worker_memory(generator))
    generator.unload()
    row("after unloading", *worker_memory(generator))


def measure_loading(generator: LlamaGenerator, is_quick: bool) -> None:
    table("Loading, the file in the page cache", "what", "median s", "worst s", "runs")
    loads: list[float] = []
    firsts: list[float] = []
    for _ in range(3 if is_quick else 8):
        generator.unload()
        began = time.monotonic()
        generator.preload()
        while not generator.is_loaded:
            time.sleep(0.002)
        loads.append(time.monotonic() - began)
        generator.generate([Message("user", "Hello.")], max_tokens=1, deadline_s=DEADLINE_S)
        firsts.append(time.monotonic() - began)
    for name, found in (("process and model", loads), ("the same, to the first token", firsts)):
        row(name, f"{statistics.median(found):.2f}", f"{max(found):.2f}", len(found))


def measure_speed(generator: LlamaGenerator, is_quick: bool) -> None:
    table("Speed", "what", "tokens", "tokens/s")
    fresh(generator)
    for name, is_background in (("foreground", False), ("background", True)):
        prompt = [SYSTEM, Message("user", f"{name}: {notes(1200 if is_quick else 2400)}")]
        read = generator.generate(prompt, max_tokens=1, deadline_s=DEADLINE_S, background=is_background)
        count = read.tokens.prompt - read.reused_tokens
        row(f"reading, {name}", count, count * 1000 / read.first_token_ms)
        written = generator.generate(
            prompt, max_tokens=48, deadline_s=DEADLINE_S, temperature=2.0, background=is_background
        )
        spent_s = written.seconds - written.first_token_ms / 1000
        row(f"writing, {name}", written.tokens.completion, (written.tokens.completion - 1) / spent_s)


# -- what kept prompts save ----------------------------------------------------------------------------------------


def slice_(generator: LlamaGenerator, document: str, question: str, *, salt: str = "") -> Generated:
    """One background question on a document. ``salt`` in front makes nothing of it be in memory."""
    messages = [Message("system", salt + SYSTEM.text), Message("user", f"{document}\n\nQuestion: {question}")]
    return generator.generate(messages, max_tokens=24, stop=["\n"], deadline_s=DEADLINE_S, background=True)


def live(generator: LlamaGenerator, turn: int) -> Generated:
    """A question of the user's in between, on lines of other notes."""
    lines = notes(500, start=9000 + 700 * turn)
    messages = [OTHER_SYSTEM, Message("user", f"{lines}\n\nQuestion: What is this about?")]
    return generator.generate(messages, max_tokens=16, stop=["\n"], deadline_s=DEADLINE_S)


def prefix_row(name: str, written: Sequence[Generated], seconds: float) -> None:
    read = statistics.mean(one.tokens.prompt - one.reused_tokens for one in written)
    whole = statistics.mean(one.tokens.prompt for one in written)
    row(name, len(written), f"{whole:.0f}", f"{read:.0f}", len(written) * 60 / seconds)


def measure_prefix(generator: LlamaGenerator, is_quick: bool, model: Path) -> None:
    table(
        "Questions over one document",
        "how",
        "questions",
        "tokens a prompt",
        "of them read",
        "questions a minute",
    )
    document = notes(1800)
    questions = QUESTIONS[: 4 if is_quick else 8]

    def timed(name: str, ask: Callable[[int, str], Generated]) -> None:
        began = time.monotonic()
        written = [ask(turn, question) for turn, question in enumerate(questions)]
        prefix_row(name, written, time.monotonic() - began)

    timed("each read from nothing", lambda turn, asked: slice_(generator, document, asked, salt=f"{turn}. "))
    fresh(generator)
    timed("what begins alike is kept", lambda _turn, asked: slice_(generator, document, asked))

    for count in (1, 8):
        other = LlamaGenerator(model, kept_prompts=count)
        try:
            fresh(other)
            found: list[Generated] = []
            lives: list[float] = []
            spent_s = 0.0
            for turn, question in enumerate(questions):
                began = time.monotonic()
                found.append(slice_(other, document, question))
                spent_s += time.monotonic() - began
                lives.append(live(other, turn).first_token_ms)
            name = f"with a live question after each, {count} prompt{'s' * (count > 1)} kept"
            prefix_row(f"{name} (live: first token {statistics.median(lives):.0f} ms)", found, spent_s)
        finally:
            other.close()


# -- first token ---------------------------------------------------------------------------------------------------


def measure_first_token(generator: LlamaGenerator, is_quick: bool) -> None:
    table(
        "From Enter to the first token, ms", "prompt", "median", "worst", "tokens, last", "most read", "runs"
    )
    fresh(generator)
    live(generator, 0)  # the instructions are read from the second question on
    for is_ahead in (False, True):
        took: list[float] = []
        left: list[int] = []
        written: Generated | None = None
        for turn in range(4 if is_quick else 8):
            lines = notes(700, start=2000 + 900 * turn + 450 * is_ahead)
            typed = f"{lines}\n\nQuestion: What does this say about"
            if is_ahead:
                generator.read_ahead([OTHER_SYSTEM, Message("user", typed)], deadline_s=DEADLINE_S)
            began = time.monotonic()
            shown: list[float] = []
            written = generator.generate(
                [OTHER_SYSTEM, Message("user", f"{typed} the money?")],
                max_tokens=4,
                deadline_s=DEADLINE_S,
                on_text=lambda _text, shown=shown: shown.append(time.monotonic()),  # type: ignore[misc]
            )
            took.append(((shown or [time.monotonic()])[0] - began) * 1000)
            left.append(written.tokens.prompt - written.reused_tokens)
        assert written is not None
        name = "read ahead while it was typed" if is_ahead else "read after Enter"
        row(name, statistics.median(took), max(took), written.tokens.prompt, max(left), len(took))


MEASURES = ("loading", "memory", "speed", "prefix", "first", "cancel")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--generator", type=Path, required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default=",".join(MEASURES), help="of " + ",".join(MEASURES))
    arguments = parser.parse_args()
    chosen = arguments.only.split(",")
    print(f"command: python -m tests.benchmarks.engine {' '.join(sys.argv[1:])}")
    print(f"machine: {machine()}")
    began = time.monotonic()
    generator = LlamaGenerator(arguments.generator)
    try:
        if "loading" in chosen:
            measure_loading(generator, arguments.quick)
        if "memory" in chosen:
            measure_memory(generator, arguments.quick)
        if "speed" in chosen:
            measure_speed(generator, arguments.quick)
        if "prefix" in chosen:
            measure_prefix(generator, arguments.quick, arguments.generator)
        if "first" in chosen:
            measure_first_token(generator, arguments.quick)
        if "cancel" in chosen:
            measure_cancelling(generator, arguments.quick)
    finally:
        generator.close()
    print(f"\n{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
