"""Finding the passages that bear on a question, and the few sentences of them worth reading.

BM25 over words and cosine similarity over embeddings are fused by reciprocal rank fusion (Cormack, Clarke, Büttcher
2009, SIGIR: k = 60). The two make different mistakes: words find names and codes, embeddings find paraphrases.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np
from numpy.typing import NDArray

from pillowbook.answering.dates import OPENING_CHARS, note_date
from pillowbook.answering.terms import content_stems, names, numbers, stems, words
from pillowbook.answering.units import Unit, split_units
from pillowbook.domain.documents import Passage
from pillowbook.domain.errors import DocumentUnknown
from pillowbook.domain.ids import DocumentId, PassageId
from pillowbook.models.embedder.client import Embedder
from pillowbook.store.library import Library
from pillowbook.store.vectors import VectorStore
from pillowbook.store.words import WordIndex

RANK_CONSTANT = 60
SURE_OF_A_PLACE = 2
"""The first of each list are taken whatever the other list says of them."""
CANDIDATES = 40
EMBED_DEADLINE_S = 20.0
MAX_UNITS_RANKED = 28
MAX_UNIT_CHARS = 300
REMEMBERED_VECTORS = 8192
"""Of units, 1.5 kB each: preparing a document's questions ranks much the same units again and again."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A passage found for a question.

    Attributes:
        score: the fused rank score; only good for comparing within one retrieval.
        similarity: cosine of question and passage; 0.0 where the passage was found by words alone and not compared.
        word_rank: position among the hits by words, from 0; None when words did not find it.
    """

    passage: Passage
    score: float
    similarity: float
    word_rank: int | None


@dataclass(frozen=True, slots=True)
class RankedUnit:
    """A unit and how well it fits the question, about 0 to 1.5."""

    unit: Unit
    score: float
    similarity: float


@dataclass(frozen=True, slots=True)
class AskedWords:
    """The words of a question, for ranking units by them."""

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
    """Finds passages and ranks their units. Thread-safe as far as the stores are."""

    def __init__(
        self, *, words: WordIndex, vectors: VectorStore, library: Library, embedder: Embedder
    ) -> None:
        self._words = words
        self._vectors = vectors
        self._library = library
        self._embedder = embedder
        self._remembered = _Remembered(REMEMBERED_VECTORS)

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

    def by_words(self, question: str, *, limit: int) -> list[Passage]:
        """Passages by words alone: at once, and without the embedder."""
        return self._library.get_passages([hit.passage_id for hit in self._words.search(question, limit)])

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

        Args:
            limit: how many at most; no document takes more than two thirds of them while others are found.
            vector: the question's unit vector when it is known already.
            without: documents that are left out.
        """
        if vector is None:
            vector = self.embed(question, background=background)
        word_ranks = {
            hit.passage_id: rank for rank, hit in enumerate(self._words.search(question, CANDIDATES))
        }
        near = self._vectors.nearest(vector, CANDIDATES, space="passages")
        similarities = {PassageId(hit.id): hit.similarity for hit in near}
        scores: dict[PassageId, float] = {}
        for ranks in (word_ranks, {PassageId(hit.id): rank for rank, hit in enumerate(near)}):
            for passage_id, rank in ranks.items():
                scores[passage_id] = scores.get(passage_id, 0.0) + 1.0 / (RANK_CONSTANT + rank)
        # What only the words find may hold alone the very word that was asked for; fusing buries it under what both
        # find in the middle of their lists.
        sure = {*list(word_ranks)[:SURE_OF_A_PLACE], *(PassageId(hit.id) for hit in near[:SURE_OF_A_PLACE])}
        order = sorted(scores, key=lambda passage_id: (passage_id not in sure, -scores[passage_id]))
        order = order[: 3 * limit]
        found = [
            Evidence(
                passage,
                scores[passage.id],
                similarities.get(passage.id, 0.0),
                word_ranks.get(passage.id),
            )
            for passage in self._library.get_passages(order)
            if passage.document_id not in without
        ]
        return _diverse(found, limit)

    def rank_units(
        self,
        question: str,
        evidence: Sequence[Evidence],
        *,
        limit: int,
        vector: NDArray[np.float32],
        background: bool = False,
    ) -> list[RankedUnit]:
        """The units of the passages that fit the question best, best first.

        Similarity of embeddings with the place (title and headings) before the text, plus the shared words: a unit
        such as "- Done 3 Sept" means nothing without its place.
        """
        units = [unit for found in evidence for unit in split_units(found.passage)]
        fused = {found.passage.id: found.score for found in evidence}
        top = max(fused.values(), default=1.0)
        asked = AskedWords.of(question)
        by_words = {index: asked.fit(unit) for index, unit in enumerate(units)}
        kept = sorted(by_words, key=lambda i: -(by_words[i] + fused[units[i].passage.id] / top))
        kept = kept[:MAX_UNITS_RANKED]
        if not kept:
            return []
        rows = self._embed_units([units[i] for i in kept], background=background)
        similarities = rows @ vector
        ranked = [
            RankedUnit(
                units[i],
                float(similarity) + 0.4 * by_words[i] + 0.1 * fused[units[i].passage.id] / top,
                float(similarity),
            )
            for i, similarity in zip(kept, similarities, strict=True)
        ]
        ranked.sort(key=lambda one: -one.score)
        return ranked[:limit]

    def _embed_units(self, units: Sequence[Unit], *, background: bool) -> NDArray[np.float32]:
        """A row per unit; only texts that were not embedded lately are given to the embedder."""
        texts = [f"{unit.place}: {unit.text}"[:MAX_UNIT_CHARS] for unit in units]
        known = self._remembered.get(texts)
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        if missing:
            rows = self._embedder.embed(missing, deadline_s=EMBED_DEADLINE_S, background=background)
            known.update(zip(missing, rows, strict=True))
            self._remembered.put(known)
        return np.stack([known[text] for text in texts])


class _Remembered:
    """The vectors of the texts used last. Thread-safe; gone with the vault, which is never longer than unlocked."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rows: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, texts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        with self._lock:
            return {text: self._rows[text] for text in texts if text in self._rows}

    def put(self, rows: dict[str, NDArray[np.float32]]) -> None:
        with self._lock:
            for text, row in rows.items():
                self._rows[text] = row
                self._rows.move_to_end(text)
            while len(self._rows) > self._limit:
                self._rows.popitem(last=False)


def _diverse(found: Sequence[Evidence], limit: int) -> list[Evidence]:
    """The first ``limit``, the same text once, and no document with more than two thirds while others are left."""
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
    return (taken + spare)[:limit]
