"""What code finds in a note: tasks and deadlines, dated facts, amounts of money, names, links, what is left open.

False alarms are worse than misses: each pattern asks for a plain sign. A day counts only where its year is known, from
the text or from the day the note is of.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import PurePath

from pillowbook.answering.compute.days import Days, day_of_note, find_days
from pillowbook.answering.compute.quantities import find_quantities
from pillowbook.answering.dates import OPENING_CHARS, note_date
from pillowbook.answering.terms import STOP_WORDS, plain_text
from pillowbook.answering.units import Unit, split_units
from pillowbook.domain.digests import Finding, FindingKind
from pillowbook.domain.documents import Passage
from pillowbook.domain.ids import PassageId
from pillowbook.flow.distil.links import find_links

MAX_NAMES = 24
MAX_TEXT_CHARS = 300
SURE_OF_THE_YEAR = timedelta(days=120)
"""So near the day of the note, a date without a year is of the nearest year: a note of January that says "3 August"
may mean either."""

_BOX = re.compile(r"^\s*(?:[-*+•]|\d{1,3}[.)])\s+\[([ xX])\]\s*")
_TODO = re.compile(r"\b(?:TODO|FIXME|To[- ]do)\b\s*:\s*(?P<what>\S.*)", re.DOTALL)
_OUGHT = re.compile(
    r"\b(?:remember to|don['’]t forget(?: to)?|(?:I|we|you) (?:still )?(?:need|have) to|still to (?:do|be done)|"
    r"(?:I|we) (?:still )?(?:must|should)(?! not))\s+(?=\w)",
    re.IGNORECASE,
)
_BY = re.compile(
    r"\b(?:by|before|no later than|not later than|deadline(?: is|:)?|due(?: on| by|:)?)\s+(?:the )?$",
    re.IGNORECASE,
)
_ENDS = re.compile(
    r"\b(?:runs out|run out|expires|expire|ends|renews?|is due|due|valid until|closes|lapses)\b"
    r"(?: (?:on|by|in|at|again))?(?: the)?\s*[:*_]*\s*$",
    re.IGNORECASE,
)
_DONE = re.compile(
    r"\b(?:done|paid|sent|handed in|signed|booked|finished|received|cancelled|sorted|arrived|returned)\b|✓|✔",
    re.IGNORECASE,
)
_PAST = re.compile(r"\b(?:was|were|had|did|came|went|got|rang|said|asked|wanted)\b", re.IGNORECASE)
_OPEN_WORDS = re.compile(
    r"\b(?:tbd|tbc|t\.b\.d\.|to be (?:decided|confirmed|agreed|discussed)|not (?:yet )?decided|undecided|"
    r"still open|open question|nobody knows|no decision|remains to be seen|yet to (?:decide|be decided))\b",
    re.IGNORECASE,
)
_OPEN_HEADING = re.compile(
    r"^(?:open|open (?:points|questions|issues)|questions|unresolved|to decide|undecided)$", re.I
)
_SPEAKER = re.compile(r"^\s*(?:[-*>]\s+)?[*_]{0,2}[A-Z][\w .'’-]{0,30}:[*_]{0,2}\s")
_NAME = re.compile(
    r"(?<![\w'’])[A-Z][\w'’-]*[a-zà-ÿ][\w'’-]*(?:\s+(?:(?:of|de|da|do|van|von|&)\s+)?[A-Z][\w'’-]*[a-zà-ÿ]\w*)*"
)
_NO_NAME_WORDS = """
january february march april may june july august september october november december jan feb mar apr jun jul aug sep
sept oct nov dec monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays
saturdays sundays mon tue wed thu fri sat sun christmas easter also they dear page
"""
_NO_NAMES = frozenset(_NO_NAME_WORDS.split()) | STOP_WORDS
_CLAUSE = re.compile(r"[;,](?=\s)|\.\s|\s[–—]\s")


def find_in_document(
    passages: Sequence[Passage],
    text: str,
    today: date,
    *,
    allows: Callable[[Unit], bool] = lambda _unit: True,
) -> dict[PassageId, list[Finding]]:
    """All findings of one document, by passage.

    Args:
        passages: all of it, in order.
        text: the document's whole text.
        today: stands in for the day of a note that does not say it.
        allows: whether anything may be taken out of a unit.
    """
    if not passages:
        return {}
    path, title = passages[0].path, passages[0].title
    stem = PurePath(path).stem
    anchor, is_dated = day_of_note(note_date(stem, title, text[:OPENING_CHARS]), f"{stem} {title}", today)
    units = [unit for passage in passages for unit in split_units(passage) if allows(unit)]
    found: dict[PassageId, list[Finding]] = {passage.id: [] for passage in passages}
    for unit in units:
        # Notes that grow have a heading a day: it tells the year of what stands below it.
        headed = note_date(f"{unit.passage.heading} {unit.heading}", "", "")
        day, knows_year = day_of_note(headed, "", today) if headed else (anchor, is_dated)
        days = [
            one for one in find_days(unit.text, day) if one.grain != "year" and (one.has_year or knows_year)
        ]
        found[unit.passage.id] += [
            *_tasks(unit, [_next(one, day) for one in days], day),
            *_open(unit),
            *_dated(unit, [one for one in days if one.has_year or abs(one.first - day) <= SURE_OF_THE_YEAR]),
            *_amounts(unit),
        ]
    for passage in passages:
        found[passage.id] += [
            Finding(FindingKind.LINK, name, start, end, name) for name, start, end in find_links(passage.text)
        ]
    for unit, name in _names(units):
        found[unit.passage.id].append(_finding(FindingKind.NAME, unit, unit.text, value=name))
    return found


def _finding(
    kind: FindingKind,
    unit: Unit,
    text: str,
    *,
    value: str = "",
    days: Days | None = None,
    is_done: bool = False,
) -> Finding:
    return Finding(
        kind,
        text[:MAX_TEXT_CHARS],
        unit.start,
        unit.end,
        value,
        None if days is None else days.first,
        None if days is None else days.last,
        is_done,
    )


# -- tasks and deadlines -------------------------------------------------------------------------------------------


def _tasks(unit: Unit, days: Sequence[Days], anchor: date) -> list[Finding]:
    if box := _BOX.match(unit.quote):
        text = plain_text(unit.quote[box.end() :])
        # A day in a box is when it is due only if the note says so or it has yet to come.
        cued = [
            one for one in days if _BY.search(unit.text[: one.start]) or _ENDS.search(unit.text[: one.start])
        ]
        ahead = [one for one in days if one.is_day and one.first >= anchor]
        due: Days | None = next(iter(cued or ahead), None)
        is_done = box[1] != " " or unit.quote[box.end() :].startswith("~~")
        return [_finding(FindingKind.TASK, unit, text, days=due, is_done=is_done)]
    if marked := _TODO.search(unit.text):
        due = next((one for one in days if one.is_day and _BY.search(unit.text[: one.start])), None)
        return [_finding(FindingKind.TASK, unit, marked["what"], days=due)]
    found: list[Finding] = []
    for one in days:
        if one.first < anchor or one.grain == "span":
            continue
        before = unit.text[: one.start]
        if not ((one.is_day and _BY.search(before)) or _ENDS.search(before)):
            continue
        clause, is_done = _clause(unit, one)
        if not _PAST.search(clause):
            found.append(_finding(FindingKind.TASK, unit, clause, days=one, is_done=is_done))
    if not found and _OUGHT.search(unit.text) and not _PAST.search(unit.text) and not _is_spoken(unit):
        due = next((one for one in days if one.is_day and one.first >= anchor), None)
        found.append(_finding(FindingKind.TASK, unit, unit.text, days=due))
    return found


def _next(days: Days, day: date) -> Days:
    """A date without a year as one that is due: the next one after the day of the note."""
    if days.has_year or days.first >= day:
        return days
    try:
        later = [one.replace(year=one.year + 1) for one in (days.first, days.last)]
    except ValueError:  # 29 February
        return days
    return replace(days, first=later[0], last=later[1])


def _clause(unit: Unit, day: Days) -> tuple[str, bool]:
    """What is due on that day: its clause, with the title where that says too little; and whether it is done."""
    text = unit.text
    start, end = 0, len(text)
    for mark in _CLAUSE.finditer(text):
        if mark.end() <= day.start:
            start = mark.end()
        elif mark.start() >= day.end:
            end = mark.start()
            break
    clause = text[start:end].strip(" ,;")
    is_done = bool(_DONE.search(text[day.end : end]))
    words = [word for word in re.findall(r"[^\W\d_]{3,}", clause) if word.lower() not in _NO_NAMES]
    if len(words) >= 2:
        return clause, is_done
    if len(clause) < len(text.strip(" ,;.")) and not find_money(clause):
        return text, is_done
    return f"{unit.passage.title}: {clause}", is_done


def _is_spoken(unit: Unit) -> bool:
    """Whether it is a line of a conversation, where much is said and little meant."""
    start = unit.passage.text.rfind("\n", 0, unit.start) + 1
    return _SPEAKER.match(unit.passage.text[start:]) is not None


# -- the rest ------------------------------------------------------------------------------------------------------


def _open(unit: Unit) -> list[Finding]:
    if _is_spoken(unit):
        return []
    heading = unit.place.rpartition(" › ")[2]
    asks = unit.text.endswith("?") and len(unit.text.split()) >= 4
    if asks or _OPEN_WORDS.search(unit.text) or _OPEN_HEADING.match(heading):
        return [_finding(FindingKind.OPEN, unit, unit.text)]
    return []


def _dated(unit: Unit, days: Sequence[Days]) -> list[Finding]:
    """The days a unit tells of; a month only where the text names its year."""
    kept = {(one.first, one.last): one for one in days if one.grain != "month" or one.has_year}
    return [_finding(FindingKind.DAY, unit, unit.text, days=one) for one in kept.values()]


def _amounts(unit: Unit) -> list[Finding]:
    return [_finding(FindingKind.AMOUNT, unit, unit.text, value=amount) for amount in find_money(unit.text)]


def find_money(text: str) -> list[str]:
    """Amounts with a currency, as they stand in a text, each once."""
    found = find_quantities(text)
    return list(dict.fromkeys(text[one.start : one.end].strip() for one in found if one.dimension == "money"))


def _names(units: Sequence[Unit]) -> list[tuple[Unit, str]]:
    """The names a document speaks of most, each with the first unit it stands in.

    A capital at the start of a sentence is no sign of a name, unless the word has one elsewhere as well.
    """
    counts: Counter[str] = Counter()
    first: dict[str, Unit] = {}
    for unit in units:
        for match in _NAME.finditer(unit.text):
            before = unit.text[: match.start()].rstrip(" \"'“‘(")
            words = match[0].split()
            starts = not before or before[-1] in ".!?:;|•–—"
            if starts:
                words = words[1:] if len(words) > 1 and words[0].lower() in _NO_NAMES else words
            while words and words[-1].lower().strip(".") in _NO_NAMES:
                words.pop()
            while words and words[0].lower() in _NO_NAMES:
                words.pop(0)
            if not words or (starts and len(words) == 1):
                continue
            name = " ".join(words).removesuffix("'s").removesuffix("’s")
            counts[name] += 1
            first.setdefault(name, unit)
    return [(first[name], name) for name, _ in counts.most_common(MAX_NAMES)]
