"""Of when a question speaks, and whether of what is, can or ought to be: small words that other tests do not see.

"What was the rent?" and "What is the rent?" have the same words that carry meaning, and two answers. Told by the
auxiliaries of a question and, where it has none, by its verb. The present and the future of a schedule are one ("when
does it end", "when will it end"); what cannot be told differs from nothing.
"""

import re
from collections.abc import Sequence
from enum import Enum, auto

from pillowbook.answering.lexicon import base_stem
from pillowbook.answering.question_tables import ARTICLES
from pillowbook.answering.question_words import NO_PARTICIPLES
from pillowbook.answering.terms import stem


class Tense(Enum):
    """What the verbs of a question say; a question may have several.

    ``BEING`` is the present of "is", ``DOING`` that of any other verb: "has the bill been paid" may be "is the bill
    paid", and is not "do we pay the bill". ``ADVISED`` is a present beside ``DOING`` that "can" may stand for as well.
    """

    PAST = auto()
    PERFECT = auto()
    BEING = auto()
    DOING = auto()
    FUTURE = auto()
    ABLE = auto()
    OUGHT = auto()
    ADVISED = auto()


_SAYS = {
    **dict.fromkeys(("did", "was", "were", "had"), Tense.PAST),
    **dict.fromkeys(("is", "are", "am"), Tense.BEING),
    **dict.fromkeys(("do", "does"), Tense.DOING),
    **dict.fromkeys(("will", "would"), Tense.FUTURE),
    **dict.fromkeys(("can", "could", "may", "might"), Tense.ABLE),
    **dict.fromkeys(("should", "must", "shall", "ought"), Tense.OUGHT),
}
_MODALS = frozenset({Tense.ABLE, Tense.OUGHT})
_NEVER_PRESENT = frozenset({Tense.DOING, Tense.FUTURE, *_MODALS})
"""What a perfect is not: "have we cancelled" is not "can we cancel"."""

_ADVISING = frozenset({"manner", "place"})
"""What is asked for where "can" and the present are one: "how can I", "how do I"; "where can I", "where do I"."""

_ADVISED = re.compile(
    r"\bwho do (?:i|we|you) (?:call|ring|phone|ask|contact|email|(?:talk|speak|turn|write) to)\b|"
    r"\bduration (?:do|does) .*\b(?:keep(?=$| (?:in|at|after|once|when)\b)|"
    r"(?:last|stay) (?:fresh|in the (?:fridge|freezer)))"
)
"""``who do I call``, ``how long does rice keep``: not "who signs", which tells nothing of who else may."""

_SETTLED = re.compile(
    r"\bdid (?:i|we|he|she|they) (?:all |finally )?(?:decide|choose|plan|book|reserve|invite)\b|"
    r"\bwhere did (?:i|we|he|she|they) (?:put|hide|park (?:the|my|our))\b|\b(?:was|were) decided\b|"
    r"\bwhat (?:was|were) the (?:\w+ )?(?:results?|outcome|decision|verdict)\b"
)
"""Done once and so ever since: "what did we decide" is "what is decided", and is not "what do we decide"."""

_RECALLED = re.compile(
    r"^\W*(?:please )?(?:(?:can|could|would) you )?(?:please )?(?:remind me|do you remember)\b.* "
    r"(?:password|code|pin|number|name|address) was\W*$",
    re.IGNORECASE,
)
"""``remind me what the password was`` is of what was or is, and of nothing that may or ought to be."""

_ON_A_DAY = re.compile(r"\b(?:how|when|time|date|day|month|year)\b")

_HAVE_TO = re.compile(r"\b(?:have|has|had|having|need|needs|needed) to\b")
_JUDGING = re.compile(r"\b(?:is|are) it \w+ to\b")
"""``is it safe to drink`` may be ``can it be drunk``."""

_MONTH = re.compile(
    r"\b(?:in|on|of|since|from|until|till|last|next|this|by|for|before|after|during|to|\d+(?:st|nd|rd|th)?) may\b|"
    r"\bmay (?:the )?\d"
)
_NOUN = re.compile(r"\b(?:the|a|my|our|your|his|her|their|last) (?:will|can|must|might)\b")
_PERFECT = re.compile(r"^(?:\w+ ){0,3}?(?:have|has) (?!to\b)")
_TOLD_BY = frozenset({"i", "we", "you", "he", "she", "they", "who"})
_ADVERBS = frozenset({"first", "last", "ever", "also", "else", "actually", "originally", "usually"})


