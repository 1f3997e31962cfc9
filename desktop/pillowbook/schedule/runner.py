"""The runner: one slice after the other while the gate is open, stopped at once when the user needs the machine.

One thread. While a slice runs, a second one looks at the user's input as often as that is cheap, and a third at
everything else every :data:`WATCH_S`; they cancel the slice when the gate shuts or tonight's budget ends. At rest the
runner sleeps until something wakes it or the gate is due for another look.
"""

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final, Protocol

from pillowbook.domain.answers import Tokens
from pillowbook.domain.clock import Clock
from pillowbook.domain.errors import (
    Cancelled,
    ContextOverflow,
    DocumentUnknown,
    DocumentUnreadable,
    LocalModelNeeded,
    PillowbookError,
    ServerBusy,
    ServerLost,
    UserFixable,
    WorkerLost,
)
from pillowbook.domain.facts import facts, place_of
from pillowbook.domain.work import GateState, LedgerEntry, Slice, SliceKind, SliceOutcome, SliceResult
from pillowbook.host.idle import IdleSource
from pillowbook.host.workers import CancelToken
from pillowbook.schedule.budgets import Cost, Costs
from pillowbook.schedule.gate import Rules, Sensed, decide
from pillowbook.schedule.plan import Queues, next_slice
from pillowbook.store.part import SourcesChanged

log = logging.getLogger(__name__)

WATCH_S: Final = 2.0
INPUT_S: Final = 0.1
LOOK_AGAIN_S: Final = 10.0
NOTHING_TO_DO_S: Final = 300.0
DIGESTS: Final = frozenset({SliceKind.DISTIL, SliceKind.FOLDER, SliceKind.TOPIC})


class Stages(Protocol):
    """What the runner runs."""

    def queues(self, skipped: frozenset[Slice]) -> Queues:
        """What is to be done; slices in ``skipped`` are left out."""
        ...

    def run(self, work: Slice, cancel: CancelToken) -> SliceOutcome:
        """Do one slice.

        Raises:
            PillowbookError: nothing was stored beyond what was complete.
        """
        ...

    def book(self, entry: LedgerEntry) -> None:
        """Put a slice into the ledger."""
        ...


@dataclass(frozen=True, slots=True)
class WorkTotals:
    """What a spell of work did. ``is_exhausted`` says that nothing was left to do."""

    seconds: float = 0.0
    slices: int = 0
    digests: int = 0
    questions: int = 0
    answers: int = 0
    refused: int = 0
    failed: int = 0
    tokens: Tokens = Tokens()
    is_exhausted: bool = False

    def plus(self, entry: LedgerEntry) -> "WorkTotals":
        """These totals and one more slice."""
        made = entry.made if entry.result is SliceResult.DONE else 0
        return replace(
            self,
            slices=self.slices + 1,
            digests=self.digests + (made if entry.kind in DIGESTS else 0),
            questions=self.questions + (made if entry.kind is SliceKind.PREDICT else 0),
            answers=self.answers + (made if entry.kind is SliceKind.PREPARE else 0),
            refused=self.refused + (entry.result is SliceResult.REFUSED),
            failed=self.failed + (entry.result is SliceResult.FAILED),
            tokens=self.tokens + entry.tokens,
        )


