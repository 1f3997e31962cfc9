"""The runner: one slice at a time, and never against the user."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from pillowbook.domain.answers import Question, Reason
from pillowbook.domain.clock import SystemClock
from pillowbook.domain.errors import (
    ContextOverflow,
    DiskFull,
    LocalModelNeeded,
    PillowbookError,
    ServerUnreachable,
    WorkerLost,
)
from pillowbook.domain.ids import DocumentId, QuestionId
from pillowbook.domain.work import GateState, LedgerEntry, Slice, SliceKind, SliceOutcome, SliceResult
from pillowbook.host.workers import CancelToken
from pillowbook.schedule.gate import Rules, Sensed
from pillowbook.schedule.plan import Queues, next_slice
from pillowbook.schedule.runner import Runner
from pillowbook.store.part import SourcesChanged

from .test_gate import QUIET, RULES

DEADLINE_S = 10.0


class Documents:
    """Stages over a list of documents, each wanting a digest; a slice runs until it is let go or cancelled."""

    def __init__(self, count: int) -> None:
        self.left = list(range(count))
        self.booked: list[LedgerEntry] = []
        self.began = threading.Semaphore(0)
        self.may_end = threading.Event()
        self.running = 0
        self.most_running = 0
        self.error: Exception | None = None
        self.fails_by: PillowbookError | None = None

    def queues(self, skipped: frozenset[Slice]) -> Queues:
        gone = {work.document_id for work in skipped}
        return Queues(tuple(DocumentId(n) for n in self.left if n not in gone), (), ())

    def run(self, work: Slice, cancel: CancelToken) -> SliceOutcome:
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        self.began.release()
        try:
            if self.error is not None:
                raise self.error
            if self.fails_by is not None:
                return SliceOutcome(SliceResult.FAILED, error=self.fails_by)
            while not self.may_end.wait(0.005):
                cancel.raise_if_cancelled()
            assert work.document_id is not None
            self.left.remove(work.document_id)
            return SliceOutcome(SliceResult.DONE, made=1)
        finally:
            self.running -= 1

    def book(self, entry: LedgerEntry) -> None:
        self.booked.append(entry)


class Desk:
    """A machine whose user and power are told by the test."""

    def __init__(self) -> None:
        self.sensed: Sensed = QUIET
        self.gates: list[GateState] = []

    def sense(self) -> Sensed:
        return self.sensed

    def rules(self) -> Rules:
        return RULES


@contextmanager
def running(stages: Documents, desk: Desk) -> Iterator[Runner]:
    runner = Runner(
        stages,
        sense=desk.sense,
        rules=desk.rules,
        clock=SystemClock(),
        on_gate=desk.gates.append,
        on_slice=lambda entry: None,
    )
    runner.start()
    try:
        yield runner
    finally:
        stages.may_end.set()
        runner.stop()


def wait_for(condition: Callable[[], bool]) -> None:
    """Until something that another thread does has come about."""
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        threading.Event().wait(0.005)


def test_everything_is_done_while_the_gate_is_open() -> None:
    stages, desk = Documents(3), Desk()
    stages.may_end.set()
    with running(stages, desk):
        wait_for(lambda: not stages.left)
    assert [entry.result for entry in stages.booked] == [SliceResult.DONE] * 3
    assert desk.gates[0].code == "open-idle"


def test_input_cancels_the_slice_and_nothing_is_lost() -> None:
    """The first key press stops the work; the document is taken up again later."""
    stages, desk = Documents(1), Desk()
    with running(stages, desk) as runner:
        assert stages.began.acquire(timeout=DEADLINE_S)
        desk.sensed = replace(QUIET, idle_s=0.0)
        wait_for(lambda: bool(stages.booked))
        assert stages.booked[0].result is SliceResult.CANCELLED
        assert stages.left == [0]
        assert runner.gate.code == "in-use"
        desk.sensed = QUIET
        stages.may_end.set()
        runner.wake()
        wait_for(lambda: not stages.left)


def test_a_question_holds_the_work_and_gives_it_back() -> None:
    stages, desk = Documents(1), Desk()
    with running(stages, desk) as runner:
        assert stages.began.acquire(timeout=DEADLINE_S)
        with runner.hold():
            wait_for(lambda: bool(stages.booked))
            assert not runner.is_working
            assert stages.began.acquire(timeout=0.2) is False
        assert stages.began.acquire(timeout=DEADLINE_S)


def test_work_on_demand_needs_no_open_gate_and_ends_by_its_clock() -> None:
    stages, desk = Documents(2), Desk()
    desk.sensed = replace(QUIET, idle_s=0.0)
    with running(stages, desk) as runner:
        totals = runner.work(0.3, on_totals=lambda _: None, cancel=CancelToken())
        assert totals.failed == 0 and totals.digests == 0
        assert 0.25 < totals.seconds < 5
        stages.may_end.set()
        totals = runner.work(30, on_totals=lambda _: None, cancel=CancelToken())
        assert totals.is_exhausted and totals.digests == 2


def test_never_two_slices_at_once() -> None:
    stages, desk = Documents(20), Desk()
    stages.may_end.set()
    with running(stages, desk) as runner:
        runner.work(5, on_totals=lambda _: None, cancel=CancelToken())
        wait_for(lambda: not stages.left)
    assert stages.most_running == 1


def test_a_failing_slice_is_not_tried_for_ever() -> None:
    stages, desk = Documents(1), Desk()
    stages.error = WorkerLost(worker="generator")
    with running(stages, desk):
        wait_for(lambda: bool(stages.booked))
        threading.Event().wait(0.1)
    assert [entry.result for entry in stages.booked] == [SliceResult.FAILED]


def test_an_outage_pauses_the_work_and_skips_nothing_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model's server that is down fails every slice alike; when it is back all of them are done."""
    monkeypatch.setattr("pillowbook.schedule.runner.LOOK_AGAIN_S", 0.02)
    monkeypatch.setattr("pillowbook.schedule.runner.NOTHING_TO_DO_S", 0.08)
    stages, desk = Documents(3), Desk()
    stages.fails_by = ServerUnreachable(address="home")
    stages.may_end.set()
    with running(stages, desk):
        wait_for(lambda: len(stages.booked) >= 5)
        threading.Event().wait(0.4)
        assert len(stages.booked) < 30, "it waits between tries"
        assert len(stages.left) == 3
        stages.fails_by = None
        wait_for(lambda: not stages.left)