def tenses(text: str, told: Sequence[str]) -> frozenset[Tense]:
    """What the verbs of a question say.

    Args:
        text: the question as it was typed.
        told: its words, folded, its ways of asking written in one way.
    """
    if _RECALLED.search(text):
        return frozenset({Tense.PERFECT})
    line = " ".join(told)
    line = _NOUN.sub(" ", _MONTH.sub(" ", _JUDGING.sub(" ", line)))
    found: set[Tense] = {Tense.OUGHT} if _HAVE_TO.search(line) else set()
    if _is_perfect(line):
        found.add(Tense.PERFECT)
    found |= {_SAYS[word] for word in line.split() if word in _SAYS}
    if Tense.PERFECT in found and not re.search(r"\b(?:did|was|were)\b", line):
        found.discard(Tense.PAST)  # "how long have we had the car"
    if _tells_of_past(told):
        found.add(Tense.PAST)
    if found == {Tense.PAST} and _SETTLED.search(line) and not _ON_A_DAY.search(line):
        found = {Tense.PERFECT}
    if _ADVISED.search(line):
        found.add(Tense.ADVISED)
    return frozenset(found) or _present_without_helper(told)


def tenses_differ(one: frozenset[Tense], other: frozenset[Tense], asks_for: frozenset[str]) -> bool:
    """Whether one question is of what was and the other of what is or may be, or they are of can and should.

    Args:
        asks_for: the sorts of answer that the two ask for.
    """
    return _is_over(one, other) or _is_over(other, one) or _modals_differ(one, other, asks_for)


def _is_perfect(line: str) -> bool:
    opening = _PERFECT.match(line)
    if opening is None or any(word in _SAYS for word in opening[0].split()):
        return False  # "what do we have", "does the boat have"
    rest = line[opening.end() :].split()
    if rest and rest[0] in ARTICLES:
        rest = rest[2:]  # "which bank has the shared account"
    return any(word == "been" or (_is_past(word) and word != "got") for word in rest)


def _is_past(word: str) -> bool:
    """Whether a word may be a past tense or a participle, by its looks; "need" and "shed" are none."""
    looks_past = word.endswith("ed") and not word.endswith("eed") and word not in NO_PARTICIPLES
    return looks_past or base_stem(word) != stem(word)


def _tells_of_past(told: Sequence[str]) -> bool:
    """A past without an auxiliary: "who paid", "where we stayed"; not "when are we paid"."""
    for at, word in enumerate(told[:-1]):
        if word not in _TOLD_BY and not (word == "what" and at == 0):
            continue
        if at and (told[at - 1] in _SAYS or told[at - 1] in ("have", "has")):
            continue
        rest = [one for one in told[at + 1 : at + 3] if one not in _ADVERBS]
        if rest and _is_past(rest[0]):
            return True
    return _is_past(_verb_of_chosen(told))


def _present_without_helper(told: Sequence[str]) -> frozenset[Tense]:
    """``who pays``, ``which bank has our savings``; "which" may be followed by a plural noun."""
    is_told = len(told) > 1 and told[0] in ("who", "what") and told[1].endswith("s")
    is_told = is_told or _verb_of_chosen(told).endswith("s") or "has" in told or "have" in told
    return frozenset({Tense.DOING}) if is_told else frozenset()


def _verb_of_chosen(told: Sequence[str]) -> str:
    """``made`` of "which company made the engine"; empty where another form is asked."""
    is_of_chosen = len(told) > 3 and told[0] in ("which", "what") and told[3] in ARTICLES
    return told[2] if is_of_chosen and told[2] not in _SAYS else ""


def _is_over(one: frozenset[Tense], other: frozenset[Tense]) -> bool:
    """Whether one is of the past, and the other is not."""
    if not other or other & {Tense.PAST, Tense.PERFECT}:
        return False
    return Tense.PAST in one or (Tense.PERFECT in one and bool(other & _NEVER_PRESENT))


def _modals_differ(one: frozenset[Tense], other: frozenset[Tense], asks_for: frozenset[str]) -> bool:
    ours, theirs = one & _MODALS, other & _MODALS
    if ours and theirs:
        return ours.isdisjoint(theirs)
    if not (ours or theirs):
        return False
    modal, plain = (one, other) if ours else (other, one)
    if not plain:
        return False
    if asks_for == {"yes-no"} or (Tense.FUTURE in plain and Tense.FUTURE not in modal):
        return True
    return Tense.ABLE in modal and not (asks_for & _ADVISING or Tense.ADVISED in plain)
