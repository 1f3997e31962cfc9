"""How good are the answers? The sample notes, or any folder with a file of questions, on the real models.

Run:  python -m tests.benchmarks.answers --generator FILE.gguf --embedder DIR [--effort prepared] [--limit 8]

Prints each answer with its verdict and the totals: right, wrong, refused, seconds, tokens, and how many citations are
verbatim. A question is right when the answer holds one of its accepted strings; one that the notes do not answer is
right when it is refused. Questions are taken as they stand, or by ``--paraphrase``.
"""

import argparse
import json
import random
import re
import statistics
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.common import Parts, real_parts

from pillowbook.answering.newer import OLDER_NOTE
from pillowbook.domain.answers import Draft, Effort
from pillowbook.host.resources import resource
from pillowbook.store.library import Library

DEADLINE_S = 300.0


@dataclass(frozen=True, slots=True)
class Case:
    """A question and what a right answer holds; ``accept`` is empty where the notes do not say."""

    id: str
    question: str
    accept: tuple[str, ...]
    kind: str


def read_cases(path: Path, *, is_paraphrased: bool = False) -> list[Case]:
    """Cases of the sample's form (``accept``) or of SQuAD's (``answers``)."""
    cases: list[Case] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        question = row.get("paraphrase") if is_paraphrased else row["question"]
        if not question:
            continue
        accept = tuple(row.get("accept") or row.get("answers") or ())
        cases.append(
            Case(row["id"], question, accept, row.get("kind", "answerable" if accept else "unanswerable"))
        )
    return cases


def is_right(case: Case, draft: Draft) -> bool:
    """Whether the answer holds what is accepted, or is rightly refused."""
    if not case.accept:
        return not draft.says_something
    answer = draft.answer.partition(OLDER_NOTE)[0]  # what an older note says is told, and is not the answer
    folded = " ".join(answer.replace("*", "").split()).casefold()
    # Whole words: "July 20" is not in "18 July 2026".
    return any(
        re.search(rf"(?<!\w){re.escape(' '.join(wanted.split()).casefold())}(?!\w)", folded)
        for wanted in case.accept
    )


def verbatim_share(draft: Draft, library: Library) -> tuple[int, int]:
    """How many citations are the document's own text at their offsets, and how many there are."""
    good = sum(library.text(one.document_id)[one.start : one.end] == one.quote for one in draft.citations)
    return good, len(draft.citations)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--generator", type=Path, required=True)
    parser.add_argument("--embedder", type=Path, required=True)
    parser.add_argument("--notes", type=Path, default=resource("notes"))
    parser.add_argument(
        "--questions", type=Path, action="append", help="JSONL; several are joined (default: the sample's)"
    )
    parser.add_argument("--profile", type=Path, help="keep the vault here between runs")
    parser.add_argument("--effort", choices=[effort.value for effort in Effort], default=Effort.LIVE.value)
    parser.add_argument(
        "--limit", type=int, default=0, help="that many of each file, drawn with a fixed seed"
    )
    parser.add_argument("--paraphrase", action="store_true")
    arguments = parser.parse_args()
    files = arguments.questions or [Path(__file__).parents[1] / "data" / "sample_questions.jsonl"]
    cases: list[Case] = []
    for file in files:
        found = read_cases(file, is_paraphrased=arguments.paraphrase)
        cases += (
            random.Random(5).sample(found, min(arguments.limit, len(found))) if arguments.limit else found
        )
    with (
        tempfile.TemporaryDirectory() as temporary,
        real_parts(
            arguments.notes,
            arguments.profile or Path(temporary),
            generator=arguments.generator,
            embedder=arguments.embedder,
        ) as parts,
    ):
        run(cases, Effort(arguments.effort), parts)


def run(cases: list[Case], effort: Effort, parts: Parts) -> None:
    """Ask every case and print what came of it."""
    composer = parts.stream.composer
    counts: Counter[str] = Counter()
    seconds: list[float] = []
    prompt, completion, good, cited = 0, 0, 0, 0
    for case in cases:
        began = time.monotonic()
        draft = composer.answer(case.question, effort=effort, deadline_s=DEADLINE_S)
        seconds.append(time.monotonic() - began)
        right = is_right(case, draft)
        if case.accept:
            verdict = "right" if right else ("wrong" if draft.says_something else "refused")
        else:
            verdict = "refused-rightly" if right else "answered-wrongly"
        counts[verdict] += 1
        counts[f"{case.kind}:{verdict}"] += 1
        prompt += draft.tokens.prompt
        completion += draft.tokens.completion
        verbatim, count = verbatim_share(draft, parts.vault.library)
        good, cited = good + verbatim, cited + count
        print(
            f"{case.id:>24} {verdict:<16} {seconds[-1]:5.1f} s {draft.tokens.prompt:4}+{draft.tokens.completion:<3} "
            f"{draft.confidence:4.2f} | {case.question} | {draft.answer or '-'} | {','.join(draft.checks)[:40]} "
            f"| wanted: {case.accept[:1]}",
            flush=True,
        )
    print(dict(sorted(counts.items())))
    print(
        f"{len(cases)} questions, median {statistics.median(seconds):.1f} s, "
        f"mean {statistics.mean(seconds):.1f} s, tokens read {prompt / len(cases):.0f}, "
        f"written {completion / len(cases):.0f}, "
        f"citations verbatim {good}/{cited}"
    )


if __name__ == "__main__":
    main()
