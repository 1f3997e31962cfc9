"""Near misses: what was asked becomes a wording of what is prepared where both have one answer, and never else."""

import pytest
from tests.flow.conftest import Stream

from pillowbook.domain.answers import AnswerKind, PreparedAnswer, Reason
from pillowbook.domain.ids import QuestionId
from pillowbook.domain.serving import Verdict
from pillowbook.domain.work import SliceKind, SliceResult
from pillowbook.flow.audit import near_misses
from pillowbook.flow.audit.near_misses import NearMisses
from pillowbook.flow.serve import keeping
from pillowbook.schedule.plan import next_slice

NOTE = "# Mungo\n\nMungo weighs 27.4 kg. Femi at Saltmarsh Vets treats Mungo since 2021.\n"
PREPARED = "Which vet treats Mungo?"
ASKED = "What vet does Mungo see?"


@pytest.fixture
def vet(stream: Stream, monkeypatch: pytest.MonkeyPatch) -> Stream:
    """A prepared answer, and a live one to a question near it. The fake embedder knows shared words only."""
    monkeypatch.setattr(keeping, "NEAR_MISS", 0.3)
    stream.write("dog.md", NOTE)
    stream.sync()
    stream.says["Which vet treats"] = "Femi"
    stream.says["Mungo see"] = "Femi at Saltmarsh Vets"
    stream.prepare(PREPARED, Reason.CONTENT)
    return stream


def own(stream: Stream, question: str) -> PreparedAnswer:
    prepared = stream.prepared(question)
    assert prepared is not None
    return prepared


def asked_id(stream: Stream) -> QuestionId:
    return stream.add_question(ASKED, Reason.MISSED)


def judge(stream: Stream) -> None:
    """One slice of idle work; a near miss comes before anything else."""
    work = next_slice(stream.stages.queues(frozenset()))
    assert work is not None
    assert work.kind is SliceKind.JUDGE
    assert work.question_id is not None
    assert stream.near_misses.judge(work.question_id).result is SliceResult.DONE


def test_one_answer_from_the_same_words_makes_it_a_wording_and_a_hit_from_then_on(vet: Stream) -> None:
    assert vet.server.ask(ASKED).kind is AnswerKind.LIVE
    assert own(vet, ASKED).question == ASKED
    scored = len(vet.generator.scored)
    judge(vet)
    assert len(vet.generator.scored) == scored  # code could tell
    answer = vet.server.ask(ASKED)
    assert (answer.kind, answer.matched_question, answer.answer) == (AnswerKind.HIT, PREPARED, "Femi")
    assert vet.knowledge.counts().prepared == 1
    assert vet.knowledge.wordings.wordings_of(own(vet, PREPARED).question_id) == (ASKED,)


def test_a_wording_is_not_prepared_for_itself(vet: Stream) -> None:
    vet.server.ask(ASKED)
    assert asked_id(vet) in {one.id for one in vet.knowledge.questions_to_prepare(5)}
    judge(vet)
    assert vet.knowledge.questions_to_prepare(5) == []


def test_other_values_make_the_pair_different_and_it_is_never_served(vet: Stream) -> None:
    vet.says["Mungo see"] = "27.4 kg"
    vet.server.ask(ASKED)
    judge(vet)
    assert own(vet, ASKED).question == ASKED
    prepared = own(vet, PREPARED)
    assert vet.knowledge.hand.wrong_for("what vet does mungo see") == {prepared.question_id}
    candidates = vet.matcher.match(ASKED, vet.retriever.embed(ASKED)).candidates
    assert [one.is_hit for one in candidates if one.prepared.id == prepared.id] == [False]
    assert vet.near_misses.due(5) == ()


def test_a_pair_that_the_disagreement_tests_forbid_is_no_near_miss(vet: Stream) -> None:
    vet.says["not treat"] = "Femi"
    vet.server.ask("Which vet does not treat Mungo?")
    assert vet.near_misses.due(5) == ()


