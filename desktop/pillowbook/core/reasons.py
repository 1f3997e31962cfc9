"""Why a question was prepared, in a sentence."""

from collections.abc import Mapping
from typing import Final

from pillowbook.domain.answers import Reason

WHY: Final[Mapping[Reason, str]] = {
    Reason.ASKED: "You asked this before.",
    Reason.MISSED: "You asked this and nothing was prepared for it.",
    Reason.RHYTHM: "You ask this regularly, and it comes up again.",
    Reason.REQUESTED: "You asked for it to be prepared.",
    Reason.HEADING: "A heading of the note asks this.",
    Reason.DUE: "Something in the note is due or comes up soon.",
    Reason.CONTENT: "The note answers this.",
    Reason.CHANGED: "The note was changed lately.",
    Reason.OPENED: "You opened the note lately.",
    Reason.LINKED: "The note is linked with one you asked about.",
}
