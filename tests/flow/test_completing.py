"""Completing what is typed with prepared questions."""

import pytest
from tests.flow.conftest import Stream

ASKED = "What should the cold boiler pressure be?"


def offered(stream: Stream, typed: str) -> list[str]:
    return [one.question for one in stream.server.complete(typed)]


def test_one_answer_prepared_and_another_withdrawn_are_both_seen(boiler: Stream) -> None:
    """Their number is the same before and after."""
    assert offered(boiler, "what should the cold boi") == [ASKED]
    known = boiler.prepared(ASKED)
    assert known is not None
    boiler.knowledge.withdraw([known.id])
    boiler.says["vet"] = "The vet of Mungo is Femi at Saltmarsh Vets."
    boiler.prepare("Who is the vet of Mungo?")
    assert offered(boiler, "what should the cold boi") == []
    assert offered(boiler, "who is the vet") == ["Who is the vet of Mungo?"]


def test_what_is_prepared_anew_is_offered_once(boiler: Stream) -> None:
    boiler.prepare(ASKED)
    assert offered(boiler, "what should") == [ASKED]


@pytest.mark.parametrize(
    ("typed", "is_offered"),
    [
        ("w", True),
        ("what", True),
        ("cold boiler pres", True),
        ("boilers pressure b", True),  # by its stem
        ("pressure boiler", True),
        ("warm boiler pres", False),
        ("what should the x", False),
        ("?", False),
    ],
)
def test_every_finished_word_must_be_there_and_the_last_may_be_a_beginning(
    boiler: Stream, typed: str, is_offered: bool
) -> None:
    assert offered(boiler, typed) == ([ASKED] if is_offered else [])


def test_questions_that_begin_as_typed_come_first_and_short_ones_before_long(boiler: Stream) -> None:
    boiler.says["boiler"] = "Reset: hold the flame button for five seconds."
    longer = "What should the cold boiler pressure be in the house by the sea?"
    within = "Why should the cold boiler pressure be so?"
    for question in (longer, within):
        boiler.prepare(question)
    found = offered(boiler, "what should the cold boiler pres")
    assert found[0] == ASKED
    assert set(found[1:]) <= {longer, within}
