"""Checks by code on what a model wrote: small models copy wrong numbers, and none says "I do not know" by itself.

Every sentence of an answer must rest on a unit of the evidence: all its numbers and dates, all its names, and most
of its other words must stand there (or, for words and names, in the place of the unit or in the question).
"""

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache

from pillowbook.answering.pairs import canonical_stems, normalise_question, question_kind
from pillowbook.answering.terms import STOP_WORDS, content_stems, coverage, names, numbers, stem, stems, words
from pillowbook.answering.units import Unit, split_units
from pillowbook.domain.documents import Passage

MIN_WORDS_CARRIED = 0.5
"""Share of a sentence's own content words that its units must hold; paraphrase needs room, invention shows below."""

QUESTION_WEIGHT = 0.3
"""How much it counts, beside the words of the answer, that a unit knows the words of the question."""

MIN_WORDS_TOGETHER = 0.65
"""Of units that stand apart more is asked: some of any sentence's words stand somewhere."""

_SENTENCE = re.compile(
    r"(?<=[.!?])(?<!\b[A-Z]\.)(?<!\bMr\.)(?<!\bDr\.)(?<!\bMs\.)(?<!\bSt\.)(?<!\bMrs\.)\s+(?=[A-Z\"'“])"
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of the answer that passed, and the units that carry it, best first."""

    text: str
    units: tuple[Unit, ...]


def joined(claims: Sequence[Claim]) -> str:
    """The claims as one text."""
    return " ".join(claim.text for claim in claims)


def split_claims(answer: str) -> list[str]:
    """The sentences of an answer, or its lines."""
    found = [
        sentence.strip().removeprefix("- ").strip()
        for line in answer.splitlines()
        for sentence in _SENTENCE.split(line.strip())
    ]
    return [text for text in found if any(letter.isalnum() for letter in text)]


def check_claim(text: str, units: Sequence[Unit], question: str, *, most: int = 2) -> Claim | None:
    """The sentence with the unit that carries it, or two neighbours of one passage; None when none does.

    Of several units that carry it, that which knows most of the question; then the first of ``units``.

    Args:
        most: above two, so many units from anywhere may carry it together, if they hold more of its words.
    """
    carrying = [(unit,) for unit in units]
    best = _best(text, carrying, question)
    if best is None:  # "Vet: Saltmarsh. Ask for Femi."
        pairs = [
            (first, second)
            for first in units
            for second in units
            if first.passage.id == second.passage.id and first.start < second.start
        ]
        best = _best(text, pairs, question)
    if best is None and most > 2:
        best = _together(text, units, question, most)
    return None if best is None else Claim(text, best)


def _best(text: str, candidates: Sequence[tuple[Unit, ...]], question: str) -> tuple[Unit, ...] | None:
    asked = content_stems(question)
    best: tuple[float, tuple[Unit, ...]] | None = None
    for units in candidates:
        support = _support(text, units, question)
        if support is None:
            continue
        known = frozenset(stems(" ".join(f"{unit.place} {unit.text}" for unit in units)))
        score = support + QUESTION_WEIGHT * coverage(asked, known)
        if best is None or score > best[0] + 1e-9:
            best = (score, units)
    return None if best is None else best[1]


def _together(text: str, units: Sequence[Unit], question: str, most: int) -> tuple[Unit, ...] | None:
    """At most ``most`` units that hold most of the sentence's own words between them, each adding some."""
    asked = set(stems(question))
    left = {word for word in content_stems(text) if word not in asked}
    wanted = len(left)
    chosen: list[Unit] = []
    held = {unit: frozenset(stems(unit.text)) for unit in units}
    while left and len(chosen) < most:
        unit = max(held, key=lambda one: len(left & held[one]), default=None)
        if unit is None or not left & held[unit]:
            break
        chosen.append(unit)
        left -= held.pop(unit)
    if not chosen or len(left) > wanted * (1 - MIN_WORDS_TOGETHER):
        return None
    return tuple(chosen) if _support(text, chosen, question) is not None else None


def _support(text: str, units: Sequence[Unit], question: str) -> float | None:
    """How well the units carry the sentence, 0 to 1; None when a number, a name or most words are not theirs."""
    read = " ".join(unit.text for unit in units)
    places = " ".join(unit.place for unit in units)
    # Numbers of the question may be repeated, but a sentence made of nothing else says nothing new.
    if not numbers(text) <= numbers(read) | numbers(places) | numbers(question):
        return None
    known = set(words(read)) | set(words(places)) | set(words(question))
    if any(not _is_known(name, known) for name in names(text)):
        return None
    if speaks_of_another(question, text, units) or _counts_others(text, read, places, question):
        return None
    asked = set(stems(question))
    carried = frozenset(stems(read)) | frozenset(stems(places))
    own = [word for word in content_stems(text) if word not in asked]
    share = coverage(own, carried) if own else coverage(content_stems(text), carried | asked)
    if own and share < MIN_WORDS_CARRIED:
        return None
    return share


def _is_known(name: str, known: set[str]) -> bool:
    return name in known or stem(name) in {stem(word) for word in known if word[:2] == name[:2]}


def speaks_of_another(question: str, text: str, units: Sequence[Unit]) -> bool:
    """Whether a name that was asked for or told stands in a neighbour of a listed unit, and not in the units.

    In a list, a table, or lines of the form ``name: value`` each line has a subject of its own: what stands beside
    "Tomas" says nothing about Nora when "Nora" has a line too. Of several units, each that brings a number of its own,
    or in a table any word, is held to this by itself.
    """
    told = frozenset(stems(f"{question} {text}"))
    for unit in units:
        if not unit.is_listed:
            continue
        others = " ".join(other.text for other in units if other != unit)
        brings: AbstractSet[str] = (numbers(text) & numbers(unit.text)) - numbers(others)
        if unit.quote.startswith("|"):
            brings = brings | (set(stems(text)) & set(stems(unit.text))) - set(stems(others))
        mine = (unit,) if brings else units
        carried = " ".join(f"{one.place} {one.passage.path.rpartition('/')[2]} {one.text}" for one in mine)
        wanted = told - frozenset(stems(carried))
        if wanted and any(
            wanted & _subjects(other)
            for other in _units_of(unit.passage)
            if other.is_listed and other.heading == unit.heading and other not in mine
        ):
            return True
    return False


@lru_cache(maxsize=64)
def _units_of(passage: Passage) -> tuple[Unit, ...]:
    return tuple(split_units(passage))


@lru_cache(maxsize=2048)
def _subjects(unit: Unit) -> frozenset[str]:
    """Stems of the names a listed unit speaks of: before its colon or in its first cell, and any other in it."""
    is_row = unit.quote.startswith("|")
    own = unit.quote.strip().strip("|").replace("*", "").replace("_", "")
    own = re.sub(r"^\s*(?:[-+•]|\d{1,3}[.)])\s+(?:\[.\]\s*)?", "", own)
    label = re.match(r"[^:|.;,(\n]{1,40}(?=\s*[:|])", own)
    found = {stem(name) for name in names(unit.text)}
    if label is not None:
        found |= {
            stem(word.lower().removesuffix("'s"))
            for word in re.findall(r"[^\W\d_]+(?:['’]s)?", label[0].replace("’", "'"))
            # The first cell of a row is what the row is about, as in "tomatoes"; another line's label need not be.
            if (is_row or word[0].isupper()) and word.lower() not in STOP_WORDS
        }
    return frozenset(root for root in found if not root.isdigit())


_COUNTED = re.compile(r"(?<![\w.,:])(\d+|[A-Za-z]+)\s+([A-Za-z]{3,})")


def _counts_others(text: str, read: str, places: str, question: str) -> bool:
    """Whether the sentence counts what was asked for by a number that counts something else in the units.

    "2 nights" is not carried by "about 2 h 40". An abbreviation after the number will do: "2 h" for "2 hours".
    """
    asked = set(stems(question))
    known = set(stems(f"{read} {places}"))
    for number, noun in _COUNTED.findall(text):
        root = stem(noun.lower())
        if noun.lower() in STOP_WORDS or noun.lower() == "per":
            continue
        if not numbers(number) or numbers(number) <= numbers(question) or root not in asked or root in known:
            continue
        if not re.search(
            rf"\b{re.escape(number)}\s*{noun[0]}(?![\w])|\b{re.escape(number)}\s*min\b", read, re.I
        ):
            return True
    return False


def unsupported_marks(question: str, read: str, places: str) -> frozenset[str]:
    """Numbers and names of the question that the evidence does not hold: the notes speak of something else."""
    hay = f"{read} {places}"
    known = set(words(hay))
    missing = {number for number in numbers(question) if number not in numbers(hay)}
    missing |= {name for name in names(question) if not all(_is_known(part, known) for part in words(name))}
    return frozenset(missing)


_GENERIC = """
appointment brand child children colour color dish drink event family film food friend house item kids lesson man
meal meeting minute minutes party people person phone place recipe room size sort thing town trip visit woman
allow allowed altogether amount begin choose chose claim come cost costs day days decide decided do due eat end fee
first happen happened hour hours last long meant month months much need new next number often paid pay price rate run
start still take temperature time times today total toward towards use used week weeks work year years
"""
_GENERIC_STEMS = frozenset(canonical_stems(_GENERIC))
"""Words of questions that answers need not repeat: they ask for a sort of thing, they do not name one."""

_MIN_PREFIX = 5


def specific_stems(question: str) -> frozenset[str]:
    """The words of a question that name a thing, not a sort of thing."""
    return frozenset(
        word for word in canonical_stems(question) if word not in _GENERIC_STEMS and not word.isdigit()
    )


def unknown_terms(question: str, evidence: str) -> frozenset[str]:
    """The question's specific words that the evidence has in no form: the notes speak of something else.

    "Which surgeon did Ruth's hip" is not answered by notes on her hip that know no surgeon: a model of this size
    names somebody, and says yes when asked whether that is right. What this costs and saves is measured by
    ``tests/benchmarks/answers.py``; the figures are in ``0005-answers.md``.
    """
    known = frozenset(canonical_stems(evidence))
    long_ones = {word for word in known if len(word) >= _MIN_PREFIX}
    missing: set[str] = set()
    for word in specific_stems(question):
        if word in known:
            continue
        if len(word) >= _MIN_PREFIX and any(w.startswith(word) or word.startswith(w) for w in long_ones):
            continue
        if word.endswith("er") and len(word) >= 6 and stem(word[:-2]) in known:  # a roofer sees to roofs
            continue
        missing.add(word)
    return frozenset(missing)


def known_share(question: str, evidence: str) -> float:
    """Share of the question's specific words that the evidence has in some form; its numbers count as such words."""
    asked = specific_stems(question) | numbers(question)
    missing = unknown_terms(question, evidence) | (numbers(question) - numbers(evidence))
    return 1.0 - len(missing & asked) / len(asked) if asked else 1.0


_AMOUNT = re.compile(
    r"\d|\b(?:one|once|half|none|no|every|each|daily|weekly|monthly|yearly|annually|a|an|single|both|free|nothing)\b",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"\d|\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b|\b(?:spring|summer|autumn|winter|easter|christmas|today|tomorrow|"
    r"yesterday|never|always|before|after|until|when|once|every|now|morning|evening|night|noon|midnight|term|end)\b",
    re.IGNORECASE,
)
_AMOUNTS = frozenset({"quantity", "frequency", "duration", "measure"})


_CHOICE = re.compile(r"\bor\b", re.IGNORECASE)


def is_echo(question: str, answer: str) -> bool:
    """Whether an answer only says the question's words again: "the Amazon basin" for "What is the Amazon basin?".

    One of the things that the question names may well be its answer ("Who of Ruth and Nora ..."), so an echo says most
    of them again. A choice and a question to be answered by yes or no may be answered in their own words.
    """
    if question_kind(normalise_question(question)) in ("yes-no", "") or _CHOICE.search(question):
        return False
    asked, said = set(content_stems(question)), set(content_stems(answer))
    return said <= asked and 2 * len(said) > len(asked)


def fits_kind(question: str, answer: str) -> bool:
    """Whether an answer is of the sort that was asked for, where that can be told: an amount, or a time."""
    kind = question_kind(normalise_question(question))
    if kind in _AMOUNTS:
        return bool(numbers(answer)) or _AMOUNT.search(answer) is not None
    if kind == "time":
        return bool(numbers(answer)) or _TIME.search(answer) is not None
    return True
