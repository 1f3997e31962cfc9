"""What a text is about, in words that can be compared by code: stems, numbers, names.

Retrieval, verification and matching all compare texts with these few functions, so that they cannot disagree about
what a number or a name is.
"""

import re
import threading
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

import snowballstemmer  # type: ignore[import-untyped]

from pillowbook.domain.visible import visible_line

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*", re.UNICODE)
_BEHIND_LETTER = re.compile(r"(?<=[^\W_])[^\w\s\x00-\u02ff]+")
_JOINERS = "\u200c\u200d"
"""Without and with ligature; inside a word of Persian or Hindi they are part of it."""

_STEMMER = snowballstemmer.stemmer("english")
_STEMMING = threading.Lock()
"""A stemmer keeps the word it works on: two threads at once get each other's stems, or an IndexError."""

_STOP = """
a about above after again all also am an and any anyone anything are aren't as at be been before being both
but by can can't could did didn't do does doesn't doing done don't down each either else ever every few for
from get gets give given go goes got had has hasn't have having he her here hers him his how i if in into is
isn't it its itself just know let like made make many may maybe me might mine more most much must my need no
nor not now of off on once one only or other our ours out over own please put really same say says set she
should show so some still such take tell than that the their theirs them then there these they thing things
this those through to too under until up upon us use used using very was wasn't we were weren't what what's
when where where's which while who who's whom whose why will with would yes yet you your yours i'm i've it's
that's there's name named called call find note notes kind type
"""
STOP_WORDS = frozenset(_STOP.split())

_NUMBER_WORDS = {
    "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9",
    "ten": "10", "eleven": "11", "twelve": "12", "thirteen": "13", "fourteen": "14", "fifteen": "15",
    "sixteen": "16", "seventeen": "17", "eighteen": "18", "nineteen": "19", "twenty": "20", "thirty": "30",
    "forty": "40", "fifty": "50", "sixty": "60", "seventy": "70", "eighty": "80", "ninety": "90",
    "hundred": "100", "thousand": "1000", "million": "1000000", "dozen": "12", "twice": "2",
}  # fmt: skip

_MONTHS = {
    name: f"m{number}"
    for number, names in enumerate(
        ("jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july", "aug august",
         "sep sept september", "oct october", "nov november", "dec december"),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_MONTH_LIKE_WORDS = frozenset({"may", "march", "mar"})

_ISO_DATE = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_TIME = re.compile(r"\b(\d{1,2}):(\d{2})\s*(am|pm)?\b", re.IGNORECASE)
_HOUR = re.compile(r"\b(\d{1,2})\s*(am|pm)\b", re.IGNORECASE)
_FIGURE = re.compile(r"\d+(?:[.,]\d+)*")
_THOUSANDS = re.compile(r",(?=\d{3}(?!\d))")
_NAME = re.compile(r"\b(?:[A-Z][\w'’]*[\w]|[A-Z]\d[\w]*|\w*\d\w*[A-Z]\w*)\b")
_MARKUP = re.compile(r"\*\*|__|~~|`|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)")
_WIKI_LINK = re.compile(r"\[\[([^\]|]*\|)?([^\]]*)\]\]")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)\s]*\)")


def words(text: str) -> list[str]:
    """The words of a text, folded: lower case, compatibility forms resolved, curly apostrophes straight."""
    folded = unicodedata.normalize("NFKC", text).lower().replace("’", "'")
    found = (folded[match.start() : match.end()] for match in _WORD.finditer(marks_as_letters(folded)))
    return [word.removesuffix("'s") for word in found]


def marks_as_letters(text: str) -> str:
    """The text with a plain letter for each combining mark behind a letter, as long as it was; for finding words in it.

    To ``re`` a mark is no part of a word (UTS 18, annex C, says it is), and the vowels of Hindi are marks: without this
    "दान" and "दिन" would be the same two consonants.
    """
    return text if text.isascii() else _BEHIND_LETTER.sub(_with_letters, text)


