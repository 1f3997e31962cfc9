"""What do adapted answers cost, and how often are they right, beside live answers to the same questions?

Run:  python -m tests.benchmarks.adapted prepare --data DIR --generator FILE.gguf --embedder DIR --keep KEEP [--fit]
      python -m tests.benchmarks.adapted stock --data DIR --generator FILE.gguf --embedder DIR --keep KEEP [--fit]
      python -m tests.benchmarks.adapted chance --data DIR --generator FILE.gguf --embedder DIR --keep KEEP --fit
          [--write resources/measured/adapted.json]
      python -m tests.benchmarks.adapted ask --data DIR --generator FILE.gguf --embedder DIR --keep KEEP
          --rows ROWS.jsonl [--fit --adapted-only]
      python -m tests.benchmarks.adapted table --rows ROWS.jsonl [--write resources/measured/adapted.json]
      python -m tests.benchmarks.adapted pairs --data DIR --generator FILE.gguf [--fit]

DIR is ``squad_vault/dev``. ``prepare`` copies the first paragraphs of some articles of one half into ``KEEP`` and lets
the product work over them for ``--minutes``, nothing known of the questions that people wrote about them. ``stock``
needs no model and no minutes: it prepares every second of those questions with its gold answer and the sentence that
holds it, which stands for idle hours that went well; only the other questions are asked then.

``chance`` needs no model: for every question that people wrote about these paragraphs it looks whether a gold answer
stands in the places that would be read for an adapted answer, and fits how likely that is. ``ask`` puts the questions
that have a fair chance to the adapter, and after them to the live pipeline;
``table`` prints what came of both, for several thresholds of P(right), and goes on where it was stopped. Fit and choose
on the half to build on (``--fit``), print the table of the other. ``pairs`` asks the model of pairs of questions with
equal and with other answers whether they ask for the same, as idle work does of near misses.
"""

import argparse
import json
import random
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from tests.benchmarks import squad
from tests.benchmarks.answer_fit import auc, crossed, regress
from tests.benchmarks.common import (
    Parts,
    adapting_over,
    add_row,
    machine,
    planned,
    read_rows,
    real_parts,
    share,
)
from tests.benchmarks.idle import runner_over

from pillowbook.answering.adapt import FEATURES, Adapter, Plan, measured_parameters
from pillowbook.answering.cite import cite_unit
from pillowbook.answering.judging import pair_features
from pillowbook.answering.pairs import normalise_question
from pillowbook.answering.prompts import load_prompt
from pillowbook.answering.sources import sources_of
from pillowbook.answering.terms import content_stems
from pillowbook.answering.units import split_units
from pillowbook.answering.verify import split_claims
from pillowbook.domain.answers import Draft, Effort, Reason, Tokens
from pillowbook.host.workers import CancelToken
from pillowbook.models.generator.client import LlamaGenerator

SEED = 16
DEADLINE_S = 300.0
BAR = 0.55
"""A try costs about a third of a live answer, and six in ten answers that are there are given: below this it does not
pay."""
LIVE_RIGHT = 0.72
"""Of the answers that are given live over SQuAD, 68 of 95 are right (the README's table)."""
NEVER = 1.01
THRESHOLDS = (0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8)


def write_notes(data: Path, folder: Path, *, fit: bool, articles: int, paragraphs: int) -> list[str]:
    """The first paragraphs of some articles of one half, as notes; their names."""
    names = squad.notes(data, fit=fit)
    random.Random(SEED).shuffle(names)
    for name in names[:articles]:
        title, *rest = (data / "vault" / name).read_text(encoding="utf-8").split("\n\n")
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("\n\n".join([title, *rest[:paragraphs]]) + "\n", encoding="utf-8")
    return names[:articles]


