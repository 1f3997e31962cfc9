"""Fit the hit policy: P(same answer) of a prepared and an asked question. ``matching.py`` measures it.

Run:  python -m tests.benchmarks.match_fit --data DIR [--write FILE]

Fitted on one half of the articles of ``DIR/squad_vault/dev`` (SQuAD 2.0 dev, CC BY-SA 4.0): questions on one paragraph
that share most words, questions that the paragraph does not answer beside the likest one that it does (always two
questions), and rephrasings by rule; on the build half of ``tests/data/traps.jsonl``, and on
``tests/data/rewordings_fit.jsonl``, both written for this project. The threshold is the lowest at which, in
predictions for folds that the fit has not seen, the upper end of the 95 % interval of the wrong hits is at most 1 %.
``--write resources/measured/match.json`` stores the parameters.
"""

import argparse
import hashlib
import json
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tests.benchmarks.question_pairs import (
    Pair,
    own_pairs,
    read_jsonl,
    split_articles,
    squad_pairs,
    trap_pairs,
    wilson,
)

from pillowbook.answering.judging import FEATURES, PairFeatures, pair_features
from pillowbook.answering.pairs import normalise_question
from pillowbook.answering.terms import stems

MAX_WRONG = 0.01
RIDGE = 0.3
MADE_WEIGHT = 0.3
"""Of a pair made by rule in the fit, against one that people wrote."""

FOLDS = 10
NON_NEGATIVE = frozenset({"shared"})
"""What more of never makes two questions less the same; what is in neither set may be of either sign."""

NON_POSITIVE = frozenset(FEATURES) - NON_NEGATIVE - {"synonyms", "derived", "near_synonyms"}
"""What more of never makes them more the same; made rephrasings differ in small words and order, which taught that."""


def made_pairs(squad: Path, articles: set[str], seed: int) -> list[Pair]:
    """Rephrasings by rule of questions on these articles."""
    rng = random.Random(seed)
    rows = [row for row in read_jsonl(squad / "questions.jsonl") if row["note"] in articles]
    pairs: list[Pair] = []
    for row in rng.sample(rows, 250):
        question = row["question"]
        told = question.rstrip("?").split()
        lowered = [word.lower() for word in told]
        dropped = [word for word in told if word.lower() not in {"the", "a", "an", "of", "did", "does", "do"}]
        variants = [" ".join(dropped), f"tell me {' '.join(lowered)}"]
        if lowered[:2] == ["what", "is"]:
            variants.append(" ".join(told[2:]))
        if lowered[0] in {"what", "who", "when", "where"} and len(told) > 5:
            variants.append(" ".join([*told[2:], *told[:2]]))
        pairs.append(Pair(question, rng.choice(variants), True, row["note"], "made", MADE_WEIGHT))
    return pairs


def unanswerable_pairs(squad: Path, articles: set[str]) -> list[Pair]:
    """A question that its paragraph does not answer, beside the likest one that it does: never the same."""
    answerable: dict[tuple[str, int], list[str]] = {}
    for row in read_jsonl(squad / "questions.jsonl"):
        answerable.setdefault((row["note"], row["paragraph_index"]), []).append(row["question"])
    pairs: list[Pair] = []
    for row in read_jsonl(squad / "questions_unanswerable.jsonl"):
        others = answerable.get((row["note"], row["paragraph_index"]), [])
        if row["note"] in articles and others:
            asked = frozenset(stems(row["question"]))
            likest = max(others, key=lambda other: _likeness(asked, frozenset(stems(other))))
            pairs.append(Pair(likest, row["question"], False, row["note"], "unanswerable"))
    return pairs


def _likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """Jaccard's share of common words."""
    return len(one & other) / max(1, len(one | other))


def fit(features: Sequence[PairFeatures], pairs: Sequence[Pair]) -> tuple[NDArray, float]:
    """Ridge logistic regression by Newton's method; the intercept is not shrunk, some weights are kept from
    changing sign: a feature that would is left out.
    """
    rows = np.array([[*one.values, 1.0] for one in features])
    target = np.array([pair.same for pair in pairs], dtype=float)
    weights = np.array([pair.weight for pair in pairs])
    active = np.ones(rows.shape[1], dtype=bool)
    while True:
        beta = np.zeros(rows.shape[1])
        beta[active] = _newton(rows[:, active], target, weights)
        wrong = [
            at
            for at, name in enumerate(FEATURES)
            if (beta[at] < 0 and name in NON_NEGATIVE) or (beta[at] > 0 and name in NON_POSITIVE)
        ]
        if not wrong:
            return beta[:-1], float(beta[-1])
        active[wrong] = False


