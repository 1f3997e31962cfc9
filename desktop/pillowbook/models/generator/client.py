"""The generator as the rest of the program sees it."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from pillowbook.domain.answers import Tokens
from pillowbook.domain.errors import ModelMissing, WorkerLost
from pillowbook.domain.ids import DocumentId
from pillowbook.host.memory import MemorySource, SystemMemory
from pillowbook.host.workers import CancelToken, Worker
from pillowbook.models.disuse import Disuse
from pillowbook.models.generator.protocol import (
    CountTokens,
    Delta,
    Generate,
    Generation,
    Load,
    ReadAhead,
    Score,
    Scores,
    TokenCount,
    Turn,
)
from pillowbook.models.processors import count_background_cores, count_cores
from pillowbook.models.turns import Turns, Urgency

R = TypeVar("R", bound=msgspec.Struct)

WORKER_MODULE = "pillowbook.models.generator.worker"
DEFAULT_CONTEXT_TOKENS = 4096
BATCH_TOKENS = 128
"""Tokens read at once; see ``docs/decisions/0003-workers.md`` for the measurement."""

KEPT_PROMPTS = 8
"""Prompts that stay in memory; they share one pool of cells, so that more of them cost nothing by themselves."""

ALL_LAYERS = -1
UNLOAD_AFTER_S = 300.0
"""As Ollama does."""

_COUNT_DEADLINE_S = 10.0


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation; ``role`` is ``system``, ``user`` or ``assistant``.

    ``documents`` are those that the text, or a question in it, was made from: empty for text of ours alone. None says
    nothing, and then the message never leaves this machine.
    """

    role: str
    text: str
    documents: frozenset[DocumentId] | None = None


@dataclass(frozen=True, slots=True)
class Generated:
    """What the model wrote.

    Attributes:
        tokens: of the whole prompt and of what was written.
        first_token_ms: from the beginning of the work (waiting and loading not counted) to the first token.
        is_complete: False where ``max_tokens`` or the context ended it.
        model: the one that wrote it; empty for the generator's only one.
        reused_tokens: how much of the prompt was still in memory and was not read again.
        mean_log_probability: of the tokens written, natural logarithm, before any temperature; 0 when there are none.
        min_log_probability: of the least probable of them.
        barred_log_probability: of beginning with what was barred; None where nothing was, or could not be.
    """

    text: str
    tokens: Tokens
    first_token_ms: float
    seconds: float
    is_complete: bool = True
    reused_tokens: int = 0
    model: str = ""
    mean_log_probability: float = 0.0
    min_log_probability: float = 0.0
    barred_log_probability: float | None = None

    @property
    def spent(self) -> Tokens:
        """What was really read and written: without what was still in memory."""
        return Tokens(self.tokens.prompt - self.reused_tokens, self.tokens.completion)


@dataclass(frozen=True, slots=True)
class Scored:
    """How probable the model finds each of some texts.

    Attributes:
        log_probabilities: natural logarithms, in the order of the options, each over all tokens of its option.
        tokens: of the whole prompt and of all options together.
        reused_tokens: how much of the prompt was still in memory and was not read again.
    """

    log_probabilities: tuple[float, ...]
    tokens: Tokens
    reused_tokens: int
    seconds: float

    @property
    def spent(self) -> Tokens:
        """What was really read and scored: without what was still in memory."""
        return Tokens(self.tokens.prompt - self.reused_tokens, self.tokens.completion)


