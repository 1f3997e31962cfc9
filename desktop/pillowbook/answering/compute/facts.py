"""Single facts that a computation needs: the day or the amount that a phrase stands for, found by code.

Every value of the right sort in the documents found is a candidate, with the clause it stands in. A clause that holds
the phrase's words and is near it in meaning wins; where a value that differs is as good, there is no fact.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from pillowbook.answering.compute.days import Days, find_days, find_feast, find_times
from pillowbook.answering.compute.gather import Reader, Reading, gather
from pillowbook.answering.compute.lookup import clause_around, expanded, phrase_roots, score_place
from pillowbook.answering.compute.plans import Lookup
from pillowbook.answering.compute.quantities import Quantity, find_quantities
from pillowbook.answering.newer import newer_place
from pillowbook.answering.pairs import canonical_stems
from pillowbook.answering.retrieve import Retriever
from pillowbook.answering.terms import numbers
from pillowbook.answering.units import Unit
from pillowbook.answering.verify import Claim
from pillowbook.domain.ids import DocumentId

EMBEDDED = 24
"""So many candidates are compared with the phrase by meaning."""

NEAR_WEIGHT = 0.35
MIN_WORDS = 0.6
MARGIN_WEIGHT = 0.5
MIN_SCORE = 0.6
"""Of the best candidate, with so much of how far it is before the best with another value."""

MIN_MARGIN = 0.02

_MONEY = re.compile(
    r"\b(?:costs?|pay|paid|spen[dt]|price[ds]?|owe|charge[ds]?|fees?|rent|cheap\w*|dear\w*|expensive|pounds?|euros?|"
    r"quote[ds]?|bills?|budget|premium|deposit|worth|earn\w*|wages?|refund\w*|invoice[ds]?|save|saved)\b|[£€$]",
    re.IGNORECASE,
)
_COUNTED = re.compile(r"\bhow many\b", re.IGNORECASE)
_BIRTH = re.compile(r"\b(?:born|births?|birthdays?)\b", re.IGNORECASE)
_WEEKLY = re.compile(
    r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)days\b|\b(?:weekly|every week|a week)\b", re.IGNORECASE
)
_FROM = re.compile(r"\b(?:from|starting|beginning|since)\s+(?:on\s+)?(?:the\s+)?$", re.IGNORECASE)
_IDLE = re.compile(r"\b(?:new year|christmas|eve|day|today|tomorrow|the|year|20\d\d)\b", re.IGNORECASE)


class NotFound(Exception):
    """A fact that the computation needs was not found surely, or does not fit it."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A value and where it stands.

    Attributes:
        unit: None for what the question says itself.
        around: the units of its document; "serves six" stands beside what is scaled.
        sureness: 0 to 1.
    """

    value: Days | Quantity
    unit: Unit | None
    sureness: float
    around: tuple[Unit, ...] = ()


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A value with the clause it stands in, how much of the phrase its surroundings hold, and how well it fits."""

    value: Days | Quantity
    unit: Unit
    clause: str
    reading: Reading
    words: float
    score: float = 0.0


