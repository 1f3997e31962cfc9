"""Asking: the prepared answer when it is the answer and still true, else a live one, and always the likely passage."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from pillowbook.answering.adapt import Adapter
from pillowbook.answering.collection_questions import CollectionQuestion
from pillowbook.answering.compose import Composer
from pillowbook.answering.followup import names_something, standing_alone
from pillowbook.answering.match import Matcher, MatchResult, PreparedIndex
from pillowbook.answering.new_evidence import NewEvidence
from pillowbook.answering.pairs import normalise_question
from pillowbook.answering.permission import Permission
from pillowbook.answering.retrieve import Retriever
from pillowbook.domain.answers import Answer
from pillowbook.domain.asking import AskMode, AskPart, Completion, SearchHits, Turn
from pillowbook.domain.clock import Clock
from pillowbook.domain.errors import Transient, UserFixable
from pillowbook.domain.facts import facts
from pillowbook.domain.ids import DocumentId, ServingId
from pillowbook.flow.serve.adapted import Adapting
from pillowbook.flow.serve.again import AskedLately
from pillowbook.flow.serve.ahead import ReadAhead
from pillowbook.flow.serve.asking import NOT_MATCHED, Asking
from pillowbook.flow.serve.checking import CheckedHit, HitChecker
from pillowbook.flow.serve.collections import Collections
from pillowbook.flow.serve.completing import Completing
from pillowbook.flow.serve.freshness import Reread
from pillowbook.flow.serve.keeping import Keeper
from pillowbook.flow.serve.likely import Likely
from pillowbook.flow.serve.live import LiveAnswers
from pillowbook.flow.serve.questions import RecentVectors, clean_question, clean_typed
from pillowbook.flow.serve.refreshing import Refresher
from pillowbook.flow.serve.remembering import Remembering
from pillowbook.flow.serve.replies import Replies
from pillowbook.flow.serve.searching import Searching
from pillowbook.flow.serve.standing import Standing
from pillowbook.flow.serve.withheld import leave_out
from pillowbook.host.workers import CancelToken
from pillowbook.store.knowledge import Knowledge
from pillowbook.store.library import Library
from pillowbook.store.words import WordIndex

log = logging.getLogger(__name__)


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
        evidence: NewEvidence,
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
        self._knowledge = knowledge
        self._clock = clock
        self._on_withdrawn = on_withdrawn
        self._vectors = RecentVectors(retriever.embed)
        self._refresher = Refresher(library, refresh)
        self._checker = HitChecker(library=library, clock=clock, reread=reread)
        standing = Standing(library, reread=reread, notice=notice)
        self._likely = Likely(retriever=retriever, words=words, standing=standing, vectors=self._vectors)
        self._replies = Replies(
            knowledge=knowledge, likely=self._likely, standing=standing, checker=self._checker, clock=clock
        )
        self._remembering = Remembering(
            knowledge=knowledge, lately=AskedLately(vectors=self._vectors, clock=clock)
        )
        adapting = Adapting(
            adapter=adapter,
            retriever=retriever,
            library=library,
            knowledge=knowledge,
            reread=reread,
            refresher=self._refresher,
        )
        self._live = LiveAnswers(
            composer=composer,
            adapting=adapting,
            likely=self._likely,
            replies=self._replies,
            remembering=self._remembering,
            keeper=Keeper(
                library=library,
                knowledge=knowledge,
                evidence=evidence,
                is_of_another_day=self._checker.is_of_another_day,
                permission=permission,
            ),
            vectors=self._vectors,
            library=library,
            refresher=self._refresher,
            reread=reread,
        )
        self._ahead = ReadAhead(
            composer=composer,
            adapting=adapting,
            matcher=matcher,
            retriever=retriever,
            vectors=self._vectors,
            is_of_another_day=self._checker.is_of_another_day,
        )
        self._completing = Completing(
            matcher=matcher,
            index=PreparedIndex(knowledge),
            retriever=retriever,
            vectors=self._vectors,
            checker=self._checker,
            standing=standing,
            replies=self._replies,
        )
        self._searching = Searching(
            retriever=retriever,
            likely=self._likely,
            standing=standing,
            vectors=self._vectors,
            clock=clock,
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
            QuestionEmpty, QuestionTooLong; NotesChanging; Cancelled; ModelMissing and the like when a live answer is
                needed.
        """
        began = self._clock.monotonic_s()
        question = clean_question(question)
        before = self._recalled(after)
        understood = self._understood(question, before)
        if before is None or not understood:
            return self._answer(Asking(question, began, mode, learn, on_part, cancel))
        asking = Asking(clean_question(understood), began, mode, learn, on_part, cancel)
        asking.words_of = frozenset(before.documents)
        answer = self._answer(asking)
        return _leaning(replace(answer, question=question, understood_as=understood), before)

    def _answer(self, asking: Asking) -> Answer:
        self._ahead.give_way()
        mode = asking.mode
        wanted = self._wanted(asking)
        comes_first = wanted is not None and wanted.changes_by_itself and not self._is_prepared(asking)
        if comes_first and (collected := self._collect(asking, wanted)) is not None:
            return collected
        found = NOT_MATCHED if mode is AskMode.LIVE_ONLY else self._match(asking)
        change_note = ""
        hit = self._checker.check_match(found)
        if hit is not None:
            if hit.may_be_shown:
                return self._remembering.served(asking, self._replies.prepared(asking, hit, found))
            change_note = hit.report.change_note
            self._withdraw(hit)
        if mode is AskMode.PREPARED_ONLY:
            return self._remembering.served(asking, self._replies.none(asking, found, change_note))
        if not comes_first and (collected := self._collect(asking, wanted)) is not None:
            return replace(collected, change_note=change_note)
        return self._live.answer(asking, found, change_note)

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
        asking = Asking(clean_question(question), began, mode, cancel=cancel, without=without)
        found = leave_out(self._match(asking), without, self._knowledge)
        hit = self._checker.check_match(found)
        if hit is not None and hit.may_be_shown:
            return self._replies.prepared(asking, hit, found)
        if mode is AskMode.PREPARED_ONLY:
            return self._replies.none(asking, found, "")
        return self._live.answer_from_passages(asking, found)

    def search(
        self, words: str, limit: int = 20, *, without: frozenset[DocumentId] = frozenset()
    ) -> SearchHits:
        """Passages by words and meaning; by words alone while the embedder is not there. None of ``without``."""
        return self._searching.search(words, limit, without)

    def read_ahead(self, typed: str, cancel: CancelToken | None = None, after: Turn | None = None) -> None:
        """Read the prompt that what is typed would lead to, so that its answer begins at once; nothing is learned.

        Returns when it is read or another text took over; a text that is no question yet stops the reading.
        """
        self._ahead.read(self._understood(clean_typed(typed), self._recalled(after)) or typed, cancel)

    def note_use(self, question: str) -> ServingId | None:
        """A prepared answer that stood there before Enter was used: that is asking, too. None when there is none."""
        question = clean_question(question)
        same = self._completing.find_typed(question)
        return None if same is None else self._remembering.used(question, same)

    def complete(self, typed: str, *, limit: int = 5, after: Turn | None = None) -> list[Completion]:
        """Prepared questions that complete or resemble what is typed, best first.

        The first carries its answer when it is the answer.

        Args:
            limit: 1 or more.
            after: what was asked before; what leans on it is looked up as it is understood.
        """
        began = self._clock.monotonic_s()
        typed = clean_typed(typed)
        before = self._recalled(after)
        understood = self._understood(typed, before)
        found = self._completing.complete(typed, understood, limit, began)
        if before is None or not understood:
            return found
        return [
            one if one.answer is None else replace(one, answer=_leaning(one.answer, before)) for one in found
        ]

    def _recalled(self, after: Turn | None) -> Turn | None:
        """What was asked before, with what was answered where only the question is told and its answer is prepared."""
        if after is None:
            return None
        documents = {*after.documents, *self._knowledge.origins_of(normalise_question(after.question))}
        known = None if after.answer else self._matcher.exact(after.question)
        if known is not None and known.answer:
            title = known.citations[0].title if known.citations else ""
            documents |= {one.document_id for one in known.sources}
            documents |= {one.document_id for one in known.citations}
            after = Turn(after.question, known.answer, title)
        return replace(after, documents=tuple(documents))

    def _understood(self, question: str, before: Turn | None) -> str:
        """A question that leans on the one before it, as one that stands alone; empty where it does not.

        What is prepared in these very words stands alone, unless they name nothing: "how much is it?" may have been
        asked with nothing before it.
        """
        understood = standing_alone(question, before)
        if understood and names_something(question):
            same = self._matcher.exact(question)
            if same is not None and same.answer:
                return ""
        return understood

    def _wanted(self, asking: Asking) -> CollectionQuestion | None:
        """What a question wants of the notes as a whole; None for any other, and where nothing may be computed."""
        if self._collections is None or asking.mode is AskMode.PREPARED_ONLY:
            return None
        return self._collections.read(asking.question)

    def _is_prepared(self, asking: Asking) -> bool:
        """Whether an answer to these very words is prepared, for today: it goes before a list."""
        if asking.mode is AskMode.LIVE_ONLY:
            return False
        same = self._matcher.exact(asking.question)
        return same is not None and bool(same.answer) and not self._checker.is_of_another_day(same)

    def _collect(self, asking: Asking, wanted: CollectionQuestion | None) -> Answer | None:
        """The answer to a question about the notes as a whole; None where it is none, or a note may say more."""
        if self._collections is None or wanted is None:
            return None
        answer = self._collections.answer(asking.question, wanted)
        if answer is None:
            return None
        return self._remembering.served(asking, self._replies.collected(asking, answer))

    def _match(self, asking: Asking) -> MatchResult:
        exact = self._matcher.match(asking.question, None, pass_over=self._checker.is_of_another_day)
        if exact.is_hit:
            return exact
        self._likely.show(asking)
        try:
            asking.vector = self._vectors.get(asking.question)
        except (Transient, UserFixable):
            if asking.mode is AskMode.AUTO:
                raise  # a live answer needs the embedder as well
            return exact
        return self._matcher.match(asking.question, asking.vector, pass_over=self._checker.is_of_another_day)

    def _withdraw(self, hit: CheckedHit) -> None:
        """Take away a prepared answer that its files no longer bear out, and read them anew."""
        self._knowledge.withdraw([hit.prepared.id])
        log.info("prepared answer withdrawn", extra=facts(prepared=int(hit.prepared.id)))
        if self._on_withdrawn is not None:
            self._on_withdrawn()
        self._refresher.bring_up_to_date(source.document_id for source in hit.prepared.sources)


def _leaning(answer: Answer, before: Turn) -> Answer:
    """An answer that was understood by the turn before: what is asked next may lean on the words of both."""
    documents = dict.fromkeys((*answer.document_ids, *before.documents))
    return replace(answer, document_ids=tuple(documents))
