"""Reading ahead: while a question is typed, the prompt it would lead to is read, so that its answer begins at once.

Nothing of it counts as asked. A newer text takes over only where it leads to other units: reading on is worth more
than beginning anew, since a batch that is broken off is lost. The generator lets every question that is really asked
go first, so asking need not stop what is read; it only lets nothing new begin.
"""

import contextlib
import threading
from collections.abc import Callable, Sequence
from typing import Final

from pillowbook.answering.compose import Composer
from pillowbook.answering.match import Matcher
from pillowbook.answering.retrieve import Retriever
from pillowbook.answering.units import Unit
from pillowbook.domain.answers import Effort, PreparedAnswer
from pillowbook.domain.errors import Cancelled, Transient, UserFixable
from pillowbook.flow.serve.adapted import Adapting
from pillowbook.flow.serve.questions import RecentVectors, Vector, clean_typed
from pillowbook.host.workers import CancelToken

MIN_WORDS: Final = 3
_UNITS: Final = 4
"""Where the first so many units are the same in the same order, so is most of the prompt."""

_Key = tuple[tuple[int, int], ...]


class ReadAhead:
    """Reads the prompt of what is being typed. Thread-safe; one text at a time.

    Args:
        is_of_another_day: whether a prepared answer speaks of a day that is past, and is no hit.
    """

    def __init__(
        self,
        *,
        composer: Composer,
        adapting: Adapting,
        matcher: Matcher,
        retriever: Retriever,
        vectors: RecentVectors,
        is_of_another_day: Callable[[PreparedAnswer], bool],
    ) -> None:
        self._composer = composer
        self._adapting = adapting
        self._matcher = matcher
        self._retriever = retriever
        self._vectors = vectors
        self._is_of_another_day = is_of_another_day
        self._lock = threading.Lock()
        self._running: tuple[_Key, str, CancelToken] | None = None
        self._typed = ""

    def read(self, typed: str, cancel: CancelToken | None = None) -> None:
        """Read ahead for what is typed so far; returns when it is read. What is no question yet stops the reading.

        Whatever goes wrong is left for the question itself to say.
        """
        question = clean_typed(typed)
        if not is_worth_reading(question):
            self.stop()
            return
        with self._lock:
            self._typed = question
        with contextlib.suppress(Cancelled, Transient, UserFixable):
            if not self._retriever.is_ready():
                return  # the embedder is loading, which the next key press may find done
            vector = self._vectors.get(question)
            matched = self._matcher.match(question, vector, pass_over=self._is_of_another_day)
            if matched.is_hit:
                self.stop()
                return
            # Behind whatever is looked up for the next key press.
            plan = self._adapting.plan(question, vector, matched.candidates, background=True)
            key = self._key(question, vector) if plan is None else _key_of(plan.units)
            token = CancelToken()
            with self._lock:
                if self._typed != question:
                    return  # a later key press was quicker
                running = self._running
                if running is not None and running[0] == key:
                    return
                self._running = (key, question, token)
            if running is not None:
                running[2].cancel()
            forget = cancel.when_cancelled(token.cancel) if cancel is not None else None
            try:
                if plan is None:
                    self._composer.read_ahead(question, vector=vector, cancel=token)
                else:
                    self._adapting.read_ahead(plan, token)
            finally:
                if forget is not None:
                    forget()
                self._done(token)

    def stop(self) -> None:
        """Stop what is read."""
        with self._lock:
            self._typed = ""
            running = self._running
        if running is not None:
            running[2].cancel()

    def give_way(self) -> None:
        """A question is asked: what has not begun yet shall not begin behind it."""
        with self._lock:
            self._typed = ""

    def _done(self, token: CancelToken) -> None:
        with self._lock:
            if self._running is not None and self._running[2] is token:
                self._running = None

    def _key(self, question: str, vector: Vector) -> _Key:
        # Behind whatever is looked up for the next key press; what is embedded here is remembered for the question.
        _, ranked = self._retriever.find(
            question, effort=Effort.LIVE, limit=_UNITS, vector=vector, background=True
        )
        return _key_of([one.unit for one in ranked])


def _key_of(units: Sequence[Unit]) -> _Key:
    return tuple((int(unit.passage.id), unit.start) for unit in units)


def is_worth_reading(typed: str) -> bool:
    """Whether it is likely to be a question by now."""
    return typed.endswith(("?", "\uff1f", "\u061f")) or len(typed.split()) >= MIN_WORDS
