"""What is prepared, as clients see it."""

from pillowbook.core import protocol as p
from pillowbook.core.reasons import WHY
from pillowbook.domain.answers import Freshness
from pillowbook.flow.serve.freshness import Reread, count_states
from pillowbook.store.knowledge import Knowledge
from pillowbook.store.library import Library


def prepared_view(knowledge: Knowledge, limit: int) -> list[p.PreparedView]:
    """What was prepared, newest first."""
    newest = sorted(knowledge.prepared_answers(), key=lambda one: one.prepared_at, reverse=True)
    return [
        p.PreparedView(
            prepared=one.id,
            question=one.question,
            answer=one.answer,
            reason="" if one.reason is None else one.reason.value,
            why="" if one.reason is None else WHY[one.reason],
            path=one.citations[0].path if one.citations else "",
            prepared_at=one.prepared_at,
            seconds=one.seconds,
            is_pinned=one.is_pinned,
            is_edited=one.edited_at is not None,
        )
        for one in newest[:limit]
    ]


def prepared_by_freshness(knowledge: Knowledge, library: Library, reread: Reread) -> dict[str, int]:
    """Prepared answers by what a look at their files says now."""
    answers = (one for one in knowledge.prepared_answers() if one.answer)
    states = count_states(answers, library, reread=reread)
    return {state.value: states[state] for state in Freshness if states[state]}
