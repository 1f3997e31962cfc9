"""What a question asks to be computed, told by its words alone; most questions ask for nothing of the sort."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from pillowbook.answering.compute.days import Days, add_months, find_days
from pillowbook.answering.compute.quantities import find_quantities
from pillowbook.answering.pairs import canonical_stems


class Operation(StrEnum):
    """What is to be done with the rows."""

    SUM = "sum"
    AVERAGE = "average"
    COUNT = "count"
    LIST = "list"
    LEAST = "least"
    MOST = "most"


_RULES: tuple[tuple[Operation, str], ...] = (
    (Operation.AVERAGE, r"\b(?:average|mean|on average)\b"),
    (
        Operation.SUM,
        r"\b(?:altogether|in total|total|add(?:s|ed|ing)? up|sum|combined|together|all told|"
        r"in all|overall)\b|"
        r"\bhow much (?:did|have|has|do|does) (?:we|i|he|she|they|\w+) (?:spen[dt]|pay|paid)\b.*\b(?:in|"
        r"since|during|between|last|this)\b",
    ),
    (Operation.COUNT, r"\bhow many\b|\bhow often (?:have|has|did|was|were|had)\b|\bnumber of\b|\bcount\b"),
    (
        Operation.LEAST,
        r"\b(?:cheapest|lowest|least|fewest|smallest|shortest|lightest|youngest|nearest|slowest|"
        r"minimum|worst|earliest|soonest)\b",
    ),
    (
        Operation.MOST,
        r"\b(?:dearest|priciest|highest|most|biggest|largest|longest|heaviest|oldest|maximum|"
        r"best|greatest|tallest|latest|fastest|furthest)\b",
    ),
    (
        Operation.LIST,
        r"^(?:please )?(?:list|name|give me|show me)\b|\b(?:which|what) (?!(?:is|was|does|has)\b)"
        r"(?:[\w'-]+ ){0,3}?(?!(?:is|"
        r"was|does|has|this|us|its|as)\b)[\w-]+[^s\W]s\b|\bwhat(?:'s| is| are| do| does| did|"
        r" have| has)\b.*"
        r"\b(?:to do|all|things|need to|have to|bring|pack|left|everything)\b|\bwho (?:are|"
        r"were|all)\b|\beverybody|everyone\b",
    ),
    (Operation.LIST, r"\b(?:whose|who(?:'s| has| have))\b.*\b(?:in|during|between) \w"),
)
_OF_FACTS = re.compile(
    r"\bhow (?:old|long)\b|\b(?:until|till|ago|since|weekday|day of the week|difference)\b|"
    r"\b(?:by how (?:much|many)|short of)\b|"
    r"\bwhat day\b|\bhow (?:much|many) (?:\w+ )?(?:more|less|fewer|cheaper|dearer|higher|lower|longer|extra)\b|"
    r"\b(?:gone|go(?:es)?|went) (?:up|down)\b",
    re.IGNORECASE,
)
"""Asks for a computation with single facts; without its facts no row answers it."""

_COMPILED = tuple((operation, re.compile(pattern, re.IGNORECASE)) for operation, pattern in _RULES)

_OPEN = re.compile(
    r"\b(?:left to|still|remain\w*|outstanding|open|undone|unfinished|to do|to-dos?|todos?|"
    r"not (?:yet )?(?:been )?(?:done|ticked|crossed|finished)\b)",
    re.IGNORECASE,
)
_DONE = re.compile(
    r"\b(?:already )?(?:done|ticked off|ticked|finished|completed|crossed off)\b", re.IGNORECASE
)
_NOT_DONE = re.compile(r"\bnot\b|n't\b|\bstill\b|\byet\b", re.IGNORECASE)

_ASKING = frozenset(
    canonical_stems(
        """
        how many much often long list name names which what who whose when where why average mean
        total altogether add adds adding sum combined together overall number count different
        difference tell everybody everyone everything all cheapest lowest least fewest smallest
        shortest highest most biggest largest longest best worst first last earliest latest more
        less than over under above below between since before after until till during this year
        month week today now left still remaining open outstanding entry entries row rows table item
        items thing things according log records mark far come comes came put make makes far ever
        yet us ours mine one ones besides except apart dearest priciest heaviest oldest youngest
        nearest minimum maximum greatest tallest soonest ticked off done add up
        """
    )
)

EXCEPT = re.compile(
    r"\b(?:besides|except(?: for)?|apart from|other than|without|not counting|excluding)\s+(?P<what>[^,?]+)",
    re.IGNORECASE,
)

_BOUND = re.compile(
    r"\b(?P<how>more than|over|above|higher than|longer than|bigger than|at least|or more|"
    r"less than|under|below|fewer than|cheaper than|"
    r"lower than|shorter than|at most|up to|no more than)\s+(?=[£€$\d]|two|three|four|five|"
    r"six|seven|eight|nine|ten|a hundred)",
    re.IGNORECASE,
)
_HALVES = re.compile(
    r"\b(?P<which>first|last|second) (?:(?P<number>two|three|four|six) months|half|quarter) of (?:the year|"
    r"this year|(?P<year>20\d\d))",
    re.IGNORECASE,
)
_SEASONS = {"spring": (3, 5), "summer": (6, 8), "autumn": (9, 11)}


@dataclass(frozen=True, slots=True)
class Bound:
    """``over £100``: a value's least or greatest, and whether it counts itself."""

    value: Decimal
    is_lower: bool
    is_strict: bool

    def holds(self, value: Decimal) -> bool:
        """Whether a value is within."""
        if value == self.value:
            return not self.is_strict
        return (value > self.value) == self.is_lower


