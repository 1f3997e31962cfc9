"""What other programs may ask, where the settings allow them."""

import msgspec

from pillowbook.core.protocol.call import Call
from pillowbook.core.protocol.overview import DigestView, TopicView


class DigestsForOther(msgspec.Struct, frozen=True):
    """What another program may read of what was distilled."""

    documents: tuple[DigestView, ...] = ()
    folders: tuple[DigestView, ...] = ()
    topics: tuple[TopicView, ...] = ()


class AskForOther(Call, frozen=True, tag="ask_for_other"):
    """For another program, which the settings must allow; nothing is remembered of it. Reply: Answer."""

    question: str
    is_prepared_only: bool = False


class SearchForOther(Call, frozen=True, tag="search_for_other"):
    """For another program, which the settings must allow. Reply: SearchHits."""

    words: str
    limit: int = 10


class DigestForOther(Call, frozen=True, tag="digest_for_other"):
    """For another program, which the settings must allow: of a document or folder, or else of topics.

    An empty topic means all of them. Reply: DigestsForOther.
    """

    path: str | None = None
    topic: str = ""


OtherCall = AskForOther | SearchForOther | DigestForOther
