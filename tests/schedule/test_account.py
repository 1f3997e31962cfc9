"""The account of the idle hours, reckoned over rows."""

from datetime import UTC, datetime, timedelta

import pytest

from pillowbook.domain.answers import AnswerKind, Reason, Tokens
from pillowbook.domain.ids import DocumentId, FolderId, QuestionId, ServingId
from pillowbook.domain.serving import LiveLatency, Serving, Spending, Verdict
from pillowbook.domain.work import SliceKind
from pillowbook.schedule.account import READING, Account, draw_up, saved_s

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
LAST_MONTH = NOW - timedelta(days=30)
HOME, WORK = FolderId(1), FolderId(2)
FOLDERS = {HOME: "/notes/home", WORK: "/notes/work"}
LIVE = LiveLatency(mean_ms=10_000.0, count=4)


def spent(
    kind: SliceKind,
    seconds: float,
    *,
    document: int | None = None,
    question: int | None = None,
    reason: Reason | None = None,
    folder: FolderId | None = HOME,
    at: datetime = LAST_MONTH,
    made: int = 1,
) -> Spending:
    return Spending(
        kind,
        reason,
        folder,
        None if document is None else DocumentId(document),
        None if question is None else QuestionId(question),
        at,
        seconds,
        Tokens(int(seconds * 10), int(seconds)),
        made,
    )


def prepared(question: int, seconds: float, reason: Reason, **changes: object) -> Spending:
    return spent(SliceKind.PREPARE, seconds, question=question, reason=reason, **changes)  # type: ignore[arg-type]


def served(
    number: int,
    question: int | None,
    reason: Reason | None = Reason.CONTENT,
    *,
    at: datetime = NOW,
    verdict: Verdict | None = None,
    latency_ms: float = 0.0,
    opened: bool = False,
    again: bool = False,
) -> Serving:
    return Serving(
        ServingId(number),
        QuestionId(question or 99),
        "?",
        AnswerKind.LIVE if question is None else AnswerKind.HIT,
        latency_ms,
        at,
        None if question is None else QuestionId(question),
        None if question is None else reason,
        HOME,
        verdict,
        opened,
        again,
    )


def account(spending: list[Spending], servings: list[Serving], **changes: object) -> Account:
    given: dict[str, object] = {
        "live": LIVE, "folders": FOLDERS, "now": NOW, "never_after": timedelta(days=14),
    }  # fmt: skip
    return draw_up(spending, servings, **(given | changes))  # type: ignore[arg-type]


NIGHT = [
    spent(SliceKind.DISTIL, 20, document=1),
    spent(SliceKind.PREDICT, 10, document=1),
    prepared(1, 10, Reason.CONTENT, document=1),
    prepared(2, 30, Reason.CONTENT, document=1, made=0),
    prepared(3, 20, Reason.HEADING, document=1),
    prepared(4, 10, Reason.MISSED, folder=None),
    spent(SliceKind.DISTIL, 5, document=2, folder=WORK),
]


def test_a_documents_cost_is_shared_by_its_questions() -> None:
    drawn = account(NIGHT, [served(1, 1), served(2, 4, Reason.MISSED)])
    lines = {line.name: line for line in drawn.by_reason}
    assert lines["content"].spent_s == pytest.approx(10 + 30 + 2 * 10)
    assert lines["heading"].spent_s == pytest.approx(20 + 10)
    assert lines["missed"].spent_s == 10
    assert lines[READING].spent_s == 5, "no question of the second document was worked on yet"
    assert drawn.total.spent_s == pytest.approx(sum(line.spent_s for line in drawn.by_reason)) == 105
    assert drawn.total.spent_s == pytest.approx(sum(line.spent_s for line in drawn.by_folder))
    assert {line.name: line.spent_s for line in drawn.by_folder} == {
        "/notes/home": 90,
        "": 10,
        "/notes/work": 5,
    }
    assert drawn.total.tokens == Tokens(1050, 105)
    assert (lines["content"].prepared, drawn.total.prepared) == (1, 3)


def test_each_serving_is_linked_to_what_it_cost() -> None:
    drawn = account(NIGHT, [served(1, 1), served(2, None), served(3, 7)])
    assert [one.serving.id for one in drawn.servings] == [3, 1], (
        "newest first; what was live cost nothing ahead"
    )
    (unknown, known) = drawn.servings
    assert known.cost_s == pytest.approx(20.0)
    assert known.cost_tokens == Tokens(200, 20)
    assert unknown.cost_s == 0.0


