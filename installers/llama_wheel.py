"""llama.cpp for this very machine: compiled once, without what Pillowbook never calls, and kept."""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from reporting import Finished, Reporter, ninja_fraction, run_logged

PACKAGE = "llama-cpp-python"
MEMORY_PER_COMPILER_BYTES = 700_000_000

# The extensions that -march=native makes compilers use. The kernel also names mitigations and timers, which
# come and go with its updates and would ask for a new compile every time.
_CODE_FEATURES = (
    *("sse", "ssse", "avx", "fma", "f16c", "bmi", "abm", "popcnt", "movbe", "adx", "amx"),
    *("gfni", "aes", "vaes", "pclmul", "vpclmul", "sha"),
)


@dataclass(frozen=True, slots=True)
class LlamaBuild:
    """One way of building llama.cpp, and where its wheel is kept."""

    version: str
    cmake_args: str
    key: str
    folder: Path

    def wheel(self) -> Path | None:
        """Find the wheel, if it has been built."""
        return next(iter(sorted(self.folder.glob("llama_cpp_python-*.whl"))), None)


def processor_features(cpuinfo: str) -> tuple[str, ...]:
    """Read the instruction set extensions from the text of /proc/cpuinfo, sorted.

    A build for the machine's own processor dies with an illegal instruction on a lesser one, which is what a
    home folder or a virtual machine meets when it moves. So a kept build is known by the extensions too.
    """
    for line in cpuinfo.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "flags":
            return tuple(sorted(word for word in value.split() if word.startswith(_CODE_FEATURES)))
        if name.strip() == "Features":  # ARM names nothing but code features
            return tuple(sorted(value.split()))
    return ()


def processor_key() -> str:
    """Name this machine's kind of processor in a few characters."""
    try:
        features = processor_features(Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    except OSError:
        features = (platform.processor(),)
    return _digest(sys.platform, platform.machine(), *features)


def cache_folder(environ: Mapping[str, str], *, system: str, home: Path) -> Path:
    """Say where this user's caches lie."""
    if system == "win32":
        return Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "pillowbook" / "Cache"
    if system == "darwin":
        return home / "Library" / "Caches" / "pillowbook"
    return Path(environ.get("XDG_CACHE_HOME") or home / ".cache") / "pillowbook"


def cmake_arguments(include: Path, *, extra: str = "") -> str:
    """Put together CMAKE_ARGS: only libllama, for this machine's processor, then what the user set.

    Args:
        include: installers/llama_only.cmake.
        extra: the user's own CMAKE_ARGS, for example -DGGML_VULKAN=ON.
    """
    ours = (
        "-DLLAVA_BUILD=OFF",
        "-DGGML_NATIVE=ON",
        f"-DCMAKE_PROJECT_llama_cpp_INCLUDE={include.as_posix()}",
    )
    return f"{shlex.join(ours)} {extra}".strip()


def plan_build(version: str, *, include: Path, processor: str, cache: Path, extra: str = "") -> LlamaBuild:
    """Say how llama.cpp is to be built here and what the result is known by."""
    key = _digest(version, extra, include.read_text(encoding="utf-8"), processor)
    return LlamaBuild(
        version, cmake_arguments(include, extra=extra), key, cache / "wheels" / f"llama-{version}-{key}"
    )


def compiler_jobs(*, cores: int, memory_bytes: int) -> int:
    """Say how many compilers may run at once; one of them takes up to 0.7 GB."""
    return max(1, min(cores, memory_bytes // MEMORY_PER_COMPILER_BYTES))


def build_wheel(build: LlamaBuild, *, python: Path, reporter: Reporter, log: TextIO) -> Finished:
    """Compile llama.cpp into a wheel in the build's folder.

    pip's own cache is left out: it knows a wheel by its version alone, so that a build for another processor
    would be taken for this one's.
    """
    position = "fetching the source"

    def read(line: str) -> None:
        nonlocal position
        fraction = ninja_fraction(line)
        if fraction is not None:
            position = f"compiling, {fraction:.0%}"
        elif "Configuring CMake" in line:
            position = "configuring"

    unfinished = build.folder.with_name(f"{build.folder.name}.part-{os.getpid()}")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    jobs = compiler_jobs(cores=os.cpu_count() or 1, memory_bytes=_memory_bytes())
    command = [str(python), "-m", "pip", "--no-input", "--disable-pip-version-check", "wheel", "-v"]
    command += ["--no-deps", "--no-cache-dir", "--progress-bar", "off", "--wheel-dir", str(unfinished)]
    command += [f"{PACKAGE}=={build.version}"]
    try:
        finished = run_logged(
            command,
            log=log,
            env={**os.environ, "CMAKE_ARGS": build.cmake_args, "CMAKE_BUILD_PARALLEL_LEVEL": str(jobs)},
            on_line=read,
            on_beat=lambda: reporter.progress(position),
        )
        if finished.exit_code == 0:
            shutil.rmtree(build.folder, ignore_errors=True)
            unfinished.rename(build.folder)
        return finished
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _memory_bytes() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return 4 * MEMORY_PER_COMPILER_BYTES


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]
