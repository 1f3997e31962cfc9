"""What do the idle hours bring? Minutes of background work against questions by people who never saw the predictions.

Run:  python -m tests.benchmarks.idle --data DIR --generator FILE.gguf --embedder DIR [--minutes 5 15 45] [--articles 3]

DIR is ``squad_vault/dev``. The articles are those that nothing was fitted on (``squad.py``), the first so many of them
in the order of a seed; nothing of their questions is known while the product works. After each budget a fixed sample of
the questions that people wrote about these articles, and of those that the notes do not answer, is put as
``--prepared-only``: a serving is right where a gold answer stands in it. Minutes count background work alone.
"""

import argparse
import random
import shutil
import tempfile
from pathlib import Path

from tests.benchmarks import squad
from tests.benchmarks.common import Parts, machine, real_parts, share

from pillowbook.domain.answers import Answer, AnswerKind
from pillowbook.domain.asking import AskMode
from pillowbook.domain.clock import SystemClock
from pillowbook.domain.work import GateState
from pillowbook.flow.serve.serve import Server
from pillowbook.host.workers import CancelToken
from pillowbook.schedule.gate import Rules, Sensed
from pillowbook.schedule.runner import Runner, WorkTotals

SEED = 5


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
            work(arguments, parts, asked)


def work(arguments: argparse.Namespace, parts: Parts, asked: list[squad.Asked]) -> None:
    """Work for each budget, and ask after it."""
    runner, server = runner_over(parts), parts.stream.server
    parts.generator.preload()
    print(
        "| minutes | digests | questions | prepared | verified a minute, lately | served right, of all answerable "
        "| of those served wrong | tokens lately |\n| --- | --- | --- | --- | --- | --- | --- | --- |"
    )
    spent = 0.0
    for minutes in arguments.minutes:
        totals = runner.work((minutes - spent) * 60, on_totals=lambda _totals: None, cancel=CancelToken())
        spent = minutes
        report(minutes, totals, parts, serve(server, asked))
    for prepared in parts.vault.knowledge.prepared_answers()[: arguments.show]:
        print(f"  prepared: {prepared.question} | {prepared.answer} | {prepared.confidence}")


if __name__ == "__main__":
    main()
