"""Tables as they are computed with: what each column holds, and a table of attributes turned around."""

from dataclasses import dataclass
from datetime import date

from pillowbook.answering.compute.days import Days, find_days, find_times
from pillowbook.answering.compute.quantities import Quantity, find_quantities
from pillowbook.answering.compute.sheets import Row, Sheet
from pillowbook.answering.pairs import canonical_stems


@dataclass(frozen=True, slots=True)
class View:
    """A table with what each column holds."""

    sheet: Sheet
    roots: tuple[frozenset[str], ...]
    amounts: tuple[tuple[Quantity | None, ...], ...]
    days: tuple[tuple[Days | None, ...], ...]


def view_of(sheet: Sheet, anchor: date) -> View:
    """A table with the amounts or days of its columns; a day without a year is the one nearest to ``anchor``."""
    width = len(sheet.columns)
    amounts: list[tuple[Quantity | None, ...]] = []
    days: list[tuple[Days | None, ...]] = []
    for column in range(width):
        cells = [row.cell(column) for row in sheet.rows]
        found_days = [_first_day(cell, anchor) for cell in cells]
        filled = sum(bool(cell) for cell in cells)
        is_dated = filled and sum(day is not None for day in found_days) >= 0.6 * filled
        days.append(tuple(found_days) if is_dated else (None,) * len(cells))
        amounts.append((None,) * len(cells) if is_dated else tuple(_amount(cell) for cell in cells))
    roots = tuple(frozenset(canonical_stems(name)) for name in sheet.columns)
    return View(sheet, roots, tuple(amounts), tuple(days))


def transposed(sheet: Sheet, anchor: date) -> View | None:
    """A table whose first column has no name holds an attribute a row: turned, each column is a thing."""
    if sheet.columns[0] or len(sheet.columns) < 3:
        return None
    labels = ("", *(row.cell(0) for row in sheet.rows))
    rows = tuple(
        Row(
            sheet.rows[0].unit,
            (name, *(row.cell(column) for row in sheet.rows)),
            units=tuple(row.unit for row in sheet.rows),
        )
        for column, name in enumerate(sheet.columns)
        if column
    )
    return view_of(Sheet(labels, rows, sheet.place, sheet.lead), anchor)


def _first_day(cell: str, anchor: date) -> Days | None:
    found = find_days(cell, anchor)
    return found[0] if found and found[0].start <= 12 else None


def _amount(cell: str) -> Quantity | None:
    if find_times(cell):
        return None
    found = find_quantities(cell)
    return found[0] if found and found[0].start <= 8 else None
