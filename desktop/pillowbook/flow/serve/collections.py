"""Questions about the notes as a whole, answered from what is stored of them, without a model and with all sources.

``collected`` computes the lists; here they become answers: the files of everything cited are checked as for any other
answer, and what turns out changed is read anew. That nothing is found is an answer, too, which cites nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from pillowbook.answering.collection_questions import (
    CollectionKind,
    CollectionQuestion,
    read_collection_question,
)
from pillowbook.answering.sources import sources_of
from pillowbook.domain.answers import Answer, AnswerKind, Citation, Effort, Freshness, Tokens
from pillowbook.domain.clock import Clock
from pillowbook.domain.digests import PassKind
from pillowbook.domain.errors import NotesChanging
from pillowbook.domain.ids import DocumentId
from pillowbook.flow.serve.collected import Collected
from pillowbook.flow.serve.collected_lines import Collection, Item
from pillowbook.flow.serve.freshness import Reread, check_sources
from pillowbook.store.findings import Findings
from pillowbook.store.library import Library

MAX_ITEMS: Final = 40
"""Lines of an answer; more are counted."""

RIGHT_UNSEEN: Final = 0.84
"""No such answer counts as surer: 21 of 25 questions that nothing was built on were right (0018)."""

TRIES: Final = 3
_BY_FINDINGS: Final = frozenset(
    {
        CollectionKind.COMING,
        CollectionKind.TASKS,
        CollectionKind.OVERDUE,
        CollectionKind.ENDING,
        CollectionKind.OPEN,
    }
)


class Collections:
    """Answers questions about the notes as a whole. Thread-safe as far as the stores are.

    Args:
        catch_up: has code read the notes that it has not read, for a few seconds at most.
        reread, refresh: as for :class:`~pillowbook.flow.serve.serve.Server`.
    """

    def __init__(
        self,
        *,
        collected: Collected,
        library: Library,
        findings: Findings,
        clock: Clock,
        catch_up: Callable[[], object],
        reread: Reread | None = None,
        refresh: Callable[[Sequence[str]], None] | None = None,
    ) -> None:
        self._collected = collected
        self._library = library
        self._findings = findings
        self._clock = clock
        self._catch_up = catch_up
        self._reread = reread
        self._refresh = refresh

    def read(self, question: str) -> CollectionQuestion | None:
        """What a question wants of the notes as a whole; None for an ordinary one."""
        return read_collection_question(question, self._today())

    def answer(self, question: str, wanted: CollectionQuestion) -> Answer | None:
        """The answer; None where an ordinary one may find more: a decision not put as one, a matter on no list.

        Raises:
            NotesChanging: what it rests on changed as often as it was looked at.
        """
        if wanted.kind in _BY_FINDINGS and self._findings.documents_without(PassKind.FIND, 1):
            self._catch_up()
        without: frozenset[DocumentId] = frozenset()
        for tries_left in reversed(range(TRIES)):
            found = self._collected.collect(question, wanted, self._today(), without)
            if found is None:
                return None
            items = found.items[:MAX_ITEMS]
            citations = tuple(dict.fromkeys(cited for item in items for cited in item.citations))
            states = check_sources(sources_of(citations, self._library), self._library, reread=self._reread)
            stale = {key for key, state in states.items() if state in (Freshness.CHANGED, Freshness.GONE)}
            stale |= {cited.document_id for cited in citations} - states.keys()
            if not stale:
                if without:
                    found = replace(found, remark="notes that changed just now are left out")
                return self._told(question, found, items, citations, tuple(states.values()))
            self._bring_up_to_date(citations, stale)
            self._catch_up()
            if tries_left == 1:
                without = frozenset(stale)
        raise NotesChanging()

    def _told(
        self,
        question: str,
        found: Collection,
        items: Sequence[Item],
        citations: tuple[Citation, ...],
        states: Sequence[Freshness],
    ) -> Answer:
        lines = [found.lead if items else found.nothing]
        lines += [f"- {item.text}" for item in items if item.text]
        if len(found.items) > len(items):
            lines.append(f"- and {len(found.items) - len(items)} more")
        lines += [f"({remark})" for remark in (found.remark, self._unread(found)) if remark]
        is_fresh = all(state is Freshness.FRESH for state in states)
        freshness = Freshness.FRESH if is_fresh else Freshness.UNCHECKED
        return Answer(
            question=question,
            answer="\n".join(lines),
            kind=AnswerKind.LIVE,
            checked_files=sum(state is not Freshness.UNCHECKED for state in states),
            freshness=freshness if citations else None,
            confidence=RIGHT_UNSEEN,
            matched_question=None,
            prepared_at=None,
            checked_at=self._clock.now() if citations and is_fresh else None,
            latency_ms=0.0,
            first_token_ms=None,
            tokens=Tokens(),
            model=found.model,
            effort=Effort.LIVE,
            citations=citations,
        )

    def _unread(self, found: Collection) -> str:
        """How many notes the answer could not take into account yet."""
        if found.needs is None:
            return ""
        missing = len(self._findings.documents_without(found.needs, 10_000))
        if not missing:
            return ""
        notes = "note is" if missing == 1 else "notes are"
        done = "read" if found.needs is PassKind.FIND else "compared with the others"
        return f"{missing} {notes} not {done} for this yet"

    def _bring_up_to_date(self, citations: Iterable[Citation], stale: Iterable[DocumentId]) -> None:
        if self._refresh is not None:
            wanted = set(stale)
            self._refresh(sorted({cited.path for cited in citations if cited.document_id in wanted}))

    def _today(self) -> date:
        return self._clock.now().astimezone().date()
