"""The stages of the stream as the runner sees them."""

from collections.abc import Container
from dataclasses import dataclass, replace

from pillowbook.domain.answers import Question, Reason
from pillowbook.domain.clock import Clock
from pillowbook.domain.errors import WorkerLost
from pillowbook.domain.ids import DocumentId
from pillowbook.domain.work import LedgerEntry, Slice, SliceKind, SliceOutcome, SliceResult
from pillowbook.flow.audit.audit import Auditor
from pillowbook.flow.audit.near_misses import NearMisses
from pillowbook.flow.distil.beyond import Beyond
from pillowbook.flow.distil.distil import Distiller
from pillowbook.flow.predict.foresee import Foreseer
from pillowbook.flow.predict.predict import Predictor
from pillowbook.flow.prepare.prepare import Preparer
from pillowbook.host.workers import CancelToken
from pillowbook.schedule.odds import Odds, in_order
from pillowbook.schedule.plan import WAITED_FOR, Queues, next_slice
from pillowbook.schedule.worth import Worth
from pillowbook.store.knowledge import Knowledge

QUEUE_HEAD = 24
"""How many of each queue are looked at; enough to step over what failed."""

CANDIDATES = 200
"""So many questions compete for being answered next, those of the section in memory among them."""

LEARN_AGAIN_S = 120.0
"""What was learned from the record serves for so long: reading the record before every slice would cost more."""


def _goes_first(one: Question) -> bool:
    """Whether somebody waits for it, or had it: those are answered in the order of the vault."""
    return one.is_pinned or one.is_withdrawn or one.reason in WAITED_FOR


@dataclass(frozen=True, slots=True)
class _Learned:
    """What the record said, what reading the next section is worth, and when (monotonic seconds) that was."""

    odds: Odds
    floor: float
    at_s: float


