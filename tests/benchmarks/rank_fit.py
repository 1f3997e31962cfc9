"""Fit the ranking of units: which sentence of the passages found holds the answer?

Run:  python -m tests.benchmarks.rank_fit --data DIR --embedder DIR --profile DIR [--write resources/measured/rank.json]

DIR is ``squad_vault/dev`` (SQuAD 2.0, CC BY-SA 4.0), of which one half of the articles is fitted on (``squad.py``);
the figures on the other half, and on the sample notes, are ``retrieval.py``'s. Questions of SQuAD were written by
people who looked at the paragraph and repeat its words, which people do not do who ask their own notes. So each
question is fitted on twice: as it stands, and with half of its words made unknown, drawn with a fixed seed.
"""

import argparse
import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tests.benchmarks import squad
from tests.benchmarks.retrieval import Gold, indexed

from pillowbook.answering.rank import (
    FEATURES,
    AskedTerms,
    RankParameters,
    UnitTerms,
    passage_features,
    read_terms,
)
from pillowbook.answering.retrieve import Retriever
from pillowbook.answering.unit_ranker import MAX_UNIT_CHARS
from pillowbook.models.embedder.client import Embedder
from pillowbook.store.vault import Vault

PASSAGES = 10
UNKNOWN_WORDS = 0.5
RIDGE = 0.5
SEED = 3

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Choice:
    """The units found for a question, a row each, and which of them hold the answer."""

    rows: Matrix
    is_gold: NDArray[np.bool_]


def unknown(asked: AskedTerms, rng: random.Random) -> AskedTerms:
    """The question as if it were put in other words: half of its own stand nowhere."""
    weights = {
        (f"\0{root}" if rng.random() < UNKNOWN_WORDS else root): weight
        for root, weight in asked.weights.items()
    }
    return replace(asked, weights=weights)


def choices(cases: Sequence[Gold], vault: Vault, embedder: Embedder) -> list[Choice]:
    """What there is to choose from for each question, as asked and with unknown words."""
    nothing = RankParameters((0.0,) * len(FEATURES), (0.0,) * (len(FEATURES) + 1))
    retriever = Retriever(
        words=vault.words, vectors=vault.vectors, library=vault.library, embedder=embedder, weights=nothing
    )
    rng = random.Random(SEED)
    vectors = embedder.embed([case.question for case in cases], deadline_s=600)
    found: list[Choice] = []
    for case, vector in zip(cases, vectors, strict=True):
        evidence = retriever.retrieve(case.question, limit=PASSAGES, vector=vector)
        terms: list[UnitTerms] = [one for e in evidence for one in read_terms(e.passage)]
        is_gold = np.array([case.is_gold(one.unit) for one in terms])
        if not is_gold.any():
            continue
        texts = [f"{one.unit.place}: {one.unit.text}"[:MAX_UNIT_CHARS] for one in terms]
        own = embedder.embed(texts, deadline_s=600) @ vector
        asked = AskedTerms.of(case.question, vault.words.rarity)
        for variant in (asked, unknown(asked, rng)):
            rows = [
                row
                for e in evidence
                for row in passage_features(variant, read_terms(e.passage), e.similarity)
            ]
            found.append(Choice(np.column_stack([np.array(rows), own]), is_gold))
    return found


def fit(found: Sequence[Choice], columns: Sequence[int]) -> tuple[Matrix, float]:
    """Weights of the columns by damped Newton steps on the conditional likelihood, shrunk on standardised columns.

    Returns:
        the weights, and the mean negative log-likelihood of a question.
    """
    everything = np.concatenate([choice.rows[:, columns] for choice in found])
    mean, scale = everything.mean(0), everything.std(0) + 1e-9
    data = [((choice.rows[:, columns] - mean) / scale, choice.is_gold) for choice in found]

    def loss(weights: Matrix) -> tuple[float, Matrix, Matrix]:
        total = float(RIDGE * weights @ weights / 2)
        gradient, hessian = RIDGE * weights, RIDGE * np.eye(len(weights))
        for rows, is_gold in data:
            raised = np.exp(rows @ weights - (rows @ weights).max())
            p = raised / raised.sum()
            of_gold = p * is_gold
            total -= float(np.log(of_gold.sum() + 1e-300))
            gradient = gradient + rows.T @ (p - of_gold / (of_gold.sum() + 1e-300))
            middle = rows.T @ p
            hessian = hessian + (rows.T * p) @ rows - np.outer(middle, middle)
        return total, gradient, hessian

    weights = np.zeros(len(columns))
    total, gradient, hessian = loss(weights)
    for _ in range(40):
        step, size = np.linalg.solve(hessian, gradient), 1.0
        after = loss(weights - step)
        while after[0] > total and size > 1e-4:
            size /= 2
            after = loss(weights - size * step)
        weights = weights - size * step
        total, gradient, hessian = after
        if np.abs(size * step).max() < 1e-4:
            break
    return weights / scale, total / len(data)


def named(names: Iterable[str], weights: Matrix) -> Mapping[str, float]:
    return {name: round(float(weight), 4) for name, weight in zip(names, weights, strict=True)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--embedder", type=Path, required=True)
    parser.add_argument("--profile", type=Path, required=True, help="where the indexed notes are kept")
    parser.add_argument("--questions", type=int, default=1200)
    parser.add_argument("--write", type=Path)
    arguments = parser.parse_args()
    cases = Gold.of_squad(arguments.data, fit=True, count=arguments.questions)
    with indexed(arguments.data / "vault", arguments.profile / "squad", arguments.embedder) as (
        vault,
        embedder,
    ):
        found = choices(cases, vault, embedder)
    first, first_loss = fit(found, range(len(FEATURES)))
    second, second_loss = fit(found, range(len(FEATURES) + 1))
    print(
        f"{len(cases)} questions of {len(squad.fit_articles(arguments.data))} articles, {len(found)} choices"
    )
    print("first ", named(FEATURES, first), f"loss {first_loss:.3f}")
    print("second", named((*FEATURES, "similarity"), second), f"loss {second_loss:.3f}")
    if arguments.write:
        stored = {
            "what": "conditional logistic regression: which unit of the passages found holds the answer",
            "script": "tests/benchmarks/rank_fit.py",
            "fitted_on": f"SQuAD 2.0 dev (CC BY-SA 4.0), {len(cases)} questions of half of the articles, each as it "
            "stands and with half of its words unknown",
            "embedder": "all-MiniLM-L6-v2",
            "first": named(FEATURES, first),
            "second": named((*FEATURES, "similarity"), second),
            "loss": {"first": round(first_loss, 4), "second": round(second_loss, 4)},
        }
        arguments.write.write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
