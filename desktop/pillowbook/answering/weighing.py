"""Weighs an answer: the signals that tell whether it is right, and a second answer where they leave it open.

Asking again, in a sentence and from the whole passage of the best unit, costs as much as the first time; it is done
only where the first answer is neither sure nor hopeless. Where both say the same, that speaks for it; where they do
not, the surer one is taken. (That answers which agree are likelier right: Wang et al. 2022, "Self-Consistency".)
"""

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pillowbook.answering.drafting import Drafting, cited_units
from pillowbook.answering.evidence import Evidence, RankedUnit
from pillowbook.answering.forms import FULL, Form
from pillowbook.answering.prompts import load_prompt
from pillowbook.answering.reading import in_order, within_budget
from pillowbook.answering.sureness import Signals, Sureness, agreement
from pillowbook.answering.units import Unit, split_units
from pillowbook.answering.verify import (
    Claim,
    check_claim,
    is_echo,
    joined,
    split_claims,
    unsupported_marks,
)
from pillowbook.answering.writing import Call, Writer
from pillowbook.domain.errors import ScoringUnavailable
from pillowbook.models.generator.client import Generated, Generator

MAX_WORD_TOKENS = 3
AGAIN_TOKENS = 240
"""Of notes, read when asked again."""
AGAIN_UNITS = 12
PASSAGE_UNITS = 9
AGAIN_MAX_TOKENS = 48

WRITTEN_OTHERWISE = -6.0
"""Stands for the log-probability of a refusal where a generator cannot be kept from it, and did not refuse."""

SAID = 2.0
"""Stands for the log-odds of a plain yes, where a generator cannot be asked how probable it is."""

NOT_RANKED = 0.4
"""Stands for the similarity of a unit that was not compared with the question."""

