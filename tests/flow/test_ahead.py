"""Reading ahead while a question is typed: never at the question's cost, and without a trace."""

import threading
import time
from collections.abc import Callable

import pytest
from tests.flow.conftest import Stream

from pillowbook.domain.answers import AnswerKind
from pillowbook.domain.asking import AskPart, LikelyPassage
from pillowbook.domain.errors import Cancelled, WorkerLost
from pillowbook.host.workers import CancelToken

VET = "who is the vet of Mungo"
DEADLINE_S = 5.0


@pytest.fixture
def reads(boiler: Stream, monkeypatch: pytest.MonkeyPatch) -> "Reads":
    made = Reads()
    monkeypatch.setattr(boiler.generator, "read_ahead", made.read_ahead)
    return made


class Reads:
    """A generator's reading ahead that takes until it is let go or cancelled."""

    def __init__(self) -> None:
        self.prompts: list[str] = []
        self.cancelled: list[str] = []
        self.began = threading.Semaphore(0)
        self.go_on = threading.Event()
        self.error: Exception | None = None

    def read_ahead(self, messages: list, *, deadline_s: float, cancel: CancelToken | None = None) -> int:
        if self.error is not None:
            raise self.error
        self.prompts.append(messages[-1].text)
        self.began.release()
        assert cancel is not None
        until = time.monotonic() + DEADLINE_S
        while not self.go_on.wait(0.005):
            if cancel.is_cancelled:
                self.cancelled.append(messages[-1].text)
                raise Cancelled
            assert time.monotonic() < until
        return 1


