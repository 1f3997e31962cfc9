"""What is to be computed, read from the form of the question: an operation over facts that are still to be looked up.

Only the form is read here ("how long until", "how much more than", "two weeks after"); what stands in its open places
is a plain phrase that is looked up like any other question. A question of no such form is left alone.
"""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from pillowbook.answering.compute.days import find_days, find_times
from pillowbook.answering.compute.quantities import find_quantities, unit_of


@dataclass(frozen=True, slots=True)
class Today:
    """The day the question is asked on."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number of the question."""

    value: Decimal
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Lookup:
    """A single fact.

    Attributes:
        kind: ``date``, ``birth``, ``series`` (the first day of what is weekly) or
            ``amount``.
        only: of a date ``ahead`` or ``past`` where only such a day is meant; of an amount its dimension.
    """

    kind: str
    phrase: str
    only: str = ""


@dataclass(frozen=True, slots=True)
class Apply:
    """An operation on facts.

    Attributes:
        operation: ``count`` (the time between two days), ``age``, ``weekday``,
            ``after`` and ``before`` (a day and a time), ``next`` (return of a birthday), ``nth`` (of what is weekly;
            0 is the last), ``convert``, ``scale`` (to another number of people), ``times`` (a rate) or ``-`` (how far
            apart).
        unit: what ``count`` counts, empty for what fits; what ``convert`` gives.
    """

    operation: str
    arguments: tuple["Node", ...]
    unit: str = ""


Node = Today | Number | Lookup | Apply

_N = (
    r"(?:\d+(?:[.,]\d+)?|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|"
    r"forty|fifty)"
)
ORDINALS = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
    "twelfth",
)  # fmt: skip
_U = r"(?:days|weeks|months|years|nights|sleeps|hours|minutes)"
_LONG = rf"\b(?:how long|how many (?:more |full |whole )?(?P<unit>{_U})|^(?:the )?(?:number of )?(?P<unit_b>{_U}))"
_BE = r"(?:is|are|was|were|will|does|do|did|has|have|had|would)"
_CMP = (
    r"(?:more|less|fewer|cheaper|dearer|higher|lower|longer|shorter|heavier|lighter|bigger|smaller|older|taller)"
    r"(?: expensive)?"
)
_PEOPLE = rf"(?P<n>{_N}) (?:people|persons|guests|friends|portions|servings|adults|children|kids)\b"
_MEASURE = (
    r"(?:kilomet\w+|km|miles|met(?:re|er)s?|cm|mm|inches|feet|yards|grams?|kilos?|kg|ounces|lbs|lit(?:re|er)s?|ml|"
    r"pints|gallons)\b"
)
_NTH = rf"(?P<n>last|final|{'|'.join(ORDINALS)}|\d{{1,2}}(?:st|nd|rd|th))\b(?! birthday)"
_SHIFT = rf"(?P<n>{_N} (?:days?|weeks?|months?|years?|fortnights?))(?:'s?)? (?P<way>after|before|from)"
_RATED = r"(?:hours|nights|days|weeks|months|lessons|tickets|sessions|litres|kilos|miles)\b"
_FORMS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        ("convert", rf"^(?P<a>.+?) in(?:to)? (?P<to>{_MEASURE})(?P<rest>.*)$"),
        (
            "gap",
            r"^(?:what(?:'s| is) the )?age (?:gap|difference) (?:between |of )?"
            r"(?P<a>.+?)(?: and | & |\s*/\s*)(?P<b>.+)$",
        ),
        (
            "age",
            rf"\bhow (?:old|many (?P<unit>years|months|weeks) old) (?P<be>{_BE}) (?P<a>.+?)(?: be| turn)?"
            r"(?: (?P<at>(?:on|when|in|at|by|the day) .+))?$",
        ),
        (
            "weekday",
            rf"\b(?:what|which) (?:day of the week|weekday|day) {_BE} (?P<a>.+)$"
            r"|\b(?:weekday|day of the week) of (?P<a_b>.+)$",
        ),
        ("nth", rf"\b(?:when|date|day)\b(?P<a>.*?)\b{_NTH}(?P<b>.*)$"),
        ("between", rf"{_LONG}\b.*?\b(?:between|from) (?P<a>.+?) (?:and|to|until|till) (?P<b>.+)$"),
        ("apart", rf"^{_LONG} (?P<way>after|before) (?P<a>.+?),? {_BE} (?P<b>.+)$"),
        ("until", rf"{_LONG}\b(?: \w+){{0,5}}? (?:until|till|before) (?P<a>.+)$"),
        (
            "until",
            rf"{_LONG}\b(?: \w+){{0,4}}? (?:left|to go|remaining)"
            r"(?: (?:on|of|to|for|in|with|before|until|till))? (?P<a>.+)$",
        ),
        ("until", rf"^(?:in )?{_LONG} {_BE} (?P<a>.+? away)$"),
        ("since", rf"{_LONG}\b(?: \w+){{0,5}}? since (?P<a>.+)$"),
        ("since", rf"^{_LONG} ago {_BE} (?P<a>.+)$"),
        ("shift", rf"\b{_SHIFT} (?P<a>.+)$"),
        ("minus", rf"\b(?:how much|how many|by how much|what)\b[^,]*?\b{_CMP}\b(?P<a>.*?) than (?P<b>.+)$"),
        ("minus", r"\bdifference (?:in (?P<of>.+?) )?between (?P<a>.+?) and (?P<b>.+)$"),
        ("scale", rf"^(?:how (?:much|many) )?(?P<a>.+?) for {_PEOPLE}"),
        ("scale", rf"\bfor {_PEOPLE}(?P<a>.+)$"),
        ("times", rf"\b(?:how much|what)\b.*?\b(?P<n>{_N}) (?P<a>{_RATED}.*)$"),
    )
)
"""The first that fits counts; what is between the words of a form is looked up."""

