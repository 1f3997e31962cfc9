"""What goes wrong around a model, on the real engine: one clear error each, and the next question works."""

import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psutil
import pytest

from pillowbook.domain.errors import (
    Cancelled,
    ContextOverflow,
    DeadlineExceeded,
    ModelDamaged,
    ModelMissing,
    PillowbookError,
    WorkerLost,
)
from pillowbook.host import workers
from pillowbook.host.cancelling import CancelToken
from pillowbook.host.memory import FixedMemory, Memory
from pillowbook.models.disuse import Disuse
from pillowbook.models.generator import client
from pillowbook.models.generator.client import LlamaGenerator, Message

ROOT = Path(__file__).resolve().parents[2]
SYSTEM = Message("system", "Answer from the note.")
NOTE = "The boiler was serviced in March by Ruth, who said the pump is worn. "


def about(number: int, question: str, *, length: int = 6) -> list[Message]:
    """A prompt on the document of a number."""
    return [SYSTEM, Message("user", f"Note {number}. " + NOTE * length + question)]


Open = Callable[..., LlamaGenerator]


@pytest.fixture
def opened(tiny_model: Path) -> Iterator[Open]:
    """Makes generators, of the tiny model unless told otherwise, and closes them."""
    made: list[LlamaGenerator] = []

    def open_one(file: Path = tiny_model, **options: object) -> LlamaGenerator:
        made.append(LlamaGenerator(file, model_id="tiny", **{"context_tokens": 512, **options}))  # type: ignore[arg-type]
        return made[-1]

    yield open_one
    for generator in made:
        generator.close()
    assert not [t for t in threading.enumerate() if t.name in ("generator-output", "model-disuse")]


@pytest.fixture
def generator(opened: Open) -> LlamaGenerator:
    return opened(context_tokens=2048)


def ask(generator: LlamaGenerator, **options: object) -> str:
    return generator.generate([Message("user", "Hello?")], max_tokens=2, deadline_s=120, **options).text  # type: ignore[arg-type]


def clear_sentence(error: PillowbookError) -> str:
    """One sentence that says what to do, with every fact filled in."""
    said = error.say()
    assert "?" not in said
    assert said.endswith(".")
    assert "; " in said or "," in said
    return said


@contextmanager
def killed(generator: LlamaGenerator, times: int) -> Iterator[list[int]]:
    """Meanwhile, processes of the generator that are ready are killed, the first so many of them."""
    dead: list[int] = []
    is_over = threading.Event()

    def kill() -> None:
        while len(dead) < times and not is_over.is_set():
            process = generator.process_id
            if generator.is_loaded and process is not None and process not in dead:
                time.sleep(0.15)  # in the middle of the call
                os.kill(process, signal.SIGKILL)
                dead.append(process)
            time.sleep(0.002)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield dead
    finally:
        is_over.set()
        thread.join()


# -- prompts that stay read ----------------------------------------------------------------------------------------


def test_a_question_between_two_slices_costs_neither_what_was_read(generator: LlamaGenerator) -> None:
    for turn in range(2):
        slice_ = generator.generate(
            about(1, f"Q{turn}", length=3), max_tokens=1, deadline_s=120, background=True
        )
        live = generator.generate(about(2, f"Q{turn}", length=3), max_tokens=1, deadline_s=120)
        for made in (slice_, live) if turn else ():
            assert made.tokens.prompt - made.reused_tokens < 12


def test_what_is_shared_changes_no_text(generator: LlamaGenerator, opened: Open) -> None:
    """A prompt that goes on from another's beginning is answered as one read from nothing."""
    prompts = [about(number, question) for number in (1, 2) for question in ("Who?", "When did she come?")]
    mixed = [generator.generate(prompt, max_tokens=12, deadline_s=120).text for prompt in prompts]
    for prompt, text in zip(prompts, mixed, strict=True):
        assert opened().generate(prompt, max_tokens=12, deadline_s=120).text == text


def test_prompts_that_do_not_fit_together_push_out_the_oldest(opened: Open) -> None:
    generator = opened(context_tokens=256)
    for number in range(4):
        made = generator.generate(about(number, "Who?", length=7), max_tokens=20, deadline_s=120)
        assert made.tokens.prompt > 128, "two of them have to be too much"
        assert made.text
    again = generator.generate(about(3, "When?", length=7), max_tokens=2, deadline_s=120)
    assert again.reused_tokens > 100


