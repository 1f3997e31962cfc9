"""Files of JSON Lines that the command line works through: one object a line in, one a line out, in their order.

A line that is no such object gives an error object in its place, and the rest goes on. What is read is worked on at
once, so that a program can write questions into a pipe and read the answers one by one.
"""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from pillowbook.cli.terminal import InputUnreadable, dump, without_surrogates
from pillowbook.domain.errors import CoreUnreachable, DiskFull, PillowbookError, VaultLocked

MAX_LINE_BYTES: Final = 4 * 1024 * 1024
STANDARD_INPUT: Final = "-"

ENDS_ALL: Final = (VaultLocked, DiskFull, CoreUnreachable)
"""What goes wrong for one line would go wrong for all that follow."""


class LineUnusable(InputUnreadable):
    """One line is not what it should be."""

    code = "line-unusable"
    sentence = "Line {line} cannot be used: {problem}."


@dataclass(frozen=True, slots=True)
class Line:
    """One line: ``values`` has the keys that were asked for, all but ``id`` as text; empty where there is an error."""

    number: int
    id: Any
    values: dict[str, str]
    error: LineUnusable | None = None


def read_lines(path: Path, keys: Sequence[str]) -> Iterator[Line]:
    """The lines of a file as they come; blank ones are left out.

    Args:
        path: ``-`` for standard input.
        keys: of texts that each object must have, besides an ``id``, which may be any JSON value.
    Raises:
        InputUnreadable: the file cannot be read.
    """
    with _opened(path) as file:
        number = 0
        while raw := file.readline(MAX_LINE_BYTES + 1):
            number += 1
            if len(raw) > MAX_LINE_BYTES:
                while raw and not raw.endswith(b"\n"):
                    raw = file.readline(MAX_LINE_BYTES)
                yield _unusable(number, None, f"it is longer than {MAX_LINE_BYTES // 1024 // 1024} MB")
            elif raw.strip(b"\xef\xbb\xbf \t\r\n"):
                yield _read_line(number, raw, keys)


def work_through(path: Path, keys: Sequence[str], answer: Callable[[Line], Any]) -> None:
    """Print one JSON object for each line, as soon as it is there.

    Args:
        answer: gives the object for a line; a :class:`PillowbookError` of its own becomes an error object.
    Raises:
        VaultLocked, DiskFull, CoreUnreachable: nothing more can be answered.
    """
    for line in read_lines(path, keys):
        try:
            if line.error is not None:
                raise line.error
            value = answer(line)
        except ENDS_ALL:
            raise
        except PillowbookError as error:
            value = error_json(line, error)
        print(dump(value), flush=True)


def error_json(line: Line, error: PillowbookError) -> dict[str, Any]:
    """What is printed in place of an answer."""
    return {
        "line": line.number,
        "id": line.id,
        **line.values,
        "error": error.code,
        "sentence": error.say(),
    }


def _read_line(number: int, raw: bytes, keys: Sequence[str]) -> Line:
    try:
        value = json.loads(without_surrogates(raw.decode("utf-8-sig" if number == 1 else "utf-8")))
    except UnicodeDecodeError:
        return _unusable(number, None, "it is not text in UTF-8")
    except (ValueError, RecursionError):
        return _unusable(number, None, "it is no JSON")
    if not isinstance(value, dict):
        return _unusable(number, None, "it is no JSON object")
    identifier = _writable(value.get("id"))
    missing = [key for key in ("id", *keys) if key not in value]
    if missing:
        return _unusable(number, identifier, f"it has no {' and no '.join(missing)}")
    values: dict[str, str] = {}
    for key in keys:
        if not isinstance(value[key], str):
            return _unusable(number, identifier, f"its {key} is no text")
        values[key] = without_surrogates(value[key])
    return Line(number, identifier, values)


def _writable(identifier: Any) -> Any:
    """The ``id``, unless it is something that JSON can be read as and not be written."""
    try:
        dump(identifier)
    except (ValueError, OverflowError, RecursionError):
        return None
    return identifier


def _unusable(number: int, identifier: Any, problem: str) -> Line:
    return Line(number, identifier, {}, LineUnusable(line=number, problem=problem))


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    if str(path) == STANDARD_INPUT:
        yield sys.stdin.buffer
        return
    try:
        file = path.open("rb")
    except OSError as error:
        raise InputUnreadable(name=str(path), problem=(error.strerror or "unreadable").lower()) from None
    with file:
        yield file
