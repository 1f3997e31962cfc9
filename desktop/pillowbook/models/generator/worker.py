"""The generator process: llama.cpp and one GGUF model. ``python -m pillowbook.models.generator.worker``.

It uses llama-cpp-python's low-level functions, not its ``Llama`` class: that parses special tokens inside
texts, has no way to stop while a prompt is being read, and imports numpy to copy logits nobody looks at.
"""

import codecs
import ctypes
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import llama_cpp

from pillowbook.domain.errors import Cancelled, ContextOverflow, ModelDamaged, ModelMissing
from pillowbook.host.worker_loop import Job, serve
from pillowbook.models.generator.chat_template import CHATML, ChatTemplate, Piece
from pillowbook.models.generator.protocol import (
    CountTokens,
    Delta,
    Generate,
    Generation,
    Load,
    Loaded,
    Request,
    TokenCount,
)
from pillowbook.models.generator.stopping import StopStrings

_ABORTED = 2
_TOP_K, _TOP_P, _SEED = 40, 0.95, 1


class Vocabulary:
    """Texts to tokens and back."""

    def __init__(self, model: Any) -> None:
        self._vocab = llama_cpp.llama_model_get_vocab(model)

    def tokenise(self, text: str, *, has_special: bool) -> list[int]:
        """The tokens of a text; special ones only where ``has_special``."""
        data = text.encode("utf-8", "replace")
        room = len(data) + 8
        tokens = (llama_cpp.llama_token * room)()
        count = llama_cpp.llama_tokenize(self._vocab, data, len(data), tokens, room, False, has_special)
        return list(tokens[:count])

    def lay_out(self, pieces: Sequence[Piece]) -> list[int]:
        """The tokens of a prompt, with the begin-of-sequence token in front where the model wants one."""
        tokens = [
            token for piece in pieces for token in self.tokenise(piece.text, has_special=piece.is_template)
        ]
        begin = llama_cpp.llama_vocab_bos(self._vocab)
        if llama_cpp.llama_vocab_get_add_bos(self._vocab) and tokens[:1] != [begin]:
            return [begin, *tokens]
        return tokens

    def is_end(self, token: int) -> bool:
        return bool(llama_cpp.llama_vocab_is_eog(self._vocab, token))

    def piece(self, token: int, *, has_special: bool = False) -> bytes:
        """The bytes a token stands for, perhaps half a character; special ones are empty unless asked for."""
        room = 256
        buffer = ctypes.create_string_buffer(room)
        size = llama_cpp.llama_token_to_piece(self._vocab, token, buffer, room, 0, has_special)
        return buffer.raw[:size] if size > 0 else b""

    def special_text(self, which: str) -> str:
        """The text of the begin (``bos``) or end (``eos``) token, empty without one."""
        token = getattr(llama_cpp, f"llama_vocab_{which}")(self._vocab)
        return self.piece(token, has_special=True).decode("utf-8", "replace") if token >= 0 else ""