def test_a_text_that_kills_its_worker_is_not_read_again_and_again() -> None:
    stages, desk = Documents(1), Desk()
    stages.fails_by = WorkerLost(worker="generator")
    with running(stages, desk):
        wait_for(lambda: bool(stages.booked))
        threading.Event().wait(0.1)
    assert [entry.result for entry in stages.booked] == [SliceResult.FAILED]


def test_whoever_asked_for_work_is_told_of_an_outage() -> None:
    stages, desk = Documents(2), Desk()
    desk.sensed = replace(QUIET, idle_s=0.0)
    stages.fails_by = ServerUnreachable(address="home")
    with running(stages, desk) as runner, pytest.raises(ServerUnreachable):
        runner.work(30, on_totals=lambda _: None, cancel=CancelToken())


def test_a_second_call_for_work_waits_for_the_first_and_cancels_nothing() -> None:
    stages, desk = Documents(2), Desk()
    desk.sensed = replace(QUIET, idle_s=0.0)
    with running(stages, desk) as runner:
        first = threading.Thread(
            target=lambda: runner.work(DEADLINE_S, on_totals=lambda _: None, cancel=CancelToken())
        )
        first.start()
        assert stages.began.acquire(timeout=DEADLINE_S)
        second = runner.work(0.3, on_totals=lambda _: None, cancel=CancelToken())
        assert second.slices == 0 and not stages.booked
        stages.may_end.set()
        first.join(timeout=DEADLINE_S)
    assert [entry.result for entry in stages.booked] == [SliceResult.DONE, SliceResult.DONE]


def test_a_full_disk_is_told_to_whoever_asked_for_the_work() -> None:
    stages, desk = Documents(1), Desk()
    desk.sensed = replace(QUIET, idle_s=0.0)
    stages.error = DiskFull()
    with running(stages, desk) as runner, pytest.raises(DiskFull):
        runner.work(30, on_totals=lambda _: None, cancel=CancelToken())


def test_a_note_that_only_a_model_here_may_read_holds_up_no_other() -> None:
    """With a server and no model on this machine; every slice fails here, and each is tried once."""
    stages, desk = Documents(3), Desk()
    desk.sensed = replace(QUIET, idle_s=0.0)
    stages.fails_by = LocalModelNeeded(model="m")
    with running(stages, desk) as runner:
        totals = runner.work(DEADLINE_S, on_totals=lambda _: None, cancel=CancelToken())
    assert (totals.failed, totals.is_exhausted) == (3, True)


def test_what_fails_because_its_note_changes_is_tried_again() -> None:
    """The library tells of the change before the slice has failed by it."""
    stages, desk = Documents(1), Desk()
    stages.may_end.set()
    stages.fails_by = SourcesChanged()
    desk.sensed = replace(QUIET, idle_s=0.0)
    with running(stages, desk) as runner:
        run = stages.run

        def changed(work: Slice, cancel: CancelToken) -> SliceOutcome:
            outcome = run(work, cancel)
            if outcome.result is SliceResult.FAILED:
                stages.fails_by = None
                runner.retry()
            return outcome

        stages.run = changed  # type: ignore[method-assign]
        totals = runner.work(DEADLINE_S, on_totals=lambda _: None, cancel=CancelToken())
    assert (totals.failed, totals.digests) == (1, 1)


