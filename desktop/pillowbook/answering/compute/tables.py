"""Answers from one table: rows chosen by words, days and bounds, a column chosen by its name; the rest is counting."""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from pillowbook.answering.compute.quantities import spelled, unit_of
from pillowbook.answering.compute.questions import EXCEPT, Asked, Operation
from pillowbook.answering.compute.results import Result, joined
from pillowbook.answering.compute.sheets import Row, Sheet
from pillowbook.answering.compute.views import View, transposed, view_of
from pillowbook.answering.pairs import canonical_stems
from pillowbook.answering.terms import STOP_WORDS, stem, words
from pillowbook.answering.units import Unit

MIN_EXPLAINED = 0.74
"""Share of the question's own words that a table, its place and its document must know."""

MAX_ROWS_TOLD = 24
_MONEY = frozenset(
    canonical_stems(
        "cost price pay fee spend spent charge bill expensive cheap dear cheapest dearest premium"
    )
)
_RATING = frozenset(
    canonical_stems("mark rating score stars points grade like liked enjoyed best worst favourite rated")
)
_TIMES = re.compile(r"\bhow (?:many times|often)\b|\btimes\b", re.IGNORECASE)
_I = re.compile(r"\b(?:have|did|do|was|am) i\b|\bmy (?:turn|own|choice|choices)\b", re.IGNORECASE)
_PERSONS = re.compile(r"\b(?:who|whom|everybody|everyone|names of|people|persons)\b", re.IGNORECASE)
_PERSON_COLUMN = re.compile(r"\b(?:who|name|by|person|people|guest|member|for|contact)\b", re.IGNORECASE)


def answer_from_tables(
    asked: Asked, sheets: Sequence[tuple[Sheet, frozenset[str], date, float]]
) -> Result | None:
    """What the best fitting table gives, or None.

    Args:
        sheets: each with the stems of its whole document, the day its document is of, and how near its passage is
            to the question.
    """
    best: tuple[float, Result] | None = None
    for sheet, document, anchor, nearness in sheets:
        if not sheet.is_table:
            continue
        for view in (view_of(sheet, anchor), transposed(sheet, anchor)):
            if view is None:
                continue
            found = _answer(asked, view, document)
            if found is not None and (best is None or found[0] + nearness > best[0]):
                best = (found[0] + nearness, found[1])
    return None if best is None else best[1]


def _answer(asked: Asked, view: View, document: frozenset[str]) -> tuple[float, Result] | None:
    sheet = view.sheet
    place = frozenset(canonical_stems(f"{sheet.place} {sheet.lead} {sheet.passage.path}"))
    headers = frozenset().union(*view.roots)
    cells = [frozenset(canonical_stems(" ".join(row.cells))) for row in sheet.rows]
    inside = frozenset().union(*cells)
    value = _value_column(asked, view, place)
    typed = (_MONEY | _RATING) if value is not None else frozenset[str]()
    explained = 0.0
    filters: list[str] = []
    for root in asked.roots:
        if root in headers or (root in inside and root not in place):
            explained += 1
        elif root in place or root in typed:
            explained += 0.95
        elif root in document:
            explained += 0.7
        if root in inside and root not in place and root not in headers and root not in _MONEY | _RATING:
            filters.append(root)
    share = explained / len(asked.roots) if asked.roots else 0.0
    told = any(root in place or root in headers for root in asked.roots)
    if share < MIN_EXPLAINED or not told:
        return None
    rows = _filtered(asked, view, cells, filters)
    within = _within(asked, view, rows)
    if within is None:
        return None
    rows = within
    if asked.bound is not None:
        numeric = [
            c for c, amounts in enumerate(view.amounts) if c and 2 * sum(map(bool, amounts)) >= len(amounts)
        ]
        value = numeric[0] if value is None and len(numeric) == 1 else value
        if value is None:
            return None
        rows = [i for i in rows if (a := view.amounts[value][i]) is not None and asked.bound.holds(a.value)]
    result = _compute(asked, view, rows, value, place)
    return None if result is None else (share, result)


