"""One question on its way to an answer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pillowbook.answering.match import MatchResult
from pillowbook.domain.asking import AskMode, AskPart, LikelyPassage
from pillowbook.domain.clock import Clock
from pillowbook.domain.ids import DocumentId
from pillowbook.flow.serve.questions import Vector
from pillowbook.host.workers import CancelToken

NOT_MATCHED: Final = MatchResult(None, 0.0, False, ("live-only",), ())
"""Of a question that no prepared answer was looked for."""


@dataclass(slots=True)
class Asking:
    """A question, how it is asked, and what is known of it by now.

    Attributes:
        question: cleaned, and standing alone.
        began_s: by the monotonic clock.
        learn: remember the question, so that an answer to it is kept ready.
        on_part: called on the asking thread with the likely passage and the live text as it grows.
        without: documents that are left out, with all that was made of them.
        words_of: documents whose words the question may hold that whoever asks never typed: it leans on another, and
            was rewritten from what had been asked and answered.
        vector: the question's, once it was made.
        likely: the passage that is shown.
    """

    question: str
    began_s: float
    mode: AskMode = AskMode.PREPARED_ONLY
    learn: bool = False
    on_part: Callable[[AskPart], None] | None = None
    cancel: CancelToken | None = None
    without: frozenset[DocumentId] = frozenset()
    words_of: frozenset[DocumentId] = frozenset()
    vector: Vector | None = None
    likely: LikelyPassage | None = None


def since_ms(clock: Clock, began_s: float) -> float:
    """Milliseconds since a monotonic time, to a tenth."""
    return round((clock.monotonic_s() - began_s) * 1000.0, 1)
