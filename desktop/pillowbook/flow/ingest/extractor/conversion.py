"""From a parser's output to text that can be cited. Standard library only; runs in the worker."""

import html
import re
from collections.abc import Sequence

_IMAGE = re.compile(r"\\?!\[(?P<words>[^\]\n]*)\]\((?:[^()\n]|\([^()\n]*\))*\)")
_LINK = re.compile(r"(?<!!)\[(?P<words>(?:[^\[\]\n]|\[[^\[\]\n]*\])*)\]\((?:[^()\n]|\([^()\n]*\))*\)")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_BLOCK_START = re.compile(r"\s*(?:\\[#>+*-]|\d+\\[.)])")
_TABLE_ROW = re.compile(r"[ \t]*\|")
_RULE_CELL = re.compile(r":?-{2,}:?")
_HTML_HEAD = re.compile(
    r"<head\b.*?</head\s*>|<title\b.*?</title\s*>|<(?:meta|link|base)\b[^>]*>", re.I | re.S
)
_HTML_TITLE = re.compile(r"<title\b[^>]*>(?P<words>.*?)</title\s*>", re.I | re.S)
_EMPTY_LINES = re.compile(r"\n{3,}")
_OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PACKAGED = frozenset({"docx", "pptx", "xlsx"})


def split_html(page: str) -> tuple[str, str]:
    """A page without its head, and its title. Kreuzberg writes what the head says into the text, as headings."""
    found = _HTML_TITLE.search(page)
    return _HTML_HEAD.sub("", page), html.unescape(found["words"]) if found else ""


def tidy_markdown(markdown: str, *, keep_links: bool = False) -> str:
    """Take out of a converter's Markdown what is no text: link addresses, needless escapes, table padding."""
    markdown = _IMAGE.sub(lambda image: image["words"], markdown)
    if not keep_links:
        markdown = _LINK.sub(lambda link: link["words"], markdown)
    lines = [_tidy_line(line) for line in markdown.split("\n")]
    return _EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip()


def join_pages(pages: Sequence[tuple[int, str]]) -> tuple[str, tuple[tuple[int, int], ...]]:
    """One text out of pages, and (page number, offset) of each page that has text."""
    text: list[str] = []
    starts: list[tuple[int, int]] = []
    length = 0
    for number, content in pages:
        content = content.replace("\r\n", "\n").strip()
        if not content:
            continue
        if text:
            text.append("\n\n")
            length += 2
        starts.append((number, length))
        text.append(content)
        length += len(content)
    return "".join(text), tuple(starts)


def clean_title(title: str) -> str:
    """A title from a document's properties, or nothing where it is what programs put there by themselves."""
    title = " ".join(title.replace("\ufffd", "").split())
    is_machine_made = re.fullmatch(
        r"(?i)untitled.*|(document|presentation)\d*|powerpoint presentation|microsoft word - .*|.*\.\w{2,4}"
        r"|[0-9a-f-]{30,}",
        title,
    )
    return "" if is_machine_made else title[:200]


def reason_of_failure(kind: str, data: bytes, message: str) -> str:
    """Why the parser could not read a document, as a short code.

    Args:
        message: what the parser said, in lower case. It may quote the document and goes no further than this.
    """
    if "password" in message or "encrypted" in message or is_encrypted_office(kind, data):
        return "encrypted"
    return "empty" if not data else "damaged"


def is_encrypted_office(kind: str, data: bytes) -> bool:
    """Whether an Office file is encrypted, told by its container (MS-OFFCRYPTO 1.3.2, MS-DOC 2.5.2)."""
    if not data.startswith(_OLE_MAGIC):
        return False
    if kind in _PACKAGED:  # such a file is a ZIP, unless it was encrypted and wrapped
        return "EncryptedPackage".encode("utf-16-le") in data
    information_block = data.find(b"\xec\xa5", 512)
    if kind == "doc" and information_block >= 0 and information_block % 512 == 0:
        return bool(int.from_bytes(data[information_block + 10 : information_block + 12], "little") & 0x0100)
    return False


def _tidy_line(line: str) -> str:
    line = line.rstrip()
    if _TABLE_ROW.match(line):
        cells = [" ".join(cell.split()) for cell in re.split(r"(?<!\\)\|", line.strip())]
        cells = [_RULE_CELL.sub("---", cell) if _RULE_CELL.fullmatch(cell) else cell for cell in cells]
        return _unescape(" | ".join(cells).strip(), but="|")
    held = _BLOCK_START.match(line)
    return line[: held.end()] + _unescape(line[held.end() :]) if held else _unescape(line)


def _unescape(line: str, but: str = "") -> str:
    return _ESCAPE.sub(lambda escape: escape[0] if escape[1] in but else escape[1], line)
