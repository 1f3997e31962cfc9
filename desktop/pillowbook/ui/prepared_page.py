"""What is prepared and why, to find; each can be pinned, put into the user's own words, deleted, or never made."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from pillowbook.core.client import CoreClient
from pillowbook.core.protocol import PreparedList, PreparedView
from pillowbook.domain.clock import Clock, SystemClock
from pillowbook.domain.errors import PillowbookError
from pillowbook.domain.serving import NeverRule
from pillowbook.ui import phrases
from pillowbook.ui.controller import Controller, Ticket
from pillowbook.ui.widgets import button, card, clear_layout, hairline, plain_label, tool

SHOWN: Final = 30
"""Rows at once; the others are found by their words."""
MAX_CHARACTERS: Final = 400
EDIT_HEIGHT: Final = 88
WAITS: Final = "The list follows as soon as your words are saved or cancelled."


class PreparedRow(QWidget):
    """One prepared answer.

    Signals:
        pin_wished(bool), never_wished, deletion_wished: as their names say.
        edit_wished(object): the user's own words, or None for what was prepared.
        editing_ended: nothing is typed here any more.
    """

    pin_wished = Signal(bool)
    never_wished = Signal()
    deletion_wished = Signal()
    edit_wished = Signal(object)
    editing_ended = Signal()

    def __init__(self, view: PreparedView, when: str) -> None:
        super().__init__()
        self.view = view
        self.is_editing = False
        answer = view.answer or phrases.NOTES_DO_NOT_SAY
        if len(answer) > MAX_CHARACTERS:
            answer = f"{answer[:MAX_CHARACTERS].rstrip()}…"
        self._answer = plain_label("prepared-answer", text=answer, wraps=True)
        self._editor = QPlainTextEdit(view.answer)
        self._editor.setObjectName("edit-text")
        self._editor.setAccessibleName("Your own words for this answer")
        self._editor.setFixedHeight(EDIT_HEIGHT)
        self._editor.setTabChangesFocus(True)
        self._save = button("edit-save", "Save")
        self._drop = button("edit-drop", "Cancel", is_plain=True)
        self._pin = tool("pin", "Pinned" if view.is_pinned else "Pin", "Keep it ready before all others")
        self._pin.setCheckable(True)
        self._pin.setChecked(view.is_pinned)
        self._edit = tool("edit", "Edit", "Put your own words in its place")
        self._undo = tool("edit-undo", "Take my words back", "Show again what was prepared")
        self._delete = tool("delete", "Delete", "Delete this answer")
        self._never = tool("never", "Never prepare this", "Never prepare an answer to this question")
        self._build(when)
        self._show_editing(False)
        self._pin.clicked.connect(self._wish_pin)
        self._edit.clicked.connect(self._begin)
        self._save.clicked.connect(self._finish)
        self._drop.clicked.connect(self._cancel)
        self._undo.clicked.connect(self._take_back)
        self._delete.clicked.connect(self.deletion_wished)
        self._never.clicked.connect(self.never_wished)

    def _build(self, when: str) -> None:
        view = self.view
        facts = [
            view.why,
            Path(view.path).name,
            when,
            "Your own words" if view.is_edited else "",
            "its note has changed since" if view.has_changed_note else "",
            "newer notes may bear on it" if view.has_new_evidence else "",
        ]
        tools = QHBoxLayout()
        tools.setSpacing(4)
        tools.addStretch(1)
        for each in (self._pin, self._edit, self._undo, self._delete, self._never):
            tools.addWidget(each)
        ending = QHBoxLayout()
        ending.addWidget(self._save)
        ending.addWidget(self._drop)
        ending.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(plain_label("prepared-question", text=view.question, tone="title", wraps=True))
        column.addWidget(self._answer)
        column.addWidget(self._editor)
        column.addLayout(ending)
        column.addWidget(plain_label(text=" · ".join(filter(None, facts)), tone="small", wraps=True))
        column.addLayout(tools)

    def _show_editing(self, is_editing: bool) -> None:
        self.is_editing = is_editing
        typed: tuple[QWidget, ...] = (self._editor, self._save, self._drop)
        at_rest: tuple[QWidget, ...] = (self._answer, self._pin, self._edit, self._never)
        for widget in typed:
            widget.setVisible(is_editing)
        for widget in at_rest:
            widget.setVisible(not is_editing)
        # The user's own words are taken back first; they could not be made again.
        self._undo.setVisible(self.view.is_edited and not is_editing)
        self._delete.setVisible(not self.view.is_edited and not is_editing)

    @Slot()
    def _wish_pin(self) -> None:
        wanted = self._pin.isChecked()
        self._pin.setChecked(not wanted)  # it changes when the core has done it
        self.pin_wished.emit(wanted)

    @Slot()
    def _begin(self) -> None:
        self._editor.setPlainText(self.view.answer)
        self._show_editing(True)
        self._editor.setFocus()

    @Slot()
    def _cancel(self) -> None:
        self._show_editing(False)
        self._edit.setFocus()
        self.editing_ended.emit()

    @Slot()
    def _finish(self) -> None:
        self.edit_wished.emit(self._editor.toPlainText())

    @Slot()
    def _take_back(self) -> None:
        self.edit_wished.emit(None)


class PreparedPage(QWidget):
    """All prepared answers, and the questions that are never prepared."""

    def __init__(self, controller: Controller, clock: Clock | None = None) -> None:
        super().__init__()
        self._controller = controller
        self._clock = clock or SystemClock()
        self._fetched: PreparedList | None = None
        self._shown: list[PreparedView] = []
        self._asked: tuple[Ticket, ...] = ()
        self._rows: list[PreparedRow] = []
        self._never: list[NeverRule] = []
        self.words = QLineEdit()
        self.words.setObjectName("find-prepared")
        self.words.setPlaceholderText("Find by words")
        self.words.setAccessibleName("Find prepared answers by words")
        self.words.setClearButtonEnabled(True)
        self._counts = plain_label("prepared-counts", tone="muted", wraps=True)
        self._error = plain_label("prepared-error", note="alarm", wraps=True)
        self._error.hide()
        frame, self._list = card()
        self._never_card, self._never_list = card()
        self._never_card.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(16)
        column.addWidget(self._counts)
        column.addWidget(self.words)
        column.addWidget(self._error)
        column.addWidget(frame)
        column.addWidget(self._never_card)
        column.addStretch(1)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(150)
        self._soon.timeout.connect(self.refresh)
        self.words.textChanged.connect(self._find_soon)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Fetch anew what is prepared and has the words."""
        words = self.words.text()
        self._asked = (
            self._controller.call(
                self,
                lambda client: client.prepared(words, limit=SHOWN),
                self._take_prepared,
                self._show_error,
                channel="prepared",
            ),
            self._controller.call(
                self, CoreClient.never_prepare, self._take_never, self._show_error, channel="never"
            ),
        )

    def blank(self) -> None:
        """Forget all questions and answers, and what is typed; the vault is locked."""
        for ticket in self._asked:
            self._controller.cancel(ticket)
        self.words.clear()
        self._soon.stop()
        self._fetched = None
        self._shown = []
        self._rows, self._never = [], []
        clear_layout(self._list)
        self._show_never()
        self._counts.clear()

    def _take_prepared(self, fetched: PreparedList) -> None:
        self._error.hide()
        self._fetched = fetched
        self._show()

    def _take_never(self, rules: list[NeverRule]) -> None:
        if rules != self._never:
            self._never = rules
            self._show_never()

    @Slot()
    def _find_soon(self) -> None:
        self._soon.start()

    @Slot()
    def _show(self) -> None:
        """Show what was fetched last, unless something is being typed: that is never taken away."""
        if self._fetched is None:
            return
        if not self._shown or self._fetched.views != self._shown:
            if any(row.is_editing for row in self._rows):
                self._counts.setText(WAITS)
                return
            self._shown = self._fetched.views
            self._show_rows(self._fetched)
        self._counts.setText(_count_line(self._fetched))

    def _show_rows(self, listed: PreparedList) -> None:
        clear_layout(self._list)
        self._rows = []
        if not listed.views:
            said = "None has these words." if listed.total else "They are made while the machine is idle."
            self._list.addWidget(plain_label(text=said, tone="muted"))
        now = self._clock.now()
        for view in listed.views:
            if self._rows:
                self._list.addWidget(hairline())
            row = PreparedRow(view, phrases.moment(view.prepared_at, now))
            self._rows.append(row)
            self._list.addWidget(row)
            self._connect(row)

    def _connect(self, row: PreparedRow) -> None:
        named, question = _name_of(row.view), row.view.question
        row.pin_wished.connect(
            lambda is_pinned: self._change(lambda client: client.pin(named, is_pinned=is_pinned), row)
        )
        row.edit_wished.connect(lambda text: self._change(lambda client: client.edit(named, text), row))
        row.deletion_wished.connect(lambda: self._change(lambda client: client.delete(named), row))
        row.never_wished.connect(lambda: self._change(lambda client: client.never_prepare(question), row))
        row.editing_ended.connect(self._show)

    def _show_never(self) -> None:
        clear_layout(self._never_list)
        self._never_card.setVisible(bool(self._never))
        self._never_list.addWidget(plain_label(text="Never prepared", tone="title"))
        for rule in self._never:
            again = tool("never-off", "Allow again", f"Prepare this again: {rule.text}")
            again.clicked.connect(
                lambda _checked=False, text=rule.text: self._change(
                    lambda client: client.never_prepare(text, is_never=False)
                )
            )
            line = QHBoxLayout()
            line.addWidget(plain_label(text=rule.text, wraps=True), 1)
            line.addWidget(again)
            self._never_list.addLayout(line)

    def _change(self, work: Callable[[CoreClient], object], row: PreparedRow | None = None) -> None:
        if row is not None:
            row.setEnabled(False)  # one wish at a time, and nothing is typed that would not be saved
        self._controller.call(
            self, work, lambda _done: self._changed(row), lambda error: self._refused(row, error)
        )

    def _changed(self, row: PreparedRow | None) -> None:
        """It was done: nothing is being typed in this row any more, and it is shown anew as soon as that can be."""
        if row in self._rows:
            row.is_editing = False
        self._shown = []
        self.refresh()

    def _refused(self, row: PreparedRow | None, error: PillowbookError) -> None:
        if row in self._rows:
            row.setEnabled(True)
        self._show_error(error)

    def _show_error(self, error: PillowbookError) -> None:
        self._error.setText(phrases.error_sentence(error))
        self._error.show()


def _name_of(view: PreparedView) -> str:
    """How the core is told which answer: by its question, which stays when it is prepared anew.

    Digits alone would be an answer's number; with a question mark they are the same question in words.
    """
    return f"{view.question}?" if view.question.strip().isdecimal() else view.question


def _count_line(listed: PreparedList) -> str:
    if not listed.total:
        return "No answers are prepared yet."
    line = phrases.count(listed.found, "prepared answer")
    if listed.found < listed.total:
        line += f" of {listed.total:,} {'has' if listed.found == 1 else 'have'} these words"
    if len(listed.views) < listed.found:
        line += f"; {len(listed.views)} are shown, pinned ones and your own words first"
    return f"{line}."
