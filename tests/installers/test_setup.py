"""The set-up's own judgement: what is missing, how far a compile is, what is left to do, what it says."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import environment
import llama_wheel
import reporting
import setup
import system_packages

ROOT = Path(__file__).resolve().parents[2]
PINS = (ROOT / "installers" / "pins.txt").read_text(encoding="utf-8")


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


# -- system packages


def test_only_packages_whose_status_is_installed_count() -> None:
    """A removed package whose settings are left is in dpkg's list and still missing."""
    listed = (
        "installed\tlibegl1\t\nconfig-files\txvfb\t\nnot-installed\topenbox\t\nhalf-installed\txdotool\t\n"
    )
    assert system_packages.installed_names(listed) == {"libegl1"}


def test_a_package_counts_when_another_provides_it() -> None:
    """Ubuntu 24.04 renamed libraries for 64-bit time and provides the old names, with versions."""
    listed = "installed\tlibglib2.0-0t64\tlibglib2.0-0 (= 2.80.0-6ubuntu3), libglib:any\n"
    assert {"libglib2.0-0", "libglib2.0-0t64", "libglib"} == system_packages.installed_names(listed)


@pytest.mark.parametrize(
    ("os_release", "is_debian"),
    [
        ("ID=debian\nVERSION_ID=12\n", True),
        ('NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\n', True),
        ('ID=linuxmint\nID_LIKE="ubuntu debian"\n', True),
        ("ID=fedora\n", False),
        ('ID="opensuse-leap"\nID_LIKE="suse opensuse"\n', False),
        ("", False),
    ],
)
def test_debian_and_its_relatives_are_told_from_others(os_release: str, is_debian: bool) -> None:
    """apt is used where it is at home and nowhere else."""
    assert system_packages.is_debian_like(os_release) is is_debian


def test_a_bare_system_needs_venv_and_compiler_before_all_else() -> None:
    """Essentials come first, under this Python's own package name."""
    needs = system_packages.needs_for("test", has_ensurepip=False, has_compiler=False, python=(3, 12))
    assert [need.packages for need in needs if need.is_essential] == [("python3.12-venv",), ("gcc", "g++")]
    assert [need.is_essential for need in needs] == [True, True, False, False]


def test_running_needs_no_test_packages() -> None:
    """Who only runs the app is not asked to install a virtual screen."""
    wanted = {
        name
        for need in system_packages.needs_for("run", has_ensurepip=True, has_compiler=True)
        for name in need.packages
    }
    assert "libegl1" in wanted
    assert not wanted & {*system_packages.TEST_PACKAGES, "gcc", "g++"}


def test_what_is_there_is_not_asked_for_again() -> None:
    """Only the missing packages of a need are left, and no empty needs."""
    needs = (system_packages.Need("a", ("x", "y"), True), system_packages.Need("b", ("z",), False))
    assert system_packages.missing_from(needs, frozenset({"x", "z"})) == (
        system_packages.Need("a", ("y",), True),
    )


def test_missing_essentials_without_root_stop_with_the_command_to_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever cannot install a package is told what the administrator has to type."""
    stream = _without_root(monkeypatch, has_compiler=False)
    with pytest.raises(reporting.SetupStopped, match=r"sudo apt-get install gcc g\+\+ .*libegl1"):
        _get_system_packages(stream)


def test_missing_extras_without_root_are_named_and_gone_without(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing library for the window does not keep the rest from being set up."""
    stream = _without_root(monkeypatch, has_compiler=True)
    _get_system_packages(stream)
    assert "going on without; to have them, run: sudo apt-get install libegl1" in stream.getvalue()


def _without_root(monkeypatch: pytest.MonkeyPatch, *, has_compiler: bool) -> io.StringIO:
    monkeypatch.setattr(system_packages, "_is_apt_system", lambda: True)
    monkeypatch.setattr(system_packages, "_installed", lambda: frozenset({"fonts-dejavu-core"}))
    monkeypatch.setattr(system_packages, "_privilege", lambda: None)
    monkeypatch.setattr(system_packages, "has_compiler", lambda: has_compiler)
    return io.StringIO()


