"""Do two answers to one question say the same, and which of them is the better one?

The rule of the audit, in full. An answer prepared ahead of time stands beside one made live now:

- *same*: both say nothing; or both say the same (:func:`say_the_same`); or both cite the same words of the notes, and
  neither gives a number, date or name that the other lacks.
- *worse*: it says nothing and the live one says something; or they differ and the live one is surer.
- *better*: it says something and the live one says nothing; or they differ and the live one is not surer.

Answers to two questions that may be one (:func:`same_answer`) are held to more: they must say the same *and* cite the
same words. Two questions may have one answer by chance; that they find it in the same place makes it unlikely.

How sure an answer is is its calibrated P(right) (``sureness``), so the two can be compared.
"""

from collections.abc import Sequence

from pillowbook.answering.newer import values
from pillowbook.answering.terms import content_stems, coverage, words
from pillowbook.domain.answers import Citation, Draft, PreparedAnswer
from pillowbook.domain.audit import AuditOutcome
from pillowbook.store.hand import RejectedAnswer

SAME_WORDS = 0.8
"""Share of the shorter answer's words that the longer one must hold where neither has a number or a name."""

_NEGATIONS = frozenset({"no", "not", "never", "none", "nobody", "nothing", "without", "neither", "cannot"})


def say_the_same(question: str, first: str, second: str) -> bool:
    """Whether two answers say the same: in their words, or in their numbers, dates and names.

    One may say more than the other, never something else.
    """
    if words(first) == words(second):
        return True
    if _is_negated(first) != _is_negated(second):
        return False
    ours, theirs = values(first) - values(question), values(second) - values(question)
    if ours and theirs:
        return ours <= theirs or theirs <= ours
    shorter, longer = sorted((set(content_stems(first)), set(content_stems(second))), key=len)
    return bool(shorter) and coverage(shorter, longer) >= SAME_WORDS


def compare(prepared: PreparedAnswer, live: Draft) -> AuditOutcome:
    """How a prepared answer stands beside a live one to the same question, by the rule above."""
    if not prepared.answer or not live.answer:
        if bool(prepared.answer) == bool(live.answer):
            return AuditOutcome.SAME
        return AuditOutcome.BETTER if prepared.answer else AuditOutcome.WORSE
    if say_the_same(prepared.question, prepared.answer, live.answer):
        return AuditOutcome.SAME
    if _cite_the_same(prepared.citations, live.citations) and not _differ_in_values(prepared, live):
        return AuditOutcome.SAME
    return AuditOutcome.WORSE if live.confidence > prepared.confidence else AuditOutcome.BETTER


def same_answer(question: str, ours: PreparedAnswer, theirs: PreparedAnswer) -> bool | None:
    """Whether answers to two wordings are one answer; None where code cannot tell.

    Args:
        question: the first wording; its numbers and names are no part of what is answered.
    Returns:
        True where they say the same and cite the same words; False where they do neither, where one denies what the
        other says, or where each gives values that the other lacks.
    """
    first, second = ours.answer, theirs.answer
    if _is_negated(first) != _is_negated(second):
        return False
    asked = values(question) | values(theirs.question)
    told, other = values(first) - asked, values(second) - asked
    if told and other and not (told <= other or other <= told):
        return False
    is_said = say_the_same(question, first, second)
    is_cited = _cite_the_same(ours.citations, theirs.citations)
    return is_said if is_said == is_cited else None


def was_rejected(draft: Draft, rejected: Sequence[RejectedAnswer]) -> bool:
    """Whether an answer says what the user called wrong."""
    return draft.says_something and any(
        say_the_same(draft.question, draft.answer, one.answer) for one in rejected
    )


def _cite_the_same(ours: Sequence[Citation], theirs: Sequence[Citation]) -> bool:
    """Whether the first quotes of both overlap: they lead to the same words."""
    if not ours or not theirs:
        return False
    first, second = ours[0], theirs[0]
    return first.passage_hash == second.passage_hash and first.start < second.end and second.start < first.end


def _differ_in_values(prepared: PreparedAnswer, live: Draft) -> bool:
    asked = values(prepared.question)
    return (
        _is_negated(prepared.answer) != _is_negated(live.answer)
        or values(prepared.answer) - asked != values(live.answer) - asked
    )


def _is_negated(text: str) -> bool:
    told = words(text)
    return any(word in _NEGATIONS or word.endswith("n't") for word in told)
