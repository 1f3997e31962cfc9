"""Looking up one fact of a known sort: the day of something, a duration, an amount."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from pillowbook.answering.compute.days import Days, find_days
from pillowbook.answering.compute.gather import Reading
from pillowbook.answering.compute.quantities import Quantity, find_quantities
from pillowbook.answering.pairs import canonical_stems
from pillowbook.answering.terms import names
from pillowbook.answering.units import Unit

MIN_SCORE = 0.62
"""Share of a phrase's words, weighted by how near they stand to the fact, from which on a fact is the one meant."""

_CLAUSE_END = re.compile(
    r"(?<!\d)[,.](?=\s)|(?<=\d)[,.](?=\s+[^\d\s])|[;()–—|]|\s-\s|:\s(?=[A-Z][^:]{30})|\band\b"
)
_PERIOD = re.compile(r"\b(monthly|yearly|weekly)\b", re.IGNORECASE)
_CHANGED = re.compile(
    r"\b(?:from \d|until now|now|before that|was|goes up|gone up|went up|put (?:it )?up|"
    r"instead of|no longer|up to|down to|new)\b",
    re.IGNORECASE,
)
_FRAME = frozenset(
    canonical_stems(
        """
        day days date week weeks month months year years night nights hour hours minute minutes long time get got give
        go goes going happen take took start begin end finish run runs running last lasts due up out back come came
        left many much more away be until till since ago between from after before have do did again actually exactly
        still left remaining start starts started cost altogether total together sum add combined
        """
    )
)


@dataclass(frozen=True, slots=True)
class DayFact:
    """A day or a span found for a phrase."""

    days: Days
    unit: Unit
    score: float
    before: str
    clause: str


@dataclass(frozen=True, slots=True)
class AmountFact:
    """An amount found for a phrase."""

    amount: Quantity
    unit: Unit
    score: float
    clause: str
    reading: Reading


@lru_cache(maxsize=8192)
def _roots(text: str) -> frozenset[str]:
    return frozenset(canonical_stems(text))


_KIN = {
    canonical: frozenset(canonical_stems(group)) - {canonical}
    for group in (
        "married wedding anniversary marry",
        "freezer freeze frozen",
        "sleep stay stayed slept",
        "pack bring take",
        "repaint paint",
        "owe pay",
        "pupil school",
        "mum mother",
        "electricity electric elec",
    )
    for canonical in canonical_stems(group)
}


def expanded(phrase: str) -> str:
    """A phrase with the kin of its words, to search by."""
    return " ".join(
        [phrase, *(kin for root in canonical_stems(phrase) for kin in sorted(_KIN.get(root, ())))]
    )


def knows(roots: frozenset[str], root: str) -> bool:
    """Whether a text has a word, or one of its nearest kin."""
    return root in roots or bool(_KIN.get(root, frozenset()) & roots)


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
        if knows(near, root):
            total += share
        elif knows(own, root):
            total += 0.85 * share
        elif knows(place, root):
            total += 0.8 * share
        elif knows(reading.stems, root):
            total += 0.4 * share
    base = total / weight if weight else 0.0
    return base + 0.25 * reading.near(unit)


def find_day_facts(
    phrase: str,
    readings: Iterable[Reading],
    *,
    today: date,
    keep: Callable[[Days], bool] = lambda days: True,
) -> list[DayFact]:
    """The days that may be those of ``phrase``, likeliest first; of equally likely ones that of the newest note."""
    roots = phrase_roots(phrase)
    found: list[tuple[float, date, DayFact]] = []
    for reading in readings:
        anchor = reading.day if reading.is_dated else today
        for unit in reading.units:
            for days in find_days(unit.text, anchor):
                if not keep(days):
                    continue
                clause = clause_around(unit.text, days.start, days.end)
                score = score_place(roots, clause, unit, reading)
                before = unit.text[max(0, days.start - 24) : days.start].lower()
                found.append(
                    (
                        score,
                        reading.day if reading.is_dated else date(1, 1, 1),
                        DayFact(days, unit, score, before, clause),
                    )
                )
    found.sort(key=lambda one: (-round(one[0], 2), -one[1].toordinal()))
    return [fact for _, _, fact in found]


def find_amount_facts(
    phrase: str, readings: Iterable[Reading], *, keep: Callable[[Quantity], bool] = lambda amount: True
) -> list[AmountFact]:
    """The amounts that may be that of ``phrase``, likeliest first."""
    roots = phrase_roots(phrase)
    found: list[tuple[float, date, AmountFact]] = []
    for reading in readings:
        for unit in reading.units:
            for amount in find_quantities(unit.text):
                if not keep(amount):
                    continue
                if (
                    not amount.per
                    and unit.is_listed
                    and (period := _PERIOD.search(unit.text[: amount.start]))
                ):
                    amount = replace(
                        amount,
                        per={"monthly": "month", "yearly": "year", "weekly": "week"}[period[1].lower()],
                    )
                clause = clause_around(unit.text, amount.start, amount.end)
                score = score_place(roots, clause, unit, reading)
                found.append(
                    (
                        score,
                        reading.day if reading.is_dated else date(1, 1, 1),
                        AmountFact(amount, unit, score, clause, reading),
                    )
                )
    found.sort(key=lambda one: (-round(one[0], 2), -one[1].toordinal()))
    return [fact for _, _, fact in found]


def newest(fact: AmountFact, readings: Iterable[Reading]) -> AmountFact:
    """What a later note says instead: one that names this amount, another like it, and a word of change."""
    best = fact
    for reading in readings:
        if not reading.is_dated or not best.reading.is_dated or reading.day <= best.reading.day:
            continue
        for unit in reading.units:
            amounts = [one for one in find_quantities(unit.text) if one.dimension == fact.amount.dimension]
            others = [one for one in amounts if one.value != fact.amount.value]
            if len(others) == 1 and len(amounts) == 2 and _CHANGED.search(unit.text):
                best = AmountFact(
                    replace(others[0], per=others[0].per or fact.amount.per),
                    unit,
                    fact.score,
                    unit.text,
                    reading,
                )
    return best