def _get_system_packages(stream: io.StringIO) -> None:
    reporter = reporting.Reporter(stream, steps=1)
    system_packages.get_system_packages("run", needs_compiler=True, reporter=reporter, log=io.StringIO())


# -- progress


@pytest.mark.parametrize(
    ("line", "fraction"),
    [
        ("[12/48] /usr/bin/g++ -O3 -c llama.cpp", 0.25),
        ("  [83/83] Creating library symlink", 1.0),
        ("[0/2] Re-checking globbed directories...", 0.0),
        ("[1/0] nonsense", None),
        ("-- Detecting CXX compile features - done", None),
        ("warning: [3/4] in the middle", None),
    ],
)
def test_a_compile_tells_how_far_it_is(line: str, fraction: float | None) -> None:
    """ninja's own count is the progress; other lines say nothing about it."""
    assert reporting.ninja_fraction(line) == fraction


@pytest.mark.parametrize(
    ("seconds", "spoken"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (12.4, "12 s"), (59.6, "1 min 00 s"), (185, "3 min 05 s")],
)
def test_durations_are_said_the_way_people_say_them(seconds: float, spoken: str) -> None:
    """Tenths for short ones, minutes for long ones."""
    assert reporting.spoken_duration(seconds) == spoken


def test_progress_in_a_log_is_a_line_now_and_then() -> None:
    """A log does not fill with a line a second."""
    now_s = 0.0
    stream = io.StringIO()
    reporter = reporting.Reporter(stream, steps=2, now_s=lambda: now_s)
    with reporter.step("Compiling"):
        for now_s in (1.0, 5.0, 15.0, 16.0, 29.0, 31.0):  # noqa: B007 - read by the clock above
            reporter.progress("compiling, 10%")
    assert stream.getvalue().splitlines() == [
        "[1/2] Compiling",
        "      compiling, 10%, 15 s so far",
        "      compiling, 10%, 31 s so far",
        "      done in 31 s",
    ]


def test_progress_on_a_terminal_stays_on_one_line() -> None:
    """On a terminal the line is rewritten, and cleared before the next one is written."""
    stream = Terminal()
    reporter = reporting.Reporter(stream, steps=1, now_s=lambda: 0.0)
    reporter.progress("half")
    reporter.say("done")
    assert stream.getvalue() == "\r\x1b[K      half, 0.0 s so far\r\x1b[Kdone\n"


def test_a_command_is_logged_and_its_lines_are_handed_on() -> None:
    """All output is in the log, errors too; the exit code and the last lines come back."""
    log = io.StringIO()
    lines: list[str] = []
    code = "import sys; print('one'); print('two', file=sys.stderr, flush=True); sys.exit(3)"
    finished = reporting.run_logged([sys.executable, "-u", "-c", code], log=log, on_line=lines.append)
    assert finished == reporting.Finished(3, "one\ntwo\n")
    assert lines == ["one", "two"]
    assert "one\ntwo\n" in log.getvalue()


# -- llama.cpp


CPUINFO = "processor\t: 0\nmodel name\t: Some CPU\nflags\t\t: fpu {} avx avx2 sse4_2 fma\nbugs\t\t: none\n"
AVX512 = "avx512f avx512cd avx512vl avx512dq avx512bw"


def test_a_build_is_for_what_the_processor_has() -> None:
    """Extensions that are there are used, others are not, and half of AVX-512 is none."""
    plain = llama_wheel.processor_options(CPUINFO.format("avx512f"))
    assert {"-DGGML_NATIVE=OFF", "-DGGML_AVX2=ON", "-DGGML_F16C=OFF", "-DGGML_AVX512=OFF"} <= set(plain)
    assert "-DGGML_AVX512=ON" in llama_wheel.processor_options(CPUINFO.format(AVX512))


