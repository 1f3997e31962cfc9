"""Would the prepared answer to one question serve the other? The disagreement tests, and a calibrated P(same answer).

Words are laid side by side first: the same stem, a synonym, a kindred word. What then has no counterpart, and how
long it is, tells most. The cosine of the questions only chooses the candidates: among questions that share most words
it told nothing more (its weight came out as none). The logistic regression over these features was fitted
by ``tests/benchmarks/match_fit.py``, its figures are in ``resources/measured/match.json``.
"""

import json
import math
from dataclasses import dataclass
from functools import lru_cache

from pillowbook.answering.disagreements import disagreements, kinds_differ_loosely
from pillowbook.answering.lexicon import Relation, relation
from pillowbook.answering.pairs import normalise_question
from pillowbook.answering.question import Question, is_light, read_question
from pillowbook.domain.asking import PairVerdict
from pillowbook.host.resources import resource

FEATURES = (
    "shared", "asked_only", "prepared_only", "swapped", "light_only", "longest", "synonyms", "derived",
    "near_synonyms", "kind_loose", "small_words", "inversions",
)  # fmt: skip
MAX_COUNTED = 4
ERROR_RATE = 0.01
"""Of hits among pairs that ask for different answers: what the threshold was set at."""

PRIOR_VERDICTS = 20
"""How many verdicts of the user on one entry weigh as much as the measured error rate."""

MIN_THRESHOLD = 0.5
MIN_SIMILARITY = 0.5
"""Cosine under which words that agree are not believed; far below any rewording built on (0.78)."""

FORBIDDEN_P = 0.2
"""P(same answer) of a pair that a test forbids is at most this, well under any threshold."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """The words of two questions side by side.

    Attributes:
        pairs: how the words that have a counterpart stand to it.
        prepared_only: stems of the prepared question without a counterpart; ``asked_only`` those of the asked one.
    """

    pairs: tuple[Relation, ...]
    prepared_only: tuple[str, ...]
    asked_only: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PairFeatures:
    """The features in the order of ``FEATURES``, and the disagreements that forbid a hit whatever they weigh."""

    values: tuple[float, ...]
    forbidden: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MatchParameters:
    """The fitted logistic regression: one weight per feature, an intercept, and the threshold for a hit."""

    weights: tuple[float, ...]
    intercept: float
    threshold: float


def align(prepared: Question, asked: Question) -> Alignment:
    """Give each word of one question its nearest counterpart in the other, nearest pairs first."""
    ours, theirs = list(prepared.roots), list(asked.roots)
    found = sorted(
        ((kind, a, b) for a in ours for b in theirs if (kind := relation(a, b)) is not Relation.NONE),
        key=lambda one: -one[0],
    )
    pairs: list[Relation] = []
    for kind, a, b in found:
        if a in ours and b in theirs:
            ours.remove(a)
            theirs.remove(b)
            pairs.append(kind)
    return Alignment(tuple(pairs), tuple(ours), tuple(theirs))


def pair_features(prepared: str, asked: str) -> PairFeatures:
    """Features of a pair of questions."""
    first, second = read_question(prepared), read_question(asked)
    aligned = align(first, second)
    ours, theirs = aligned.prepared_only, aligned.asked_only
    heavy = [root for root in (*ours, *theirs) if not is_light(root)]
    asked_heavy = [root for root in theirs if not is_light(root)]
    total = len(aligned.pairs) + len(ours) + len(theirs)
    counts = {kind: aligned.pairs.count(kind) for kind in Relation}
    small = first.small ^ second.small
    values = (
        len(aligned.pairs) / total if total else 1.0,
        float(min(MAX_COUNTED, len(asked_heavy))),
        float(min(MAX_COUNTED, len(heavy) - len(asked_heavy))),
        float(bool(asked_heavy) and len(heavy) > len(asked_heavy)),
        float(len(ours) + len(theirs) - len(heavy)),
        max((len(root) for root in heavy), default=0) / 10.0,
        float(counts[Relation.SYNONYM]),
        float(counts[Relation.DERIVED]),
        float(counts[Relation.NEAR]),
        float(kinds_differ_loosely(first, second)),
        len(small) / max(1, len(first.small | second.small)),
        _inversions(first.roots, second.roots),
    )
    return PairFeatures(values, disagreements(first, second, (ours, theirs)))


def probability(features: PairFeatures, parameters: MatchParameters) -> float:
    """P(same answer) by the fitted model; what is forbidden is capped well under any threshold."""
    total = parameters.intercept + sum(
        weight * value for weight, value in zip(parameters.weights, features.values, strict=True)
    )
    p_same = 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, total))))
    return min(p_same, FORBIDDEN_P) if features.forbidden else p_same


def judge_pair(
    prepared: str,
    asked: str,
    similarity: float,
    *,
    threshold: float | None = None,
    parameters: MatchParameters | None = None,
) -> PairVerdict:
    """What the hit policy alone says of a pair: the retrieval's agreement is not part of it.

    Args:
        similarity: cosine of the questions' embeddings.
        threshold: of this entry, where the user's verdicts moved it.
    """
    if normalise_question(prepared) == normalise_question(asked):
        return PairVerdict(1.0, True, ("same-words",))
    if similarity < MIN_SIMILARITY:
        return PairVerdict(0.0, False, ("too-far",))
    parameters = parameters or measured_parameters()
    features = pair_features(prepared, asked)
    p_same = probability(features, parameters)
    needed = parameters.threshold if threshold is None else threshold
    is_hit = p_same >= needed and not features.forbidden
    reasons = features.forbidden or (("similar-enough",) if is_hit else ("not-sure-enough",))
    return PairVerdict(round(p_same, 4), is_hit, reasons)


def own_threshold(threshold: float, *, right: int, wrong: int) -> float:
    """The threshold of one entry, moved by the user's verdicts on where it was served for other words.

    The idea of a threshold of its own for each entry is vCache's (arXiv 2502.03771); this is its simplest form. The
    entry's own rate of wrong hits is that of a Beta prior at the measured rate, updated by its verdicts; where it is k
    times the measured one, the odds of being wrong that a hit may have are cut to a k-th. One "wrong question" makes it
    about six times stricter, ten "right" half as strict again as it was.
    """
    own_rate = (PRIOR_VERDICTS * ERROR_RATE + wrong) / (PRIOR_VERDICTS + right + wrong)
    allowed = (1.0 - threshold) / threshold * ERROR_RATE / own_rate
    return max(MIN_THRESHOLD, 1.0 / (1.0 + allowed))


@lru_cache(maxsize=1)
def measured_parameters() -> MatchParameters:
    """The parameters that were fitted and measured by ``tests/benchmarks/match_fit.py``."""
    stored = json.loads(resource("measured", "match.json").read_text(encoding="utf-8"))
    weights = stored["weights"]
    return MatchParameters(
        tuple(float(weights[name]) for name in FEATURES),
        float(stored["intercept"]),
        float(stored["threshold"]),
    )


def _inversions(ours: tuple[str, ...], theirs: tuple[str, ...]) -> float:
    """Share of pairs of shared words that stand in the other order (Kendall's distance)."""
    mine = [word for position, word in enumerate(ours) if word in theirs and word not in ours[:position]]
    places = [theirs.index(word) for word in mine]
    pairs = [(a, b) for i, a in enumerate(places) for b in places[i + 1 :]]
    return sum(a > b for a, b in pairs) / len(pairs) if pairs else 0.0