def test_seconds_saved_are_those_of_a_live_answer_less_its_own() -> None:
    servings = [
        served(1, 1, latency_ms=500),
        served(2, 1, latency_ms=20_000),
        served(3, 1, verdict=Verdict.RIGHT),
        served(4, 1, verdict=Verdict.WRONG),
        served(5, 1, verdict=Verdict.WRONG_QUESTION),
    ]
    drawn = account(NIGHT, servings)
    assert drawn.total.asked == 5
    assert drawn.total.saved_s == pytest.approx(9.5 + 0 + 10)
    assert account(NIGHT, servings, live=None).total.saved_s == 0.0


def test_what_is_old_and_was_never_asked_is_wasted() -> None:
    young = prepared(5, 100, Reason.DUE, at=NOW - timedelta(days=13))
    drawn = account([*NIGHT, young], [served(1, 1), served(2, 2, verdict=Verdict.WRONG_QUESTION)])
    lines = {line.name: line for line in drawn.by_reason}
    assert (lines["content"].old, lines["content"].never_asked) == (2, 1)
    assert lines["content"].share_wasted == pytest.approx(40 / 60)
    assert lines["heading"].share_wasted == 1.0
    assert (lines["due"].old, lines["due"].share_wasted) == (0, None)
    assert drawn.total.never_asked == 3
    assert drawn.total.share_wasted == pytest.approx((40 + 30 + 10) / 100)
    soon = account([*NIGHT, young], [], never_after=timedelta(days=7))
    assert soon.total.share_wasted == 1.0


def test_a_time_counts_what_was_spent_and_served_in_it() -> None:
    since = NOW - timedelta(days=1)
    tonight = [
        prepared(1, 4, Reason.CONTENT, document=1, at=NOW),
        prepared(6, 6, Reason.DUE, document=1, at=NOW),
    ]
    drawn = account(
        [*NIGHT, *tonight],
        [served(1, 3, Reason.HEADING), served(2, 1, at=LAST_MONTH)],
        since=since,
        spending_since=tonight,
    )
    assert (drawn.total.spent_s, drawn.total.prepared, drawn.total.asked) == (10, 2, 1)
    assert drawn.servings[0].cost_s == pytest.approx(20 + 30 / 4), "what was spent on it a month before"
    assert drawn.total.old == 0


def test_what_was_saved_for_each_second_spent_is_told_by_reason() -> None:
    drawn = account(NIGHT, [served(1, 1), served(2, 1), served(3, 3, Reason.HEADING)])
    told = {line.name: line.saved_per_spent for line in drawn.by_reason}
    assert told["content"] == pytest.approx(20 / 60) and told["heading"] == pytest.approx(10 / 30)
    assert told["missed"] == 0.0


def test_nothing_gives_an_empty_account() -> None:
    drawn = account([], [], live=None)
    assert drawn.total.spent_s == 0
    assert not (drawn.by_reason or drawn.by_folder or drawn.servings)
    assert drawn.total.share_wasted is drawn.total.saved_per_spent is None


@pytest.mark.parametrize(
    ("opened", "again", "verdict", "saved"),
    [
        (False, False, None, 10.0),
        (True, False, None, 5.0),
        (False, True, None, 0.0),
        (True, True, None, 0.0),
        (True, True, Verdict.RIGHT, 10.0),
        (True, False, Verdict.WRONG, 0.0),
    ],
)
def test_weak_signs_are_counted_once_and_a_verdict_overrules_them(
    opened: bool, again: bool, verdict: Verdict | None, saved: float
) -> None:
    one = served(1, 11, verdict=verdict, opened=opened, again=again)
    assert saved_s(one, LIVE) == saved


def test_a_need_that_was_put_twice_saves_once() -> None:
    spending = [prepared(11, 5, Reason.CONTENT)]
    twice = account(spending, [served(1, 11, again=True), served(2, 11)])
    once = account(spending, [served(1, 11)])
    assert twice.total.saved_s == once.total.saved_s == 10.0
    assert [line.saved_per_spent for line in twice.by_reason] == [
        line.saved_per_spent for line in once.by_reason
    ]
