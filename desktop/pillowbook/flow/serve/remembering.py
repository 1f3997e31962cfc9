"""What is remembered of asking: the question, how it was answered, and whether it is put again soon."""

import logging
from dataclasses import replace

from pillowbook.answering.confidential import is_confidential
from pillowbook.answering.pairs import normalise_question
from pillowbook.domain.answers import Answer, AnswerKind, PreparedAnswer, Reason
from pillowbook.domain.errors import DiskFull
from pillowbook.domain.ids import DocumentId, PreparedId, ServingId
from pillowbook.flow.serve.again import AskedLately
from pillowbook.flow.serve.asking import Asking
from pillowbook.flow.serve.questions import Vector
from pillowbook.store.knowledge import Knowledge

log = logging.getLogger(__name__)


class Remembering:
    """Remembers servings in the vault. Thread-safe as far as the stores are."""

    def __init__(self, *, knowledge: Knowledge, lately: AskedLately) -> None:
        self._knowledge = knowledge
        self._lately = lately

    def served(self, asking: Asking, answer: Answer) -> Answer:
        """Remember a serving, where that is wished; the answer as it is served then names it."""
        if not asking.learn:
            return answer
        serving_id = self._remember(
            asking.question,
            answer.kind,
            answer.latency_ms,
            answer.prepared_id,
            answer,
            asking.vector,
            asking.words_of,
        )
        return replace(answer, serving_id=serving_id)

    def origins(self, asking: Asking) -> frozenset[DocumentId]:
        """The documents whose words a question may hold, as far as that is known by now or from before."""
        return asking.words_of | self._knowledge.origins_of(normalise_question(asking.question))

    def used(self, question: str, prepared: PreparedAnswer) -> ServingId | None:
        """Remember that a prepared answer was used that stood there before anything was asked."""
        return self._remember(question, AnswerKind.HIT, 0.0, prepared.id, prepared, None)

    def _remember(
        self,
        question: str,
        kind: AnswerKind,
        latency_ms: float,
        matched: PreparedId | None,
        said: Answer | PreparedAnswer,
        vector: Vector | None,
        words_of: frozenset[DocumentId] = frozenset(),
    ) -> ServingId | None:
        normal = normalise_question(question)
        if not normal:
            return None
        is_kept = not is_confidential(question, said.answer, said.citations)
        try:
            serving_id = self._knowledge.record_asked(
                normal,
                question,
                kind,
                latency_ms,
                matched,
                answer=said.answer if is_kept else "",
                documents=_rests_on(said),
                words_of=words_of,
            )
            if matched is None:
                self._knowledge.add_question(question, normal, Reason.MISSED, vector=vector)
            earlier = self._lately.note(serving_id, question, normal)
            if earlier is not None:
                self._knowledge.remembered.note_asked_again(earlier, serving_id)
            return serving_id
        except DiskFull:
            log.warning("question not remembered, the disk is full")  # the answer is there all the same
            return None


def _rests_on(said: Answer | PreparedAnswer) -> tuple[DocumentId, ...]:
    """With whose deletion what was said is forgotten."""
    all_of_it = (
        said.document_ids
        if isinstance(said, Answer)
        else tuple(source.document_id for source in said.sources)
    )
    return tuple(dict.fromkeys((*all_of_it, *(one.document_id for one in said.citations))))
