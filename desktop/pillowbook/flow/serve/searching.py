"""Searching: the passages that have the words or the meaning of what is typed."""

import contextlib

from pillowbook.answering.rank import AskedWords
from pillowbook.answering.retrieve import Retriever
from pillowbook.domain.asking import SearchHits
from pillowbook.domain.clock import Clock
from pillowbook.domain.documents import Passage
from pillowbook.domain.errors import Transient, UserFixable
from pillowbook.domain.ids import DocumentId
from pillowbook.flow.serve.asking import since_ms
from pillowbook.flow.serve.likely import Likely
from pillowbook.flow.serve.questions import RecentVectors, clean_typed
from pillowbook.flow.serve.standing import Standing

MIN_SIMILARITY = 0.3
"""A passage without any of the words is shown from here on (all-MiniLM-L6-v2); there always is a nearest one."""


class Searching:
    """Searches the notes. Thread-safe as far as the stores and the embedder are."""

    def __init__(
        self,
        *,
        retriever: Retriever,
        likely: Likely,
        standing: Standing,
        vectors: RecentVectors,
        clock: Clock,
    ) -> None:
        self._retriever = retriever
        self._likely = likely
        self._standing = standing
        self._vectors = vectors
        self._clock = clock

    def search(self, words: str, limit: int, without: frozenset[DocumentId]) -> SearchHits:
        """Passages by words and meaning; by words alone while the embedder is not there. None of ``without``."""
        began = self._clock.monotonic_s()
        words = clean_typed(words)
        ranked = self._by_meaning(words, limit, without) if words else None
        if ranked is None:
            ranked = [
                (passage, 1.0 / (60 + rank))
                for rank, passage in enumerate(self._retriever.by_words(words, limit=limit, without=without))
            ]
        asked = AskedWords.of(words)
        standing = {one.id for one in self._standing.of([passage for passage, _ in ranked])}
        hits = tuple(
            self._likely.hit(passage, score, asked, words)
            for passage, score in ranked
            if passage.id in standing
        )
        return SearchHits(hits, since_ms(self._clock, began))

    def _by_meaning(
        self, words: str, limit: int, without: frozenset[DocumentId]
    ) -> list[tuple[Passage, float]] | None:
        """Passages and scores; None while the embedder loads, which takes seconds: hits by words are there at once."""
        with contextlib.suppress(Transient, UserFixable):
            if self._retriever.is_ready():
                return [
                    (one.passage, one.score)
                    for one in self._retriever.retrieve(
                        words, limit=limit, vector=self._vectors.get(words), without=without
                    )
                    if one.word_rank is not None or one.similarity >= MIN_SIMILARITY
                ]
        return None