def prepare(arguments: argparse.Namespace) -> None:
    """Let the product work over the notes, into a vault that is kept."""
    folder = arguments.keep / "notes"
    if not folder.exists():
        names = write_notes(
            arguments.data,
            folder,
            fit=arguments.fit,
            articles=arguments.articles,
            paragraphs=arguments.paragraphs,
        )
        print(len(names), "articles")
    with real_parts(
        folder, arguments.keep / "profile", generator=arguments.generator, embedder=arguments.embedder
    ) as parts:
        parts.generator.preload()
        totals = runner_over(parts).work(
            arguments.minutes * 60, on_totals=lambda _totals: None, cancel=CancelToken()
        )
        counts = parts.vault.knowledge.counts()
        print(
            f"{totals.seconds:.0f} s of work: {counts.digests} digests, {counts.questions} questions, "
            f"{counts.prepared} prepared answers",
            flush=True,
        )


def stock(arguments: argparse.Namespace) -> None:
    """Prepare every second question that people wrote about the notes, with its gold answer and quote."""
    folder = arguments.keep / "notes"
    if not folder.exists():
        write_notes(
            arguments.data,
            folder,
            fit=arguments.fit,
            articles=arguments.articles,
            paragraphs=arguments.paragraphs,
        )
    with kept_parts(arguments) as parts:
        library, knowledge = parts.vault.library, parts.vault.knowledge
        for one in asked_about(arguments.keep, arguments.data, fit=arguments.fit):
            document = library.document_at(str((folder / one.note).absolute()))
            if not is_stocked(one) or document is None:
                continue
            units = [unit for passage in library.passages(document.id) for unit in split_units(passage)]
            holding = [unit for unit in units if squad.contains(unit.text, one.answers)]
            if not holding:
                continue
            asked = set(content_stems(one.question))
            unit = max(holding, key=lambda unit: len(asked & set(content_stems(unit.text))))
            answer = min((gold for gold in one.answers if squad.contains(unit.text, [gold])), key=len)
            citations = (cite_unit(unit),)
            draft = Draft(one.question, answer, citations, (), 0.9, ("known",), Tokens(), "", Effort.PREPARED)
            question_id = knowledge.add_question(
                one.question, normalise_question(one.question), Reason.CONTENT, document.id
            )
            vector = parts.retriever.embed(one.question)
            knowledge.put_prepared(question_id, draft, sources_of(citations, library), 0.0, vector)
        print(knowledge.counts().prepared, "prepared", flush=True)


def is_stocked(one: squad.Asked) -> bool:
    """Whether ``stock`` prepares a question: about every second of those that the notes answer, by its name alone."""
    return one.is_answerable and zlib.crc32(one.id.encode()) % 2 == 0


def asked_about(keep: Path, data: Path, *, fit: bool) -> list[squad.Asked]:
    """What people asked about the paragraphs that are kept, and what those do not answer, in a fixed order."""
    folder = keep / "notes"
    counts = {
        str(path.relative_to(folder)): len(path.read_text(encoding="utf-8").strip().split("\n\n")) - 1
        for path in sorted(folder.rglob("*.md"))
    }
    places = {
        row["id"]: row["paragraph_index"]
        for name in ("questions.jsonl", "questions_unanswerable.jsonl")
        for row in map(json.loads, (data / name).read_text(encoding="utf-8").splitlines())
    }
    everything = squad.sample(data, fit=fit, answerable=10**6, unanswerable=10**6)
    return [one for one in everything if places[one.id] < counts.get(one.note, 0)]


@contextmanager
def kept_parts(arguments: argparse.Namespace) -> Iterator[Parts]:
    """The vault that ``prepare`` left."""
    with real_parts(
        arguments.keep / "notes",
        arguments.keep / "profile",
        generator=arguments.generator,
        embedder=arguments.embedder,
    ) as parts:
        yield parts


