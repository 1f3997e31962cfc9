"""What was found for the typed text: prepared questions, and passages of the notes."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from pillowbook.domain.answers import Citation
from pillowbook.domain.asking import Completion, SearchHit
from pillowbook.ui import phrases
from pillowbook.ui.passage_text import marked_words
from pillowbook.ui.result_row import ResultRow
from pillowbook.ui.theme import Theme
from pillowbook.ui.widgets import plain_label

MAX_COMPLETIONS: Final = 4
MAX_HITS: Final = 6
MAX_HITS_BELOW_ANSWER: Final = 3
READY: Final = "READY ANSWERS"
READY_NEXT: Final = "READY TO ASK NEXT"
INSTANT: Final = "instant"
"""Behind a question whose answer is prepared: it costs no waiting."""


class FoundList(QWidget):
    """Two headed groups of rows.

    Signals:
        question_chosen(str), hit_chosen(SearchHit): a row was clicked.
    """

    question_chosen = Signal(str)
    hit_chosen = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._completions: tuple[Completion, ...] = ()
        self._hits: tuple[SearchHit, ...] = ()
        self._questions_heading = plain_label("questions-heading", tone="section", text=READY)
        self._passages_heading = plain_label("passages-heading", tone="section", text="IN YOUR NOTES")
        self.question_rows = [ResultRow(theme, max_lines=1) for _ in range(MAX_COMPLETIONS)]
        self.hit_rows = [ResultRow(theme, max_lines=2) for _ in range(MAX_HITS)]
        self._build()
        for row in self.question_rows:
            row.clicked.connect(self._choose_completion)
        for row in self.hit_rows:
            row.clicked.connect(self._choose_hit)

    def show_found(
        self, completions: Sequence[Completion], hits: Sequence[SearchHit], typed: str, *, is_marked: bool
    ) -> None:
        """Fill the rows; with ``is_marked`` the typed words stand out in them.

        Every question is prepared and marked so: what completes or resembles what is typed, or goes on from an answer.
        """
        self._questions_heading.setText(READY if is_marked else READY_NEXT)
        words = marked_words(typed) if is_marked else ()
        self._completions, self._hits = tuple(completions[:MAX_COMPLETIONS]), tuple(hits[:MAX_HITS])
        for index, row in enumerate(self.question_rows):
            if index < len(self._completions):
                row.show_row(
                    self._completions[index].question,
                    "",
                    place=INSTANT,
                    sign="question",
                    words=words,
                    mark_title=True,
                )
            else:
                row.hide()
        for index, row in enumerate(self.hit_rows):
            if index < len(self._hits):
                hit = self._hits[index]
                snippet, marked = phrases.excerpt(hit.snippet, hit.marked)
                row.show_row(
                    phrases.where(hit.title, hit.heading),
                    snippet,
                    place=phrases.place(hit.line, hit.page),
                    sign="passage",
                    words=words,
                    mark_title=True,
                    marked=marked,
                )
            else:
                row.hide()
        self._questions_heading.setVisible(bool(self._completions))
        self._passages_heading.setVisible(bool(self._hits))

    @property
    def shown_rows(self) -> list[ResultRow]:
        """The rows that hold something, from the top."""
        return [row for row in (*self.question_rows, *self.hit_rows) if not row.isHidden()]

    @Slot()
    def _choose_completion(self) -> None:
        sender = self.sender()
        for row, completion in zip(self.question_rows, self._completions, strict=False):
            if row is sender:
                self.question_chosen.emit(completion.question)
                return

    @Slot()
    def _choose_hit(self) -> None:
        sender = self.sender()
        for row, hit in zip(self.hit_rows, self._hits, strict=False):
            if row is sender:
                self.hit_chosen.emit(hit)
                return

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for kind, heading, rows in (
            ("completion", self._questions_heading, self.question_rows),
            ("hit", self._passages_heading, self.hit_rows),
        ):
            heading.setContentsMargins(12, 10, 12, 4)
            column.addWidget(heading)
            for number, row in enumerate(rows, 1):
                row.setObjectName(f"{kind}-{number}")
                column.addWidget(row)


def beside_answer(hits: Sequence[SearchHit], sources: Sequence[Citation]) -> list[SearchHit]:
    """The hits worth showing below an answer: a few, and none that its sources say already."""
    shown = {(source.path, source.heading) for source in sources}
    return [hit for hit in hits if (hit.path, hit.heading) not in shown][:MAX_HITS_BELOW_ANSWER]
