"""The global hotkey, behind a small interface: X11 grabs a key; elsewhere the desktop binds ``pillowbook toggle``."""

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal


@dataclass(frozen=True, slots=True)
class HotkeyState:
    """Whether the hotkey works, and one sentence about it for the settings and the first steps."""

    is_active: bool
    sentence: str


class HotkeySource(QObject):
    """Something that hears a key wherever the user is.

    Signals:
        pressed: the hotkey was pressed (once for a held key).
        state_changed(HotkeyState): a grab succeeded or failed.
    """

    pressed = Signal()
    state_changed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state = HotkeyState(False, "No hotkey is set.")

    def grab(self, text: str) -> None:
        """Listen for this key from now on instead of the one before; empty for none. The outcome comes by signal."""
        raise NotImplementedError

    def ask_for_focus(self, window_id: int) -> None:
        """Ask the window manager to focus our window, as the last press of the hotkey wants it."""

    def close(self) -> None:
        """Give the key back and end."""

    def _tell(self, state: HotkeyState) -> None:
        self.state = state
        self.state_changed.emit(state)


class NoHotkey(HotkeySource):
    """Where programs may not listen for keys: Wayland, a system not supported yet, or no display."""

    def grab(self, text: str) -> None:
        self._tell(
            HotkeyState(
                False,
                "This desktop lets no program listen for keys; bind the command “pillowbook toggle” to a key in its "
                "keyboard settings.",
            )
        )


def choose_hotkey(platform_name: str, environment: Mapping[str, str]) -> HotkeySource:
    """The source that works on this desktop.

    Args:
        platform_name: Qt's own name of the platform, such as ``xcb``.
        environment: the process's variables.
    """
    # Under Wayland Qt may run through XWayland, where a grab only hears keys while an X11 window has the focus.
    is_wayland = bool(environment.get("WAYLAND_DISPLAY")) or environment.get("XDG_SESSION_TYPE") == "wayland"
    if platform_name == "xcb" and not is_wayland:
        from pillowbook.ui.hotkey_x11 import X11Hotkey

        return X11Hotkey(environment.get("DISPLAY"))
    return NoHotkey()
