"""Asking: the prepared answer when it is the answer and still true, else a live one, and always the likely passage."""

import contextlib
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from pillowbook.answering.adapt import Adapter, Plan
from pillowbook.answering.compose import Composer
from pillowbook.answering.confidential import is_confidential
from pillowbook.answering.followup import standing_alone
from pillowbook.answering.match import Matcher, MatchResult, PreparedIndex
from pillowbook.answering.pairs import normalise_question
from pillowbook.answering.permission import Permission
from pillowbook.answering.retrieve import AskedWords, Retriever
from pillowbook.answering.sources import sources_of
from pillowbook.domain.answers import (
    Answer,
    AnswerKind,
    Citation,
    Draft,
    Effort,
    Freshness,
    PreparedAnswer,
    Reason,
    Related,
    Tokens,
)
from pillowbook.domain.asking import AnswerText, AskMode, AskPart, Completion, LikelyPassage, SearchHits, Turn
from pillowbook.domain.clock import Clock
from pillowbook.domain.documents import Passage
from pillowbook.domain.errors import DiskFull, DocumentUnknown, Transient, UserFixable
from pillowbook.domain.facts import facts
from pillowbook.domain.ids import DocumentId, PreparedId, ServingId
from pillowbook.flow.serve.adapted import Adapting
from pillowbook.flow.serve.again import AskedLately
from pillowbook.flow.serve.ahead import ReadAhead, is_worth_reading
from pillowbook.flow.serve.checking import CheckedHit, HitChecker
from pillowbook.flow.serve.collections import Collections
from pillowbook.flow.serve.freshness import Reread, check_sources
from pillowbook.flow.serve.keeping import Keeper
from pillowbook.flow.serve.likely import Likely
from pillowbook.flow.serve.questions import RecentVectors, Vector, clean_question, clean_typed
from pillowbook.flow.serve.related import related_questions
from pillowbook.flow.serve.standing import Standing
from pillowbook.flow.serve.withheld import leave_out, may_be_used
from pillowbook.host.workers import CancelToken
from pillowbook.store.knowledge import Knowledge
from pillowbook.store.library import Library
from pillowbook.store.words import WordIndex

log = logging.getLogger(__name__)

LIVE_DEADLINE_S = 120.0
COMPOSE_TRIES = 3
MIN_RELATED_SIMILARITY = 0.4
MIN_RESEMBLING = 0.6
"""A prepared question this near what is typed is worth offering, though its words are others (all-MiniLM-L6-v2)."""

MIN_SEARCH_SIMILARITY = 0.3
"""A passage without any of the words is shown from here on (all-MiniLM-L6-v2); there always is a nearest one."""


