"""The few small pieces every window is made of. All texts are plain text."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)


def plain_label(
    name: str = "", *, text: str = "", tone: str = "", chip: str = "", note: str = "", wraps: bool = False
) -> QLabel:
    """A label that never reads its text as markup and opens no links."""
    label = QLabel(text)
    label.setObjectName(name)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setOpenExternalLinks(False)
    label.setWordWrap(wraps)
    if chip:
        label.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
    for property_name, value in (("tone", tone), ("chip", chip), ("note", note)):
        if value:
            label.setProperty(property_name, value)
    return label


def restyle(widget: QWidget, property_name: str, value: str) -> None:
    """Give a widget another look of the style sheet."""
    if widget.property(property_name) != value:
        widget.setProperty(property_name, value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


class PushButton(QPushButton):
    """A button that Enter presses too; outside dialogs Qt leaves that to the space bar."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)


def button(name: str, text: str, *, is_main: bool = False, is_plain: bool = False) -> QPushButton:
    """A push button; ``is_main`` for the one thing to do next, ``is_plain`` for what is rarely wanted."""
    made = PushButton(text)
    made.setObjectName(name)
    made.setAutoDefault(False)
    if is_main:
        made.setProperty("main", True)
    if is_plain:
        made.setProperty("plain", True)
    return made


def hairline() -> QFrame:
    """A thin line between parts."""
    line = QFrame()
    line.setProperty("line", True)
    return line


def card() -> tuple[QFrame, QVBoxLayout]:
    """A rounded box and the column inside it."""
    frame = QFrame()
    frame.setProperty("card", True)
    column = QVBoxLayout(frame)
    column.setContentsMargins(20, 16, 20, 16)
    column.setSpacing(12)
    return frame, column


def scrolled(content: QWidget) -> QScrollArea:
    """A page that scrolls when it is too tall."""
    area = QScrollArea()
    area.setWidget(content)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    return area


def clear_layout(layout: QLayout) -> None:
    """Take everything out of a layout; widgets in it are deleted."""
    while layout.count():
        item = layout.takeAt(0)
        if item is None:
            break
        widget, inner = item.widget(), item.layout()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
        elif inner is not None:
            clear_layout(inner)
            inner.deleteLater()