def chance(arguments: argparse.Namespace) -> None:
    """Fit P(the places known hold the answer), and print how many questions would be tried from which chance on."""
    rows: list[tuple[float, ...]] = []
    target: list[float] = []
    with kept_parts(arguments) as parts:
        adapting, matcher = adapting_over(parts)
        asked = [
            one
            for one in asked_about(arguments.keep, arguments.data, fit=arguments.fit)
            if not is_stocked(one)
        ]
        hits = unsuited = 0
        for one in asked:
            plan, is_hit = planned(adapting, matcher, parts, one.question)
            hits += is_hit
            if is_hit or plan is None:
                unsuited += not is_hit
                continue
            rows.append(plan.chance.row())
            target.append(float(squad.contains(" ".join(unit.text for unit in plan.units), one.answers)))
    matrix, held = np.array(rows), np.array(target)
    weights, intercept = regress(matrix, held)
    sure = crossed(matrix, held)
    print(
        f"{len(asked)} questions: {hits} hits, {unsuited} without a known place, {len(rows)} with one, "
        f"{int(held.sum())} of them hold a gold answer; AUC crossed {auc(sure, held):.3f}"
    )
    for bar in (0.2, 0.3, 0.4, 0.5, 0.6, 0.7):
        taken = sure >= bar
        print(
            f"  from {bar}: {share(int(taken.sum()), len(taken))} tried, "
            f"{share(int(held[taken].sum()), int(taken.sum()))} hold it"
        )
    if arguments.write is not None:
        stored = json.loads(arguments.write.read_text(encoding="utf-8"))
        stored |= {
            "questions": len(rows),
            "auc_crossed": round(auc(sure, held), 3),
            "note": "half of the articles of SQuAD 2.0 dev (CC BY-SA 4.0), every second question prepared",
            "weights": {name: round(float(w), 4) for name, w in zip(FEATURES, weights, strict=True)},
            "intercept": round(intercept, 4),
            "bar": BAR,
        }
        arguments.write.write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")


def ask(arguments: argparse.Namespace) -> None:
    """Put questions to the adapter and, after them, to the live pipeline; rows that are there are not asked again."""
    rows = {row["id"]: row for row in read_rows(arguments.rows)}
    with kept_parts(arguments) as parts:
        adapting, matcher = adapting_over(parts)
        # What it takes to be given is for the table to choose, from every answer that was made.
        given = replace(measured_parameters(), threshold=0.0)
        adapter = Adapter(generator=parts.generator, retriever=parts.retriever, parameters=given)
        composer = parts.stream.composer
        everything = [
            one
            for one in asked_about(arguments.keep, arguments.data, fit=arguments.fit)
            if not is_stocked(one)
        ]
        said = [one for one in everything if one.is_answerable][: arguments.answerable]
        said += [one for one in everything if not one.is_answerable][: arguments.unanswerable]
        tried: list[tuple[squad.Asked, Plan]] = []
        for one in said:
            plan, is_hit = planned(adapting, matcher, parts, one.question)
            if plan is not None and not is_hit and plan.is_fair:
                tried.append((one, plan))
            elif one.id not in rows:
                add_row(arguments.rows, {"id": one.id, "tried": False, "is_answerable": one.is_answerable})
        tried = [(one, plan) for one, plan in tried if one.id not in rows][: arguments.most]
        print(f"{len(said)} questions, {len(tried)} to be tried", flush=True)
        parts.generator.preload()
        adapted: dict[str, dict[str, object]] = {}
        for one, plan in tried:
            began = time.monotonic()
            draft = adapter.answer(plan, deadline_s=DEADLINE_S)
            adapted[one.id] = _told("adapted", one, draft, time.monotonic() - began)
            if arguments.adapted_only:
                add_row(
                    arguments.rows,
                    {"id": one.id, "tried": True, "is_answerable": one.is_answerable} | adapted[one.id],
                )
            print(one.question, "|", draft.answer, "|", draft.confidence, "|", one.answers[:1], flush=True)
        # All of them after the others: what was read for the one must not make the other cheaper.
        for one, _plan in tried if not arguments.adapted_only else ():
            began = time.monotonic()
            draft = composer.answer(one.question, effort=Effort.LIVE, deadline_s=DEADLINE_S)
            row = {"id": one.id, "tried": True, "is_answerable": one.is_answerable, "question": one.question}
            add_row(
                arguments.rows, row | adapted[one.id] | _told("live", one, draft, time.monotonic() - began)
            )


