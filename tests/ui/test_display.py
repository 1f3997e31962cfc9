"""A machine without a screen gets a sentence, not an abort of Qt's."""

import os
import subprocess
import sys

import pytest

from pillowbook.ui.display import NO_SCREEN, why_no_window

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a screen")


# python-xlib leaves the socket of a refused connection to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("environment", [{}, {"DISPLAY": ""}, {"DISPLAY": ":987"}, {"DISPLAY": "nonsense"}])
def test_no_screen_is_said_in_a_sentence(environment: dict[str, str]) -> None:
    assert why_no_window(environment) == NO_SCREEN


@pytest.mark.parametrize("environment", [{"WAYLAND_DISPLAY": "wayland-0"}, {"QT_QPA_PLATFORM": "offscreen"}])
def test_other_platforms_are_left_to_qt(environment: dict[str, str]) -> None:
    assert why_no_window(environment) == ""


def test_the_program_ends_with_that_sentence() -> None:
    environment = {
        key: value for key, value in os.environ.items() if key not in ("QT_QPA_PLATFORM", "WAYLAND_DISPLAY")
    }
    done = subprocess.run(
        [sys.executable, "-m", "pillowbook.ui"],
        env=environment | {"DISPLAY": ":987"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr.strip()) == (1, NO_SCREEN)
