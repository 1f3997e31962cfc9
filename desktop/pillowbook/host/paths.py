"""Where Pillowbook keeps its files; every path comes from here."""

import errno
import hashlib
import os
import stat
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from pillowbook.domain.errors import DiskFull, ProfileUnwritable, UserFixable

APP_NAME = "pillowbook"
PRIVATE_FOLDER_MODE = 0o700
SOCKET_NAME = "core.sock"
LONGEST_SOCKET_BYTES = 103
"""sun_path holds 108 bytes with the closing zero on Linux and 104 on macOS."""


class RuntimeFolderUnsafe(UserFixable):
    """The folder for sockets and tokens belongs to somebody else or is a link: a trap in a shared temp folder."""

    code = "runtime-folder-unsafe"
    sentence = "Another user owns the folder for Pillowbook's sockets; remove it or set XDG_RUNTIME_DIR."


@dataclass(frozen=True, slots=True)
class Profile:
    """All state of one vault. ``root`` may be moved as a whole while Pillowbook is not running."""

    root: Path

    @property
    def vault_dir(self) -> Path:
        """Everything encrypted, and the wrapped keys."""
        return self.root / "vault"

    @property
    def database(self) -> Path:
        return self.vault_dir / "pillowbook.db"

    @property
    def keys_file(self) -> Path:
        return self.vault_dir / "keys.json"

    @property
    def settings_file(self) -> Path:
        return self.root / "settings.toml"

    @property
    def log_file(self) -> Path:
        return self.root / "logs" / "pillowbook.log"

    @property
    def runtime_dir(self) -> Path:
        """Socket and token: short enough for a socket's 107 bytes, gone after a restart."""
        name = hashlib.sha256(os.fsencode(Path(self.root).absolute())).hexdigest()[:16]
        for base in _private_bases():
            place = base / f"{APP_NAME}-{name}"
            if base.is_dir() and len(os.fsencode(place / SOCKET_NAME)) <= LONGEST_SOCKET_BYTES:
                return place
        owner = str(os.getuid()) if hasattr(os, "getuid") else "user"
        place = Path(tempfile.gettempdir()) / f"{APP_NAME}-{owner}-{name}"
        if os.name == "posix" and len(os.fsencode(place / SOCKET_NAME)) > LONGEST_SOCKET_BYTES:
            return Path("/tmp") / place.name
        return place

    @property
    def socket_address(self) -> str:
        """Where the core listens: a Unix socket in the private folder, a named pipe on Windows."""
        if sys.platform == "win32":
            return "\\\\.\\pipe\\" + self.runtime_dir.name
        return str(self.runtime_dir / SOCKET_NAME)

    @property
    def token_file(self) -> Path:
        """The secret by which clients and core know each other; new at every start of the core."""
        return self.runtime_dir / "token"

    @property
    def lock_file(self) -> Path:
        """Held by the one core of this profile; beside what it guards, because clients started from a desktop, a
        remote shell or cron may see different runtime folders.
        """
        return self.root / "core.lock"

    def prepare(self) -> None:
        """Make the folders, readable by this user only.

        A folder that was there before and is named as the profile keeps its mode: it may hold other things too.

        Raises:
            RuntimeFolderUnsafe: the runtime folder is a link or somebody else's.
            ProfileUnwritable, DiskFull: the folders cannot be made.
        """
        try:
            self.root.mkdir(mode=PRIVATE_FOLDER_MODE, parents=True, exist_ok=True)
            for folder in (self.vault_dir, self.log_file.parent):
                folder.mkdir(mode=PRIVATE_FOLDER_MODE, exist_ok=True)
                folder.chmod(PRIVATE_FOLDER_MODE)
        except OSError as error:
            raise (DiskFull() if error.errno == errno.ENOSPC else ProfileUnwritable()) from error
        runtime_dir = self.runtime_dir
        runtime_dir.mkdir(mode=PRIVATE_FOLDER_MODE, parents=True, exist_ok=True)
        # In a shared temp folder another user can have made it first, so that our sockets would be theirs.
        found = os.lstat(runtime_dir)
        is_ours = not hasattr(os, "getuid") or found.st_uid == os.getuid()
        if not stat.S_ISDIR(found.st_mode) or not is_ours:
            raise RuntimeFolderUnsafe()
        runtime_dir.chmod(PRIVATE_FOLDER_MODE)


def _private_bases() -> list[Path]:
    """The folders a session has for sockets. A shell without the variable (cron, su) finds the same one by its name."""
    bases = [Path(base) for base in [os.environ.get("XDG_RUNTIME_DIR", "")] if base]
    if sys.platform == "linux":
        usual = Path(f"/run/user/{os.getuid()}")
        if not bases and os.access(usual, os.W_OK | os.X_OK):
            bases.append(usual)
    return bases


def default_profile() -> Profile:
    """The profile used when none is named."""
    return Profile(platformdirs.user_data_path(APP_NAME, appauthor=False) / "default")


def models_dir() -> Path:
    """Where model files lie, shared between profiles; ``PILLOWBOOK_MODELS`` overrides it."""
    override = os.environ.get("PILLOWBOOK_MODELS", "")
    if override:
        return Path(override)
    return platformdirs.user_data_path(APP_NAME, appauthor=False) / "models"
