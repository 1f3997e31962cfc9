"""Amounts, days and questions as code reads them."""

from datetime import date
from decimal import Decimal

import pytest

from pillowbook.answering.compute.days import add_months, find_days, find_times, months_between, years_between
from pillowbook.answering.compute.plans import lookups, read_plan
from pillowbook.answering.compute.quantities import find_quantities, spelled
from pillowbook.answering.compute.questions import Operation, read_question

TODAY = date(2024, 5, 6)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("£1,186.42 a month", [("1186.42", "£", "month")]),
        ("meter 48 211", [("48211", "", "")]),
        ("24.1p per kWh", [("0.241", "£", "kwh")]),
        ("€128 a night", [("128", "€", "night")]),
        ("7½ jars", [("7.5", "", "")]),
        ("two and a half hours", [("2.5", "hours", "")]),
        ("eleven weeks", [("11", "weeks", "")]),
        ("2,400 px", [("2400", "", "")]),
        ("GBP 7.99 each", [("7.99", "£", "each")]),
        ("no amount at all", []),
    ],
)
def test_amounts(text: str, wanted: list[tuple[str, str, str]]) -> None:
    found = [(one.value, one.unit, one.per) for one in find_quantities(text)]
    assert found == [(Decimal(value), unit, per) for value, unit, per in wanted]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2024-02-29", [("2024-02-29", "2024-02-29")]),
        ("Tuesday 7 May", [("2024-05-07", "2024-05-07")]),
        ("May 3rd, 2021", [("2021-05-03", "2021-05-03")]),
        ("18–22 July", [("2024-07-18", "2024-07-22")]),
        ("19 June 2023 to 18 June 2024", [("2023-06-19", "2024-06-18")]),
        ("28 December to 2 January 2024", [("2023-12-28", "2024-01-02")]),
        ("on 5 May 2024, home the 8th", [("2024-05-05", "2024-05-05"), ("2024-05-08", "2024-05-08")]),
        ("in February 2023", [("2023-02-01", "2023-02-28")]),
        ("31 February 2023", []),
        ("you may go", []),
    ],
)
def test_days(text: str, wanted: list[tuple[str, str]]) -> None:
    found = [(one.first.isoformat(), one.last.isoformat()) for one in find_days(text, TODAY)]
    assert found == wanted


def test_times_of_day() -> None:
    assert [minutes for minutes, _, _ in find_times("15:50 to 6.35 pm, room 7, at 9am")] == [950, 1115, 540]
    assert find_times("£18.20, 22.00 m, 12:60") == []


def test_months_are_calendar_months() -> None:
    assert add_months(date(2024, 1, 31), 1) == date(2024, 2, 29)
    assert months_between(date(2024, 1, 31), date(2024, 2, 29)) == 1
    assert months_between(date(2024, 1, 31), date(2024, 3, 30)) == 1
    assert years_between(date(2016, 8, 2), date(2026, 8, 1)) == 9


def test_amounts_are_written_as_notes_write_them() -> None:
    assert [
        spelled(Decimal(value), unit) for value, unit in (("1315.1", "£"), ("90", "£"), ("1250", "g"))
    ] == [
        "£1,315.10",
        "£90",
        "1,250 g",
    ]


@pytest.mark.parametrize(
    ("question", "operation"),
    [
        ("How much did we spend altogether?", Operation.SUM),
        ("How many days until Easter?", None),
        ("how old is the dog", None),
        ("What day of the week was the wedding?", None),
        ("By how much did the rent rise?", None),
        ("Which jobs are still open?", Operation.LIST),
        ("Where is the stopcock?", None),
        ("Who rang about the roof?", None),
        ("Why did the boiler stop?", None),
    ],
)
def test_the_operation_is_told_by_the_words(question: str, operation: Operation | None) -> None:
    asked = read_question(question, TODAY)
    assert (asked.operation if asked else None) == operation


def test_a_period_and_a_bound_are_no_words_of_the_matter() -> None:
    asked = read_question("Which repairs in March 2023 cost more than £100?", TODAY)
    assert asked is not None and asked.period is not None and asked.bound is not None
    assert (asked.period.first, asked.period.last) == (date(2023, 3, 1), date(2023, 3, 31))
    assert asked.bound.holds(Decimal(101)) and not asked.bound.holds(Decimal(100))
    assert "100" not in asked.roots


@pytest.mark.parametrize(
    ("question", "operation", "looked_up"),
    [
        ("How long until the lease of the berth ends?", "count", ["the lease of the berth ends"]),
        ("days left till the licence lapses", "count", ["the licence lapses"]),
        ("How many weeks ago was the launching?", "count", ["the launching"]),
        (
            "How many days were there between the survey and the launching?",
            "count",
            ["the survey", "the launching"],
        ),
        ("how old was Rufus when the boat sank", "age", ["Rufus", "the boat sank"]),
        ("What weekday is Rufus's 18th birthday?", "weekday", ["Rufus"]),
        ("On which day of the week will Rufus turn nine?", "weekday", ["Rufus"]),
        ("What is the date two weeks after the survey?", "after", ["the survey"]),
        ("How much dearer was the fork than the hoe?", "-", ["was the fork", "the hoe"]),
        ("Lentils for ten people?", "scale", ["Lentils"]),
        ("When is the last session of the pottery class?", "nth", ["is the session of the pottery class"]),
        ("How long is the pier in feet?", "convert", ["How long is the pier"]),
    ],
)
def test_the_form_of_a_question_gives_the_operation_and_what_is_looked_up(
    question: str, operation: str, looked_up: list[str]
) -> None:
    plan = read_plan(question, TODAY)
    assert plan is not None
    assert plan.operation == operation
    assert [one.phrase for one in lookups(plan)] == looked_up


@pytest.mark.parametrize(
    "question",
    [
        "When does the lease end?",
        "Who sold us the fork?",
        "Whose birthdays are there before May?",
        "",
        "until",
        "how long" * 99,
    ],
)
def test_a_question_of_no_known_form_has_no_plan(question: str) -> None:
    assert read_plan(question, TODAY) is None


def test_the_second_side_of_a_comparison_may_leave_out_the_matter() -> None:
    plan = read_plan("How much less did we pay for the insurance in 2023 than in 2022?", TODAY)
    assert plan is not None
    first, second = lookups(plan)
    assert first.phrase.endswith("insurance in 2023")
    assert second.phrase.endswith("insurance in 2022")
