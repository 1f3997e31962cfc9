"""Asking for the passphrase in the panel itself."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from pillowbook.ui.theme import Theme
from pillowbook.ui.widgets import button, plain_label, restyle


class PassphraseEdit(QLineEdit):
    """A field whose text never reaches the clipboard, the history of an input method or a drag."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setEchoMode(QLineEdit.EchoMode.Password)
        self.setDragEnabled(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.setInputMethodHints(
            Qt.InputMethodHint.ImhHiddenText
            | Qt.InputMethodHint.ImhSensitiveData
            | Qt.InputMethodHint.ImhNoPredictiveText
            | Qt.InputMethodHint.ImhNoAutoUppercase
        )

    def take(self) -> str:
        """The text, which is then gone from the field."""
        text = self.text()
        self.clear()
        return text

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # QLineEdit keeps an undo history; a passphrase that was taken must not come back by Ctrl+Z.
        if event.matches(QKeySequence.StandardKey.Undo) or event.matches(QKeySequence.StandardKey.Redo):
            return
        super().keyPressEvent(event)


class UnlockCard(QWidget):
    """Says that the vault is locked and takes the passphrase.

    Signals:
        unlock_wished(str): the passphrase was entered; an empty one means: try the system's keychain.
    """

    unlock_wished = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._sign = QLabel()
        self._sign.setFixedSize(24, 24)
        self._title = plain_label(text="The vault is locked", tone="title")
        self._sentence = plain_label("unlock-sentence", tone="muted", wraps=True)
        self.passphrase = PassphraseEdit()
        self.passphrase.setObjectName("passphrase")
        self.passphrase.setPlaceholderText("Passphrase")
        self.passphrase.setAccessibleName("Passphrase of the vault")
        self._unlock = button("unlock", "Unlock", is_main=True)
        self._keychain = button("unlock-by-keychain", "Use the keychain")
        self._build()
        self._connect()
        self._paint_sign()

    def show_locked(self, *, has_keychain: bool, sentence: str = "", is_alarm: bool = False) -> None:
        """Show the card; ``sentence`` says what went wrong, if anything did."""
        self.setEnabled(True)
        self.passphrase.clear()
        self._keychain.setVisible(has_keychain)
        self._sentence.setText(
            sentence or "Your notes' index and prepared answers are encrypted. Unlock to ask."
        )
        restyle(self._sentence, "tone", "alarm" if is_alarm else "muted")
        self.show()

    def show_unlocking(self) -> None:
        """The key is being made; that takes about a second on purpose."""
        self.setEnabled(False)
        self._sentence.setText("Unlocking…")

    def _build(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(self._sign)
        head.addWidget(self._title, 1)
        fields = QHBoxLayout()
        fields.setSpacing(8)
        fields.addWidget(self.passphrase, 1)
        fields.addWidget(self._unlock)
        fields.addWidget(self._keychain)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 20)
        column.setSpacing(12)
        column.addLayout(head)
        column.addWidget(self._sentence)
        column.addLayout(fields)

    def _connect(self) -> None:
        self.passphrase.returnPressed.connect(self._wish_by_passphrase)
        self._unlock.clicked.connect(self._wish_by_passphrase)
        self._keychain.clicked.connect(self._wish_by_keychain)
        self._theme.changed.connect(self._paint_sign)

    @Slot()
    def _wish_by_passphrase(self) -> None:
        passphrase = self.passphrase.take()
        if passphrase:
            self.unlock_wished.emit(passphrase)

    @Slot()
    def _wish_by_keychain(self) -> None:
        self.passphrase.clear()
        self.unlock_wished.emit("")

    @Slot()
    def _paint_sign(self) -> None:
        self._sign.setPixmap(self._theme.glyph("locked", "accent", 24, self.devicePixelRatioF()))
