"""What is prepared, as clients see it."""

from typing import Final

from pillowbook.core import protocol as p
from pillowbook.core.reasons import WHY
from pillowbook.domain.answers import Freshness, PreparedAnswer
from pillowbook.flow.serve.freshness import Reread, count_states
from pillowbook.store.knowledge import Knowledge
from pillowbook.store.library import Library

MOST: Final = 500
"""Of one list."""


def prepared_list(knowledge: Knowledge, library: Library, words: str, limit: int) -> p.PreparedList:
    """What is prepared and has all these words, in whatever case."""
    order = found = knowledge.prepared_order()
    wanted = words.casefold().split()
    if wanted:
        texts = {number: text.casefold() for number, text in knowledge.prepared_texts().items()}
        found = [number for number in order if all(word in texts.get(number, "") for word in wanted)]
    shown = knowledge.prepared_among(found[: max(0, min(limit, MOST))])
    return p.PreparedList(len(order), len(found), [_view(one, library) for one in shown])


def has_lost_passages(prepared: PreparedAnswer, library: Library) -> bool:
    """Whether its notes no longer say all that it rests on; only the user's own words outlive that."""
    return any(
        not set(source.passage_hashes)
        <= {passage.content_hash for passage in library.passages(source.document_id)}
        for source in prepared.sources
    )


def _view(one: PreparedAnswer, library: Library) -> p.PreparedView:
    is_edited = one.edited_at is not None
    return p.PreparedView(
        prepared=one.id,
        question=one.question,
        answer=one.answer,
        reason="" if one.reason is None else one.reason.value,
        why="" if one.reason is None else WHY[one.reason],
        path=one.citations[0].path if one.citations else "",
        prepared_at=one.prepared_at,
        seconds=one.seconds,
        is_pinned=one.is_pinned,
        is_edited=is_edited,
        has_new_evidence=one.has_new_evidence,
        has_changed_note=is_edited and has_lost_passages(one, library),
    )


def prepared_by_freshness(knowledge: Knowledge, library: Library, reread: Reread) -> dict[str, int]:
    """Prepared answers by what a look at their files says now."""
    answers = (one for one in knowledge.prepared_answers() if one.answer)
    states = count_states(answers, library, reread=reread)
    return {state.value: states[state] for state in Freshness if states[state]}
