"""Which questions are about the notes as a whole, and of what time."""

import json
from datetime import date
from pathlib import Path

import pytest

from pillowbook.answering.collection_questions import (
    CollectionKind,
    is_worked_out_when_asked,
    read_collection_question,
)
from pillowbook.answering.permission import WORKED_OUT
from pillowbook.answering.time_windows import take_window

DATA = Path(__file__).parents[1] / "data"
TODAY = date(2026, 10, 15)  # a Thursday


@pytest.mark.parametrize(
    ("question", "kind", "about", "folder"),
    [
        ("What did I decide about the boiler?", CollectionKind.DECIDED, "the boiler", ""),
        ("Which notes contradict each other?", CollectionKind.CONTRADICTIONS, "", ""),
        ("Which notes conflict with each other?", CollectionKind.CONTRADICTIONS, "", ""),
        ("Which notes conflict with the lease?", CollectionKind.CONTRADICTIONS, "the lease", ""),
        ("Where do my notes disagree about Mungo?", CollectionKind.CONTRADICTIONS, "Mungo", ""),
        ("What is due on Friday?", CollectionKind.TASKS, "Friday", ""),
        ("What is due for the tax return?", CollectionKind.TASKS, "the tax return", ""),
        ("What is still due on the kitchen?", CollectionKind.TASKS, "the kitchen", ""),
        ("What changed in the Home folder this week?", CollectionKind.CHANGED, "", "Home"),
        ("What's coming up next week?", CollectionKind.COMING, "", ""),
        ("Which tasks about Portugal are due this month?", CollectionKind.TASKS, "Portugal", ""),
        ("What is overdue?", CollectionKind.OVERDUE, "", ""),
        ("List all contracts ending in June", CollectionKind.ENDING, "contracts", ""),
        ("How many notes mention the blue folder?", CollectionKind.MENTIONS, "the blue folder", ""),
        ("How many notes are in the Recipes folder?", CollectionKind.COUNT, "", "Recipes"),
        ("What is in folder Garden about?", CollectionKind.FOLDER, "", "Garden"),
        ("What is still undecided?", CollectionKind.OPEN, "", ""),
        ("What is still open on the kitchen?", CollectionKind.OPEN, "the kitchen", ""),
        ("What are the deadlines for the tax return?", CollectionKind.TASKS, "the tax return", ""),
        ("Which deadline is due this week?", CollectionKind.TASKS, "", ""),
        ("What is my to-do list?", CollectionKind.TASKS, "", ""),
        ("What is on the agenda for next week?", CollectionKind.COMING, "", ""),
        ("What is planned for the 14th of June?", CollectionKind.COMING, "", ""),
    ],
)
def test_its_form_tells_what_is_wanted(question: str, kind: CollectionKind, about: str, folder: str) -> None:
    read = read_collection_question(question, TODAY)
    assert read is not None
    assert (read.kind, read.about, read.folder) == (kind, about, folder)


@pytest.mark.parametrize(
    "question",
    [
        "When does the car insurance end?",
        "What changed in the boiler's warranty?",
        "How many puffs does Jonah take?",
        "What is in the blue folder?",
        "Which deadlines do we still have for Edie's school?",
        "What have we still got to do in the kitchen?",
        "Which notes mention that Ruth sings in a choir?",
        "What runs out?",
        "What is the next book?",
        "Who decided about the supplier?",
        "What is the deadline for the tax return?",
        "What's the deadline for the tax return this year?",
        "Tell me the deadline for the tax return",
        "What is the task for Monday's lesson?",
        "What is the due date for the library books?",
        "What is the deadline?",
        "What is on the agenda for the board meeting?",
        "What's on the agenda for the board meeting next week?",
        "What is the to-do list for the move?",
        "What is open on Sunday?",
        "What is open this weekend?",
        "What's open on Christmas Day?",
        "What conflicts with the pump service?",
        "Is there any conflict with the dentist appointment?",
        "What is due on the mortgage?",
        "What's due on the car loan this month?",
        "",
    ],
)
def test_an_ordinary_question_is_left_alone(question: str) -> None:
    read = read_collection_question(question, TODAY)
    # A folder of paper looks like one of notes; it is told from that by the folders that there are.
    assert read is None or (read.kind is CollectionKind.FOLDER and "blue" in question)


def test_the_sample_questions_are_left_alone_but_for_those_of_such_a_form() -> None:
    taken = []
    for name in ("sample_questions", "sample_questions_heldout", "computed_dev", "computed_heldout"):
        for line in (DATA / f"{name}.jsonl").read_text("utf-8").splitlines():
            row = json.loads(line)
            taken += [
                question
                for question in (row["question"], row.get("paraphrase"))
                if question and read_collection_question(question, TODAY) is not None
            ]
    assert taken == [
        "What did we decide about the Lisbon supplier?",
        "Which of our household deals run out in November 2026?",
    ]


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("what changed this week", date(2026, 10, 12), date(2026, 10, 18)),
        ("what changed last week", date(2026, 10, 5), date(2026, 10, 11)),
        ("what is on next weekend", date(2026, 10, 24), date(2026, 10, 25)),
        ("what is due next month", date(2026, 11, 1), date(2026, 11, 30)),
        ("what is due in the next 3 days", date(2026, 10, 15), date(2026, 10, 18)),
        ("what ends in June", date(2027, 6, 1), date(2027, 6, 30)),
        ("what changed in June", date(2026, 6, 1), date(2026, 6, 30)),
        ("what ends in June 2026", date(2026, 6, 1), date(2026, 6, 30)),
        ("what changed since 1 October", date(2026, 10, 1), date(2026, 10, 15)),
        ("what is due before the end of November", date(2026, 10, 15), date(2026, 11, 30)),
        ("what is due by the end of the year", date(2026, 10, 15), date(2026, 12, 31)),
        ("what is due tomorrow", date(2026, 10, 16), date(2026, 10, 16)),
        ("what is planned for the 14th of June", date(2027, 6, 14), date(2027, 6, 14)),
        ("what ends in 2028", date(2028, 1, 1), date(2028, 12, 31)),
    ],
)
def test_windows_of_time(text: str, first: date, last: date) -> None:
    window, rest = take_window(text, TODAY)
    assert window is not None
    assert (window.first, window.last) == (first, last)
    assert rest.split() == text.split()[: len(rest.split())], "only the words of the time are gone"


def test_what_is_another_answer_tomorrow_is_never_prepared() -> None:
    assert is_worked_out_when_asked("What changed this week?")
    assert not is_worked_out_when_asked("What did we decide about the boiler?")
    assert not is_worked_out_when_asked("When does the car insurance end?")
    assert not is_worked_out_when_asked("What is the deadline for the tax return?")
    assert WORKED_OUT


@pytest.mark.parametrize(
    ("question", "may_be_ordinary"),
    [
        ("What are the deadlines for the tax return?", True),
        ("What is overdue about zebras?", True),
        ("What is still open on the kitchen?", True),
        ("What is planned for the 14th of June?", True),
        ("What is scheduled in June for the garden?", True),
        ("What is planned in June?", False),
        ("What is coming up today?", False),
        ("What is overdue?", False),
        ("Which notes mention zebras?", False),
        ("Do my notes contradict each other about Mungo?", False),
    ],
)
def test_what_is_on_no_list_may_still_stand_in_a_note(question: str, may_be_ordinary: bool) -> None:
    read = read_collection_question(question, TODAY)
    assert read is not None and read.may_be_ordinary is may_be_ordinary
