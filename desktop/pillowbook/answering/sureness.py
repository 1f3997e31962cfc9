"""How sure is an answer? A calibrated probability that it is right, from what the model and the texts give away.

Asked for a word, a model of this size says "yes, the note says so" of nearly all its inventions. How *probable* it
finds "yes", and how probable it found to refuse, tells answers and inventions apart far better. A logistic regression
over these and over what code can compare gives P(right); below a threshold the notes do not say.

Two regressions, one after the other: the first has what the answer's own reading gave and decides where it is sure
already; only between its two bounds a second, short reading of the cited units is paid for. Their parameters and how
they were fitted are in ``resources/measured/answer.json``, made by ``tests/benchmarks/answer_fit.py``.
"""

import json
import math
from dataclasses import dataclass
from functools import lru_cache

from pillowbook.host.resources import resource

FEATURES = (
    "refusal", "least", "mean", "similarity", "share", "known", "covered", "missing", "carried", "fits", "about",
)  # fmt: skip
"""Of the first regression, in their order."""

FEATURES_READ = (*FEATURES, "stated")
"""Of the second."""


@dataclass(frozen=True, slots=True)
class Signals:
    """What tells whether an answer is right.

    Attributes:
        refusal: natural log-probability that the model would have refused instead.
        least, mean: log-probabilities of the least probable token of the answer, and of all on average.
        similarity: cosine of the question and the nearest cited unit.
        share: how likely the best cited unit holds the answer, among all units found (see ``rank``).
        known: share of the question's specific words that the cited documents know, 0 to 1.
        covered: share of the question's words that the best cited unit or its place holds, rare ones counting more.
        missing: numbers and names of the question that nothing found in the cited documents holds.
        carried: share of the answer's own content words that the cited units hold.
        fits: whether the answer is of the sort that was asked for (an amount, a time).
        about: whether all that was found together knows the question's numbers, names and specific words.
        stated: log-odds of yes against no, that the cited units answer the question; None when not read again.
    """

    refusal: float
    least: float
    mean: float
    similarity: float
    share: float
    known: float
    covered: float
    missing: int
    carried: float
    fits: bool
    about: bool
    stated: float | None = None

    def row(self) -> tuple[float, ...]:
        """The features of the first regression, or of the second when ``stated`` is known; probabilities bounded."""
        first = (
            max(-12.0, self.refusal),
            max(-6.0, self.least),
            max(-3.0, self.mean),
            self.similarity,
            self.share,
            self.known,
            self.covered,
            float(min(3, self.missing)),
            self.carried,
            float(self.fits),
            float(self.about),
        )
        return first if self.stated is None else (*first, max(-6.0, min(6.0, self.stated)))


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
        first, second: without and with the second reading.
        low, high: at or below ``low`` and at or above ``high`` the first decides alone.
        threshold: below it the notes do not say.
    """

    first: Regression
    second: Regression
    low: float
    high: float
    threshold: float

    def probability(self, signals: Signals) -> float:
        """P(right), by the regression that has all its features."""
        regression = self.first if signals.stated is None else self.second
        return regression.probability(signals.row())

    def is_decided(self, signals: Signals) -> bool:
        """Whether a second reading would hardly change anything."""
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
        second=regression("second", FEATURES_READ),
        low=stored["low"],
        high=stored["high"],
        threshold=stored["threshold"],
    )
