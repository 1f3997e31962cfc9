"""What was decided about something: the sentences that say so in words, the latest first."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from pillowbook.answering.cite import cite_unit
from pillowbook.answering.collection_questions import CollectionQuestion
from pillowbook.answering.pairs import canonical_stems
from pillowbook.answering.retrieve import Retriever
from pillowbook.answering.terms import coverage, names
from pillowbook.answering.time_windows import Window
from pillowbook.answering.units import Unit, split_units
from pillowbook.domain.answers import Citation
from pillowbook.domain.digests import RelationKind
from pillowbook.domain.documents import Passage
from pillowbook.domain.ids import DocumentId
from pillowbook.store.findings import Findings
from pillowbook.store.library import Library
from pillowbook.store.words import WordIndex

PASSAGES: Final = 24
MOST: Final = 6
MIN_ABOUT: Final = 0.5
"""Share of the words asked about that the passage of a decision must hold, its title and headings included."""

MIN_SIMILARITY: Final = 0.3
"""Cosine of the question and the sentence with its place (all-MiniLM-L6-v2)."""

_LEAVE: Final = 0.25
"""So much less similar than the best one, a sentence is of another matter."""

_DECISION = re.compile(
    r"\b(?:decided|decision|agreed|we go with|go with|went with|chose|chosen|opted|settled (?:on|for)|"
    r"reversed|approved|"
    r"said yes|signed|took (?:it|the|them)|turned (?:it )?down|ruled out|(?:is|are) off\b|called off)\b|→ yes",
    re.IGNORECASE,
)
_UNDECIDED = re.compile(r"\b(?:not|never|un)[ -]?(?:yet )?(?:decided|agreed)\b|\bundecided\b", re.IGNORECASE)
_WORDS: Final = "decided decision agreed chose chosen settled reversed approved signed"


@dataclass(frozen=True, slots=True)
class Decision:
    """A sentence that tells a decision.

    Attributes:
        day: of its note, as far as that says; empty otherwise.
        is_superseded: a later note says otherwise.
    """

    unit: Unit
    day: str
    is_superseded: bool

    @property
    def citation(self) -> Citation:
        """Where it stands."""
        return cite_unit(self.unit)


class Decisions:
    """Finds decisions. Thread-safe as far as the stores are."""

    def __init__(
        self, *, retriever: Retriever, words: WordIndex, library: Library, findings: Findings
    ) -> None:
        self._retriever = retriever
        self._words = words
        self._library = library
        self._findings = findings

    def find(
        self, question: str, wanted: CollectionQuestion, is_in: Callable[[DocumentId], bool]
    ) -> list[Decision]:
        """The decisions about something, or of a time, the latest first; none where nothing is told in such words."""
        if not wanted.about and wanted.window is None:
            return []
        units = [
            unit
            for passage in self._passages(question, wanted)
            if is_in(passage.document_id) and self._is_about(passage, wanted.about)
            for unit in split_units(passage)
            if _DECISION.search(unit.text) and not _UNDECIDED.search(unit.text)
        ]
        if wanted.about and units:
            units = self._nearest(wanted.about, units)
        gone = {
            (one.older.id, one.relation.older.start)
            for one in self._findings.relations([RelationKind.SUPERSEDED])
        }
        found = [
            Decision(unit, self._retriever.date_of(unit.passage), (unit.passage.id, unit.start) in gone)
            for unit in units
        ]
        if wanted.window is not None:
            found = [one for one in found if _is_of(one.day, wanted.window)]
        return sorted(found, key=lambda one: one.day, reverse=True)

    def _passages(self, question: str, wanted: CollectionQuestion) -> list[Passage]:
        if not wanted.about:
            hits = self._words.search(_WORDS, 200)
            return self._library.get_passages([hit.passage_id for hit in hits])
        found = self._retriever.retrieve(question, limit=PASSAGES)
        return [one.passage for one in found]

    def _is_about(self, passage: Passage, about: str) -> bool:
        """Whether a passage speaks of it: of all its names, and of half its words."""
        if not about:
            return True
        place = f"{passage.title} {passage.heading} {PurePath(passage.path).stem}"
        told = frozenset(canonical_stems(f"{place} {passage.text}"))
        named = {root for name in names(f"about {about}") for root in canonical_stems(name)}
        return named <= told and coverage(canonical_stems(about), told) >= MIN_ABOUT

    def _nearest(self, about: str, units: list[Unit]) -> list[Unit]:
        vector = self._retriever.embed(f"decision about {about}")
        similar = self._retriever.units.similarities(vector, units)
        ranked = sorted(zip(similar, units, strict=True), key=lambda one: -one[0])
        least = max(MIN_SIMILARITY, ranked[0][0] - _LEAVE)
        return [unit for similarity, unit in ranked[:MOST] if similarity >= least]


def _is_of(day: str, window: Window) -> bool:
    """Whether a note's day, as far as it is known, lies in a window."""
    first, last = window.first.isoformat()[: len(day)], window.last.isoformat()[: len(day)]
    return bool(day) and first <= day <= last