def _filtered(asked: Asked, view: View, cells: Sequence[frozenset[str]], filters: Sequence[str]) -> list[int]:
    """The rows that hold all words that stand in rows only; where none holds all of them, those that hold any."""
    sheet = view.sheet
    rows = list(range(len(sheet.rows)))
    if filters:
        every = [i for i in rows if all(root in cells[i] for root in filters)]
        rows = every or [i for i in rows if any(root in cells[i] for root in filters)]
    excepted = EXCEPT.search(asked.text)
    if _I.search(asked.text) and not excepted:
        mine = [i for i in rows if any(cell.strip().lower() == "me" for cell in sheet.rows[i].cells)]
        rows = mine or rows
    if excepted:
        left_out = frozenset(canonical_stems(excepted["what"]))
        rows = [i for i in rows if not left_out & cells[i]]
    return rows


def _within(asked: Asked, view: View, rows: list[int]) -> list[int] | None:
    """The rows of the period asked for; None when the table has no days to tell it by."""
    if asked.period is None:
        return rows
    year = str(asked.period.first.year)
    is_whole_year = (asked.period.first.month, asked.period.last.month) == (1, 12)
    columns = [column for column, days in enumerate(view.days) if any(days)]
    if is_whole_year and (year in view.sheet.place or year in " ".join(view.sheet.columns)):
        return rows
    if not columns:
        return None
    column = max(columns, key=lambda one: (len(view.roots[one] & frozenset(asked.roots)), -one))
    kept = []
    for i in rows:
        day = view.days[column][i]
        if day is not None and asked.period.holds(day.first, day.last, has_year=day.has_year):
            kept.append(i)
    return kept


def _value_column(asked: Asked, view: View, place: frozenset[str]) -> int | None:
    """The column of amounts that is asked for: by its name, by money, by marks; None when that is not clear."""
    lowered = frozenset(stem(word) for word in words(asked.text)) | frozenset(canonical_stems(asked.text))
    best: tuple[float, int] | None = None
    for column, amounts in enumerate(view.amounts):
        filled = [one for one in amounts if one is not None]
        cells = [row.cell(column) for row in view.sheet.rows]
        if column == 0 or not filled or len(filled) < 0.5 * sum(bool(cell) for cell in cells):
            continue
        name = frozenset(canonical_stems(view.sheet.columns[column])) | frozenset(
            stem(word) for word in words(view.sheet.columns[column]) if word not in STOP_WORDS
        )
        shared = sum(0.4 if root in place else 1.0 for root in name & lowered)
        score = 2.0 * shared / max(1, len(name)) + (1.0 if name and name <= lowered else 0.0)
        is_money = any(one.dimension == "money" for one in filled)
        if is_money and _MONEY & lowered:
            score += 0.8
        if _RATING & lowered and _RATING & name:
            score += 1.5
        if score > 0 and (best is None or score > best[0]):
            best = (score, column)
    return None if best is None else best[1]


def _name_column(asked: Asked, view: View, value: int | None) -> int:
    """The column that names a row: the one the question asks for, else the first that is neither day nor amount."""
    head = asked.text.lower()
    best: tuple[float, int] | None = None
    for column, name in enumerate(view.sheet.columns):
        if column == value:
            continue
        roots = view.roots[column]
        score = 0.0
        if roots and roots <= frozenset(asked.roots):
            at = min((head.find(word) for word in words(name) if word in head), default=99)
            score = 3.0 - 0.01 * max(0, at)
        elif roots & frozenset(asked.roots):
            score = 1.5
        if name.lower() in ("who", "what", "name", "item"):
            score += 0.6 if name.lower() != "who" or re.match(r"who", head) else 0.3
        if any(view.days[column]):
            score -= 1.0
        if sum(one is not None for one in view.amounts[column]) > len(view.sheet.rows) / 2:
            score -= 0.8
        score -= 0.1 * column
        if best is None or score > best[0]:
            best = (score, column)
    return 0 if best is None else best[1]


