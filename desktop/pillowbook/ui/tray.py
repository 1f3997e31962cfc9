"""The tray icon and its menu."""

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QAction, QGuiApplication, QIcon
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from pillowbook.domain.work import GateState
from pillowbook.host.resources import resource


class Tray(QObject):
    """Works as well where there is no tray; then only the hotkey and ``pillowbook toggle`` remain.

    Signals:
        ask_wished, pause_wished(int minutes; 0 resumes), lock_wished, settings_wished, quit_wished: from the menu.
    """

    ask_wished = Signal()
    pause_wished = Signal(int)
    lock_wished = Signal()
    settings_wished = Signal()
    quit_wished = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.menu = QMenu()
        self._is_paused = False
        self._ask = QAction("Ask…", self.menu)
        self._status = QAction("Starting…", self.menu)
        self._status.setEnabled(False)
        self._pause = QAction("Pause for an hour", self.menu)
        self._lock = QAction("Lock", self.menu)
        self._settings = QAction("Settings…", self.menu)
        self._quit = QAction("Quit Pillowbook", self.menu)
        self._icon = QSystemTrayIcon(self)
        self._icon.setToolTip("Pillowbook")
        self._build()
        self._connect()
        self._paint_icon()
        self._icon.show()

    @Slot(object)
    def show_gate(self, gate: GateState) -> None:
        """The gate's sentence, and whether there is a pause to end."""
        self._status.setText(gate.sentence)
        self._is_paused = gate.code == "paused"
        self._pause.setText("Resume" if self._is_paused else "Pause for an hour")

    @Slot(bool)
    def show_unlocked(self, is_unlocked: bool) -> None:
        """What can be done with an open or a closed vault."""
        self._lock.setEnabled(is_unlocked)
        self._pause.setEnabled(is_unlocked)

    def close(self) -> None:
        """Take the icon away."""
        self._icon.hide()
        self.menu.close()
        self.menu.deleteLater()

    def _build(self) -> None:
        self.menu.addAction(self._ask)
        self.menu.addAction(self._status)
        self.menu.addSeparator()
        self.menu.addAction(self._pause)
        self.menu.addAction(self._lock)
        self.menu.addAction(self._settings)
        self.menu.addSeparator()
        self.menu.addAction(self._quit)
        self._icon.setContextMenu(self.menu)

    def _connect(self) -> None:
        self._ask.triggered.connect(self._wish_ask)
        self._pause.triggered.connect(self._wish_pause)
        self._lock.triggered.connect(self._wish_lock)
        self._settings.triggered.connect(self._wish_settings)
        self._quit.triggered.connect(self._wish_quit)
        self._icon.activated.connect(self._activate)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._follow_system)

    @Slot(QSystemTrayIcon.ActivationReason)
    def _activate(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason == QSystemTrayIcon.ActivationReason.Trigger:
            self.ask_wished.emit()

    @Slot()
    def _wish_ask(self) -> None:
        self.ask_wished.emit()

    @Slot()
    def _wish_pause(self) -> None:
        self.pause_wished.emit(0 if self._is_paused else 60)

    @Slot()
    def _wish_lock(self) -> None:
        self.lock_wished.emit()

    @Slot()
    def _wish_settings(self) -> None:
        self.settings_wished.emit()

    @Slot()
    def _wish_quit(self) -> None:
        self.quit_wished.emit()

    @Slot(Qt.ColorScheme)
    def _follow_system(self, _scheme: Qt.ColorScheme) -> None:
        self._paint_icon()

    def _paint_icon(self) -> None:
        # The tray belongs to the desktop, so its icon follows the system and not the theme setting.
        is_dark = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
        icon = QIcon(str(resource("icons", "tray-light.svg" if is_dark else "tray-dark.svg")))
        self._icon.setIcon(icon)