def _told(name: str, one: squad.Asked, draft: Draft, seconds: float) -> dict[str, object]:
    return {
        name: draft.answer,
        f"{name}_right": draft.says_something and squad.contains(draft.answer, one.answers),
        f"{name}_sure": draft.confidence,
        f"{name}_prompt": draft.tokens.prompt,
        f"{name}_completion": draft.tokens.completion,
        f"{name}_s": seconds,
        f"{name}_cited": len(draft.citations),
        f"{name}_verbatim": sum(
            Path(cited.path).read_text(encoding="utf-8")[cited.start : cited.end] == cited.quote
            for cited in draft.citations
        ),
    }


def pairs(arguments: argparse.Namespace) -> None:
    """How sure the model must be that two questions ask for the same, where code cannot tell; pairs of one half."""
    chosen = squad.fit_articles(arguments.data)
    lines = (arguments.data / "cache_nearmiss.jsonl").read_text(encoding="utf-8").splitlines()
    articles = {
        row["note"]: row["article"]
        for row in map(
            json.loads, (arguments.data / "articles.jsonl").read_text(encoding="utf-8").splitlines()
        )
    }
    everything = [
        row
        for row in map(json.loads, lines)
        if (articles[row["note"]] in chosen) == arguments.fit
        and not pair_features(row["cached"], row["query"]).forbidden
    ]
    random.Random(SEED).shuffle(everything)
    same = [row for row in everything if row["hit_ok"]][: arguments.most]
    others = [row for row in everything if not row["hit_ok"]][: 2 * arguments.most]
    generator, prompt = LlamaGenerator(arguments.generator), load_prompt("same")
    odds: dict[bool, list[float]] = {True: [], False: []}
    try:
        for row in same + others:
            text = (arguments.data / "vault" / row["note"]).read_text(encoding="utf-8").split("\n\n")
            paragraph = text[row["paragraph_index"] + 1]
            sentences = [one for one in split_claims(paragraph) if squad.contains(one, row["cached_answers"])]
            notes = f"{Path(row['note']).stem}:\n- {(sentences or [paragraph[:400]])[0][:420]}"
            scored = generator.score(
                prompt.fill(None, notes=notes, first=row["cached"], second=row["query"]),
                ["Yes", "No"],
                deadline_s=DEADLINE_S,
            )
            odds[row["hit_ok"]].append(scored.log_probabilities[0] - scored.log_probabilities[1])
    finally:
        generator.close()
    for threshold in (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0):
        taken = {key: sum(one >= threshold for one in found) for key, found in odds.items()}
        print(
            f"from {threshold}: {share(taken[True], len(odds[True]))} of the same, "
            f"{share(taken[False], len(odds[False]))} of the others"
        )


