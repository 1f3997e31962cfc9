"""An answer while it is made: its text as it streams, what it cost so far, and the draft it becomes."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from pillowbook.answering.cite import cite_unit
from pillowbook.answering.newer import told_before
from pillowbook.answering.units import Unit
from pillowbook.answering.verify import Claim, joined
from pillowbook.domain.answers import Citation, Draft, Effort, Tokens
from pillowbook.domain.documents import Passage
from pillowbook.models.generator.client import Generated

REFUSAL = "not said"
"""What the prompts ask for where the notes do not say."""

REFUSALS = (REFUSAL, REFUSAL.capitalize())
"""The model is told it may refuse and then kept from it: how much it wanted to is one of the signals. Left to itself it
refused questions it could answer as often as ones it could not."""

_BEGINNINGS = (REFUSAL, "not in the notes", "not mentioned")
"""How a refusal begins that a generator could not be kept from."""


class Drafting:
    """What is known of an answer while it is made."""

    def __init__(
        self, question: str, effort: Effort, model: str, nearest: tuple[Citation, ...], most_citations: int
    ) -> None:
        self.tokens = Tokens()
        self._first_token_ms: float | None = None
        self._model = model
        self._question = question
        self._effort = effort
        self._nearest = nearest
        self._most_citations = most_citations

    def note(self, made: Generated) -> None:
        """Count what was read and written; the first text is the one the user waits for."""
        self.tokens += made.spent
        self._model = made.model or self._model
        if self._first_token_ms is None:
            self._first_token_ms = made.first_token_ms

    def refuse(self, why: str, confidence: float = 0.0) -> Draft:
        return self._draft("", (), round(confidence, 3), (refused(why),))

    def accept(
        self,
        claims: Sequence[Claim],
        confidence: float,
        *,
        before: Sequence[Claim],
        date_of: Callable[[Passage], str],
    ) -> Draft:
        """The answer; ``before`` are the claims of an older note, which are told in one sentence."""
        carriers = cited_units(claims)
        shown = self._most_citations - bool(before)
        units = carriers[:shown] + cited_units(before)[:1]
        checks = ("quotes-verbatim", "numbers", "names", "sure") + (("newer-note",) if before else ())
        answer = joined(claims)
        if before:
            answer = f"{answer} {told_before(before, date_of)}"
        draft = self._draft(answer, tuple(cite_unit(unit) for unit in units), round(confidence, 3), checks)
        uncited = [unit for unit in (*carriers, *cited_units(before)) if unit not in units]
        return replace(draft, uncited=tuple(map(cite_unit, uncited)))

    def _draft(
        self, answer: str, citations: tuple[Citation, ...], confidence: float, checks: tuple[str, ...]
    ) -> Draft:
        return Draft(
            question=self._question,
            answer=answer,
            citations=citations,
            nearest=self._nearest,
            confidence=confidence,
            checks=checks,
            tokens=self.tokens,
            model=self._model,
            effort=self._effort,
            first_token_ms=self._first_token_ms,
        )


class Stream:
    """Passes the answer on as it is written, and nothing of a refusal."""

    def __init__(self, on_text: Callable[[str], None]) -> None:
        self._on_text = on_text
        self._held = ""
        self._is_open = False

    def take(self, delta: str) -> None:
        self._held += delta
        if not self._is_open:
            if is_refusal(self._held) or _may_become_refusal(self._held):
                return
            self._is_open = True
        cut = re.search(r"\s+$", self._held)
        ready, self._held = (
            (self._held[: cut.start()], self._held[cut.start() :]) if cut else (self._held, "")
        )
        if ready:
            self._on_text(ready)


def refused(why: str) -> str:
    """The check that a refusal carries."""
    return f"refused-{why}"


def _folded(text: str) -> str:
    return text.strip().strip("[]\"'.-").casefold()


def is_refusal(text: str) -> bool:
    folded = _folded(text)
    return not folded or folded.startswith(_BEGINNINGS)


def _may_become_refusal(text: str) -> bool:
    return any(whole.startswith(_folded(text)) for whole in _BEGINNINGS)


def cited_units(claims: Sequence[Claim]) -> list[Unit]:
    units: list[Unit] = []
    for claim in claims:
        units.extend(unit for unit in claim.units if unit not in units)
    return units