def test_amx_is_never_compiled_in() -> None:
    """With AMX llama.cpp dies at the first token (its issue 20824)."""
    options = llama_wheel.processor_options(CPUINFO.format(f"{AVX512} amx_tile amx_int8 amx_bf16"))
    assert options == llama_wheel.processor_options(CPUINFO.format(AVX512))
    assert not any("AMX" in option for option in options)


def test_a_kernel_update_asks_for_no_new_build() -> None:
    """Names of mitigations come and go and change no code."""
    before, after = (
        llama_wheel.processor_options(CPUINFO.format(flag)) for flag in ("ibrs", "ibrs_enhanced")
    )
    assert before == after


def test_other_processors_are_left_to_the_compiler() -> None:
    """ARM and macOS name no flags of x86."""
    assert llama_wheel.processor_options("Features\t: fp asimd\n") == ("-DGGML_NATIVE=ON",)
    assert llama_wheel.processor_options("") == ("-DGGML_NATIVE=ON",)


def test_a_build_is_found_again_by_the_same_wishes_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same version, options and processor give the same folder; each of them alone changes it."""
    include = ROOT / "installers" / "llama_only.cmake"

    def folder(version: str = "1.0", processor: str = "a", extra: str = "") -> Path:
        monkeypatch.setattr(llama_wheel, "this_processor", lambda: (("-DGGML_NATIVE=ON",), processor))
        return llama_wheel.plan_build(version, include=include, cache=tmp_path, extra=extra).folder

    assert folder() == folder()
    assert len({folder(), folder("1.1"), folder(processor="b"), folder(extra="-DGGML_VULKAN=ON")}) == 4


def test_a_path_with_spaces_stays_one_cmake_argument() -> None:
    """CMAKE_ARGS is split like a shell's words."""
    text = llama_wheel.cmake_arguments(
        Path("/home/a b/llama_only.cmake"), processor_options=["-DGGML_NATIVE=ON"], extra="-DGGML_VULKAN=ON"
    )
    assert text.endswith(
        "'-DCMAKE_PROJECT_llama_cpp_INCLUDE=/home/a b/llama_only.cmake' -DGGML_NATIVE=ON -DGGML_VULKAN=ON"
    )


@pytest.mark.parametrize(("cores", "memory_gb", "jobs"), [(2, 24, 2), (16, 4, 5), (4, 0.5, 1)])
def test_compilers_fit_into_memory(cores: int, memory_gb: float, jobs: int) -> None:
    """Many cores with little memory must not bring the machine to swap."""
    assert llama_wheel.compiler_jobs(cores=cores, memory_bytes=int(memory_gb * 1e9)) == jobs


