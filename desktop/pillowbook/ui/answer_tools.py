"""What the user can say of an answer: small buttons below it."""

from typing import Final

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from pillowbook.domain.answers import Answer, AnswerKind
from pillowbook.domain.serving import Verdict
from pillowbook.ui.widgets import plain_label, tool

_VERDICTS: Final = (
    (Verdict.RIGHT, "Right", "This answer is right"),
    (Verdict.WRONG, "Wrong", "This answer is wrong: withdraw it and prepare another"),
    (
        Verdict.WRONG_QUESTION,
        "Wrong question",
        "This answers another question: do not show it for mine again",
    ),
)
SAID: Final = {
    Verdict.RIGHT: "Noted as right.",
    Verdict.WRONG: "Withdrawn; it is prepared again without this answer.",
    Verdict.WRONG_QUESTION: "Noted; this answer is not shown for your question again.",
}
NEVER_SAID: Final = "Neither this question nor near wordings of it are prepared."


class AnswerTools(QWidget):
    """The buttons of one answer, and a line that says what came of them.

    Signals:
        judged(Verdict): what the answer is worth.
        pin_wished(bool): keep its answer before all others, or no longer.
        never_wished: never prepare its question.
    """

    judged = Signal(object)
    pin_wished = Signal(bool)
    never_wished = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.answer: Answer | None = None
        self.verdicts: dict[Verdict, QPushButton] = {}
        for verdict, text, name in _VERDICTS:
            self.verdicts[verdict] = tool(f"verdict-{verdict.value}", text, name)
        self.pin = tool("pin", "Pin", "Keep this answer ready before all others")
        self.pin.setCheckable(True)
        self.never = tool("never", "Never prepare this", "Never prepare an answer to this question")
        self._said = plain_label("tools-said", tone="small", wraps=True)
        self._build()
        self._connect()

    def show_for(self, answer: Answer) -> None:
        """Offer what can be said of this answer."""
        self.answer = answer
        has_name = answer.serving_id is not None or answer.prepared_id is not None
        for verdict, pressed in self.verdicts.items():
            pressed.setVisible(has_name and (verdict is not Verdict.WRONG_QUESTION or _is_of_another(answer)))
            pressed.setEnabled(True)
        self.pin.setVisible(answer.prepared_id is not None)
        self._set_pinned(answer.is_pinned)
        self.never.show()
        self.never.setEnabled(True)
        self.say("")
        self.show()

    def forget(self) -> None:
        """No answer stands above."""
        self.answer = None
        self.say("")
        self.hide()

    def say(self, sentence: str) -> None:
        """What came of a wish."""
        self._said.setText(sentence)
        self._said.setVisible(bool(sentence))

    def show_verdict(self, verdict: Verdict) -> None:
        """It was said."""
        for pressed in self.verdicts.values():
            pressed.setEnabled(False)
        if verdict is not Verdict.RIGHT:
            self.pin.hide()
        self.say(SAID[verdict])

    def show_pinned(self, is_pinned: bool) -> None:
        """It is pinned now, or no longer."""
        self._set_pinned(is_pinned)
        self.say("Kept ready before all others." if is_pinned else "No longer pinned.")

    def show_never(self) -> None:
        """Its question is not prepared any more."""
        self.never.setEnabled(False)
        self.pin.hide()
        self.say(NEVER_SAID)

    def _set_pinned(self, is_pinned: bool) -> None:
        self.pin.setChecked(is_pinned)
        self.pin.setText("Pinned" if is_pinned else "Pin")

    @Slot()
    def _judge_sender(self) -> None:
        sender = self.sender()
        for verdict, pressed in self.verdicts.items():
            if pressed is sender:
                self.judged.emit(verdict)

    @Slot()
    def _wish_pin(self) -> None:
        wanted = self.pin.isChecked()
        assert self.answer is not None
        self._set_pinned(not wanted)  # it changes when the core has done it
        self.pin_wished.emit(wanted)

    @Slot()
    def _wish_never(self) -> None:
        self.never_wished.emit()

    def _build(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for pressed in self.verdicts.values():
            row.addWidget(pressed)
        row.addStretch(1)
        row.addWidget(self.pin)
        row.addWidget(self.never)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(row)
        column.addWidget(self._said)
        self.hide()

    def _connect(self) -> None:
        for pressed in self.verdicts.values():
            pressed.clicked.connect(self._judge_sender)
        self.pin.clicked.connect(self._wish_pin)
        self.never.clicked.connect(self._wish_never)


def _is_of_another(answer: Answer) -> bool:
    """Whether it was prepared for other words than were asked; what was adapted was made for these."""
    if answer.kind is AnswerKind.ADAPTED:
        return False
    matched = (answer.matched_question or "").strip(" ?").casefold()
    return bool(matched) and matched != answer.question.strip(" ?").casefold()
