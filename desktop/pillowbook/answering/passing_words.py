"""Words whose meaning passes with the day: "tonight", "on Tuesday", "the next bin day", "in two weeks", "currently".

Stretches of the calendar ("this week", "last year") are told by ``time_windows``, and hold as long as the stretch does.
A word too many that is taken for such a one ("the last chapter") costs a live answer on each later day that the
question is asked; one too few, that what was true on another day is told as if it were true today. So doubtful ones
count, and only what is plainly no time does not.
"""

import re
from typing import Final

_WEEKDAY: Final = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_MONTH: Final = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?)"
)
_UNIT: Final = r"(?:minute|hour|day|night|week|weekend|fortnight|month|quarter|year)"
_NUMBER: Final = (
    r"(?:\d{1,3}|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fourteen|a couple of|a few|"
    r"several|half an?)"
)
_STRETCH: Final = r"(?:week|weekend|month|quarter|year)s?\b"

_SHORT_WEEKDAY: Final = r"(?:mon|tues?|weds?|thu(?:rs?)?|fri|sat|sun)"
_NO_NOUN: Final = (
    r"(?=\s*(?:[?!.,;:)]|$)|\s+(?:and|or|but|at|in|on|with|for|to|from|by|before|after|until|till|if|is|are|was|were|will|"
    r"do|does|did|can|should|has|have|i|we|you|he|she|they|it|who|what|when|where|the|my|our|still|due|again|instead|then|so|because|too|"
    r"please|together|alone|anyway|here|there)\b)"
)
"""What was said stands for itself here: "on the 5th?", not "on the 5th floor"."""

_PASSING: Final = re.compile(
    r"\b(?:tonight|tonite|now|nowadays|currently|presently|at (?:the moment|present)|these days|ago|so far|"
    r"upcoming|forthcoming|coming up|from (?:now|today|tomorrow))\b|"
    r"\b(?:this|last) (?:morning|afternoon|evening|night|lunchtime)\b|"
    rf"\b(?:this|next|last|coming|past|previous|following) (?:{_WEEKDAY}|spring|summer|autumn|winter|season|"
    rf"(?:half[- ])?term|semester|fortnight|christmas|easter|{_MONTH})\b|"
    rf"\bin (?:about |around |another )?{_NUMBER} (?:more )?{_UNIT}s?\b|"
    rf"\bnext\b(?! (?:of|to|door)\b| {_STRETCH})|"
    r"(?<!how )(?<!as )(?<!too )\bsoon\b(?! (?:after|before|as|enough)\b)",
    re.IGNORECASE,
)
_DAY_OF_MONTH = re.compile(
    rf"\b(?:on|by|before|after|until|till|since|from|for|{_WEEKDAY}|{_SHORT_WEEKDAY}) "
    rf"(?:the )?\d{{1,2}}(?:st|nd|rd|th)\b(?! in {_MONTH}\b){_NO_NOUN}",
    re.IGNORECASE,
)
_MONTHLY = re.compile(
    r"\b(?:is|are) (?:\w+ ){0,3}?(?:rent|mortgage|salary|wages|pension|instalments?|direct debit|standing order) "
    r"(?:due|paid)\b",
    re.IGNORECASE,
)
"""What falls due on that day of every month."""

_WEEKEND: Final = rf"the weekend\b(?! (?:of|in)\b){_NO_NOUN}"
_FOR_WEEKEND = re.compile(rf"\b(?:for|by|before|after|until|till) {_WEEKEND}", re.IGNORECASE)
_AT_WEEKEND = re.compile(rf"\b(?:at|on|over|during) {_WEEKEND}", re.IGNORECASE)
_TIME_OF_DAY = re.compile(
    rf"\b(?:in the (?:morning|afternoon|evening)|at lunchtime|over lunchtime)\b{_NO_NOUN}", re.IGNORECASE
)
_HABIT = re.compile(
    r"(?:^|\b(?:wh\w+|how) (?:(?!(?:is|are|am|was|were|will|would|can|could|did|has|have|to)\b)\w+ ){0,3}?)"
    r"(?:do|does|should) (?!(?:\w+ ){1,3}?(?:have|need|do|come|arrive|visit|leave|fly|go|travel|drive|meet|pick|"
    r"fetch|expect|plan)\b)|"
    r"\bwhich (?:bus|train|tram|ferry|coach)(?:es|s)? (?!(?:is|are|am|was|were|will|did|do|does|has|have)\b)|"
    r"\b(?:is|are) [^?]*?(?:\b(?:open|closed|shut|allowed|included)|\b(?:parking|entry|admission|travel) free) "
    r"(?:at|on|over|during|in)\b",
    re.IGNORECASE,
)
"""What is done or is so at every weekend and on every morning: "which tablets do I take", "is parking free"."""

