"""The core process: ``python -m pillowbook.core --profile DIR``.

It writes one word on standard output when clients may come (``ready``), when another core already serves this
profile (``running``), or the code of the error that keeps it from starting.
"""

import argparse
import functools
import logging
import logging.handlers
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from pillowbook.core.machine import Machine
from pillowbook.core.server import CoreServer
from pillowbook.core.service import Service
from pillowbook.domain.clock import SystemClock
from pillowbook.domain.errors import DiskFull, PillowbookError, ProfileUnwritable
from pillowbook.host.hardening import harden_process
from pillowbook.host.keychain import SystemKeychain, find_backend
from pillowbook.host.paths import Profile, models_dir
from pillowbook.host.senses import system_senses
from pillowbook.models.catalogue import Catalogue
from pillowbook.models.installation import Installation
from pillowbook.settings.values import Settings
from pillowbook.store.keys import DISK_FULL_ERRNOS
from pillowbook.store.vault import Vault

log = logging.getLogger(__name__)

LINGER_S: Final = 600.0
"""A core without clients ends after this; with the app running there always is one."""
LOG_BYTES: Final = 1_000_000


def main(arguments: list[str] | None = None) -> int:
    """Serve a profile until nobody needs it."""
    parser = argparse.ArgumentParser(prog="pillowbook.core")
    parser.add_argument("--profile", type=Path, required=True)
    parser.add_argument("--linger", type=float, default=LINGER_S)
    options = parser.parse_args(arguments)
    harden_process()
    profile = Profile(options.profile.absolute())
    try:
        profile.prepare()
        start_log(profile)
        lock = FileLock(profile.lock_file, timeout=0)
        lock.acquire()
    except Timeout:
        say("running")
        return 0
    except PillowbookError as error:
        say(error.code)
        return 1
    except OSError as error:
        say(DiskFull.code if error.errno in DISK_FULL_ERRNOS else ProfileUnwritable.code)
        return 1
    try:
        return serve(profile, options.linger)
    finally:
        lock.release()


def serve(profile: Profile, linger_s: float) -> int:
    """Build everything and serve; the one place where the parts are put together."""
    clock = SystemClock()
    keychain = SystemKeychain()
    vault = Vault(profile, keychain, clock)
    settings = Settings(profile.settings_file)
    catalogue = Catalogue.load()
    machine = Machine(
        profile=profile,
        clock=clock,
        has_keychain=functools.cache(lambda: find_backend() is not None),
        senses=system_senses,
        catalogue=catalogue,
        installation=Installation(models_dir(), catalogue),
    )
    linger = Linger(linger_s)
    server = CoreServer(profile, on_idle_change=linger.clients_changed)
    linger.on_end = server.stop
    service = Service(vault, settings, machine, tell=server.tell)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: threading.Thread(target=server.stop, daemon=True).start())
    threading.Thread(target=service.open_with_keychain, name="unlock", daemon=True).start()
    say("ready")
    linger.clients_changed(0)
    log.info("core ready")
    try:
        server.serve(service)
    finally:
        service.close()
        log.info("core ended")
    return 0


class Linger:
    """Ends the core when no client has been there for a while."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()
        self.on_end: Callable[[], None] = lambda: None

    def clients_changed(self, count: int) -> None:
        """Start the time when the last client left, stop it when one came."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            if count == 0:
                self._timer = threading.Timer(self._seconds, self._end)
                self._timer.daemon = True
                self._timer.start()

    def _end(self) -> None:
        self.on_end()


def say(word: str) -> None:
    """Tell the client that started us; nobody may be listening any more."""
    try:
        sys.stdout.write(word + "\n")
        sys.stdout.flush()
    except OSError:
        pass


class LogLine(logging.Formatter):
    """One line, with the record's facts behind its words."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        facts: dict[str, object] = getattr(record, "facts", {})
        return " ".join(
            [super().formatMessage(record), *(f"{name}={value}" for name, value in facts.items())]
        )


def start_log(profile: Profile) -> None:
    """A small rotating log of ids, counts and times."""
    handler = logging.handlers.RotatingFileHandler(
        profile.log_file, maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8"
    )
    handler.setFormatter(LogLine("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    root.handlers = [handler]
    # Libraries may log what passes through them; only our own words are kept.
    handler.addFilter(lambda record: record.name.split(".")[0] in ("pillowbook", "__main__"))


if __name__ == "__main__":
    raise SystemExit(main())
