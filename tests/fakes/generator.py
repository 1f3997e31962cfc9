"""A generator that says what a test tells it to say."""

import math
import threading
from collections.abc import Callable, Sequence

from pillowbook.domain.answers import Tokens
from pillowbook.domain.errors import Cancelled
from pillowbook.host.workers import CancelToken
from pillowbook.models.generator.client import Generated, Message, Scored


class ScriptedGenerator:
    """A ``Generator`` without a model. Give it replies in order, or a function of the messages.

    Args:
        script: replies, used up one by one (an exception among them is raised), or a function that makes one.
        score: gives the log-probability of an option after messages; without it all options are equally probable.
        log_probability: of every word of a reply.
    Attributes:
        calls: the messages of every text written, oldest first.
        scored: the messages and options of every call of ``score``.
        read_ahead_calls: the messages of every call of ``read_ahead``.
    """

    def __init__(
        self,
        script: Sequence[str | Exception] | Callable[[Sequence[Message]], str] = (),
        *,
        score: Callable[[Sequence[Message], str], float] | None = None,
        refusal: Callable[[Sequence[Message]], float] | None = None,
        log_probability: float = -0.1,
        model_id: str = "scripted",
    ) -> None:
        self._replies = [] if callable(script) else list(script)
        self._make = script if callable(script) else None
        self._score = score
        self._refusal = refusal
        self._log_probability = log_probability
        self._lock = threading.Lock()
        self.model_id = model_id
        self.is_loaded = False
        self.is_closed = False
        self.calls: list[tuple[Message, ...]] = []
        self.scored: list[tuple[tuple[Message, ...], tuple[str, ...]]] = []
        self.read_ahead_calls: list[tuple[Message, ...]] = []

    def generate(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        stop: Sequence[str] = (),
        deadline_s: float,
        on_text: Callable[[str], None] | None = None,
        cancel: CancelToken | None = None,
        temperature: float = 0.0,
        barred: Sequence[str] = (),
        background: bool = False,
    ) -> Generated:
        """The next reply, cut at stop strings and at ``max_tokens`` words, streamed word by word."""
        self._begin(cancel)
        with self._lock:
            self.calls.append(tuple(messages))
            if self._make is None and not self._replies:
                raise AssertionError("the script has no reply left")
            reply = self._make(messages) if self._make is not None else self._replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        for mark in stop:
            reply = reply.split(mark, 1)[0]
        words = reply.split(" ")
        text = " ".join(words[:max_tokens])
        for number, word in enumerate(words[:max_tokens]):
            if cancel is not None and cancel.is_cancelled:
                raise Cancelled
            if on_text is not None:
                on_text(word if number == 0 else " " + word)
        prompt = sum(self.count_tokens(message.text) for message in messages)
        return Generated(
            text=text,
            tokens=Tokens(prompt, self.count_tokens(text)),
            first_token_ms=1.0,
            seconds=0.001,
            is_complete=len(words) <= max_tokens,
            mean_log_probability=self._log_probability if text else 0.0,
            min_log_probability=self._log_probability if text else 0.0,
            barred_log_probability=self._refusal(messages) if barred and self._refusal else None,
        )

    def score(
        self,
        messages: Sequence[Message],
        options: Sequence[str],
        *,
        deadline_s: float,
        cancel: CancelToken | None = None,
        background: bool = False,
    ) -> Scored:
        """What the test's function says of each option."""
        self._begin(cancel)
        with self._lock:
            self.scored.append((tuple(messages), tuple(options)))
        found = [
            self._score(messages, option) if self._score is not None else -math.log(len(options))
            for option in options
        ]
        prompt = sum(self.count_tokens(message.text) for message in messages)
        return Scored(tuple(found), Tokens(prompt, sum(map(self.count_tokens, options))), 0, 0.001)

    def read_ahead(
        self, messages: Sequence[Message], *, deadline_s: float, cancel: CancelToken | None = None
    ) -> int:
        """Notes the call; all words count as read."""
        self._begin(cancel)
        with self._lock:
            self.read_ahead_calls.append(tuple(messages))
        return sum(self.count_tokens(message.text) for message in messages)

    def _begin(self, cancel: CancelToken | None) -> None:
        if self.is_closed or (cancel is not None and cancel.is_cancelled):
            raise Cancelled
        self.is_loaded = True

    def count_tokens(self, text: str) -> int:
        """Words, as a stand-in for tokens."""
        return len(text.split())

    def preload(self) -> None:
        self.is_loaded = True

    def unload(self) -> None:
        self.is_loaded = False

    def close(self) -> None:
        self.is_loaded = False
        self.is_closed = True
