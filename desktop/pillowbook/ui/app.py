"""Builds the desktop app and runs it until it is quit."""

import os
import signal
import socket
import sys
from types import FrameType
from typing import Final

from PySide6.QtCore import QObject, QSettings, QSocketNotifier, QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from pillowbook.core.client import CoreClient
from pillowbook.core.protocol import SettingView, Status
from pillowbook.domain.clock import Clock, SystemClock
from pillowbook.domain.errors import AlreadyRunning, PillowbookError
from pillowbook.domain.events import PanelWish
from pillowbook.domain.work import GateState
from pillowbook.host.opener import open_at
from pillowbook.settings.catalogue import HIDE_ON_FOCUS_LOSS, HOTKEY, THEME
from pillowbook.ui import phrases
from pillowbook.ui.asking import Asking, Opener
from pillowbook.ui.controller import ClientFactory, Controller
from pillowbook.ui.first_run import FirstRun
from pillowbook.ui.hotkey import HotkeySource, choose_hotkey
from pillowbook.ui.panel import Panel
from pillowbook.ui.settings_window import SettingsWindow
from pillowbook.ui.theme import Theme, app_icon
from pillowbook.ui.tray import Tray

SHOW_STARTING_AFTER_MS: Final = 400
QUIT_ANYWAY_MS: Final = 1500
ASK_FOR_FOCUS_AFTER_MS: Final = 60
"""Most window managers give the focus to what was just shown by then; the rest want to know what key asked for it."""


class App(QObject):
    """Everything that is on the screen, wired together.

    Signals:
        ended: the app is to be quit; ``refusal`` says why, if the core did not take it.
    """

    ended = Signal()

    def __init__(
        self,
        application: QApplication,
        client_factory: ClientFactory,
        hotkey: HotkeySource,
        *,
        opener: Opener,
        clock: Clock,
        can_blend: bool,
        show_panel: bool,
    ) -> None:
        super().__init__()
        self._show_panel = show_panel
        self.refusal: PillowbookError | None = None
        self.theme = Theme(application)
        self.controller = Controller(client_factory, self)
        self.hotkey = hotkey
        self.panel = Panel(self.theme, can_blend=can_blend)
        self.asking = Asking(self.panel, self.controller, opener, clock)
        self.tray = Tray(self)
        self.settings_window: SettingsWindow | None = None
        self.first_run: FirstRun | None = None
        self._hotkey_text = HOTKEY.default
        self._starting = QTimer(self)
        self._starting.setSingleShot(True)
        self._starting.setInterval(SHOW_STARTING_AFTER_MS)
        self._focusing = QTimer(self)
        self._focusing.setSingleShot(True)
        self._focusing.setInterval(ASK_FOR_FOCUS_AFTER_MS)
        self._quitting = QTimer(self)
        self._quitting.setSingleShot(True)
        self._quitting.setInterval(QUIT_ANYWAY_MS)
        self._connect()

    def _connect(self) -> None:
        self._starting.timeout.connect(self._show_starting)
        self._focusing.timeout.connect(self._ask_for_focus)
        self._quitting.timeout.connect(self.ended)
        self.hotkey.pressed.connect(self._toggle_by_hotkey)
        self.controller.connected.connect(self._when_connected)
        self.controller.refused.connect(self._when_refused)
        self.controller.setting_changed.connect(self._follow_setting)
        self.controller.gate_changed.connect(self.tray.show_gate)
        self.controller.vault_changed.connect(self._follow_vault)
        self.controller.panel_requested.connect(self._follow_wish)
        self.asking.first_run_wished.connect(self.show_first_run)
        self.panel.retry_wished.connect(self.controller.start)
        self.panel.settings_wished.connect(self.show_settings)
        self.tray.ask_wished.connect(self._ask)
        self.tray.pause_wished.connect(self._pause)
        self.tray.lock_wished.connect(self._lock)
        self.tray.settings_wished.connect(self.show_settings)
        self.tray.quit_wished.connect(self._quit_with_core)

    # -- life ----------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Connect to the core; the panel is shown as soon as it may be."""
        self.controller.start()
        if self._show_panel:
            self._starting.start()

    def close(self) -> None:
        """End everything on the screen; the core goes on until it finds nobody there."""
        self._starting.stop()
        self._focusing.stop()
        self._quitting.stop()
        self.hotkey.close()
        self.controller.close()
        self.tray.close()
        for window in (self.panel, self.settings_window, self.first_run):
            if window is not None:
                window.hide()
                window.deleteLater()

    @Slot()
    def _when_connected(self) -> None:
        self._starting.stop()
        self.controller.call(self, CoreClient.settings, self._take_settings)
        self.controller.call(self, CoreClient.status, self._take_status)

    def _take_settings(self, views: list[SettingView]) -> None:
        for view in views:
            self._follow_setting(view.key, view.value)

    def _take_status(self, status: Status) -> None:
        self.tray.show_gate(status.gate)
        self.tray.show_unlocked(status.vault == "open")
        if status.vault == "missing":
            self.show_first_run()
        elif self._show_panel:
            self.panel.appear()
        self._show_panel = False

    @Slot(object)
    def _when_refused(self, error: PillowbookError) -> None:
        self._starting.stop()
        if isinstance(error, AlreadyRunning):
            self.refusal = error
            self.ended.emit()
            return
        self.panel.show_error(phrases.error_sentence(error), can_retry=True)
        self.panel.appear()

    @Slot()
    def _show_starting(self) -> None:
        self.panel.show_status("Starting…")
        self.panel.appear()

    # -- what the core tells -------------------------------------------------------------------------------------------

    @Slot(str, str)
    def _follow_setting(self, key: str, value: str) -> None:
        if key == THEME.key:
            self.theme.set_wish(value)
        elif key == HIDE_ON_FOCUS_LOSS.key:
            self.panel.hides_on_focus_loss = HIDE_ON_FOCUS_LOSS.kind.parse(key, value)
        elif key == HOTKEY.key:
            self._hotkey_text = value
            self.hotkey.grab(value)

    @Slot(bool)
    def _follow_vault(self, is_unlocked: bool) -> None:
        self.tray.show_unlocked(is_unlocked)
        if not is_unlocked and self.settings_window is not None:
            self.settings_window.blank()

    @Slot(object)
    def _follow_wish(self, wish: PanelWish) -> None:
        if wish is PanelWish.QUIT:
            self.ended.emit()
        elif self.first_run is not None and self.first_run.isVisible():
            self.first_run.raise_()
            self.first_run.activateWindow()
        elif wish is PanelWish.SHOW:
            self.panel.appear()
        else:
            self.panel.toggle()

    @Slot()
    def _toggle_by_hotkey(self) -> None:
        self.panel.toggle()
        if self.panel.isVisible():
            self._focusing.start()

    @Slot()
    def _ask_for_focus(self) -> None:
        if self.panel.isVisible() and not self.panel.isActiveWindow():
            self.hotkey.ask_for_focus(int(self.panel.winId()))

    # -- what the user wants -------------------------------------------------------------------------------------------

    @Slot()
    def show_settings(self) -> None:
        """Open the settings, or bring them forward."""
        if self.settings_window is None:
            self.settings_window = SettingsWindow(self.theme, self.controller, self.hotkey)
        self.panel.disappear()
        self.settings_window.open_page()

    @Slot()
    def show_first_run(self) -> None:
        """The first steps, when there is no vault."""
        self.panel.disappear()
        if self.first_run is None:
            self.first_run = FirstRun(self.theme, self.controller, self.hotkey)
            self.first_run.finished.connect(self.panel.appear)
        self.first_run.begin()

    @Slot()
    def _ask(self) -> None:
        self.panel.appear()

    @Slot(int)
    def _pause(self, minutes: int) -> None:
        self.controller.call(self, lambda client: client.pause(minutes), self._take_gate)

    def _take_gate(self, gate: GateState) -> None:
        self.tray.show_gate(gate)

    @Slot()
    def _lock(self) -> None:
        self.controller.call(self, CoreClient.lock)

    @Slot()
    def _quit_with_core(self) -> None:
        """Quit means that nothing goes on in the background either."""
        self.panel.disappear()
        self.controller.call(self, CoreClient.stop, self._when_stopped, self._when_stopped)
        self._quitting.start()

    def _when_stopped(self, _result: object) -> None:
        self.ended.emit()


