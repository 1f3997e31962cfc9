"""Questions: asked, typed, or to be kept ready."""

import msgspec

from pillowbook.core.protocol.call import Call
from pillowbook.domain.asking import AskMode, Turn


class Pair(msgspec.Struct, frozen=True):
    """A prepared question and an asked one."""

    prepared: str
    asked: str


class UseNoted(msgspec.Struct, frozen=True):
    """``serving`` is what a verdict names; None where nothing was remembered."""

    serving: int | None


class Ask(Call, frozen=True, tag="ask"):
    """Reply: Answer. Parts: LikelyPassage, AnswerText. ``after``: what was asked before, which follow-ups lean on."""

    question: str
    mode: AskMode = AskMode.AUTO
    learn: bool = True
    after: Turn | None = None


class Search(Call, frozen=True, tag="search"):
    """Reply: SearchHits."""

    words: str
    limit: int = 10


class Complete(Call, frozen=True, tag="complete"):
    """Prepared questions that fit what is typed. Reply: list of Completion. ``after`` as for :class:`Ask`."""

    typed: str
    after: Turn | None = None


class Preload(Call, frozen=True, tag="preload"):
    """Somebody began to type: load the models. Reply: Done, at once."""


class ReadAhead(Call, frozen=True, tag="read_ahead"):
    """Read the prompt that what is typed would lead to; nothing counts as asked. Reply: Done, when it is read.

    What is no question yet, such as an empty text, stops the reading. ``after`` as for :class:`Ask`.
    """

    typed: str
    after: Turn | None = None


class NoteUse(Call, frozen=True, tag="note_use"):
    """The prepared answer to this question was used before Enter: it counts as asked. Reply: UseNoted."""

    question: str


class NoteOpened(Call, frozen=True, tag="note_opened"):
    """A note was opened from an answer or a search. Reply: Done, also where it is not known any more.

    ``serving`` is that of the answer, None where it was opened from a search or its serving is not known yet.
    """

    path: str
    serving: int | None = None


class Prepare(Call, frozen=True, tag="prepare"):
    """Keep an answer to this question ready. Reply: Answer (of kind none when the notes do not say)."""

    question: str


class Match(Call, frozen=True, tag="match"):
    """Reply: list of PairVerdict, in the order of the pairs."""

    pairs: tuple[Pair, ...]


AskingCall = Ask | Search | Complete | Preload | ReadAhead | NoteUse | NoteOpened | Prepare | Match
