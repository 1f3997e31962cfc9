"""Digests: what a document says in a sentence or two, and its key facts, each with the quote that carries it.

A short note is its own digest and costs nothing. The facts are whole units of the document, chosen by the model by
number: it cannot misquote what it does not copy.
"""

import re
from collections.abc import Sequence

from pillowbook.answering.prompts import load_prompt
from pillowbook.answering.terms import content_stems, coverage, names, numbers, plain_text, stems
from pillowbook.answering.units import Unit, split_sections, split_units
from pillowbook.domain.answers import Fact, Tokens
from pillowbook.domain.documents import Passage
from pillowbook.domain.errors import Cancelled, Damaged, Transient, UserFixable
from pillowbook.domain.ids import DocumentId
from pillowbook.domain.work import SliceOutcome, SliceResult
from pillowbook.host.workers import CancelToken
from pillowbook.models.generator.client import Generator
from pillowbook.store.knowledge import Knowledge
from pillowbook.store.library import Library

SHORT_NOTE_WORDS = 120
MAX_FACTS = 8
SECTION_CHARS = 4500
"""About 1,200 tokens: reading it takes 20 s on 2 cores, the most a slice should take before it can be resumed."""

MAX_SECTIONS = 6
DEADLINE_S = 900.0
"""Background work runs at idle priority: beside other programs it may take long, and it is cancelled when unwanted."""


class Distiller:
    """Makes one document's digest at a time."""

    def __init__(self, *, library: Library, knowledge: Knowledge, generator: Generator) -> None:
        self._library = library
        self._knowledge = knowledge
        self._generator = generator
        self._gist = load_prompt("gist")
        self._facts = load_prompt("facts")

    def distil(self, document_id: DocumentId, cancel: CancelToken | None = None) -> SliceOutcome:
        """Make and store the digest of one document; ordinary trouble is told in the outcome."""
        spent = _Spent()
        try:
            return self._distil(document_id, cancel, spent)
        except Cancelled:
            return SliceOutcome(SliceResult.CANCELLED, spent.tokens)
        except (Transient, UserFixable, Damaged):
            return SliceOutcome(SliceResult.FAILED, spent.tokens)

    def _distil(self, document_id: DocumentId, cancel: CancelToken | None, spent: "_Spent") -> SliceOutcome:
        document = self._library.document(document_id)
        if document.fingerprint is None:
            return SliceOutcome(SliceResult.REFUSED)
        # Taken before the text is read: a change in between makes the digest stale, never wrongly current.
        content_hash = document.fingerprint.sha256
        text = self._library.text(document_id)
        passages = self._library.passages(document_id)
        if len(text.split()) <= SHORT_NOTE_WORDS:
            units = [unit for passage in passages for unit in split_units(passage)]
            facts = tuple(_fact(unit) for unit in _by_weight(units)[:MAX_FACTS])
            self._knowledge.put_digest(document_id, plain_text(text), facts, content_hash, "")
            return SliceOutcome(SliceResult.DONE, spent.tokens, 1)
        gists: list[str] = []
        facts_found: list[Fact] = []
        sections = split_sections(passages, limit_chars=SECTION_CHARS)[:MAX_SECTIONS]
        for section in sections:
            units = [unit for passage in section for unit in split_units(passage)]
            if not units:
                continue
            gists.append(self._make_gist(section, units, cancel, spent))
            facts_found += self._choose_facts(
                section[0].title, units, max(2, MAX_FACTS // len(sections)), cancel, spent
            )
        gist = " ".join(gist for gist in gists if gist)
        self._knowledge.put_digest(
            document_id, gist, tuple(facts_found[: 2 * MAX_FACTS]), content_hash, self._generator.model_id
        )
        return SliceOutcome(SliceResult.DONE, spent.tokens, 1)

    def _make_gist(
        self, section: Sequence[Passage], units: Sequence[Unit], cancel: CancelToken | None, spent: "_Spent"
    ) -> str:
        text = "\n".join(f"{unit.heading + ': ' if unit.heading else ''}{unit.text}" for unit in units)
        made = self._generator.generate(
            self._gist.fill(_documents(units), title=section[0].title, text=text[:SECTION_CHARS]),
            max_tokens=80,
            stop=("\n\n",),
            deadline_s=DEADLINE_S,
            cancel=cancel,
            background=True,
        )
        spent.tokens += made.spent
        # A sentence whose numbers or names are not in the text, or that was cut off, is dropped.
        hay = f"{section[0].title} {' '.join(passage.heading for passage in section)} {text}"
        known = frozenset(stems(hay))
        kept: list[str] = []
        for sentence in re.split(r"(?<=[.!?])\s+(?=[A-Z])", " ".join(made.text.split())):
            is_whole = sentence.endswith((".", "!", "?"))
            carried = numbers(sentence) <= numbers(hay) and coverage(content_stems(sentence), known) >= 0.6
            named = all(coverage(stems(name), known) == 1.0 for name in names(sentence))
            if is_whole and carried and named:
                kept.append(sentence)
        return " ".join(kept[:2]) or _by_weight(units)[0].text

    def _choose_facts(
        self, title: str, units: Sequence[Unit], count: int, cancel: CancelToken | None, spent: "_Spent"
    ) -> list[Fact]:
        """The facts of a section: the units with the most to look up, by code alone where they are few."""
        if len(units) <= count:
            return [_fact(unit) for unit in units]
        shown = sorted(_by_weight(units)[: 3 * count], key=units.index)
        lines = "\n".join(f"{number}. {unit.text[:200]}" for number, unit in enumerate(shown, start=1))
        made = self._generator.generate(
            self._facts.fill(_documents(units), title=title, lines=lines, count=str(count)),
            max_tokens=4 * count,
            stop=("\n",),
            deadline_s=DEADLINE_S,
            cancel=cancel,
            background=True,
        )
        spent.tokens += made.spent
        chosen = [int(number) - 1 for number in re.findall(r"\d+", made.text)]
        picked = [shown[index] for index in dict.fromkeys(chosen) if 0 <= index < len(shown)]
        return [_fact(unit) for unit in (picked or _by_weight(units))[:count]]


class _Spent:
    def __init__(self) -> None:
        self.tokens = Tokens()


def _by_weight(units: Sequence[Unit]) -> list[Unit]:
    """Units with numbers and names first, the order kept among equals."""
    return sorted(units, key=lambda unit: -min(4, 2 * len(numbers(unit.text)) + len(names(unit.text))))


def _documents(units: Sequence[Unit]) -> frozenset[DocumentId]:
    return frozenset(unit.passage.document_id for unit in units)


def _fact(unit: Unit) -> Fact:
    return Fact(unit.text, unit.quote, unit.passage.content_hash)
