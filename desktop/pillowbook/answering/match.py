"""Which prepared answer, if any, is *the* answer to what was asked (section 7 of the design).

In order: the same question once normalised; candidates by the questions' vectors; the disagreement tests
(``disagreements``) and P(same answer) (``judging``); the threshold, which the user's verdicts move for each entry;
agreement of the sort of answer and of evidence: a quick retrieval for what was asked must find a passage the prepared
answer cites.
"""

import heapq
import itertools
import threading
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pillowbook.answering.judging import judge_pair, measured_parameters, own_threshold
from pillowbook.answering.pairs import normalise_question
from pillowbook.answering.retrieve import Retriever
from pillowbook.answering.terms import content_stems
from pillowbook.answering.variants import variants
from pillowbook.answering.verify import fits_kind
from pillowbook.domain.answers import PreparedAnswer
from pillowbook.domain.asking import PairVerdict
from pillowbook.domain.ids import PreparedId, QuestionId
from pillowbook.domain.serving import Verdict
from pillowbook.store.knowledge import Knowledge
from pillowbook.store.vectors import VectorStore

CANDIDATES = 12
AGREEING_PASSAGES = 6
"""A cited passage must be among this many found for what was asked."""

__all__ = ["Candidate", "MatchResult", "Matcher", "PairVerdict", "judge_pair", "normalise_question"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A prepared answer near what was asked."""

    prepared: PreparedAnswer
    similarity: float
    p_same: float
    is_hit: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MatchResult:
    """The verdict: ``prepared`` is the best candidate, served only if ``is_hit``; ``candidates`` best first."""

    prepared: PreparedAnswer | None
    p_same: float
    is_hit: bool
    reasons: tuple[str, ...]
    candidates: tuple[Candidate, ...]


class Matcher:
    """Matches asked with prepared questions."""

    def __init__(self, *, knowledge: Knowledge, vectors: VectorStore, retriever: Retriever) -> None:
        self._knowledge = knowledge
        self._vectors = vectors
        self._retriever = retriever

    def exact(self, question: str) -> PreparedAnswer | None:
        """The prepared answer to the same question, but for case, politeness, punctuation and wordings that always ask
        for the same (``variants``). Needs no vector.
        """
        normal = normalise_question(question)
        for wording in (normal, *variants(normal)):
            known = self._knowledge.question_by_normal(wording)
            prepared = None if known is None else self._knowledge.prepared_for(known.id)
            if prepared is not None and prepared.question_id not in self._knowledge.hand.wrong_for(normal):
                return prepared
        return None

    def match(
        self,
        question: str,
        vector: NDArray[np.float32] | None,
        *,
        pass_over: Callable[[PreparedAnswer], bool] = lambda _prepared: False,
    ) -> MatchResult:
        """Decide whether a prepared answer is the answer to ``question``.

        Args:
            vector: the question's unit vector; with None only the exact match is tried.
            pass_over: whether a hit cannot be served; then the next candidate is judged.
        """
        same = self.exact(question)
        if same is not None and not pass_over(same):
            found = Candidate(same, 1.0, 1.0, True, ("same-words",))
            rest = () if vector is None else self._candidates(question, vector, without=same.id)
            return MatchResult(same, 1.0, True, ("same-words",), (found, *rest))
        if vector is None:
            return MatchResult(None, 0.0, False, ("no-vector",), ())
        near = self._candidates(question, vector, without=None)
        candidates = tuple(one for one in near if not (one.is_hit and pass_over(one.prepared)))
        if not candidates:
            return MatchResult(None, 0.0, False, ("nothing-near",), ())
        best = candidates[0]
        if best.is_hit and (reason := self._unlike(question, vector, best.prepared)):
            best = Candidate(best.prepared, best.similarity, best.p_same, False, (reason,))
            candidates = (best, *candidates[1:])
        return MatchResult(best.prepared, best.p_same, best.is_hit, best.reasons, candidates)

    def _candidates(
        self, question: str, vector: NDArray[np.float32], *, without: PreparedId | None
    ) -> tuple[Candidate, ...]:
        near = [
            (prepared, hit.similarity)
            for hit in self._vectors.nearest(vector, CANDIDATES, space="questions")
            if hit.id != without and (prepared := self._knowledge.prepared(PreparedId(hit.id))) is not None
        ]
        wrong = self._knowledge.hand.wrong_for(normalise_question(question))
        thresholds = self._thresholds([prepared for prepared, _similarity in near])
        found: list[Candidate] = []
        for prepared, similarity in near:
            if prepared.question_id in wrong:
                verdict = PairVerdict(0.0, False, ("wrong-question",))  # the user said so of this very pair
            else:
                threshold = thresholds.get(prepared.question_id)
                verdict = judge_pair(prepared.question, question, similarity, threshold=threshold)
            found.append(Candidate(prepared, similarity, verdict.p_same, verdict.hit, verdict.reasons))
        # Equal answers to differently worded questions: prefer the surer, then the nearer.
        found.sort(key=lambda one: (-one.is_hit, -one.p_same, -one.similarity))
        return tuple(found)

    def _thresholds(self, near: Sequence[PreparedAnswer]) -> dict[QuestionId, float]:
        """The thresholds of entries that the user judged where they were served for other words.

        That an answer is wrong says nothing of the match; that it is to another question does.
        """
        questions = {prepared.question_id: normalise_question(prepared.question) for prepared in near}
        found: dict[QuestionId, float] = {}
        for question_id, verdicts in self._knowledge.hand.verdicts_for(questions).items():
            other = [one for text, one in verdicts if normalise_question(text) != questions[question_id]]
            found[question_id] = own_threshold(
                measured_parameters().threshold,
                right=other.count(Verdict.RIGHT),
                wrong=other.count(Verdict.WRONG_QUESTION),
            )
        return found

    def _unlike(self, question: str, vector: NDArray[np.float32], prepared: PreparedAnswer) -> str:
        """Why a prepared answer is not the answer after all; empty where it is."""
        if prepared.answer and not fits_kind(question, prepared.answer):
            return "answers-other"
        return "" if self._evidence_agrees(question, vector, prepared) else "evidence-differs"

    def _evidence_agrees(self, question: str, vector: NDArray[np.float32], prepared: PreparedAnswer) -> bool:
        """Whether what was asked leads to a passage that the prepared answer cites."""
        if not prepared.citations:
            return False  # "your notes do not say" is served for the same words only
        found = self._retriever.retrieve(question, limit=AGREEING_PASSAGES, vector=vector)
        hashes = {one.passage.content_hash for one in found}
        return any(citation.passage_hash in hashes for citation in prepared.citations)


class PreparedIndex:
    """Prepared questions by their words, for completing what is being typed. Thread-safe.

    It follows the vault: what was prepared or withdrawn is taken in at the next look, and nothing else is read again.
    """

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge
        self._lock = threading.Lock()
        self._seen = -1
        self._rows: dict[PreparedId, _Row] = {}
        self._by_word: dict[str, set[PreparedId]] = {}
        self._by_root: dict[str, set[PreparedId]] = {}
        self._words: list[str] = []

    def complete(self, typed: str, *, limit: int) -> list[PreparedAnswer]:
        """Prepared answers whose questions fit what is typed so far, best first.

        Every finished word must be in the question, the last one may be a beginning.
        """
        normal = normalise_question(typed)
        tokens = normal.split()
        if not tokens:
            return []
        finished = set(content_stems(" ".join(tokens[:-1])))

        def fit(prepared_id: PreparedId) -> tuple[float, int]:
            row = self._rows[prepared_id]
            begins = 1.0 if row.normal.startswith(normal) else 0.0
            return begins + (len(finished) + 1) / (len(row.roots) + 1), -prepared_id

        with self._lock:
            self._follow()
            best = heapq.nlargest(limit, self._fitting(tokens[-1], finished), key=fit)
        found = (self._knowledge.prepared(prepared_id) for prepared_id in best)
        return [prepared for prepared in found if prepared is not None]

    def _fitting(self, last: str, finished: set[str]) -> set[PreparedId]:
        first = bisect_left(self._words, last)
        begun = itertools.takewhile(lambda word: word.startswith(last), self._words[first:])
        if not finished:
            return set().union(*(self._by_word[word] for word in begun))
        holding = sorted((self._by_root.get(root, set()) for root in finished), key=len)
        both = holding[0].intersection(*holding[1:])
        return {one for one in both if any(word.startswith(last) for word in self._rows[one].normal.split())}

    def _follow(self) -> None:
        changes = self._knowledge.prepared_changes()
        if changes == self._seen:
            return
        now = dict(self._knowledge.prepared_questions())
        for prepared_id in self._rows.keys() - now.keys():
            row = self._rows.pop(prepared_id)
            for word in row.normal.split():
                self._by_word[word].discard(prepared_id)
            for root in row.roots:
                self._by_root[root].discard(prepared_id)
        for prepared_id in now.keys() - self._rows.keys():
            text = now[prepared_id]
            row = _Row(normalise_question(text), frozenset(content_stems(text)))
            self._rows[prepared_id] = row
            for word in row.normal.split():
                self._by_word.setdefault(word, set()).add(prepared_id)
            for root in row.roots:
                self._by_root.setdefault(root, set()).add(prepared_id)
        self._words = sorted(word for word, ids in self._by_word.items() if ids)
        self._seen = changes


@dataclass(frozen=True, slots=True)
class _Row:
    """A question by its normal words and by the stems of those that mean something."""

    normal: str
    roots: frozenset[str]
