"""The panel: one large input, and beneath it what is found, prepared or answered.

It only shows data and emits wishes; :mod:`pillowbook.ui.asking` talks to the core for it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QClipboard, QCloseEvent, QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from pillowbook.domain.answers import Answer
from pillowbook.domain.asking import MAX_QUESTION_CHARS, Completion, LikelyPassage, SearchHit
from pillowbook.domain.errors import QuestionTooLong
from pillowbook.ui.answer_card import AnswerCard
from pillowbook.ui.found_list import FoundList, beside_answer
from pillowbook.ui.panel_frame import PanelFrame
from pillowbook.ui.passage_text import PassageText
from pillowbook.ui.result_row import ResultRow
from pillowbook.ui.theme import Theme
from pillowbook.ui.unlock_card import UnlockCard
from pillowbook.ui.widgets import button, hairline, height_for_width, known_height_for_width, plain_label

WIDTH_PX: Final = 720
CONTENT_WIDTH_PX: Final = WIDTH_PX - 2
INPUT_HEIGHT_PX: Final = 64
KEEP_TYPED_MS: Final = 60_000


class Panel(PanelFrame):
    """The search panel.

    Signals:
        typed(str): the input's text is another now.
        asked(str): Enter on a question.
        citation_opened(Citation), hit_opened(SearchHit): a source or a passage was chosen.
        unlock_wished(str): see :class:`UnlockCard`.
        retry_wished: the button of a message was pressed.
        settings_wished: the settings were asked for.
        panel_shown, panel_hidden: for those who prepare or clean up.
        copied(str): a text was put on the clipboard.
    """

    typed = Signal(str)
    asked = Signal(str)
    citation_opened = Signal(object)
    hit_opened = Signal(object)
    unlock_wished = Signal(str)
    retry_wished = Signal()
    settings_wished = Signal()
    panel_shown = Signal()
    panel_hidden = Signal()
    copied = Signal(str)

    def __init__(self, theme: Theme, *, can_blend: bool) -> None:
        super().__init__(theme, can_blend=can_blend)
        self.setObjectName("panel")
        self.setWindowTitle("Pillowbook")
        self.hides_on_focus_loss = True
        self._selected: ResultRow | None = None
        self._shown_height = 0
        self._content_height = -1
        self._sign = QLabel()
        self.question = QLineEdit()
        self.question.setObjectName("question")
        self.question.setAccessibleName("Ask your notes")
        self.question.setPlaceholderText("Ask your notes…")
        self.question.setMaxLength(MAX_QUESTION_CHARS)
        self.question.setFrame(False)
        self.card = AnswerCard(theme)
        self.unlock_card = UnlockCard(theme)
        self._message = plain_label("message", note="alarm", wraps=True)
        self._retry = button("retry", "Try again")
        self._settings = QToolButton()
        self._settings.setObjectName("open-settings")
        self._settings.setText("Settings")
        self._settings.setAccessibleName("Settings")
        self._settings.setShortcut(QKeySequence("Ctrl+,"))
        self._settings.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.found = FoundList(theme)
        self._status = PassageText(theme, max_lines=1, tone="muted")
        self._status.setObjectName("status")
        self._keys = plain_label("keys", tone="small")
        self._forget = QTimer(self)
        self._forget.setSingleShot(True)
        self._forget.setInterval(KEEP_TYPED_MS)
        self._build()
        self._connect()
        self._paint_sign()
        self.show_nothing()

    # -- what is shown -----------------------------------------------------------------------------------------------

    def show_nothing(self) -> None:
        """Only the input and the status line."""
        self.card.clear()
        self._hide_message()
        self._fill_rows((), (), is_marked=False)
        self._settle()

    def show_found(self, completions: Sequence[Completion], hits: Sequence[SearchHit], now: datetime) -> None:
        """What fits the typed text; a completion that can be served as it stands becomes the answer before Enter."""
        if len(self.question.text()) < MAX_QUESTION_CHARS:
            self._hide_message()  # else it says that more was pasted than fits
        answered = next((found for found in completions if found.answer is not None), None)
        if answered is not None and answered.answer is not None:
            self.card.show_answer(answered.answer, now)
            hits = beside_answer(hits, self.card.citations)
        else:
            self.card.clear()
        others = [found for found in completions if found is not answered]
        if answered is not None and answered.answer is not None:
            known = {found.question for found in others}
            others += [found for found in _next_ones(answered.answer) if found.question not in known]
        self._fill_rows(others, hits, is_marked=True)
        self._settle()

    def show_waiting(self, likely: LikelyPassage | None = None) -> None:
        """A question was asked and no answer was ready; what was found stays below until a likely passage is known."""
        self._hide_message()
        self._select(None)
        self.card.show_waiting()
        if likely is not None:
            self.show_likely(likely)
        else:
            self._settle()

    def show_likely(self, likely: LikelyPassage) -> None:
        """The likely passage, while the answer is being made."""
        self._fill_rows((), (), is_marked=False)
        self.card.show_likely(likely)
        self._settle()

    def add_text(self, delta: str, *, restart: bool) -> None:
        """A piece of a live answer."""
        self.card.add_text(delta, restart=restart)
        self._settle()

    def show_answer(self, answer: Answer, now: datetime) -> None:
        """The served answer."""
        self._hide_message()
        self._fill_rows(_next_ones(answer), (), is_marked=False)
        self.card.show_answer(answer, now)
        self._settle()

    def show_error(self, sentence: str, *, can_retry: bool = False) -> None:
        """One sentence in the answer's place; what was found stays below."""
        self.card.clear()
        self._message.setText(sentence)
        self._message.show()
        self._retry.setVisible(can_retry)
        self._settle()

    def show_locked(self, *, has_keychain: bool, sentence: str = "", is_alarm: bool = False) -> None:
        """Nothing but the request for the passphrase."""
        self._forget_content()
        self.unlock_card.show_locked(has_keychain=has_keychain, sentence=sentence, is_alarm=is_alarm)
        self._asking.hide()
        self._fit()
        if self.isVisible():
            self.unlock_card.passphrase.setFocus()

    def show_unlocked(self) -> None:
        """The input again."""
        self.unlock_card.hide()
        self._asking.show()
        self._fit()
        if self.isVisible():
            self.question.setFocus()

    def show_status(self, sentence: str) -> None:
        """The line at the bottom."""
        self._status.show_text(sentence)
        self._status.setToolTip(sentence)

    @property
    def is_locked(self) -> bool:
        """Whether the panel asks for the passphrase."""
        return self._asking.isHidden()

    # -- coming and going --------------------------------------------------------------------------------------------

    @Slot()
    def appear(self) -> None:
        """Show the panel in front of everything, ready to type."""
        self._forget.stop()
        self._fit()
        self.place_on_screen()
        self.show()
        self.raise_()
        self.activateWindow()
        if self.is_locked:
            self.unlock_card.passphrase.setFocus()
        else:
            self.question.setFocus()
            self.question.selectAll()
        self.panel_shown.emit()

    @Slot()
    def disappear(self) -> None:
        """Hide; what was typed is kept for a minute."""
        if not self.isVisible():
            return
        self.unlock_card.passphrase.clear()
        self.hide()
        self._forget.start()
        self.panel_hidden.emit()

    @Slot()
    def toggle(self) -> None:
        """Show the panel, or hide it when it is shown and in use."""
        if self.isVisible() and (self.isActiveWindow() or not self.hides_on_focus_loss):
            self.disappear()
        else:
            self.appear()

    # -- keys --------------------------------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._content and event.type() == QEvent.Type.LayoutRequest:
            # Fitting asks for a layout itself: without this question the two would go round for ever.
            if known_height_for_width(self._content, CONTENT_WIDTH_PX) != self._content_height:
                self._fit()
        elif (
            watched is self.question and event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent)
        ):
            return self._take_key(event)
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # What the focused field or button did not want; before the vault is open there is nothing to choose.
        if event.key() == Qt.Key.Key_Escape:
            self.disappear()
        elif self.is_locked or not self._take_key(event):
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if (
            event.type() == QEvent.Type.ActivationChange
            and self.hides_on_focus_loss
            and self.isVisible()
            and not self.isActiveWindow()
        ):
            self.disappear()

    def closeEvent(self, event: QCloseEvent) -> None:
        event.ignore()
        self.disappear()

    def _take_key(self, event: QKeyEvent) -> bool:
        key, modifiers = event.key(), event.modifiers()
        has_control = bool(modifiers & Qt.KeyboardModifier.ControlModifier)
        if key == Qt.Key.Key_Escape:
            self.disappear()
        elif key in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            self._step(1 if key == Qt.Key.Key_Down else -1)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose_or_ask()
        elif has_control and Qt.Key.Key_1 <= key <= Qt.Key.Key_9:
            self._open_number(key - Qt.Key.Key_1)
        elif event.matches(QKeySequence.StandardKey.Copy) and not self.question.hasSelectedText():
            self._copy()
        elif key == Qt.Key.Key_PageDown:
            self._scroll_by(1)
        elif key == Qt.Key.Key_PageUp:
            self._scroll_by(-1)
        else:
            return False
        return True

    def _step(self, by: int) -> None:
        rows = self._rows()
        if not rows:
            return
        if self._selected in rows:
            index = rows.index(self._selected) + by
            chosen = rows[index] if 0 <= index < len(rows) else None
        else:
            chosen = rows[0 if by > 0 else -1]
        self._select(chosen)

    def _select(self, row: ResultRow | None) -> None:
        if self._selected is not None:
            self._selected.set_selected(False)
        self._selected = row
        if row is not None:
            row.set_selected(True)
            self._scroll.ensureWidgetVisible(row, 0, 16)

    def _choose_or_ask(self) -> None:
        if self._selected is not None and self._selected in self._rows():
            self._selected.click()
        elif self.question.text().strip():
            self.asked.emit(self.question.text().strip())

    def _open_number(self, index: int) -> None:
        if index < len(self.card.citations) and not self.card.isHidden():
            self.citation_opened.emit(self.card.citations[index])

    def _copy(self) -> None:
        if not self.card.isHidden() and self.card.copied_text:
            QGuiApplication.clipboard().setText(self.card.copied_text)
            self.copied.emit(self.card.copied_text)

    def _scroll_by(self, pages: int) -> None:
        bar = self._scroll.verticalScrollBar()
        bar.setValue(bar.value() + pages * bar.pageStep() * 8 // 10)

    def _rows(self) -> list[ResultRow]:
        return [*self.card.shown_rows, *self.found.shown_rows]

    def _hide_message(self) -> None:
        self._message.hide()
        self._retry.hide()

    def _fill_rows(
        self, completions: Sequence[Completion], hits: Sequence[SearchHit], *, is_marked: bool
    ) -> None:
        self._select(None)
        self.found.show_found(completions, hits, self.question.text(), is_marked=is_marked)

    @Slot(str)
    def _ask_chosen(self, question: str) -> None:
        self.question.setText(question)
        self.asked.emit(question)

    @Slot()
    def _forget_content(self) -> None:
        # X11 offers whatever was selected last to a middle click, even after its field was emptied.
        clipboard = QGuiApplication.clipboard()
        if clipboard.supportsSelection() and clipboard.ownsSelection():
            clipboard.clear(QClipboard.Mode.Selection)
        self.question.clear()
        self.show_nothing()

    @Slot()
    def _wish_retry(self) -> None:
        self.show_nothing()
        self.retry_wished.emit()

    @Slot()
    def _wish_settings(self) -> None:
        self.settings_wished.emit()

    @Slot(str)
    def _tell_typed(self, text: str) -> None:
        self._select(None)
        self.typed.emit(text)

    @Slot()
    def _refuse_input(self) -> None:
        """More was pasted than a question may have: nothing is cut off in silence."""
        self.show_error(QuestionTooLong(limit=MAX_QUESTION_CHARS).say())

    # -- building ----------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self._asking = QWidget()
        head = QHBoxLayout()
        head.setContentsMargins(20, 0, 20, 0)
        head.setSpacing(14)
        self._sign.setFixedSize(26, 26)
        head.addWidget(self._sign)
        head.addWidget(self.question, 1)
        self._content = QWidget()
        body = QVBoxLayout(self._content)
        body.setContentsMargins(8, 4, 8, 8)
        body.setSpacing(0)
        body.addWidget(self._message)
        body.addWidget(self._retry, 0, Qt.AlignmentFlag.AlignLeft)
        body.addWidget(self.card)
        body.addWidget(self.found)
        body.addStretch(1)
        self._scroll = QScrollArea()
        self._scroll.setWidget(self._content)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._body_line = hairline()
        foot = QHBoxLayout()
        foot.setContentsMargins(20, 8, 20, 9)
        foot.addWidget(self._status, 1)
        small = self._status.font()
        small.setPixelSize(12)
        self._status.setFont(small)
        foot.setSpacing(12)
        foot.addWidget(self._keys)
        foot.addWidget(self._settings)
        asking = QVBoxLayout(self._asking)
        asking.setContentsMargins(0, 0, 0, 0)
        asking.setSpacing(0)
        asking.addLayout(head)
        asking.addWidget(self._body_line)
        asking.addWidget(self._scroll)
        asking.addWidget(hairline())
        asking.addLayout(foot)
        outer = QVBoxLayout(self)
        edge = self.margin + 1
        outer.setContentsMargins(edge, edge, edge, edge)
        outer.setSpacing(0)
        outer.addWidget(self._asking)
        outer.addWidget(self.unlock_card)
        self.unlock_card.hide()
        self.setFixedWidth(WIDTH_PX + 2 * self.margin)

    def _connect(self) -> None:
        self.question.installEventFilter(self)
        self._content.installEventFilter(self)
        self.question.textChanged.connect(self._tell_typed)
        self.question.inputRejected.connect(self._refuse_input)
        self.card.source_chosen.connect(self.citation_opened)
        self.unlock_card.unlock_wished.connect(self.unlock_wished)
        self.found.question_chosen.connect(self._ask_chosen)
        self.found.hit_chosen.connect(self.hit_opened)
        self._retry.clicked.connect(self._wish_retry)
        self._settings.clicked.connect(self._wish_settings)
        self._forget.timeout.connect(self._forget_content)
        self._theme.changed.connect(self._paint_sign)

    def _settle(self) -> None:
        has_rows = bool(self._rows())
        if not self.card.isHidden() and self.card.copied_text:
            self._keys.setText("Ctrl+1 source  ·  Ctrl+C copy")
        elif has_rows:
            self._keys.setText("↑↓ choose  ·  Enter ask")
        else:
            self._keys.setText("Enter ask  ·  Esc hide")
        self._fit()

    def _fit(self) -> None:
        """Give the window the height of what it shows."""
        if self.is_locked:
            wanted = self.unlock_card.sizeHint().height()
            self.unlock_card.layout().activate()  # type: ignore[union-attr]
        else:
            is_empty = not (self._rows() or not self.card.isHidden() or not self._message.isHidden())
            content = 0 if is_empty else height_for_width(self._content, CONTENT_WIDTH_PX)
            self._content_height = content
            room = self.room_below() - INPUT_HEIGHT_PX - 48
            self._scroll.setVisible(not is_empty)
            self._body_line.setVisible(not is_empty)
            # Once shown, a scroll bar makes lines wrap that fit without it, and so would keep itself needed.
            policy = Qt.ScrollBarPolicy
            self._scroll.setVerticalScrollBarPolicy(
                policy.ScrollBarAsNeeded if content > room else policy.ScrollBarAlwaysOff
            )
            self._scroll.setFixedHeight(max(0, min(content, room)))
            asking = self._asking.layout()
            assert asking is not None
            asking.invalidate()
            wanted = asking.sizeHint().height()
        height = wanted + 2 * self.margin + 2
        if height != self._shown_height:
            self._shown_height = height
            self.setFixedHeight(height)

    @Slot()
    def _paint_sign(self) -> None:
        self._sign.setPixmap(self._theme.glyph("ask", "accent", 26, self.devicePixelRatioF()))


def _next_ones(answer: Answer) -> list[Completion]:
    """The prepared questions that go on from an answer."""
    return [Completion(near.question, 0.0, None) for near in answer.related]
