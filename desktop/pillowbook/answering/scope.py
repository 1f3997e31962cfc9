"""Where a question wants to be looked for: a folder, a tag, a day or a month that it names."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

_MONTHS = {
    name: number
    for number, names in enumerate(
        ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
         "september sept sep", "october oct", "november nov", "december dec"),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_SPELLED = tuple(name for name in _MONTHS if name == "may" or len(name) > 4 or name in ("june", "july"))
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)})\b\.?"
_YEAR = r"(?:,?\s+(?P<year>(?:19|20)\d{2})\b)?"

_TAG = re.compile(r"(?<![\w#&/])#([^\W\d_][\w/-]*)")
_FOLDER = re.compile(
    r".*(?P<said>\b(?:in|from|under|inside|within|of)\s+(?:(?:my|the|our)\s+)?[\"“]?(?P<name>[\w&'’ -]{2,40}?)[\"”]?\s+"
    r"(?:folder|directory)\b)",
    re.IGNORECASE | re.DOTALL,
)
_NOTES = re.compile(
    r"\b(?:in|from|among|according to)\s+(?:(?:my|the|our)\s+)?(?P<name>[\w&'’-]+(?:\s+[\w&'’-]+)?)\s+notes?\b",
    re.IGNORECASE,
)
_ISO = re.compile(r"(?<!\d)(?P<year>(?:19|20)\d{2})-(?P<month>\d{2})(?:-(?P<day>\d{2}))?(?![\d-])")
_DATES = (
    re.compile(rf"(?<!\d)(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:\s+of)?\s+{_MONTH}{_YEAR}", re.IGNORECASE),
    re.compile(rf"\b{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?!\d){_YEAR}", re.IGNORECASE),
    re.compile(rf"\b(?:in|during|of|from|for|since|last|this)\s+{_MONTH}{_YEAR}", re.IGNORECASE),
)
_CLEARLY_DATE = re.compile(r"\d(?:st|nd|rd|th)\b|\d\s+of\s|\b(?:19|20)\d{2}\b")
_RELATIVE = re.compile(
    r"\b(?:(?P<word>today|yesterday)|(?P<which>last|this|past)\s+(?P<span>week|month|"
    rf"{'|'.join(_DAYS)}))\b(?!')",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Day:
    """A day, or a month where ``day`` is None; of any year where ``year`` is None."""

    year: int | None
    month: int
    day: int | None = None

    def holds(self, dated: str) -> bool:
        """Whether a note's date (``YYYY-MM-DD``, ``YYYY-MM`` or ``YYYY``) lies in it."""
        parts = [int(part) for part in dated.split("-") if part.isdigit()]
        wanted = (self.year, self.month, self.day)
        return len(parts) >= (3 if self.day else 2) and all(
            one is None or one == part for one, part in zip(wanted, parts, strict=False)
        )

    @property
    def spellings(self) -> tuple[str, str]:
        """Its words in file names and titles: in figures, and with the month's name."""
        year = "" if self.year is None else str(self.year)
        day = "" if self.day is None else str(self.day)
        return (
            f"{year} {self.month:02d} {day.zfill(2) if day else ''}",
            f"{day} {_SPELLED[self.month - 1]} {year}",
        )


@dataclass(frozen=True, slots=True)
class Scope:
    """What a question says of the place to look in.

    Attributes:
        folder: words of a folder's name; only documents below it are meant.
        about: words that may be a folder's name ("my work notes"); documents below it are meant rather than others.
        tags: without their marks, folded; only documents that have all of them are meant.
        days: notes of these days or months are meant rather than others.
        rest: the question without the words of its folder and tags.
    """

    folder: str = ""
    about: str = ""
    tags: tuple[str, ...] = ()
    days: tuple[Day, ...] = ()
    rest: str = ""


def read_scope(question: str, today: date) -> Scope:
    """What the question says of where to look; ``today`` is what "last week" counts from."""
    tags = tuple(dict.fromkeys(match[1].rstrip("/-").casefold() for match in _TAG.finditer(question)))
    rest = _TAG.sub(" ", question)
    folder = about = ""
    if found := _FOLDER.search(rest):
        folder = found["name"].strip()
        rest = f"{rest[: found.start('said')]} {rest[found.end('said') :]}"
    elif found := _NOTES.search(rest):
        about = found["name"].strip()
    return Scope(folder, about, tags, _days(question, today), " ".join(rest.split()))


def _days(question: str, today: date) -> tuple[Day, ...]:
    for match in _ISO.finditer(question):
        if 1 <= int(match["month"]) <= 12:
            return (
                Day(int(match["year"]), int(match["month"]), int(match["day"]) if match["day"] else None),
            )
    for pattern in _DATES:
        for match in pattern.finditer(question):
            told = match["month"]
            if told in ("may", "march", "mar") and not _CLEARLY_DATE.search(match[0]):  # else mostly a verb
                continue
            parts = match.groupdict()
            day, year = parts.get("day"), parts.get("year")
            if day is None or 1 <= int(day) <= 31:
                month = _MONTHS[told.lower()]
                return (Day(int(year) if year else None, month, int(day) if day else None),)
    found = _RELATIVE.search(question)
    return () if found is None else _relative(found, today)


def _relative(found: re.Match[str], today: date) -> tuple[Day, ...]:
    word, span = (found["word"] or "").lower(), (found["span"] or "").lower()
    is_last = (found["which"] or "").lower() != "this"
    if word:
        return (_day(today if word == "today" else today - timedelta(days=1)),)
    if span == "month":
        day = today.replace(day=1) - timedelta(days=1) if is_last else today
        return (Day(day.year, day.month),)
    monday = today - timedelta(days=today.weekday())
    if span == "week":
        first = monday - timedelta(days=7) if is_last else monday
        return tuple(_day(first + timedelta(days=number)) for number in range(7))
    asked = monday + timedelta(days=_DAYS.index(span))
    if is_last and asked >= today:
        asked -= timedelta(days=7)
    return (_day(asked),)


def _day(day: date) -> Day:
    return Day(day.year, day.month, day.day)
