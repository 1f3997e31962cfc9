"""Finding the passages that bear on a question, and the few sentences of them worth reading.

BM25 over words and cosine similarity over embeddings find different things: names and codes, and paraphrases. Their
scores are added (the words' as a share of the best), which keeps how far apart two passages are; ranks, as in
reciprocal rank fusion, forget it. What several passages of one document speak for counts somewhat more. Which of their
sentences to read is decided by ``rank``. Figures: ``tests/benchmarks/retrieval.py``, ``0008-retrieval.md``.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import PurePath
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from pillowbook.answering.dates import OPENING_CHARS, note_date
from pillowbook.answering.rank import (
    AskedTerms,
    RankParameters,
    UnitTerms,
    measured_weights,
    passage_features,
    read_terms,
    shares,
)
from pillowbook.answering.scope import Scope, read_scope
from pillowbook.answering.terms import content_stems, names, numbers, stems, words
from pillowbook.answering.units import SECTION_CHARS, Unit, section_units, split_sections, split_units
from pillowbook.domain.answers import Effort
from pillowbook.domain.clock import Clock, SystemClock
from pillowbook.domain.documents import Passage
from pillowbook.domain.errors import DocumentUnknown
from pillowbook.domain.ids import ContentHash, DocumentId, PassageId
from pillowbook.models.embedder.client import Embedder
from pillowbook.store.library import Library
from pillowbook.store.vectors import VectorStore
from pillowbook.store.words import WordIndex

K = TypeVar("K")
V = TypeVar("V")

CANDIDATES = 40
"""Of each list."""

NEAR_WEIGHT = 0.65
"""Of the cosine; the rest is of the share of the best BM25 score."""

DOCUMENT_WEIGHT = 0.3
_PASSAGES = {Effort.LIVE: 8, Effort.PREPARED: 14}
"""So many make the evidence for an answer."""

DOCUMENT_PASSAGES = 3
"""A passage gains by the mean score of the best three of its document."""

SURE_OF_A_PLACE = 2
"""The first of each list are among those given, whatever the other list says of them."""

MEANT_GAIN = 0.4
"""Of a passage in the folder, or in a note of the day, that the question speaks of."""

MONTH_GAIN = 0.2
"""Of a passage in a note of the month: what happens in March is written of in other months too."""

EMBED_DEADLINE_S = 20.0
MAX_UNITS_EMBEDDED = 20
MAX_UNIT_CHARS = 300
SAME_DOCUMENT_LOSS = 0.5
"""Of a unit's score for each unit of the same document before it, so that a second note gets a hearing."""

MAX_NAMED = 60
"""Passages whose note's date is looked at for a day that the question names."""

REMEMBERED_VECTORS = 8192
"""Of units, 1.5 kB each: preparing a document's questions ranks much the same units again and again."""

REMEMBERED_PASSAGES = 1024
"""Cut into units, with their terms: a question's eight passages are cut once for ranking and reading ahead."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A passage found for a question.

    Attributes:
        score: only good for comparing within one retrieval.
        similarity: cosine of question and passage; 0.0 where the passage has no vector yet.
        word_rank: position among the hits by words, from 0; None when words did not find it.
    """

    passage: Passage
    score: float
    similarity: float
    word_rank: int | None


@dataclass(frozen=True, slots=True)
class RankedUnit:
    """A unit and how well it fits the question.

    Attributes:
        score: only good for comparing within one ranking.
        similarity: cosine of the question and the unit with its place.
        share: how likely, among all units found, it is the one that holds the answer, if one does; they come to 1.
        before: the unit before it, where it begins with a word such as "it" or "this" that points back.
    """

    unit: Unit
    score: float
    similarity: float
    share: float = 0.0
    before: Unit | None = None


@dataclass(frozen=True, slots=True)
class AskedWords:
    """The words of a question, for choosing a sentence by them alone."""

    roots: frozenset[str]
    marks: frozenset[str]

    @classmethod
    def of(cls, question: str) -> "AskedWords":
        return cls(frozenset(content_stems(question)), numbers(question) | names(question))

    def fit(self, unit: Unit) -> float:
        """Share of the question's words that the unit holds, about 0 to 1.5; its place counts somewhat less."""
        own = frozenset(stems(unit.text))
        placed = frozenset(stems(unit.place))
        by_text = len(self.roots & own)
        by_place = len(self.roots & (placed - own))
        exact = len(self.marks & (numbers(unit.text) | frozenset(words(unit.text))))
        return (by_text + 0.6 * by_place + 0.5 * exact) / max(1, len(self.roots))


