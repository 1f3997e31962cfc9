"""Where an answer is neither sure nor hopeless the model is asked again, and the surer answer is given."""

from collections.abc import Sequence

import pytest
from tests.fakes.generator import ScriptedGenerator
from tests.flow.conftest import Stream

from pillowbook.answering.compose import Composer
from pillowbook.answering.sureness import FEATURES, FEATURES_AGAIN, Regression, Sureness
from pillowbook.domain.answers import Draft, Effort, Reason
from pillowbook.domain.work import SliceResult
from pillowbook.flow.prepare.prepare import Preparer
from pillowbook.models.generator.client import Message

QUESTION = "Who is the vet of Mungo?"


def sureness(*, first: float) -> Sureness:
    """P of a first answer by logit; of the second by how far they agree; the second answer is sure by itself."""
    by_agreement = tuple(6.0 if name == "agrees" else 0.0 for name in FEATURES_AGAIN)
    return Sureness(
        first=Regression((0.0,) * len(FEATURES), first),
        second=Regression(by_agreement, -3.0),
        again=Regression((0.0,) * len(FEATURES_AGAIN), 1.0),
        low=0.25,
        high=0.75,
        threshold=0.5,
    )


def ask(stream: Stream, replies: dict[bool, str], first: float) -> tuple[Draft, ScriptedGenerator]:
    def reply(messages: Sequence[Message]) -> str:
        return replies["one short sentence" in messages[0].text]

    generator = ScriptedGenerator(reply)
    composer = Composer(
        generator=generator,
        retriever=stream.retriever,
        clock=stream.clock,
        sureness=sureness(first=first),
    )
    return composer.answer(QUESTION, effort=Effort.LIVE, deadline_s=5.0), generator


@pytest.mark.parametrize(("first", "texts"), [(3.0, 1), (0.0, 2), (-3.0, 1)])
def test_the_model_is_asked_again_only_where_the_first_answer_leaves_it_open(
    boiler: Stream, first: float, texts: int
) -> None:
    _, generator = ask(boiler, {False: "Femi", True: "His vet is Femi."}, first)
    assert len(generator.calls) == texts


def test_a_second_answer_that_agrees_makes_the_first_sure(boiler: Stream) -> None:
    draft, _ = ask(boiler, {False: "Femi", True: "His vet is Femi."}, 0.0)
    assert draft.answer == "Femi"
    assert draft.confidence > 0.9


def test_where_they_differ_the_surer_is_given_with_its_own_quote(boiler: Stream) -> None:
    draft, _ = ask(boiler, {False: "27.4 kg", True: "His vet is Femi at Saltmarsh Vets."}, 0.0)
    assert draft.answer == "His vet is Femi at Saltmarsh Vets."
    assert [one.quote for one in draft.citations] == ["His vet is Femi at Saltmarsh Vets."]


@pytest.mark.parametrize("again", ["The notes do not say.", "His vet is Ola in Dover."])
def test_a_second_answer_that_refuses_or_is_not_carried_is_never_given(boiler: Stream, again: str) -> None:
    draft, _ = ask(boiler, {False: "Femi", True: again}, 0.0)
    assert draft.answer == ""
    assert draft.checks == ("refused-unsure",)


def test_the_tokens_of_both_are_counted(boiler: Stream) -> None:
    once, _ = ask(boiler, {False: "Femi", True: "His vet is Femi."}, 3.0)
    twice, _ = ask(boiler, {False: "Femi", True: "His vet is Femi."}, 0.0)
    assert twice.tokens.prompt > once.tokens.prompt


def test_what_two_notes_say_in_the_same_words_is_no_less_likely(boiler: Stream) -> None:
    """The ranker divides its share among them; the answer has all of it."""
    seen: list[float] = []
    composer = Composer(
        generator=ScriptedGenerator(lambda messages: "Femi"),
        retriever=boiler.retriever,
        clock=boiler.clock,
        on_weighed=lambda first, _: seen.append(first.signals.share),
    )
    composer.answer(QUESTION, effort=Effort.LIVE, deadline_s=5.0)
    boiler.write("copy.md", (boiler.notes / "dog.md").read_text("utf-8") + "\nHe barks at gulls.\n")
    boiler.sync()
    composer.answer(QUESTION, effort=Effort.LIVE, deadline_s=5.0)
    assert seen[1] == pytest.approx(seen[0], abs=0.05)


def test_a_predicted_question_that_is_left_open_has_a_dearer_try_when_nothing_else_is_left(
    boiler: Stream,
) -> None:
    generator = ScriptedGenerator(
        lambda messages: "His vet is Femi." if "one short sentence" in messages[0].text else "Femi"
    )
    composer = Composer(
        generator=generator, retriever=boiler.retriever, clock=boiler.clock, sureness=sureness(first=-0.5)
    )
    preparer = Preparer(
        library=boiler.library,
        knowledge=boiler.knowledge,
        composer=composer,
        retriever=boiler.retriever,
        evidence=boiler.evidence,
        clock=boiler.clock,
    )
    question = boiler.add_question(QUESTION, Reason.CONTENT)
    assert preparer.prepare(question).result is SliceResult.REFUSED
    assert len(generator.calls) == 1
    assert boiler.knowledge.questions_to_prepare(9) == []
    assert [one.id for one in boiler.knowledge.unsure_questions(9)] == [question]
    assert preparer.prepare(question).result is SliceResult.DONE
    assert boiler.knowledge.unsure_questions(9) == []
    prepared = boiler.prepared(QUESTION)
    assert prepared is not None and prepared.answer == "Femi"


def test_one_that_stays_open_is_not_tried_a_third_time(boiler: Stream) -> None:
    composer = Composer(
        generator=ScriptedGenerator(lambda messages: "Femi" if "few words" in messages[-1].text else "Ola."),
        retriever=boiler.retriever,
        clock=boiler.clock,
        sureness=sureness(first=-0.5),
    )
    preparer = Preparer(
        library=boiler.library,
        knowledge=boiler.knowledge,
        composer=composer,
        retriever=boiler.retriever,
        evidence=boiler.evidence,
        clock=boiler.clock,
    )
    question = boiler.add_question(QUESTION, Reason.CONTENT)
    for left in (1, 0):
        assert preparer.prepare(question).result is SliceResult.REFUSED
        assert len(boiler.knowledge.unsure_questions(9)) == left
    assert boiler.knowledge.questions_to_prepare(9) == []
