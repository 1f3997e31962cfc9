"""Whether what was prepared is as good as what would be answered live."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from pillowbook.domain.answers import Reason
from pillowbook.domain.ids import QuestionId


class AuditOutcome(StrEnum):
    """How a prepared answer stands beside a live one to the same question."""

    BETTER = "better"
    SAME = "same"
    WORSE = "worse"


@dataclass(frozen=True, slots=True)
class AuditCandidate:
    """A prepared answer that may be audited."""

    question_id: QuestionId
    question: str
    served: int
    prepared_at: datetime
    checks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AuditRate:
    """How the answers of one way of preparing (its reason, and the checks they passed) fared."""

    reason: Reason
    checks: tuple[str, ...]
    better: int
    same: int
    worse: int

    @property
    def worse_share(self) -> float:
        """The share that was worse than live, 0 to 1."""
        return self.worse / max(1, self.better + self.same + self.worse)


PRIOR_HELD: Final = 4.0
PRIOR_FAILED: Final = 1.0
"""What is believed of a way of preparing before anything was seen: four in five hold."""


@dataclass(frozen=True, slots=True)
class Trust:
    """How far answers prepared for one reason hold: a Beta distribution over P(right), fed by audits and verdicts.

    ``held`` and ``failed`` are counts, the prior left out.
    """

    reason: Reason
    held: int = 0
    failed: int = 0

    @property
    def mean(self) -> float:
        """The expected P(right)."""
        return (PRIOR_HELD + self.held) / (PRIOR_HELD + PRIOR_FAILED + self.held + self.failed)

    @property
    def spread(self) -> float:
        """The standard deviation of P(right): how unsure the mean is."""
        a, b = PRIOR_HELD + self.held, PRIOR_FAILED + self.failed
        return float((a * b / ((a + b) ** 2 * (a + b + 1))) ** 0.5)
