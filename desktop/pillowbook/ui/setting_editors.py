"""One editor per kind of setting; the settings window is made of these and of nothing else."""

from typing import Any

from PySide6.QtCore import QEvent, QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QKeySequence, QWheelEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLineEdit, QSizePolicy, QSpinBox, QWidget

from pillowbook.core.protocol import ModelView
from pillowbook.settings.catalogue import Setting
from pillowbook.settings.kinds import (
    Choice,
    DailyHours,
    Hotkey,
    ModelName,
    Switch,
    Text,
    WebAddress,
    Whole,
)

MODIFIERS = (
    (Qt.KeyboardModifier.ControlModifier, "Ctrl"),
    (Qt.KeyboardModifier.AltModifier, "Alt"),
    (Qt.KeyboardModifier.ShiftModifier, "Shift"),
    (Qt.KeyboardModifier.MetaModifier, "Super"),
)
MODIFIER_KEYS = frozenset(
    {
        Qt.Key.Key_Control,
        Qt.Key.Key_Alt,
        Qt.Key.Key_AltGr,
        Qt.Key.Key_Shift,
        Qt.Key.Key_Meta,
        Qt.Key.Key_Super_L,
        Qt.Key.Key_Super_R,
        Qt.Key.Key_CapsLock,
        Qt.Key.Key_NumLock,
    }
)


class SettingEditor(QWidget):
    """Shows a value in its written form and tells when the user changes it.

    Signals:
        changed(str): the written form of the new value.
    """

    changed = Signal(str)

    def show_value(self, text: str) -> None:
        """Show a value without telling it back."""
        raise NotImplementedError

    def _hold(self, widget: QWidget, setting: Setting[Any]) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(widget)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Maximum)
        widget.setObjectName(setting.key)
        widget.setAccessibleName(setting.title)
        widget.setAccessibleDescription(setting.help)
        self.setFocusProxy(widget)


class SwitchEditor(SettingEditor):
    """On or off."""

    def __init__(self, setting: Setting[bool]) -> None:
        super().__init__()
        self._box = QCheckBox()
        self._hold(self._box, setting)
        self._box.toggled.connect(self._tell)

    def show_value(self, text: str) -> None:
        with QSignalBlocker(self._box):
            self._box.setChecked(text == "on")

    @Slot(bool)
    def _tell(self, is_on: bool) -> None:
        self.changed.emit("on" if is_on else "off")


class _StillSpinBox(QSpinBox):
    """A spin box that the wheel does not change while a page is scrolled past it."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class _StillComboBox(QComboBox):
    """As :class:`_StillSpinBox`, and no wider than it needs to be: a model may have any name."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(20)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class WholeEditor(SettingEditor):
    """A whole number with its unit."""

    def __init__(self, setting: Setting[int], kind: Whole) -> None:
        super().__init__()
        self._box = _StillSpinBox()
        self._box.setRange(kind.least, kind.most)
        self._box.setSuffix(f" {kind.unit}" if kind.unit else "")
        self._box.setKeyboardTracking(False)
        self._box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._box.setMinimumWidth(150)
        self._box.lineEdit().setTextMargins(8, 0, 0, 0)
        self._hold(self._box, setting)
        self._box.valueChanged.connect(self._tell)

    def show_value(self, text: str) -> None:
        with QSignalBlocker(self._box):
            self._box.setValue(int(text))

    @Slot(int)
    def _tell(self, value: int) -> None:
        self.changed.emit(str(value))


class ChoiceEditor(SettingEditor):
    """One of a few words."""

    def __init__(self, setting: Setting[str], kind: Choice) -> None:
        super().__init__()
        self._box = _StillComboBox()
        self._box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._box.setMinimumWidth(220)
        for word, label in kind.labels.items():
            self._box.addItem(label, word)
        self._hold(self._box, setting)
        self._box.activated.connect(self._tell)

    def show_value(self, text: str) -> None:
        with QSignalBlocker(self._box):
            self._box.setCurrentIndex(self._box.findData(text))

    @Slot(int)
    def _tell(self, index: int) -> None:
        self.changed.emit(str(self._box.itemData(index)))