def test_a_slice_that_fails_by_itself_gives_way_while_notes_come_in() -> None:
    """The library tells of a change twice a second then; that would bring the same slice again and again."""
    stages, desk = Documents(3), Desk()
    stages.may_end.set()
    desk.sensed = replace(QUIET, idle_s=0.0)
    with running(stages, desk) as runner:
        run = stages.run

        def changed(work: Slice, cancel: CancelToken) -> SliceOutcome:
            if work.document_id != DocumentId(0):
                return run(work, cancel)
            runner.retry()
            return SliceOutcome(SliceResult.FAILED)

        stages.run = changed  # type: ignore[method-assign]
        totals = runner.work(DEADLINE_S, on_totals=lambda _: None, cancel=CancelToken())
    assert (totals.failed, totals.digests) == (1, 2)


@pytest.mark.parametrize("part", ["queues", "look"])
def test_a_disk_that_fails_for_a_moment_does_not_end_the_work(
    monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    monkeypatch.setattr("pillowbook.schedule.runner.LOOK_AGAIN_S", 0.02)
    stages, desk = Documents(2), Desk()
    stages.may_end.set()
    fails = [OSError("disk I/O error")] * 2

    def or_fail(work: Callable[..., object]) -> Callable[..., object]:
        def tried(*arguments: object) -> object:
            if fails:
                raise fails.pop()
            return work(*arguments)

        return tried

    if part == "queues":
        monkeypatch.setattr(stages, "queues", or_fail(stages.queues))
    else:
        monkeypatch.setattr(desk, "sense", or_fail(desk.sense))
    with running(stages, desk):
        wait_for(lambda: not stages.left)
    assert not fails


def question(number: int, reason: Reason) -> Question:
    return Question(QuestionId(number), "?", reason, None, 0, QUIET.now, None)


@pytest.mark.parametrize(
    ("queues", "wanted"),
    [
        (Queues((), (), ()), None),
        (Queues((DocumentId(1),), (DocumentId(1),), ()), Slice(SliceKind.PREDICT, document_id=DocumentId(1))),
        (
            Queues((DocumentId(1),), (DocumentId(1),), (), just_read=DocumentId(1), digest_share=0.5),
            Slice(SliceKind.DISTIL, document_id=DocumentId(1)),
        ),
        (
            Queues((), (DocumentId(1),), (question(5, Reason.CONTENT),), just_read=DocumentId(1)),
            Slice(SliceKind.PREPARE, question_id=QuestionId(5)),
        ),
        (
            Queues((DocumentId(2),), (DocumentId(1),), ()),
            Slice(SliceKind.DISTIL, document_id=DocumentId(2)),
        ),
        (
            Queues((DocumentId(2),), (DocumentId(1),), (), digest_share=0.5),
            Slice(SliceKind.PREDICT, document_id=DocumentId(1)),
        ),
        (
            Queues((), (), (), unsure=(question(7, Reason.CONTENT),)),
            Slice(SliceKind.PREPARE, question_id=QuestionId(7)),
        ),
        (
            Queues((DocumentId(2),), (), (), digest_share=0.5),
            Slice(SliceKind.DISTIL, document_id=DocumentId(2)),
        ),
        (
            Queues((), (DocumentId(1),), (question(5, Reason.CONTENT), question(6, Reason.MISSED))),
            Slice(SliceKind.PREPARE, question_id=QuestionId(6)),
        ),
        (
            Queues((DocumentId(1),), (DocumentId(1),), (question(5, Reason.CONTENT),)),
            Slice(SliceKind.PREPARE, question_id=QuestionId(5)),
        ),
    ],
)
def test_the_plan_takes_what_is_waited_for_first(queues: Queues, wanted: Slice | None) -> None:
    assert next_slice(queues) == wanted


def test_a_text_too_long_for_the_model_stops_no_other_work() -> None:
    """Asking about less is for who asked; in the background there is nobody, and the next document may do."""
    stages, desk = Documents(2), Desk()
    stages.error = ContextOverflow(tokens=9000, limit=4096)
    desk.sensed = replace(QUIET, idle_s=0.0)
    with running(stages, desk) as runner:
        totals = runner.work(DEADLINE_S, on_totals=lambda totals: None, cancel=CancelToken())
    assert (totals.failed, totals.is_exhausted) == (2, True)
