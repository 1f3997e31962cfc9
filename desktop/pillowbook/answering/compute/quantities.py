"""Amounts in a text: money, weights, lengths, volumes, durations and bare numbers, each with its span.

English first: decimal points, commas or thin spaces between thousands, number words up to the hundreds.
"""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

_TO_TWENTY = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
)  # fmt: skip
_WORDS = {word: Decimal(number) for number, word in enumerate(_TO_TWENTY)} | {
    "thirty": Decimal(30), "forty": Decimal(40), "fifty": Decimal(50), "sixty": Decimal(60),
    "seventy": Decimal(70), "eighty": Decimal(80), "ninety": Decimal(90), "hundred": Decimal(100),
    "dozen": Decimal(12), "half": Decimal("0.5"),
}  # fmt: skip

_UNITS: dict[str, tuple[str, Decimal]] = {}
"""Every spelling of a unit: its dimension, and how many of the dimension's base unit it is."""

for _dimension, _table in {
    "mass": {"g": "1 gram grams", "kg": "1000 kilo kilos kilogram kilograms", "mg": "0.001",
             "lb": "453.59237 lbs pound pounds", "oz": "28.349523125 ounce ounces"},
    "volume": {"ml": "1 millilitre millilitres", "l": "1000 litre litres liter liters",
               "pint": "568.26125 pints", "gallon": "4546.09 gallons", "cl": "10"},
    "length": {"mm": "1 millimetre millimetres", "cm": "10 centimetre centimetres",
               "m": "1000 metre metres meter meters", "km": "1000000 kilometre kilometres kilometer kilometers",
               "mile": "1609344 miles", "inch": "25.4 inches", "foot": "304.8 feet", "yard": "914.4 yards"},
    "duration": {"second": "1 seconds sec secs", "minute": "60 minutes min mins",
                 "hour": "3600 hours h hr hrs", "day": "86400 days", "night": "86400 nights",
                 "week": "604800 weeks", "fortnight": "1209600 fortnights"},
    "span": {"month": "1 months", "quarter": "3 quarters", "year": "12 years"},
    "energy": {"kWh": "1"},
    "share": {"%": "1 percent"},
    "temperature": {"°C": "1"},
}.items():  # fmt: skip
    for _unit, _spelled in _table.items():
        _factor, *_aliases = _spelled.split()
        for _alias in (_unit, *_aliases):
            _UNITS[_alias.lower()] = (_dimension, Decimal(_factor))

_NAMES = "|".join(sorted((re.escape(name) for name in _UNITS), key=len, reverse=True))
_PERIODS = (
    r"hour|day|night|week|fortnight|month|quarter|term|year|mile|litre|kilo|kg|kWh|person|head|panel|"
    r"lesson|time|go"
)
_PER = re.compile(
    rf"\s*(?:/\s*|(?:an?|per|each|every|one|for (?:the|one|an?))\s+)(?P<per>{_PERIODS})\b|"
    rf",?\s*(?P<each>each|apiece|monthly|yearly|weekly|a time)\b",
    re.IGNORECASE,
)
_FIGURE = r"\d{1,3}(?:[,\u00a0\u2009\u202f ]\d{3})+(?:\.\d+)?(?![\d])|\d+(?:\.\d+)?"
_AMOUNT = re.compile(
    rf"(?<![\w.,:£€$])(?P<currency>[£€$]|GBP |EUR |USD )?\s?(?P<figure>{_FIGURE})(?P<fraction>\s?[½¼¾])?"
    rf"(?:(?P<pence>p)\b|\s?-?(?P<unit>(?:{_NAMES})(?![\w])))?",
    re.IGNORECASE,
)
_WORDED = re.compile(
    rf"\b(?P<words>(?:{'|'.join(_WORDS)})(?:(?:[ -]| and | and a )(?:{'|'.join(_WORDS)}))*)\b"
    rf"(?:[ -](?P<unit>(?:{_NAMES})(?!\w)))?",
    re.IGNORECASE,
)
_FRACTIONS = {"½": Decimal("0.5"), "¼": Decimal("0.25"), "¾": Decimal("0.75")}
_CURRENCIES = {"gbp": "£", "eur": "€", "usd": "$"}