def table(arguments: argparse.Namespace) -> None:
    """What came of both, by the threshold from which an adapted answer is given."""
    rows = read_rows(arguments.rows)
    tried = [row for row in rows if row["tried"]]
    print(
        f"{machine()}; {len(rows)} questions, {share(len(tried), len(rows))} tried; a try takes "
        f"{_tokens(tried, 'adapted') / len(tried):.0f} tokens and {_sum(tried, 'adapted_s') / len(tried):.2f} s"
    )
    if any("live" not in row for row in tried):
        for threshold in THRESHOLDS:
            given = [row for row in tried if row["adapted"] and row["adapted_sure"] >= threshold]
            print(f"  from {threshold}: {share(_sum(given, 'adapted_right'), len(given))} right")
        if arguments.write is not None:
            stored = json.loads(arguments.write.read_text(encoding="utf-8"))
            stored["threshold"] = _threshold(tried)
            arguments.write.write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")
        return
    live_tokens, live_s = _tokens(tried, "live"), _sum(tried, "live_s")
    tokens, seconds = _tokens(tried, "adapted") / live_tokens, _sum(tried, "adapted_s") / live_s
    print(
        f"a live answer to the same {live_tokens / len(tried):.0f} tokens and {live_s / len(tried):.2f} s: a try takes "
        f"{tokens:.2f} of its tokens, {seconds:.2f} of its time\n"
        "| given from P | given | right | live right, of the same | declined | tokens all in all, of live's "
        "| seconds, of live's | right all in all | live right |\n" + "| --- " * 9 + "|"
    )
    for threshold in THRESHOLDS:
        given = [row for row in tried if row["adapted"] and row["adapted_sure"] >= threshold]
        declined = [row for row in tried if row not in given]
        spent = _tokens(tried, "adapted") + _tokens(declined, "live")
        taken = _sum(tried, "adapted_s") + _sum(declined, "live_s")
        right, live = _sum(given, "adapted_right"), _sum(given, "live_right")
        print(
            f"| {threshold} | {len(given)} | {share(right, len(given))} | {share(live, len(given))} "
            f"| {len(declined)} | {spent / live_tokens:.2f} | {taken / live_s:.2f} "
            f"| {right + _sum(declined, 'live_right')} of {len(tried)} | {_sum(tried, 'live_right')} |"
        )
    cited, verbatim = _sum(tried, "adapted_cited"), _sum(tried, "adapted_verbatim")
    print(f"citations of adapted answers verbatim at their place: {verbatim} of {cited}")


def _threshold(tried: list[dict]) -> float:
    """The lowest from which answers are right as often as live ones are."""
    for threshold in THRESHOLDS:
        given = [row for row in tried if row["adapted"] and row["adapted_sure"] >= threshold]
        if given and _sum(given, "adapted_right") >= LIVE_RIGHT * len(given):
            return threshold
    return NEVER


def _tokens(rows: list[dict], name: str) -> int:
    return sum(row[f"{name}_prompt"] + row[f"{name}_completion"] for row in rows)


def _sum(rows: list[dict], key: str) -> int:
    return sum(row[key] for row in rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True)
    made = {
        name: commands.add_parser(name) for name in ("prepare", "stock", "chance", "ask", "pairs", "table")
    }
    for name, run in (
        ("prepare", prepare),
        ("stock", stock),
        ("chance", chance),
        ("ask", ask),
        ("pairs", pairs),
        ("table", table),
    ):
        made[name].set_defaults(run=run)
        if name != "table":
            for option in ("--data", "--generator", "--embedder", "--keep")[: 2 if name == "pairs" else 4]:
                made[name].add_argument(option, type=Path, required=True)
            made[name].add_argument(
                "--fit", action="store_true", help="of the half to build on, never for a figure"
            )
    for name in ("prepare", "stock"):
        made[name].add_argument("--articles", type=int, default=3)
        made[name].add_argument("--paragraphs", type=int, default=8)
    made["prepare"].add_argument("--minutes", type=float, default=8.0)
    made["chance"].add_argument("--write", type=Path, help="put the fit into this file")
    made["ask"].add_argument("--adapted-only", action="store_true", help="enough to choose the threshold")
    made["ask"].add_argument("--answerable", type=int, default=120)
    made["ask"].add_argument("--unanswerable", type=int, default=60)
    made["ask"].add_argument("--most", type=int, default=60, help="try so many at most")
    made["pairs"].add_argument(
        "--most", type=int, default=40, help="so many of the same, twice as many others"
    )
    made["table"].add_argument("--write", type=Path, help="put the threshold into this file")
    for name in ("ask", "table"):
        made[name].add_argument("--rows", type=Path, required=True)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
