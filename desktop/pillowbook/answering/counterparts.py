"""What is only named ("what about Ruth?", "and in April?") takes its counterpart's place in the last question."""

import re
from typing import Final

from pillowbook.answering.question_parts import (
    Parts,
    Phrase,
    Role,
    is_date,
    joined_with_what_follows,
    names_in,
    tokens_of,
)
from pillowbook.answering.question_words import (
    AUXILIARIES,
    DETERMINERS,
    PREPOSITIONS,
    PRONOUNS,
    WH_WORDS,
)
from pillowbook.answering.terms import stem

MAX_NAMED_WORDS: Final = 6

_NO_COUNTERPART = PRONOUNS - {"mine", "yours"} | {"it's"}
_ABOUT = re.compile(r"^(?:what|how) about\s+(?P<named>[^?]+)\??$", re.IGNORECASE)
_AGREEING = {"do": "does", "have": "has", "am": "is", "don't": "doesn't", "haven't": "hasn't"}
_MONTHS_DAYS = re.compile(
    r"\b(?:january|february|march|april|may|june|july|august|september|october|november|december|monday|"
    r"tuesday|"
    r"wednesday|thursday|friday|saturday|sunday|(?:last|next|this) (?:year|month|week|spring|summer|autumn|"
    r"winter))\b",
    re.IGNORECASE,
)


def of_what_is_named(bare: str, before: Parts, *, has_and: bool) -> str:
    """The last question of what is only named here, in its counterpart's place."""
    about = _ABOUT.match(bare)
    if about is None and not has_and:
        return ""
    named = (about["named"] if about else bare).strip(" ?.")
    tokens = tokens_of(named)
    if not tokens or len(tokens) > MAX_NAMED_WORDS or "," in named:
        return ""
    if any(
        token.low in WH_WORDS or token.low in AUXILIARIES or token.low in _NO_COUNTERPART for token in tokens
    ):
        return ""
    if tokens[0].low in PREPOSITIONS:
        return _after_same(tokens[0].low, named[tokens[0].end :].strip(), before)
    if is_date(named):
        return _on_other_day("", named, before)
    if named[:1].isupper() or tokens[0].is_possessive:
        return _of_other_name(named, before, is_owner=tokens[0].is_possessive and len(tokens) == 1)
    return _of_other_thing(named, before)


def _after_same(preposition: str, named: str, before: Parts) -> str:
    """``and for the chilli?``: in the place of what followed the same preposition."""
    if is_date(named):
        return _on_other_day(preposition, named, before)
    for phrase in before.phrases:
        if phrase.before == preposition and phrase.role is Role.AFTER and not phrase.is_date:
            return _put(before, phrase, named)
    return f"{before.text.rstrip(' ?')} {preposition} {named}"


def _on_other_day(preposition: str, named: str, before: Parts) -> str:
    """``and in April?``: in the place of the day or month, of the same year where none is said."""
    for phrase in before.phrases:
        if phrase.is_date:
            year = re.search(r"\b(?:19|20)\d{2}\b", phrase.text)
            has_month = _MONTHS_DAYS.search(named) and _MONTHS_DAYS.search(phrase.text)
            with_year = (
                f"{named} {year[0]}" if year and has_month and not re.search(r"\d{4}|year", named) else named
            )
            return _put(before, phrase, with_year)
    found = _MONTHS_DAYS.search(before.text)
    if found and (_MONTHS_DAYS.fullmatch(named) or re.fullmatch(r"[\w ]*", named)):
        return f"{before.text[: found.start()]}{named}{before.text[found.end() :]}"
    link = f"{preposition} " if preposition else ""
    return f"{before.text.rstrip(' ?')} {link}{named}"


def _of_other_name(named: str, before: Parts, *, is_owner: bool) -> str:
    """``what about Jonah?``, ``and Tomas's?``: in the place of the name, or of "my"."""
    plain = re.sub(r"['’]s?$", "", named) if is_owner else named
    names = names_in(before.text, is_sentence=True)
    if len(names) > 1:  # the owner's where one is owned, else what stands last
        owners = [phrase.owner for phrase in before.phrases if phrase.owner]
        names = owners[:1] if owners and (is_owner or owners[0] in names) else names[-1:]
    if names:
        return re.sub(rf"\b{re.escape(names[0])}(?!\w)", lambda _match: plain, before.text, count=1)
    mine = re.search(r"\b(?:my|our)\b", before.text, re.IGNORECASE)
    if mine:
        return f"{before.text[: mine.start()]}{plain}'s{before.text[mine.end() :]}"
    if before.subject in ("i", "we"):
        found = re.search(rf"\b(\w+(?:'t)?)\s+{before.subject}\b", before.text, re.IGNORECASE)
        if found:
            verb = _AGREEING.get(found[1].lower(), found[1])
            return f"{before.text[: found.start()]}{verb} {plain}{before.text[found.end() :]}"
    return "" if is_owner else _of_other_thing(named, before)


def _of_other_thing(named: str, before: Parts) -> str:
    """``and the fuse board?``: in the place of a phrase with the same last word, else of the innermost one."""
    phrases = [phrase for phrase in before.phrases if not phrase.is_date]
    if not phrases:
        return ""
    head = stem(named.lower().split()[-1])
    same = [phrase for phrase in phrases if stem(phrase.words[-1] if phrase.words else "") == head]
    inner = [phrase for phrase in phrases if phrase.role is Role.AFTER and phrase.before in ("of", "for")]
    firm = [phrase for phrase in phrases if phrase.role in (Role.OBJECT, Role.SUBJECT)]
    # "And the name of the network?" names all that is asked for; what followed goes.
    is_whole = re.search(r"\sof\s", named) is not None
    chosen = (same or ([] if is_whole else inner) or _objects_first(firm) or phrases)[0]
    if is_whole:
        chosen = joined_with_what_follows(chosen, before)
    words = chosen.text.split()
    first = named.split()[0].lower()
    if (
        not same
        and first not in DETERMINERS
        and chosen.has_determiner
        and len(words) >= 3
        and " " not in named
    ):
        return _put(before, chosen, " ".join([words[0], named, *words[2:]]))  # "our GAS reading"
    return _put(before, chosen, named)


def _objects_first(phrases: list[Phrase]) -> list[Phrase]:
    return sorted(phrases, key=lambda phrase: phrase.role is not Role.OBJECT)


def _put(before: Parts, phrase: Phrase, named: str) -> str:
    return f"{before.text[: phrase.start]}{named}{before.text[phrase.end :]}"
