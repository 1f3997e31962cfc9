"""What is known of how much a document interests its user."""

from dataclasses import dataclass
from datetime import datetime

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
    """

    document_id: DocumentId
    place: str
    changed_at: datetime
    known_since: datetime
    passages: int
    asked_at: tuple[datetime, ...] = ()
    is_read: bool = False
