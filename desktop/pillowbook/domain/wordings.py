"""Two questions whose answers may be one."""

from dataclasses import dataclass
from enum import StrEnum

from pillowbook.domain.ids import QuestionId


class PairJudgement(StrEnum):
    """What was found of a question that was asked and a prepared one near it.

    ``same``: the asked one is a wording of the prepared one, and shares its answer. ``different``: the prepared answer
    is never served for it. ``unclear``: neither could be told.
    """

    SAME = "same"
    DIFFERENT = "different"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A question that was answered live, and a prepared one that had been near."""

    question_id: QuestionId
    near_id: QuestionId
