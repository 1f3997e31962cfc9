"""What is prepared, as clients see it."""

from pillowbook.core import protocol as p
from pillowbook.core.reasons import WHY
from pillowbook.domain.answers import Freshness
from pillowbook.flow.serve.freshness import Reread, count_states
from pillowbook.store.knowledge import Knowledge
from pillowbook.store.library import Library


def prepared_view(knowledge: Knowledge, limit: int) -> list[p.PreparedView]:
    """What was prepared, newest first."""
    reasons = {question.id: question.reason.value for question in knowledge.questions(limit=1_000_000)}
    newest = sorted(knowledge.prepared_answers(), key=lambda one: one.prepared_at, reverse=True)
    return [
        p.PreparedView(
            question=one.question,
            answer=one.answer,
            reason=reasons.get(one.question_id, ""),
            path=one.citations[0].path if one.citations else "",
            prepared_at=one.prepared_at,
            seconds=one.seconds,
            why=WHY.get(reasons.get(one.question_id, ""), ""),
        )
        for one in newest[:limit]
    ]


def prepared_by_freshness(knowledge: Knowledge, library: Library, reread: Reread) -> dict[str, int]:
    """Prepared answers by what a look at their files says now."""
    answers = (one for one in knowledge.prepared_answers() if one.answer)
    states = count_states(answers, library, reread=reread)
    return {state.value: states[state] for state in Freshness if states[state]}
