"""Two drafts of one answer: where the first is near the bar, a second is read from elsewhere, and they are compared.

If both were independent and each right with its own P(right), then of two that differ at most one is right, and of two
that agree both are or neither is. Wrong answers that agree are taken to agree always, which is the cautious end: it is
what makes agreement worth no more than it can be shown to be.
"""

from dataclasses import replace

from pillowbook.answering.agreement import say_the_same
from pillowbook.domain.answers import Draft

NEAR_THE_BAR = 0.15
"""A first draft less sure than the bar it is held to and this is compared with a second one."""

AGREED = "second-draft"
"""The check that an answer carries which a second draft agreed with."""


def compared(first: Draft, second: Draft, *, bar: float) -> Draft:
    """What stands of a first draft after a second one; with the tokens of both.

    Agreement raises P(right) and difference lowers it; below the bar nothing is said. A second draft that says nothing
    tells little: its own refusals are no sign that the notes do not say it.
    """
    tokens = first.tokens + second.tokens
    if not second.says_something:
        return replace(first, tokens=tokens)
    p, q = first.confidence, second.confidence
    if say_the_same(first.question, first.answer, second.answer):
        sure = p * q / (p * q + (1.0 - p) * (1.0 - q))
        return replace(
            first, tokens=tokens, confidence=round(max(p, sure), 3), checks=(*first.checks, AGREED)
        )
    both = 1.0 - p * q
    surer, sure = (first, p * (1.0 - q) / both) if p >= q else (second, q * (1.0 - p) / both)
    if sure < bar:
        return replace(
            first,
            answer="",
            citations=(),
            uncited=(),
            confidence=round(sure, 3),
            checks=("refused-differs",),
            tokens=tokens,
        )
    return replace(surer, confidence=round(sure, 3), tokens=tokens)
