"""Markdown as people read it: a passage without the marks of its notation, for showing only.

Quotes and snippets are kept verbatim everywhere else; what is copied, compared or stored never passes through here.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final

Replacement = str | Callable[[re.Match[str]], str]


def _cells(row: re.Match[str]) -> str:
    """A table's row as one line: its filled cells with dots between them."""
    cells = [cell.strip() for cell in row.group().split("|")]
    return "  ·  ".join(cell for cell in cells if cell and cell != "…")


_LINE_RULES: Final[Sequence[tuple[re.Pattern[str], Replacement]]] = (
    # A table's ruler says nothing; a snippet may have it in the middle of a line.
    (re.compile(r"\|(?:\s*:?-{3,}:?\s*\|)+"), "|"),
    (re.compile(r"^\s*#{1,6}\s+"), ""),
    (re.compile(r"^\s*(?:>\s?)+"), ""),
    (re.compile(r"^\s*[-*+]\s+\[ \]\s+"), "☐ "),
    (re.compile(r"^\s*[-*+]\s+\[[xX]\]\s+"), "☑ "),
    (re.compile(r"^\s*[-*+]\s+"), "• "),
    # Snippets have their lines joined, so items stand in the middle of one.
    (re.compile(r"(?<=\s)-\s+\[ \]\s+"), "☐ "),
    (re.compile(r"(?<=\s)-\s+\[[xX]\]\s+"), "☑ "),
    (re.compile(r"(?<=[.!?:;]\s)-\s+(?=\S)"), "• "),
    (re.compile(r"^(?:(?=\s*\|)|(?=(?:.*?(?<!\S)\|(?!\S)){2})).*$"), _cells),
)
_WORD_RULES: Final[Sequence[tuple[re.Pattern[str], Replacement]]] = (
    (re.compile(r"!?\[([^\[\]]+)\]\([^()\s]*(?:\s+\"[^\"]*\")?\)"), r"\1"),
    (re.compile(r"!?\[\[(?:[^\[\]|]*\|)?([^\[\]|]+)\]\]"), r"\1"),
    # A link that the snippet's end cut through.
    (re.compile(r"\[([^\[\]]+)\]\([^()\s]*(?:…|\.\.\.)?$"), r"\1…"),
    (re.compile(r"(?<![\w*])(\*\*\*|\*\*|\*)(?=\S)([^*]+?)(?<=\S)\1(?![\w*])"), r"\2"),
    (re.compile(r"(?<!\w)(__|_)(?=\S)([^_]+?)(?<=\S)\1(?!\w)"), r"\2"),
    # One half of a pair, where a quote or a snippet ends inside it.
    (re.compile(r"(?<!\S)\*\*(?=\w)|(?<=[\w.,:;!?])\*\*(?!\w)"), ""),
)
_CODE: Final = re.compile(r"(`[^`]+`)")


def without_marks(text: str) -> str:
    """The text without Markdown's marks: ``**bold**`` is bold, a table's cells have dots between them.

    Struck-through text keeps its tildes: without them it would say what its writer took back.
    """
    lines = []
    for line in text.splitlines():
        for pattern, replacement in _LINE_RULES:
            line = pattern.sub(replacement, line)
        line = "".join(_words(part) for part in _CODE.split(line))
        if line.strip() != "|" and line.strip():
            lines.append(line)
    return "\n".join(lines)


def _words(part: str) -> str:
    if _CODE.fullmatch(part):
        # What stands in code is no notation.
        return part[1:-1]
    for pattern, replacement in _WORD_RULES:
        part = pattern.sub(replacement, part)
    return part
