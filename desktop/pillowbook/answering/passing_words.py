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
    r"do|does|did|can|should|has|have|i|we|you|he|she|they|it|who|what|when|where|the|my|our|still|due|again|instead)\b)"
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
    r"(?<!how )(?<!as )(?<!too )\bsoon\b(?! (?:after|before|as|enough)\b)|"
    r"\b(?:at|on|over|for|by|before|after|until|till|during) the weekend\b(?! (?:of|in)\b)|"
    rf"\b(?:on|by|before|after|until|till|since|from|for|{_WEEKDAY}|{_SHORT_WEEKDAY}) "
    rf"(?:the )?\d{{1,2}}(?:st|nd|rd|th)\b(?! in {_MONTH}\b){_NO_NOUN}",
    re.IGNORECASE,
)
_TIME_OF_DAY = re.compile(
    rf"\b(?:in the (?:morning|afternoon|evening)|at lunchtime|over lunchtime)\b{_NO_NOUN}", re.IGNORECASE
)
_ON_ANY_DAY = re.compile(
    r"\b(?:every|each|usually|always|normally|generally|often|daily|(?:a|per) day|most days|weekdays?|weekends|"
    rf"(?:morning|afternoon|evening|night|lunchtime|{_WEEKDAY})s|how (?:much|many|often))\b|"
    r"\b(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|o['’]clock|half past \w+) in the \w|"
    rf"\b\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH}\b|\b{_MONTH} \d|\b\d{{4}}-\d\d-\d\d\b",
    re.IGNORECASE,
)
"""With it "in the morning" is that of any day, of a named one, or of the clock: "how many tablets in the morning"."""

_IN_ONE = re.compile(rf"\bin (?:an?|one) {_UNIT}\b", re.IGNORECASE)
_HOW_MUCH = re.compile(r"\bhow (?:much|many|often)\b", re.IGNORECASE)
"""With it "in a year" is a measure: "how much gas do we use in a year"."""

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
        or (_TIME_OF_DAY.search(flat) is not None and _ON_ANY_DAY.search(flat) is None)
        or _ONE_SHORT_WEEKDAY.search(flat) is not None
        or any(not found["habit"] for found in _ONE_WEEKDAY.finditer(flat))
    )
