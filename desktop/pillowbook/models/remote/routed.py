"""Which text may leave this machine: the one place where that is decided.

A prompt goes to the user's server only if every one of its messages says which documents it was made from, and none
of them lies where text must stay. Whoever forgets to say so keeps his text here, so forgetting can only cost speed.
Everything else is written by the model on this machine.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from pillowbook.domain.errors import (
    LocalModelNeeded,
    ModelMissing,
    PillowbookError,
    ServerUnreachable,
)
from pillowbook.domain.ids import DocumentId
from pillowbook.host.workers import CancelToken
from pillowbook.models.generator.client import Generated, Generator, Message, Scored
from pillowbook.models.remote.client import ServerGenerator

T = TypeVar("T")

AWAY_S: Final = 30.0
"""After a server could not be reached, the model on this machine answers for so long without trying it again."""


class RoutedGenerator:
    """A :class:`Generator` that writes on the user's server what may be written there, and all else here.

    A server that cannot be reached is stood in for by the model of this machine, where there is one. Every other
    trouble with it (a certificate, a key) is told, because going on quietly would hide it.

    Args:
        must_stay: whether any of these documents must not leave this machine; asked before every text.
        has_local: whether there is a model on this machine.
    """

    def __init__(
        self,
        *,
        local: Generator,
        server: ServerGenerator,
        must_stay: Callable[[frozenset[DocumentId]], bool],
        has_local: Callable[[], bool],
    ) -> None:
        self._local = local
        self._server = server
        self._must_stay = must_stay
        self._has_local = has_local
        self._away_until = 0.0

    @property
    def model_id(self) -> str:
        """The server's; what was written tells its own in ``Generated.model``."""
        return self._server.model_id

    @property
    def is_loaded(self) -> bool:
        """Whether the server answers, or the model of this machine is in memory."""
        return self._server.is_loaded or self._local.is_loaded

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
        """See :meth:`Generator.generate` and :meth:`ServerGenerator.generate`.

        Raises:
            LocalModelNeeded: the text must stay here, and there is no model here to write it.
        """

        def write(generator: Generator) -> Generated:
            made = generator.generate(
                messages,
                max_tokens=max_tokens,
                stop=stop,
                deadline_s=deadline_s,
                on_text=on_text,
                cancel=cancel,
                temperature=temperature,
                barred=barred,
                background=background,
            )
            return replace(made, model=generator.model_id) if generator is self._local else made

        return self._route(messages, write)

    def score(
        self,
        messages: Sequence[Message],
        options: Sequence[str],
        *,
        deadline_s: float,
        cancel: CancelToken | None = None,
        background: bool = False,
    ) -> Scored:
        """See :meth:`Generator.score` and :meth:`ServerGenerator.score`."""

        def weigh(generator: Generator) -> Scored:
            return generator.score(
                messages, options, deadline_s=deadline_s, cancel=cancel, background=background
            )

        return self._route(messages, weigh)

    def read_ahead(
        self, messages: Sequence[Message], *, deadline_s: float, cancel: CancelToken | None = None
    ) -> int:
        """What will be written here is read here; nothing is sent before it is asked."""
        if self._may_leave(messages) and not self._is_away():
            return 0
        return self._locally(lambda one: one.read_ahead(messages, deadline_s=deadline_s, cancel=cancel))

    def count_tokens(self, text: str) -> int:
        """An estimate, made here."""
        return self._server.count_tokens(text)

    def preload(self) -> None:
        """Ask the server, without any text, whether it is there; where not, the model of this machine is loaded."""
        threading.Thread(target=self._look, name="server-look", daemon=True).start()

    def unload(self) -> None:
        """Break off what the server is writing, and free the memory here."""
        self._server.unload()
        self._local.unload()

    def close(self) -> None:
        """The end of both."""
        self._server.close()
        self._local.close()

    def _route(self, messages: Sequence[Message], work: Callable[[Generator], T]) -> T:
        """Work on the server what may go there, and here what may not or where the server is away."""
        if self._may_leave(messages) and not self._is_away():
            try:
                return work(self._server)
            except ServerUnreachable:
                if not self._stand_in():
                    raise
        return self._locally(work)

    def _may_leave(self, messages: Sequence[Message]) -> bool:
        made_from: set[DocumentId] = set()
        for message in messages:
            if message.documents is None:
                return False
            made_from |= message.documents
        return not self._must_stay(frozenset(made_from))

    def _is_away(self) -> bool:
        return time.monotonic() < self._away_until and self._has_local()

    def _stand_in(self) -> bool:
        """Note that the server is away; whether the model of this machine can write instead."""
        self._away_until = time.monotonic() + AWAY_S
        return self._has_local()

    def _look(self) -> None:
        try:
            self._server.models()
            self._away_until = 0.0
        except ServerUnreachable:
            if self._stand_in():
                self._local.preload()
        except PillowbookError:
            pass  # the question itself will say what is wrong

    def _locally(self, work: Callable[[Generator], T]) -> T:
        try:
            return work(self._local)
        except ModelMissing as error:
            raise LocalModelNeeded(**error.facts) from error
