"""What code foresees, without the model: questions about what is due, and those that are due again."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta

from pillowbook.answering.pairs import normalise_question
from pillowbook.answering.permission import Permission
from pillowbook.domain.answers import Reason
from pillowbook.domain.clock import Clock
from pillowbook.domain.digests import FindingKind, PlacedFinding
from pillowbook.domain.errors import Cancelled
from pillowbook.domain.ids import DocumentId
from pillowbook.domain.work import SliceOutcome, SliceResult
from pillowbook.flow.predict.due import due_question
from pillowbook.flow.predict.predict import makes_sense_alone
from pillowbook.flow.predict.rhythm import due_again
from pillowbook.host.workers import CancelToken
from pillowbook.store.findings import Findings
from pillowbook.store.knowledge import Knowledge
from pillowbook.store.part import SourcesChanged

STATE_KEY = "foreseen_on"
NEAR_DAYS = 14
OVERDUE_DAYS = 2
MAX_DUE = 30
MAX_DUE_PER_DOCUMENT = 4
RHYTHM_DAYS = 120
"""As far back the record of what was asked is looked at."""


class Foreseer:
    """Looks ahead, once a day and whenever something was found anew."""

    def __init__(
        self, *, knowledge: Knowledge, findings: Findings, clock: Clock, permission: Permission | None = None
    ) -> None:
        self._knowledge = knowledge
        self._findings = findings
        self._clock = clock
        self._permission = permission or Permission(knowledge)

    def is_due(self) -> bool:
        """Whether today was not looked at yet, or something was found since."""
        return self._knowledge.state(STATE_KEY) != self._mark(self._today())

    def foresee(self, cancel: CancelToken | None = None) -> SliceOutcome:
        """Note what comes up; ``made`` counts those new or due again. Safe to be broken off and repeated."""
        today = self._today()
        mark = self._mark(today)
        made = 0
        try:
            for text, document_id in self._coming(today):
                if cancel is not None:
                    cancel.raise_if_cancelled()
                normal = normalise_question(text)
                if self._knowledge.question_by_normal(normal) is not None or self._permission.refusal(text):
                    continue
                try:
                    self._knowledge.add_question(text, normal, Reason.DUE, document_id)
                    made += 1
                except SourcesChanged:
                    continue
            since = self._clock.now() - timedelta(days=RHYTHM_DAYS)
            for question_id, times in self._knowledge.asked_times(since).items():
                if due_again(times, today):
                    made += self._knowledge.mark_due_again(question_id)
        except Cancelled:
            return SliceOutcome(SliceResult.CANCELLED, made=made)
        self._knowledge.set_state(STATE_KEY, mark)
        return SliceOutcome(SliceResult.DONE, made=made)

    def _mark(self, today: date) -> str:
        return f"{today} {self._findings.mark()}"

    def _today(self) -> date:
        return self._clock.now().astimezone().date()

    def _coming(self, today: date) -> Iterator[tuple[str, DocumentId]]:
        """Questions about what comes near, the nearest first, few of one document."""
        of_document: Counter[DocumentId] = Counter()
        seen: set[str] = set()
        for placed in self._findings.findings([FindingKind.TASK, FindingKind.DAY]):
            document_id = placed.passage.document_id
            if len(seen) == MAX_DUE:
                return
            if of_document[document_id] == MAX_DUE_PER_DOCUMENT or not _is_near(placed, today):
                continue
            question = due_question(placed.finding.text, today)
            if question and question not in seen and _stands_alone(question, placed):
                seen.add(question)
                of_document[document_id] += 1
                yield question, document_id


def _is_near(placed: PlacedFinding, today: date) -> bool:
    one = placed.finding
    if one.first is None or one.is_done:
        return False
    return -OVERDUE_DAYS <= (one.first - today).days <= NEAR_DAYS


def _stands_alone(question: str, placed: PlacedFinding) -> bool:
    passage = placed.passage
    return makes_sense_alone(question, f"{passage.title} {passage.heading} {passage.text}", passage.title)