_OPENING = re.compile(
    r"^(?:(?:please|so|ok|hey|and|but)\b[ ,]*)*(?:(?:can|could) you )?"
    r"(?:tell me|work out|count(?: up| down)?|calculate)?\s*",
    re.IGNORECASE,
)
_FRAME = re.compile(
    r"^(?:is it|was it|are there|were there|there (?:is|are)|it (?:is|was)|we|i|to|"
    r"the (?:day|date)(?: of| when| that)?|on|in|at|by|during|when)\s+",
    re.IGNORECASE,
)
_ENDS_IDLE = re.compile(
    r"\s+(?:away|now|exactly|please|altogether|in total|from (?:now|today)|go|to go|left)$", re.IGNORECASE
)
_COSTS = re.compile(r"\b(?:how much|what)\b.*\b(?:costs?|pay|owe|come to|charges?|bill)\b", re.IGNORECASE)
_LINKS = re.compile(
    r"\b(?:from|until|till|to|between|and|on|what|how much|do|does|did|will|would|that|it|if|we|i|she|he|him|come|"
    r"fetch\w*)\b|[,:?]",
    re.IGNORECASE,
)
_BIRTHDAY = re.compile(
    rf"^(?P<who>.+?)(?:'s?)? (?:(?:next |(?P<n>\d{{1,3}})(?:st|nd|rd|th) )?birthday|(?:turns?|turned) (?P<age>{_N}))$",
    re.IGNORECASE,
)
_OWN_NEXT = re.compile(r"\b(?:my|his|her|its|our|their) next birthday$", re.IGNORECASE)
_CONDITION = re.compile(
    r"(?:^|[,;]\s*)(?:if|assuming|provided|given|suppos\w+)\b[^,;]*[,;]?\s*", re.IGNORECASE
)
_ELLIPTIC = re.compile(
    r"^(?:it |we |they )?(?:was |is |did |were )?(?P<word>in|at|for|with|on|by|last|this|from|under|to)\b",
    re.IGNORECASE,
)


def read_plan(question: str, today: date) -> Apply | None:
    """The operation that a question asks for by its form; None for none that is known."""
    text = _OPENING.sub("", " ".join(question.replace("’", "'").split()).rstrip("?!. "))
    if (plan := _stay(text, today)) is not None:
        return plan
    text = _CONDITION.sub(" ", text).strip()
    for name, pattern in _FORMS:
        if found := pattern.search(text):
            groups = {key: value for key, value in found.groupdict().items() if value}
            unit = (groups.get("unit") or groups.get("unit_b") or "").lower().replace("sleeps", "nights")
            a = _phrase(groups.get("a") or groups.get("a_b") or "")
            plan = _plan(name, groups, unit, a)
            return plan if all(_says(one.phrase) for one in lookups(plan)) else None
    return None


