"""Which document is most worth reading next: P(asked) x seconds saved x P(verified) / cost.

A passage of any document costs about the same to read, saves the same and is verified as often. What tells documents
apart is how likely their facts are asked for, and that is learned from what was asked: the rate of questions that a
document is cited for is a Gamma-Poisson estimate (a conjugate pair: Gelman et al., "Bayesian Data Analysis", 2.6). It
leans on the rate of its folder as long as little is known of it, and the folder's on that of all. Old questions fade by
half in :data:`HALF_LIFE_DAYS`. Documents changed lately are asked for more often; how much is learned the same way.

After every :data:`EXPLORED_EVERY` documents that were read, the next is chosen by rates that are drawn (Thompson 1933)
instead of their means: now and then one that nobody asked about has its turn, the oftener the less is known of it.
"""

import math
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pillowbook.domain.ids import DocumentId
from pillowbook.domain.interest import Interest

HALF_LIFE_DAYS: Final = 30.0
RECENT_DAYS: Final = 2.0
RECENT_FACTOR: Final = 3.0
"""How much oftener a document changed lately is asked for, before anything is known; weighs as two questions do."""

RATE_AT_FIRST: Final = 0.02
"""Questions a day and document, before anything is known."""

EXPLORED_EVERY: Final = 8

LEAN: Final = 2.0
"""A folder's rate weighs for a document as so many questions do; so does that of all for a folder's."""


@dataclass(slots=True)
class _Seen:
    """Questions, and the days in which they could have been asked; both fade with age."""

    asked: float = 0.0
    days: float = 0.0

    def add(self, other: "_Seen") -> None:
        self.asked += other.asked
        self.days += other.days


def by_worth(documents: Sequence[Interest], *, now: datetime) -> list[DocumentId]:
    """The documents that are not wholly read, the one whose next section is most worth reading first.

    Args:
        documents: all of them: those that are read tell of their folders.
        now: the rates are drawn anew every night, noon to noon.
    """
    night = (now.astimezone() - timedelta(hours=12)).date()
    explores = sum(one.is_read for one in documents) % EXPLORED_EVERY == EXPLORED_EVERY - 1
    own = {one.document_id: _seen(one, now) for one in documents}
    everything, places = _Seen(), defaultdict[str, _Seen](_Seen)
    for one in documents:
        everything.add(own[one.document_id])
        places[one.place].add(own[one.document_id])
    overall = _lean(everything, RATE_AT_FIRST)
    rates = {place: _lean(seen, overall) for place, seen in places.items()}
    recent_factor = _recent_factor(documents, rates, now)
    scored: list[tuple[float, DocumentId]] = []
    for one in documents:
        if one.is_read:
            continue
        seen, rate = own[one.document_id], rates[one.place]
        if explores:
            draw = random.Random(f"{night.toordinal()} {one.document_id}")
            expected = draw.gammavariate(LEAN + seen.asked, 1.0 / (LEAN / rate + seen.days))
        else:
            expected = _lean(seen, rate)
        factor = recent_factor if _is_recent(one, now) else 1.0
        scored.append((expected * factor / max(1, one.passages), one.document_id))
    return [document_id for _, document_id in sorted(scored, key=lambda pair: -pair[0])]


def _lean(seen: _Seen, rate: float) -> float:
    return (LEAN + seen.asked) / (LEAN / rate + seen.days)


def _seen(one: Interest, now: datetime) -> _Seen:
    return _Seen(sum(_weight(now - at) for at in one.asked_at), _faded_days(now - one.known_since))


def _weight(age: timedelta) -> float:
    return math.exp2(-max(0.0, age / timedelta(days=1)) / HALF_LIFE_DAYS)


def _faded_days(age: timedelta) -> float:
    """The integral of the weight over that time."""
    return (1.0 - _weight(age)) * HALF_LIFE_DAYS / math.log(2.0)


def _is_recent(one: Interest, at: datetime) -> bool:
    return timedelta(0) <= at - one.changed_at < timedelta(days=RECENT_DAYS)


def _recent_factor(documents: Iterable[Interest], rates: dict[str, float], now: datetime) -> float:
    """How many questions came within days of a change, against how many would have come at the usual rate."""
    came, expected = RECENT_FACTOR * 2.0, 2.0
    for one in documents:
        began = max(one.known_since, one.changed_at)
        ended = min(now, one.changed_at + timedelta(days=RECENT_DAYS))
        if ended <= began:
            continue
        came += sum(_weight(now - at) for at in one.asked_at if _is_recent(one, at))
        expected += rates[one.place] * max(0.0, _faded_days(now - began) - _faded_days(now - ended))
    return came / expected
