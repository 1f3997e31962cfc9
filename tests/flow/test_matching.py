"""The whole matcher on a real vault: the user's verdicts, what the answer says, and how it tells its reasons."""

from pathlib import Path

import pytest

from pillowbook.answering.judging import measured_parameters
from pillowbook.answering.match import MatchResult
from pillowbook.domain.answers import AnswerKind
from pillowbook.domain.serving import Verdict

from .conftest import Stream

PREPARED = "When is the boiler serviced?"
ASKED = "When do we service the boiler?"


@pytest.fixture
def served(stream: Stream) -> Stream:
    """One note and one prepared answer from it."""
    stream.write("home.md", "# Home\n\nThe boiler is serviced on 3 March by Hansen.\n")
    stream.sync()
    stream.says["boiler"] = "The boiler is serviced on 3 March."
    stream.prepare(PREPARED)
    return stream


def match(stream: Stream, question: str) -> MatchResult:
    return stream.matcher.match(question, stream.retriever.embed(question))


def judged(stream: Stream, question: str, verdict: Verdict) -> None:
    """Serve the prepared answer for a question, and have the user judge it."""
    prepared = stream.prepared(PREPARED)
    assert prepared is not None
    serving = stream.knowledge.record_asked(
        question.lower().rstrip("?"), question, AnswerKind.HIT, 1.0, prepared.id, answer=prepared.answer
    )
    stream.hand.judge(verdict, int(serving), None)


def test_another_wording_is_served_with_its_reason(served: Stream) -> None:
    found = match(served, ASKED)
    assert found.is_hit, found
    assert found.reasons == ("similar-enough",)
    assert found.candidates[0].prepared.question == PREPARED


def test_a_word_more_asks_for_something_narrower_though_the_answer_quotes_it(stream: Stream) -> None:
    """The quote names both children; whoever asks for one of them did not get what was asked for."""
    stream.write(
        "teeth.md", "# Teeth\n\nThe dentist appointment is on 3 November, for Edie, not for Jonah.\n"
    )
    stream.sync()
    stream.says["dentist"] = "The dentist appointment is on 3 November."
    stream.prepare("When is the dentist appointment?")
    found = match(stream, "when is jonah's dentist appointment?")
    assert found.prepared is not None and found.prepared.citations, "it was looked at"
    assert not found.is_hit and found.reasons == ("not-sure-enough",)


def test_a_wrong_question_makes_its_entry_stricter_and_no_other(served: Stream) -> None:
    before = served.matcher._thresholds(served.knowledge.prepared_answers())
    assert before == {}
    judged(served, "When is the boiler inspected?", Verdict.WRONG_QUESTION)
    (threshold,) = served.matcher._thresholds(served.knowledge.prepared_answers()).values()
    assert threshold > measured_parameters().threshold
    assert match(served, "When is the boiler inspected?").reasons == ("wrong-question",)


def test_a_right_verdict_on_the_same_words_says_nothing_of_the_match(served: Stream) -> None:
    judged(served, PREPARED, Verdict.RIGHT)
    (threshold,) = served.matcher._thresholds(served.knowledge.prepared_answers()).values()
    assert threshold == pytest.approx(measured_parameters().threshold)


def test_right_verdicts_on_other_words_make_its_entry_easier(served: Stream) -> None:
    for _ in range(5):
        judged(served, ASKED, Verdict.RIGHT)
    (threshold,) = served.matcher._thresholds(served.knowledge.prepared_answers()).values()
    assert threshold <= measured_parameters().threshold


def test_what_is_asked_must_lead_to_what_the_answer_cites(served: Stream) -> None:
    """The evidence still has a say after the questions agree."""
    for number in range(9):
        served.write(
            f"service {number}.md", f"# Service {number}\n\nWhen do we service the boiler? Boiler {number}.\n"
        )
    served.sync()
    found = match(served, ASKED)
    assert not found.is_hit and found.reasons == ("evidence-differs",)
    assert not found.candidates[0].is_hit, "the candidates agree with the verdict"


def test_a_sign_tells_two_questions_apart_word_for_word(stream: Stream) -> None:
    """Both used to have one row in the vault, and one answer."""
    stream.write("blood.md", "# Blood\n\nEdie has the blood type A+.\n\nJonah has the blood type A-.\n")
    stream.sync()
    stream.says["A+"] = "Edie has the blood type A+."
    stream.prepare("Who has blood type A+?")
    assert stream.matcher.exact("who has blood type a+") is not None
    assert stream.matcher.exact("Who has blood type A-?") is None
    assert match(stream, "Who has blood type A-?").reasons == ("signs-differ",)
    assert stream.add_question("Who has blood type A-?") != stream.add_question("Who has blood type A+?")


def test_a_vault_from_before_is_spelled_anew_when_it_is_opened(tmp_path: Path) -> None:
    """What was prepared for a question with a sign is found by it, and by no other."""
    before = Stream(tmp_path)
    before.write("blood.md", "# Blood\n\nEdie has the blood type A+.\n\nJonah has the blood type A-.\n")
    before.sync()
    before.says["A+"] = "Edie has the blood type A+."
    before.prepare("Who has blood type A+?")
    assert before.vault._opened is not None
    with before.vault._opened.database.write() as connection:
        connection.execute("UPDATE questions SET normal = 'who has blood type a'")
        connection.execute("DELETE FROM state WHERE key = 'normal_form'")
    before.close()
    after = Stream(tmp_path)
    try:
        found = after.matcher.exact("Who has blood type A+?")
        assert found is not None and found.question == "Who has blood type A+?"
        assert after.matcher.exact("Who has blood type A-?") is None
        assert after.matcher.exact("Who has blood type A?") is None
        assert after.add_question("Who has blood type A+?") == found.question_id, "and it is not asked twice"
    finally:
        after.close()


def test_a_hit_that_cannot_be_served_gives_way_to_the_next(served: Stream) -> None:
    served.prepare("When must we service the boiler?")
    vector = served.retriever.embed(ASKED)
    hits = [one.prepared for one in match(served, ASKED).candidates if one.is_hit]
    assert len(hits) == 2, "or this would show nothing"
    found = served.matcher.match(ASKED, vector, pass_over=lambda one: one == hits[0])
    assert found.is_hit and found.prepared == hits[1]
    assert not served.matcher.match(PREPARED, None, pass_over=lambda one: True).is_hit, (
        "nor in the same words"
    )
    none = served.matcher.match(ASKED, vector, pass_over=lambda one: True)
    assert not none.is_hit and all(not one.is_hit for one in none.candidates)
