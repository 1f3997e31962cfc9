"""A page of settings, rendered from the catalogue."""

from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from pillowbook.core.protocol import ModelView, SettingView
from pillowbook.domain.errors import ConfirmationNeeded, PillowbookError
from pillowbook.settings.catalogue import ALL, HOTKEY, Page, Setting
from pillowbook.ui import phrases
from pillowbook.ui.controller import Controller
from pillowbook.ui.hotkey import HotkeySource, HotkeyState
from pillowbook.ui.model_row import ModelRow
from pillowbook.ui.server_row import ServerRow
from pillowbook.ui.setting_editors import ModelEditor, SettingEditor, editor_for
from pillowbook.ui.widgets import button, card, clear_layout, hairline, plain_label, restyle


class SettingRow(QWidget):
    """Title, help and editor of one setting, and the sentence when a value was not taken.

    A value that has to be confirmed stays as it was until the user, told what follows, says so.
    """

    def __init__(self, setting: Setting[Any], controller: Controller) -> None:
        super().__init__()
        self.setting = setting
        self._controller = controller
        self._value = ""
        self._wished = ""
        self.editor: SettingEditor = editor_for(setting)
        self.note: QLabel = plain_label(f"note-{setting.key}", tone="small", wraps=True)
        self.note.hide()
        title = plain_label(text=setting.title, tone="title")
        title.setBuddy(self.editor)
        words = QVBoxLayout()
        words.setSpacing(4)
        words.addWidget(title)
        words.addWidget(plain_label(text=setting.help, tone="small", wraps=True))
        words.addWidget(self.note)
        self._confirm = button(f"confirm-{setting.key}", "I understand, do it")
        self._decline = button(f"decline-{setting.key}", "Leave it as it is")
        asking = QHBoxLayout()
        asking.addWidget(self._confirm)
        asking.addWidget(self._decline)
        asking.addStretch(1)
        words.addLayout(asking)
        self._ask(False)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(24)
        row.addLayout(words, 1)
        row.addWidget(self.editor, 0, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignRight)
        self.editor.changed.connect(self._change)
        self._confirm.clicked.connect(self._confirmed)
        self._decline.clicked.connect(self._declined)

    def show_value(self, text: str) -> None:
        """The value as the core has it."""
        self._value = text
        self.editor.show_value(text)

    def show_note(self, sentence: str, *, is_alarm: bool = False) -> None:
        """A sentence under the help; empty for none."""
        restyle(self.note, "tone", "alarm" if is_alarm else "small")
        self.note.setText(sentence)
        self.note.setVisible(bool(sentence))

    @Slot(str)
    def _change(self, text: str) -> None:
        self._wished = text
        self._send(is_confirmed=False)

    def _send(self, *, is_confirmed: bool) -> None:
        key, text = self.setting.key, self._wished
        self._controller.call(
            self,
            lambda client: client.set_setting(key, text, is_confirmed=is_confirmed),
            self._taken,
            self._refused,
            channel="set",
        )

    @Slot()
    def _confirmed(self) -> None:
        self._send(is_confirmed=True)

    @Slot()
    def _declined(self) -> None:
        self._ask(False)
        self.show_note("")
        self.editor.setFocus()

    def _ask(self, is_asking: bool) -> None:
        self._confirm.setVisible(is_asking)
        self._decline.setVisible(is_asking)

    def _taken(self, _result: None) -> None:
        self._ask(False)
        if self.setting is not HOTKEY:
            self.show_note("")

    def _refused(self, error: PillowbookError) -> None:
        self.editor.show_value(self._value)
        if isinstance(error, ConfirmationNeeded):
            self.show_note(self.setting.warning, is_alarm=True)
            self._ask(True)
            self._decline.setFocus()
            return
        self.show_note(phrases.error_sentence(error), is_alarm=True)


class SettingsPage(QWidget):
    """All settings of one page, in the order of the catalogue.

    Signals:
        models_changed: a model was installed from here.
    """

    models_changed = Signal()

    def __init__(self, page: Page, controller: Controller, hotkey: HotkeySource) -> None:
        super().__init__()
        self._controller = controller
        self._hotkey = hotkey
        self.rows = {setting.key: SettingRow(setting, controller) for setting in ALL if setting.page is page}
        self._model_rows: QVBoxLayout | None = None
        self._models: dict[str, ModelRow] = {}
        frame, column = card()
        for index, row in enumerate(self.rows.values()):
            if index:
                column.addWidget(hairline())
            column.addWidget(row)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 8, 0)
        outer.setSpacing(16)
        outer.addWidget(frame)
        if page is Page.MODELS:
            column.addWidget(hairline())
            column.addWidget(ServerRow(controller))
            models, self._model_rows = card()
            outer.addWidget(models)
        outer.addStretch(1)
        self._connect()

    def show_settings(self, views: list[SettingView]) -> None:
        """The values as the core has them."""
        for view in views:
            row = self.rows.get(view.key)
            if row is not None:
                row.show_value(view.value)
        self._show_hotkey(self._hotkey.state)

    def show_models(self, models: list[ModelView]) -> None:
        """The catalogue of models, for the editors and, on the models' page, for installing."""
        for row in self.rows.values():
            if isinstance(row.editor, ModelEditor):
                row.editor.show_models(models)
        if self._model_rows is None:
            return
        if list(self._models) == [model.id for model in models]:
            # A row may be in the middle of installing, so it is told the news instead of being made anew.
            for model in models:
                self._models[model.id].show_model(model)
            return
        clear_layout(self._model_rows)
        self._models.clear()
        for index, model in enumerate(models):
            if index:
                self._model_rows.addWidget(hairline())
            made = self._models[model.id] = ModelRow(model, self._controller)
            made.installed.connect(self._tell_installed)
            self._model_rows.addWidget(made)

    def _connect(self) -> None:
        self._controller.setting_changed.connect(self._follow)
        self._hotkey.state_changed.connect(self._show_hotkey)

    @Slot(str, str)
    def _follow(self, key: str, value: str) -> None:
        row = self.rows.get(key)
        if row is not None:
            row.show_value(value)

    @Slot(object)
    def _show_hotkey(self, state: HotkeyState) -> None:
        row = self.rows.get(HOTKEY.key)
        if row is not None:
            row.show_note(state.sentence, is_alarm=not state.is_active)

    @Slot(str)
    def _tell_installed(self, _model_id: str) -> None:
        self.models_changed.emit()