@pytest.mark.parametrize(("is_doubted", "kept"), [(True, ASKED), (False, PREPARED)])
def test_where_code_cannot_tell_the_model_is_asked(
    vet: Stream, monkeypatch: pytest.MonkeyPatch, is_doubted: bool, kept: str
) -> None:
    monkeypatch.setattr(near_misses, "SURELY_SAME", 3.0)  # the fake generator's yes is 4 surer than its no
    vet.says["Mungo see"] = "Saltmarsh Vets"  # from the same words, and "Femi" is neither said nor denied
    vet.server.ask(ASKED)
    scored = len(vet.generator.scored)
    if is_doubted:
        vet.doubts.add("both questions")
    judge(vet)
    assert len(vet.generator.scored) == scored + 1
    assert PREPARED in vet.generator.scored[-1][0][-1].text
    assert own(vet, ASKED).question == kept
    assert vet.near_misses.due(5) == ()


def test_a_wording_comes_apart_when_its_passage_changes_and_is_judged_again(vet: Stream) -> None:
    vet.server.ask(ASKED)
    judge(vet)
    vet.write("dog.md", NOTE.replace("Femi at Saltmarsh Vets", "Ola at Northgate"))
    vet.sync()
    assert vet.prepared(PREPARED) is None
    assert vet.prepared(ASKED) is None
    assert asked_id(vet) in {one.id for one in vet.knowledge.questions_to_prepare(5)}
    vet.says["Which vet treats"] = "Ola"
    vet.says["Mungo see"] = "Ola at Northgate"
    vet.preparer.prepare(vet.add_question(PREPARED, Reason.CONTENT))
    assert vet.prepared(ASKED) is None  # the new answer was not found to be its answer
    vet.preparer.prepare(asked_id(vet))
    assert own(vet, ASKED).question == ASKED
    judge(vet)
    assert own(vet, ASKED).question == PREPARED
    assert vet.server.ask(ASKED).answer == "Ola"


def test_a_wording_shares_the_better_answer_that_takes_the_place_of_the_old(vet: Stream) -> None:
    vet.server.ask(ASKED)
    judge(vet)
    vet.says["Which vet treats"] = "Femi at Saltmarsh"
    vet.prepare(PREPARED, Reason.CONTENT)
    assert own(vet, ASKED).answer == "Femi at Saltmarsh"


def test_a_wording_goes_with_the_prepared_question_and_stands_for_itself_again(vet: Stream) -> None:
    vet.server.ask(ASKED)
    judge(vet)
    (vet.notes / "dog.md").unlink()
    vet.sync()
    assert vet.prepared(ASKED) is None
    assert asked_id(vet) in {one.id for one in vet.knowledge.questions_to_prepare(5)}


def test_wrong_question_parts_a_wording_for_good(vet: Stream) -> None:
    vet.server.ask(ASKED)
    judge(vet)
    answer = vet.server.ask(ASKED)
    assert answer.serving_id is not None
    vet.hand.judge(Verdict.WRONG_QUESTION, answer.serving_id, None)
    assert vet.prepared(ASKED) is None
    assert vet.server.ask(ASKED).kind is AnswerKind.LIVE
    assert vet.near_misses.due(5) == ()


def test_what_is_never_to_be_prepared_shares_no_answer(vet: Stream) -> None:
    vet.server.ask(ASKED)
    judge(vet)
    vet.hand.never(ASKED, is_never=True)
    assert vet.prepared(ASKED) is None
    assert own(vet, PREPARED).question == PREPARED


def test_the_users_own_words_are_not_given_up_for_a_wording(vet: Stream) -> None:
    vet.server.ask(ASKED)
    vet.hand.edit(ASKED, "Femi, on Tuesdays only.")
    judge(vet)
    assert own(vet, ASKED).answer == "Femi, on Tuesdays only."


def test_what_was_not_learned_leaves_no_pair(vet: Stream) -> None:
    vet.server.ask(ASKED, learn=False)
    assert vet.near_misses.due(5) == ()


def test_nothing_is_done_where_an_answer_went_meanwhile(vet: Stream) -> None:
    vet.server.ask(ASKED)
    question_id = asked_id(vet)
    vet.knowledge.withdraw([own(vet, PREPARED).id])
    judges = NearMisses(knowledge=vet.knowledge, generator=vet.generator)
    assert judges.judge(question_id).result is SliceResult.REFUSED
