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


def tool(name: str, text: str, accessible: str) -> QPushButton:
    """A small button for one thing among others, reached by Tab; ``accessible`` says what it does."""
    made = button(name, text)
    made.setProperty("tool", True)
    made.setAccessibleName(accessible)
    made.setToolTip(accessible)
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return made


def set_main(pressed: QPushButton, is_main: bool) -> None:
    """Let a button stand out as the one thing to do next, or not."""
    if bool(pressed.property("main")) != is_main:
        pressed.setProperty("main", is_main)
        pressed.style().unpolish(pressed)
        pressed.style().polish(pressed)


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


def height_for_width(widget: QWidget, width: int) -> int:
    """The height a widget's layout wants now.

    Hidden children are only taken out of layouts by a later event, so every layout below is told first.
    """
    layout = widget.layout()
    assert layout is not None
    _invalidate(layout)
    return known_height_for_width(widget, width)


def known_height_for_width(widget: QWidget, width: int) -> int:
    """The height a widget's layout wants as far as it has been told of changes. Asking changes nothing."""
    layout = widget.layout()
    assert layout is not None
    # Where nothing wraps there is no height for a width.
    return (
        layout.totalHeightForWidth(width) if layout.hasHeightForWidth() else layout.totalSizeHint().height()
    )


def _invalidate(layout: QLayout) -> None:
    layout.invalidate()
    for index in range(layout.count()):
        item = layout.itemAt(index)
        if item is None:
            continue
        child = item.widget()
        inner = item.layout() or (child.layout() if child is not None else None)
        if inner is not None:
            _invalidate(inner)