class Facts:
    """Looks up the facts of one question. Not thread-safe; made anew for each question."""

    def __init__(
        self,
        retriever: Retriever,
        question: str,
        *,
        today: date,
        background: bool,
        without: frozenset[DocumentId],
    ) -> None:
        self._retriever = retriever
        self._question = question
        self._today = today
        self._background = background
        self._without = without
        self._found: dict[Lookup, Fact] = {}

    def find(self, lookup: Lookup) -> Fact:
        """The fact.

        Raises:
            NotFound: nothing of the sort was found surely.
        """
        if lookup not in self._found:
            self._found[lookup] = self._literal(lookup) or self._read(lookup)
        return self._found[lookup]

    def _literal(self, lookup: Lookup) -> Fact | None:
        """A day that the question names itself: ``June 2027``, Christmas, tomorrow."""
        if lookup.kind != "date":
            return None
        said = [one for one in find_days(lookup.phrase, self._today) if one.grain != "year"]
        found = said[0] if said else find_feast(lookup.phrase, self._today)
        if found is None:
            return None
        rest = _IDLE.sub(" ", f"{lookup.phrase[: found.start]} {lookup.phrase[found.end :]}")
        return None if canonical_stems(rest) else Fact(found, None, 1.0)

    def _read(self, lookup: Lookup) -> Fact:
        phrase = f"{lookup.phrase} born" if lookup.kind == "birth" else lookup.phrase
        vector = self._retriever.embed(phrase, background=self._background)
        readings, ranked = gather(
            self._retriever,
            phrase,
            vector=vector,
            today=self._today,
            background=self._background,
            without=self._without,
        )
        reader = Reader(self._retriever, readings, self._today, self._without)
        candidates = self._candidates(lookup, phrase, reader.with_words(expanded(phrase)))
        found = self._scored(vector, candidates[:EMBEDDED])
        if not found or found[0].words < MIN_WORDS:
            raise NotFound
        best = found[0]
        rival = next((one for one in found if not _is_same(best.value, one.value)), None)
        margin = best.score - (rival.score if rival is not None else 0.0)
        if margin < MIN_MARGIN or best.score + MARGIN_WEIGHT * margin < MIN_SCORE:
            raise NotFound
        # What a later note says in words to have changed is left to the ordinary pipeline, which reads both.
        place = newer_place(phrase, [Claim(best.unit.text, (best.unit,))], ranked, self._retriever.date_of)
        if place is not None and place.says_changed and lookup.kind != "birth":
            raise NotFound
        return Fact(best.value, best.unit, min(1.0, best.score + margin), best.reading.units)

    def _candidates(self, lookup: Lookup, phrase: str, readings: Sequence[Reading]) -> list[_Candidate]:
        """All values of the sort that is looked up, those first whose surroundings hold most of its words."""
        roots, told = phrase_roots(phrase), numbers(phrase)
        found: dict[tuple[int, int], _Candidate] = {}
        for reading in readings:
            for unit in reading.units:
                for value in self._values(lookup, unit, reading):
                    # Passages overlap: the same words are read once.
                    key = (hash(unit.passage.document_id), unit.passage.start + unit.start + value.start)
                    if key in found:
                        continue
                    clause = clause_around(unit.text, value.start, value.end)
                    if told <= numbers(f"{unit.place} {unit.passage.path} {unit.passage.text}"):
                        words = score_place(roots, clause, unit, reading)
                        found[key] = _Candidate(value, unit, clause, reading, words)
        return sorted(found.values(), key=lambda one: -one.words)

    def _values(self, lookup: Lookup, unit: Unit, reading: Reading) -> Sequence[Days | Quantity]:
        if lookup.kind == "amount":
            return _amounts(self._question, lookup.only, unit.text)
        days = find_days(unit.text, reading.day if reading.is_dated else self._today)
        if lookup.kind == "series":
            is_weekly = _WEEKLY.search(unit.text) is not None
            return [one for one in days if is_weekly and one.is_day and _FROM.search(unit.text[: one.start])]
        if lookup.kind == "birth":
            is_told = _BIRTH.search(f"{unit.place} {unit.passage.path} {unit.text}") is not None
            return [
                one
                for one in days
                if is_told and one.has_year and one.grain != "year" and one.first < self._today
            ]
        return [
            one
            for one in days
            if one.grain != "year"
            and not (lookup.only == "ahead" and one.last < self._today)
            and not (lookup.only == "past" and one.first > self._today)
        ]

    def _scored(self, vector: NDArray[np.float32], found: Sequence[_Candidate]) -> list[_Candidate]:
        """The candidates by how well they fit in words and in meaning, best first."""
        if not found:
            return []
        clauses = [replace(one.unit, text=one.clause) for one in found]
        near = self._retriever.units.similarities(vector, clauses, background=self._background)
        scored = [
            replace(one, score=(1 - NEAR_WEIGHT) * one.words + NEAR_WEIGHT * at)
            for one, at in zip(found, near, strict=True)
        ]
        return sorted(scored, key=lambda one: -one.score)


def _amounts(question: str, only: str, text: str) -> list[Quantity]:
    """The amounts of a text that are of the sort the question asks for; none inside a date or a time of day."""
    days = find_days(text, date(2000, 1, 1))
    taken = [(one.start, one.end) for one in days] + [(start, end) for _, start, end in find_times(text)]
    return [
        one
        for one in find_quantities(text)
        if _fits(question, only, one) and not any(start < one.end and one.start < end for start, end in taken)
    ]


def _fits(question: str, only: str, amount: Quantity) -> bool:
    if only:
        return amount.dimension == only
    if _MONEY.search(question):
        return amount.dimension == "money"
    return amount.dimension != "share" and not (amount.dimension == "money" and _COUNTED.search(question))


def _is_same(one: Days | Quantity, other: Days | Quantity) -> bool:
    if isinstance(one, Days) and isinstance(other, Days):
        return (one.first, one.last) == (other.first, other.last)
    if isinstance(one, Quantity) and isinstance(other, Quantity):
        return (one.value, one.unit) == (other.value, other.unit)
    return False
