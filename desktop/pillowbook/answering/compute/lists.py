"""Answers from lists: boxes still to be ticked, items under a heading, names in a row, the notes of a folder."""

import re
from collections.abc import Sequence
from pathlib import PurePath

from pillowbook.answering.compute.gather import Reader, Reading
from pillowbook.answering.compute.lookup import phrase_roots, score_place
from pillowbook.answering.compute.questions import Asked, Operation
from pillowbook.answering.compute.results import Result, joined
from pillowbook.answering.compute.sheets import Row, Sheet
from pillowbook.answering.pairs import canonical_stems
from pillowbook.answering.units import Unit

_EXPLICIT = re.compile(
    r"\b(?:all|list|name|names|everything|everybody|everyone|things|ingredients|who (?:is|"
    r"was|are|were|came)|(?:need|needs|have|has|had) to (?:bring|pack|buy|take))\b",
    re.IGNORECASE,
)
_LABEL = re.compile(r"^\W*[^:.,;()]{2,48}:\W")

MIN_BOXES = 0.55
MIN_LIST = 0.62
MIN_PARTS = 3
MAX_TOLD = 24

_PARTS = re.compile(r",\s+|\s+and\s+|;\s+")
_MANY = re.compile(
    r"\b(?:all|list|everything|everybody|everyone|names|things|ingredients|(?:need|have|"
    r"has|had) to (?:bring|pack|buy|take|do)|"
    r"(?:which|what) (?:\w+ ){0,2}?(?!(?:is|was|does|this|has|us|its)\b)\w{3,}s\b)",
    re.IGNORECASE,
)


def answer_from_boxes(asked: Asked, readings: Sequence[Reading]) -> Result | None:
    """What is still to be done, or done, of a list with boxes to tick."""
    if asked.is_open is None or asked.operation not in (Operation.LIST, Operation.COUNT):
        return None
    best: list[tuple[float, Sheet]] = []
    for reading in readings:
        for sheet in reading.sheets:
            if all(row.is_done is None for row in sheet.rows):
                continue
            place = frozenset(canonical_stems(f"{sheet.place} {sheet.lead} {sheet.passage.path}"))
            inside = frozenset(canonical_stems(" ".join(row.cells[0] for row in sheet.rows)))
            share = sum(
                1.0 if root in place else 0.7 if root in inside else 0.4 if root in reading.stems else 0.0
                for root in asked.roots
            ) / max(1, len(asked.roots))
            best.append((share + 0.3 * reading.nearness.get(int(sheet.passage.id), 0.3), sheet))
    top = max((score for score, _ in best), default=0.0)
    if top < MIN_BOXES:
        return None
    rows = [row for score, sheet in best if score >= top - 0.05 for row in sheet.rows]
    wanted = [row for row in rows if row.is_done is not None and row.is_done != asked.is_open]
    return _told(asked, wanted)


def _told(asked: Asked, rows: Sequence[Row]) -> Result | None:
    if not rows or len(rows) > MAX_TOLD:
        return None
    text = joined([row.cells[0].rstrip(".") for row in rows])
    units = tuple(row.unit for row in rows)
    return Result(f"{len(rows)}: {text}." if asked.operation is Operation.COUNT else f"{text}.", units)


def answer_from_folder(asked: Asked, reader: Reader) -> Result | None:
    """The notes of a folder (or with a tag) that speak of something: "which recipes use tinned tomatoes"."""
    if asked.operation not in (Operation.LIST, Operation.COUNT):
        return None
    readings = reader.with_words(asked.text, limit=40)
    for root in asked.roots[:2]:
        inside = [one for one in readings if root in _folder_stems(one)]
        rest = [other for other in asked.roots if other != root and other not in _IDLE]
        if len(inside) < 2 or not rest:
            continue
        found: list[tuple[str, Unit]] = []
        for reading in inside:
            unit = next((unit for unit in reading.units if all(_holds(unit, other) for other in rest)), None)
            if unit is not None:
                found.append((reading.passages[0].title, unit))
        if not found:
            continue
        text = joined([title for title, _ in found])
        units = tuple(unit for _, unit in found)
        return Result(
            f"{len(found)}: {text}." if asked.operation is Operation.COUNT else f"{text}.", units, 0.75
        )
    return None


_IDLE = frozenset(
    canonical_stems(
        "use uses using make contain contains need needs call calls cook bake include includes "
        "have can mention mentions"
    )
)


def _folder_stems(reading: Reading) -> frozenset[str]:
    parent = PurePath(reading.passages[0].path).parent.name if reading.passages else ""
    return frozenset(canonical_stems(parent))


def _holds(unit: Unit, root: str) -> bool:
    own = frozenset(canonical_stems(unit.text))
    return root in own or (len(root) >= 4 and any(word.startswith(root) for word in own))


def answer_from_lists(asked: Asked, readings: Sequence[Reading]) -> Result | None:
    """A list as it stands in the notes: items under their heading, or names and things in a row."""
    if asked.operation is not Operation.LIST or not _MANY.search(asked.text):
        return None
    roots = phrase_roots(" ".join([asked.text]))
    roots = tuple(one for one in roots if one[0] in asked.roots)
    best: tuple[float, Result] | None = None
    for reading in readings:
        for sheet in reading.sheets:
            if sheet.is_table or len(sheet.rows) < 2 or len(sheet.rows) > 12:
                continue
            heading = sheet.place.rpartition(" › ")[2] if sheet.place.count(" › ") else ""
            label = f"{sheet.lead if sheet.lead.endswith(':') or len(sheet.lead) < 40 else ''} {heading}"
            if not label.strip():
                continue
            near = sum(reading.near(row.unit) for row in sheet.rows) / len(sheet.rows)
            known = frozenset(canonical_stems(label))
            named = sum(share for root, share in roots if root in known)
            if not named:
                continue
            score = score_place(roots, label, sheet.rows[0].unit, reading) + 0.2 * near
            text = joined([row.cells[0].rstrip(".") for row in sheet.rows])
            if best is None or score > best[0]:
                best = (score, Result(f"{text}.", tuple(row.unit for row in sheet.rows), 0.7))
        for unit in reading.units:
            row = _in_a_row(asked, roots, unit, reading)
            if row is not None and (best is None or row > best[0]):
                best = (row, Result(unit.text, (unit,), 0.7))
    if best is None or best[0] < MIN_LIST + 0.2:
        return None
    return best[1]


def _in_a_row(asked: Asked, roots: Sequence[tuple[str, float]], unit: Unit, reading: Reading) -> float | None:
    """How well ``label: one, two, three`` answers; what is listed is not its subject, so only the label counts."""
    label = _LABEL.match(unit.quote)
    if label is None or unit.quote.startswith("|") or not _EXPLICIT.search(asked.text):
        return None
    if len(_PARTS.split(unit.text)) < MIN_PARTS or len(unit.text) > 400 or not roots:
        return None
    known = frozenset(canonical_stems(label[0]))
    place = frozenset(canonical_stems(f"{unit.place} {unit.passage.path}"))
    total = weight = 0.0
    for root, share in roots:
        weight += share
        total += share * (
            1.0 if root in known else 0.8 if root in place else 0.35 if root in reading.stems else 0.0
        )
    return total / weight + 0.35 * reading.near(unit)
