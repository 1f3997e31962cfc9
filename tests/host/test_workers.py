"""The worker machinery, with a real child process that echoes, streams, sleeps and dies."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from tests.fakes.echo_worker import Die, Echo, Fail, Look, Sight, Sleep, Text

from pillowbook.domain.errors import Cancelled, DeadlineExceeded, ModelMissing, PillowbookError, WorkerLost
from pillowbook.host.workers import CancelToken, Worker

ROOT = Path(__file__).resolve().parents[2]
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="uses Linux scheduling or /proc")


@pytest.fixture
def worker() -> Iterator[Worker]:
    made = Worker("tests.fakes.echo_worker", name="echo", import_paths=[str(ROOT)])
    yield made
    made.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "echo-output"]


def wait_until(is_so: Callable[[], bool], *, limit_s: float = 5.0) -> None:
    until = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < until, "did not happen in time"
        time.sleep(0.002)


def test_answers_and_parts_arrive_in_order(worker: Worker) -> None:
    parts: list[str] = []
    answer = worker.call(
        Echo("héllo\x00", parts=50), Text, deadline_s=20, on_part=lambda p: parts.append(p.text), part=Text
    )
    assert answer == Text("héllo\x00")
    assert parts == [f"héllo\x00{number}" for number in range(50)]


def test_printing_libraries_do_not_break_the_stream(worker: Worker) -> None:
    """The echo worker prints to standard output in every call."""
    for number in range(20):
        assert worker.call(Echo(str(number)), Text, deadline_s=20).text == str(number)


def test_a_request_larger_than_any_pipe_buffer_goes_through(worker: Worker) -> None:
    text = "x" * 5_000_000
    assert worker.call(Echo(text), Text, deadline_s=30).text == text


def test_many_threads_share_one_worker(worker: Worker) -> None:
    got: dict[int, str] = {}

    def ask(number: int) -> None:
        got[number] = worker.call(Echo(str(number)), Text, deadline_s=20).text

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == {number: str(number) for number in range(16)}


def test_an_error_of_ours_crosses_with_its_facts(worker: Worker) -> None:
    with pytest.raises(ModelMissing) as caught:
        worker.call(Fail(), Text, deadline_s=20)
    assert caught.value.facts == {"model": "tiny"}


def test_a_bug_crosses_without_what_it_said(worker: Worker) -> None:
    """A library's message may quote a document, so only kind and place cross."""
    with pytest.raises(PillowbookError) as caught:
        worker.call(Fail(is_bug=True), Text, deadline_s=20)
    assert caught.value.facts["kind"] == "ValueError"
    assert caught.value.facts["module"] == "echo_worker"
    assert "marmalade" not in str(caught.value.facts)


def test_cancel_is_heard_and_leaves_the_process(worker: Worker) -> None:
    worker.call(Echo(""), Text, deadline_s=20)
    process = worker.process_id
    token = CancelToken()
    threading.Timer(0.05, token.cancel).start()
    with pytest.raises(Cancelled):
        worker.call(Sleep(30), Text, deadline_s=60, cancel=token)
    assert worker.call(Echo("again"), Text, deadline_s=20).text == "again"
    assert worker.process_id == process


def test_a_deaf_worker_is_killed_on_cancel(worker: Worker) -> None:
    worker.call(Echo(""), Text, deadline_s=20)
    process = worker.process_id
    token = CancelToken()
    threading.Timer(0.05, token.cancel).start()
    with pytest.raises(Cancelled):
        worker.call(Sleep(30, is_deaf=True), Text, deadline_s=60, cancel=token)
    assert worker.call(Echo("again"), Text, deadline_s=20).text == "again"
    assert worker.process_id != process


def test_a_token_cancelled_before_the_call_counts(worker: Worker) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        worker.call(Sleep(30), Text, deadline_s=60, cancel=token)


