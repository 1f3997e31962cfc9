"""What is told: an answer with what it rests on, what it cost, what may be asked next and what stands nearest."""

from dataclasses import replace
from typing import Final

from pillowbook.answering.adapt import Plan
from pillowbook.answering.match import MatchResult
from pillowbook.domain.answers import (
    Answer,
    AnswerKind,
    Citation,
    Draft,
    Freshness,
    PreparedAnswer,
    Related,
    Tokens,
)
from pillowbook.domain.clock import Clock
from pillowbook.flow.serve.asking import Asking, since_ms
from pillowbook.flow.serve.checking import CheckedHit, HitChecker
from pillowbook.flow.serve.likely import Likely
from pillowbook.flow.serve.related import related_questions
from pillowbook.flow.serve.standing import Standing
from pillowbook.flow.serve.withheld import may_be_used
from pillowbook.store.knowledge import Knowledge

MIN_RELATED_SIMILARITY: Final = 0.4


class Replies:
    """Makes the answer that is served, by each way there is to one. Thread-safe as far as the stores are.

    Nothing that rests on, or was drawn from, the documents a question leaves out gets into any part of it.
    """

    def __init__(
        self,
        *,
        knowledge: Knowledge,
        likely: Likely,
        standing: Standing,
        checker: HitChecker,
        clock: Clock,
    ) -> None:
        self._knowledge = knowledge
        self._likely = likely
        self._standing = standing
        self._checker = checker
        self._clock = clock

    def prepared(self, asking: Asking, hit: CheckedHit, found: MatchResult) -> Answer:
        """A prepared answer that may be shown."""
        prepared, report = hit.prepared, hit.report
        related = self._related(asking, prepared, found)  # counts as time that was waited
        return Answer(
            question=asking.question,
            answer=prepared.answer,
            kind=AnswerKind.HIT if prepared.answer else AnswerKind.NONE,
            freshness=report.freshness,
            confidence=round((1.0 if prepared.edited_at else prepared.confidence) * hit.p_same, 3),
            matched_question=prepared.question,
            prepared_at=prepared.prepared_at,
            checked_at=report.checked_at,
            latency_ms=since_ms(self._clock, asking.began_s),
            first_token_ms=None,
            tokens=Tokens(),
            model=prepared.model,
            effort=prepared.effort,
            citations=prepared.citations,
            related=related,
            change_note=report.change_note,
            prepared_id=prepared.id,
            is_edited=prepared.edited_at is not None,
            is_pinned=prepared.is_pinned,
            checked_files=report.checked_files,
            document_ids=tuple(source.document_id for source in prepared.sources),
            nearest=self._beside(asking, prepared),
        )

    def live(
        self,
        asking: Asking,
        draft: Draft,
        freshness: Freshness | None,
        found: MatchResult,
        change_note: str,
    ) -> Answer:
        """What was just written, or worked out by code.

        Args:
            freshness: of its sources, compared after it was written; None where it says nothing.
            found: what had been prepared near it.
            change_note: of a prepared answer that was withdrawn for this one.
        """
        is_fresh = freshness is Freshness.FRESH
        document_ids = tuple(dict.fromkeys(one.document_id for one in draft.rests_on))
        return Answer(
            question=asking.question,
            answer=draft.answer,
            kind=AnswerKind.LIVE if draft.says_something else AnswerKind.NONE,
            freshness=freshness,
            confidence=draft.confidence,
            matched_question=None,
            prepared_at=None,
            checked_at=self._clock.now() if is_fresh else None,
            latency_ms=since_ms(self._clock, asking.began_s),
            first_token_ms=draft.first_token_ms,
            tokens=draft.tokens,
            model=draft.model,
            effort=draft.effort,
            citations=draft.citations,
            related=self._related(asking, draft, found),
            change_note=change_note,
            nearest=draft.nearest if draft.answer or not asking.without else self._nearest(asking),
            checked_files=len(document_ids) if is_fresh else 0,
            document_ids=document_ids,
        )

    def adapted(
        self, asking: Asking, draft: Draft, plan: Plan, found: MatchResult, change_note: str
    ) -> Answer:
        """What was written from known places alone, with the prepared question that knew them."""
        answer = self.live(asking, draft, Freshness.FRESH, found, change_note)
        if plan.prepared is None:
            return replace(answer, kind=AnswerKind.ADAPTED)
        return replace(
            answer,
            kind=AnswerKind.ADAPTED,
            matched_question=plan.prepared.question,
            prepared_at=plan.prepared.prepared_at,
        )

    def collected(self, asking: Asking, answer: Answer) -> Answer:
        """What was computed over the notes as a whole."""
        nearest = answer.nearest if answer.citations else self._nearest(asking)
        return replace(answer, latency_ms=since_ms(self._clock, asking.began_s), nearest=nearest)

    def none(self, asking: Asking, found: MatchResult, change_note: str) -> Answer:
        """That nothing is prepared, where nothing else was wanted."""
        return Answer(
            question=asking.question,
            answer="",
            kind=AnswerKind.NONE,
            freshness=None,
            confidence=0.0,
            matched_question=None,
            prepared_at=None,
            checked_at=None,
            latency_ms=since_ms(self._clock, asking.began_s),
            first_token_ms=None,
            tokens=Tokens(),
            model="",
            effort=None,
            citations=(),
            related=self._related(asking, None, found),
            change_note=change_note,
            nearest=self._nearest(asking),
        )

    def _related(
        self, asking: Asking, said: PreparedAnswer | Draft | None, found: MatchResult
    ) -> tuple[Related, ...]:
        """What is prepared and may be asked next: answered at once, so of today and borne out by its files."""
        without = asking.without

        def may_be_told(one: PreparedAnswer) -> bool:
            if without and not may_be_used(one, without, self._knowledge):
                return False
            return not self._checker.is_of_another_day(one) and self._standing.holds(one)

        return related_questions(
            self._knowledge,
            asked=(asking.question, said.question) if said is not None else (asking.question,),
            answer="" if said is None else said.answer,
            citations=() if said is None else said.citations,
            near=[one.prepared for one in found.candidates if one.similarity >= MIN_RELATED_SIMILARITY],
            may_be_used=may_be_told,
        )

    def _beside(self, asking: Asking, prepared: PreparedAnswer) -> tuple[Citation, ...]:
        """Newer evidence, as far as it stands; where the notes do not say, else the likely passage."""
        if prepared.answer:
            return self._standing.cited(prepared.new_evidence)
        newer = () if asking.without else self._standing.cited(prepared.new_evidence)
        return newer or self._nearest(asking)

    def _nearest(self, asking: Asking) -> tuple[Citation, ...]:
        likely = self._likely.passage(asking.question, asking.without)
        return () if likely is None else (likely.citation,)
