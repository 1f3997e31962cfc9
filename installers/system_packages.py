"""The system packages that Pillowbook needs on Debian and its relatives, and getting those that miss."""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from reporting import Reporter, SetupStopped, run_logged

APT_LISTS = Path("/var/lib/apt/lists")
LISTS_GOOD_FOR_S = 24 * 3600

QT_PACKAGES = (
    "libegl1",
    "libgl1",
    "libxkbcommon-x11-0",
    "libxcb-cursor0",
    "libxcb-icccm4",
    "libxcb-keysyms1",
    "libxcb-shape0",
    "libxcb-image0",
    "libxcb-render-util0",
    "libxcb-xinerama0",
    "libxcb-xkb1",
    "libdbus-1-3",
    "libfontconfig1",
    "libglib2.0-0",
    "fonts-dejavu-core",
)
TEST_PACKAGES = ("xvfb", "openbox", "xclip", "xdotool", "gnome-keyring", "dbus-x11", "python3-dbusmock")


@dataclass(frozen=True, slots=True)
class Need:
    """Packages wanted for one purpose."""

    purpose: str
    packages: tuple[str, ...]
    is_essential: bool


def is_debian_like(os_release: str) -> bool:
    """Tell from the text of /etc/os-release whether this is Debian, Ubuntu or a relative."""
    fields: dict[str, str] = {}
    for line in os_release.splitlines():
        name, _, value = line.partition("=")
        fields[name.strip()] = value.strip().strip("'\"")
    family = {fields.get("ID", ""), *fields.get("ID_LIKE", "").split()}
    return bool(family & {"debian", "ubuntu"})


def installed_names(dpkg_output: str) -> frozenset[str]:
    """Read which packages are there from dpkg-query's lines of status, name and what is provided.

    What an installed package provides counts as well: Ubuntu 24.04 has libglib2.0-0t64, which provides
    libglib2.0-0.
    """
    names: set[str] = set()
    for line in dpkg_output.splitlines():
        status, _, rest = line.partition("\t")
        package, _, provides = rest.partition("\t")
        if status != "installed":
            continue
        names.add(package)
        names.update(
            provided.split()[0].split(":")[0] for provided in provides.split(",") if provided.strip()
        )
    return frozenset(names)


def needs_for(
    command: str, *, has_ensurepip: bool, has_compiler: bool, python: tuple[int, int] = sys.version_info[:2]
) -> tuple[Need, ...]:
    """List what a command needs, essentials first."""
    needs: list[Need] = []
    if not has_ensurepip:
        needs.append(Need("to make the virtual environment", (f"python{python[0]}.{python[1]}-venv",), True))
    if not has_compiler:
        needs.append(Need("to compile llama.cpp, which runs the language model", ("gcc", "g++"), True))
    needs.append(Need("for Pillowbook's windows (Qt)", QT_PACKAGES, False))
    if command == "test":
        needs.append(Need("for tests with a screen and a keychain of their own", TEST_PACKAGES, False))
    return tuple(needs)


def missing_from(needs: Iterable[Need], installed: frozenset[str]) -> tuple[Need, ...]:
    """Keep of each need the packages that are not there; a need with none left is dropped."""
    left = [
        Need(need.purpose, tuple(name for name in need.packages if name not in installed), need.is_essential)
        for need in needs
    ]
    return tuple(need for need in left if need.packages)


def has_compiler() -> bool:
    """Tell whether a C and a C++ compiler are on the path."""
    return any(shutil.which(name) for name in ("cc", "gcc", "clang")) and any(
        shutil.which(name) for name in ("c++", "g++", "clang++")
    )