class FlowStages:
    """Distil, predict, prepare and audit over one unlocked vault."""

    def __init__(
        self,
        knowledge: Knowledge,
        distiller: Distiller,
        predictor: Predictor,
        preparer: Preparer,
        auditor: Auditor,
        beyond: Beyond,
        near_misses: NearMisses,
        foreseer: Foreseer,
        *,
        clock: Clock,
    ) -> None:
        self._foreseer = foreseer
        self._learned: _Learned | None = None
        self._clock = clock
        self._knowledge = knowledge
        self._distiller = distiller
        self._predictor = predictor
        self._preparer = preparer
        self._auditor = auditor
        self._beyond = beyond
        self._near_misses = near_misses
        self._just_read: DocumentId | None = None
        self._why: dict[DocumentId, Reason] = {}

    def queues(self, skipped: frozenset[Slice]) -> Queues:
        """The heads of the queues, less what failed since the start."""
        head = QUEUE_HEAD + len(skipped)
        documents = {kind: {s.document_id for s in skipped if s.kind is kind} for kind in SliceKind}
        questions = {s.question_id for s in skipped if s.kind is SliceKind.PREPARE}
        to_prepare, later = self._by_worth(
            [
                q
                for q in self._knowledge.questions_to_prepare(CANDIDATES + len(skipped), self._just_read)
                if q.id not in questions
            ]
        )
        queues = Queues(
            without_digest=tuple(
                d
                for d in self._knowledge.documents_without_digest(head)
                if d not in documents[SliceKind.DISTIL]
            ),
            # Ranking takes a while, and is looked at only where no question waits for its answer.
            without_questions=() if to_prepare else self._worth_reading(documents[SliceKind.PREDICT]),
            is_foresee_due=Slice(SliceKind.PREDICT) not in skipped and self._foreseer.is_due(),
            later=later,
            just_read=self._to_digest_now(documents[SliceKind.DISTIL]),
            digest_share=self._knowledge.share_of_seconds(SliceKind.DISTIL),
            to_prepare=to_prepare,
            to_audit=self._auditor.due(
                {s.question_id for s in skipped if s.kind is SliceKind.AUDIT and s.question_id is not None}
            ),
            to_judge=tuple(
                one
                for one in self._near_misses.due(head)
                if Slice(SliceKind.JUDGE, question_id=one) not in skipped
            ),
            is_find_due=Slice(SliceKind.FIND) not in skipped and self._beyond.is_find_due(),
        )
        if next_slice(queues) is not None:
            return queues  # what spans documents is not asked for before its turn: that takes longer
        folders = {one.folder for one in skipped}
        topics = {one.topic_id for one in skipped}
        return replace(
            queues,
            is_compare_due=Slice(SliceKind.COMPARE) not in skipped and self._beyond.is_compare_due(),
            folders=tuple(one for one in self._beyond.folders.stale() if one not in folders),
            is_topics_due=Slice(SliceKind.TOPICS) not in skipped and self._beyond.topics.is_due(),
            unsure=tuple(q for q in self._knowledge.unsure_questions(head) if q.id not in questions),
            topics=tuple(
                one for one in self._beyond.digests.topics_without_digest(head) if one not in topics
            ),
        )

    def run(self, work: Slice, cancel: CancelToken) -> SliceOutcome:
        """Do one slice; a worker that died is given one more try."""
        outcome = self._once(work, cancel)
        return self._once(work, cancel) if isinstance(outcome.error, WorkerLost) else outcome

    def book(self, entry: LedgerEntry) -> None:
        """Into the ledger."""
        self._knowledge.put_ledger(entry)

    def _worth_reading(self, skipped: Container[DocumentId | None]) -> tuple[DocumentId, ...]:
        """The documents to predict questions from, the one most worth it first."""
        interests = self._knowledge.interests()
        worth = Worth(interests, now=self._clock.now())
        self._why = {one.document_id: worth.reason(one) for one in interests}
        return tuple(one for one in worth.ranked() if one not in skipped)

    def _by_worth(self, questions: list[Question]) -> tuple[tuple[Question, ...], tuple[Question, ...]]:
        """What the user waits for and the predicted questions that pay, in order; and those that do not pay yet."""
        waited = [one for one in questions if _goes_first(one)]
        predicted = [one for one in questions if not _goes_first(one)]
        if waited or not predicted:
            return (*waited, *predicted), ()
        learned = self._learned
        if learned is None or self._clock.monotonic_s() - learned.at_s > LEARN_AGAIN_S:
            learned = self._learned = self._learn()
        now, later = in_order(predicted, learned.odds, in_memory=self._just_read, floor=learned.floor)
        return tuple(now), tuple(later)

    def _learn(self) -> "_Learned":
        interests = self._knowledge.interests()
        now = self._clock.now()
        worth = Worth(interests, now=now)
        odds = Odds(
            rates={one.document_id: worth.rate(one) for one in interests},
            questions=self._knowledge.questions_by_document(),
            outcomes=self._knowledge.outcomes(),
            tries=self._knowledge.tries(),
            trust=self._knowledge.audits.trust(),
            now=now,
        )
        best = worth.ranked()[:1]
        next_one = [one for one in interests if one.document_id in best]
        floor = max(
            (odds.worth_of_reading(one.document_id, one.passages, worth.reason(one)) for one in next_one),
            default=0.0,
        )
        return _Learned(odds, floor, self._clock.monotonic_s())

    def _to_digest_now(self, skipped: Container[DocumentId | None]) -> DocumentId | None:
        """The document a section of which the model has in memory, if it lacks its digest."""
        at = self._just_read
        return at if at is not None and at not in skipped and self._knowledge.needs_digest(at) else None

    def _once(self, work: Slice, cancel: CancelToken) -> SliceOutcome:
        if work.kind is SliceKind.PREPARE and work.question_id is not None:
            return self._preparer.prepare(work.question_id, cancel)
        if work.kind is SliceKind.PREDICT and work.document_id is None:
            return self._foreseer.foresee(cancel)
        if work.kind is SliceKind.PREDICT and work.document_id is not None:
            why = self._why.get(work.document_id, Reason.CONTENT)
            outcome = self._predictor.predict(work.document_id, cancel, reason=why)
            self._just_read = work.document_id
            self._learned = None  # how many questions share the document's rate has changed
            return outcome
        if work.kind is SliceKind.DISTIL and work.document_id is not None:
            outcome = self._distiller.distil(work.document_id, cancel)
            if work.document_id == self._just_read and outcome.result is not SliceResult.CANCELLED:
                self._just_read = None  # one section for each that was read; what is left waits for its turn
            return outcome
        if work.kind is SliceKind.AUDIT and work.question_id is not None:
            return self._auditor.audit(work.question_id, cancel)
        if work.kind is SliceKind.JUDGE and work.question_id is not None:
            return self._near_misses.judge(work.question_id, cancel)
        if work.kind is SliceKind.FIND:
            return self._beyond.find(cancel)
        if work.kind is SliceKind.COMPARE:
            return self._beyond.compare(cancel)
        if work.kind is SliceKind.FOLDER and work.folder is not None:
            return self._beyond.folders.distil(work.folder, cancel)
        if work.kind is SliceKind.TOPICS:
            return self._beyond.topics.regroup(cancel)
        if work.kind is SliceKind.TOPIC and work.topic_id is not None:
            return self._beyond.topics.distil(work.topic_id, cancel)
        raise ValueError(work.kind)
