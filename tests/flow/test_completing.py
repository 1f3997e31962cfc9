"""Completing what is typed with prepared questions."""

from pathlib import Path
from typing import BinaryIO

import pytest
from tests.flow.conftest import Stream

from pillowbook.answering.cite import cite_passage
from pillowbook.answering.sources import sources_of
from pillowbook.domain.answers import Draft, Effort, Tokens
from pillowbook.flow.serve import freshness
from pillowbook.host.regular import open_regular

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


HOUSES = ("Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Gorse", "Hazel", "Ivy", "Juniper")


def asked_of(house: str) -> str:
    return f"What is the pressure of the boiler in house {house}?"


@pytest.fixture
def houses(stream: Stream) -> Stream:
    """A note for each house, and an answer that rests on it alone."""
    for house in HOUSES:
        stream.write(f"{house}.md", f"# {house}\n\nThe boiler in house {house} is at 1.4 bar.\n")
    stream.sync()
    for house in HOUSES:
        question = asked_of(house)
        cited = (cite_passage(stream.library.passages(stream.document(f"{house}.md"))[0]),)
        draft = Draft(question, "1.4 bar", cited, (), 0.9, (), Tokens(), "m", Effort.PREPARED)
        stream.knowledge.put_prepared(
            stream.add_question(question),
            draft,
            sources_of(cited, stream.library),
            1.0,
            stream.retriever.embed(question),
        )
    stream.embedder.preload()
    return stream


@pytest.fixture
def read(houses: Stream, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The notes that are looked at, oldest first."""
    names: list[str] = []

    def noted(path: str) -> BinaryIO:
        names.append(Path(path).stem)
        return open_regular(path)

    monkeypatch.setattr(freshness, "open_regular", noted)
    return names


TYPED = "what is the pressure of the boiler in house"


def test_no_more_files_are_looked_at_than_questions_are_offered(houses: Stream, read: list[str]) -> None:
    """At every key press: of the twelve prepared questions that resemble what is typed, most are not even shown."""
    near = houses.matcher.match(TYPED, houses.retriever.embed(TYPED)).candidates
    assert sum(one.similarity >= 0.6 for one in near) == len(HOUSES), "or this would show nothing"
    found = houses.server.complete(TYPED, limit=3)
    assert len(found) == 3
    assert sorted(asked_of(name) for name in read) == sorted(one.question for one in found)


def test_what_its_file_does_not_bear_out_is_passed_over_for_the_next(houses: Stream, read: list[str]) -> None:
    before = offered(houses, TYPED)
    gone = next(house for house in HOUSES if asked_of(house) == before[1])
    houses.write(f"{gone}.md", f"# {gone}\n\nThere is no boiler any more.\n")
    read.clear()
    found = offered(houses, TYPED)
    assert len(found) == len(before) == 5 and len(read) == 6
    assert found[:4] == [before[0], *before[2:]] and found[4] not in before


def test_the_answer_stands_first_and_its_file_is_read_once(houses: Stream, read: list[str]) -> None:
    first, *_rest = houses.server.complete(asked_of("Elm"), limit=2)
    assert first.answer is not None and first.answer.answer == "1.4 bar"
    assert read == ["Elm"]


def test_an_answer_found_by_meaning_stands_first_among_as_many(houses: Stream, read: list[str]) -> None:
    typed = "what is the boiler pressure in house Fir"
    found = houses.server.complete(typed, limit=3)
    assert [one.answer is not None for one in found] == [True, False, False]
    assert found[0].question == asked_of("Fir") and found[0].p_same < 1.0
    assert len(read) == 3 and read.count("Fir") == 1
