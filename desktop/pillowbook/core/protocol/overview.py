"""What was distilled."""

import msgspec

from pillowbook.core.protocol.call import Call
from pillowbook.domain.answers import Fact
from pillowbook.domain.digests import DatedFact, Task


class DigestView(msgspec.Struct, frozen=True):
    """A document's or folder's digest for reading; what code found is told of documents only."""

    path: str
    title: str
    gist: str
    facts: tuple[Fact, ...]
    model: str
    names: tuple[str, ...] = ()
    amounts: tuple[str, ...] = ()
    dates: tuple[DatedFact, ...] = ()
    tasks: tuple[Task, ...] = ()
    open: tuple[str, ...] = ()


class TopicView(msgspec.Struct, frozen=True):
    """A topic for reading. ``gist`` is empty until it is distilled; ``paths`` are of its documents."""

    id: int
    label: str
    gist: str
    facts: tuple[Fact, ...]
    model: str
    passages: int
    paths: tuple[str, ...]


class GetDigest(Call, frozen=True, tag="digest"):
    """Reply: list of DigestView; all of them when ``path`` is None."""

    path: str | None = None


class GetFolderDigest(Call, frozen=True, tag="folder-digest"):
    """Reply: list of DigestView: the folder's, then those of the folders below it."""

    path: str


class GetTopics(Call, frozen=True, tag="topics"):
    """Reply: list of TopicView, the largest first; with a name, those whose label holds all of its words."""

    name: str | None = None


class FindDigests(Call, frozen=True, tag="find-digests"):
    """Which folders and topics a question is about. Reply: list of DigestHit, best first."""

    question: str
    limit: int = 5


class GetTimeline(Call, frozen=True, tag="timeline"):
    """Reply: list of DatedFact, by day."""


class GetTasks(Call, frozen=True, tag="tasks"):
    """Reply: list of Task, by the day they are due, those without one last."""


class GetConflicts(Call, frozen=True, tag="conflicts"):
    """Reply: list of Conflict, those that say so in words first."""


class GetRelated(Call, frozen=True, tag="related"):
    """Reply: list of RelatedNote, the nearest first."""

    path: str


OverviewCall = (
    GetDigest | GetFolderDigest | GetTopics | FindDigests | GetTimeline | GetTasks | GetConflicts | GetRelated
)