@pytest.mark.parametrize(
    ("system", "environ", "folder"),
    [
        ("linux", {}, "home/.cache/pillowbook"),
        ("linux", {"XDG_CACHE_HOME": "/cache"}, "/cache/pillowbook"),
        ("darwin", {}, "home/Library/Caches/pillowbook"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/pillowbook/Cache"),
    ],
)
def test_builds_are_kept_where_the_platform_keeps_caches(
    system: str, environ: dict[str, str], folder: str
) -> None:
    """Each platform has its place for what can be made again."""
    assert llama_wheel.cache_folder(environ, system=system, home=Path("home")) == Path(folder)


# -- pins and stamp


def test_linux_never_gets_torch_with_cuda() -> None:
    """The pin names the CPU build, which no CUDA wheel satisfies."""
    assert environment.torch_requirement(PINS, system="linux").endswith("+cpu")
    assert not environment.torch_requirement(PINS, system="darwin").endswith("+cpu")


def test_every_declared_dependency_is_pinned() -> None:
    """What pyproject.toml asks for never floats."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.split(r"[<>=;\[ ]", line)[0].lower() for line in declared}
    assert names <= set(environment.pinned_versions(PINS))


def test_pins_are_exact_and_name_no_addresses() -> None:
    """Each line is a comment or name==version with at most a marker."""
    lines = [line for line in PINS.splitlines() if line and not line.startswith("#")]
    assert all("==" in line and "/" not in line and "@" not in line for line in lines)
    assert sum(map(len, environment.pinned_versions(PINS).values())) == len(lines)


def test_a_set_up_environment_is_known_by_its_stamp(tmp_path: Path) -> None:
    """What was written comes back, and asks for nothing more."""
    stamp = environment.Stamp("digest", "cpu", ("model",))
    stamp.write(tmp_path / "stamp.json")
    assert environment.Stamp.read(tmp_path / "stamp.json") == stamp
    assert stamp.covers(environment.Stamp("digest", "cpu"))


@pytest.mark.parametrize(
    "wanted",
    [
        environment.Stamp("other", "cpu", ("model",)),
        environment.Stamp("digest", "other", ("model",)),
        environment.Stamp("digest", "cpu", ("model", "another")),
    ],
)
def test_any_difference_asks_for_a_set_up(wanted: environment.Stamp) -> None:
    """New pins, another processor or one more model are all work to do."""
    assert not environment.Stamp("digest", "cpu", ("model",)).covers(wanted)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "null", '{"digest": "a"}', '{"digest": 1, "processor": 2, "models": 3}']
)
def test_a_damaged_stamp_counts_as_none(tmp_path: Path, text: str) -> None:
    """An interrupted write costs one more look, not a traceback."""
    path = tmp_path / "stamp.json"
    path.write_text(text, encoding="utf-8")
    assert environment.Stamp.read(path) is None


def test_the_digest_changes_with_any_file_and_with_python(tmp_path: Path) -> None:
    """Bytes, names and the interpreter decide; moving bytes from one file to the next does not go unseen."""
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(b"ab")
    two.write_bytes(b"c")
    before = environment.stamp_digest([one, two], python="3.11")
    assert before == environment.stamp_digest([one, two], python="3.11")
    assert before != environment.stamp_digest([one, two], python="3.12")
    one.write_bytes(b"a")
    two.write_bytes(b"bc")
    assert before != environment.stamp_digest([one, two], python="3.11")


def test_a_model_that_an_earlier_command_brought_is_not_forgotten(tmp_path: Path) -> None:
    """run after test leaves test's models on record."""
    made = _environment(tmp_path)
    made.remember(made.wanted_stamp(["a", "b"]))
    made.remember(made.wanted_stamp(["a"]))
    stamp = environment.Stamp.read(made.stamp_path)
    assert stamp is not None
    assert stamp.models == ("a", "b")


def test_a_stamp_without_its_python_is_not_ready(tmp_path: Path) -> None:
    """The stamp alone does not run anything."""
    made = _environment(tmp_path)
    made.remember(made.wanted_stamp(["a"]))
    assert not made.is_ready_for(made.wanted_stamp(["a"]))


def test_a_folder_with_other_things_is_never_emptied(tmp_path: Path) -> None:
    """PILLOWBOOK_VENV set to the wrong folder must not cost what is in it."""
    (tmp_path / "letter.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(reporting.SetupStopped, match="name another folder"):
        _environment(tmp_path).make()
    assert (tmp_path / "letter.txt").read_text(encoding="utf-8") == "dear"


def _environment(folder: Path) -> environment.Environment:
    return environment.Environment(folder, root=ROOT, reporter=reporting.Reporter(io.StringIO(), steps=1))


# -- what it says when it cannot go on


@pytest.mark.parametrize(
    ("output", "says"),
    [
        ("OSError: [Errno 28] No space left on device", "The disk is full; make room, then"),
        (
            "NewConnectionError: [Errno -3] Temporary failure in name resolution",
            "check the network connection",
        ),
        ("  ninja: build stopped: subcommand failed.\n", "make sure a C++17 compiler"),
        (
            "ERROR: No matching distribution found for torch==2.13.0+cpu",
            "has torch==2.13.0+cpu for this Python",
        ),
        ("PermissionError: [Errno 13] Permission denied: 'x'", "make sure the folder is yours"),
        ("Segmentation fault", "The end of the log says why"),
        # without a network pip ends with this line as well; the cause is the one before
        (
            "Retrying after NewConnectionError\nERROR: No matching distribution found for ruff==1",
            "check the network connection",
        ),
    ],
)
def test_a_failure_is_explained_in_words(output: str, says: str) -> None:
    """One sentence on the cause, what to do, and where the log is; no traceback."""
    text = environment.explain_failure("It could not be installed", output, Path("setup.log"))
    assert text.startswith("It could not be installed. ")
    assert says in text
    assert text.endswith("then run the same command again. The log is setup.log.")


def test_a_full_disk_is_refused_before_the_work() -> None:
    """The sentence names what is needed and what is there."""
    setup.refuse_full_disk(10, needed_bytes=10, folder=Path("x"))
    with pytest.raises(
        reporting.SetupStopped, match=r"needs 4\.0 GB in x, where 1\.5 GB are free; make room"
    ):
        setup.refuse_full_disk(1_500_000_000, needed_bytes=4_000_000_000, folder=Path("x"))


@pytest.mark.parametrize(
    ("system", "environ", "has_screen"),
    [
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("linux", {"DISPLAY": ""}, False),
        ("linux", {}, False),
        ("darwin", {}, True),
        ("win32", {}, True),
    ],
)
def test_the_app_is_started_only_where_it_can_be_seen(
    system: str, environ: dict[str, str], has_screen: bool
) -> None:
    """Elsewhere the demo runs in the terminal."""
    assert setup.has_screen(environ, system=system) is has_screen


@pytest.mark.parametrize("arguments", [[], ["install"], ["--run"]])
def test_an_unknown_command_is_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong usage shows the usage and exits with 2."""
    assert setup.main(arguments) == 2
    assert "setup.py run" in capsys.readouterr().err


def test_help_is_no_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    """Asking for help succeeds."""
    assert setup.main(["--help"]) == 0
    assert "setup.py test" in capsys.readouterr().out


def test_half_a_python_is_told_in_words() -> None:
    """Debian's python3-minimal lacks modules that setting up needs; no traceback says so."""
    script = ROOT / "installers" / "setup.py"
    code = f"import runpy, sys; sys.modules['shutil'] = None; runpy.run_path({str(script)!r})"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith("This Python lacks the part shutil of its standard library; install")
    assert "Traceback" not in ended.stderr


@pytest.mark.skipif(os.name != "posix", reason="sends signals")
def test_a_program_may_clean_up_before_setup_goes(tmp_path: Path) -> None:
    """Ctrl-C goes to both; the program takes longer than subprocess.run would give it."""
    done = tmp_path / "done"
    program = (
        "import pathlib, signal, sys, time\n"
        "def end(number, frame): time.sleep(0.6); pathlib.Path(sys.argv[1]).touch(); sys.exit(3)\n"
        "signal.signal(signal.SIGINT, end); print('up', flush=True); time.sleep(30)"
    )
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT / 'installers')!r}); import setup\n"
        f"try: setup.attend([sys.executable, '-c', {program!r}, {str(done)!r}])\n"
        "except KeyboardInterrupt: sys.exit(0 if __import__('os').path.exists(sys.argv[1]) else 1)"
    )
    command = [sys.executable, "-c", code, str(done)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as attending:
        assert attending.stdout is not None and attending.stdout.readline()
        os.killpg(attending.pid, signal.SIGINT)
        assert attending.wait(20) == 0


@pytest.mark.skipif(os.name != "posix", reason="sends signals")
def test_a_program_is_asked_to_end_and_its_signal_told() -> None:
    """A request to end is handed on; the exit code is what a shell would say."""
    program = "import os, signal, time; os.kill(os.getppid(), signal.SIGTERM); time.sleep(30)"
    assert setup.attend([sys.executable, "-c", program]) == 128 + signal.SIGTERM
    assert setup.attend([sys.executable, "-c", "raise SystemExit(3)"]) == 3
