"""Sums, days, counts and lists over the sample notes: the product beside the plain way, on the same model.

Run:  python -m tests.benchmarks.computed --generator FILE.gguf --embedder DIR --questions FILE.jsonl
      [--only ours | plain | code] [--limit 20] [--profile DIR] [--today 2026-10-12] [--report FILE.json]

A row of the file is {"id", "question", "kind", "today", "accept", "all", "none_of"}: right is an answer that holds one
of ``accept`` (where there are any), every one of ``all`` and none of ``none_of``, as whole words; of kind
``unanswerable``, a refusal. ``ours`` is the product, which computes and, where that leaves a question, composes;
``code`` is the computer alone, without a model. The plain way reads the extracted text of all documents and is told
what day it is.
"""

import argparse
import json
import random
import re
import statistics
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from time import monotonic

from tests.benchmarks.common import Parts, ask_product, machine, real_parts, share
from tests.benchmarks.plain import Outcome, Plain

from pillowbook.answering.compose import Composer
from pillowbook.answering.compute.computer import Computer
from pillowbook.answering.compute.days import named, weekday_of
from pillowbook.domain.clock import ManualClock
from pillowbook.host.resources import resource

WAYS = ("ours", "plain", "code")


@dataclass(frozen=True, slots=True)
class Case:
    """A question with what a right answer holds."""

    id: str
    question: str
    kind: str
    today: date
    accept: tuple[str, ...]
    all: tuple[str, ...]
    none_of: tuple[str, ...]


