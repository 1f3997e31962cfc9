"""Questions about the notes as a whole, over the sample notes: by code and the embedder alone.

Run:  python -m tests.benchmarks.collections --embedder DIR [--half measure] [--show]

Two things are told of each half of ``tests/data/collections.jsonl`` (the rules were built on ``build`` alone): how many
questions were read as what they are, and how many answers were right: they hold all of ``all`` and none of ``none_of``,
cite every one of ``paths`` (and no other note where ``is_exact``), and say that nothing was found where nothing is. A
question that is left to the ordinary answer counts as left, which is right only where nothing is to be found. Quotes
are compared word for word with the notes. At the end: which of the other sample questions are taken for such ones.

The day is Thursday, 15 October 2026; the notes are copied, and were last saved as ``SAVED`` says.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import tempfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from tests.benchmarks.common import Parts, machine, real_parts, share

from pillowbook.answering.collection_questions import read_collection_question
from pillowbook.core.stream import build_stream
from pillowbook.domain.answers import Answer, AnswerKind, Freshness
from pillowbook.domain.clock import ManualClock
from pillowbook.flow.serve.collections import Collections
from pillowbook.host.resources import resource

NOW = datetime(2026, 10, 15, 10, tzinfo=UTC)
OLD = datetime(2026, 1, 1, 12, tzinfo=UTC)
SAVED = {
    "Kids/edie-year6-residential.md": datetime(2026, 10, 14, 9, tzinfo=UTC),
    "Kids/autumn-2026.md": datetime(2026, 10, 12, 18, tzinfo=UTC),
    "Money/mortgage.md": datetime(2026, 10, 7, 20, tzinfo=UTC),
    "Money/energy-tariff.md": datetime(2026, 10, 1, 12, tzinfo=UTC),
    "Home/boiler.md": datetime(2026, 9, 29, 12, tzinfo=UTC),
    "Reading/to-read.txt": datetime(2026, 9, 20, 12, tzinfo=UTC),
}
DATA = Path(__file__).parents[1] / "data"
ORDINARY = ("sample_questions", "sample_questions_heldout", "computed_dev", "computed_heldout")


def copy_notes(folder: Path) -> Path:
    """The sample notes, last saved as ``SAVED`` says."""
    notes = folder / "notes"
    shutil.copytree(resource("notes"), notes)
    for path in notes.rglob("*"):
        if path.is_file():
            stamp = SAVED.get(str(path.relative_to(notes)), OLD).timestamp()
            os.utime(path, (stamp, stamp))
    return notes


def collections_over(parts: Parts, clock: ManualClock) -> Collections:
    """The product's collections, with all that code finds while the machine is idle found."""
    stream = build_stream(parts.vault, generator=parts.generator, embedder=parts.embedder, clock=clock)
    beyond = stream.beyond
    while beyond.is_find_due():
        beyond.find()
    while beyond.is_compare_due():
        beyond.compare()
    return stream.collections


def verdict(row: dict, answer: Answer | None, notes: Path) -> str:
    """``right``, or what is amiss."""
    if not row["is_found"]:
        is_honest = answer is None or (
            answer.kind is AnswerKind.LIVE and answer.answer and not answer.citations
        )
        return "right" if is_honest else "found what is not there"
    if answer is None:
        return "left to the ordinary answer"
    if answer.kind is not AnswerKind.LIVE or answer.freshness is not Freshness.FRESH:
        return "nothing found"
    told = " ".join(answer.answer.split()).casefold()
    quoted = " ".join(" ".join(cited.quote.split()) for cited in answer.citations).casefold()
    missing = [one for one in row["all"] if one.casefold() not in f"{told} {quoted}"]
    extra = [one for one in row["none_of"] if re.search(rf"\b{re.escape(one)}", answer.answer)]
    cited = {str(Path(one.path).relative_to(notes)) for one in answer.citations}
    unnamed = set(row["paths"]) - cited
    more = cited - set(row["paths"]) if row["is_exact"] else set()
    wrong = [
        f"{name} {sorted(found)}"
        for name, found in (("missing", missing), ("has", extra), ("not cited", unnamed), ("cited", more))
        if found
    ]
    return "; ".join(wrong) or "right"


def run(parts: Parts, notes: Path, *, half: str, shows: bool) -> None:
    """Ask all questions of a half, or of both; print each that is amiss and the rates."""
    clock = ManualClock(NOW)
    collections = collections_over(parts, clock)
    rows = [json.loads(line) for line in (DATA / "collections.jsonl").read_text("utf-8").splitlines()]
    for name in ("build", "measure") if half == "both" else (half,):
        mine = [row for row in rows if row["half"] == name]
        counts: Counter[str] = Counter()
        by_form: Counter[tuple[str, bool]] = Counter()
        quotes = verbatim = read = 0
        seconds: list[float] = []
        for row in mine:
            began = monotonic()
            wanted = collections.read(row["question"])
            answer = None if wanted is None else collections.answer(row["question"], wanted)
            seconds.append(monotonic() - began)
            read += wanted is not None and wanted.kind.value == row["form"]
            judged = verdict(row, answer, notes) if wanted is not None else "not read as such a question"
            counts[judged if judged in ("right", "left to the ordinary answer") else "wrong"] += 1
            by_form[row["form"], judged == "right"] += 1
            for cited in answer.citations if answer else ():
                quotes += 1
                text = parts.vault.library.text(cited.document_id)
                verbatim += text[cited.start : cited.end] == cited.quote
            if shows or judged != "right":
                print(f"\n{row['id']} {row['form']:<14} {judged} | {row['question']}")
                print("   " + (answer.answer.replace("\n", "\n   ") if answer else "-"), flush=True)
        print(f"\n{name}: read {share(read, len(mine))}; right {share(counts['right'], len(mine))}; wrong "
              f"{counts['wrong']}, left to the ordinary answer {counts['left to the ordinary answer']}")  # fmt: skip
        forms = sorted({form for form, _ in by_form})
        print(", ".join(f"{f} {by_form[f, True]} of {by_form[f, True] + by_form[f, False]}" for f in forms))
        ms = sorted(1000 * one for one in seconds)
        print(
            f"quotes word for word {verbatim} of {quotes}; median {statistics.median(ms):.0f} ms, "
            f"longest {ms[-1]:.0f} ms"
        )
    taken = 0
    asked = 0
    for file in ORDINARY:
        for line in (DATA / f"{file}.jsonl").read_text("utf-8").splitlines():
            row = json.loads(line)
            for question in filter(None, (row["question"], row.get("paraphrase"))):
                asked += 1
                wanted = read_collection_question(question, NOW.date())
                if wanted is not None:
                    taken += 1
                    answer = collections.answer(question, wanted)
                    wants = row.get("accept") or row.get("all") or row.get("answer")
                    print(f"\nof {file}, wanted {wants}: {question}\n   {answer.answer if answer else '-'}")
    print(f"\nother questions taken for such ones: {taken} of {asked}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--embedder", type=Path, required=True, help="the model's folder, with modules.json")
    parser.add_argument("--half", choices=("build", "measure", "both"), default="both")
    parser.add_argument("--show", action="store_true", help="every answer")
    options = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as temporary:
        copied = copy_notes(Path(temporary))
        profile = Path(temporary) / "profile"
        with real_parts(copied, profile, generator=Path("no-generator"), embedder=options.embedder) as made:
            run(made, copied, half=options.half, shows=options.show)
