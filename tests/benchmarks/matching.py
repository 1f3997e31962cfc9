"""Measure the hit policy: hits and wrong hits, beside fixed cosine thresholds and GPTCache's default, in one run.

Run:  python -m tests.benchmarks.matching --data DIR --embedder DIR [--vectors FILE] [--gptcache DIR]

A *hit* is a pair of one answer that the policy would serve, a *wrong hit* one of two answers; all questions are
embedded by the product's embedder. Sets: Quora's near-misses and its plain sample (labels noisy; measured only), SQuAD
questions on one paragraph from the articles that nothing was fitted on, and the half of ``tests/data/traps.jsonl`` to
measure on. Beside the table: the most hits that any fixed threshold reaches while it is as safe as ours on that very
set (chosen with the set in sight, so it flatters the threshold).

GPTCache's default for similar questions (``init_similar_cache`` in 0.1.44) is ``SearchDistanceEvaluation()`` over the
squared Euclidean distance that a flat faiss index gives, with a threshold of 0.8 of its range; its own class decides
here over our embedder's vectors, for its default embedding model is fetched from a hub. DIR is where it was put by
``pip install --target DIR gptcache``; without it the row is left out.
"""

import argparse
import platform
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tests.benchmarks.question_pairs import (
    Pair,
    embed_all,
    quora_pairs,
    split_articles,
    squad_pairs,
    trap_pairs,
    wilson,
)

from pillowbook.answering.judging import judge_pair
from pillowbook.domain.asking import PairVerdict

THRESHOLDS = (0.80, 0.85, 0.90, 0.95)

Policy = Callable[[Pair, float], bool]


@dataclass(frozen=True, slots=True)
class Figures:
    """What a policy did on a set."""

    hits: int
    same: int
    wrong: int
    different: int

    @classmethod
    def of(cls, pairs: Sequence[Pair], is_hit: Sequence[bool]) -> "Figures":
        same = np.array([pair.same for pair in pairs], dtype=bool)
        hit = np.array(is_hit, dtype=bool)
        return cls(int((hit & same).sum()), int(same.sum()), int((hit & ~same).sum()), int((~same).sum()))

    def row(self) -> str:
        return f"{_share(self.hits, self.same)} | {_share(self.wrong, self.different)}"


def _share(count: int, total: int) -> str:
    if not total:
        return "-"
    low, high = wilson(count, total)
    return f"{count}/{total} = {count / total:.1%} [{low:.1%}, {high:.1%}]"


def load_sets(data: Path) -> dict[str, list[Pair]]:
    """The sets by name; the two halves of what was built on are told apart."""
    squad = squad_pairs(data / "squad_vault" / "dev")
    _fitted, held = split_articles(squad)
    quora = data / "question_pairs"
    return {
        "Quora near-misses": quora_pairs(quora / "nearmiss_dev.jsonl"),
        "Quora sample": quora_pairs(quora / "sample5k_dev.jsonl"),
        "SQuAD near-misses, articles not fitted on": [pair for pair in squad if pair.group in held],
        "SQuAD near-misses, all articles (half were fitted on)": squad,
        "traps and rewordings, half to measure on": trap_pairs("measure"),
        "traps and rewordings, half built on": trap_pairs("build"),
    }


def at_least(threshold: float) -> Policy:
    """Serve whatever is as near as that."""
    return lambda _pair, similarity: similarity >= threshold


def gptcache_policy(folder: Path | None) -> Policy | None:
    """GPTCache's default evaluation over our vectors; None, said aloud, where it cannot be imported."""
    if folder is not None:
        sys.path.append(str(folder))
    try:
        from gptcache.config import Config  # type: ignore[import-not-found]
        from gptcache.similarity_evaluation.distance import (  # type: ignore[import-not-found]
            SearchDistanceEvaluation,
        )
    except ImportError as error:
        print(f"GPTCache is left out: it cannot be imported ({error})")
        return None
    evaluation = SearchDistanceEvaluation()
    low, high = evaluation.range()
    needed = (high - low) * Config().similarity_threshold

    def decide(_pair: Pair, similarity: float) -> bool:
        distance = 2.0 - 2.0 * similarity  # squared Euclidean, of unit vectors
        return bool(evaluation.evaluation({}, {"search_result": (distance, None)}) >= needed)

    return decide


