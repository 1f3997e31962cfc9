"""The settings window: a list of pages at the side, each rendered from data."""

from typing import Final

from PySide6.QtCore import QSize, Qt, QTimer, Slot
from PySide6.QtGui import QCloseEvent, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QStackedWidget, QVBoxLayout, QWidget

from pillowbook.core.client import CoreClient
from pillowbook.core.protocol import ModelView, SettingView
from pillowbook.domain.errors import PillowbookError
from pillowbook.settings.catalogue import Page
from pillowbook.ui import phrases
from pillowbook.ui.controller import Controller
from pillowbook.ui.folders_page import FoldersPage
from pillowbook.ui.hotkey import HotkeySource
from pillowbook.ui.prepared_page import PreparedPage
from pillowbook.ui.settings_page import SettingsPage
from pillowbook.ui.status_page import StatusPage
from pillowbook.ui.theme import Theme
from pillowbook.ui.widgets import plain_label, scrolled

FOLDERS: Final = "Folders"
PREPARED: Final = "Prepared"
STATUS: Final = "Status"
REFRESH_AFTER_MS: Final = 500


class SettingsWindow(QWidget):
    """Shows and changes settings, folders and models; tells how the background work stands."""

    def __init__(self, theme: Theme, controller: Controller, hotkey: HotkeySource) -> None:
        super().__init__()
        self.setObjectName("settings")
        self.setWindowTitle("Settings")
        self.setProperty("window", True)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAttribute(Qt.WidgetAttribute.WA_QuitOnClose, False)
        self.resize(QSize(860, 620))
        self._controller = controller
        self.folders = FoldersPage(controller)
        self.prepared = PreparedPage(controller)
        self.status = StatusPage(controller)
        self.pages = {page.value: SettingsPage(page, controller, hotkey) for page in Page}
        self.list = QListWidget()
        self.list.setObjectName("pages")
        self.list.setAccessibleName("Pages")
        self.list.setFixedWidth(184)
        self._title = plain_label("page-title", tone="heading")
        self._error = plain_label("settings-error", note="alarm", wraps=True)
        self._error.hide()
        self._stack = QStackedWidget()
        self._refresh = QTimer(self)
        self._refresh.setSingleShot(True)
        self._refresh.setInterval(REFRESH_AFTER_MS)
        self._build()
        self._connect()
        self.list.setCurrentRow(0)

    def open_page(self, name: str = "") -> None:
        """Show the window at a page, or where it was."""
        for row in range(self.list.count()):
            if self.list.item(row).text() == name:
                self.list.setCurrentRow(row)
        self.refresh()
        self.show()
        self.raise_()
        self.activateWindow()
        self.list.setFocus()

    @Slot()
    def refresh(self) -> None:
        """Fetch everything that is shown."""
        self._controller.call(
            self, CoreClient.settings, self._take_settings, self._show_error, channel="settings"
        )
        self._controller.call(self, CoreClient.models, self._take_models, self._show_error, channel="models")
        self._refresh_content()

    def blank(self) -> None:
        """Forget names and figures; the vault is locked."""
        self.folders.blank()
        self.prepared.blank()
        self.status.blank()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        self._refresh.stop()
        super().closeEvent(event)

    # -- parts ---------------------------------------------------------------------------------------------------------

    def _take_settings(self, views: list[SettingView]) -> None:
        self._error.hide()
        for page in self.pages.values():
            page.show_settings(views)

    @Slot()
    def _refresh_models(self) -> None:
        self._controller.call(self, CoreClient.models, self._take_models, self._show_error, channel="models")

    def _take_models(self, models: list[ModelView]) -> None:
        for page in self.pages.values():
            page.show_models(models)

    def _show_error(self, error: PillowbookError) -> None:
        self._error.setText(phrases.error_sentence(error))
        self._error.show()

    @Slot(int)
    def _show_page(self, row: int) -> None:
        self._stack.setCurrentIndex(row)
        item = self.list.item(row)
        self._title.setText(item.text())

    @Slot()
    def _refresh_soon(self) -> None:
        # Events come in bursts while documents are read.
        if self.isVisible() and not self._refresh.isActive():
            self._refresh.start()

    @Slot()
    def _refresh_content(self) -> None:
        self.folders.refresh()
        if self.prepared.isVisible():  # it fetches what it shows when it is turned to
            self.prepared.refresh()
        self.status.refresh()

    def _build(self) -> None:
        pages: list[tuple[str, QWidget]] = [
            (FOLDERS, self.folders),
            *self.pages.items(),
            (PREPARED, self.prepared),
            (STATUS, self.status),
        ]
        for name, page in pages:
            self.list.addItem(name)
            self._stack.addWidget(scrolled(page))
        right = QVBoxLayout()
        right.setSpacing(16)
        right.addWidget(self._title)
        right.addWidget(self._error)
        right.addWidget(self._stack, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 24, 16, 16)
        row.setSpacing(24)
        row.addWidget(self.list)
        row.addLayout(right, 1)

    def _connect(self) -> None:
        self.list.currentRowChanged.connect(self._show_page)
        self._refresh.timeout.connect(self._refresh_content)
        self._controller.library_changed.connect(self._refresh_soon)
        self._controller.prepared_changed.connect(self._refresh_soon)
        self._controller.vault_changed.connect(self._refresh_soon)
        self.pages[Page.MODELS.value].models_changed.connect(self._refresh_models)
