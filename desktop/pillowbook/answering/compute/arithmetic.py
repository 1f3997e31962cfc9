"""Arithmetic on amounts that stand in sentences: differences, sums of named things, rates times counts, scaling."""

import re
from collections.abc import Callable, Sequence
from decimal import Decimal

from pillowbook.answering.compute.days import find_days, find_times
from pillowbook.answering.compute.gather import Reader
from pillowbook.answering.compute.lookup import (
    AmountFact,
    clause_around,
    expanded,
    find_amount_facts,
    find_day_facts,
    knows,
)
from pillowbook.answering.compute.quantities import Quantity, find_quantities, plain, spelled, unit_of
from pillowbook.answering.compute.questions import Asked, Operation, compared_sides
from pillowbook.answering.compute.results import Result
from pillowbook.answering.pairs import canonical_stems
from pillowbook.answering.terms import stem

MIN_FACT = 0.66
_MONEY = re.compile(
    r"\b(?:cost\w*|pay\w*|paid|spen[dt]\w*|price\w*|owe\w*|charge\w*|fee\w*|rent|cheaper|"
    r"dearer|expensive|pounds?|euros?|quot\w*|bill\w*|sav\w*|"
    r"come to|set us back|worth|earn\w*)\b|[£€$]",
    re.IGNORECASE,
)
_CHANGE = re.compile(
    r"\b(?:gone (?:up|down)|go(?:es)? (?:up|down)|went (?:up|down)|drops?|dropped|r[io]ses?|"
    r"risen|falls?|fell|increas\w*|decreas\w*|put (?:it )?up)\b",
    re.IGNORECASE,
)
_SPENT = re.compile(r"\b(?:billed|spent|paid|used|so far|gone|already|invoiced)\b", re.IGNORECASE)
_NEED = re.compile(
    r"\bneed(?:s|ed)?\s+(?P<need>\w+)\b.*?\bha(?:ve|s|d)\s+(?:got\s+)?(?P<have>\w+)\b", re.IGNORECASE
)
_SHORT = re.compile(r"\bshort of (?:the |my |our )?(?P<goal>[\w.,]+)", re.IGNORECASE)
_PER_PERIOD = re.compile(
    r"\b(?:a|per|each|every|in a|over a|over the|for a|for the) (?P<whole>whole )?(?P<unit>year|"
    r"month|week|term)\b|\b(?P<many>\w+) (?P<units>months|years|weeks)\b",
    re.IGNORECASE,
)
_PER_YEAR = {
    "year": Decimal(1),
    "quarter": Decimal(4),
    "term": Decimal(3),
    "month": Decimal(12),
    "week": Decimal(52),
    "fortnight": Decimal(26),
}
_SERVES = re.compile(r"\b(?:serves|feeds|enough for|makes(?: about)?|for)\s+(?P<n>\w+)\b", re.IGNORECASE)
_FOR_PEOPLE = re.compile(
    r"\bfor (?P<n>\w+(?:-\w+)?) (?:people|persons|guests|friends|of us|portions|servings|"
    r"adults|children|kids)\b",
    re.IGNORECASE,
)
_INTO = re.compile(
    r"\bin(?:to)? (?P<unit>kilomet\w+|km|miles|met(?:re|er)s?|cm|centimet\w+|mm|inches|"
    r"feet|yards|grams?|kilos?|kilograms?|kg|ounces|lbs|lit(?:re|er)s?|ml|millilit\w+|pints|"
    r"gallons|minutes|hours|days|weeks)\b",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"\b(?P<n>\d+(?:[.,]\d+)*|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|"
    r"twelve|fourteen|fifteen|twenty|thirty|forty|fifty|a dozen)\s+(?P<noun>[A-Za-z][A-Za-z-]+)",
    re.IGNORECASE,
)
_TOGETHER = re.compile(
    r"\b(?:together|altogether|in total|total|add(?:s|ed)? up|combined|sum of|in all|all told|"
    r"plus|come to)\b",
    re.IGNORECASE,
)
_ASKS_AMOUNT = re.compile(
    r"\b(?:how much|what (?:do|does|did|would|will|is|was|are|were)|how many)\b", re.IGNORECASE
)
_RATIO = re.compile(
    r"\b(?:what|which) (?:percentage|percent|per cent|share|proportion|fraction)\b", re.IGNORECASE
)


def answer_from_amounts(asked: Asked, reader: Reader) -> Result | None:
    """The first way that finds all its amounts; None when none does."""
    ways: tuple[Callable[[Asked, Reader], Result | None], ...] = (
        _scaled,
        _converted,
        _compared,
        _changed,
        _needed,
        _rated,
        _summed,
    )
    for way in ways:
        if result := way(asked, reader):
            return result
    return None