_ON_ANY_DAY = re.compile(
    r"\b(?:every|each|usually|always|normally|generally|often|daily|(?:a|per) day|most days|weekdays?|weekends|"
    rf"(?:morning|afternoon|evening|night|lunchtime|{_WEEKDAY})s)\b|"
    r"\b(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|o['’]clock|half past \w+) in the \w|"
    rf"\b\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH}\b|\b{_MONTH} \d|\b\d{{4}}-\d\d-\d\d\b",
    re.IGNORECASE,
)
"""With it "in the morning" is that of any day, of a named one, or of the clock."""

_IN_ONE = re.compile(rf"\bin (?:an?|one) {_UNIT}\b", re.IGNORECASE)
_HOW_MUCH = re.compile(r"\bhow (?:much|many|often)\b", re.IGNORECASE)
"""With it "in a year" and "in the morning" are measures: "how much gas in a year", "how many tablets"."""

_LAST = re.compile(
    r"(?:^|\b(?:the|my|our|your|his|her|its|their|this|that|whose|which|what|at|on|in|since|from|after|before|of|"
    rf"during|for)\s+|['’]s?\s+)last (?!{_STRETCH}|of\b|resort\b|minute\b|(?:\w+ )?(?:names?|will|digits?|letters?|"
    r"lines?|pages?|words?)\b)\w",
    re.IGNORECASE,
)
"""``the last dentist appointment``; behind a subject it is a verb or means "most lately": "when did we last paint"."""

_ONE_WEEKDAY = re.compile(
    r"(?P<habit>\b(?:every|each|an?|any|most|other|alternate|second|first|third|fourth|good|black|cyber|ash|easter|"
    rf"palm|shrove|maundy|{_WEEKDAY} (?:to|through|till|until)) |{_WEEKDAY}\s?[–-]\s?)?\b{_WEEKDAY}\b"
    rf"(?!,? (?:the )?\d|,? {_MONTH} \d| (?:to|through|till|until) {_WEEKDAY}|\s?[–-]\s?{_WEEKDAY}|"
    r" of (?:the|each|every) | (?:morning|afternoon|evening|night|lunchtime)s\b)",
    re.IGNORECASE,
)
"""A weekday in the singular that is no habit and has no date: "on Tuesday", not "every Tuesday", "Tuesday 3 May"."""


_ONE_SHORT_WEEKDAY = re.compile(
    rf"\b(?:(?:on|this|last|coming|past|previous|following) {_SHORT_WEEKDAY}|"
    r"(?:by|before|after|until|till|since|from) (?:mon|tues?|weds?|thu(?:rs?)?|fri)|"
    rf"(?<!every )(?<!each ){_SHORT_WEEKDAY} (?:morning|afternoon|evening|night|lunchtime))\b\.?"
    rf"(?!,? (?:the )?\d|,? {_MONTH} \d| (?:to|through|till|until) (?:{_SHORT_WEEKDAY}|{_WEEKDAY})\b|"
    rf"\s?[–-]\s?(?:{_SHORT_WEEKDAY}|{_WEEKDAY})\b| (?:morning|afternoon|evening|night|lunchtime)s\b)",
    re.IGNORECASE,
)
"""Cut short a weekday is told by what stands beside it: the sun and the past of "sit" are none."""


def passes_with_the_day(question: str) -> bool:
    """Whether a question says when by words that mean another time on another day."""
    flat = " ".join(question.split())
    return (
        _PASSING.search(flat) is not None
        or _LAST.search(flat) is not None
        or (_IN_ONE.search(flat) is not None and _HOW_MUCH.search(flat) is None)
        or (_DAY_OF_MONTH.search(flat) is not None and _MONTHLY.search(flat) is None)
        or (_is_of_one_part(flat) and _ON_ANY_DAY.search(flat) is None)
        or _ONE_SHORT_WEEKDAY.search(flat) is not None
        or any(not found["habit"] for found in _ONE_WEEKDAY.finditer(flat))
    )


def _is_of_one_part(flat: str) -> bool:
    """Whether a weekend or a part of a day is named, and it is not plain that any such one is meant."""
    if _FOR_WEEKEND.search(flat):
        return True
    is_timed = _TIME_OF_DAY.search(flat) is not None and _HOW_MUCH.search(flat) is None
    return (is_timed or _AT_WEEKEND.search(flat) is not None) and _HABIT.search(flat) is None
