"""The client of a model server against a real one: llama.cpp behind llama-cpp-python's server, on the loopback."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.models.servers import Authority, llama_server

from pillowbook.domain.errors import (
    Cancelled,
    ServerContextOverflow,
    ServerRefused,
    ServerTooSlow,
    ServerUnreachable,
    ServerUntrusted,
)
from pillowbook.host.workers import CancelToken
from pillowbook.models.generator.client import Message
from pillowbook.models.remote.address import ServerAddress
from pillowbook.models.remote.client import UNKNOWN_LOG_PROBABILITY, ServerChoice, ServerGenerator

MESSAGES = [
    Message("system", "You answer in one short sentence.", frozenset()),
    Message("user", "What is the capital of France?", frozenset()),
]


@pytest.fixture(scope="module")
def address(tiny_model: Path) -> Iterator[ServerAddress]:
    with llama_server(tiny_model) as found:
        yield found


def test_a_text_is_streamed_as_it_is_written(address: ServerAddress) -> None:
    writer = ServerGenerator(ServerChoice(address))
    shown: list[str] = []
    made = writer.generate(MESSAGES, max_tokens=24, deadline_s=120, on_text=shown.append)
    assert "Paris" in made.text
    assert "".join(shown) == made.text and len(shown) > 1
    assert 0 < made.first_token_ms <= made.seconds * 1000
    assert made.tokens.prompt > 10 and made.tokens.completion >= len(shown)
    assert writer.is_loaded and made.model.endswith("@127.0.0.1")
    assert made.min_log_probability <= made.mean_log_probability < 0


def test_the_names_of_the_models_are_told(address: ServerAddress) -> None:
    assert any("SmolLM2" in name for name in ServerGenerator(ServerChoice(address)).models())


def test_a_cancel_stops_it_and_the_next_text_comes(address: ServerAddress) -> None:
    writer = ServerGenerator(ServerChoice(address))
    cancel = CancelToken()

    def on_text(_text: str) -> None:
        if not cancel.is_cancelled:
            threading.Thread(target=cancel.cancel).start()

    with pytest.raises(Cancelled):
        writer.generate(MESSAGES, max_tokens=1500, deadline_s=120, on_text=on_text, cancel=cancel)
    assert writer.generate(MESSAGES, max_tokens=8, deadline_s=120).text


def test_a_question_goes_before_background_work(address: ServerAddress) -> None:
    writer = ServerGenerator(ServerChoice(address))
    begun, ended = threading.Event(), []

    def work() -> None:
        try:
            writer.generate(
                MESSAGES, max_tokens=1500, deadline_s=120, background=True, on_text=lambda _text: begun.set()
            )
        except Cancelled:
            ended.append("cancelled")

    thread = threading.Thread(target=work)
    thread.start()
    assert begun.wait(60)
    assert writer.generate(MESSAGES, max_tokens=8, deadline_s=120).text
    thread.join(60)
    assert ended == ["cancelled"]


def test_a_deadline_is_kept(address: ServerAddress) -> None:
    with pytest.raises(ServerTooSlow):
        ServerGenerator(ServerChoice(address)).generate(MESSAGES, max_tokens=1500, deadline_s=0.2)


def test_a_prompt_that_is_too_long_is_told(address: ServerAddress) -> None:
    long = [Message("user", "the cat sat on the mat " * 1000, frozenset())]
    with pytest.raises(ServerContextOverflow):
        ServerGenerator(ServerChoice(address)).generate(long, max_tokens=8, deadline_s=120)


def test_options_are_scored_and_what_is_written_has_probabilities(address: ServerAddress) -> None:
    writer = ServerGenerator(ServerChoice(address))
    scored = writer.score(MESSAGES, ["The capital is Paris", "Banana", "Zebra"], deadline_s=120)
    likely, *unlikely = scored.log_probabilities
    assert all(likely > other for other in unlikely) and likely <= 0
    made = writer.generate(MESSAGES, max_tokens=8, deadline_s=120)
    assert made.mean_log_probability != UNKNOWN_LOG_PROBABILITY
    assert made.min_log_probability <= made.mean_log_probability <= 0


def test_encrypted_with_a_key_and_an_authority_of_the_users_own(tiny_model: Path, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    options = ("--ssl_keyfile", str(authority.key), "--ssl_certfile", str(authority.certificate))
    with llama_server(tiny_model, *options, "--api_key", "open sesame", scheme="https") as address:
        ask = {"max_tokens": 8, "deadline_s": 120.0}
        with pytest.raises(ServerUntrusted):
            ServerGenerator(ServerChoice(address, key="open sesame")).generate(MESSAGES, **ask)  # type: ignore[arg-type]
        with pytest.raises(ServerRefused):
            ServerGenerator(ServerChoice(address, ca_file=str(authority.ca_file), key="wrong")).models()
        trusted = ServerChoice(address, ca_file=str(authority.ca_file), key="open sesame")
        assert ServerGenerator(trusted).generate(MESSAGES, **ask).text  # type: ignore[arg-type]


def test_a_server_that_ends_is_told_in_one_sentence(tiny_model: Path) -> None:
    with llama_server(tiny_model) as address:
        writer = ServerGenerator(ServerChoice(address))
        assert writer.models()
    with pytest.raises(ServerUnreachable) as caught:
        writer.generate(MESSAGES, max_tokens=8, deadline_s=20)
    assert "cannot be reached" in caught.value.say()