def _money_or_any(text: str) -> Callable[[Quantity], bool]:
    if _MONEY.search(text):
        return lambda one: one.dimension == "money"
    return lambda one: one.dimension not in ("", "share")


def _alike(first: Quantity, second: Quantity) -> bool:
    if first.dimension != second.dimension or (first.dimension == "money" and first.unit != second.unit):
        return False
    return first.per == second.per or not first.per or not second.per


def _pair(a: Sequence[AmountFact], b: Sequence[AmountFact]) -> tuple[AmountFact, AmountFact] | None:
    """The likeliest two facts that can be set against each other."""
    best: tuple[float, AmountFact, AmountFact] | None = None
    for first in a[:12]:
        for second in b[:12]:
            same = first.unit == second.unit and first.amount == second.amount
            if same or not _alike(first.amount, second.amount):
                continue
            score = first.score + second.score + 0.12 * (first.amount.per == second.amount.per)
            if best is None or score > best[0] + 1e-9:
                best = (score, first, second)
    if best is None or min(best[1].score, best[2].score) < MIN_FACT:
        return None
    return best[1], best[2]


def _told_difference(asked: Asked, first: AmountFact, second: AmountFact) -> Result:
    a, b = first.amount, second.amount
    base = abs(a.base - b.base)
    unit = a.unit
    if a.dimension not in ("money", "") and a.unit.lower() != b.unit.lower():
        _, factor = unit_of(a.unit) or ("", Decimal(1))
        value = base / factor
    else:
        value = abs(a.value - b.value)
    low, high = sorted((a, b), key=lambda one: one.base)
    told = f"{spelled(high.value, high.unit)} - {spelled(low.value, low.unit)}"
    per = a.per or b.per
    text = f"{spelled(value, unit)}{f' a {per}' if per and per != 'each' else ''}: {told}."
    if times := _times_asked(asked.text, per):
        text = f"{spelled(value * times, unit)}: ({told}) × {plain(times)}."
    return Result(text, (first.unit, second.unit), 0.7)


def _times_asked(text: str, per: str) -> Decimal | None:
    """How many of a rate's periods are asked for: ``a year`` of what is paid a month is twelve."""
    if per not in _PER_YEAR:
        return None
    for found in _PER_PERIOD.finditer(text):
        if found["unit"]:
            times = _PER_YEAR[per] / _PER_YEAR[found["unit"].lower()]
            if times > 1:
                return times
        else:
            counted = find_quantities(found[0])
            unit = found["units"].lower().rstrip("s")
            if counted and counted[0].value > 0 and unit in _PER_YEAR:
                times = counted[0].value * _PER_YEAR[per] / _PER_YEAR[unit]
                if times > 1 and times == int(times):
                    return times
    return None


def _compared(asked: Asked, reader: Reader) -> Result | None:
    """How much more one is than the other."""
    text = asked.text.rstrip("?. ")
    keep = _money_or_any(text)
    sides = compared_sides(text)
    if sides is None:
        return None
    a, b = sides
    pair = _pair(
        find_amount_facts(a, reader.with_words(a), keep=keep),
        find_amount_facts(b, reader.with_words(b), keep=keep),
    )
    return None if pair is None else _told_difference(asked, *pair)


def _changed(asked: Asked, reader: Reader) -> Result | None:
    """How much one amount went up or down: its value in an older and in a newer place."""
    if asked.operation is not Operation.DIFFERENCE:
        return None
    if found := _changes_in_place(asked, reader) or _left(asked, reader):
        return found
    if not _CHANGE.search(asked.text):
        return None
    phrase = _CHANGE.sub(
        " ", re.sub(r"\bsince\b.*|\b(?:by )?how (?:much|many)\b|\bper \w+\b", " ", asked.text)
    )
    keep = (
        _money_or_any(asked.text)
        if _MONEY.search(asked.text)
        else (lambda one: one.dimension in ("money", "share"))
    )
    facts = find_amount_facts(phrase, reader.with_words(expanded(phrase)), keep=keep)
    if not facts or facts[0].score < MIN_FACT:
        return None
    first = facts[0]
    others = [
        other
        for other in facts[1:]
        if other.score >= max(first.score - 0.2, MIN_FACT - 0.06)
        and other.unit != first.unit
        and other.amount.value != first.amount.value
        and other.amount.per == first.amount.per
        and _alike(first.amount, other.amount)
    ]
    # Several that fit as well: which one was meant is not told.
    if not others or any(
        other.amount.value != others[0].amount.value and other.score >= others[0].score - 0.05
        for other in others[1:]
    ):
        return None
    return _told_difference(asked, first, others[0])


