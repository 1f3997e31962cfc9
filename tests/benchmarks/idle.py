"""What do the idle hours bring? Minutes of background work against questions by people who never saw the predictions.

Run:  python -m tests.benchmarks.idle --data DIR --generator FILE.gguf --embedder DIR [--minutes 5 15 45] [--articles 3]

DIR is ``squad_vault/dev``. The articles are those that nothing was fitted on (``squad.py``), the first so many of them
in the order of a seed; nothing of their questions is known while the product works. After each budget a fixed sample of
the questions that people wrote about these articles, and of those that the notes do not answer, is put as
``--prepared-only``: a serving is right where a gold answer stands in it. What is not served is then adapted, where that
has a fair chance. Minutes count background work alone.

In the end ``--beside N M`` asks the first N and M of these questions live, and the plain way: accuracy against tokens
at question time for each budget, by the product as it is put together (prepared, else adapted, else live), and how many
questions it takes until the tokens of the idle hours are saved (Lin et al. 2025, "Sleep-time Compute").
"""

import argparse
import random
import shutil
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import squad
from tests.benchmarks.common import (
    DEADLINE_S,
    Parts,
    adapting_over,
    ask_product,
    machine,
    planned,
    real_parts,
    share,
)
from tests.benchmarks.plain import Outcome, Plain

from pillowbook.answering.units import SECTION_CHARS, section_key, split_sections
from pillowbook.domain.answers import Answer, AnswerKind
from pillowbook.domain.asking import AskMode
from pillowbook.domain.clock import SystemClock
from pillowbook.domain.work import GateState
from pillowbook.flow.serve.serve import Server
from pillowbook.host.workers import CancelToken
from pillowbook.schedule.gate import Rules, Sensed
from pillowbook.schedule.runner import Runner, WorkTotals

SEED = 5


@dataclass(frozen=True, slots=True)
class Said:
    """What a question got without a live answer.

    Attributes:
        answer: None where it must be answered live.
        tokens: read and written for it at question time.
    """

    answer: str | None
    tokens: int


@dataclass(frozen=True, slots=True)
class Budget:
    """What was there after so many minutes: by question, and the tokens the idle hours had cost by then."""

    minutes: float
    said: dict[str, Said]
    idle_tokens: int


def runner_over(parts: Parts) -> Runner:
    """The product's own background work; its gate is never asked."""

    def unasked() -> Sensed:
        raise AssertionError("the gate is not asked")

    def rules() -> Rules:
        raise AssertionError("the gate is not asked")

    def ignore(_gate: GateState) -> None:
        return None

    return Runner(
        parts.stream.stages,
        sense=unasked,
        rules=rules,
        clock=SystemClock(),
        on_gate=ignore,
        on_slice=lambda entry: None,
    )


def chosen_notes(data: Path, count: int, *, fit: bool) -> list[str]:
    """The notes of one half, in a fixed order, the first ``count`` of them (0: all)."""
    notes = squad.notes(data, fit=fit)
    random.Random(SEED).shuffle(notes)
    return notes[: count or len(notes)]


def questions_about(
    data: Path, notes: list[str], *, fit: bool, answerable: int, unanswerable: int
) -> list[squad.Asked]:
    """A fixed sample of what people asked about these notes."""
    everything = squad.sample(data, fit=fit, answerable=10**6, unanswerable=10**6)
    taken = [one for one in everything if one.note in notes]
    said = [one for one in taken if one.is_answerable][:answerable]
    return said + [one for one in taken if not one.is_answerable][:unanswerable]


def serve(server: Server, asked: list[squad.Asked]) -> list[tuple[squad.Asked, Answer]]:
    """Ask them all of what is prepared."""
    return [(one, server.ask(one.question, mode=AskMode.PREPARED_ONLY, learn=False)) for one in asked]


def adapt(parts: Parts, served: list[tuple[squad.Asked, Answer]]) -> dict[str, Said]:
    """What each question gets from prepared material: served, else adapted where that has a fair chance."""
    adapting, matcher = adapting_over(parts)
    adapter = parts.stream.adapter
    said: dict[str, Said] = {}
    tried: list[tuple[squad.Asked, Said]] = []
    for one, answer in served:
        said[one.id] = Said(answer.answer if answer.kind is AnswerKind.HIT else None, 0)
        if answer.kind is AnswerKind.HIT:
            continue
        plan, _is_hit = planned(adapting, matcher, parts, one.question)
        if plan is not None and plan.is_fair:
            draft = adapter.answer(plan, deadline_s=DEADLINE_S)
            tokens = draft.tokens.prompt + draft.tokens.completion
            said[one.id] = Said(draft.answer if draft.says_something else None, tokens)
            tried.append((one, said[one.id]))
    given = [(one, told) for one, told in tried if told.answer is not None]
    right = [one for one, told in given if squad.contains(told.answer or "", one.answers)]
    mean = sum(told.tokens for _one, told in tried) / max(1, len(tried))
    print(
        f"  adapted: {len(tried)} tried, {len(given)} given, {len(right)} of them right, {mean:.0f} tokens a try",
        flush=True,
    )
    return said


