"""Whether one program fills the whole screen: a film, a game, a presentation.

X11 tells through the window manager's hints (EWMH: ``_NET_ACTIVE_WINDOW``, ``_NET_WM_STATE_FULLSCREEN``), Windows
through ``SHQueryUserNotificationState`` (written from its documentation, never run here). Wayland tells no program;
there only the wish of a program not to be taken for idle is seen (:attr:`pillowbook.host.login.Login.is_held`).
"""

import ctypes
import os
import sys
from typing import Any, Protocol

from pillowbook.host.x11 import X11Connection


class ScreenSource(Protocol):
    """What is on the screen."""

    def is_full_screen(self) -> bool:
        """Whether the window in use fills the screen; False where that cannot be known."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


class FixedScreen:
    """The fake, and what stands in where nobody tells."""

    def __init__(self, is_full: bool = False) -> None:
        self.is_full = is_full

    def is_full_screen(self) -> bool:
        return self.is_full

    def close(self) -> None:
        return None


class X11Screen(X11Connection):
    """The state of the active window."""

    def is_full_screen(self) -> bool:
        from Xlib import X, Xatom
        from Xlib.error import BadWindow, DisplayError, XError

        with self._lock:
            try:
                shown = self._connected()
                active = shown.screen().root.get_full_property(
                    shown.intern_atom("_NET_ACTIVE_WINDOW"), X.AnyPropertyType
                )
                if active is None or not active.value or not active.value[0]:
                    return False
                window = shown.create_resource_object("window", active.value[0])
                states = window.get_full_property(shown.intern_atom("_NET_WM_STATE"), Xatom.ATOM)
                return states is not None and shown.intern_atom("_NET_WM_STATE_FULLSCREEN") in states.value
            except BadWindow:  # it was closed in between
                return False
            except (DisplayError, XError, OSError, AttributeError):
                self._forget()
                return False


class WindowsScreen:
    """``SHQueryUserNotificationState``."""

    _BUSY = frozenset({2, 3, 4})  # a full screen program, one in Direct3D, presentation settings

    def is_full_screen(self) -> bool:
        windll: Any = getattr(ctypes, "windll", None)
        state = ctypes.c_int(0)
        if windll is None or windll.shell32.SHQueryUserNotificationState(ctypes.byref(state)) != 0:
            return False
        return state.value in self._BUSY

    def close(self) -> None:
        return None


def system_screen() -> ScreenSource:
    """The way this session offers."""
    if sys.platform == "win32":
        return WindowsScreen()
    if sys.platform == "linux" and os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        return X11Screen(os.environ["DISPLAY"])
    return FixedScreen()
