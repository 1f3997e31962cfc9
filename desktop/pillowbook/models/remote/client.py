"""A generator on a server of the user's own: llama.cpp, Ollama, vLLM, anything that speaks OpenAI's chat protocol.

It lives in the core, since the generator process has no network. One connection a call, nothing kept open, no proxy,
no redirect. Which text may go here is not decided here (see ``routed.py``).
"""

import math
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPResponse
from typing import Any, Final, TypeVar

import msgspec

from pillowbook.domain.answers import Tokens
from pillowbook.domain.errors import (
    Cancelled,
    PillowbookError,
    ScoringUnavailable,
    ServerBusy,
    ServerContextOverflow,
    ServerLost,
    ServerModelUnknown,
    ServerRefused,
    ServerThinks,
    ServerUnusable,
)
from pillowbook.host.workers import CancelToken
from pillowbook.models.generator.client import Generated, Message, Scored
from pillowbook.models.generator.stopping import StopStrings
from pillowbook.models.remote.address import ServerAddress
from pillowbook.models.remote.events import EventReader, EventTooLarge
from pillowbook.models.remote.line import Line, trust
from pillowbook.models.remote.messages import Completion, ModelList, plain, without_layout
from pillowbook.models.turns import Turns, Urgency

T = TypeVar("T")

MAX_STOPS: Final = 4
"""More are not taken by OpenAI's protocol; ours are looked for here as well."""
MAX_BODY_BYTES: Final = 1 << 20
"""Of an answer that is no stream: a list of models, one token with its probabilities, an error."""
MAX_BYTES_PER_TOKEN: Final = 8 * 1024
"""Of a stream: a token with its probabilities is some 300 bytes; beyond this the server is not asked for more."""
MAX_CHARS_PER_TOKEN: Final = 64
"""A server that writes on after ``max_tokens`` is cut off; llama.cpp's vocabularies have few tokens as long as this."""
MAX_MODELS: Final = 200
MAX_NAME_CHARS: Final = 80
CHARS_PER_TOKEN: Final = 3.5
"""English prose has four, other languages fewer; an estimate, because counting exactly would send the text away."""
TOP_PROBABILITIES: Final = 20
UNKNOWN_LOG_PROBABILITY: Final = math.log(0.5)
"""Of a text whose server does not say: as likely as not, so that silence never counts as being sure."""
LOOK_S: Final = 10.0
RETRY_AFTER_S: Final = 0.5

_ARGUMENT_ERRORS: Final = frozenset({400, 415, 422, 500, 501})
"""How servers answer what they do not know: llama-cpp-python gives 500 for probabilities that it was not built for."""


@dataclass(frozen=True, slots=True)
class ServerChoice:
    """Which server, as the settings say.

    Attributes:
        model: empty for the first that the server names.
        ca_file: whose certificates are trusted; empty for the system's authorities.
        allows_private_plain: text may go over a private network without encryption.
        key: sent as a bearer token; empty for none. Never shown or logged.
    """

    address: ServerAddress
    model: str = ""
    ca_file: str = ""
    allows_private_plain: bool = False
    key: str = field(default="", repr=False)


