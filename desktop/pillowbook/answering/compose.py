"""One pipeline that answers a question from the notes, live or ahead of time.

The model reads a handful of units and answers in a few of their words. Code then finds the units that carry the
answer (``verify``): they are the quotes, verbatim without a token spent on copying, and what no unit carries is
dropped. How sure the answer is (``sureness``) decides whether it is given or the notes do not say.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pillowbook.answering.cite import cite_passage, cite_unit
from pillowbook.answering.compute.computer import Computer
from pillowbook.answering.drafting import REFUSALS, Drafting, Stream, cited_units, is_refusal
from pillowbook.answering.forms import BRIEF, FULL, Form, form_of
from pillowbook.answering.newer import contradicts, newer_place, quoted_claim
from pillowbook.answering.prompts import load_prompt
from pillowbook.answering.reading import in_order, lay_out, with_context, within_budget
from pillowbook.answering.retrieve import Evidence, RankedUnit, Retriever
from pillowbook.answering.sureness import Signals, Sureness, measured_sureness
from pillowbook.answering.terms import content_stems, coverage, numbers, stems
from pillowbook.answering.units import Unit
from pillowbook.answering.verify import (
    Claim,
    check_claim,
    fits_kind,
    known_share,
    split_claims,
    unknown_terms,
    unsupported_marks,
)
from pillowbook.domain.answers import Citation, Draft, Effort
from pillowbook.domain.clock import Clock
from pillowbook.domain.documents import Passage
from pillowbook.domain.errors import ScoringUnavailable
from pillowbook.domain.ids import DocumentId
from pillowbook.host.workers import CancelToken
from pillowbook.models.generator.client import Generated, Generator, Message

MAX_WORD_TOKENS = 3
READ_AHEAD_DEADLINE_S = 30.0
NEAREST = 3
MIN_SIMILARITY = 0.22
"""Below this the best unit has nothing to do with the question (all-MiniLM-L6-v2), whatever words they share."""

WRITTEN_OTHERWISE = -6.0
"""Stands for the log-probability of a refusal where a generator cannot be kept from it, and did not refuse."""

SAID = 2.0
"""Stands for the log-odds of a plain yes, where a generator cannot be asked how probable it is."""

MIN_SURE_CHANGED = 0.2
"""A later note that says in words that something changed, and gives another value, counts from this P(right) on: by
itself it is evidence that the older answer is wrong, however sure that looks."""

MIN_SURE_UNSAID = 0.6
"""A later note that says otherwise, and does not say that anything changed, counts from this P(right) on."""

_PASSAGES = {Effort.LIVE: 8, Effort.PREPARED: 14}
UNITS_COMPARED = 20
"""Among this many a later note is looked for; only the first few are read by the model."""
_WHOLE_DOCUMENT_CHARS = 2400


@dataclass(frozen=True, slots=True)
class _Call:
    """How one question is answered; ``asked_of`` is the document it was predicted from."""

    form: Form
    deadline_s: float
    cancel: CancelToken | None
    background: bool
    asked_of: DocumentId | None


@dataclass(frozen=True, slots=True)
class _Newer:
    """What a later note says, as the model made it of that place."""

    claims: list[Claim]
    made: Generated
    says_changed: bool


class Composer:
    """Answers questions. Thread-safe as far as the generator and the stores are.

    Args:
        clock: tells today, for what is computed.
        sureness: how signals become P(right); the measured parameters by default.
        on_signals: gets the signals of each answer that was made, always with the second reading; for fitting.
    """

    def __init__(
        self,
        *,
        generator: Generator,
        retriever: Retriever,
        clock: Clock,
        sureness: Sureness | None = None,
        on_signals: Callable[[Signals, str], None] | None = None,
    ) -> None:
        self._generator = generator
        self._retriever = retriever
        self._clock = clock
        self._computer = Computer(generator=generator, retriever=retriever)
        self._sureness = sureness or measured_sureness()
        self._on_signals = on_signals
        self._prompts = {form.prompt: load_prompt(form.prompt) for form in (BRIEF, FULL)}
        self._stated_prompt = load_prompt("stated")

    def answer(
        self,
        question: str,
        *,
        effort: Effort,
        deadline_s: float,
        on_text: Callable[[str], None] | None = None,
        cancel: CancelToken | None = None,
        document_id: DocumentId | None = None,
        vector: NDArray[np.float32] | None = None,
        background: bool = False,
        without: frozenset[DocumentId] = frozenset(),
    ) -> Draft:
        """Answer from the notes, or say that they do not say.

        Args:
            on_text: gets the answer as it is written, before it is verified; never a refusal.
            document_id: a document to read first and whole if it is short, so that several questions about it in a
                row share the model's prompt prefix.
            vector: the question's unit vector when it is known already.
            background: embed and generate behind live work.
            without: documents not to read.
        Returns:
            A draft; ``answer`` is empty for "your notes do not say", with the closest passages in ``nearest``.
        Raises:
            Cancelled, WorkerLost, DeadlineExceeded, ModelMissing: as the generator and embedder do.
        """
        if vector is None:
            vector = self._retriever.embed(question, background=background)
        if self._on_signals is None:
            computed = self._computer.answer(
                question,
                today=self._clock.now().astimezone().date(),
                vector=vector,
                background=background,
                without=without,
            )
            if computed is not None:
                return replace(computed, effort=effort)
        evidence, found = self._find(question, effort, vector, background=background, without=without)
        ranked = _focused(question, found, evidence)
        call = _Call(form_of(question), deadline_s, cancel, background, document_id)
        read = self._reading(ranked, effort, call)
        nearest = _nearest(ranked, evidence)
        draft = Drafting(question, effort, self._generator.model_id, nearest, call.form.citations)
        if not _is_near(ranked):
            return draft.refuse("nothing-near")
        messages = self._messages(question, read, call)
        stream = Stream(on_text) if on_text else None
        made = self._generate(messages, call, draft, stream)
        if is_refusal(made.text):
            return draft.refuse("model")
        claims = _check_claims(made.text, read, question, call.form)
        # An older and a newer note mixed into one sentence are carried by neither: then the best unit is the older.
        older = claims or [Claim(found[0].unit.text, (found[0].unit,))]
        newer = self._newer(question, older, found, draft, call)
        if not claims and newer is None:
            return draft.refuse("quotes")
        sure = 0.0
        if newer is not None:
            signals = self._signals(question, newer.claims, found, evidence, newer.made, call, draft)
            sure = self._sureness.probability(signals)
            if sure >= (MIN_SURE_CHANGED if newer.says_changed else MIN_SURE_UNSAID):
                return draft.accept(newer.claims, sure, before=older, date_of=self._retriever.date_of)
        if claims:
            signals = self._signals(question, claims, found, evidence, made, call, draft)
            sure = self._sureness.probability(signals)
            if sure >= self._sureness.threshold:
                return draft.accept(claims, sure, before=(), date_of=self._retriever.date_of)
        return draft.refuse("unsure", sure)

    def read_ahead(
        self, question: str, *, vector: NDArray[np.float32] | None = None, cancel: CancelToken | None = None
    ) -> None:
        """Read the prompt a live question would lead to, so that its answer begins at once; nothing is written.

        Raises:
            Cancelled: by ``cancel``, or because a question goes first; what was read is kept.
            As :meth:`answer` otherwise.
        """
        if vector is None:
            vector = self._retriever.embed(question)
        evidence, found = self._find(question, Effort.LIVE, vector)
        ranked = _focused(question, found, evidence)
        if cancel is not None:
            cancel.raise_if_cancelled()
        if _is_near(ranked):
            call = _Call(form_of(question), READ_AHEAD_DEADLINE_S, cancel, background=False, asked_of=None)
            read = self._reading(ranked, Effort.LIVE, call)
            self._generator.read_ahead(
                self._messages(question, read, call), deadline_s=call.deadline_s, cancel=cancel
            )

    # -- finding and reading ------------------------------------------------------------------------

    def _find(
        self,
        question: str,
        effort: Effort,
        vector: NDArray[np.float32],
        *,
        background: bool = False,
        without: frozenset[DocumentId] = frozenset(),
    ) -> tuple[list[Evidence], list[RankedUnit]]:
        evidence = self._retriever.retrieve(
            question, limit=_PASSAGES[effort], vector=vector, background=background, without=without
        )
        found = self._retriever.rank_units(
            question, evidence, limit=UNITS_COMPARED, vector=vector, background=background
        )
        return evidence, found

    def _reading(self, ranked: Sequence[RankedUnit], effort: Effort, call: _Call) -> list[Unit]:
        """What the model reads, in an order that keeps the prefix: the document's units first, in its order."""
        form = call.form
        best = within_budget(
            with_context(ranked), tokens=form.notes_tokens[effort], most=form.most_units[effort]
        )
        if form is FULL:
            best = in_order(best)
        if call.asked_of is None:
            return best
        own = self._retriever.document_units(call.asked_of)
        if not own or sum(len(unit.text) for unit in own) > _WHOLE_DOCUMENT_CHARS:
            return best
        return own + [unit for unit in best if unit.passage.document_id != call.asked_of][:3]

    def _messages(self, question: str, read: Sequence[Unit], call: _Call) -> list[Message]:
        return self._prompts[call.form.prompt].fill(
            _made_from(read, call),
            notes=lay_out(read, self._retriever.date_of),
            question=question.strip(),
        )

    def _generate(
        self,
        messages: Sequence[Message],
        call: _Call,
        draft: Drafting,
        stream: Stream | None = None,
        max_tokens: int | None = None,
    ) -> Generated:
        made = self._generator.generate(
            messages,
            max_tokens=max_tokens or call.form.max_tokens,
            stop=("\n\n", "Question:"),
            deadline_s=call.deadline_s,
            on_text=stream.take if stream else None,
            cancel=call.cancel,
            barred=REFUSALS,
            background=call.background,
        )
        draft.note(made)
        return made

    # -- a later note -------------------------------------------------------------------------------

    def _newer(
        self,
        question: str,
        claims: Sequence[Claim],
        ranked: Sequence[RankedUnit],
        draft: Drafting,
        call: _Call,
    ) -> "_Newer | None":
        """The answer by a later note, where there is one and it says otherwise."""
        place = newer_place(question, claims, ranked, self._retriever.date_of)
        if place is None:
            return None
        made = self._generate(self._messages(question, place.around, call), call, draft)
        newer = [] if is_refusal(made.text) else _check_claims(made.text, place.around, question, call.form)
        answer = " ".join(claim.text for claim in newer)
        # The date of the note stands in its place, and is no date of what it tells.
        told = numbers(f"{question} {' '.join(unit.text for unit in place.around)}")
        is_told = numbers(answer) <= told
        if newer and is_told and fits_kind(question, answer) and contradicts(question, newer, claims):
            return _Newer(newer, made, place.says_changed)
        if place.is_sure and fits_kind(question, place.unit.text):
            return _Newer([quoted_claim(place.unit, self._retriever.date_of)], made, True)
        return None

    # -- how sure -----------------------------------------------------------------------------------

    def _signals(
        self,
        question: str,
        claims: Sequence[Claim],
        found: Sequence[RankedUnit],
        evidence: Sequence[Evidence],
        made: Generated,
        call: _Call,
        draft: Drafting,
    ) -> Signals:
        """All that tells whether the claims are right; the cited units are read once more where that may matter."""
        answer = " ".join(claim.text for claim in claims)
        barred = made.barred_log_probability
        units = cited_units(claims)
        documents = {unit.passage.document_id for unit in units}
        # A letter names the person it is about once, at the top: what was found of the same document counts with it.
        passages = [one.passage for one in evidence if one.passage.document_id in documents]
        passages += [unit.passage for unit in units if unit.passage not in passages]
        read, places = _texts(passages)
        cited = frozenset(stems(" ".join(f"{unit.place} {unit.text}" for unit in units)))
        ranked = [one for one in found if one.unit in units]
        signals = Signals(
            refusal=WRITTEN_OTHERWISE if barred is None else barred,
            least=made.min_log_probability,
            mean=made.mean_log_probability,
            similarity=max((one.similarity for one in ranked), default=0.4),
            share=max((one.share for one in ranked), default=0.0),
            known=known_share(question, f"{read} {places}"),
            covered=max((one.covered for one in ranked), default=0.0),
            missing=len(unsupported_marks(question, read, places)),
            carried=coverage(content_stems(answer), cited),
            fits=fits_kind(question, answer),
            about=_is_about(question, evidence),
        )
        if self._on_signals is None and self._sureness.is_decided(signals):
            return signals
        signals = replace(signals, stated=self._stated(question, units, call, draft))
        if self._on_signals is not None:
            self._on_signals(signals, answer)
        return signals

    def _stated(self, question: str, units: Sequence[Unit], call: _Call, draft: Drafting) -> float:
        """Log-odds that the units alone answer the question."""
        messages = self._stated_prompt.fill(
            _made_from(units, call),
            notes=lay_out(units, self._retriever.date_of),
            question=question.strip(),
        )
        try:
            scored = self._generator.score(
                messages,
                ["Yes", "No"],
                deadline_s=call.deadline_s,
                cancel=call.cancel,
                background=call.background,
            )
        except ScoringUnavailable:
            said = self._generate(messages, call, draft, max_tokens=MAX_WORD_TOKENS).text
            return SAID if said.strip().casefold().startswith("yes") else -SAID
        draft.tokens += scored.tokens
        yes, no = scored.log_probabilities
        return yes - no


