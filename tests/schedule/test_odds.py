"""Predicted questions are answered in the order of what they pay, learned from what became of others."""

from datetime import UTC, datetime, timedelta

import pytest

from pillowbook.domain.answers import Question, Reason
from pillowbook.domain.audit import Trust
from pillowbook.domain.ids import DocumentId, QuestionId
from pillowbook.domain.interest import Outcome, Tries
from pillowbook.schedule.odds import EXPLORED_EVERY, WAITS_BELOW, Odds, in_order, opening

NOW = datetime(2026, 9, 1, 23, 0, tzinfo=UTC)
DOCUMENTS = {DocumentId(1): 0.2, DocumentId(2): 0.2}


def question(number: int, reason: Reason, text: str = "What is it?", document: int = 1) -> Question:
    return Question(QuestionId(number), text, reason, DocumentId(document), 0, NOW, None)


def outcome(reason: Reason, asked: int, text: str = "What is it?", days: float = 20) -> Outcome:
    return Outcome(DocumentId(1), reason, text, NOW - timedelta(days=days), asked)


def odds(
    outcomes: list[Outcome],
    *,
    tries: dict[Reason, Tries] | None = None,
    trust: dict[Reason, Trust] | None = None,
    rates: dict[DocumentId, float] = DOCUMENTS,
    now: datetime = NOW,
) -> Odds:
    return Odds(
        rates=rates,
        questions=dict.fromkeys(rates, 10),
        outcomes=outcomes,
        tries=tries or {},
        trust=trust or {},
        now=now,
    )


ASKED = [outcome(Reason.DUE, 2) for _ in range(10)] + [outcome(Reason.CONTENT, 0) for _ in range(40)]


def test_a_reason_whose_questions_are_asked_is_believed_the_more_the_more_is_known() -> None:
    nothing, some, much = odds([]), odds(ASKED[:2]), odds(ASKED)
    due, content = question(1, Reason.DUE, "When is it?"), question(2, Reason.CONTENT, "When is it?")
    assert nothing.p_asked(due) < some.p_asked(due) < much.p_asked(due) <= 1.0
    assert nothing.p_asked(due) == nothing.p_asked(content)
    assert much.p_asked(content) < nothing.p_asked(content)


def test_how_a_question_begins_tells_too() -> None:
    outcomes = [outcome(Reason.CONTENT, 2, "When was it?") for _ in range(10)]
    outcomes += [outcome(Reason.CONTENT, 0, "Who was it?") for _ in range(10)]
    known = odds(outcomes)
    when, who = question(1, Reason.CONTENT, "When is that?"), question(2, Reason.CONTENT, "Who is that?")
    assert known.p_asked(when) > 1.5 * known.p_asked(who)
    assert [opening(one) for one in ("How many are there?", "How is it?", "Is it?")] == [
        "how many",
        "how",
        "is",
    ]


def test_what_is_verified_seldom_or_not_trusted_is_worth_less() -> None:
    tries = {Reason.CONTENT: Tries(1, 19, 60.0), Reason.DUE: Tries(19, 1, 60.0)}
    known = odds([], tries=tries)
    assert known.p_verified(Reason.DUE) > 3 * known.p_verified(Reason.CONTENT)
    distrusted = odds([], tries=tries, trust={Reason.DUE: Trust(Reason.DUE, 1, 30)})
    assert distrusted.p_verified(Reason.DUE) < known.p_verified(Reason.DUE) / 3


def is_explored(number: int, known: Odds) -> bool:
    """Whether a question is among those ranked by a draw: its worth is not what the means say."""
    one = question(number, Reason.CONTENT)
    expected = known.p_asked(one) * known.p_verified(one.reason) / known.seconds(one.reason)
    return known.worth(one, in_memory=DocumentId(1)) != pytest.approx(expected)


def test_what_costs_more_is_worth_less_and_what_is_in_memory_more() -> None:
    dear = odds([], tries={Reason.DUE: Tries(10, 0, 300.0), Reason.CONTENT: Tries(10, 0, 20.0)})
    numbers = [n for n in range(1, 60) if not is_explored(n, dear)]
    due, content = question(numbers[0], Reason.DUE), question(numbers[1], Reason.CONTENT)
    here = DocumentId(1)
    assert dear.worth(content, in_memory=here) > 3 * dear.worth(due, in_memory=here)
    assert dear.worth(content, in_memory=here) > dear.worth(content, in_memory=DocumentId(2))


def test_the_order_follows_what_pays_and_what_does_not_waits() -> None:
    known = odds(ASKED)
    numbers = [n for n in range(1, 200) if not is_explored(n, known)][:20]
    questions = [question(n, Reason.DUE if at % 2 else Reason.CONTENT) for at, n in enumerate(numbers)]
    now, later = in_order(questions, known, in_memory=DocumentId(1), floor=0.0)
    assert later == [] and [one.reason for one in now] == [Reason.DUE] * 10 + [Reason.CONTENT] * 10
    floor = known.worth(now[-1], in_memory=DocumentId(1)) * 1.01 / WAITS_BELOW
    now, later = in_order(questions, known, in_memory=DocumentId(1), floor=floor)
    assert {one.reason for one in later} == {Reason.CONTENT} and len(now) == len(later) == 10


def test_one_in_some_is_explored_and_others_another_night() -> None:
    def explored(night: int) -> set[int]:
        known = odds(ASKED, now=NOW + timedelta(days=night))
        return {number for number in range(1, 400) if is_explored(number, known)}

    first, second = explored(0), explored(1)
    assert 400 / EXPLORED_EVERY / 2 < len(first) < 400 / EXPLORED_EVERY * 2
    assert first != second and explored(0) == first


def test_reading_a_document_that_is_asked_about_is_worth_more() -> None:
    known = odds([], rates={DocumentId(1): 0.5, DocumentId(2): 0.01})
    assert known.worth_of_reading(DocumentId(1), 4) > 5 * known.worth_of_reading(DocumentId(2), 4)
    assert known.worth_of_reading(DocumentId(1), 4) > known.worth_of_reading(DocumentId(1), 40)
