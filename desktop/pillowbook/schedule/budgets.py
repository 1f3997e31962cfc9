"""What background work may cost in a night, and what the slice that runs costs."""

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from pillowbook.domain.answers import Tokens
from pillowbook.domain.clock import Clock
from pillowbook.domain.work import LedgerEntry
from pillowbook.host.energy import EnergyMeter
from pillowbook.models.metering import TokenMeter

CARRIED_NIGHTS: Final = 2
NOON: Final = timedelta(hours=12)
NIGHT: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Amount:
    """What work costs. As a budget 0 means no limit; as what is left, infinity does."""

    seconds: float = 0.0
    tokens: float = 0
    energy_j: float = 0.0

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(
            self.seconds + other.seconds, self.tokens + other.tokens, self.energy_j + other.energy_j
        )

    @property
    def spent_kind(self) -> str | None:
        """Of what is left: the kind of which nothing is, as the gate's sentence calls it."""
        for kind, left in (("time", self.seconds), ("token", self.tokens), ("energy", self.energy_j)):
            if left <= 0:
                return kind
        return None


def night_of(moment: datetime) -> date:
    """The day at whose noon the night of a local time began: nights last from noon to noon."""
    return (moment.replace(tzinfo=None) - NOON).date()


def left_tonight(budget: float, spent: Mapping[date, float], *, first: date, tonight: date) -> float:
    """How much of one kind of budget is left tonight.

    The rule: each night brings the budget anew. What a night costs is taken from its own budget first, then from what
    the two nights before it left over, the older one first. What is left over lapses after two nights, and so does what
    a night cost beyond all of that (work on demand may). A night in which the machine was off leaves all of its budget;
    nights before ``first``, when work was done for the first time, leave nothing.

    Args:
        budget: of one night; 0 for no limit, which leaves infinity.
        spent: by night, since CARRIED_NIGHTS + 2 nights before tonight at least.
    """
    if budget <= 0:
        return math.inf
    left: dict[date, float] = {}
    # Whether an older night took something from those that still count does not depend on any before these.
    night = max(min(first, tonight), tonight - (CARRIED_NIGHTS + 2) * NIGHT)
    while night <= tonight:
        left = {earlier: rest for earlier, rest in left.items() if night - earlier <= CARRIED_NIGHTS * NIGHT}
        left[night] = budget
        cost = spent.get(night, 0.0)
        for source in (night, *sorted(left.keys() - {night})):
            taken = min(left[source], cost)
            left[source] -= taken
            cost -= taken
        night += NIGHT
    return sum(left.values())


class Budgets:
    """Tonight's budgets, by what the ledger says was spent. Thread-safe.

    Args:
        limits: of one night, as the user chose them.
        ledger: entries begun at or after a time.
        began_at: when the first entry of all was begun.
        local: a time in the user's time zone.
    """

    def __init__(
        self,
        *,
        limits: Callable[[], Amount],
        ledger: Callable[[datetime], Sequence[LedgerEntry]],
        began_at: Callable[[], datetime | None],
        clock: Clock,
        local: Callable[[datetime], datetime] = datetime.astimezone,
    ) -> None:
        self._limits = limits
        self._ledger = ledger
        self._began_at = began_at
        self._clock = clock
        self._local = local
        self._lock = threading.Lock()
        self._read_in: date | None = None
        self._first: date | None = None
        self._spent: dict[date, Amount] = {}

    def left(self) -> Amount:
        """What may still be spent tonight; infinity where there is no limit."""
        limits = self._limits()
        tonight = night_of(self._local(self._clock.now()))
        with self._lock:
            if self._read_in != tonight:
                self._read(tonight)
            spent, first = self._spent, self._first or tonight
            return Amount(
                *(
                    left_tonight(
                        getattr(limits, kind),
                        {night: getattr(amount, kind) for night, amount in spent.items()},
                        first=first,
                        tonight=tonight,
                    )
                    for kind in ("seconds", "tokens", "energy_j")
                )
            )

    def note(self, entry: LedgerEntry) -> None:
        """An entry was put into the ledger."""
        with self._lock:
            if self._read_in is not None:
                self._add(entry)

    def _read(self, tonight: date) -> None:
        """From the ledger: at the start, and once a night."""
        # A day more than the rule needs, whatever the time zone.
        since = self._clock.now() - (CARRIED_NIGHTS + 4) * NIGHT
        began_at = self._began_at()
        self._first = None if began_at is None else night_of(self._local(began_at))
        self._spent = {}
        for entry in self._ledger(since):
            self._add(entry)
        self._read_in = tonight

    def _add(self, entry: LedgerEntry) -> None:
        night = night_of(self._local(entry.started_at))
        self._first = night if self._first is None else self._first
        tokens = entry.tokens.prompt + entry.tokens.completion
        self._spent[night] = self._spent.get(night, Amount()) + Amount(entry.seconds, tokens, entry.energy_j)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one slice cost beyond its time."""

    tokens: Tokens
    energy_j: float
    is_energy_estimated: bool


class Costs:
    """Measures the slice that runs, and ends it where tonight's budget ends. One slice at a time."""

    def __init__(self, budgets: Budgets, tokens: TokenMeter, energy: EnergyMeter, clock: Clock) -> None:
        self._budgets = budgets
        self._tokens = tokens
        self._energy = energy
        self._clock = clock
        self._left = Amount()
        self._until_s = math.inf
        self._began_j = 0.0

    def begin(self, on_spent: Callable[[], None] | None) -> None:
        """A slice begins; ``on_spent`` is called once its tokens reach the end of tonight's budget. None: it is not
        bound by any.
        """
        self._began_j = self._energy.read().joules
        if on_spent is None:
            self._left, self._until_s = Amount(math.inf, math.inf, math.inf), math.inf
            self._tokens.begin()
            return
        self._left = self._budgets.left()
        self._until_s = self._clock.monotonic_s() + self._left.seconds
        self._tokens.begin(None if math.isinf(self._left.tokens) else int(self._left.tokens), on_spent)

    @property
    def time_left_s(self) -> float:
        """Until the end of the night's time."""
        return self._until_s - self._clock.monotonic_s()

    def is_over(self) -> bool:
        """Whether the slice has reached the end of the night's time or energy. To be asked every few minutes at least,
        for :meth:`EnergyMeter.read`.
        """
        return self.time_left_s <= 0 or self._energy.read().joules - self._began_j >= self._left.energy_j

    def end(self) -> Cost:
        """The slice is over."""
        energy = self._energy.read()
        return Cost(self._tokens.spent, max(0.0, energy.joules - self._began_j), energy.is_estimate)

    def note(self, entry: LedgerEntry) -> None:
        """The slice is in the ledger."""
        self._budgets.note(entry)
