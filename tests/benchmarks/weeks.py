"""Simulated weeks: does the order of reading learn what its user asks about?

Run:  python -m tests.benchmarks.weeks [--days 28] [--sections 3] [--seeds 20] [--seconds 120] [--taste] [--by-day]

No model runs. The sample notes are split into sections as the product does; a section's facts are its units with a
number or a name. Each night so many sections are read, in the order of ``schedule/worth.py``, or in a fixed order (most
recently changed first), or at random; each fact of a section read is prepared with probability VERIFIED, by a draw that
is the same for every order. What was asked and missed is prepared the night after, and again after a change.

With ``--seconds`` a night has so many seconds instead, and answers cost some of them (``nights.py``): then it also
counts which of the predicted questions are answered, and in which order.

A question is served where its fact is prepared: no wording is missed, and what was asked live is kept always. So this
tells orders of reading apart, and not how often a real question is a hit.

How the simulated user asks, all of it assumed:

- He has interests: two folders of the notes, drawn anew every DRIFT days (one of the two changes). Of his questions
  INTERESTED go to notes there, the rest to any note, each note weighed by a Zipf law of exponent 1 within its folder.
- Of his questions REPEATED repeat one of his own of the last 14 days; FOLLOWING follow the last with another fact of
  the same note; RHYTHMIC are of five facts drawn at the start, each asked once a week on its own weekday.
- Each day one note is changed, oftener in the folders of interest, and its sections have to be read again; of the
  questions of the day after CHANGED go to it.
- He asks six questions a day.
- With ``--taste`` one sort of facts, drawn at the start (days and times, amounts, or the rest), is asked about TASTE
  times as often as the others; without it each fact of a note is as likely.
"""

import argparse
import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pillowbook.answering.terms import names, numbers
from pillowbook.answering.units import SECTION_CHARS
from pillowbook.domain.ids import DocumentId
from pillowbook.domain.interest import Interest
from pillowbook.host.resources import resource
from pillowbook.schedule.worth import Worth

BEGAN = datetime(2026, 3, 2, 20, 0, tzinfo=UTC)
VERIFIED = 0.6
INTERESTED, REPEATED, FOLLOWING, CHANGED = 0.7, 0.25, 0.15, 0.15
DRIFT = 9
RHYTHMIC = 5
ASKED_A_DAY = 6
TASTE = 4.0
SORTS = ("when", "how much", "who")

Fact = tuple[int, int]
"""Number of the note, number of the fact in it."""


@dataclass(slots=True)
class Note:
    """One note: its folder, and its facts by section."""

    place: str
    sections: list[int]
    changed_at: datetime
    read: set[int] = field(default_factory=set)
    sorts: list[str] = field(default_factory=list)

    @property
    def facts(self) -> int:
        return sum(self.sections)

    def section_of(self, fact: int) -> int:
        """The section in which a fact stands."""
        at = 0
        for number, count in enumerate(self.sections):
            at += count
            if fact < at:
                return number
        raise IndexError(fact)


Order = Callable[[list[Note], list[list[datetime]], datetime], Sequence[int]]


def learned(notes: list[Note], asked: list[list[datetime]], now: datetime) -> Sequence[int]:
    """As the product does."""
    interests = [
        Interest(
            DocumentId(at),
            note.place,
            note.changed_at,
            BEGAN - timedelta(hours=1),
            len(note.sections),
            tuple(asked[at]),
            len(note.read) == len(note.sections),
        )
        for at, note in enumerate(notes)
    ]
    return [int(one) for one in Worth(interests, now=now).ranked()]


def fixed(notes: list[Note], asked: list[list[datetime]], now: datetime) -> Sequence[int]:
    """The most recently changed first."""
    return sorted(range(len(notes)), key=lambda at: notes[at].changed_at, reverse=True)


def at_random(notes: list[Note], asked: list[list[datetime]], now: datetime) -> Sequence[int]:
    """In any order."""
    order = list(range(len(notes)))
    random.Random(now.toordinal()).shuffle(order)
    return order


ORDERS: dict[str, Order] = {"learned": learned, "most recently changed": fixed, "random": at_random}


@dataclass(frozen=True, slots=True)
class Day:
    """One day: questions served from prepared material, all questions, sections read, facts prepared and ever asked."""

    hits: int
    asked: int
    read: int
    prepared: int
    used: int


