"""The hotkey on X11: a passive grab (XGrabKey) on the root windows, heard on a thread with its own connection."""

import contextlib
import logging
import queue
import select
import socket
import threading
from typing import Any, Final

from PySide6.QtCore import QObject
from Xlib import XK, X, error
from Xlib.display import Display
from Xlib.protocol.event import ClientMessage

from pillowbook.ui.hotkey import HotkeySource, HotkeyState

log = logging.getLogger(__name__)

KEY_NAMES: Final = {
    "space": "space",
    "pgup": "Prior",
    "pageup": "Prior",
    "pgdown": "Next",
    "pagedown": "Next",
    "enter": "Return",
    "return": "Return",
    "esc": "Escape",
    "escape": "Escape",
    "del": "Delete",
    "ins": "Insert",
    "backspace": "BackSpace",
    "print": "Print",
}
MODIFIER_KEYS: Final = {
    "Ctrl": ("Control_L", "Control_R"),
    "Alt": ("Alt_L", "Alt_R"),
    "Shift": ("Shift_L", "Shift_R"),
    "Super": ("Super_L", "Super_R"),
}
USUAL_MASKS: Final = {"Ctrl": X.ControlMask, "Alt": X.Mod1Mask, "Shift": X.ShiftMask, "Super": X.Mod4Mask}
REPEAT_MS: Final = 2
"""A held key repeats as a release and a press with the same time stamp."""
JOIN_S: Final = 2.0
FROM_APPLICATION: Final = 1
"""The source of a request by an ordinary program (EWMH, ``_NET_ACTIVE_WINDOW``)."""