class SignalWatch(QObject):
    """Turns SIGTERM and SIGINT into an orderly end; Qt's loop alone would never let Python see them."""

    arrived = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._reader, self._writer = socket.socketpair()
        self._writer.setblocking(False)
        self._old_fd = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self._old = {number: signal.signal(number, self._note) for number in (signal.SIGINT, signal.SIGTERM)}
        self._notifier = QSocketNotifier(self._reader.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._read)

    def close(self) -> None:
        """Put everything back as it was."""
        self._notifier.setEnabled(False)
        for number, handler in self._old.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._old_fd)
        self._reader.close()
        self._writer.close()

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        pass

    @Slot()
    def _read(self) -> None:
        if self._reader.recv(64):
            self.arrived.emit()


def run_app(client_factory: ClientFactory, *, show_panel: bool) -> int:
    """Run the app until it is quit.

    Args:
        client_factory: makes a connected client of the core that hands events to what it is given; called off the GUI
            thread, and once more when the core is lost.
        show_panel: whether the panel is shown at the start, or only by hotkey and tray.
    Returns:
        The exit status.
    Raises:
        AlreadyRunning: another app serves this profile; it was asked to come forward.
    """
    # The first argument becomes the window class, by which desktops find our icon.
    application = make_application(["pillowbook"])
    platform = QGuiApplication.platformName()
    app = App(
        application,
        client_factory,
        choose_hotkey(platform, os.environ),
        opener=open_at,
        clock=SystemClock(),
        can_blend=can_blend_windows(platform, os.environ.get("DISPLAY")),
        show_panel=show_panel,
    )
    signals = SignalWatch()
    app.ended.connect(application.quit)
    signals.arrived.connect(application.quit)
    app.start()
    try:
        status = application.exec()
    finally:
        signals.close()
        app.close()
    if app.refusal is not None:
        raise app.refusal
    return status


def make_application(arguments: list[str]) -> QApplication:
    """The one QApplication, with our name, icon and style."""
    QGuiApplication.setDesktopFileName("pillowbook")
    if sys.platform != "win32":
        # Qt's file dialog would keep the folders it was in, readable, in QtProject.conf.
        QSettings.setPath(QSettings.Format.NativeFormat, QSettings.Scope.UserScope, os.devnull)
    application = QApplication(arguments)
    application.setApplicationName("Pillowbook")
    application.setApplicationDisplayName("Pillowbook")
    application.setQuitOnLastWindowClosed(False)
    # The style sheet builds on Fusion; a desktop's own style would paint some parts its own way.
    application.setStyle("Fusion")
    application.setWindowIcon(app_icon())
    return application


def can_blend_windows(platform_name: str, display_name: str | None) -> bool:
    """Whether the panel may have see-through edges; without a compositing manager they would be black."""
    if platform_name != "xcb":
        return True
    from pillowbook.ui.hotkey_x11 import has_compositor

    return has_compositor(display_name)
