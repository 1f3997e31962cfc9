"""Which predicted question is most worth answering: P(asked) x seconds saved x P(verified) / cost.

P(asked) is a rate with a Gamma posterior (Gamma-Poisson, a conjugate pair: Gelman et al., "Bayesian Data Analysis",
2.6). A question's share of its document's rate (``worth``) is multiplied by a factor for why it was predicted and one
for how it begins ("who", "how much"). Each factor is what came against what was to be expected, leaning on 1 as long as
little is known; the one for the beginning is reckoned over what the reason leaves unexplained. P(verified) is a Beta
posterior over what preparing gave, times the trust that audits and verdicts left. One question in
:data:`EXPLORED_EVERY`, by a draw of the night, is ranked by factors that are drawn from their posteriors (Thompson
1933): what is little known has its turn.

What is worth less than reading the next section waits until there is none: so the number that is prepared of a document
follows what pays, too.
"""

import random
import re
import zlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pillowbook.domain.answers import Question, Reason
from pillowbook.domain.audit import Trust
from pillowbook.domain.ids import DocumentId
from pillowbook.domain.interest import Outcome, Tries

HORIZON_DAYS: Final = 14.0
"""An answer nobody asked for by then counts as wasted (``account``)."""

LEAN: Final = 2.0
"""A factor of 1 weighs as so many questions do."""

VERIFIED_AT_FIRST: Final = (2.0, 3.0)
"""Four predicted questions in ten get a sure answer (measured, decision 0014), as if seen so often."""

SECONDS_AT_FIRST: Final = 3.0
READING_S: Final = 20.0
"""What one answer takes when its section is in memory, and what reading a section takes: measured there."""

QUESTIONS_A_SECTION: Final = 6.0
EXPLORED_EVERY: Final = 8
WAITS_BELOW: Final = 0.25
"""A question waits where it is worth less than this part of what reading the next section is worth: only what clearly
does not pay, since both are estimates and waiting for too little cost more than it saved (decision 0014)."""

_OPENING = re.compile(
    r"\b(who|whose|when|where|why|which|how (?:many|much|long|often)|how|what)\b", re.IGNORECASE
)


def opening(question: str) -> str:
    """How a question begins, as far as that tells what it is after; ``is`` for questions to be answered yes or no."""
    found = _OPENING.match(question.strip())
    return "is" if found is None else found[1].casefold()


@dataclass(slots=True)
class _Factor:
    """How much oftener than expected questions of one sort are asked: a Gamma posterior over that factor."""

    asked: float = LEAN
    expected: float = LEAN

    @property
    def mean(self) -> float:
        return self.asked / self.expected

    def drawn(self, draw: random.Random) -> float:
        return draw.gammavariate(self.asked, 1.0 / self.expected)


