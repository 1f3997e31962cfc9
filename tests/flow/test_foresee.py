"""Questions that code foresees: what is due, what is asked in a rhythm, and why a note is read."""

from datetime import UTC, date, datetime, timedelta

import pytest
from tests.flow.conftest import Stream

from pillowbook.answering.pairs import normalise_question
from pillowbook.domain.answers import AnswerKind, Reason
from pillowbook.domain.ids import DocumentId
from pillowbook.domain.work import Slice, SliceKind, SliceResult
from pillowbook.flow.predict.due import due_question
from pillowbook.flow.predict.rhythm import due_again
from pillowbook.host.workers import CancelToken
from pillowbook.schedule.plan import next_slice
from pillowbook.schedule.worth import Worth

DAY = date(2026, 3, 2)


# -- what is due ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("The MOT runs out on 14 March 2026", "When does the MOT run out?"),
        ("Car insurance expires on 3 April 2026.", "When does Car insurance expire?"),
        ("The council tax bills are due on 1 April 2026", "When are the council tax bills due?"),
        ("Pay the deposit by 5 May 2026", "When do I have to pay the deposit?"),
        (
            "We need to renew the parking permit before 9 March 2026",
            "When do I have to renew the parking permit?",
        ),
        ("The dentist's appointment is on 12 March 2026 at 9:40", "When is the dentist's appointment?"),
        ("Change the filter; the warranty ends on 4 March 2026", "When does the warranty end?"),
        ("MOT runs out 20 January 2027.", "When does the MOT run out?"),
        ("Priya to send the drawing by Friday 24 April 2026.", "When does Priya have to send the drawing?"),
        ("Secondary school form for Edie: by 31 October 2026", "When is Secondary school form for Edie due?"),
        ("Open evenings: Ellermouth Academy 24 September 2026 18:00", ""),
        ("back TW882; date: Saturday 1 August 2026", ""),
        ("Order 400 placed by 1 May 2026", ""),
        ("Order the slates by 1 May 2026", "When do I have to order the slates?"),
        ("Ruth was in Ghent on 3 March 2026", ""),
        ("Passport photos, 3 March 2026", ""),
        ("Pay by 3 March 2026", ""),
        ("3 March 2026", ""),
    ],
)
def test_a_question_for_what_is_due(text: str, question: str) -> None:
    assert due_question(text, DAY) == question


def in_days(stream: Stream, days: int) -> str:
    day = stream.clock.now().astimezone().date() + timedelta(days=days)
    return f"{day.day} {day:%B %Y}"


def texts(stream: Stream, reason: Reason) -> set[str]:
    return {one.text for one in stream.knowledge.questions(100) if one.reason is reason}


@pytest.fixture
def car(stream: Stream) -> Stream:
    stream.write(
        "car.md",
        f"# Car\n\nThe MOT runs out on {in_days(stream, 9)}.\n\n"
        f"- [ ] Book the MOT at Quarry Lane by {in_days(stream, 5)}\n"
        f"- [x] Renew the tax by {in_days(stream, 4)}\n"
        f"- [ ] Sell the roof rack by {in_days(stream, 90)}\n",
    )
    stream.sync()
    stream.beyond.find()
    return stream


DUE = {"When does the MOT run out?", "When do I have to book the MOT at Quarry Lane?"}


def test_what_comes_near_is_foreseen_once_and_again_tomorrow(car: Stream) -> None:
    assert next_slice(car.stages.queues(frozenset())) == Slice(SliceKind.PREDICT)
    assert car.foreseer.foresee().made == 2
    assert texts(car, Reason.DUE) == DUE
    assert not car.foreseer.is_due()
    assert car.foreseer.foresee().made == 0
    car.clock.days = 1
    assert car.foreseer.is_due()
    car.clock.days = 80
    car.foreseer.foresee()
    assert texts(car, Reason.DUE) == {*DUE, "When do I have to sell the roof rack?"}


def test_what_was_found_since_is_foreseen_the_same_day(car: Stream) -> None:
    car.foreseer.foresee()
    car.write("rent.md", f"# Rent\n\nPay the rent deposit by {in_days(car, 2)}.\n")
    car.sync()
    car.beyond.find()
    assert car.foreseer.is_due()
    assert car.foreseer.foresee().made == 1


def test_a_question_for_what_is_due_goes_with_its_note(car: Stream) -> None:
    car.foreseer.foresee()
    (car.notes / "car.md").unlink()
    car.sync()
    assert texts(car, Reason.DUE) == set()


# -- rhythm ----------------------------------------------------------------------------------------------------


