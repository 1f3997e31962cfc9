"""Reaching the core of a profile, which is started where none runs."""

import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client
from typing import Final

from pillowbook.core.client import CoreClient
from pillowbook.domain.errors import CoreUnreachable, remake
from pillowbook.domain.events import Event
from pillowbook.host.paths import Profile

START_DEADLINE_S: Final = 120.0
"""A core takes a second or two; beside a build or a backup, or from a slow disk, it was seen to take half a minute."""

MOST_CRASHES: Final = 3
"""A core that ends without a word so often will not start."""


def connect(profile: Profile, *, on_event: Callable[[Event], None] | None = None) -> CoreClient | None:
    """A client of the running core, or None when no core runs."""
    try:
        token = profile.token_file.read_bytes()
        connection = Client(profile.socket_address, authkey=token)
    except (OSError, EOFError, AuthenticationError):
        return None
    return CoreClient(connection, on_event=on_event)


def ensure_core(profile: Profile, *, on_event: Callable[[Event], None] | None = None) -> CoreClient:
    """A client of the core, which is started when it is not running.

    Raises:
        CoreUnreachable: it did not come up within :data:`START_DEADLINE_S`, or ended without a word time and again.
        PillowbookError: it refused to start, with its own reason.
    """
    client = connect(profile, on_event=on_event)
    if client is not None:
        return client
    profile.prepare()
    deadline = time.monotonic() + START_DEADLINE_S
    crashes = 0
    while time.monotonic() < deadline and crashes < MOST_CRASHES:
        word = _start_core(profile, deadline - time.monotonic())
        crashes += not word
        if word not in ("ready", "running", ""):
            raise remake(word, {})
        client = connect(profile, on_event=on_event)
        if client is not None:
            return client
        # Another core holds the profile and does not answer: it has only just begun, or is about to end.
        time.sleep(0.2)
    raise CoreUnreachable()


def _start_core(profile: Profile, deadline_s: float) -> str:
    """Start the core; returns the one word it says once it can be reached or knows that it cannot serve."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pillowbook.core", "--profile", str(profile.root)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    stdout = process.stdout
    assert stdout is not None
    said: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=lambda: said.put(stdout.readline()), name="core-start", daemon=True).start()
    try:
        return said.get(timeout=max(0.1, deadline_s)).decode("ascii", "replace").strip()
    except queue.Empty:
        process.kill()
        raise CoreUnreachable() from None
    finally:
        # Only a core that serves goes on; nobody else waits for this child.
        process.returncode = 0