def apart(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_the_prompt_read_ahead_is_the_one_that_is_asked(boiler: Stream) -> None:
    boiler.server.read_ahead(VET)
    boiler.server.ask(VET, learn=False)
    ahead, asked = boiler.generator.read_ahead_calls[-1], boiler.generator.calls[-1]
    assert [m.text for m in asked][: len(ahead) - 1] == [m.text for m in ahead][:-1]
    assert asked[len(ahead) - 1].text.startswith(ahead[-1].text)


def test_what_is_read_ahead_leaves_no_trace(boiler: Stream) -> None:
    before = (boiler.knowledge.counts(), len(boiler.generator.calls))
    boiler.server.read_ahead(VET)
    assert boiler.generator.read_ahead_calls
    assert (boiler.knowledge.counts(), len(boiler.generator.calls)) == before
    assert boiler.knowledge.questions_to_prepare(5) == []


@pytest.mark.parametrize("typed", ["", "vet", "the vet", "what should the cold boiler pressure be"])
def test_what_is_no_question_yet_or_has_an_answer_is_not_read(boiler: Stream, typed: str) -> None:
    boiler.server.read_ahead(typed)
    assert boiler.generator.read_ahead_calls == []


def test_nothing_is_read_while_the_embedder_loads(boiler: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    boiler.embedder.unload()
    begun: list[str] = []
    monkeypatch.setattr(boiler.embedder, "preload", lambda: begun.append("load"))
    boiler.server.read_ahead(VET)
    assert boiler.generator.read_ahead_calls == [] and begun == ["load"]
    monkeypatch.undo()
    boiler.server.read_ahead(VET)
    assert len(boiler.generator.read_ahead_calls) == 1


def test_a_text_that_leads_elsewhere_takes_over_and_one_that_does_not_lets_it_read_on(
    boiler: Stream, reads: Reads
) -> None:
    first = apart(lambda: boiler.server.read_ahead(VET))
    assert reads.began.acquire(timeout=DEADLINE_S)
    boiler.server.read_ahead(VET + "?")
    assert reads.cancelled == [] and len(reads.prompts) == 1
    second = apart(lambda: boiler.server.read_ahead("how is the flame button reset?"))
    assert reads.began.acquire(timeout=DEADLINE_S)
    first.join(DEADLINE_S)
    assert len(reads.cancelled) == 1 and VET in reads.cancelled[0]
    boiler.server.read_ahead("")
    second.join(DEADLINE_S)
    assert not first.is_alive() and not second.is_alive()
    assert len(reads.cancelled) == 2, "a field that was cleared stops the reading"


def test_a_hit_needs_no_reading_and_stops_it(boiler: Stream, reads: Reads) -> None:
    thread = apart(lambda: boiler.server.read_ahead(VET))
    assert reads.began.acquire(timeout=DEADLINE_S)
    boiler.server.read_ahead("What should the cold boiler pressure be?")
    thread.join(DEADLINE_S)
    assert len(reads.prompts) == len(reads.cancelled) == 1


def test_what_goes_wrong_while_reading_ahead_is_for_the_question_to_say(boiler: Stream, reads: Reads) -> None:
    reads.error = WorkerLost(worker="generator")
    boiler.server.read_ahead(VET)
    boiler.says["vet"] = "The vet of Mungo is Femi at Saltmarsh Vets."
    assert boiler.server.ask(VET, learn=False).kind is AnswerKind.LIVE


def test_an_answer_used_before_enter_is_counted_as_a_hit(boiler: Stream) -> None:
    asked = "what should the cold boiler pressure be"
    assert boiler.server.note_use(asked)
    assert [one.kind for one in boiler.knowledge.servings()] == [AnswerKind.HIT]
    assert not boiler.server.note_use(VET), "nothing is prepared for it"
    assert [one.kind for one in boiler.knowledge.servings()] == [AnswerKind.HIT]


def test_the_likely_passage_comes_before_any_model_and_marks_its_sentence(boiler: Stream) -> None:
    """Loading the embedder takes seconds: words are there at once."""
    boiler.write(
        "vet.md", "# Pets\n\nThe cat sleeps all day. The rabbit's vet is Ola in Northgate. It is shy.\n"
    )
    boiler.sync()
    boiler.embedder.unload()
    seen: list[tuple[AskPart, int]] = []
    embedded = len(boiler.embedder.texts)
    boiler.server.ask(
        "who is the vet of the rabbit?",
        learn=False,
        on_part=lambda part: seen.append((part, len(boiler.embedder.texts))),
    )
    likely, texts = seen[0]
    assert isinstance(likely, LikelyPassage) and texts == embedded
    start, end = likely.marked
    assert likely.snippet[start:end] == likely.citation.quote == "The rabbit's vet is Ola in Northgate."
    assert likely.snippet.startswith(("Pets The cat sleeps", "The cat sleeps"))
    assert sum(isinstance(part, LikelyPassage) for part, _ in seen) == 1, "the nearest one is the same"


def test_a_nearer_passage_takes_the_place_of_the_one_found_by_words_before_anything_is_written(
    boiler: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    boiler.says["vet"] = "The vet of Mungo is Femi at Saltmarsh Vets [1]."
    wrong = boiler.library.passages(boiler.document("boiler.md"))
    monkeypatch.setattr(boiler.retriever, "by_words", lambda question, limit, without: wrong[:1])
    seen: list[AskPart] = []
    boiler.server.ask(VET, learn=False, on_part=seen.append)
    first, second, *rest = seen
    assert isinstance(first, LikelyPassage) and first.citation.title == "Boiler"
    assert isinstance(second, LikelyPassage) and "Femi" in second.citation.quote
    assert not any(isinstance(part, LikelyPassage) for part in rest)


def test_a_found_passage_marks_the_sentence_with_the_words(boiler: Stream) -> None:
    hit = boiler.server.search("flame button").hits[0]
    start, end = hit.marked
    assert "flame button" in hit.snippet[start:end] and "bar" not in hit.snippet[start:end]
    assert len(hit.snippet) <= 250


def test_a_snippet_reads_as_a_line_and_not_as_markdown(boiler: Stream) -> None:
    boiler.write(
        "rent.md", "# Rent\n\n- Office in the yard\n- Rent of the workshop: £215\n* Gate code 4471\n\n---\n"
    )
    boiler.sync()
    hit = boiler.server.search("workshop rent").hits[0]
    start, end = hit.marked
    assert hit.snippet[start:end] == "Rent of the workshop: £215"
    assert hit.snippet.endswith("• Office in the yard • Rent of the workshop: £215 • Gate code 4471")
