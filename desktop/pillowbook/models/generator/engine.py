"""llama.cpp on one model: reading, writing and scoring tokens. Runs in the worker.

It uses llama-cpp-python's low-level functions, not its ``Llama`` class: that parses special tokens inside
texts, and has no way to stop while a prompt is being read.
"""

import ctypes
import math
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import llama_cpp
import numpy as np

from pillowbook.domain.errors import Cancelled, ContextOverflow, MemoryShort, ModelDamaged, ModelMissing
from pillowbook.models.generator.chat_template import CHATML, ChatTemplate
from pillowbook.models.generator.kept_prompts import KeptPrompt, KeptPrompts
from pillowbook.models.generator.protocol import Load
from pillowbook.models.generator.vocabulary import Vocabulary

GPU_BATCH_TOKENS = 512
"""Tokens read at once on a graphics processor, which looks at a cancel only between batches."""

_ALL_LAYERS = 9999  # more than any model has
_MEMORY_FULL, _ABORTED = 1, 2  # what llama_decode gives
_TOP_K, _TOP_P, _SEED = 40, 0.95, 1


def _open(load: Load, gpu_layers: int) -> tuple[Any, Any]:
    """A model and its context.

    Raises:
        ModelDamaged: llama.cpp does not take the file.
        MemoryShort: the file is good, and there is no room to work in.
    """
    weights = llama_cpp.llama_model_default_params()
    weights.n_gpu_layers = gpu_layers
    # WORKAROUND(https://github.com/ggml-org/llama.cpp/pull/26954, remove when released): a build by GCC 12
    # dies in rearranged weights on processors with AMX. As they are in the file they are mapped, not copied,
    # and where they were measured they read no slower.
    weights.use_extra_bufts = False
    model = llama_cpp.llama_model_load_from_file(load.path.encode(), weights)
    if not model:
        raise ModelDamaged(model=load.model)
    params = llama_cpp.llama_context_default_params()
    params.n_ctx = min(load.context_tokens, llama_cpp.llama_model_n_ctx_train(model))
    params.n_batch = params.n_ubatch = max(load.batch_tokens, GPU_BATCH_TOKENS if gpu_layers else 0)
    params.n_seq_max = load.kept_prompts
    params.kv_unified = True
    context = llama_cpp.llama_init_from_model(model, params)
    if not context:
        llama_cpp.llama_model_free(model)
        raise MemoryShort(model=load.model)
    return model, context


