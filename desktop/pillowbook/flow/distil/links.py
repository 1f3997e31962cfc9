"""Links that a person set between notes: ``[[note]]`` and ``[words](path)``."""

import os
import re
from collections.abc import Iterable
from pathlib import PurePath
from urllib.parse import unquote

_WIKI = re.compile(r"\[\[([^\]|#]+)(?:[|#][^\]]*)?\]\]")
_MARKDOWN = re.compile(r"\]\(<?([^)\s>#]+)")


def linked_names(text: str) -> frozenset[str]:
    """The notes that a text links to, as file names without folder and ending, folded."""
    return frozenset(name for name, _start, _end in find_links(text))


def find_links(text: str) -> list[tuple[str, int, int]]:
    """Each link of a text: the name of the note, as :func:`linked_names` gives it, and where the link stands."""
    found = [*_WIKI.finditer(text), *_MARKDOWN.finditer(text)]
    return [(_name(unquote(one[1])), one.start(), one.end()) for one in found if "://" not in one[1]]


def are_linked(first: tuple[str, str], second: tuple[str, str], links: Iterable[frozenset[str]]) -> bool:
    """Whether one of two notes links to the other.

    Args:
        first, second: path and title of each.
        links: of the first, then of the second.
    """
    from_first, from_second = links
    return bool(from_first & _called(second)) or bool(from_second & _called(first))


def _called(note: tuple[str, str]) -> frozenset[str]:
    path, title = note
    return frozenset({_name(path), title.strip().casefold()})


def _name(target: str) -> str:
    return PurePath(target.replace("\\", "/").rstrip("/")).stem.strip().casefold() or os.fspath(target)
