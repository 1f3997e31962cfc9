"""The plain way: embed the passages, put the nearest five into the prompt, call the model once.

What most programs of this kind do, on the same embedder and the same model, so that what the product does beyond it
can be told. Refusals are taken generously: anything like one counts as one.
"""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pillowbook.domain.ids import DocumentId
from pillowbook.models.embedder.client import MiniLmEmbedder
from pillowbook.models.generator.client import LlamaGenerator, Message

DEADLINE_S = 600.0
PASSAGES = 5
SHORT = (
    "Answer the question in one short sentence, using only the notes below. "
    "If the notes do not say, answer: The notes do not say."
)
LONG = (
    "Answer the question in one to three sentences, using only the notes below. "
    "If the notes do not say, answer: The notes do not say."
)
REFUSED = re.compile(
    r"\b(?:(?:do|does|did) not (?:\w+ )?(?:say|mention|contain|specify|state|provide|include|give|know|indicate)|"
    r"(?:do|does|did)n[’']t (?:say|mention|specify|know)|(?:is|are|was|were) not (?:\w+ )?(?:mentioned|said|stated|"
    r"specified|provided|given|known|available|clear)|no (?:information|mention|specific)|"
    r"not (?:said|mentioned|specified)|cannot be determined|unknown)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One question asked one way; an empty answer is a refusal.

    Attributes:
        prompt, completion: tokens read and written.
        seconds, first_token_s: from the question on.
        cited, cited_well: citations, and how many of them stand word for word at the right place.
        quotes: what was cited, or read, for judging the answer by.
    """

    answer: str
    prompt: int
    completion: int
    seconds: float
    first_token_s: float | None
    cited: int = 0
    cited_well: int = 0
    confidence: float = 0.0
    checks: str = ""
    quotes: tuple[str, ...] = ()


class Plain:
    """The plain way over the Markdown and text files of one folder.

    Args:
        at_least: characters of a passage; paragraphs are joined up to it. 0: each paragraph is a passage.
    """

    def __init__(
        self,
        folder: Path,
        embedder: MiniLmEmbedder,
        generator: LlamaGenerator,
        *,
        at_least: int = 0,
        system: str = SHORT,
        max_tokens: int = 64,
    ) -> None:
        self._passages = [
            f"{path.stem}: {passage}"
            for path in sorted(folder.rglob("*"))
            if path.suffix in {".md", ".txt"}
            for passage in passages(path.read_text(encoding="utf-8"), at_least)
        ]
        self._vectors = embedder.embed(self._passages, deadline_s=DEADLINE_S)
        self._embedder = embedder
        self._generator = generator
        self._system = system
        self._max_tokens = max_tokens

    def ask(self, question: str, *, preface: str = "") -> Outcome:
        """Ask once; ``preface`` stands before the notes, such as what day it is."""
        began = time.monotonic()
        vector = self._embedder.embed([question], deadline_s=DEADLINE_S)[0]
        nearest = np.argsort(-(self._vectors @ vector))[:PASSAGES]
        notes = [self._passages[int(index)] for index in nearest]
        user = f"{preface}Notes:\n" + "\n\n".join(notes) + f"\n\nQuestion: {question}"
        return write(self._generator, self._system, user, began, max_tokens=self._max_tokens, quotes=notes)


def passages(text: str, at_least: int) -> list[str]:
    """Paragraphs without headings, joined until they have ``at_least`` characters."""
    joined: list[str] = []
    for block in re.split(r"\n\s*\n", text):
        paragraph = block.strip()
        if not paragraph or (paragraph.startswith("#") and "\n" not in paragraph):
            continue
        if joined and len(joined[-1]) < at_least:
            joined[-1] += f"\n{paragraph}"
        else:
            joined.append(paragraph)
    return joined


def write(
    generator: LlamaGenerator,
    system: str,
    user: str,
    began: float,
    *,
    max_tokens: int = 64,
    quotes: Sequence[str] = (),
) -> Outcome:
    """One call of the model; ``began`` is the time the question was asked."""
    found_s = time.monotonic() - began
    nothing: frozenset[DocumentId] = frozenset()
    made = generator.generate(
        [Message("system", system, nothing), Message("user", user, nothing)],
        max_tokens=max_tokens,
        stop=("\n\n",),
        deadline_s=DEADLINE_S,
    )
    text = made.text.strip()
    return Outcome(
        answer="" if REFUSED.search(text) else text,
        prompt=made.spent.prompt,
        completion=made.tokens.completion,
        seconds=time.monotonic() - began,
        first_token_s=found_s + made.first_token_ms / 1000,
        quotes=tuple(quotes),
    )
