"""One QApplication for all window tests, waiting without sleeping, and a check that a test leaves nothing behind."""

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence

import pytest

if "x11" not in os.environ.get("PYTEST_QT_PLATFORM", ""):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEvent, QEventLoop, QTimer
from PySide6.QtWidgets import QApplication
from tests.ui.fake_client import NOW, Script, ScriptedCore, sample_script

from pillowbook.domain.clock import ManualClock
from pillowbook.ui.app import make_application
from pillowbook.ui.asking import Asking
from pillowbook.ui.controller import Controller
from pillowbook.ui.hotkey import HotkeySource, HotkeyState
from pillowbook.ui.panel import Panel
from pillowbook.ui.theme import Theme

WAIT_S = 5.0


class FakeHotkey(HotkeySource):
    """A hotkey that a test presses."""

    def __init__(self, *, is_taken: bool = False) -> None:
        super().__init__()
        self.grabbed: list[str] = []
        self._is_taken = is_taken

    def grab(self, text: str) -> None:
        self.grabbed.append(text)
        words = "is used by another program" if self._is_taken else "shows and hides the panel"
        self._tell(HotkeyState(not self._is_taken, f"{text} {words}."))

    def press(self) -> None:
        """What the user does."""
        self.pressed.emit()


def turn(milliseconds: int = 0) -> None:
    """Let the event loop run for so long. QTest.qWait will not do: it keeps other threads from running."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def wait_until(is_so: Callable[[], bool], *, deadline_s: float = WAIT_S) -> None:
    """Let the event loop run until something is so."""
    until = time.monotonic() + deadline_s
    while not is_so():
        assert time.monotonic() < until, "it did not come to be in time"
        turn(5)


@pytest.fixture(scope="session")
def application() -> Iterator[QApplication]:
    """The one QApplication."""
    made = QApplication.instance()
    application = made if isinstance(made, QApplication) else make_application(["pillowbook"])
    yield application


@pytest.fixture(autouse=True)
def nothing_left(application: QApplication) -> Iterator[None]:
    """A test that leaves a window, a running timer or a thread behind fails."""
    windows_before = set(map(id, application.topLevelWidgets()))
    threads_before = _threads()
    yield
    # deleteLater() is only done when its event is sent.
    turn(0)
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    windows = [w for w in application.topLevelWidgets() if id(w) not in windows_before and w.parent() is None]
    timers = [
        timer
        for widget in windows
        for timer in widget.findChildren(QTimer)
        if timer.isActive() and not timer.isSingleShot()
    ]
    until = time.monotonic() + 2
    while (threads := _threads() - threads_before) and time.monotonic() < until:
        time.sleep(0.01)
    assert not windows, (
        f"windows left behind: {_names(windows)}; hide() and deleteLater() them, or use the fixtures"
    )
    assert not timers, f"{len(timers)} timers still run; stop() them where their owner is closed"
    assert not threads, (
        f"threads left behind: {sorted(t.name for t in threads)}; close() the controller and the core"
    )


def _threads() -> set[threading.Thread]:
    """Threads of Python's making; those of Qt's pool show up as dummies that outlive the thread they stood for."""
    return {thread for thread in threading.enumerate() if not thread.name.startswith("Dummy-")}


def _names(objects: Sequence[object]) -> list[str]:
    return [f"{type(each).__name__}" for each in objects]


@pytest.fixture
def script() -> Script:
    """What the core answers; tests change it."""
    return sample_script()


@pytest.fixture
def core(script: Script) -> Iterator[ScriptedCore]:
    """A scripted core."""
    made = ScriptedCore(script)
    yield made
    made.close()


@pytest.fixture
def controller(application: QApplication, core: ScriptedCore) -> Iterator[Controller]:
    """A controller connected to it."""
    made = Controller(core.client)
    made.start()
    wait_until(lambda: made.is_connected)
    yield made
    made.close()
    made.deleteLater()


@pytest.fixture
def theme(application: QApplication) -> Iterator[Theme]:
    """The light theme."""
    made = Theme(application, "light")
    yield made
    application.setStyleSheet("")
    made.deleteLater()


@pytest.fixture
def panel(theme: Theme) -> Iterator[Panel]:
    """A panel on the screen."""
    made = Panel(theme, can_blend=True)
    made.hides_on_focus_loss = False
    made.appear()
    yield made
    made.hide()
    made.deleteLater()


class Opened:
    """Remembers what was opened."""

    def __init__(self) -> None:
        self.places: list[tuple[str, int | None, int | None]] = []

    def __call__(self, path: str, *, line: int | None, page: int | None) -> None:
        self.places.append((path, line, page))


@pytest.fixture
def opened() -> Opened:
    """Stands for the user's own programs."""
    return Opened()


@pytest.fixture
def asking(panel: Panel, controller: Controller, opened: Opened) -> Asking:
    """The panel, connected to the core."""
    made = Asking(panel, controller, opened, ManualClock(NOW))
    made.refresh_status()
    return made
