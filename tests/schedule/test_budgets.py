"""Budgets: what a night may cost, what missed nights leave, and where a slice ends."""

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from pillowbook.domain.answers import Tokens
from pillowbook.domain.clock import ManualClock
from pillowbook.domain.work import LedgerEntry, SliceKind, SliceResult
from pillowbook.host.energy import FixedEnergy
from pillowbook.models.metering import TokenMeter
from pillowbook.schedule.budgets import Amount, Budgets, Costs, left_tonight, night_of

MONDAY = date(2026, 3, 2)


def day(number: int) -> date:
    return MONDAY + timedelta(days=number)


@pytest.mark.parametrize(
    ("moment", "night"),
    [
        ("2026-03-02T12:00", 0),
        ("2026-03-02T23:59", 0),
        ("2026-03-03T00:00", 0),
        ("2026-03-03T11:59", 0),
        ("2026-03-03T12:00", 1),
    ],
)
def test_a_night_lasts_from_noon_to_noon(moment: str, night: int) -> None:
    assert night_of(datetime.fromisoformat(moment)) == day(night)


@pytest.mark.parametrize(
    ("spent", "first", "tonight", "left"),
    [
        ({}, 0, 0, 100),  # the first night of all has its own budget only
        ({0: 30}, 0, 0, 70),
        ({0: 100}, 0, 0, 0),
        ({0: 140}, 0, 0, 0),  # work on demand took more; nothing is owed
        ({0: 140}, 0, 1, 100),
        ({0: 100}, 0, 1, 100),
        ({0: 30}, 0, 1, 170),
        ({0: 100}, 0, 3, 300),  # two nights missed: both are caught up
        ({0: 10}, 0, 5, 300),  # no more than two
        ({0: 100, 3: 250}, 0, 3, 50),
        ({0: 100, 3: 250}, 0, 4, 150),  # of the two missed nights the older was used up first
        ({0: 100, 3: 150}, 0, 4, 200),  # half of night 1 lapses, night 2 is whole
        ({0: 100, 3: 300}, 0, 4, 100),  # what was caught up once is not caught up again
        ({0: 100, 3: 300}, 0, 5, 200),
        ({0: 100, 1: 200, 2: 100}, 0, 3, 100),
    ],
)
def test_what_is_left_of_the_nights(
    spent: Mapping[int, float], first: int, tonight: int, left: float
) -> None:
    by_night = {day(number): amount for number, amount in spent.items()}
    assert left_tonight(100, by_night, first=day(first), tonight=day(tonight)) == left


def test_no_limit_leaves_infinity() -> None:
    assert math.isinf(left_tonight(0, {day(0): 1e9}, first=day(0), tonight=day(0)))


def test_over_many_nights_no_more_is_spent_than_the_nights_brought() -> None:
    """Whatever is spent whenever it may be: the sum never passes the sum of the budgets."""
    pattern = [0, 300, 20, 0, 0, 250, 100, 100, 0, 0, 0, 0, 300, 60, 0, 180]
    spent: dict[date, float] = {}
    total = 0.0
    for number in range(64):
        wish = pattern[number % len(pattern)]
        used = min(wish, left_tonight(100, spent, first=day(0), tonight=day(number)))
        spent[day(number)] = used
        total += used
        assert total <= 100 * (number + 1)
        assert used <= 300


def entry(at: datetime, seconds: float = 0.0, tokens: int = 0, energy_j: float = 0.0) -> LedgerEntry:
    return LedgerEntry(
        SliceKind.PREPARE, SliceResult.DONE, at, seconds, Tokens(tokens, 0), 1, energy_j=energy_j
    )


class Book:
    """A ledger that outlives the program."""

    def __init__(self) -> None:
        self.entries: list[LedgerEntry] = []
        self.reads = 0

    def ledger(self, since: datetime) -> list[LedgerEntry]:
        self.reads += 1
        return [one for one in self.entries if one.started_at >= since]

    def began_at(self) -> datetime | None:
        return min((one.started_at for one in self.entries), default=None)


