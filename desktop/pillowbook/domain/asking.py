"""What passes between a question and whoever shows its answer."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pillowbook.domain.answers import Answer, Citation
from pillowbook.domain.ids import DocumentId

MAX_QUESTION_CHARS: Final = 1000


class AskMode(StrEnum):
    """Which answers may be served."""

    AUTO = "auto"
    PREPARED_ONLY = "prepared"
    LIVE_ONLY = "live"


@dataclass(frozen=True, slots=True)
class LikelyPassage:
    """The best passage for a question, shown while a live answer is made; its quote is the best sentence.

    ``snippet`` is that sentence and what stands around it, in one line; ``marked`` where in it the sentence is.
    """

    citation: Citation
    snippet: str = ""
    marked: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class AnswerText:
    """A piece of a live answer as it is written; not verified yet. ``restart`` drops what was streamed before."""

    delta: str
    restart: bool = False


AskPart = LikelyPassage | AnswerText


@dataclass(frozen=True, slots=True)
class Turn:
    """What a client asked before, so that a follow-up can be understood; the client keeps it, and only in memory.

    Attributes:
        question: as it was understood, where it was a follow-up itself.
        answer, title: what was said, and the first note it cited; empty where that is not known.
        documents: whose words any of the three may hold; a follow-up that is understood by them counts as made from
            them.
    """

    question: str
    answer: str = ""
    title: str = ""
    documents: tuple[DocumentId, ...] = ()

    @classmethod
    def of(cls, answer: Answer) -> "Turn":
        """The turn that an answer ends."""
        title = answer.citations[0].title if answer.citations else ""
        documents = (*answer.document_ids, *(one.document_id for one in answer.citations))
        return cls(
            answer.understood_as or answer.question, answer.answer, title, tuple(dict.fromkeys(documents))
        )


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A passage found. ``snippet`` is the sentence that fits best and what stands around it, in one line; ``marked``
    is where in it that sentence is, (0, 0) for none. ``score`` is for ordering only.
    """

    path: str
    title: str
    snippet: str
    score: float
    line: int | None
    page: int | None
    heading: str
    marked: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class SearchHits:
    """Hits, best first."""

    hits: tuple[SearchHit, ...]
    latency_ms: float


@dataclass(frozen=True, slots=True)
class Completion:
    """A prepared question that fits what is typed; ``answer`` is given when it can be served as it stands."""

    question: str
    p_same: float
    answer: Answer | None


@dataclass(frozen=True, slots=True)
class PairVerdict:
    """What the hit policy says of two questions: would the prepared answer to one serve the other?"""

    p_same: float
    hit: bool
    reasons: tuple[str, ...]
