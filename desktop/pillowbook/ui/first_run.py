"""The first steps, when there is no vault yet: what this is, a key, folders, a model, and the hotkey."""

from typing import Final

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from pillowbook.core.client import CoreClient
from pillowbook.core.protocol import ModelView, Status
from pillowbook.domain.errors import PillowbookError
from pillowbook.settings.catalogue import ALL, GENERATOR
from pillowbook.ui import phrases
from pillowbook.ui.controller import Controller
from pillowbook.ui.folders_page import FoldersPage
from pillowbook.ui.hotkey import HotkeySource, HotkeyState
from pillowbook.ui.model_row import ModelRow
from pillowbook.ui.theme import Theme, app_icon
from pillowbook.ui.unlock_card import PassphraseEdit
from pillowbook.ui.widgets import button, card, clear_layout, hairline, plain_label, scrolled, set_main

STEPS: Final = ("Welcome", "Protect your notes", "Choose folders", "The language model", "Ready")
WELCOME, PROTECT, FOLDERS, MODEL, READY = range(5)
PROMISES: Final = (
    (
        "Ask in your own words",
        "Press a key anywhere, ask, and see the answer with the line of your notes it comes from.",
    ),
    (
        "Ready before you ask",
        "While the machine is idle, a model on it reads your notes and prepares answers.",
    ),
    (
        "Nothing leaves this machine",
        "Notes, questions and answers stay here, encrypted. Only a model you install is fetched.",
    ),
)