class Generator(Protocol):
    """Writes text. Thread-safe; one text at a time.

    What was read stays in memory while there is room: prompts that begin with the same messages cost only what
    differs. So instructions stand first, then the document, then the question.
    """

    @property
    def model_id(self) -> str: ...

    @property
    def is_loaded(self) -> bool: ...

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
        """Write the assistant's next message.

        A foreground call goes before background calls and cancels the one that is running.

        Args:
            messages: at least one. Nothing in a text counts as layout of the conversation.
            stop: strings that end the text; they are not part of it.
            barred: the first token of none of these may be the first of the text. How probable they were is told
                where the generator can bar them; one that cannot writes as it likes.
            deadline_s: for waiting and writing; loading the model has its own deadline.
            on_text: gets the text as it grows, on the calling thread; each character exactly once.
        Raises:
            Cancelled: by ``cancel``, by a foreground call, or by :meth:`unload` or :meth:`close`.
            ContextOverflow: the messages are longer than the model's context.
            WorkerLost: the process died, and died again (or wrote another text) at the second try.
            DeadlineExceeded, ModelMissing, ModelDamaged.
        """
        ...

    def score(
        self,
        messages: Sequence[Message],
        options: Sequence[str],
        *,
        deadline_s: float,
        cancel: CancelToken | None = None,
        background: bool = False,
    ) -> Scored:
        """How probable is each option as the beginning of the assistant's next message?

        An option of one token costs nothing beyond the prompt. One with more tokens is less probable for that
        alone; the end of the message does not count. An empty one has log-probability 0.

        Args:
            messages, deadline_s, cancel, background: as for :meth:`generate`.
            options: at least one. Nothing in them counts as layout either.
        Raises:
            As :meth:`generate`.
        """
        ...

    def read_ahead(
        self, messages: Sequence[Message], *, deadline_s: float, cancel: CancelToken | None = None
    ) -> int:
        """Read messages that the next prompt will probably begin with, so that it begins to write at once.

        It cancels background work; any foreground call cancels it, and what it had read stays read.

        Args:
            messages: as for :meth:`generate`; the last may be incomplete, the beginning of the real one.
        Returns:
            The tokens that had to be read; 0 when all was in memory.
        Raises:
            As :meth:`generate`.
        """
        ...

    def count_tokens(self, text: str) -> int:
        """The tokens of a text. Does not wait for a text that is being written."""
        ...

    def preload(self) -> None:
        """Begin to load the model, without waiting."""
        ...

    def unload(self) -> None:
        """End the process and free all its memory; the next call starts it again."""
        ...

    def close(self) -> None:
        """End the process for good."""
        ...


