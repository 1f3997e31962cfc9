"""Asking the same once more within minutes is noted with the earlier answer."""

from dataclasses import dataclass

import numpy as np
import pytest
from tests.flow.conftest import Stream

from pillowbook.domain.answers import Answer
from pillowbook.domain.clock import ManualClock
from pillowbook.domain.ids import ServingId
from pillowbook.domain.serving import Serving
from pillowbook.flow.serve.again import WITHIN_S, AskedLately
from pillowbook.flow.serve.questions import RecentVectors, Vector


def asked(stream: Stream, question: str) -> ServingId:
    answer: Answer = stream.server.ask(question)
    assert answer.serving_id is not None
    return answer.serving_id


def serving(stream: Stream, serving_id: ServingId) -> Serving:
    found = stream.knowledge.serving(serving_id)
    assert found is not None
    return found


def test_the_same_question_again_is_noted_with_the_first_answer(boiler: Stream) -> None:
    boiler.says["vet"] = "Femi"
    first = asked(boiler, "Who is the vet of Mungo?")
    between = asked(boiler, "What should the cold boiler pressure be?")
    second = asked(boiler, "who is the vet of Mungo")
    assert serving(boiler, first).is_asked_again
    assert not serving(boiler, between).is_asked_again and not serving(boiler, second).is_asked_again
    third = asked(boiler, "Who is the vet of Mungo?")
    assert serving(boiler, second).is_asked_again and not serving(boiler, third).is_asked_again


def test_what_is_not_learned_is_not_noted(boiler: Stream) -> None:
    first = asked(boiler, "What should the cold boiler pressure be?")
    boiler.server.ask("What should the cold boiler pressure be?", learn=False)
    assert not serving(boiler, first).is_asked_again


@dataclass
class Meanings:
    """Vectors by hand: questions with one name mean the same."""

    of: dict[str, int]
    made: int = 0

    def embed(self, question: str) -> Vector:
        self.made += 1
        row = np.zeros(8, np.float32)
        row[self.of[question]] = 1.0
        return row


REWORDED = ("When is the next boiler service?", "When is the next service of the boiler?")


@pytest.mark.parametrize(
    ("questions", "meanings", "is_again"),
    [
        (REWORDED, (1, 1), True),
        (("When is the boiler service?", "Who is the vet of Mungo?"), (1, 2), False),
        (("When is the service in 2025?", "When is the service in 2026?"), (1, 1), False),
        (("Is the boiler on?", "Is the boiler not on?"), (1, 1), False),
    ],
    ids=["reworded", "other", "another year", "negated"],
)
def test_a_reworded_question_is_the_same_and_a_near_miss_is_not(
    questions: tuple[str, str], meanings: tuple[int, int], is_again: bool
) -> None:
    means = Meanings(dict(zip(questions, meanings, strict=True)))
    clock, recent = ManualClock(), RecentVectors(means.embed)
    lately = AskedLately(vectors=recent, clock=clock)
    for question in questions:
        recent.get(question)  # as its answer needed it
    assert lately.note(ServingId(1), questions[0], questions[0].lower()) is None
    again = lately.note(ServingId(2), questions[1], questions[1].lower())
    assert again == (ServingId(1) if is_again else None)
    assert means.made == 2, "none is made for this: the answer waits"


def test_minutes_later_it_is_a_new_need_and_no_model_is_waited_for() -> None:
    means = Meanings(dict.fromkeys(REWORDED, 1))
    clock, recent = ManualClock(), RecentVectors(means.embed)
    lately = AskedLately(vectors=recent, clock=clock)
    lately.note(ServingId(1), REWORDED[0], "a")
    assert lately.note(ServingId(2), REWORDED[1], "b") is None and means.made == 0
    clock.advance(WITHIN_S + 1)
    assert lately.note(ServingId(3), REWORDED[0], "a") is None
    assert lately.note(ServingId(4), REWORDED[0], "a") == ServingId(3)
