"""What form an answer takes: a few words for a plain fact, some sentences for what was said, why, or how.

A short form costs a fifth of the reading and leaves a model of this size the least room to invent; but "what did the
committee think of the fees" has no answer of three words.
"""

import re
from dataclasses import dataclass

from pillowbook.domain.answers import Effort


@dataclass(frozen=True, slots=True)
class Form:
    """How much is read and written.

    Attributes:
        prompt: its name under ``resources/prompts``.
        notes_tokens: about how many tokens of notes are read, by effort.
        most_units: and at most so many units.
        max_tokens: written at most.
        citations: shown at most.
        most_carriers: so many units together may carry one sentence.
    """

    prompt: str
    notes_tokens: dict[Effort, int]
    most_units: dict[Effort, int]
    max_tokens: int
    citations: int
    most_carriers: int


BRIEF = Form(
    prompt="answer",
    notes_tokens={Effort.LIVE: 200, Effort.PREPARED: 300},
    most_units={Effort.LIVE: 8, Effort.PREPARED: 12},
    max_tokens=96,
    citations=3,
    most_carriers=2,
)
FULL = Form(
    prompt="explain",
    notes_tokens={Effort.LIVE: 350, Effort.PREPARED: 600},
    most_units={Effort.LIVE: 14, Effort.PREPARED: 20},
    max_tokens=128,
    citations=5,
    most_carriers=3,
)

_FULL = re.compile(
    r"(?:^|[,:;]\s+)(?:(?:and|so|please|can you|could you)\s+)*(?:"
    r"(?:summari[sz]e|describe|explain|outline|compare|discuss|recap|tell me (?:about|what|why|how))\b"
    r"|(?:why|how come)\b"
    r"|how (?:did|do|does|would|will|should|can|could|was|were|is|are)\b(?!.*\b(?:called|spelled|spelt|much|many)\b)"
    r"|what(?:['’]s| (?:did|do|does|was|were|are|is|would|had|has|have))\b.*\b(?:think|thought|say|said|discuss\w*"
    r"|suggest\w*|decide\w*|decisions?|agree\w*|conclu\w+|propose\w*|recommend\w*|opinions?|views?|attitude|reasons?"
    r"|arguments?|debate|comments?|respon[ds]\w*|elaborate|impact|problems?|concerns?|advantages|drawbacks|plans?"
    r"|talk\w*|feel|felt|about)\b"
    r"|what (?:happened|went wrong|changed)\b"
    r")",
    re.IGNORECASE,
)


def form_of(question: str) -> Form:
    """The form for a question, told from how it or a part of it begins. English only; else the short one."""
    return FULL if _FULL.search(question.strip()) else BRIEF