def in_the_way(parts: Parts, data: Path, served: list[tuple[squad.Asked, Answer]]) -> None:
    """Why the questions that the notes answer got no right answer from what is prepared, each under one reason."""
    library, knowledge = parts.vault.library, parts.vault.knowledge
    paragraphs = {one.id: index for one, index in squad.placed(data)}
    prepared = knowledge.prepared_answers()
    counted: Counter[str] = Counter()
    examples: defaultdict[str, list[str]] = defaultdict(list)
    read: dict[str, set[str]] = {}
    for document in library.documents():
        done = knowledge.predicted_sections(document.id)
        sections = split_sections(library.passages(document.id), limit_chars=SECTION_CHARS)
        read[document.path] = {p.text for one in sections if section_key(one) in done for p in one}
    for one, answer in served:
        if not one.is_answerable:
            continue
        is_hit = answer.kind is AnswerKind.HIT
        text = (data / "vault" / one.note).read_text(encoding="utf-8").split("\n\n")[paragraphs[one.id] + 1]
        same = [each for each in prepared if squad.contains(each.answer, one.answers)]
        same = [each for each in same if any(cited.quote in text for cited in each.citations)]
        was_read = any(
            text[:60] in passage for path, kept in read.items() if path.endswith(one.note) for passage in kept
        )
        if is_hit:
            why = "served right" if squad.contains(answer.answer, one.answers) else "served wrong"
        elif same:
            why = "its answer is prepared, to a question that is not matched"
        elif was_read:
            why = "its paragraph was read, its answer is not prepared"
        else:
            why = "its paragraph was not read yet"
        counted[why] += 1
        examples[why].append(f"{one.question} | {same[0].question if same else '-'} | {one.answers[0]}")
    tried = Counter(
        knowledge.tried(one.id) or "kept or not tried yet" for one in knowledge.questions(limit=10**6)
    )
    print("  questions predicted:", ", ".join(f"{name} {number}" for name, number in tried.most_common()))
    for why, number in counted.most_common():
        print(f"  {why}: {number}")
        if "not read yet" not in why:
            for example in examples[why][:12]:
                print(f"    {example}")