def _newton(rows: NDArray, target: NDArray, weights: NDArray) -> NDArray:
    beta = np.zeros(rows.shape[1])
    ridge = np.full(rows.shape[1], RIDGE)
    ridge[-1] = 1e-6
    for _ in range(50):
        p = 1.0 / (1.0 + np.exp(-np.clip(rows @ beta, -30, 30)))
        gradient = rows.T @ (weights * (p - target)) + ridge * beta
        hessian = (rows * (weights * p * (1 - p))[:, None]).T @ rows + np.diag(ridge)
        step = np.linalg.solve(hessian, gradient)
        beta -= step
        if np.abs(step).max() < 1e-8:
            break
    return beta


def predict(features: Sequence[PairFeatures], beta: NDArray, intercept: float) -> NDArray:
    return np.array([1 / (1 + np.exp(-(np.dot(beta, one.values) + intercept))) for one in features])


def unseen_predictions(features: Sequence[PairFeatures], pairs: Sequence[Pair]) -> NDArray:
    """P(same) of each pair from a fit on the other folds; a group is never torn apart."""
    fold = np.array([hashlib.sha256(pair.group.encode()).digest()[1] % FOLDS for pair in pairs])
    found = np.zeros(len(pairs))
    for number in range(FOLDS):
        inside = np.flatnonzero(fold == number)
        outside = np.flatnonzero(fold != number)
        beta, intercept = fit([features[int(i)] for i in outside], [pairs[int(i)] for i in outside])
        found[inside] = predict([features[int(i)] for i in inside], beta, intercept)
    return found


def choose_threshold(p_same: NDArray, pairs: Sequence[Pair], different: int) -> float:
    """The lowest threshold at which wrong hits are at most ``MAX_WRONG``, with the margin of the 95 % interval.

    Args:
        different: how many different pairs there are, with those that a test forbids.
    """
    wrong = np.sort([p for p, pair in zip(p_same, pairs, strict=True) if not pair.same])[::-1]
    budget = max((n for n in range(len(wrong) + 1) if wilson(n, different)[1] <= MAX_WRONG), default=0)
    print(f"threshold: {budget} wrong hits of {different} allowed")
    return float(max(0.5, wrong[budget] + 1e-4 if len(wrong) > budget else 0.5))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--write", type=Path, help="where to write match.json")
    arguments = parser.parse_args()
    squad = arguments.data / "squad_vault" / "dev"
    near = squad_pairs(squad)
    articles, _held = split_articles(near)
    pairs = [pair for pair in near if pair.group in articles]
    pairs += [*made_pairs(squad, articles, seed=7), *own_pairs(), *trap_pairs("build")]
    pairs += unanswerable_pairs(squad, articles)
    pairs = [one for one in pairs if normalise_question(one.prepared) != normalise_question(one.asked)]
    features = [pair_features(one.prepared, one.asked) for one in pairs]
    # What is forbidden is decided already: the model is for the rest.
    left = [(pair, one) for pair, one in zip(pairs, features, strict=True) if not one.forbidden]
    left_pairs, left_features = [pair for pair, _one in left], [one for _pair, one in left]
    unseen = unseen_predictions(left_features, left_pairs)
    threshold = choose_threshold(unseen, left_pairs, sum(not pair.same for pair in pairs))
    beta, intercept = fit(left_features, left_pairs)
    weights = {name: round(float(weight), 5) for name, weight in zip(FEATURES, beta, strict=True)}
    print(weights, round(intercept, 3), round(threshold, 4))
    same = [p for p, pair in zip(unseen, left_pairs, strict=True) if pair.same and pair.kind != "made"]
    total = sum(pair.same and pair.kind != "made" for pair in pairs)
    print(f"hits at it, unseen: {sum(p >= threshold for p in same)} of {total}")
    for low in np.arange(0.0, 1.0, 0.1):
        inside = [pair.same for p, pair in zip(unseen, left_pairs, strict=True) if low <= p < low + 0.1]
        if inside:
            print(f"  P(same) {low:.1f}-{low + 0.1:.1f}: {np.mean(inside):.2f} of {len(inside)} the same")
    if arguments.write:
        stored = {
            "what": "logistic regression P(same answer) over features of a pair of questions",
            "script": "tests/benchmarks/match_fit.py",
            "command": "python -m tests.benchmarks.match_fit --data DIR "
            "--write resources/measured/match.json",
            "fitted_on": "SQuAD 2.0 dev (CC BY-SA 4.0), half of the articles: questions on one paragraph, questions "
            "it does not answer, rephrasings by rule; the build half of tests/data/traps.jsonl and "
            "tests/data/rewordings_fit.jsonl (both of this project)",
            "threshold_set_on": "the same pairs, each predicted by a fit on other folds: the upper end of the 95 % "
            "interval of the wrong hits is at most 1 %",
            "weights": weights,
            "intercept": round(intercept, 5),
            "threshold": round(threshold, 5),
        }
        arguments.write.write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
