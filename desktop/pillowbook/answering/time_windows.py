"""The stretch of time a question speaks of: "this week", "before the end of November", "since 1 October"."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from pillowbook.answering.compute.days import add_months, find_days, named

_NUMBERS = {
    "a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "twelve": 12, "fourteen": 14, "couple of": 2, "few": 3,
}  # fmt: skip
_COUNTED = re.compile(
    rf"\b(?:in |within |over |during |for )?(?:the )?(?P<which>next|coming|following|last|past|previous) "
    rf"(?P<number>\d{{1,3}}|{'|'.join(_NUMBERS)}) (?P<unit>day|week|month|year)s?\b",
    re.IGNORECASE,
)
_SIMPLE = re.compile(
    r"\b(?:in |on |during |for |over )?(?:the )?(?:(?P<which>this|next|coming|last|past|"
    r"previous) (?P<unit>week|weekend|month|"
    r"quarter|year)|(?P<day>today|tomorrow|yesterday))(?:'s)?\b",
    re.IGNORECASE,
)
_BOUND = re.compile(
    r"\b(?P<how>before|by|until|till|up to|since|after|from)(?: the)?(?P<end> (?:end|beginning|"
    r"start) of)?(?: the)?\s*$",
    re.IGNORECASE,
)
_LINK = re.compile(r"\b(?:in|on|of|during|for|around|at)(?: the)?\s*$", re.IGNORECASE)
_END_OF = re.compile(
    r"\b(?:before|by|until|till|up to) (?:the )?end of (?:the |this )?(?P<unit>week|month|year)\b",
    re.IGNORECASE,
)
_BACKWARD = re.compile(
    r"\b(?:chang\w*|edit\w*|new|updat\w*|modif\w*|added?|wr\w+|happened|did)\b", re.IGNORECASE
)
_FAR = timedelta(days=365 * 400)


@dataclass(frozen=True, slots=True)
class Window:
    """From the first to the last day, both included.

    Attributes:
        words: when that is, as an answer says it: ``this week``, ``in November 2026``, ``since 1 October 2026``.
    """

    first: date
    last: date
    words: str

    def holds(self, day: date) -> bool:
        """Whether a day lies in it."""
        return self.first <= day <= self.last

    @property
    def is_named_day(self) -> bool:
        """Whether it is a day of the calendar, said as one: ``on 14 June 2027``."""
        return self.first == self.last and self.words.startswith("on ")

    @classmethod
    def next_days(cls, today: date, days: int, words: str) -> "Window":
        """From today on."""
        return cls(today, today + timedelta(days=days), words)

    @classmethod
    def last_days(cls, today: date, days: int, words: str) -> "Window":
        """Up to today."""
        return cls(today - timedelta(days=days), today, words)


def take_window(text: str, today: date) -> tuple[Window | None, str]:
    """The time a question speaks of, and the question without these words.

    A month without a year is the next one there is, or the last one where the question looks back.
    """
    if found := _COUNTED.search(text):
        return _counted(found, today), _without(text, found.start(), found.end())
    if found := _END_OF.search(text):
        last = _this(found["unit"].lower(), today).last
        words = f"up to the end of the {found['unit'].lower()}"
        return Window(today, last, words), _without(text, found.start(), found.end())
    if found := _SIMPLE.search(text):
        start = found.start()
        bound = _BOUND.search(text[:start])
        window = _simple(found, today)
        if bound:
            window = _bounded(bound["how"].lower(), "", window, today)
            start = bound.start()
        return window, _without(text, start, found.end())
    days = find_days(text, today)
    if not days:
        return None, text
    one = days[0]
    first, last = one.first, one.last
    if one.grain in ("month", "day", "span") and not one.has_year:
        looks_back = _BACKWARD.search(text) is not None
        for years in (-1, 0, 1):
            moved = (add_months(first, 12 * years), add_months(last, 12 * years))
            if (looks_back and moved[0] <= today) or (not looks_back and moved[1] >= today):
                first, last = moved
                if not looks_back:
                    break
    window = Window(first, last, _named(first, last, one.grain))
    start = one.start
    if bound := _BOUND.search(text[:start]):
        window = _bounded(bound["how"].lower(), (bound["end"] or "").strip().lower(), window, today)
        start = bound.start()
    elif link := _LINK.search(text[:start]):
        start = link.start()
    return window, _without(text, start, one.end)


def _counted(found: re.Match[str], today: date) -> Window:
    number = int(found["number"]) if found["number"].isdigit() else _NUMBERS[found["number"].lower()]
    unit = found["unit"].lower()
    is_ahead = found["which"].lower() in ("next", "coming", "following")
    words = f"in the {'next' if is_ahead else 'last'} {found['number'].lower()} {unit}{'s' if number != 1 else ''}"
    if unit in ("day", "week"):
        days = number * (7 if unit == "week" else 1)
        return Window.next_days(today, days, words) if is_ahead else Window.last_days(today, days, words)
    months = number * (12 if unit == "year" else 1)
    if is_ahead:
        return Window(today, add_months(today, months), words)
    return Window(add_months(today, -months), today, words)


def _simple(found: re.Match[str], today: date) -> Window:
    if word := (found["day"] or "").lower():
        day = today + timedelta(days={"today": 0, "tomorrow": 1, "yesterday": -1}[word])
        return Window(day, day, word)
    which, unit = found["which"].lower(), found["unit"].lower()
    step = {"this": 0, "next": 1, "coming": 1}.get(which, -1)
    words = f"{'this' if not step else 'next' if step > 0 else 'last'} {unit}"
    if unit in ("week", "weekend"):
        monday = today - timedelta(days=today.weekday()) + timedelta(days=7 * step)
        first = monday + timedelta(days=5) if unit == "weekend" else monday
        return Window(first, monday + timedelta(days=6), words)
    here = _this(unit, today)
    months = {"month": 1, "quarter": 3, "year": 12}[unit]
    first = add_months(here.first, step * months)
    return Window(first, add_months(first, months) - timedelta(days=1), words)


def _this(unit: str, today: date) -> Window:
    if unit == "week":
        monday = today - timedelta(days=today.weekday())
        return Window(monday, monday + timedelta(days=6), "this week")
    months = {"month": 1, "quarter": 3, "year": 12}[unit]
    first = date(today.year, (today.month - 1) // months * months + 1, 1)
    return Window(first, add_months(first, months) - timedelta(days=1), f"this {unit}")


def _bounded(how: str, end: str, window: Window, today: date) -> Window:
    """``since 1 October``, ``before the end of November``: open at one side, where today stands."""
    plain = re.sub(r"^(?:in|on) ", "", window.words)
    if how == "since":
        return Window(window.first, max(today, window.first), f"since {plain}")
    if how == "from":
        return Window(window.first, today + _FAR, f"from {plain} on")
    if how == "after":
        return Window(window.last + timedelta(days=1), today + _FAR, f"after {plain}")
    if end.startswith("end"):
        return Window(today, window.last, f"up to the end of {plain}")
    last = window.last if how == "by" else window.first - timedelta(days=1)
    return Window(today, last, f"{how} {plain}")


def _named(first: date, last: date, grain: str) -> str:
    if grain == "year":
        return f"in {first.year}"
    if grain == "month":
        return f"in {named(first).split(' ', 1)[1]}"
    return f"on {named(first)}" if first == last else f"from {named(first)} to {named(last)}"


def _without(text: str, start: int, end: int) -> str:
    return f"{text[:start]} {text[end:]}"
