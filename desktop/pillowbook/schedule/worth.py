"""Which document is most worth reading next: P(asked) x seconds saved x P(verified) / cost.

A passage of any document costs about the same to read, saves the same and is verified as often. What tells documents
apart is how likely their facts are asked for, and that is learned from what was asked: the rate of questions that a
document is cited for is a Gamma-Poisson estimate (a conjugate pair: Gelman et al., "Bayesian Data Analysis", 2.6). It
leans on the rate of its folder as long as little is known of it, and the folder's on that of all. Old questions fade by
half in :data:`HALF_LIFE_DAYS`. Documents that were changed or opened lately, or are linked with one that was asked
about lately, are asked for more often; how much is learned the same way, for each of the three.

After every :data:`EXPLORED_EVERY` documents that were read, the next is chosen by rates that are drawn (Thompson 1933)
instead of their means: now and then one that nobody asked about has its turn, the oftener the less is known of it.
"""

import math
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pillowbook.domain.answers import Reason
from pillowbook.domain.ids import DocumentId
from pillowbook.domain.interest import Interest

HALF_LIFE_DAYS: Final = 30.0
RECENT_DAYS: Final = 2.0
FACTORS_AT_FIRST: Final = {Reason.CHANGED: 3.0, Reason.OPENED: 3.0, Reason.LINKED: 1.5}
"""How much oftener a document is asked for lately after a change, an opening, a question about a linked one, before
anything is known; each weighs as two questions do."""

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


class Worth:
    """What is known of documents at one time.

    Args:
        documents: all of them: those that are read tell of their folders.
        now: the rates are drawn anew every night, noon to noon.
    """

    def __init__(self, documents: Sequence[Interest], *, now: datetime) -> None:
        self._documents = documents
        self._now = now
        self._own = {one.document_id: _seen(one, now) for one in documents}
        everything, places = _Seen(), defaultdict[str, _Seen](_Seen)
        for one in documents:
            everything.add(self._own[one.document_id])
            places[one.place].add(self._own[one.document_id])
        overall = _lean(everything, RATE_AT_FIRST)
        self._rates = {place: _lean(seen, overall) for place, seen in places.items()}
        times = {one.document_id: one.asked_at for one in documents}
        self._windows = {one.document_id: _windows(one, times) for one in documents}
        self._factors = {reason: self._factor(reason) for reason in FACTORS_AT_FIRST}

    def ranked(self) -> list[DocumentId]:
        """The documents that are not wholly read, the one whose next section is most worth reading first."""
        night = (self._now.astimezone() - timedelta(hours=12)).date()
        explores = sum(one.is_read for one in self._documents) % EXPLORED_EVERY == EXPLORED_EVERY - 1
        scored: list[tuple[float, DocumentId]] = []
        for one in self._documents:
            if one.is_read:
                continue
            expected = self.rate(one)
            if explores:
                seen, rate = self._own[one.document_id], self._rates[one.place]
                draw = random.Random(f"{night.toordinal()} {one.document_id}")
                drawn = draw.gammavariate(LEAN + seen.asked, 1.0 / (LEAN / rate + seen.days))
                expected *= drawn / _lean(seen, rate)
            scored.append((expected / max(1, one.passages), one.document_id))
        return [document_id for _, document_id in sorted(scored, key=lambda pair: -pair[0])]

    def rate(self, one: Interest) -> float:
        """Questions a day that a document is cited for now."""
        reason = self.reason(one)
        factor = 1.0 if reason is Reason.CONTENT else self._factors[reason]
        return _lean(self._own[one.document_id], self._rates[one.place]) * factor

    def reason(self, one: Interest) -> Reason:
        """Why it would be read now: what speaks most for it, or :attr:`Reason.CONTENT`, in its turn."""
        now = [
            (self._factors[reason], reason)
            for reason, windows in self._windows[one.document_id].items()
            if any(began <= self._now < ended for began, ended in windows)
        ]
        factor, reason = max(now, default=(1.0, Reason.CONTENT))
        return reason if factor > 1.0 else Reason.CONTENT

    def _factor(self, reason: Reason) -> float:
        """How many questions came in these times, against how many would have come at the usual rate."""
        came, expected = FACTORS_AT_FIRST[reason] * 2.0, 2.0
        for one in self._documents:
            for began, ended in self._windows[one.document_id].get(reason, ()):
                began, ended = max(one.known_since, began), min(self._now, ended)
                if ended > began:
                    came += sum(_weight(self._now - at) for at in one.asked_at if began <= at < ended)
                    days = _faded_days(self._now - began) - _faded_days(self._now - ended)
                    expected += self._rates[one.place] * days
        return came / expected


def _windows(
    one: Interest, asked_at: Mapping[DocumentId, Sequence[datetime]]
) -> dict[Reason, list[tuple[datetime, datetime]]]:
    """The times in which each reason spoke, or speaks, for a document; those of one reason do not overlap."""
    recent = timedelta(days=RECENT_DAYS)
    found = {Reason.CHANGED: [(one.changed_at, one.changed_at + recent)]}
    if one.opened_at is not None:
        found[Reason.OPENED] = [(one.opened_at, one.opened_at + recent)]
    linked: list[tuple[datetime, datetime]] = []
    for at in sorted(at for other in one.linked for at in asked_at.get(other, ())):
        if linked and at <= linked[-1][1]:
            linked[-1] = (linked[-1][0], at + recent)
        else:
            linked.append((at, at + recent))
    if linked:
        found[Reason.LINKED] = linked
    return found


def _lean(seen: _Seen, rate: float) -> float:
    return (LEAN + seen.asked) / (LEAN / rate + seen.days)


def _seen(one: Interest, now: datetime) -> _Seen:
    return _Seen(sum(_weight(now - at) for at in one.asked_at), _faded_days(now - one.known_since))


def _weight(age: timedelta) -> float:
    return math.exp2(-max(0.0, age / timedelta(days=1)) / HALF_LIFE_DAYS)


def _faded_days(age: timedelta) -> float:
    """The integral of the weight over that time."""
    return (1.0 - _weight(age)) * HALF_LIFE_DAYS / math.log(2.0)
