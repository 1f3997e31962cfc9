"""A plan worked out over looked-up facts: calendar arithmetic, amounts with their units, told with the operands."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from pillowbook.answering.compute.days import (
    Days,
    add_months,
    months_between,
    named,
    weekday_of,
    years_between,
)
from pillowbook.answering.compute.facts import Fact, NotFound
from pillowbook.answering.compute.plans import Apply, Lookup, Node, Number, Today, lookups
from pillowbook.answering.compute.quantities import Quantity, find_quantities, plain, spelled, unit_of
from pillowbook.answering.units import Unit

_TOLD_PER = frozenset({"hour", "day", "night", "week", "month", "quarter", "term", "year"})
_ENDS = re.compile(
    r"\b(?:ends?|ended|expires?|expired|finish\w*|over|runs? out|ran out|until|till|back|last|return\w*|"
    r"le(?:ft|aves?))\b",
    re.IGNORECASE,
)
_SERVES = re.compile(
    r"\b(?:serves|feeds|enough for|makes(?: about)?|for)\s+"
    r"(?P<n>\d+|two|three|four|five|six|seven|eight|nine|ten|twelve)\b",
    re.IGNORECASE,
)


MAX_SERIES = 60


@dataclass(frozen=True, slots=True)
class Day:
    """A day, or a span of them; ``is_exact`` where the day is known and not only the month."""

    first: date
    last: date
    is_exact: bool = True
    has_year: bool = True


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount with its workings."""

    value: Decimal
    unit: str = ""
    dimension: str = ""
    per: str = ""
    told: str = ""

    @property
    def factor(self) -> Decimal:
        """How many of the dimension's base unit one of its units is."""
        known = unit_of(self.unit) if self.dimension not in ("", "money") else None
        return known[1] if known else Decimal(1)

    @property
    def base(self) -> Decimal:
        """The value in the dimension's base unit."""
        return self.value * self.factor


def work_out(plan: Apply, *, today: date, find: Callable[[Lookup], Fact]) -> tuple[str, tuple[Unit, ...]]:
    """The answer in words, and the units it was computed from.

    Raises:
        NotFound: a fact is missing, or the facts do not fit the operation.
    """
    found = [find(one) for one in lookups(plan)]
    # Two questions with one answer: one of them was misunderstood.
    if len({(one.unit, one.value) for one in found}) < len(found):
        raise NotFound
    working = _Working(today, find)
    text = working.told(plan)
    return text, (*(one.unit for one in found if one.unit is not None), *working.besides)


