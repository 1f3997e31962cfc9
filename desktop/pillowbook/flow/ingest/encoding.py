"""Bytes of text files into text, with care and without guessing libraries.

Most notes are UTF-8. What is not is told by its byte order mark, by what the file says of itself (HTML), or it is read
as Windows-1252, which gives every byte a letter.
"""

import codecs
import re

from pillowbook.domain.errors import DocumentUnreadable

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(
    rb"""<(?:meta[^>]{0,200}?charset|\?xml[^>]{0,200}?encoding)\s*=\s*["']?\s*([A-Za-z0-9_.:-]{2,40})""", re.I
)
_DECLARED_WITHIN_BYTES = 64 * 1024
"""HTML asks for the declaration in the first 1,024 bytes; saved pages often have it later."""

_CONTROLS = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_MAX_CONTROL_SHARE = 0.01


def decode_text(data: bytes) -> str:
    """A plain text's characters, without the byte order mark; line ends stay as they are.

    Raises:
        DocumentUnreadable: ``damaged``; the bytes are not text, whatever the file is called.
    """
    text = _by_mark(data)
    if text is None:
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            text = data.decode("cp1252", errors="replace")
    if len(_CONTROLS.findall(text)) > _MAX_CONTROL_SHARE * len(text):
        raise DocumentUnreadable(reason="damaged")
    return text


def decode_html(data: bytes) -> str:
    """An HTML page's characters, in the encoding it declares if that holds."""
    text = _by_mark(data)
    if text is not None:
        return text
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    declared = _DECLARED.search(data[:_DECLARED_WITHIN_BYTES])
    name = declared[1].decode("ascii") if declared else "cp1252"
    # The web's own reading of these two names (WHATWG Encoding Standard).
    name = "cp1252" if name.lower() in {"iso-8859-1", "us-ascii", "ascii", "latin1"} else name
    try:
        is_text = codecs.lookup(name)._is_text_encoding
        return data.decode(name if is_text else "cp1252", errors="replace")
    except LookupError:
        return data.decode("cp1252", errors="replace")


def _by_mark(data: bytes) -> str | None:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, errors="replace")
    return None
