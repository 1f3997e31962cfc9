"""Whether the window in use fills the screen, on a real X server."""

import sys
from typing import Any

import pytest

from pillowbook.host.screen import X11Screen

pytestmark = [
    pytest.mark.x11,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="X11 is Linux's"),
]


def test_a_full_screen_window_in_use_is_seen(display: str) -> None:
    from Xlib import X, Xatom
    from Xlib import display as x11

    manager: Any = x11.Display(display)
    root = manager.screen().root
    window = root.create_window(0, 0, 100, 100, 0, X.CopyFromParent)

    def hint(target: Any, name: str, kind: int, values: list[int]) -> None:
        target.change_property(manager.intern_atom(name), kind, 32, values)
        manager.sync()

    screen = X11Screen(display)
    try:
        assert not screen.is_full_screen(), "no window manager, no window"
        hint(root, "_NET_ACTIVE_WINDOW", Xatom.WINDOW, [window.id])
        assert not screen.is_full_screen()
        hint(window, "_NET_WM_STATE", Xatom.ATOM, [manager.intern_atom("_NET_WM_STATE_ABOVE")])
        assert not screen.is_full_screen()
        hint(window, "_NET_WM_STATE", Xatom.ATOM, [manager.intern_atom("_NET_WM_STATE_FULLSCREEN")])
        assert screen.is_full_screen()
        window.destroy()
        manager.sync()
        assert not screen.is_full_screen(), "it was closed, and the root still names it"
    finally:
        screen.close()
        manager.close()
