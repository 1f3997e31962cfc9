"""Questions that lean on the one before: "and when does it end?", "what about Ruth?", "how much was that?".

Each is rewritten by code into a question that stands alone: a pronoun by what the last question (or its answer, or the
note it cites) was about (``pronouns``); what is only named, by its counterpart in the last question (``counterparts``).
Where that is not plain the question is left as it is: a question that is wrongly taken for a follow-up is answered
wrongly, one that is missed is asked again in full.
"""

import re
from typing import Final

from pillowbook.answering.counterparts import of_what_is_named
from pillowbook.answering.pronouns import POINTING, entity_of, is_plural, thing_meant, with_pronouns
from pillowbook.answering.question_parts import (
    Parts,
    Role,
    joined_with_what_follows,
    take_apart,
    tokens_of,
    written_out,
)
from pillowbook.answering.question_words import (
    is_small,
    is_verb,
    words_of,
)
from pillowbook.domain.asking import Turn

MAX_CHARS: Final = 300
"""What is longer is a question of its own, and would only be slow to take apart."""

_OPENING = re.compile(r"^(?:(?:and|but|so|ok|okay|then)\b[\s,]*)+", re.IGNORECASE)
_BARE = re.compile(
    r"^(?:(?P<before>by|since|until|till|for|with|from|at|to)\s+)?"
    r"(?P<wh>why|when|where|who|whom|what|which|how(?:\s+(?:much|many|long|often|old|far|big|soon|late|early|"
    r"high))?)"
    r"(?P<after>\s+(?:not|with|by|from|for|exactly))?$",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"\b(?:not|cannot|never|(?-i:no)|none|nobody|nothing|neither|without)\b|n['’]t\b", re.IGNORECASE
)
"""In what follows the first word: a "No" with a capital is a name there."""

_NO = re.compile(r"^\W*no(?:\W*$|\s*[,.;:!–—-])", re.IGNORECASE)
_WITH_NOT = {
    **{
        word: f"{word}n't" for word in words_of("is are was were do does did could would should has have had")
    },
    "can": "can't",
    "will": "won't",
}

_RELATIONAL = words_of("""
    number numbers address price prices cost costs fee fees payment payments rate rates deadline deposit date dates
    amount colour size weight length width height code password reason result results opening hours terms limit excess
    """)
"""Nouns that are of something: "what's the price?" asks for something's."""

_TAKING_AMOUNT = words_of("""
    charge charged charges cost costs pay pays paid owe owes owed spend spent earn earned save saved lend lent borrow
    borrowed give gave given get got receive received buy bought sell sold need needed use used claim claimed donate
    donated transfer transferred send sent invest invested weigh weighed eat ate drink drank take took increase
    increased rise rose fall fell drop dropped hire hired rent rented
    """)
"""Deeds of which "how much" may be asked."""

_OF_MONEY = words_of("""
    rent price cost costs fee fees bill bills deposit charge charges rate rates salary wage invoice payment payments
    premium excess tax instalment instalments loan mortgage subscription membership budget discount refund fine pension
    allowance amount fare ticket tickets
    """)
"""What is an amount, or has one."""

_NEEDING_NO_OBJECT = words_of("""
    eat eats ate eaten drink drinks drank drunk dine sleep sleeps slept meet met talk talks talked speak speaks spoke
    spoken go goes went gone come comes came arrive arrives arrived travel travels travelled fly flies flew flown
    swim swims swam walk walks walked ride rides rode move moves moved live lives lived marry married
    work works worked sit sits sat wake wakes woke
    """)
"""Deeds that are whole without a thing: "when did we last eat out" says nothing of the car asked about before."""

_NAMING_NOTHING = words_of("""
    phone telephone mobile contact email e-mail postal opening closing total full exact whole final overall monthly
    yearly annual weekly daily hourly usual due start end expiry renewal exit cancellation
    termination reference serial model
    """)
"""Words before such a noun that still leave open whose it is: any other makes a name of its own ("wifi password")."""


def standing_alone(question: str, last: Turn | None) -> str:
    """A follow-up as a question that stands alone; empty where it is none, or where it is not plain what it means.

    Args:
        last: what was asked before it, as it was understood, and what was answered; None where nothing was.
    """
    if last is None or not last.question.strip() or max(len(question), len(last.question)) > MAX_CHARS:
        return ""
    text = written_out(question).rstrip(" .!")
    bare = _OPENING.sub("", text)
    has_and = len(bare) < len(text)
    before = take_apart(last.question)
    rewritten = (
        of_what_is_named(bare, before, has_and=has_and)
        or _only_asked(bare, before, last)
        or with_pronouns(bare, before, last)
        or _of_what(bare, before, last)
    )
    return _finished(rewritten) if rewritten and rewritten.strip(" ?") != text.strip(" ?") else ""


