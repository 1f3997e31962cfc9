"""Adapted answers: one line from the few places that prepared answers and digests quote, or none.

What was prepared for other questions tells which sentences of the notes hold something. Where the best of those for
what was asked are likely to hold its answer as well, the model reads them alone: a few dozen tokens of notes, where a
live answer reads some hundreds. Prompts and checks are those of a live answer, so that the beginning of the prompt is
in memory already, and what the model gives away means the same (``sureness``). What is not sure is declined, and
answered live: an answer that is given here must be right as often as one that is made there.

Whether to try is decided before a token is spent, by a logistic regression over how near a prepared question is and
how likely the ranking finds it that one of these places holds the answer. Its parameters, and from when on an answer is
sure enough, are in ``resources/measured/adapted.json``, made by ``tests/benchmarks/adapted.py``.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from pillowbook.answering.compose import focused, is_near, nearest_places
from pillowbook.answering.drafting import REFUSALS, Drafting, is_refusal
from pillowbook.answering.evidence import Evidence, RankedUnit
from pillowbook.answering.forms import BRIEF, form_of
from pillowbook.answering.newer import newer_place
from pillowbook.answering.prompts import load_prompt
from pillowbook.answering.retrieve import Retriever
from pillowbook.answering.sureness import Regression, Sureness, measured_sureness
from pillowbook.answering.units import Unit, count_tokens
from pillowbook.answering.verify import fits_kind, joined
from pillowbook.answering.weighing import Asking, Candidate, Weigher, check_claims
from pillowbook.answering.writing import Call, Writer
from pillowbook.domain.answers import Draft, Effort, PreparedAnswer
from pillowbook.domain.ids import ContentHash, DocumentId
from pillowbook.host.resources import resource
from pillowbook.host.workers import CancelToken
from pillowbook.models.generator.client import Generator, Message

NOTES_TOKENS: Final = 60
"""Of notes, about so many are read: with the question and the task that comes to some 110 tokens."""

MOST_UNITS: Final = 3
MAX_TOKENS: Final = 40
NEARNESS_GAIN: Final = 0.5
"""Of a place that a prepared question as near as can be was answered from, beside its share of the ranking."""

FROM_SIMILARITY: Final = 0.4
"""A prepared question less near than this (all-MiniLM-L6-v2) says nothing about what was asked."""

FEATURES: Final = ("nearness", "share", "similarity")
DECLINED: Final = "declined"


@dataclass(frozen=True, slots=True)
class KnownQuote:
    """A quote that a prepared answer or a digest rests on.

    Attributes:
        nearness: cosine of what was asked and the prepared question; 0.0 for a line of a digest.
        prepared: the answer that rests on it; None for a line of a digest.
    """

    passage_hash: ContentHash
    quote: str
    nearness: float = 0.0
    prepared: PreparedAnswer | None = None

    def overlaps(self, unit: Unit) -> bool:
        """Whether a unit is quoted here, or a part of what is."""
        same = self.passage_hash == unit.passage.content_hash
        return same and (self.quote in unit.quote or unit.quote in self.quote)


@dataclass(frozen=True, slots=True)
class Chance:
    """What tells whether reading the known places is worth it.

    Attributes:
        nearness: of the nearest prepared question that one of them answered.
        share: how likely one of them holds the answer, if anything in the notes does.
        similarity: cosine of the question and the place nearest to it.
    """

    nearness: float
    share: float
    similarity: float

    def row(self) -> tuple[float, ...]:
        """The ``FEATURES``."""
        return (self.nearness, self.share, self.similarity)


@dataclass(frozen=True, slots=True)
class AdaptParameters:
    """Measured parameters.

    Attributes:
        chance: P(the places that are known hold the answer).
        bar: from there on it is tried.
        threshold: of P(right), from which on an answer is given.
    """

    chance: Regression
    bar: float
    threshold: float


@lru_cache(maxsize=1)
def measured_parameters() -> AdaptParameters:
    """The parameters that were fitted and measured by ``tests/benchmarks/adapted.py``."""
    stored = json.loads(resource("measured", "adapted.json").read_text(encoding="utf-8"))
    weights = tuple(float(stored["weights"][name]) for name in FEATURES)
    return AdaptParameters(
        Regression(weights, float(stored["intercept"])), float(stored["bar"]), float(stored["threshold"])
    )


@dataclass(frozen=True, slots=True)
class Found:
    """What a retrieval for a question gave."""

    evidence: Sequence[Evidence]
    units: Sequence[RankedUnit]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is read for a question, and whether that is worth it.

    Attributes:
        prepared: the answer to the nearest prepared question that rests on it; None where only digests do.
    """

    question: str
    units: tuple[Unit, ...]
    chance: Chance
    found: Found
    is_fair: bool
    prepared: PreparedAnswer | None


@dataclass(frozen=True, slots=True)
class _Place:
    ranked: RankedUnit
    known: KnownQuote


