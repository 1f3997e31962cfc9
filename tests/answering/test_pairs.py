"""Similar is not the same: what forbids a hit, and what does not."""

import pytest

from pillowbook.answering.pairs import judge_pair, measured_parameters, normalise_question

NEAR = 0.97


@pytest.mark.parametrize(
    ("prepared", "asked"),
    [
        ("When is Jonah's dentist appointment?", "When is Edie's dentist appointment?"),
        ("What was the gas bill in 2025?", "What was the gas bill in 2026?"),
        ("What did Dev pay Tomas?", "What did Tomas pay Dev?"),
        ("What can Mungo eat?", "What can Mungo not eat?"),
        ("When was the last boiler service?", "When is the next boiler service?"),
        ("When is the workshop lease signed?", "Where is the workshop lease signed?"),
        ("How do I get from Lisbon to Porto?", "How do I get from Porto to Lisbon?"),
        ("What is the maximum pressure of the boiler?", "What is the minimum pressure of the boiler?"),
        ("How long is the mortgage fixed?", "How much is the mortgage?"),
        ("What is the guest wifi password?", "What is the router password?"),
    ],
)
def test_near_misses_are_no_hits(prepared: str, asked: str) -> None:
    assert not judge_pair(prepared, asked, NEAR).hit


@pytest.mark.parametrize(
    ("prepared", "asked"),
    [
        ("What is the guest wifi password?", "whats the guest wifi password"),
        ("What is the guest wifi password?", "Can you tell me what the guest Wi-Fi password is?"),
        ("When is the boiler serviced?", "when do we service the boiler"),
        ("What is Ruth allergic to?", "what is ruth allergic to?"),
        ("Who is the vet of Mungo?", "Who is Mungo's vet?"),
    ],
)
def test_other_wordings_of_the_same_question_are_hits(prepared: str, asked: str) -> None:
    assert judge_pair(prepared, asked, 0.9).hit


def test_normalising_keeps_what_tells_questions_apart() -> None:
    assert normalise_question("  Please tell me: What’s the rent? ") == "what is the rent"
    assert normalise_question("What is 1.5 of E4?") == "what is 1.5 of e4"
    assert normalise_question("When?") != normalise_question("Where?")


def test_the_measured_parameters_are_complete_and_say_how_they_came_about() -> None:
    parameters = measured_parameters()
    assert 0.5 <= parameters.threshold < 1.0
