"""A few lines of plain text, cut with an ellipsis, with found words marked.

Texts from documents are hostile input: they are laid out as plain text here, never read as markup.
"""

import re
from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QEvent, QPointF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextCharFormat,
    QTextLayout,
    QTextOption,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from pillowbook.domain.visible import visible_line
from pillowbook.ui.theme import Theme

MAX_CHARACTERS: Final = 600
_COMMON_WORDS: Final = re.compile(
    r"a|an|and|are|at|be|by|can|did|do|does|for|from|had|has|have|how|i|in|is|it|me|my|of|on|or|our|that|the|this|to"
    r"|was|we|were|what|when|where|which|who|why|will|with|you|your"
)


def one_line(text: str, limit: int = MAX_CHARACTERS) -> str:
    """The text on one line, without control and direction characters, which could disguise what is shown."""
    return visible_line(text[: limit * 2])[:limit]


def plain_lines(text: str, limit: int) -> str:
    """The text with its lines, each without control and direction characters."""
    lines = (one_line(line, limit) for line in text[: limit * 2].splitlines())
    return "\n".join(lines).strip()[:limit]


def marked_words(question: str) -> list[str]:
    """The words of a question that are worth marking where they are found."""
    words = [word for word in re.findall(r"\w+", question.casefold()) if not _COMMON_WORDS.fullmatch(word)]
    # Marks reach to the end of a word, so the singular finds both.
    return [word[:-1] if len(word) > 3 and word.endswith("s") else word for word in words]


def found_spans(text: str, words: Sequence[str]) -> list[tuple[int, int]]:
    """Where the words (or words that begin with them) stand: (start, length), in order."""
    stems = [re.escape(word) for word in words if len(word) > 1]
    if not stems:
        return []
    pattern = re.compile(rf"\b(?:{'|'.join(stems)})\w*", re.IGNORECASE)
    return [(match.start(), match.end() - match.start()) for match in pattern.finditer(text)]


class PassageText(QWidget):
    """Plain text of at most ``max_lines`` lines."""

    def __init__(
        self, theme: Theme, *, max_lines: int, tone: str = "ink", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._max_lines = max_lines
        self._tone = tone
        self._text = ""
        self._words: Sequence[str] = ()
        self._marked = (0, 0)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        theme.changed.connect(self.update)

    def show_text(self, text: str, words: Sequence[str] = (), *, marked: tuple[int, int] = (0, 0)) -> None:
        """Show a text and mark the words in it, and the stretch ``marked`` (a sentence) as a whole."""
        before, inside, after = (
            one_line(piece) for piece in (text[: marked[0]], text[marked[0] : marked[1]], text[marked[1] :])
        )
        self._text = one_line(" ".join(piece for piece in (before, inside, after) if piece))
        start = len(before) + 1 if before else 0
        self._marked = (start, len(inside)) if inside else (0, 0)
        self._words = tuple(words)
        self.setAccessibleName(self._text)
        self.updateGeometry()
        self.update()

    def text(self) -> str:
        """What is shown, before it is cut."""
        return self._text

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        layout, lines = self._lay_out(self._text, width)
        shown = min(lines, self._max_lines)
        del layout
        return max(1, shown) * self._line_height()

    def sizeHint(self) -> QSize:
        width = self.width() if self.width() > 40 else 400
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:
        return QSize(40, self._line_height())

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self.updateGeometry()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.updateGeometry()

    def paintEvent(self, _event: QPaintEvent) -> None:
        if not self._text:
            return
        painter = QPainter(self)
        tokens = self._theme.tokens
        painter.setPen(QColor(getattr(tokens, self._tone)))
        text = self._fitted(self.width())
        layout, _ = self._lay_out(text, self.width(), marked=True)
        layout.draw(painter, QPointF(0, 0))
        painter.end()

    # -- laying out --------------------------------------------------------------------------------------------------

    def _line_height(self) -> int:
        return round(self.fontMetrics().lineSpacing() * 1.1)

    def _fitted(self, width: int) -> str:
        layout, lines = self._lay_out(self._text, width)
        if lines <= self._max_lines:
            return self._text
        last = layout.lineAt(self._max_lines - 1)
        rest = self._text[last.textStart() :]
        head = self._text[: last.textStart()]
        return head + self.fontMetrics().elidedText(rest, Qt.TextElideMode.ElideRight, max(20, width - 4))

    def _lay_out(self, text: str, width: int, *, marked: bool = False) -> tuple[QTextLayout, int]:
        layout = QTextLayout(text, self.font())
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        layout.setTextOption(option)
        if marked:
            layout.setFormats(self._formats(text))
        layout.beginLayout()
        lines = 0
        while lines <= self._max_lines:
            line = layout.createLine()
            if not line.isValid():
                break
            line.setLineWidth(max(20, width))
            line.setPosition(QPointF(0, lines * self._line_height()))
            lines += 1
        layout.endLayout()
        return layout, lines

    def _formats(self, text: str) -> list[QTextLayout.FormatRange]:
        """The sentence that matters on a ground of its own, the words that were found heavy, on it or by themselves."""
        start, length = self._marked
        formats = [self._format(start, length, is_heavy=False)] if length else []
        formats += [self._format(*span, is_heavy=True) for span in found_spans(text, self._words)]
        return formats

    def _format(self, start: int, length: int, *, is_heavy: bool) -> QTextLayout.FormatRange:
        look = QTextCharFormat()
        look.setForeground(QColor(self._theme.tokens.ink))
        look.setBackground(QColor(self._theme.tokens.mark))
        if is_heavy:
            look.setFontWeight(QFont.Weight.DemiBold)
        mark = QTextLayout.FormatRange()
        mark.start = start
        mark.length = length
        mark.format = look
        return mark
