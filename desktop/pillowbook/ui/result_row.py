"""One line to choose in the panel: a prepared question, a passage, or a numbered source."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from pillowbook.ui.passage_text import PassageText, one_line
from pillowbook.ui.theme import Theme
from pillowbook.ui.widgets import plain_label


class ResultRow(QPushButton):
    """A row with a sign at its left, a title, a place and a few lines of text; ``clicked`` means it was chosen."""

    def __init__(self, theme: Theme, *, max_lines: int = 2, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._is_selected = False
        self._glyph = ""
        self.setFlat(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self._sign = plain_label()
        self._sign.setFixedSize(22, 22)
        self._sign.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._title = PassageText(theme, max_lines=1)
        self._place = plain_label(tone="small")
        self._text = PassageText(theme, max_lines=max_lines, tone="muted")
        self._build()
        theme.changed.connect(self._repaint_sign)

    def show_row(
        self,
        title: str,
        text: str,
        *,
        place: str = "",
        sign: str = "",
        number: int = 0,
        words: Sequence[str] = (),
        mark_title: bool = False,
        marked: tuple[int, int] = (0, 0),
    ) -> None:
        """Fill the row and show it. ``sign`` names a glyph; a ``number`` from 1 stands in its stead; ``marked`` is a
        stretch of the text that stands out as a whole.
        """
        self._title.show_text(title, words if mark_title else ())
        self._place.setText(one_line(place))
        self._text.setVisible(bool(text))
        self._text.show_text(text, words, marked=marked)
        self._glyph = sign
        if number:
            self._sign.setText(str(number))
            self._sign.setProperty("chip", "accent")
            self._sign.setStyleSheet("padding: 0; border-radius: 10px; font-size: 12px;")
        self._repaint_sign()
        self.setAccessibleName(one_line(" ".join(part for part in (title, place, text) if part)))
        self.set_selected(False)
        self.show()

    def title(self) -> str:
        """The title as shown."""
        return self._title.text()

    def place(self) -> str:
        """What stands at its right, as shown."""
        return self._place.text()

    def set_selected(self, is_selected: bool) -> None:
        """Show the row as the one that Enter would choose."""
        if is_selected != self._is_selected:
            self._is_selected = is_selected
            self.update()

    @property
    def is_selected(self) -> bool:
        """Whether Enter would choose this row."""
        return self._is_selected

    # -- Qt ----------------------------------------------------------------------------------------------------------

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        layout = self.layout()
        return layout.totalHeightForWidth(width) if layout is not None else 0

    def sizeHint(self) -> QSize:
        width = self.width() if self.width() > 80 else 640
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:
        return QSize(80, 32)

    def paintEvent(self, _event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        if not (self._is_selected or self.underMouse() or self.isDown()):
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.accent_soft if self._is_selected else tokens.raised))
        painter.drawRoundedRect(self.rect(), 8, 8)
        if self._is_selected:
            painter.setBrush(QColor(tokens.accent))
            painter.drawRoundedRect(0, 10, 3, self.height() - 20, 1.5, 1.5)
        painter.end()

    # -- building ----------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(12)
        top.addWidget(self._title, 1)
        top.addWidget(self._place, 0)
        lines = QVBoxLayout()
        lines.setSpacing(2)
        lines.addLayout(top)
        lines.addWidget(self._text)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 12, 8)
        row.setSpacing(12)
        row.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(lines, 1)
        for child in (self._sign, self._title, self._place, self._text):
            child.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def _repaint_sign(self) -> None:
        if self._glyph:
            self._sign.setPixmap(self._theme.glyph(self._glyph, "muted", 18, self.devicePixelRatioF()))
