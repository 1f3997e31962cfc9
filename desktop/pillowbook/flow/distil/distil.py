"""Digests: what a document says in a sentence or two, and its key facts, each with the quote that carries it.

A short note is its own digest and costs nothing. The facts are whole units of the document, chosen by the model by
number: it cannot misquote what it does not copy. A long document is read by sections, one a slice, whose gists are
kept; when all are there, they are read together once. A section whose text is as it was is not read again. The sections
are those that questions are predicted from: digested right after, one is still in the model's memory.
"""

from collections.abc import Callable, Sequence

from pillowbook.answering.permission import Permission
from pillowbook.answering.terms import plain_text
from pillowbook.answering.units import SECTION_CHARS, section_key, section_units, split_sections, split_units
from pillowbook.domain.answers import Fact
from pillowbook.domain.digests import SectionGist
from pillowbook.domain.documents import Passage
from pillowbook.domain.errors import Cancelled, Damaged, Transient, UserFixable
from pillowbook.domain.ids import DocumentId
from pillowbook.domain.work import SliceOutcome, SliceResult
from pillowbook.flow.distil.gists import GistWriter, Spent, by_weight, fact_of, weight
from pillowbook.host.workers import CancelToken
from pillowbook.models.generator.client import Generator
from pillowbook.store.digests import Digests
from pillowbook.store.knowledge import Knowledge
from pillowbook.store.library import Library

SHORT_NOTE_WORDS = 120
MAX_FACTS = 8
MAX_SECTIONS = 100
"""About 30,000 words. Of a longer text as many sections are read, evenly spread; the rest is still found by search."""


class Distiller:
    """Makes one document's digest at a time."""

    def __init__(
        self,
        *,
        library: Library,
        knowledge: Knowledge,
        digests: Digests,
        generator: Generator,
        date_of: Callable[[Passage], str],
        permission: Permission | None = None,
    ) -> None:
        self._library = library
        self._knowledge = knowledge
        self._digests = digests
        self._writer = GistWriter(generator, date_of=date_of, permission=permission or Permission(knowledge))

    def distil(self, document_id: DocumentId, cancel: CancelToken | None = None) -> SliceOutcome:
        """Go one step towards a document's digest; ordinary trouble is told in the outcome.

        ``made`` is 1 when the digest was stored, and 0 after one of several sections.
        """
        spent = Spent()
        try:
            return self._distil(document_id, cancel, spent)
        except Cancelled:
            return SliceOutcome(SliceResult.CANCELLED, spent.tokens)
        except (Transient, UserFixable, Damaged) as error:
            return SliceOutcome(SliceResult.FAILED, spent.tokens, error=error)

    def _distil(self, document_id: DocumentId, cancel: CancelToken | None, spent: Spent) -> SliceOutcome:
        document = self._library.document(document_id)
        if document.fingerprint is None:
            return SliceOutcome(SliceResult.REFUSED)
        # Taken before the text is read: a change in between makes the digest stale, never wrongly current.
        content_hash = document.fingerprint.sha256
        text = self._library.text(document_id)
        passages = self._library.passages(document_id)
        if len(text.split()) <= SHORT_NOTE_WORDS:
            units = [unit for passage in passages for unit in split_units(passage)]
            allowed = self._writer.allowed(units)
            facts = tuple(fact_of(unit) for unit in by_weight(allowed)[:MAX_FACTS])
            is_whole = len(allowed) == len(units) and self._writer.allows_text(text)
            gist = plain_text(text) if is_whole else " ".join(unit.text for unit in allowed)
            self._knowledge.put_digest(document_id, gist, facts, content_hash, "")
            return SliceOutcome(SliceResult.DONE, spent.tokens, 1)
        sections = _sections(passages)
        hashes = [section_key(section) for section in sections]
        known = self._digests.sections(document_id)
        missing = [at for at, section_hash in enumerate(hashes) if section_hash not in known]
        if missing:
            # The section that questions were just predicted from, where there is one, is still in memory.
            predicted = self._knowledge.predicted_sections(document_id)
            at = next((one for one in missing if hashes[one] in predicted), missing[0])
            made = self._read(sections[at], max(1, MAX_FACTS // len(sections)), cancel, spent)
            if len(sections) > 1:
                ids = [passage.id for passage in sections[at]]
                self._digests.put_section(document_id, hashes[at], made, ids)
            known[hashes[at]] = made
            if len(missing) > 1:
                return SliceOutcome(SliceResult.DONE, spent.tokens)
        parts = [known[section_hash] for section_hash in hashes]
        gist = parts[0].gist if len(parts) == 1 else ""
        if len(parts) > 1:
            gist = self._writer.together(
                document.title, [part.gist for part in parts], {document_id}, cancel, spent
            )
        facts = _weightiest([fact for part in parts for fact in part.facts], 2 * MAX_FACTS)
        self._knowledge.put_digest(document_id, gist, facts, content_hash, self._writer.model_id)
        self._digests.keep_sections(document_id, hashes)
        return SliceOutcome(SliceResult.DONE, spent.tokens, 1)

    def _read(
        self, section: Sequence[Passage], facts: int, cancel: CancelToken | None, spent: Spent
    ) -> SectionGist:
        units = section_units(section)
        gist = self._writer.section(units, cancel, spent)
        return SectionGist(gist, tuple(self._writer.choose_facts(units, facts, cancel, spent)))


def _sections(passages: Sequence[Passage]) -> list[list[Passage]]:
    """The sections to read, those without any unit left out."""
    found = [
        section
        for section in split_sections(passages, limit_chars=SECTION_CHARS)
        if any(split_units(passage) for passage in section)
    ]
    if len(found) <= MAX_SECTIONS:
        return found
    return [found[at * len(found) // MAX_SECTIONS] for at in range(MAX_SECTIONS)]


def _weightiest(facts: Sequence[Fact], count: int) -> tuple[Fact, ...]:
    """The facts with the most to look up, in their order; among equals not those of the beginning alone."""
    stride = -(-len(facts) // count)
    order = sorted(range(len(facts)), key=lambda at: (-weight(facts[at].text), at % stride, at))
    return tuple(facts[at] for at in sorted(order[:count]))
