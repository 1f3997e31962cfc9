"""The watched folders, and what could not be read in them and why."""

from collections import Counter
from pathlib import Path
from typing import Final

from PySide6.QtCore import QDir, QTimer, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from pillowbook.core.client import CoreClient
from pillowbook.core.protocol import DocumentTrouble, Status
from pillowbook.domain.documents import Folder
from pillowbook.domain.errors import PillowbookError
from pillowbook.ui import phrases
from pillowbook.ui.controller import Controller
from pillowbook.ui.widgets import button, card, clear_layout, plain_label

MAX_TROUBLES_SHOWN: Final = 50
REFRESH_AFTER_MS: Final = 500
STATES: Final = (
    ("indexed", "ready to ask"),
    ("waiting", "waiting to be read"),
    ("failed", "not read"),
    ("excluded", "left out"),
)


class FolderRow(QWidget):
    """One folder: its path, its troubles, and the way to remove it, which asks once more in place.

    Signals:
        removal_wished(str): the path.
        keeping_wished(str, bool): the path, and whether its text must never leave this machine.
        privacy_wished(str, bool): the path, and whether other programs may not use it.
    """

    removal_wished = Signal(str)
    keeping_wished = Signal(str, bool)
    privacy_wished = Signal(str, bool)

    def __init__(self, folder: Folder, troubles: list[DocumentTrouble]) -> None:
        super().__init__()
        self.folder = folder
        path = Path(folder.path)
        self._remove = button("remove-folder", "Remove", is_plain=True)
        self._remove.setAccessibleName(f"Remove {path.name}")
        self._question = plain_label(
            text="Forget everything read from here? Your files stay as they are.", tone="alarm", wraps=True
        )
        self._yes = button("confirm-removal", "Remove")
        self._no = button("keep-folder", "Keep", is_plain=True)
        row = QHBoxLayout()
        row.setSpacing(8)
        words = QVBoxLayout()
        words.setSpacing(4)
        words.addWidget(plain_label("folder", text=path.name or folder.path, tone="title"))
        words.addWidget(plain_label(text=folder.path, tone="small", wraps=True))
        self._kept = QCheckBox("Its text never leaves this machine")
        self._kept.setObjectName("keep-here")
        self._kept.setChecked(folder.is_kept_here)
        self._kept.setToolTip(
            "Even where a model server of yours writes, these notes are read by the model here."
        )
        words.addWidget(self._kept)
        self._private = QCheckBox("Other programs may not use it")
        self._private.setObjectName("keep-private")
        self._private.setChecked(folder.is_kept_private)
        self._private.setToolTip(
            "Even where assistants on this machine may use your notes, these stay out of it."
        )
        words.addWidget(self._private)
        words.addWidget(self._question)
        row.addLayout(words, 1)
        for made in (self._remove, self._yes, self._no):
            row.addWidget(made)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(row)
        if troubles:
            column.addWidget(plain_label(text=_trouble_heading(troubles), tone="small"))
        for trouble in troubles[:MAX_TROUBLES_SHOWN]:
            column.addWidget(_trouble_line(trouble, path))
        if len(troubles) > MAX_TROUBLES_SHOWN:
            rest = len(troubles) - MAX_TROUBLES_SHOWN
            column.addWidget(
                plain_label(text=f"and {rest:,} more; 'pillowbook status' lists them all.", tone="small")
            )
        self._ask(False)
        self._kept.clicked.connect(self._keep_here)
        self._private.clicked.connect(self._keep_private)
        self._remove.clicked.connect(self._begin)
        self._no.clicked.connect(self._keep)
        self._yes.clicked.connect(self._confirm)

    def _ask(self, is_asking: bool) -> None:
        self._remove.setVisible(not is_asking)
        for widget in (self._question, self._yes, self._no):
            widget.setVisible(is_asking)

    @Slot(bool)
    def _keep_here(self, is_kept: bool) -> None:
        self.keeping_wished.emit(self.folder.path, is_kept)

    @Slot(bool)
    def _keep_private(self, is_kept: bool) -> None:
        self.privacy_wished.emit(self.folder.path, is_kept)

    @Slot()
    def _begin(self) -> None:
        self._ask(True)
        self._no.setFocus()

    @Slot()
    def _keep(self) -> None:
        self._ask(False)
        self._remove.setFocus()

    @Slot()
    def _confirm(self) -> None:
        self.setEnabled(False)
        self.removal_wished.emit(self.folder.path)


