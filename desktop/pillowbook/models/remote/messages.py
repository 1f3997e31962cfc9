"""What a server of the OpenAI chat protocol is sent, and what of its answers is read.

Fields as in the API reference of OpenAI's chat completions; what llama.cpp, Ollama and vLLM add is optional here.
Everything that comes back was written by somebody else: types are checked, and what is not needed is not looked at.
"""

import re
from typing import Any, Final

import msgspec


class TokenProbability(msgspec.Struct, frozen=True):
    """A token and the natural logarithm of its probability."""

    token: str
    logprob: float


class WrittenToken(TokenProbability, frozen=True):
    """A token that was written, and those that might have been."""

    top_logprobs: tuple[TokenProbability, ...] = ()


class Probabilities(msgspec.Struct, frozen=True):
    """Of the tokens of one piece."""

    content: tuple[WrittenToken, ...] | None = None


class Delta(msgspec.Struct, frozen=True):
    """A piece of text; what models that think write of that goes by two names."""

    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None


class Choice(msgspec.Struct, frozen=True):
    """One of the answers asked for; we ask for one. Streams have ``delta``, whole answers ``message``."""

    delta: Delta | None = None
    message: Delta | None = None
    finish_reason: str | None = None
    logprobs: Probabilities | None = None


class CachedTokens(msgspec.Struct, frozen=True):
    """How much of the prompt was not read again."""

    cached_tokens: int | None = None


class Usage(msgspec.Struct, frozen=True):
    """Tokens as the server counts them."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_tokens_details: CachedTokens | None = None


class Completion(msgspec.Struct, frozen=True):
    """A whole answer, or one event of a stream."""

    choices: tuple[Choice, ...] = ()
    usage: Usage | None = None
    error: Any = None


class Model(msgspec.Struct, frozen=True):
    """A model that a server has."""

    id: str


class ModelList(msgspec.Struct, frozen=True):
    """The answer to ``GET /models``."""

    data: tuple[Model, ...]


_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Nothing that a terminal would obey; line ends and tabs stay."""

_LAYOUT: Final = re.compile(
    r"<(?=[|\uff5c])|<(?=/?(?:s|think|bos|eos|start_of_turn|end_of_turn|turn|end_of_text|im_start|im_end)>)"
    r"|\[(?=/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS)\])|<(?=<SYS>>|</SYS>>)"
)


def plain(text: str) -> str:
    """Text of a server without control characters."""
    return _CONTROL.sub("", text)


def without_layout(text: str) -> str:
    """A text whose marks of conversation, such as ``<|im_end|>``, are broken by a space.

    Servers lay out the conversation themselves, and llama.cpp's reads such marks inside a message as the real thing:
    a note could then end its own message and speak as somebody else.
    """
    return _LAYOUT.sub(lambda match: match[0] + " ", text)