class X11Hotkey(HotkeySource):
    """Grabs a key in every state of Caps Lock, Num Lock and Scroll Lock, which X11 counts as modifiers."""

    def __init__(self, display_name: str | None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._display_name = display_name
        self._wishes: queue.SimpleQueue[str | int | None] = queue.SimpleQueue()
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._thread = threading.Thread(target=self._listen, name="hotkey", daemon=True)
        self._thread.start()

    def grab(self, text: str) -> None:
        self._wish(text)

    def ask_for_focus(self, window_id: int) -> None:
        self._wish(window_id)

    def close(self) -> None:
        self._wish(None)
        self._thread.join(timeout=JOIN_S)
        self._wake_reader.close()
        self._wake_writer.close()

    def _wish(self, wish: str | int | None) -> None:
        self._wishes.put(wish)
        with contextlib.suppress(OSError):
            self._wake_writer.send(b"!")

    # -- on the thread -------------------------------------------------------------------------------------------------

    def _listen(self) -> None:
        try:
            display = Display(self._display_name)
        except (error.DisplayError, error.XauthError, OSError) as problem:
            log.warning("no X display for the hotkey: %s", type(problem).__name__)
            self._tell(HotkeyState(False, "The display could not be reached, so the hotkey does not work."))
            return
        try:
            _Grabbing(display, self).run(self._wishes, self._wake_reader)
        except (error.ConnectionClosedError, OSError):
            self._tell(HotkeyState(False, "The display went away, and the hotkey with it."))
        finally:
            with contextlib.suppress(error.ConnectionClosedError, OSError):
                display.close()

    def tell_pressed(self) -> None:
        """The key went down."""
        self.pressed.emit()

    def tell_state(self, state: HotkeyState) -> None:
        """A grab ended so."""
        self._tell(state)


class _Grabbing:
    """The thread's own state."""

    def __init__(self, display: Any, owner: X11Hotkey) -> None:
        self._display = display
        self._owner = owner
        self._roots = [display.screen(number).root for number in range(display.screen_count())]
        self._text = ""
        self._keycode = 0
        self._grabbed: tuple[int, int, tuple[int, ...]] = (0, 0, ())
        self._released_at = -1000
        self._pressed_at = X.CurrentTime

    def run(self, wishes: "queue.SimpleQueue[str | int | None]", wake: socket.socket) -> None:
        while True:
            readable, _, _ = select.select([self._display.fileno(), wake], [], [])
            if wake in readable:
                wake.recv(64)
                while not wishes.empty():
                    wish = wishes.get()
                    if wish is None:
                        self._give_back()
                        return
                    if isinstance(wish, int):
                        self._ask_for_focus(wish)
                    else:
                        self._text = wish
                        self._grab()
            while self._display.pending_events():
                self._take(self._display.next_event())

    def _take(self, event: Any) -> None:
        if event.type == X.KeyPress and event.detail == self._keycode:
            if not 0 <= event.time - self._released_at <= REPEAT_MS:
                self._pressed_at = event.time
                self._owner.tell_pressed()
        elif event.type == X.KeyRelease and event.detail == self._keycode:
            self._released_at = event.time
        elif event.type == X.MappingNotify:
            # Another keyboard layout: the same key may have another code now.
            self._display.refresh_keyboard_mapping(event)
            if self._text and event.request != X.MappingPointer and self._wanted() != self._grabbed:
                self._grab()

    def _ask_for_focus(self, window_id: int) -> None:
        """``_NET_ACTIVE_WINDOW`` (EWMH) with the time of the press, which Qt's own request cannot know: window managers
        that guard the focus compare it with the last key another window had."""
        window = self._display.create_resource_object("window", window_id)
        data = (FROM_APPLICATION, self._pressed_at, 0, 0, 0)
        kind = self._display.intern_atom("_NET_ACTIVE_WINDOW")
        message = ClientMessage(window=window, client_type=kind, data=(32, data))
        for root in self._roots:
            root.send_event(message, event_mask=X.SubstructureRedirectMask | X.SubstructureNotifyMask)
        self._display.flush()

    def _give_back(self) -> None:
        for root in self._roots:
            root.ungrab_key(X.AnyKey, X.AnyModifier)
        self._display.sync()

    def _grab(self) -> None:
        self._give_back()
        self._keycode = 0
        if not self._text:
            self._owner.tell_state(HotkeyState(False, "No hotkey is set."))
            return
        self._grabbed = keycode, modifiers, lock_states = self._wanted()
        if not keycode:
            key = self._text.split("+")[-1]
            self._owner.tell_state(
                HotkeyState(False, f"This keyboard has no key “{key}”; choose another hotkey.")
            )
            return
        caught = error.CatchError(error.BadAccess)
        for root in self._roots:
            for locks in lock_states:
                root.grab_key(
                    keycode, modifiers | locks, False, X.GrabModeAsync, X.GrabModeAsync, onerror=caught
                )
        self._display.sync()
        if caught.get_error() is not None:
            self._give_back()
            self._owner.tell_state(
                HotkeyState(
                    False, f"{self._text} is used by another program; choose another hotkey in the settings."
                )
            )
            return
        self._keycode = keycode
        self._owner.tell_state(HotkeyState(True, f"{self._text} shows and hides the panel."))

    def _wanted(self) -> tuple[int, int, tuple[int, ...]]:
        """Key code, modifiers and lock states of the hotkey on this keyboard; the code is 0 for a key it has not."""
        *modifiers, key = self._text.split("+")
        masks = self._masks()
        wanted = 0
        for modifier in modifiers:
            wanted |= masks.get(modifier, 0)
        return int(self._display.keysym_to_keycode(keysym(key))), wanted, tuple(self._lock_states())

    def _masks(self) -> dict[str, int]:
        """The modifier bits of this keyboard; the usual ones where a modifier is not mapped."""
        mapping = self._display.get_modifier_mapping()
        masks = dict(USUAL_MASKS)
        for name in ("Alt", "Super"):
            found = self._mask_of(mapping, MODIFIER_KEYS[name])
            if found:
                masks[name] = found
        return masks

    def _lock_states(self) -> list[int]:
        """Every combination of the locks that are mapped, none included."""
        mapping = self._display.get_modifier_mapping()
        locks = {X.LockMask}
        for name in ("Num_Lock", "Scroll_Lock"):
            mask = self._mask_of(mapping, (name,))
            if mask:
                locks.add(mask)
        states = [0]
        for mask in sorted(locks):
            states += [state | mask for state in states]
        return states

    def _mask_of(self, mapping: Any, names: tuple[str, ...]) -> int:
        codes = {self._display.keysym_to_keycode(XK.string_to_keysym(name)) for name in names} - {0}
        for index, keycodes in enumerate(mapping):
            if codes & set(keycodes):
                return 1 << index
        return 0


def keysym(key: str) -> int:
    """The X11 keysym of a key's name as the settings write it; 0 when there is none."""
    known = KEY_NAMES.get(key.lower())
    if known is not None:
        return int(XK.string_to_keysym(known))
    if len(key) == 1:
        # Keysyms of Latin-1 characters are their code points; letters are grabbed by their lower case.
        return ord(key.lower()) if ord(key) < 256 else 0x01000000 | ord(key.lower())
    return int(
        XK.string_to_keysym(key) or XK.string_to_keysym(key.capitalize()) or XK.string_to_keysym(key.lower())
    )


def has_compositor(display_name: str | None) -> bool:
    """Whether windows can be blended: a compositing manager owns the selection of its screen (EWMH)."""
    try:
        display = Display(display_name)
    except (error.DisplayError, error.XauthError, OSError):
        return False
    try:
        atom = display.intern_atom(f"_NET_WM_CM_S{display.get_default_screen()}")
        return bool(display.get_selection_owner(atom) != X.NONE)
    finally:
        display.close()