def test_the_deadline_holds(worker: Worker) -> None:
    worker.call(Echo(""), Text, deadline_s=20)
    with pytest.raises(DeadlineExceeded):
        worker.call(Sleep(30, is_deaf=True), Text, deadline_s=0.05)
    assert worker.call(Echo("again"), Text, deadline_s=20).text == "again"


def test_a_worker_that_dies_is_started_again_once(worker: Worker, tmp_path: Path) -> None:
    assert worker.call(Die(marker=str(tmp_path / "died")), Text, deadline_s=20).text == "lived"


def test_a_worker_that_dies_twice_is_lost(worker: Worker) -> None:
    with pytest.raises(WorkerLost) as caught:
        worker.call(Die(), Text, deadline_s=20)
    assert caught.value.facts == {"worker": "echo"}
    assert worker.call(Echo("again"), Text, deadline_s=20).text == "again"


def test_nothing_is_tried_again_once_parts_were_given_out(worker: Worker, tmp_path: Path) -> None:
    parts: list[str] = []
    with pytest.raises(WorkerLost):
        worker.call(
            Die(parts=3, marker=str(tmp_path / "died")),
            Text,
            deadline_s=20,
            on_part=lambda p: parts.append(p.text),
            part=Text,
        )
    assert parts == ["0", "1", "2"]


def test_kill_9_during_a_call_is_an_ordinary_event(worker: Worker) -> None:
    worker.call(Echo(""), Text, deadline_s=20)
    process = worker.process_id
    assert process is not None
    threading.Timer(0.05, os.kill, (process, signal.SIGKILL)).start()
    assert worker.call(Sleep(0.3), Text, deadline_s=20).text == "slept"
    assert worker.process_id != process


def test_stop_ends_running_calls_silently_and_the_process(worker: Worker) -> None:
    worker.call(Echo(""), Text, deadline_s=20)
    process = worker.process_id
    assert process is not None
    threading.Timer(0.05, worker.stop).start()
    with pytest.raises(Cancelled):
        worker.call(Sleep(30), Text, deadline_s=60)
    wait_until(lambda: not psutil.pid_exists(process))


def test_close_is_for_good(worker: Worker) -> None:
    worker.start()
    worker.close()
    with pytest.raises(Cancelled):
        worker.call(Echo(""), Text, deadline_s=20)


def test_what_raises_in_on_part_ends_the_call_and_not_the_worker(worker: Worker) -> None:
    def refuse(part: Text) -> None:
        raise KeyError

    with pytest.raises(KeyError):
        worker.call(Echo("", parts=5), Text, deadline_s=20, on_part=refuse, part=Text)
    assert worker.call(Echo("again"), Text, deadline_s=20).text == "again"


def test_an_opening_that_fails_is_raised_from_the_call() -> None:
    worker = Worker("tests.fakes.echo_worker", name="echo", opening=Fail(), import_paths=[str(ROOT)])
    with pytest.raises(ModelMissing):
        worker.call(Echo(""), Text, deadline_s=20)
    worker.close()


def test_a_cancel_while_opening_ends_the_process() -> None:
    worker = Worker("tests.fakes.echo_worker", name="echo", opening=Sleep(60), import_paths=[str(ROOT)])
    token = CancelToken()
    processes: list[int | None] = []

    def cancel() -> None:
        processes.append(worker.process_id)
        token.cancel()

    threading.Timer(0.2, cancel).start()
    with pytest.raises(Cancelled):
        worker.call(Echo(""), Text, deadline_s=20, cancel=token)
    assert processes[0] is not None
    wait_until(lambda: not psutil.pid_exists(processes[0] or 0))
    worker.close()


def test_a_process_started_ahead_outlives_a_cancel_while_it_opens() -> None:
    """Typing cancels what was begun for the letters before; the model goes on loading."""
    worker = Worker("tests.fakes.echo_worker", name="echo", opening=Sleep(0.5), import_paths=[str(ROOT)])
    worker.start()
    process = worker.process_id
    token = CancelToken()
    threading.Timer(0.05, token.cancel).start()
    with pytest.raises(Cancelled):
        worker.call(Echo(""), Text, deadline_s=20, cancel=token)
    assert worker.call(Echo("still there"), Text, deadline_s=20).text == "still there"
    assert worker.process_id == process
    worker.close()


