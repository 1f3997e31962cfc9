"""Which slice comes next: a pure function of the queues.

Near misses come first: judging one takes a moment, and where it is a wording nothing is to be prepared for it. Then
come answers the user pinned or waits for, what code alone finds in a moment and the few audits of a night, then answers
to questions that were predicted: the model still has the section in memory that they were predicted from. Those that
would pay less than reading on wait (``odds``). Then that section is digested, for the same reason, and the next one is
read for questions. What spans documents comes last, since it rests on theirs: comparing them, folders, topics; and at
the very end a dearer try of answers that were left open.
"""

from dataclasses import dataclass

from pillowbook.domain.answers import Question, Reason
from pillowbook.domain.ids import DocumentId, QuestionId, TopicId
from pillowbook.domain.work import Slice, SliceKind

MAX_DIGEST_SHARE = 0.2
"""Digests do not answer questions. Those that were not made right after the questions have to read their document anew:
while there are documents to predict questions from they get this share of the time."""

WAITED_FOR = frozenset({Reason.REQUESTED, Reason.MISSED, Reason.RHYTHM, Reason.ASKED})


@dataclass(frozen=True, slots=True)
class Queues:
    """The heads of what is to be done, each in its own order of worth.

    Attributes:
        digest_share: of the seconds worked lately, those that went into digests, 0 to 1.
        to_prepare: those that pay; ``later``: those that are worth less than reading on.
        just_read: the document that questions were predicted from last, where it lacks its digest.
    """

    without_digest: tuple[DocumentId, ...]
    without_questions: tuple[DocumentId, ...]
    to_prepare: tuple[Question, ...]
    digest_share: float = 0.0
    just_read: DocumentId | None = None
    is_foresee_due: bool = False
    later: tuple[Question, ...] = ()
    to_audit: tuple[QuestionId, ...] = ()
    is_find_due: bool = False
    is_compare_due: bool = False
    folders: tuple[str, ...] = ()
    is_topics_due: bool = False
    topics: tuple[TopicId, ...] = ()
    unsure: tuple[Question, ...] = ()
    to_judge: tuple[QuestionId, ...] = ()


def next_slice(queues: Queues) -> Slice | None:
    """The slice most worth doing, or None when everything is done."""
    if queues.to_judge:
        return Slice(SliceKind.JUDGE, question_id=queues.to_judge[0])
    for question in queues.to_prepare:
        if question.is_pinned or question.reason in WAITED_FOR:
            return Slice(SliceKind.PREPARE, question_id=question.id, document_id=question.document_id)
    if queues.is_find_due:
        return Slice(SliceKind.FIND)
    if queues.is_foresee_due:
        return Slice(SliceKind.PREDICT)
    if queues.to_audit:
        return Slice(SliceKind.AUDIT, question_id=queues.to_audit[0])
    if queues.to_prepare:
        question = queues.to_prepare[0]
        return Slice(SliceKind.PREPARE, question_id=question.id, document_id=question.document_id)
    if queues.just_read is not None:
        return Slice(SliceKind.DISTIL, document_id=queues.just_read)
    read = [one for one in queues.without_digest if one not in queues.without_questions]
    if read and queues.digest_share < MAX_DIGEST_SHARE:
        return Slice(SliceKind.DISTIL, document_id=read[0])
    if queues.without_questions:
        return Slice(SliceKind.PREDICT, document_id=queues.without_questions[0])
    if queues.without_digest:
        return Slice(SliceKind.DISTIL, document_id=queues.without_digest[0])
    if queues.later:
        question = queues.later[0]
        return Slice(SliceKind.PREPARE, question_id=question.id, document_id=question.document_id)
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
    if queues.unsure:
        question = queues.unsure[0]
        return Slice(SliceKind.PREPARE, question_id=question.id, document_id=question.document_id)
    return None
