"""How soon is a cancel heard? The part of ``engine.py`` on cancelling, and what its other parts share."""

import contextlib
import random
import statistics
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import psutil

from pillowbook.domain.errors import Cancelled
from pillowbook.host.cancelling import CancelToken
from pillowbook.host.resources import resource
from pillowbook.models.generator.client import LlamaGenerator, Message

DEADLINE_S = 300.0
SYSTEM = Message(
    "system", "Answer the question from the note in one short sentence. Copy numbers as they stand."
)


def notes(size: int, *, start: int = 0) -> str:
    """So many characters of the sample notes."""
    files = sorted(Path(str(resource("notes"))).rglob("*.md"))
    text = "\n\n".join(file.read_text(encoding="utf-8") for file in files)
    return text[start : start + size]


def row(*cells: object) -> None:
    print("| " + " | ".join(f"{cell:.1f}" if isinstance(cell, float) else str(cell) for cell in cells) + " |")


def table(title: str, *head: str) -> None:
    print(f"\n{title} (load average {psutil.getloadavg()[0]:.1f})\n")
    row(*head)
    row(*["---"] * len(head))


def fresh(generator: LlamaGenerator) -> LlamaGenerator:
    """With the model loaded and nothing read."""
    generator.unload()
    generator.generate([Message("user", "Hello.")], max_tokens=1, deadline_s=DEADLINE_S)
    return generator


def cancelled(
    call: Callable[[CancelToken], object], delay_s: float, *, has_begun: threading.Event | None = None
) -> float | None:
    """Milliseconds from the cancel to the end of the call; None when the call was over before."""
    token = CancelToken()
    at: list[float] = []

    def cancel() -> None:
        if has_begun is not None:
            has_begun.wait(60)
        time.sleep(delay_s)
        at.append(time.monotonic())
        token.cancel()

    thread = threading.Thread(target=cancel)
    thread.start()
    try:
        call(token)
    except Cancelled:
        ended = time.monotonic()
        thread.join()
        return (ended - at[0]) * 1000
    thread.join()
    return None


def cancel_cases(
    generator: LlamaGenerator, chance: random.Random
) -> Iterable[tuple[str, Callable[[], float | None]]]:
    """What is cancelled, and one try of it."""
    long_text = notes(6000)

    def read(*, is_background: bool) -> float | None:
        prompt = [SYSTEM, Message("user", f"{chance.random()} {long_text}")]
        return cancelled(
            lambda token: generator.generate(
                prompt, max_tokens=1, deadline_s=DEADLINE_S, cancel=token, background=is_background
            ),
            chance.uniform(0.05, 1.5),
        )

    def write() -> float | None:
        has_begun = threading.Event()
        return cancelled(
            lambda token: generator.generate(
                [SYSTEM, Message("user", "Tell a long story.")],
                max_tokens=600,
                temperature=2.0,
                deadline_s=DEADLINE_S,
                cancel=token,
                on_text=lambda _text: has_begun.set(),
            ),
            chance.uniform(0.0, 1.0),
            has_begun=has_begun,
        )

    def score() -> float | None:
        options = [f"{number}. {long_text[number * 20 : number * 20 + 90]}" for number in range(60)]
        return cancelled(
            lambda token: generator.score(
                [SYSTEM, Message("user", "Which?")], options, deadline_s=DEADLINE_S, cancel=token
            ),
            chance.uniform(0.3, 1.5),
        )

    def ahead() -> float | None:
        prompt = [SYSTEM, Message("user", f"{chance.random()} {long_text}")]
        return cancelled(
            lambda token: generator.read_ahead(prompt, deadline_s=DEADLINE_S, cancel=token),
            chance.uniform(0.05, 1.5),
        )

    def load() -> float | None:
        generator.unload()
        return cancelled(
            lambda token: generator.generate(
                [Message("user", "Hello.")], max_tokens=1, deadline_s=DEADLINE_S, cancel=token
            ),
            chance.uniform(0.01, 0.5),
        )

    def wait() -> float | None:
        holding = threading.Event()
        hold = CancelToken()

        def work() -> None:
            with contextlib.suppress(Cancelled):
                generator.generate(
                    [SYSTEM, Message("user", "Tell a long story.")],
                    max_tokens=600,
                    temperature=2.0,
                    deadline_s=DEADLINE_S,
                    cancel=hold,
                    on_text=lambda _text: holding.set(),
                )

        thread = threading.Thread(target=work)
        thread.start()
        holding.wait(60)
        found = cancelled(
            lambda token: generator.generate([SYSTEM], max_tokens=1, deadline_s=DEADLINE_S, cancel=token),
            chance.uniform(0.01, 0.2),
        )
        hold.cancel()
        thread.join()
        return found

    yield "reading a long prompt", lambda: read(is_background=False)
    yield "reading, background", lambda: read(is_background=True)
    yield "reading ahead", ahead
    yield "writing", write
    yield "scoring", score
    yield "waiting for the turn", wait
    yield "loading the model", load


def measure_cancelling(generator: LlamaGenerator, is_quick: bool) -> None:
    table(
        "From a cancel to the end of the call, ms",
        "cancelled while",
        "median",
        "p95",
        "worst",
        "runs",
        "killed",
    )
    fresh(generator)
    for name, attempt in cancel_cases(generator, random.Random(1)):
        found: list[float] = []
        killed = 0
        for _ in range(12 if is_quick else 40):
            process = generator.process_id
            took_ms = attempt()
            if took_ms is not None:
                found.append(took_ms)
            killed += name != "loading the model" and generator.process_id != process
        found.sort()
        p95 = found[min(len(found) - 1, int(0.95 * len(found)))]
        row(name, statistics.median(found), p95, found[-1], len(found), killed)