@dataclass(frozen=True, slots=True)
class Period:
    """From the first to the last day, both included. ``is_yearly``: the months count, whatever the year."""

    first: date
    last: date
    is_yearly: bool = False

    def holds(self, first: date, last: date, *, has_year: bool) -> bool:
        """Whether a day or a span begins within; without a year on either side the months are compared."""
        if self.is_yearly or not has_year:
            wanted = {
                add_months(self.first.replace(day=1), n).month for n in range(_months(self.first, self.last))
            }
            if len(wanted) == 12:
                return True
            inside = self.first.month != self.last.month or self.first.day == 1
            return first.month in wanted and (inside or self.first.day <= first.day <= self.last.day)
        return self.first <= first <= self.last


def _months(first: date, last: date) -> int:
    return min(12, (last.year - first.year) * 12 + last.month - first.month + 1)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as code reads it.

    Attributes:
        roots: canonical stems of the words that name the matter; what only says how to compute is left out.
        period: of which time; None for any.
        bound: what a value must reach or stay below; None for any.
        is_open: True for what is still to be done, False for what is done, None for both.
    """

    text: str
    operation: Operation
    roots: tuple[str, ...]
    period: Period | None
    bound: Bound | None
    is_open: bool | None
    today: date


def read_question(text: str, today: date) -> Asked | None:
    """What is to be computed; None for a question that asks for nothing of the sort."""
    flat = " ".join(text.replace("’", "'").split())
    bound, rest = _read_bound(flat)
    period, rest = _read_period(rest, today)
    # "in the first three months" asks for no extreme, "more than 7" for no difference.
    plain = " ".join(rest.split())
    operation = next((one for one, pattern in _COMPILED if pattern.search(plain)), None)
    if operation is None or _OF_FACTS.search(plain):
        return None
    is_open: bool | None = None
    if _OPEN.search(flat) or (_DONE.search(flat) and _NOT_DONE.search(flat)):
        is_open = True
    elif _DONE.search(flat):
        is_open = False
    rest = EXCEPT.sub(" ", rest)
    roots = tuple(
        dict.fromkeys(root for root in canonical_stems(rest) if root not in _ASKING and len(root) > 1)
    )
    return Asked(flat, operation, roots, period, bound, is_open, today)


def _read_bound(text: str) -> tuple[Bound | None, str]:
    found = _BOUND.search(text)
    amounts = find_quantities(text[found.end() :]) if found else []
    if not found or not amounts or amounts[0].start > 1:
        return None, text
    how = found["how"].lower()
    is_lower = how in {
        "more than",
        "over",
        "above",
        "higher than",
        "longer than",
        "bigger than",
        "at least",
        "or more",
    }
    strict = how not in {"at least", "at most", "up to", "no more than", "or more"}
    return Bound(amounts[0].value, is_lower, strict), text[: found.start()] + " " + text[
        found.end() + amounts[0].end :
    ]


def _read_period(text: str, today: date) -> tuple[Period | None, str]:
    lowered = text.lower()
    if found := _HALVES.search(text):
        size = {"two": 2, "three": 3, "four": 4, "six": 6}.get((found["number"] or "").lower(), 0)
        size = size or (6 if "half" in found[0].lower() else 3)
        year = int(found["year"] or today.year)
        first = (
            1
            if found["which"].lower() == "first"
            else (13 - size if found["which"].lower() == "last" else size + 1)
        )
        begin = date(year, first, 1)
        return Period(begin, add_months(begin, size) - timedelta(1), not found["year"]), _without(text, found)
    for pattern, period in (
        (r"\bthis year(?:'s)?\b", Period(date(today.year, 1, 1), date(today.year, 12, 31))),
        (r"\blast year(?:'s)?\b", Period(date(today.year - 1, 1, 1), date(today.year - 1, 12, 31))),
        (r"\bnext year(?:'s)?\b", Period(date(today.year + 1, 1, 1), date(today.year + 1, 12, 31))),
        (r"\bthis month(?:'s)?\b", _month(today)),
        (r"\bnext month(?:'s)?\b", _month(add_months(today, 1))),
        (r"\blast month(?:'s)?\b", _month(add_months(today, -1))),
    ):
        if match := re.search(pattern, lowered):
            return period, text[: match.start()] + " " + text[match.end() :]
    for season, (first_month, last_month) in _SEASONS.items():
        if match := re.search(rf"\bin (?:the )?{season}\b(?: (?:of )?(20\d\d))?", lowered):
            year = int(match[1] or today.year)
            return Period(
                date(year, first_month, 1),
                add_months(date(year, last_month, 1), 1) - timedelta(1),
                not match[1],
            ), text[: match.start()] + " " + text[match.end() :]
    days = find_days(text, today)
    if not days:
        return None, text
    rest = without_days(text, days)
    one, other = days[0], days[-1]
    before = lowered[max(0, one.start - 12) : one.start]
    is_yearly = not any(day.has_year for day in days) and all(day.grain in ("month", "day") for day in days)
    if len(days) >= 2 and one.first <= other.last:
        return Period(one.first, other.last, is_yearly), rest
    if len(days) >= 2:
        return Period(one.first, add_months(other.last, 12), is_yearly), rest
    is_after = re.search(r"\b(?:since|after|from)\s(?:the )?$", before)
    if is_after and one.grain == "month" and not one.has_year:
        begin = one.first if "after" not in is_after[0] else add_months(one.first, 1)
        return Period(begin, date(begin.year, 12, 31), True), rest
    if (
        re.search(r"\bbefore\s(?:the )?$", before)
        and one.grain == "month"
        and not one.has_year
        and one.first.month > 1
    ):
        return Period(date(one.first.year, 1, 1), one.first - timedelta(1), True), rest
    if is_after:
        return Period(one.first, date(9000, 1, 1)), rest
    if re.search(r"\b(?:before|by|until|till)\s(?:the )?$", before):
        return Period(date(1000, 1, 1), one.first - timedelta(1)), rest
    return Period(one.first, one.last, is_yearly), rest


def without_days(text: str, days: Sequence[Days]) -> str:
    """A text with its days blanked out."""
    return "".join(" " if any(one.start <= at < one.end for one in days) else c for at, c in enumerate(text))


def _month(day: date) -> Period:
    first = day.replace(day=1)
    return Period(first, add_months(first, 1) - timedelta(1))


def _without(text: str, match: re.Match[str]) -> str:
    return text[: match.start()] + " " + text[match.end() :]