class Engine:
    """A loaded model, its context, and what the context remembers."""

    def __init__(self, load: Load) -> None:
        if not Path(load.path).is_file():
            raise ModelMissing(model=Path(load.path).stem)
        # A model that cannot be loaded has no other way to say so than its log, which goes nowhere.
        self._quiet = llama_cpp.llama_log_callback(lambda _level, _text, _data: None)
        llama_cpp.llama_log_set(self._quiet, ctypes.c_void_p())
        llama_cpp.llama_backend_init()
        weights = llama_cpp.llama_model_default_params()
        # WORKAROUND(https://github.com/ggml-org/llama.cpp/pull/26954, remove when released): a build by GCC
        # 12 dies in rearranged weights on processors with AMX. As they are in the file they are mapped, not
        # copied, anyway.
        weights.use_extra_bufts = load.is_repacked
        model = llama_cpp.llama_model_load_from_file(load.path.encode(), weights)
        if not model:
            raise ModelDamaged(model=Path(load.path).stem)
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = min(load.context_tokens, llama_cpp.llama_model_n_ctx_train(model))
        params.n_batch = params.n_ubatch = load.batch_tokens
        params.n_threads = params.n_threads_batch = load.threads
        context = llama_cpp.llama_init_from_model(model, params)
        if not context:
            raise MemoryError
        self._context = context
        self._memory = llama_cpp.llama_get_memory(context)
        self._batch_tokens = load.batch_tokens
        self.context_tokens = int(llama_cpp.llama_n_ctx(context))
        self.vocabulary = Vocabulary(model)
        source = llama_cpp.llama_model_chat_template(model, None)
        self.template = ChatTemplate(
            source.decode("utf-8", "replace") if source else CHATML,
            begin_token=self.vocabulary.special_text("bos"),
            end_token=self.vocabulary.special_text("eos"),
        )
        self._remembered: list[int] = []
        self.should_stop = False
        self._abort = llama_cpp.ggml_abort_callback(lambda _data: self.should_stop)
        llama_cpp.llama_set_abort_callback(context, self._abort, ctypes.c_void_p())

    def remember_prefix(self, prompt: Sequence[int]) -> int:
        """Forget all but what ``prompt`` begins with; gives its length. At least one token is left to be
        read.
        """
        common = 0
        for old, new in zip(self._remembered, prompt[:-1], strict=False):
            if old != new:
                break
            common += 1
        if not llama_cpp.llama_memory_seq_rm(self._memory, 0, common, -1):
            llama_cpp.llama_memory_clear(self._memory, True)  # a model whose memory cannot be cut
            common = 0
        del self._remembered[common:]
        return common

    def read(self, tokens: Sequence[int]) -> None:
        """Read tokens after what is remembered.

        Raises:
            Cancelled: ``should_stop`` was set; what was read before is remembered.
        """
        for start in range(0, len(tokens), self._batch_tokens):
            if self.should_stop:
                raise Cancelled
            batch = tokens[start : start + self._batch_tokens]
            array = (llama_cpp.llama_token * len(batch))(*batch)
            code = llama_cpp.llama_decode(self._context, llama_cpp.llama_batch_get_one(array, len(batch)))
            if code == _ABORTED:
                raise Cancelled
            if code != 0:
                raise RuntimeError
            self._remembered.extend(batch)

    def sampler(self, temperature: float) -> Any:
        """A chain of samplers, to be freed; the same text again at temperature 0, and at any other as
        well.
        """
        chain = llama_cpp.llama_sampler_chain_init(llama_cpp.llama_sampler_chain_default_params())
        if temperature <= 0:
            llama_cpp.llama_sampler_chain_add(chain, llama_cpp.llama_sampler_init_greedy())
            return chain
        llama_cpp.llama_sampler_chain_add(chain, llama_cpp.llama_sampler_init_top_k(_TOP_K))
        llama_cpp.llama_sampler_chain_add(chain, llama_cpp.llama_sampler_init_top_p(_TOP_P, 1))
        llama_cpp.llama_sampler_chain_add(chain, llama_cpp.llama_sampler_init_temp(temperature))
        llama_cpp.llama_sampler_chain_add(chain, llama_cpp.llama_sampler_init_dist(_SEED))
        return chain

    def next_token(self, sampler: Any) -> int:
        return int(llama_cpp.llama_sampler_sample(sampler, self._context, -1))


class GeneratorService:
    """Does the calls, one after the other."""

    def __init__(self) -> None:
        self._engine: Engine | None = None

    def handle(self, request: Request, job: Job) -> Loaded | Generation | TokenCount | None:
        match request:
            case Load():
                self._engine = Engine(request)
                return Loaded(self._engine.context_tokens)
            case Generate():
                return self._generate(self._loaded(), request, job)
            case CountTokens():
                return self._count(self._loaded(), request)

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
        def stop() -> None:
            engine.should_stop = True

        started = time.monotonic()
        engine.should_stop = False
        job.when_cancelled(stop)
        prompt = engine.vocabulary.lay_out(engine.template.lay_out(request.turns))
        room = engine.context_tokens - len(prompt)
        if room < 1:
            raise ContextOverflow(tokens=len(prompt), limit=engine.context_tokens)
        reused = engine.remember_prefix(prompt)
        engine.read(prompt[reused:])
        sampler = engine.sampler(request.temperature)
        try:
            writer = _Writer(engine, sampler, StopStrings(request.stop), job)
            is_complete = writer.write(min(request.max_tokens, room))
        finally:
            llama_cpp.llama_sampler_free(sampler)
        return Generation(
            text=writer.text,
            prompt_tokens=len(prompt),
            reused_tokens=reused,
            completion_tokens=writer.tokens,
            first_token_ms=((writer.first_token_at or time.monotonic()) - started) * 1000,
            seconds=time.monotonic() - started,
            is_complete=is_complete,
        )


class _Writer:
    """Tokens to text, part by part."""

    def __init__(self, engine: Engine, sampler: Any, stop: StopStrings, job: Job) -> None:
        self._engine = engine
        self._sampler = sampler
        self._stop = stop
        self._job = job
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.text = ""
        self.tokens = 0
        self.first_token_at: float | None = None

    def write(self, max_tokens: int) -> bool:
        """Write at most so many tokens; whether the model or a stop string ended it, not the number."""
        while self.tokens < max_tokens:
            token = self._engine.next_token(self._sampler)
            self.first_token_at = self.first_token_at or time.monotonic()
            if self._engine.vocabulary.is_end(token):
                self._show(self._decoder.decode(b"", final=True))
                self._emit(self._stop.finish())
                return True
            self.tokens += 1
            self._show(self._decoder.decode(self._engine.vocabulary.piece(token)))
            if self._stop.is_stopped:
                return True
            if self.tokens < max_tokens:
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
