"""What a question says of where to look."""

from datetime import date

import pytest

from pillowbook.answering.scope import Day, read_scope

TODAY = date(2026, 11, 18)  # a Wednesday


@pytest.mark.parametrize(
    ("question", "folder", "rest"),
    [
        ("What is in the chilli in my Recipes folder?", "Recipes", "What is in the chilli ?"),
        ("From the “Old Meetings” directory, who came?", "Old Meetings", ", who came?"),
        ("Where is the boiler?", "", "Where is the boiler?"),
        ("Which folder are the scans in?", "", "Which folder are the scans in?"),
    ],
)
def test_folders(question: str, folder: str, rest: str) -> None:
    scope = read_scope(question, TODAY)
    assert (scope.folder, scope.rest) == (folder, rest)


def test_notes_of_something_may_be_a_folder() -> None:
    assert read_scope("What do I say in my work notes?", TODAY).about == "work"
    assert read_scope("What do my notes say?", TODAY).about == ""


def test_tags() -> None:
    scope = read_scope("What is left to do #Garden/Fence and #home?", TODAY)
    assert scope.tags == ("garden/fence", "home")
    assert scope.rest == "What is left to do and ?"
    assert read_scope("Is C# or issue #3 or http://x/#part meant?", TODAY).tags == ()


@pytest.mark.parametrize(
    ("question", "days"),
    [
        ("What did we do on 6 March 2026?", (Day(2026, 3, 6),)),
        ("What did we do on the 6th of March?", (Day(None, 3, 6),)),
        ("what happened on Sept 3rd, 2025?", (Day(2025, 9, 3),)),
        ("What was said on 2026-04-21?", (Day(2026, 4, 21),)),
        ("What did I read in May?", (Day(None, 5, None),)),
        ("What did I read in October 2025?", (Day(2025, 10, None),)),
        ("How may I march in?", ()),
        ("What was the sum of may?", ()),
        ("How many of the 99 March hares?", ()),
        ("What did I do yesterday?", (Day(2026, 11, 17),)),
        ("What did I do last month?", (Day(2026, 10, None),)),
        ("What did I do this month?", (Day(2026, 11, None),)),
        ("What was on last Friday?", (Day(2026, 11, 13),)),
        ("What was on last Wednesday?", (Day(2026, 11, 11),)),
        ("What is on this Friday?", (Day(2026, 11, 20),)),
        ("Where did I run last week?", tuple(Day(2026, 11, day) for day in range(9, 16))),
        ("How long is a week?", ()),
        ("What happened in 1848?", ()),
    ],
)
def test_days(question: str, days: tuple[Day, ...]) -> None:
    assert read_scope(question, TODAY).days == days


def test_a_january_looks_back_to_december() -> None:
    assert read_scope("What did I do last month?", date(2026, 1, 31)).days == (Day(2025, 12, None),)


@pytest.mark.parametrize(
    ("day", "dated", "holds"),
    [
        (Day(2026, 3, 6), "2026-03-06", True),
        (Day(2026, 3, 6), "2026-03", False),
        (Day(None, 3, 6), "2024-03-06", True),
        (Day(2026, 3), "2026-03-19", True),
        (Day(2026, 3), "2026-03", True),
        (Day(2026, 3), "2026", False),
        (Day(2026, 3), "", False),
    ],
)
def test_a_day_holds_dates_of_notes(day: Day, dated: str, holds: bool) -> None:
    assert day.holds(dated) is holds