def _with_letters(found: re.Match[str]) -> str:
    told = found[0]
    marks = 0
    while marks < len(told) and (
        told[marks] in _JOINERS or unicodedata.category(told[marks]).startswith("M")
    ):
        marks += 1
    goes_on = marks == len(told) and found.end() < len(found.string) and found.string[found.end()].isalnum()
    if not goes_on:
        marks = len(told[:marks].rstrip(_JOINERS))
    return "m" * marks + told[marks:]


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """The Snowball (Porter2) stem of one lower-case word. Thread-safe."""
    with _STEMMING:
        return str(_STEMMER.stemWord(word))


def stems(text: str) -> list[str]:
    """The stems of all words, in order."""
    return [stem(word) for word in words(text)]


def content_stems(text: str) -> list[str]:
    """The stems of the words that carry meaning, in order, repetitions kept."""
    return [stem(word) for word in words(text) if word not in STOP_WORDS]


def numbers(text: str) -> frozenset[str]:
    """Every number of a text in one spelling, so that two texts can be compared.

    Thousands separators go, number words become figures, ``6 March 2026`` and ``2026-03-06`` give the same three
    entries, ``7:30 pm`` and ``19:30`` the same one. "one" is left out: it is mostly a pronoun.
    """
    found: set[str] = set()

    def take_date(match: re.Match[str]) -> str:
        found.update((match[1], f"m{int(match[2])}", str(int(match[3]))))
        return " "

    def take_time(match: re.Match[str]) -> str:
        hour = int(match[1]) % 12 if match[3] else int(match[1])
        found.add(f"{hour + 12 * (match[3] or '').lower().startswith('p')}:{match[2]}")
        return " "

    def take_hour(match: re.Match[str]) -> str:
        found.add(f"{int(match[1]) % 12 + 12 * match[2].lower().startswith('p')}:00")
        return " "

    rest = _HOUR.sub(take_hour, _TIME.sub(take_time, _ISO_DATE.sub(take_date, text)))
    for figure in _FIGURE.findall(rest):
        found.add(_plain_figure(figure))
    for word in _WORD.findall(rest):
        lowered = word.lower()
        if lowered in _NUMBER_WORDS:
            found.add(_NUMBER_WORDS[lowered])
        elif lowered in _MONTHS and (lowered not in _MONTH_LIKE_WORDS or word[0].isupper()):
            found.add(_MONTHS[lowered])
    return frozenset(found)


def _plain_figure(figure: str) -> str:
    plain = _THOUSANDS.sub("", figure)
    if re.fullmatch(r"\d+\.\d+", plain):
        plain = plain.rstrip("0").rstrip(".")
    return plain.lstrip("0") or "0"


def names(text: str) -> frozenset[str]:
    """Capitalised words inside a sentence and codes such as ``E4``, folded; months and sentence starts left out."""
    found: set[str] = set()
    for match in _NAME.finditer(text):
        before = text[: match.start()].rstrip(" \t\"'“‘(*_[")
        starts_sentence = not before or before[-1] in ".!?:\n|•-"
        word = match[0].replace("’", "'")
        if starts_sentence and not any(letter.isdigit() for letter in word) and not word.isupper():
            continue
        folded = word.lower().removesuffix("'s")
        if folded not in STOP_WORDS and folded not in _MONTHS:
            found.add(folded)
    return frozenset(found)


def plain_text(text: str) -> str:
    """A passage as the model reads it: emphasis, links and line breaks of Markdown taken out, words untouched.

    Control and direction characters go as well: what the model copies is printed in terminals and windows.
    """
    without_links = _LINK.sub(r"\1", _WIKI_LINK.sub(r"\2", text))
    return visible_line(_MARKUP.sub("", without_links))


def coverage(needles: Iterable[str], hay: frozenset[str] | set[str]) -> float:
    """The share of ``needles`` that are in ``hay``; 1.0 when there are none."""
    wanted = set(needles)
    return len(wanted & hay) / len(wanted) if wanted else 1.0
