"""Simulated nights of so many seconds, for ``weeks.py``: which section is read, and which questions are answered.

What things take is as it was measured (decision 0014): reading a section and writing its questions READING_S, an answer
ANSWER_S, and AGAIN_S more where its section is no longer in memory. Each fact of a section that is read is a predicted
question; an answer is verified with probability VERIFIED. How the user asks is in ``weeks.py`` and knows nothing of
this.

- *fixed*: the most recently changed note first, every question of a section right after it.
- *documents*: the note most worth reading first (``schedule/worth.py``), every question of a section right after it.
- *learned*: as the product does: questions by their odds (``schedule/odds.py``), the next section where they pay less.
"""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from tests.benchmarks.weeks import BEGAN, VERIFIED, Day, Fact, Note, User, read_notes

from pillowbook.domain.answers import Question, Reason
from pillowbook.domain.ids import DocumentId, QuestionId
from pillowbook.domain.interest import Interest, Outcome, Tries
from pillowbook.schedule.odds import Odds, in_order
from pillowbook.schedule.worth import Worth

READING_S, ANSWER_S, AGAIN_S = 20.0, 3.0, 7.0
PASSAGES_A_SECTION = 3
"""The product's sections have about three passages; the notes here count sections."""

WAYS = ("learned", "documents", "fixed")


@dataclass(slots=True)
class World:
    """Notes, what was predicted and prepared of them, and what was asked."""

    notes: list[Note]
    way: str
    seed: int
    asked_at: list[list[datetime]]
    pending: dict[Fact, Question] = field(default_factory=dict)
    prepared: dict[Fact, tuple[Reason, datetime]] = field(default_factory=dict)
    refused: set[Fact] = field(default_factory=set)
    kept: set[Fact] = field(default_factory=set)
    served: dict[Fact, int] = field(default_factory=dict)
    tries: dict[Reason, Tries] = field(default_factory=dict)
    in_memory: int | None = None

    def night(self, now: datetime, seconds: float) -> int:
        """Work for so long; returns the sections read."""
        left, read = seconds, 0
        interests = self._interests()
        worth = Worth(interests, now=now)
        odds = self._odds(worth, interests, now) if self.way == "learned" else None
        while left > 0:
            order = self._order(worth)
            to_answer = self._to_answer(odds, worth, interests, order)
            if to_answer is not None:
                cost = ANSWER_S + (0.0 if to_answer.document_id == self.in_memory else AGAIN_S)
                left -= cost
                if left >= 0:
                    self._answer(to_answer, now, cost)
            elif order:
                left -= READING_S
                if left >= 0:
                    self._read(order[0], worth.reason(interests[order[0]]), now)
                    read += 1
                    odds = odds and self._odds(worth, interests, now)
            else:
                break
        return read

    def _interests(self) -> list[Interest]:
        return [
            Interest(
                DocumentId(at),
                note.place,
                note.changed_at,
                BEGAN - timedelta(hours=1),
                len(note.sections),
                tuple(self.asked_at[at]),
                len(note.read) == len(note.sections),
            )
            for at, note in enumerate(self.notes)
        ]

    def _odds(self, worth: Worth, interests: list[Interest], now: datetime) -> Odds:
        known = [fact[0] for fact in (*self.pending, *self.prepared, *self.refused)]
        return Odds(
            rates={one.document_id: worth.rate(one) for one in interests},
            questions={DocumentId(at): known.count(at) for at in set(known)},
            outcomes=[
                Outcome(DocumentId(fact[0]), reason, self._text(fact), at, self.served.get(fact, 0))
                for fact, (reason, at) in self.prepared.items()
            ],
            tries=self.tries,
            trust={},
            now=now,
        )

    def _order(self, worth: Worth) -> list[int]:
        if self.way != "fixed":
            ranked = [int(one) for one in worth.ranked()]
        else:
            ranked = sorted(range(len(self.notes)), key=lambda at: self.notes[at].changed_at, reverse=True)
        return [at for at in ranked if len(self.notes[at].read) < len(self.notes[at].sections)]

    def _to_answer(
        self, odds: Odds | None, worth: Worth, interests: list[Interest], order: list[int]
    ) -> Question | None:
        questions = list(self.pending.values())
        if odds is None or not questions:
            return questions[0] if questions else None
        floor = 0.0
        if order:
            best = interests[order[0]]
            floor = odds.worth_of_reading(
                best.document_id, PASSAGES_A_SECTION * best.passages, worth.reason(best)
            )
        memory = None if self.in_memory is None else DocumentId(self.in_memory)
        now, later = in_order(questions, odds, in_memory=memory, floor=floor)
        return now[0] if now else later[0] if later and not order else None

    def _answer(self, question: Question, now: datetime, cost: float) -> None:
        fact = (int(question.document_id or 0), int(question.id) % 10_000)
        del self.pending[fact]
        luck = random.Random(f"{self.seed} {fact[0]} {fact[1]}").random()
        before = self.tries.get(question.reason, Tries())
        is_done = luck < VERIFIED
        self.tries[question.reason] = Tries(
            before.done + is_done, before.refused + (not is_done), before.seconds + cost
        )
        if is_done:
            self.prepared[fact] = (question.reason, now)
        else:
            self.refused.add(fact)

    def _read(self, at: int, reason: Reason, now: datetime) -> None:
        note = self.notes[at]
        section = next(one for one in range(len(note.sections)) if one not in note.read)
        note.read.add(section)
        self.in_memory = at
        for number in range(note.facts):
            fact = (at, number)
            is_new = fact not in self.prepared and fact not in self.kept and fact not in self.refused
            if note.section_of(number) == section and is_new:
                number_of = QuestionId(10_000 * at + number)
                self.pending[fact] = Question(
                    number_of, self._text(fact), reason, DocumentId(at), 0, now, None
                )

    def _text(self, fact: Fact) -> str:
        return f"{self.notes[fact[0]].sorts[fact[1]]} is it?"


def simulate_nights(
    folder: Path, way: str, *, days: int, seconds: float, seed: int, has_taste: bool
) -> list[Day]:
    """The days of one user under one way of working."""
    notes = read_notes(folder)
    user = User(notes, seed, has_taste=has_taste)
    world = World(notes, way, seed, [[] for _ in notes])
    found: list[Day] = []
    for number in range(days):
        now = BEGAN + timedelta(days=number)
        read = world.night(now, seconds)
        asked = user.day(number)
        hits = sum(fact in world.prepared or fact in world.kept for fact in asked)
        for fact in asked:
            world.asked_at[fact[0]].append(now + timedelta(hours=12))
            if fact in world.prepared:
                world.served[fact] = world.served.get(fact, 0) + 1
            world.kept.add(fact)  # once answered live it is kept, and prepared again after a change
            world.pending.pop(fact, None)
        ready = set(world.prepared) | world.kept
        found.append(Day(hits, len(asked), read, len(ready), len(world.kept)))
        if user.changed is not None:
            changed = notes[user.changed]
            changed.changed_at = now + timedelta(hours=14)
            changed.read.clear()
            for known in (world.pending, world.prepared):
                for fact in [one for one in known if one[0] == user.changed]:
                    del known[fact]
            world.refused = {one for one in world.refused if one[0] != user.changed}
    return found