class Retriever:
    """Finds passages and ranks their units. Thread-safe as far as the stores are.

    Args:
        clock: tells what "last week" is; the machine's by default.
        weights: of the ranking of units; the measured ones by default.
    """

    def __init__(
        self,
        *,
        words: WordIndex,
        vectors: VectorStore,
        library: Library,
        embedder: Embedder,
        clock: Clock | None = None,
        weights: RankParameters | None = None,
    ) -> None:
        self._words = words
        self._vectors = vectors
        self._library = library
        self._embedder = embedder
        self._clock = clock or SystemClock()
        self._weights = weights or measured_weights()
        self._unit_vectors: _Recent[str, NDArray[np.float32]] = _Recent(REMEMBERED_VECTORS)
        self._terms: _Recent[tuple[PassageId, ContentHash, str], tuple[UnitTerms, ...]] = _Recent(
            REMEMBERED_PASSAGES
        )

    def is_ready(self) -> bool:
        """Whether embedding can begin at once; if not, the embedder is set to load and this does not wait for it."""
        if not self._embedder.is_loaded:
            self._embedder.preload()
        return self._embedder.is_loaded

    def embed(self, text: str, *, background: bool = False) -> NDArray[np.float32]:
        """The unit vector of one text."""
        rows = self._embedder.embed([text], deadline_s=EMBED_DEADLINE_S, background=background)
        vector: NDArray[np.float32] = rows[0]
        return vector

    def similarities(
        self, vector: NDArray[np.float32], units: Sequence[Unit], *, background: bool = False
    ) -> list[float]:
        """The cosines of a unit vector with units (one or more), each read with its place."""
        found: list[float] = (self._embed_units(units, background=background) @ vector).tolist()
        return found

    def unit_vectors(self, units: Sequence[Unit], *, background: bool = False) -> NDArray[np.float32]:
        """A unit vector per unit (one or more), each read with its place; shape (n, d), in their order."""
        return self._embed_units(units, background=background)

    def by_words(
        self, question: str, *, limit: int, without: frozenset[DocumentId] = frozenset()
    ) -> list[Passage]:
        """Passages by words alone: at once, and without the embedder. None of the documents in ``without``."""
        hits = self._words.search(question, limit, among=self._others(None, without))
        return self._library.get_passages([hit.passage_id for hit in hits])

    def section_around(self, passage: Passage) -> list[Unit]:
        """The units of the section of its document in which a passage stands."""
        passages = self._library.passages(passage.document_id)
        for section in split_sections(passages, limit_chars=SECTION_CHARS):
            if any(one.id == passage.id for one in section):
                return section_units(section)
        return []

    def document_units(self, document_id: DocumentId) -> list[Unit]:
        """All units of one document, in its order."""
        return [unit for passage in self._library.passages(document_id) for unit in split_units(passage)]

    def date_of(self, passage: Passage) -> str:
        """The day the passage's note is of, as far as it says so; empty otherwise."""
        try:
            opening = self._library.text(passage.document_id)[:OPENING_CHARS]
        except DocumentUnknown:
            opening = ""
        return note_date(PurePath(passage.path).stem, passage.title, opening)

    def retrieve(
        self,
        question: str,
        *,
        limit: int,
        vector: NDArray[np.float32] | None = None,
        background: bool = False,
        without: frozenset[DocumentId] = frozenset(),
    ) -> list[Evidence]:
        """The passages that bear on a question, best first, the same text only once.

        A folder ("in my Recipes folder") or tag (``#boiler``) that the question names and the notes have is kept to;
        a day or month that it names puts notes of that day first.

        Args:
            limit: how many at most; no document takes more than two thirds of them while others are found.
            vector: the question's unit vector when it is known already.
            without: documents that are left out.
        """
        if vector is None:
            vector = self.embed(question, background=background)
        scope = read_scope(question, self._today())
        within = self._within(scope, without)
        meant = self._meant(scope)
        among = self._others(within, without)
        by_words = self._words.search(
            question if within is None else scope.rest or question, CANDIDATES, among=among
        )
        near = self._vectors.nearest(vector, CANDIDATES, space="passages", among=among)
        if meant:
            inside = meant.keys() if among is None else meant.keys() & among
            near += self._vectors.nearest(vector, CANDIDATES // 4, space="passages", among=inside)
        ids = dict.fromkeys([hit.passage_id for hit in by_words] + [PassageId(hit.id) for hit in near])
        similarities = self._vectors.similarities(vector, ids)
        best = max((hit.score for hit in by_words), default=0.0) or 1.0
        word_share = {hit.passage_id: hit.score / best for hit in by_words}
        scores = {
            passage_id: NEAR_WEIGHT * similarities.get(passage_id, 0.0)
            + (1.0 - NEAR_WEIGHT) * word_share.get(passage_id, 0.0)
            + meant.get(passage_id, 0.0)
            for passage_id in ids
        }
        passages = [one for one in self._library.get_passages(list(ids)) if one.document_id not in without]
        gain = _document_gain(passages, scores)
        word_ranks = {hit.passage_id: rank for rank, hit in enumerate(by_words)}
        found = [
            Evidence(
                passage,
                scores[passage.id] + gain[passage.document_id],
                similarities.get(passage.id, 0.0),
                word_ranks.get(passage.id),
            )
            for passage in passages
        ]
        found.sort(key=lambda one: -one.score)
        # What only the words find may hold alone the very word that was asked for; the sum buries it under what both
        # find in the middle of their lists.
        firsts = zip(by_words[:SURE_OF_A_PLACE], near[:SURE_OF_A_PLACE], strict=False)
        sure = [one for word, vector_hit in firsts for one in (word.passage_id, PassageId(vector_hit.id))]
        return _diverse(found, limit, frozenset(sure[: limit - 1]))

    def find(
        self,
        question: str,
        *,
        effort: Effort,
        limit: int,
        vector: NDArray[np.float32],
        background: bool = False,
        without: frozenset[DocumentId] = frozenset(),
    ) -> tuple[list[Evidence], list[RankedUnit]]:
        """The passages that an answer of that effort is made from, and the best ``limit`` units in them."""
        evidence = self.retrieve(
            question, limit=_PASSAGES[effort], vector=vector, background=background, without=without
        )
        return evidence, self.rank_units(
            question, evidence, limit=limit, vector=vector, background=background
        )

    def rank_units(
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
        asked = AskedTerms.of(question, self._words.rarity)
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
        similarities = self._embed_units([terms[at].unit for at in kept], background=background) @ vector
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

    # -- where to look --------------------------------------------------------------------------

    def _today(self) -> date:
        return self._clock.now().astimezone().date()

    def _within(self, scope: Scope, without: frozenset[DocumentId]) -> frozenset[PassageId] | None:
        """The passages the question keeps to; None where it names no folder or tag that there is.

        What is left out is as if it were not there: a folder of nothing else is one that there is not.
        """
        sets = [self._words.tagged(tag) for tag in scope.tags]
        if scope.folder:
            sets.append(self._words.inside(scope.folder))
        if without:
            others = self._library.passage_ids_without(without)
            sets = [found & others for found in sets]
        within: frozenset[PassageId] | None = None
        for found in sets:
            if found:
                within = found if within is None else within & found
        return within or None

    def _others(
        self, within: frozenset[PassageId] | None, without: frozenset[DocumentId]
    ) -> frozenset[PassageId] | None:
        """The passages to look among, without those of some documents; None for all."""
        if not without:
            return within
        others = self._library.passage_ids_without(without)
        return others if within is None else others & within

    def _meant(self, scope: Scope) -> dict[PassageId, float]:
        """What the passages gain that lie in the folder, or in notes of the day, that the question speaks of."""
        gains = dict.fromkeys(self._words.inside(scope.about), MEANT_GAIN) if scope.about else {}
        for day in scope.days:
            gain = MEANT_GAIN if day.day else MONTH_GAIN
            for spelling in day.spellings:
                named = self._words.named(spelling)
                for passage in self._library.get_passages(sorted(named)[:MAX_NAMED]):
                    if day.holds(self.date_of(passage)):
                        gains[passage.id] = gain
        return gains

    # -- units ----------------------------------------------------------------------------------

    def _terms_of(self, passage: Passage) -> tuple[UnitTerms, ...]:
        key = (passage.id, passage.content_hash, passage.title)
        known = self._terms.get([key])
        if key not in known:
            known = {key: read_terms(passage)}
            self._terms.put(known)
        return known[key]

    def _embed_units(self, units: Sequence[Unit], *, background: bool) -> NDArray[np.float32]:
        """A row per unit; only texts that were not embedded lately are given to the embedder."""
        texts = [f"{unit.place}: {unit.text}"[:MAX_UNIT_CHARS] for unit in units]
        known = self._unit_vectors.get(texts)
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        if missing:
            rows = self._embedder.embed(missing, deadline_s=EMBED_DEADLINE_S, background=background)
            known.update(zip(missing, rows, strict=True))
            self._unit_vectors.put(known)
        return np.stack([known[text] for text in texts])


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


def _document_gain(passages: Sequence[Passage], scores: dict[PassageId, float]) -> dict[DocumentId, float]:
    """What a passage gains by the others of its document that were found."""
    by_document: dict[DocumentId, list[float]] = {}
    for passage in passages:
        by_document.setdefault(passage.document_id, []).append(scores[passage.id])
    return {
        key: DOCUMENT_WEIGHT * sum(sorted(own, reverse=True)[:DOCUMENT_PASSAGES]) / DOCUMENT_PASSAGES
        for key, own in by_document.items()
    }


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


def _diverse(found: Sequence[Evidence], limit: int, sure: frozenset[PassageId]) -> list[Evidence]:
    """The first ``limit``, the same text once, and no document with more than two thirds while others are left.

    Those in ``sure`` take the last places where they would be left out.
    """
    share = max(1, (2 * limit + 2) // 3)
    taken: list[Evidence] = []
    spare: list[Evidence] = []
    seen: set[str] = set()
    by_document: dict[DocumentId, int] = {}
    for one in found:
        if one.passage.content_hash in seen:
            continue
        seen.add(one.passage.content_hash)
        count = by_document.get(one.passage.document_id, 0)
        if count >= share:
            spare.append(one)
            continue
        by_document[one.passage.document_id] = count + 1
        taken.append(one)
    order = taken + spare
    late = [one for one in taken[limit:] if one.passage.id in sure]
    others = [at for at, one in enumerate(order[:limit]) if one.passage.id not in sure]
    for at, one in zip(others[max(0, len(others) - len(late)) :], late, strict=False):
        order[at] = one
    return order[:limit]
