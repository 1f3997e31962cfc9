"""Answers that are prepared because somebody asked for it: what breaks one off, and what is said then."""

import contextlib
from collections.abc import Callable

import pytest
from tests.flow.conftest import Stream
from tests.flow.conftest import boiler as boiler
from tests.flow.conftest import stream as stream

from pillowbook.core.requested import RequestedAnswers
from pillowbook.domain.answers import AnswerKind
from pillowbook.domain.errors import Cancelled
from pillowbook.domain.ids import QuestionId
from pillowbook.domain.work import SliceOutcome, SliceResult
from pillowbook.host.workers import CancelToken
from pillowbook.store.part import SourcesChanged

ASKED = "Who is the vet of Mungo?"


def requested(stream: Stream, is_closed: Callable[[], bool] = lambda: False) -> RequestedAnswers:
    stream.says["Who is the vet"] = "The vet of Mungo is Femi at Saltmarsh Vets."
    return RequestedAnswers(
        preparer=stream.preparer,
        permission=stream.built.permission,
        library=stream.library,
        knowledge=stream.knowledge,
        generator=stream.generator,
        clock=stream.clock,
        reread=stream.ingestor.passages_now,
        hold=contextlib.nullcontext,
        is_closed=is_closed,
        on_prepared=lambda: None,
    )


def first_ends(stream: Stream, monkeypatch: pytest.MonkeyPatch, *outcomes: SliceOutcome) -> None:
    """The first tries end like this, as where another question goes before them."""
    prepare, left = stream.preparer.prepare, list(outcomes)

    def tried(question_id: QuestionId, cancel: CancelToken | None = None) -> SliceOutcome:
        return left.pop(0) if left else prepare(question_id, cancel)

    monkeypatch.setattr(stream.preparer, "prepare", tried)


def test_what_another_question_broke_off_is_taken_up_again(
    boiler: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    first_ends(boiler, monkeypatch, *[SliceOutcome(SliceResult.CANCELLED)] * 2)
    answer = requested(boiler).prepare(ASKED, CancelToken())
    assert (answer.kind, answer.answer) == (AnswerKind.HIT, "The vet of Mungo is Femi at Saltmarsh Vets.")


def test_whoever_does_not_wait_is_not_told_that_the_notes_do_not_say(
    boiler: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    first_ends(boiler, monkeypatch, SliceOutcome(SliceResult.CANCELLED))
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        requested(boiler).prepare(ASKED, cancel)


def test_a_session_that_ends_ends_the_tries(boiler: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another model was chosen: its workers answer every call with that they were stopped."""
    monkeypatch.setattr("pillowbook.core.requested.TRY_AGAIN_S", 0.0)
    first_ends(boiler, monkeypatch, *[SliceOutcome(SliceResult.CANCELLED)] * 1000)
    asked = iter([False, True])
    with pytest.raises(Cancelled):
        requested(boiler, lambda: next(asked)).prepare(ASKED, CancelToken())


def test_a_note_that_changes_meanwhile_is_told(boiler: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    first_ends(boiler, monkeypatch, SliceOutcome(SliceResult.FAILED))
    with pytest.raises(SourcesChanged):
        requested(boiler).prepare(ASKED, CancelToken())