_HEDGE = re.compile(
    r"\b(?:not (?:said|mentioned|stated|specified|provided|given|included|contained)|"
    r"(?:do|does|did) not (?:say|mention|contain|specify|state|provide|include)|"
    r"no (?:information|mention)|not in (?:the )?notes)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Asking:
    """A question, what was found for it and what of that is read, and the draft that counts what it costs."""

    question: str
    found: Sequence[RankedUnit]
    focused: Sequence[RankedUnit]
    evidence: Sequence[Evidence]
    call: Call
    draft: Drafting


@dataclass(frozen=True, slots=True)
class Candidate:
    """A possible answer: what of it is carried by units, the units that were read for it, and as the model made it."""

    claims: list[Claim]
    read: Sequence[Unit]
    made: Generated

    @property
    def text(self) -> str:
        """What of it is carried."""
        return joined(self.claims)


@dataclass(frozen=True, slots=True)
class Weighed:
    """A possible answer with its signals and P(right)."""

    claims: list[Claim]
    signals: Signals
    sure: float


OnWeighed = Callable[[Weighed, Weighed | None], None]


class Weigher:
    """Tells how sure answers are. Thread-safe as far as the generator is."""

    def __init__(
        self,
        *,
        generator: Generator,
        writer: Writer,
        sureness: Sureness,
        on_weighed: OnWeighed | None = None,
    ) -> None:
        self._generator = generator
        self._writer = writer
        self._sureness = sureness
        self._on_weighed = on_weighed
        self._stated_prompt = load_prompt("stated")
        self._again_prompt = load_prompt("again")

    @property
    def threshold(self) -> float:
        """Below it the notes do not say."""
        return self._sureness.threshold

    @property
    def hopeless(self) -> float:
        """At or below it the model is not asked again."""
        return self._sureness.low

    def weigh(self, candidate: Candidate, asking: Asking) -> Weighed:
        """How sure an answer is by itself."""
        barred = candidate.made.barred_log_probability
        similarity, share, missing = _of_units(candidate.claims, asking)
        signals = Signals(
            refusal=WRITTEN_OTHERWISE if barred is None else barred,
            similarity=similarity,
            share=share,
            missing=missing,
            stated=self._stated(candidate.read, asking),
        )
        return Weighed(candidate.claims, signals, self._sureness.probability(signals))

    def surest(self, candidate: Candidate, asking: Asking) -> Weighed:
        """An answer, or what the model says when it is asked again, whichever is surer."""
        first = self.weigh(candidate, asking)
        may = asking.call.asks_again and asking.call.form is not FULL
        is_open = may and not self._sureness.is_decided(first.signals)
        if not is_open and self._on_weighed is None:
            return first
        other = self._again(asking)
        said = "" if _HEDGE.search(other.made.text) else other.made.text
        agrees = agreement(candidate.text, said)
        signals = replace(first.signals, agrees=agrees)
        first = replace(first, signals=signals, sure=self._sureness.probability(signals))
        second: Weighed | None = None
        if other.claims:
            similarity, share, missing = _of_units(other.claims, asking)
            signals = replace(signals, similarity=similarity, share=share, missing=missing)
            second = Weighed(other.claims, signals, self._sureness.probability_again(signals))
        if self._on_weighed is not None:
            self._on_weighed(first, second)
        return second if second is not None and second.sure > first.sure else first

    def _stated(self, read: Sequence[Unit], asking: Asking) -> float:
        """Log-odds that what was read answers the question. All of the prompt but its last line is in memory still."""
        call = asking.call
        messages = self._writer.fill(self._stated_prompt, read, asking.question, call)
        try:
            scored = self._generator.score(
                messages,
                ["Yes", "No"],
                deadline_s=call.deadline_s,
                cancel=call.cancel,
                background=call.background,
            )
        except ScoringUnavailable:
            said = self._writer.write(messages, call, asking.draft, max_tokens=MAX_WORD_TOKENS).text
            return SAID if said.strip().casefold().startswith("yes") else -SAID
        asking.draft.tokens += scored.spent
        yes, no = scored.log_probabilities
        return yes - no

    def _again(self, asking: Asking) -> Candidate:
        """What the model says in a sentence, from the passage of the best unit and the units that follow."""
        passage = asking.focused[0].unit.passage
        others = [one.unit for one in asking.focused if one.unit.passage.id != passage.id]
        units = [*split_units(passage)[:PASSAGE_UNITS], *others]
        read = in_order(within_budget(units, tokens=AGAIN_TOKENS, most=AGAIN_UNITS))
        messages = self._writer.fill(self._again_prompt, read, asking.question, asking.call)
        made = self._writer.write(messages, asking.call, asking.draft, max_tokens=AGAIN_MAX_TOKENS)
        return Candidate(check_claims(made.text, read, asking.question, asking.call.form), read, made)


def check_claims(answer: str, read: Sequence[Unit], question: str, form: Form) -> list[Claim]:
    """The sentences of an answer that what was read carries, each once; a refusal is none, nor is an echo."""
    if is_echo(question, answer):
        return []
    claims: list[Claim] = []
    for text in split_claims(answer):
        if _HEDGE.search(text):
            continue
        claim = check_claim(text, read, question, most=form.most_carriers)
        if claim is not None and all(claim.text != other.text for other in claims):
            claims.append(claim)
    return claims


def _of_units(claims: Sequence[Claim], asking: Asking) -> tuple[float, float, int]:
    """Similarity and share of the best cited unit; numbers and names of the question its documents do not hold."""
    units = cited_units(claims)
    documents = {unit.passage.document_id for unit in units}
    # A letter names the person it is about once, at the top: what was found of the same document counts with it.
    passages = [one.passage for one in asking.evidence if one.passage.document_id in documents]
    passages += [unit.passage for unit in units if unit.passage not in passages]
    read = " ".join(passage.text for passage in passages)
    places = " ".join(f"{passage.title} {passage.heading} {passage.path}" for passage in passages)
    ranked = [one for one in asking.found if one.unit in units]
    # What several notes say in the same words divides its share among them.
    shares: defaultdict[str, float] = defaultdict(float)
    for one in asking.found:
        shares[one.unit.text] += one.share
    return (
        max((one.similarity for one in ranked), default=NOT_RANKED),
        max((shares[one.unit.text] for one in ranked), default=0.0),
        len(unsupported_marks(asking.question, read, places)),
    )