class FoldersPage(QWidget):
    """Adds and removes folders.

    Signals:
        folders_shown(int): so many folders are watched.
    """

    folders_shown = Signal(int)

    def __init__(self, controller: Controller, *, margin_right: int = 8) -> None:
        super().__init__()
        self._controller = controller
        self._folders: list[Folder] = []
        self._status: Status | None = None
        self._dialog: QFileDialog | None = None
        self._shown: tuple[tuple[Folder, ...], tuple[DocumentTrouble, ...]] = ((), ())
        self._is_looking = False
        self.add = button("add-folder", "Add a folder…", is_main=True)
        self._counts = plain_label("document-counts", tone="muted", wraps=True)
        self._error = plain_label("folder-error", note="alarm", wraps=True)
        self._error.hide()
        frame, self._list = card()
        head = QHBoxLayout()
        head.addWidget(self._counts, 1)
        head.addWidget(self.add)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, margin_right, 0)
        column.setSpacing(16)
        column.addLayout(head)
        column.addWidget(self._error)
        column.addWidget(frame)
        column.addStretch(1)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(REFRESH_AFTER_MS)
        self._soon.timeout.connect(self.refresh)
        self.add.clicked.connect(self.choose_folder)
        controller.library_changed.connect(self._refresh_soon)

    @Slot()
    def refresh(self) -> None:
        """Fetch folders and status anew."""
        self._controller.call(
            self, CoreClient.folders, self._take_folders, self._show_error, channel="folders"
        )
        self._controller.call(self, CoreClient.status, self._take_status, self._show_error, channel="status")

    @Slot(object)
    def _refresh_soon(self, _change: object) -> None:
        self._is_looking = False
        # Events come in bursts while documents are read.
        if self.isVisible() and not self._soon.isActive():
            self._soon.start()

    def blank(self) -> None:
        """Forget all names; the vault is locked."""
        self._folders, self._status = [], None
        self._counts.clear()
        self._show()

    @Slot()
    def choose_folder(self) -> None:
        """Let the user pick a folder, in a dialog of its own."""
        if self._dialog is not None:
            self._dialog.raise_()
            return
        dialog = QFileDialog(self, "Choose a folder of notes", QDir.homePath())
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(self.add_folder)
        dialog.finished.connect(self._drop_dialog)
        self._dialog = dialog
        dialog.open()

    @Slot(str)
    def add_folder(self, path: str) -> None:
        """Watch a folder from now on."""
        self._error.hide()
        self._controller.call(self, lambda client: client.add_folder(path), self._added, self._show_error)

    @Slot(str)
    def remove_folder(self, path: str) -> None:
        """Stop watching; everything derived from the folder is deleted."""
        self._controller.call(
            self, lambda client: client.remove_folder(path), self._changed, self._show_error
        )

    @Slot(str, bool)
    def keep_here(self, path: str, is_kept: bool) -> None:
        """Let a folder's text never leave this machine, or let it again."""
        self._controller.call(
            self, lambda client: client.keep_here(path, is_kept=is_kept), self._changed, self._show_error
        )

    @Slot(str, bool)
    def keep_private(self, path: str, is_kept: bool) -> None:
        """Let other programs not use a folder, or let them again."""
        self._controller.call(
            self, lambda client: client.keep_private(path, is_kept=is_kept), self._changed, self._show_error
        )

    @Slot(int)
    def _drop_dialog(self, _result: int) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
            self._dialog = None

    def _added(self, _folder: Folder) -> None:
        # Until the core tells of the first scan, no count is known.
        self._is_looking = True
        self._changed(None)

    def _changed(self, _result: object) -> None:
        self._error.hide()
        self.refresh()

    def _show_error(self, error: PillowbookError) -> None:
        self._error.setText(phrases.error_sentence(error))
        self._error.show()
        self._shown = ((), ())
        self._show()

    def _take_folders(self, folders: list[Folder]) -> None:
        self._folders = folders
        self._show()
        self.folders_shown.emit(len(folders))

    def _take_status(self, status: Status) -> None:
        self._status = status
        self._error.hide()
        parts = [
            f"{status.documents.get(state, 0):,} {words}"
            for state, words in STATES
            if status.documents.get(state)
        ]
        if parts:
            self._counts.setText(f"Documents: {', '.join(parts)}.")
        else:
            self._counts.setText("Looking for documents…" if self._is_looking else "Documents: none yet.")
        self._show()

    def _show(self) -> None:
        troubles = self._status.troubles if self._status is not None else ()
        shown = (tuple(self._folders), troubles)
        if shown == self._shown and self._list.count():
            # Rows stay as they are, so that a question about removing is not taken away while documents come in.
            return
        self._shown = shown
        clear_layout(self._list)
        if not self._folders:
            self._list.addWidget(
                plain_label(
                    text="No folder is watched yet. Add the folder where your notes are; they are read where they lie.",
                    tone="muted",
                    wraps=True,
                )
            )
        for folder in self._folders:
            inside = [trouble for trouble in troubles if _is_inside(trouble.path, folder.path)]
            row = FolderRow(folder, inside)
            row.removal_wished.connect(self.remove_folder)
            row.keeping_wished.connect(self.keep_here)
            row.privacy_wished.connect(self.keep_private)
            self._list.addWidget(row)


def _is_inside(path: str, folder: str) -> bool:
    return path == folder or Path(folder) in Path(path).parents


def _trouble_heading(troubles: list[DocumentTrouble]) -> str:
    counted = Counter(trouble.state for trouble in troubles)
    words = dict(STATES)
    return ", ".join(f"{number:,} {words.get(state, state)}" for state, number in counted.items()) + ":"


def _trouble_line(trouble: DocumentTrouble, folder: Path) -> QWidget:
    path = Path(trouble.path)
    name = str(path.relative_to(folder)) if folder in path.parents else path.name
    line = plain_label("trouble", tone="small", wraps=True)
    line.setText(f"{name}: {phrases.trouble_sentence(trouble.state, trouble.reason)}")
    line.setContentsMargins(16, 0, 0, 0)
    return line
