"""Live answers: adapted from what is known where that has a fair chance, else from what a retrieval finds.

What is read is held against the files before it is written from, and what is cited once more after that: only what they
bear out is shown as fresh, and text that was streamed meanwhile is withdrawn. What is sure and fresh is kept.
"""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from pillowbook.answering.adapt import Plan
from pillowbook.answering.compose import Composer
from pillowbook.answering.match import MatchResult
from pillowbook.answering.sources import sources_of, still_stands
from pillowbook.domain.answers import Answer, Citation, Draft, Effort, Freshness, Tokens
from pillowbook.domain.asking import AnswerText, AskMode, AskPart
from pillowbook.domain.errors import DiskFull
from pillowbook.domain.ids import DocumentId
from pillowbook.flow.serve.adapted import Adapting
from pillowbook.flow.serve.asking import Asking
from pillowbook.flow.serve.freshness import Reread, check_sources
from pillowbook.flow.serve.keeping import Keeper
from pillowbook.flow.serve.likely import Likely
from pillowbook.flow.serve.questions import RecentVectors, Vector
from pillowbook.flow.serve.refreshing import Refresher
from pillowbook.flow.serve.remembering import Remembering
from pillowbook.flow.serve.replies import Replies
from pillowbook.store.library import Library

DEADLINE_S: Final = 120.0
TRIES: Final = 3


class LiveAnswers:
    """Makes answers while somebody waits. Thread-safe as far as the stores and models are."""

    def __init__(
        self,
        *,
        composer: Composer,
        adapting: Adapting,
        likely: Likely,
        replies: Replies,
        remembering: Remembering,
        keeper: Keeper,
        vectors: RecentVectors,
        library: Library,
        refresher: Refresher,
        reread: Reread | None = None,
    ) -> None:
        self._composer = composer
        self._adapting = adapting
        self._likely = likely
        self._replies = replies
        self._remembering = remembering
        self._keeper = keeper
        self._vectors = vectors
        self._library = library
        self._refresher = refresher
        self._reread = reread

    def answer(self, asking: Asking, found: MatchResult, change_note: str) -> Answer:
        """The answer, remembered and kept where that is wished and it is good enough.

        Args:
            found: what is prepared near it.
            change_note: of a prepared answer that was withdrawn for this one.
        Raises:
            Cancelled, ModelMissing and the like: as the generator and the embedder do.
        """
        self._likely.show(asking)
        if asking.vector is None:
            asking.vector = self._vectors.get(asking.question)
        self._likely.show_nearest(asking, asking.vector)
        plan, adapted = self._adapt(asking, asking.vector, found)
        if plan is not None and adapted is not None and adapted.says_something:
            answer = self._replies.adapted(asking, adapted, plan, found, change_note)
            return self._remember_and_keep(asking, answer, adapted, found)
        draft, freshness = self._compose(asking)
        if adapted is not None:
            draft = replace(draft, tokens=draft.tokens + adapted.tokens)  # the try is paid for all the same
        answer = self._replies.live(asking, draft, freshness, found, change_note)
        return self._remember_and_keep(asking, answer, draft, found)

    def answer_from_passages(self, asking: Asking, found: MatchResult) -> Answer:
        """The answer from passages alone, for a question that leaves out documents; nothing is remembered or kept."""
        asking.vector = self._vectors.get(asking.question)
        draft, freshness = self._compose(asking)
        return self._replies.live(asking, draft, freshness, found, "")

    def _adapt(self, asking: Asking, vector: Vector, found: MatchResult) -> tuple[Plan | None, Draft | None]:
        """What was read for an adapted answer and what came of it, where that had a fair chance."""
        if asking.mode is not AskMode.AUTO or found.is_hit:
            return None, None
        plan = self._adapting.plan(asking.question, vector, found.candidates)
        if plan is not None and self._composer.compute(asking.question, vector=vector) is not None:
            return None, None  # the live answer is better, and costs no token either
        return plan, None if plan is None else self._adapting.answer(plan, asking.cancel)

    def _remember_and_keep(self, asking: Asking, answer: Answer, draft: Draft, found: MatchResult) -> Answer:
        """Remember the question; what was sure and is fresh is an answer to be had at once from now on."""
        answer = self._remembering.served(asking, answer)
        if asking.learn and answer.freshness is Freshness.FRESH:
            with contextlib.suppress(DiskFull):
                self._keeper.keep(draft, answer.latency_ms / 1000.0, asking.vector, found.candidates)
        return answer

    def _compose(self, asking: Asking) -> tuple[Draft, Freshness | None]:
        """A live answer, and whether the files it rests on still say so: the index may be behind the disk.

        Documents that turn out changed are read anew for another try; what is behind the disk even then is left out.
        """
        shown = _LiveText(asking.on_part) if asking.on_part else None
        without = asking.without
        spent = Tokens()
        for tries_left in reversed(range(TRIES)):
            try:
                draft = self._composer.answer(
                    asking.question,
                    effort=Effort.LIVE,
                    deadline_s=DEADLINE_S,
                    on_text=shown.take if shown else None,
                    cancel=asking.cancel,
                    vector=asking.vector,
                    without=without,
                    on_read=self._raise_if_outdated if tries_left else None,
                )
            except _Outdated as outdated:
                stale = outdated.documents
            else:
                draft = replace(
                    draft, tokens=draft.tokens + spent
                )  # tries before it are paid for all the same
                spent = draft.tokens
                if not draft.says_something:
                    return draft, None
                states, stale = self._check(draft.rests_on)
                if not stale:
                    is_sure = all(state is Freshness.FRESH for state in states.values()) and states
                    return draft, Freshness.FRESH if is_sure else Freshness.UNCHECKED
            if shown and tries_left:
                shown.withdraw()
            self._refresher.bring_up_to_date(stale)
            if tries_left == 1:
                without = asking.without | stale
        return replace(draft, answer="", citations=(), uncited=()), None

    def _raise_if_outdated(self, read: Sequence[Citation]) -> None:
        """Nothing is written from passages that the files no longer hold."""
        stale = self._check(read)[1]
        if stale:
            raise _Outdated(stale)

    def _check(self, cited: Sequence[Citation]) -> tuple[dict[DocumentId, Freshness], set[DocumentId]]:
        """What is known now of each document, and those that no longer say what is cited."""
        states = check_sources(sources_of(cited, self._library), self._library, reread=self._reread)
        stale = {key for key, state in states.items() if state in (Freshness.CHANGED, Freshness.GONE)}
        # A document may have been read anew meanwhile: then its fingerprint is that of the file, but what is cited is
        # no longer in it.
        return states, stale | {one.document_id for one in cited if not still_stands(one, self._library)}


class _Outdated(Exception):
    """What was found does not stand in the files any more; never leaves this module."""

    def __init__(self, documents: set[DocumentId]) -> None:
        super().__init__()
        self.documents = documents


class _LiveText:
    """What is shown of an answer while it is written."""

    def __init__(self, on_part: Callable[[AskPart], None]) -> None:
        self._on_part = on_part
        self._is_shown = False

    def take(self, delta: str) -> None:
        self._is_shown = True
        self._on_part(AnswerText(delta))

    def withdraw(self) -> None:
        """Take back what was shown: it rests on what the files no longer say."""
        if self._is_shown:
            self._is_shown = False
            self._on_part(AnswerText("", restart=True))
