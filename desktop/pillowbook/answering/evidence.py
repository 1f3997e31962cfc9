"""What a retrieval gives: the passages that bear on a question, and the units of them that may hold its answer."""

from dataclasses import dataclass

from pillowbook.answering.units import Unit
from pillowbook.domain.documents import Passage


@dataclass(frozen=True, slots=True)
class Evidence:
    """A passage found for a question.

    Attributes:
        score: only good for comparing within one retrieval.
        similarity: cosine of question and passage; 0.0 where the passage has no vector yet.
        word_rank: position among the hits by words, from 0; None when words did not find it.
    """

    passage: Passage
    score: float
    similarity: float
    word_rank: int | None


@dataclass(frozen=True, slots=True)
class RankedUnit:
    """A unit and how well it fits the question.

    Attributes:
        score: only good for comparing within one ranking.
        similarity: cosine of the question and the unit with its place.
        share: how likely, among all units found, it is the one that holds the answer, if one does; they come to 1.
        before: the unit before it, where it begins with a word such as "it" or "this" that points back.
    """

    unit: Unit
    score: float
    similarity: float
    share: float = 0.0
    before: Unit | None = None
