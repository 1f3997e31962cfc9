"""The documents a question may be computed from, read whole: tables, lists and sentences, not only the best few."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from pillowbook.answering.compute.days import day_of_note
from pillowbook.answering.compute.sheets import Sheet, document_sheets
from pillowbook.answering.evidence import RankedUnit
from pillowbook.answering.pairs import canonical_stems
from pillowbook.answering.retrieve import Retriever
from pillowbook.answering.units import Unit, split_units
from pillowbook.domain.answers import Effort
from pillowbook.domain.documents import Passage
from pillowbook.domain.ids import DocumentId

DOCUMENTS = 8
UNITS = 28
FOUND_BY_WORDS = 8
MAX_DOCUMENT_PASSAGES = 60
"""Of a longer document only the passages found are read: a table goes on in the next passage, a book does not."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One document as it is read for computing.

    Attributes:
        day: the day it is of; the middle of the year or month where no day is known, today where nothing is.
        is_dated: whether it says when it is of.
        stems: of everything in it, with title and path.
    """

    document_id: DocumentId
    passages: tuple[Passage, ...]
    units: tuple[Unit, ...]
    sheets: tuple[Sheet, ...]
    stems: frozenset[str]
    day: date
    is_dated: bool
    nearness: dict[int, float]
    unit_nearness: dict[tuple[int, int], float]

    def near(self, unit: Unit) -> float:
        """How near a unit is to the question: its own similarity, else something less than its passage's."""
        key = (int(unit.passage.id), unit.start)
        return self.unit_nearness.get(key, 0.7 * self.nearness.get(int(unit.passage.id), 0.0))


def gather(
    retriever: Retriever,
    question: str,
    *,
    vector: NDArray[np.float32],
    today: date,
    background: bool = False,
    without: frozenset[DocumentId] = frozenset(),
) -> tuple[list[Reading], list[RankedUnit]]:
    """The documents nearest to a question, nearest first, and their units that fit it best."""
    found, ranked = retriever.find(
        question, effort=Effort.PREPARED, limit=UNITS, vector=vector, background=background, without=without
    )
    units = {(int(one.unit.passage.id), one.unit.start): one.similarity for one in ranked}
    by_document: dict[DocumentId, list[Passage]] = {}
    similar: dict[int, float] = {}
    for one in found:
        by_document.setdefault(one.passage.document_id, []).append(one.passage)
        similar[one.passage.id] = one.similarity
    readings = [
        read_document(retriever, document_id, hits, similar, units, today)
        for document_id, hits in list(by_document.items())[:DOCUMENTS]
    ]
    return readings, ranked


def read_document(
    retriever: Retriever,
    document_id: DocumentId,
    hits: Sequence[Passage],
    similar: dict[int, float],
    unit_nearness: dict[tuple[int, int], float],
    today: date,
) -> Reading:
    """A document with its tables and lists."""
    units = tuple(retriever.document_units(document_id))
    passages = list({unit.passage.id: unit.passage for unit in units}.values())
    if len(passages) > MAX_DOCUMENT_PASSAGES:
        passages = sorted(hits, key=lambda one: one.ordinal)
        units = tuple(unit for passage in passages for unit in split_units(passage))
    first = passages[0] if passages else hits[0]
    text = " ".join(passage.text for passage in passages)
    day, is_dated = day_of_note(
        retriever.date_of(first), f"{first.title} {first.path.rpartition('/')[2]}", today
    )
    return Reading(
        document_id,
        tuple(passages),
        units,
        tuple(document_sheets(passages)),
        frozenset(canonical_stems(f"{first.title} {first.path} {text}")),
        day,
        is_dated,
        {int(key): value for key, value in similar.items()},
        unit_nearness,
    )


class Reader:
    """What was gathered for a question, and what a part of the question finds besides.

    A question on two matters ("how old was Edie when we flew back") finds the notes of one of them: each part is
    looked up by its own words too, which needs no embedding.
    """

    def __init__(
        self, retriever: Retriever, readings: list[Reading], today: date, without: frozenset[DocumentId]
    ) -> None:
        self.readings = readings
        self._retriever = retriever
        self._today = today
        self._without = without
        self._read = {one.document_id: one for one in readings}

    def with_words(self, phrase: str, *, limit: int = FOUND_BY_WORDS) -> list[Reading]:
        """All that was gathered, and the documents that hold words of a phrase."""
        out = list(self.readings)
        for passage in self._retriever.by_words(phrase, limit=limit):
            if passage.document_id in self._without:
                continue
            if passage.document_id not in self._read:
                self._read[passage.document_id] = read_document(
                    self._retriever, passage.document_id, [passage], {}, {}, self._today
                )
            reading = self._read[passage.document_id]
            if all(reading.document_id != other.document_id for other in out):
                out.append(reading)
        return out
