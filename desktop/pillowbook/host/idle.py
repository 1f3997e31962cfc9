"""How long nobody touched keyboard or mouse.

X11 answers through its screen saver extension, GNOME on Wayland through Mutter's idle monitor on D-Bus, Windows
through ``GetLastInputInfo`` (written from its documentation, never run here). Where nobody answers the time is None.
"""

import contextlib
import ctypes
import os
import sys
import threading
from typing import Any, Protocol


class IdleSource(Protocol):
    """A way to see the user's last input."""

    def idle_s(self) -> float | None:
        """Seconds since the last input, or None when it cannot be seen now."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


class FixedIdle:
    """The fake: idle for as long as it was told. Also stands in where input cannot be seen (None)."""

    def __init__(self, seconds: float | None = None) -> None:
        self.seconds = seconds

    def idle_s(self) -> float | None:
        return self.seconds

    def close(self) -> None:
        return None


class X11Idle:
    """The MIT screen saver extension; one connection, opened anew when the server went away."""

    def __init__(self, display_name: str) -> None:
        self._display_name = display_name
        self._display: Any = None
        self._lock = threading.Lock()

    def idle_s(self) -> float | None:
        from Xlib import display
        from Xlib.error import DisplayError, XError
        from Xlib.ext import screensaver

        with self._lock:
            try:
                if self._display is None:
                    self._display = display.Display(self._display_name)
                    if not self._display.has_extension("MIT-SCREEN-SAVER"):
                        self._forget()
                        return None
                info = screensaver.query_info(self._display.screen().root)
                return float(info.idle) / 1000.0
            except (DisplayError, XError, OSError, AttributeError):
                self._forget()
                return None

    def close(self) -> None:
        with self._lock:
            self._forget()

    def _forget(self) -> None:
        if self._display is not None:
            with contextlib.suppress(Exception):  # a dead connection refuses in many ways
                self._display.close()
        self._display = None


class MutterIdle:
    """``org.gnome.Mutter.IdleMonitor`` on the session bus."""

    def idle_s(self) -> float | None:
        from jeepney import DBusAddress, new_method_call
        from jeepney.io.blocking import open_dbus_connection

        address = DBusAddress(
            "/org/gnome/Mutter/IdleMonitor/Core",
            "org.gnome.Mutter.IdleMonitor",
            "org.gnome.Mutter.IdleMonitor",
        )
        try:
            with open_dbus_connection(bus="SESSION") as connection:
                reply = connection.send_and_get_reply(new_method_call(address, "GetIdletime"), timeout=0.5)
            return float(reply.body[0]) / 1000.0
        except (OSError, KeyError, IndexError, TypeError, ValueError, TimeoutError):
            return None

    def close(self) -> None:
        return None


class WindowsIdle:
    """``GetLastInputInfo`` against ``GetTickCount``."""

    def idle_s(self) -> float | None:
        class LastInput(ctypes.Structure):
            _fields_ = (("cbSize", ctypes.c_uint), ("dwTime", ctypes.c_uint))

        windll: Any = getattr(ctypes, "windll", None)
        if windll is None:
            return None
        info = LastInput(ctypes.sizeof(LastInput), 0)
        if not windll.user32.GetLastInputInfo(ctypes.byref(info)):
            return None
        # Both counters wrap at 2**32 ms (49.7 days); the difference is right modulo that.
        return float((windll.kernel32.GetTickCount() - info.dwTime) % 2**32) / 1000.0

    def close(self) -> None:
        return None


def system_idle() -> IdleSource:
    """The way this session offers."""
    if sys.platform == "win32":
        return WindowsIdle()
    if os.environ.get("WAYLAND_DISPLAY") and os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return MutterIdle()
    if os.environ.get("DISPLAY"):
        return X11Idle(os.environ["DISPLAY"])
    return FixedIdle(None)