class User:
    """Who asks; the same questions on the same days whatever was prepared."""

    def __init__(self, notes: list[Note], seed: int, *, has_taste: bool = False) -> None:
        self._notes = notes
        self._draw = random.Random(seed)
        self._taste = random.Random(f"taste {seed}").choice(SORTS) if has_taste else ""
        self._folders = sorted({note.place for note in notes})
        self._interests = self._draw.sample(self._folders, 2)
        self._rank = self._draw.sample(range(len(notes)), len(notes))
        self._rhythm = [(day % 7, self._any_fact()) for day in self._draw.sample(range(7), RHYTHMIC)]
        self._lately: list[tuple[int, Fact]] = []
        self.changed: int | None = None

    def day(self, number: int) -> list[Fact]:
        """What he asks on that day; the note he changed is in ``changed``."""
        if number and number % DRIFT == 0:
            self._interests = [self._interests[1], self._draw.choice(self._folders)]
        asked = [fact for weekday, fact in self._rhythm if number % 7 == weekday]
        while len(asked) < ASKED_A_DAY:
            asked.append(self._one(number, asked))
        self._lately = [(day, fact) for day, fact in self._lately if number - day < 14]
        self._lately += [(number, fact) for fact in asked]
        self.changed = self._draw.choices(
            range(len(self._notes)), [4.0 if note.place in self._interests else 1.0 for note in self._notes]
        )[0]
        return asked

    def _one(self, number: int, today: list[Fact]) -> Fact:
        roll = self._draw.random()
        if roll < REPEATED and self._lately:
            return self._draw.choice(self._lately)[1]
        if roll < REPEATED + FOLLOWING and today:
            return self._fact_of(today[-1][0])
        if roll < REPEATED + FOLLOWING + CHANGED and self.changed is not None:
            return self._fact_of(self.changed)
        places = self._interests if self._draw.random() < INTERESTED else self._folders
        chosen = [at for at, note in enumerate(self._notes) if note.place in places]
        return self._fact_of(self._draw.choices(chosen, [1.0 / (1 + self._rank[at]) for at in chosen])[0])

    def _fact_of(self, note: int) -> Fact:
        if self._taste:
            weights = [TASTE if sort == self._taste else 1.0 for sort in self._notes[note].sorts]
            return note, self._draw.choices(range(len(weights)), weights)[0]
        return note, self._draw.randrange(self._notes[note].facts)

    def _any_fact(self) -> Fact:
        return self._fact_of(self._draw.randrange(len(self._notes)))


def read_notes(folder: Path) -> list[Note]:
    """The notes with their sections and facts; those without a fact are left out."""
    notes: list[Note] = []
    for number, path in enumerate(
        sorted(path for path in folder.rglob("*") if path.suffix in (".md", ".txt"))
    ):
        sections, size = [0], 0
        sorts: list[str] = []
        for line in path.read_text(encoding="utf-8").splitlines():
            size += len(line) + 1
            if size > SECTION_CHARS:
                sections.append(0)
                size = len(line)
            if numbers(line) or names(line):
                sections[-1] += 1
                sorts.append(sort_of(line))
        sections = [count for count in sections if count]
        if sections:
            notes.append(Note(path.parent.name, sections, BEGAN - timedelta(days=1 + number), sorts=sorts))
    return notes


def sort_of(line: str) -> str:
    """What a question about the fact in a line would begin with."""
    if any(one.startswith("m") or ":" in one for one in numbers(line)):
        return "when"
    return "how much" if numbers(line) else "who"


def simulate(folder: Path, order: Order, *, days: int, sections: int, seed: int) -> list[Day]:
    """The days of one user under one order of reading."""
    notes = read_notes(folder)
    user = User(notes, seed)
    asked_at: list[list[datetime]] = [[] for _ in notes]
    prepared: set[Fact] = set()
    ever: set[Fact] = set()
    found: list[Day] = []
    for number in range(days):
        now = BEGAN + timedelta(days=number)
        read = night(notes, order(notes, asked_at, now), prepared, sections, seed)
        asked = user.day(number)
        hits = sum(fact in prepared for fact in asked)
        for fact in asked:
            asked_at[fact[0]].append(now + timedelta(hours=12))
            ever.add(fact)
            prepared.add(fact)  # once answered live it is kept
        found.append(Day(hits, len(asked), read, len(prepared), len(prepared & ever)))
        if user.changed is not None:
            changed = notes[user.changed]
            changed.changed_at = now + timedelta(hours=14)
            changed.read.clear()
            prepared = {fact for fact in prepared if fact[0] != user.changed or fact in ever}
    return found


