"""Whether there is a screen to show windows on. Asked before Qt is, which ends the process where there is none."""

import ctypes
import sys
from collections.abc import Mapping
from typing import Final

NO_SCREEN: Final = "There is no screen to show the window on; 'pillowbook ask' works without one."
NO_LIBRARIES: Final = (
    "The window needs Qt's system libraries, of which {name} is missing; 'pillowbook ask' works without them."
)
XCB_CURSOR: Final = "libxcb-cursor.so.0"
"""Qt's X11 platform loads it at the start and aborts without it; few distributions install it by themselves."""


def why_no_window(environment: Mapping[str, str]) -> str:
    """One sentence saying why no window can be shown here; empty when one can."""
    if sys.platform != "linux" or environment.get("QT_QPA_PLATFORM") or environment.get("WAYLAND_DISPLAY"):
        return ""
    display = environment.get("DISPLAY")
    if not display or not _answers(display):
        return NO_SCREEN
    try:
        ctypes.CDLL(XCB_CURSOR)
    except OSError:
        return NO_LIBRARIES.format(name=XCB_CURSOR)
    return ""


def _answers(display_name: str) -> bool:
    from Xlib import error
    from Xlib.display import Display

    try:
        Display(display_name).close()
    except (error.DisplayError, error.XauthError, error.ConnectionClosedError, OSError):
        return False
    return True
