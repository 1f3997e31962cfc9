"""Which files are documents, told by their names; what else a kind implies.

The list is short on purpose: a kind is in it once its text was seen to come out whole
(docs/decisions/0004-extraction.md).
"""

import os

MARKDOWN = "markdown"
TEXT = "text"

KIND_BY_SUFFIX = {
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".mdown": MARKDOWN,
    ".mkd": MARKDOWN,
    ".txt": TEXT,
    ".text": TEXT,
    ".org": TEXT,
    ".rst": TEXT,
    ".adoc": TEXT,
    ".asciidoc": TEXT,
    ".tex": TEXT,
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".pdf": "pdf",
    ".docx": "docx",
    ".doc": "doc",
    ".rtf": "rtf",
    ".epub": "epub",
    ".pptx": "pptx",
    ".xlsx": "xlsx",
    ".csv": "csv",
    ".eml": "eml",
    ".msg": "msg",
}

MIME_BY_KIND = {
    "html": "text/html",
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "doc": "application/msword",
    "rtf": "application/rtf",
    "epub": "application/epub+zip",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
    "eml": "message/rfc822",
    "msg": "application/vnd.ms-outlook",
}
"""Kinds that a parser reads; all others are read as they stand."""

HAS_LINES = frozenset({MARKDOWN, TEXT})
"""Kinds whose extracted text is the file's text, so that a line number opens at the right place."""

IS_MARKDOWN = frozenset({MARKDOWN, "html", "docx", "doc", "rtf", "epub", "pptx", "xlsx", "csv"})
"""Kinds whose extracted text is Markdown."""


def kind_of(path: str) -> str | None:
    """The document kind of a file, by its name; None for what is not a document we can read."""
    return KIND_BY_SUFFIX.get(os.path.splitext(path)[1].lower())  # noqa: PTH122 - called for every file of a scan
