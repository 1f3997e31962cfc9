"""The panel's own frame: rounded, with a soft shadow where the desktop can blend windows."""

from typing import Final

from PySide6.QtCore import QPoint, QRect, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QCursor,
    QGuiApplication,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QRegion,
    QResizeEvent,
)
from PySide6.QtWidgets import QWidget

from pillowbook.ui.theme import Theme

SHADOW_PX: Final = 24
RADIUS_PX: Final = 14


class PanelFrame(QWidget):
    """A frameless window that paints itself. ``margin`` is the room kept around the frame for the shadow."""

    def __init__(self, theme: Theme, *, can_blend: bool) -> None:
        flags = Qt.WindowType.Tool | Qt.WindowType.FramelessWindowHint | Qt.WindowType.WindowStaysOnTopHint
        super().__init__(None, flags | Qt.WindowType.NoDropShadowWindowHint)
        self._theme = theme
        self._can_blend = can_blend
        self.margin = SHADOW_PX if can_blend else 0
        if can_blend:
            self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
        self.setAttribute(Qt.WidgetAttribute.WA_QuitOnClose, False)
        theme.changed.connect(self.update)

    def place_on_screen(self) -> None:
        """Move to the upper third of the screen that has the pointer. (Wayland places windows by itself.)"""
        screen = QGuiApplication.screenAt(QCursor.pos()) or QGuiApplication.primaryScreen()
        area = screen.availableGeometry()
        x = area.x() + (area.width() - self.width()) // 2
        y = area.y() + area.height() * 16 // 100 - self.margin
        self.move(QPoint(x, y))

    def room_below(self) -> int:
        """The largest height of the frame that stays on its screen, with air left at the bottom."""
        screen = QGuiApplication.screenAt(QCursor.pos()) or QGuiApplication.primaryScreen()
        return screen.availableGeometry().height() * 74 // 100

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tokens = self._theme.tokens
        frame = QRectF(self.rect()).adjusted(self.margin, self.margin, -self.margin, -self.margin)
        if self._can_blend:
            self._paint_shadow(painter, frame)
        painter.setBrush(QColor(tokens.surface))
        painter.setPen(QPen(QColor(tokens.outline), 1))
        painter.drawRoundedRect(frame.adjusted(0.5, 0.5, -0.5, -0.5), RADIUS_PX, RADIUS_PX)
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if not self._can_blend:
            self.setMask(_rounded_region(self.rect()))

    def _paint_shadow(self, painter: QPainter, frame: QRectF) -> None:
        colour = QColor(self._theme.tokens.shadow)
        painter.setPen(Qt.PenStyle.NoPen)
        for step in range(SHADOW_PX, 0, -2):
            colour.setAlphaF(0.016 * (1 - step / (SHADOW_PX + 2)) + 0.004)
            painter.setBrush(colour)
            grown = frame.adjusted(-step, -step + 6, step, step).intersected(QRectF(self.rect()))
            painter.drawRoundedRect(grown, RADIUS_PX + step, RADIUS_PX + step)


def _rounded_region(rect: QRect) -> QRegion:
    path = QPainterPath()
    path.addRoundedRect(QRectF(rect), RADIUS_PX, RADIUS_PX)
    return QRegion(path.toFillPolygon().toPolygon())