def names_something(question: str) -> bool:
    """Whether a question has a word that is no pronoun, no verb and of no closed class: it may be one of its own."""
    return any(
        token.text[0] not in "?,;()" and not is_small(token.low) and not is_verb(token.low)
        for token in tokens_of(question)
    )


def _only_asked(bare: str, before: Parts, last: Turn) -> str:
    """The last question, asking for something else."""
    found = _BARE.match(bare.rstrip(" ?"))
    if found is None or not before.rest or not (before.asked or before.verb):
        return ""
    if found["wh"].lower() == "how much" and not _takes_amount(before):
        return ""
    asked = " ".join(part for part in (found["before"], found["wh"]) if part)
    after = (found["after"] or "").strip().lower()
    rest = before.rest if before.asked else f"{before.rest[:1].lower()}{before.rest[1:]}"
    is_no = not before.asked and found["wh"].lower() == "why" and _NO.match(last.answer) is not None
    if (after == "not" or is_no) and _DENIED.search(before.rest) is None:
        # "Why can we sublet" would be the opposite of "Can we sublet? No. Why not?"
        rest = _denied(rest, before) if not before.asked and asked.lower() == "why" else ""
        if not rest:
            return ""
    told = f"{rest}{'' if after in ('', 'not', 'exactly') else f' {after}'}"
    wanted = before.first(Role.ASKED)
    entity = entity_of(last.answer)
    extra = wanted.text if wanted is not None else entity if asked.lower().startswith("why") else ""
    return f"{asked} {told}{f' ({extra})' if extra else ''}"


def _denied(rest: str, before: Parts) -> str:
    """``can we not sublet the flat``, ``isn't the shed insured``; empty where there is nothing to deny.

    What need not be done is not what must not be.
    """
    auxiliary, _space, following = rest.partition(" ")
    if auxiliary.lower() == "must":
        return ""
    subject, _space, deed = following.partition(" ")
    if before.subject and subject.lower() == before.subject and not deed.lower().startswith(("and ", "or ")):
        return f"{auxiliary} {subject} not {deed}".rstrip()
    contracted = _WITH_NOT.get(auxiliary.lower(), "")
    return f"{contracted} {following}" if contracted and following else ""


def _takes_amount(before: Parts) -> bool:
    """Whether "how much" may be asked of what was asked: "does the sweep charge", "is the rent"."""
    if before.deed:
        return before.deed in _TAKING_AMOUNT
    subject = before.first(Role.SUBJECT)
    return before.verb == "be" and subject is not None and not _OF_MONEY.isdisjoint(subject.words)


def _of_what(bare: str, before: Parts, last: Turn) -> str:
    """A question that names nothing, or only what is always of something, asked of the last question's matter."""
    parts = take_apart(bare)
    if not parts.asked:
        return ""
    phrases = [phrase for phrase in parts.phrases if phrase.role is not Role.ASKED]
    if any(token.is_capital and not is_small(token.low) for token in parts.tokens[1:]):
        return ""
    if any(token.low in POINTING for token in parts.tokens):
        return ""
    chosen = thing_meant(before, "it")
    meant = joined_with_what_follows(chosen, before).text if chosen is not None else last.title
    if not meant:
        return ""
    if not phrases and not any(char.isdigit() for char in bare):
        asked = parts.first(Role.ASKED)
        words = [token.low for token in parts.tokens if token.text[0] != "?"]
        if asked is None and words == ["how", "much"]:
            if chosen is None or chosen.is_name:
                return ""
            return f"how much {'are' if is_plural(chosen) else 'is'} {meant}"
        is_whole = (
            parts.subject
            and not _NEEDING_NO_OBJECT.isdisjoint(words)
            and words[:2] not in (["how", "much"], ["how", "many"])
        )
        if is_whole or words[-1:] == ["not"]:
            return ""
        if asked is None and len(words) >= 2 and all(is_small(word) or is_verb(word) for word in words):
            return f"{bare.rstrip(' ?')} ({meant})"
        return ""
    if len(phrases) == 1 and phrases[0].text.lower().startswith("the "):
        only = phrases[0]
        ends = not parts.text[only.end :].strip(" ?")
        *before_it, noun = only.words
        names_nothing = len(before_it) <= 1 and _NAMING_NOTHING.issuperset(before_it)
        if ends and names_nothing and parts.verb == "be" and noun in _RELATIONAL:
            return f"{parts.text.rstrip(' ?')} of {meant}"
    return ""


def _finished(text: str) -> str:
    """One line that begins with a capital and ends with a question mark."""
    flat = " ".join(text.split()).rstrip(" ?.")
    return f"{flat[:1].upper()}{flat[1:]}?"
