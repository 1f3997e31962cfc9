"""What was served, what it cost, and what the user said of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pillowbook.domain.answers import AnswerKind, Reason, Tokens
from pillowbook.domain.ids import DocumentId, FolderId, QuestionId, ServingId
from pillowbook.domain.work import SliceKind


class Verdict(StrEnum):
    """What the user says of an answer; ``wrong-question`` means that it answers another question than was asked."""

    RIGHT = "right"
    WRONG = "wrong"
    WRONG_QUESTION = "wrong-question"


@dataclass(frozen=True, slots=True)
class Serving:
    """One answer that was served.

    Attributes:
        question_id: what was asked, or what it was matched with where it was not known.
        prepared_for: the question whose prepared answer was served; None for live answers.
        reason: why that answer had been prepared.
        folder_id: of the first document cited.
        is_opened: the user opened a source of it.
        is_asked_again: within minutes the same question came again, in the same or other words.
    """

    id: ServingId
    question_id: QuestionId
    text: str
    kind: AnswerKind
    latency_ms: float
    asked_at: datetime
    prepared_for: QuestionId | None = None
    reason: Reason | None = None
    folder_id: FolderId | None = None
    verdict: Verdict | None = None
    is_opened: bool = False
    is_asked_again: bool = False


@dataclass(frozen=True, slots=True)
class Spending:
    """What slices of one kind for one question or document cost together.

    Attributes:
        reason: why the question was worth preparing when the slices ran; None where there is no question.
        first_at: when the first of them began.
        made: digests, questions or answers stored.
    """

    kind: SliceKind
    reason: Reason | None
    folder_id: FolderId | None
    document_id: DocumentId | None
    question_id: QuestionId | None
    first_at: datetime
    seconds: float
    tokens: Tokens
    made: int


@dataclass(frozen=True, slots=True)
class LiveLatency:
    """What a live answer takes here: the mean over all that were served, and how many those are."""

    mean_ms: float
    count: int


@dataclass(frozen=True, slots=True)
class NeverRule:
    """A question that is never prepared, in the words it was given."""

    text: str
    added_at: datetime