def _changes_in_place(asked: Asked, reader: Reader) -> Result | None:
    """An older and a newer amount in one sentence: ``£31.50 a month until November, then it goes up to £44``."""
    phrase = re.sub(r"\bby how much\b|\bhow much(?: more| less)?\b|\bper \w+\b", " ", asked.text, flags=re.I)
    best: tuple[float, AmountFact, AmountFact] | None = None
    facts = find_amount_facts(phrase, reader.readings, keep=lambda one: one.dimension == "money")
    for first in facts[:30]:
        for second in facts[:30]:
            if first.unit != second.unit or first.amount.start >= second.amount.start:
                continue
            between = first.unit.text[first.amount.end : second.amount.start]
            is_change = re.search(
                r"\b(?:then|until now|was|before that|up to|down to|instead of|went|goes|from)\b",
                between,
                re.I,
            )
            if (
                not is_change
                or not _alike(first.amount, second.amount)
                or "." in between.replace(". ", "", 0)
            ):
                continue
            score = max(first.score, second.score)
            if best is None or score > best[0]:
                best = (score, first, second)
    if best is None or best[0] < MIN_FACT:
        return None
    return _told_difference(asked, best[1], best[2])


def _left(asked: Asked, reader: Reader) -> Result | None:
    """What is left of an amount of which another is spent: ``£18,500 agreed, £12,950 billed so far``."""
    if not re.search(r"\b(?:left|remain\w*|still to|unspent|over)\b", asked.text, re.IGNORECASE):
        return None
    for fact in find_amount_facts(
        asked.text, reader.readings, keep=lambda one: one.dimension not in ("", "share")
    )[:4]:
        both = [one for one in find_quantities(fact.unit.text) if one.dimension == fact.amount.dimension]
        if fact.score < MIN_FACT or len(both) != 2 or not _SPENT.search(fact.unit.text) or not _alike(*both):
            continue
        high, low = sorted(both, key=lambda one: -one.base)
        left = spelled(high.value - low.value, high.unit)
        return Result(
            f"{left}: {spelled(high.value, high.unit)} - {spelled(low.value, low.unit)}.", (fact.unit,), 0.7
        )
    return None


def _needed(asked: Asked, reader: Reader) -> Result | None:
    """What is missing: ``need nine, have six``; or how far an amount is from one the question names."""
    if asked.operation is not Operation.DIFFERENCE:
        return None
    if short := _SHORT.search(asked.text):
        goal = find_quantities(short["goal"])
        days = find_day_facts(asked.text, reader.readings, today=asked.today, keep=lambda one: one.is_day)
        wanted = asked.period.first if asked.period else None
        for fact in days:
            if wanted and (fact.days.first.month, fact.days.first.day) != (wanted.month, wanted.day):
                continue
            near = clause_around(fact.unit.text, fact.days.start, fact.days.end)
            at = fact.unit.text.index(near)
            counted = [
                one
                for one in find_quantities(near)
                if not one.dimension and not (fact.days.start <= at + one.start < fact.days.end)
            ]
            if goal and counted and counted[0].value < goal[0].value:
                left = goal[0].value - counted[0].value
                return Result(
                    f"{plain(left)}: {plain(goal[0].value)} - {plain(counted[0].value)}.", (fact.unit,), 0.7
                )
        return None
    best: tuple[float, Result] | None = None
    roots = frozenset(asked.roots)
    for reading in reader.readings:
        for unit in reading.units:
            found = _NEED.search(unit.text)
            if not found or not re.search(r"\b(?:need|short|missing|more)\b", asked.text, re.I):
                continue
            need, have = find_quantities(found["need"]), find_quantities(found["have"])
            known = frozenset(canonical_stems(f"{unit.text} {unit.place}")) | frozenset(
                canonical_stems(
                    " ".join(
                        other.text
                        for other in reading.units
                        if other.passage.id == unit.passage.id and abs(other.start - unit.start) < 200
                    )
                )
            )
            share = sum(knows(known, root) for root in roots) / max(1, len(roots))
            if (
                need
                and have
                and need[0].value > have[0].value
                and share >= 0.6
                and (best is None or share > best[0])
            ):
                left = need[0].value - have[0].value
                text = f"{plain(left)} more: {plain(need[0].value)} needed, {plain(have[0].value)} there."
                best = (share, Result(text, (unit,), 0.75))
    return None if best is None else best[1]


