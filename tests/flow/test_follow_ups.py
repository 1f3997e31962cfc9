"""Follow-ups, what resembles what is typed, and what may be asked next: at the server."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.flow.conftest import Stream

from pillowbook.answering.pairs import normalise_question
from pillowbook.cli import questions
from pillowbook.cli.grammar import build_parser
from pillowbook.cli.invocation import Invocation
from pillowbook.domain.answers import AnswerKind
from pillowbook.domain.asking import AskMode, Turn

PRESSURE = "What should the cold boiler pressure be?"
FITTED = "When was the boiler fitted?"


@pytest.fixture
def fitted(boiler: Stream) -> Stream:
    """Another answer from the same note."""
    boiler.says["boiler fitted"] = "The boiler was fitted on 22 September 2025 by Dev Marsh."
    boiler.prepare(FITTED)
    return boiler


def test_a_follow_up_is_answered_as_it_is_understood(fitted: Stream) -> None:
    last = Turn.of(fitted.server.ask("Who services the boiler?", mode=AskMode.PREPARED_ONLY))
    answer = fitted.server.ask("And when was it fitted?", after=last)
    assert answer.question == "And when was it fitted?"
    assert answer.understood_as == FITTED
    assert answer.kind is AnswerKind.HIT and "22 September 2025" in answer.answer
    assert Turn.of(answer).question == FITTED


def test_what_is_learned_is_the_question_that_stands_alone(fitted: Stream) -> None:
    fitted.server.ask("and how heavy is it?", after=Turn("When was the boiler fitted?"))
    assert fitted.knowledge.question_by_normal(normalise_question("How heavy is the boiler?")) is not None
    assert fitted.knowledge.question_by_normal(normalise_question("and how heavy is it?")) is None


def test_without_a_question_before_it_it_is_asked_as_it_stands(fitted: Stream) -> None:
    answer = fitted.server.ask("And when was it fitted?", mode=AskMode.PREPARED_ONLY)
    assert answer.understood_as == ""


def test_the_answer_to_a_follow_up_stands_there_before_enter(fitted: Stream) -> None:
    (first, *_) = fitted.server.complete("and when was it fitted", after=Turn("How old is the boiler?"))
    assert first.answer is not None
    assert first.answer.understood_as == FITTED
    assert first.answer.question == "and when was it fitted"


def test_what_a_bare_question_leans_on_is_looked_up(boiler: Stream) -> None:
    """The command line tells the last question alone; what was answered is known where it is prepared."""
    boiler.says["vet"] = "Femi at Saltmarsh Vets."
    boiler.prepare("Who is the vet of Mungo?")
    answer = boiler.server.ask(
        "what's her number?", after=Turn("Who is the vet?"), mode=AskMode.PREPARED_ONLY
    )
    assert answer.understood_as == "What is the vet's number?"


def test_a_prepared_question_that_resembles_what_is_typed_is_offered(fitted: Stream) -> None:
    fitted.embedder.preload()
    offered = [one.question for one in fitted.server.complete("boiler pressure when cold should be what")]
    assert PRESSURE in offered


def test_what_is_prepared_from_the_same_place_may_be_asked_next(fitted: Stream) -> None:
    fitted.says["Mungo weigh"] = "Mungo weighs 27.4 kg."
    fitted.prepare("How much does Mungo weigh?")
    answer = fitted.server.ask(PRESSURE)
    assert [(one.question, one.kind) for one in answer.related] == [(FITTED, "document")]


def test_what_may_be_asked_next_is_held_against_its_files(fitted: Stream) -> None:
    """Before the watcher speaks: a note that is gone, and one that says something else."""
    fitted.says["Calderwick Ember"] = "The Calderwick Ember 28 has a guarantee of ten years."
    guarantee = "How long is the guarantee of the cold Calderwick Ember 28 boiler?"
    fitted.write("papers.md", "# Papers\n\nThe Calderwick Ember 28 boiler has a guarantee of ten years.\n")
    fitted.sync()
    fitted.prepare(guarantee)
    asked = "Who makes the boiler?"

    def offered() -> set[str]:
        return {one.question for one in fitted.server.ask(asked, mode=AskMode.PREPARED_ONLY).related}

    assert {guarantee, FITTED} <= offered()
    (fitted.notes / "papers.md").unlink()
    assert guarantee not in offered() and FITTED in offered()
    (fitted.notes / "boiler.md").write_text("# Boiler\n\nIt is gone.\n", "utf-8")
    assert FITTED not in offered()


def test_what_speaks_of_another_day_is_not_offered_next(fitted: Stream) -> None:
    fitted.write(
        "car.md", "# Car\n\nThe MOT of the car runs out on 20 January 2027. It has four new tyres.\n"
    )
    fitted.sync()
    fitted.says["tyres"] = "The car has four new tyres."
    days, tyres = "How many days until the MOT runs out?", "How many new tyres has the car?"
    for question in (days, tyres):
        fitted.prepare(question)
    assert [one.question for one in fitted.server.ask(tyres).related] == [days]
    fitted.clock.days = 1
    assert fitted.server.ask(tyres).related == ()


def test_one_question_of_another_day_takes_no_others_with_it(stream: Stream) -> None:
    """What stands nearest and is no hit decides nothing about what else was found."""
    told = "The boiler service costs 90 pounds and the next boiler service is on 4 May 2027 by Dev Marsh."
    stream.write("boiler.md", f"# Boiler\n\n{told}\n")
    stream.sync()
    stream.says["boiler service"] = told
    passing, cost = (
        "When is the next boiler service by Dev?",
        "How much does the boiler service by Dev Marsh cost?",
    )
    for question in (passing, cost):
        stream.prepare(question)
    asked = "When is the boiler service planned by Dev?"
    stream.clock.days = 1
    near = stream.matcher.match(asked, stream.retriever.embed(asked))
    assert near.prepared is not None and near.prepared.question == passing and not near.is_hit
    answer = stream.server.ask(asked, learn=False, mode=AskMode.PREPARED_ONLY)
    assert [one.question for one in answer.related] == [cost]


def test_what_was_just_asked_is_not_offered_again(fitted: Stream) -> None:
    fitted.says["pressure of the boiler"] = "The cold pressure should sit between 1.2 and 1.5 bar."
    fitted.prepare("What pressure of the boiler is right?")
    answer = fitted.server.ask(PRESSURE)
    assert [one.question for one in answer.related] == [FITTED]


def test_what_is_prepared_in_the_very_words_stands_alone(fitted: Stream) -> None:
    fitted.write("cottage.md", "# Cottage\n\nThe deposit is £400.\n")
    fitted.sync()
    fitted.says["deposit"] = "The deposit is £400."
    fitted.prepare("What is the deposit?")
    last = Turn("When does the boiler need a service?", "In May.", "Boiler")
    answer = fitted.server.ask("what is the deposit", mode=AskMode.PREPARED_ONLY, after=last)
    assert answer.understood_as == "" and answer.kind is AnswerKind.HIT
    (first, *_) = fitted.server.complete("what is the deposit", after=last)
    assert first.answer is not None and first.answer.understood_as == ""


def test_what_names_nothing_leans_on_the_last_question_though_it_is_prepared(fitted: Stream) -> None:
    """It may have been asked once with nothing before it."""
    fitted.says["was it fitted"] = "The boiler was fitted on 22 September 2025 by Dev Marsh."
    fitted.prepare("When was it fitted?")
    answer = fitted.server.ask(
        "When was it fitted?", mode=AskMode.PREPARED_ONLY, after=Turn("How old is the boiler?")
    )
    assert answer.understood_as == FITTED


class AtServer(Invocation):
    """An invocation that talks to the server itself."""

    def __init__(self, options: argparse.Namespace, stream: Stream) -> None:
        super().__init__(options)
        self._server = stream.server

    def call(self, work: Callable[[Any], Any]) -> Any:
        return work(self._server)


def test_the_lines_of_a_batch_do_not_lean_on_each_other(
    fitted: Stream, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [{"id": 1, "question": FITTED}, {"id": 2, "question": "and how heavy is it?"}]
    lines.append({"id": 3, "question": PRESSURE})
    file = tmp_path / "lines.jsonl"

    def told(*order: int, after: tuple[str, ...] = ()) -> dict[int, tuple[str, str]]:
        file.write_text("".join(json.dumps(lines[at]) + "\n" for at in order))
        options = ["--profile", str(tmp_path), "--json", "ask", "--prepared-only", "--no-learn", *after]
        options += ["--batch", str(file)]
        questions.ask(AtServer(build_parser().parse_args(options), fitted))
        answers = map(json.loads, capsys.readouterr().out.splitlines())
        return {one["id"]: (one["understood_as"] or "", one["answer"]) for one in answers}

    assert told(0, 1, 2) == told(2, 1, 0)
    assert told(0, 1, 2)[2][0] == ""
    leaning = told(0, 1, 2, after=("--after", FITTED))
    assert leaning[2][0] == "How heavy is the boiler?"
    assert leaning == told(2, 1, 0, after=("--after", FITTED))
