"""The headings of a Markdown text, found line by line with exact character offsets.

Follows CommonMark 0.31 for ATX and setext headings and fenced code, as far as notes use them; what a full parser would
find inside lists and quotations is left to the text. Front matter is the YAML block of Jekyll and Obsidian.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

HEADING_SEPARATOR = " › "
MAX_HEADING_CHARS = 200
"""A longer line is a paragraph that somebody, or a converter, marked as a heading."""

_FRONT_MATTER = re.compile(
    r"\ufeff?---[ \t]*\r?\n(?P<fields>.*?)^(?:---|\.\.\.)[ \t]*\r?(?:\n|\Z)", re.S | re.M
)
_FIELD = re.compile(r"^(?P<name>[A-Za-z_][\w-]*)[ \t]*:[ \t]*(?P<value>.*?)[ \t\r]*$", re.M)
_ATX = re.compile(r" {0,3}(?P<marks>#{1,6})(?:[ \t]+(?P<title>.*?))?(?:[ \t]+#+)?[ \t\r]*\Z")
_SETEXT = re.compile(r" {0,3}(?P<mark>=+|-{2,})[ \t\r]*\Z")
_FENCE = re.compile(r" {0,3}(?P<fence>`{3,}|~{3,})(?P<info>.*)\Z")
_NOT_A_TITLE = re.compile(r"\s*(?:[-*+>|]|\d+[.)][ \t]|#|$)")
_INLINE_MARKS = re.compile(
    r"!?\[([^\]]*)\]\([^)]*\)|[*`]{1,3}|\[\[(?:[^\]|]*\|)?([^\]]*)\]\]|(?<!\w)_{1,3}|_{1,3}(?!\w)"
)


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading and where its lines stand. ``title`` is plain, without Markdown marks."""

    level: int
    title: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of text under one path of headings; ``heading`` joins the path, outermost first."""

    heading: str
    start: int
    end: int


def front_matter(text: str) -> tuple[int, dict[str, str]]:
    """Where the text begins after its front matter, and the front matter's simple ``name: value`` lines."""
    found = _FRONT_MATTER.match(text)
    if found is None:
        return 0, {}
    fields = {
        line["name"].lower(): line["value"].strip("\"'")
        for line in _FIELD.finditer(found["fields"])
        if line["value"]
    }
    return found.end(), fields


def find_headings(text: str, start: int = 0) -> list[Heading]:
    """All headings at or after ``start``, in order."""
    headings: list[Heading] = []
    fence = ""
    above: tuple[int, str] | None = None
    for offset, line in _lines(text, start):
        opening = _FENCE.match(line)
        if fence:
            if opening and opening["fence"].startswith(fence) and not opening["info"].strip():
                fence = ""
            above = None
            continue
        if opening and not ("`" in opening["info"] and opening["fence"][0] == "`"):
            fence = opening["fence"]
            above = None
            continue
        atx = _ATX.match(line)
        if atx:
            headings.append(
                Heading(
                    len(atx["marks"]),
                    plain_title(atx["title"] or ""),
                    offset,
                    offset + len(line.rstrip("\r")),
                )
            )
            above = None
            continue
        setext = _SETEXT.match(line)
        if setext and above is not None:
            level = 1 if setext["mark"].startswith("=") else 2
            headings.append(Heading(level, plain_title(above[1]), above[0], offset + len(line.rstrip("\r"))))
            above = None
            continue
        # Only a paragraph of one line becomes a setext heading here: a rule under a long paragraph is mostly a rule.
        is_first_line = above is None and not _NOT_A_TITLE.match(line) and not line.startswith(("    ", "\t"))
        is_after_blank = offset == start or not _line_before(text, offset).strip()
        above = (offset, line) if is_first_line and is_after_blank else None
    return headings


def find_sections(text: str, start: int = 0) -> list[Section]:
    """Cut the text after ``start`` into sections that cover everything but the headings.

    A heading with neither text nor sub-headings below it (a list of tasks written as headings) is text itself: it is
    kept as a section of the path above it, and neighbours of that kind are one section.
    """
    headings = [
        heading for heading in find_headings(text, start) if 0 < len(heading.title) <= MAX_HEADING_CHARS
    ]
    first = headings[0].start if headings else len(text)
    sections = [Section("", start, first)] if text[start:first].strip() else []
    path: list[Heading] = []
    for position, heading in enumerate(headings):
        after = headings[position + 1] if position + 1 < len(headings) else None
        while path and path[-1].level >= heading.level:
            path.pop()
        end = after.start if after else len(text)
        above = HEADING_SEPARATOR.join(each.title for each in path)
        if text[heading.end : end].strip():
            below = HEADING_SEPARATOR.join([*(each.title for each in path), heading.title])
            sections.append(Section(below, heading.end, end))
        elif after is None or after.level <= heading.level:
            last = sections[-1] if sections else None
            if last and last.heading == above and not text[last.end : heading.start].strip():
                sections[-1] = Section(above, last.start, end)
            else:
                sections.append(Section(above, heading.start, end))
        path.append(heading)
    return sections


def markdown_title(text: str) -> str:
    """The document's own title: the front matter's, else the first heading of level 1; empty when there is neither."""
    start, fields = front_matter(text)
    if fields.get("title"):
        return fields["title"]
    titles = (heading.title for heading in find_headings(text, start) if heading.level == 1)
    return next((title for title in titles if 0 < len(title) <= MAX_HEADING_CHARS), "")


def plain_title(title: str) -> str:
    """A heading without links, emphasis and code marks, on one line."""
    plain = _INLINE_MARKS.sub(lambda mark: mark[1] or mark[2] or "", title)
    return " ".join(plain.split())


def _lines(text: str, start: int) -> Iterator[tuple[int, str]]:
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield start, text[start:end]
        start = end + 1


def _line_before(text: str, offset: int) -> str:
    return text[text.rfind("\n", 0, max(offset - 1, 0)) + 1 : offset]