def _compute(
    asked: Asked, view: View, rows: Sequence[int], value: int | None, place: frozenset[str]
) -> Result | None:
    sheet = view.sheet
    name = 0 if sheet.rows[0].units else _name_column(asked, view, value)
    operation = asked.operation
    if operation in (Operation.LIST, Operation.COUNT):
        counted = re.search(r"\bhow many (?:more )?(\w+)", asked.text, re.IGNORECASE)
        if counted and unit_of(counted[1]) and not _TIMES.search(asked.text):
            return None
        if (
            _PERSONS.search(asked.text)
            and not _PERSON_COLUMN.search(sheet.columns[name])
            and sheet.columns[name]
        ):
            return None
        kept = [
            i
            for i in rows
            if sheet.rows[i].cell(name) and not sheet.rows[i].cell(name).startswith(("– ", "- "))
        ]
        if operation is Operation.LIST and len(kept) < 2:
            return None
        if not kept or (len(kept) == len(sheet.rows) and not _asks_for_rows(asked, view, name, place)):
            return None
        told = list(dict.fromkeys(sheet.rows[i].cell(name) for i in kept))
        units = [sheet.rows[i].cited(value) for i in kept]
        if operation is Operation.LIST:
            return Result(joined(told) + ".", tuple(units)) if len(told) <= MAX_ROWS_TOLD else None
        count = len(kept) if _TIMES.search(asked.text) or len(told) == len(kept) else len(told)
        listed = [_labelled(view, i, name) for i in kept] if len(set(told)) < len(kept) else told
        return Result(f"{count}: {joined(listed)}.", tuple(units))
    if operation in (Operation.MOST, Operation.LEAST):
        return _extreme(asked, view, rows, value, name)
    if value is None:
        return None
    used = [(i, amount) for i in rows if (amount := view.amounts[value][i]) is not None]
    if len(used) < 2 or len({one.unit if one.dimension else "" for _, one in used if one.value}) > 1:
        return None
    if operation is Operation.SUM and any(_is_total(sheet.rows[i]) for i, _ in used):
        used = [(i, one) for i, one in used if not _is_total(sheet.rows[i])]
    unit = next((one.unit for _, one in used if one.dimension), "")
    total = sum((one.value for _, one in used), Decimal(0))
    told = [spelled(one.value, unit) for _, one in used]
    summed = tuple(sheet.rows[i].cited(value) for i, _ in used)
    if operation is Operation.SUM:
        return Result(f"{spelled(total, unit)} in all: {' + '.join(told)}.", summed)
    average = total / len(used)
    return Result(f"{spelled(average, unit)} on average: ({' + '.join(told)}) / {len(used)}.", summed)


def _asks_for_rows(asked: Asked, view: View, name: int, place: frozenset[str]) -> bool:
    """Whether all rows are what is asked for: the question names the column, or what the whole table is of."""
    roots = frozenset(asked.roots)
    return bool(view.roots[name] & roots) or (asked.period is not None or asked.bound is not None)


def _labelled(view: View, row: int, name: int) -> str:
    other = next(
        (
            column
            for column in range(len(view.sheet.columns))
            if column != name and view.sheet.rows[row].cell(column)
        ),
        name,
    )
    return f"{view.sheet.rows[row].cell(other)} ({view.sheet.rows[row].cell(name)})"


def _is_total(row: Row) -> bool:
    return bool(
        re.match(r"\W*(?:total|sum|together|altogether|all)\b", " ".join(row.cells).strip(), re.IGNORECASE)
    )


def _extreme(asked: Asked, view: View, rows: Sequence[int], value: int | None, name: int) -> Result | None:
    sheet = view.sheet
    is_most = asked.operation is Operation.MOST
    if value is None:
        columns = [
            c for c, days in enumerate(view.days) if any(days) and view.roots[c] & frozenset(asked.roots)
        ]
        if not columns or not re.search(
            r"\b(?:first|last|earliest|latest|soonest|oldest|youngest)\b", asked.text, re.I
        ):
            return None
        dated = [(day.first, i) for i in rows if (day := view.days[columns[0]][i]) is not None]
        if len(dated) < 2:
            return None
        is_last = bool(re.search(r"\b(?:last|latest|youngest)\b", asked.text, re.I))
        _, best = max(dated) if is_last else min(dated)
        text = f"{sheet.rows[best].cell(name)} ({sheet.columns[columns[0]]}: {sheet.rows[best].cell(columns[0])})."
        return Result(text, (sheet.rows[best].unit,))
    used = [(amount.base, i) for i in rows if (amount := view.amounts[value][i]) is not None]
    if len(used) < 2:
        return None
    limit = (max if is_most else min)(one for one, _ in used)
    tied = [i for one, i in used if one == limit]
    told = [f"{sheet.rows[i].cell(name)} ({sheet.rows[i].cell(value)})" for i in tied]
    return Result(f"{joined(told)}; {len(used)} compared.", _cited(sheet, tied, rows, value))


def _cited(sheet: Sheet, first: Iterable[int], rows: Iterable[int], value: int) -> tuple[Unit, ...]:
    order = list(dict.fromkeys([*first, *rows]))
    return tuple(dict.fromkeys(sheet.rows[i].cited(value) for i in order))
