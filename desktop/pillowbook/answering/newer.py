"""Notes that contradict each other: the newer statement counts, and the older one is told beside it.

The default model does not heed dates: shown an older and a newer note it takes the older one in about half. So code
looks among what was found for a later note that says in so many words that something changed, or else for one that
speaks of what was asked as much as the older one does, and has the model read that place alone. Two notes that merely
differ may both be true: of the second kind only an answer that is sure by itself is taken.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pillowbook.answering.dates import is_later, spelled
from pillowbook.answering.evidence import RankedUnit
from pillowbook.answering.pairs import canonical_stems, question_kind
from pillowbook.answering.terms import STOP_WORDS, coverage, names, numbers, stem, words
from pillowbook.answering.units import Unit, split_units
from pillowbook.answering.verify import Claim, joined
from pillowbook.domain.documents import Passage

MIN_SIMILARITY = 0.4
MAX_LOSS = 0.27
"""How much less similar to the question than the older unit the newer may be: it seldom repeats the whole matter."""

MIN_WORDS = 0.33
"""Share of the question's words that the newer unit and its place must hold."""

MAX_QUOTED_CHARS = 160
SURE_SIMILARITY, SURE_LOSS, SURE_WORDS = 0.55, 0.2, 0.4
"""From here on the newer unit is quoted as it stands when the model made nothing of it."""
EQUAL_LOSS, EQUAL_WORDS = 0.12, 0.2
"""A later note without a word of change must speak of what was asked as much as the older one, but for so much."""

OLDER_NOTE = "An older note, of "

_CHANGE = re.compile(
    r"\b(?:moved|moves|changed|changes|postponed|brought forward|cancelled|canceled|reversed|replaced|"
    r"no longer|any ?more|instead|from (?:now|today|tomorrow|next)|now|"
    r"(?:from|since|as of) (?:the )?\d{1,2}(?:st|nd|rd|th)? (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\w*|"
    r"step(?:ped)? (?:up|down)|(?:has|have|had) (?:risen|gone up|gone down|been put)|put (?:it )?up to|"
    r"until now)\b",
    re.IGNORECASE,
)
_DAYS = frozenset(["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"])


@dataclass(frozen=True, slots=True)
class NewerPlace:
    """Where a later note says that something changed.

    Attributes:
        unit: says so in words.
        around: the unit with its neighbours, for the model to read.
        says_changed: it says so in words; else it only says otherwise.
        is_sure: it says so, and speaks of what was asked nearly as much as the older unit does.
    """

    unit: Unit
    around: tuple[Unit, ...]
    says_changed: bool
    is_sure: bool


def newer_place(
    question: str,
    claims: Sequence[Claim],
    ranked: Sequence[RankedUnit],
    date_of: Callable[[Passage], str],
) -> NewerPlace | None:
    """Where a later note says that what the claims rest on has changed, or at least says otherwise, if one does."""
    old = [unit for claim in claims for unit in claim.units]
    documents = {unit.passage.document_id for unit in old}
    dates = [date_of(unit.passage) for unit in old]
    if not old or not all(dates):
        return None
    similar = max((one.similarity for one in ranked if one.unit in old), default=0.0)
    asked = canonical_stems(question)
    named = {stem(name) for name in names(question)}
    known = max(_share(asked, unit) for unit in old)
    told = values(" ".join(unit.text for unit in old))
    others: list[NewerPlace] = []
    for one in ranked:
        unit = one.unit
        if unit.passage.document_id in documents or not is_later(date_of(unit.passage), max(dates)):
            continue
        if one.similarity < max(MIN_SIMILARITY, similar - MAX_LOSS):
            continue
        share = _share(asked, unit)
        if share < MIN_WORDS or not named <= {stem(word) for word in words(f"{unit.place} {unit.text}")}:
            continue
        around = _around(unit)
        if values(" ".join(other.text for other in around)) <= told:
            continue
        if says_changed(unit.text):
            is_sure = one.similarity >= max(SURE_SIMILARITY, similar - SURE_LOSS) and share >= SURE_WORDS
            return NewerPlace(unit, around, True, is_sure and not values(unit.text) <= told)
        if (
            one.similarity >= similar - EQUAL_LOSS
            and share >= known - EQUAL_WORDS
            and not values(unit.text) <= told
        ):
            others.append(NewerPlace(unit, (unit,), False, False))
    return others[0] if others else None


def says_changed(text: str) -> bool:
    """Whether a text says in so many words that something is no longer as it was."""
    return _CHANGE.search(text) is not None


def _share(asked: Sequence[str], unit: Unit) -> float:
    """The share of the question's words that a unit or its place holds."""
    return coverage(asked, frozenset(canonical_stems(f"{unit.place} {unit.text}")))


def values(text: str) -> frozenset[str]:
    """What can differ between two statements of one matter: numbers, dates, days of the week, names."""
    told = words(text)
    days = {word.removesuffix("s") for word in told} & _DAYS
    # ``numbers`` leaves "one" out, which is mostly a pronoun; before a noun it counts.
    one = {"1" for first, second in pairwise(told) if first == "one" and second not in STOP_WORDS}
    return numbers(text) | days | one | names(text)


def contradicts(question: str, newer: Sequence[Claim], older: Sequence[Claim]) -> bool:
    """Whether two answers to one question give different values of the sort that was asked for."""
    new, old = joined(newer), joined(older)
    if question_kind(question.lower()) in {"person", "place", "thing", "reason", "manner", ""}:
        kept = values(new) - values(question)
    else:
        kept = (values(new) - names(new)) - values(question)
    return bool(kept - values(old))


def _around(unit: Unit) -> tuple[Unit, ...]:
    """The unit with the one before and the two after it: "has been cancelled" is followed by what holds instead."""
    units = split_units(unit.passage)
    at = units.index(unit)
    return tuple(units[max(0, at - 1) : at + 3])


def told_before(claims: Sequence[Claim], date_of: Callable[[Passage], str]) -> str:
    """One sentence that tells what the older note says, in its own words."""
    unit = claims[0].units[0]
    return f"{OLDER_NOTE}{spelled(date_of(unit.passage))}, says: {_quoted(unit)}"


def quoted_claim(unit: Unit, date_of: Callable[[Passage], str]) -> Claim:
    """The newer note in its own words, where the model made nothing of it."""
    return Claim(f"The newest note, of {spelled(date_of(unit.passage))}, says: {_quoted(unit)}", (unit,))


def _quoted(unit: Unit) -> str:
    cut = len(unit.text) > MAX_QUOTED_CHARS
    return f"“{unit.text[:MAX_QUOTED_CHARS].rstrip()}…”" if cut else f"“{unit.text}”"
