"""The user's session and the machine's sleep: logind on the system bus.

Interface: https://www.freedesktop.org/software/systemd/man/latest/org.freedesktop.login1.html. Where logind does not
answer, a wake is seen by Linux's clocks and the start of the machine stands for the login.
"""

import os
import time
from dataclasses import dataclass
from typing import Any, Final, Protocol

import psutil

from pillowbook.host.bus import Bus, Signal, WatchedProperties

_LOGIN1: Final = "org.freedesktop.login1"
_PATH: Final = "/org/freedesktop/login1"
_MANAGER: Final = "org.freedesktop.login1.Manager"

INHIBITORS_EVERY_S: Final = 5.0
SESSION_EVERY_S: Final = 60.0
WOKE_AFTER_S: Final = 1.0
"""The clock that counts sleep and the one that does not run apart by at least this much in a sleep."""


@dataclass(frozen=True, slots=True)
class Login:
    """What the system knows of the user's session; durations are None where it does not say.

    Attributes:
        since_start_s: since the user logged in.
        since_wake_s: since the machine last woke from sleep.
        idle_s: since the desktop counts the user as away, or the screen is locked; 0 while a desktop that tells such
            things says that he is there.
        is_held: another program asks that the session be not taken for idle: a film, a presentation.
    """

    since_start_s: float | None = None
    since_wake_s: float | None = None
    is_going_to_sleep: bool = False
    is_locked: bool = False
    idle_s: float | None = None
    is_held: bool = False


class LoginSource(Protocol):
    """The user's session."""

    def login(self) -> Login:
        """As it is now."""
        ...


class FixedLogin:
    """The fake."""

    def __init__(self, login: Login | None = None) -> None:
        self.fixed = login or Login()

    def login(self) -> Login:
        return self.fixed


class SystemLogin:
    """logind's view, and the clocks' where logind does not answer."""

    def __init__(self, bus: Bus, *, user_id: int | None = None) -> None:
        self._bus = bus
        self._user_id = user_id if user_id is not None else _own_user_id()
        self._session: WatchedProperties | None = None
        self._look_for_session_at_s = 0.0
        self._inhibitors_at_s = 0.0
        self._is_held = False
        self._is_going_to_sleep = False
        self._slept_s = _slept_s()
        self._woke_at_s: float | None = None
        self._locked_at_s: float | None = None
        self._tells_locks = False
        bus.subscribe(Signal(_LOGIN1, _MANAGER, "PrepareForSleep", _PATH), self._sleep_or_wake)

    def login(self) -> Login:
        """As it is now; two short calls at most, and none while nothing is due."""
        now_s = time.monotonic()
        session = self._session_values(now_s)
        if now_s - self._inhibitors_at_s >= INHIBITORS_EVERY_S or not self._inhibitors_at_s:
            self._inhibitors_at_s = now_s
            self._is_held = self._has_inhibitor()
        slept_s = _slept_s()
        if slept_s - self._slept_s >= WOKE_AFTER_S:
            self._woke(now_s)
        self._slept_s = slept_s
        is_locked = bool(session.get("LockedHint"))
        return Login(
            since_start_s=_since_start_s(session),
            since_wake_s=None if self._woke_at_s is None else now_s - self._woke_at_s,
            is_going_to_sleep=self._is_going_to_sleep,
            is_locked=is_locked,
            idle_s=self._idle_s(session, now_s, is_locked),
            is_held=self._is_held,
        )

    def _idle_s(self, session: dict[str, Any], now_s: float, is_locked: bool) -> float | None:
        """None unless the desktop has ever told logind that the user was away."""
        if is_locked:
            self._tells_locks = True
            self._locked_at_s = self._locked_at_s if self._locked_at_s is not None else now_s
        else:
            self._locked_at_s = None
        changed_s = int(session.get("IdleSinceHintMonotonic", 0)) / 1e6
        hinted_s = max(0.0, now_s - changed_s) if session.get("IdleHint") and changed_s else None
        locked_s = None if self._locked_at_s is None else now_s - self._locked_at_s
        away = [seconds for seconds in (hinted_s, locked_s) if seconds is not None]
        if away:
            return max(away)
        return 0.0 if changed_s or self._tells_locks else None

    def _session_values(self, now_s: float) -> dict[str, Any]:
        if now_s >= self._look_for_session_at_s:
            self._look_for_session_at_s = now_s + SESSION_EVERY_S
            path = self._find_session()
            if path is None:
                self._session = None
            elif self._session is None or self._session.path != path:
                self._session = WatchedProperties(self._bus, _LOGIN1, path, f"{_LOGIN1}.Session")
        return {} if self._session is None else self._session.values()

    def _find_session(self) -> str | None:
        """The user's session at a seat. Ours may be none: services of systemd's user instance belong to no session."""
        found = self._bus.call(_LOGIN1, _PATH, _MANAGER, "ListSessions")
        for _id, user_id, _name, seat, path in found[0] if found else ():
            if user_id == self._user_id and seat:
                return str(path)
        return None

    def _has_inhibitor(self) -> bool:
        found = self._bus.call(_LOGIN1, _PATH, _MANAGER, "ListInhibitors")
        return any(
            "idle" in what.split(":") and mode == "block" and process_id != os.getpid()
            for what, _who, _why, mode, _user_id, process_id in (found[0] if found else ())
        )

    def _sleep_or_wake(self, body: tuple[Any, ...]) -> None:
        is_going = bool(body and body[0])
        if not is_going:
            self._woke(time.monotonic())
        self._is_going_to_sleep = is_going

    def _woke(self, now_s: float) -> None:
        self._woke_at_s = now_s
        self._is_going_to_sleep = False


def _since_start_s(session: dict[str, Any]) -> float | None:
    at_us = session.get("Timestamp")
    began = int(at_us) / 1e6 if at_us else psutil.boot_time()
    return max(0.0, time.time() - began)


def _slept_s() -> float:
    """Seconds of sleep since the start of the machine; 0 where no clock tells."""
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    return (
        0.0 if boottime is None else time.clock_gettime(boottime) - time.clock_gettime(time.CLOCK_MONOTONIC)
    )


def _own_user_id() -> int:
    return os.getuid() if hasattr(os, "getuid") else -1
