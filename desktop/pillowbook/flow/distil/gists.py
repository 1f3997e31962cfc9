"""Gists by the model, every sentence of them checked by code, and the facts it chooses by number."""

import re
from collections.abc import Callable, Collection, Sequence

from pillowbook.answering.permission import Permission
from pillowbook.answering.prompts import load_prompt
from pillowbook.answering.reading import lay_out
from pillowbook.answering.terms import content_stems, coverage, names, numbers, stems
from pillowbook.answering.units import Unit
from pillowbook.domain.answers import Fact, Tokens
from pillowbook.domain.documents import Passage
from pillowbook.domain.ids import DocumentId
from pillowbook.host.workers import CancelToken
from pillowbook.models.generator.client import Generator, Message

DEADLINE_S = 900.0
"""Background work runs at idle priority: beside other programs it may take long, and it is cancelled when unwanted."""

READ_CHARS = 4500
"""Of gists, together: about 1,200 tokens, which takes 20 s on 2 cores, the most a slice should take."""

SHOWN_CHARS = 60
"""Of a line that may be a fact: it stands in full above, where it is in memory already."""

MIN_CARRIED = 0.6
"""Share of a sentence's words that must stand in what was read for it."""

_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")


class Spent:
    """What one slice has cost so far, also when it is broken off."""

    def __init__(self) -> None:
        self.tokens = Tokens()


class GistWriter:
    """Sums up units of one section, or gists of parts. What gives a secret away is left out.

    The prompts over a section begin as those that ask for questions about it and answer them, so that one after the
    other they read it once.

    Args:
        date_of: the day a passage's note is of.
    """

    def __init__(
        self, generator: Generator, *, date_of: Callable[[Passage], str], permission: Permission
    ) -> None:
        self._generator = generator
        self._date_of = date_of
        self._permission = permission
        self._of_units = load_prompt("gist")
        self._of_gists = load_prompt("together")
        self._facts = load_prompt("facts")

    @property
    def model_id(self) -> str:
        """Of the model that writes now."""
        return self._generator.model_id

    def section(self, units: Sequence[Unit], cancel: CancelToken | None, spent: Spent) -> str:
        """One or two sentences about a section; its weightiest unit where none of what was written holds.

        Empty where all of it would give a secret away.
        """
        allowed = self.allowed(units)
        if not allowed:
            return ""
        prompt = self._of_units.fill(documents_of(units), notes=lay_out(units, self._date_of))
        written = self._write(prompt, 80, cancel, spent)
        hay = " ".join(f"{unit.place} {unit.text}" for unit in allowed)
        withheld = {root for unit in units if unit not in allowed for root in stems(unit.text)}
        hidden = frozenset(withheld.difference(stems(hay)))
        return sound_gist(written, hay, sentences=2, hidden=hidden) or by_weight(allowed)[0].text

    def allowed(self, units: Sequence[Unit]) -> list[Unit]:
        """The units that may be taken into a digest."""
        return [unit for unit in units if self._permission.allows_unit(unit)]

    def allows_text(self, text: str) -> bool:
        """Whether a whole text may stand for a digest of it."""
        return self._permission.allows_text(text)

    def together(
        self,
        title: str,
        parts: Sequence[str],
        documents: Collection[DocumentId],
        cancel: CancelToken | None,
        spent: Spent,
    ) -> str:
        """Two or three sentences about the whole; the parts' first sentences where none of what was written holds.

        Args:
            parts: gists of the parts in order; where they are too long together each gives its first sentence only,
                and what is still too much is left out.
            documents: that the parts were made from.
        """
        read = budgeted(parts)
        prompt = self._of_gists.fill(documents, title=title, text="\n".join(read))
        written = self._write(prompt, 120, cancel, spent)
        hay = f"{title} {' '.join(read)}"
        return sound_gist(written, hay, sentences=3) or " ".join(first_sentence(part) for part in read[:3])

    def choose_facts(
        self, units: Sequence[Unit], count: int, cancel: CancelToken | None, spent: Spent
    ) -> list[Fact]:
        """The units with the most to look up, by code alone where they are few."""
        allowed = self.allowed(units)
        if len(allowed) <= count:
            return [fact_of(unit) for unit in allowed]
        shown = sorted(by_weight(allowed)[: 3 * count], key=allowed.index)
        lines = "\n".join(
            f"{number}. {unit.text[:SHOWN_CHARS]}" for number, unit in enumerate(shown, start=1)
        )
        notes = lay_out(units, self._date_of)
        made = self._generator.generate(
            self._facts.fill(documents_of(units), notes=notes, lines=lines, count=str(count)),
            max_tokens=4 * count,
            stop=("\n",),
            deadline_s=DEADLINE_S,
            cancel=cancel,
            background=True,
        )
        spent.tokens += made.spent
        chosen = [int(number) - 1 for number in re.findall(r"\d+", made.text)]
        picked = [shown[index] for index in dict.fromkeys(chosen) if 0 <= index < len(shown)]
        return [fact_of(unit) for unit in (picked or by_weight(allowed))[:count]]

    def _write(
        self, prompt: Sequence[Message], max_tokens: int, cancel: CancelToken | None, spent: Spent
    ) -> str:
        made = self._generator.generate(
            prompt,
            max_tokens=max_tokens,
            stop=("\n\n",),
            deadline_s=DEADLINE_S,
            cancel=cancel,
            background=True,
        )
        spent.tokens += made.spent
        return made.text


def sound_gist(written: str, hay: str, *, sentences: int, hidden: frozenset[str] = frozenset()) -> str:
    """The first sentences that were not cut off and whose numbers, names and most words stand in ``hay``.

    Args:
        hidden: stems that no sentence may have: they stand only in what is not to be told.
    """
    known = frozenset(stems(hay))
    figures = numbers(hay)
    kept: list[str] = []
    for sentence in _SENTENCE.split(" ".join(written.split())):
        is_whole = sentence.endswith((".", "!", "?"))
        carried = numbers(sentence) <= figures and coverage(content_stems(sentence), known) >= MIN_CARRIED
        named = all(coverage(stems(name), known) == 1.0 for name in names(sentence))
        is_open = hidden.isdisjoint(stems(sentence))
        if is_whole and carried and named and is_open and sentence not in kept:
            kept.append(sentence)
    return " ".join(kept[:sentences])


def budgeted(parts: Sequence[str]) -> list[str]:
    """The parts, shortened to what is read at once."""
    whole = [part for part in parts if part]
    if sum(len(part) + 1 for part in whole) <= READ_CHARS:
        return whole
    taken: list[str] = []
    size = 0
    for part in map(first_sentence, whole):
        size += len(part) + 1
        if size > READ_CHARS:
            break
        taken.append(part)
    return taken


def first_sentence(text: str) -> str:
    """Up to the first full stop that ends a sentence, 300 characters at most."""
    return _SENTENCE.split(text, maxsplit=1)[0][:300]


def by_weight(units: Sequence[Unit]) -> list[Unit]:
    """Units with numbers and names first, the order kept among equals."""
    return sorted(units, key=lambda unit: -weight(unit.text))


def weight(text: str) -> int:
    """How much there is to look up in a sentence."""
    return min(4, 2 * len(numbers(text)) + len(names(text)))


def documents_of(units: Sequence[Unit]) -> frozenset[DocumentId]:
    """The documents that units are of."""
    return frozenset(unit.passage.document_id for unit in units)


def fact_of(unit: Unit) -> Fact:
    """A unit as a fact with its quote."""
    return Fact(unit.text, unit.quote, unit.passage.content_hash)
