"""What the answers to questions about the notes as a whole are made of: lines, each with what it rests on."""

import re
from dataclasses import dataclass
from datetime import date
from pathlib import PurePath
from typing import Final

from pillowbook.answering.cite import cite_span
from pillowbook.answering.compute.days import named
from pillowbook.answering.dates import spelled
from pillowbook.answering.pairs import canonical_stems
from pillowbook.answering.terms import plain_text
from pillowbook.answering.units import Unit
from pillowbook.domain.answers import Citation
from pillowbook.domain.digests import PassKind, PlacedFinding
from pillowbook.domain.documents import Passage

MAX_LINE_CHARS: Final = 220


@dataclass(frozen=True, slots=True)
class Item:
    """One line of an answer and what it rests on."""

    text: str
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Collection:
    """What was found.

    Attributes:
        lead: the first line where there are items, ``nothing`` where there are none.
        remark: what the reader should know besides.
        needs: the pass over the notes that this rests on.
        model: of what was written by one while the machine was idle.
    """

    lead: str
    nothing: str
    items: tuple[Item, ...]
    remark: str = ""
    needs: PassKind | None = None
    model: str = ""


def roots_of(about: str) -> frozenset[str]:
    """The stems of what something is to be about."""
    return frozenset(canonical_stems(about))


def told_in(passage: Passage) -> frozenset[str]:
    """The stems of a passage with its title, headings and file name."""
    place = f"{passage.title} {passage.heading} {PurePath(passage.path).stem}"
    return frozenset(canonical_stems(f"{place} {passage.text}"))


def cite_finding(one: PlacedFinding) -> Citation:
    """Where it was found."""
    return cite_span(one.passage, one.finding.start, one.finding.end)


def quote_of(one: PlacedFinding) -> str:
    """Its words as they stand in the note."""
    return one.passage.text[one.finding.start : one.finding.end]


def plain_line(text: str) -> str:
    """A quote without its markup and its sign in a list."""
    return re.sub(r"^(?:[-*+•]|\d{1,3}[.)])\s+(?:\[[ xX]\]\s+)?", "", plain_text(text))


def unit_line(unit: Unit) -> str:
    """A unit and the title of its note."""
    return f"{short(plain_line(unit.quote))} ({unit.passage.title})"


def short(text: str) -> str:
    """One line, cut at a word where it is long; the source has the rest."""
    flat = " ".join(text.split())
    if len(flat) <= MAX_LINE_CHARS:
        return flat
    return f"{flat[:MAX_LINE_CHARS].rpartition(' ')[0]} …"


def dated_line(day: str, text: str, mark: str = "") -> str:
    """A line with the day of its note (``YYYY-MM-DD``, shorter, or empty) before it."""
    dated = f"{spelled(day)}: {short(text)}" if day else short(text)
    return f"{dated} {mark}".rstrip()


def day_span(first: date, last: date) -> str:
    """``26 October 2026 to 30 October 2026``."""
    return f"{named(first)} to {named(last)}"