def padded(generator: LlamaGenerator, tokens: int, word: str) -> list[Message]:
    """A prompt of exactly so many tokens that a text follows which is longer than a few."""
    ask = "Count from one to twenty in words."
    bare = generator.generate([Message("user", ask)], max_tokens=0, deadline_s=120).tokens.prompt
    text = word * (tokens - bare) + ask
    assert generator.count_tokens(text) - generator.count_tokens(ask) == tokens - bare
    return [Message("user", text)]


def test_a_text_that_outgrows_the_room_pushes_out_other_prompts_not_its_own(opened: Open) -> None:
    """In the middle of writing, which must not be seen in the text."""
    generator, fresh = opened(context_tokens=256), opened(context_tokens=256)
    old, new = padded(fresh, 100, " red"), padded(fresh, 165, " blue")
    generator.generate(old, max_tokens=0, deadline_s=120)
    written = generator.generate(new, max_tokens=40, deadline_s=120)
    assert written.tokens.completion > 30, "the text is too short to need the room; choose another"
    assert written.text == fresh.generate(new, max_tokens=40, deadline_s=120).text
    again = generator.generate(new, max_tokens=0, deadline_s=120)
    assert again.reused_tokens == again.tokens.prompt - 1
    assert generator.generate(old, max_tokens=0, deadline_s=120).reused_tokens < 40, (
        "it should have given way"
    )


# -- cancelling --------------------------------------------------------------------------------------------------------


def cancelled_after(delay_s: float, call: Callable[[CancelToken], object]) -> float:
    """Seconds from the cancel to the end of the call."""
    token = CancelToken()
    at: list[float] = []

    def cancel() -> None:
        at.append(time.monotonic())
        token.cancel()

    timer = threading.Timer(delay_s, cancel)
    timer.start()
    with pytest.raises(Cancelled):
        call(token)
    timer.join()
    return time.monotonic() - at[0]


def test_cancel_while_the_model_loads(generator: LlamaGenerator) -> None:
    """At once, and the next question finds the model loaded or loading."""
    assert cancelled_after(0.05, lambda token: ask(generator, cancel=token)) < 0.5
    process = generator.process_id
    assert ask(generator)
    assert generator.process_id == process


def test_background_work_cancelled_while_the_model_loads_ends_the_loading(generator: LlamaGenerator) -> None:
    assert cancelled_after(0.05, lambda token: ask(generator, cancel=token, background=True)) < 0.5
    until = time.monotonic() + 10
    while generator.process_id is not None:
        assert time.monotonic() < until
        time.sleep(0.005)


def test_a_question_takes_over_the_model_that_background_work_was_loading(generator: LlamaGenerator) -> None:
    outcome: list[str] = []

    def work() -> None:
        try:
            ask(generator, background=True)
            outcome.append("finished")
        except Cancelled:
            outcome.append("cancelled")

    thread = threading.Thread(target=work)
    thread.start()
    until = time.monotonic() + 10
    while generator.process_id is None:
        assert time.monotonic() < until
        time.sleep(0.001)
    process = generator.process_id
    assert ask(generator)
    thread.join(60)
    assert outcome == ["cancelled"]
    assert generator.process_id == process


def test_cancel_in_the_middle_of_reading_keeps_the_process(generator: LlamaGenerator) -> None:
    ask(generator)
    process = generator.process_id
    long = about(3, "Who?", length=100)
    call = lambda token: generator.generate(long, max_tokens=1, deadline_s=120, cancel=token)  # noqa: E731
    assert cancelled_after(0.05, call) < 0.5
    assert ask(generator)
    assert generator.process_id == process


def test_cancel_while_waiting_for_the_turn(generator: LlamaGenerator) -> None:
    has_begun = threading.Event()
    stop = CancelToken()

    def work() -> None:
        with pytest.raises(Cancelled):
            generator.generate(
                about(1, "Count from one to twenty in words."),
                max_tokens=1500,
                deadline_s=120,
                cancel=stop,
                on_text=lambda _text: has_begun.set(),
            )

    thread = threading.Thread(target=work)
    thread.start()
    assert has_begun.wait(60)
    assert cancelled_after(0.05, lambda token: ask(generator, cancel=token)) < 0.5
    stop.cancel()
    thread.join(60)
    with pytest.raises(DeadlineExceeded):
        generator.score(about(1, "Who?", length=80), ["Ruth"], deadline_s=0.02)
    assert ask(generator)


# -- deaths and damages ----------------------------------------------------------------------------------------


def test_scoring_and_reading_ahead_survive_a_death(generator: LlamaGenerator) -> None:
    options = [f"{number}. {NOTE * 3}" for number in range(6)]
    expected = generator.score(about(1, "Who?"), options, deadline_s=120).log_probabilities
    with killed(generator, 1) as dead:
        assert generator.score(about(1, "Who?"), options, deadline_s=120).log_probabilities == expected
    assert len(dead) == 1
    with killed(generator, 1) as dead:
        assert generator.read_ahead(about(2, "", length=40), deadline_s=120) > 500
    assert len(dead) == 1


