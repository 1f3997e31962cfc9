"""Questions about the notes as a whole: computed when they are asked, cited, checked, and never prepared."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.flow.conftest import Stream

from pillowbook.answering.permission import WORKED_OUT
from pillowbook.cli.terminal import answer_text
from pillowbook.core.stream import build_stream
from pillowbook.domain.answers import Answer, AnswerKind, Freshness, Tokens
from pillowbook.domain.asking import AskMode
from pillowbook.domain.errors import NotesChanging
from pillowbook.domain.ids import DocumentId
from pillowbook.domain.work import SliceResult
from pillowbook.flow.serve import collections
from pillowbook.flow.serve.freshness import check_sources
from pillowbook.flow.serve.serve import Server

TODO = """# To do

- [ ] order the belt by {soon}
- [ ] sweep the yard
- [x] ring Jo by {soon}
- [ ] pay the sweep by {past}
"""
BOILER_NOTE = "# Boiler\n\nServiced by Dev Marsh. We decided to keep the Calderwick boiler.\n"


def server(stream: Stream, refreshed: list[str]) -> Server:
    """One that knows questions about the notes as a whole; what it brings up to date is noted."""

    def refresh(paths: Sequence[str]) -> None:
        refreshed.extend(paths)
        stream.sync()

    return build_stream(
        stream.vault,
        generator=stream.generator,
        embedder=stream.embedder,
        clock=stream.clock,
        refresh=refresh,
        adapts=stream.adapts,
    ).server


class House:
    """A few notes, and the server that is asked about them."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.refreshed: list[str] = []
        self.server = server(stream, self.refreshed)

    def ask(self, question: str, mode: AskMode = AskMode.AUTO) -> Answer:
        """The answer, whose quotes are word for word those of the notes."""
        answer = self.server.ask(question, mode=mode)
        for cited in answer.citations:
            text = self.stream.library.text(cited.document_id)
            assert text[cited.start : cited.end] == cited.quote
        return answer


def day(offset: int) -> str:
    when = datetime.now(UTC).astimezone().date() + timedelta(days=offset)
    return f"{when.day} {when:%B %Y}"


def saved(path: Path, days_ago: int) -> None:
    stamp = (datetime.now(UTC) - timedelta(days=days_ago)).timestamp()
    os.utime(path, (stamp, stamp))


@pytest.fixture
def house(stream: Stream) -> House:
    saved(stream.write("Home/boiler.md", BOILER_NOTE), 400)
    saved(stream.write("Home/todo.md", TODO.format(soon=day(3), past=day(-3))), 400)
    saved(stream.write("Car/car.md", f"# Car\n\nThe MOT runs out {day(20)}. Dev Marsh knows it.\n"), 400)
    stream.sync()
    return House(stream)


def test_which_notes_mention_something_is_counted_and_cited_without_a_token(house: House) -> None:
    answer = house.ask("How many notes mention Dev Marsh?")
    assert answer.answer.startswith("2 notes mention “Dev Marsh”")
    assert [one.title for one in answer.citations] == ["Car", "Boiler"]
    assert (answer.kind, answer.freshness, answer.tokens) == (AnswerKind.LIVE, Freshness.FRESH, Tokens())
    assert answer.checked_at and answer.checked_files == len(
        {cited.document_id for cited in answer.citations}
    )
    assert house.stream.generator.calls == []


def test_where_nothing_is_found_it_says_so(house: House) -> None:
    answer = house.ask("Which notes mention zebras?")
    assert answer.answer == "No note mentions “zebras”."
    assert (answer.kind, answer.freshness, answer.citations) == (AnswerKind.LIVE, None, ())
    assert answer.checked_at is None and answer.checked_files == 0
    assert answer_text(answer).startswith("No note mentions “zebras”.\n  [live, ")
    overdue = house.ask("What is overdue about zebras?")
    assert (overdue.kind, overdue.answer) == (AnswerKind.NONE, ""), (
        "an ordinary question; the notes do not say"
    )
    assert house.ask("What changed in the Cellar folder yesterday?").answer.startswith(
        "No folder of your notes"
    )


def test_tasks_that_are_due_leave_out_what_is_done_and_tell_what_is_late(house: House) -> None:
    due = house.ask("Which tasks are due in the next 7 days?").answer
    assert "order the belt" in due and "ring Jo" not in due and "sweep" not in due
    assert "pay the sweep" in house.ask("What is overdue?").answer
    everything = house.ask("List all my open tasks").answer
    assert (
        everything.index("order the belt")
        < everything.index("sweep the yard")
        < everything.index("(overdue)")
    )
    within = house.ask("Which tasks are open in the Car folder?")
    assert "belt" not in within.answer


