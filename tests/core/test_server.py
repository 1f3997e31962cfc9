"""The wire between clients and the core, on a real socket."""

import threading
from collections.abc import Callable, Iterator
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client
from pathlib import Path

import pytest

from pillowbook.core import protocol as p
from pillowbook.core.client import CoreClient
from pillowbook.core.reaching import connect
from pillowbook.core.server import CoreServer
from pillowbook.domain.asking import AnswerText, SearchHits
from pillowbook.domain.errors import (
    AlreadyRunning,
    Cancelled,
    CoreUnreachable,
    FolderMissing,
    PillowbookError,
    SettingInvalid,
)
from pillowbook.domain.events import Event, PanelRequested, PanelWish, PreparedChanged
from pillowbook.host.paths import Profile
from pillowbook.host.workers import CancelToken

DEADLINE_S = 10.0


class Echo:
    """A handler that answers a few calls."""

    def __init__(self) -> None:
        self.started = threading.Semaphore(0)
        self.cancelled = threading.Event()

    def handle(self, call: p.AnyCall, part: Callable[[object], None], cancel: CancelToken) -> object:
        match call:
            case p.Search(words, limit):
                return SearchHits((), float(len(words) + limit))
            case p.AddFolder():
                raise FolderMissing()
            case p.SetSetting(key):
                raise SettingInvalid(key=key, expected="write a number")
            case p.Forget(path):
                raise RuntimeError(path)
            case p.Sync():
                for n in range(3):
                    part(p.Progress(n, 3))
                return p.ScanSummary(0, 0, 0, 0, 0, 0, 0, 0.0)
            case p.Ask():
                part(AnswerText("so "))
                self.started.release()
                done = threading.Event()
                cancel.when_cancelled(done.set)
                assert done.wait(DEADLINE_S)
                self.cancelled.set()
                raise Cancelled
            case _:
                return p.Done()


class Running:
    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.counts: list[int] = []
        self.handler = Echo()
        self.server = CoreServer(profile, on_idle_change=self.counts.append)
        self.thread = threading.Thread(target=self.server.serve, args=(self.handler,))
        self.thread.start()

    def client(self, on_event: Callable[[Event], None] | None = None) -> CoreClient:
        client = connect(self.profile, on_event=on_event)
        assert client is not None
        return client


@pytest.fixture
def core(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    profile = Profile(tmp_path / "profile")
    profile.prepare()
    running = Running(profile)
    yield running
    running.server.stop()
    running.thread.join(DEADLINE_S)
    assert not running.thread.is_alive()


def test_a_reply_and_an_error_cross_the_wire(core: Running) -> None:
    with core.client() as client:
        assert client.search("four", limit=6).latency_ms == 10.0
        with pytest.raises(FolderMissing):
            client.add_folder("/nowhere")
        with pytest.raises(SettingInvalid) as caught:
            client.set_setting("a.b", "x")
        assert caught.value.say() == "a.b does not take that value: write a number."


def test_a_bug_tells_the_client_nothing_of_its_text(core: Running, caplog: pytest.LogCaptureFixture) -> None:
    with core.client() as client, pytest.raises(PillowbookError) as caught:
        client.forget("/secret")
    assert caught.value.code == "internal"
    assert "secret" not in caplog.text and "RuntimeError" in caplog.text


def test_parts_come_in_order_before_the_reply(core: Running) -> None:
    seen: list[int] = []
    with core.client() as client:
        client.sync(on_progress=lambda at: seen.append(at.done))
    assert seen == [0, 1, 2]


def test_a_call_can_be_cancelled(core: Running) -> None:
    token = CancelToken()

    def cancel_once_begun() -> None:
        core.handler.started.acquire(timeout=DEADLINE_S)
        token.cancel()

    with core.client() as client:
        threading.Thread(target=cancel_once_begun).start()
        with pytest.raises(Cancelled):
            client.ask("?", cancel=token)


def test_a_client_that_goes_away_cancels_its_calls(core: Running) -> None:
    client = core.client()
    failures: list[BaseException] = []

    def ask() -> None:
        try:
            client.ask("?")
        except CoreUnreachable as error:
            failures.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    assert core.handler.started.acquire(timeout=DEADLINE_S)
    client.close()
    thread.join(DEADLINE_S)
    assert len(failures) == 1
    assert core.handler.cancelled.wait(DEADLINE_S)


def test_events_go_to_the_app_only_and_a_second_app_is_sent_away(core: Running) -> None:
    heard: list[Event] = []
    came = threading.Event()

    def hear(event: Event) -> None:
        heard.append(event)
        came.set()

    def must_not_hear(event: Event) -> None:
        pytest.fail(f"heard {type(event).__name__}")

    with core.client(hear) as app, core.client(must_not_hear) as other:
        assert core.server.tell(PreparedChanged(1)) is False
        app.attach()
        assert core.server.tell(PreparedChanged(2)) is True
        assert came.wait(DEADLINE_S)
        came.clear()
        with pytest.raises(AlreadyRunning):
            other.attach()
        assert came.wait(DEADLINE_S)
    assert heard == [PreparedChanged(2), PanelRequested(PanelWish.SHOW)]


def test_a_stranger_without_the_token_is_not_served(core: Running) -> None:
    with pytest.raises((AuthenticationError, EOFError, OSError)):
        Client(core.profile.socket_address, authkey=b"guess")
    with core.client() as client:
        assert client.search("x").latency_ms == 11.0


def test_nonsense_on_the_wire_ends_that_client_only(core: Running) -> None:
    with Client(core.profile.socket_address, authkey=core.profile.token_file.read_bytes()) as stranger:
        stranger.send_bytes(b"\xff\x00nonsense")
        with pytest.raises((EOFError, OSError)):
            stranger.recv_bytes()
    with core.client() as client:
        assert client.search("x").latency_ms == 11.0


def test_a_stopped_core_leaves_no_token_behind(core: Running) -> None:
    client = core.client()
    core.server.stop()
    core.thread.join(DEADLINE_S)
    assert not core.profile.token_file.exists()
    assert connect(core.profile) is None
    with pytest.raises(CoreUnreachable):
        client.search("x")
    client.close()


def test_a_client_that_reads_nothing_holds_nobody_up(
    core: "Running", monkeypatch: pytest.MonkeyPatch
) -> None:
    """A window that hangs, or is stopped in a debugger, must not stop the core that tells it something."""
    monkeypatch.setattr("pillowbook.core.server.SEND_S", 1)
    connection = Client(core.profile.socket_address, authkey=core.profile.token_file.read_bytes())
    connection.send_bytes(p.encoder.encode(p.Envelope(1, p.Attach())))
    connection.recv_bytes()
    done = threading.Event()

    def tell() -> None:
        while core.server.tell(PreparedChanged(1)):
            pass
        done.set()

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    assert done.wait(DEADLINE_S)
    thread.join(DEADLINE_S)
    connection.close()