class Odds:
    """What is known of predicted questions at one time, learned from those that were prepared.

    Args:
        rates: questions a day that each document is cited for.
        questions: how many were predicted from each document.
        outcomes: what became of the prepared ones.
        tries: what preparing gave and took, by reason.
    """

    def __init__(
        self,
        *,
        rates: Mapping[DocumentId, float],
        questions: Mapping[DocumentId, int],
        outcomes: Sequence[Outcome],
        tries: Mapping[Reason, Tries],
        trust: Mapping[Reason, Trust],
        now: datetime,
    ) -> None:
        self._rates = rates
        self._mean_rate = sum(rates.values()) / len(rates) if rates else 0.0
        self._questions = questions
        self._tries = tries
        self._trust = trust
        self._night = (now.astimezone() - timedelta(hours=12)).toordinal()
        self._reasons: dict[Reason, _Factor] = defaultdict(_Factor)
        self._openings: dict[str, _Factor] = defaultdict(_Factor)
        expected = [
            self._share(one.document_id) * max(0.0, (now - one.prepared_at) / timedelta(days=1))
            for one in outcomes
        ]
        for one, due in zip(outcomes, expected, strict=True):
            self._reasons[one.reason].asked += one.asked
            self._reasons[one.reason].expected += due
        for one, due in zip(outcomes, expected, strict=True):
            self._openings[opening(one.text)].asked += one.asked
            self._openings[opening(one.text)].expected += due * self._reasons[one.reason].mean
        spent = [one for one in tries.values() if one.count]
        self._mean_s = (SECONDS_AT_FIRST + sum(one.seconds for one in spent)) / (
            1 + sum(one.count for one in spent)
        )

    def p_asked(self, one: Question) -> float:
        """That a question is asked within :data:`HORIZON_DAYS`: at least one event of the negative binomial that a
        Gamma-Poisson rate predicts. Unsure rates give less than sure ones of the same mean.
        """
        return self._p(one, self._reasons[one.reason].mean, self._openings[opening(one.text)].mean)

    def p_verified(self, reason: Reason) -> float:
        """That preparing gives an answer, and that it holds."""
        tries = self._tries.get(reason, Tries())
        held, failed = VERIFIED_AT_FIRST
        return (
            (held + tries.done) / (held + failed + tries.count) * self._trust.get(reason, Trust(reason)).mean
        )

    def seconds(self, reason: Reason) -> float:
        """What preparing an answer takes; leans on the mean of all reasons."""
        tries = self._tries.get(reason, Tries())
        return (LEAN * self._mean_s + tries.seconds) / (LEAN + tries.count)

    def worth(self, one: Question, *, in_memory: DocumentId | None) -> float:
        """Expected servings for a second of work; what a serving saves is the same for all, and is left out.

        Args:
            in_memory: the document whose section the model read last: its answers need no reading.
        """
        p_asked = self.p_asked(one)
        if is_explored(self._night, one):
            draw = random.Random(f"{self._night} {one.reason} {opening(one.text)}")
            factors = self._reasons[one.reason].drawn(draw), self._openings[opening(one.text)].drawn(draw)
            p_asked = self._p(one, *factors)
        is_read = one.document_id is not None and one.document_id == in_memory
        cost_s = self.seconds(one.reason) + (0.0 if is_read else READING_S / QUESTIONS_A_SECTION)
        return p_asked * self.p_verified(one.reason) / cost_s

    def worth_of_reading(
        self, document_id: DocumentId, passages: int, reason: Reason = Reason.CONTENT
    ) -> float:
        """The same for reading the next section of a document and answering what is predicted from it.

        Args:
            passages: how many the document has: its rate is shared by all that would be predicted from it.
        """
        share = self._rates.get(document_id, self._mean_rate) / max(1.0, passages * 2.0)
        p_asked = self._chance(share * self._reasons[reason].mean, LEAN)
        brings = QUESTIONS_A_SECTION * p_asked * self.p_verified(reason)
        return brings / (READING_S + QUESTIONS_A_SECTION * self.seconds(reason))

    def _p(self, one: Question, by_reason: float, by_opening: float) -> float:
        rate = self._share(one.document_id) * by_reason * by_opening
        return self._chance(
            rate, min(self._reasons[one.reason].asked, self._openings[opening(one.text)].asked)
        )

    @staticmethod
    def _chance(rate: float, shape: float) -> float:
        return float(1.0 - (1.0 + rate * HORIZON_DAYS / shape) ** -shape)

    def _share(self, document_id: DocumentId | None) -> float:
        """The rate of one question of a document, before anything is known of the question."""
        if document_id is None:
            return self._mean_rate
        return self._rates.get(document_id, self._mean_rate) / max(1, self._questions.get(document_id, 1))


def is_explored(night: int, one: Question) -> bool:
    """Whether a question is among the explored ones of a night; the same on every machine and run."""
    return zlib.crc32(f"{night} {one.id}".encode()) % EXPLORED_EVERY == 0


def in_order(
    questions: Sequence[Question], odds: Odds, *, in_memory: DocumentId | None, floor: float
) -> tuple[list[Question], list[Question]]:
    """Questions by their worth, most first: those to answer now, and those that wait for want of worth.

    Args:
        floor: what reading the next section is worth; 0 where there is none.
    """
    scored = [(odds.worth(one, in_memory=in_memory), one) for one in questions]
    scored.sort(key=lambda pair: -pair[0])  # keeps the order of equals
    now = [one for worth, one in scored if worth >= WAITS_BELOW * floor]
    return now, [one for worth, one in scored if worth < WAITS_BELOW * floor]