def test_what_ends_and_what_is_coming_up_go_by_the_days_in_the_notes(house: House) -> None:
    ends = house.ask("What runs out in the next 30 days?")
    assert "MOT runs out" in ends.answer and "belt" not in ends.answer
    assert house.ask("What runs out in the next 7 days?").citations == ()
    coming = house.ask("What is coming up in the next 30 days?").answer
    assert coming.index("order the belt") < coming.index("MOT runs out")
    assert "ring Jo" not in coming


def test_what_changed_goes_by_when_the_files_were_saved(house: House) -> None:
    assert house.ask("What changed in the last 7 days?").citations == ()
    saved(house.stream.write("Home/new.md", "# Shed\n\nThe shed is green.\n"), 1)
    house.stream.sync()
    answer = house.ask("What changed in the last 7 days?")
    assert [one.title for one in answer.citations] == ["Shed"]
    assert "One note was added or changed in the last 7 days" in answer.answer


def test_a_note_that_changed_on_disk_is_read_anew_before_it_is_told(house: House) -> None:
    """Between the change and the watcher's event nothing is told that the files no longer say."""
    path = house.stream.write("Home/boiler.md", "# Boiler\n\nServiced by Ada Kerrow.\n")
    answer = house.ask("Which notes mention Dev Marsh?")
    assert house.refreshed == [str(path)]
    assert [one.title for one in answer.citations] == ["Car"]
    assert answer.freshness is Freshness.FRESH


def test_a_note_that_is_gone_is_not_told(house: House) -> None:
    (house.stream.notes / "Car" / "car.md").unlink()
    answer = house.ask("Which notes mention Dev Marsh?")
    assert [one.title for one in answer.citations] == ["Boiler"]


def test_what_could_not_be_compared_is_not_said_to_have_been(house: House) -> None:
    house.stream.notes.rename(house.stream.notes.with_name("elsewhere"))
    answer = house.ask("Which notes mention Dev Marsh?")
    assert len(answer.citations) == 2 and answer.freshness is Freshness.UNCHECKED
    assert answer.checked_at is None and answer.checked_files == 0
    assert "compared" not in answer_text(answer)


def test_only_the_files_that_could_be_compared_are_counted(house: House, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "gate.md").write_text("# Gate\n\nDev Marsh mended the gate.\n", "utf-8")
    house.stream.library.add_folder(str(other))
    house.stream.sync()
    assert house.ask("Which notes mention Dev Marsh?").checked_files == 3
    other.rename(tmp_path / "away")
    answer = house.ask("Which notes mention Dev Marsh?")
    assert (answer.freshness, answer.checked_at, answer.checked_files) == (Freshness.UNCHECKED, None, 2)


