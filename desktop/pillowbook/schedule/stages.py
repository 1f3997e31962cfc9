"""The stages of the stream as the runner sees them."""

from collections.abc import Container
from dataclasses import replace

from pillowbook.domain.clock import Clock
from pillowbook.domain.errors import WorkerLost
from pillowbook.domain.ids import DocumentId
from pillowbook.domain.work import LedgerEntry, Slice, SliceKind, SliceOutcome
from pillowbook.flow.audit.audit import Auditor
from pillowbook.flow.distil.beyond import Beyond
from pillowbook.flow.distil.distil import Distiller
from pillowbook.flow.predict.predict import Predictor
from pillowbook.flow.prepare.prepare import Preparer
from pillowbook.host.workers import CancelToken
from pillowbook.schedule.plan import Queues, next_slice
from pillowbook.schedule.worth import by_worth
from pillowbook.store.knowledge import Knowledge

QUEUE_HEAD = 24
"""How many of each queue are looked at; enough to step over what failed."""


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
        *,
        clock: Clock,
    ) -> None:
        self._clock = clock
        self._knowledge = knowledge
        self._distiller = distiller
        self._predictor = predictor
        self._preparer = preparer
        self._auditor = auditor
        self._beyond = beyond
        self._just_read: DocumentId | None = None

    def queues(self, skipped: frozenset[Slice]) -> Queues:
        """The heads of the queues, less what failed since the start."""
        head = QUEUE_HEAD + len(skipped)
        documents = {kind: {s.document_id for s in skipped if s.kind is kind} for kind in SliceKind}
        questions = {s.question_id for s in skipped if s.kind is SliceKind.PREPARE}
        to_prepare = tuple(q for q in self._knowledge.questions_to_prepare(head) if q.id not in questions)
        queues = Queues(
            without_digest=tuple(
                d
                for d in self._knowledge.documents_without_digest(head)
                if d not in documents[SliceKind.DISTIL]
            ),
            # Ranking takes a while, and is looked at only where no question waits for its answer.
            without_questions=() if to_prepare else self._worth_reading(documents[SliceKind.PREDICT]),
            just_read=self._to_digest_now(documents[SliceKind.DISTIL]),
            digest_share=self._knowledge.share_of_seconds(SliceKind.DISTIL),
            to_prepare=to_prepare,
            to_audit=self._auditor.due(
                {s.question_id for s in skipped if s.kind is SliceKind.AUDIT and s.question_id is not None}
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
        try:
            return self._once(work, cancel)
        except WorkerLost:
            return self._once(work, cancel)

    def book(self, entry: LedgerEntry) -> None:
        """Into the ledger."""
        self._knowledge.put_ledger(entry)

    def _worth_reading(self, skipped: Container[DocumentId | None]) -> tuple[DocumentId, ...]:
        """The documents to predict questions from, the one most worth it first."""
        ranked = by_worth(self._knowledge.interests(), now=self._clock.now())
        return tuple(one for one in ranked if one not in skipped)

    def _to_digest_now(self, skipped: Container[DocumentId | None]) -> DocumentId | None:
        """The document a section of which the model has in memory, if it lacks its digest."""
        at = self._just_read
        return at if at is not None and at not in skipped and self._knowledge.needs_digest(at) else None

    def _once(self, work: Slice, cancel: CancelToken) -> SliceOutcome:
        if work.kind is SliceKind.PREPARE and work.question_id is not None:
            return self._preparer.prepare(work.question_id, cancel)
        if work.kind is SliceKind.PREDICT and work.document_id is not None:
            outcome = self._predictor.predict(work.document_id, cancel)
            self._just_read = work.document_id
            return outcome
        if work.kind is SliceKind.DISTIL and work.document_id is not None:
            if work.document_id == self._just_read:
                self._just_read = None  # one section for each that was read; what is left waits for its turn
            return self._distiller.distil(work.document_id, cancel)
        if work.kind is SliceKind.AUDIT and work.question_id is not None:
            return self._auditor.audit(work.question_id, cancel)
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