_HEDGE = re.compile(
    r"\b(?:not (?:said|mentioned|stated|specified|provided|given|included|contained)|"
    r"(?:do|does|did) not (?:say|mention|contain|specify|state|provide|include)|"
    r"no (?:information|mention)|not in (?:the )?notes)\b",
    re.IGNORECASE,
)


def _check_claims(answer: str, read: Sequence[Unit], question: str, form: Form) -> list[Claim]:
    claims: list[Claim] = []
    for text in split_claims(answer):
        if _HEDGE.search(text):
            continue
        claim = check_claim(text, read, question, most=form.most_carriers)
        if claim is not None and all(claim.text != other.text for other in claims):
            claims.append(claim)
    return claims


def _made_from(units: Sequence[Unit], call: _Call) -> set[DocumentId]:
    """The documents a prompt was made from, that of the question included."""
    asked_of = set() if call.asked_of is None else {call.asked_of}
    return {unit.passage.document_id for unit in units} | asked_of


def _is_near(ranked: Sequence[RankedUnit]) -> bool:
    """Whether anything found has to do with the question at all; decided without a token."""
    return max((one.similarity for one in ranked), default=0.0) >= MIN_SIMILARITY


def _texts(passages: Sequence[Passage]) -> tuple[str, str]:
    """What passages say, and their titles, headings and paths."""
    read = " ".join(passage.text for passage in passages)
    return read, " ".join(f"{passage.title} {passage.heading} {passage.path}" for passage in passages)


