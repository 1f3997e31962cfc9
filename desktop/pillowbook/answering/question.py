"""A question taken apart: what it asks for, about what, and every detail in which two questions can differ.

Rules over words, no parser: a question is short, and what cannot be told counts as not the same. Ways of asking for
one thing ("how old is", "what is the age of") are first written in one way.
"""

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import lru_cache

from pillowbook.answering.lexicon import base_stem, is_inflected
from pillowbook.answering.pairs import canonical_word, normalise_question, signs_of
from pillowbook.answering.question_tables import (
    ARTICLES,
    ASKS,
    BE,
    COUNTS,
    DATED,
    DAYS,
    DIGITED,
    DO,
    DO_ONLY,
    DOERS,
    IMPLIED,
    LIGHT_STEMS,
    LONE_UNITS,
    NEGATIONS,
    NO_MORE,
    ORDINAL_FIGURE,
    ORDINALS,
    OWNERS,
    PERSONS,
    PREPOSITIONS,
    REWRITES,
    ROLE_VERBS,
    ROMAN,
    SHORT,
    SHORT_DAYS,
    SPEAKERS,
    TELLING,
    UNITS,
)
from pillowbook.answering.tense import Tense, tenses
from pillowbook.answering.terms import STOP_WORDS, names, numbers, words


@dataclass(frozen=True, slots=True)
class Term:
    """A word of a question that carries meaning, or a person speaking or spoken of ("i", "them").

    Attributes:
        root: its stem, everyday synonyms made one.
        before: the preposition that governs it, or an empty string.
        run: words with no small word between them share a run, so ``guest network password`` is one.
        is_participle: it may be the participle of a passive.
        is_verb: the verb after "do", "does" or "did".
        is_role: a pronoun or an everyday verb; it counts for who does what alone.
    """

    root: str
    before: str
    run: int
    is_participle: bool = False
    is_verb: bool = False
    is_role: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """A question taken apart; see the module.

    ``persons`` are all that it speaks of, ``doers`` those who do something in it, ``owners`` those to whom something
    belongs.
    """

    normal: str
    asks_for: str
    precision: str
    focus: str
    terms: tuple[Term, ...]
    figures: frozenset[str]
    signs: tuple[str, ...]
    calendar: frozenset[str]
    units: frozenset[str]
    names: frozenset[str]
    negations: int
    telling: frozenset[str]
    persons: frozenset[str]
    doers: frozenset[str]
    owners: frozenset[str]
    tenses: frozenset[Tense]
    words: frozenset[str]
    small: frozenset[str]
    ending: str
    has_be: bool
    has_helper: bool

    @property
    def roots(self) -> tuple[str, ...]:
        """Stems of the words that carry meaning, in order."""
        return tuple(term.root for term in self.terms if not term.is_role)


@lru_cache(maxsize=4096)
def read_question(text: str) -> Question:
    """Take a question apart."""
    normal = normalise_question(text)
    composed = unicodedata.normalize("NFC", text)
    text = SHORT_DAYS.sub(lambda match: DAYS[match[0].rstrip(".")], composed)
    line = normalise_question(text)
    for pattern, to in REWRITES:
        line = pattern.sub(to, line).strip()
    told = [SHORT.get(word, word) for word in words(line)]
    asks_for = _asks_for(" ".join(told))
    terms, calendar, units = _terms(told, asks_for)
    tail = re.sub(r"\bhow (?:many|much)\b", " ", " ".join(told))
    return Question(
        normal=normal,
        asks_for=asks_for,
        precision=_precision(line),
        focus=_focus(told),
        terms=terms,
        figures=_figures(text, told),
        signs=signs_of(normal),
        calendar=calendar | _month_names(text),
        units=units,
        names=names(text),
        negations=_negations(line, told),
        telling=frozenset(word for word in tail.split() if word in TELLING),
        persons=_persons(told),
        doers=frozenset(PERSONS[word] for word in told if word in DOERS),
        owners=frozenset(PERSONS[word] for word in told if word in OWNERS),
        tenses=tenses(text, told),
        words=frozenset(base_stem(word) for word in told),
        ending=told[-1] if told and told[-1] in PREPOSITIONS else "",
        small=frozenset(word for word in told if word in STOP_WORDS),
        has_be=any(word in BE for word in told),
        has_helper=any(word in DO for word in told[:4]),
    )


def _asks_for(line: str) -> str:
    """What sort of answer is asked for: by the word of asking that stands first, the most telling form of it."""
    found = [
        (match.start(), at, sort)
        for at, (pattern, sort) in enumerate(ASKS)
        if (match := pattern.search(line))
    ]
    if not found:
        return ""
    start = min(position for position, _at, _sort in found)
    near = [(at, sort) for position, at, sort in found if position <= start + 1]
    return min(near)[1]


