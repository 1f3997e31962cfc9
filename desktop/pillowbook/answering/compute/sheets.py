"""Tables and lists of a document as code reads them: rows with named cells, items under their heading."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from pillowbook.answering.terms import plain_text
from pillowbook.answering.units import Unit, split_units
from pillowbook.domain.documents import Passage

_RULE = re.compile(r"^\s*\|?\s*:?-{2,}[\s|:-]*$")
_ITEM = re.compile(r"^\s*(?:[-*+•]|\d{1,3}[.)])\s+(?:\[(?P<mark>[ xX])\]\s*)?")
_EMPTY = frozenset({"", "–", "-", "—", "n/a", "none", "?"})


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table or one item of a list.

    Attributes:
        cells: in the order of the sheet's columns; a list has one.
        is_done: of an item with a box; None without one.
        units: of a turned table, one for each column after the first.
    """

    unit: Unit
    cells: tuple[str, ...]
    is_done: bool | None = None
    units: tuple[Unit, ...] = ()

    def cited(self, column: int | None) -> Unit:
        """The unit a column of this row stands in; a turned table has one for each of its columns."""
        return self.units[column - 1] if self.units and column else self.unit

    def cell(self, column: int) -> str:
        """The cell, empty where the table has none or a dash."""
        text = self.cells[column] if column < len(self.cells) else ""
        return "" if text.strip().lower() in _EMPTY else text


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table, or a list (``columns`` is then one empty name).

    Attributes:
        place: title and headings; for a list with its lead-in.
    """

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    place: str
    lead: str = ""

    @property
    def is_table(self) -> bool:
        return len(self.columns) > 1

    @property
    def passage(self) -> Passage:
        return self.rows[0].unit.passage


@dataclass(slots=True)
class _Open:
    columns: tuple[str, ...]
    place: str
    lead: str
    rows: list[Row] = field(default_factory=list)


def document_sheets(passages: Sequence[Passage]) -> list[Sheet]:
    """All tables and lists of a document's passages, in order; a table cut by a passage's end goes on."""
    sheets: list[_Open] = []
    table: _Open | None = None
    for passage in passages:
        units = split_units(passage)
        position = 0
        items: _Open | None = None
        previous_row: tuple[str, ...] | None = None
        for raw in passage.text.splitlines(keepends=True):
            start, position = position, position + len(raw)
            line = raw.strip()
            if line.startswith("|"):
                items = None
                cells = tuple(plain_text(cell) for cell in line.strip("|").split("|"))
                if _RULE.match(line):
                    if previous_row is not None:
                        table = _Open(previous_row, _place(passage, units, start), "")
                        sheets.append(table)
                elif (
                    table is not None
                    and not _heads(passage.text, position)
                    and (unit := _unit_at(units, start)) is not None
                ):
                    table.rows.append(Row(unit, cells))
                previous_row = cells
                continue
            previous_row = None
            if line:
                table = None
            found = _ITEM.match(raw)
            unit = _unit_at(units, start + len(raw) - len(raw.lstrip())) if found else None
            if found and unit is not None:
                lead = _lead(passage.text, start) if items is None else items.lead
                if items is None or items.rows[-1].unit.heading != unit.heading:
                    items = _Open(("",), unit.place, lead)
                    sheets.append(items)
                mark = found["mark"]
                text = plain_text(_ITEM.sub("", unit.quote, count=1))
                items.rows.append(Row(unit, (text,), None if mark is None else mark != " "))
            elif line and not raw.startswith((" ", "\t")) and items is not None and _ends(raw, units, start):
                items = None
        if table is None:
            continue
    return [Sheet(one.columns, tuple(one.rows), one.place, one.lead) for one in sheets if one.rows]


def _heads(text: str, position: int) -> bool:
    return bool(_RULE.match(text[position:].split("\n", 1)[0]))


def _ends(raw: str, units: Sequence[Unit], start: int) -> bool:
    """Whether a line is no continuation of the item before it."""
    return not any(unit.start < start < unit.end for unit in units)


def _lead(text: str, start: int) -> str:
    """The line that introduces a list."""
    before = [line.strip() for line in text[:start].splitlines() if line.strip()]
    return plain_text(before[-1]).lstrip("# ") if before else ""


def _unit_at(units: Sequence[Unit], position: int) -> Unit | None:
    return next((unit for unit in units if unit.start <= position < unit.end), None)


def _place(passage: Passage, units: Sequence[Unit], position: int) -> str:
    following = next((unit for unit in units if unit.end > position), None)
    return following.place if following is not None else passage.title
