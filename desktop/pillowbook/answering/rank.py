"""Which sentence of the passages found holds the answer? Features of a unit, and the measured weights over them.

A conditional logistic regression (McFadden 1974; "softmax over the candidates of one question") over what is cheap to
know: similarity, the question's words weighted by their rarity (BM25's inverse document frequency) in the unit, its
place and its neighbours, and whether it has a name, a time or an amount where one is asked for. The weights, and how
they were fitted, are in ``resources/measured/rank.json``, made by ``tests/benchmarks/rank_fit.py``.
"""

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pillowbook.answering.pairs import normalise_question, question_kind
from pillowbook.answering.terms import content_stems, names, numbers, stems, words
from pillowbook.answering.units import Unit, split_units
from pillowbook.domain.documents import Passage
from pillowbook.host.resources import resource

FEATURES = (
    "passage_similarity", "words", "place_words", "near_words", "passage_words", "agrees", "clashes", "length",
    "pronoun",
)  # fmt: skip
"""What is known before anything is embedded; ``similarity`` of the unit itself comes after."""

_PRONOUN = re.compile(
    r"(?:it|he|she|they|this|that|these|those|his|her|its|their|such|both|there|here)\b", re.IGNORECASE
)
_TIME = re.compile(
    r"\b(?:jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec)[a-z]*\b|\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b|"
    r"\b(?:1\d{3}|20\d{2})\b|\bcentur|\b\d{1,2}(?::\d\d)?\s?(?:am|pm)\b|\b\d{1,2}:\d\d\b|"
    r"\b(?:spring|summer|autumn|winter|morning|evening|night|today|tomorrow)\b",
    re.IGNORECASE,
)
_AMOUNTS = frozenset({"quantity", "frequency", "duration", "measure"})


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


@dataclass(frozen=True, slots=True)
class UnitTerms:
    """A unit and what it is compared by, worked out once.

    Attributes:
        roots, placed: stems of its text; of its title and headings.
    """

    unit: Unit
    roots: frozenset[str]
    placed: frozenset[str]
    numbers: frozenset[str]
    names: frozenset[str]
    has_time: bool

    @property
    def needs_context(self) -> bool:
        """Whether it begins with a word that points back, so that alone it may not say of what it speaks."""
        return _PRONOUN.match(self.unit.text) is not None


def read_terms(passage: Passage) -> tuple[UnitTerms, ...]:
    """The units of a passage with their terms."""
    return tuple(
        UnitTerms(
            unit,
            frozenset(stems(unit.text)),
            frozenset(stems(unit.place)),
            numbers(unit.text),
            names(unit.text),
            _TIME.search(unit.text) is not None,
        )
        for unit in split_units(passage)
    )


@dataclass(frozen=True, slots=True)
class AskedTerms:
    """A question's words by their rarity, which come to 1 together, and the kind of answer it asks for."""

    weights: Mapping[str, float]
    numbers: frozenset[str]
    words: frozenset[str]
    kind: str

    @classmethod
    def of(cls, question: str, rarity: Callable[[Iterable[str]], Mapping[str, float]]) -> "AskedTerms":
        """Args:
        rarity: gives each stem's inverse document frequency.
        """
        rarities = rarity(dict.fromkeys(content_stems(question)))
        total = sum(rarities.values()) or 1.0
        return cls(
            {root: one / total for root, one in rarities.items()},
            numbers(question),
            frozenset(words(question)),
            question_kind(normalise_question(question)),
        )

    def covered(self, roots: frozenset[str]) -> float:
        """The share of the question's words that are there, 0 to 1, rare ones counting more."""
        return sum(weight for root, weight in self.weights.items() if root in roots)

    def agrees(self, unit: UnitTerms) -> bool | None:
        """Whether the unit has the kind of thing that is asked for; None where that cannot be told."""
        if self.kind == "time":
            return unit.has_time
        if self.kind in _AMOUNTS:
            return bool(unit.numbers - self.numbers)
        if self.kind in ("person", "place"):
            return bool(unit.names - self.words)
        return None


def passage_features(
    asked: AskedTerms, units: Sequence[UnitTerms], passage_similarity: float
) -> list[tuple[float, ...]]:
    """The ``FEATURES`` of all units of one passage."""
    whole = frozenset[str]().union(*(one.roots | one.placed for one in units))
    in_passage = asked.covered(whole)
    rows: list[tuple[float, ...]] = []
    for at, one in enumerate(units):
        placed = one.roots | one.placed
        near = placed.union(*(other.roots for other in units[max(0, at - 1) : at + 2]))
        by_text, by_place, by_near = (asked.covered(roots) for roots in (one.roots, placed, near))
        agrees = asked.agrees(one)
        rows.append(
            (
                passage_similarity,
                by_text,
                by_place - by_text,
                by_near - by_place,
                in_passage - by_near,
                float(agrees is True),
                float(agrees is False),
                math.log(max(3, len(one.roots))),
                float(one.needs_context),
            )
        )
    return rows


@dataclass(frozen=True, slots=True)
class RankParameters:
    """Measured weights.

    Attributes:
        first: of ``FEATURES``, to choose what is worth embedding.
        second: of ``FEATURES`` and, last, the unit's own similarity.
    """

    first: tuple[float, ...]
    second: tuple[float, ...]


@lru_cache(maxsize=1)
def measured_weights() -> RankParameters:
    """The parameters that were fitted and measured by ``tests/benchmarks/rank_fit.py``."""
    stored = json.loads(resource("measured", "rank.json").read_text(encoding="utf-8"))
    return RankParameters(
        tuple(stored["first"][name] for name in FEATURES),
        tuple(stored["second"][name] for name in (*FEATURES, "similarity")),
    )


def shares(scores: Sequence[float]) -> list[float]:
    """The softmax of the scores: P(the unit is the one that holds the answer), if one of them does."""
    top = max(scores, default=0.0)
    raised = [math.exp(score - top) for score in scores]
    total = sum(raised)
    return [one / total for one in raised]