def _precision(line: str) -> str:
    found = re.search(r"\b(?:what|which) (year|date|day|month|time|century|decade|week)\b", line)
    return "" if found is None else {"day": "date"}.get(found[1], found[1])


def _focus(told: list[str]) -> str:
    """The stem of the noun that is counted or chosen among: "how many cups", "which of the quotes", "what colour"."""
    for at, word in enumerate(told[:-1]):
        is_counted = word in ("many", "much") and at and told[at - 1] == "how"
        if not is_counted and word != "which":
            continue
        for following in told[at + 1 : at + 5]:
            if following in BE or following in DO:
                return ""
            if following not in STOP_WORDS:
                return canonical_word(following)
    return ""


def _terms(told: list[str], asks_for: str) -> tuple[tuple[Term, ...], frozenset[str], frozenset[str]]:
    implied = frozenset(canonical_word(word) for word in IMPLIED.get(asks_for, "").split())
    out: list[Term] = []
    calendar: set[str] = set()
    units: set[str] = set()
    before, run, counted, after_do = "", 0, False, -1
    for word in told:
        if word in DATED:
            calendar.add(DATED[word])
        singular = word.removesuffix("s") if len(word) > 3 else word
        unit = UNITS.get(word) or UNITS.get(singular) or ({"feet": "foot", "inches": "inch"}.get(word))
        if unit and (counted or (word not in LONE_UNITS and singular not in LONE_UNITS)):
            units.add(unit)
        counted = word[0].isdigit() or word in ("many", "per", "in") or (counted and word in ("of", "much"))
        if word in PREPOSITIONS:
            before, run = word, run + 1
        elif word in SPEAKERS:
            out.append(Term(SPEAKERS[word], before, run, is_role=True))
            before, run = "", run + 1
            after_do = run if after_do == run - 1 else after_do
        elif word in ROLE_VERBS:
            out.append(Term(base_stem(word), before, run, is_participle=is_inflected(word), is_role=True))
        elif word in STOP_WORDS:
            if word not in ARTICLES and not (before and word in ("which", "what")):
                before, run = "", run + 1
                after_do = run if word in DO_ONLY else after_do
        else:
            root = canonical_word(word)
            if root not in implied:
                out.append(Term(root, before, run, is_participle=is_inflected(word)))
    verb = max((at for at, term in enumerate(out) if term.run == after_do), default=-1)
    if verb >= 0:
        out[verb] = replace(out[verb], is_verb=True)
    return tuple(out), frozenset(calendar), frozenset(units)


def _figures(text: str, told: list[str]) -> frozenset[str]:
    """Numbers, codes and ordinals; decimals as they are written, for 2.1 and 2.10 are two versions."""
    found = {one for one in numbers(ORDINAL_FIGURE.sub(r"\1", text)) if not one.startswith("m")}
    for figure in DIGITED.findall(text.lower()):
        plain = ORDINAL_FIGURE.sub(r"\1", figure)
        if plain.count("/") == 2 or (
            any(letter.isalpha() for letter in plain) and any(c.isdigit() for c in plain)
        ):
            if not re.fullmatch(r"\d+(?:am|pm|km|kg|cm|mm|ml|mg|g|l|h|m|w|kw|mb|gb|tb|k|s)", plain):
                found.add(plain)
        elif re.fullmatch(r"\d+\.\d*0", plain):
            found.add(plain)
    found.update(ROMAN.findall(text))
    for word in told:
        if word in ORDINALS and word not in ("first", "second"):
            found.add(ORDINALS[word])
        elif word in ("first", "second"):
            found.add(ORDINALS[word] + ".")
        elif word in COUNTS:
            found.add(COUNTS[word])
    if re.search(r"\b1st\b", text.lower()):
        found = (found - {"1"}) | {"1."}
    if re.search(r"\b2nd\b", text.lower()):
        found = (found - {"2"}) | {"2."}
    return frozenset(found)


def _month_names(text: str) -> frozenset[str]:
    return frozenset(one for one in numbers(text) if one.startswith("m"))


def _negations(line: str, told: list[str]) -> int:
    rest, more = NO_MORE.subn(" ", line)
    stems = [word if word in NEGATIONS else base_stem(word) for word in words(rest)]
    return more + sum(word in NEGATIONS for word in stems)


def _persons(told: list[str]) -> frozenset[str]:
    """Who speaks, is spoken to or spoken of; the "you" and "your" of "how do you change your password" is anyone."""
    return frozenset(
        PERSONS[word] for word in told if word in PERSONS and not (word == "your" and "you" in told)
    )


def is_light(root: str) -> bool:
    """Whether a word adds little to a question."""
    return root in LIGHT_STEMS
