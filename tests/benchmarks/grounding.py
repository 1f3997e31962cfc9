"""Are answers right, refused where the notes do not say, and cited? Beside the plain way, in the same run.

Run:  python -m tests.benchmarks.grounding --data DIR --generator FILE.gguf --embedder DIR --rows ROWS.jsonl

DIR is ``squad_vault/dev``: 20 articles as notes, all of them indexed. The sample is of the half of the articles that
nothing was fitted on (``squad.py``): 100 questions the notes answer and 60 they do not. Each question is asked three
ways, one after the other: by the product at live effort; the plain way (the five paragraphs nearest by cosine of the
same embeddings into the prompt, one call, the same model, told to say so where the notes do not); and without any
notes, for what the model knows by itself. Rows are appended to ROWS as they come; a run that was stopped goes on.

A question is handled rightly when a gold answer stands in the answer, or when it is refused where the notes do not say.
"""

import argparse
import dataclasses
import json
import math
import platform
import re
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import psutil
from tests.benchmarks import squad
from tests.benchmarks.answers import open_vault

from pillowbook.answering.compose import Composer
from pillowbook.answering.retrieve import Retriever
from pillowbook.domain.answers import Citation, Effort
from pillowbook.domain.clock import SystemClock
from pillowbook.domain.ids import DocumentId
from pillowbook.flow.ingest.extractor.client import Extractor
from pillowbook.flow.ingest.ingest import Ingestor
from pillowbook.models.embedder.client import MiniLmEmbedder
from pillowbook.models.generator.client import LlamaGenerator, Message
from pillowbook.store.library import Library

DEADLINE_S = 600.0
PLAIN_PARAGRAPHS = 5
PLAIN = (
    "Answer the question in one short sentence, using only the notes below. "
    "If the notes do not say, answer: The notes do not say."
)
NO_NOTES = "Answer the question in one short sentence. If you do not know, answer: I do not know."
REFUSED = re.compile(
    r"\b(?:(?:do|does|did) not (?:\w+ )?(?:say|mention|contain|specify|state|provide|include|give|know|indicate)|"
    r"(?:do|does|did)n[’']t (?:say|mention|specify|know)|(?:is|are|was|were) not (?:\w+ )?(?:mentioned|said|stated|"
    r"specified|provided|given|known|available|clear)|no (?:information|mention|specific)|"
    r"not (?:said|mentioned|specified)|cannot be determined|unknown)\b",
    re.IGNORECASE,
)
"""Generous to the plain way: anything like a refusal counts as one."""


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """One question asked one way; times in seconds."""

    answer: str
    prompt: int
    completion: int
    seconds: float
    first_token_s: float | None
    cited: int = 0
    cited_well: int = 0
    confidence: float = 0.0
    checks: str = ""


class Plain:
    """The plain way: nearest paragraphs, one call."""

    def __init__(self, vault: Path, embedder: MiniLmEmbedder, generator: LlamaGenerator) -> None:
        self._paragraphs: list[str] = []
        for path in sorted(vault.rglob("*.md")):
            blocks = re.split(r"\n\s*\n", path.read_text(encoding="utf-8"))
            self._paragraphs += [
                f"{path.stem}: {block.strip()}"
                for block in blocks
                if block.strip() and not block.lstrip().startswith("#")
            ]
        self._vectors = embedder.embed(self._paragraphs, deadline_s=DEADLINE_S)
        self._embedder = embedder
        self._generator = generator

    def ask(self, question: str) -> Outcome:
        began = time.monotonic()
        vector = self._embedder.embed([question], deadline_s=DEADLINE_S)[0]
        nearest = np.argsort(-(self._vectors @ vector))[:PLAIN_PARAGRAPHS]
        notes = "\n\n".join(self._paragraphs[int(index)] for index in nearest)
        return write(self._generator, PLAIN, f"Notes:\n{notes}\n\nQuestion: {question}", began)


