"""New evidence: each new passage is compared with all prepared questions (section 6 of the design).

Where a new passage would enter the evidence of a prepared answer, the answer is marked, and shown with the newer
passage beside it until it is prepared again. "Your notes do not say" is withdrawn by the same test.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from pillowbook.answering.cite import cite_passage, cite_unit
from pillowbook.answering.terms import content_stems, coverage, stems
from pillowbook.answering.units import split_units
from pillowbook.domain.answers import Citation, PreparedAnswer
from pillowbook.domain.documents import Passage
from pillowbook.domain.ids import ContentHash, DocumentId, PassageId, PreparedId
from pillowbook.store.knowledge import Knowledge
from pillowbook.store.library import DocumentChange, Library
from pillowbook.store.vectors import VectorStore

NEAR_QUESTIONS = 50
MIN_SIMILARITY = 0.3
"""A passage less similar to a question than this is no evidence for it (all-MiniLM-L6-v2)."""

MARGIN = 0.08
"""How much less similar than the cited passage a new one may be where it shares the question's words."""

MIN_OVERLAP = 0.6

_Similarities = dict[ContentHash, dict[int, float]]
"""Of each cited passage to every prepared question, worked out once per change."""


class NewEvidence:
    """Compares what a document's change brought with what is prepared."""

    def __init__(self, *, library: Library, knowledge: Knowledge, vectors: VectorStore) -> None:
        self._library = library
        self._knowledge = knowledge
        self._vectors = vectors

    def consider(self, change: DocumentChange) -> tuple[PreparedId, ...]:
        """Mark or withdraw prepared answers that the added passages bear on.

        Returns:
            the prepared answers that were marked or withdrawn.
        """
        touched: dict[PreparedId, None] = {}
        withdrawn: list[PreparedId] = []
        seen: _Similarities = {}
        for passage in self._added(change.document_id, change.added):
            vector = self._library.vector_of(passage.content_hash)
            if vector is None:
                continue
            for hit in self._vectors.nearest(vector, NEAR_QUESTIONS, space="questions"):
                if hit.similarity < MIN_SIMILARITY:
                    break
                prepared = self._knowledge.prepared(PreparedId(hit.id))
                if prepared is None or prepared.id in withdrawn:
                    continue
                if not self._enters(prepared, passage, hit.similarity, seen):
                    continue
                touched[prepared.id] = None
                if prepared.answer:
                    self._mark(prepared, passage)
                else:
                    withdrawn.append(prepared.id)
        if withdrawn:
            self._knowledge.withdraw(withdrawn)
        return tuple(touched)

    def catch_up(self, prepared_id: PreparedId, vector: NDArray[np.float32] | None, since: PassageId) -> None:
        """Compare a new prepared answer with the passages that came while it was made, before it could be marked.

        Args:
            vector: of its question; without one nothing is found.
            since: the newest passage when it was begun.
        """
        prepared = self._knowledge.prepared(prepared_id)
        if prepared is None or vector is None:
            return
        seen: _Similarities = {}
        for passage in self._library.passages_after(since):
            row = self._library.vector_of(passage.content_hash)
            similarity = 0.0 if row is None else float(row @ vector)
            if similarity < MIN_SIMILARITY or not self._enters(prepared, passage, similarity, seen):
                continue
            if not prepared.answer:
                self._knowledge.withdraw([prepared_id])
                return
            self._mark(prepared, passage)

    def _mark(self, prepared: PreparedAnswer, passage: Passage) -> None:
        self._knowledge.mark_new_evidence(prepared.id, _best_citation(prepared.question, passage))

    def _added(self, document_id: DocumentId, hashes: Iterable[ContentHash]) -> list[Passage]:
        wanted = set(hashes)
        return [p for p in self._library.passages(document_id) if p.content_hash in wanted]

    def _enters(
        self, prepared: PreparedAnswer, passage: Passage, similarity: float, seen: _Similarities
    ) -> bool:
        """Whether the passage would have been among the evidence: about as near as what is cited."""
        if any(citation.passage_hash == passage.content_hash for citation in prepared.citations):
            return False
        place = f"{passage.title} {passage.heading}"
        overlap = coverage(content_stems(prepared.question), frozenset(stems(f"{place} {passage.text}")))
        if not prepared.answer:
            return overlap >= MIN_OVERLAP or similarity >= 0.5
        cited = self._cited_similarity(prepared, seen)
        return similarity >= cited or (similarity >= cited - MARGIN and overlap >= MIN_OVERLAP)

    def _cited_similarity(self, prepared: PreparedAnswer, seen: _Similarities) -> float:
        """Of the question to the passage it cites that is least near: that one was still evidence."""
        found: list[float] = []
        for citation in prepared.citations:
            if citation.passage_hash not in seen:
                vector = self._library.vector_of(citation.passage_hash)
                hits = (
                    []
                    if vector is None
                    else self._vectors.nearest(vector, self._vectors.count("questions"), space="questions")
                )
                seen[citation.passage_hash] = {hit.id: hit.similarity for hit in hits}
            similarity = seen[citation.passage_hash].get(int(prepared.id))
            if similarity is not None:
                found.append(similarity)
        return min(found, default=0.0)


def _best_citation(question: str, passage: Passage) -> Citation:
    """The sentence of the new passage that shares most with the question."""
    wanted = set(content_stems(question))
    units = split_units(passage)
    if not units:
        return cite_passage(passage)
    return cite_unit(max(units, key=lambda unit: len(wanted & set(stems(unit.text)))))