def best_fixed(pairs: Sequence[Pair], similarity: NDArray, wrong: int) -> tuple[float, Figures]:
    """The fixed threshold with the most hits among those with no more wrong hits than ``wrong``."""
    same = np.array([pair.same for pair in pairs], dtype=bool)
    others = np.sort(similarity[~same])[::-1]
    at = float(np.nextafter(others[wrong], 2)) if len(others) > wrong else 0.0
    return at, Figures.of(pairs, list(similarity >= at))


def by_kind(pairs: Sequence[Pair], verdicts: Sequence[PairVerdict]) -> None:
    """Hits by kind of trap or rewording, and the reasons given."""
    for kind in dict.fromkeys(pair.kind for pair in pairs):
        of_kind = [(pair, one) for pair, one in zip(pairs, verdicts, strict=True) if pair.kind == kind]
        reasons: dict[str, int] = {}
        for _pair, one in of_kind:
            for reason in one.reasons:
                reasons[reason] = reasons.get(reason, 0) + 1
        told = ", ".join(f"{name} {count}" for name, count in sorted(reasons.items(), key=lambda x: -x[1]))
        label = "wrong hits" if not of_kind[0][0].same else "hits"
        print(f"  {kind}: {label} {sum(one.hit for _pair, one in of_kind)} of {len(of_kind)} ({told})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--embedder", type=Path, required=True, help="folder of the embedding model")
    parser.add_argument("--vectors", type=Path, help="cache of embeddings (.npz), made when missing")
    parser.add_argument("--gptcache", type=Path, help="folder with GPTCache, not a dependency of the project")
    parser.add_argument("--only", default="", help="only the sets whose names hold this")
    parser.add_argument("--show", action="store_true", help="print wrong hits; for sets that are built on")
    arguments = parser.parse_args()
    print("command:", " ".join(["python -m tests.benchmarks.matching", *sys.argv[1:]]))
    print(
        "machine:", platform.processor() or platform.machine(), platform.system(), platform.python_version()
    )
    sets = {name: one for name, one in load_sets(arguments.data).items() if arguments.only in name}
    texts = {text for pairs in sets.values() for pair in pairs for text in (pair.prepared, pair.asked)}
    vectors = embed_all(texts, arguments.vectors, arguments.embedder)
    fixed = {f"cosine >= {at:.2f}": at_least(at) for at in THRESHOLDS}
    if gptcache := gptcache_policy(arguments.gptcache):
        fixed["GPTCache default"] = gptcache
    for name, pairs in sets.items():
        similarity = np.array([float(vectors[one.prepared] @ vectors[one.asked]) for one in pairs])
        began = time.perf_counter()
        verdicts = [
            judge_pair(one.prepared, one.asked, near) for one, near in zip(pairs, similarity, strict=True)
        ]
        took_ms = (time.perf_counter() - began) * 1000 / len(pairs)
        ours = Figures.of(pairs, [one.hit for one in verdicts])
        print(f"\n{name} ({took_ms:.2f} ms a pair)\n| policy | hits | wrong hits |\n| --- | --- | --- |")
        print(f"| ours | {ours.row()} |")
        for label, policy in fixed.items():
            hit = [policy(one, near) for one, near in zip(pairs, similarity, strict=True)]
            print(f"| {label} | {Figures.of(pairs, hit).row()} |")
        at, best = best_fixed(pairs, similarity, ours.wrong)
        print(f"| best fixed threshold as safe here ({at:.3f}) | {best.row()} |")
        if name.startswith("traps"):
            by_kind(pairs, verdicts)
        if arguments.show and "measure" not in name and "Quora" not in name and "not fitted" not in name:
            for one, verdict in zip(pairs, verdicts, strict=True):
                if verdict.hit and not one.same:
                    print("  wrong:", one.prepared, "||", one.asked, verdict.p_same)


if __name__ == "__main__":
    main()
