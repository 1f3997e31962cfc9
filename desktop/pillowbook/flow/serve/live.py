"""Live answers: adapted from what is known where that has a fair chance, else from what a retrieval finds.

What is read is held against the files before it is written from, and what is cited once more after that: only what they
bear out is shown as fresh, and text that was streamed meanwhile is withdrawn. What is sure and fresh is kept. A note
that changed and cannot be read anew in time is left out, and the answer says so.
"""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from pillowbook.answering.adapt import Plan
from pillowbook.answering.compose import Composer
from pillowbook.answering.match import MatchResult
from pillowbook.answering.sources import sources_of, still_stands
from pillowbook.domain.answers import Answer, Citation, Draft, Effort, Freshness, Source, Tokens
from pillowbook.domain.asking import AnswerText, AskMode, AskPart
from pillowbook.domain.errors import DiskFull, DocumentUnknown, NotesChanging
from pillowbook.domain.ids import DocumentId, PassageId
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
LEFT_OUT: Final = "What a changed note says now could not be read yet, so it is left out."


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
            NotesChanging: what it would rest on changed and could not be read anew.
            Cancelled, ModelMissing and the like: as the generator and the embedder do.
        """
        self._likely.show(asking)
        if asking.vector is None:
            asking.vector = self._vectors.get(asking.question)
        self._likely.show_nearest(asking, asking.vector)
        since = self._library.newest_passage()
        plan, adapted = self._adapt(asking, asking.vector, found)
        if plan is not None and adapted is not None and adapted.says_something:
            answer = self._replies.adapted(asking, adapted, plan, found, change_note)
            return self._remember_and_keep(asking, answer, adapted, found, since)
        made = self._compose(asking)
        draft = made.draft
        if adapted is not None:
            draft = replace(draft, tokens=draft.tokens + adapted.tokens)  # the try is paid for all the same
        note = " ".join(filter(None, (change_note, made.remark)))
        answer = self._replies.live(asking, draft, made.freshness, found, note)
        return self._remember_and_keep(asking, answer, draft, found, made.since)

    def answer_from_passages(self, asking: Asking, found: MatchResult) -> Answer:
        """The answer from passages alone, for a question that leaves out documents; nothing is remembered or kept."""
        asking.vector = self._vectors.get(asking.question)
        made = self._compose(asking)
        return self._replies.live(asking, made.draft, made.freshness, found, made.remark)

    def _adapt(self, asking: Asking, vector: Vector, found: MatchResult) -> tuple[Plan | None, Draft | None]:
        """What was read for an adapted answer and what came of it, where that had a fair chance."""
        if asking.mode is not AskMode.AUTO or found.is_hit:
            return None, None
        plan = self._adapting.plan(asking.question, vector, found.candidates)
        if plan is None:
            return None, None
        if self._composer.compute(asking.question, vector=vector) is not None:
            return None, None  # the live answer is better, and costs no token either
        return plan, self._adapting.answer(plan, asking.cancel, origins=self._remembering.origins(asking))

    def _remember_and_keep(
        self, asking: Asking, answer: Answer, draft: Draft, found: MatchResult, since: PassageId
    ) -> Answer:
        """Remember the question; what was sure and is fresh is an answer to be had at once from now on."""
        answer = self._remembering.served(asking, answer)
        if asking.learn and answer.freshness is Freshness.FRESH:
            with contextlib.suppress(DiskFull):
                seconds = answer.latency_ms / 1000.0
                self._keeper.keep(draft, seconds, asking.vector, found.candidates, since)
        return answer

    def _compose(self, asking: Asking) -> "_Made":
        """A live answer, held against the files it rests on: the index may be behind the disk.

        Documents that turn out changed are read anew for another try. What is behind the disk even then is left out,
        which is said: it may say otherwise, so such an answer is not called fresh, and a refusal is none.

        Raises:
            NotesChanging: what could be read gave no answer that the files bear out.
        """
        shown = _LiveText(asking.on_part) if asking.on_part else None
        outdated: set[DocumentId] = set()
        without, behind = asking.without, set[DocumentId]()
        spent = Tokens()
        origins = self._remembering.origins(asking)
        for tries_left in reversed(range(TRIES)):
            since = self._library.newest_passage()
            try:
                draft = self._composer.answer(
                    asking.question,
                    effort=Effort.LIVE,
                    deadline_s=DEADLINE_S,
                    on_text=shown.take if shown else None,
                    cancel=asking.cancel,
                    vector=asking.vector,
                    without=without,
                    origins=origins,
                    on_read=partial(self._sift, may_try_again=bool(tries_left), behind=behind),
                )
            except _Outdated as found:
                stale = found.documents
            else:
                draft = replace(
                    draft, tokens=draft.tokens + spent
                )  # tries before it are paid for all the same
                spent = draft.tokens
                if not draft.says_something:
                    if behind:
                        break
                    return _Made(draft, None, "", since)
                states, stale = self._check(draft.rests_on)
                if not stale:
                    is_sure = states and all(state is Freshness.FRESH for state in states.values())
                    freshness = Freshness.FRESH if is_sure and not behind else Freshness.UNCHECKED
                    return _Made(draft, freshness, LEFT_OUT if behind else "", since)
            if shown and tries_left:
                shown.withdraw()
            self._refresher.bring_up_to_date(stale)
            outdated |= stale
            if tries_left == 1:
                now = {one: self._state_of(one) for one in outdated}
                behind = {one for one, state in now.items() if state is Freshness.CHANGED}
                # What is gone says nothing any more, though the index does not know it yet.
                without |= behind | {one for one, state in now.items() if state is Freshness.GONE}
        if shown:
            shown.withdraw()
        raise NotesChanging()

    def _sift(self, read: Sequence[Citation], *, may_try_again: bool, behind: set[DocumentId]) -> None:
        """Nothing is written from passages that the files no longer hold, but at the last try: then it is noted."""
        states, stale = self._check(read)
        if stale and may_try_again:
            raise _Outdated(stale)
        behind.update(one for one in stale if states.get(one) is not Freshness.GONE)

    def _state_of(self, document_id: DocumentId) -> Freshness | None:
        """Whether a file still says all that the vault has of it; None of what the vault does not know any more."""
        try:
            document = self._library.document(document_id)
        except DocumentUnknown:
            return None
        if document.fingerprint is None:
            return None
        hashes = tuple(passage.content_hash for passage in self._library.passages(document_id))
        source = Source(document_id, document.path, document.fingerprint, hashes)
        return check_sources([source], self._library, reread=self._reread)[document_id]

    def _check(self, cited: Sequence[Citation]) -> tuple[dict[DocumentId, Freshness], set[DocumentId]]:
        """What is known now of each document, and those that no longer say what is cited."""
        states = check_sources(sources_of(cited, self._library), self._library, reread=self._reread)
        stale = {key for key, state in states.items() if state in (Freshness.CHANGED, Freshness.GONE)}
        # A document may have been read anew meanwhile: then its fingerprint is that of the file, but what is cited is
        # no longer in it.
        return states, stale | {one.document_id for one in cited if not still_stands(one, self._library)}


@dataclass(frozen=True, slots=True)
class _Made:
    """A live answer, what its files say of it, what is said beside it, and the newest passage it can have read."""

    draft: Draft
    freshness: Freshness | None
    remark: str
    since: PassageId


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
