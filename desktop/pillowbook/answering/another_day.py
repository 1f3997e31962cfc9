"""Answers that hold for the day they were made on: "how long until", "this year" and "on Tuesday" count from today."""

from collections.abc import Collection
from datetime import datetime

from pillowbook.answering.compute.computer import COMPUTED
from pillowbook.answering.passing_words import passes_with_the_day
from pillowbook.answering.time_windows import take_window


def is_of_another_day(question: str, checks: Collection[str], made_at: datetime, now: datetime) -> bool:
    """Whether an answer made then speaks of another day than one made now would.

    Args:
        checks: those the answer passed.
    """
    then_day, today = (time.astimezone().date() for time in (made_at, now))
    if then_day == today:
        return False
    if COMPUTED in checks or passes_with_the_day(question):
        return True
    return take_window(question, then_day)[0] != take_window(question, today)[0]
