"""Fit and measure the hit policy: P(same answer) of a prepared and an asked question.

Run:  python tests/benchmarks/match_fit.py --data DIR --embedder DIR [--write FILE]

DIR holds ``squad_vault/dev`` (SQuAD 2.0 dev articles as notes) and, for measuring only, ``question_pairs``. Fitted on
one half of the articles; the threshold is set on the other half so that at most 1 % of its different questions would
be wrong hits. Same-answer pairs are rare in the data (66), so rephrasings made by rule are added for the fit, marked
as made, and never counted in the figures. ``--write resources/measured/match.json`` stores the parameters.
"""

import argparse
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pillowbook.answering.pairs import (
    FEATURES,
    MatchParameters,
    PairFeatures,
    judge_pair,
    normalise_question,
    pair_features,
)

MAX_WRONG = 0.01
RIDGE = 0.3
MADE_WEIGHT = 0.3
"""Of a pair made by rule in the fit, against one that people wrote."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A prepared and an asked question, whether one answer serves both, and where they come from."""

    prepared: str
    asked: str
    same: bool
    article: str
    made: bool = False


def read_jsonl(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def load_pairs(squad: Path) -> list[Pair]:
    return [
        Pair(row["cached"], row["query"], row["hit_ok"], row["note"])
        for row in read_jsonl(squad / "cache_nearmiss.jsonl")
    ]


def made_pairs(squad: Path, articles: set[str], seed: int) -> list[Pair]:
    """Rephrasings by rule (same), and other questions on the same paragraph with another answer (not the same)."""
    rng = random.Random(seed)
    rows = [row for row in read_jsonl(squad / "questions.jsonl") if row["note"] in articles]
    pairs: list[Pair] = []
    by_paragraph: dict[tuple[str, int], list[dict]] = {}
    for row in rows:
        by_paragraph.setdefault((row["note"], row["paragraph_index"]), []).append(row)
    for row in rng.sample(rows, 250):
        question = row["question"]
        words = question.rstrip("?").split()
        lowered = [word.lower() for word in words]
        dropped = [w for w in words if w.lower() not in {"the", "a", "an", "of", "did", "does", "do"}]
        variants = [" ".join(dropped), f"tell me {' '.join(lowered)}"]
        if lowered[:2] == ["what", "is"]:
            variants.append(" ".join(words[2:]))
        if lowered[0] in {"what", "who", "when", "where"} and len(words) > 5:
            variants.append(" ".join([*words[2:], *words[:2]]))
        pairs.append(Pair(question, rng.choice(variants), True, row["note"], made=True))
    for rows_here in by_paragraph.values():
        for first, second in pairwise(rows_here):
            answers = {answer.lower() for answer in first["answers"]}
            if not answers & {answer.lower() for answer in second["answers"]}:
                pairs.append(Pair(first["question"], second["question"], False, first["note"], made=True))
    return pairs


def split_articles(pairs: Sequence[Pair]) -> tuple[set[str], set[str]]:
    """Two halves of the articles with about as many same-answer pairs each; by count, so the same every time."""
    articles = sorted({pair.article for pair in pairs})
    articles.sort(key=lambda name: (-sum(p.same for p in pairs if p.article == name), name))
    halves: tuple[set[str], set[str]] = (set(), set())
    totals = [0, 0]
    for name in articles:
        side = 0 if totals[0] <= totals[1] else 1
        halves[side].add(name)
        totals[side] += sum(p.same for p in pairs if p.article == name) * 20 + sum(
            p.article == name for p in pairs
        )
    return halves


def fit(features: Sequence[PairFeatures], same: Sequence[bool], weights: NDArray) -> tuple[NDArray, float]:
    """Ridge logistic regression by Newton's method; the intercept is not shrunk."""
    rows = np.array([[*one.values, 1.0] for one in features])
    target = np.array(same, dtype=float)
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
    return beta[:-1], float(beta[-1])


def choose_threshold(p_same: NDArray, same: NDArray, allowed: NDArray, max_wrong: float) -> float:
    """The lowest threshold at which at most ``max_wrong`` of the different pairs would be hits."""
    wrong = np.sort(p_same[allowed & ~same])[::-1]
    budget = int(max_wrong * (~same).sum())
    return float(max(0.5, wrong[budget] + 1e-4 if len(wrong) > budget else 0.5))


def report(
    name: str, pairs: Sequence[Pair], similarity: Sequence[float], parameters: MatchParameters
) -> dict[str, float]:
    verdicts = [
        judge_pair(pair.prepared, pair.asked, sim, parameters=parameters)
        for pair, sim in zip(pairs, similarity, strict=True)
    ]
    same = [pair.same for pair in pairs]
    hits = sum(v.hit and s for v, s in zip(verdicts, same, strict=True))
    wrong = sum(v.hit and not s for v, s in zip(verdicts, same, strict=True))
    total_same, total_other = sum(same), len(same) - sum(same)
    print(
        f"{name}: hits {hits}/{total_same} ({hits / max(1, total_same):.1%}), "
        f"wrong hits {wrong}/{total_other} ({wrong / max(1, total_other):.2%})"
    )
    return {"same": total_same, "hits": hits, "different": total_other, "wrong_hits": wrong}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--embedder", type=Path, required=True, help="folder of the embedding model")
    parser.add_argument("--write", type=Path, help="where to write match.json")
    parser.add_argument("--vectors", type=Path, help="cache of embeddings (.npz), made when missing")
    arguments = parser.parse_args()
    squad = arguments.data / "squad_vault" / "dev"
    pairs = load_pairs(squad)
    fit_articles, held_articles = split_articles(pairs)
    training = [pair for pair in pairs if pair.article in fit_articles]
    training += made_pairs(squad, fit_articles, seed=7)
    held = [pair for pair in pairs if pair.article in held_articles]
    sets: dict[str, list[Pair]] = {"fit half": [p for p in training if not p.made], "held-out half": held}
    for name in ("nearmiss_dev",):
        path = arguments.data / "question_pairs" / f"{name}.jsonl"
        if path.exists():  # measured, never fitted: the licence forbids it
            sets[name] = [Pair(row["a"], row["b"], row["same"], "") for row in read_jsonl(path)]
    texts = {text for group in (training, *sets.values()) for p in group for text in (p.prepared, p.asked)}
    vectors = embed_all(sorted(texts), arguments.vectors, arguments.embedder)

    def similarities(group: Sequence[Pair]) -> list[float]:
        return [float(vectors[p.prepared] @ vectors[p.asked]) for p in group]

    unlike = [
        pair for pair in training if normalise_question(pair.prepared) != normalise_question(pair.asked)
    ]
    features = [
        pair_features(p.prepared, p.asked, s) for p, s in zip(unlike, similarities(unlike), strict=True)
    ]
    # What is forbidden is decided already: the model is for the rest.
    left = [(pair, one) for pair, one in zip(unlike, features, strict=True) if not one.forbidden]
    weights = np.array([MADE_WEIGHT if pair.made else 1.0 for pair, _one in left])
    beta, intercept = fit([one for _pair, one in left], [pair.same for pair, _one in left], weights)
    rough = MatchParameters(tuple(beta), intercept, 0.5)
    held_features = [
        pair_features(p.prepared, p.asked, s) for p, s in zip(held, similarities(held), strict=True)
    ]
    p_held = np.array([1 / (1 + np.exp(-(np.dot(beta, f.values) + intercept))) for f in held_features])
    allowed = np.array([not f.forbidden for f in held_features])
    threshold = choose_threshold(p_held, np.array([p.same for p in held]), allowed, MAX_WRONG)
    parameters = MatchParameters(rough.weights, intercept, threshold)
    print(
        {name: round(float(w), 3) for name, w in zip(FEATURES, beta, strict=True)},
        round(intercept, 3),
        threshold,
    )
    figures = {name: report(name, group, similarities(group), parameters) for name, group in sets.items()}
    if arguments.write:
        arguments.write.write_text(
            json.dumps(
                {
                    "what": "logistic regression P(same answer) over features of a pair of questions",
                    "script": "tests/benchmarks/match_fit.py",
                    "fitted_on": "SQuAD 2.0 dev (CC BY-SA 4.0) question pairs, half of the articles, "
                    "and rephrasings by rule",
                    "threshold_set_on": "the other half of the articles: at most 1 % of its different pairs are hits",
                    "embedder": "all-MiniLM-L6-v2",
                    "weights": {name: round(float(w), 5) for name, w in zip(FEATURES, beta, strict=True)},
                    "intercept": round(intercept, 5),
                    "threshold": round(threshold, 5),
                    "measured": figures,
                },
                indent=2,
            )
            + "\n",
            encoding="utf-8",
        )


def embed_all(texts: Sequence[str], cache: Path | None, model: Path) -> dict[str, NDArray]:
    """Unit vectors of all texts, from the cache where it has them."""
    known: dict[str, NDArray] = {}
    if cache is not None and cache.exists():
        stored = np.load(cache, allow_pickle=False)
        known = dict(zip(stored["texts"].tolist(), stored["vectors"], strict=True))
    missing = [text for text in texts if text not in known]
    if missing:
        from pillowbook.models.embedder.client import MiniLmEmbedder

        embedder = MiniLmEmbedder(model)
        try:
            for first in range(0, len(missing), 256):
                batch = missing[first : first + 256]
                known.update(zip(batch, embedder.embed(batch, deadline_s=300), strict=True))
        finally:
            embedder.close()
        if cache is not None:
            np.savez(cache, texts=np.array(list(known)), vectors=np.array(list(known.values())))
    return known


if __name__ == "__main__":
    main()