def budgets(book: Book, clock: ManualClock, limits: Amount, hours_east: int = 0) -> Budgets:
    zone = timezone(timedelta(hours=hours_east))
    return Budgets(
        limits=lambda: limits,
        ledger=book.ledger,
        began_at=book.began_at,
        clock=clock,
        local=lambda moment: moment.astimezone(zone),
    )


def test_a_restart_does_not_forget_what_was_spent() -> None:
    clock, book = ManualClock(datetime(2026, 3, 3, 1, 0, tzinfo=UTC)), Book()
    before = budgets(book, clock, Amount(600, 1000, 0))
    assert before.left() == Amount(600, 1000, math.inf)
    done = entry(clock.now(), seconds=450, tokens=1000, energy_j=5)
    book.entries.append(done)
    before.note(done)
    for one in (before, budgets(book, clock, Amount(600, 1000, 0))):
        assert one.left() == Amount(150, 0, math.inf)
        assert one.left().spent_kind == "token"
    clock.advance(11 * 3600)  # noon
    assert before.left() == Amount(750, 1000, math.inf)
    assert before.left().spent_kind is None


def test_the_ledger_is_read_once_a_night() -> None:
    clock, book = ManualClock(datetime(2026, 3, 3, 1, 0, tzinfo=UTC)), Book()
    kept = budgets(book, clock, Amount(600))
    for _ in range(50):
        kept.left()
    assert book.reads == 1
    clock.advance(86400)
    kept.left()
    assert book.reads == 2


def test_noon_is_the_users() -> None:
    """13:00 in Tokyo is a new night, while it is 4 in the morning in UTC."""
    clock, book = ManualClock(datetime(2026, 3, 3, 4, 0, tzinfo=UTC)), Book()
    book.entries = [entry(datetime(2026, 3, 3, 2, 0, tzinfo=UTC), seconds=600)]
    assert budgets(book, clock, Amount(600)).left().seconds == 0
    assert budgets(book, clock, Amount(600), hours_east=9).left().seconds == 600


def test_a_slice_ends_where_the_time_ends() -> None:
    clock, book, energy = ManualClock(datetime(2026, 3, 3, 1, 0, tzinfo=UTC)), Book(), FixedEnergy()
    costs = Costs(budgets(book, clock, Amount(60)), TokenMeter(), energy, clock)
    costs.begin(lambda: None)
    clock.advance(59)
    assert not costs.is_over()
    clock.advance(1)
    assert costs.is_over()
    costs.begin(None)
    clock.advance(10_000)
    assert not costs.is_over(), "work on demand is bound by nothing"


def test_a_slice_ends_where_the_energy_ends() -> None:
    clock, book, energy = ManualClock(datetime(2026, 3, 3, 1, 0, tzinfo=UTC)), Book(), FixedEnergy(1000.0)
    costs = Costs(budgets(book, clock, Amount(0, 0, 50)), TokenMeter(), energy, clock)
    costs.begin(lambda: None)
    energy.joules += 49
    clock.advance(5)
    assert not costs.is_over()
    energy.joules += 1
    clock.advance(5)
    assert costs.is_over()
    cost = costs.end()
    assert (cost.energy_j, cost.is_energy_estimated) == (50, True)


def test_a_text_ends_where_the_tokens_end() -> None:
    clock, book = ManualClock(datetime(2026, 3, 3, 1, 0, tzinfo=UTC)), Book()
    meter, ended = TokenMeter(), []
    costs = Costs(budgets(book, clock, Amount(0, 100, 0)), meter, FixedEnergy(), clock)
    costs.begin(lambda: ended.append(meter.spent))
    meter.finished(Tokens(60, 20))
    for _ in range(19):
        meter.wrote_piece()
    assert not ended
    meter.wrote_piece()
    assert ended == [Tokens(60, 40)]
    meter.finished(None)  # it was broken off: what it had written counts
    assert costs.end().tokens == Tokens(60, 40)
