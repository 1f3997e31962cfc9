"""Questions: asked, typed, used before Enter, or to be kept ready."""

import contextlib
import threading
from collections.abc import Callable, Sequence
from typing import Final

from pillowbook.answering.match import judge_pair
from pillowbook.core import protocol as p
from pillowbook.core.background import BackgroundWork
from pillowbook.core.requested import RequestedAnswers
from pillowbook.core.typing_hold import TypingHold, has_power
from pillowbook.domain.answers import Answer, AnswerKind
from pillowbook.domain.asking import AskPart, PairVerdict, Turn
from pillowbook.domain.clock import Clock
from pillowbook.domain.ids import ServingId
from pillowbook.flow.serve.questions import clean_typed
from pillowbook.flow.serve.serve import Server
from pillowbook.host.power import Power
from pillowbook.host.workers import CancelToken
from pillowbook.models.embedder.client import Embedder
from pillowbook.models.generator.client import Generator
from pillowbook.settings.catalogue import BATTERY_FLOOR, LEARN
from pillowbook.settings.values import Settings
from pillowbook.store.knowledge import Knowledge
from pillowbook.store.library import Library

TYPING_HOLD_S: Final = 20.0
"""So long after the last key press a question may still come; what was read for it is not pushed out meanwhile."""


class Asking:
    """Answers the calls about questions; background work stands still for them.

    Args:
        power: the machine's, as it is now.
        on_answered: told that a question was answered newly, which may be kept ready from now on.
    """

    def __init__(
        self,
        *,
        server: Server,
        requested: RequestedAnswers,
        library: Library,
        knowledge: Knowledge,
        generator: Generator,
        embedder: Embedder,
        settings: Settings,
        work: BackgroundWork,
        power: Callable[[], Power],
        clock: Clock,
        on_answered: Callable[[], None],
    ) -> None:
        self._server = server
        self._requested = requested
        self._library = library
        self._knowledge = knowledge
        self._generator = generator
        self._embedder = embedder
        self._settings = settings
        self._work = work
        self._power = power
        self._clock = clock
        self._on_answered = on_answered
        self._typing_hold = TypingHold(work, TYPING_HOLD_S)

    def close(self) -> None:
        """Nobody types any more."""
        self._typing_hold.end()

    def handle(self, call: p.AskingCall, part: Callable[[object], None], cancel: CancelToken) -> object:
        """The reply to one of these calls."""
        match call:
            case p.Ask():
                return self.ask(call, part, cancel)
            case p.Search(words, limit):
                return self._server.search(words, limit=limit)
            case p.Complete(typed, after):
                return self._server.complete(typed, after=after)
            case p.Preload():
                self.preload()
            case p.ReadAhead(typed, after):
                self.read_ahead(typed, cancel, after)
            case p.NoteUse(question):
                return p.UseNoted(self._server.note_use(question) if self._settings[LEARN] else None)
            case p.NoteOpened(path, serving):
                self.note_opened(path, None if serving is None else ServingId(serving))
            case p.Prepare(question):
                return self._requested.prepare(question, cancel)
            case p.Match(pairs):
                return self.judge(pairs)
        return p.Done()

    def ask(self, call: p.Ask, on_part: Callable[[AskPart], None], cancel: CancelToken) -> Answer:
        """An answer, prepared or live; background work stands still meanwhile."""
        with self._work.hold():
            answer = self._server.ask(
                call.question,
                mode=call.mode,
                learn=call.learn and self._settings[LEARN],
                on_part=on_part,
                cancel=cancel,
                after=call.after,
            )
        if answer.kind in (AnswerKind.LIVE, AnswerKind.ADAPTED):
            self._on_answered()
        elif answer.kind is not AnswerKind.HIT:
            self._work.wake()
        return answer

    def preload(self) -> None:
        """Load the models behind the first key press; returns at once."""

        def load() -> None:
            with contextlib.suppress(Exception):  # the question itself will say what is wrong
                self._embedder.preload()
                self._generator.preload()

        threading.Thread(target=load, name="preload", daemon=True).start()

    def read_ahead(self, typed: str, cancel: CancelToken, after: Turn | None = None) -> None:
        """Read the prompt that what is typed would lead to, where the machine's power allows it."""
        if not has_power(self._power(), self._settings[BATTERY_FLOOR]):
            return
        self._typing_hold.renew()
        self._server.read_ahead(typed, cancel, after)

    def note_opened(self, path: str, serving: ServingId | None) -> None:
        """A note was opened: it may be asked about next, if asking is learned from; a served answer remembers it."""
        document = self._library.document_at(path)
        if document is None:
            return
        if serving is not None:
            self._knowledge.remembered.note_opened(serving, document.id, self._clock.now())
        if self._settings[LEARN]:
            self._knowledge.note_opened(document.id)

    def judge(self, pairs: Sequence[p.Pair]) -> list[PairVerdict]:
        """What the hit policy says of pairs of questions."""
        if not pairs:
            return []
        texts = [clean_typed(text) for pair in pairs for text in (pair.prepared, pair.asked)]
        vectors = self._embedder.embed(texts, deadline_s=60 + len(texts))
        return [
            judge_pair(texts[2 * n], texts[2 * n + 1], float(vectors[2 * n] @ vectors[2 * n + 1]))
            for n in range(len(pairs))
        ]
