"""Are answers right, refused where the notes do not say, and cited? Beside the plain way, in the same run.

Run:  python -m tests.benchmarks.grounding --data DIR --generator FILE.gguf --embedder DIR --rows ROWS.jsonl

DIR is ``squad_vault/dev``: 20 articles as notes, all of them indexed. The sample is of the half of the articles that
nothing was fitted on (``squad.py``): 100 questions the notes answer and 60 they do not. Each question is asked four
ways, one after the other: by the product at live effort; at the effort of preparing; the plain way (the five paragraphs
nearest by cosine of the same embeddings into the prompt, one call, the same model, told to say so where the notes do
not); and without any notes, for what the model knows by itself. Rows are appended to ROWS as they come; a run that was
stopped goes on, and ``--ways`` asks only some ways: what is right needs no quiet machine, seconds do.

A question is handled rightly when a gold answer stands in the answer, or when it is refused where the notes do not say.
"""

import argparse
import dataclasses
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks import squad
from tests.benchmarks.common import (
    add_arguments,
    add_row,
    ask_product,
    machine,
    read_rows,
    real_parts,
    share,
)
from tests.benchmarks.plain import Plain, write

from pillowbook.domain.answers import Effort

WAYS = ("ours", "prepared", "plain", "no notes")
CITING = ("ours", "prepared")
NO_NOTES = "Answer the question in one short sentence. If you do not know, answer: I do not know."


def collect(arguments: argparse.Namespace) -> None:
    """Ask all that has no row yet."""
    known = {(row["id"], row["way"]) for row in read_rows(arguments.rows)}
    asked = squad.sample(
        arguments.data, fit=False, answerable=arguments.answerable, unanswerable=arguments.unanswerable
    )
    todo = [(one, way) for one in asked for way in arguments.ways if (one.id, way) not in known]
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
        plain = Plain(folder, parts.embedder, parts.generator)
        parts.generator.preload()
        for one, way in todo:
            began = time.monotonic()
            match way:
                case "ours":
                    outcome = ask_product(composer, parts.vault.library, one.question)
                case "prepared":
                    outcome = ask_product(composer, parts.vault.library, one.question, Effort.PREPARED)
                case "plain":
                    outcome = plain.ask(one.question)
                case _:
                    outcome = write(parts.generator, NO_NOTES, f"Question: {one.question}", began)
            row: dict[str, object] = {"id": one.id, "way": way, "answers": one.answers}
            add_row(arguments.rows, row | dataclasses.asdict(outcome))
            print(way, one.question, outcome.answer or "-", sep=" | ", flush=True)


def by_question(rows: Sequence[dict], ways: Sequence[str]) -> list[dict]:
    """One row a question, with its outcome by way; questions that were not asked in all these ways are left out."""
    joined: dict[str, dict] = {}
    for row in rows:
        joined.setdefault(row["id"], {"id": row["id"], "answers": row["answers"]})[row["way"]] = row
    return [row for row in joined.values() if all(way in row for way in ways)]


def report(rows: Sequence[dict], ways: Sequence[str]) -> None:
    """The table."""
    if not rows:
        print("No question was asked in every way yet.")
        return
    said = [row for row in rows if row["answers"]]
    unsaid = [row for row in rows if not row["answers"]]
    print(f"\n{len(said)} questions the notes answer, {len(unsaid)} they do not; {machine()}\n")
    lines: list[tuple[str, list[str]]] = []

    def line(name: str, values: Sequence[str]) -> None:
        lines.append((name, list(values)))

    right = {way: [row for row in said if is_right(row, way)] for way in ways}
    refused = {way: [row for row in rows if not row[way]["answer"]] for way in ways}
    kept = {way: [row for row in refused[way] if not row["answers"]] for way in ways}
    shown = {way: len(rows) - len(refused[way]) for way in ways}
    line("handled rightly", [share(len(right[w]) + len(kept[w]), len(rows)) for w in ways])
    line("answered right (gold answer contained)", [share(len(right[w]), len(said)) for w in ways])
    line("wrong answers shown", [str(shown[w] - len(right[w])) for w in ways])
    line(
        "exact match",
        [share(sum(squad.exact(r[w]["answer"], r["answers"]) for r in said), len(said)) for w in ways],
    )
    line(
        "F1", [f"{statistics.fmean(squad.f1(r[w]['answer'], r['answers']) for r in said):.1%}" for w in ways]
    )
    line("refusal precision", [share(len(kept[w]), len(refused[w])) for w in ways])
    line("refusal recall", [share(len(kept[w]), len(unsaid)) for w in ways])
    cited = {way: sum(row[way]["cited"] for row in rows) for way in ways}
    well = {way: sum(row[way]["cited_well"] for row in rows) for way in ways}
    line("citations word for word, at the right place", [share(well[w], cited[w]) for w in ways])
    line(
        "tokens a question, read + written",
        [f"{mean(rows, w, 'prompt'):.0f} + {mean(rows, w, 'completion'):.0f}" for w in ways],
    )
    line("seconds a question, mean", [f"{mean(rows, w, 'seconds'):.1f}" for w in ways])
    line("first token, median s", [f"{median(rows, w, 'first_token_s'):.1f}" for w in ways])
    print("| | " + " | ".join(ways) + " |\n| --- |" + " --- |" * len(ways))
    for name, values in lines:
        print(f"| {name} | " + " | ".join(values) + " |")
    for way in (one for one in CITING if one in ways):
        print(f"\nConfidence ({way}) against how many are right:")
        for low in (0.4, 0.5, 0.6, 0.7, 0.8, 0.9):
            chosen = [r for r in rows if r[way]["answer"] and low <= r[way]["confidence"] < low + 0.1]
            if chosen:
                print(f"  {low:.1f}: {sum(is_right(r, way) for r in chosen)} of {len(chosen)}")


def is_right(row: dict, way: str) -> bool:
    """Whether an answer holds a gold answer."""
    return bool(row[way]["answer"]) and squad.contains(row[way]["answer"], row["answers"])


def mean(rows: Sequence[dict], way: str, key: str) -> float:
    """The mean of a figure."""
    return statistics.fmean(row[way][key] for row in rows)


def median(rows: Sequence[dict], way: str, key: str) -> float:
    """The median of a figure where it is there."""
    return statistics.median([row[way][key] for row in rows if row[way][key] is not None])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_arguments(parser)
    parser.add_argument("--answerable", type=int, default=100)
    parser.add_argument("--unanswerable", type=int, default=60)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS)
    arguments = parser.parse_args()
    collect(arguments)
    report(by_question(read_rows(arguments.rows), arguments.ways), arguments.ways)


if __name__ == "__main__":
    main()
