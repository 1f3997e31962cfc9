"""Which questions are asked in a rhythm, and when they are due again."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta, tzinfo
from itertools import pairwise

RHYTHMS = ((1, 0, 5), (7, 1, 3), (14, 1, 3), (30, 3, 3))
"""Days between askings, how far they may be off, and on how many days in such a row a question must have been asked."""

AHEAD = timedelta(days=1)


def due_again(asked_at: Sequence[datetime], today: date, zone: tzinfo | None = None) -> bool:
    """Whether a question is asked in a rhythm and comes up again today or tomorrow.

    The last askings must support it, each counted once a day: five days running, or three times a week, a fortnight or
    a month apart. One that was not asked when it was due has lost its rhythm.

    Args:
        asked_at: when it was asked, in any order.
        zone: the user's; the machine's by default.
    """
    days = sorted({at.astimezone(zone).date() for at in asked_at})
    for period, slack, least in RHYTHMS:
        row = days[-least:]
        gaps = [(later - earlier).days for earlier, later in pairwise(row)]
        if len(row) < least or any(abs(gap - period) > slack for gap in gaps):
            continue
        next_on = row[-1] + timedelta(days=period)
        if next_on - timedelta(days=slack) - AHEAD <= today <= next_on + timedelta(days=slack):
            return True
    return False
