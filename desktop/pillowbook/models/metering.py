"""Counts the tokens of background work while they are written, so that a budget can end a text in its middle."""

import threading
from collections.abc import Callable, Sequence

from pillowbook.domain.answers import Tokens
from pillowbook.host.workers import CancelToken
from pillowbook.models.generator.client import Generated, Generator, Message, Scored


class TokenMeter:
    """The tokens that background calls have cost since :meth:`begin`. Thread-safe.

    A text that is being written counts by its pieces, a token or a little more each; when it is done, its exact figure,
    with what was read for it, takes their place. So a limit is overrun by one prompt at most.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spent = Tokens()
        self._pieces = 0
        self._limit: int | None = None
        self._on_limit: Callable[[], None] = lambda: None

    def begin(self, limit: int | None = None, on_limit: Callable[[], None] = lambda: None) -> None:
        """Count from nothing; ``on_limit`` is called, on the writing thread, once ``limit`` tokens are reached."""
        with self._lock:
            self._spent, self._pieces = Tokens(), 0
            self._limit, self._on_limit = limit, on_limit

    @property
    def spent(self) -> Tokens:
        """Since the beginning, what is being written included."""
        with self._lock:
            return self._spent + Tokens(0, self._pieces)

    def wrote_piece(self) -> None:
        """A piece of a text has come."""
        with self._lock:
            self._pieces += 1
        self._look()

    def finished(self, tokens: Tokens | None) -> None:
        """A call is over; ``tokens`` None where it was broken off, and then its pieces stand."""
        with self._lock:
            self._spent += Tokens(0, self._pieces) if tokens is None else tokens
            self._pieces = 0
        self._look()

    def _look(self) -> None:
        with self._lock:
            spent = self._spent.prompt + self._spent.completion + self._pieces
            is_over = self._limit is not None and spent >= self._limit
            on_limit = self._on_limit
        if is_over:
            on_limit()


class MeteredGenerator:
    """A generator whose background calls are counted by ``meter``; all others pass through."""

    def __init__(self, inner: Generator, meter: TokenMeter) -> None:
        self._inner = inner
        self._meter = meter

    @property
    def model_id(self) -> str:
        return self._inner.model_id

    @property
    def is_loaded(self) -> bool:
        return self._inner.is_loaded

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
        """See :meth:`Generator.generate`."""

        def count(text: str) -> None:
            self._meter.wrote_piece()
            if on_text is not None:
                on_text(text)

        made: Generated | None = None
        try:
            made = self._inner.generate(
                messages,
                max_tokens=max_tokens,
                stop=stop,
                deadline_s=deadline_s,
                on_text=count if background else on_text,
                cancel=cancel,
                temperature=temperature,
                barred=barred,
                background=background,
            )
        finally:
            if background:
                self._meter.finished(None if made is None else made.spent)
        return made

    def score(
        self,
        messages: Sequence[Message],
        options: Sequence[str],
        *,
        deadline_s: float,
        cancel: CancelToken | None = None,
        background: bool = False,
    ) -> Scored:
        """See :meth:`Generator.score`."""
        scored = self._inner.score(
            messages, options, deadline_s=deadline_s, cancel=cancel, background=background
        )
        if background:
            self._meter.finished(scored.spent)
        return scored

    def read_ahead(
        self, messages: Sequence[Message], *, deadline_s: float, cancel: CancelToken | None = None
    ) -> int:
        """See :meth:`Generator.read_ahead`."""
        return self._inner.read_ahead(messages, deadline_s=deadline_s, cancel=cancel)

    def count_tokens(self, text: str) -> int:
        """See :meth:`Generator.count_tokens`."""
        return self._inner.count_tokens(text)

    def preload(self) -> None:
        """See :meth:`Generator.preload`."""
        self._inner.preload()

    def unload(self) -> None:
        """See :meth:`Generator.unload`."""
        self._inner.unload()

    def close(self) -> None:
        """See :meth:`Generator.close`."""
        self._inner.close()
