"""Questions on days: how long until, how long between, how old, which weekday, the n-th of a series."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from pillowbook.answering.compute.days import (
    Days,
    add_months,
    find_days,
    find_feast,
    find_times,
    months_between,
    named,
    weekday_of,
    years_between,
)
from pillowbook.answering.compute.gather import Reader, Reading
from pillowbook.answering.compute.lookup import (
    MIN_SCORE,
    DayFact,
    clause_around,
    expanded,
    find_amount_facts,
    find_day_facts,
    phrase_roots,
    score_place,
)
from pillowbook.answering.compute.quantities import Quantity, find_quantities, spelled
from pillowbook.answering.compute.questions import Asked, Operation
from pillowbook.answering.compute.results import Result
from pillowbook.answering.pairs import canonical_stems
from pillowbook.answering.units import Unit

_UNIT = re.compile(
    r"\b(?:how many (?:more )?|the )(days|weeks|months|years|nights|sleeps|hours|minutes)\b", re.IGNORECASE
)
_UNTIL = re.compile(
    r"^.*?\b(?:until|till|before|left (?:until|till|on|to|in|for|of)|remaining (?:on|in|"
    r"of)|to go (?:until|till|before|on)|left|away (?:is|are))\b\s*(?P<what>.+)$",
    re.IGNORECASE,
)
_ENDING = re.compile(
    r"\b(?:end|ends|ended|ending|up|expires?|expired|runs? out|ran out|left|over|until|till|last)\b",
    re.IGNORECASE,
)
_STARTING = re.compile(r"\b(?:start|starts|started|begins?|began|opens?)\b", re.IGNORECASE)
_END_MARK = re.compile(r"\b(?:until|till|to|ends?|by|expires?|runs? out|through)\W*(?:\w+ )?$", re.IGNORECASE)
_BIRTH = re.compile(r"\b(?:born|birth|birthdays?|b\.)\b", re.IGNORECASE)
_YEARLY = re.compile(r"\b(?:birthdays?|anniversar(?:y|ies)|turns? \d+)\b", re.IGNORECASE)
_AGE = re.compile(
    r"how (?:old|many (?:years|months|weeks) old) (?:was|is|will|were|are|would|had|am)\s+(?P<who>.+?)(?:\s+(?:be|"
    r"turn))?"
    r"(?:\s+(?:be\s+)?(?P<at>(?:on|when|in|at|by|next|during|this)\b.+?))?\s*\?*$",
    re.IGNORECASE,
)
_NTH = re.compile(
    r"\b(\d+)(?:st|nd|rd|th)\b|\b(first|second|third|fourth|fifth|sixth|seventh|eighth|"
    r"ninth|tenth|eleventh|twelfth|last|final)\b",
    re.I,
)
_ORDINALS = [
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
]
_WEEKLY = re.compile(
    r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)days\b|\b(?:weekly|every week|a week)\b", re.IGNORECASE
)
_FROM = re.compile(r"\b(?:from|starting|beginning|since)\s+(?:on\s+)?(?:the\s+)?$", re.IGNORECASE)


def answer_from_days(asked: Asked, reader: Reader) -> Result | None:
    """The result, or None when a day was not found surely."""
    if asked.operation is Operation.UNTIL:
        return _until(asked, reader)
    if asked.operation is Operation.SINCE:
        return _since(asked, reader)
    if asked.operation is Operation.AGE:
        return _age(asked, reader)
    if asked.operation is Operation.WEEKDAY:
        return _weekday(asked, reader)
    if asked.operation is Operation.SERIES:
        return _series(asked, reader)
    if asked.operation is Operation.OFFSET:
        return _offset(asked, reader)
    return _between(asked, reader)


def _asked_unit(text: str) -> str:
    found = _UNIT.search(text)
    return {"sleeps": "nights"}.get(found[1].lower(), found[1].lower()) if found else ""


def _end_of(fact: DayFact, phrase: str) -> date:
    """The day of a span that the phrase speaks of: its end where it ends or runs out, else its first."""
    days = fact.days
    if days.grain in ("span", "month") and (_ENDING.search(phrase) and not _STARTING.search(phrase)):
        return days.last
    return days.first


def _until(asked: Asked, reader: Reader) -> Result | None:
    found = _UNTIL.match(asked.text)
    phrase = found["what"] if found else asked.text
    is_end = bool(_ENDING.search(asked.text)) and not _STARTING.search(phrase)
    literal = _literal(phrase, asked.today)
    if literal is not None and not _content(phrase):
        return _span_result(asked, asked.today, literal.first, ())
    if _YEARLY.search(phrase):
        return _until_yearly(asked, phrase, reader)
    facts = find_day_facts(
        phrase,
        reader.with_words(expanded(phrase)),
        today=asked.today,
        keep=lambda days: (
            (days.last if is_end else days.first) > asked.today
            and days.grain in (("day", "span", "month") if is_end else ("day", "span"))
        ),
    )
    facts = [
        fact if not _END_MARK.search(fact.before) or not is_end else replace(fact, score=fact.score + 0.1)
        for fact in facts
    ]
    facts.sort(key=lambda fact: -round(fact.score, 2))
    if not facts or facts[0].score < MIN_SCORE:
        return None
    target = facts[0].days.last if is_end else facts[0].days.first
    return _span_result(asked, asked.today, target, (facts[0].unit,))


def _until_yearly(asked: Asked, phrase: str, reader: Reader) -> Result | None:
    """Until a birthday or an anniversary comes round again, whatever year its day is given with."""
    facts = find_day_facts(
        phrase, reader.with_words(expanded(phrase)), today=asked.today, keep=lambda days: days.is_day
    )
    if re.search(r"\bmy\b", phrase, re.IGNORECASE):
        facts = [fact for fact in facts if re.search(r"^\w+: me\b|\bmy\b", fact.unit.text)]
    facts = [
        fact
        for fact in facts
        if _YEARLY.search(f"{fact.unit.place} {fact.unit.text} {fact.unit.passage.path}")
    ]
    if not facts or facts[0].score < MIN_SCORE:
        return None
    first = facts[0].days.first
    day = add_months(first, 12 * max(0, asked.today.year - first.year))
    if day < asked.today:
        day = add_months(first, 12 * (asked.today.year + 1 - first.year))
    return _span_result(asked, asked.today, day, (facts[0].unit,))


def _since(asked: Asked, reader: Reader) -> Result | None:
    phrase = re.sub(r"^.*?\b(?:since|ago)\b|^how long (?:have|has)\b", "", asked.text, count=1, flags=re.I)
    if not _content(phrase):
        phrase = re.sub(r"\bhow (?:long|many \w+)\b|\bago\b", "", asked.text, flags=re.I)
    facts = find_day_facts(
        phrase,
        reader.with_words(expanded(phrase)),
        today=asked.today,
        keep=lambda days: days.first <= asked.today and days.grain != "year",
    )
    if not facts or facts[0].score < MIN_SCORE:
        return None
    return _span_result(asked, facts[0].days.first, asked.today, (facts[0].unit,))


_PAIRS = (
    r"\bbetween\s+(?P<a>.+?)\s+and\s+(?P<b>.+)",
    r"\bfrom\s+(?P<a>.+?)\s+(?:to|until|till)\s+(?P<b>.+)",
    r"\bbefore\s+(?P<b>.+?)\s+(?:was|were|is|did|does|had)\s+(?P<a>.+)",
    r"\bafter\s+(?P<a>.+?)\s+(?:was|were|is|did|does|had)\s+(?P<b>.+)",
    r"\b(?:was|were|is|did|does|has)\s+(?P<b>.+?)\s+after\s+(?P<a>.+)",
    r"\b(?:was|were|is|did|does|has)\s+(?P<a>.+?)\s+before\s+(?P<b>.+)",
    r"\b(?:did|does|will|do)\s+(?P<b>.+?),\s+from\s+(?P<a>.+)",
)


def _between(asked: Asked, reader: Reader) -> Result | None:
    text = asked.text.rstrip("?. ")
    unit = _asked_unit(text)
    if unit in ("", "hours", "minutes", "nights") and (spanned := _one_span(asked, reader)):
        return spanned
    for pattern in _PAIRS if unit != "nights" else _PAIRS[:2]:
        found = re.search(pattern, text, re.IGNORECASE)
        if not found:
            continue
        first, second = (_day_for(found[key], reader, asked) for key in ("a", "b"))
        if first is not None and second is not None and first[0] < second[0]:
            return _span_result(asked, first[0], second[0], (*first[1], *second[1]))
    return _one_span(asked, reader)


def _day_for(phrase: str, reader: Reader, asked: Asked) -> tuple[date, tuple[Unit, ...]] | None:
    literal = _literal(phrase, asked.today)
    if literal is not None and (literal.has_year or not _content(phrase)):
        return literal.first, ()
    facts = find_day_facts(
        phrase,
        reader.with_words(expanded(phrase)),
        today=asked.today,
        keep=lambda days: days.grain in ("day", "span"),
    )
    if not facts or facts[0].score < MIN_SCORE:
        return None
    return _end_of(facts[0], phrase), (facts[0].unit,)


def _literal(phrase: str, today: date) -> Days | None:
    """The day a phrase names itself."""
    found = [one for one in find_days(phrase, today) if one.grain in ("day", "month")]
    return found[0] if found else find_feast(phrase, today)


def _content(phrase: str) -> bool:
    """Whether a phrase says anything but a day."""
    days = find_days(phrase, date(2000, 1, 1))
    rest = "".join(
        " " if any(one.start <= at < one.end for one in days) else c for at, c in enumerate(phrase)
    )
    return any(
        weight >= 1
        for _, weight in phrase_roots(re.sub(r"\b(?:christmas|today|new year)\b", " ", rest, flags=re.I))
    )


def _one_span(asked: Asked, reader: Reader) -> Result | None:
    """How long something lasts whose first and last day, or times, stand in one place."""
    phrase = re.sub(r"\bhow (?:long|many (?:more )?\w+)\b", "", asked.text, flags=re.I)
    unit = _asked_unit(asked.text)
    facts = find_day_facts(
        phrase, reader.with_words(expanded(phrase)), today=asked.today, keep=lambda days: days.grain == "span"
    )
    timed = _timed(phrase, reader.readings)
    if timed is not None and unit in ("", "hours", "minutes") and (not facts or timed[2] >= facts[0].score):
        minutes, source, score = timed
        if score >= MIN_SCORE:
            if unit == "minutes":
                return Result(f"{minutes} minutes.", (source,))
            hours, rest = divmod(minutes, 60)
            told = " ".join(
                [f"{hours} hour{'s' * (hours != 1)}"] * bool(hours) + [f"{rest} minutes"] * bool(rest)
            )
            return Result(f"{told} ({source.text[:120]}).", (source,))
    if unit in ("hours", "minutes"):
        return None
    facts = sorted([*facts, *_till(phrase, reader)], key=lambda fact: -fact.score)
    if not facts or facts[0].score < (MIN_SCORE + 0.05 if unit else 0.85):
        return None
    days = facts[0].days
    if unit == "days" or (not unit and (days.last - days.first).days < 14):
        count = (days.last - days.first).days + 1
        return Result(
            f"{count} days, {named(days.first)} to {named(days.last)}, both counted.", (facts[0].unit,)
        )
    return _span_result(asked, days.first, days.last, (facts[0].unit,))


def _till(phrase: str, reader: Reader) -> list[DayFact]:
    """Spans told in words: ``came home the 8th, stayed with us till the 24th``."""
    roots = phrase_roots(phrase)
    found: list[DayFact] = []
    for reading in reader.readings:
        for unit in reading.units:
            days = find_days(unit.text, reading.day if reading.is_dated else date(2000, 1, 1))
            for first, second in pairwise(days):
                between = unit.text[first.end : second.start]
                if not (first.is_day and second.is_day and first.first < second.first):
                    continue
                if re.search(r"\b(?:till|until)\s*$", between) and "." not in between and ";" not in between:
                    span = replace(first, last=second.last, grain="span", end=second.end)
                    clause = unit.text[unit.text.rfind(". ", 0, first.start) + 1 : second.end]
                    found.append(DayFact(span, unit, score_place(roots, clause, unit, reading), "", clause))
    return found


def _timed(phrase: str, readings: Sequence[Reading]) -> tuple[int, Unit, float] | None:
    best: tuple[int, Unit, float] | None = None
    for reading in readings:
        for unit in reading.units:
            times = find_times(unit.text)
            for (first, _, end), (second, start, _) in pairwise(times):
                if re.fullmatch(
                    r"[^.;]{0,40}?(?:[–-]|->|→|to|until|till)[^.;]{0,20}", unit.text[end:start].strip() or "x"
                ):
                    score = score_place(phrase_roots(phrase), unit.text, unit, reading)
                    if best is None or score > best[2]:
                        best = ((second - first) % (24 * 60), unit, score)
    return best


def _span_result(asked: Asked, first: date, second: date, units: tuple[Unit, ...]) -> Result | None:
    if second < first:
        return None
    days = (second - first).days
    unit = _asked_unit(asked.text)
    told = f"from {named(first)} to {named(second)}"
    if unit == "weeks":
        weeks, rest = divmod(days, 7)
        text = f"{_count(weeks, 'week')}" + (f" and {_count(rest, 'day')}" if rest else "")
    elif unit == "months":
        months = months_between(first, second)
        rest = (second - add_months(first, months)).days
        text = _count(months, "month") + (f" and {_count(rest, 'day')}" if rest else "")
    elif unit == "years":
        years = years_between(first, second)
        rest = months_between(first, second) - 12 * years
        text = _count(years, "year") + (f" and {_count(rest, 'month')}" if rest else "")
    elif unit == "nights":
        text = _count(days, "night")
    elif unit == "days" or days < 120:
        text = _count(days, "day")
        if not unit and days and days % 7 == 0:
            text += f" ({_count(days // 7, 'week')})"
    else:
        months = months_between(first, second)
        years, rest = divmod(months, 12)
        over = (second - add_months(first, months)).days
        parts = [_count(n, word) for n, word in ((years, "year"), (rest, "month"), (over, "day")) if n]
        text = f"{', '.join(parts)} ({days} days)"
    return Result(f"{text}, {told}.", units)


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}{'' if number == 1 else 's'}"


def _birth(who: str, reader: Reader, today: date) -> DayFact | None:
    """When somebody was born: a day or a month with its year, beside the name and a word of birth."""
    subject = {root for root, weight in phrase_roots(who) if weight >= 1}
    best: DayFact | None = None
    for reading in reader.with_words(f"born birthday {who}"):
        for unit in reading.units:
            if not _BIRTH.search(f"{unit.place} {unit.text} {unit.passage.path}"):
                continue
            for days in find_days(unit.text, reading.day):
                if not days.has_year or days.grain not in ("day", "month") or days.first > today:
                    continue
                text = clause_around(unit.text, days.start, days.end)
                own = set(canonical_stems(f"{unit.text[: days.end]} {text}")) | set(
                    canonical_stems(unit.place)
                )
                score = len(subject & own) / max(1, len(subject))
                row = unit.text.partition(":")[0].lower() if unit.is_listed else ""
                born = bool(re.search(r"\bborn\b", unit.text[max(0, days.start - 60) : days.start], re.I))
                listed = "birth" in f"{unit.place} {unit.passage.path} {row}".lower() and unit.is_listed
                if not (born or listed or _BIRTH.search(text)):
                    continue
                fact = DayFact(days, unit, score + 0.2 * born, "", text)
                if score >= 0.5 and (best is None or fact.score > best.score):
                    best = fact
    return best


def _age(asked: Asked, reader: Reader) -> Result | None:
    found = _AGE.search(asked.text)
    if not found:
        return None
    born = _birth(found["who"], reader, asked.today)
    if born is None:
        return None
    at = asked.today
    units: tuple[Unit, ...] = (born.unit,)
    birthday = re.search(r"\b(?P<which>next|last) birthday\b", asked.text, re.IGNORECASE)
    if birthday and born.days.is_day:
        age = years_between(born.days.first, asked.today) + (birthday["which"].lower() == "next")
        at = add_months(born.days.first, 12 * age)
    elif found["at"]:
        day = _day_for(re.sub(r"^(?:on|when|in|at|by)\s+", "", found["at"]), reader, asked)
        if day is None:
            return None
        at, units = day[0], (born.unit, *day[1])
    first = born.days.first
    if at < first:
        return None
    is_months = bool(re.search(r"\bhow many months old\b", asked.text, re.I))
    if is_months or years_between(first, at) < 1:
        text = f"{_count(months_between(first, at), 'month')} old"
    elif re.search(r"\bhow many weeks old\b", asked.text, re.I):
        text = f"{_count((at - first).days // 7, 'week')} old"
    else:
        text = f"{_count(years_between(first, at), 'year')} old"
    birth = named(first) if born.days.is_day else f"{named(first).partition(' ')[2]}"
    return Result(f"{text} on {named(at)}, born {birth}.", units)


def _weekday(asked: Asked, reader: Reader) -> Result | None:
    phrase = re.sub(r"\b(?:what|which|on)\b|\b(?:day of the week|weekday|day)\b", " ", asked.text, flags=re.I)
    literal = _literal(phrase, asked.today)
    if nth := re.search(r"(.+?)\s+(\d+)(?:st|nd|rd|th) birthday", phrase, re.I):
        born = _birth(nth[1], reader, asked.today)
        if born is None or not born.days.is_day:
            return None
        day = add_months(born.days.first, 12 * int(nth[2]))
        return Result(f"{weekday_of(day)}, {named(day)}.", (born.unit,))
    if born_of := re.search(r"\b(?:was|were|is)\s+(.+?)\s+born\b", asked.text, re.IGNORECASE):
        born = _birth(born_of[1], reader, asked.today)
        if born is None or not born.days.is_day:
            return None
        return Result(f"{weekday_of(born.days.first)}, {named(born.days.first)}.", (born.unit,))
    if literal is not None and literal.has_year and literal.is_day:
        return Result(f"{weekday_of(literal.first)}, {named(literal.first)}.", ())
    facts = find_day_facts(
        phrase, reader.with_words(expanded(phrase)), today=asked.today, keep=lambda days: days.is_day
    )
    if not facts or facts[0].score < MIN_SCORE:
        return None
    day = facts[0].days.first
    if asked.period is not None and not facts[0].days.has_year:
        day = day.replace(year=asked.period.first.year)
    return Result(f"{weekday_of(day)}, {named(day)}.", (facts[0].unit,))


def _series(asked: Asked, reader: Reader) -> Result | None:
    """The n-th or last of what happens weekly, a stated number of times, from a stated day."""
    nth = _NTH.search(asked.text)
    if not nth:
        return None
    roots = phrase_roots(_NTH.sub(" ", asked.text))
    best: tuple[float, date, int, Unit] | None = None
    for reading in reader.readings:
        for unit in reading.units:
            for days in find_days(unit.text, reading.day if reading.is_dated else asked.today):
                text = unit.text
                if (
                    not days.is_day
                    or not _FROM.search(text[: days.start])
                    or not _WEEKLY.search(f"{text} {asked.text}")
                ):
                    continue
                counted = [
                    int(one.value)
                    for one in find_quantities(text)
                    if not one.dimension
                    and 1 < one.value <= 60
                    and one.value == int(one.value)
                    and not (days.start <= one.start < days.end)
                    and re.match(r"\s*[A-Za-z]+s\b", text[one.end :])
                ]
                score = score_place(roots, text, unit, reading)
                if counted and (best is None or score > best[0]):
                    best = (score, days.first, counted[0], unit)
    if best is None or best[0] < MIN_SCORE - 0.1:
        return None
    _, first, count, unit = best
    index = (
        int(nth[1])
        if nth[1]
        else count
        if nth[2].lower() in ("last", "final")
        else _ORDINALS.index(nth[2].lower()) + 1
    )
    if index > count:
        return None
    day = first + timedelta(weeks=index - 1)
    return Result(
        f"{weekday_of(day)} {named(day)}: {_count(index - 1, 'week')} after {named(first)}.", (unit,), 0.75
    )


_SHIFT = re.compile(
    r"\b(?P<amount>(?:\d+|an?|one|two|three|four|five|six|seven|eight|nine|ten|twelve) (?:days?|"
    r"weeks?|months?|years?|fortnights?))(?:'s?)?\s+(?P<way>after|before|from)\s+(?P<what>.+)",
    re.I,
)
_CLOCK = re.compile(
    r"\bat (?:(\d{1,2})(?:[:.](\d\d))? ?(am|pm)?|(one|two|three|four|five|six|seven|eight|"
    r"nine|ten|eleven|twelve))(?: o'clock)?\b(?:\s*(?:in the|at) (morning|afternoon|evening|"
    r"night))?",
    re.I,
)
_HOURS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]


def _offset(asked: Asked, reader: Reader) -> Result | None:
    """A day some time after or before another; or after a day (a time) of the question, by a duration of the notes."""
    if shift := _SHIFT.search(asked.text.rstrip("?. ")):
        amounts = find_quantities(re.sub(r"^an?\b", "one", shift["amount"]))
        day = _day_for(shift["what"], reader, asked)
        if day is None or not amounts:
            return None
        moved = _moved(day[0], amounts[0], -1 if shift["way"].lower() == "before" else 1)
        return Result(
            f"{named(moved)}, a {weekday_of(moved)}: {shift['amount']} {shift['way']} {named(day[0])}.",
            day[1],
        )
    literal = next((one for one in find_days(asked.text, asked.today) if one.is_day), None)
    clock = _CLOCK.search(asked.text)
    is_back = bool(
        re.search(
            r"\b(?:before|when (?:must|do|should|have) (?:i|we|they|it) .*\b(?:start|begin|leave|"
            r"go|put)|evening before)\b",
            asked.text,
            re.I,
        )
    )
    if literal is None and clock is None:
        return None
    wanted = {"duration", "span"} if literal is not None else {"duration"}
    rest = "".join(
        " " if literal and literal.start <= at < literal.end else c for at, c in enumerate(asked.text)
    )
    if clock and literal is None:
        rest = _CLOCK.sub(" ", rest)
    facts = find_amount_facts(
        re.sub(r"\b(?:if|by when|when|want|morning|evening|before|should|put)\b", " ", rest, flags=re.I),
        reader.readings,
        keep=lambda one: (
            one.dimension in wanted and (one.dimension == "span" or one.base >= 86400 or clock is not None)
        ),
    )
    facts = [
        f
        for f in facts
        if literal is None
        or re.search(
            r"\b(?:for|within|keeps?|after|in|up to|lasts?|due|valid)\b[^.;]{0,24}$",
            f.unit.text[: f.amount.start],
            re.I,
        )
    ]
    if not facts or facts[0].score < MIN_SCORE - 0.2:
        return None
    best = facts[0]
    if literal is not None:
        moved = _moved(literal.first, best.amount, -1 if is_back else 1)
        return Result(
            f"{named(moved)}: {spelled(best.amount.value, best.amount.unit)} from {named(literal.first)}.",
            (best.unit,),
            0.7,
        )
    assert clock is not None
    hour = int(clock[1]) if clock[1] else _HOURS.index(clock[4].lower()) + 1
    if (clock[3] or "").lower() == "pm" or (clock[5] or "").lower() in ("afternoon", "evening", "night"):
        hour = hour % 12 + 12
    start = 60 * hour + int(clock[2] or 0)
    minutes = int(best.amount.base / 60) * (-1 if is_back else 1)
    end = (start + minutes) % (24 * 60)
    way = "before" if is_back else "after"
    return Result(
        f"{_clock(end)}, {spelled(best.amount.value, best.amount.unit)} {way} {_clock(start)}.",
        (best.unit,),
        0.7,
    )


def _clock(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02d}"


def _moved(day: date, amount: Quantity, sign: int) -> date:
    if amount.dimension == "span":
        return add_months(day, sign * int(amount.base))
    return day + sign * timedelta(days=int(amount.base / Decimal(86400)))
