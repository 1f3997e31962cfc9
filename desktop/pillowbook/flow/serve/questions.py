"""A question as it is typed, pasted or piped in: cleaned, bounded, and its vector remembered for a moment."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pillowbook.domain.asking import MAX_QUESTION_CHARS
from pillowbook.domain.errors import QuestionEmpty, QuestionTooLong
from pillowbook.domain.visible import visible_line

Vector = NDArray[np.float32]

_HOPELESS_CHARS: Final = 50 * MAX_QUESTION_CHARS
"""Text this long is not even cleaned; nobody types so many blanks."""
_REMEMBERED: Final = 16


def clean_question(text: str) -> str:
    """A question to be answered.

    Raises:
        QuestionEmpty: no letter and no digit is in it.
        QuestionTooLong: it is more than :data:`MAX_QUESTION_CHARS`.
    """
    question = visible_line(text) if len(text) <= _HOPELESS_CHARS else text
    if len(question) > MAX_QUESTION_CHARS:
        raise QuestionTooLong(limit=MAX_QUESTION_CHARS)
    if not any(letter.isalnum() for letter in question):
        raise QuestionEmpty()
    return question


def clean_typed(text: str) -> str:
    """What is typed so far, to be looked up and never refused; what is too much of it is left out."""
    return visible_line(text[: 2 * MAX_QUESTION_CHARS])[:MAX_QUESTION_CHARS]


class RecentVectors:
    """The vectors of the questions typed last: looking, reading ahead and asking embed the same words. Thread-safe."""

    def __init__(self, embed: Callable[[str], Vector]) -> None:
        self._embed = embed
        self._rows: OrderedDict[str, Vector] = OrderedDict()
        self._lock = threading.Lock()

    def known(self, question: str) -> Vector | None:
        """The vector when it was made lately."""
        with self._lock:
            return self._rows.get(question)

    def get(self, question: str) -> Vector:
        """The question's unit vector. Raises what the embedder raises."""
        row = self.known(question)
        if row is None:
            row = self._embed(question)
            with self._lock:
                self._rows[question] = row
                while len(self._rows) > _REMEMBERED:
                    self._rows.popitem(last=False)
        return row