def test_a_module_that_cannot_start_is_a_lost_worker() -> None:
    worker = Worker("tests.fakes.no_such_worker", name="echo", import_paths=[str(ROOT)])
    with pytest.raises(WorkerLost):
        worker.call(Echo(""), Text, deadline_s=20)
    worker.close()


def test_the_child_sees_a_bare_environment(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    sight = worker.call(Look(), Sight, deadline_s=20)
    assert sight.environment["HF_HUB_OFFLINE"] == "1"
    assert not {"HOME", "USER", "DISPLAY", "HTTP_PROXY", "HTTPS_PROXY", "https_proxy"} & set(
        sight.environment
    )
    assert sight.core_limit == 0
    assert sight.descriptors == 5  # standard input, output, error, and the two pipes


@linux_only
def test_background_work_runs_at_idle_priority_and_leaves_it_for_a_question(worker: Worker) -> None:
    assert worker.call(Look(), Sight, deadline_s=20, background=True).policy == os.SCHED_IDLE
    assert worker.call(Look(), Sight, deadline_s=20).policy == os.SCHED_OTHER
    assert worker.call(Look(), Sight, deadline_s=20, background=True).policy == os.SCHED_IDLE


@linux_only
def test_a_question_is_not_idle_either_where_nobody_may_leave_idle_priority(worker: Worker) -> None:
    """An ordinary user's processes stay in SCHED_IDLE for good once they are in it; tests often run as root."""
    if os.geteuid() == 0:
        worker._command = ["setpriv", "--bounding-set=-sys_nice", "prlimit", "--nice=0:0", *worker._command]
    for is_background, policy in ((True, os.SCHED_IDLE), (False, os.SCHED_OTHER), (True, os.SCHED_IDLE)):
        assert worker.call(Look(), Sight, deadline_s=20, background=is_background).policy == policy
    token = CancelToken()
    timer = threading.Timer(0.2, token.cancel)
    timer.start()
    with pytest.raises(Cancelled):
        worker.call(Sleep(30), Text, deadline_s=40, background=True, cancel=token)
    assert worker.call(Look(), Sight, deadline_s=20, background=True).policy == os.SCHED_IDLE


@linux_only
def test_a_cancelled_call_is_lifted_and_the_next_one_is_idle_again(worker: Worker) -> None:
    token = CancelToken()
    timer = threading.Timer(0.2, token.cancel)
    timer.start()
    with pytest.raises(Cancelled):
        worker.call(Sleep(30), Text, deadline_s=40, background=True, cancel=token)
    assert worker.call(Look(), Sight, deadline_s=20, background=True).policy == os.SCHED_IDLE
    assert worker.call(Look(), Sight, deadline_s=20).policy == os.SCHED_OTHER


@linux_only
def test_a_worker_outlives_the_thread_that_asked_first(worker: Worker) -> None:
    """PR_SET_PDEATHSIG looks at threads, not processes."""
    thread = threading.Thread(target=worker.call, args=(Echo(""), Text), kwargs={"deadline_s": 20})
    thread.start()
    thread.join()
    process = worker.process_id
    assert worker.call(Echo("again"), Text, deadline_s=20).text == "again"
    assert worker.process_id == process


@linux_only
def test_a_killed_client_leaves_no_worker_behind() -> None:
    code = (
        "from pillowbook.host.workers import Worker\n"
        "from tests.fakes.echo_worker import Sleep, Text\n"
        f"w = Worker('tests.fakes.echo_worker', name='echo', import_paths=[{str(ROOT)!r}])\n"
        "w.start(); print(w.process_id, flush=True); w.call(Sleep(60, True), Text, deadline_s=90)\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "desktop")])}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment) as client:
        assert client.stdout is not None
        process = int(client.stdout.readline())
        client.kill()
    wait_until(lambda: not psutil.pid_exists(process))
