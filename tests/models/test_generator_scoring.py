"""Scoring options and reading ahead, on the real engine with the tiny model."""

import math
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from pillowbook.domain.errors import Cancelled, ContextOverflow
from pillowbook.host.workers import CancelToken
from pillowbook.models.generator.client import LlamaGenerator, Message

ASK = [Message("system", "You are brief."), Message("user", "Is water wet? Say yes or no.")]
NOTE = "The boiler was serviced in March by Ruth, who said the pump is worn. "

LOGITS = """
import json, sys
import llama_cpp
import numpy as np
from pillowbook.models.generator.chat_template import ChatTemplate
from pillowbook.models.generator.protocol import Turn
asked = json.load(sys.stdin)
llama = llama_cpp.Llama(asked["model"], n_ctx=512, logits_all=True, flash_attn=True, verbose=False)
template = ChatTemplate(llama.metadata["tokenizer.chat_template"], begin_token="", end_token="")
pieces = template.lay_out([Turn(*turn) for turn in asked["turns"]])
prompt = [t for p in pieces for t in llama.tokenize(p.text.encode(), add_bos=False, special=p.is_template)]
found = []
for option in asked["options"]:
    tokens = llama.tokenize(option.encode(), add_bos=False, special=False)
    llama.reset()
    llama.eval(prompt + tokens)
    total = 0.0
    for number, token in enumerate(tokens):
        row = llama.scores[len(prompt) + number - 1].astype(np.float64)
        total += row[token] - row.max() - np.log(np.exp(row - row.max()).sum())
    found.append(total)
print(json.dumps(found))
"""
"""Every option by itself, from nothing, by llama-cpp-python's own class: what ``score`` has to agree with."""


@pytest.fixture(scope="module")
def shared(tiny_model: Path) -> Iterator[LlamaGenerator]:
    generator = LlamaGenerator(tiny_model, context_tokens=1024)
    generator.generate(ASK, max_tokens=1, deadline_s=120)
    yield generator
    generator.close()


def by_another_way(model: Path, messages: list[Message], options: list[str]) -> list[float]:
    import json

    asked = {"model": str(model), "turns": [(m.role, m.text) for m in messages], "options": options}
    done = subprocess.run(
        [sys.executable, "-c", LOGITS], input=json.dumps(asked), capture_output=True, text=True, check=True
    )
    return [float(value) for value in json.loads(done.stdout)]


def test_scores_are_those_of_the_whole_softmax(shared: LlamaGenerator, tiny_model: Path) -> None:
    options = ["Yes", "No", "Yes, water is wet.", "No, it is a liquid, which is another thing.", "<|im_end|>"]
    scored = shared.score(ASK, options, deadline_s=120)
    expected = by_another_way(tiny_model, ASK, options)
    assert scored.log_probabilities == pytest.approx(expected, abs=0.01)
    assert scored.tokens.completion == sum(shared.count_tokens(option) for option in options)


def test_an_option_scores_the_same_alone_and_among_others(shared: LlamaGenerator) -> None:
    options = ["Yes", "Perhaps, if you ask a plumber.", ""]
    together = shared.score(ASK, options, deadline_s=120).log_probabilities
    alone = [shared.score(ASK, [option], deadline_s=120).log_probabilities[0] for option in options]
    assert together == pytest.approx(alone, abs=1e-3)
    assert together[2] == 0.0


def test_what_the_model_writes_scores_as_it_was_written(shared: LlamaGenerator) -> None:
    """Written token by token, and read at once, a text has the same probability."""
    ask = [Message("user", "Count from one to twenty in words.")]
    written = shared.generate(ask, max_tokens=8, deadline_s=120)
    assert shared.count_tokens(written.text) == 8, "the text does not give the same tokens; choose another"
    scored = shared.score(ask, [written.text], deadline_s=120)
    assert scored.log_probabilities[0] == pytest.approx(8 * written.mean_log_probability, abs=0.05, rel=0.01)
    assert scored.log_probabilities[0] / 8 >= written.min_log_probability
    assert written.min_log_probability <= written.mean_log_probability < 0


def test_nothing_written_has_no_probability(shared: LlamaGenerator) -> None:
    written = shared.generate(ASK, max_tokens=0, deadline_s=120)
    assert (written.mean_log_probability, written.min_log_probability) == (0.0, 0.0)


def test_scoring_leaves_the_prompt_as_it_was(shared: LlamaGenerator) -> None:
    """What was scored is no part of what is written next, and the prompt need not be read again."""
    before = shared.generate(ASK, max_tokens=10, deadline_s=120)
    scored = shared.score(ASK, ["No, not at all, never", "Yes"], deadline_s=120)
    after = shared.generate(ASK, max_tokens=10, deadline_s=120)
    assert after.text == before.text
    assert scored.reused_tokens == after.reused_tokens == before.tokens.prompt - 1


