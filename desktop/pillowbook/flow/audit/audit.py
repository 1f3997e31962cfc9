"""The audit: a few prepared answers a night are answered again as a live question would be, and compared.

The rule of the comparison is that of ``answering/agreement``. Where the prepared answer is worse it is withdrawn, and
the live one, which was surer, takes its place; how far its way of preparing is trusted falls.
"""

import random
from collections.abc import Collection
from datetime import timedelta
from typing import Final

from pillowbook.answering.agreement import compare, was_rejected
from pillowbook.answering.another_day import is_of_another_day
from pillowbook.answering.compose import Composer
from pillowbook.answering.new_evidence import NewEvidence
from pillowbook.answering.permission import Permission
from pillowbook.answering.retrieve import Retriever
from pillowbook.answering.sources import all_sources_of
from pillowbook.domain.answers import Effort, PreparedAnswer, Tokens
from pillowbook.domain.audit import AuditCandidate, AuditOutcome
from pillowbook.domain.clock import Clock
from pillowbook.domain.errors import Cancelled, Damaged, Transient, UserFixable
from pillowbook.domain.ids import QuestionId
from pillowbook.domain.work import SliceOutcome, SliceResult
from pillowbook.host.workers import CancelToken
from pillowbook.store.knowledge import Knowledge
from pillowbook.store.library import Library

AUDITS_A_NIGHT: Final = 6
NIGHT: Final = timedelta(hours=20)
MIN_AGE: Final = timedelta(hours=12)
"""What was only just prepared would be compared with itself."""

NOT_AGAIN_WITHIN: Final = timedelta(days=30)
POOL: Final = 4
"""The sample is drawn from so many times its size: those most served first, then the oldest."""

DEADLINE_S: Final = 900.0
"""Background work runs at idle priority: beside other programs it may take long, and it is cancelled when unwanted."""


class Auditor:
    """Audits one prepared answer at a time."""

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

    def due(self, without: Collection[QuestionId] = ()) -> tuple[QuestionId, ...]:
        """What is left of tonight's sample, less what failed; the same whenever it is asked on one day."""
        now = self._clock.now()
        left = AUDITS_A_NIGHT - self._knowledge.audits.count_since(now - NIGHT)
        if left <= 0:
            return ()
        found = self._knowledge.audits.candidates(
            POOL * AUDITS_A_NIGHT, prepared_before=now - MIN_AGE, not_within=NOT_AGAIN_WITHIN
        )
        # What counts from the day of preparing differs today for that reason alone.
        found = [
            one
            for one in found
            if one.question_id not in without
            and not is_of_another_day(one.question, one.checks, one.prepared_at, now)
        ]
        return choose(found, left, seed=now.date().toordinal())

    def audit(self, question_id: QuestionId, cancel: CancelToken | None = None) -> SliceOutcome:
        """Answer one question live, compare, store the outcome; REFUSED where there is nothing to audit any more."""
        began_s = self._clock.monotonic_s()
        since = self._library.newest_passage()
        prepared = self._knowledge.prepared_for(question_id)
        if prepared is None or prepared.edited_at is not None:
            return SliceOutcome(SliceResult.REFUSED)
        spent = Tokens()
        try:
            vector = self._retriever.embed(prepared.question, background=True)
            live = self._composer.answer(
                prepared.question,
                effort=Effort.LIVE,
                deadline_s=DEADLINE_S,
                cancel=cancel,
                vector=vector,
                background=True,
                origins=self._knowledge.origins(prepared.question_id),
            )
            spent = live.tokens
            if not self._stands(prepared):
                return SliceOutcome(SliceResult.REFUSED, spent)
            outcome = compare(prepared, live)
            if outcome is AuditOutcome.WORSE:
                self._knowledge.withdraw([prepared.id])
            self._knowledge.audits.put(prepared, outcome)
            if outcome is AuditOutcome.WORSE:
                rejected = self._knowledge.hand.rejected(question_id)
                if self._permission.allows_answer(live) and not was_rejected(live, rejected):
                    seconds = self._clock.monotonic_s() - began_s
                    sources = all_sources_of(live.rests_on, self._library)
                    if sources is not None:
                        prepared_id = self._knowledge.put_prepared(
                            question_id, live, sources, seconds, vector
                        )
                        self._evidence.catch_up(prepared_id, vector, since)
        except Cancelled:
            return SliceOutcome(SliceResult.CANCELLED, spent)
        except (Transient, UserFixable, Damaged) as error:
            return SliceOutcome(SliceResult.FAILED, spent, error=error)
        return SliceOutcome(SliceResult.DONE, spent, 1)

    def _stands(self, prepared: PreparedAnswer) -> bool:
        """Whether it is still there as it was: a source may have changed while the other answer was written."""
        now = self._knowledge.prepared(prepared.id)
        return now is not None and now.answer == prepared.answer


def choose(candidates: list[AuditCandidate], limit: int, *, seed: int) -> tuple[QuestionId, ...]:
    """A sample, drawn without favour from those that come first in the order given."""
    chosen = random.Random(seed).sample(candidates, k=min(limit, len(candidates)))
    # Served ones first: a wrong answer that is asked for does the most harm.
    chosen.sort(key=lambda one: (-one.served, one.prepared_at))
    return tuple(one.question_id for one in chosen)
