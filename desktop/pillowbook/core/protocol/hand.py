"""What the user decides about single answers."""

import msgspec

from pillowbook.core.protocol.call import Call
from pillowbook.domain.serving import Verdict


class HandView(msgspec.Struct, frozen=True):
    """A prepared answer as the user's hand left it; ``prepared`` is its number, None where there is none now."""

    question: str
    prepared: int | None
    is_pinned: bool
    is_edited: bool


class GiveVerdict(Call, frozen=True, tag="verdict"):
    """What the user says of an answer: one that was served, or a prepared one only seen. Reply: int, the serving."""

    verdict: Verdict
    serving_id: int | None = None
    prepared_id: int | None = None


class PinAnswer(Call, frozen=True, tag="pin"):
    """Keep the answer to a question before all others. ``answer``: its number or its question. Reply: HandView."""

    answer: str
    is_pinned: bool = True


class EditAnswer(Call, frozen=True, tag="edit"):
    """Put the user's own words over a prepared answer; None takes them away again. Reply: HandView."""

    answer: str
    text: str | None


class DeleteAnswer(Call, frozen=True, tag="delete"):
    """Delete a prepared answer. Reply: HandView."""

    answer: str


class DeleteDigest(Call, frozen=True, tag="digest_delete"):
    """Delete a document's digest until the document changes. Reply: Done."""

    path: str


class NeverPrepare(Call, frozen=True, tag="never"):
    """Never prepare this question and near wordings of it, or again. Reply: list of NeverRule, all there are.

    Without a question nothing is changed.
    """

    question: str | None = None
    is_never: bool = True


HandCall = GiveVerdict | PinAnswer | EditAnswer | DeleteAnswer | DeleteDigest | NeverPrepare
