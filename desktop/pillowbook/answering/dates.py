"""When a note was written, as far as it says so itself: notes contradict each other, and the later one counts."""

import re

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LONG_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_MONTH = rf"({'|'.join(_MONTHS)})[a-z]*"
_ISO = re.compile(r"(?<!\d)((?:19|20)\d{2})-(\d{2})-(\d{2})(?!\d)")
_DAY_FIRST = re.compile(
    rf"(?<!\d)(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? {_MONTH}\.?,? ((?:19|20)\d{{2}})", re.IGNORECASE
)
_MONTH_FIRST = re.compile(rf"\b{_MONTH}\.? (\d{{1,2}})(?:st|nd|rd|th)?,? ((?:19|20)\d{{2}})", re.IGNORECASE)
_MONTH_ALONE = re.compile(
    rf"\b{_MONTH} ((?:19|20)\d{{2}})|(?<!\d)((?:19|20)\d{{2}})-(\d{{2}})(?![\d-])", re.IGNORECASE
)
_BIRTH = re.compile(r"\bborn (?:on |in )?(?=\w+ \w+ (?:19|20)\d{2})[^.\n]*", re.IGNORECASE)
OPENING_CHARS = 400


def note_date(name: str, title: str, opening: str) -> str:
    """The day a note is of, as ``YYYY-MM-DD`` (or ``YYYY-MM``), from its file name, title or first lines; else empty.

    A span of years such as ``2025-26`` gives its first year; when somebody was born is not when the note was written.

    Args:
        opening: the first few hundred characters of its text.
    """
    opening = _BIRTH.sub(" ", opening[:OPENING_CHARS])
    for text in (name, title, opening):
        for pattern in (_ISO, _DAY_FIRST, _MONTH_FIRST):
            if found := pattern.search(text):
                return _day(pattern, found)
    for text in (name, title, opening):
        if found := _MONTH_ALONE.search(text):
            if found[1]:
                return f"{found[2]}-{_MONTHS.index(found[1].lower()) + 1:02d}"
            return f"{found[3]}-{found[4]}" if 1 <= int(found[4]) <= 12 else found[3]
    return ""


def _day(pattern: re.Pattern[str], found: re.Match[str]) -> str:
    if pattern is _ISO:
        return found[0]
    day, month = (found[1], found[2]) if pattern is _DAY_FIRST else (found[2], found[1])
    return f"{found[3]}-{_MONTHS.index(month.lower()) + 1:02d}-{int(day):02d}"


def is_later(first: str, second: str) -> bool:
    """Whether the day ``first`` is certainly after ``second``; a month is neither before nor after its own days."""
    return bool(first and second) and first > second and not first.startswith(second)


def spelled(day: str) -> str:
    """``2026-03-06`` as ``6 March 2026``; a month or a year alone likewise."""
    parts = day.split("-")
    named = [_LONG_MONTHS[int(parts[1]) - 1]] if len(parts) > 1 else []
    numbered = [str(int(parts[2]))] if len(parts) > 2 else []
    return " ".join([*numbered, *named, parts[0]])
