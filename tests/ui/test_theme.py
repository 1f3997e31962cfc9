"""Colours that can be read, and texts that cannot pretend."""

import re

import pytest
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from pillowbook.ui.panel import Panel
from pillowbook.ui.passage_text import found_spans, marked_words, one_line
from pillowbook.ui.theme import SCHEMES, Theme, load_tokens, style_sheet

AA_TEXT = 4.5
PAIRS = (
    ("ink", ("paper", "surface", "raised", "accent_soft", "mark")),
    ("muted", ("paper", "surface", "raised", "accent_soft")),
    ("accent", ("surface", "paper", "accent_soft")),
    ("on_accent", ("accent", "accent_deep")),
    ("fresh", ("fresh_soft",)),
    ("amber", ("amber_soft",)),
    ("quiet", ("quiet_soft",)),
    ("alarm", ("alarm_soft", "surface", "paper")),
)


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_text_can_be_read_on_what_it_stands_on(scheme: str) -> None:
    tokens = load_tokens(scheme)
    for text, grounds in PAIRS:
        for ground in grounds:
            light, dark = sorted(
                (luminance(getattr(tokens, text)), luminance(getattr(tokens, ground))), reverse=True
            )
            ratio = (light + 0.05) / (dark + 0.05)
            assert ratio >= AA_TEXT, f"{scheme}: {text} on {ground} has {ratio:.2f} to 1"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_sheet_has_no_colour_of_its_own(scheme: str) -> None:
    sheet = style_sheet(load_tokens(scheme), scheme)
    assert "$" not in sheet
    tokens = load_tokens(scheme)
    known = {getattr(tokens, name) for name in tokens.__slots__}
    assert set(re.findall(r"#[0-9A-Fa-f]{6}\b", sheet)) <= known


def test_the_theme_setting_wins_over_the_system(application: QApplication, theme: Theme) -> None:
    theme.set_wish("dark")
    assert theme.scheme == "dark"
    theme.set_wish("light")
    assert theme.scheme == "light"


def test_no_label_of_the_panel_reads_markup(panel: Panel) -> None:
    """Answers and quotes come from documents, which are hostile input."""
    from PySide6.QtCore import Qt

    labels = [label for label in panel.findChildren(QLabel) if label.objectName()]
    assert labels
    for label in labels:
        assert label.textFormat() == Qt.TextFormat.PlainText, label.objectName()
        assert not label.openExternalLinks()


def test_direction_and_control_characters_are_dropped() -> None:
    assert one_line("in\u202evoice\x00.exe\n next") == "invoice .exe next"


def test_marks_follow_the_beginning_of_words() -> None:
    text = "The boilers were serviced"
    assert [text[start : start + length] for start, length in found_spans(text, ["boiler", "serv"])] == [
        "boilers",
        "serviced",
    ]
    assert marked_words("When are the boilers due?") == ["boiler", "due"]


def test_everything_to_press_has_a_name(panel: Panel) -> None:
    from PySide6.QtWidgets import QAbstractButton, QLineEdit

    named: list[QWidget] = [*panel.findChildren(QAbstractButton), *panel.findChildren(QLineEdit)]
    for widget in named:
        if not widget.isHidden():
            has_text = isinstance(widget, QAbstractButton) and widget.text()
            assert has_text or widget.accessibleName() or isinstance(widget, QLineEdit), widget.objectName()