def test_a_model_that_dies_twice_is_said_so_and_the_next_question_works(generator: LlamaGenerator) -> None:
    with killed(generator, 2) as dead, pytest.raises(WorkerLost) as caught:
        generator.generate(about(1, "Who?", length=110), max_tokens=1, deadline_s=120)
    assert len(dead) == 2
    assert "try again" in clear_sentence(caught.value)
    assert ask(generator)


def test_too_long_a_prompt_is_named_and_the_next_question_works(generator: LlamaGenerator) -> None:
    for call in (
        lambda: generator.generate(about(1, "", length=200), max_tokens=1, deadline_s=120),
        lambda: generator.score(about(1, "", length=200), ["Yes"], deadline_s=120),
        lambda: generator.read_ahead(about(1, "", length=200), deadline_s=120),
    ):
        with pytest.raises(ContextOverflow) as caught:
            call()
        assert "2048" in clear_sentence(caught.value)
    assert ask(generator)


def test_a_prompt_that_just_fits_ends_with_the_context(opened: Open) -> None:
    generator = opened(context_tokens=256)
    written = generator.generate(padded(generator, 252, " blue"), max_tokens=500, deadline_s=120)
    assert (written.tokens.prompt, written.tokens.completion) == (252, 4)
    assert not written.is_complete
    with pytest.raises(ContextOverflow):
        generator.generate(padded(generator, 256, " blue"), max_tokens=500, deadline_s=120)


def test_a_model_that_vanishes_is_named_and_the_next_question_works(
    opened: Open, tiny_model: Path, tmp_path: Path
) -> None:
    file = tmp_path / "tiny.gguf"
    shutil.copyfile(tiny_model, file)
    generator = opened(file)
    assert ask(generator)
    file.rename(tmp_path / "gone")
    with pytest.raises(ModelMissing) as caught:
        ask(generator)
    assert "models install tiny" in clear_sentence(caught.value)
    (tmp_path / "gone").rename(file)
    assert ask(generator)


def test_a_model_damaged_while_it_is_used_is_named_and_works_when_it_is_whole(
    opened: Open, tiny_model: Path, tmp_path: Path
) -> None:
    """The file is cut below the running process, as by a synchroniser or a failing disk."""
    file = tmp_path / "tiny.gguf"
    shutil.copyfile(tiny_model, file)
    generator = opened(file)
    assert ask(generator)
    os.truncate(file, 1_000_000)
    with pytest.raises(ModelDamaged) as caught:
        generator.generate(about(1, "Who?"), max_tokens=5, deadline_s=120)
    assert "models install tiny" in clear_sentence(caught.value)
    shutil.copyfile(tiny_model, file)
    assert ask(generator)


# -- the graphics processor, of which this machine need not have any ---------------------------------------------


@pytest.mark.parametrize(
    ("layers", "death"), [(1, "the driver kills it"), (2, "it does not fit"), (-1, "the same")]
)
def test_where_the_graphics_processor_fails_the_processor_does_all(
    opened: Open, monkeypatch: pytest.MonkeyPatch, layers: int, death: str
) -> None:
    bare = workers.bare_environment
    monkeypatch.setattr(workers, "bare_environment", lambda _paths=(): bare([str(ROOT)]))
    monkeypatch.setattr(client, "WORKER_MODULE", "tests.fakes.gpu_worker")
    generator = opened(gpu_layers=layers)
    assert ask(generator), death
    generator.unload()
    assert ask(generator)


# -- giving memory back --------------------------------------------------------------------------------------------


def test_an_unused_model_ends_its_process_and_comes_back(opened: Open) -> None:
    generator = opened(unload_after_s=0.5)
    expected = ask(generator)
    process = generator.process_id
    assert process is not None
    until = time.monotonic() + 20
    while psutil.pid_exists(process):
        assert time.monotonic() < until
        time.sleep(0.01)
    assert not generator.is_loaded
    assert ask(generator) == expected


def test_short_memory_unloads_a_model_that_is_not_in_use(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "Disuse", partial(Disuse, look_every_s=0.05))
    memory = FixedMemory()
    generator = opened(memory=memory)
    ask(generator)
    assert generator.is_loaded
    memory.fixed = Memory(8 << 30, 1 << 20)
    until = time.monotonic() + 20
    while generator.process_id is not None:
        assert time.monotonic() < until
        time.sleep(0.01)
    assert ask(generator)