def read_cases(path: Path, today: date) -> list[Case]:
    """The questions of a file; ``today`` is for those that do not say what day it is."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [
        Case(
            row["id"],
            row["question"],
            row["kind"],
            date.fromisoformat(row["today"]) if row.get("today") else today,
            tuple(row.get("accept") or ()),
            tuple(row.get("all") or ()),
            tuple(row.get("none_of") or ()),
        )
        for row in rows
    ]


def verdict(case: Case, answer: str) -> str:
    """``right``, ``wrong`` or ``refused``; a rightly refused question is right."""
    if case.kind == "unanswerable":
        return "wrong" if answer else "right"
    if not answer:
        return "refused"
    folded = " ".join(answer.replace("*", "").split()).casefold()

    def holds(wanted: str) -> bool:
        plain = re.escape(" ".join(wanted.split()).casefold())
        # Whole words and whole numbers: "18" is in neither "180" nor "£1,118", "6.9" not in "6.94".
        return re.search(rf"(?<![\w])(?<!\d[.,]){plain}(?!\w)(?![.,]\d)", folded) is not None

    is_right = (
        (not case.accept or any(map(holds, case.accept)))
        and all(map(holds, case.all))
        and not any(map(holds, case.none_of))
    )
    return "right" if is_right else "wrong"


def ways_of(parts: Parts, texts: Path) -> dict[str, Callable[[Case], Outcome]]:
    """Each way of answering."""
    computer = Computer(generator=parts.generator, retriever=parts.retriever)
    plain: list[Plain] = []

    def by_code(case: Case) -> Outcome:
        began = monotonic()
        draft = computer.answer(case.question, today=case.today)
        seconds = monotonic() - began
        if draft is None:
            return Outcome("", 0, 0, seconds, None)
        good = sum(
            parts.vault.library.text(one.document_id)[one.start : one.end] == one.quote
            for one in draft.citations
        )
        return Outcome(
            draft.answer, draft.tokens.prompt, draft.tokens.completion, seconds, seconds,
            len(draft.citations), good, draft.confidence, ",".join(draft.checks),
        )  # fmt: skip

    def ours(case: Case) -> Outcome:
        # The product at noon of the case's day; it computes first by itself.
        clock = ManualClock(datetime.combine(case.today, time(12), tzinfo=UTC))
        composer = Composer(generator=parts.generator, retriever=parts.retriever, clock=clock)
        return ask_product(composer, parts.vault.library, case.question)

    def plainly(case: Case) -> Outcome:
        if not plain:
            for document in parts.vault.library.documents():
                text = parts.vault.library.text(document.id)
                (texts / f"{document.id}.txt").write_text(f"{document.title}\n\n{text}", encoding="utf-8")
            plain.append(Plain(texts, parts.embedder, parts.generator, at_least=200))
        today = f"Today is {weekday_of(case.today)}, {named(case.today)}.\n\n"
        return plain[0].ask(case.question, preface=today)

    return {"ours": ours, "plain": plainly, "code": by_code}


def run(cases: list[Case], ways: dict[str, Callable[[Case], Outcome]]) -> list[dict[str, object]]:
    """Ask every case every way; print each, and a table by kind."""
    rows: list[dict[str, object]] = []
    for way, ask in ways.items():
        counts: Counter[tuple[str, str]] = Counter()
        outcomes: list[Outcome] = []
        for case in cases:
            outcome = ask(case)
            judged = verdict(case, outcome.answer)
            counts[case.kind, judged] += 1
            outcomes.append(outcome)
            rows.append({"way": way, "id": case.id, "verdict": judged, **asdict(outcome)})
            print(
                f"{way:>5} {case.id} {case.kind:<12} {judged:<7} {outcome.seconds:5.1f} s "
                f"{outcome.prompt:4}+{outcome.completion:<3} | {case.question} | {outcome.answer or '-'}",
                flush=True,
            )
        print(f"\n{way}\n{'kind':<14}{'right':>7}{'wrong':>7}{'refused':>9}")
        for kind in [*sorted({case.kind for case in cases}), "all"]:
            numbers = [
                sum(n for (one, judged), n in counts.items() if judged == what and kind in (one, "all"))
                for what in ("right", "wrong", "refused")
            ]
            print(f"{kind:<14}{numbers[0]:>7}{numbers[1]:>7}{numbers[2]:>9}")
        right = sum(n for (_, judged), n in counts.items() if judged == "right")
        print(
            f"right {share(right, len(cases))}; tokens a question "
            f"{sum(one.prompt for one in outcomes) / len(cases):.0f} read, "
            f"{sum(one.completion for one in outcomes) / len(cases):.0f} written; seconds median "
            f"{statistics.median(one.seconds for one in outcomes):.2f}, mean "
            f"{statistics.mean(one.seconds for one in outcomes):.2f}; without a token "
            f"{sum(bool(one.answer) and not one.completion for one in outcomes)}; citations word for word "
            f"{sum(one.cited_well for one in outcomes)} of {sum(one.cited for one in outcomes)}\n",
            flush=True,
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--generator", type=Path, required=True)
    parser.add_argument("--embedder", type=Path, required=True)
    parser.add_argument("--questions", type=Path, action="append", required=True)
    parser.add_argument("--notes", type=Path, default=resource("notes"))
    parser.add_argument("--profile", type=Path, help="keep the vault here between runs")
    parser.add_argument("--only", choices=WAYS, help="this way alone (default: ours and the plain way)")
    parser.add_argument("--plain", action="store_true", help="the plain way beside the one of --only")
    parser.add_argument(
        "--limit", type=int, default=0, help="that many of each file, drawn with a fixed seed"
    )
    parser.add_argument("--today", type=date.fromisoformat, default=date(2026, 10, 12))
    parser.add_argument("--report", type=Path, help="write every outcome to this file")
    arguments = parser.parse_args()
    cases: list[Case] = []
    for file in arguments.questions:
        found = read_cases(file, arguments.today)
        cases += (
            random.Random(5).sample(found, min(arguments.limit, len(found))) if arguments.limit else found
        )
    chosen = [arguments.only] if arguments.only else ["ours", "plain"]
    chosen += ["plain"] if arguments.plain and "plain" not in chosen else []
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        (root / "texts").mkdir()
        profile = arguments.profile or root / "profile"
        with real_parts(
            arguments.notes, profile, generator=arguments.generator, embedder=arguments.embedder
        ) as parts:
            ways = ways_of(parts, root / "texts")
            print(f"{machine()}, {arguments.generator.name}, {len(cases)} questions")
            rows = run(cases, {way: ways[way] for way in chosen})
    if arguments.report:
        arguments.report.write_text(json.dumps(rows, indent=1, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
