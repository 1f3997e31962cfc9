"""What was answered live is kept as a prepared answer, so that asking again is a hit at once.

Only what is as good as prepared: verified and sure, its files as they were read, and nothing the user wants not to be
prepared. It is provisional: the next idle work makes it anew with more effort. Prepared questions that had been near
are noted, to be judged then (``flow/audit/near_misses``).
"""

from collections.abc import Callable, Sequence
from typing import Final

from pillowbook.answering.agreement import was_rejected
from pillowbook.answering.judging import pair_features
from pillowbook.answering.match import Candidate
from pillowbook.answering.new_evidence import NewEvidence
from pillowbook.answering.pairs import normalise_question
from pillowbook.answering.permission import Permission
from pillowbook.answering.sources import all_sources_of
from pillowbook.domain.answers import Draft, PreparedAnswer
from pillowbook.domain.errors import Transient
from pillowbook.domain.ids import PassageId, QuestionId
from pillowbook.flow.serve.questions import Vector
from pillowbook.store.knowledge import Knowledge
from pillowbook.store.library import Library

SURE_ENOUGH: Final = 0.5
"""Of P(right). What is less sure is shown as unsure, and must not come back later without that sign of doubt."""

NEAR_MISS: Final = 0.6
"""A prepared question nearer than this (all-MiniLM-L6-v2) may be the same; so many of them are noted at most:"""
MOST_NEAR: Final = 2

DELETED: Final = "deleted"


class Keeper:
    """Keeps live answers. Thread-safe; every step is one transaction.

    Args:
        is_of_another_day: whether a prepared answer speaks of a day that is past.
    """

    def __init__(
        self,
        *,
        library: Library,
        knowledge: Knowledge,
        evidence: NewEvidence,
        is_of_another_day: Callable[[PreparedAnswer], bool],
        permission: Permission | None = None,
    ) -> None:
        self._is_of_another_day = is_of_another_day
        self._library = library
        self._evidence = evidence
        self._knowledge = knowledge
        self._permission = permission or Permission(knowledge)

    def keep(
        self,
        draft: Draft,
        seconds: float,
        vector: Vector | None,
        candidates: Sequence[Candidate],
        since: PassageId,
    ) -> bool:
        """Keep a live answer whose files were found fresh; False where it is not to be kept.

        Args:
            vector: the question's.
            candidates: the prepared answers that had been near.
            since: the newest passage when the answer was begun.
        """
        question = self._knowledge.question_by_normal(normalise_question(draft.question))
        if question is None or not self._may_be_kept(question.id, draft):
            return False
        sources = all_sources_of(draft.rests_on, self._library)
        if sources is None:
            return False
        try:
            # The vault refuses it where a source or a passage is no longer what was read.
            prepared_id = self._knowledge.put_prepared(
                question.id, draft, sources, seconds, vector, is_provisional=True
            )
            self._evidence.catch_up(prepared_id, vector, since)
        except Transient:
            return False
        near = [one.prepared.question_id for one in candidates if _may_be_same(one, draft.question)]
        self._knowledge.wordings.note(question.id, near[:MOST_NEAR])
        return True

    def _may_be_kept(self, question_id: QuestionId, draft: Draft) -> bool:
        if not draft.says_something or not draft.citations or draft.confidence < SURE_ENOUGH:
            return False
        if self._permission.refusal(draft.question) or not self._permission.allows_answer(draft):
            return False
        if self._knowledge.tried(question_id) == DELETED:
            return False  # by the user, until its notes change
        if was_rejected(draft, self._knowledge.hand.rejected(question_id)):
            return False
        older = self._knowledge.prepared_for(question_id)
        return older is None or (older.question_id == question_id and self._gives_way(older))

    def _gives_way(self, older: PreparedAnswer) -> bool:
        """Only what was made with as little effort, or speaks of another day."""
        return older.edited_at is None and (older.is_provisional or self._is_of_another_day(older))


def _may_be_same(candidate: Candidate, asked: str) -> bool:
    return (
        bool(candidate.prepared.answer)
        and candidate.similarity >= NEAR_MISS
        and not pair_features(candidate.prepared.question, asked).forbidden
    )
