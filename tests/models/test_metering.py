"""Tokens of background work are counted while they are written, and a limit ends a text in its middle."""

import pytest
from tests.fakes.generator import ScriptedGenerator

from pillowbook.domain.answers import Tokens
from pillowbook.domain.errors import Cancelled
from pillowbook.host.workers import CancelToken
from pillowbook.models.generator.client import Message
from pillowbook.models.metering import MeteredGenerator, TokenMeter

PROMPT = [Message("user", "one two three")]
REPLY = "a b c d e f g h"


def test_background_calls_count_by_their_exact_figures_and_no_others() -> None:
    meter = TokenMeter()
    generator = MeteredGenerator(ScriptedGenerator([REPLY, REPLY]), meter)
    meter.begin()
    shown: list[str] = []
    generator.generate(PROMPT, max_tokens=50, deadline_s=5, on_text=shown.append)
    assert meter.spent == Tokens()
    made = generator.generate(PROMPT, max_tokens=50, deadline_s=5, on_text=shown.append, background=True)
    assert meter.spent == made.spent != Tokens()
    scored = generator.score(PROMPT, ["yes", "no"], deadline_s=5, background=True)
    assert meter.spent == made.spent + scored.spent
    assert "".join(shown) == 2 * REPLY
    meter.begin()
    assert meter.spent == Tokens()


def test_a_limit_ends_a_text_in_its_middle_and_what_was_written_counts() -> None:
    meter, token = TokenMeter(), CancelToken()
    generator = MeteredGenerator(ScriptedGenerator([REPLY, REPLY]), meter)
    meter.begin(5, token.cancel)
    with pytest.raises(Cancelled):
        generator.generate(PROMPT, max_tokens=50, deadline_s=5, cancel=token, background=True)
    assert meter.spent == Tokens(0, 5)


def test_a_limit_is_also_reached_by_what_was_read() -> None:
    meter, token = TokenMeter(), CancelToken()
    inner = ScriptedGenerator([REPLY])
    generator = MeteredGenerator(inner, meter)
    meter.begin(inner.count_tokens(PROMPT[0].text) + inner.count_tokens(REPLY), token.cancel)
    generator.generate(PROMPT, max_tokens=50, deadline_s=5, cancel=token, background=True)
    assert token.is_cancelled
