"""Pairs of questions for fitting and measuring the hit policy, and vectors for them."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

OWN = Path(__file__).resolve().parents[1] / "data"
"""Pairs that were written for this project: ``traps.jsonl`` and ``rewordings_fit.jsonl``."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A prepared and an asked question, and whether one answer serves both.

    ``group`` is what a fold must not tear apart (an article, an id); ``kind`` is that of a trap or a rewording.
    """

    prepared: str
    asked: str
    same: bool
    group: str = ""
    kind: str = ""
    weight: float = 1.0


def read_jsonl(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def squad_pairs(squad: Path) -> list[Pair]:
    """Questions that people asked of one paragraph and that share most words; the same where a gold answer is."""
    return [
        Pair(row["cached"], row["query"], row["hit_ok"], row["note"])
        for row in read_jsonl(squad / "cache_nearmiss.jsonl")
    ]


def quora_pairs(path: Path) -> list[Pair]:
    """Pairs of the Quora data: for measuring only, their licence forbids to fit on them what ships."""
    return [Pair(row["a"], row["b"], row["same"]) for row in read_jsonl(path)]


def trap_pairs(half: str = "") -> list[Pair]:
    """Traps and rewordings; ``half`` is ``build``, ``measure`` or empty for both."""
    return [
        Pair(row["a"], row["b"], row["same"], row["id"], row["kind"])
        for row in read_jsonl(OWN / "traps.jsonl")
        if half in ("", half_of(row["id"]))
    ]


def own_pairs() -> list[Pair]:
    """Pairs written to be fitted on."""
    return [
        Pair(row["a"], row["b"], row["same"], row["id"]) for row in read_jsonl(OWN / "rewordings_fit.jsonl")
    ]


def half_of(key: str) -> str:
    """Which half a row belongs to, by a hash of its id: the one to build on or the one to measure on."""
    return "measure" if hashlib.sha256(key.encode()).digest()[0] % 2 else "build"


def split_articles(pairs: Sequence[Pair]) -> tuple[set[str], set[str]]:
    """Two halves of the articles with about as many same-answer pairs each; by count, so the same every time."""
    articles = sorted({pair.group for pair in pairs})
    articles.sort(key=lambda name: (-sum(p.same for p in pairs if p.group == name), name))
    halves: tuple[set[str], set[str]] = (set(), set())
    totals = [0, 0]
    for name in articles:
        side = 0 if totals[0] <= totals[1] else 1
        halves[side].add(name)
        of_article = [pair for pair in pairs if pair.group == name]
        totals[side] += sum(pair.same for pair in of_article) * 20 + len(of_article)
    return halves


def wilson(count: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927)."""
    if not total:
        return 0.0, 1.0
    z = 1.959964
    share = count / total
    middle = share + z * z / (2 * total)
    spread = z * float(np.sqrt(share * (1 - share) / total + z * z / (4 * total * total)))
    whole = 1 + z * z / total
    return max(0.0, (middle - spread) / whole), min(1.0, (middle + spread) / whole)


def embed_all(texts: Iterable[str], cache: Path | None, model: Path) -> dict[str, NDArray[np.float32]]:
    """Unit vectors of all texts, from the cache where it has them."""
    known: dict[str, NDArray[np.float32]] = {}
    if cache is not None and cache.exists():
        stored = np.load(cache, allow_pickle=False)
        known = dict(zip(stored["texts"].tolist(), stored["vectors"], strict=True))
    missing = sorted(set(texts) - known.keys())
    if missing:
        from pillowbook.models.embedder.client import MiniLmEmbedder

        embedder = MiniLmEmbedder(model)
        try:
            for first in range(0, len(missing), 64):
                batch = missing[first : first + 64]
                known.update(zip(batch, embedder.embed(batch, deadline_s=300), strict=True))
        finally:
            embedder.close()
        if cache is not None:
            np.savez(cache, texts=np.array(list(known)), vectors=np.array(list(known.values())))
    return known
