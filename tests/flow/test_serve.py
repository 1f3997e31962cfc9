"""Asking: hits, misses, and never a stale answer."""

import os
from collections.abc import Sequence
from typing import Any

import pytest
from tests.flow.conftest import BOILER, Stream

from pillowbook.domain.answers import AnswerKind, Freshness, Reason, Tokens
from pillowbook.domain.asking import AnswerText, AskMode, AskPart, LikelyPassage
from pillowbook.domain.errors import NotesChanging, QuestionEmpty, QuestionTooLong
from pillowbook.domain.ids import DocumentId
from pillowbook.flow.serve.live import LEFT_OUT
from pillowbook.models.generator.client import Generated

ASKED = "What should the cold boiler pressure be?"


def test_a_prepared_answer_is_served_at_once_with_its_quote(boiler: Stream) -> None:
    calls = len(boiler.generator.calls)
    events: list[AskPart] = []
    answer = boiler.server.ask("what should the cold boiler pressure be", on_part=events.append)
    assert (answer.kind, answer.freshness) == (AnswerKind.HIT, Freshness.FRESH)
    assert "1.2 and 1.5 bar" in answer.answer
    assert len(boiler.generator.calls) == calls
    assert events == []
    cited = answer.citations[0]
    assert boiler.library.text(cited.document_id)[cited.start : cited.end] == cited.quote
    assert "1.2 and 1.5 bar" in cited.quote
    assert cited.line == 7


def test_a_changed_passage_is_never_served_and_the_note_says_what_was_said(boiler: Stream) -> None:
    boiler.refresh = lambda paths: boiler.sync()
    boiler.write("boiler.md", BOILER.replace("1.2 and 1.5", "1.0 and 1.3"))  # on disk only: not read yet
    answer = boiler.server.ask(ASKED)
    assert answer.kind is not AnswerKind.HIT
    assert "1.2" not in answer.answer
    assert "1.2 and 1.5 bar" in answer.change_note
    assert boiler.prepared(ASKED) is None
    boiler.says["boiler pressure"] = "It should sit between 1.0 and 1.3 bar."
    assert "1.3" in boiler.server.ask(ASKED).answer


def test_a_change_elsewhere_in_the_file_leaves_the_answer_fresh(boiler: Stream) -> None:
    boiler.write("boiler.md", BOILER + "\n## Odd noises\n\nA rumble is normal, banging is not.\n")
    assert boiler.server.ask(ASKED).freshness is Freshness.FRESH


def test_touching_a_file_or_writing_the_same_bytes_leaves_the_answer_fresh(boiler: Stream) -> None:
    boiler.write("boiler.md", BOILER)
    os.utime(boiler.notes / "boiler.md", (1, 1))
    assert boiler.server.ask(ASKED).freshness is Freshness.FRESH


def test_a_deleted_document_takes_its_answer_with_it(boiler: Stream) -> None:
    (boiler.notes / "boiler.md").unlink()
    answer = boiler.server.ask(ASKED, mode=AskMode.PREPARED_ONLY)
    assert (answer.kind, answer.answer) == (AnswerKind.NONE, "")
    assert boiler.prepared(ASKED) is None


def test_an_absent_folder_is_told_as_unchecked_and_nothing_is_lost(boiler: Stream) -> None:
    boiler.notes.rename(boiler.notes.with_name("elsewhere"))
    answer = boiler.server.ask(ASKED)
    assert (answer.kind, answer.freshness) == (AnswerKind.HIT, Freshness.UNCHECKED)
    assert answer.checked_at is None
    assert boiler.prepared(ASKED) is not None


def test_newer_evidence_is_shown_beside_the_prepared_answer(boiler: Stream) -> None:
    boiler.write(
        "dev-visit.md", "# Boiler\n\nDev says the cold boiler pressure should be 1.7 bar from now on.\n"
    )
    boiler.sync()
    answer = boiler.server.ask(ASKED)
    assert answer.freshness is Freshness.NEW_EVIDENCE
    assert "1.7 bar" in answer.nearest[0].quote
    assert boiler.knowledge.questions_to_prepare(1)[0].text == ASKED


