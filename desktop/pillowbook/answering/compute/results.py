"""What a computation gives, before it becomes an answer."""

from collections.abc import Sequence
from dataclasses import dataclass

from pillowbook.answering.units import Unit


@dataclass(frozen=True, slots=True)
class Result:
    """The answer in words, and the units it was computed from.

    Attributes:
        sureness: 0 to 1, how surely the facts are the ones that were meant.
    """

    text: str
    units: tuple[Unit, ...]
    sureness: float = 0.85


def joined(parts: Sequence[str]) -> str:
    """``A, B and C``; with semicolons where the parts hold commas."""
    if len(parts) <= 1:
        return "".join(parts)
    separator = "; " if any("," in part for part in parts) else ", "
    return f"{separator.join(parts[:-1])}{';' if separator == '; ' else ''} and {parts[-1]}"
