"""How long nobody touched keyboard or mouse.

X11 answers through its screen saver extension, GNOME on Wayland through Mutter's idle monitor on D-Bus, other desktops
through the hints they give logind, Windows through ``GetLastInputInfo`` and macOS through its event source (both
written from their documentation, never run here). Where nobody answers the time is None.

``org.freedesktop.ScreenSaver.GetSessionIdleTime`` is not asked: desktops disagree on its unit (seconds, or milliseconds
in KDE), and KDE on Wayland, the one place where it would be needed, cannot answer it.
"""

import contextlib
import ctypes
import os
import sys
from collections.abc import Sequence
from typing import Any, Final, Protocol

from pillowbook.host.bus import Bus
from pillowbook.host.login import LoginSource
from pillowbook.host.x11 import X11Connection

CHEAP_S: Final = 0.025
"""Between two looks while work runs, where one costs a tenth of a millisecond. A cancel takes up to 45 ms more, and all
has to be over in 100."""
CALL_S: Final = 0.05
"""The same where other programs have to wake for the answer."""


class IdleSource(Protocol):
    """A way to see the user's last input."""

    @property
    def ask_every_s(self) -> float:
        """How often it may be asked while background work runs."""
        ...

    def idle_s(self) -> float | None:
        """Seconds since the last input, or None when it cannot be seen now."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


class FixedIdle:
    """The fake: idle for as long as it was told. Also stands in where input cannot be seen (None)."""

    ask_every_s = CHEAP_S

    def __init__(self, seconds: float | None = None) -> None:
        self.seconds = seconds

    def idle_s(self) -> float | None:
        return self.seconds

    def close(self) -> None:
        return None


class X11Idle(X11Connection):
    """The MIT screen saver extension."""

    ask_every_s = CHEAP_S

    def idle_s(self) -> float | None:
        from Xlib.error import DisplayError, XError
        from Xlib.ext import screensaver

        with self._lock:
            try:
                shown = self._connected()
                if not shown.has_extension("MIT-SCREEN-SAVER"):
                    self._forget()
                    return None
                info = screensaver.query_info(shown.screen().root)
                return float(info.idle) / 1000.0
            except (DisplayError, XError, OSError, AttributeError):
                self._forget()
                return None


class MutterIdle:
    """``org.gnome.Mutter.IdleMonitor`` on the session bus."""

    ask_every_s = CALL_S

    def __init__(self, session_bus: Bus) -> None:
        self._bus = session_bus

    def idle_s(self) -> float | None:
        reply = self._bus.call(
            "org.gnome.Mutter.IdleMonitor",
            "/org/gnome/Mutter/IdleMonitor/Core",
            "org.gnome.Mutter.IdleMonitor",
            "GetIdletime",
        )
        return float(reply[0]) / 1000.0 if reply else None

    def close(self) -> None:
        return None


class LoginIdle:
    """What the desktop tells logind: minutes late when the user goes, at once when he comes back."""

    ask_every_s = CHEAP_S  # it comes by signals

    def __init__(self, login: LoginSource) -> None:
        self._login = login

    def idle_s(self) -> float | None:
        return self._login.login().idle_s

    def close(self) -> None:
        return None


class FirstIdle:
    """The first of several sources that answers."""

    def __init__(self, sources: Sequence[IdleSource]) -> None:
        self._sources = tuple(sources)
        self._answered = self._sources[0]

    @property
    def ask_every_s(self) -> float:
        return self._answered.ask_every_s

    def idle_s(self) -> float | None:
        for source in self._sources:
            seconds = source.idle_s()
            if seconds is not None:
                self._answered = source
                return seconds
        return None

    def close(self) -> None:
        for source in self._sources:
            source.close()


class WindowsIdle:
    """``GetLastInputInfo`` against ``GetTickCount``."""

    ask_every_s = CHEAP_S

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


class MacIdle:
    """``CGEventSourceSecondsSinceLastEventType`` for any input event of the session."""

    ask_every_s = CHEAP_S

    _FRAMEWORK = "/System/Library/Frameworks/ApplicationServices.framework/ApplicationServices"
    _ANY_INPUT = 0xFFFFFFFF

    def __init__(self) -> None:
        self._seconds: Any = None
        with contextlib.suppress(OSError, AttributeError):
            self._seconds = ctypes.CDLL(self._FRAMEWORK).CGEventSourceSecondsSinceLastEventType
            self._seconds.restype = ctypes.c_double
            self._seconds.argtypes = (ctypes.c_int32, ctypes.c_uint32)

    def idle_s(self) -> float | None:
        return None if self._seconds is None else float(self._seconds(0, self._ANY_INPUT))

    def close(self) -> None:
        return None


def system_idle(session_bus: Bus, login: LoginSource) -> IdleSource:
    """The way this session offers."""
    if sys.platform == "win32":
        return WindowsIdle()
    if sys.platform == "darwin":
        return MacIdle()
    if os.environ.get("WAYLAND_DISPLAY"):
        return FirstIdle([MutterIdle(session_bus), LoginIdle(login)])
    if os.environ.get("DISPLAY"):
        return FirstIdle([X11Idle(os.environ["DISPLAY"]), LoginIdle(login)])
    return LoginIdle(login)
