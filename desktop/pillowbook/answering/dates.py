"""When a note was written, as far as it says so itself: notes contradict each other, and the later one counts."""

import re

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = rf"({'|'.join(_MONTHS)})[a-z]*"
_ISO = re.compile(r"(?<!\d)((?:19|20)\d{2})-(\d{2})-(\d{2})(?!\d)")
_DAY_FIRST = re.compile(
    rf"(?<!\d)(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? {_MONTH}\.?,? ((?:19|20)\d{{2}})", re.IGNORECASE
)
_MONTH_FIRST = re.compile(rf"\b{_MONTH}\.? (\d{{1,2}})(?:st|nd|rd|th)?,? ((?:19|20)\d{{2}})", re.IGNORECASE)
_MONTH_ALONE = re.compile(
    rf"\b{_MONTH} ((?:19|20)\d{{2}})|(?<!\d)((?:19|20)\d{{2}})-(\d{{2}})(?![\d-])", re.IGNORECASE
)
OPENING_CHARS = 400


def note_date(name: str, title: str, opening: str) -> str:
    """The day a note is of, as ``YYYY-MM-DD`` (or ``YYYY-MM``), from its file name, title or first lines; else empty.

    Args:
        opening: the first few hundred characters of its text.
    """
    for text in (name, title, opening[:OPENING_CHARS]):
        for pattern in (_ISO, _DAY_FIRST, _MONTH_FIRST):
            if found := pattern.search(text):
                return _day(pattern, found)
    for text in (name, title, opening[:OPENING_CHARS]):
        if found := _MONTH_ALONE.search(text):
            if found[1]:
                return f"{found[2]}-{_MONTHS.index(found[1].lower()) + 1:02d}"
            return f"{found[3]}-{found[4]}"
    return ""


def _day(pattern: re.Pattern[str], found: re.Match[str]) -> str:
    if pattern is _ISO:
        return found[0]
    day, month = (found[1], found[2]) if pattern is _DAY_FIRST else (found[2], found[1])
    return f"{found[3]}-{_MONTHS.index(month.lower()) + 1:02d}-{int(day):02d}"
