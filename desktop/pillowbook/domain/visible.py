"""What can be seen of a text: none may drive a terminal or deceive a reader, whatever a document or question holds."""

import re

_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_BREAKS_BUT_LINES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]+")
_UNSEEN = re.compile(
    # halves of characters; soft hyphen; direction marks, overrides and isolates; invisible operators; tags.
    # The joiners U+200C and U+200D stay: Persian, Hindi and emoji are written with them.
    "[\ud800-\udfff\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]+"
)


def visible_line(text: str) -> str:
    """The text on one line, without control and direction characters and halves of characters."""
    return " ".join(_UNSEEN.sub("", _BREAKS.sub(" ", text)).split())


def visible_lines(text: str) -> str:
    """The text with its lines and blanks, without control and direction characters and halves of characters."""
    return _UNSEEN.sub("", _BREAKS_BUT_LINES.sub(" ", text))
