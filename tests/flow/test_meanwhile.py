"""What the user does, and what notes arrive, while an answer is being made: none of it is lost by that answer."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.flow.conftest import Stream

from pillowbook.domain.answers import Freshness, Reason
from pillowbook.domain.audit import AuditOutcome
from pillowbook.domain.work import SliceOutcome, SliceResult

ASKED = "What should the cold boiler pressure be?"
NEWER = "# Visit\n\nDev says the cold boiler pressure should be 1.7 bar from now on.\n"


def meanwhile(stream: Stream, monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """``act`` happens once, when the next answer was written and is not stored yet."""
    answer = stream.composer.answer
    left = [act]

    def then(*args: Any, **options: Any) -> Any:
        draft = answer(*args, **options)
        if left:
            left.pop()()
        return draft

    monkeypatch.setattr(stream.composer, "answer", then)


def comes(stream: Stream) -> None:
    stream.write("visit.md", NEWER)
    stream.sync()


def again(stream: Stream) -> SliceOutcome:
    question = stream.knowledge.question_by_normal("what should the cold boiler pressure be")
    assert question is not None
    return stream.preparer.prepare(question.id)


def test_what_is_ruled_out_meanwhile_is_not_prepared(boiler: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    meanwhile(boiler, monkeypatch, lambda: boiler.hand.never(ASKED, is_never=True))
    assert again(boiler).result is SliceResult.FAILED
    assert boiler.prepared(ASKED) is None
    assert again(boiler).result is SliceResult.REFUSED


def test_a_rule_about_another_question_takes_nothing_away(
    boiler: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile(boiler, monkeypatch, lambda: boiler.hand.never("Who is the vet of Mungo?", is_never=True))
    assert again(boiler).result is SliceResult.DONE


def test_what_is_deleted_meanwhile_stays_away(boiler: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    meanwhile(boiler, monkeypatch, lambda: boiler.hand.delete(ASKED))
    assert again(boiler).result is SliceResult.FAILED
    assert boiler.prepared(ASKED) is None
    assert boiler.knowledge.questions_to_prepare(9) == []


def test_a_try_that_finds_nothing_does_not_hide_that_it_was_deleted(
    boiler: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    boiler.says["Who is the vet"] = "The vet of Mungo is Femi at Saltmarsh Vets."
    question = boiler.add_question("Who is the vet of Mungo?", Reason.CONTENT)
    assert boiler.preparer.prepare(question).result is SliceResult.DONE
    boiler.doubts.add("Who is the vet")
    meanwhile(boiler, monkeypatch, lambda: boiler.hand.delete("Who is the vet of Mungo?"))
    assert boiler.preparer.prepare(question).result is SliceResult.REFUSED
    assert boiler.knowledge.tried(question) == "deleted"


@pytest.mark.parametrize("is_first", [True, False], ids=["first", "again"])
def test_a_note_that_comes_meanwhile_is_seen(
    boiler: Stream, monkeypatch: pytest.MonkeyPatch, is_first: bool
) -> None:
    """Nothing was prepared yet that the note could have marked, or the mark is on the answer that goes."""
    if is_first:
        prepared = boiler.prepared(ASKED)
        assert prepared is not None
        boiler.knowledge.withdraw([prepared.id])
    meanwhile(boiler, monkeypatch, lambda: comes(boiler))
    again(boiler)
    served = boiler.server.ask(ASKED)
    assert served.prepared_id is not None
    assert served.freshness is Freshness.NEW_EVIDENCE
    assert [one.text for one in boiler.knowledge.questions_to_prepare(9)] == [ASKED]


def test_that_the_notes_do_not_say_goes_when_the_note_comes_meanwhile(
    boiler: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = "Which insurance does Mungo have?"
    boiler.doubts.add("insurance")

    def insured() -> None:
        boiler.write("insured.md", "# Mungo's insurance\n\nMungo has the insurance of Petwell.\n")
        boiler.sync()

    meanwhile(boiler, monkeypatch, insured)
    assert boiler.prepare(asked).result is SliceResult.DONE
    assert boiler.prepared(asked) is None
    assert asked in [one.text for one in boiler.knowledge.questions_to_prepare(9)]


def test_what_an_audit_puts_in_the_place_of_a_worse_answer_sees_the_note_too(
    boiler: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pillowbook.flow.audit.audit.compare", lambda *_: AuditOutcome.WORSE)
    before = boiler.prepared(ASKED)
    assert before is not None
    meanwhile(boiler, monkeypatch, lambda: comes(boiler))
    boiler.auditor.audit(before.question_id)
    now = boiler.prepared(ASKED)
    assert now is not None and now.id != before.id
    assert now.has_new_evidence


def test_what_is_kept_of_a_live_answer_sees_the_note_too(
    boiler: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = boiler.prepared(ASKED)
    assert prepared is not None
    boiler.knowledge.withdraw([prepared.id])
    meanwhile(boiler, monkeypatch, lambda: comes(boiler))
    boiler.server.ask(ASKED)
    kept = boiler.prepared(ASKED)
    assert kept is not None and kept.is_provisional
    assert kept.has_new_evidence


def test_a_note_that_was_read_for_the_answer_is_no_newer_evidence(boiler: Stream) -> None:
    """Two of its passages are new; one is cited, and the other was read as well."""
    boiler.says.clear()
    boiler.says["winter"] = "In the winter the boiler pressure is 1.5 bar."
    boiler.write("boiler.md", "# Boiler\n\nIn the winter the boiler pressure is 1.3 bar.\n")
    boiler.sync()
    boiler.refresh = lambda _paths: boiler.sync()
    told = "# Boiler\n\n" + "\n\n".join(
        f"## {one}\n\nIn the winter the boiler pressure is {two} bar, the boiler pressure of the winter. "
        * 12
        for one, two in (("Winter", "1.5"), ("Before", "1.4"))
    )
    boiler.write("boiler.md", told)
    asked = "What is the boiler pressure in the winter?"
    boiler.server.ask(asked)
    kept = boiler.prepared(asked)
    assert kept is not None and not kept.has_new_evidence
