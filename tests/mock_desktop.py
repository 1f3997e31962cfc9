"""A system bus of the test's own with UPower, power-profiles-daemon and logind on it, mocked by python-dbusmock.

dbusmock runs as a program of the system's Python, since its bindings are the distribution's (``python3-dbusmock``).
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from jeepney import DBusAddress, MessageType, new_method_call
from jeepney.io.blocking import DBusConnection, open_dbus_connection

MOCK: Final = "org.freedesktop.DBus.Mock"
UPOWER: Final = "org.freedesktop.UPower"
LOGIN1: Final = "org.freedesktop.login1"
PROFILES: Final = "net.hadess.PowerProfiles"
SESSION: Final = "/org/freedesktop/login1/session/c1"
STARTS_WITHIN_S: Final = 20.0


@dataclass
class MockDesktop:
    """The services of a notebook that is plugged in, charged, and whose user has long been logged in."""

    address: str
    connection: DBusConnection
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    locks: list[Any] = field(default_factory=list)

    def start(self, template: str, service: str) -> None:
        """Put a mocked service on the bus."""
        python = shutil.which("python3", path="/usr/bin:/bin") or sys.executable
        self.processes[service] = subprocess.Popen(
            [python, "-m", "dbusmock", "--template", template],
            env={"DBUS_SYSTEM_BUS_ADDRESS": self.address, "PATH": "/usr/bin:/bin"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + STARTS_WITHIN_S
        while not self._has(service):
            if self.processes[service].poll() is not None or time.monotonic() > deadline:
                raise AssertionError("this test needs python-dbusmock: install python3-dbusmock")
            time.sleep(0.02)

    def end(self, service: str) -> None:
        """Take a service off the bus, as a crash would."""
        process = self.processes.pop(service)
        process.terminate()
        process.wait(timeout=10)

    def call(
        self, service: str, path: str, interface: str, member: str, signature: str = "", *args: Any
    ) -> Any:
        """Call what stands on the bus; an error fails the test."""
        message = new_method_call(DBusAddress(path, service, interface), member, signature or None, args)
        reply = self.connection.send_and_get_reply(message, timeout=5)
        assert reply.header.message_type is not MessageType.error, reply.body
        return reply.body

    def set(self, service: str, path: str, interface: str, name: str, kind: str, value: Any) -> None:
        """Change a property; its service tells everybody."""
        self.call(
            service,
            path,
            "org.freedesktop.DBus.Properties",
            "Set",
            "ssv",
            interface,
            name,
            (kind, value),
        )

    def plug(self, is_plugged: bool) -> None:
        """The mains cable."""
        self.set(UPOWER, "/org/freedesktop/UPower", UPOWER, "OnBattery", "b", not is_plugged)

    def charge(self, percent: float, *, warning: int = 1) -> None:
        """The battery, and UPower's warning level."""
        self.call(
            UPOWER,
            "/org/freedesktop/UPower",
            MOCK,
            "SetupDisplayDevice",
            "uuddddxxbsu",
            *(2, 2, percent, 50.0, 60.0, 7.0, 3600, 0, True, "battery", warning),
        )

    def profile(self, name: str) -> None:
        """The power profile the user chose."""
        self.set(PROFILES, "/net/hadess/PowerProfiles", PROFILES, "ActiveProfile", "s", name)

    def sleep(self, is_going: bool) -> None:
        """What logind says before a sleep (True) and after it."""
        self.call(
            LOGIN1,
            "/org/freedesktop/login1",
            MOCK,
            "EmitSignal",
            "sssav",
            f"{LOGIN1}.Manager",
            "PrepareForSleep",
            "b",
            [("b", is_going)],
        )

    def session(self, name: str, kind: str, value: Any) -> None:
        """A property of the user's session."""
        self.set(LOGIN1, SESSION, f"{LOGIN1}.Session", name, kind, value)

    def inhibit(self, what: str, mode: str) -> None:
        """A program takes an inhibitor lock: a descriptor that it keeps open."""
        self.locks += self.call(
            LOGIN1,
            "/org/freedesktop/login1",
            f"{LOGIN1}.Manager",
            "Inhibit",
            "ssss",
            what,
            "player",
            "a film",
            mode,
        )

    def _has(self, service: str) -> bool:
        bus = DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")
        message = new_method_call(bus, "NameHasOwner", "s", (service,))
        return bool(self.connection.send_and_get_reply(message, timeout=5).body[0])


@contextmanager
def mock_desktop() -> Iterator[MockDesktop]:
    """A private bus with the three services."""
    daemon = subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--print-address=1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert daemon.stdout is not None
    address = daemon.stdout.readline().strip()
    daemon.stdout.close()
    connection = open_dbus_connection(bus=address, enable_fds=True)
    desktop = MockDesktop(address, connection)
    try:
        for template, service in (
            ("upower", UPOWER),
            ("power_profiles_daemon", PROFILES),
            ("logind", LOGIN1),
        ):
            desktop.start(template, service)
        desktop.charge(80.0)
        desktop.call(
            LOGIN1,
            "/org/freedesktop/login1",
            MOCK,
            "AddSession",
            "ssusb",
            *("c1", "seat0", os.getuid(), "user", True),
        )
        yield desktop
    finally:
        for lock in desktop.locks:
            lock.close()
        for service in list(desktop.processes):
            desktop.end(service)
        connection.close()
        daemon.terminate()
        daemon.wait(timeout=10)


def wait_until(is_so: Callable[[], bool], deadline_s: float = 10.0) -> float:
    """Seconds until it was so; fails when it never was."""
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() - began < deadline_s, "it did not come about"
        time.sleep(0.005)
    return time.monotonic() - began
