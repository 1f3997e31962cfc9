"""Readings of a meter at two days: what was used between them, and what that cost at a rate of the notes."""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from pillowbook.answering.compute.days import find_days, named
from pillowbook.answering.compute.gather import Reader, Reading
from pillowbook.answering.compute.lookup import find_amount_facts, knows
from pillowbook.answering.compute.quantities import find_quantities, plain, spelled
from pillowbook.answering.compute.questions import Asked
from pillowbook.answering.compute.results import Result
from pillowbook.answering.pairs import canonical_stems
from pillowbook.answering.units import Unit

_USED = re.compile(
    r"\b(?:us(?:e|ed|ing)|consum\w+|burn\w*|drove|driven|drive|go|went|cover\w*|do|done|travel\w*|"
    r"grew|grow\w*|gain\w*|los[te]\w*)\b",
    re.I,
)
_COSTS = re.compile(r"\b(?:cost|pay|paid|bill)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Read:
    day: date
    label: str
    value: Decimal
    unit: Unit


def answer_from_meters(asked: Asked, reader: Reader) -> Result | None:
    """The difference of two readings on the days that are asked for; times a rate where its cost is asked for."""
    if asked.period is None or not _USED.search(asked.text):
        return None
    ends = [one.first for one in find_days(asked.text, asked.today) if one.is_day or one.grain == "month"]
    if len(ends) != 2:
        return None
    roots = frozenset(asked.roots) | frozenset(canonical_stems(asked.text))
    for reading in reader.readings:
        reads = [
            one
            for one in _reads(reading)
            if knows(roots, canonical_stems(one.label)[0] if canonical_stems(one.label) else "")
        ]
        first = next((one for one in reads if one.day == ends[0]), None)
        last = next((one for one in reads if first and one.day == ends[1] and one.label == first.label), None)
        if first is None or last is None or last.value <= first.value:
            continue
        used = last.value - first.value
        told = f"{plain(last.value)} - {plain(first.value)} = {plain(used)}"
        units = (first.unit, last.unit)
        if not _COSTS.search(asked.text):
            return Result(
                f"{plain(used)} between {named(first.day)} and {named(last.day)}: {told}.", units, 0.8
            )
        rates = [
            fact
            for fact in find_amount_facts(
                first.label, [reading], keep=lambda one: one.dimension == "money" and bool(one.per)
            )
            if fact.amount.per not in ("day", "week", "month", "year", "quarter")
            and first.label in fact.unit.text.lower()
        ]
        if not rates:
            return None
        rate = rates[0].amount
        return Result(
            f"{spelled(used * rate.value, rate.unit)}: {told}, × {plain(rate.value, places=4)}.",
            (*units, rates[0].unit),
            0.75,
        )
    return None


def _reads(reading: Reading) -> list[_Read]:
    """Rows of the form ``day: label number, label number``, and cells of a table below their column's name."""
    found: list[_Read] = []
    for sheet in reading.sheets:
        for row in sheet.rows:
            text = " | ".join(row.cells)
            days = [one for one in find_days(text, reading.day) if one.is_day]
            if len(days) != 1:
                continue
            if sheet.is_table:
                for column, name in enumerate(sheet.columns):
                    amounts = find_quantities(row.cell(column))
                    if len(amounts) == 1 and name and not find_days(row.cell(column), reading.day):
                        found.append(_Read(days[0].first, name.lower(), amounts[0].value, row.unit))
                continue
            for amount in find_quantities(text):
                label = re.search(r"([A-Za-z]+)\W*$", text[: amount.start])
                if label and amount.start > days[0].end:
                    found.append(_Read(days[0].first, label[1].lower(), amount.value, row.unit))
    return found
