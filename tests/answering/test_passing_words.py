"""Which questions mean another time on another day."""

import pytest

from pillowbook.answering.passing_words import passes_with_the_day


@pytest.mark.parametrize(
    "question",
    [
        "What is for dinner tonight?",
        "Who picks Edie up this afternoon?",
        "Where were we last night?",
        "Which bins go out on Tuesday?",
        "What does Jonah have Wednesday?",
        "Is there choir this Thursday?",
        "What did we do last summer?",
        "Where are we going next spring?",
        "What is due the coming Friday?",
        "What happens in two weeks?",
        "Who visits in a week?",
        "What did we pay three years ago?",
        "When is the next dentist appointment?",
        "When is the next bin day?",
        "When is the boiler next serviced?",
        "When was the last dentist appointment?",
        "What was said at our last meeting?",
        "Who is currently our energy supplier?",
        "Where is the spare key now?",
        "How much do we pay at the moment?",
        "Which upcoming trips are booked?",
        "Where were we last Christmas?",
    ],
)
def test_words_that_count_from_today(question: str) -> None:
    assert passes_with_the_day(question)


@pytest.mark.parametrize(
    "question",
    [
        "When does the car insurance end?",
        "Which bins go out on Tuesdays?",
        "What does Edie have every Thursday?",
        "What is on the first Monday of the month?",
        "What happened on Tuesday 3 May 2026?",
        "Is the surgery open Monday to Friday?",
        "What is open on Good Friday?",
        "When is the Tuesday evenings class?",
        "Who is my next of kin?",
        "What stands next to the boiler?",
        "Who lives next door?",
        "What is Ruth's last name?",
        "Who keeps my last will?",
        "What are the last four digits of the card?",
        "When was the boiler last serviced?",
        "When did we last paint the fence?",
        "How long does the battery last in winter?",
        "How much gas do we use in a year?",
        "What changed this week?",
        "What did we pay last year?",
        "Who knows how the pump works?",
    ],
)
def test_words_that_mean_the_same_on_every_day(question: str) -> None:
    """``this week`` and ``last year`` hold as long as the week and the year do: ``time_windows`` tells these."""
    assert not passes_with_the_day(question)