def test_an_unrelated_note_is_no_new_evidence(boiler: Stream) -> None:
    boiler.write("film.md", "# Films\n\nWe saw a long film about lighthouses on Sunday.\n")
    boiler.sync()
    assert boiler.server.ask(ASKED).freshness is Freshness.FRESH


def test_a_miss_is_answered_live_with_the_likely_passage_first_and_then_prepared(boiler: Stream) -> None:
    boiler.says["vet"] = "The vet of Mungo is Femi at Saltmarsh Vets."
    events: list[AskPart] = []
    answer = boiler.server.ask("Who is the vet of Mungo?", on_part=events.append)
    assert (answer.kind, answer.freshness) == (AnswerKind.LIVE, Freshness.FRESH)
    assert isinstance(events[0], LikelyPassage)
    assert "Femi" in events[0].citation.quote
    shown = "".join(event.delta for event in events if isinstance(event, AnswerText))
    assert shown == "The vet of Mungo is Femi at Saltmarsh Vets."
    question = boiler.knowledge.questions_to_prepare(1)[0]
    assert (question.text, question.reason) == ("Who is the vet of Mungo?", Reason.MISSED)


def test_a_live_answer_never_rests_on_a_file_that_has_changed_since(boiler: Stream) -> None:
    boiler.says["vet"] = "The vet of Mungo is Femi at Saltmarsh Vets."
    boiler.write("dog.md", "# Mungo\n\nMungo weighs 27.4 kg. His vet is Ola at Northgate.\n")
    with pytest.raises(NotesChanging):
        boiler.server.ask("Who is the vet of Mungo?")
    assert boiler.knowledge.questions_to_prepare(5) == []


OLD_VET, NEW_VET = "His vet is Femi at Saltmarsh Vets.", "His vet is Ola at Northgate."
DOG = "# Mungo\n\nMungo weighs 27.4 kg. {vet}\n"
ASKS_VET = "Who is the vet of Mungo?"


def streamed(events: list[AskPart]) -> list[str]:
    """What stood there at each restart, and in the end."""
    texts = [""]
    for event in events:
        if isinstance(event, AnswerText):
            if event.restart:
                texts.append("")
            texts[-1] += event.delta
    return texts


@pytest.fixture
def vets(boiler: Stream) -> Stream:
    """Changes are read anew while something is asked, and the model tells the vet that it reads of."""
    boiler.says[OLD_VET] = "The vet of Mungo is Femi at Saltmarsh Vets."
    boiler.says[NEW_VET] = "The vet of Mungo is Ola at Northgate."
    boiler.refresh = lambda paths: boiler.sync()
    return boiler


def test_nothing_is_written_from_a_note_that_changed_on_disk_before_it_is_read_anew(vets: Stream) -> None:
    vets.write("dog.md", DOG.format(vet=NEW_VET))
    events: list[AskPart] = []
    calls = len(vets.generator.calls)
    answer = vets.server.ask(ASKS_VET, on_part=events.append)
    assert (answer.answer, answer.freshness) == ("The vet of Mungo is Ola at Northgate.", Freshness.FRESH)
    assert streamed(events) == [answer.answer]
    assert len(vets.generator.calls) == calls + 1, "no token is spent on what is outdated"


def test_text_streamed_from_a_note_that_changes_meanwhile_is_withdrawn_and_paid_for(
    vets: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Tokens] = []
    generate = vets.generator.generate

    def write_it_meanwhile(*args: Any, **kwargs: Any) -> Generated:
        generated = generate(*args, **kwargs)
        vets.write("dog.md", DOG.format(vet=NEW_VET))
        made.append(generated.spent)
        return generated

    monkeypatch.setattr(vets.generator, "generate", write_it_meanwhile)
    events: list[AskPart] = []
    answer = vets.server.ask(ASKS_VET, on_part=events.append)
    assert (answer.answer, answer.freshness) == ("The vet of Mungo is Ola at Northgate.", Freshness.FRESH)
    assert streamed(events) == ["The vet of Mungo is Femi at Saltmarsh Vets.", answer.answer]
    assert len(made) == 2 and answer.tokens.prompt >= sum(one.prompt for one in made)
    assert answer.tokens.completion >= sum(one.completion for one in made)


