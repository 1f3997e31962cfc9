"""Preparing answers: the same pipeline as live ones, with more effort, and only what was verified is kept."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pillowbook.answering.agreement import compare, was_rejected
from pillowbook.answering.compose import Composer
from pillowbook.answering.new_evidence import NewEvidence
from pillowbook.answering.permission import SECRET, Permission
from pillowbook.answering.retrieve import Retriever
from pillowbook.answering.sources import all_sources_of
from pillowbook.answering.wording import wording_of
from pillowbook.domain.answers import Draft, Effort, PreparedAnswer, Question, Reason, Source, Tokens
from pillowbook.domain.audit import AuditOutcome
from pillowbook.domain.clock import Clock
from pillowbook.domain.errors import Cancelled, Damaged, Transient, UserFixable
from pillowbook.domain.ids import DocumentId, QuestionId
from pillowbook.domain.work import SliceOutcome, SliceResult
from pillowbook.flow.prepare.drafts import NEAR_THE_BAR, compared
from pillowbook.host.workers import CancelToken
from pillowbook.store.hand import RejectedAnswer
from pillowbook.store.knowledge import Knowledge
from pillowbook.store.library import Library
from pillowbook.store.part import SourcesChanged
from pillowbook.store.questions import REFUSED, UNSURE

DEADLINE_S = 900.0
"""Background work runs at idle priority: beside other programs it may take long, and it is cancelled when unwanted."""

_THE_USER_PUT = frozenset({Reason.ASKED, Reason.MISSED, Reason.RHYTHM, Reason.REQUESTED})
"""Only for these is "your notes do not say" worth keeping: for a predicted question it means a bad prediction."""

PREDICTED_SURE = 0.6
"""Of P(right). An answer nobody asked for yet is kept from here on, a good deal above the bar: it comes at once and
without a second look, and there are always more questions to predict."""

REJECTED = "rejected"
"""How a question was tried to which only answers are found that the user called wrong."""


class Preparer:
    """Prepares the answer to one question at a time.

    Questions about one document in a row share the model's prompt prefix: the scheduler need only keep the order in
    which the vault gives them.
    """

    def __init__(
        self,
        *,
        library: Library,
        knowledge: Knowledge,
        composer: Composer,
        retriever: Retriever,
        evidence: NewEvidence,
        clock: Clock,
        permission: Permission | None = None,
    ) -> None:
        self._library = library
        self._knowledge = knowledge
        self._composer = composer
        self._retriever = retriever
        self._evidence = evidence
        self._clock = clock
        self._permission = permission or Permission(knowledge)

    def prepare(self, question_id: QuestionId, cancel: CancelToken | None = None) -> SliceOutcome:
        """Answer, verify and store; REFUSED where nothing could be verified. Ordinary trouble is in the outcome."""
        began_s = self._clock.monotonic_s()
        question = self._knowledge.question(question_id)
        if question is None:
            return SliceOutcome(SliceResult.REFUSED)
        since = self._knowledge.version_of(question_id, wording_of(question.text))
        older = self._knowledge.prepared_for(question_id)
        if older is not None and older.edited_at is not None:
            return SliceOutcome(SliceResult.REFUSED)  # the user's own words stay
        refusal = self._permission.refusal(question.text)
        if refusal:
            self._knowledge.mark_tried(question_id, refusal)
            return SliceOutcome(SliceResult.REFUSED)
        draft: Draft | None = None
        try:
            vector = self._retriever.embed(question.text, background=True)
            rejected = self._knowledge.hand.rejected(question_id)
            the_user_put = question.reason in _THE_USER_PUT or question.is_pinned
            # An answer that newer notes bear on is shown, with that sign, until a new one takes its place.
            is_shown = older is not None and older.has_new_evidence
            needs_more = not (the_user_put or is_shown)
            bar = max(PREDICTED_SURE, self._composer.bar) if needs_more else self._composer.bar
            # A predicted question that is hard is left for when there are no others.
            thorough = the_user_put or self._knowledge.tried(question_id) == UNSURE
            draft = self._answer(question, vector, cancel, asks_again=thorough)
            if thorough and draft.says_something and draft.confidence < bar + NEAR_THE_BAR:
                draft = self._with_second(question, vector, cancel, draft, bar)
            if was_rejected(draft, rejected):
                draft = self._another(question, vector, cancel, draft, rejected)
                # That the notes do not say cannot be said when half of them was left out.
                if not draft.says_something or was_rejected(draft, rejected):
                    self._knowledge.mark_tried(question_id, REJECTED, since=since)
                    return SliceOutcome(SliceResult.REFUSED, draft.tokens)
            if older is not None and older.question_id == question_id and _stays(older, draft):
                self._knowledge.settle(older.id)
                return SliceOutcome(SliceResult.DONE, draft.tokens)
            if not the_user_put and not (draft.says_something and draft.confidence >= bar):
                is_open = not thorough and (draft.says_something or self._composer.leaves_open(draft))
                self._knowledge.mark_tried(question_id, UNSURE if is_open else REFUSED, since=since)
                return SliceOutcome(SliceResult.REFUSED, draft.tokens)
            if not self._permission.allows_answer(draft):
                self._knowledge.mark_tried(question_id, SECRET, since=since)
                return SliceOutcome(SliceResult.REFUSED, draft.tokens)
            sources = self._sources(draft)
            if sources is None:  # a cited document went away meanwhile; what is there now is tried next time
                raise SourcesChanged
            seconds = self._clock.monotonic_s() - began_s
            # The store refuses it when a source or a passage is no longer what was read.
            prepared_id = self._knowledge.put_prepared(
                question_id, draft, sources, seconds, vector, since=since
            )
            self._evidence.catch_up(prepared_id, vector, since.newest_passage)
        except Cancelled:
            return SliceOutcome(SliceResult.CANCELLED)
        except (Transient, UserFixable, Damaged) as error:
            tokens = Tokens() if draft is None else draft.tokens
            return SliceOutcome(SliceResult.FAILED, tokens, error=error)
        return SliceOutcome(SliceResult.DONE, draft.tokens, 1)

    def _answer(
        self,
        question: Question,
        vector: NDArray[np.float32],
        cancel: CancelToken | None,
        *,
        effort: Effort = Effort.PREPARED,
        asks_again: bool = True,
        without: frozenset[DocumentId] = frozenset(),
    ) -> Draft:
        return self._composer.answer(
            question.text,
            effort=effort,
            deadline_s=DEADLINE_S,
            cancel=cancel,
            document_id=None if question.document_id in without else question.document_id,
            vector=vector,
            background=True,
            without=without,
            asks_again=asks_again,
            origins=self._knowledge.origins(question.id),
        )

    def _with_second(
        self,
        question: Question,
        vector: NDArray[np.float32],
        cancel: CancelToken | None,
        first: Draft,
        bar: float,
    ) -> Draft:
        """A draft after a second one, read from wherever the notes speak of it and not from the question's section."""
        apart = replace(question, document_id=None)
        effort = Effort.PREPARED if question.document_id is not None else Effort.LIVE
        second = self._answer(apart, vector, cancel, effort=effort)
        return compared(first, second, bar=bar)

    def _another(
        self,
        question: Question,
        vector: NDArray[np.float32],
        cancel: CancelToken | None,
        first: Draft,
        rejected: Sequence[RejectedAnswer],
    ) -> Draft:
        """Another answer than those the user called wrong: read less, then not the documents they were drawn from.

        Returns:
            a draft with the tokens of all tries; empty, or a rejected answer again, where nothing else is found.
        """
        documents = frozenset().union(*(one.documents for one in rejected))
        spent, found = first.tokens, first
        for effort, without in ((Effort.LIVE, frozenset[DocumentId]()), (Effort.PREPARED, documents)):
            found = self._answer(question, vector, cancel, effort=effort, without=without)
            spent += found.tokens
            if found.says_something and not was_rejected(found, rejected):
                break
        return replace(found, tokens=spent)

    def _sources(self, draft: Draft) -> tuple[Source, ...] | None:
        """The documents it rests on; for "your notes do not say", the nearest ones that were read."""
        citations = draft.rests_on if draft.says_something else draft.nearest
        return all_sources_of(citations, self._library)


def _stays(older: PreparedAnswer, draft: Draft) -> bool:
    """Whether an answer that was made live is better than what more effort made; nothing newer bears on it."""
    if not older.is_provisional or older.has_new_evidence:
        return False
    return compare(older, draft) is AuditOutcome.BETTER
