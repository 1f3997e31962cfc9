"""The user's hand on the real vault: verdicts, pins, edits, deletions, what is never prepared, and secrets."""

import pytest
from tests.flow.conftest import BOILER, Stream

from pillowbook.core import protocol as p
from pillowbook.domain.answers import Answer, AnswerKind, Freshness, Reason
from pillowbook.domain.asking import AskMode
from pillowbook.domain.errors import (
    AnswerUnknown,
    DigestUnknown,
    DocumentUnknown,
    EditUnsuitable,
    NeverUnknown,
    PillowbookError,
    ServingUnknown,
    VerdictUnsuitable,
)
from pillowbook.domain.serving import Verdict
from pillowbook.domain.work import SliceResult

ASKED = "What should the cold boiler pressure be?"
OTHER_WORDS = "What should the cold pressure of the boiler be?"


def judge(stream: Stream, answer: Answer, verdict: Verdict) -> None:
    stream.hand.handle(p.GiveVerdict(verdict, answer.serving_id))


def prepared_only(stream: Stream, question: str) -> Answer:
    return stream.server.ask(question, mode=AskMode.PREPARED_ONLY)


def to_prepare(stream: Stream) -> list[str]:
    return [question.text for question in stream.knowledge.questions_to_prepare(50)]


# -- verdicts ----------------------------------------------------------------------------------------


def test_right_is_kept_with_the_serving_and_the_answer_stays(boiler: Stream) -> None:
    answer = boiler.server.ask(ASKED)
    judge(boiler, answer, Verdict.RIGHT)
    assert [one.verdict for one in boiler.knowledge.servings()] == [Verdict.RIGHT]
    assert prepared_only(boiler, ASKED).kind is AnswerKind.HIT
    trust = boiler.knowledge.audits.trust()[Reason.REQUESTED]
    assert (trust.held, trust.failed) == (1, 0)
    judge(boiler, answer, Verdict.RIGHT)  # said twice, it counts once
    assert boiler.knowledge.audits.trust()[Reason.REQUESTED] == trust


def test_a_wrong_answer_is_withdrawn_and_never_prepared_again_for_its_question(boiler: Stream) -> None:
    answer = boiler.server.ask(ASKED)
    judge(boiler, answer, Verdict.WRONG)
    assert boiler.prepared(ASKED) is None
    assert to_prepare(boiler)[0] == ASKED
    assert boiler.knowledge.audits.trust()[Reason.REQUESTED].failed == 1
    # The model says the same whatever it reads: nothing is prepared.
    assert boiler.prepare(ASKED).result is SliceResult.REFUSED
    assert boiler.prepared(ASKED) is None
    # It has something else to say now.
    boiler.says["boiler pressure"] = "Hold the flame button for five seconds."
    boiler.prepare(ASKED)
    again = boiler.prepared(ASKED)
    assert again is not None and "flame button" in again.answer


def test_a_wrong_answer_may_be_right_once_its_note_has_changed(boiler: Stream) -> None:
    judge(boiler, boiler.server.ask(ASKED), Verdict.WRONG)
    boiler.write("boiler.md", BOILER.replace("five seconds", "six seconds"))
    boiler.sync()
    assert boiler.prepare(ASKED).result is SliceResult.DONE


def test_a_wrong_live_answer_is_excluded_when_its_question_is_prepared(boiler: Stream) -> None:
    boiler.says["vet"] = "The vet of Mungo is Femi at Saltmarsh Vets."
    answer = boiler.server.ask("Who is the vet of Mungo?")
    assert answer.kind is AnswerKind.LIVE
    judge(boiler, answer, Verdict.WRONG)
    assert boiler.prepare("Who is the vet of Mungo?").result is SliceResult.REFUSED
    assert boiler.prepared("Who is the vet of Mungo?") is None


def test_an_answer_to_the_wrong_question_is_never_served_for_it_again(boiler: Stream) -> None:
    served = prepared_only(boiler, OTHER_WORDS)
    assert (served.kind, served.matched_question) == (AnswerKind.HIT, ASKED)
    judge(boiler, served, Verdict.WRONG_QUESTION)
    refused = prepared_only(boiler, OTHER_WORDS)
    assert refused.kind is AnswerKind.NONE
    assert prepared_only(boiler, ASKED).kind is AnswerKind.HIT, "the answer itself is as good as before"
    match = boiler.matcher.match(OTHER_WORDS, boiler.retriever.embed(OTHER_WORDS))
    assert match.candidates[0].reasons == ("wrong-question",)
    assert OTHER_WORDS in to_prepare(boiler), "it is a question of its own now"


