"""What may be prepared: not what the user said never to prepare, nothing whose answer is another tomorrow, and no
secrets unless the user allows them.
"""

from collections.abc import Callable

from pillowbook.answering.collection_questions import is_worked_out_when_asked
from pillowbook.answering.confidential import asks_for_secret, holds_secret, is_confidential
from pillowbook.answering.units import Unit
from pillowbook.answering.wording import wording_of
from pillowbook.domain.answers import Draft
from pillowbook.store.hand import NEVER
from pillowbook.store.knowledge import Knowledge

SECRET = "secret"
"""How a question was tried whose answer would be somebody's secret."""

WORKED_OUT = "worked-out"
"""How a question was tried that is worked out from all notes when it is asked."""


def _secrets_are_not_allowed() -> bool:
    return False


class Permission:
    """Asked before a question is kept for preparing, before it is answered, and before its answer is stored.

    Args:
        allows_secrets: whether answers with passwords, keys and account numbers may be prepared; not by default.
    """

    def __init__(
        self, knowledge: Knowledge, *, allows_secrets: Callable[[], bool] = _secrets_are_not_allowed
    ) -> None:
        self._knowledge = knowledge
        self._allows_secrets = allows_secrets

    def refusal(self, question: str) -> str:
        """Why a question is not to be prepared, as a short word for the vault; empty where it may be."""
        if self._knowledge.hand.is_never(wording_of(question)):
            return NEVER
        if is_worked_out_when_asked(question):
            return WORKED_OUT
        return SECRET if asks_for_secret(question) and not self._allows_secrets() else ""

    def allows_answer(self, draft: Draft) -> bool:
        """Whether an answer may be kept ready: neither it nor its quotes give a secret away."""
        return self._allows_secrets() or not is_confidential(draft.question, draft.answer, draft.rests_on)

    def allows_unit(self, unit: Unit) -> bool:
        """Whether a unit may be taken into digests, the timeline and tasks."""
        return self._allows_secrets() or not gives_secret_away(unit)

    def allows_text(self, text: str) -> bool:
        """The same of a whole text, whose headings and properties may say what no unit does."""
        return self._allows_secrets() or not text_gives_secret_away(text)


def text_gives_secret_away(text: str) -> bool:
    """Whether a line of a text holds a secret's value."""
    return any(map(holds_secret, text.splitlines()))


def gives_secret_away(unit: Unit) -> bool:
    """Whether a unit holds a secret's value, by its own words or by those of its place: "Wi-Fi key > Heron42"."""
    place = unit.place.rpartition(" › ")[2]
    return holds_secret(unit.text) or holds_secret(f"{place}: {unit.text}")
