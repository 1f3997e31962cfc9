"""A live answer is prepared material from then on: a hit when asked again, made anew by the next idle work."""

import pytest
from tests.flow.conftest import Stream

from pillowbook.domain.answers import AnswerKind, Effort, Freshness, Reason
from pillowbook.domain.asking import AskMode
from pillowbook.domain.work import SliceKind, SliceResult
from pillowbook.schedule.plan import next_slice

ASKED = "Who is the vet of Mungo?"


@pytest.fixture
def vet(boiler: Stream) -> Stream:
    boiler.says["Who is the vet"] = "The vet of Mungo is Femi at Saltmarsh Vets."
    return boiler


def test_asking_again_is_a_hit_at_once_with_the_effort_told(vet: Stream) -> None:
    first = vet.server.ask(ASKED)
    calls = len(vet.generator.calls)
    again = vet.server.ask("who is the vet of mungo")
    assert (first.kind, again.kind) == (AnswerKind.LIVE, AnswerKind.HIT)
    assert (again.answer, again.citations) == (first.answer, first.citations)
    assert (again.effort, again.freshness) == (Effort.LIVE, Freshness.FRESH)
    assert len(vet.generator.calls) == calls


def test_what_was_kept_is_withdrawn_when_its_source_changes(vet: Stream) -> None:
    vet.server.ask(ASKED)
    vet.refresh = lambda paths: vet.sync()
    vet.write("dog.md", "# Mungo\n\nMungo weighs 27.4 kg. His vet is Ola at Northgate.\n")
    again = vet.server.ask(ASKED)
    assert again.kind is not AnswerKind.HIT
    assert "Femi" not in again.answer


def test_the_next_idle_work_makes_it_anew_with_more_effort(vet: Stream) -> None:
    vet.server.ask(ASKED)
    kept = vet.prepared(ASKED)
    assert kept is not None and kept.is_provisional
    work = next_slice(vet.stages.queues(frozenset()))
    assert work is not None and (work.kind, work.question_id) == (SliceKind.PREPARE, kept.question_id)
    vet.preparer.prepare(kept.question_id)
    better = vet.prepared(ASKED)
    assert better is not None
    assert (better.effort, better.is_provisional) == (Effort.PREPARED, False)
    assert vet.knowledge.questions_to_prepare(5) == []


def test_it_stays_where_more_effort_finds_nothing(vet: Stream) -> None:
    vet.server.ask(ASKED)
    kept = vet.prepared(ASKED)
    assert kept is not None
    vet.doubts.add("Who is the vet")
    assert vet.preparer.prepare(kept.question_id).result is SliceResult.DONE
    after = vet.prepared(ASKED)
    assert after is not None
    assert (after.id, after.answer, after.is_provisional) == (kept.id, kept.answer, False)
    assert vet.knowledge.questions_to_prepare(5) == []


def test_that_the_notes_do_not_say_is_not_kept(vet: Stream) -> None:
    vet.doubts.add("insurance")
    assert vet.server.ask("Which insurance does Mungo have?").kind is AnswerKind.NONE
    assert vet.prepared("Which insurance does Mungo have?") is None
    assert vet.knowledge.questions_to_prepare(5)[0].reason is Reason.MISSED


def test_an_unsure_answer_is_not_kept(vet: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pillowbook.flow.serve.keeping.SURE_ENOUGH", 1.01)
    assert vet.server.ask(ASKED).kind is AnswerKind.LIVE
    assert vet.prepared(ASKED) is None


def test_what_could_not_be_checked_is_not_kept(vet: Stream) -> None:
    vet.notes.rename(vet.notes.with_name("elsewhere"))
    answer = vet.server.ask(ASKED)
    assert answer.freshness is not Freshness.FRESH
    assert vet.prepared(ASKED) is None


def test_what_is_not_to_be_learned_is_not_kept(vet: Stream) -> None:
    vet.server.ask(ASKED, learn=False)
    assert vet.prepared(ASKED) is None


def test_what_is_never_to_be_prepared_is_not_kept(vet: Stream) -> None:
    vet.hand.never(ASKED, is_never=True)
    assert vet.server.ask(ASKED).kind is AnswerKind.LIVE
    assert vet.prepared(ASKED) is None


def test_a_secret_is_answered_and_not_kept_unless_that_is_allowed(vet: Stream) -> None:
    vet.write("wifi.md", "# Wifi\n\nThe wifi password of the house is tulip-42-moss.\n")
    vet.sync()
    vet.says["wifi password"] = "tulip-42-moss"
    asked = "What is the wifi password of the house?"
    assert "tulip" in vet.server.ask(asked).answer
    assert vet.prepared(asked) is None
    vet.allows_secrets = True
    vet.server.ask(asked)
    assert vet.prepared(asked) is not None


def test_what_the_user_deleted_is_not_kept_again(vet: Stream) -> None:
    vet.server.ask(ASKED)
    vet.hand.delete(ASKED)
    assert vet.server.ask(ASKED).kind is AnswerKind.LIVE
    assert vet.prepared(ASKED) is None


def test_the_section_that_was_asked_about_is_read_for_questions_first(stream: Stream) -> None:
    """What is asked next is likely to be about the same place."""
    parts = [
        f"## Part {n}\n\n" + f"The boiler's part {n} was made by Dev Marsh in 200{n}. " * 24 for n in range(3)
    ]
    stream.write("boiler.md", "# Boiler\n\n" + "\n\n".join(parts))
    stream.sync()
    stream.says["Who made"] = "Dev Marsh in 2002"
    answer = stream.server.ask("Who made the boiler's part 2 in 2002?")
    assert answer.kind is AnswerKind.LIVE
    stream.predictor.predict(stream.document("boiler.md"))
    assert "part 2 was made" in stream.generator.calls[-1][-1].text


def test_a_live_answer_takes_no_place_of_one_that_was_prepared(vet: Stream) -> None:
    vet.prepare(ASKED)
    before = vet.prepared(ASKED)
    vet.server.ask(ASKED, mode=AskMode.LIVE_ONLY)
    after = vet.prepared(ASKED)
    assert before is not None and after is not None
    assert after.id == before.id


def test_what_counts_from_its_day_is_not_told_on_another(vet: Stream) -> None:
    """The files are as they were, but this week is another week."""
    asked = "Who is the vet of Mungo this week?"
    assert vet.server.ask(asked).kind is AnswerKind.LIVE
    assert vet.server.ask(asked).kind is AnswerKind.HIT
    vet.clock.days = 8
    assert vet.server.ask(asked, mode=AskMode.PREPARED_ONLY).kind is AnswerKind.NONE
    vet.server.ask(ASKED)
    vet.clock.days = 16
    assert vet.server.ask(ASKED, mode=AskMode.PREPARED_ONLY).kind is AnswerKind.HIT, (
        "this one counts from no day"
    )