def _stay(text: str, today: date) -> Apply | None:
    """What something costs from one time or day of the question to another: its rate for so many hours or nights."""
    if not _COSTS.search(text):
        return None
    times = [(value, start, end) for value, start, end in find_times(text)]
    days = [one for one in find_days(text, today) if one.grain in ("day", "span")]
    first, last = (days[0].first, days[-1].last) if days else (today, today)
    if len(times) == 2:
        many, per = Decimal((times[1][0] - times[0][0]) % 1440) / 60, "hour"
        spans = [(start, end) for _, start, end in times]
    elif len(days) in (1, 2) and first < last:
        many, per = Decimal((last - first).days), "night"
        spans = [(one.start, one.end) for one in days]
    else:
        return None
    rest = "".join(" " if any(start <= at < end for start, end in spans) else c for at, c in enumerate(text))
    return Apply(
        "times", (Number(many), Lookup("amount", " ".join(_LINKS.sub(" ", rest).split()), "money")), per
    )


def lookups(node: Node) -> list[Lookup]:
    """All facts a plan needs, each once."""
    if isinstance(node, Lookup):
        return [node]
    if isinstance(node, Apply):
        return list(dict.fromkeys(one for argument in node.arguments for one in lookups(argument)))
    return []


def _plan(name: str, groups: dict[str, str], unit: str, a: str) -> Apply:
    b = _phrase(groups.get("b", ""))
    if name == "gap":
        return Apply("count", (Lookup("birth", a), Lookup("birth", b)))
    if name == "age":
        born = Lookup("birth", a)
        if "at" in groups and _OWN_NEXT.search(groups["at"]):
            return Apply("age", (born, Apply("next", (born,))), unit)
        time = (
            "ahead"
            if groups["be"].lower() == "will"
            else "past"
            if groups["be"].lower() in ("was", "were")
            else ""
        )
        return Apply("age", (born, _day(_phrase(groups["at"]), time) if "at" in groups else Today()), unit)
    if name == "weekday":
        return Apply("weekday", (_day(a),))
    if name in ("between", "apart"):
        return Apply("count", (_day(a), _day(b)), unit)
    if name == "until":
        return Apply("count", (Today(), _day(a, "ahead")), unit)
    if name == "since":
        return Apply("count", (_day(a, "past"), Today()), unit)
    if name == "shift":
        counted = find_quantities(re.sub(r"^an?\b", "one", groups["n"], flags=re.IGNORECASE))[0]
        way = "before" if groups["way"].lower() == "before" else "after"
        return Apply(way, (_day(a), Number(counted.value, counted.unit)))
    if name == "nth":
        said = groups["n"].lower()
        index = ORDINALS.index(said) + 1 if said in ORDINALS else int(re.sub(r"\D", "", said) or 0)
        return Apply("nth", (Lookup("series", f"{a} {b}".strip()), Number(Decimal(index))))
    if name == "minus":
        first, second = _sides(a, groups["b"], groups.get("of", ""))
        return Apply("-", (Lookup("amount", first), Lookup("amount", second)))
    if name == "scale":
        return Apply("scale", (Lookup("amount", a), _number(groups["n"])))
    if name == "convert":
        target = groups["to"].lower()
        known = unit_of(target)
        phrase = f"{a} {groups.get('rest', '')}".strip()
        return Apply("convert", (Lookup("amount", phrase, known[0] if known else ""),), target)
    return Apply("times", (_number(groups["n"]), Lookup("amount", a)), a.split()[0].lower().rstrip("s"))


def _day(phrase: str, only: str = "") -> Node:
    """A day by its phrase; a birthday comes from the birth."""
    if found := _BIRTHDAY.match(phrase):
        birth = Lookup("birth", found["who"])
        if found["n"] or found["age"]:
            years = Decimal(found["n"]) if found["n"] else _number(found["age"]).value
            return Apply("after", (birth, Number(years, "years")))
        if only == "ahead":
            return Apply("next", (birth,))
    return Lookup("date", phrase, only)


def _number(text: str) -> Number:
    return Number(find_quantities(re.sub(r"^an?\b", "one", text, flags=re.IGNORECASE))[0].value)


def _phrase(text: str) -> str:
    """What is looked up, without the words that only frame it."""
    before = None
    while before != text:
        before, text = text, _ENDS_IDLE.sub("", _FRAME.sub("", text.strip(" ,?.")))
    return text


def _says(phrase: str) -> bool:
    return any(len(word) > 2 for word in re.findall(r"[^\W_]+", phrase))


def _sides(a: str, b: str, of: str) -> tuple[str, str]:
    """Both phrases in full: "a night at the inn (more) than at the flat" is "a night at the flat" too."""
    if of:
        return f"{of} {a}", f"{of} {b}"
    if found := _ELLIPTIC.match(b):
        head = re.sub(rf"\b{found['word']}\b.*$", "", a, flags=re.IGNORECASE).strip()
        return a, f"{head} {b}".strip() if head else b
    return a, b
