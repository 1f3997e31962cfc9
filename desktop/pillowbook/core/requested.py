"""Answers that are prepared at once because somebody asked for it."""

import contextlib
import time
from collections.abc import Callable

from pillowbook.answering.pairs import normalise_question
from pillowbook.answering.permission import SECRET, WORKED_OUT, Permission
from pillowbook.domain.answers import Answer, AnswerKind, Effort, PreparedAnswer, Reason, Tokens
from pillowbook.domain.clock import Clock
from pillowbook.domain.errors import Cancelled, NeverPrepared, SecretNotPrepared, WorkedOutWhenAsked
from pillowbook.domain.work import LedgerEntry, SliceKind, SliceResult
from pillowbook.flow.prepare.prepare import Preparer
from pillowbook.flow.serve.freshness import FreshnessReport, Reread, check_freshness
from pillowbook.flow.serve.questions import clean_question
from pillowbook.host.workers import CancelToken
from pillowbook.models.generator.client import Generator
from pillowbook.store.knowledge import Knowledge
from pillowbook.store.library import Library
from pillowbook.store.part import SourcesChanged

TRY_AGAIN_S = 0.2


class RequestedAnswers:
    """Prepares what is asked for; what it costs stands in the ledger.

    Args:
        reread: as for :class:`Server`.
        hold: makes background work stand still while it is left open.
        is_closed: whether the models were ended, so that nothing is worth another try.
        on_prepared: told that an answer came.
    """

    def __init__(
        self,
        *,
        preparer: Preparer,
        permission: Permission,
        library: Library,
        knowledge: Knowledge,
        generator: Generator,
        clock: Clock,
        reread: Reread,
        hold: Callable[[], contextlib.AbstractContextManager[None]],
        is_closed: Callable[[], bool],
        on_prepared: Callable[[], None],
    ) -> None:
        self._preparer = preparer
        self._permission = permission
        self._library = library
        self._knowledge = knowledge
        self._generator = generator
        self._clock = clock
        self._reread = reread
        self._hold = hold
        self._is_closed = is_closed
        self._on_prepared = on_prepared

    def prepare(self, question: str, cancel: CancelToken) -> Answer:
        """Prepare an answer now and say what it is.

        Raises:
            NeverPrepared, SecretNotPrepared: the user's own rule, or the settings, are against it.
            WorkedOutWhenAsked: its answer is another whenever a note changes.
            Cancelled: whoever asked did not wait for it.
            PillowbookError: what it failed by.
        """
        text = clean_question(question)
        refusal = self._permission.refusal(text)
        if refusal:
            raise {SECRET: SecretNotPrepared, WORKED_OUT: WorkedOutWhenAsked}.get(refusal, NeverPrepared)()
        began = time.monotonic()
        started_at = self._clock.now()
        question_id = self._knowledge.add_question(text, normalise_question(text), Reason.REQUESTED)
        with self._hold():
            outcome = self._preparer.prepare(question_id, cancel)
            while (
                outcome.result is SliceResult.CANCELLED and not cancel.is_cancelled and not self._is_closed()
            ):
                # A question that somebody types or asks meanwhile goes first and breaks this off.
                time.sleep(TRY_AGAIN_S)
                outcome = self._preparer.prepare(question_id, cancel)
        if outcome.result is SliceResult.CANCELLED:
            raise Cancelled
        self._knowledge.put_ledger(
            LedgerEntry(
                kind=SliceKind.PREPARE,
                result=outcome.result,
                started_at=started_at,
                seconds=time.monotonic() - began,
                tokens=outcome.tokens,
                made=outcome.made,
                question_id=question_id,
            )
        )
        if outcome.result is SliceResult.FAILED:
            raise outcome.error or SourcesChanged()
        prepared = self._knowledge.prepared_for(question_id)
        if prepared is None and self._knowledge.tried(question_id) == SECRET:
            raise SecretNotPrepared()
        if prepared is None:
            return nothing_said(text, self._generator.model_id, (time.monotonic() - began) * 1000)
        self._on_prepared()
        report = check_freshness(prepared, self._library, clock=self._clock, reread=self._reread)
        return as_answer(prepared, text, report, (time.monotonic() - began) * 1000)


def as_answer(prepared: PreparedAnswer, question: str, report: FreshnessReport, latency_ms: float) -> Answer:
    """A prepared answer as whoever asked for it sees it."""
    return Answer(
        question=question,
        answer=prepared.answer,
        kind=AnswerKind.HIT if prepared.answer else AnswerKind.NONE,
        freshness=report.freshness,
        confidence=prepared.confidence,
        matched_question=prepared.question,
        prepared_at=prepared.prepared_at,
        checked_at=report.checked_at,
        latency_ms=latency_ms,
        first_token_ms=None,
        tokens=prepared.tokens,
        model=prepared.model,
        effort=Effort.PREPARED,
        citations=prepared.citations,
        change_note=report.change_note,
        prepared_id=prepared.id,
        is_edited=prepared.edited_at is not None,
        is_pinned=prepared.is_pinned,
        checked_files=report.checked_files,
    )


def nothing_said(question: str, model: str, latency_ms: float) -> Answer:
    """'Your notes do not say', with nothing near."""
    return Answer(
        question=question,
        answer="",
        kind=AnswerKind.NONE,
        freshness=None,
        confidence=0.0,
        matched_question=None,
        prepared_at=None,
        checked_at=None,
        latency_ms=latency_ms,
        first_token_ms=None,
        tokens=Tokens(),
        model=model,
        effort=Effort.PREPARED,
        citations=(),
    )
