"""Set Pillowbook up from a checkout, then run it or test it. Needs Python 3.11 and nothing else.

    python3 installers/setup.py run [ARGUMENT ...]     the app; without a screen, the demo
    python3 installers/setup.py test [ARGUMENT ...]    style, types and tests; arguments go to pytest
    python3 installers/setup.py prepare                only set up

It may be run again at any time and does only what is missing. The environment is .venv in the checkout, or
the folder that PILLOWBOOK_VENV names.
"""

from __future__ import annotations

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - an older one should hear it in words
    sys.exit(
        "Pillowbook needs Python 3.11 or newer; run this with such a Python, for example: python3.11 "
        + sys.argv[0]
    )

try:
    import io
    import os
    import shutil
    import signal
    import subprocess
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from environment import Environment
    from reporting import Reporter, SetupStopped
    from system_packages import get_system_packages
except ModuleNotFoundError as missing:  # Debian's python3-minimal has half of it
    sys.exit(
        f"This Python lacks the part {missing.name} of its standard library; install the whole of it (on Debian and"
        " Ubuntu: sudo apt-get install python3), then run the same command again."
    )

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_MODEL = "qwen2.5-coder-1.5b-instruct-q4_k_m"
TEST_MODEL = "smollm2-135m-instruct-q4_1"
COMMANDS = ("run", "test", "prepare")
STEPS = 7
INTERRUPTED = 130
ENVIRONMENT_BYTES = 2_500_000_000  # 2.0 GB filled, and what is compiled on the way
MODEL_BYTES = 2_500_000_000  # the model, the parts it is joined from, pip's cache

CHECKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("ruff check", ("-m", "ruff", "check", ".")),
    ("ruff format", ("-m", "ruff", "format", "--check", ".")),
    ("mypy", ("-m", "mypy")),
)


def models_for(command: str) -> tuple[str, ...]:
    """List the models a command needs; the embedder is a Python package and comes with the pins."""
    return (DEFAULT_MODEL, TEST_MODEL) if command == "test" else (DEFAULT_MODEL,)


def has_screen(environ: Mapping[str, str], *, system: str) -> bool:
    """Tell whether a window could be shown."""
    return system in ("darwin", "win32") or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


def refuse_full_disk(free_bytes: int, *, needed_bytes: int, folder: Path) -> None:
    """Stop before the work where its results could not be kept.

    Raises:
        SetupStopped: less is free than is needed.
    """
    if free_bytes < needed_bytes:
        raise SetupStopped(
            f"Setting up needs {needed_bytes / 1e9:.1f} GB in {folder}, where {free_bytes / 1e9:.1f} GB are"
            " free; make room, then run the same command again."
        )


def prepare(environment: Environment, command: str, reporter: Reporter) -> None:
    """Bring everything up to what the checkout asks for.

    Raises:
        SetupStopped: it cannot be done; the sentence says why and what to do.
    """
    wanted = environment.wanted_stamp(models_for(command))
    if command != "prepare" and environment.is_ready_for(wanted):
        reporter.say("Everything is set up.")
        return
    if not environment.python.exists():
        folder = environment.folder.parent
        folder.mkdir(parents=True, exist_ok=True)
        shares_disk = folder.stat().st_dev == Path.home().stat().st_dev
        needed_bytes = ENVIRONMENT_BYTES + (MODEL_BYTES if shares_disk else 0)
        refuse_full_disk(shutil.disk_usage(folder).free, needed_bytes=needed_bytes, folder=folder)
        refuse_full_disk(shutil.disk_usage(Path.home()).free, needed_bytes=MODEL_BYTES, folder=Path.home())

    early_log = io.StringIO()  # the log file lies in the environment, which is not there yet
    with reporter.step("System packages"):
        needs_compiler = environment.llama_build().wheel() is None
        get_system_packages(command, needs_compiler=needs_compiler, reporter=reporter, log=early_log)
    with reporter.step("Virtual environment"):
        environment.make()
    with environment.log_path.open("a", encoding="utf-8") as log:
        log.write(early_log.getvalue())
        with reporter.step("PyTorch, the build for processors"):
            environment.install_torch(log)
        with reporter.step("llama.cpp"):
            environment.install_llama(log)
        with reporter.step("Python packages"):
            environment.install_pins(log)
        with reporter.step("Pillowbook itself"):
            environment.install_checkout(log)
    with reporter.step("Language model"):
        for model in wanted.models:
            reporter.say(f"      {model}")
            install_model(environment, model)
    environment.remember(wanted)


