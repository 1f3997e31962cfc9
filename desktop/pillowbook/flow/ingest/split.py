"""Cut a document's text into passages that can be cited.

A passage has up to about 700 characters: whole paragraphs and list items where they fit, whole sentences else. That is
100 to 180 tokens, so that the default embedder (256 tokens) sees all of it and its heading, and the default generator
reads three in about seven seconds. Passages never overlap; together they cover all but front matter, headings and white
space.
"""

import hashlib
import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence

from semantic_text_splitter import MarkdownSplitter, TextSplitter

from pillowbook.domain.documents import PassageDraft
from pillowbook.domain.ids import ContentHash
from pillowbook.flow.ingest.kinds import HAS_LINES, IS_MARKDOWN, MARKDOWN
from pillowbook.flow.ingest.outline import HEADING_SEPARATOR, Section, find_sections, front_matter

WANTED_CHARS = 400
"""A passage is full once it has this many characters ..."""
MAX_CHARS = 700
"""... and never has more, but for a small rest or a table (below)."""
MAX_TABLE_CHARS = 1100
"""A table up to this size stays whole: its rows say little without its head."""
TINY_CHARS = 100
"""A piece smaller than this joins its neighbour in the same section."""

_TABLE = re.compile(
    r"^[^\n|]*\|[^\n]*\n"  # the head
    r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t\r]*\n"  # the rule
    r"(?:[^\n]*\|[^\n]*(?:\n|\Z))*",  # the rows
    re.M,
)

Span = tuple[int, int]


def split_passages(
    text: str, kind: str, pages: Sequence[tuple[int, int]] = (), *, title: str = ""
) -> list[PassageDraft]:
    """Cut ``text`` into passages.

    Args:
        text: the extracted text, as stored with the document.
        kind: the document's kind (see :mod:`kinds`); decides whether headings, lines and pages are known.
        pages: (page number, offset of its first character), ascending; empty where the format has no pages.
        title: the document's title, part of what is embedded; not part of the passage.
    Returns:
        Passages in order; ``text[passage.start : passage.end] == passage.text``.
    """
    is_markdown = kind in IS_MARKDOWN
    start = front_matter(text)[0] if kind == MARKDOWN else 0
    sections = find_sections(text, start) if is_markdown else [Section("", start, len(text))]
    splitter: MarkdownSplitter | TextSplitter
    splitter = (
        MarkdownSplitter((WANTED_CHARS, MAX_CHARS))
        if is_markdown
        else TextSplitter((WANTED_CHARS, MAX_CHARS))
    )
    page_starts = [offset for _, offset in pages]
    newlines = [found.start() for found in re.finditer("\n", text)] if kind in HAS_LINES else None
    drafts: list[PassageDraft] = []
    for section in sections:
        for begin, end in _cut_at(page_starts, (section.start, section.end)):
            for span in _split_stretch(text, (begin, end), splitter, has_tables=is_markdown):
                piece = text[span[0] : span[1]]
                drafts.append(
                    PassageDraft(
                        text=piece,
                        content_hash=hash_passage(title, section.heading, piece),
                        heading=section.heading,
                        start=span[0],
                        end=span[1],
                        line=None if newlines is None else bisect_right(newlines, span[0] - 1) + 1,
                        page=pages[bisect_right(page_starts, span[0]) - 1][0] if pages else None,
                    )
                )
    return drafts


def embedded_text(title: str, heading: str, text: str) -> str:
    """Exactly what is embedded of a passage: where it stands, and what it says.

    The title is left out where the headings begin with it already, as they do in most notes.
    """
    where = heading
    if title and heading.split(HEADING_SEPARATOR)[0].casefold() != title.casefold():
        where = f"{title}{HEADING_SEPARATOR}{heading}" if heading else title
    return f"{where}\n{text}" if where else text


def hash_passage(title: str, heading: str, text: str) -> ContentHash:
    """The passage's content hash: SHA-256 over :func:`embedded_text`.

    Two passages of one hash have one vector, so one that moves, or stands in two files, is never embedded twice. One
    whose words stay but whose heading or title changes counts as changed: "2 tablets" under another heading is another
    statement.
    """
    return ContentHash(
        hashlib.sha256(embedded_text(title, heading, text).encode("utf-8", "surrogatepass")).hexdigest()
    )


def _split_stretch(
    text: str, stretch: Span, splitter: MarkdownSplitter | TextSplitter, *, has_tables: bool
) -> list[Span]:
    """Passages of one stretch under one heading and on one page."""
    spans: list[Span] = []
    for begin, end, is_table in _blocks(text, stretch, has_tables=has_tables):
        if is_table:
            spans.append((begin, end))
            continue
        spans.extend(
            (begin + at, begin + at + len(piece)) for at, piece in splitter.chunk_indices(text[begin:end])
        )
    trimmed = (_trim(text, span) for span in spans)
    return _join_tiny([span for span in trimmed if span[0] < span[1]])


def _blocks(text: str, stretch: Span, *, has_tables: bool) -> Iterable[tuple[int, int, bool]]:
    """Cut out the tables that stay whole; a small one stays with the sentences around it."""
    begin, end = stretch
    if has_tables and end - begin > MAX_CHARS:
        for table in _TABLE.finditer(text, begin, end):
            if WANTED_CHARS < table.end() - table.start() <= MAX_TABLE_CHARS:
                yield begin, table.start(), False
                yield table.start(), table.end(), True
                begin = table.end()
    yield begin, end, False


def _join_tiny(spans: Sequence[Span]) -> list[Span]:
    """Join pieces too small to say anything with the neighbour before, or after where there is none before."""
    joined: list[Span] = []
    for span in spans:
        is_tiny = span[1] - span[0] < TINY_CHARS or (
            bool(joined) and joined[-1][1] - joined[-1][0] < TINY_CHARS
        )
        if joined and is_tiny and span[1] - joined[-1][0] <= MAX_TABLE_CHARS + TINY_CHARS:
            joined[-1] = (joined[-1][0], span[1])
        else:
            joined.append(span)
    return joined


def _cut_at(offsets: Sequence[int], stretch: Span) -> Iterable[Span]:
    """Cut a stretch where a page begins, so that a passage stands on one page."""
    begin, end = stretch
    for offset in offsets[bisect_right(offsets, begin) :]:
        if offset >= end:
            break
        yield begin, offset
        begin = offset
    yield begin, end


def _trim(text: str, span: Span) -> Span:
    piece = text[span[0] : span[1]]
    begin = span[0] + len(piece) - len(piece.lstrip())
    return begin, max(begin, span[1] - (len(piece) - len(piece.rstrip())))
