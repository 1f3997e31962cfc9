"""What one document is to the others: statements that contradict each other, and notes that belong together.

The work for a document is bounded, whatever the library's size: each of its passages has a few nearest ones, and only
the sentences of the nearest pairs are held against each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pillowbook.answering.dates import is_later
from pillowbook.answering.permission import Permission
from pillowbook.answering.retrieve import Retriever
from pillowbook.answering.units import Unit, split_units
from pillowbook.domain.digests import Place, Relation, RelationKind
from pillowbook.domain.documents import Passage
from pillowbook.domain.ids import DocumentId, PassageId
from pillowbook.flow.distil.conflicts import judge_statements
from pillowbook.flow.distil.links import are_linked, linked_names
from pillowbook.host.workers import CancelToken
from pillowbook.store.findings import Findings
from pillowbook.store.library import Library
from pillowbook.store.vectors import VectorStore

MAX_PASSAGES = 64
NEAR = 8
"""Of each passage, in other documents."""

MAX_PAIRS = 48
"""Of passages whose sentences are held against each other."""

MIN_PAIR = 0.3
"""Cosine of two passages below which their sentences are not looked at (all-MiniLM-L6-v2)."""

MIN_RELATED = 0.55
"""Mean cosine of the best pairs of passages of two notes that belong together."""

RELATED_PAIRS = 2
CANDIDATES = 12
"""Documents that are held against one as a whole."""

MAX_RELATED = 5
EMBEDDED_AT_ONCE = 32
"""Units between two looks at whether the work is still wanted: a fraction of a second."""


@dataclass(frozen=True, slots=True)
class _Pair:
    mine: Passage
    other: Passage
    similarity: float


class Comparer:
    """Compares one document with the others.

    Args:
        permission: says which sentences may be held against each other and shown.
    """

    def __init__(
        self,
        *,
        library: Library,
        findings: Findings,
        vectors: VectorStore,
        retriever: Retriever,
        permission: Permission,
    ) -> None:
        self._permission = permission
        self._library = library
        self._findings = findings
        self._vectors = vectors
        self._retriever = retriever

    def compare(self, document_id: DocumentId, cancel: CancelToken | None = None) -> None:
        """Find and store what a document is to the others.

        Raises:
            SourcesChanged: it changed meanwhile; nothing was stored.
            Cancelled, WorkerLost: nothing was stored.
        """
        text_hash = self._findings.text_hash(document_id)
        passages = self._library.passages(document_id)
        day = self._retriever.date_of(passages[0]) if passages else ""
        pairs = self._pairs(passages)
        relations = [*self._related(passages, pairs), *self._conflicts(pairs, cancel)]
        self._findings.put_relations(document_id, text_hash, day, relations)

    def _pairs(self, passages: Sequence[Passage]) -> list[_Pair]:
        """Each passage with its nearest ones in other documents, the most similar pairs first."""
        mine = {passage.id: passage for passage in passages}
        vectors = self._vectors.of(list(mine)[:MAX_PASSAGES], "passages")
        hits = [
            (own, PassageId(hit.id), hit.similarity)
            for own, vector in vectors.items()
            for hit in [
                hit
                for hit in self._vectors.nearest(vector, NEAR + len(mine), space="passages")
                if PassageId(hit.id) not in mine
            ][:NEAR]
        ]
        others = {one.id: one for one in self._library.get_passages(list({hit[1] for hit in hits}))}
        pairs = [
            _Pair(mine[PassageId(own)], others[other], similarity)
            for own, other, similarity in hits
            if other in others
        ]
        return sorted(pairs, key=lambda pair: (-pair.similarity, pair.mine.id, pair.other.id))

    # -- notes that belong together ----------------------------------------------------------------------------

    def _related(self, passages: Sequence[Passage], pairs: Sequence[_Pair]) -> list[Relation]:
        """The documents of the nearest pairs, each held against this one as a whole."""
        found: list[Relation] = []
        for document_id in list(dict.fromkeys(pair.other.document_id for pair in pairs))[:CANDIDATES]:
            best = self._best_pairs(passages, self._library.passages(document_id)[:MAX_PASSAGES])
            score = sum(pair.similarity for pair in best) / max(1, len(best))
            if score < MIN_RELATED or self._are_linked(best[0]):
                continue
            first, second = sorted((best[0].mine, best[0].other), key=lambda one: one.id)
            found.append(Relation(RelationKind.RELATED, _whole(first), _whole(second), score))
        return sorted(found, key=lambda one: -one.score)[:MAX_RELATED]

    def _best_pairs(self, mine: Sequence[Passage], others: Sequence[Passage]) -> list[_Pair]:
        """The most similar pairs, no passage in two of them."""
        vectors = self._vectors.of([one.id for one in [*mine[:MAX_PASSAGES], *others]], "passages")
        ours, theirs = ([one for one in side if one.id in vectors] for side in (mine, others))
        if not ours or not theirs:
            return []
        near = np.stack([vectors[one.id] for one in ours]) @ np.stack([vectors[one.id] for one in theirs]).T
        pairs: list[_Pair] = []
        for _ in range(min(RELATED_PAIRS, *near.shape)):
            row, column = divmod(int(near.argmax()), near.shape[1])
            pairs.append(_Pair(ours[row], theirs[column], float(near[row, column])))
            near[row, :], near[:, column] = -1.0, -1.0
        return pairs

    def _are_linked(self, pair: _Pair) -> bool:
        links = [linked_names(self._library.text(one.document_id)) for one in (pair.mine, pair.other)]
        return are_linked((pair.mine.path, pair.mine.title), (pair.other.path, pair.other.title), links)

    # -- statements that contradict each other -----------------------------------------------------------------

    def _conflicts(self, pairs: Sequence[_Pair], cancel: CancelToken | None) -> list[Relation]:
        near = [pair for pair in pairs if pair.similarity >= MIN_PAIR][:MAX_PAIRS]
        units = {
            one.id: [unit for unit in split_units(one) if self._permission.allows_unit(unit)]
            for one in {one.id: one for pair in near for one in (pair.mine, pair.other)}.values()
        }
        vectors = self._embed([unit for own in units.values() for unit in own], cancel)
        days = {one: self._retriever.date_of(own[0].passage) for one, own in units.items() if own}
        found: dict[tuple[Place, Place], Relation] = {}
        for pair in near:
            for first in units[pair.mine.id]:
                for second in units[pair.other.id]:
                    older, newer = first, second
                    if is_later(days[pair.mine.id], days[pair.other.id]):
                        older, newer = second, first
                    has_order = is_later(days[newer.passage.id], days[older.passage.id])
                    similarity = float(vectors[first] @ vectors[second])
                    kind = judge_statements(older, newer, similarity, has_order=has_order)
                    if kind is None:
                        continue
                    places = (_place(older, days[older.passage.id]), _place(newer, days[newer.passage.id]))
                    found[places] = Relation(kind, *places, similarity)
        return _best_of_each(list(found.values()))

    def _embed(self, units: Sequence[Unit], cancel: CancelToken | None) -> dict[Unit, NDArray[np.float32]]:
        vectors: dict[Unit, NDArray[np.float32]] = {}
        for first in range(0, len(units), EMBEDDED_AT_ONCE):
            if cancel is not None:
                cancel.raise_if_cancelled()
            block = units[first : first + EMBEDDED_AT_ONCE]
            vectors.update(zip(block, self._retriever.units.vectors(block, background=True), strict=True))
        return vectors


def _best_of_each(relations: Sequence[Relation]) -> list[Relation]:
    """Of all that one statement contradicts, and is contradicted by, the most similar one."""
    taken: list[Relation] = []
    used: set[Place] = set()
    for one in sorted(relations, key=lambda one: (one.kind is not RelationKind.SUPERSEDED, -one.score)):
        if one.older not in used and one.newer not in used:
            used |= {one.older, one.newer}
            taken.append(one)
    return taken


def _whole(passage: Passage) -> Place:
    return Place(passage.id, 0, len(passage.text))


def _place(unit: Unit, day: str) -> Place:
    return Place(unit.passage.id, unit.start, unit.end, day)
