"""What may be asked next, and is prepared: questions of the section, the note or the matter that was asked about."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from pillowbook.answering.pairs import canonical_stems, normalise_question
from pillowbook.answering.terms import words
from pillowbook.domain.answers import Citation, PreparedAnswer, Related
from pillowbook.store.knowledge import Knowledge

MOST: Final = 4
CITED_NOTES: Final = 3
"""The first few notes that an answer cites; what they say is nearest to it."""

SAME_WORDS: Final = 0.75
"""Two questions that share so much of their words, and two answers that say the same words, are one."""

SECTION, DOCUMENT, SUBJECT = "section", "document", "subject"
"""Kinds: it cites the same section, the same note, or is near in meaning."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What was asked or is offered already: its words, and what is answered."""

    normal: str
    stems: frozenset[str]
    answer: tuple[str, ...]

    @classmethod
    def of(cls, question: str, answer: str) -> "_Known":
        return cls(normalise_question(question), frozenset(canonical_stems(question)), tuple(words(answer)))

    def repeats(self, other: "_Known") -> bool:
        """Whether the one says nothing that the other does not."""
        union = self.stems | other.stems
        shared = len(self.stems & other.stems) / len(union) if union else 1.0
        is_same_answer = bool(self.answer) and self.answer == other.answer
        return self.normal == other.normal or shared >= SAME_WORDS or is_same_answer


def related_questions(
    knowledge: Knowledge,
    *,
    asked: Sequence[str],
    answer: str,
    citations: Sequence[Citation],
    near: Iterable[PreparedAnswer],
    may_be_used: Callable[[PreparedAnswer], bool],
) -> tuple[Related, ...]:
    """Prepared questions to go on with, those of the same section first; none that was just asked or answered.

    Args:
        asked: the question, and the prepared one it was matched with.
        answer: what was said.
        citations: what it rests on.
        near: prepared answers near the question in meaning, nearest first.
        may_be_used: of a prepared answer, whether its question may be told.
    """
    taken = [_Known.of(question, answer) for question in asked]
    notes = list(dict.fromkeys(cited.document_id for cited in citations))[:CITED_NOTES]
    sections = {(cited.document_id, cited.heading) for cited in citations}
    of_notes = knowledge.prepared_citing(notes) if notes else []
    in_section = [
        one for one in of_notes if any((c.document_id, c.heading) in sections for c in one.citations[:1])
    ]
    found: list[Related] = []
    for kind, candidates in ((SECTION, in_section), (SUBJECT, list(near)), (DOCUMENT, of_notes)):
        for one in candidates:
            known = _Known.of(one.question, one.answer)
            if not one.answer or any(known.repeats(other) for other in taken) or not may_be_used(one):
                continue
            taken.append(known)
            found.append(Related(one.question, kind))
            if len(found) == MOST:
                return tuple(found)
    return tuple(found)
