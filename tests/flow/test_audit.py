"""The audit: prepared answers beside live ones, and what follows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.flow.conftest import Stream

from pillowbook.answering.agreement import compare, say_the_same
from pillowbook.domain.answers import (
    Citation,
    Draft,
    Effort,
    PreparedAnswer,
    Reason,
    Tokens,
)
from pillowbook.domain.audit import AuditCandidate, AuditOutcome, Trust
from pillowbook.domain.ids import ContentHash, DocumentId, PassageId, PreparedId, QuestionId
from pillowbook.domain.work import SliceResult
from pillowbook.flow.audit.audit import AUDITS_A_NIGHT, NOT_AGAIN_WITHIN, choose

ASKED = "What should the cold boiler pressure be?"
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def cited(start: int = 0, end: int = 40, *, hash_: str = "a") -> tuple[Citation, ...]:
    return (
        Citation(
            DocumentId(1), PassageId(1), ContentHash(hash_), "/n/a.md", "A", "q", start, end, 1, None, ""
        ),
    )


def prepared(answer: str, confidence: float, citations: tuple[Citation, ...] = ()) -> PreparedAnswer:
    return PreparedAnswer(
        PreparedId(1), QuestionId(1), ASKED, answer, citations, (), confidence, (), Tokens(), 1.0, "m", NOW
    )


def live(answer: str, confidence: float, citations: tuple[Citation, ...] = ()) -> Draft:
    return Draft(ASKED, answer, citations, (), confidence, (), Tokens(), "m", Effort.LIVE)


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("1.2 to 1.5 bar", "The cold pressure should sit between 1.2 and 1.5 bar.", True),
        ("Femi", "The vet is Femi at Saltmarsh Vets.", True),
        ("14 March 2026", "on March 14, 2026", True),
        ("1.2 bar", "1.5 bar", False),
        ("Yes, it is allowed.", "No, it is not allowed.", False),
        ("in the blue folder", "in the drawer", False),
        ("in the blue folder", "It is in the blue folder in the hall.", True),
        ("Alan Pettifer", "It was Dev Marsh.", False),
        ("£96", "£96 a year, to Hartwell Heating", True),
    ],
)
def test_answers_say_the_same_by_their_words_numbers_and_names(first: str, second: str, same: bool) -> None:
    assert say_the_same(ASKED, first, second) is same
    assert say_the_same(ASKED, second, first) is same


@pytest.mark.parametrize(
    ("before", "now", "outcome"),
    [
        (prepared("", 0.2), live("", 0.1), AuditOutcome.SAME),
        (prepared("1.2 bar", 0.8), live("It is 1.2 bar.", 0.9), AuditOutcome.SAME),
        (prepared("", 0.2), live("1.2 bar", 0.7), AuditOutcome.WORSE),
        (prepared("1.2 bar", 0.5), live("", 0.2), AuditOutcome.BETTER),
        (prepared("1.2 bar", 0.6), live("1.5 bar", 0.9), AuditOutcome.WORSE),
        (prepared("1.2 bar", 0.9), live("1.5 bar", 0.6), AuditOutcome.BETTER),
        (
            prepared("It keeps itself.", 0.6, cited()),
            live("Nobody has to look after that.", 0.9, cited(10, 50)),
            AuditOutcome.WORSE,  # one denies something
        ),
        (
            prepared("It keeps itself.", 0.6, cited()),
            live("Left alone.", 0.9, cited(10, 50)),
            AuditOutcome.SAME,  # the same words of the notes
        ),
        (
            prepared("It keeps itself.", 0.6, cited()),
            live("Left alone.", 0.9, cited(50, 60)),
            AuditOutcome.WORSE,
        ),
    ],
)
def test_the_rule(before: PreparedAnswer, now: Draft, outcome: AuditOutcome) -> None:
    assert compare(before, now) is outcome


def test_an_answer_that_holds_is_trusted_more_and_not_audited_again(boiler: Stream) -> None:
    boiler.clock.days = 1
    answer = boiler.prepared(ASKED)
    (due,) = boiler.auditor.due()
    outcome = boiler.auditor.audit(due)
    assert (outcome.result, outcome.made) == (SliceResult.DONE, 1)
    assert outcome.tokens.prompt > 0
    assert boiler.prepared(ASKED) == answer
    (rate,) = boiler.knowledge.audits.rates()
    assert (rate.reason, rate.better, rate.same, rate.worse) == (Reason.REQUESTED, 0, 1, 0)
    assert rate.checks
    assert boiler.knowledge.audits.trust()[Reason.REQUESTED].held == 1
    assert boiler.auditor.due() == ()
    boiler.clock.days = 2
    assert boiler.auditor.due() == (), "not the same one so soon"
    boiler.clock.days = 2 + NOT_AGAIN_WITHIN.days
    assert boiler.auditor.due() == (due,)


def test_a_worse_answer_is_withdrawn_and_the_live_one_takes_its_place(boiler: Stream) -> None:
    """The model has learned to say something surer since."""
    boiler.says["boiler pressure"] = "not said"
    boiler.prepare("How do I reset the boiler?")
    before = boiler.prepared("How do I reset the boiler?")
    assert before is not None and before.answer == ""
    boiler.knowledge.delete_prepared(sure_id(boiler))
    boiler.clock.days = 1
    boiler.says["reset the boiler"] = "Hold the flame button for five seconds."
    (due,) = boiler.auditor.due()
    assert boiler.auditor.audit(due).result is SliceResult.DONE
    after = boiler.prepared("How do I reset the boiler?")
    assert after is not None and after.id != before.id
    assert "flame button" in after.answer and after.citations
    trust = boiler.knowledge.audits.trust()
    assert trust[Reason.REQUESTED].failed == 1
    assert trust[Reason.REQUESTED].mean < trust[Reason.CONTENT].mean
    assert [rate.worse for rate in boiler.knowledge.audits.rates()] == [1]


def sure_id(boiler: Stream) -> PreparedId:
    found = boiler.prepared(ASKED)
    assert found is not None
    return found.id


def test_nothing_is_audited_that_was_only_just_prepared_or_is_the_users_own(boiler: Stream) -> None:
    assert boiler.auditor.due() == ()
    boiler.clock.days = 1
    assert len(boiler.auditor.due()) == 1
    boiler.hand.edit(ASKED, "Keep it at 1.3.")
    assert boiler.auditor.due() == ()


def test_what_counts_from_its_day_is_not_held_against_an_answer_of_another(stream: Stream) -> None:
    stream.write("bins.md", "# Bins\n\nThe next bin day is Tuesday 24 November.\n")
    stream.sync()
    stream.says["bin day"] = "The next bin day is Tuesday 24 November."
    stream.prepare("When is the next bin day?")
    assert stream.prepared("When is the next bin day?") is not None
    stream.clock.days = 1
    assert stream.auditor.due() == ()


def test_a_night_has_few_audits_and_served_ones_come_first(stream: Stream) -> None:
    stream.write("dog.md", "# Mungo\n\nMungo weighs 27.4 kg. His vet is Femi at Saltmarsh Vets.\n")
    stream.sync()
    stream.says["Mungo"] = "Mungo weighs 27.4 kg."
    for number in range(4 * AUDITS_A_NIGHT + 4):
        stream.prepare(f"How much did Mungo weigh in week {number}?")
    served = "How much did Mungo weigh in week 27?"
    stream.prepare(served)
    stream.server.ask(served)
    stream.clock.days = 1
    due = stream.auditor.due()
    assert len(due) == AUDITS_A_NIGHT
    assert due == stream.auditor.due(), "the same sample all night"
    for number, question_id in enumerate(due):
        assert len(stream.auditor.due()) == AUDITS_A_NIGHT - number
        stream.auditor.audit(question_id)
    assert stream.auditor.due() == ()
    stream.clock.days = 2
    tomorrow = stream.auditor.due()
    assert tomorrow and not set(tomorrow) & set(due)


def test_the_sample_is_drawn_by_a_seed_and_begins_with_what_is_served() -> None:
    pool = [AuditCandidate(QuestionId(n), "?", n % 3, NOW - timedelta(days=n), ()) for n in range(20)]
    first = choose(pool, 5, seed=1)
    assert first == choose(pool, 5, seed=1) != choose(pool, 5, seed=2)
    served = [pool[question_id].served for question_id in first]
    assert served == sorted(served, reverse=True)
    assert choose(pool[:2], 5, seed=1) == (1, 0)


def test_trust_is_a_beta_distribution_that_narrows() -> None:
    unseen = Trust(Reason.CONTENT)
    assert unseen.mean == pytest.approx(0.8)
    seen = replace(unseen, held=36, failed=9)
    assert seen.mean == pytest.approx(0.8)
    assert seen.spread < unseen.spread / 2