def write(generator: LlamaGenerator, system: str, user: str, began: float) -> Outcome:
    """One call; a refusal gives an empty answer."""
    found_s = time.monotonic() - began
    nothing: frozenset[DocumentId] = frozenset()
    made = generator.generate(
        [Message("system", system, nothing), Message("user", user, nothing)],
        max_tokens=64,
        stop=("\n\n",),
        deadline_s=DEADLINE_S,
    )
    text = made.text.strip()
    return Outcome(
        answer="" if REFUSED.search(text) else text,
        prompt=made.tokens.prompt,
        completion=made.tokens.completion,
        seconds=time.monotonic() - began,
        first_token_s=found_s + made.first_token_ms / 1000,
    )


def ask_product(composer: Composer, library: Library, question: str) -> Outcome:
    began = time.monotonic()
    first: list[float] = []
    draft = composer.answer(
        question,
        effort=Effort.LIVE,
        deadline_s=DEADLINE_S,
        on_text=lambda _delta: first.append(time.monotonic() - began),
    )
    return Outcome(
        answer=draft.answer,
        prompt=draft.tokens.prompt,
        completion=draft.tokens.completion,
        seconds=time.monotonic() - began,
        first_token_s=first[0] if first else None,
        cited=len(draft.citations),
        cited_well=sum(opens_rightly(one, library) for one in draft.citations),
        confidence=draft.confidence,
        checks=",".join(draft.checks),
    )


def opens_rightly(citation: Citation, library: Library) -> bool:
    """Whether the quote stands word for word at its offsets, and begins on the cited line of the file on disk."""
    text = library.text(citation.document_id)
    if text[citation.start : citation.end] != citation.quote or not citation.quote:
        return False
    lines = Path(citation.path).read_text(encoding="utf-8").splitlines()
    begins = citation.quote.splitlines()[0].strip()
    return citation.line is not None and begins in lines[citation.line - 1]


def collect(arguments: argparse.Namespace) -> None:
    """Ask all that has no row yet."""
    known: set[str] = set()
    if arguments.rows.exists():
        known = {json.loads(line)["id"] for line in arguments.rows.read_text(encoding="utf-8").splitlines()}
    asked = squad.sample(
        arguments.data, fit=False, answerable=arguments.answerable, unanswerable=arguments.unanswerable
    )
    todo = [one for one in asked if one.id not in known]
    if not todo:
        return
    embedder, generator, extractor = (
        MiniLmEmbedder(arguments.embedder),
        LlamaGenerator(arguments.generator),
        Extractor(),
    )
    with tempfile.TemporaryDirectory() as temporary:
        vault = open_vault(arguments.profile or Path(temporary))
        try:
            vault.library.add_folder(str((arguments.data / "vault").absolute()))
            Ingestor(vault.library, extractor, embedder, SystemClock()).sync(lambda: False)
            retriever = Retriever(
                words=vault.words, vectors=vault.vectors, library=vault.library, embedder=embedder
            )
            composer = Composer(generator=generator, retriever=retriever)
            plain = Plain(arguments.data / "vault", embedder, generator)
            generator.preload()
            for one in todo:
                row = {
                    "id": one.id,
                    "question": one.question,
                    "answers": one.answers,
                    "ours": dataclasses.asdict(ask_product(composer, vault.library, one.question)),
                    "plain": dataclasses.asdict(plain.ask(one.question)),
                    "no notes": dataclasses.asdict(
                        write(generator, NO_NOTES, f"Question: {one.question}", time.monotonic())
                    ),
                }
                with arguments.rows.open("a", encoding="utf-8") as out:
                    out.write(json.dumps(row) + "\n")
                print(one.question, "|", *(row[way]["answer"] or "-" for way in WAYS), sep=" | ", flush=True)  # type: ignore[index]
        finally:
            extractor.close()
            generator.close()
            embedder.close()
            vault.lock()


WAYS = ("ours", "plain", "no notes")