def _is_about(question: str, evidence: Sequence[Evidence]) -> bool:
    """Whether all that was found together knows the question's numbers, names and specific words."""
    read, places = _texts([found.passage for found in evidence])
    return not unsupported_marks(question, read, places) and not unknown_terms(question, f"{read} {places}")


def _focused(
    question: str, found: Sequence[RankedUnit], evidence: Sequence[Evidence]
) -> Sequence[RankedUnit]:
    """Only the documents that know all the question's own words, where the best unit's document knows few of them.

    "When does the broadband deal end" is about no mortgage deal, however near that is, while another note has the word.
    """
    if not found:
        return found
    best = found[0].unit.passage.document_id
    knowing = _knowing(question, evidence)
    if not knowing or best in knowing or known_share(question, _told(evidence, best)) > MIN_KNOWN:
        return found
    return [one for one in found if one.unit.passage.document_id in knowing] or found


MIN_KNOWN = 0.5


def _told(evidence: Sequence[Evidence], document_id: DocumentId) -> str:
    """What was found of one document, with titles, headings and paths."""
    found = (one.passage for one in evidence if one.passage.document_id == document_id)
    return " ".join(f"{one.text} {one.title} {one.heading} {one.path}" for one in found)


def _knowing(question: str, evidence: Sequence[Evidence]) -> set[DocumentId]:
    """The documents in which every specific word of the question was found."""
    documents = {one.passage.document_id for one in evidence}
    return {key for key in documents if not unknown_terms(question, _told(evidence, key))}


def _nearest(ranked: Sequence[RankedUnit], evidence: Sequence[Evidence]) -> tuple[Citation, ...]:
    """The closest places, one per passage, shown when the notes do not say."""
    found: dict[int, Citation] = {}
    for one in ranked:
        found.setdefault(one.unit.passage.id, cite_unit(one.unit))
    for other in evidence:
        found.setdefault(other.passage.id, cite_passage(other.passage))
    return tuple(list(found.values())[:NEAREST])
