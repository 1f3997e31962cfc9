"""The virtual environment: made, filled with the pinned packages, and known by a stamp once it is right."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TextIO

import llama_wheel
from reporting import Finished, Reporter, SetupStopped, run_logged

# PyTorch's own index of builds without CUDA: asked for torch alone, and only where pip's sources have none.
TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
STAMP_NAME = "pillowbook-setup.json"
LLAMA_KEY_NAME = "llama-build.txt"

_CAUSES: tuple[tuple[str, str], ...] = (
    (r"No space left on device|ENOSPC|There is not enough space", "The disk is full; make room"),
    (
        r"Temporary failure in name resolution|Name or service not known|getaddrinfo failed"
        r"|Network is unreachable|NewConnectionError|Connection refused|Connection reset"
        r"|ConnectTimeout|Read timed out|ReadTimeoutError|SSLError",
        "The package sources could not be reached; check the network connection",
    ),
    (
        r"ninja: build stopped|CMake Error|CMake build failed|CMake configuration failed",
        "Compiling failed; make sure a C++17 compiler and 2 GB of free memory are there",
    ),
    (r"Permission denied|EACCES", "Files could not be written; make sure the folder is yours"),
)
_NOT_FOUND = re.compile(r"No matching distribution found for (\S+)")
_PIN = re.compile(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;]+)")


@dataclass(frozen=True, slots=True)
class Stamp:
    """What an environment was set up for; it is right as long as nothing of this has changed."""

    digest: str
    processor: str
    models: tuple[str, ...] = ()

    @classmethod
    def read(cls, path: Path) -> Stamp | None:
        """Read a stamp; None where there is none or it makes no sense."""
        try:
            fields = json.loads(path.read_text(encoding="utf-8"))
            return cls(str(fields["digest"]), str(fields["processor"]), tuple(map(str, fields["models"])))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, path: Path) -> None:
        """Keep the stamp."""
        path.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")

    def covers(self, wanted: Stamp) -> bool:
        """Tell whether nothing is left to do for what is wanted."""
        return (self.digest, self.processor) == (wanted.digest, wanted.processor) and set(
            wanted.models
        ) <= set(self.models)


def stamp_digest(files: Sequence[Path], *, python: str) -> str:
    """Make a fingerprint of what decides the environment's contents: some files and the Python."""
    digest = hashlib.sha256(python.encode())
    for path in files:
        data = path.read_bytes()
        digest.update(f"\0{path.name}\0{len(data)}\0".encode() + data)
    return digest.hexdigest()


def pinned_versions(pins: str) -> dict[str, list[str]]:
    """Read ``name==version`` lines into versions by lower-case name, several where platforms differ."""
    versions: dict[str, list[str]] = {}
    for line in pins.splitlines():
        if found := _PIN.match(line):
            versions.setdefault(found[1].lower(), []).append(found[2])
    return versions


def torch_requirement(pins: str, *, system: str) -> str:
    """Pick the pinned torch: on Linux the CPU build, since the plain name brings gigabytes of CUDA there."""
    versions = pinned_versions(pins)["torch"]
    wants_cpu_build = system == "linux"
    return "torch==" + next(version for version in versions if version.endswith("+cpu") is wants_cpu_build)


def explain_failure(what: str, output: str, log: Path) -> str:
    """Turn the output of a failed pip into one sentence on the cause and one on what to do.

    Args:
        what: what was being done, as the beginning of a sentence: "llama.cpp could not be installed".
        output: the last lines pip wrote.
        log: where all of it stands.
    """
    cause = next((words for pattern, words in _CAUSES if re.search(pattern, output)), None)
    if cause is None and (found := _NOT_FOUND.search(output)):
        cause = f"None of pip's package sources has {found[1]} for this Python and system"
    if cause is None:
        cause = "The end of the log says why"
    return f"{what}. {cause}, then run the same command again. The log is {log}."


