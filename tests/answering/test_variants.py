"""Wordings that always ask for the same, by rule."""

import pytest

from pillowbook.answering.variants import variants


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("who is mungo's vet", "who is the vet of mungo"),
        ("what is the serial number of the boiler", "what is the boiler's serial number"),
        ("how much does the permit cost", "what is the price of the permit"),
        ("when is the rent due", "what is the deadline for the rent"),
        ("where is the stopcock", "where is the stopcock located"),
        ("at what time does the shop open", "what time does the shop open"),
    ],
)
def test_one_leads_to_the_other_and_back(one: str, other: str) -> None:
    assert other in variants(one)
    assert one in variants(other)


@pytest.mark.parametrize(
    "question",
    [
        "when does the shop open",
        "what is it",
        "how much is the pressure",
        "why is the rent due",
        "where is it",
    ],
)
def test_what_may_mean_something_else_has_none(question: str) -> None:
    assert variants(question) == ()


def test_none_is_the_question_itself() -> None:
    for question in ("who is the vet of mungo", "what date is the fair", "when is the rent due"):
        assert question not in variants(question)