@dataclass(frozen=True, slots=True)
class Quantity:
    """An amount as it stands in a text.

    Attributes:
        unit: ``£``, ``€``, ``$``, a spelling of a unit, or empty for a bare number.
        dimension: ``money``, ``mass``, ``duration`` and so on; empty for a bare number.
        base: the value in the dimension's base unit (grams, millilitres, millimetres, seconds, months).
        per: what it is for one of (``month``, ``night``, ``each``); empty where nothing is said.
    """

    value: Decimal
    unit: str
    dimension: str
    base: Decimal
    start: int
    end: int
    per: str = ""


def find_quantities(text: str) -> list[Quantity]:
    """All amounts of a text in order; what stands inside a date or a time of day is among them."""
    found: list[Quantity] = []
    for match in _AMOUNT.finditer(text):
        currency = (match["currency"] or "").strip().lower()
        value = Decimal(re.sub(r"[^\d.]", "", match["figure"])) + _FRACTIONS.get(
            (match["fraction"] or "").strip(), Decimal(0)
        )
        found.append(_quantity(text, match, value, _CURRENCIES.get(currency, currency)))
    taken = [(one.start, one.end) for one in found]
    for match in _WORDED.finditer(text):
        if any(start < match.end() and match.start() < end for start, end in taken):
            continue
        found.append(_quantity(text, match, _spelled_value(match["words"]), ""))
    return sorted(found, key=lambda one: one.start)


def _quantity(text: str, match: re.Match[str], value: Decimal, currency: str) -> Quantity:
    groups = match.groupdict()
    unit = groups["unit"] or ""
    dimension, factor = _UNITS.get(unit.lower(), ("", Decimal(1)))
    end = match.end()
    if currency:
        unit, dimension, factor = currency, "money", Decimal(1)
    elif groups.get("pence"):
        unit, dimension, factor, value = "£", "money", Decimal(1), value / 100
    per = ""
    if found := _PER.match(text, end):
        per = (found["per"] or found["each"]).lower()
        per = {"monthly": "month", "yearly": "year", "weekly": "week", "a time": "time"}.get(per, per)
    return Quantity(value, unit, dimension, value * factor, match.start(), end, per)


def _spelled_value(words: str) -> Decimal:
    total = Decimal(0)
    for word in re.findall(r"[a-z]+", words.lower()):
        if word == "hundred":
            total = (total or Decimal(1)) * 100
        elif word == "dozen":
            total = (total or Decimal(1)) * 12
        elif word in _WORDS:
            total += _WORDS[word]
    return total


def unit_of(name: str) -> tuple[str, Decimal] | None:
    """Dimension of a unit's spelling and its size in base units; None for a word that is no unit."""
    return _UNITS.get(name.lower())


def half_up(value: Decimal, places: int = 2) -> Decimal:
    """Rounded as people do: half a penny up, not to the even one."""
    return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def plain(value: Decimal, *, places: int = 2) -> str:
    """A number as notes write it: ``1,315.10`` is left to :func:`spelled`; here no more decimals than it has."""
    rounded = half_up(value, places)
    text = f"{rounded:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def spelled(value: Decimal, unit: str) -> str:
    """An amount with its unit: ``£1,315.10``, ``18 days``, ``1,250 g``."""
    if unit in ("£", "€", "$"):
        sign = "-" if value < 0 else ""
        pounds = half_up(abs(value), 2)
        return f"{sign}{unit}{pounds:,.2f}" if pounds % 1 else f"{sign}{unit}{pounds:,.0f}"
    if unit in ("%", "°C"):
        return f"{plain(value)}{'' if unit == '%' else ' '}{unit}"
    return f"{plain(value)} {unit}".strip()
