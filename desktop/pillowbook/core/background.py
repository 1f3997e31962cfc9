"""Background work over an open vault: the runner, with the gate and the budgets that the settings say."""

import contextlib
from collections.abc import Callable
from dataclasses import replace

from pillowbook.core import protocol as p
from pillowbook.core.ledger_view import ledger_view
from pillowbook.core.machine import Machine
from pillowbook.core.prepared_view import prepared_list
from pillowbook.domain.events import Event, GateChanged, PreparedChanged
from pillowbook.domain.work import GateState, LedgerEntry, SliceKind, SliceResult
from pillowbook.host.workers import CancelToken
from pillowbook.models.metering import TokenMeter
from pillowbook.schedule.budgets import Amount, Budgets, Costs
from pillowbook.schedule.gate import Rules, Sensed, decide
from pillowbook.schedule.runner import Runner, WorkTotals
from pillowbook.schedule.stages import FlowStages
from pillowbook.settings.catalogue import (
    BATTERY_FLOOR,
    ENERGY_BUDGET,
    IDLE_AFTER,
    LOAD_CEILING,
    SETTLE,
    TIME_BUDGET,
    TOKEN_BUDGET,
    WORK_HOURS,
    WORK_WHEN,
)
from pillowbook.settings.values import Settings
from pillowbook.store.knowledge import Knowledge
from pillowbook.store.library import Library


class BackgroundWork:
    """Works while the gate is open, or when it is asked to.

    Args:
        model: the generator of the settings.
        has_server: a server writes, so that there always is a model.
        catch_up: brings the library up to date with the disk.
        tell: told of events.
    """

    def __init__(
        self,
        stages: FlowStages,
        *,
        library: Library,
        knowledge: Knowledge,
        settings: Settings,
        machine: Machine,
        meter: TokenMeter,
        model: str,
        has_server: bool,
        catch_up: Callable[[CancelToken], object],
        tell: Callable[[Event], object],
    ) -> None:
        self._library = library
        self._knowledge = knowledge
        self._settings = settings
        self._machine = machine
        self._model = model
        self._has_server = has_server
        self._catch_up = catch_up
        self._tell = tell
        self._budgets = Budgets(
            limits=self._limits,
            ledger=knowledge.ledger,
            began_at=knowledge.ledger_began_at,
            clock=machine.clock,
        )
        self._runner = Runner(
            stages,
            sense=self._sense,
            rules=self._rules,
            clock=machine.clock,
            on_gate=lambda gate: self._say(GateChanged(gate)),
            on_slice=self._slice_done,
            idle=machine.senses.idle,
            costs=Costs(self._budgets, meter, machine.senses.energy, machine.clock),
        )

    def start(self) -> None:
        """Begin to work whenever the gate is open."""
        self._machine.on_change = self._runner.wake
        self._runner.start()

    def stop(self) -> None:
        """End after the slice at hand, which is cancelled."""
        self._machine.on_change = None
        self._runner.stop()

    def handle(self, call: p.WorkCall, part: Callable[[object], None], cancel: CancelToken) -> object:
        """The reply to one of these calls."""
        match call:
            case p.Work(seconds):
                return self.work(seconds, part, cancel)
            case p.ListPrepared(words, limit):
                return prepared_list(self._knowledge, self._library, words, limit)
            case p.GetLedger(since, never_after_days):
                return ledger_view(
                    self._knowledge,
                    self._library,
                    now=self._machine.clock.now(),
                    since=since,
                    never_after_days=never_after_days,
                )

    def work(self, seconds: float, part: Callable[[object], None], cancel: CancelToken) -> p.WorkSummary:
        """Background work now; the library is brought up to date first."""

        def tell(totals: WorkTotals) -> None:
            note = f"{totals.digests} digests, {totals.questions} questions, {totals.answers} answers"
            part(p.Progress(round(totals.seconds), round(seconds), note))

        self._catch_up(cancel)
        if not self._has_server:
            self._machine.installation.require(self._model)
        totals = self._runner.work(seconds, on_totals=tell, cancel=cancel)
        return p.WorkSummary(
            seconds=totals.seconds,
            slices=totals.slices,
            digests=totals.digests,
            questions=totals.questions,
            answers=totals.answers,
            refused=totals.refused,
            failed=totals.failed,
            prompt_tokens=totals.tokens.prompt,
            completion_tokens=totals.tokens.completion,
            is_exhausted=totals.is_exhausted,
        )

    def hold(self) -> contextlib.AbstractContextManager[None]:
        """No background work until it is left."""
        return self._runner.hold()

    def wake(self) -> None:
        """Something may be to do."""
        self._runner.wake()

    def retry(self) -> None:
        """The library changed: what failed before may go well now."""
        self._runner.retry()

    def gate_now(self) -> GateState:
        """The gate as it stands this moment."""
        return decide(self._sense(), self._rules())

    @property
    def is_working(self) -> bool:
        """Whether a slice runs."""
        return self._runner.is_working

    def _sense(self) -> Sensed:
        """What the gate decides on; with a server there always is a model."""
        sensed = self._machine.sense(self._model)
        return replace(
            sensed,
            is_model_installed=sensed.is_model_installed or self._has_server,
            spent=self._budgets.left().spent_kind,
        )

    def _limits(self) -> Amount:
        return Amount(
            seconds=60.0 * self._settings[TIME_BUDGET],
            tokens=self._settings[TOKEN_BUDGET],
            energy_j=3600.0 * self._settings[ENERGY_BUDGET],
        )

    def _rules(self) -> Rules:
        return Rules(
            work_when=self._settings[WORK_WHEN],
            idle_after_s=self._settings[IDLE_AFTER],
            battery_floor_percent=self._settings[BATTERY_FLOOR],
            load_ceiling=self._settings[LOAD_CEILING] / 100,
            settle_s=60.0 * self._settings[SETTLE],
            hours=self._settings[WORK_HOURS],
        )

    def _slice_done(self, entry: LedgerEntry) -> None:
        if (
            entry.kind in (SliceKind.PREPARE, SliceKind.AUDIT, SliceKind.JUDGE)
            and entry.result is SliceResult.DONE
        ):
            self._say(PreparedChanged(self._knowledge.counts().prepared))

    def _say(self, event: Event) -> None:
        self._tell(event)
