"""Which passages of a document are the same ones after it changed."""

from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pillowbook.domain.answers import Citation
from pillowbook.domain.documents import Passage, PassageDraft
from pillowbook.domain.ids import ContentHash, PassageId


@dataclass(frozen=True, slots=True)
class PassagePlan:
    """``kept`` pairs an old passage with its new place; numbers are ordinals in the new order."""

    kept: tuple[tuple[Passage, int, PassageDraft], ...]
    added: tuple[tuple[int, PassageDraft], ...]
    removed: tuple[Passage, ...]


def reconcile_passages(old: Sequence[Passage], new: Sequence[PassageDraft]) -> PassagePlan:
    """Match by content: first where hash and span agree, then any of the same hash in order.

    So text put in above a passage moves it and does not make it another passage.
    """
    waiting: defaultdict[ContentHash, deque[Passage]] = defaultdict(deque)
    at_span = {(passage.content_hash, passage.start, passage.end): passage for passage in old}
    same: dict[int, Passage] = {}
    taken: set[PassageId] = set()
    for ordinal, draft in enumerate(new):
        passage = at_span.get((draft.content_hash, draft.start, draft.end))
        if passage is not None and passage.id not in taken:
            same[ordinal] = passage
            taken.add(passage.id)
    for passage in old:
        if passage.id not in taken:
            waiting[passage.content_hash].append(passage)
    for ordinal, draft in enumerate(new):
        if ordinal not in same and waiting[draft.content_hash]:
            same[ordinal] = waiting[draft.content_hash].popleft()
            taken.add(same[ordinal].id)
    return PassagePlan(
        kept=tuple((same[ordinal], ordinal, draft) for ordinal, draft in enumerate(new) if ordinal in same),
        added=tuple((ordinal, draft) for ordinal, draft in enumerate(new) if ordinal not in same),
        removed=tuple(passage for passage in old if passage.id not in taken),
    )


def move_citation(citation: Citation, old: Passage | None, new: Passage) -> Citation:
    """The citation at its passage's new place.

    Args:
        old: the passage as it was when cited, None when only its text is known to be the same.
    """
    offset = 0 if old is None else new.start - old.start
    line = citation.line
    if line is not None and old is not None and old.line is not None and new.line is not None:
        line += new.line - old.line
    return replace(
        citation,
        passage_id=new.id,
        path=new.path,
        title=new.title,
        start=citation.start + offset,
        end=citation.end + offset,
        line=line,
        page=new.page if new.page is not None else citation.page,
        heading=new.heading,
    )