class ServerGenerator:
    """A :class:`Generator` over HTTP. Thread-safe; one text at a time, questions before background work."""

    def __init__(self, choice: ServerChoice) -> None:
        self._choice = choice
        self._turns = Turns("model server")
        self._name = choice.model
        self._takes_extras = True
        self._can_score = True
        self._is_answering = False
        self._lock = threading.Lock()
        self._running: set[CancelToken] = set()
        self._is_closed = False
        self._tls: ssl.SSLContext | None = None

    @property
    def model_id(self) -> str:
        """The model and the machine it runs on."""
        return f"{self._name or 'model'}@{self._choice.address.host}"

    @property
    def is_loaded(self) -> bool:
        """Whether the server answered the last time."""
        return self._is_answering

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
        """See :meth:`Generator.generate`; a connection that breaks is tried once more while nothing was shown yet.

        A server is not asked to bar anything.

        Raises:
            ServerUnreachable, ServerUntrusted, ServerPlain, ServerRefused, ServerModelUnknown, ServerUnusable,
            ServerThinks, ServerBusy, ServerLost (a WorkerLost), ServerTooSlow (a DeadlineExceeded), besides.
        """
        body: dict[str, Any] = {
            "messages": _written(messages),
            "max_tokens": max_tokens,
            "temperature": temperature,
            "stop": list(stop[:MAX_STOPS]),
            "stream": True,
        }

        def write(deadline: float, token: CancelToken) -> Generated:
            text = _Text(max_tokens, stop, on_text)
            try:
                return self._stream(body, text, deadline, token)
            except (ServerLost, ServerBusy) as error:
                if text.is_shown:
                    raise
                _wait(RETRY_AFTER_S, token)
                again = _Text(max_tokens, stop, on_text)
                if text.has_begun:
                    return self._stream(body, again, deadline, token)
                # llama-cpp-python begins a stream before it looks at the prompt, and then can only hang up: as a
                # whole it says what is wrong.
                try:
                    return self._at_once(body | {"stream": False}, again, deadline, token)
                except ServerUnusable as other:
                    raise (other if "status" in other.facts else error) from other

        return self._in_turn(write, deadline_s, cancel, background)

    def score(
        self,
        messages: Sequence[Message],
        options: Sequence[str],
        *,
        deadline_s: float,
        cancel: CancelToken | None = None,
        background: bool = False,
    ) -> Scored:
        """See :meth:`Generator.score`, from the first token alone: a server tells no more of what it did not write.

        So an option of several tokens counts as its first, which is at least as probable, and one that is not among
        the likeliest tokens as the last of them. Options that begin with the same token cannot be told apart.

        Raises:
            ScoringUnavailable: the server tells no probabilities, or not enough; and as :meth:`generate`.
        """
        if not self._can_score:
            raise ScoringUnavailable(why="server")
        body: dict[str, Any] = {
            "messages": _written(messages),
            "max_tokens": 1,
            "temperature": 0.0,
            "stream": False,
            "logprobs": True,
            "top_logprobs": TOP_PROBABILITIES,
        }
        began = time.monotonic()

        def ask(deadline: float, token: CancelToken) -> Completion:
            body["model"] = self._model(deadline, token)
            try:
                return self._decode(
                    self._whole("POST", "/chat/completions", body, deadline, token), Completion
                )
            except ServerUnusable as error:  # it writes, and this is too much for it
                self._can_score = False
                raise ScoringUnavailable(why="server") from error

        made = self._in_turn(ask, deadline_s, cancel, background)
        first = made.choices[0].logprobs if made.choices else None
        if first is None or not first.content or not first.content[0].top_logprobs:
            self._can_score = False
            raise ScoringUnavailable(why="server")
        usage = made.usage
        prompt = sum(self.count_tokens(message.text) for message in messages)
        return Scored(
            log_probabilities=score_options(
                options, [(one.token, one.logprob) for one in first.content[0].top_logprobs]
            ),
            tokens=Tokens(usage.prompt_tokens if usage else prompt, 1),
            reused_tokens=_reused(made),
            seconds=time.monotonic() - began,
        )

    def read_ahead(
        self, messages: Sequence[Message], *, deadline_s: float, cancel: CancelToken | None = None
    ) -> int:
        """Nothing: what is typed leaves this machine when it is asked and not before."""
        return 0

    def count_tokens(self, text: str) -> int:
        """An estimate; counting exactly would send the text away."""
        return math.ceil(len(text) / CHARS_PER_TOKEN)

    def preload(self) -> None:
        """Nothing: servers load their models themselves."""

    def unload(self) -> None:
        """Break off what is under way."""
        with self._lock:
            running = list(self._running)
        for token in running:
            token.cancel()

    def close(self) -> None:
        """Break off what is under way; nothing is sent any more."""
        with self._lock:
            self._is_closed = True
        self.unload()

    def models(self, *, deadline_s: float = LOOK_S, cancel: CancelToken | None = None) -> tuple[str, ...]:
        """The names of the server's models. Sends no text; the errors are those of :meth:`generate`."""
        deadline = time.monotonic() + deadline_s
        found = self._decode(self._whole("GET", "/models", None, deadline, cancel), ModelList)
        return tuple(plain(model.id)[:MAX_NAME_CHARS] for model in found.data[:MAX_MODELS] if model.id)

    # -- one call --------------------------------------------------------------------------------------------

    def _in_turn(
        self,
        work: Callable[[float, CancelToken], T],
        deadline_s: float,
        cancel: CancelToken | None,
        background: bool,
    ) -> T:
        deadline = time.monotonic() + deadline_s
        urgency = Urgency.BACKGROUND if background else Urgency.NOW
        with self._turns.taken(urgency=urgency, deadline=deadline, cancel=cancel, preempts=True) as token:
            with self._lock:
                if self._is_closed:
                    raise Cancelled
                self._running.add(token)
            try:
                return work(deadline, token)
            finally:
                with self._lock:
                    self._running.discard(token)

    def _model(self, deadline: float, cancel: CancelToken) -> str:
        if not self._name:
            remaining_s = max(0.0, deadline - time.monotonic())
            names = self.models(deadline_s=min(LOOK_S, remaining_s), cancel=cancel)
            if not names:
                raise ServerModelUnknown
            self._name = names[0]
        return self._name

    def _stream(self, body: dict[str, Any], text: "_Text", deadline: float, cancel: CancelToken) -> Generated:
        body = body | {"model": self._model(deadline, cancel)}
        began = time.monotonic()
        if self._takes_extras:
            try:
                return self._read_stream(body | _EXTRAS, text, began, deadline, cancel)
            except ServerUnusable as error:
                if error.facts.get("status") not in _ARGUMENT_ERRORS:
                    raise
                made = self._read_stream(body, text, began, deadline, cancel)
                self._takes_extras = False  # it was the extras that it did not like
                return made
        return self._read_stream(body, text, began, deadline, cancel)

    def _read_stream(
        self, body: dict[str, Any], text: "_Text", began: float, deadline: float, cancel: CancelToken
    ) -> Generated:
        limit = MAX_BODY_BYTES + MAX_BYTES_PER_TOKEN * int(body["max_tokens"])
        usage: Completion | None = None
        line = Line(deadline, cancel)
        with line.guarded():
            response = self._send(line, "POST", "/chat/completions", body, "text/event-stream")
            for data in _events(response, limit):
                line.check()
                if data == b"[DONE]":
                    text.has_ended = True
                    break
                event = self._decode(data, Completion)
                if event.error is not None:
                    raise ServerLost(why="error")
                if event.usage is not None:
                    usage = event
                if text.take(event):
                    break  # a stop string: the rest is not wanted, and closing the line tells the server so
            line.check()
        self._is_answering = True
        return text.finish(usage, began, body["messages"], self)

    def _at_once(
        self, body: dict[str, Any], text: "_Text", deadline: float, cancel: CancelToken
    ) -> Generated:
        body = body | {"model": self._model(deadline, cancel)}
        began = time.monotonic()
        made = self._decode(self._whole("POST", "/chat/completions", body, deadline, cancel), Completion)
        text.take(made)
        text.has_ended = bool(made.choices)
        return text.finish(made if made.usage is not None else None, began, body["messages"], self)

    def _whole(
        self, method: str, path: str, body: dict[str, Any] | None, deadline: float, cancel: CancelToken | None
    ) -> bytes:
        line = Line(deadline, cancel)
        with line.guarded():
            response = self._send(line, method, path, body, "application/json")
            data = response.read(MAX_BODY_BYTES + 1)
            line.check()
        if len(data) > MAX_BODY_BYTES:
            raise ServerUnusable(why="size")
        self._is_answering = True
        return data

    def _send(
        self, line: Line, method: str, path: str, body: dict[str, Any] | None, expected: str
    ) -> HTTPResponse:
        """One request on a new connection, and a look at the head of the answer."""
        choice = self._choice
        self._is_answering = False
        if choice.address.is_encrypted and self._tls is None:
            self._tls = trust(choice.ca_file)
        line.open(choice.address, tls=self._tls, allows_private_plain=choice.allows_private_plain)
        headers = {"Accept": expected, "User-Agent": "pillowbook"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if choice.key:
            headers["Authorization"] = f"Bearer {choice.key}"
        data = None if body is None else msgspec.json.encode(body)
        response = line.request(choice.address, method, path, data, headers)
        if response.status != HTTPStatus.OK:
            raise _refusal(response)
        kind = (response.getheader("Content-Type") or "").partition(";")[0].strip().lower()
        if kind != expected:
            raise ServerUnusable(why="content type")
        if (response.getheader("Content-Encoding") or "identity").lower() != "identity":
            raise ServerUnusable(why="compression")
        return response

    def _decode(self, data: bytes, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(data, type=kind, strict=False)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ServerUnusable(why="contents") from error


_EXTRAS: Final[dict[str, Any]] = {
    "logprobs": True,
    "top_logprobs": 1,
    "stream_options": {"include_usage": True},
    "chat_template_kwargs": {"enable_thinking": False},
}
"""What not every server takes: how sure it is, a count of tokens, and models that think told not to."""


class _Text:
    """The text of one answer as it grows."""

    def __init__(self, max_tokens: int, stop: Sequence[str], on_text: Callable[[str], None] | None) -> None:
        self._most_chars = MAX_CHARS_PER_TOKEN * max_tokens
        self._stops = StopStrings(stop)
        self._on_text = on_text
        self._pieces: list[str] = []
        self._chars = 0
        self._events = 0
        self._log_probabilities: list[float] = []
        self._first_at: float | None = None
        self._finish_reason: str | None = None
        self._has_thoughts = False
        self.has_begun = False
        self.has_ended = False

    @property
    def is_shown(self) -> bool:
        """Whether somebody has seen any of it."""
        return bool(self._pieces) and self._on_text is not None

    def take(self, event: Completion) -> bool:
        """Add what an event brings; True once a stop string was reached.

        Raises:
            ServerUnusable: the server writes on and on.
        """
        self.has_begun = True
        for choice in event.choices[:1]:
            self._finish_reason = choice.finish_reason or self._finish_reason
            if choice.logprobs is not None and choice.logprobs.content:
                self._log_probabilities += [min(0.0, one.logprob) for one in choice.logprobs.content]
            delta = choice.delta or choice.message
            if delta is None:
                continue
            self._has_thoughts = self._has_thoughts or bool(delta.reasoning_content or delta.reasoning)
            if delta.content:
                self._events += 1
                self._chars += len(delta.content)
                if self._chars > self._most_chars:
                    raise ServerUnusable(why="length")
                self._show(self._stops.feed(plain(delta.content)))
        return self._stops.is_stopped

    def finish(
        self, usage: Completion | None, began: float, sent: list[dict[str, str]], counter: ServerGenerator
    ) -> Generated:
        """The whole of it.

        Raises:
            ServerLost: the connection was closed before the text came to an end.
            ServerThinks: there were thoughts and nothing else.
        """
        is_whole = self._stops.is_stopped or self._finish_reason is not None or self.has_ended
        if not is_whole:
            raise ServerLost(why="closed")
        self._show(self._stops.finish())
        text = "".join(self._pieces)
        if (self._has_thoughts and not text) or text.lstrip().startswith("<think>"):
            raise ServerThinks
        now = time.monotonic()
        counted = usage.usage if usage is not None else None
        known = self._log_probabilities
        return Generated(
            text=text,
            tokens=Tokens(
                counted.prompt_tokens
                if counted
                else sum(counter.count_tokens(one["content"]) for one in sent),
                counted.completion_tokens if counted else self._events,
            ),
            first_token_ms=((self._first_at or now) - began) * 1000,
            seconds=now - began,
            is_complete=self._stops.is_stopped or self._finish_reason != "length",
            reused_tokens=_reused(usage),
            model=counter.model_id,
            mean_log_probability=sum(known) / len(known) if known else UNKNOWN_LOG_PROBABILITY,
            min_log_probability=min(known, default=UNKNOWN_LOG_PROBABILITY),
        )

    def _show(self, text: str) -> None:
        if not text:
            return
        if self._first_at is None:
            self._first_at = time.monotonic()
        self._pieces.append(text)
        if self._on_text is not None:
            self._on_text(text)


def score_options(options: Sequence[str], likeliest: Sequence[tuple[str, float]]) -> tuple[float, ...]:
    """Log-probabilities of options from those of the first token.

    Raises:
        ScoringUnavailable: a token could begin more than one option.
    """
    least = min(value for _token, value in likeliest)
    found: list[list[float]] = [[] for _ in options]
    for token, value in likeliest:
        start = token.lstrip()
        fitting = [
            number
            for number, option in enumerate(options)
            if start
            and option.strip()
            and (option.lstrip().startswith(start) or start.startswith(option.strip()))
        ]
        if len(fitting) > 1:
            raise ScoringUnavailable(why="same beginning")
        for number in fitting:
            found[number].append(value)
    return tuple(
        0.0 if not option.strip() else min(0.0, _log_sum(values)) if values else min(0.0, least)
        for option, values in zip(options, found, strict=True)
    )


def _log_sum(values: Sequence[float]) -> float:
    most = max(values)
    return most + math.log(sum(math.exp(value - most) for value in values))


def _written(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [{"role": message.role, "content": without_layout(message.text)} for message in messages]


def _reused(made: Completion | None) -> int:
    details = made.usage.prompt_tokens_details if made is not None and made.usage is not None else None
    return (details.cached_tokens or 0) if details is not None else 0


def _events(response: HTTPResponse, limit_bytes: int) -> Iterator[bytes]:
    reader = EventReader()
    total = 0
    while chunk := response.read1(1 << 16):
        total += len(chunk)
        if total > limit_bytes:
            raise ServerUnusable(why="size")
        try:
            yield from reader.feed(chunk)
        except EventTooLarge as error:
            raise ServerUnusable(why="size") from error


def _refusal(response: HTTPResponse) -> PillowbookError:
    """What an answer that is no success means. Its words are looked at for two cases and never shown or logged."""
    status = response.status
    if 300 <= status < 400:
        return ServerUnusable(why="redirect", status=status)
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return ServerRefused(status=status)
    if status in (
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    ):
        return ServerBusy(status=status)
    words = response.read(MAX_BODY_BYTES).decode("utf-8", "replace").lower()
    # llama.cpp: exceed_context_size_error; OpenAI and vLLM: context_length_exceeded, "maximum context length".
    if "context" in words and any(word in words for word in ("exceed", "maximum", "too long")):
        return ServerContextOverflow()
    if status == HTTPStatus.NOT_FOUND and "model" in words:
        return ServerModelUnknown()
    if status == HTTPStatus.BAD_REQUEST and "model" in words and "not" in words and "found" in words:
        return ServerModelUnknown()
    return ServerUnusable(why=f"status {status}", status=status)


def _wait(seconds: float, cancel: CancelToken) -> None:
    woken = threading.Event()
    forget = cancel.when_cancelled(woken.set)
    try:
        woken.wait(seconds)
    finally:
        forget()
    cancel.raise_if_cancelled()
