"""Finding the passages that bear on a question, and the few sentences of them worth reading.

BM25 over words and cosine similarity over embeddings find different things: names and codes, and paraphrases. Their
scores are added (the words' as a share of the best), which keeps how far apart two passages are; ranks, as in
reciprocal rank fusion, forget it. What several passages of one document speak for counts somewhat more. Which of their
sentences to read is decided by ``unit_ranker``. Figures: ``tests/benchmarks/retrieval.py``, ``0008-retrieval.md``.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import PurePath

import numpy as np
from numpy.typing import NDArray

from pillowbook.answering.dates import OPENING_CHARS, note_date
from pillowbook.answering.evidence import Evidence, RankedUnit
from pillowbook.answering.rank import RankParameters
from pillowbook.answering.scope import Scope, read_scope
from pillowbook.answering.unit_ranker import EMBED_DEADLINE_S, UnitRanker
from pillowbook.answering.units import SECTION_CHARS, Unit, section_units, split_sections, split_units
from pillowbook.domain.answers import Effort
from pillowbook.domain.clock import Clock, SystemClock
from pillowbook.domain.documents import Passage
from pillowbook.domain.errors import DocumentUnknown
from pillowbook.domain.ids import DocumentId, PassageId
from pillowbook.models.embedder.client import Embedder
from pillowbook.store.library import Library
from pillowbook.store.vectors import VectorStore
from pillowbook.store.words import WordIndex

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

MAX_NAMED = 60
"""Passages whose note's date is looked at for a day that the question names."""


class Retriever:
    """Finds passages and ranks their units. Thread-safe as far as the stores are.

    Args:
        clock: tells what "last week" is; the machine's by default.
        weights: of the ranking of units; the measured ones by default.
    Attributes:
        units: ranks and compares units.
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
        self.units = UnitRanker(embedder=embedder, rarity=words.rarity, weights=weights)

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
        return evidence, self.units.rank(
            question, evidence, limit=limit, vector=vector, background=background
        )

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


def _document_gain(passages: Sequence[Passage], scores: dict[PassageId, float]) -> dict[DocumentId, float]:
    """What a passage gains by the others of its document that were found."""
    by_document: dict[DocumentId, list[float]] = {}
    for passage in passages:
        by_document.setdefault(passage.document_id, []).append(scores[passage.id])
    return {
        key: DOCUMENT_WEIGHT * sum(sorted(own, reverse=True)[:DOCUMENT_PASSAGES]) / DOCUMENT_PASSAGES
        for key, own in by_document.items()
    }


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
