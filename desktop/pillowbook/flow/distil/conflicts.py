"""Do two statements in two notes contradict each other? By code, and rather silent than wrong.

Two statements that merely differ may both be true: of two meetings, two people, two years. So they must speak of the
same thing in their own words, give values of one sort that differ, and either the later one says in so many words that
something changed (as ``answering/newer`` reads it), or all but that one value is the same.
"""

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import pairwise

from pillowbook.answering.compute.days import find_days, find_times
from pillowbook.answering.compute.quantities import find_quantities
from pillowbook.answering.newer import says_changed
from pillowbook.answering.pairs import canonical_stems
from pillowbook.answering.terms import STOP_WORDS, coverage, names, stem, stems, words
from pillowbook.answering.units import Unit
from pillowbook.domain.digests import RelationKind

MIN_SUPERSEDED = 0.5
"""Cosine of two sentences, one of which says that the other no longer holds (all-MiniLM-L6-v2)."""

MIN_CONTRADICTION = 0.75
"""Cosine of two sentences that say the same of the same, but for one value."""

MIN_SAME = 0.75
"""Share of the words of each that the other must hold too, values left out."""

_ENDED = re.compile(
    r"\b(?:cancelled|canceled|reversed|no longer|not any ?more|any ?more|called off|withdrawn)\b",
    re.IGNORECASE,
)
_PLAIN_CHANGE = re.compile(
    r"\b(?:moved|moves|changed|postponed|brought forward|cancelled|canceled|reversed|replaced|no longer|any ?more|"
    r"(?:is|are|was|were) now|now (?:is|are)|from (?:now|today|tomorrow)|until now|"
    r"step(?:ped)? (?:up|down)|(?:has|have|had) (?:risen|gone up|gone down|been put)|put (?:it )?up to)\b",
    re.IGNORECASE,
)
_NEGATED = re.compile(
    r"\b(?:nothing|not|never|un)\s?(?:else\b[\w\s]{0,20})?(?:changed|changes|moved|moves)\b", re.I
)
_DECISION = re.compile(r"\b(?:decided|decision|agreed|we go with|chose|chosen)\b", re.IGNORECASE)
_CODE = re.compile(r"\b(?=[\w-]*\d)(?=[\w-]*[^\W\d_])[\w]+(?:-[\w]+)*\b")
_DAY_TEXT = """
monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september
october november december week day month year today
"""
_DAY_WORDS = frozenset(_DAY_TEXT.split())
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_COUNTS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
}  # fmt: skip
_OCCASIONS = frozenset({"day", "month", "year"})
"""Two dates are mostly two occasions, and no contradiction."""

_ANCHOR = date(2000, 1, 1)
"""A day without a year is compared by its month and day alone."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What a sentence says, for comparing.

    Attributes:
        subject: stems of the words of its own text that are no values.
        values: by sort, such as ``money``, ``weekday``, ``time``, ``code`` or ``count puff``.
        names: names in its own text.
    """

    subject: frozenset[str]
    values: dict[str, frozenset[str]]
    names: frozenset[str]


def judge_statements(older: Unit, newer: Unit, similarity: float, *, has_order: bool) -> RelationKind | None:
    """How two statements of two notes stand to each other; None where they can both be true.

    Args:
        similarity: cosine of the two, each read with its place.
        has_order: the notes say that one is certainly later.
    """
    if similarity < MIN_SUPERSEDED:
        return None
    first, second = read_statement(older.text), read_statement(newer.text)
    if has_order and _supersedes(older, first, newer, second):
        return RelationKind.SUPERSEDED
    if similarity >= MIN_CONTRADICTION and _differ_in_one(older, first, newer, second):
        return RelationKind.CONTRADICTION
    return None


def _supersedes(older: Unit, first: Statement, newer: Unit, second: Statement) -> bool:
    if not (says_changed(newer.text) and _PLAIN_CHANGE.search(newer.text)) or _NEGATED.search(newer.text):
        return False
    shared = first.subject & second.subject
    same_codes = first.values.get("code", frozenset()) & second.values.get("code", frozenset())
    has_ended = _ENDED.search(newer.text) is not None
    if (
        has_ended
        and shared
        and (same_codes or (_DECISION.search(older.text) and _DECISION.search(newer.text)))
    ):
        return True
    for sort in first.values.keys() & second.values.keys() - _OCCASIONS:
        was, is_now = first.values[sort], second.values[sort]
        if is_now <= was:
            continue
        # It repeats what was so far, or it speaks of the same thing in two words at least.
        if (was <= is_now and shared) or (len(shared) >= 2 and not was <= is_now):
            return True
    return False


def _differ_in_one(older: Unit, first: Statement, newer: Unit, second: Statement) -> bool:
    if len(first.subject) < 3 or len(second.subject) < 3 or first.names != second.names:
        return False
    if min(coverage(first.subject, second.subject), coverage(second.subject, first.subject)) < MIN_SAME:
        return False
    if first.values.keys() != second.values.keys():
        return False
    different = [sort for sort in first.values if first.values[sort] != second.values[sort]]
    if len(different) != 1 or different[0] in _OCCASIONS:
        return False  # two days are two occasions
    if not first.values[different[0]].isdisjoint(second.values[different[0]]):
        return False
    # Places tell occasions apart: "2025" and "2026" in titles, a log's headings.
    return read_statement(older.place).values.get("year") == read_statement(newer.place).values.get("year")


@lru_cache(maxsize=4096)
def read_statement(text: str) -> Statement:
    """What a sentence says, for comparing."""
    values: dict[str, set[str]] = {}

    def take(sort: str, value: str) -> None:
        values.setdefault(sort, set()).add(value)

    days = find_days(text, _ANCHOR)
    times = find_times(text)
    taken = [(one.start, one.end) for one in days] + [(start, end) for _, start, end in times]
    for one in days:
        if one.grain in ("day", "span"):
            take("day", f"{one.first:%m-%d} {one.last:%m-%d}")
        elif one.grain == "month":
            take("month", f"{one.first:%m}")
        if one.has_year:
            take("year", str(one.first.year))
    for minutes, _, _ in times:
        take("time", str(minutes))
    for amount in find_quantities(text):
        if amount.dimension and not any(start < amount.end and amount.start < end for start, end in taken):
            take(amount.dimension, str(amount.base.normalize()))
    for match in _CODE.finditer(text):
        if not any(start < match.end() and match.start() < end for start, end in taken):
            take("code", match[0].casefold())
    told = words(text)
    for word in told:
        if word.removesuffix("s") in _DAYS:
            take("weekday", word.removesuffix("s"))
    for count, what in pairwise(told):
        if count in _COUNTS and what not in STOP_WORDS and what not in _COUNTS:
            take(f"count {stem(what)}", str(_COUNTS[count]))
    codes = {part for code in values.get("code", ()) for part in stems(code)}
    subject = frozenset(
        one
        for one in canonical_stems(text)
        if not any(letter.isdigit() for letter in one) and one not in _VALUE_STEMS and one not in codes
    )
    return Statement(
        subject, {sort: frozenset(own) for sort, own in values.items()}, names(text) - _DAY_WORDS
    )


_VALUE_STEMS = frozenset(
    stem(word) for word in (*_DAY_WORDS, *_COUNTS, "now", "moved", "changed", "cancelled")
)
