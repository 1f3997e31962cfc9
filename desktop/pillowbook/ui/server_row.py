"""The key of a model server of the user's own, and whether that server answers."""

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from pillowbook.core.client import CoreClient
from pillowbook.core.protocol import ServerView
from pillowbook.domain.errors import PillowbookError
from pillowbook.ui import phrases
from pillowbook.ui.controller import Controller
from pillowbook.ui.widgets import button, plain_label, restyle

MODELS_NAMED = 3
"""Of a server's models, this many are named; a gateway may offer hundreds."""


class ServerRow(QWidget):
    """Keeps or forgets the key, which is never shown again, and tries the server without sending any text."""

    def __init__(self, controller: Controller) -> None:
        super().__init__()
        self._controller = controller
        title = plain_label(text="Key of the model server", tone="title")
        self._key = QLineEdit()
        self._key.setObjectName("server-key")
        self._key.setEchoMode(QLineEdit.EchoMode.Password)
        self._key.setAccessibleName(title.text())
        self._key.setPlaceholderText("Paste it here, if the server wants one")
        self._key.setMinimumWidth(260)
        title.setBuddy(self._key)
        self._keep = button("keep-key", "Keep the key")
        self._keep.setEnabled(False)
        self._forget = button("forget-key", "Forget it", is_plain=True)
        self._try = button("try-server", "Try the server")
        self._note = plain_label("note-server", tone="small", wraps=True)
        self._note.hide()
        words = QVBoxLayout()
        words.setSpacing(4)
        words.addWidget(title)
        words.addWidget(
            plain_label(
                text="Kept in the encrypted vault for the address above alone. Trying sends no text of yours.",
                tone="small",
                wraps=True,
            )
        )
        words.addWidget(self._note)
        editors = QVBoxLayout()
        editors.setSpacing(8)
        editors.addWidget(self._key)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        for each in (self._forget, self._keep, self._try):
            buttons.addWidget(each)
        editors.addLayout(buttons)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(24)
        row.addLayout(words, 1)
        row.addLayout(editors)
        self._key.textChanged.connect(self._follow)
        self._key.returnPressed.connect(self._send)
        self._keep.clicked.connect(self._send)
        self._forget.clicked.connect(self._send_none)
        self._try.clicked.connect(self._ask_server)

    @Slot(str)
    def _follow(self, text: str) -> None:
        self._keep.setEnabled(bool(text.strip()))

    @Slot()
    def _send(self) -> None:
        key = self._key.text().strip()
        if key:
            self._controller.call(
                self, lambda client: client.set_server_key(key), self._kept, self._fail, channel="server"
            )

    @Slot()
    def _send_none(self) -> None:
        self._controller.call(
            self, lambda client: client.set_server_key(""), self._forgotten, self._fail, channel="server"
        )

    def _kept(self, _result: None) -> None:
        self._key.clear()
        self._say("The key is kept in the vault.")

    def _forgotten(self, _result: None) -> None:
        self._say("No key is kept.")

    @Slot()
    def _ask_server(self) -> None:
        self._try.setEnabled(False)
        self._say("Asking the server…")
        self._controller.call(
            self, CoreClient.check_server, self._take_server, self._fail_server, channel="server"
        )

    def _take_server(self, view: ServerView) -> None:
        self._try.setEnabled(True)
        named = ", ".join(view.models[:MODELS_NAMED])
        more = len(view.models) - MODELS_NAMED
        models = f" Its models: {named}{f' and {more} more' if more > 0 else ''}." if named else ""
        allowed = (
            "Text of your notes goes there."
            if view.is_allowed
            else "Nothing is sent there until you allow it."
        )
        self._say(f"The server answers. {allowed}{models}")

    def _fail_server(self, error: PillowbookError) -> None:
        self._try.setEnabled(True)
        self._fail(error)

    def _fail(self, error: PillowbookError) -> None:
        self._say(phrases.error_sentence(error), is_alarm=True)

    def _say(self, sentence: str, *, is_alarm: bool = False) -> None:
        restyle(self._note, "tone", "alarm" if is_alarm else "small")
        self._note.setText(sentence)
        self._note.show()