class Environment:
    """One virtual environment and what is done to it."""

    def __init__(self, folder: Path, *, root: Path, reporter: Reporter) -> None:
        self.folder = folder
        self.python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
        self.log_path = folder / "setup.log"
        self.stamp_path = folder / STAMP_NAME
        self._root = root
        self._pins = root / "installers" / "pins.txt"
        self._reporter = reporter

    def wanted_stamp(self, models: Sequence[str]) -> Stamp:
        """Say what the stamp has to be for the checkout as it is now."""
        files = [self._pins, self._root / "pyproject.toml", *sorted((self._root / "installers").glob("*.py"))]
        digest = stamp_digest(files, python=sys.version)
        return Stamp(digest, llama_wheel.this_processor()[1], tuple(models))

    def is_ready_for(self, wanted: Stamp) -> bool:
        """Tell whether the environment already is what is wanted."""
        stamp = Stamp.read(self.stamp_path)
        return stamp is not None and self.python.exists() and stamp.covers(wanted)

    def remember(self, wanted: Stamp) -> None:
        """Write the stamp, keeping the models that an earlier set-up brought."""
        earlier = Stamp.read(self.stamp_path)
        models = {*wanted.models, *(earlier.models if earlier else ())}
        replace(wanted, models=tuple(sorted(models))).write(self.stamp_path)

    def llama_build(self) -> llama_wheel.LlamaBuild:
        """Plan this machine's build of llama.cpp."""
        return llama_wheel.plan_build(
            pinned_versions(self._pins.read_text(encoding="utf-8"))[llama_wheel.PACKAGE][0],
            include=self._root / "installers" / "llama_only.cmake",
            cache=llama_wheel.cache_folder(os.environ, system=sys.platform, home=Path.home()),
            extra=os.environ.get("CMAKE_ARGS", ""),
        )

    def make(self) -> None:
        """Make the environment, or make it anew where its Python no longer runs or is another."""
        if self._is_sound():
            self._reporter.say(f"      {self.folder} is there")
            return
        # --clear empties the folder: never one that PILLOWBOOK_VENV names by mistake.
        if self.folder.exists() and any(self.folder.iterdir()) and not (self.folder / "pyvenv.cfg").exists():
            raise SetupStopped(f"{self.folder} is no virtual environment and not empty; name another folder.")
        if (self.folder / "pyvenv.cfg").exists():
            self._reporter.say("      its Python is gone or another; making it anew")
        command = [sys.executable, "-m", "venv", "--clear", str(self.folder)]
        made = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", check=False
        )
        if made.returncode != 0:
            shutil.rmtree(self.folder, ignore_errors=True)
            if "No space left" in made.stdout + made.stderr:
                raise SetupStopped("The disk is full; make room, then run the same command again.")
            raise SetupStopped(
                "The virtual environment could not be made; install Python's venv module (on Debian and"
                " Ubuntu: sudo apt-get install python3-venv), then run the same command again."
            )

    def install_torch(self, log: TextIO) -> None:
        """Install the pinned torch; on Linux never anything but the CPU build."""
        requirement = torch_requirement(self._pins.read_text(encoding="utf-8"), system=sys.platform)
        finished = self._pip("install", "--no-deps", requirement, log=log, label="downloading")
        if finished.exit_code != 0 and _NOT_FOUND.search(finished.output) and sys.platform == "linux":
            self._reporter.say("      pip's own sources have no CPU build; asking PyTorch's index for it")
            finished = self._pip(
                "install",
                "--no-deps",
                "--index-url",
                TORCH_CPU_INDEX,
                requirement,
                log=log,
                label="downloading",
            )
        self._demand(finished, f"{requirement} could not be installed")

    def install_llama(self, log: TextIO) -> None:
        """Install llama.cpp built for this machine: from the kept wheel, or compiled now."""
        build = self.llama_build()
        marker = self.folder / LLAMA_KEY_NAME
        if marker.exists() and marker.read_text(encoding="utf-8") == build.key:
            self._reporter.say("      already installed")
            return
        if build.wheel() is None:
            self._reporter.say("      compiling it for this processor; this is done once and takes minutes")
            finished = llama_wheel.build_wheel(build, python=self.python, reporter=self._reporter, log=log)
            self._demand(finished, "llama.cpp could not be compiled")
        wheel = build.wheel()
        if wheel is None:
            raise SetupStopped(
                f"Compiling llama.cpp left no wheel in {build.folder}; the log is {self.log_path}."
            )
        marker.unlink(missing_ok=True)
        finished = self._pip(
            "install", "--no-deps", "--force-reinstall", str(wheel), log=log, label="installing"
        )
        self._demand(finished, "The compiled llama.cpp could not be installed")
        marker.write_text(build.key, encoding="utf-8")

    def install_pins(self, log: TextIO) -> None:
        """Install everything else at its pinned version."""
        total = len(pinned_versions(self._pins.read_text(encoding="utf-8")))
        looked_at = 0
        position = "looking"

        def read(line: str) -> None:
            nonlocal looked_at, position
            if line.startswith(("Collecting ", "Requirement already satisfied: ")):
                looked_at += 1
                position = f"collecting, {min(looked_at, total)} of {total} packages"
            elif line.startswith("Installing collected packages"):
                position = "unpacking"

        finished = self._pip(
            "install",
            "-r",
            str(self._pins),
            log=log,
            on_line=read,
            on_beat=lambda: self._reporter.progress(position),
        )
        self._demand(finished, "The Python packages could not be installed")

    def install_checkout(self, log: TextIO) -> None:
        """Install Pillowbook itself, so that the environment runs this checkout's files."""
        # hatchling is among the pins: no second environment has to be made for a few lines of metadata
        finished = self._pip(
            "install", "--no-deps", "--no-build-isolation", "-e", str(self._root), log=log, label="installing"
        )
        self._demand(finished, "Pillowbook itself could not be installed")

    def _is_sound(self) -> bool:
        if not self.python.exists():
            return False
        code = "import pip, sys; print(sys.version)"
        try:
            answer = subprocess.run(
                [str(self.python), "-c", code],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                check=False,
            )
        except OSError:
            return False
        return answer.returncode == 0 and answer.stdout.strip() == sys.version.strip()

    def _pip(
        self,
        *arguments: str,
        log: TextIO,
        label: str = "",
        on_line: Callable[[str], None] | None = None,
        on_beat: Callable[[], None] | None = None,
    ) -> Finished:
        verb, *rest = arguments
        command = [str(self.python), "-m", "pip", "--no-input", "--disable-pip-version-check", verb]
        return run_logged(
            [*command, "--progress-bar", "off", *rest],
            log=log,
            on_line=on_line,
            on_beat=on_beat or (lambda: self._reporter.progress(label)),
        )

    def _demand(self, finished: Finished, what: str) -> None:
        if finished.exit_code != 0:
            raise SetupStopped(explain_failure(what, finished.output, self.log_path))