class _Working:
    def __init__(self, today: date, find: Callable[[Lookup], Fact]) -> None:
        self._today = today
        self._find = find
        self.besides: list[Unit] = []

    # -- what is told ---------------------------------------------------------------------------

    def told(self, node: Apply) -> str:
        if node.operation == "count":
            return self._counted(node)
        if node.operation == "age":
            return self._age(node)
        if node.operation == "weekday":
            day = self._day(node.arguments[0])
            if not (day.is_exact and day.has_year):
                raise NotFound
            return f"{weekday_of(day.first)}, {named(day.first)}."
        if node.operation == "nth":
            return self._nth(node)
        if node.operation in ("after", "before"):
            day = self._moved(node)
            return f"{named(day.first)}, a {weekday_of(day.first)}."
        amount = self._amount(node)
        per = f" a {amount.per}" if amount.per in _TOLD_PER else ""
        return f"{spelled(amount.value, amount.unit)}{per}: {amount.told}."

    def _counted(self, node: Apply) -> str:
        """How long from one day to another."""
        days = [self._day(one) for one in node.arguments]
        if node.unit not in ("months", "years") and not all(day.is_exact for day in days):
            raise NotFound
        begin, end = (_edge(one, day) for one, day in zip(node.arguments, days, strict=True))
        if end < begin:
            begin, end = end, begin
        return f"{spelled_span(begin, end, node.unit)}, from {named(begin)} to {named(end)}."

    def _age(self, node: Apply) -> str:
        born, at = (self._day(one) for one in node.arguments)
        if born.first > at.first:
            raise NotFound
        months = months_between(born.first, at.first)
        told = (
            _count(months, "month") if months < 12 or node.unit == "months" else _count(months // 12, "year")
        )
        birth = named(born.first) if born.is_exact else _month(born.first)
        return f"{told} old on {named(at.first)}, born {birth}."

    def _nth(self, node: Apply) -> str:
        """The n-th or the last of what happens weekly, a stated number of times, from a stated day."""
        series, number = node.arguments
        fact = self._find(series) if isinstance(series, Lookup) else None
        if (
            fact is None
            or fact.unit is None
            or not isinstance(fact.value, Days)
            or not isinstance(number, Number)
        ):
            raise NotFound
        text, days = fact.unit.text, fact.value
        counts = [
            int(one.value)
            for one in find_quantities(text)
            if not one.dimension
            and 1 < one.value <= MAX_SERIES
            and not days.start <= one.start < days.end
            and re.match(r"\s*[A-Za-z]+s\b", text[one.end :])
        ]
        at = int(number.value) or (counts[0] if counts else 0)
        if not counts or not 1 <= at <= counts[0]:
            raise NotFound
        day = days.first + timedelta(weeks=at - 1)
        return f"{weekday_of(day)} {named(day)}: {_count(at - 1, 'week')} after {named(days.first)}."

    # -- values ---------------------------------------------------------------------------------

    def _day(self, node: Node) -> Day:
        if isinstance(node, Today):
            return Day(self._today, self._today)
        if isinstance(node, Apply):
            return self._next(node) if node.operation == "next" else self._moved(node)
        value = self._find(node).value if isinstance(node, Lookup) else None
        if not isinstance(value, Days):
            raise NotFound
        return Day(value.first, value.last, value.grain in ("day", "span"), value.has_year)

    def _amount(self, node: Node) -> Amount:
        if isinstance(node, Number):
            return Amount(node.value, told=plain(node.value, places=4))
        if isinstance(node, Lookup):
            value = self._find(node).value
            if not isinstance(value, Quantity):
                raise NotFound
            return Amount(
                value.value, value.unit, value.dimension, value.per, spelled(value.value, value.unit)
            )
        if not isinstance(node, Apply):
            raise NotFound
        if node.operation == "convert":
            return _converted(self._amount(node.arguments[0]), node.unit)
        if node.operation == "scale":
            return self._scaled(node)
        a, b = (self._amount(one) for one in node.arguments)
        return _apart(a, b) if node.operation == "-" else _times(a, b, node.unit)

    def _next(self, node: Apply) -> Day:
        """When a birthday returns."""
        born = self._day(node.arguments[0])
        years = years_between(born.first, self._today - timedelta(days=1)) + 1
        day = add_months(born.first, 12 * years)
        if not born.is_exact:
            raise NotFound
        return Day(day, day)

    def _moved(self, node: Apply) -> Day:
        start, by = node.arguments
        day = self._day(start)
        known = unit_of(by.unit) if isinstance(by, Number) else None
        if not isinstance(by, Number) or known is None or not day.is_exact or by.value != int(by.value):
            raise NotFound
        count = int(by.value) * (1 if node.operation == "after" else -1)
        try:
            moved = (
                add_months(_edge(start, day), count * int(known[1]))
                if known[0] == "span"
                else _edge(start, day) + timedelta(days=count * int(known[1] / 86400))
            )
        except (ValueError, OverflowError) as error:
            raise NotFound from error
        return Day(moved, moved)

    def _scaled(self, node: Apply) -> Amount:
        """An amount of a recipe for another number of people."""
        amount, wanted = (self._amount(one) for one in node.arguments)
        fact = self._find(node.arguments[0]) if isinstance(node.arguments[0], Lookup) else None
        for unit in fact.around if fact is not None else ():
            serves = next((one for one in _SERVES.finditer(unit.text) if find_quantities(one["n"])), None)
            if serves is not None:
                base = find_quantities(serves["n"])[0].value
                self.besides.append(unit)
                told = f"{amount.told} for {plain(base)}, × {plain(wanted.value)} ÷ {plain(base)}"
                return Amount(amount.value * wanted.value / base, amount.unit, amount.dimension, told=told)
        raise NotFound


def _edge(node: Node, day: Day) -> date:
    """Of a span its last day where its end is asked for."""
    return day.last if isinstance(node, Lookup) and _ENDS.search(node.phrase) else day.first


def _apart(a: Amount, b: Amount) -> Amount:
    """How far two amounts are apart."""
    if a.dimension != b.dimension or (a.dimension == "money" and a.unit != b.unit):
        raise NotFound
    if a.per != b.per and a.per and b.per:
        raise NotFound
    high, low = (a, b) if a.base >= b.base else (b, a)
    value = (high.base - low.base) / a.factor
    return Amount(value, a.unit, a.dimension, a.per or b.per, f"{high.told} - {low.told}")


def _times(count: Amount, rate: Amount, per: str) -> Amount:
    """A rate for a number of what it is for one of."""
    if rate.per != per:
        raise NotFound
    return Amount(count.value * rate.value, rate.unit, rate.dimension, told=f"{count.told} × {rate.told}")


def _converted(amount: Amount, target: str) -> Amount:
    known = unit_of(target)
    if known is None or known[0] != amount.dimension or known[1] == amount.factor:
        raise NotFound
    return Amount(amount.base / known[1], target, known[0], amount.per, amount.told)


def spelled_span(first: date, second: date, unit: str) -> str:
    """The time between two days in a unit, or in the one that fits best."""
    days = (second - first).days
    if unit == "weeks":
        weeks, rest = divmod(days, 7)
        return _count(weeks, "week") + (f" and {_count(rest, 'day')}" if rest else "")
    if unit == "months":
        months = months_between(first, second)
        rest = (second - add_months(first, months)).days
        return _count(months, "month") + (f" and {_count(rest, 'day')}" if rest else "")
    if unit == "years":
        years = years_between(first, second)
        rest = months_between(first, second) - 12 * years
        return _count(years, "year") + (f" and {_count(rest, 'month')}" if rest else "")
    if unit == "nights":
        return _count(days, "night")
    if unit == "days" or days < 120:
        told = _count(days, "day")
        return f"{told} ({_count(days // 7, 'week')})" if not unit and days and days % 7 == 0 else told
    months = months_between(first, second)
    years, rest = divmod(months, 12)
    over = (second - add_months(first, months)).days
    parts = [_count(n, word) for n, word in ((years, "year"), (rest, "month"), (over, "day")) if n]
    return f"{', '.join(parts)} ({days} days)"


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}{'' if number == 1 else 's'}"


def _month(day: date) -> str:
    return named(day).partition(" ")[2]
