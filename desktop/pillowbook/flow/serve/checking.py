"""Whether a prepared answer that was matched may be served now: it speaks of today, and its files bear it out."""

from dataclasses import dataclass

from pillowbook.answering.another_day import is_of_another_day
from pillowbook.answering.match import MatchResult
from pillowbook.domain.answers import Freshness, PreparedAnswer
from pillowbook.domain.clock import Clock
from pillowbook.flow.serve.freshness import FreshnessReport, Reread, check_freshness
from pillowbook.store.library import Library


@dataclass(frozen=True, slots=True)
class CheckedHit:
    """A prepared answer held against its files.

    Attributes:
        p_same: P(it is the answer to what was asked).
    """

    prepared: PreparedAnswer
    p_same: float
    report: FreshnessReport

    @property
    def may_be_shown(self) -> bool:
        """Nothing that a changed note no longer bears out; the user's own words stay theirs, with the change told."""
        if self.report.freshness is Freshness.CHANGED:
            return self.prepared.edited_at is not None
        return self.report.freshness is not Freshness.GONE


class HitChecker:
    """Checks prepared answers at the moment of serving. Thread-safe as far as the stores are."""

    def __init__(self, *, library: Library, clock: Clock, reread: Reread | None = None) -> None:
        self._library = library
        self._clock = clock
        self._reread = reread

    def check_match(self, found: MatchResult) -> CheckedHit | None:
        """What was matched, checked; None where it is no hit, or speaks of another day."""
        if not found.is_hit or found.prepared is None:
            return None
        return self.check(found.prepared, found.p_same)

    def check(self, prepared: PreparedAnswer, p_same: float) -> CheckedHit | None:
        """A hit, checked; None where it speaks of another day."""
        if self.is_of_another_day(prepared):
            return None
        report = check_freshness(prepared, self._library, clock=self._clock, reread=self._reread)
        return CheckedHit(prepared, p_same, report)

    def is_of_another_day(self, prepared: PreparedAnswer) -> bool:
        """Whether it speaks of another day; the user's own words never do."""
        if prepared.edited_at is not None:
            return False
        return is_of_another_day(prepared.question, prepared.checks, prepared.prepared_at, self._clock.now())