class Runner:
    """Background work for one unlocked vault.

    Args:
        sense: everything the gate looks at; milliseconds.
        idle: the user's input alone, asked many times a second while a slice runs; without it ``sense`` is.
        costs: measures each slice and bounds those that nobody asked for; None leaves them unmeasured.
    """

    def __init__(
        self,
        stages: Stages,
        *,
        sense: Callable[[], Sensed],
        rules: Callable[[], Rules],
        clock: Clock,
        on_gate: Callable[[GateState], None],
        on_slice: Callable[[LedgerEntry], None],
        idle: IdleSource | None = None,
        costs: Costs | None = None,
    ) -> None:
        self._stages = stages
        self._sense = sense
        self._idle = idle
        self._costs = costs
        self._sensed: Sensed | None = None
        self._rules = rules
        self._clock = clock
        self._on_gate = on_gate
        self._on_slice = on_slice
        self._changed = threading.Condition()
        self._one_slice = threading.Lock()
        self._holds = 0
        self._is_stopping = False
        self._is_woken = False
        self._wakes = 0
        self._current: CancelToken | None = None
        self._gate = GateState(False, "starting", "Looking whether the machine is free.")
        self._skipped: set[Slice] = set()
        self._retries = 0
        self._held_up: set[Slice] = set()
        self._pause_s = LOOK_AGAIN_S
        self._on_demand = threading.Lock()
        self._thread = threading.Thread(target=self._loop, name="runner", daemon=True)

    # -- for the rest of the core ----------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to look at the gate."""
        self._thread.start()

    def stop(self) -> None:
        """Cancel the running slice and end; returns when nothing runs any more."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify_all()
        self._cancel_current()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def retry(self) -> None:
        """What failed is worth another try: the library is not what it was."""
        self._retries += 1
        self._skipped.clear()
        self._pause_s = LOOK_AGAIN_S
        self.wake()

    def wake(self) -> None:
        """There may be something to do, or the gate may have changed."""
        with self._changed:
            self._is_woken = True
            self._wakes += 1
            self._changed.notify_all()

    @property
    def gate(self) -> GateState:
        """The gate as it was last seen."""
        return self._gate

    @property
    def is_working(self) -> bool:
        """Whether a slice runs now."""
        return self._current is not None

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """No background work while the user waits for something; the running slice is cancelled."""
        with self._changed:
            self._holds += 1
        self._cancel_current()
        try:
            yield
        finally:
            with self._changed:
                self._holds -= 1
                self._is_woken = True
                self._changed.notify_all()

    def work(
        self, seconds: float, *, on_totals: Callable[[WorkTotals], None], cancel: CancelToken
    ) -> WorkTotals:
        """Work now for up to ``seconds``, whatever the gate says; live questions still go first.

        Where such work is being done already, this waits for it, and its time runs.

        Raises:
            UserFixable, ServerBusy, ServerLost: the work cannot go on for now, or before the user did something, such
                as installing a model.
        """
        began = self._clock.monotonic_s()
        totals = WorkTotals()
        deadline = began + seconds
        with self._turn(deadline, cancel) as has_turn, self._sole() if has_turn else contextlib.nullcontext():
            self._skipped.clear()
            while has_turn and not cancel.is_cancelled and not self._is_stopping:
                left = deadline - self._clock.monotonic_s()
                if left <= 0:
                    break
                self._wait_for_holds(min(left, 1.0))
                if self._holds_others():
                    continue
                work = next_slice(self._stages.queues(frozenset(self._skipped)))
                if work is None:
                    totals = replace(totals, is_exhausted=True)
                    break
                token = CancelToken()
                timer = threading.Timer(max(0.0, left), token.cancel)
                timer.daemon = True
                timer.start()
                forget = cancel.when_cancelled(token.cancel)
                try:
                    self._begin(token, is_bound=False)
                    entry, error = self._run(work, token)
                finally:
                    timer.cancel()
                    forget()
                totals = totals.plus(entry)
                on_totals(replace(totals, seconds=self._clock.monotonic_s() - began))
                if error is not None and _is_outage(error):
                    raise error
        return replace(totals, seconds=self._clock.monotonic_s() - began)

    # -- the thread ------------------------------------------------------------------------------------------------

    def _loop(self) -> None:
        while True:
            try:
                wait_s = self._round()
            except Exception as error:  # a disk that fails for a moment must not end the idle work of weeks
                log.error("background work failed", extra=facts(error=place_of(error)))
                wait_s = self._back_off()
            with self._changed:
                if wait_s > 0 and not self._is_stopping and not self._is_woken:
                    self._changed.wait(wait_s)
                self._is_woken = False
                if self._is_stopping:
                    return

    def _round(self) -> float:
        """Look at the gate and run a slice if it is open; returns the seconds to sleep afterwards."""
        if self._look().is_open and self._holds == 0 and self._one_slice.acquire(blocking=False):
            try:
                return self._step()
            finally:
                self._current = None
                self._one_slice.release()
        return LOOK_AGAIN_S

    def _step(self) -> float:
        """Run one slice; returns the seconds to sleep afterwards."""
        work = next_slice(self._stages.queues(frozenset(self._skipped)))
        if work is None and self._held_up:
            self._skipped -= self._held_up
            self._held_up.clear()
            return self._pause_s
        if work is None:
            return NOTHING_TO_DO_S
        token = CancelToken()
        looks: list[Callable[[], None]] = [lambda: self._watch(token)]
        if (idle := self._idle) is not None:
            looks.append(lambda: self._watch_input(token, idle))
        watchers = [
            threading.Thread(target=_or_cancel, args=(look, token), name="runner-watch", daemon=True)
            for look in looks
        ]
        self._begin(token, is_bound=True)  # before the watchers start, which look at what this sets
        for watcher in watchers:
            watcher.start()
        entry, error = self._run(work, token)
        with self._changed:
            self._changed.notify_all()  # the watchers need not wait out their time
        for watcher in watchers:
            watcher.join(timeout=1)
        return self._pause_after(work, entry.result, error)

    def _pause_after(self, work: Slice, result: SliceResult, error: PillowbookError | None) -> float:
        """Seconds to wait after a slice: longer and longer while the model, or the disk, fails one after the other."""
        if error is not None and (_is_outage(error) or isinstance(error, WorkerLost)):
            if _is_outage(error):
                self._held_up.add(work)  # it had no fault of its own
            return self._back_off()
        if result is SliceResult.DONE:
            self._skipped -= self._held_up
            self._held_up.clear()
            self._pause_s = LOOK_AGAIN_S
        return 0.0

    def _back_off(self) -> float:
        """Seconds to wait now; twice as many the next time, until something goes well."""
        wait_s, self._pause_s = self._pause_s, min(2 * self._pause_s, NOTHING_TO_DO_S)
        return wait_s

    def _watch(self, token: CancelToken) -> None:
        """Everything the gate looks at, and the night's budget; what a slow system service holds up is held up here."""
        while self._current is token and not token.is_cancelled:
            wakes = self._wakes  # before the look: what comes during it asks for another
            self._sensed = self._sense()
            gate = decide(self._sensed, self._rules())
            if not token.is_cancelled:  # else what closed the gate is newer than this look
                self._show(gate)
            if not gate.is_open or (self._costs is not None and self._costs.is_over()):
                token.cancel()
                return
            wait_s = INPUT_S if self._idle is None else WATCH_S
            if self._costs is not None:
                wait_s = min(wait_s, max(0.0, self._costs.time_left_s))
            self._wait_in(token, wait_s, wakes=wakes)

    def _watch_input(self, token: CancelToken, idle: IdleSource) -> None:
        """The input alone, with what the last whole look saw."""
        while self._current is token and not token.is_cancelled:
            sensed = self._sensed
            if sensed is not None:
                gate = decide(replace(sensed, idle_s=idle.idle_s()), self._rules())
                if not gate.is_open:  # an open one is for the whole looks to tell
                    token.cancel()
                    self._show(gate)
                    return
            self._wait_in(token, idle.ask_every_s)

    def _wait_in(self, token: CancelToken, seconds: float, *, wakes: int | None = None) -> None:
        """While the slice of this token runs; with ``wakes`` no longer than until the next wake after so many."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._current is not token or wakes not in (None, self._wakes), timeout=seconds
            )

    def _begin(self, token: CancelToken, *, is_bound: bool) -> None:
        """A slice begins, ``is_bound`` by tonight's budget."""
        if self._costs is not None:
            self._costs.begin(token.cancel if is_bound else None)
        self._current = token

    def _run(self, work: Slice, token: CancelToken) -> tuple[LedgerEntry, PillowbookError | None]:
        """Run and book the slice that was begun."""
        started_at, began = self._clock.now(), self._clock.monotonic_s()
        retries = self._retries
        error: PillowbookError | None = None
        try:
            if self._holds or self._is_stopping:
                raise Cancelled
            outcome = self._stages.run(work, token)
            error = outcome.error
        except Cancelled:
            outcome = SliceOutcome(SliceResult.CANCELLED)
        except ContextOverflow:
            outcome = SliceOutcome(
                SliceResult.FAILED
            )  # this text is too much for the model, the next need not be
        except PillowbookError as caught:
            error = caught
            outcome = SliceOutcome(SliceResult.FAILED)
        except Exception as caught_bug:
            # Its type and place only: what an exception says may quote a document.
            log.error("slice failed", extra=facts(kind=work.kind.value, error=place_of(caught_bug)))
            outcome = SliceOutcome(SliceResult.FAILED)
        finally:
            self._current = None
        # What failed because the library changed under it is worth another try, if that was told already.
        is_outdated = isinstance(error, SourcesChanged | DocumentUnknown) and retries != self._retries
        if outcome.result is SliceResult.FAILED and not is_outdated:
            self._skipped.add(work)
        cost = Cost(outcome.tokens, 0.0, True) if self._costs is None else self._costs.end()
        entry = LedgerEntry(
            kind=work.kind,
            result=outcome.result,
            started_at=started_at,
            seconds=self._clock.monotonic_s() - began,
            # A stage that was broken off does not tell what it had spent; the meter does.
            tokens=Tokens(
                max(cost.tokens.prompt, outcome.tokens.prompt),
                max(cost.tokens.completion, outcome.tokens.completion),
            ),
            made=outcome.made,
            document_id=work.document_id,
            question_id=work.question_id,
            energy_j=cost.energy_j,
            is_energy_estimated=cost.is_energy_estimated,
        )
        try:
            self._stages.book(entry)
        except PillowbookError as caught:
            error = error or caught
        if self._costs is not None:
            self._costs.note(entry)
        self._on_slice(entry)
        return entry, error

    # -- small pieces ----------------------------------------------------------------------------------------------

    def _look(self) -> GateState:
        self._sensed = self._sense()
        gate = decide(self._sensed, self._rules())
        self._show(gate)
        return gate

    def _show(self, gate: GateState) -> None:
        if gate != self._gate:
            self._gate = gate
            self._on_gate(gate)

    def _cancel_current(self) -> None:
        token = self._current
        if token is not None:
            token.cancel()

    @contextlib.contextmanager
    def _turn(self, deadline_s: float, cancel: CancelToken) -> Iterator[bool]:
        """Whether it is one's turn to work on demand, before the deadline."""
        has_turn = False
        while not (has_turn or cancel.is_cancelled or self._is_stopping):
            left = deadline_s - self._clock.monotonic_s()
            if left <= 0:
                break
            has_turn = self._on_demand.acquire(timeout=min(left, 0.2))
        try:
            yield has_turn
        finally:
            if has_turn:
                self._on_demand.release()

    @contextlib.contextmanager
    def _sole(self) -> Iterator[None]:
        """The only one to run slices; whoever runs one now is cancelled."""
        while not self._one_slice.acquire(timeout=0.05):
            self._cancel_current()
        try:
            yield
        finally:
            self._one_slice.release()

    def _holds_others(self) -> bool:
        return self._holds > 0

    def _wait_for_holds(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._holds == 0 or self._is_stopping, timeout=seconds)


def _or_cancel(look: Callable[[], None], token: CancelToken) -> None:
    """Watch a slice; where that fails nobody would hear the user's input any more, so the slice ends."""
    try:
        look()
    except Exception as error:
        log.error("watching the background work failed", extra=facts(error=place_of(error)))
        token.cancel()


def _is_outage(error: PillowbookError) -> bool:
    """Whether what failed is not this slice alone: the model, its server, or the disk."""
    of_one_text = isinstance(error, ContextOverflow | DocumentUnknown | DocumentUnreadable | LocalModelNeeded)
    return isinstance(error, UserFixable | ServerBusy | ServerLost) and not of_one_text