def report(
    minutes: float, totals: WorkTotals, parts: Parts, served: list[tuple[squad.Asked, Answer]]
) -> None:
    """One row of the table, and the wrong servings."""
    hits = [(one, answer) for one, answer in served if answer.kind is AnswerKind.HIT]
    right = [one for one, answer in hits if squad.contains(answer.answer, one.answers)]
    counts = parts.vault.knowledge.counts()
    said = sum(one.is_answerable for one, _ in served)
    print(
        f"| {minutes:g} | {counts.digests} | {counts.questions} | {counts.prepared} "
        f"| {totals.answers / max(totals.seconds / 60, 1e-9):.1f} | {share(len(right), said)} "
        f"| {share(len(hits) - len(right), len(hits))} | {totals.tokens.prompt} + {totals.tokens.completion} |",
        flush=True,
    )
    entries = parts.vault.knowledge.ledger()
    for kind, result in sorted({(entry.kind, entry.result) for entry in entries}):
        chosen = [entry for entry in entries if (entry.kind, entry.result) == (kind, result)]
        print(
            f"  {kind.value} {result.value}: {len(chosen)} slices, {sum(e.seconds for e in chosen):.0f} s, "
            f"{sum(e.tokens.prompt for e in chosen)} + {sum(e.tokens.completion for e in chosen)} tokens, "
            f"{sum(e.made for e in chosen)} made"
        )
    for one, answer in hits:
        if one not in right:
            print(
                f"  wrong: {one.question} | {answer.matched_question} | {answer.answer} | {one.answers[:1]}"
            )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--generator", type=Path, required=True)
    parser.add_argument("--embedder", type=Path, required=True)
    parser.add_argument("--minutes", type=float, nargs="+", default=[5.0, 15.0, 45.0])
    parser.add_argument("--articles", type=int, default=0, help="so many of the half (default: all)")
    parser.add_argument("--fit", action="store_true", help="of the half to build on, never for a figure")
    parser.add_argument("--answerable", type=int, default=400)
    parser.add_argument("--unanswerable", type=int, default=100)
    parser.add_argument("--show", type=int, default=0, help="print so many prepared answers")
    parser.add_argument(
        "--beside",
        type=int,
        nargs=2,
        default=(0, 0),
        metavar=("N", "M"),
        help="ask so many of the questions the notes answer, and do not, live and the plain way",
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        notes = chosen_notes(arguments.data, arguments.articles, fit=arguments.fit)
        for note in notes:
            (root / "notes" / note).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(arguments.data / "vault" / note, root / "notes" / note)
        asked = questions_about(
            arguments.data,
            notes,
            fit=arguments.fit,
            answerable=arguments.answerable,
            unanswerable=arguments.unanswerable,
        )
        said = sum(one.is_answerable for one in asked)
        print(
            f"{machine()}; {len(notes)} articles, {said} questions they answer, {len(asked) - said} they do not"
        )
        with real_parts(
            root / "notes", root / "profile", generator=arguments.generator, embedder=arguments.embedder
        ) as parts:
            work(arguments, parts, asked, root / "notes")


def work(arguments: argparse.Namespace, parts: Parts, asked: list[squad.Asked], notes: Path) -> None:
    """Work for each budget, and ask after it."""
    runner, server = runner_over(parts), parts.stream.server
    parts.generator.preload()
    print(
        "| minutes | digests | questions | prepared | verified a minute, lately | served right, of all answerable "
        "| of those served wrong | tokens lately |\n| --- | --- | --- | --- | --- | --- | --- | --- |"
    )
    spent = 0.0
    served: list[tuple[squad.Asked, Answer]] = []
    budgets = [Budget(0.0, {one.id: Said(None, 0) for one in asked}, 0)]
    for minutes in arguments.minutes:
        totals = runner.work((minutes - spent) * 60, on_totals=lambda _totals: None, cancel=CancelToken())
        spent = minutes
        served = serve(server, asked)
        report(minutes, totals, parts, served)
        cost = sum(entry.tokens.prompt + entry.tokens.completion for entry in parts.vault.knowledge.ledger())
        budgets.append(Budget(minutes, adapt(parts, served), cost))
    in_the_way(parts, arguments.data, served)
    for prepared in parts.vault.knowledge.prepared_answers()[: arguments.show]:
        print(f"  prepared: {prepared.question} | {prepared.answer} | {prepared.confidence}")
    answerable, unanswerable = arguments.beside
    beside = [one for one in asked if one.is_answerable][:answerable]
    beside += [one for one in asked if not one.is_answerable][:unanswerable]
    if beside:
        against_tokens(parts, notes, beside, budgets)


def against_tokens(parts: Parts, notes: Path, asked: list[squad.Asked], budgets: list[Budget]) -> None:
    """Accuracy against tokens at question time, for each budget, beside the plain way over the same notes."""
    composer, library = parts.stream.composer, parts.vault.library
    live = {one.id: ask_product(composer, library, one.question) for one in asked}
    contexts = len({one.note for one in asked})
    plain_way = Plain(notes, parts.embedder, parts.generator)
    plain = {one.id: plain_way.ask(one.question) for one in asked}

    def row(name: str, told: dict[str, tuple[str, int]], idle_tokens: int) -> None:
        right = [one for one in asked if one.is_answerable and squad.contains(told[one.id][0], one.answers)]
        kept = [one for one in asked if not one.is_answerable and not told[one.id][0]]
        tokens = sum(spent for _answer, spent in told.values()) / len(asked)
        # Against a live answer: what that saves beside the plain way is not the idle hours' doing.
        saved = sum(map(_spent, live.values())) / len(asked) - tokens
        even = f"{idle_tokens / saved / contexts:.0f}" if saved > 0 and idle_tokens else "-"
        print(
            f"| {name} | {share(len(right) + len(kept), len(asked))} | {len(right)} | {tokens:.0f} "
            f"| {idle_tokens} | {even} |"
        )

    print(
        "| way | handled rightly | answered right | tokens a question | tokens of idle work "
        "| questions an article to break even with live answers |\n" + "| --- " * 6 + "|"
    )
    for budget in budgets:
        told: dict[str, tuple[str, int]] = {}
        for one in asked:
            said, asked_live = budget.said[one.id], live[one.id]
            if said.answer is None:
                told[one.id] = (asked_live.answer, said.tokens + _spent(asked_live))
            else:
                told[one.id] = (said.answer, said.tokens)
        row(f"{budget.minutes:g} minutes", told, budget.idle_tokens)
    row("plain", {key: (outcome.answer, _spent(outcome)) for key, outcome in plain.items()}, 0)


def _spent(outcome: Outcome) -> int:
    return outcome.prompt + outcome.completion


if __name__ == "__main__":
    main()
