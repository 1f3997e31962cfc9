"""While something is typed: prepared questions that complete or resemble it, and the answer where it is there."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Final

from pillowbook.answering.match import Matcher, MatchResult, PreparedIndex
from pillowbook.answering.retrieve import Retriever
from pillowbook.domain.answers import PreparedAnswer
from pillowbook.domain.asking import Completion
from pillowbook.domain.errors import Transient, UserFixable
from pillowbook.flow.serve.ahead import is_worth_reading
from pillowbook.flow.serve.asking import NOT_MATCHED, Asking
from pillowbook.flow.serve.checking import HitChecker
from pillowbook.flow.serve.questions import RecentVectors
from pillowbook.flow.serve.replies import Replies
from pillowbook.flow.serve.standing import Standing

MIN_RESEMBLING: Final = 0.6
"""A prepared question this near what is typed is worth offering, though its words are others (all-MiniLM-L6-v2)."""


class Completing:
    """Completes what is typed. Thread-safe as far as the stores and the embedder are."""

    def __init__(
        self,
        *,
        matcher: Matcher,
        index: PreparedIndex,
        retriever: Retriever,
        vectors: RecentVectors,
        checker: HitChecker,
        standing: Standing,
        replies: Replies,
    ) -> None:
        self._matcher = matcher
        self._index = index
        self._retriever = retriever
        self._vectors = vectors
        self._checker = checker
        self._standing = standing
        self._replies = replies

    def complete(self, typed: str, understood: str, limit: int, began_s: float) -> list[Completion]:
        """At most ``limit`` prepared questions, best first; the first carries its answer when it is the answer.

        Args:
            typed: cleaned.
            understood: what is typed as a question that stands alone, where it leans on another; empty otherwise.
            limit: 1 or more.
            began_s: when this was called for, by the monotonic clock.
        """
        asking = Asking(understood or typed, began_s)
        begun = self._index.complete(typed, limit=limit)
        same, p_same, near = self._match(asking.question)
        offers = _offers(begun, near)
        hit = None if same is None else self._checker.check(same, p_same)
        first: list[Completion] = []
        if hit is not None:
            offers.pop(hit.prepared.question, None)
            if hit.may_be_shown:
                answer = self._replies.prepared(asking, hit, near)
                answer = replace(answer, question=typed, understood_as=understood)
                first.append(Completion(hit.prepared.question, p_same, answer))
        return [*first, *islice(self._holding(offers), limit - len(first))]

    def find_typed(self, question: str) -> PreparedAnswer | None:
        """The prepared answer that stands there for what is typed, as far as matching goes; no file is looked at."""
        return self._match(question)[0]

    def _match(self, typed: str) -> tuple[PreparedAnswer | None, float, MatchResult]:
        """What is prepared for what is typed, P(it is the answer), and what is prepared near it.

        Nothing is near while it is no question yet, or the embedder is loading.
        """
        same = self._matcher.exact(typed) if typed else None
        if same is not None:
            return same, 1.0, NOT_MATCHED
        if is_worth_reading(typed):
            with contextlib.suppress(Transient, UserFixable):
                if self._retriever.is_ready():
                    found = self._matcher.match(typed, self._vectors.get(typed))
                    return (found.prepared if found.is_hit else None), found.p_same, found
        return None, 0.0, NOT_MATCHED

    def _holding(self, offers: dict[str, "_Offer"]) -> Iterator[Completion]:
        """Those of today that their files bear out. Lazily: each look reads files, at every key press."""
        for prepared, p_same in offers.values():
            if not self._checker.is_of_another_day(prepared) and self._standing.holds(prepared):
                yield Completion(prepared.question, p_same, None)


_Offer = tuple[PreparedAnswer, float]


def _offers(begun: list[PreparedAnswer], near: MatchResult) -> dict[str, _Offer]:
    """What completes it first, then what resembles it; each question once, with P(same answer) where that is known."""
    offers: dict[str, _Offer] = {one.question: (one, 0.0) for one in begun}
    for one in near.candidates:
        if one.similarity >= MIN_RESEMBLING and one.prepared.answer:
            offers[one.prepared.question] = (one.prepared, one.p_same)
    return offers