class Server:
    """Serves questions. Thread-safe as far as the stores and models are.

    Args:
        reread: tells what a changed document says, to see whether what was cited still stands in it.
        refresh: brings documents up to date with the disk now; what is read afterwards is what the files say.
        on_withdrawn: told of prepared answers withdrawn because their sources changed, so that they are made anew.
        permission: says which live answers may be kept as prepared ones.
        collections: answers questions about the notes as a whole; without it they are as any other.
        notice: told of documents found to differ from the vault while looking something up; it must not wait.
    """

    def __init__(
        self,
        *,
        matcher: Matcher,
        composer: Composer,
        adapter: Adapter,
        retriever: Retriever,
        library: Library,
        knowledge: Knowledge,
        words: WordIndex,
        clock: Clock,
        reread: Reread | None = None,
        refresh: Callable[[Sequence[str]], None] | None = None,
        on_withdrawn: Callable[[], None] | None = None,
        permission: Permission | None = None,
        collections: Collections | None = None,
        notice: Callable[[set[str]], None] | None = None,
    ) -> None:
        self._matcher = matcher
        self._collections = collections
        self._composer = composer
        self._retriever = retriever
        self._library = library
        self._knowledge = knowledge
        self._words = words
        self._clock = clock
        self._reread = reread
        self._refresh = refresh
        self._on_withdrawn = on_withdrawn
        self._checker = HitChecker(library=library, clock=clock, reread=reread)
        self._prepared_index = PreparedIndex(knowledge)
        self._recent = RecentVectors(retriever.embed)
        self._lately = AskedLately(vectors=self._recent, clock=clock)
        self._standing = Standing(library, reread=reread, notice=notice)
        self._likely = Likely(retriever=retriever, words=words, standing=self._standing)
        self._adapting = Adapting(
            adapter=adapter,
            retriever=retriever,
            library=library,
            knowledge=knowledge,
            reread=reread,
            bring_up_to_date=self._bring_up_to_date,
        )
        self._keeper = Keeper(library=library, knowledge=knowledge, permission=permission)
        self._ahead = ReadAhead(
            composer=composer,
            adapting=self._adapting,
            matcher=matcher,
            retriever=retriever,
            vectors=self._recent,
        )

    def ask(
        self,
        question: str,
        *,
        mode: AskMode = AskMode.AUTO,
        learn: bool = True,
        on_part: Callable[[AskPart], None] | None = None,
        cancel: CancelToken | None = None,
        after: Turn | None = None,
    ) -> Answer:
        """Answer a question.

        Args:
            mode: ``PREPARED_ONLY`` never generates, ``LIVE_ONLY`` never looks at what is prepared.
            learn: remember the question, so that an answer to it is kept ready.
            on_part: called on this thread with the likely passage and the live text as it grows.
            after: what was asked before; a question that leans on it is answered as it is understood.
        Raises:
            QuestionEmpty, QuestionTooLong; Cancelled; ModelMissing and the like when a live answer is needed.
        """
        began = self._clock.monotonic_s()
        question = clean_question(question)
        if understood := self._understood(question, after):
            answer = self.ask(understood, mode=mode, learn=learn, on_part=on_part, cancel=cancel)
            return replace(answer, question=question, understood_as=understood)
        self._ahead.give_way()
        asking = _Asking(question, mode, learn, on_part, cancel, began)
        if (collected := self._collect(asking, decided=False)) is not None:
            return collected
        found = _NOTHING if mode is AskMode.LIVE_ONLY else self._match(asking)
        if found.prepared is not None and self._checker.is_of_another_day(found.prepared):
            found = _NOTHING
        change_note = ""
        hit = self._checker.check_match(found)
        if hit is not None:
            if hit.may_be_shown:
                return self._record(asking, self._prepared_answer(asking, hit, found), hit.prepared.id)
            change_note = hit.report.change_note
            self._withdraw(hit.prepared.id)
            self._bring_up_to_date(source.document_id for source in hit.prepared.sources)
        if mode is AskMode.PREPARED_ONLY:
            return self._none(asking, found, change_note)
        if (collected := self._collect(asking, decided=True)) is not None:
            return replace(collected, change_note=change_note)
        return self._live(asking, found, change_note)

    def ask_without(
        self,
        question: str,
        without: frozenset[DocumentId],
        *,
        mode: AskMode = AskMode.AUTO,
        cancel: CancelToken | None = None,
    ) -> Answer:
        """Answer a question as if some documents were not there, nor what was made of them; nothing is remembered.

        Only ways that tell what they rest on, document by document, lead to such an answer: a prepared answer, or a
        live one from the passages. Raises what :meth:`ask` does.
        """
        began = self._clock.monotonic_s()
        question = clean_question(question)
        asking = _Asking(question, mode, False, None, cancel, began, without=without)
        found = leave_out(self._match(asking), without, self._knowledge)
        hit = self._checker.check_match(found)
        if hit is not None and hit.may_be_shown:
            return self._prepared_answer(asking, hit, found)
        if mode is AskMode.PREPARED_ONLY:
            return self._none(asking, found, "")
        asking.vector = self._recent.get(question)
        draft, freshness = self._compose(asking)
        return self._live_answer(asking, draft, freshness, found, "")

    def search(
        self, words: str, limit: int = 20, *, without: frozenset[DocumentId] = frozenset()
    ) -> SearchHits:
        """Passages by words and meaning; by words alone while the embedder is not there. None of ``without``."""
        began = self._clock.monotonic_s()
        words = clean_typed(words)
        ranked: list[tuple[Passage, float]] | None = None
        # Loading the embedder takes seconds: until then there are hits by words at once.
        with contextlib.suppress(Transient, UserFixable):
            if words and self._retriever.is_ready():
                vector = self._recent.get(words)
                ranked = [
                    (one.passage, one.score)
                    for one in self._retriever.retrieve(words, limit=limit, vector=vector, without=without)
                    if one.word_rank is not None or one.similarity >= MIN_SEARCH_SIMILARITY
                ]
        if ranked is None:
            ranked = [
                (passage, 1.0 / (60 + rank))
                for rank, passage in enumerate(self._retriever.by_words(words, limit=limit, without=without))
            ]
        asked = AskedWords.of(words)
        standing = {one.id for one in self._standing.of([passage for passage, _ in ranked])}
        hits = tuple(
            self._likely.hit(passage, score, asked, words)
            for passage, score in ranked
            if passage.id in standing
        )
        return SearchHits(hits, self._since_ms(began))

    def read_ahead(self, typed: str, cancel: CancelToken | None = None, after: Turn | None = None) -> None:
        """Read the prompt that what is typed would lead to, so that its answer begins at once; nothing is learned.

        Returns when it is read or another text took over; a text that is no question yet stops the reading.
        """
        self._ahead.read(self._understood(clean_typed(typed), after) or typed, cancel)

    def note_use(self, question: str) -> ServingId | None:
        """A prepared answer that stood there before Enter was used: that is asking, too. None when there is none."""
        question = clean_question(question)
        same = self._matcher.exact(question)
        if same is None:
            match = self._match_typed(question)
            same = match.prepared if match is not None and match.is_hit else None
        return None if same is None else self._remember(question, AnswerKind.HIT, 0.0, same.id, same)

    def complete(self, typed: str, *, limit: int = 5, after: Turn | None = None) -> list[Completion]:
        """Prepared questions that complete or resemble what is typed, best first.

        The first carries its answer when it is the answer.

        Args:
            after: what was asked before; what leans on it is looked up as it is understood.
        """
        began = self._clock.monotonic_s()
        typed = clean_typed(typed)
        understood = self._understood(typed, after)
        asked = understood or typed
        found = [
            Completion(one.question, 0.0, None)
            for one in self._prepared_index.complete(typed, limit=limit)
            if self._standing.holds(one)
        ]
        same = self._matcher.exact(asked) if asked else None
        match = None if same is not None else self._match_typed(asked)
        p_same = 1.0
        if match is not None:
            found += [
                Completion(one.prepared.question, one.p_same, None)
                for one in match.candidates
                if one.similarity >= MIN_RESEMBLING
                and one.prepared.answer
                and self._standing.holds(one.prepared)
            ]
            if match.is_hit:
                same, p_same = match.prepared, match.p_same
        found = list({one.question: one for one in found}.values())
        hit = None if same is None else self._checker.check(same, p_same)
        if same is None or hit is None:
            return found[:limit]
        rest = [one for one in found if one.question != same.question]
        if not hit.may_be_shown:
            return rest[:limit]
        asking = _Asking(asked, AskMode.PREPARED_ONLY, False, None, None, began)
        answer = self._prepared_answer(asking, hit, _NOTHING if match is None else match)
        answer = replace(answer, question=typed, understood_as=understood)
        return [Completion(same.question, p_same, answer), *rest][:limit]

    def _match_typed(self, typed: str) -> MatchResult | None:
        """What is prepared near what is typed so far; None while it is no question yet, or the embedder is loading."""
        if not is_worth_reading(typed):
            return None
        with contextlib.suppress(Transient, UserFixable):
            if self._retriever.is_ready():
                return self._matcher.match(typed, self._recent.get(typed))
        return None

    # -- the ways to an answer ---------------------------------------------------------------------------------

    def _collect(self, asking: "_Asking", *, decided: bool) -> Answer | None:
        """The answer to a question about the notes as a whole; None for any other.

        Args:
            decided: what was decided may be prepared, and is looked for there first; nothing else can be.
        """
        if self._collections is None or asking.mode is AskMode.PREPARED_ONLY:
            return None
        wanted = self._collections.read(asking.question)
        if wanted is None or wanted.changes_by_itself == decided:
            return None
        answer = self._collections.answer(asking.question, wanted)
        if answer is None:
            return None
        nearest = answer.nearest if answer.citations else self._nearest(asking)
        answer = replace(answer, latency_ms=self._since_ms(asking.began_s), nearest=nearest)
        return self._record(asking, answer, None)

    def _match(self, asking: "_Asking") -> MatchResult:
        exact = self._matcher.match(asking.question, None)
        if exact.is_hit:
            return exact
        self._show_likely(asking)
        try:
            asking.vector = self._recent.get(asking.question)
        except (Transient, UserFixable):
            if asking.mode is AskMode.AUTO:
                raise  # a live answer needs the embedder as well
            return exact
        return self._matcher.match(asking.question, asking.vector)

    def _show_likely(self, asking: "_Asking") -> None:
        """The likely passage at once, before any model has moved; a window may hold it back for a prepared answer."""
        if asking.on_part is None or asking.mode is AskMode.PREPARED_ONLY or asking.likely is not None:
            return
        asking.likely = self._likely.passage(asking.question, self._recent.known(asking.question))
        if asking.likely is not None:
            asking.on_part(asking.likely)

    def _show_nearest(self, asking: "_Asking", vector: Vector) -> None:
        """A better passage now that meanings can be compared, where there is one; a second before the model writes."""
        if asking.on_part is None:
            return
        nearest = self._likely.nearest(asking.question, vector)
        if nearest is not None and (asking.likely is None or nearest.citation != asking.likely.citation):
            asking.likely = nearest
            asking.on_part(nearest)

    def _live(self, asking: "_Asking", found: MatchResult, change_note: str) -> Answer:
        self._show_likely(asking)
        if asking.vector is None:
            asking.vector = self._recent.get(asking.question)
        self._show_nearest(asking, asking.vector)
        plan, adapted = self._adapt(asking, asking.vector, found)
        if plan is not None and adapted is not None and adapted.says_something:
            answer = self._live_answer(asking, adapted, Freshness.FRESH, found, change_note)
            answer = replace(answer, kind=AnswerKind.ADAPTED)
            if plan.prepared is not None:
                prepared = plan.prepared
                answer = replace(answer, matched_question=prepared.question, prepared_at=prepared.prepared_at)
            return self._record_and_keep(asking, answer, adapted, found)
        draft, freshness = self._compose(asking)
        if adapted is not None:
            draft = replace(draft, tokens=draft.tokens + adapted.tokens)  # the try is paid for all the same
        answer = self._live_answer(asking, draft, freshness, found, change_note)
        return self._record_and_keep(asking, answer, draft, found)

    def _adapt(
        self, asking: "_Asking", vector: Vector, found: MatchResult
    ) -> tuple[Plan | None, Draft | None]:
        """What was read for an adapted answer and what came of it, where that had a fair chance."""
        if asking.mode is not AskMode.AUTO or found.is_hit:
            return None, None
        plan = self._adapting.plan(asking.question, vector, found.candidates)
        if plan is not None and self._composer.compute(asking.question, vector=vector) is not None:
            return None, None  # the live answer is better, and costs no token either
        return plan, None if plan is None else self._adapting.answer(plan, asking.cancel)

    def _record_and_keep(self, asking: "_Asking", answer: Answer, draft: Draft, found: MatchResult) -> Answer:
        """Remember the question; what was sure and is fresh is an answer to be had at once from now on."""
        answer = self._record(asking, answer, None)
        if asking.learn and answer.freshness is Freshness.FRESH:
            with contextlib.suppress(DiskFull):
                self._keeper.keep(draft, answer.latency_ms / 1000.0, asking.vector, found.candidates)
        return answer

    def _compose(self, asking: "_Asking") -> tuple[Draft, Freshness | None]:
        """A live answer, and whether the files it rests on still say so: the index may be behind the disk.

        Documents that turn out changed are read anew for another try; what is behind the disk even then is left out.
        """
        on_part = asking.on_part
        without = asking.without
        for tries_left in reversed(range(COMPOSE_TRIES)):
            is_first = tries_left == COMPOSE_TRIES - 1
            draft = self._composer.answer(
                asking.question,
                effort=Effort.LIVE,
                deadline_s=LIVE_DEADLINE_S,
                on_text=(lambda delta: on_part(AnswerText(delta))) if on_part and is_first else None,
                cancel=asking.cancel,
                vector=asking.vector,
                without=without,
            )
            if not draft.says_something:
                return draft, None
            states = check_sources(
                sources_of(draft.citations, self._library), self._library, reread=self._reread
            )
            stale = {key for key, state in states.items() if state in (Freshness.CHANGED, Freshness.GONE)}
            # While the answer was written a document may have been read anew: then its fingerprint is that of the
            # file, but what the answer quotes is no longer in it.
            stale |= {one.document_id for one in draft.citations if not self._still_stands(one)}
            if not stale:
                is_sure = all(state is Freshness.FRESH for state in states.values()) and states
                return draft, Freshness.FRESH if is_sure else Freshness.UNCHECKED
            self._bring_up_to_date(stale)
            if tries_left == 1:
                without = asking.without | stale
        return replace(draft, answer="", citations=()), None

    def _still_stands(self, citation: Citation) -> bool:
        return any(
            passage.document_id == citation.document_id
            for passage in self._library.passages_by_hash(citation.passage_hash)
        )

    def _bring_up_to_date(self, documents: Iterable[DocumentId]) -> None:
        if self._refresh is None:
            return
        paths: list[str] = []
        for document_id in documents:
            with contextlib.suppress(DocumentUnknown):
                paths.append(self._library.document(document_id).path)
        self._refresh(paths)

    def _none(self, asking: "_Asking", found: MatchResult, change_note: str) -> Answer:
        answer = Answer(
            question=asking.question,
            answer="",
            kind=AnswerKind.NONE,
            freshness=None,
            confidence=0.0,
            matched_question=None,
            prepared_at=None,
            checked_at=None,
            latency_ms=self._since_ms(asking.began_s),
            first_token_ms=None,
            tokens=Tokens(),
            model="",
            effort=None,
            citations=(),
            related=self._related(asking, None, found),
            change_note=change_note,
            nearest=self._nearest(asking),
        )
        return self._record(asking, answer, None)

    def _live_answer(
        self,
        asking: "_Asking",
        draft: Draft,
        freshness: Freshness | None,
        found: MatchResult,
        change_note: str,
    ) -> Answer:
        return Answer(
            question=asking.question,
            answer=draft.answer,
            kind=AnswerKind.LIVE if draft.says_something else AnswerKind.NONE,
            freshness=freshness,
            confidence=draft.confidence,
            matched_question=None,
            prepared_at=None,
            checked_at=self._clock.now() if freshness is Freshness.FRESH else None,
            latency_ms=self._since_ms(asking.began_s),
            first_token_ms=draft.first_token_ms,
            tokens=draft.tokens,
            model=draft.model,
            effort=draft.effort,
            citations=draft.citations,
            related=self._related(asking, draft, found),
            change_note=change_note,
            nearest=draft.nearest if draft.answer or not asking.without else self._nearest(asking),
            checked_files=len({one.document_id for one in draft.citations})
            if freshness is Freshness.FRESH
            else 0,
        )

    def _prepared_answer(self, asking: "_Asking", hit: CheckedHit, found: MatchResult) -> Answer:
        prepared, report = hit.prepared, hit.report
        nearest: tuple[Citation, ...] = ()
        if prepared.answer or not asking.without:
            nearest = self._standing.cited(prepared.new_evidence)
        if not prepared.answer:
            nearest = nearest or self._nearest(asking)
        return Answer(
            question=asking.question,
            answer=prepared.answer,
            kind=AnswerKind.HIT if prepared.answer else AnswerKind.NONE,
            freshness=report.freshness,
            confidence=round((1.0 if prepared.edited_at else prepared.confidence) * hit.p_same, 3),
            matched_question=prepared.question,
            prepared_at=prepared.prepared_at,
            checked_at=None if report.freshness is Freshness.UNCHECKED else report.checked_at,
            latency_ms=self._since_ms(asking.began_s),
            first_token_ms=None,
            tokens=Tokens(),
            model=prepared.model,
            effort=prepared.effort,
            citations=prepared.citations,
            related=self._related(asking, prepared, found),
            change_note=report.change_note,
            prepared_id=prepared.id,
            is_edited=prepared.edited_at is not None,
            is_pinned=prepared.is_pinned,
            checked_files=report.checked_files,
            nearest=nearest,
        )

    # -- around it ---------------------------------------------------------------------------------------------

    def _understood(self, question: str, after: Turn | None) -> str:
        """A question that leans on the one before it, as one that stands alone; empty where it does not."""
        if after is not None and not after.answer:
            known = self._matcher.exact(after.question)
            if known is not None and known.answer:
                titles = [one.title for one in known.citations]
                after = Turn(after.question, known.answer, titles[0] if titles else "")
        return standing_alone(question, after)

    def _related(
        self, asking: "_Asking", said: PreparedAnswer | Draft | None, found: MatchResult
    ) -> tuple[Related, ...]:
        """What is prepared and may be asked next; nothing that rests on or was drawn from what is left out."""
        without = asking.without
        return related_questions(
            self._knowledge,
            asked=(asking.question, said.question) if said is not None else (asking.question,),
            answer="" if said is None else said.answer,
            citations=() if said is None else said.citations,
            near=[one.prepared for one in found.candidates if one.similarity >= MIN_RELATED_SIMILARITY],
            may_be_used=lambda one: not without or may_be_used(one, without, self._knowledge),
        )

    def _withdraw(self, prepared_id: PreparedId) -> None:
        self._knowledge.withdraw([prepared_id])
        log.info("prepared answer withdrawn", extra=facts(prepared=int(prepared_id)))
        if self._on_withdrawn is not None:
            self._on_withdrawn()

    def _record(self, asking: "_Asking", answer: Answer, matched: PreparedId | None) -> Answer:
        """Remember the question, where that is wished; the answer as it is served then names its serving."""
        if not asking.learn:
            return answer
        serving_id = self._remember(
            asking.question, answer.kind, answer.latency_ms, matched, answer, asking.vector
        )
        return replace(answer, serving_id=serving_id)

    def _remember(
        self,
        question: str,
        kind: AnswerKind,
        latency_ms: float,
        matched: PreparedId | None,
        said: Answer | PreparedAnswer,
        vector: Vector | None = None,
    ) -> ServingId | None:
        normal = normalise_question(question)
        if not normal:
            return None
        is_kept = not is_confidential(question, said.answer, said.citations)
        try:
            if matched is None:
                self._knowledge.add_question(question, normal, Reason.MISSED, vector=vector)
            serving_id = self._knowledge.record_asked(
                normal,
                question,
                kind,
                latency_ms,
                matched,
                answer=said.answer if is_kept else "",
                documents=tuple(dict.fromkeys(one.document_id for one in said.citations)),
            )
            earlier = self._lately.note(serving_id, question, normal)
            if earlier is not None:
                self._knowledge.remembered.note_asked_again(earlier, serving_id)
            return serving_id
        except DiskFull:
            log.warning("question not remembered, the disk is full")  # the answer is there all the same
            return None

    def _nearest(self, asking: "_Asking") -> tuple[Citation, ...]:
        likely = self._likely.passage(asking.question, self._recent.known(asking.question), asking.without)
        return () if likely is None else (likely.citation,)

    def _since_ms(self, began_s: float) -> float:
        return round((self._clock.monotonic_s() - began_s) * 1000.0, 1)


_NOTHING = MatchResult(None, 0.0, False, ("live-only",), ())


@dataclass(slots=True)
class _Asking:
    question: str
    mode: AskMode
    learn: bool
    on_part: Callable[[AskPart], None] | None
    cancel: CancelToken | None
    began_s: float
    vector: Vector | None = None
    likely: LikelyPassage | None = None
    without: frozenset[DocumentId] = frozenset()
