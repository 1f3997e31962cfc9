"""What is known of how much documents, and questions about them, interest their user."""

from dataclasses import dataclass
from datetime import datetime

from pillowbook.domain.answers import Reason
from pillowbook.domain.ids import DocumentId


@dataclass(frozen=True, slots=True)
class Interest:
    """One document.

    Attributes:
        place: the folder it lies in, as a path.
        changed_at: when the file was last changed.
        known_since: when the folder it was found under was added.
        passages: how many it has.
        asked_at: when answers that cite it were served, oldest first.
        is_read: whether questions were predicted from all of it.
        opened_at: when it was last opened from an answer or a search; None where it never was.
        linked: the documents it links to and those that link to it.
    """

    document_id: DocumentId
    place: str
    changed_at: datetime
    known_since: datetime
    passages: int
    asked_at: tuple[datetime, ...] = ()
    is_read: bool = False
    opened_at: datetime | None = None
    linked: frozenset[DocumentId] = frozenset()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a predicted question that was prepared; ``asked`` counts servings of its answer."""

    document_id: DocumentId | None
    reason: Reason
    text: str
    prepared_at: datetime
    asked: int


@dataclass(frozen=True, slots=True)
class Tries:
    """What preparing for one reason gave and took: tries that ended in an answer or not, and their seconds."""

    done: int = 0
    refused: int = 0
    seconds: float = 0.0

    @property
    def count(self) -> int:
        """All that came to an end."""
        return self.done + self.refused
