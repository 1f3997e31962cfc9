"""Prepared answers that may not be used for a question: those that rest on documents which are left out."""

from dataclasses import replace
from typing import Final

from pillowbook.answering.match import MatchResult
from pillowbook.domain.answers import PreparedAnswer, Reason
from pillowbook.domain.ids import DocumentId
from pillowbook.store.knowledge import Knowledge

_PUT_BY_THE_USER: Final = frozenset({Reason.ASKED, Reason.MISSED, Reason.RHYTHM, Reason.REQUESTED})


def leave_out(found: MatchResult, withheld: frozenset[DocumentId], knowledge: Knowledge) -> MatchResult:
    """What was matched, without the answers that rest on withheld documents and the questions drawn from them."""
    if not withheld:
        return found
    candidates = tuple(one for one in found.candidates if may_be_used(one.prepared, withheld, knowledge))
    if found.prepared is None or may_be_used(found.prepared, withheld, knowledge):
        return replace(found, candidates=candidates)
    return MatchResult(None, 0.0, False, ("withheld",), candidates)


def may_be_used(prepared: PreparedAnswer, withheld: frozenset[DocumentId], knowledge: Knowledge) -> bool:
    """Whether neither the answer rests on withheld documents nor its question was drawn from one or holds its words.

    Of a predicted question that no document is known for, nobody can say what it was drawn from; nor of words whose
    document is gone by now whether it was withheld.
    """
    rests_on = {source.document_id for source in prepared.sources}
    rests_on |= {one.document_id for one in (*prepared.citations, *prepared.new_evidence)}
    origins = knowledge.origins(prepared.question_id)
    if not origins and prepared.reason not in _PUT_BY_THE_USER:
        question = knowledge.question(prepared.question_id)
        if question is None or question.reason not in _PUT_BY_THE_USER:
            return False
    if knowledge.has_lost_words(prepared.question_id):
        return False
    return not (rests_on | origins) & withheld