def _scaled(asked: Asked, reader: Reader) -> Result | None:
    """An amount of a recipe for another number of people."""
    found = _FOR_PEOPLE.search(asked.text)
    wanted = find_quantities(found["n"].replace("-", " ")) if found else []
    if not found or not wanted:
        return None
    phrase = re.sub(
        r"\bhow (?:much|many)\b|\b(?:grams?|kilos?|ml|litres?) of\b|\bneed\b|\bmake\b",
        " ",
        asked.text.replace(found[0], " "),
        flags=re.I,
    )
    facts = find_amount_facts(
        phrase, reader.with_words(expanded(phrase)), keep=lambda one: one.dimension in ("", "mass", "volume")
    )
    for fact in facts[:6]:
        if fact.score < 0.6:
            return None
        for unit in fact.reading.units:
            serves = next((m for m in _SERVES.finditer(unit.text) if find_quantities(m["n"])), None)
            if serves is None or unit == fact.unit:
                continue
            base = find_quantities(serves["n"])[0].value
            if base <= 0:
                continue
            value = fact.amount.value * wanted[0].value / base
            told = f"{spelled(fact.amount.value, fact.amount.unit)} for {plain(base)}"
            return Result(
                f"{spelled(value, fact.amount.unit)}: {told}, × {plain(wanted[0].value)} / {plain(base)}.",
                (fact.unit, unit),
                0.75,
            )
    return None


def _converted(asked: Asked, reader: Reader) -> Result | None:
    """An amount in another unit than the notes have."""
    found = _INTO.search(asked.text)
    target = unit_of(found["unit"]) if found else None
    if not found or target is None:
        return None
    phrase = asked.text.replace(found[0], " ")
    facts = find_amount_facts(
        phrase, reader.with_words(expanded(phrase)), keep=lambda one: one.dimension == target[0]
    )
    if not facts or facts[0].score < MIN_FACT:
        return None
    best = facts[0]
    if (unit_of(best.amount.unit) or target)[1] == target[1]:
        return None
    value = best.amount.base / target[1]
    return Result(
        f"{plain(value)} {found['unit']}: {plain(best.amount.value)} {best.amount.unit}.", (best.unit,), 0.75
    )


def _counted(text: str) -> list[tuple[Decimal, str]]:
    """The counts of a question: ``two grown-ups``, ``14 nights``; a span of times counts its hours."""
    out: list[tuple[Decimal, str]] = []
    times = find_times(text)
    if len(times) == 2 and re.search(r"\b(?:from|between)\b", text, re.I):
        out.append((Decimal((times[1][0] - times[0][0]) % (24 * 60)) / 60, "hour"))
        return out
    for match in _COUNTED.finditer(text):
        word = match["n"].lower()
        value = (
            Decimal(1)
            if word in ("a", "an")
            else find_quantities(word)[0].value
            if find_quantities(word)
            else None
        )
        noun = match["noun"].lower()
        if value is None or (noun in ("year", "month", "week") and word in ("a", "an")):
            continue
        if noun in ("weeks", "fortnight", "fortnights"):
            out.append((value * (7 if noun == "weeks" else 14), "night"))
        out.append((value, noun))
    return out


def _rated(asked: Asked, reader: Reader) -> Result | None:
    """A price times a count: ``two grown-ups and two children``, ``14 nights``, ``from 19:00 to 22:30``, ``a year``."""
    text = asked.text
    if asked.operation is Operation.DIFFERENCE:
        return None
    if not _ASKS_AMOUNT.search(text) and not _TOGETHER.search(text):
        return None
    if not (_MONEY.search(text) or _TOGETHER.search(text)):
        return None
    counted = [(count, noun) for count, noun in _counted(text) if count != 1 or len(_counted(text)) > 1]
    phrase = re.sub(r"\bhow (?:much|many)\b|\bwhat\b", " ", text, flags=re.I)
    facts = find_amount_facts(
        phrase, reader.with_words(expanded(phrase)), keep=lambda one: one.dimension == "money"
    )[:14]
    facts = [fact for fact in facts if fact.score >= 0.5]
    if not facts:
        return None
    used: list[tuple[Decimal, AmountFact]] = []
    for count, noun in counted:
        root = _singular(noun)
        match = next(
            (fact for fact in facts if _prices(fact, root) and (not used or fact.unit == used[0][1].unit)),
            None,
        )
        if match is not None and all(
            match.amount != other.amount or match.unit != other.unit for _, other in used
        ):
            used.append((count, match))
    if not used:
        best = facts[0]
        times = _times_asked(text, best.amount.per)
        if times is None or best.score < MIN_FACT:
            return None
        total = best.amount.value * times
        return Result(
            f"{spelled(total, best.amount.unit)}: {plain(times)} × {spelled(best.amount.value, best.amount.unit)}.",
            (best.unit,),
            0.7,
        )
    if len({fact.amount.unit for _, fact in used}) > 1:
        return None
    unit = used[0][1].amount.unit
    total = sum((count * fact.amount.value for count, fact in used), Decimal(0))
    told = " + ".join(f"{plain(count)} × {spelled(fact.amount.value, unit)}" for count, fact in used)
    return Result(
        f"{spelled(total, unit)}: {told}.", tuple(dict.fromkeys(fact.unit for _, fact in used)), 0.7
    )