class FirstRun(QWidget):
    """Five short steps.

    Signals:
        finished: the last step was confirmed.
    """

    finished = Signal()

    def __init__(self, theme: Theme, controller: Controller, hotkey: HotkeySource) -> None:
        super().__init__()
        self.setObjectName("first-run")
        self.setWindowTitle("Welcome to Pillowbook")
        self.setProperty("window", True)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAttribute(Qt.WidgetAttribute.WA_QuitOnClose, False)
        self.setFixedSize(QSize(680, 560))
        self._theme = theme
        self._controller = controller
        self._hotkey = hotkey
        self._has_keychain = False
        self._has_vault = False
        self._icon = QLabel()
        self._icon.setFixedSize(40, 40)
        self._title = plain_label("step-title", tone="heading")
        self._step = plain_label("step", tone="small")
        self._error = plain_label("first-run-error", note="alarm", wraps=True)
        self._stack = QStackedWidget()
        self._protect_text = plain_label("protect-text", tone="muted", wraps=True)
        self.passphrase = _passphrase("new-passphrase", "Passphrase")
        self.again = _passphrase("new-passphrase-again", "The same once more")
        self.folders = FoldersPage(controller, margin_right=0)
        self._models_box, self._models = card()
        self._hotkey_text = plain_label("hotkey-sentence", tone="title", wraps=True)
        self._back = button("back", "Back", is_plain=True)
        self.next: QPushButton = button("next", "Begin", is_main=True)
        self._build()
        self._connect()
        self._show_step(WELCOME)

    @Slot()
    def begin(self) -> None:
        """Show the steps; where they stood, if they were begun."""
        self._controller.call(self, CoreClient.status, self._take_status, self._show_error, channel="status")
        self.show()
        self.raise_()
        self.activateWindow()
        self.next.setFocus()

    # -- steps ---------------------------------------------------------------------------------------------------------

    @Slot()
    def advance(self) -> None:
        """Do what the step is for, and go on."""
        step = self._stack.currentIndex()
        if step == PROTECT and not self._has_vault:
            self._make_vault()
        elif step == READY:
            self.hide()
            self.finished.emit()
        else:
            self._show_step(step + 1)

    @Slot()
    def go_back(self) -> None:
        """The step before; a vault that was made stays."""
        self._show_step(max(WELCOME, self._stack.currentIndex() - 1))

    def _show_step(self, step: int) -> None:
        self._error.hide()
        self._stack.setCurrentIndex(step)
        self._title.setText(STEPS[step] if step else "Welcome to Pillowbook")
        self._step.setText(f"Step {step + 1} of {len(STEPS)}")
        self._back.setVisible(step not in (WELCOME, FOLDERS) or (step == FOLDERS and not self._has_vault))
        self.next.setText(("Begin", "Make the vault", "Continue", "Continue", "Start asking")[step])
        set_main(self.next, True)
        self._set_busy(False)
        if step == PROTECT:
            self.passphrase.setFocus()
        elif step == FOLDERS:
            self.folders.refresh()
        elif step == MODEL:
            self._controller.call(
                self, CoreClient.models, self._take_models, self._show_error, channel="models"
            )
        if step == FOLDERS:
            self.folders.add.setFocus()
        elif step != PROTECT:
            self.next.setFocus()

    def _make_vault(self) -> None:
        passphrase, again = self.passphrase.text(), self.again.text()
        if passphrase != again:
            self._show_sentence("The two passphrases differ; type both once more.")
            self.passphrase.clear()
            self.again.clear()
            self.passphrase.setFocus()
            return
        if not passphrase and not self._has_keychain:
            self._show_sentence("This system has no keychain to keep the key in, so a passphrase is needed.")
            self.passphrase.setFocus()
            return
        self.passphrase.take()
        self.again.take()
        self._error.hide()
        self._set_busy(True)
        self.next.setText("Making the vault…")
        self._controller.call(
            self, lambda client: client.vault_init(passphrase or None), self._vault_made, self._vault_failed
        )

    def _set_busy(self, is_busy: bool) -> None:
        """The vault is being made: nothing else can be done until it is."""
        for widget in (self.next, self._back, self.passphrase, self.again):
            widget.setEnabled(not is_busy)

    def _vault_made(self, _result: None) -> None:
        self._has_vault = True
        self._show_step(FOLDERS)

    def _vault_failed(self, error: PillowbookError) -> None:
        self._show_step(PROTECT)
        self._show_error(error)

    # -- what the core tells -------------------------------------------------------------------------------------------

    def _take_status(self, status: Status) -> None:
        self._has_keychain = status.has_keychain
        if status.vault == "open" and not self._has_vault:
            self._has_vault = True
            self._show_step(FOLDERS)
        if status.has_keychain:
            self._protect_text.setText(
                "Everything Pillowbook keeps is encrypted. The key goes into this system's keychain, so the vault "
                "opens when you log in. A passphrase is optional; it opens the vault too if the keychain is lost."
            )
            self.passphrase.setPlaceholderText("Passphrase (optional)")
        else:
            self._protect_text.setText(
                "Everything Pillowbook keeps is encrypted. This system has no usable keychain, so you choose a "
                "passphrase and type it after each start. It cannot be recovered: keep it somewhere safe."
            )
            self.passphrase.setPlaceholderText("Passphrase")

    def _take_models(self, models: list[ModelView]) -> None:
        clear_layout(self._models)
        wanted = [model for model in models if model.is_used] or [
            model for model in models if model.id == GENERATOR.default
        ]
        for index, model in enumerate(wanted):
            if index:
                self._models.addWidget(hairline())
            row = ModelRow(model, self._controller)
            row.installed.connect(self._refresh_continue)
            self._models.addWidget(row)
        is_ready = all(model.is_installed for model in wanted)
        self.next.setText("Continue" if is_ready else "Later")

    @Slot(int)
    def _follow_folders(self, folders: int) -> None:
        if self._stack.currentIndex() != FOLDERS:
            return
        # One thing to do next: a folder first, then on.
        self.next.setText("Continue" if folders else "Later")
        set_main(self.next, bool(folders))
        set_main(self.folders.add, not folders)
        if folders and self.folders.add.hasFocus():
            self.next.setFocus()

    @Slot(str)
    def _refresh_continue(self, _model_id: str) -> None:
        if self._stack.currentIndex() == MODEL:
            self.next.setText("Continue")

    @Slot(object)
    def _show_hotkey(self, state: HotkeyState) -> None:
        self._hotkey_text.setText(state.sentence)

    def _show_error(self, error: PillowbookError) -> None:
        self._show_sentence(phrases.error_sentence(error))

    def _show_sentence(self, sentence: str) -> None:
        self._error.setText(sentence)
        self._error.show()

    # -- building ------------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(16)
        self._icon.setPixmap(app_icon().pixmap(QSize(40, 40), self.devicePixelRatioF()))
        head.addWidget(self._icon)
        head.addWidget(self._title, 1)
        head.addWidget(self._step)
        for page in (
            self._welcome_page(),
            self._protect_page(),
            self._folders_page(),
            self._model_page(),
            self._ready_page(),
        ):
            self._stack.addWidget(page)
        foot = QHBoxLayout()
        foot.addWidget(self._back)
        foot.addStretch(1)
        foot.addWidget(self.next)
        column = QVBoxLayout(self)
        column.setContentsMargins(32, 28, 32, 24)
        column.setSpacing(20)
        column.addLayout(head)
        column.addWidget(self._error)
        column.addWidget(self._stack, 1)
        column.addLayout(foot)

    def _connect(self) -> None:
        self.next.clicked.connect(self.advance)
        self._back.clicked.connect(self.go_back)
        self.passphrase.returnPressed.connect(self.again.setFocus)
        self.again.returnPressed.connect(self.advance)
        self.folders.folders_shown.connect(self._follow_folders)
        self._hotkey.state_changed.connect(self._show_hotkey)
        self._show_hotkey(self._hotkey.state)

    def _welcome_page(self) -> QWidget:
        page, column = _page()
        for title, text in PROMISES:
            frame, inner = card()
            inner.setSpacing(4)
            inner.addWidget(plain_label(text=title, tone="title"))
            inner.addWidget(plain_label(text=text, tone="muted", wraps=True))
            column.addWidget(frame)
        column.addStretch(1)
        return page

    def _protect_page(self) -> QWidget:
        page, column = _page()
        column.addWidget(self._protect_text)
        frame, inner = card()
        inner.addWidget(self.passphrase)
        inner.addWidget(self.again)
        column.addWidget(frame)
        column.addStretch(1)
        return page

    def _folders_page(self) -> QWidget:
        page, column = _page()
        column.addWidget(
            plain_label(
                text="Which folders hold your notes and documents? They are read where they lie and never changed. "
                "You can ask while they are still being read.",
                tone="muted",
                wraps=True,
            )
        )
        column.addWidget(scrolled(self.folders), 1)
        return page

    def _model_page(self) -> QWidget:
        page, column = _page()
        column.addWidget(
            plain_label(
                text="A language model on this machine writes the answers. Installing one is the only time that "
                "anything is fetched. Without it you can still search your notes by words.",
                tone="muted",
                wraps=True,
            )
        )
        column.addWidget(self._models_box)
        column.addStretch(1)
        return page

    def _ready_page(self) -> QWidget:
        page, column = _page()
        frame, inner = card()
        inner.addWidget(self._hotkey_text)
        inner.addWidget(
            plain_label(
                text="Type a question and press Enter. Ctrl+1 opens the first source at its place, Ctrl+C copies the "
                "answer, Esc puts the panel away.",
                tone="muted",
                wraps=True,
            )
        )
        column.addWidget(frame)
        when = next(setting for setting in ALL if setting.key == "schedule.work_when")
        column.addWidget(
            plain_label(
                text=f"Answers are prepared by themselves; when, you decide in the settings under “{when.page.value}”.",
                tone="muted",
                wraps=True,
            )
        )
        column.addStretch(1)
        return page


def _page() -> tuple[QWidget, QVBoxLayout]:
    page = QWidget()
    column = QVBoxLayout(page)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(16)
    return page, column


def _passphrase(name: str, label: str) -> PassphraseEdit:
    edit = PassphraseEdit()
    edit.setObjectName(name)
    edit.setAccessibleName(label)
    edit.setPlaceholderText(label)
    return edit