def attend(command: Sequence[str], *, cwd: Path | None = None, takes_input: bool = False) -> int:
    """Run a program in this terminal until it has ended by itself, and give its exit code.

    Ctrl-C reaches it from the terminal as well and a request to end is handed on: it cleans up after itself, which
    subprocess.run would cut short after a quarter of a second.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed; the program has ended.
    """
    is_interrupted = is_to_end = False
    program: subprocess.Popen[bytes] | None = None

    def note(number: int, frame: object) -> None:
        nonlocal is_interrupted
        is_interrupted = True

    def hand_on(number: int, frame: object) -> None:
        nonlocal is_to_end
        is_to_end = True
        if program:
            program.terminate()

    handlers = {
        signal.SIGINT: signal.signal(signal.SIGINT, note),
        signal.SIGTERM: signal.signal(signal.SIGTERM, hand_on),
    }
    try:
        program = subprocess.Popen(command, cwd=cwd, stdin=None if takes_input else subprocess.DEVNULL)
        if is_to_end:  # asked while the program was being started
            program.terminate()
        code = program.wait()
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    if is_interrupted:
        raise KeyboardInterrupt
    return code if code >= 0 else 128 - code  # as a shell says it


def install_model(environment: Environment, model: str) -> None:
    """Have Pillowbook install one model; it shows its own progress, resumes, and checks the SHA-256.

    Raises:
        SetupStopped: the model is not there.
    """
    if attend([str(environment.python), "-m", "pillowbook", "models", "install", model], cwd=ROOT) != 0:
        raise SetupStopped(
            f"The model {model} could not be installed, for the reason just given; run the same command again"
            " and it goes on where it stopped."
        )


def run(environment: Environment, arguments: Sequence[str]) -> int:
    """Start the app, or the demo where there is no screen, and give its exit code."""
    words = list(arguments)
    if not words and not has_screen(os.environ, system=sys.platform):
        print("There is no screen here, so this is the demo in the terminal.", flush=True)
        words = ["demo"]
    return attend([str(environment.python), "-m", "pillowbook", *words], takes_input=True)


def test(environment: Environment, arguments: Sequence[str]) -> int:
    """Run every check and then the tests, whatever failed before; 0 only if nothing did."""
    failed: list[str] = []
    for name, words in CHECKS:
        print(f"== {name}", flush=True)
        if attend([str(environment.python), *words], cwd=ROOT):
            failed.append(name)
    if failed:
        print(f"== failed: {', '.join(failed)}; the tests are run all the same", flush=True)
    print("== pytest", flush=True)
    tests = attend([str(environment.python), "-m", "pytest", *arguments], cwd=ROOT)
    return tests or (1 if failed else 0)


def main(arguments: Sequence[str]) -> int:
    """Do what the command line says; the exit code is 0, 1 for could not, or 2 for wrong usage."""
    if not arguments or arguments[0] not in COMMANDS:
        wants_help = bool(arguments) and arguments[0] in ("-h", "--help")
        print((__doc__ or "").strip(), file=sys.stdout if wants_help else sys.stderr)
        return 0 if wants_help else 2
    command, *rest = arguments
    folder = Path(os.environ.get("PILLOWBOOK_VENV") or ROOT / ".venv").absolute()
    reporter = Reporter(sys.stdout, steps=STEPS)
    environment = Environment(folder, root=ROOT, reporter=reporter)
    try:
        prepare(environment, command, reporter)
    except SetupStopped as stop:
        sys.stdout.flush()
        reporter.say("")
        print(stop, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped; the same command goes on from here.", file=sys.stderr)
        return INTERRUPTED
    try:
        if command == "run":
            return run(environment, rest)
        return test(environment, rest) if command == "test" else 0
    except KeyboardInterrupt:
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
