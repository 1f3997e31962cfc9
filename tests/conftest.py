"""What several packages' tests share: a home of their own, the command line as a program, models that are installed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from pillowbook.host.paths import Profile, models_dir
from pillowbook.models.catalogue import Catalogue
from pillowbook.models.installation import Installation

REPOSITORY = Path(__file__).parents[1]
TINY_MODEL = "smollm2-135m-instruct-q4_1"
DEFAULT_MODEL = "qwen2.5-coder-1.5b-instruct-q4_k_m"
PASSPHRASE = "correct horse of the tests"
COMMAND_S = 900
"""Beyond this a command hangs; some load a model and write with it, on a machine that may be busy."""


@dataclass
class Home:
    """An empty home with everything below one folder: notes, profile, temporary files, sockets.

    The program is run as a user runs it, in processes of its own; only the models are shared with the machine.
    """

    root: Path
    extra: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("home", "tmp", "run", "notes"):
            (self.root / name).mkdir(mode=0o700)
        self.passphrase_file = self.root / "passphrase"
        self.passphrase_file.write_text(PASSPHRASE + "\n")

    @property
    def notes(self) -> Path:
        return self.root / "notes"

    @property
    def profile(self) -> Profile:
        return Profile(self.root / "profile")

    @property
    def environment(self) -> dict[str, str]:
        kept = {
            k: v
            for k, v in os.environ.items()
            if k in ("PATH", "LANG", "LC_ALL", "PIP_CERT", "SSL_CERT_FILE")
        }
        return kept | {
            "HOME": str(self.root / "home"),
            "TMPDIR": str(self.root / "tmp"),
            "XDG_RUNTIME_DIR": str(self.root / "run"),
            "PYTHONPATH": str(REPOSITORY / "desktop"),
            "PILLOWBOOK_MODELS": str(models_dir()),
            **self.extra,
        }

    def run(self, *arguments: str | Path, timeout_s: float = COMMAND_S) -> subprocess.CompletedProcess[str]:
        """One command; never waits for a terminal."""
        command = [
            sys.executable,
            "-m",
            "pillowbook",
            "--profile",
            str(self.profile.root),
            *map(str, arguments),
        ]
        return subprocess.run(
            command,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def json(self, *arguments: str | Path) -> Any:
        """One command that must succeed, and what it says in JSON."""
        done = self.run("--json", "--passphrase-file", self.passphrase_file, *arguments)
        assert done.returncode == 0, (arguments, done.returncode, done.stderr)
        return json.loads(done.stdout)

    def write(self, name: str, text: str) -> Path:
        """A note."""
        file = self.notes / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
        return file

    def processes(self) -> list[psutil.Process]:
        """Everything of Pillowbook that runs for this home, workers included."""
        found = []
        for process in psutil.process_iter():
            try:
                if str(self.root) in process.environ().get("HOME", "") or str(self.root) in " ".join(
                    process.cmdline()
                ):
                    found.append(process)
            except psutil.Error:
                continue
        with_children = {p.pid: p for p in found}
        for process in found:
            try:
                with_children.update({c.pid: c for c in process.children(recursive=True)})
            except psutil.Error:
                continue
        with_children.pop(os.getpid(), None)
        return list(with_children.values())

    def kill(self) -> None:
        """kill -9, all at once."""
        for process in self.processes():
            try:
                process.send_signal(signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)
            except psutil.Error:
                continue
        psutil.wait_procs(self.processes(), timeout=10)


@pytest.fixture
def home() -> Iterator[Home]:
    """A home that is gone, with every process in it, after the test."""
    # Not tmp_path: a socket's path may have 107 bytes at most.
    root = Path(tempfile.mkdtemp(prefix="pb-"))
    made = Home(root)
    yield made
    made.run("stop", timeout_s=120)
    made.kill()
    shutil.rmtree(root)


def installed(model: str) -> str:
    """A model of the catalogue, fetched when it is not there yet."""
    Installation(models_dir(), Catalogue.load()).install(model, on_progress=lambda done, total: None)
    return model


@pytest.fixture(scope="session")
def tiny_model() -> str:
    """The engine's test model; its answers are nonsense."""
    return installed(TINY_MODEL)


@pytest.fixture(scope="session")
def default_model() -> str:
    """The model that users have."""
    return installed(DEFAULT_MODEL)


@pytest.fixture
def display() -> Iterator[str]:
    """The name of an X server of the test's own, with xdotool to type on it."""
    missing = [program for program in ("Xvfb", "xdotool") if shutil.which(program) is None]
    assert not missing, f"this test needs {' and '.join(missing)}: install xvfb and xdotool"
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", "1", "-screen", "0", "640x480x24", "-nolisten", "tcp"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert server.stdout is not None
    number = server.stdout.readline().strip()
    server.stdout.close()
    yield f":{number}"
    server.terminate()
    server.wait(timeout=10)
