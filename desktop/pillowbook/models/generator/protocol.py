"""What the generator's client and worker say to each other (see ``host/worker_frames.py`` for the frames)."""

import msgspec


class Load(msgspec.Struct, tag="load", frozen=True):
    """Opening: the model file to load, once per process.

    Attributes:
        model: its id, for errors.
        context_tokens: of the longest prompt with its answer, and of all prompts that are kept together.
        kept_prompts: at most so many prompts stay in memory.
        gpu_layers: at most so many go to the graphics processor (below 0: all), where llama.cpp was built for one.
    """

    path: str
    model: str
    context_tokens: int
    batch_tokens: int
    threads: int
    background_threads: int
    kept_prompts: int
    gpu_layers: int


class Loaded(msgspec.Struct, frozen=True):
    """The model is in memory. ``gpu_layers`` is 0 where the processor does all of it."""

    context_tokens: int
    gpu_layers: int


class Turn(msgspec.Struct, array_like=True, frozen=True):
    """One message of a conversation."""

    role: str
    text: str


class Generate(msgspec.Struct, tag="generate", frozen=True):
    """Write the next assistant message; the parts are :class:`Delta`."""

    turns: tuple[Turn, ...]
    max_tokens: int
    stop: tuple[str, ...]
    temperature: float
    barred: tuple[str, ...] = ()


class Delta(msgspec.Struct, frozen=True):
    """Text to append."""

    text: str


class Generation(msgspec.Struct, frozen=True):
    """The whole message. ``reused_tokens`` of the prompt were still in memory from a call before."""

    text: str
    prompt_tokens: int
    reused_tokens: int
    completion_tokens: int
    first_token_ms: float
    seconds: float
    is_complete: bool
    mean_log_probability: float
    min_log_probability: float
    barred_log_probability: float | None = None


class Score(msgspec.Struct, tag="score", frozen=True):
    """How probable is each option as the beginning of the next assistant message?"""

    turns: tuple[Turn, ...]
    options: tuple[str, ...]


class Scores(msgspec.Struct, frozen=True):
    """The answer to :class:`Score`, natural logarithms in the order of the options.

    ``completion_tokens`` is the tokens of all options together.
    """

    log_probabilities: tuple[float, ...]
    prompt_tokens: int
    reused_tokens: int
    completion_tokens: int
    seconds: float


class ReadAhead(msgspec.Struct, tag="read_ahead", frozen=True):
    """Read the conversation up to the end of the last text, which may be incomplete."""

    turns: tuple[Turn, ...]


class CountTokens(msgspec.Struct, tag="count", frozen=True):
    """How many tokens is this text?"""

    text: str


class TokenCount(msgspec.Struct, frozen=True):
    """The answer to :class:`CountTokens`, and to :class:`ReadAhead`: what had to be read."""

    tokens: int


Request = Load | Generate | Score | ReadAhead | CountTokens
