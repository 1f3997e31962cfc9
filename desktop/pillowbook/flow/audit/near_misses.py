"""Near misses, judged while nobody waits: is what was asked another wording of a prepared question?

After Krites (Singh et al. 2026, arXiv 2602.13165), which has a model judge such pairs off the path of serving. Here two
answers are compared first: the one that was made for what was asked, and the prepared one. Code decides where they
say the same of the same words, or give different values; only else is the model asked about the two questions.
"""

from collections.abc import Iterable
from typing import Final

from pillowbook.answering.agreement import same_answer
from pillowbook.answering.judging import pair_features
from pillowbook.answering.prompts import load_prompt
from pillowbook.domain.answers import Citation, PreparedAnswer, Tokens
from pillowbook.domain.errors import Cancelled, Damaged, ScoringUnavailable, Transient, UserFixable
from pillowbook.domain.ids import ContentHash, QuestionId
from pillowbook.domain.wordings import PairJudgement
from pillowbook.domain.work import SliceOutcome, SliceResult
from pillowbook.host.workers import CancelToken
from pillowbook.models.generator.client import Generator
from pillowbook.store.knowledge import Knowledge

SURELY_SAME: Final = 5.0
"""Log-odds of a yes from which the model is believed. High on purpose, and not measured yet: ``python -m
tests.benchmarks.adapted pairs`` tells how many it would let through."""

DEADLINE_S: Final = 900.0
MAX_QUOTE_CHARS: Final = 420


class NearMisses:
    """Judges one pair at a time."""

    def __init__(self, *, knowledge: Knowledge, generator: Generator) -> None:
        self._knowledge = knowledge
        self._generator = generator
        self._prompt = load_prompt("same")

    def due(self, limit: int) -> tuple[QuestionId, ...]:
        """Questions that were asked and have a pair to be judged."""
        return tuple(dict.fromkeys(pair.question_id for pair in self._knowledge.wordings.to_judge(limit)))

    def judge(self, question_id: QuestionId, cancel: CancelToken | None = None) -> SliceOutcome:
        """Judge the pairs of one question, until it is found to be a wording of another.

        REFUSED where there is nothing to judge any more. Ordinary trouble is in the outcome.
        """
        pairs = [one for one in self._knowledge.wordings.to_judge(1_000) if one.question_id == question_id]
        spent = Tokens()
        try:
            for pair in pairs:
                ours, theirs = (self._knowledge.prepared_for(key) for key in (pair.question_id, pair.near_id))
                if ours is None or theirs is None or ours.question_id != pair.question_id:
                    continue  # one of them went meanwhile
                judgement, tokens = self._judge(ours, theirs, cancel)
                spent += tokens
                if judgement is not PairJudgement.SAME:
                    self._knowledge.wordings.put(pair, judgement)
                elif ours.edited_at is None and not ours.is_pinned:  # what the user cares for stays as it is
                    shared = next(
                        one for one in theirs.citations if one.passage_hash in _passages(ours.citations)
                    )
                    self._knowledge.wordings.share(pair, ours.id, shared.passage_hash)
                    return SliceOutcome(SliceResult.DONE, spent, 1)
                else:
                    self._knowledge.wordings.put(pair, PairJudgement.UNCLEAR)
        except Cancelled:
            return SliceOutcome(SliceResult.CANCELLED, spent)
        except (Transient, UserFixable, Damaged) as error:
            return SliceOutcome(SliceResult.FAILED, spent, error=error)
        return SliceOutcome(SliceResult.DONE if pairs else SliceResult.REFUSED, spent)

    def _judge(
        self, ours: PreparedAnswer, theirs: PreparedAnswer, cancel: CancelToken | None
    ) -> tuple[PairJudgement, Tokens]:
        """Ours is what was asked."""
        if pair_features(theirs.question, ours.question).forbidden:
            return PairJudgement.UNCLEAR, Tokens()  # other numbers, names, roles: one answer only by chance
        is_same = same_answer(ours.question, ours, theirs)
        if is_same is not None:
            return (PairJudgement.SAME if is_same else PairJudgement.DIFFERENT), Tokens()
        if not _passages(ours.citations) & _passages(theirs.citations):
            return PairJudgement.UNCLEAR, Tokens()  # nothing would tell when they come apart
        odds, tokens = self._ask(ours, theirs, cancel)
        return (PairJudgement.SAME if odds >= SURELY_SAME else PairJudgement.UNCLEAR), tokens

    def _ask(
        self, ours: PreparedAnswer, theirs: PreparedAnswer, cancel: CancelToken | None
    ) -> tuple[float, Tokens]:
        """The log-odds by the model that both questions ask for the same thing."""
        cited = {one.quote: one for one in (*theirs.citations[:1], *ours.citations[:1])}.values()
        notes = "\n".join(f"{one.title}:\n- {' '.join(one.quote[:MAX_QUOTE_CHARS].split())}" for one in cited)
        documents = {one.document_id for one in (*theirs.citations, *ours.citations)}
        for question_id in (theirs.question_id, ours.question_id):
            documents |= self._knowledge.origins(question_id)  # its words are from there
        try:
            scored = self._generator.score(
                self._prompt.fill(documents, notes=notes, first=theirs.question, second=ours.question),
                ["Yes", "No"],
                deadline_s=DEADLINE_S,
                cancel=cancel,
                background=True,
            )
        except ScoringUnavailable:
            return 0.0, Tokens()
        yes, no = scored.log_probabilities
        return yes - no, scored.spent


def _passages(citations: Iterable[Citation]) -> set[ContentHash]:
    return {one.passage_hash for one in citations}