def test_notes_that_keep_changing_are_said_to(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """No list of what stood there a moment ago, and no claim that the notes do not say."""
    # What changed twice is left out of the last try; then another one changes.
    changing = iter(["Home/boiler.md", "Home/boiler.md", "Car/car.md"])
    times = iter(range(1, 4))

    def change_on(*args: Any, **kwargs: Any) -> dict[DocumentId, Freshness]:
        house.stream.write(next(changing), f"# Note\n\nDev Marsh came {next(times)} times.\n")
        return check_sources(*args, **kwargs)

    monkeypatch.setattr(collections, "check_sources", change_on)
    with pytest.raises(NotesChanging) as told:
        house.ask("Which notes mention Dev Marsh?")
    assert told.value.say().endswith("ask again in a moment.")


def test_new_notes_are_read_for_tasks_before_the_answer(house: House) -> None:
    house.ask("What is overdue?")
    house.stream.write("Home/more.md", f"# More\n\n- [ ] buy salt by {day(2)}\n")
    house.stream.sync()
    assert "buy salt" in house.ask("Which tasks are due in the next 7 days?").answer


def test_a_folder_is_told_by_its_notes(house: House) -> None:
    answer = house.ask("What is in the Home folder about?")
    assert "The folder Home holds 2 notes" in answer.answer
    assert {one.title for one in answer.citations} == {"Boiler", "To do"}
    assert "3 notes" in house.ask("How many notes do I have?").answer


def test_nothing_is_prepared_for_what_is_another_answer_tomorrow(house: House) -> None:
    stream = house.stream
    question_id = stream.add_question("What changed this week?")
    assert stream.preparer.prepare(question_id).result is SliceResult.REFUSED
    assert stream.knowledge.tried(question_id) == WORKED_OUT


def test_a_decision_is_told_in_the_note_s_words_unless_an_answer_is_prepared(house: House) -> None:
    stream = house.stream
    told = house.ask("What did we decide about the Calderwick boiler?")
    assert "We decided to keep the Calderwick boiler" in told.answer and told.kind is AnswerKind.LIVE
    stream.says["decide about the Calderwick boiler"] = "We decided to keep the Calderwick boiler."
    stream.prepare("What did we decide about the Calderwick boiler?")
    assert house.ask("What did we decide about the Calderwick boiler?").kind is AnswerKind.HIT


def test_a_decision_that_no_note_tells_is_left_to_the_ordinary_answer(house: House) -> None:
    answer = house.ask("What did we decide about the piano?")
    assert answer.kind is AnswerKind.NONE and answer.answer == ""


def test_prepared_only_computes_nothing(house: House) -> None:
    answer = house.ask("Which notes mention Dev Marsh?", AskMode.PREPARED_ONLY)
    assert answer.kind is AnswerKind.NONE and answer.answer == ""


def test_contradictions_name_both_notes(stream: Stream) -> None:
    stream.write("a.md", "# Rent\n\n2026-01-02\n\nThe rent for the workshop is £215 a month.\n")
    stream.write("b.md", "# Rent review\n\n2026-03-02\n\nThe rent for the workshop is now £240 a month.\n")
    stream.sync()
    while stream.beyond.is_compare_due():
        stream.beyond.compare()
    house = House(stream)
    answer = house.ask("Which notes contradict each other?")
    assert {one.title for one in answer.citations} == {"Rent", "Rent review"}
    assert answer.answer.index("£240") < answer.answer.index("£215")
    assert house.ask("Do my notes contradict each other about Mungo?").citations == ()


def test_a_deadline_that_a_note_says_is_an_ordinary_question_and_is_prepared(house: House) -> None:
    stream = house.stream
    stream.write("tax.md", "# Tax\n\nThe deadline for the tax return is 31 January.\n")
    stream.sync()
    stream.says["tax return"] = "The deadline for the tax return is 31 January."
    question = "What is the deadline for the tax return?"
    answer = house.ask(question)
    assert "31 January" in answer.answer and answer.kind is AnswerKind.LIVE
    assert stream.prepare(question).result is not SliceResult.REFUSED
    assert house.ask(question).kind is AnswerKind.HIT


@pytest.mark.parametrize(
    "question", ["What are the deadlines for the tax return?", "What is planned for the 14th of June?"]
)
def test_what_is_on_no_list_is_answered_from_the_notes(house: House, question: str) -> None:
    stream = house.stream
    stream.write(
        "tax.md", "# Tax\n\nThe deadlines: tax return at the end of January. Planned mid-June: fair.\n"
    )
    stream.sync()
    stream.says["tax return"] = "The deadlines: tax return at the end of January."
    assert "was found" not in house.ask(question).answer
    assert stream.generator.calls, "it was asked as an ordinary question"


def test_what_is_prepared_in_the_very_words_goes_before_a_list(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A vault may hold an answer from before the form was known."""
    stream = house.stream
    stream.write("Home/tax.md", "# Tax\n\nThe deadlines for the tax return are 31 January and 31 July.\n")
    stream.write("Home/todo.md", f"# To do\n\n- [ ] file the tax return by {day(3)}\n")
    stream.sync()
    question = "What are the deadlines for the tax return?"
    assert "file the tax return" in house.ask(question).answer
    stream.says["tax return"] = "The deadlines for the tax return are 31 January and 31 July."
    with monkeypatch.context() as earlier:
        earlier.setattr("pillowbook.answering.permission.is_worked_out_when_asked", lambda _question: False)
        stream.prepare(question)
    served = house.ask(question)
    assert served.kind is AnswerKind.HIT and "31 July" in served.answer
    assert "file the tax return" in house.ask(question, AskMode.LIVE_ONLY).answer
    stream.write("Home/tax.md", "# Tax\n\nNothing here any more.\n")
    assert "file the tax return" in house.ask(question).answer, "withdrawn, it is a list again"