def test_what_is_streamed_last_is_never_outdated_though_nothing_can_be_read_anew(
    vets: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    vets.refresh = None
    generate = vets.generator.generate

    def write_it_meanwhile(*args: Any, **kwargs: Any) -> Generated:
        generated = generate(*args, **kwargs)
        vets.write("dog.md", DOG.format(vet=NEW_VET))
        return generated

    monkeypatch.setattr(vets.generator, "generate", write_it_meanwhile)
    events: list[AskPart] = []
    with pytest.raises(NotesChanging):
        vets.server.ask(ASKS_VET, on_part=events.append)
    assert streamed(events) == ["The vet of Mungo is Femi at Saltmarsh Vets.", ""]


BOILER_NEW = (
    "# Boiler\n\nThe boiler pressure is 1.7 bar since the visit.\n\n"
    "## Log\n\nBoiler pressure was checked today{more}.\n"
)
NOW, BEFORE = "The boiler pressure is 1.7 bar since the visit.", "The boiler pressure is 1.2 bar."
PRESSURE = "What is the boiler pressure?"


@pytest.fixture
def logged(stream: Stream) -> Stream:
    """An older note, and a newer that has changed elsewhere on disk; the model tells the newest it reads of."""
    stream.write("new.md", BOILER_NEW.format(more=""))
    stream.write("old.md", f"# Boiler old\n\n{BEFORE}\n")
    stream.sync()
    stream.says |= {"1.7 bar": NOW, "1.2 bar": BEFORE}
    stream.write("new.md", BOILER_NEW.format(more=" and on Friday"))
    return stream


def test_an_answer_without_a_note_that_cannot_be_read_anew_is_neither_fresh_nor_kept(logged: Stream) -> None:
    """The note may say otherwise, and here it does."""
    answer = logged.server.ask(PRESSURE)
    assert (answer.answer, answer.kind, answer.freshness) == (BEFORE, AnswerKind.LIVE, Freshness.UNCHECKED)
    assert (answer.checked_at, answer.checked_files, answer.change_note) == (None, 0, LEFT_OUT)
    assert logged.prepared(PRESSURE) is None
    without = logged.server.ask_without(PRESSURE, frozenset({DocumentId(999)}))
    assert (without.freshness, without.change_note) == (Freshness.UNCHECKED, LEFT_OUT)
    logged.sync()
    answer = logged.server.ask(PRESSURE)
    assert (answer.answer, answer.freshness, answer.change_note) == (NOW, Freshness.FRESH, "")


def test_what_was_read_anew_in_time_is_not_left_out(logged: Stream) -> None:
    """Though something turned out changed at each try but the last."""
    refreshed: list[Sequence[str]] = []

    def refresh(paths: Sequence[str]) -> None:
        refreshed.append(paths)
        logged.sync()
        if len(refreshed) == 1:
            logged.write("old.md", f"# Boiler old\n\nOnce: {BEFORE}\n")

    logged.refresh = refresh
    answer = logged.server.ask(PRESSURE)
    assert len(refreshed) == 2
    assert (answer.answer, answer.freshness, answer.change_note) == (NOW, Freshness.FRESH, "")


def test_a_note_that_is_gone_is_left_out_without_a_word(logged: Stream) -> None:
    """It says nothing any more, though the index does not know it yet."""
    (logged.notes / "new.md").unlink()
    answer = logged.server.ask(PRESSURE)
    assert (answer.answer, answer.freshness, answer.change_note) == (BEFORE, Freshness.FRESH, "")


def test_that_the_notes_do_not_say_is_not_said_while_some_cannot_be_read(stream: Stream) -> None:
    for name in "abc":
        stream.write(f"{name}.md", f"# House {name}\n\nThe boiler pressure is 1.4 bar in house {name}.\n")
    stream.sync()
    stream.says["house c"] = "The boiler pressure is 1.4 bar in house c."
    for name in "abc":
        stream.write(
            f"{name}.md", f"# House {name}\n\nThe boiler pressure is still 1.4 bar in house {name}.\n"
        )
    with pytest.raises(NotesChanging):
        stream.server.ask("What is the boiler pressure in house c?")
    stream.sync()
    assert "1.4" in stream.server.ask("What is the boiler pressure in house c?").answer


def test_a_question_that_is_not_to_be_learned_leaves_no_trace(boiler: Stream) -> None:
    boiler.server.ask("Who is the vet of Mungo?", learn=False)
    assert boiler.knowledge.questions_to_prepare(5) == []
    assert boiler.knowledge.counts().asked == 0


def test_another_number_or_name_is_no_hit(boiler: Stream) -> None:
    for asked in ("What should the hot boiler pressure be?", "What should the cold boiler pressure not be?"):
        answer = boiler.server.ask(asked, mode=AskMode.PREPARED_ONLY)
        assert answer.kind is AnswerKind.NONE, asked


@pytest.mark.parametrize("question", ["", "   ", "?!"])
def test_an_empty_question_is_refused(stream: Stream, question: str) -> None:
    with pytest.raises(QuestionEmpty):
        stream.server.ask(question)


def test_an_overlong_question_is_refused(stream: Stream) -> None:
    with pytest.raises(QuestionTooLong):
        stream.server.ask("why " * 400)


def test_typing_completes_prepared_questions_and_answers_before_enter(boiler: Stream) -> None:
    assert [one.question for one in boiler.server.complete("what should the cold boi")] == [ASKED]
    whole = boiler.server.complete("what should the cold boiler pressure be")
    assert whole[0].answer is not None
    assert "1.5 bar" in whole[0].answer.answer


def test_search_finds_by_words_even_without_the_embedder(boiler: Stream) -> None:
    hits = boiler.server.search("flame button").hits
    assert hits[0].title == "Boiler"


def test_search_does_not_wait_for_the_embedder_to_load(
    boiler: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    boiler.embedder.unload()
    asked_to_load: list[bool] = []
    monkeypatch.setattr(boiler.embedder, "preload", lambda: asked_to_load.append(True))
    embedded = len(boiler.embedder.texts)
    assert boiler.server.search("flame button").hits[0].title == "Boiler"
    assert asked_to_load
    assert len(boiler.embedder.texts) == embedded


def test_a_unit_is_embedded_once_for_many_questions(boiler: Stream) -> None:
    boiler.server.ask("Which vet does Mungo see?", learn=False)
    embedded = len(boiler.embedder.texts)
    boiler.server.ask("Which vet does the dog Mungo see?", learn=False)
    assert boiler.embedder.texts[embedded:] == ["Which vet does the dog Mungo see?"]


OFFICE = (
    "# Office days\n\nAs agreed, January 2025.\n\n- In the office **Tuesday and Thursday**, else at home.\n"
)
AUTUMN = (
    "# Autumn meeting, 8 September 2026\n\nNew lease.\n\n"
    "From 5 October people come to the office **Mondays and Wednesdays**, not Tuesdays any more.\n"
)


def test_a_later_note_that_says_what_changed_is_the_answer_and_the_older_is_told(stream: Stream) -> None:
    stream.write("office.md", OFFICE)
    stream.write("autumn.md", AUTUMN)
    stream.sync()
    stream.says["Tuesday and Thursday"] = "In the office Tuesday and Thursday."
    stream.says["Mondays and Wednesdays"] = "People come to the office Mondays and Wednesdays from 5 October."
    answer = stream.server.ask("Which days do people come to the office?", learn=False)
    assert answer.answer.startswith("People come to the office Mondays and Wednesdays from 5 October.")
    assert answer.answer.endswith(
        "An older note, of January 2025, says: “In the office Tuesday and Thursday, else at home.”"
    )
    assert [cited.title for cited in answer.citations] == ["Autumn meeting, 8 September 2026", "Office days"]


def test_a_later_note_that_merely_differs_is_no_change(stream: Stream) -> None:
    stream.write("office.md", OFFICE)
    stream.write("autumn.md", AUTUMN.replace("From 5 October p", "P").replace(", not Tuesdays any more", ""))
    stream.sync()
    stream.says["Tuesday and Thursday"] = "In the office Tuesday and Thursday."
    answer = stream.server.ask("Which days do people come to the office?", learn=False)
    assert "older note" not in answer.answer


def test_where_the_model_makes_nothing_of_the_later_note_it_is_quoted(stream: Stream) -> None:
    stream.write("2025-11-24.md", "# Jonah\n\nJonah takes two puffs of the inhaler.\n")
    stream.write("2026-06-11.md", "# Jonah\n\nThe inhaler does Jonah take now: one puff of the inhaler.\n")
    stream.sync()
    stream.says["two puffs"] = "Jonah takes two puffs of the inhaler."
    answer = stream.server.ask("How many puffs of the inhaler does Jonah take?", learn=False)
    assert answer.answer == (
        "The newest note, of 11 June 2026, says: “The inhaler does Jonah take now: one puff of the inhaler.” "
        "An older note, of 24 November 2025, says: “Jonah takes two puffs of the inhaler.”"
    )


def test_a_question_is_answered_from_the_note_that_has_its_own_word(stream: Stream) -> None:
    stream.write(
        "mortgage.md", "# Mortgage\n\nThe deal. When does the deal end? The deal does end in 2043.\n"
    )
    stream.write("bills.md", "# Bills\n\nBroadband deal, ends 30 November 2026.\n")
    stream.sync()
    stream.says["Mortgage"] = "The deal ends in 2043."
    stream.says["Broadband deal, ends"] = "The broadband deal ends on 30 November 2026."
    answer = stream.server.ask("When does the broadband deal end?", learn=False)
    assert answer.answer == "The broadband deal ends on 30 November 2026."


def test_what_was_computed_on_another_day_is_computed_anew(stream: Stream) -> None:
    stream.write("car.md", "# Car\n\nThe MOT runs out on 20 January 2027.\n")
    stream.sync()
    question = "How many days until the MOT runs out?"
    first = stream.server.ask(question, learn=False)
    assert first.kind is AnswerKind.LIVE
    stream.prepare(question, Reason.REQUESTED)
    assert stream.server.ask(question, learn=False).kind is AnswerKind.HIT
    assert stream.server.complete(question)[0].answer is not None
    stream.clock.days = 1
    answer = stream.server.ask(question, learn=False)
    assert answer.kind is AnswerKind.LIVE
    assert answer.answer != first.answer
    assert stream.server.complete(question) == [], "it would not be there at once"


@pytest.mark.parametrize(
    ("question", "is_of_its_day"),
    [
        ("When is the next dentist appointment?", True),
        ("Which dentist appointment is on Tuesday?", True),
        ("When is Ruth's dentist appointment?", False),
    ],
)
def test_what_counts_from_today_is_answered_anew_on_another_day(
    stream: Stream, question: str, is_of_its_day: bool
) -> None:
    stream.write(
        "dentist.md", "# Dentist\n\nRuth's next dentist appointment is on Tuesday 12 January 2027.\n"
    )
    stream.sync()
    stream.says["dentist appointment"] = "Ruth's next dentist appointment is on Tuesday 12 January 2027."
    stream.prepare(question, Reason.REQUESTED)
    assert stream.server.ask(question, learn=False).kind is AnswerKind.HIT
    stream.clock.days = 1
    answer = stream.server.ask(question)
    assert answer.kind is (AnswerKind.LIVE if is_of_its_day else AnswerKind.HIT)
    assert "12 January" in answer.answer
    assert stream.server.ask(question).kind is AnswerKind.HIT, "asked once, it holds for that day"


def test_each_way_to_a_prepared_answer_minds_the_day_and_the_file(stream: Stream) -> None:
    stream.write("car.md", "# Car\n\nThe MOT runs out on 20 January 2027.\n")
    stream.write("dog.md", "# Mungo\n\nMungo weighs 27.4 kg.\n")
    stream.sync()
    question = "How many days until the MOT runs out?"
    stream.prepare(question, Reason.REQUESTED)
    without = frozenset({stream.document("dog.md")})

    def served() -> list[bool]:
        """Asked; asked without another note; typed."""
        mode = AskMode.PREPARED_ONLY
        without_dog = stream.server.ask_without(question, without, mode=mode)
        typed = stream.server.complete(question)
        # Last, since it withdraws what its file no longer bears out.
        asked = stream.server.ask(question, mode=mode, learn=False)
        return [
            asked.kind is AnswerKind.HIT,
            without_dog.kind is AnswerKind.HIT,
            any(one.answer is not None for one in typed),
        ]

    assert served() == [True] * 3
    stream.clock.days = 1
    assert served() == [False] * 3
    stream.clock.days = 0
    assert served() == [True] * 3
    stream.write("car.md", "# Car\n\nThe MOT runs out on 20 March 2027.\n")
    assert served() == [False] * 3