class Engine:
    """A loaded model, its context, and what the context remembers."""

    def __init__(self, load: Load) -> None:
        if not Path(load.path).is_file():
            raise ModelMissing(model=load.model)
        # A model that cannot be loaded has no other way to say so than its log, which goes nowhere.
        self._quiet = llama_cpp.llama_log_callback(lambda _level, _text, _data: None)
        llama_cpp.llama_log_set(self._quiet, ctypes.c_void_p())
        llama_cpp.llama_backend_init()
        self.gpu_layers = load.gpu_layers if llama_cpp.llama_supports_gpu_offload() else 0
        if self.gpu_layers < 0:
            self.gpu_layers = _ALL_LAYERS
        if self.gpu_layers:
            try:
                model, context = _open(load, self.gpu_layers)
            except (
                ModelDamaged,
                MemoryShort,
            ):  # llama.cpp does not say what it was; often, too little memory there
                self.gpu_layers = 0
        if not self.gpu_layers:
            model, context = _open(load, 0)
        self._context = context
        self._memory = llama_cpp.llama_get_memory(context)
        self._threads = (load.threads, load.background_threads)
        self._batch_tokens = int(llama_cpp.llama_n_batch(context))
        self._batch = llama_cpp.llama_batch_init(self._batch_tokens, 0, 1)
        self.context_tokens = int(llama_cpp.llama_n_ctx(context))
        self.vocabulary = Vocabulary(model)
        source = llama_cpp.llama_model_chat_template(model, None)
        self.template = ChatTemplate(
            source.decode("utf-8", "replace") if source else CHATML,
            begin_token=self.vocabulary.special_text("bos"),
            end_token=self.vocabulary.special_text("eos"),
        )
        self._prompts = KeptPrompts(load.kept_prompts)
        self._current = KeptPrompt(0)
        self.should_stop = False
        self._abort = llama_cpp.ggml_abort_callback(lambda _data: self.should_stop)
        llama_cpp.llama_set_abort_callback(context, self._abort, ctypes.c_void_p())

    def read_prompt(
        self, prompt: Sequence[int], *, is_background: bool, more_tokens: int = 1, threads: int | None = None
    ) -> int:
        """Read a prompt, what is in memory already apart, so that the next token can be chosen.

        Args:
            more_tokens: that have to find room behind it.
            threads: instead of the usual number.
        Returns:
            How many tokens were in memory.
        Raises:
            Cancelled: ``should_stop`` was set; what was read before is kept.
            ContextOverflow.
        """
        if len(prompt) + more_tokens > self.context_tokens:
            raise ContextOverflow(tokens=len(prompt), limit=self.context_tokens)
        threads = threads or self._threads[is_background]
        llama_cpp.llama_set_n_threads(self._context, threads, threads)
        # The last token is read in any case: what comes next is known only right after it.
        place = self._prompts.place(prompt[:-1], is_background=is_background)
        self._current = place.kept
        if place.source is not place.kept:
            self._cut(0)
            llama_cpp.llama_memory_seq_cp(
                self._memory, place.source.sequence, place.kept.sequence, 0, place.common
            )
            place.kept.tokens = place.source.tokens[: place.common]
        common = self._cut(place.common)
        self.read(prompt[common:])
        return common

    def read_ahead(self, prompt: Sequence[int]) -> int:
        """Read a prompt that others will begin with; gives how many tokens had to be read.

        One core is left free: the next key press waits for its hits, and nobody for what is read ahead.
        """
        if self._prompts.holds(prompt):
            return 0
        threads = max(1, self._threads[False] - 1)
        return len(prompt) - self.read_prompt(prompt, is_background=False, threads=threads)

    def read(self, tokens: Sequence[int]) -> None:
        """Read tokens after those of the current prompt.

        Raises:
            Cancelled: ``should_stop`` was set; what was read before is kept.
        """
        for start in range(0, len(tokens), self._batch_tokens):
            batch = tokens[start : start + self._batch_tokens]
            self._decode(batch, has_every_output=False)
            self._current.tokens.extend(batch)

    def score(self, options: Sequence[Sequence[int]]) -> list[float]:
        """The log-probability of each option's tokens after the current prompt, which must just have been read.

        Raises:
            Cancelled: ``should_stop`` was set.
        """
        begun = [option for option in options if option]
        firsts = iter(self.log_probabilities(-1, [option[0] for option in begun]))
        scores: list[float] = []
        for option in options:
            total = next(firsts) if option else 0.0
            for start in range(0, len(option) - 1, self._batch_tokens):
                batch = option[start : min(start + self._batch_tokens, len(option) - 1)]
                self._decode(batch, has_every_output=True, offset=start)
                for number, token in enumerate(option[start + 1 : start + 1 + len(batch)]):
                    total += self.log_probabilities(number, [token])[0]
            self._cut(len(self._current.tokens))
            scores.append(total)
        return scores

    def log_probabilities(self, output: int, tokens: Sequence[int]) -> list[float]:
        """The natural logarithm of each token's probability, at an output of what was read last."""
        found = llama_cpp.llama_get_logits_ith(self._context, output)
        logits = np.ctypeslib.as_array(found, (self.vocabulary.size,))
        peak = float(logits.max())
        total = math.log(float(np.exp(logits - peak).sum(dtype=np.float64)))
        return [float(logits[token]) - peak - total for token in tokens]

    def bar(self, tokens: Iterable[int]) -> float:
        """Make tokens impossible as the next one; gives the natural logarithm of their probability together."""
        barred = list(tokens)
        together = math.fsum(math.exp(one) for one in self.log_probabilities(-1, barred))
        found = llama_cpp.llama_get_logits_ith(self._context, -1)
        np.ctypeslib.as_array(found, (self.vocabulary.size,))[barred] = -math.inf
        return math.log(max(together, sys.float_info.min))

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

    def free_sampler(self, sampler: Any) -> None:
        llama_cpp.llama_sampler_free(sampler)

    def next_token(self, sampler: Any) -> int:
        return int(llama_cpp.llama_sampler_sample(sampler, self._context, -1))

    def _cut(self, length: int) -> int:
        """Forget all of the current prompt but its first tokens; gives how many are left."""
        current = self._current
        if not llama_cpp.llama_memory_seq_rm(self._memory, current.sequence, length, -1):
            length = 0  # a model whose memory cannot be cut
            llama_cpp.llama_memory_seq_rm(self._memory, current.sequence, -1, -1)
        del current.tokens[length:]
        return length

    def _decode(self, tokens: Sequence[int], *, has_every_output: bool, offset: int = 0) -> None:
        """Read one batch, ``offset`` tokens behind the current prompt, forgetting older prompts for want of
        room.
        """
        batch = self._batch
        batch.n_tokens = len(tokens)
        first = len(self._current.tokens) + offset
        for number, token in enumerate(tokens):
            batch.token[number] = token
            batch.pos[number] = first + number
            batch.n_seq_id[number] = 1
            batch.seq_id[number][0] = self._current.sequence
            batch.logits[number] = has_every_output or number == len(tokens) - 1
        while True:
            if self.should_stop:
                raise Cancelled
            code = llama_cpp.llama_decode(self._context, batch)
            if code == 0:
                return
            if code == _ABORTED:
                raise Cancelled
            old = self._prompts.dispensable(self._current) if code == _MEMORY_FULL else None
            if old is None:
                raise RuntimeError
            llama_cpp.llama_memory_seq_rm(self._memory, old.sequence, -1, -1)
            old.tokens.clear()