class Adapter:
    """Adapts what is known to a question. Thread-safe as far as the generator and the stores are."""

    def __init__(
        self,
        *,
        generator: Generator,
        retriever: Retriever,
        sureness: Sureness | None = None,
        parameters: AdaptParameters | None = None,
    ) -> None:
        self._generator = generator
        self._retriever = retriever
        self._parameters = parameters or measured_parameters()
        self._writer = Writer(generator, retriever.date_of)
        self._weigher = Weigher(
            generator=generator, writer=self._writer, sureness=sureness or measured_sureness()
        )
        self._prompt = load_prompt(BRIEF.prompt)

    @property
    def has_chances(self) -> bool:
        """Whether any question can have a fair chance: until that is measured the bar is above every probability."""
        return self._parameters.bar <= 1.0

    def suits(self, question: str) -> bool:
        """Whether one line could answer it: it asks for no account of something."""
        return form_of(question) is BRIEF

    def plan(self, question: str, found: Found, known: Sequence[KnownQuote]) -> Plan | None:
        """What would be read of the places that are known; None where none of them was found for the question."""
        ranked = focused(question, found.units, found.evidence)
        if not is_near(ranked):
            return None
        places = [_Place(one, quote) for one in ranked if (quote := _nearest(one.unit, known)) is not None]
        places.sort(key=lambda place: -(place.ranked.share + NEARNESS_GAIN * _gain(place.known.nearness)))
        taken = _within_budget(places)
        if not taken:
            return None
        nearest = max((place.known for place in taken), key=lambda quote: quote.nearness)
        chance = Chance(
            nearness=nearest.nearness,
            share=sum(place.ranked.share for place in taken),
            similarity=max(place.ranked.similarity for place in taken),
        )
        is_fair = self._parameters.chance.probability(chance.row()) >= self._parameters.bar
        units = tuple(place.ranked.unit for place in taken)
        return Plan(question, units, chance, found, is_fair, nearest.prepared)

    def answer(
        self,
        plan: Plan,
        *,
        deadline_s: float,
        cancel: CancelToken | None = None,
        origins: frozenset[DocumentId] = frozenset(),
    ) -> Draft:
        """One line from what was planned.

        Args:
            origins: as for :meth:`Composer.answer`.
        Returns:
            A draft; ``answer`` is empty where it is declined, with what that cost.
        Raises:
            Cancelled, WorkerLost, DeadlineExceeded, ModelMissing: as the generator does.
        """
        question, found = plan.question, plan.found
        call = Call(
            BRIEF, deadline_s, cancel, background=False, asked_of=None, asks_again=False, origins=origins
        )
        nearest = nearest_places(found.units, found.evidence)
        draft = Drafting(question, Effort.LIVE, self._generator.model_id, nearest, BRIEF.citations)
        made = self._writer.write(
            self._messages(plan, call), call, draft, max_tokens=MAX_TOKENS, barred=REFUSALS
        )
        if is_refusal(made.text):
            return draft.refuse(DECLINED)
        claims = check_claims(made.text, plan.units, question, BRIEF)
        if not claims or not fits_kind(question, joined(claims)):
            return draft.refuse(DECLINED)
        if newer_place(question, claims, found.units, self._retriever.date_of) is not None:
            return draft.refuse(
                DECLINED
            )  # a later note may say otherwise: that is for a live answer to settle
        ranked = focused(question, found.units, found.evidence)
        asking = Asking(question, found.units, ranked, found.evidence, call, draft)
        sure = self._weigher.weigh(Candidate(claims, plan.units, made), asking).sure
        if sure < self._parameters.threshold:
            return draft.refuse(DECLINED, sure)
        return draft.accept(claims, sure, before=(), date_of=self._retriever.date_of)

    def read_ahead(self, plan: Plan, *, deadline_s: float, cancel: CancelToken | None = None) -> None:
        """Read the prompt of a plan; nothing is written. Raises as the generator's method does."""
        call = Call(BRIEF, deadline_s, cancel, background=False, asked_of=None)
        self._generator.read_ahead(self._messages(plan, call), deadline_s=deadline_s, cancel=cancel)

    def _messages(self, plan: Plan, call: Call) -> list[Message]:
        return self._writer.fill(self._prompt, plan.units, plan.question, call)


def _nearest(unit: Unit, known: Sequence[KnownQuote]) -> KnownQuote | None:
    """The quote of a unit whose prepared question is nearest; None where nothing quotes it."""
    return max((one for one in known if one.overlaps(unit)), key=lambda one: one.nearness, default=None)


def _gain(nearness: float) -> float:
    return max(0.0, nearness - FROM_SIMILARITY) / (1.0 - FROM_SIMILARITY)


def _within_budget(places: Sequence[_Place]) -> list[_Place]:
    """The first places that fit, and always the very first."""
    taken: list[_Place] = []
    left = float(NOTES_TOKENS)
    titles: set[str] = set()
    for place in places:
        unit = place.ranked.unit
        size = count_tokens(unit.text) + 1
        size += 0 if unit.place in titles else count_tokens(unit.place)
        if taken and size > left:
            continue
        left -= size
        titles.add(unit.place)
        taken.append(place)
        if len(taken) == MOST_UNITS:
            break
    return taken