def test_an_option_longer_than_a_batch(tiny_model: Path) -> None:
    small = LlamaGenerator(tiny_model, context_tokens=512, batch_tokens=16)
    large = LlamaGenerator(tiny_model, context_tokens=512)
    option = [NOTE * 5]
    try:
        one = small.score(ASK, option, deadline_s=120).log_probabilities[0]
        other = large.score(ASK, option, deadline_s=120).log_probabilities[0]
    finally:
        small.close()
        large.close()
    assert math.isfinite(one)
    assert one == pytest.approx(other, rel=0.01)


def test_an_option_that_finds_no_room_is_named(shared: LlamaGenerator) -> None:
    with pytest.raises(ContextOverflow):
        shared.score(ASK, ["word " * 1100], deadline_s=120)
    assert shared.score(ASK, ["Yes"], deadline_s=120).log_probabilities[0] < 0


def test_scoring_is_cancelled_in_the_middle(shared: LlamaGenerator) -> None:
    process = shared.process_id
    token = CancelToken()
    options = [f"{number}: {NOTE * 4}" for number in range(200)]
    threading.Timer(0.5, token.cancel).start()
    with pytest.raises(Cancelled):
        shared.score(ASK, options, deadline_s=120, cancel=token)
    assert shared.score(ASK, ["Yes"], deadline_s=120).reused_tokens > 0
    assert shared.process_id == process


def test_a_prompt_read_ahead_is_not_read_again(shared: LlamaGenerator) -> None:
    system, user = Message("system", "Answer from the note."), NOTE * 8 + "What did Ruth say?"
    read = shared.read_ahead([system, Message("user", user[: user.index("What")])], deadline_s=120)
    assert read > 100
    assert shared.read_ahead([system, Message("user", NOTE * 8)], deadline_s=120) == 0
    written = shared.generate([system, Message("user", user)], max_tokens=1, deadline_s=120)
    assert written.tokens.prompt - written.reused_tokens < 20
    assert shared.score([system, Message("user", user)], ["Yes"], deadline_s=120).reused_tokens > read - 4


def test_reading_ahead_changes_no_text(tiny_model: Path) -> None:
    """What is read ahead ends in the middle of a word; the text is that of a prompt read at once."""
    texts = []
    for is_ahead in (False, True):
        generator = LlamaGenerator(tiny_model, context_tokens=512)
        if is_ahead:
            generator.read_ahead([ASK[0], Message("user", "Is water wet? Say ye")], deadline_s=120)
        texts.append(generator.generate(ASK, max_tokens=12, deadline_s=120).text)
        generator.close()
    assert texts[0] == texts[1]


def test_a_question_takes_over_from_reading_ahead_and_what_was_read_stays(tiny_model: Path) -> None:
    generator = LlamaGenerator(tiny_model, context_tokens=4096, batch_tokens=32)
    generator.generate(ASK, max_tokens=1, deadline_s=120)
    long = Message("user", NOTE * 150)
    outcome: list[str] = []

    def read() -> None:
        try:
            generator.read_ahead([ASK[0], long], deadline_s=120)
            outcome.append("finished")
        except Cancelled:
            outcome.append("cancelled")

    worker = psutil.Process(generator.process_id)
    before_s = worker.cpu_times().user
    thread = threading.Thread(target=read)
    thread.start()
    while (
        worker.cpu_times().user < before_s + 1.5 and thread.is_alive()
    ):  # it has read a batch or two, however busy
        time.sleep(0.01)
    written = generator.generate(ASK, max_tokens=1, deadline_s=120)
    thread.join(60)
    try:
        assert outcome == ["cancelled"]
        assert written.text
        assert generator.read_ahead([ASK[0], Message("user", NOTE.strip())], deadline_s=120) == 0
    finally:
        generator.close()


def test_reading_ahead_stops_background_work_and_not_a_question(shared: LlamaGenerator) -> None:
    outcome: dict[str, str] = {}

    def write(name: str, background: bool, has_begun: threading.Event) -> None:
        try:
            shared.generate(
                ASK,
                max_tokens=40,
                deadline_s=120,
                background=background,
                on_text=lambda _text: has_begun.set(),
            )
            outcome[name] = "finished"
        except Cancelled:
            outcome[name] = "cancelled"

    for name, background in (("background", True), ("question", False)):
        has_begun = threading.Event()
        thread = threading.Thread(target=write, args=(name, background, has_begun))
        thread.start()
        assert has_begun.wait(60)
        shared.read_ahead([ASK[0], Message("user", f"{name}: {NOTE}")], deadline_s=120)
        thread.join(60)
    assert outcome == {"background": "cancelled", "question": "finished"}


def test_a_barred_beginning_is_not_written_and_how_probable_it_was_is_told(shared: LlamaGenerator) -> None:
    free = shared.generate(ASK, max_tokens=4, deadline_s=120)
    assert free.barred_log_probability is None
    first = free.text.split()[0]
    barred = shared.generate(ASK, max_tokens=4, deadline_s=120, barred=[first])
    assert barred.text
    assert not barred.text.startswith(first)
    scored = shared.score(ASK, [first], deadline_s=120)
    assert barred.barred_log_probability is not None
    assert barred.barred_log_probability >= scored.log_probabilities[0] - 1e-3
    assert shared.generate(ASK, max_tokens=4, deadline_s=120).text == free.text
