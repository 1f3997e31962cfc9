"""Which slice comes next: a pure function of the queues.

Answers the user pinned or waits for come first, then the few audits of a night. Then documents are taken one after
the other, newest first: digest, questions, answers. So a short spell of work leaves some documents wholly prepared
rather than all of them half.
"""

from dataclasses import dataclass

from pillowbook.domain.answers import Question, Reason
from pillowbook.domain.ids import DocumentId, QuestionId
from pillowbook.domain.work import Slice, SliceKind

WAITED_FOR = frozenset({Reason.REQUESTED, Reason.MISSED, Reason.ASKED})


@dataclass(frozen=True, slots=True)
class Queues:
    """The heads of what is to be done, each in its own order of worth."""

    without_digest: tuple[DocumentId, ...]
    without_questions: tuple[DocumentId, ...]
    to_prepare: tuple[Question, ...]
    to_audit: tuple[QuestionId, ...] = ()


def next_slice(queues: Queues) -> Slice | None:
    """The slice most worth doing, or None when everything is done."""
    for question in queues.to_prepare:
        if question.is_pinned or question.reason in WAITED_FOR:
            return Slice(SliceKind.PREPARE, question_id=question.id, document_id=question.document_id)
    if queues.to_audit:
        return Slice(SliceKind.AUDIT, question_id=queues.to_audit[0])
    if queues.to_prepare:
        question = queues.to_prepare[0]
        return Slice(SliceKind.PREPARE, question_id=question.id, document_id=question.document_id)
    if queues.without_questions:
        document_id = queues.without_questions[0]
        kind = SliceKind.DISTIL if document_id in queues.without_digest else SliceKind.PREDICT
        return Slice(kind, document_id=document_id)
    if queues.without_digest:
        return Slice(SliceKind.DISTIL, document_id=queues.without_digest[0])
    return None
