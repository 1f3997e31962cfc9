"""A second draft raises or lowers what is believed of a first one."""

from dataclasses import replace

import pytest
from tests.flow.conftest import Stream

from pillowbook.domain.answers import Draft, Effort, Reason, Tokens
from pillowbook.domain.work import SliceResult
from pillowbook.flow.prepare.drafts import AGREED, compared
from pillowbook.flow.prepare.prepare import PREDICTED_SURE

BAR = 0.35


def draft(answer: str, confidence: float) -> Draft:
    return Draft(
        "Who fitted the boiler?", answer, (), (), confidence, ("sure",), Tokens(10, 2), "m", Effort.PREPARED
    )


def test_agreement_raises_and_is_told() -> None:
    made = compared(draft("Dev Marsh", 0.45), draft("Dev Marsh fitted it.", 0.7), bar=BAR)
    assert made.answer == "Dev Marsh" and made.confidence > 0.6
    assert AGREED in made.checks
    assert made.tokens == Tokens(20, 4)


def test_an_unsure_second_that_agrees_lowers_nothing() -> None:
    assert compared(draft("Dev Marsh", 0.4), draft("Dev Marsh", 0.36), bar=BAR).confidence == 0.4


@pytest.mark.parametrize(("first", "second"), [(0.4, 0.5), (0.5, 0.45), (0.36, 0.36)])
def test_two_that_differ_are_both_believed_less(first: float, second: float) -> None:
    made = compared(draft("Dev Marsh", first), draft("Ruth Pawle", second), bar=BAR)
    assert made.confidence < max(first, second)
    assert made.says_something == (made.confidence >= BAR)
    assert made.tokens == Tokens(20, 4)


def test_two_that_differ_and_are_unsure_leave_nothing() -> None:
    assert not compared(draft("Dev Marsh", 0.38), draft("Ruth Pawle", 0.38), bar=BAR).says_something


def test_a_far_surer_second_takes_its_place_with_less_than_it_had() -> None:
    made = compared(draft("Dev Marsh", 0.36), draft("Ruth Pawle", 0.9), bar=BAR)
    assert made.answer == "Ruth Pawle"
    assert BAR < made.confidence < 0.9


def test_a_second_that_says_nothing_changes_nothing_but_the_cost() -> None:
    made = compared(draft("Dev Marsh", 0.4), draft("", 0.0), bar=BAR)
    assert (made.answer, made.confidence, made.checks) == ("Dev Marsh", 0.4, ("sure",))
    assert made.tokens == Tokens(20, 4)


def test_only_an_answer_near_the_bar_is_made_twice(boiler: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    boiler.says["weigh"] = "27.4 kg"
    question = "How much does Mungo weigh?"
    sure = boiler.preparer
    assert boiler.prepare(question, Reason.REQUESTED).result is SliceResult.DONE
    prepared = boiler.prepared(question)
    assert prepared is not None and AGREED not in prepared.checks
    once = len(boiler.generator.calls)
    monkeypatch.setattr("pillowbook.flow.prepare.prepare.NEAR_THE_BAR", 1.0)
    assert sure.prepare(prepared.question_id).result is SliceResult.DONE
    again = boiler.prepared(question)
    assert again is not None and AGREED in again.checks
    assert again.confidence >= prepared.confidence
    assert len(boiler.generator.calls) > once + 1


def test_of_a_question_nobody_asked_only_a_sure_answer_is_kept(
    boiler: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is left for when there is nothing else to do; then a second draft that agrees may settle it."""
    boiler.says["weigh"] = "27.4 kg"
    question, answer = "How much does Mungo weigh?", boiler.composer.answer
    monkeypatch.setattr(
        boiler.composer, "answer", lambda *one, **other: replace(answer(*one, **other), confidence=0.57)
    )
    assert boiler.prepare(question, Reason.CONTENT).result is SliceResult.REFUSED
    assert boiler.prepared(question) is None
    left = boiler.knowledge.unsure_questions(5)
    assert [one.text for one in left] == [question]

    assert boiler.preparer.prepare(left[0].id).result is SliceResult.DONE
    agreed = boiler.prepared(question)
    assert agreed is not None and AGREED in agreed.checks
    assert agreed.confidence > PREDICTED_SURE