def report(rows: Sequence[dict]) -> None:
    """The table."""
    said = [row for row in rows if row["answers"]]
    unsaid = [row for row in rows if not row["answers"]]
    print(f"\n{len(said)} questions the notes answer, {len(unsaid)} they do not; {machine()}\n")
    lines: list[tuple[str, list[str]]] = []

    def line(name: str, values: Sequence[str]) -> None:
        lines.append((name, list(values)))

    right = {way: [row for row in said if is_right(row, way)] for way in WAYS}
    refused = {way: [row for row in rows if not row[way]["answer"]] for way in WAYS}
    kept = {way: [row for row in refused[way] if not row["answers"]] for way in WAYS}
    shown = {way: len(rows) - len(refused[way]) for way in WAYS}
    line("handled rightly", [share(len(right[w]) + len(kept[w]), len(rows)) for w in WAYS])
    line("answered right (gold answer contained)", [share(len(right[w]), len(said)) for w in WAYS])
    line("wrong answers shown", [str(shown[w] - len(right[w])) for w in WAYS])
    line(
        "exact match",
        [share(sum(squad.exact(r[w]["answer"], r["answers"]) for r in said), len(said)) for w in WAYS],
    )
    line(
        "F1", [f"{statistics.fmean(squad.f1(r[w]['answer'], r['answers']) for r in said):.1%}" for w in WAYS]
    )
    line("refusal precision", [share(len(kept[w]), len(refused[w])) for w in WAYS])
    line("refusal recall", [share(len(kept[w]), len(unsaid)) for w in WAYS])
    cited = sum(row["ours"]["cited"] for row in rows)
    line(
        "citations word for word, at the right place",
        [share(sum(row["ours"]["cited_well"] for row in rows), cited), "none", "none"],
    )
    line(
        "tokens a question, read + written",
        [f"{mean(rows, w, 'prompt'):.0f} + {mean(rows, w, 'completion'):.0f}" for w in WAYS],
    )
    line("seconds a question, mean", [f"{mean(rows, w, 'seconds'):.1f}" for w in WAYS])
    line("first token, median s", [f"{median(rows, w, 'first_token_s'):.1f}" for w in WAYS])
    print("| | " + " | ".join(WAYS) + " |\n| --- |" + " --- |" * len(WAYS))
    for name, values in lines:
        print(f"| {name} | " + " | ".join(values) + " |")
    print("\nConfidence of the product's answers against how many are right:")
    for low in (0.5, 0.6, 0.7, 0.8, 0.9):
        chosen = [r for r in rows if r["ours"]["answer"] and low <= r["ours"]["confidence"] < low + 0.1]
        if chosen:
            print(f"  {low:.1f}: {sum(is_right(r, 'ours') for r in chosen)} of {len(chosen)}")


def is_right(row: dict, way: str) -> bool:
    """Whether an answer holds a gold answer."""
    return bool(row[way]["answer"]) and squad.contains(row[way]["answer"], row["answers"])


def share(part: int, whole: int) -> str:
    """A share with its 95 % interval (Wilson 1927)."""
    if not whole:
        return "none"
    p, z = part / whole, 1.96
    centre = (p + z * z / (2 * whole)) / (1 + z * z / whole)
    half = z * math.sqrt(p * (1 - p) / whole + z * z / (4 * whole * whole)) / (1 + z * z / whole)
    return f"{p:.1%} ({part} of {whole}; {max(0.0, centre - half):.0%} to {min(1.0, centre + half):.0%})"


def mean(rows: Sequence[dict], way: str, key: str) -> float:
    """The mean of a figure."""
    return statistics.fmean(row[way][key] for row in rows)


def median(rows: Sequence[dict], way: str, key: str) -> float:
    """The median of a figure where it is there."""
    return statistics.median([row[way][key] for row in rows if row[way][key] is not None])


def machine() -> str:
    """The machine, in words."""

    cores = psutil.cpu_count(logical=False) or psutil.cpu_count()
    memory = psutil.virtual_memory().total / 2**30
    return f"{cores} cores, {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--generator", type=Path, required=True)
    parser.add_argument("--embedder", type=Path, required=True)
    parser.add_argument("--rows", type=Path, required=True)
    parser.add_argument("--profile", type=Path, help="keep the vault here between runs")
    parser.add_argument("--answerable", type=int, default=100)
    parser.add_argument("--unanswerable", type=int, default=60)
    arguments = parser.parse_args()
    collect(arguments)
    report([json.loads(line) for line in arguments.rows.read_text(encoding="utf-8").splitlines()])


if __name__ == "__main__":
    main()
