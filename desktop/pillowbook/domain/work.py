"""Background work: slices, the gate and the ledger."""

from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum

from pillowbook.domain.answers import Tokens
from pillowbook.domain.errors import PillowbookError
from pillowbook.domain.ids import DocumentId, QuestionId, TopicId


class SliceKind(StrEnum):
    """Kinds of background work, in no order."""

    INGEST = "ingest"
    DISTIL = "distil"
    PREDICT = "predict"
    PREPARE = "prepare"
    AUDIT = "audit"
    JUDGE = "judge"
    FIND = "find"
    COMPARE = "compare"
    FOLDER = "folder"
    TOPICS = "topics"
    TOPIC = "topic"


@dataclass(frozen=True, slots=True)
class Slice:
    """The unit of background work: seconds long, resumable, cancelled at once when the user needs the machine."""

    kind: SliceKind
    document_id: DocumentId | None = None
    question_id: QuestionId | None = None
    folder: str | None = None
    topic_id: TopicId | None = None


class SliceResult(StrEnum):
    """How a slice ended."""

    DONE = "done"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """What one slice cost and brought. ``made`` counts digests, questions or answers stored.

    ``energy_j`` is measured by the processor's counters, or estimated from the time that it was busy.
    """

    kind: SliceKind
    result: SliceResult
    started_at: datetime
    seconds: float
    tokens: Tokens
    made: int
    document_id: DocumentId | None = None
    question_id: QuestionId | None = None
    energy_j: float = 0.0
    is_energy_estimated: bool = True


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours of every day, from ``start`` up to ``end``; they may cross midnight. The two differ."""

    start: time
    end: time

    def has(self, moment: time) -> bool:
        """Whether a local time is within them."""
        if self.start < self.end:
            return self.start <= moment < self.end
        return moment >= self.start or moment < self.end

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"


@dataclass(frozen=True, slots=True)
class GateState:
    """Whether background work may run now. ``code`` is stable; ``sentence`` says why, for the user."""

    is_open: bool
    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class SliceOutcome:
    """What a stage reports of one slice; ``made`` counts digests, questions or answers stored.

    ``error`` is what it failed by, where that is known.
    """

    result: SliceResult
    tokens: Tokens = Tokens()
    made: int = 0
    error: PillowbookError | None = None