def night(notes: list[Note], order: Sequence[int], prepared: set[Fact], sections: int, seed: int) -> int:
    """Read so many sections in that order; returns how many were read, never more than the budget."""
    read = 0
    for at in order:
        for section in range(len(notes[at].sections)):
            if section in notes[at].read:
                continue
            if read == sections:
                return read
            notes[at].read.add(section)
            read += 1
            for fact in range(notes[at].facts):
                luck = random.Random(f"{seed} {at} {fact}").random()
                if notes[at].section_of(fact) == section and luck < VERIFIED:
                    prepared.add((at, fact))
    return read


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--days", type=int, default=28)
    parser.add_argument("--sections", type=int, default=3, help="read in a night")
    parser.add_argument("--seeds", type=int, default=20, help="so many users")
    parser.add_argument("--first", type=int, default=0, help="the first user's seed")
    parser.add_argument("--seconds", type=float, help="of a night, instead of sections")
    parser.add_argument("--taste", action="store_true", help="one sort of facts is asked about more often")
    parser.add_argument("--by-day", action="store_true")
    parser.add_argument("--notes", type=Path, default=resource("notes"))
    arguments = parser.parse_args()
    notes = read_notes(arguments.notes)
    print(
        f"{len(notes)} notes, {sum(len(note.sections) for note in notes)} sections, "
        f"{sum(note.facts for note in notes)} facts; "
        + (f"{arguments.seconds:.0f} s" if arguments.seconds else f"{arguments.sections} sections")
        + f" a night, {arguments.seeds} users"
    )
    if arguments.seconds:
        from tests.benchmarks.nights import WAYS, simulate_nights

        found = {
            way: [
                simulate_nights(
                    arguments.notes,
                    way,
                    days=arguments.days,
                    seconds=arguments.seconds,
                    seed=seed,
                    has_taste=arguments.taste,
                )
                for seed in range(arguments.first, arguments.first + arguments.seeds)
            ]
            for way in WAYS
        }
    else:
        found = {
            name: [
                simulate(arguments.notes, order, days=arguments.days, sections=arguments.sections, seed=seed)
                for seed in range(arguments.first, arguments.first + arguments.seeds)
            ]
            for name, order in ORDERS.items()
        }
        assert all(d.read <= arguments.sections for users in found.values() for days in users for d in days)
    if arguments.by_day:
        show_days(found, arguments.days, sum(note.facts for note in notes))
    else:
        show_weeks(found, arguments.days // 7)


def show_weeks(found: dict[str, list[list[Day]]], weeks: int) -> None:
    """Print the share of questions served from prepared material, by week."""
    print(
        "| order | "
        + " | ".join(f"hits, week {week + 1}" for week in range(weeks))
        + " | never asked of prepared |"
    )
    print("| --- |" + " --- |" * (weeks + 1))
    for name, users in found.items():
        shares = [
            statistics.fmean(
                sum(day.hits for day in days[7 * week : 7 * week + 7])
                / sum(day.asked for day in days[7 * week : 7 * week + 7])
                for days in users
            )
            for week in range(weeks)
        ]
        wasted = statistics.fmean(1 - days[-1].used / days[-1].prepared for days in users)
        print(f"| {name} | " + " | ".join(f"{one:.1%}" for one in shares) + f" | {wasted:.0%} |")


def show_days(found: dict[str, list[list[Day]]], days: int, facts: int) -> None:
    """Print hits, what of the prepared was never asked, and how much of all facts is prepared, day by day."""
    print("| day | " + " | ".join(f"{name}: hits, never asked, coverage" for name in found) + " |")
    print("| --- |" + " --- |" * len(found))
    for at in range(days):
        cells = []
        for users in found.values():
            of_day = [each[at] for each in users]
            hits = sum(day.hits for day in of_day) / sum(day.asked for day in of_day)
            wasted = statistics.fmean(1 - day.used / max(1, day.prepared) for day in of_day)
            coverage = statistics.fmean(day.prepared / facts for day in of_day)
            cells.append(f"{hits:.0%}, {wasted:.0%}, {coverage:.0%}")
        print(f"| {at + 1} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