def get_system_packages(command: str, *, needs_compiler: bool, reporter: Reporter, log: TextIO) -> None:
    """Find out which system packages are missing and get them with apt, as root or by sudo.

    Raises:
        SetupStopped: something essential is missing and could not be had.
    """
    needs = needs_for(
        command,
        has_ensurepip=importlib.util.find_spec("ensurepip") is not None,
        has_compiler=has_compiler() or not needs_compiler,
    )
    if not _is_apt_system():
        _speak_of_other_systems(needs, reporter)
        return
    missing = missing_from(needs, _installed())
    if not missing:
        reporter.say("      all there")
        return
    for need in missing:
        reporter.say(f"      missing {need.purpose}: {' '.join(need.packages)}")

    by_hand = f"sudo apt-get install {' '.join(name for need in missing for name in need.packages)}"
    prefix = _privilege()
    if prefix is None:
        if any(need.is_essential for need in missing):
            raise SetupStopped(
                f"System packages are missing and only the administrator can add them; run: {by_hand}"
            )
        reporter.say(f"      going on without; to have them, run: {by_hand}")
        return
    if _lists_are_old():
        _apt(prefix, ["update"], reporter=reporter, log=log)
    for need in missing:
        _install(prefix, need, reporter=reporter, log=log)
    left = missing_from(missing, _installed())
    if any(need.is_essential for need in left):
        raise SetupStopped(
            "apt-get could not install what is needed; check the network connection, or see what it says to: "
            + by_hand
        )
    for need in left:
        reporter.say(f"      going on without {' '.join(need.packages)}, wanted {need.purpose}")


def _is_apt_system() -> bool:
    try:
        os_release = Path("/etc/os-release").read_text(encoding="utf-8")
    except OSError:
        return False
    return is_debian_like(os_release) and all(shutil.which(tool) for tool in ("apt-get", "dpkg-query"))


def _speak_of_other_systems(needs: Iterable[Need], reporter: Reporter) -> None:
    essentials = {name for need in needs if need.is_essential for name in need.packages}
    if sys.platform == "darwin":
        reporter.say("      macOS needs nothing but the command line tools (xcode-select --install)")
    elif sys.platform == "win32":
        reporter.say("      Windows needs the C++ build tools of Visual Studio to compile llama.cpp")
    else:
        reporter.say(
            "      this system's packages are yours to see to: a C++ compiler, Python's venv, the xcb"
        )
        reporter.say("      libraries that Qt's X11 plugin asks for, EGL, D-Bus, fontconfig and a font")
    if "g++" in essentials and sys.platform != "win32":
        raise SetupStopped(
            "No C++ compiler was found, and llama.cpp has to be compiled; install one, then run the same"
            " command again."
        )


def _installed() -> frozenset[str]:
    query = ["dpkg-query", "-W", "-f=${db:Status-Status}\t${Package}\t${Provides}\n"]
    found = subprocess.run(query, capture_output=True, encoding="utf-8", errors="replace", check=False)
    return installed_names(found.stdout)


def _privilege() -> tuple[str, ...] | None:
    """Say what to put before a command so that it runs as root; None where that cannot be."""
    if os.geteuid() == 0:
        return ()
    if not shutil.which("sudo"):
        return None
    silent = subprocess.run(
        ["sudo", "-n", "true"], stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    if silent.returncode == 0:
        return ("sudo", "-n")
    if not sys.stdin or not sys.stdin.isatty():
        return None
    asked = subprocess.run(["sudo", "-p", "      sudo asks for your password: ", "-v"], check=False)
    return ("sudo", "-n") if asked.returncode == 0 else None


def _lists_are_old() -> bool:
    newest_s = max((path.stat().st_mtime for path in APT_LISTS.glob("*_Packages*")), default=0.0)
    return time.time() - newest_s > LISTS_GOOD_FOR_S


def _install(prefix: Sequence[str], need: Need, *, reporter: Reporter, log: TextIO) -> None:
    """Install one need's packages together; if that fails, after an update; else one by one."""
    if _apt(prefix, ["install", *need.packages], reporter=reporter, log=log):
        return
    _apt(prefix, ["update"], reporter=reporter, log=log)
    if _apt(prefix, ["install", *need.packages], reporter=reporter, log=log) or len(need.packages) == 1:
        return
    for package in need.packages:
        _apt(prefix, ["install", package], reporter=reporter, log=log)


def _apt(prefix: Sequence[str], arguments: Sequence[str], *, reporter: Reporter, log: TextIO) -> bool:
    verb, *packages = arguments
    settings = ["-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3"]
    flags = ["-y", "-q", "--no-install-recommends"] if verb == "install" else ["-q"]
    command = [
        *prefix,
        "env",
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        *settings,
        verb,
        *flags,
        *packages,
    ]
    reporter.say(f"      {shlex.join([*prefix, 'apt-get', verb, *packages])}")
    return run_logged(command, log=log, on_beat=lambda: reporter.progress("apt-get at work")).exit_code == 0
