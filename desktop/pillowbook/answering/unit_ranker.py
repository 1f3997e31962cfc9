"""Which units of the passages found to read: weighed by their words, the best embedded, no document before its turn.

The features and the weights over them are ``rank``'s.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from pillowbook.answering.evidence import Evidence, RankedUnit
from pillowbook.answering.rank import (
    AskedTerms,
    RankParameters,
    UnitTerms,
    measured_weights,
    passage_features,
    read_terms,
    shares,
)
from pillowbook.answering.units import Unit
from pillowbook.domain.documents import Passage
from pillowbook.domain.ids import ContentHash, DocumentId, PassageId
from pillowbook.models.embedder.client import Embedder

K = TypeVar("K")
V = TypeVar("V")

EMBED_DEADLINE_S = 20.0
MAX_UNITS_EMBEDDED = 20
MAX_UNIT_CHARS = 300
SAME_DOCUMENT_LOSS = 0.5
"""Of a unit's score for each unit of the same document before it, so that a second note gets a hearing."""

REMEMBERED_VECTORS = 8192
"""Of units, 1.5 kB each: preparing a document's questions ranks much the same units again and again."""

REMEMBERED_PASSAGES = 1024
"""Cut into units, with their terms: a question's eight passages are cut once for ranking and reading ahead."""


class UnitRanker:
    """Ranks units, and remembers their terms and vectors for the next question. Thread-safe as far as the embedder is.

    Args:
        rarity: gives each stem's inverse document frequency in the notes.
        weights: the measured ones by default.
    """

    def __init__(
        self,
        *,
        embedder: Embedder,
        rarity: Callable[[Iterable[str]], Mapping[str, float]],
        weights: RankParameters | None = None,
    ) -> None:
        self._embedder = embedder
        self._rarity = rarity
        self._weights = weights or measured_weights()
        self._recent: _Recent[str, NDArray[np.float32]] = _Recent(REMEMBERED_VECTORS)
        self._terms: _Recent[tuple[PassageId, ContentHash, str], tuple[UnitTerms, ...]] = _Recent(
            REMEMBERED_PASSAGES
        )

    def rank(
        self,
        question: str,
        evidence: Sequence[Evidence],
        *,
        limit: int,
        vector: NDArray[np.float32],
        background: bool = False,
    ) -> list[RankedUnit]:
        """The units of the passages that may hold the answer, the likeliest first.

        All are weighed by their words; those that look best are embedded, with the place (title and headings) before
        the text: a unit such as "- Done 3 Sept" means nothing without its place.
        """
        asked = AskedTerms.of(question, self._rarity)
        terms: list[UnitTerms] = []
        before: list[Unit | None] = []
        rows: list[tuple[float, ...]] = []
        for found in evidence:
            own = self._terms_of(found.passage)
            terms += own
            before += [None, *(one.unit for one in own)][: len(own)]
            rows += passage_features(asked, own, found.similarity)
        if not terms:
            return []
        first = np.array(rows) @ np.array(self._weights.first)
        kept = np.argsort(-first, kind="stable")[:MAX_UNITS_EMBEDDED]
        similarities = self.vectors([terms[at].unit for at in kept], background=background) @ vector
        second = np.column_stack([np.array(rows)[kept], similarities]) @ np.array(self._weights.second)
        ranked = [
            RankedUnit(
                terms[at].unit,
                float(score),
                float(similarity),
                share,
                before[at] if terms[at].needs_context else None,
            )
            for at, score, similarity, share in zip(
                kept, second, similarities, shares(second.tolist()), strict=True
            )
        ]
        return _taking_turns(ranked)[:limit]

    def similarities(
        self, vector: NDArray[np.float32], units: Sequence[Unit], *, background: bool = False
    ) -> list[float]:
        """The cosines of a unit vector with units (one or more), each read with its place."""
        found: list[float] = (self.vectors(units, background=background) @ vector).tolist()
        return found

    def vectors(self, units: Sequence[Unit], *, background: bool = False) -> NDArray[np.float32]:
        """A unit vector per unit (one or more), each read with its place; shape (n, d), in their order.

        Only texts that were not embedded lately are given to the embedder.
        """
        texts = [f"{unit.place}: {unit.text}"[:MAX_UNIT_CHARS] for unit in units]
        known = self._recent.get(texts)
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        if missing:
            rows = self._embedder.embed(missing, deadline_s=EMBED_DEADLINE_S, background=background)
            known.update(zip(missing, rows, strict=True))
            self._recent.put(known)
        return np.stack([known[text] for text in texts])

    def _terms_of(self, passage: Passage) -> tuple[UnitTerms, ...]:
        key = (passage.id, passage.content_hash, passage.title)
        known = self._terms.get([key])
        if key not in known:
            known = {key: read_terms(passage)}
            self._terms.put(known)
        return known[key]


class _Recent(Generic[K, V]):
    """What was used last. Thread-safe; gone with the vault, which is never longer than unlocked."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rows: OrderedDict[K, V] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, keys: Iterable[K]) -> dict[K, V]:
        with self._lock:
            return {key: self._rows[key] for key in keys if key in self._rows}

    def put(self, rows: dict[K, V]) -> None:
        with self._lock:
            for key, row in rows.items():
                self._rows[key] = row
                self._rows.move_to_end(key)
            while len(self._rows) > self._limit:
                self._rows.popitem(last=False)


def _taking_turns(ranked: Sequence[RankedUnit]) -> list[RankedUnit]:
    """Best first, each unit losing by what was taken of its document already."""
    left = sorted(ranked, key=lambda one: -one.score)
    taken: list[RankedUnit] = []
    counts: dict[DocumentId, int] = {}

    def worth(one: RankedUnit) -> float:
        return one.score - SAME_DOCUMENT_LOSS * counts.get(one.unit.passage.document_id, 0)

    while left:
        best = max(left, key=worth)
        left.remove(best)
        taken.append(replace(best, score=worth(best)))
        key = best.unit.passage.document_id
        counts[key] = counts.get(key, 0) + 1
    return taken
