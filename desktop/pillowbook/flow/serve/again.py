"""Whether a question is put again soon after it was answered: a weak sign that the answer did not serve."""

import threading
from collections import deque
from dataclasses import dataclass
from typing import Final

from pillowbook.answering.match import judge_pair
from pillowbook.domain.clock import Clock
from pillowbook.domain.ids import ServingId
from pillowbook.flow.serve.questions import RecentVectors, Vector

WITHIN_S: Final = 600.0
"""Who comes back to a question later has a new need of it."""

MIN_SAME: Final = 0.5
"""From this P(same answer) on two questions count as one in other words. Serving needs far more; this only counts."""

_NOTHING_AGAINST_IT: Final = "not-sure-enough"


@dataclass(frozen=True, slots=True)
class _Asked:
    serving_id: ServingId
    question: str
    normal: str
    at_s: float
    vector: Vector | None


class AskedLately:
    """The last few questions, in memory alone. Thread-safe.

    Vectors that were made for an answer are compared; none is made here, since the answer waits for this.
    """

    def __init__(self, *, vectors: RecentVectors, clock: Clock) -> None:
        self._vectors = vectors
        self._clock = clock
        self._asked: deque[_Asked] = deque(maxlen=8)
        self._lock = threading.Lock()

    def note(self, serving_id: ServingId, question: str, normal: str) -> ServingId | None:
        """Note a serving; the latest one of the last minutes whose question this is once more, if there is one."""
        now_s = self._clock.monotonic_s()
        asked = _Asked(serving_id, question, normal, now_s, self._vectors.known(question))
        with self._lock:
            recent = [one for one in self._asked if now_s - one.at_s <= WITHIN_S]
            self._asked.append(asked)
        for one in reversed(recent):
            if one.normal == normal or _is_reworded(one, asked):
                return one.serving_id
        return None


def _is_reworded(earlier: _Asked, asked: _Asked) -> bool:
    if earlier.vector is None or asked.vector is None:
        return False
    verdict = judge_pair(earlier.question, asked.question, float(earlier.vector @ asked.vector))
    return verdict.hit or (verdict.p_same >= MIN_SAME and _NOTHING_AGAINST_IT in verdict.reasons)
