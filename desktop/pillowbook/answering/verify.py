"""Checks by code on what a model wrote: small models copy wrong numbers, and none says "I do not know" by itself.

Every sentence of an answer must rest on a unit of the evidence: all its numbers and dates, all its names, and most
of its other words must stand there (or, for words and names, in the place of the unit or in the question).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pillowbook.answering.terms import content_stems, coverage, names, numbers, stem, stems, words
from pillowbook.answering.units import Unit

MIN_WORDS_CARRIED = 0.5
"""Share of a sentence's own content words that its units must hold; paraphrase needs room, invention shows below."""

_MARK = re.compile(r"\s*[\[(]\s*(\d{1,2}(?:\s*,\s*\d{1,2})*)\s*[\])]")
_SENTENCE = re.compile(
    r"(?<=[.!?])(?<!\b[A-Z]\.)(?<!\bMr\.)(?<!\bDr\.)(?<!\bMs\.)(?<!\bSt\.)(?<!\bMrs\.)\s+(?=[A-Z\"'“])"
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of the answer that passed, and the units that carry it, best first."""

    text: str
    units: tuple[Unit, ...]


def split_claims(answer: str) -> list[tuple[str, tuple[int, ...]]]:
    """Sentences of an answer with the numbers of the notes each names, the marks taken out of the text."""
    claims: list[tuple[str, tuple[int, ...]]] = []
    joined = re.sub(
        r"([.!?])((?:\s*\[[\d,\s]+\])+)", r"\2\1", answer
    )  # "... at nine. [2]" -> "... at nine [2]."
    for line in joined.splitlines():
        for sentence in _SENTENCE.split(line.strip()):
            cited = tuple(int(number) for found in _MARK.findall(sentence) for number in found.split(","))
            text = _MARK.sub("", sentence).strip().removeprefix("- ").strip()
            if any(letter.isalnum() for letter in text):
                claims.append((text, cited))
    return claims


def check_claim(text: str, cited: Sequence[Unit], others: Sequence[Unit], question: str) -> Claim | None:
    """The sentence with the units that carry it, or None when no unit, and no pair of units, does."""
    best: tuple[float, tuple[Unit, ...]] | None = None
    for rank, unit in enumerate([*cited, *(other for other in others if other not in cited)]):
        support = _support(text, (unit,), question)
        if support is not None:
            score = support + (0.2 if unit in cited else 0.0) - 0.01 * rank
            if best is None or score > best[0]:
                best = (score, (unit,))
    if best is None and len(cited) > 1 and _support(text, cited, question) is not None:
        best = (0.0, tuple(cited))
    if best is None:  # two neighbours of one passage: "Vet: Saltmarsh. Ask for Femi."
        pool = [*cited, *(other for other in others if other not in cited)]
        for first in pool:
            for second in pool:
                if first.passage.id == second.passage.id and first.start < second.start:
                    support = _support(text, (first, second), question)
                    if support is not None and (best is None or support > best[0]):
                        best = (support, (first, second))
    return None if best is None else Claim(text, best[1])


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
    asked = set(stems(question))
    carried = frozenset(stems(read)) | frozenset(stems(places))
    own = [word for word in content_stems(text) if word not in asked]
    share = coverage(own, carried) if own else coverage(content_stems(text), carried | asked)
    if own and share < MIN_WORDS_CARRIED:
        return None
    return share


def _is_known(name: str, known: set[str]) -> bool:
    return name in known or stem(name) in {stem(word) for word in known if word[:2] == name[:2]}


def unsupported_marks(question: str, read: str, places: str) -> frozenset[str]:
    """Numbers and names of the question that the evidence does not hold: the notes speak of something else."""
    hay = f"{read} {places}"
    known = set(words(hay))
    missing = {number for number in numbers(question) if number not in numbers(hay)}
    missing |= {name for name in names(question) if not all(_is_known(part, known) for part in words(name))}
    return frozenset(missing)
