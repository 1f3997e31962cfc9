"""A connection to the X server for looking at it now and then."""

import contextlib
import threading
from typing import Any


class X11Connection:
    """One connection, opened at the first use, and anew when the server went away. To be used under ``_lock``."""

    def __init__(self, display_name: str) -> None:
        self._display_name = display_name
        self._display: Any = None
        self._lock = threading.Lock()

    def close(self) -> None:
        """Let go of the connection."""
        with self._lock:
            self._forget()

    def _connected(self) -> Any:
        """The Xlib display.

        Raises:
            Xlib.error.DisplayError: no server answers.
        """
        from Xlib import display

        if self._display is None:
            self._display = display.Display(self._display_name)
        return self._display

    def _forget(self) -> None:
        if self._display is not None:
            with contextlib.suppress(Exception):  # a dead connection refuses in many ways
                self._display.close()
        self._display = None
