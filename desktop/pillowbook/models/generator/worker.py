"""The generator process: llama.cpp with one GGUF model. ``python -m pillowbook.models.generator.worker``."""

import codecs
import math
import time
from collections.abc import Sequence
from typing import Any

from pillowbook.domain.errors import Cancelled
from pillowbook.host.worker_loop import Job, serve
from pillowbook.models.generator.engine import Engine
from pillowbook.models.generator.protocol import (
    CountTokens,
    Delta,
    Generate,
    Generation,
    Load,
    Loaded,
    ReadAhead,
    Request,
    Score,
    Scores,
    TokenCount,
    Turn,
)
from pillowbook.models.generator.stopping import StopStrings


class GeneratorService:
    """Does the calls, one after the other."""

    def __init__(self) -> None:
        self._engine: Engine | None = None

    def handle(self, request: Request, job: Job) -> Loaded | Generation | Scores | TokenCount:
        if isinstance(request, Load):
            self._engine = Engine(request)
            return Loaded(self._engine.context_tokens, self._engine.gpu_layers)
        engine = self._loaded()

        def stop() -> None:
            engine.should_stop = True

        engine.should_stop = False
        job.when_cancelled(stop)
        match request:
            case Generate():
                return self._generate(engine, request, job)
            case Score():
                return self._score(engine, request, job)
            case ReadAhead():
                return self._read_ahead(engine, request)
            case CountTokens():
                return self._count(engine, request)

    def at_once(self, request: Request) -> TokenCount | None:
        """Counting reads the vocabulary only, and need not wait for a text that is being written."""
        if isinstance(request, CountTokens) and self._engine is not None:
            return self._count(self._engine, request)
        return None

    def _loaded(self) -> Engine:
        if self._engine is None:
            raise RuntimeError
        return self._engine

    def _count(self, engine: Engine, request: CountTokens) -> TokenCount:
        return TokenCount(len(engine.vocabulary.tokenise(request.text, has_special=False)))

    def _generate(self, engine: Engine, request: Generate, job: Job) -> Generation:
        started = time.monotonic()
        prompt = _prompt(engine, request.turns)
        reused = engine.read_prompt(prompt, is_background=job.is_background)
        sampler = engine.sampler(request.temperature)
        try:
            barred = {
                tokens[0]
                for text in request.barred
                if (tokens := engine.vocabulary.tokenise(text, has_special=False))
            }
            writer = _Writer(engine, sampler, StopStrings(request.stop), job, frozenset(barred))
            is_complete = writer.write(min(request.max_tokens, engine.context_tokens - len(prompt)))
        finally:
            engine.free_sampler(sampler)
        found = writer.log_probabilities
        return Generation(
            text=writer.text,
            prompt_tokens=len(prompt),
            reused_tokens=reused,
            completion_tokens=len(found),
            first_token_ms=((writer.first_token_at or time.monotonic()) - started) * 1000,
            seconds=time.monotonic() - started,
            is_complete=is_complete,
            mean_log_probability=math.fsum(found) / len(found) if found else 0.0,
            min_log_probability=min(found, default=0.0),
            barred_log_probability=writer.barred_log_probability,
        )

    def _score(self, engine: Engine, request: Score, job: Job) -> Scores:
        started = time.monotonic()
        prompt = _prompt(engine, request.turns)
        options = [engine.vocabulary.tokenise(option, has_special=False) for option in request.options]
        reused = engine.read_prompt(
            prompt, is_background=job.is_background, more_tokens=max(map(len, options), default=0)
        )
        return Scores(
            log_probabilities=tuple(engine.score(options)),
            prompt_tokens=len(prompt),
            reused_tokens=reused,
            completion_tokens=sum(map(len, options)),
            seconds=time.monotonic() - started,
        )

    def _read_ahead(self, engine: Engine, request: ReadAhead) -> TokenCount:
        pieces = engine.template.lay_out(request.turns)
        while pieces and pieces[-1].is_template:
            pieces.pop()
        return TokenCount(engine.read_ahead(engine.vocabulary.lay_out(pieces)))


def _prompt(engine: Engine, turns: Sequence[Turn]) -> list[int]:
    return engine.vocabulary.lay_out(engine.template.lay_out(turns))


class _Writer:
    """Tokens to text, part by part."""

    def __init__(
        self, engine: Engine, sampler: Any, stop: StopStrings, job: Job, barred: frozenset[int] = frozenset()
    ) -> None:
        self._engine = engine
        self._sampler = sampler
        self._stop = stop
        self._job = job
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.text = ""
        self.log_probabilities: list[float] = []
        self.first_token_at: float | None = None
        self.barred_log_probability = engine.bar(barred) if barred else None

    def write(self, max_tokens: int) -> bool:
        """Write at most so many tokens; whether the model or a stop string ended it, not the number."""
        while len(self.log_probabilities) < max_tokens:
            if self._engine.should_stop:
                raise Cancelled
            token = self._engine.next_token(self._sampler)
            self.first_token_at = self.first_token_at or time.monotonic()
            if self._engine.vocabulary.is_end(token):
                self._show(self._decoder.decode(b"", final=True))
                self._emit(self._stop.finish())
                return True
            self.log_probabilities.extend(self._engine.log_probabilities(-1, [token]))
            self._show(self._decoder.decode(self._engine.vocabulary.piece(token)))
            if self._stop.is_stopped:
                return True
            if len(self.log_probabilities) < max_tokens:
                self._engine.read([token])
        self._show(self._decoder.decode(b"", final=True))
        self._emit(self._stop.finish())
        return False

    def _show(self, text: str) -> None:
        self._emit(self._stop.feed(text))

    def _emit(self, text: str) -> None:
        if text:
            self.text += text
            self._job.send_part(Delta(text))


if __name__ == "__main__":
    service = GeneratorService()
    serve(Request, service.handle, service.at_once)
