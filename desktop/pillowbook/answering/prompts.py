"""Prompts: plain text files under ``resources/prompts``, one task each, read once.

A file holds the system message, a line of three hyphens, and the user message. ``{names}`` are filled in one pass, so
that braces inside a person's notes are never taken for a place to fill.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pillowbook.domain.ids import DocumentId
from pillowbook.host.resources import resource
from pillowbook.models.generator.client import Message

_FIELD = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Prompt:
    """The two messages of one task, with fields still open."""

    system: str
    user: str

    def fill(self, documents: Iterable[DocumentId] | None = None, /, **fields: str) -> list[Message]:
        """The messages with every field filled; a field without a value is an error of ours.

        Args:
            documents: all that any of the fields was made from; without them the prompt never leaves this machine.
        """
        made_from = None if documents is None else frozenset(documents)
        return [
            Message("system", _fill(self.system, fields), made_from),
            Message("user", _fill(self.user, fields), made_from),
        ]


def _fill(text: str, fields: dict[str, str]) -> str:
    return _FIELD.sub(lambda match: fields[match[1]], text)


def load_prompt(name: str) -> Prompt:
    """The prompt of that name."""
    text = resource("prompts", f"{name}.txt").read_text(encoding="utf-8")
    system, _, user = text.partition("\n---\n")
    return Prompt(system.strip(), user.strip())