def test_a_question_counted_by_mistake_is_no_longer_counted(stream: Stream) -> None:
    stream.write("boiler.md", BOILER)
    stream.sync()
    stream.says["boiler pressure"] = "The cold pressure should sit between 1.2 and 1.5 bar."
    predicted = stream.knowledge.add_question(
        ASKED, "what should the cold boiler pressure be", Reason.CONTENT, stream.document("boiler.md")
    )
    stream.preparer.prepare(predicted)
    served = prepared_only(stream, OTHER_WORDS)
    counted = stream.knowledge.question(predicted)
    assert counted is not None and (counted.asked_count, counted.reason) == (1, Reason.ASKED)
    judge(stream, served, Verdict.WRONG_QUESTION)
    question = stream.knowledge.question(predicted)
    assert question is not None and (question.asked_count, question.reason) == (0, Reason.CONTENT)


def test_wrong_question_is_no_word_for_the_same_question(boiler: Stream) -> None:
    with pytest.raises(VerdictUnsuitable):
        judge(boiler, boiler.server.ask(ASKED), Verdict.WRONG_QUESTION)
    boiler.says["vet"] = "The vet of Mungo is Femi at Saltmarsh Vets."
    with pytest.raises(VerdictUnsuitable):
        judge(boiler, boiler.server.ask("Who is the vet of Mungo?"), Verdict.WRONG_QUESTION)


def test_an_answer_that_was_only_seen_can_be_judged(boiler: Stream) -> None:
    seen = boiler.server.complete(ASKED)[0].answer
    assert seen is not None and seen.serving_id is None
    boiler.hand.handle(p.GiveVerdict(Verdict.WRONG, None, seen.prepared_id))
    assert boiler.prepared(ASKED) is None
    assert [one.verdict for one in boiler.knowledge.servings()] == [Verdict.WRONG]


# -- pins, edits, deletions --------------------------------------------------------------------------


def test_a_pinned_answer_is_prepared_again_before_what_is_waited_for(boiler: Stream) -> None:
    view = boiler.hand.pin(ASKED, is_pinned=True)
    assert (view.question, view.is_pinned) == (ASKED, True)
    boiler.add_question("Who is the vet of Mungo?", Reason.REQUESTED)
    boiler.write("boiler.md", BOILER.replace("1.2 and 1.5", "1.0 and 1.3"))
    boiler.sync()
    assert to_prepare(boiler)[0] == ASKED
    assert not boiler.hand.pin(ASKED, is_pinned=False).is_pinned, "also while it is withdrawn"


def test_an_edited_answer_is_served_in_the_users_words_with_its_citations(boiler: Stream) -> None:
    before = boiler.server.ask(ASKED)
    assert boiler.hand.edit(str(before.prepared_id), "Keep it at 1.3, says Dev.").is_edited
    answer = boiler.server.ask(ASKED)
    assert (answer.answer, answer.is_edited) == ("Keep it at 1.3, says Dev.", True)
    assert answer.citations == before.citations
    assert answer.freshness is Freshness.FRESH
    assert boiler.prepare(ASKED).result is SliceResult.REFUSED, "nothing is prepared over it"
    boiler.hand.edit(ASKED, None)
    again = boiler.server.ask(ASKED)
    assert (again.answer, again.is_edited) == (before.answer, False)


@pytest.mark.parametrize("is_read", [False, True], ids=["on disk only", "read anew"])
def test_an_edited_answer_whose_note_changed_is_shown_with_the_change_and_never_as_fresh(
    boiler: Stream, is_read: bool
) -> None:
    boiler.hand.edit(ASKED, "Keep it at 1.3, says Dev.")
    boiler.write("boiler.md", BOILER.replace("1.2 and 1.5", "1.0 and 1.3"))
    if is_read:
        boiler.sync()
    answer = boiler.server.ask(ASKED)
    assert (answer.kind, answer.answer) == (AnswerKind.HIT, "Keep it at 1.3, says Dev.")
    assert answer.freshness is Freshness.CHANGED
    assert "1.2 and 1.5 bar" in answer.change_note
    boiler.write("other.md", "# Other\n\nSomething else.\n")
    boiler.write("boiler.md", BOILER.replace("1.2 and 1.5", "1.1 and 1.4") + "\nMore.\n")
    boiler.sync()
    assert boiler.server.ask(ASKED).freshness is Freshness.CHANGED, "nor after the next change"
    boiler.hand.edit(ASKED, None)
    assert boiler.prepared(ASKED) is None, "without the user's words it is a stale answer like any other"
    assert to_prepare(boiler)[0] == ASKED


def test_an_edited_answer_goes_with_its_note(boiler: Stream) -> None:
    boiler.hand.edit(ASKED, "Keep it at 1.3, says Dev.")
    (boiler.notes / "boiler.md").unlink()
    assert prepared_only(boiler, ASKED).kind is AnswerKind.NONE
    boiler.sync()
    assert boiler.prepared(ASKED) is None