def at(*days: int) -> list[datetime]:
    return [datetime(2026, 3, 2, 9, tzinfo=UTC) + timedelta(days=day) for day in days]


@pytest.mark.parametrize(
    ("asked", "today", "is_due"),
    [
        (at(0, 7, 14), 20, True),  # every Monday, and tomorrow is one
        (at(0, 7, 14), 17, False),
        (at(0, 7, 14), 21, True),
        (at(0, 7, 14), 40, False),  # it was lost
        (at(0, 7), 14, False),  # twice is no rhythm
        (at(0, 1, 7, 14, 21), 28, True),  # the last three support it
        (at(0, 3, 14), 21, False),
        (at(0, 31, 60), 90, True),  # each month
        (at(0, 1, 2, 3, 4), 5, True),
        (at(0, 1, 2), 3, False),
        (at(0, 0, 0, 0, 0), 1, False),
    ],
)
def test_a_rhythm_needs_a_record(asked: list[datetime], today: int, is_due: bool) -> None:
    assert due_again(asked, at(today)[0].date(), UTC) is is_due


def test_a_question_asked_every_week_is_tried_again_before_it_is_due(boiler: Stream) -> None:
    asked = "What should the cold boiler pressure be?"
    prepared = boiler.prepared(asked)
    assert prepared is not None
    for week in range(3):
        boiler.clock.days = 7 * week
        boiler.knowledge.record_asked(normalise_question(asked), asked, AnswerKind.HIT, 9.0, prepared.id)
    boiler.clock.days = 17
    assert boiler.foreseer.foresee().made == 0
    boiler.knowledge.withdraw([prepared.id])
    boiler.knowledge.mark_tried(prepared.question_id, "refused")
    boiler.clock.days = 20
    assert boiler.foreseer.foresee().made == 1
    question = boiler.knowledge.questions_to_prepare(1)[0]
    assert question.text == asked
    assert boiler.preparer.prepare(question.id).result is SliceResult.DONE


def test_what_was_missed_in_a_rhythm_is_prepared_for_it(boiler: Stream) -> None:
    boiler.says["weigh"] = "27.4 kg"
    asked = "How much does Mungo weigh?"
    for week in range(3):
        boiler.clock.days = 7 * week
        boiler.knowledge.record_asked(normalise_question(asked), asked, AnswerKind.LIVE, 900.0, None)
    boiler.clock.days = 20
    assert boiler.foreseer.foresee().made == 1
    boiler.preparer.prepare(boiler.knowledge.questions_to_prepare(1)[0].id)
    prepared = boiler.prepared(asked)
    assert prepared is not None and prepared.reason is Reason.RHYTHM


# -- why a note is read ------------------------------------------------------------------------------------------


def reasons(stream: Stream) -> dict[str, Reason]:
    interests = stream.knowledge.interests()
    worth = Worth(interests, now=stream.clock.now())
    return {stream.library.document(one.document_id).title: worth.reason(one) for one in interests}


def test_links_and_openings_are_reasons_to_read(stream: Stream) -> None:
    stream.write("a.md", "# Roof\n\nGarrick fixed the slates, see [[Gutters]] and [the shed](shed.md).\n")
    stream.write("b.md", "# Gutters\n\nThe gutters are cleaned in autumn.\n")
    stream.write("shed.md", "# Shed\n\nThe shed leaks.\n")
    stream.write("far.md", "# Far\n\nFar away.\n")
    stream.sync()
    stream.beyond.find()
    stream.clock.days = 10
    assert set(reasons(stream).values()) == {Reason.CONTENT}
    stream.knowledge.record_asked(
        "who fixed the slates",
        "Who fixed the slates?",
        AnswerKind.LIVE,
        9.0,
        None,
        documents=[stream.document("a.md")],
    )
    stream.knowledge.note_opened(stream.document("far.md"))
    stream.knowledge.note_opened(DocumentId(10**6))
    stream.clock.days = 11
    assert reasons(stream) == {
        "Roof": Reason.CONTENT,
        "Gutters": Reason.LINKED,
        "Shed": Reason.LINKED,
        "Far": Reason.OPENED,
    }


def test_a_predicted_question_says_why_its_note_was_read(stream: Stream) -> None:
    stream.write("boiler.md", "# Boiler\n\n" + "The boiler was fitted by Dev Marsh in September. " * 12)
    stream.sync()
    stream.says["different questions"] = "Who fitted the boiler?"
    for _ in range(9):
        work = next_slice(stream.stages.queues(frozenset()))
        assert work is not None
        stream.stages.run(work, CancelToken())
        if texts(stream, Reason.CHANGED):
            break
    assert texts(stream, Reason.CHANGED) == {"Who fitted the boiler?"}
