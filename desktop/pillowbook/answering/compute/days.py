"""Days in a text: dates with and without a year, spans of days, months, times of day; and counting with them."""

import re
from calendar import monthrange
from dataclasses import dataclass, replace
from datetime import date, timedelta

from pillowbook.answering.dates import spelled as spelled_day

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_YEAR = r"(?:19|20)\d{2}"
_WEEKDAY = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?"
_NTH = r"\d{1,2}(?:st|nd|rd|th)?"
_DATE = re.compile(
    rf"(?<![\w.£€$-])(?:(?P<iso>{_YEAR}-\d\d-\d\d)(?!\d)"
    rf"|(?:(?P<wd>{_WEEKDAY})\.?,? (?:the )?)?(?P<day>{_NTH})(?:\s?(?P<join>[–-]|to|until|"
    rf"and)\s?(?:{_WEEKDAY} )?(?P<day2>{_NTH}))?"
    rf"(?: of)? (?P<month>{_MONTH})\b\.?(?:,? (?P<year>{_YEAR}))?"
    rf"|(?P<month_b>{_MONTH})\.? (?P<day_b>{_NTH})\b(?!:)(?:,? (?P<year_b>{_YEAR}))?"
    rf"|(?P<month_c>{_MONTH})\b\.?(?:(?:,| of)? (?P<year_c>{_YEAR}))?"
    rf"|the (?P<day_d>\d{{1,2}}(?:st|nd|rd|th))\b(?! (?:of )?{_MONTH}\b)"
    rf"|(?P<year_e>{_YEAR})(?![\d,-]|\.\d))",
    re.IGNORECASE,
)
_TO = re.compile(r"\s*(?:[–-]|to|until|till)\s*$", re.IGNORECASE)
_LINK = re.compile(r"\s*(?:[–-]|to|until|till|and)\s*", re.IGNORECASE)
_FEASTS = {"christmas eve": (12, 24), "christmas": (12, 25), "new year's eve": (12, 31), "new year": (1, 1)}
_CLOCK = re.compile(
    r"(?<![\d:.,£€$])(\d{1,2})(?::(\d{2})|\.(\d{2})(?=\s?[ap]m))?\s?(am|pm)?(?![\d:%])\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Days:
    """A day, a span of days, a month or a year as it stands in a text.

    Attributes:
        last: the last day of a span, a month or a year; else the same as ``first``.
        grain: ``day``, ``span``, ``month`` or ``year``.
        has_year: whether the text (or its weekday) says which year; else it was taken from the surroundings.
    """

    first: date
    last: date
    grain: str
    has_year: bool
    start: int
    end: int

    @property
    def is_day(self) -> bool:
        return self.grain == "day"


def find_days(text: str, anchor: date) -> list[Days]:
    """All days of a text in order.

    Args:
        anchor: the day the text is of; a date without a year is the one nearest to it, unless an earlier date of
            the same text gives the year.
    """
    found: list[Days] = []
    for match in _DATE.finditer(text):
        one = _read(match, anchor, found[-1] if found else None)
        if one is not None:
            found.append(one)
    return _joined(text, found)


def _read(match: re.Match[str], anchor: date, before: Days | None) -> Days | None:
    groups = match.groupdict()
    start, end = match.span()
    try:
        if groups["iso"]:
            day = date.fromisoformat(groups["iso"])
            return Days(day, day, "day", True, start, end)
        if groups["year_e"]:
            year = int(groups["year_e"])
            return Days(date(year, 1, 1), date(year, 12, 31), "year", True, start, end)
        if groups["day_d"]:
            if before is None or before.grain == "year":
                return None
            number = int(re.sub(r"\D", "", groups["day_d"]))
            day = before.last.replace(day=number)
            return Days(day, day, "day", before.has_year, start, end)
        month_word = groups["month"] or groups["month_b"] or groups["month_c"]
        month = MONTHS.index(month_word[:3].lower()) + 1
        stated = groups["year"] or groups["year_b"] or groups["year_c"]
        if groups["month_c"]:
            if not month_word[0].isupper() or (month_word in ("May", "March") and _is_verb(match)):
                return None
            year = int(stated) if stated else _year_near(month, 15, anchor, before)
            return Days(
                date(year, month, 1),
                date(year, month, monthrange(year, month)[1]),
                "month",
                bool(stated),
                start,
                end,
            )
        number = int(re.sub(r"\D", "", groups["day"] or groups["day_b"]))
        weekday = groups["wd"] if groups["day"] else None
        if stated:
            year, has_year = int(stated), True
        elif weekday and not groups["day2"]:
            year, has_year = _year_by_weekday(weekday, month, number, anchor), True
        else:
            year, has_year = _year_near(month, number, anchor, before), before is not None and before.has_year
        first = date(year, month, number)
        if groups["day2"]:
            second = date(year, month, int(re.sub(r"\D", "", groups["day2"])))
            if second > first:
                return Days(first, second, "span", has_year, start, end)
            return None
        return Days(first, first, "day", has_year, start, end)
    except ValueError:
        return None


def _is_verb(match: re.Match[str]) -> bool:
    """``May`` at the start of a sentence, before a verb, is no month."""
    before = match.string[: match.start()].rstrip()
    return (not before or before[-1] in ".!?") and bool(re.match(r" [a-z]", match.string[match.end() :]))


def _year_near(month: int, number: int, anchor: date, before: Days | None) -> int:
    if before is not None and before.has_year:
        year = before.first.year
        return year
    return min(
        (anchor.year - 1, anchor.year, anchor.year + 1),
        key=lambda year: abs((date(year, month, min(number, 28)) - anchor).days),
    )


def _year_by_weekday(weekday: str, month: int, number: int, anchor: date) -> int:
    years = sorted(range(anchor.year - 3, anchor.year + 4), key=lambda year: abs(year - anchor.year))
    for year in years:
        if WEEKDAYS[date(year, month, number).weekday()][:2].lower() == weekday[:2].lower():
            return year
    return anchor.year


def _joined(text: str, found: list[Days]) -> list[Days]:
    """``19 June 2025 to 18 June 2026`` is one span; the first may leave its year to the second."""
    out: list[Days] = []
    for one in found:
        if out and out[-1].is_day and one.is_day:
            between = re.sub(_WEEKDAY, "", text[out[-1].end : one.start], flags=re.IGNORECASE)
            first = out[-1]
            if _LINK.fullmatch(between) and one.has_year and not first.has_year:
                begin = first.first.replace(year=one.first.year)
                begin = begin if begin <= one.first else begin.replace(year=one.first.year - 1)
                first = out[-1] = replace(first, first=begin, last=begin, has_year=True)
            if _TO.fullmatch(between) and first.first <= one.first:
                out[-1] = Days(first.first, one.first, "span", one.has_year, first.start, one.end)
                continue
        out.append(one)
    return out


def day_of_note(stated: str, name: str, today: date) -> tuple[date, bool]:
    """The day a note is of, and whether it says so; the middle of the month or year where only that is known.

    Args:
        stated: as ``note_date`` gives it.
        name: title and file name, which may hold a year.
    """
    parts = [int(part) for part in stated.split("-")] if stated else []
    if not parts and (found := re.search(rf"(?<!\d)({_YEAR})(?!\d)", name)):
        parts = [int(found[1])]
    try:
        if len(parts) == 3:
            return date(parts[0], parts[1], parts[2]), True
        if len(parts) == 2:
            return date(parts[0], parts[1], 15), True
        if parts:
            return date(parts[0], 7, 1), True
    except ValueError:
        pass
    return today, False


def find_feast(text: str, today: date) -> Days | None:
    """A day that needs no note: today, tomorrow, Christmas."""
    lowered = text.lower()
    if re.search(r"\b(?:today|now)\b", lowered):
        return Days(today, today, "day", True, 0, 0)
    if "tomorrow" in lowered:
        return Days(today + timedelta(1), today + timedelta(1), "day", True, 0, 0)
    for name, (month, number) in _FEASTS.items():
        if re.search(rf"\b{name}(?: day)?\b", lowered):
            year = re.search(_YEAR, lowered)
            day = date(int(year[0]) if year else today.year, month, number)
            if not year and day < today:
                day = day.replace(year=today.year + 1)
            return Days(day, day, "day", True, 0, 0)
    return None


def find_times(text: str) -> list[tuple[int, int, int]]:
    """Times of day as (minutes after midnight, start, end); a bare hour only with am or pm."""
    found: list[tuple[int, int, int]] = []
    for match in _CLOCK.finditer(text):
        if not match[2] and not match[4]:
            continue
        hour, minute = int(match[1]), int(match[2] or match[3] or 0)
        if match[4]:
            hour = hour % 12 + 12 * (match[4].lower() == "pm")
        if hour < 24 and minute < 60:
            found.append((60 * hour + minute, match.start(), match.end()))
    return found


def add_months(day: date, months: int) -> date:
    """The same day some months on; the month's last day where it has no such day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def months_between(first: date, second: date) -> int:
    """Whole calendar months from one day to a later one."""
    months = (second.year - first.year) * 12 + second.month - first.month
    return months - (add_months(first, months) > second)


def years_between(first: date, second: date) -> int:
    """Whole years from one day to a later one, as ages are counted."""
    return months_between(first, second) // 12


def named(day: date) -> str:
    """``6 March 2026``."""
    return spelled_day(day.isoformat())


def weekday_of(day: date) -> str:
    """``Friday``."""
    return WEEKDAYS[day.weekday()]
