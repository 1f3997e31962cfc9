"""What a question holds of notes though nobody typed it: such a question goes nowhere that the notes may not go."""

import contextlib
from collections.abc import Callable, Iterator

import pytest
from tests.flow.conftest import Stream

from pillowbook.answering.pairs import normalise_question
from pillowbook.core.other_programs import OtherPrograms
from pillowbook.domain.answers import Answer, Reason
from pillowbook.domain.asking import AskMode, Turn
from pillowbook.domain.ids import DocumentId
from pillowbook.host.workers import CancelToken

CLINIC, THEIRS, UNDERSTOOD = (
    "Which clinic treats Ruth?",
    "What's their number?",
    "What is Mere Road's number?",
)
HALL = "What is the number of the hall?"


@pytest.fixture
def clinic(stream: Stream) -> Stream:
    """A note that is kept, whose clinic the user never names, and many others that name it as well."""
    stream.write("Private/health.md", "# Health\n\nThe clinic that treats Ruth is Mere Road.\n")
    for at in range(14):
        stream.write(
            f"town{at}.md",
            f"# Mere Road number {at}\n\nThe Mere Road number {at} is 555 01{at:02d}. Mere Road number list.\n",
        )
    stream.write("hall.md", "# Hall\n\nThe number of the Mere Road hall is 555 0990.\n")
    stream.sync()
    for rule in (stream.library.kept_private, stream.library.kept_here):
        rule.keep(str(stream.notes / "Private"))
    stream.says |= {
        "Which clinic": "Mere Road",
        "the hall?": "The number of the Mere Road hall is 555 0990.",
        "Question: What is Mere Road's": "The Mere Road number 3 is 555 0103.",
        "number": "The Mere Road number 3 is 555 0103.",
    }
    return stream


def private(stream: Stream) -> DocumentId:
    return stream.document("Private/health.md")


def follow_up(stream: Stream, *, learn: bool = True) -> Answer:
    """The clinic, then its number; nothing of the clinic is read for that."""
    first = stream.server.ask(CLINIC, learn=learn)
    assert first.answer == "Mere Road"
    return stream.server.ask(THEIRS, after=Turn.of(first), learn=learn)


def may_leave(stream: Stream, act: Callable[[], object]) -> list[bool]:
    """Whether the user's own server may have each prompt that something leads to."""
    calls, scored = len(stream.generator.calls), len(stream.generator.scored)
    act()
    prompts = stream.generator.calls[calls:] + [one for one, _ in stream.generator.scored[scored:]]
    documents = [frozenset().union(*(message.documents or () for message in one)) for one in prompts]
    return [not stream.library.kept_here.must_stay(one) for one in documents]


def related(stream: Stream) -> list[str]:
    """What another program is told may be asked next."""

    @contextlib.contextmanager
    def no_hold() -> Iterator[None]:
        yield

    others = OtherPrograms(
        library=stream.library,
        digests=stream.vault.digests,
        overview=stream.overview,
        server=stream.server,
        hold=no_hold,
    )
    answer = others.ask(HALL, is_prepared_only=False, cancel=CancelToken())
    return [one.question for one in answer.related]


def test_a_rewritten_question_stays_where_the_words_it_took_must_stay(clinic: Stream) -> None:
    turn = Turn.of(clinic.server.ask(CLINIC))
    told: list[Answer] = []
    left = may_leave(clinic, lambda: told.append(clinic.server.ask(THEIRS, after=turn)))
    assert told[0].understood_as == UNDERSTOOD and "555 0103" in told[0].answer
    assert private(clinic) not in {one.document_id for one in told[0].citations}, "or it would stay anyway"
    assert left and not any(left)
    typed = may_leave(clinic, lambda: clinic.server.ask("What is the Mere Road number 7?", learn=False))
    assert typed and all(typed), "what the user typed may go"


@pytest.mark.parametrize("learn", [True, False])
def test_so_does_what_leans_on_it_in_turn(clinic: Stream, learn: bool) -> None:
    second = follow_up(clinic, learn=learn)
    left = may_leave(
        clinic, lambda: clinic.server.ask("And what is their address?", after=Turn.of(second), learn=learn)
    )
    assert left and not any(left)


def test_so_does_what_leans_on_a_prepared_answer_that_was_looked_up(clinic: Stream) -> None:
    """The command line tells the last question alone."""
    clinic.prepare(CLINIC)
    left = may_leave(clinic, lambda: clinic.server.ask(THEIRS, after=Turn(CLINIC), learn=False))
    assert left and not any(left)


def test_so_does_what_leans_on_an_answer_that_stood_there_before_enter(clinic: Stream) -> None:
    follow_up(clinic)
    (first, *_) = clinic.server.complete("what's their number", after=Turn.of(clinic.server.ask(CLINIC)))
    assert first.answer is not None and first.answer.understood_as == UNDERSTOOD
    assert private(clinic) in Turn.of(first.answer).documents


def test_what_is_learned_of_it_stays_in_the_idle_hours_and_when_it_is_asked_again(clinic: Stream) -> None:
    follow_up(clinic)
    known = clinic.knowledge.question_by_normal(normalise_question(UNDERSTOOD))
    assert known is not None and known.reason is Reason.MISSED
    left = may_leave(clinic, lambda: clinic.preparer.prepare(known.id))
    left += may_leave(clinic, lambda: clinic.server.ask(UNDERSTOOD, mode=AskMode.LIVE_ONLY))
    assert left and not any(left)
    prepared = clinic.prepared(UNDERSTOOD)
    assert prepared is not None
    left = may_leave(clinic, lambda: clinic.auditor.audit(known.id))
    left += may_leave(clinic, lambda: clinic.near_misses._ask(prepared, prepared, None))
    assert left and not any(left)


def test_other_programs_are_not_told_of_it(clinic: Stream) -> None:
    follow_up(clinic)
    prepared = clinic.prepared(UNDERSTOOD)
    assert prepared is not None and private(clinic) not in {one.document_id for one in prepared.sources}
    assert UNDERSTOOD not in related(clinic)
    (clinic.notes / "Private/health.md").rename(clinic.notes / "Private/ruth.md")
    clinic.sync()
    assert UNDERSTOOD not in related(clinic), "nor when its note is gone, or has another name"
    for rule in (clinic.library.kept_private, clinic.library.kept_here):
        rule.release(str(clinic.notes / "Private"))
    assert UNDERSTOOD in related(clinic), "or this would show nothing"


def test_it_is_forgotten_like_any_question_that_was_asked(clinic: Stream) -> None:
    """It was not predicted from the note, so it does not stay as what it was before."""
    follow_up(clinic)
    clinic.knowledge.remembered.forget(None)
    assert clinic.knowledge.question_by_normal(normalise_question(UNDERSTOOD)) is None


def test_a_question_that_was_there_before_is_the_users_own(clinic: Stream) -> None:
    clinic.server.ask(UNDERSTOOD)
    follow_up(clinic)
    assert clinic.knowledge.origins_of(normalise_question(UNDERSTOOD)) == frozenset()


def test_a_predicted_question_counts_as_made_from_all_it_was_predicted_from(clinic: Stream) -> None:
    """Also at the second look, which does not go back to its section."""
    question = "What is the Mere Road number 3?"
    for name in ("town3.md", "Private/health.md"):
        question_id = clinic.knowledge.add_question(
            question, normalise_question(question), Reason.CONTENT, clinic.document(name)
        )
    clinic.knowledge.hand.pin(question_id, is_pinned=True)
    left = may_leave(clinic, lambda: clinic.preparer.prepare(question_id))
    assert left and not any(left)
