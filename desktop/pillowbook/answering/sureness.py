"""How sure is an answer? A calibrated probability that it is right, from what the model and the texts give away.

Asked for a word, a model of this size says "yes, the notes say so" of nearly all its inventions. How *probable* it
finds "yes", and how probable it found to refuse, tells answers and inventions apart far better. A logistic regression
over these and over what code can compare gives P(right); below a threshold the notes do not say.

Three regressions: of an answer alone, which decides where it is sure already; of the same answer once it is known how
far a second one agrees; and of that second answer. Their parameters and how they were fitted are in
``resources/measured/answer.json``, made by ``tests/benchmarks/answer_fit.py``.
"""

import json
import math
from dataclasses import dataclass
from functools import lru_cache

from pillowbook.answering.terms import stems
from pillowbook.host.resources import resource

FEATURES = ("refusal", "similarity", "share", "missing", "stated")
"""Of the first regression, in their order."""

FEATURES_AGAIN = (*FEATURES, "agrees")
"""Of the second and of the third."""


@dataclass(frozen=True, slots=True)
class Signals:
    """What tells whether an answer is right.

    Attributes:
        refusal: natural log-probability that the model would have refused instead.
        similarity: cosine of the question and the nearest cited unit.
        share: how likely the best cited unit holds the answer, among all units found (see ``rank``).
        missing: numbers and names of the question that nothing found in the cited documents holds.
        stated: log-odds of yes against no, that what was read answers the question.
        agrees: how far the second answer says the same, 0 to 1; None when the model was not asked again.
    """

    refusal: float
    similarity: float
    share: float
    missing: int
    stated: float
    agrees: float | None = None

    def row(self) -> tuple[float, ...]:
        """The features of the first regression, or of the others when ``agrees`` is known; logarithms bounded."""
        first = (
            max(-12.0, self.refusal),
            self.similarity,
            self.share,
            float(min(3, self.missing)),
            max(-6.0, min(6.0, self.stated)),
        )
        return first if self.agrees is None else (*first, self.agrees)


@dataclass(frozen=True, slots=True)
class Regression:
    """A logistic regression."""

    weights: tuple[float, ...]
    intercept: float

    def probability(self, row: tuple[float, ...]) -> float:
        """P of the row.

        Raises:
            ValueError: it has another number of features.
        """
        logit = self.intercept + sum(w * x for w, x in zip(self.weights, row, strict=True))
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, logit))))


@dataclass(frozen=True, slots=True)
class Sureness:
    """P(right) of an answer.

    Attributes:
        first: of an answer alone.
        second, again: of that answer, and of the second one, once it is known how far they agree.
        low, high: at or below ``low`` and at or above ``high`` the first decides alone.
        threshold: below it the notes do not say.
    """

    first: Regression
    second: Regression
    again: Regression
    low: float
    high: float
    threshold: float

    def probability(self, signals: Signals) -> float:
        """P(right), by the regression that has all its features."""
        regression = self.first if signals.agrees is None else self.second
        return regression.probability(signals.row())

    def probability_again(self, signals: Signals) -> float:
        """P(right) of a second answer."""
        return self.again.probability(signals.row())

    def is_decided(self, signals: Signals) -> bool:
        """Whether asking again would hardly change anything."""
        return not self.low < self.probability(signals) < self.high


@lru_cache(maxsize=1)
def measured_sureness() -> Sureness:
    """The parameters that were fitted and measured by ``tests/benchmarks/answer_fit.py``."""
    stored = json.loads(resource("measured", "answer.json").read_text(encoding="utf-8"))

    def regression(name: str, features: tuple[str, ...]) -> Regression:
        weights = stored[name]["weights"]
        return Regression(tuple(weights[feature] for feature in features), stored[name]["intercept"])

    return Sureness(
        first=regression("first", FEATURES),
        second=regression("second", FEATURES_AGAIN),
        again=regression("again", FEATURES_AGAIN),
        low=stored["low"],
        high=stored["high"],
        threshold=stored["threshold"],
    )


def agreement(answer: str, other: str) -> float:
    """How far another answer says the same: the share of the answer's words that it has, by their stems, 0 to 1."""
    own = frozenset(stems(answer))
    return len(own & frozenset(stems(other))) / len(own) if own else 0.0