def _of_their_units(facts: Sequence[AmountFact]) -> Result | None:
    near = (fact for fact in facts if fact.amount.per and fact.score >= facts[0].score - 0.15)
    return next((found for fact in near if (found := _of_its_unit(fact))), None)


def _of_its_unit(fact: AmountFact) -> Result | None:
    """A price for one of what the same sentence counts: ``18 litres, £1.20 a litre``; ``22-28 July, £151 a night``."""
    if fact.score < MIN_FACT or not fact.amount.per:
        return None
    per, text = stem(fact.amount.per), fact.unit.text
    count: Decimal | None = None
    for one in find_quantities(text):
        noun = re.match(r"\s*([a-z]+)", text[one.end :])
        if one.start != fact.amount.start and stem(one.unit.lower() or (noun[1] if noun else "")) == per:
            count = one.value
    if count is None and per == "night":
        anchor = fact.reading.day
        spans = [days for days in find_days(text, anchor) if days.grain == "span"]
        count = Decimal((spans[0].last - spans[0].first).days) if len(spans) == 1 else None
    if not count:
        return None
    unit = fact.amount.unit
    total = spelled(count * fact.amount.value, unit)
    return Result(f"{total}: {plain(count)} × {spelled(fact.amount.value, unit)}.", (fact.unit,), 0.7)


def _singular(noun: str) -> str:
    irregular = {"children": "child", "people": "person", "adults": "adult", "kids": "child"}
    return irregular.get(noun, stem(noun))


def _prices(fact: AmountFact, root: str) -> bool:
    """Whether an amount is the price of one such thing: ``£26 a night``, ``£22 grown-up``, ``£46 each``."""
    if fact.amount.per and stem(fact.amount.per) == root:
        return True
    following = fact.unit.text[fact.amount.end : fact.amount.end + 24].lower()
    word = re.match(r"\s*(?:a|an|per|for an?|each)?\s*([a-z]+(?:-[a-z]+)?)", following)
    if word and (_singular(word[1]) == root or stem(word[1].split("-")[0]) == stem(root.split("-")[0])):
        return True
    return fact.amount.per in ("each", "time", "go", "lesson") and root in frozenset(
        canonical_stems(f"{fact.unit.place} {fact.unit.text}")
    )


def _summed(asked: Asked, reader: Reader) -> Result | None:
    """``A and B together``: an amount for each of the things named."""
    if asked.operation is not Operation.SUM:
        return None
    text = _TOGETHER.sub(
        " ",
        re.sub(
            r"^.*?\b(?:how much|what)\b\s*(?:do|does|did|is|are|was|were|would|will)?",
            "",
            asked.text.rstrip("?. "),
            flags=re.I,
        ),
    )
    parts = [part for part in re.split(r",\s*|\s+and\s+|\s+plus\s+", text) if canonical_stems(part)]
    if len(parts) < 2 or len(parts) > 6:
        return None
    keep = _money_or_any(asked.text)
    shared = " ".join(parts[-1].split()[-3:])
    used: list[AmountFact] = []
    for part in parts:
        phrase = part if part == parts[-1] else f"{part} {shared}"
        facts = [
            fact
            for fact in find_amount_facts(phrase, reader.with_words(expanded(phrase)), keep=keep)[:6]
            if not used or _alike(fact.amount, used[0].amount)
        ]
        own = frozenset(canonical_stems(part))
        facts = [fact for fact in facts if own & frozenset(canonical_stems(fact.unit.text))]
        if (
            not facts
            or facts[0].score < MIN_FACT
            or any(facts[0].unit == one.unit and facts[0].amount == one.amount for one in used)
        ):
            return None
        used.append(facts[0])
    unit = used[0].amount.unit
    total = sum((fact.amount.value for fact in used), Decimal(0))
    told = " + ".join(spelled(fact.amount.value, unit) for fact in used)
    per = used[0].amount.per
    return Result(
        f"{spelled(total, unit)}{f' a {per}' if per in _PER_YEAR else ''}: {told}.",
        tuple(fact.unit for fact in used),
        0.65,
    )