class ModelEditor(SettingEditor):
    """One of the installed models of a role."""

    def __init__(self, setting: Setting[str], kind: ModelName) -> None:
        super().__init__()
        self.role = kind.role
        self._value = ""
        self._box = _StillComboBox()
        self._box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._box.setMinimumWidth(260)
        self._hold(self._box, setting)
        self._box.activated.connect(self._tell)

    def show_models(self, models: list[ModelView]) -> None:
        """Offer the models of this role; only installed ones can be chosen, beside the one that is chosen already."""
        with QSignalBlocker(self._box):
            self._box.clear()
            for model in models:
                if model.role == self.role and (model.is_installed or model.id == self._value):
                    note = "" if model.is_installed else " (not installed)"
                    self._box.addItem(f"{model.title}{note}", model.id)
            self._box.setCurrentIndex(self._box.findData(self._value))

    def show_value(self, text: str) -> None:
        self._value = text
        with QSignalBlocker(self._box):
            if self._box.findData(text) < 0:
                self._box.addItem(text, text)
            self._box.setCurrentIndex(self._box.findData(text))

    @Slot(int)
    def _tell(self, index: int) -> None:
        self.changed.emit(str(self._box.itemData(index)))


class TextEditor(SettingEditor):
    """One line of text; told once the user is done with it."""

    def __init__(self, setting: Setting[Any]) -> None:
        super().__init__()
        self._value = ""
        self._edit = QLineEdit()
        self._edit.setMinimumWidth(260)
        self._hold(self._edit, setting)
        self._edit.editingFinished.connect(self._tell)

    def show_value(self, text: str) -> None:
        self._value = text
        self._edit.setText(text)

    @Slot()
    def _tell(self) -> None:
        if self._edit.text().strip() != self._value:
            self._value = self._edit.text().strip()
            self.changed.emit(self._value)


class HotkeyEdit(QLineEdit):
    """Takes the next key that is pressed with a modifier; Backspace clears, Escape leaves it as it was.

    Signals:
        captured(str): in the form of the settings, such as ``Ctrl+Alt+Space``.
    """

    captured = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setReadOnly(True)
        self.setPlaceholderText("None; press keys to set one")
        self.setMinimumWidth(220)

    def event(self, event: QEvent) -> bool:
        # Shortcuts of the window must not take the very keys that are to be captured.
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, modifiers = Qt.Key(event.key()), event.modifiers()
        held = [name for modifier, name in MODIFIERS if modifiers & modifier]
        if key in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab, Qt.Key.Key_Escape) and not set(held) - {"Shift"}:
            super().keyPressEvent(event)
            if key == Qt.Key.Key_Escape:
                self.clearFocus()
            return
        if key in MODIFIER_KEYS:
            return
        if key in (Qt.Key.Key_Backspace, Qt.Key.Key_Delete) and not held:
            self.setText("")
            self.captured.emit("")
            return
        name = QKeySequence(key).toString(QKeySequence.SequenceFormat.PortableText)
        if held and name and "+" not in name:
            text = "+".join([*held, name])
            self.setText(text)
            self.captured.emit(text)


class HotkeyEditor(SettingEditor):
    """A key with modifiers."""

    def __init__(self, setting: Setting[str]) -> None:
        super().__init__()
        self._edit = HotkeyEdit()
        self._hold(self._edit, setting)
        self._edit.captured.connect(self.changed)

    def show_value(self, text: str) -> None:
        self._edit.setText(text)


def editor_for(setting: Setting[Any]) -> SettingEditor:
    """The editor of a setting's kind."""
    match setting.kind:
        case Switch():
            return SwitchEditor(setting)
        case Whole() as kind:
            return WholeEditor(setting, kind)
        case Choice() as kind:
            return ChoiceEditor(setting, kind)
        case Hotkey():
            return HotkeyEditor(setting)
        case ModelName() as kind:
            return ModelEditor(setting, kind)
        case Text() | WebAddress() | DailyHours():
            return TextEditor(setting)
        case _:
            raise TypeError(type(setting.kind).__name__)