def test_a_deleted_answer_stays_away_until_the_notes_change(boiler: Stream) -> None:
    boiler.hand.delete(ASKED)
    assert boiler.prepared(ASKED) is None
    boiler.write("rain.md", "# Rain\n\nIt rained.\n")
    boiler.sync()
    assert ASKED not in to_prepare(boiler), "another note"
    boiler.write("boiler.md", "# Boiler\n\nThe cold boiler pressure should be 1.7 bar.\n")
    boiler.sync()
    assert ASKED in to_prepare(boiler)


def test_a_deleted_digest_is_not_made_again_before_its_document_changes(boiler: Stream) -> None:
    document = boiler.document("dog.md")
    boiler.distiller.distil(document)
    boiler.hand.delete_digest(str(boiler.notes / "dog.md"))
    assert boiler.knowledge.digest(document) is None
    assert document not in boiler.knowledge.documents_without_digest(9)
    boiler.write("dog.md", "# Mungo\n\nMungo weighs 28 kg.\n")
    boiler.sync()
    assert document in boiler.knowledge.documents_without_digest(9)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (p.GiveVerdict(Verdict.RIGHT, 999), ServingUnknown),
        (p.GiveVerdict(Verdict.RIGHT), ServingUnknown),
        (p.GiveVerdict(Verdict.RIGHT, None, 999), AnswerUnknown),
        (p.PinAnswer("999"), AnswerUnknown),
        (p.PinAnswer("9" * 40), AnswerUnknown),
        (p.PinAnswer("Who ever asked that?"), AnswerUnknown),
        (p.EditAnswer("999", "words"), AnswerUnknown),
        (p.EditAnswer(ASKED, "  \n "), EditUnsuitable),
        (p.EditAnswer(ASKED, "w" * 5000), EditUnsuitable),
        (p.EditAnswer(ASKED, None), EditUnsuitable),
        (p.DeleteAnswer("999"), AnswerUnknown),
        (p.DeleteDigest("/no/such.md"), DocumentUnknown),
        (p.NeverPrepare("Who ever asked that?", False), NeverUnknown),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_not_there_is_told(boiler: Stream, call: "p.AnyCall", error: type[PillowbookError]) -> None:
    with pytest.raises(error):
        boiler.hand.handle(call)  # type: ignore[arg-type]
    with pytest.raises(DigestUnknown):
        boiler.hand.delete_digest(str(boiler.notes / "dog.md"))


# -- never, and secrets ------------------------------------------------------------------------------


def test_what_is_never_to_be_prepared_is_not_in_any_near_wording(boiler: Stream) -> None:
    rules = boiler.hand.never("what should the boiler pressure be when cold", is_never=True)
    assert [rule.text for rule in rules] == ["what should the boiler pressure be when cold"]
    assert boiler.prepared(ASKED) is None
    for wording in (ASKED, "Please tell me the cold pressure of the boiler"):
        assert boiler.prepare(wording).result is SliceResult.REFUSED, wording
    boiler.says["vet"] = "The vet of Mungo is Femi at Saltmarsh Vets."
    assert boiler.prepare("Who is the vet of Mungo?").result is SliceResult.DONE
    boiler.hand.never(ASKED, is_never=False)
    assert boiler.prepare(ASKED).result is SliceResult.DONE


def test_a_prediction_of_what_is_never_prepared_is_not_kept(stream: Stream) -> None:
    stream.hand.never("How much does Mungo weigh?", is_never=True)
    text = "Mungo the dog weighs 27.4 kg, and his vet is Femi at Saltmarsh Vets in Harbour Lane. " * 4
    stream.write("dog.md", f"# Mungo\n\n{text}\n")
    stream.sync()
    stream.says["different questions"] = "1. How much does Mungo weigh?\n2. Who is the vet of Mungo?"
    stream.predictor.predict(stream.document("dog.md"))
    assert to_prepare(stream) == ["Who is the vet of Mungo?"]


def test_secrets_are_not_prepared_unless_they_are_allowed(stream: Stream) -> None:
    stream.write("wifi.md", "# Wifi\n\nGuest network LarchRow. Guest password: plum-harbour-42\n")
    stream.sync()
    stream.says["uest"] = "plum-harbour-42"
    by_question, by_quote = "What is the guest wifi password?", "What is on the guest network LarchRow?"
    calls = len(stream.generator.calls)
    assert stream.prepare(by_question).result is SliceResult.REFUSED
    assert len(stream.generator.calls) == calls, "no token is spent on it"
    assert stream.prepare(by_quote).result is SliceResult.REFUSED
    assert stream.knowledge.counts().prepared == 0
    live = stream.server.ask(by_question)
    assert "plum-harbour-42" in live.answer, "who asks is answered"
    assert live.serving_id is not None and stream.knowledge.hand.said(live.serving_id) == ""
    stream.allows_secrets = True
    assert stream.prepare(by_quote).result is SliceResult.DONE
    assert stream.prepare(by_question).result is SliceResult.DONE
    stream.allows_secrets = False
    stream.hand.delete_secrets()
    assert stream.knowledge.counts().prepared == 0
