"""What is distilled beyond one document: findings, relations between notes, folders and topics."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from pillowbook.domain.answers import Citation, Fact
from pillowbook.domain.documents import Passage
from pillowbook.domain.ids import DocumentId, PassageId, TopicId


class FindingKind(StrEnum):
    """What code finds in a note."""

    NAME = "name"
    AMOUNT = "amount"
    DAY = "day"
    TASK = "task"
    OPEN = "open"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that code found in a passage.

    Attributes:
        value: the name, the amount, or the folded name of the note linked to; empty for the other kinds.
        text: what a reader sees: a sentence, a task, a question.
        start, end: the span of its quote in the passage's text.
        first, last: the day or days of what is dated, or the day something is due; None where none is told.
        is_done: of a task.
    """

    kind: FindingKind
    text: str
    start: int
    end: int
    value: str = ""
    first: date | None = None
    last: date | None = None
    is_done: bool = False


@dataclass(frozen=True, slots=True)
class PlacedFinding:
    """A finding and the passage it stands in."""

    finding: Finding
    passage: Passage


class PassKind(StrEnum):
    """What code does over one document at a time."""

    FIND = "find"
    COMPARE = "compare"


class RelationKind(StrEnum):
    """How two notes stand to each other."""

    SUPERSEDED = "superseded"
    CONTRADICTION = "contradiction"
    RELATED = "related"


@dataclass(frozen=True, slots=True)
class Place:
    """A span of a passage's text, and the day its note is of (``YYYY-MM-DD``, shorter, or empty)."""

    passage_id: PassageId
    start: int
    end: int
    day: str = ""


@dataclass(frozen=True, slots=True)
class Relation:
    """Two places in two notes. ``older`` is the older one for all but related notes, which have no order.

    ``score`` is a cosine, 1 at most.
    """

    kind: RelationKind
    older: Place
    newer: Place
    score: float


@dataclass(frozen=True, slots=True)
class PlacedRelation:
    """A relation with the two passages."""

    relation: Relation
    older: Passage
    newer: Passage


@dataclass(frozen=True, slots=True)
class SectionGist:
    """What one section of a long document says."""

    gist: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class FolderDigest:
    """What the notes of a folder say together; ``inputs`` is the hash of all that was read for it."""

    path: str
    gist: str
    facts: tuple[Fact, ...]
    inputs: str
    model: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Topic:
    """A stable cluster of passages across folders. ``gist`` is empty until it is distilled."""

    id: TopicId
    label: str
    passages: int
    documents: int
    gist: str = ""
    facts: tuple[Fact, ...] = ()
    inputs: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True)
class DigestHit:
    """A folder's or topic's digest that a question is about.

    Attributes:
        kind: ``folder`` or ``topic``.
        name: the folder's path or the topic's label.
        citations: of its facts: where to read on.
        score: for ordering only.
    """

    kind: str
    name: str
    gist: str
    citations: tuple[Citation, ...]
    score: float


@dataclass(frozen=True, slots=True)
class DatedFact:
    """A line of the timeline. ``last`` differs from ``first`` for a span of days or a month."""

    first: date
    last: date
    text: str
    citation: Citation


@dataclass(frozen=True, slots=True)
class Task:
    """Something to be done. ``due`` is None where the note names no day."""

    due: date | None
    text: str
    is_done: bool
    citation: Citation


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two notes that say different things of one matter.

    ``newer_says_so``: the newer one says in so many words that something changed.
    """

    older: Citation
    older_day: str
    newer: Citation
    newer_day: str
    newer_says_so: bool
    score: float


@dataclass(frozen=True, slots=True)
class RelatedNote:
    """A note that belongs to another one though nobody linked them, with the places that say so."""

    document_id: DocumentId
    path: str
    title: str
    here: Citation
    there: Citation
    score: float
