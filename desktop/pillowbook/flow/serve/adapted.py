"""Between a hit and a live answer: what prepared answers and digests quote is read for what was asked.

Only what the files still say counts: the documents of the few places chosen are compared with the disk before they are
read, and those that are cited once more after the answer is written.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from pillowbook.answering.adapt import DECLINED, Adapter, Found, KnownQuote, Plan
from pillowbook.answering.agreement import was_rejected
from pillowbook.answering.cite import cite_unit
from pillowbook.answering.compose import UNITS_COMPARED
from pillowbook.answering.drafting import refused
from pillowbook.answering.match import Candidate
from pillowbook.answering.pairs import normalise_question
from pillowbook.answering.retrieve import Retriever
from pillowbook.answering.sources import sources_of, still_stands
from pillowbook.domain.answers import Citation, Draft, Effort, Freshness
from pillowbook.domain.ids import DocumentId
from pillowbook.flow.serve.freshness import Reread, check_sources
from pillowbook.flow.serve.questions import Vector
from pillowbook.flow.serve.refreshing import Refresher
from pillowbook.host.workers import CancelToken
from pillowbook.store.knowledge import Knowledge
from pillowbook.store.library import Library

DEADLINE_S: Final = 60.0


class Adapting:
    """Tries an adapted answer where it has a fair chance. Thread-safe as far as the stores and models are."""

    def __init__(
        self,
        *,
        adapter: Adapter,
        retriever: Retriever,
        library: Library,
        knowledge: Knowledge,
        reread: Reread | None = None,
        refresher: Refresher | None = None,
    ) -> None:
        self._adapter = adapter
        self._retriever = retriever
        self._library = library
        self._knowledge = knowledge
        self._reread = reread
        self._refresher = refresher or Refresher(library)

    def plan(
        self, question: str, vector: Vector, candidates: Sequence[Candidate], *, background: bool = False
    ) -> Plan | None:
        """What would be read for a question; None where there is no fair chance. No token is spent.

        Args:
            candidates: prepared answers near the question.
            background: embed behind live work.
        """
        if not self._adapter.has_chances:
            return None  # before anything is looked up
        plan = self.chance(question, vector, candidates, background=background)
        return plan if plan is not None and plan.is_fair else None

    def chance(
        self, question: str, vector: Vector, candidates: Sequence[Candidate], *, background: bool = False
    ) -> Plan | None:
        """As :meth:`plan`, whatever the chance is."""
        if not self._adapter.suits(question):
            return None
        known = [
            KnownQuote(citation.passage_hash, citation.quote, one.similarity, one.prepared)
            for one in self._usable(question, candidates)
            for citation in one.prepared.citations
        ]
        # Few documents have a digest of several lines, and none may have been prepared from: then there is no search.
        if not known and not self._knowledge.counts().digests:
            return None
        evidence, units = self._retriever.find(
            question, effort=Effort.LIVE, limit=UNITS_COMPARED, vector=vector, background=background
        )
        documents = dict.fromkeys(one.passage.document_id for one in evidence)
        known += [
            KnownQuote(fact.passage_hash, fact.quote)
            for digest in map(self._knowledge.digest, documents)
            if digest is not None
            for fact in digest.facts
        ]
        return self._adapter.plan(question, Found(evidence, units), known)

    def answer(
        self,
        plan: Plan,
        cancel: CancelToken | None = None,
        *,
        origins: frozenset[DocumentId] = frozenset(),
    ) -> Draft | None:
        """The answer; an empty one, with what it cost, where it was declined.

        Args:
            origins: as for :meth:`Composer.answer`.
        Returns:
            None where a source is not as it was read, so that nothing was tried.
        Raises:
            Cancelled, ModelMissing and the like: as the generator does.
        """
        if not self._is_fresh([cite_unit(unit) for unit in plan.units]):
            return None
        draft = self._adapter.answer(plan, deadline_s=DEADLINE_S, cancel=cancel, origins=origins)
        if draft.says_something and not (self._is_fresh(draft.rests_on) and self._may_say(draft)):
            return replace(draft, answer="", citations=(), uncited=(), checks=(refused(DECLINED),))
        return draft

    def read_ahead(self, plan: Plan, cancel: CancelToken | None = None) -> None:
        """Read the prompt of a plan while the question is still being typed. Raises as the generator does."""
        self._adapter.read_ahead(plan, deadline_s=DEADLINE_S, cancel=cancel)

    def _usable(self, question: str, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Those that nothing newer bears on, and that the user did not call wrong for this very question."""
        wrong = self._knowledge.hand.wrong_for(normalise_question(question))
        return [
            one
            for one in candidates
            if one.prepared.answer
            and one.prepared.edited_at is None
            and not one.prepared.has_new_evidence
            and one.prepared.question_id not in wrong
        ]

    def _is_fresh(self, citations: Sequence[Citation]) -> bool:
        """Whether the files say what is cited, now. What is found changed is read anew, for the live answer."""
        sources = sources_of(citations, self._library)
        states = check_sources(sources, self._library, reread=self._reread)
        stale = [key for key, state in states.items() if state in (Freshness.CHANGED, Freshness.GONE)]
        if stale:
            self._refresher.bring_up_to_date(stale)
        return (
            len(states) == len({one.document_id for one in citations})
            and all(state is Freshness.FRESH for state in states.values())
            and all(still_stands(one, self._library) for one in citations)
        )

    def _may_say(self, draft: Draft) -> bool:
        """Not what the user called wrong."""
        known = self._knowledge.question_by_normal(normalise_question(draft.question))
        return known is None or not was_rejected(draft, self._knowledge.hand.rejected(known.id))
