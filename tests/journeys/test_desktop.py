"""The app driven in a real X session: hotkey, typing, the answer card, opening its source."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from tests.conftest import Home

from pillowbook.core.reaching import connect
from pillowbook.domain.events import PanelWish

PROGRAMS = ("Xvfb", "openbox", "xdotool", "xclip")
pytestmark = [
    pytest.mark.x11,
    pytest.mark.model,
    # Set-up installs them where it may; in CI it may, so there a missing one is a failure.
    pytest.mark.skipif(
        "CI" not in os.environ and not all(map(shutil.which, PROGRAMS)), reason=f"needs {', '.join(PROGRAMS)}"
    ),
]

DEADLINE_S = 60.0
PRESS_S = 3.0
BOILER = """# Boiler

The boiler hangs in the utility room.

## Service

The boiler's next service is on 14 October 2026, with Hartwell Heating.
"""
QUESTION = "When is the boiler's next service?"


class Desktop:
    """A screen, a window manager and the program in it; the user is xdotool."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self._processes: list[subprocess.Popen[bytes]] = []
        read, write = os.pipe()
        screen = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x800x24", "-nolisten", "tcp"]
        self._start(screen, pass_fds=(write,))
        os.close(write)
        with os.fdopen(read) as stream:
            number = stream.readline().strip()
        assert number, "Xvfb did not start"
        self.home.extra["DISPLAY"] = f":{number}"
        self._start(["openbox"])
        self._openings = home.root / "opened"
        self._put_opener()

    def _put_opener(self) -> None:
        """The system's opener, as the app finds it: it writes down what it was given."""
        folder = self.home.root / "bin"
        folder.mkdir()
        opener = folder / "xdg-open"
        opener.write_text(f'#!/bin/sh\nprintf "%s\\n" "$1" >> "{self._openings}"\n')
        opener.chmod(0o755)
        tools = {name: shutil.which(name) for name in ("xdotool", "xclip")}
        assert all(tools.values()), "install xdotool and xclip"
        self.home.extra["PATH"] = f"{folder}:{os.environ['PATH']}"

    def _start(self, command: list[str], pass_fds: tuple[int, ...] = ()) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            command,
            env=self.home.environment,
            pass_fds=pass_fds,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._processes.append(process)
        return process

    def start_app(self) -> subprocess.Popen[bytes]:
        """As from the desktop's menu."""
        return self._start([sys.executable, "-m", "pillowbook", "--profile", str(self.home.profile.root)])

    def start_app_at_login(self) -> subprocess.Popen[bytes]:
        """As from the desktop's autostart: nothing is shown."""
        command = [sys.executable, "-m", "pillowbook.ui", "--profile", str(self.home.profile.root)]
        return self._start([*command, "--background"])

    def do(self, *arguments: str) -> str:
        done = subprocess.run(
            ["xdotool", *arguments],
            env=self.home.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        return done.stdout.strip()

    def windows(self) -> list[str]:
        """Visible windows of the app."""
        return self.do("search", "--onlyvisible", "--class", "pillowbook").split()

    def titles(self) -> list[str]:
        return [self.do("getwindowname", window) for window in self.windows()]

    def clipboard(self) -> str:
        with suppress(subprocess.TimeoutExpired):
            return subprocess.run(
                ["xclip", "-selection", "clipboard", "-o"],
                env=self.home.environment,
                capture_output=True,
                text=True,
                check=False,
                timeout=5,
            ).stdout
        return ""

    def opened(self) -> list[str]:
        return self._openings.read_text().splitlines() if self._openings.exists() else []

    def close(self) -> None:
        for process in reversed(self._processes):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture
def desktop(home: Home) -> Iterator[Desktop]:
    made = Desktop(home)
    yield made
    made.close()


def wait_for(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, f"never came about: {what}"
        time.sleep(0.1)


def test_hotkey_question_answer_and_source(desktop: Desktop, home: Home, default_model: str) -> None:
    note = home.write("Home/boiler.md", BOILER)
    home.json("vault", "init")
    home.json("settings", "set", "models.generator", default_model)
    home.json("add", home.notes)
    home.json("sync")
    assert "14 October 2026" in home.json("prepare", QUESTION)["answer"]

    app = desktop.start_app_at_login()
    wait_for(lambda: bool(press_hotkey(desktop)), "the hotkey shows the panel")
    (panel,) = desktop.windows()
    assert "boiler" not in desktop.do("getwindowname", panel).lower()

    desktop.do("type", "--delay", "15", QUESTION)
    desktop.do("key", "Return")
    # Ctrl+C on the card copies the answer: what a user would paste is what is checked.
    wait_for(lambda: copies(desktop, "14 October 2026"), "the answer card holds the answer")
    desktop.do("key", "ctrl+1")
    wait_for(lambda: desktop.opened() == [str(note.resolve())], "the source is opened")

    if not desktop.windows():
        press_hotkey(desktop)
    desktop.do("key", "Escape")
    desktop.do("key", "Escape")
    wait_for(lambda: desktop.windows() == [], "Escape hides the panel")
    assert home.run("toggle").returncode == 0
    wait_for(lambda: len(desktop.windows()) == 1, "toggle shows it again")
    assert QUESTION not in desktop.do("getwindowname", desktop.windows()[0])

    desktop.do("key", "Escape")
    wait_for(lambda: desktop.windows() == [], "Escape hides it")
    second = subprocess.run(
        [sys.executable, "-m", "pillowbook", "--profile", str(home.profile.root)],
        env=home.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert second.returncode == 0 and "already running" in second.stdout
    wait_for(lambda: len(desktop.windows()) == 1, "a second start brings the panel forward")
    app.send_signal(signal.SIGTERM)
    assert app.wait(15) == 0


def test_first_start_shows_the_first_steps(desktop: Desktop) -> None:
    """Without a vault there is nothing to ask, so the panel gives way to the first steps."""
    desktop.start_app()
    wait_for(lambda: "Welcome to Pillowbook" in desktop.titles(), "the first steps come by themselves")
    wait_for(lambda: len(desktop.windows()) == 1, "they come alone")


def test_a_start_at_login_shows_nothing(
    desktop: Desktop, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No window is in the way until it is wanted, on desktops without a tray as well."""
    for name in ("TMPDIR", "XDG_RUNTIME_DIR"):
        # Where the core's socket is depends on them.
        monkeypatch.setenv(name, home.environment[name])
    home.json("vault", "init")
    home.run("stop")
    desktop.start_app_at_login()
    seen: list[str] = []

    def is_there() -> bool:
        seen.extend(desktop.windows())
        client = connect(home.profile)
        if client is None:
            return False
        with client:
            return client.wish_panel(PanelWish.SHOW)

    wait_for(is_there, "the app is attached to its core")
    assert seen == []
    wait_for(lambda: len(desktop.windows()) == 1, "the panel comes when it is wanted")


def press_hotkey(desktop: Desktop) -> list[str]:
    """Press it, and wait a little for what comes of it; nobody hears it before the app is there."""
    desktop.do("key", "ctrl+alt+space")
    until = time.monotonic() + PRESS_S
    while not desktop.windows() and time.monotonic() < until:
        time.sleep(0.1)
    return desktop.windows()


def copies(desktop: Desktop, words: str) -> bool:
    desktop.do("key", "ctrl+c")
    time.sleep(0.3)
    return words in desktop.clipboard()