class LlamaGenerator:
    """A :class:`Generator` on llama.cpp in a process of its own.

    Args:
        model_path: a GGUF file whose SHA-256 has been checked.
        model_id: as in the catalogue; the file's name otherwise.
        context_tokens: of the longest prompt with its answer; the prompts that stay in memory share them.
        threads: for every call; without it by the number of cores, fewer for background calls.
        kept_prompts: so many prompts stay in memory as long as there is room.
        gpu_layers: at most so many layers go to a graphics processor, or all of them, where llama.cpp was built
            for one. Where that fails, the processor does all.
        unload_after_s: without use the process is ended; 0 for never. It is also ended when unused and memory is short.
        check: called before each use; raises ModelMissing or ModelDamaged. Without it the file has to exist.
    """

    def __init__(
        self,
        model_path: Path,
        *,
        model_id: str = "",
        context_tokens: int = DEFAULT_CONTEXT_TOKENS,
        threads: int | None = None,
        batch_tokens: int = BATCH_TOKENS,
        kept_prompts: int = KEPT_PROMPTS,
        gpu_layers: int = ALL_LAYERS,
        unload_after_s: float = UNLOAD_AFTER_S,
        memory: MemorySource | None = None,
        check: Callable[[], object] | None = None,
    ) -> None:
        self._path = model_path
        self._check = check
        self._model_id = model_id or model_path.stem
        self._load = Load(
            path=str(model_path.absolute()),
            model=self._model_id,
            context_tokens=context_tokens,
            batch_tokens=batch_tokens,
            threads=threads or count_cores(),
            background_threads=threads or count_background_cores(),
            kept_prompts=kept_prompts,
            gpu_layers=gpu_layers,
        )
        self._worker = Worker(WORKER_MODULE, name="generator", opening=self._load)
        self._turns = Turns("generator")
        self._disuse = Disuse(
            self._worker.stop,
            is_loaded=lambda: self._worker.process_id is not None,
            memory=memory or SystemMemory(),
            after_s=unload_after_s,
        )

    @property
    def model_id(self) -> str:
        return self._model_id

    @property
    def is_loaded(self) -> bool:
        return self._worker.is_ready

    @property
    def process_id(self) -> int | None:
        """Of the running worker; None without one."""
        return self._worker.process_id

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
        request = Generate(_turns(messages), max_tokens, tuple(stop), temperature, tuple(barred))
        stream = _Stream(on_text)
        with self._turn(_urgency(background), deadline_s, cancel) as call:
            written = call(request, Generation, background, stream)
        return Generated(
            text=written.text,
            tokens=Tokens(written.prompt_tokens, written.completion_tokens),
            first_token_ms=written.first_token_ms,
            seconds=written.seconds,
            is_complete=written.is_complete,
            reused_tokens=written.reused_tokens,
            mean_log_probability=written.mean_log_probability,
            min_log_probability=written.min_log_probability,
            barred_log_probability=written.barred_log_probability,
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
        """See :meth:`Generator.score`."""
        request = Score(_turns(messages), tuple(options))
        with self._turn(_urgency(background), deadline_s, cancel) as call:
            scores = call(request, Scores, background)
        return Scored(
            log_probabilities=scores.log_probabilities,
            tokens=Tokens(scores.prompt_tokens, scores.completion_tokens),
            reused_tokens=scores.reused_tokens,
            seconds=scores.seconds,
        )

    def read_ahead(
        self, messages: Sequence[Message], *, deadline_s: float, cancel: CancelToken | None = None
    ) -> int:
        """See :meth:`Generator.read_ahead`."""
        with self._turn(Urgency.AHEAD, deadline_s, cancel) as call:
            return call(ReadAhead(_turns(messages)), TokenCount).tokens

    @contextmanager
    def _turn(self, urgency: Urgency, deadline_s: float, cancel: CancelToken | None) -> Iterator["_Call"]:
        """Wait for the turn; gives the way to call the worker while it lasts."""
        self._check_file()
        deadline = time.monotonic() + deadline_s
        with self._disuse.used():
            if urgency > Urgency.BACKGROUND:
                # Somebody waits or will soon: a cancel, of this call or of the background call that it takes over
                # from, does not end a process that is loading.
                self._worker.start()
            with self._turns.taken(urgency=urgency, deadline=deadline, cancel=cancel, preempts=True) as token:
                yield _Call(self._worker, self._load, deadline, token)

    def count_tokens(self, text: str) -> int:
        """See :meth:`Generator.count_tokens`."""
        self._check_file()
        with self._disuse.used():
            return self._worker.call(CountTokens(text), TokenCount, deadline_s=_COUNT_DEADLINE_S).tokens

    def preload(self) -> None:
        """See :meth:`Generator.preload`."""
        self._check_file()
        with self._disuse.used():
            self._worker.start()

    def unload(self) -> None:
        """See :meth:`Generator.unload`."""
        self._worker.stop()

    def close(self) -> None:
        """See :meth:`Generator.close`."""
        self._disuse.close()
        self._worker.close()

    def _check_file(self) -> None:
        if self._check is not None:
            self._check()
        elif not self._path.is_file():
            raise ModelMissing(model=self._model_id)


def _urgency(background: bool) -> Urgency:
    return Urgency.BACKGROUND if background else Urgency.NOW


def _turns(messages: Sequence[Message]) -> tuple[Turn, ...]:
    return tuple(Turn(message.role, message.text) for message in messages)


class _Call:
    """Calls the worker, and once more where its process dies."""

    def __init__(self, worker: Worker, load: Load, deadline: float, cancel: CancelToken) -> None:
        self._worker = worker
        self._load = load
        self._deadline = deadline
        self._cancel = cancel

    def __call__(
        self,
        request: msgspec.Struct,
        reply: type[R],
        background: bool = False,
        stream: "_Stream | None" = None,
    ) -> R:
        try:
            return self._once(request, reply, background, stream)
        except WorkerLost:
            if self._worker.died_opening:  # as a driver of a graphics processor may make it
                self._worker.open_with(msgspec.structs.replace(self._load, gpu_layers=0))
            if stream is not None:
                # The same prompt gives the same text again, so what was shown already is not shown twice.
                stream.restart()
            return self._once(request, reply, background, stream)

    def _once(self, request: msgspec.Struct, reply: type[R], background: bool, stream: "_Stream | None") -> R:
        return self._worker.call(
            request,
            reply,
            deadline_s=max(0.0, self._deadline - time.monotonic()),
            cancel=self._cancel,
            background=background,
            on_part=stream.take if stream is not None else None,
            part=Delta,
            attempts=1,
        )


class _Stream:
    """Passes a text on as it grows, and once only when the worker has to write it a second time."""

    def __init__(self, on_text: Callable[[str], None] | None) -> None:
        self._on_text = on_text
        self._shown = ""
        self._again = ""

    def restart(self) -> None:
        """The text begins again; what was shown must come once more before anything new is shown."""
        self._again = self._shown

    def take(self, delta: Delta) -> None:
        """More text."""
        text = delta.text
        if self._again:
            repeated = min(len(text), len(self._again))
            if text[:repeated] != self._again[:repeated]:
                raise WorkerLost(worker="generator")
            self._again, text = self._again[repeated:], text[repeated:]
        if text and self._on_text is not None:
            self._shown += text
            self._on_text(text)
