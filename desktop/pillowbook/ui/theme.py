"""Light and dark: the palettes and the style sheet of ``resources/styles``, laid over the whole application."""

import string
import tomllib
from dataclasses import dataclass, fields
from typing import Final

from PySide6.QtCore import QByteArray, QObject, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from pillowbook.host.resources import resource

SCHEMES: Final = ("light", "dark")


@dataclass(frozen=True, slots=True)
class Tokens:
    """The colours of one scheme, as ``#RRGGBB``; ``*_soft`` are backgrounds for text in the colour of that name."""

    paper: str
    surface: str
    raised: str
    ink: str
    muted: str
    hairline: str
    outline: str
    accent: str
    accent_soft: str
    on_accent: str
    accent_deep: str
    mark: str
    fresh: str
    fresh_soft: str
    amber: str
    amber_soft: str
    quiet: str
    quiet_soft: str
    alarm: str
    alarm_soft: str
    shadow: str


def load_tokens(scheme: str) -> Tokens:
    """The palette of ``light`` or ``dark``."""
    colours = tomllib.loads(resource("styles", f"{scheme}.toml").read_text("utf-8"))
    return Tokens(**{field.name: str(colours[field.name]) for field in fields(Tokens)})


def style_sheet(tokens: Tokens, scheme: str) -> str:
    """The sheet with this palette's colours in it."""
    template = string.Template(resource("styles", "pillowbook.qss").read_text("utf-8"))
    colours = {field.name: getattr(tokens, field.name) for field in fields(Tokens)}
    return template.substitute(colours, icons=resource("icons").as_posix(), scheme=scheme)


class Theme(QObject):
    """Which scheme is shown; follows the system unless the setting says otherwise.

    Signals:
        changed: the tokens are others now; widgets that paint themselves repaint.
    """

    changed = Signal()

    def __init__(self, application: QApplication, wish: str = "system") -> None:
        super().__init__(application)
        self._application = application
        self._wish = wish
        self._scheme = ""
        self._tokens = load_tokens("light")
        self._glyphs: dict[tuple[str, str, int, float], QPixmap] = {}
        self._apply()
        self._connect()

    @property
    def tokens(self) -> Tokens:
        """The colours shown now."""
        return self._tokens

    @property
    def scheme(self) -> str:
        """``light`` or ``dark``."""
        return self._scheme

    def glyph(self, name: str, role: str, size: int, ratio: float) -> QPixmap:
        """A line drawing of ``resources/icons`` in the colour of a token; ``size`` in device-independent pixels."""
        key = (name, role, size, ratio)
        if key not in self._glyphs:
            # Kept once drawn: rows ask for the same few at every keystroke.
            self._glyphs[key] = _draw(name, getattr(self._tokens, role), size, ratio)
        return self._glyphs[key]

    def set_wish(self, wish: str) -> None:
        """``system``, ``light`` or ``dark``, as the setting has it."""
        self._wish = wish
        self._apply()

    def _connect(self) -> None:
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._follow_system)

    @Slot(Qt.ColorScheme)
    def _follow_system(self, _scheme: Qt.ColorScheme) -> None:
        self._apply()

    def _apply(self) -> None:
        scheme = self._wish
        if scheme not in SCHEMES:
            is_dark = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
            scheme = "dark" if is_dark else "light"
        if scheme == self._scheme:
            return
        self._scheme = scheme
        self._glyphs.clear()
        self._tokens = load_tokens(scheme)
        self._application.setPalette(_palette(self._tokens))
        self._application.setStyleSheet(style_sheet(self._tokens, scheme))
        self.changed.emit()


def app_icon() -> QIcon:
    """The application's icon."""
    return QIcon(str(resource("icons", "pillowbook.svg")))


def _draw(name: str, colour: str, size: int, ratio: float) -> QPixmap:
    drawing = resource("icons", f"{name}.svg").read_text("utf-8").replace("currentColor", colour)
    renderer = QSvgRenderer(QByteArray(drawing.encode("utf-8")))
    pixmap = QPixmap(QSize(round(size * ratio), round(size * ratio)))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    renderer.render(painter, QRectF(0, 0, pixmap.width(), pixmap.height()))
    painter.end()
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


def _palette(tokens: Tokens) -> QPalette:
    palette = QPalette()
    roles = {
        QPalette.ColorRole.Window: tokens.paper,
        QPalette.ColorRole.WindowText: tokens.ink,
        QPalette.ColorRole.Base: tokens.surface,
        QPalette.ColorRole.AlternateBase: tokens.raised,
        QPalette.ColorRole.Text: tokens.ink,
        QPalette.ColorRole.Button: tokens.surface,
        QPalette.ColorRole.ButtonText: tokens.ink,
        QPalette.ColorRole.Highlight: tokens.accent,
        QPalette.ColorRole.HighlightedText: tokens.on_accent,
        QPalette.ColorRole.PlaceholderText: tokens.muted,
        QPalette.ColorRole.ToolTipBase: tokens.surface,
        QPalette.ColorRole.ToolTipText: tokens.ink,
        QPalette.ColorRole.Link: tokens.accent,
    }
    for role, colour in roles.items():
        palette.setColor(role, QColor(colour))
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText, QPalette.ColorRole.WindowText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(tokens.muted))
    return palette
