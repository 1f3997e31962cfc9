"""What the model reads, what form the answer takes, and how sure it is."""

import pytest
from tests.answering.test_texts import passage_of

from pillowbook.answering.forms import BRIEF, FULL, form_of
from pillowbook.answering.reading import in_order, lay_out, within_budget
from pillowbook.answering.sureness import (
    FEATURES,
    FEATURES_AGAIN,
    Regression,
    Signals,
    Sureness,
    agreement,
    measured_sureness,
)
from pillowbook.answering.units import split_units
from pillowbook.answering.verify import check_claim


@pytest.mark.parametrize(
    ("question", "form"),
    [
        ("When does the car insurance end?", BRIEF),
        ("How many eggs go in?", BRIEF),
        ("How much did the roof cost?", BRIEF),
        ("What is the wifi password?", BRIEF),
        ("Who said so?", BRIEF),
        ("Why did we not get solar panels?", FULL),
        ("What did Dev say about the pump?", FULL),
        ("How did the meeting end?", FULL),
        ("Summarise the discussion about fees", FULL),
        ("In the garden meeting, why was the shed moved?", FULL),
        ("¿Cuándo termina el seguro?", BRIEF),
    ],
)
def test_plain_facts_get_few_words_and_accounts_get_sentences(question: str, form: object) -> None:
    assert form_of(question) is form


def test_units_of_one_place_stand_under_it_once() -> None:
    units = split_units(passage_of("It is 1.2 bar. Dev fitted it.", title="Boiler"))
    text = lay_out(units, lambda _passage: "2026-03-06")
    assert text == "Boiler, 2026-03-06:\n- It is 1.2 bar.\n- Dev fitted it."


def test_what_is_read_keeps_to_the_budget_but_never_falls_under_two() -> None:
    units = split_units(passage_of(" ".join(f"Sentence number {n} is here." for n in range(20))))
    assert len(within_budget(units, tokens=1, most=9)) == 2
    assert len(within_budget(units, tokens=10_000, most=9)) == 9
    assert 2 < len(within_budget(units, tokens=40, most=9)) < 9


def test_units_are_read_in_the_order_of_their_document() -> None:
    units = split_units(passage_of("First comes bread. Then comes soup. Last comes cake."))
    assert in_order([units[2], units[0], units[1]]) == list(units)


def test_a_sentence_may_be_carried_together_where_that_is_allowed() -> None:
    text = "Piotr sees to the roof. The invoice came in May. Edie swims on Thursdays. The scaffold stays until June."
    units = split_units(passage_of(text))
    told = "Piotr sent an invoice in May for the roof, and Edie had a scaffold on Thursdays."
    assert check_claim(told, units, "What about it?") is None
    claim = check_claim(told, units, "What about it?", most=3)
    assert claim is not None
    assert len(claim.units) == 3
    assert check_claim(told.replace("May", "July"), units, "What about it?", most=3) is None
    assert (
        check_claim("Wild horses drink green tea in Piotr's roof.", units, "What about it?", most=3) is None
    )


def signals(**changes: float) -> Signals:
    values = {"refusal": -6.0, "similarity": 0.6, "share": 0.5, "missing": 0, "stated": 0.5, "agrees": None}
    return Signals(**{**values, **changes})  # type: ignore[arg-type]


def test_asking_again_decides_only_between_the_bounds() -> None:
    first = Regression(tuple(-0.5 if name == "refusal" else 0.0 for name in FEATURES), -3.0)
    second = Regression(tuple(4.0 if name == "agrees" else 0.0 for name in FEATURES_AGAIN), -2.0)
    again = Regression(tuple(1.0 if name == "stated" else 0.0 for name in FEATURES_AGAIN), 0.0)
    sureness = Sureness(first, second, again, low=0.2, high=0.8, threshold=0.5)
    assert sureness.is_decided(signals(refusal=-12.0))
    assert sureness.is_decided(signals(refusal=-0.1))
    assert not sureness.is_decided(signals(refusal=-6.0))
    assert sureness.probability(signals(agrees=1.0)) > 0.8 > 0.2 > sureness.probability(signals(agrees=0.0))
    assert sureness.probability_again(signals(agrees=0.0, stated=3.0)) > 0.8


def test_the_measured_parameters_trust_an_answer_more_that_the_model_finds_stated_and_would_not_refuse() -> (
    None
):
    sureness = measured_sureness()
    for agrees in (None, 1.0):
        good = signals(refusal=-8.0, stated=3.0, agrees=agrees)  # type: ignore[arg-type]
        bad = signals(refusal=-0.7, stated=-3.0, agrees=agrees)  # type: ignore[arg-type]
        assert sureness.probability(good) > sureness.threshold > sureness.probability(bad)


def test_agreement_is_the_share_of_the_answers_own_words() -> None:
    assert agreement("the Silk Road", "He brought peace to the Silk Road.") == 1.0
    assert agreement("45 minutes", "It takes 35 minutes.") == 0.5
    assert agreement("45 minutes", "") == 0.0


def test_a_row_with_a_feature_too_few_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"zip"):
        Regression((1.0,), 0.0).probability((1.0, 2.0))
