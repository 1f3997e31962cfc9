"""Amounts, days and questions as code reads them."""

from datetime import date
from decimal import Decimal

import pytest

from pillowbook.answering.compute.days import add_months, find_days, find_times, months_between, years_between
from pillowbook.answering.compute.quantities import find_quantities, spelled
from pillowbook.answering.compute.questions import Operation, compared_sides, read_question

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
        ("How many days until Easter?", Operation.UNTIL),
        ("how old is the dog", Operation.AGE),
        ("What day of the week was the wedding?", Operation.WEEKDAY),
        ("By how much did the rent rise?", Operation.DIFFERENCE),
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


def test_the_second_side_of_a_comparison_may_leave_out_the_matter() -> None:
    assert compared_sides("How much more was the fork than the hoe?") == (" was the fork ", "the hoe")
    sides = compared_sides("How much less did we pay for the insurance in 2023 than in 2022?")
    assert sides is not None
    assert "insurance" in sides[1] and "2022" in sides[1] and "2023" not in sides[1]
