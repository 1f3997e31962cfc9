"""Looking up one fact of a known sort: the day of something, a duration, an amount."""

import re
from collections.abc import Sequence
from functools import lru_cache

from pillowbook.answering.compute.gather import Reading
from pillowbook.answering.pairs import SYNONYMS, canonical_stems
from pillowbook.answering.terms import names
from pillowbook.answering.units import Unit

_CLAUSE_END = re.compile(
    r"(?<!\d)[,.](?=\s)|(?<=\d)[,.](?=\s+[^\d\s])|[;()–—|]|\s-\s|:\s(?=[A-Z][^:]{30})|\band\b"
)
_FRAME = frozenset(
    canonical_stems(
        """
        day days date week weeks month months year years night nights hour hours minute minutes long time get got give
        go goes going happen take took start begin end finish run runs running last lasts due up out back come came
        left many much more away be until till since ago between from after before have do did again actually exactly
        still left remaining start starts started cost altogether
        total together sum add combined need make use gram grams kilo kilos weight weigh amount
        """
    )
)


@lru_cache(maxsize=8192)
def _roots(text: str) -> frozenset[str]:
    return frozenset(canonical_stems(text))


def expanded(phrase: str) -> str:
    """A phrase with the other words for what it names, to search by."""
    return " ".join(
        [
            phrase,
            *(word for root in dict.fromkeys(canonical_stems(phrase)) for word in SYNONYMS.get(root, ())),
        ]
    )


def phrase_roots(phrase: str) -> tuple[tuple[str, float], ...]:
    """The words of a phrase with what each weighs: names most, words that frame a question least."""
    named = {root for name in names(f"x {phrase}") for root in canonical_stems(name)}
    return tuple(
        (root, 1.5 if root in named else 0.25 if root in _FRAME else 1.0)
        for root in dict.fromkeys(canonical_stems(phrase))
        if len(root) > 1
    )


def clause_around(text: str, start: int, end: int) -> str:
    """The part of a sentence a fact stands in."""
    left, right = 0, len(text)
    for match in _CLAUSE_END.finditer(text):
        if match.end() <= start:
            left = match.end()
        elif match.start() >= end:
            right = match.start()
            break
    return text[left:right]


def score_place(roots: Sequence[tuple[str, float]], clause: str, unit: Unit, reading: Reading) -> float:
    """How well a clause, its unit and its place hold a phrase's words."""
    near, own = _roots(clause), _roots(unit.text)
    place = _roots(f"{unit.place} {unit.passage.path.rpartition('/')[2]}")
    total = weight = 0.0
    for root, share in roots:
        weight += share
        if root in near:
            total += share
        elif root in own:
            total += 0.85 * share
        elif root in place:
            total += 0.8 * share
        elif root in reading.stems:
            total += 0.4 * share
    return total / weight if weight else 0.0
