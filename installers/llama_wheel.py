"""llama.cpp for this very machine: compiled once, without what Pillowbook never calls, and kept."""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from reporting import Finished, Reporter, ninja_fraction, run_logged

PACKAGE = "llama-cpp-python"
MEMORY_PER_COMPILER_BYTES = 700_000_000

# llama.cpp's options for x86-64 and the processor flags, as Linux names them, that each of them asks for.
#
# WORKAROUND(https://github.com/ggml-org/llama.cpp/issues/20824, use GGML_NATIVE=ON again when pull request 26954 is in
# the pinned version): with AMX, which -march=native switches on wherever the processor has it, llama.cpp dies at
# ldtilecfg with the first token. GCC 12's _tile_loadconfig names 8 of the 64 bytes it reads, so that the compiler drops
# the writing of the rest. Hence the options are named one by one, and AMX is not among them.
_X86_OPTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("GGML_SSE42", ("sse4_2",)),
    ("GGML_AVX", ("avx",)),
    ("GGML_AVX2", ("avx2",)),
    ("GGML_BMI2", ("bmi2",)),
    ("GGML_FMA", ("fma",)),
    ("GGML_F16C", ("f16c",)),
    ("GGML_AVX_VNNI", ("avx_vnni",)),
    ("GGML_AVX512", ("avx512f", "avx512cd", "avx512vl", "avx512dq", "avx512bw")),
    ("GGML_AVX512_VBMI", ("avx512vbmi",)),
    ("GGML_AVX512_VNNI", ("avx512_vnni",)),
    ("GGML_AVX512_BF16", ("avx512_bf16",)),
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


def processor_options(cpuinfo: str) -> tuple[str, ...]:
    """Choose llama.cpp's options for the processor that the text of /proc/cpuinfo describes.

    A build for one processor dies with an illegal instruction on a lesser one, which is what a home folder or a
    virtual machine meets when it moves. So a kept build is known by these options too.

    Returns:
        CMake arguments; for anything but x86-64 on Linux the compiler is left to look at the processor itself.
    """
    for line in cpuinfo.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "flags":
            flags = frozenset(value.split())
            chosen = [(option, flags.issuperset(asked)) for option, asked in _X86_OPTIONS]
            return ("-DGGML_NATIVE=OFF", *(f"-D{option}={'ON' if has else 'OFF'}" for option, has in chosen))
    return ("-DGGML_NATIVE=ON",)


def this_processor() -> tuple[tuple[str, ...], str]:
    """Look at this machine: the options for its processor, and a short name for all that has the same."""
    try:
        cpuinfo = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        cpuinfo = ""
    options = processor_options(cpuinfo)
    features = next((line for line in cpuinfo.splitlines() if line.startswith("Features")), "")  # ARM
    return options, _digest(sys.platform, platform.machine(), *options, features)


def cache_folder(environ: Mapping[str, str], *, system: str, home: Path) -> Path:
    """Say where this user's caches lie."""
    if system == "win32":
        return Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "pillowbook" / "Cache"
    if system == "darwin":
        return home / "Library" / "Caches" / "pillowbook"
    return Path(environ.get("XDG_CACHE_HOME") or home / ".cache") / "pillowbook"


def cmake_arguments(include: Path, *, processor_options: Sequence[str], extra: str = "") -> str:
    """Put together CMAKE_ARGS: only libllama, for this machine's processor, then what the user set.

    Args:
        include: installers/llama_only.cmake.
        processor_options: what processor_options() chose.
        extra: the user's own CMAKE_ARGS, for example -DGGML_VULKAN=ON.
    """
    ours = (
        "-DLLAVA_BUILD=OFF",
        f"-DCMAKE_PROJECT_llama_cpp_INCLUDE={include.as_posix()}",
        *processor_options,
    )
    return f"{shlex.join(ours)} {extra}".strip()


def plan_build(version: str, *, include: Path, cache: Path, extra: str = "") -> LlamaBuild:
    """Say how llama.cpp is to be built here and what the result is known by."""
    options, processor = this_processor()
    key = _digest(version, extra, include.read_text(encoding="utf-8"), processor)
    arguments = cmake_arguments(include, processor_options=options, extra=extra)
    return LlamaBuild(version, arguments, key, cache / "wheels" / f"llama-{version}-{key}")


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
