"""What the model reads: the best units under a budget, each group under its place, so that no place is read twice."""

from collections.abc import Callable, Iterable, Sequence

from pillowbook.answering.evidence import RankedUnit
from pillowbook.answering.orders import gives_orders
from pillowbook.answering.units import Unit, count_tokens
from pillowbook.domain.documents import Passage

MAX_UNIT_CHARS = 420
MIN_UNITS = 2
IN_CONTEXT = 2
"""So many of the best units are read with the sentence before them where they point back to it; it costs budget."""


def within_budget(units: Sequence[Unit], *, tokens: int, most: int) -> list[Unit]:
    """The first units that come to about ``tokens`` with their places; at least two, at most ``most``.

    One that does not fit is passed over for the next that does.
    """
    taken: list[Unit] = []
    places: set[str] = set()
    left = float(tokens)
    for unit in units:
        size = count_tokens(unit.text[:MAX_UNIT_CHARS]) + 1
        size += 0 if unit.place in places else count_tokens(unit.place)
        if size > left and len(taken) >= MIN_UNITS:
            continue
        left -= size
        places.add(unit.place)
        taken.append(unit)
        if len(taken) == most:
            break
    return taken


def with_context(ranked: Sequence[RankedUnit]) -> list[Unit]:
    """The units best first; before the best few that begin with "it" or the like, the sentence they point back to."""
    units: list[Unit] = []
    for at, one in enumerate(ranked):
        if at < IN_CONTEXT and one.before is not None and one.before not in units:
            units.append(one.before)
        if one.unit not in units:
            units.append(one.unit)
    return units


def in_order(units: Sequence[Unit]) -> list[Unit]:
    """The units as they stand in their documents, the document of the best one first: what is told reads on."""
    rank = {key: at for at, key in enumerate(dict.fromkeys(unit.passage.document_id for unit in units))}
    return sorted(units, key=lambda unit: (rank[unit.passage.document_id], unit.passage.start + unit.start))


def lay_out(units: Iterable[Unit], date_of: Callable[[Passage], str], *, asked: str = "") -> str:
    """The text of the units, those of one place together under it with the note's date, in the order of the first.

    Without what looks like an order to the model, in headings too, but for what ``asked`` asks about.
    """
    groups: dict[str, list[str]] = {}
    for unit in units:
        if gives_orders(unit.text, asked):
            continue
        date = date_of(unit.passage)
        place = unit.place
        if gives_orders(place, asked):
            place = " › ".join(part for part in place.split(" › ") if not gives_orders(part, asked))
        place = f"{place}, {date}" if date else place
        groups.setdefault(place, []).append(f"- {unit.text[:MAX_UNIT_CHARS]}")
    return "\n".join(line for place, lines in groups.items() for line in (f"{place}:", *lines))
