"""The answer: its text, how fresh it is, what it rests on, and what changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from pillowbook.domain.answers import Answer, Citation, Freshness
from pillowbook.domain.asking import LikelyPassage
from pillowbook.ui import phrases
from pillowbook.ui.answer_tools import AnswerTools
from pillowbook.ui.markdown_marks import without_marks
from pillowbook.ui.passage_text import one_line, plain_lines
from pillowbook.ui.result_row import ResultRow
from pillowbook.ui.theme import Theme
from pillowbook.ui.widgets import plain_label, restyle

MAX_SOURCES: Final = 9
MAX_ANSWER_CHARACTERS: Final = 6000


@dataclass(frozen=True, slots=True)
class _Look:
    """What the card shows of an answer."""

    text: str
    sources: Sequence[Citation]
    heading: str


class AnswerCard(QWidget):
    """Shows an answer, or a live one on its way.

    Signals:
        source_chosen(Citation): a source was clicked.
    """

    source_chosen = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._citations: tuple[Citation, ...] = ()
        self._copied_text = ""
        self._draft = ""
        self._chip = plain_label("freshness", chip="quiet")
        self._chip.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self._prepared = plain_label("prepared", tone="small")
        self._unsure = plain_label("unsure", chip="amber", text="Not sure: read the source")
        self._unsure.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self._understood = plain_label("understood", tone="small", wraps=True)
        self._remark = plain_label("remark", tone="small", wraps=True)
        self._note = plain_label("note", wraps=True)
        self._note.setProperty("note", "amber")
        self._answer = plain_label("answer", wraps=True)
        self._answer.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._answer.setCursor(Qt.CursorShape.IBeamCursor)
        self._heading = plain_label("sources-heading", tone="section")
        self._draft_heading = plain_label(
            "draft-heading", tone="section", text="BEING WRITTEN, NOT CHECKED YET"
        )
        self._draft_text = plain_label("draft", wraps=True)
        self.tools = AnswerTools()
        self.rows = [ResultRow(theme, max_lines=3) for _ in range(MAX_SOURCES)]
        for number, row in enumerate(self.rows, 1):
            row.setObjectName(f"source-{number}")
        self._build()
        self._connect()

    # -- what is shown -----------------------------------------------------------------------------------------------

    def show_answer(self, answer: Answer, now: datetime) -> None:
        """Show a served answer with its sources; text that was streamed and is not in it is said to be taken back."""
        streamed, self._draft = self._draft, ""
        chip = phrases.freshness_chip(answer)
        self._set_chip(chip.text, chip.tone, chip.hint)
        self._set_line(self._prepared, phrases.prepared_line(answer, now))
        self._unsure.setVisible(phrases.is_unsure(answer) and not phrases.is_withheld(answer))
        before = "" if answer.is_edited else "Your note changed: "
        self._set_line(
            self._understood, f"Understood as: {answer.understood_as}" if answer.understood_as else ""
        )
        self._set_line(self._note, f"{before}{answer.change_note}" if answer.change_note else "")
        look = _look(answer)
        self._set_line(self._remark, phrases.remark(answer, streamed, look.text))
        self._copied_text = plain_lines(look.text, MAX_ANSWER_CHARACTERS)
        self._set_text(self._answer, look.text)
        self._show_draft()
        self._show_sources(look.sources, look.heading)
        self.tools.show_for(answer)
        self.show()

    def show_waiting(self) -> None:
        """A live answer is being made and nothing is known of it yet."""
        self._draft = self._copied_text = ""
        self._set_chip("Looking in your notes…", "accent", "The model on this machine is reading.")
        for label in (self._prepared, self._understood, self._remark, self._note):
            self._set_line(label, "")
        self._unsure.hide()
        self._set_text(self._answer, "")
        self.tools.forget()
        self._show_draft()
        self._show_sources((), "")
        self.show()

    def show_likely(self, likely: LikelyPassage) -> None:
        """The best passage with its best sentence marked, while the answer is being made."""
        self._show_sources((likely.citation,), "LIKELY PASSAGE")
        if likely.snippet:
            cited = likely.citation
            snippet, marked = phrases.excerpt(likely.snippet, likely.marked)
            self.rows[0].show_row(
                phrases.where(cited.title, cited.heading),
                snippet,
                place=phrases.place(cited.line, cited.page),
                number=1,
                marked=marked,
            )

    def add_text(self, delta: str, *, restart: bool) -> None:
        """A piece of the live answer, not verified yet. It grows below the passage, which stays where it is read."""
        self._draft = delta if restart else self._draft + delta
        self._set_chip(
            "Being checked…", "quiet", "Every sentence is compared with your notes before it counts."
        )
        self._show_draft()

    def clear(self) -> None:
        """Forget everything and hide."""
        self._draft = self._copied_text = ""
        self._answer.clear()
        self.tools.forget()
        self._show_draft()
        for label in (self._note, self._prepared, self._understood, self._remark):
            label.clear()
        self._show_sources((), "")
        self.hide()

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The sources shown, in the order of their numbers."""
        return self._citations

    @property
    def shown_rows(self) -> list[ResultRow]:
        """The rows of the sources shown."""
        return [] if self.isHidden() else self.rows[: len(self._citations)]

    @property
    def copied_text(self) -> str:
        """What Ctrl+C takes when nothing is selected; empty while an answer is still unverified."""
        return self._answer.selectedText() or self._copied_text

    # -- parts -------------------------------------------------------------------------------------------------------

    def _set_chip(self, text: str, tone: str, hint: str) -> None:
        self._chip.setText(text)
        self._chip.setToolTip(hint)
        self._chip.setAccessibleName(f"{text}. {hint}")
        restyle(self._chip, "chip", tone)

    def _show_draft(self) -> None:
        self._draft_heading.setVisible(bool(self._draft))
        self._set_text(self._draft_text, self._draft)

    def _set_text(self, label: QLabel, text: str) -> None:
        shown = plain_lines(without_marks(text[:MAX_ANSWER_CHARACTERS]), MAX_ANSWER_CHARACTERS)
        label.setVisible(bool(shown))
        label.setText(shown)
        label.setAccessibleName(shown)

    def _set_line(self, label: QLabel, text: str) -> None:
        label.setText(one_line(without_marks(text)))
        label.setVisible(bool(text))

    def _show_sources(self, citations: Sequence[Citation], heading: str) -> None:
        self._citations = tuple(citations[:MAX_SOURCES])
        self._heading.setText(heading)
        self._heading.setVisible(bool(self._citations))
        for index, row in enumerate(self.rows):
            if index >= len(self._citations):
                row.hide()
                continue
            cited = self._citations[index]
            row.show_row(
                phrases.where(cited.title, cited.heading),
                phrases.quote(cited),
                place=phrases.place(cited.line, cited.page),
                number=index + 1,
            )
            row.setToolTip(f"Open (Ctrl+{index + 1})")

    @Slot()
    def _choose_sender(self) -> None:
        sender = self.sender()
        for row, citation in zip(self.rows, self._citations, strict=False):
            if row is sender:
                self.source_chosen.emit(citation)

    # -- building ----------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self._chip)
        top.addWidget(self._unsure)
        top.addWidget(self._prepared, 1)
        top.addStretch(0)
        inner = QVBoxLayout()
        inner.setContentsMargins(12, 8, 12, 4)
        inner.setSpacing(12)
        inner.addLayout(top)
        inner.addWidget(self._understood)
        inner.addWidget(self._remark)
        inner.addWidget(self._note)
        inner.addWidget(self._answer)
        inner.addWidget(self.tools)
        inner.addWidget(self._heading)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 4, 0, 0)
        outer.setSpacing(0)
        outer.addLayout(inner)
        for row in self.rows:
            outer.addWidget(row)
            row.hide()
        below = QVBoxLayout()
        below.setContentsMargins(12, 4, 12, 8)
        below.setSpacing(8)
        below.addWidget(self._draft_heading)
        below.addWidget(self._draft_text)
        outer.addLayout(below)
        self._show_draft()
        self._unsure.hide()
        self._understood.hide()
        self._remark.hide()

    def _connect(self) -> None:
        for row in self.rows:
            row.clicked.connect(self._choose_sender)


def _look(answer: Answer) -> _Look:
    if phrases.is_withheld(answer):
        return _Look("", answer.nearest, "WHAT YOUR NOTES SAY NOW")
    if not answer.answer:
        return _Look("", answer.nearest, "CLOSEST IN YOUR NOTES")
    if answer.freshness is Freshness.NEW_EVIDENCE and answer.nearest:
        return _Look(answer.answer, (*answer.citations, *answer.nearest), "SOURCES, NEWER ONES LAST")
    count = len(answer.citations)
    heading = "SOURCE" if count == 1 else "SOURCES"
    return _Look(
        answer.answer,
        answer.citations,
        f"{heading}, {MAX_SOURCES} OF {count}" if count > MAX_SOURCES else heading,
    )
