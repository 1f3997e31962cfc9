"""Citations: a quote is the passage's own words, found by code and never taken from the model.

A quote that comes from a model is looked up in the passage, forgiving about white space, punctuation and emphasis
marks, never about words or digits; what is given out is the passage's text at that span.
"""

import re
import unicodedata

from pillowbook.answering.units import Unit
from pillowbook.domain.answers import Citation
from pillowbook.domain.documents import Passage

_TOKEN = re.compile(r"[^\W_]+", re.UNICODE)
MAX_QUOTE_CHARS = 600


def find_quote(quote: str, text: str) -> tuple[int, int] | None:
    """Where ``quote`` stands in ``text``, as a span, or None.

    All words and digits must be there, in order and without gaps; only what lies between them may differ. A quote
    broken off with an ellipsis counts up to the break.
    """
    wanted = [_fold(token) for token in _TOKEN.findall(quote)]
    if not wanted:
        return None
    found = [(match.start(), match.end(), _fold(match[0])) for match in _TOKEN.finditer(text)]
    for first in range(len(found) - len(wanted) + 1):
        if all(found[first + offset][2] == token for offset, token in enumerate(wanted)):
            return found[first][0], _with_closing(text, found[first + len(wanted) - 1][1])
    return None


def _fold(token: str) -> str:
    return unicodedata.normalize("NFKC", token).casefold()


def _with_closing(text: str, end: int) -> int:
    """Take a full stop, bracket or emphasis mark that closes the quote with it."""
    while end < len(text) and text[end] in '.!?)]*_"”’`%':
        end += 1
    return end


def cite_span(passage: Passage, start: int, end: int) -> Citation:
    """The citation of ``passage.text[start:end]``, with offsets in the document and the line it begins on."""
    end = min(end, start + MAX_QUOTE_CHARS)
    line = None if passage.line is None else passage.line + passage.text.count("\n", 0, start)
    return Citation(
        document_id=passage.document_id,
        passage_id=passage.id,
        passage_hash=passage.content_hash,
        path=passage.path,
        title=passage.title,
        quote=passage.text[start:end],
        start=passage.start + start,
        end=passage.start + end,
        line=line,
        page=passage.page,
        heading=passage.heading,
    )


def cite_unit(unit: Unit) -> Citation:
    """The citation of a whole unit."""
    return cite_span(unit.passage, unit.start, unit.end)


def cite_passage(passage: Passage) -> Citation:
    """The citation of a passage as a likely place: its first few hundred characters."""
    return cite_span(passage, 0, len(passage.text))
