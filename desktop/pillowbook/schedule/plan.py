"""Which slice comes next: a pure function of the queues.

Answers the user waits for come first, then what code alone finds in a moment, then documents are taken one after the
other, newest first: digest, questions, answers. So a short spell of work leaves some documents wholly prepared rather
than all of them half. What spans documents comes last, since it rests on theirs: comparing them, folders, topics.
"""

from dataclasses import dataclass

from pillowbook.domain.answers import Question, Reason
from pillowbook.domain.ids import DocumentId, TopicId
from pillowbook.domain.work import Slice, SliceKind

WAITED_FOR = frozenset({Reason.REQUESTED, Reason.MISSED, Reason.ASKED})


@dataclass(frozen=True, slots=True)
class Queues:
    """The heads of what is to be done, each in its own order of worth."""

    without_digest: tuple[DocumentId, ...]
    without_questions: tuple[DocumentId, ...]
    to_prepare: tuple[Question, ...]
    is_find_due: bool = False
    is_compare_due: bool = False
    folders: tuple[str, ...] = ()
    is_topics_due: bool = False
    topics: tuple[TopicId, ...] = ()


def next_slice(queues: Queues) -> Slice | None:
    """The slice most worth doing, or None when everything is done."""
    for question in queues.to_prepare:
        if question.reason in WAITED_FOR:
            return Slice(SliceKind.PREPARE, question_id=question.id, document_id=question.document_id)
    if queues.is_find_due:
        return Slice(SliceKind.FIND)
    if queues.to_prepare:
        question = queues.to_prepare[0]
        return Slice(SliceKind.PREPARE, question_id=question.id, document_id=question.document_id)
    if queues.without_questions:
        document_id = queues.without_questions[0]
        kind = SliceKind.DISTIL if document_id in queues.without_digest else SliceKind.PREDICT
        return Slice(kind, document_id=document_id)
    if queues.without_digest:
        return Slice(SliceKind.DISTIL, document_id=queues.without_digest[0])
    return _beyond_documents(queues)


def _beyond_documents(queues: Queues) -> Slice | None:
    if queues.is_compare_due:
        return Slice(SliceKind.COMPARE)
    if queues.folders:
        return Slice(SliceKind.FOLDER, folder=queues.folders[0])
    if queues.is_topics_due:
        return Slice(SliceKind.TOPICS)
    if queues.topics:
        return Slice(SliceKind.TOPIC, topic_id=queues.topics[0])
    return None
