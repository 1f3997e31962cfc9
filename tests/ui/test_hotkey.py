"""The global hotkey, on a real X server."""

import subprocess
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication
from tests.ui.conftest import turn, wait_until

from pillowbook.ui.hotkey import HotkeyState, NoHotkey, choose_hotkey


def press(display: str, keys: str) -> None:
    subprocess.run(
        ["xdotool", "key", keys], env={"DISPLAY": display, "PATH": "/usr/bin:/bin"}, check=True, timeout=10
    )


@pytest.mark.x11
def test_hotkey_is_heard_grabbed_anew_and_given_back(application: QApplication, display: str) -> None:
    from pillowbook.ui.hotkey_x11 import X11Hotkey

    hotkey = X11Hotkey(display)
    heard: list[int] = []
    states: list[HotkeyState] = []
    hotkey.pressed.connect(lambda: heard.append(1))
    hotkey.state_changed.connect(states.append)
    try:
        hotkey.grab("Ctrl+Alt+Space")
        wait_until(lambda: bool(states))
        assert states[-1].is_active
        press(display, "ctrl+alt+space")
        wait_until(lambda: len(heard) == 1)
        press(display, "Caps_Lock")
        press(display, "ctrl+alt+space")
        wait_until(lambda: len(heard) == 2)
        press(display, "Caps_Lock")
        hotkey.grab("Super+J")
        wait_until(lambda: len(states) == 2)
        press(display, "ctrl+alt+space")
        press(display, "super+j")
        wait_until(lambda: len(heard) == 3)
        turn(50)
        assert len(heard) == 3, "the old key is no longer ours"
    finally:
        hotkey.close()
        hotkey.deleteLater()


@pytest.mark.x11
def test_the_focus_is_asked_for_with_the_time_of_the_press(application: QApplication, display: str) -> None:
    """Window managers that guard the focus refuse a request older than the last key of another window."""
    from Xlib import X
    from Xlib.display import Display

    from pillowbook.ui.hotkey_x11 import X11Hotkey

    manager = Display(display)
    root = manager.screen().root
    root.change_attributes(event_mask=X.SubstructureNotifyMask)
    window = root.create_window(0, 0, 10, 10, 0, manager.screen().root_depth)
    manager.sync()
    hotkey = X11Hotkey(display)
    heard: list[int] = []
    hotkey.pressed.connect(lambda: heard.append(1))
    try:
        hotkey.grab("Ctrl+Alt+Space")
        wait_until(lambda: hotkey.state.is_active)
        press(display, "ctrl+alt+space")
        wait_until(lambda: len(heard) == 1)
        hotkey.ask_for_focus(window.id)
        told: list[Any] = []

        def is_told() -> bool:
            told.extend(manager.next_event() for _ in range(manager.pending_events()))
            return any(event.type == X.ClientMessage for event in told)

        wait_until(is_told)
        message = next(event for event in told if event.type == X.ClientMessage)
        source, pressed_at = message.data[1][:2]
        assert message.window.id == window.id and source == 1 and pressed_at > 0
    finally:
        hotkey.close()
        hotkey.deleteLater()
        manager.close()


@pytest.mark.x11
def test_a_key_of_another_program_is_reported_in_a_sentence(application: QApplication, display: str) -> None:
    from pillowbook.ui.hotkey_x11 import X11Hotkey

    first, second = X11Hotkey(display), X11Hotkey(display)
    states: list[HotkeyState] = []
    first.state_changed.connect(states.append)
    second.state_changed.connect(states.append)
    try:
        first.grab("Ctrl+Alt+Space")
        wait_until(lambda: len(states) == 1)
        second.grab("Ctrl+Alt+Space")
        wait_until(lambda: len(states) == 2)
        assert not states[1].is_active and "used by another program" in states[1].sentence
    finally:
        for hotkey in (first, second):
            hotkey.close()
            hotkey.deleteLater()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # python-xlib drops its socket
def test_a_display_that_is_not_there_is_told_and_nothing_hangs(application: QApplication) -> None:
    from pillowbook.ui.hotkey_x11 import X11Hotkey

    hotkey = X11Hotkey(":9876")
    wait_until(lambda: "could not be reached" in hotkey.state.sentence)
    hotkey.grab("Ctrl+J")
    hotkey.close()
    hotkey.deleteLater()


def test_wayland_is_told_to_bind_the_command(application: QApplication) -> None:
    hotkey = choose_hotkey("xcb", {"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"})
    assert isinstance(hotkey, NoHotkey)
    hotkey.grab("Ctrl+Alt+Space")
    assert not hotkey.state.is_active and "pillowbook toggle" in hotkey.state.sentence
    hotkey.deleteLater()


@pytest.mark.parametrize("key", ["Space", "J", "1", "F5", "Pgup", "Return", "Home", "Comma", "Ä"])
def test_keys_have_their_x11_names(key: str) -> None:
    from pillowbook.ui.hotkey_x11 import keysym

    assert keysym(key) != 0
