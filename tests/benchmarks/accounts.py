"""Questions that want sentences, over real meetings of about 10,000 words: beside the plain way, in the same run.

Run:  python -m tests.benchmarks.accounts --data DIR --generator FILE.gguf --embedder DIR --rows ROWS.jsonl

DIR is ``qmsum_vault/dev`` (QMSum, MIT): 35 transcripts as notes, all indexed, and specific questions with reference
answers. The questions do not say which meeting they are about, so both ways are told ("Meeting Bed002: ...", the
note's own title). Passages of the plain way are paragraphs joined up to 900 characters. Overlap with the reference:
ROUGE-1, -2 and -L (Lin 2004), F-measure over lower-cased words without stemming. A sentence is carried when one place,
or at most three together, of what was cited (or read, for the plain way) holds its numbers, names and most of its
words: the product's own check, which its own answers pass by construction; shown for the plain way's sake.
"""

import argparse
import dataclasses
import json
import random
import re
import statistics
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.common import (
    add_arguments,
    add_row,
    ask_product,
    machine,
    read_rows,
    real_parts,
    share,
)
from tests.benchmarks.plain import LONG, Plain

from pillowbook.answering.units import split_units
from pillowbook.answering.verify import check_claim, split_claims
from pillowbook.domain.documents import Passage
from pillowbook.domain.ids import ContentHash, DocumentId, PassageId

SEED = 5
PASSAGE_CHARS = 900
WAYS = ("ours", "plain")


def collect(arguments: argparse.Namespace) -> None:
    """Ask all that has no row yet."""
    known = {row["id"] for row in read_rows(arguments.rows)}
    lines = (arguments.data / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    specific = [row for row in map(json.loads, lines) if row["kind"] == "specific"]
    random.Random(SEED).shuffle(specific)
    todo = [row for row in specific[: arguments.questions] if row["id"] not in known]
    if not todo:
        return
    folder = arguments.data / "vault"
    with (
        tempfile.TemporaryDirectory() as temporary,
        real_parts(
            folder,
            arguments.profile or Path(temporary),
            generator=arguments.generator,
            embedder=arguments.embedder,
        ) as parts,
    ):
        composer = parts.stream.composer
        plain = Plain(
            folder, parts.embedder, parts.generator, at_least=PASSAGE_CHARS, system=LONG, max_tokens=128
        )
        parts.generator.preload()
        for asked in todo:
            question = f"Meeting {Path(asked['note']).stem}: {asked['question']}"
            ours = ask_product(composer, parts.vault.library, question)
            row = {
                "id": asked["id"],
                "question": question,
                "answer": asked["answer"],
                "ours": dataclasses.asdict(ours),
                "plain": dataclasses.asdict(plain.ask(question)),
            }
            add_row(arguments.rows, row)
            print(question, "|", ours.answer or f"- ({ours.checks})", flush=True)


def rouge(given: str, wanted: str) -> tuple[float, float, float]:
    """ROUGE-1, ROUGE-2 and ROUGE-L F-measures, 0 to 1."""
    first, second = (re.findall(r"\w+", text.lower()) for text in (given, wanted))
    return grams(first, second, 1), grams(first, second, 2), longest(first, second)


def grams(first: Sequence[str], second: Sequence[str], n: int) -> float:
    """F-measure of shared n-grams."""
    ours, theirs = (Counter(zip(*(words[at:] for at in range(n)), strict=False)) for words in (first, second))
    return f_measure(sum((ours & theirs).values()), sum(ours.values()), sum(theirs.values()))


def longest(first: Sequence[str], second: Sequence[str]) -> float:
    """F-measure of the longest common subsequence."""
    row = [0] * (len(second) + 1)
    for word in first:
        before = row
        row = [0]
        for at, other in enumerate(second):
            row.append(before[at] + 1 if word == other else max(before[at + 1], row[at]))
    return f_measure(row[-1], len(first), len(second))


def f_measure(shared: int, given: int, wanted: int) -> float:
    """The harmonic mean of precision and recall."""
    return 2 * shared / (given + wanted) if shared else 0.0


def carried(answer: str, quotes: Sequence[str], question: str) -> tuple[int, int]:
    """How many sentences of an answer the quotes carry, and how many there are."""
    units = [unit for at, quote in enumerate(quotes) for unit in split_units(as_passage(at, quote))]
    claims = split_claims(answer)
    return sum(check_claim(text, units, question, most=3) is not None for text in claims), len(claims)


def as_passage(number: int, text: str) -> Passage:
    """A passage of its own."""
    return Passage(
        id=PassageId(number),
        document_id=DocumentId(number),
        ordinal=0,
        path="",
        title="",
        text=text,
        content_hash=ContentHash(str(number)),
        heading="",
        start=0,
        end=len(text),
        line=1,
        page=None,
    )


def report(rows: Sequence[dict]) -> None:
    """The table."""
    print(f"\n{len(rows)} specific questions; {machine()}\n")
    print("| | " + " | ".join(WAYS) + " |\n| --- |" + " --- |" * len(WAYS))
    answered = {way: [row for row in rows if row[way]["answer"]] for way in WAYS}
    print("| answered | " + " | ".join(share(len(answered[way]), len(rows)) for way in WAYS) + " |")
    for at, name in enumerate(("ROUGE-1", "ROUGE-2", "ROUGE-L")):
        for label, chosen in (
            ("all, refusals count 0", dict.fromkeys(WAYS, rows)),
            ("where answered", answered),
        ):
            figures = [
                statistics.fmean(rouge(row[way]["answer"], row["answer"])[at] for row in chosen[way] or rows)
                for way in WAYS
            ]
            print(f"| {name}, {label} | " + " | ".join(f"{figure:.3f}" for figure in figures) + " |")
    sentences = {
        way: [carried(row[way]["answer"], row[way]["quotes"], row["question"]) for row in rows]
        for way in WAYS
    }
    print(
        "| sentences carried by quotes | "
        + " | ".join(
            share(sum(good for good, _ in sentences[way]), sum(count for _, count in sentences[way]))
            for way in WAYS
        )
        + " |"
    )
    cited = sum(row["ours"]["cited"] for row in rows)
    well = sum(row["ours"]["cited_well"] for row in rows)
    print(f"| citations word for word, at the right place | {share(well, cited)} | none |")
    for name, key in (("tokens read", "prompt"), ("tokens written", "completion"), ("seconds", "seconds")):
        print(
            f"| {name}, mean | "
            + " | ".join(f"{statistics.fmean(row[way][key] for row in rows):.1f}" for way in WAYS)
            + " |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_arguments(parser)
    parser.add_argument("--questions", type=int, default=60)
    arguments = parser.parse_args()
    collect(arguments)
    report(read_rows(arguments.rows))


if __name__ == "__main__":
    main()
