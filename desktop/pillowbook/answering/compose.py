"""One pipeline that answers a question from the notes, live or ahead of time.

The model reads a handful of units and answers in a few of their words. Code then finds the units that carry the
answer (``verify``): they are the quotes, verbatim without a token spent on copying, and what no unit carries is
dropped. How sure the answer is (``sureness``) decides whether it is given or the notes do not say.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pillowbook.answering.cite import cite_passage, cite_unit
from pillowbook.answering.compute.computer import Computer
from pillowbook.answering.drafting import REFUSALS, Drafting, Stream, is_refusal, refused
from pillowbook.answering.evidence import Evidence, RankedUnit
from pillowbook.answering.forms import BRIEF, FULL, form_of
from pillowbook.answering.newer import contradicts, newer_place, quoted_claim
from pillowbook.answering.prompts import load_prompt
from pillowbook.answering.reading import in_order, with_context, within_budget
from pillowbook.answering.retrieve import Retriever
from pillowbook.answering.sureness import Sureness, measured_sureness
from pillowbook.answering.terms import numbers
from pillowbook.answering.units import Unit
from pillowbook.answering.verify import Claim, fits_kind, joined, known_share, unknown_terms
from pillowbook.answering.weighing import Asking, Candidate, OnWeighed, Weigher, check_claims
from pillowbook.answering.writing import Call, Writer
from pillowbook.domain.answers import Citation, Draft, Effort
from pillowbook.domain.clock import Clock
from pillowbook.domain.ids import DocumentId
from pillowbook.host.workers import CancelToken
from pillowbook.models.generator.client import Generated, Generator, Message

READ_AHEAD_DEADLINE_S = 30.0
UNSURE = "unsure"
NEAREST = 3
MIN_SIMILARITY = 0.22
"""Below this the best unit has nothing to do with the question (all-MiniLM-L6-v2), whatever words they share."""

MIN_SURE_CHANGED = 0.2
"""A later note that says in words that something changed, and gives another value, counts from this P(right) on: by
itself it is evidence that the older answer is wrong, however sure that looks."""

MIN_SURE_UNSAID = 0.6
"""A later note that says otherwise, and does not say that anything changed, counts from this P(right) on."""

UNITS_COMPARED = 20
"""Among this many a later note is looked for; only the first few are read by the model."""


@dataclass(frozen=True, slots=True)
class _Newer:
    """What a later note says, as the model made it of that place."""

    said: Candidate
    says_changed: bool


class Composer:
    """Answers questions. Thread-safe as far as the generator and the stores are.

    Args:
        clock: tells today, for what is computed.
        sureness: how signals become P(right); the measured parameters by default.
        on_weighed: gets each answer that was made and the second one; for fitting, so the model is always asked again
            and nothing is computed.
    """

    def __init__(
        self,
        *,
        generator: Generator,
        retriever: Retriever,
        clock: Clock,
        sureness: Sureness | None = None,
        on_weighed: OnWeighed | None = None,
    ) -> None:
        self._generator = generator
        self._retriever = retriever
        self._clock = clock
        self._computer = Computer(generator=generator, retriever=retriever)
        self._writer = Writer(generator, retriever.date_of)
        self._weigher = Weigher(
            generator=generator,
            writer=self._writer,
            sureness=sureness or measured_sureness(),
            on_weighed=on_weighed,
        )
        self._computes = on_weighed is None
        self._prompts = {form.prompt: load_prompt(form.prompt) for form in (BRIEF, FULL)}

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
        asks_again: bool = True,
        origins: frozenset[DocumentId] = frozenset(),
        on_read: Callable[[Sequence[Citation]], None] | None = None,
    ) -> Draft:
        """Answer from the notes, or say that they do not say.

        Args:
            on_text: gets the answer as it is written, before it is verified; never a refusal.
            document_id: the one that the question was predicted from. Where the best unit stands in it, its whole
                section is read, so that several questions about it in a row share the model's prompt prefix.
            vector: the question's unit vector when it is known already.
            background: embed and generate behind live work.
            without: documents not to read.
            asks_again: whether the model may be asked a second time where its first answer leaves it open.
            origins: documents whose words the question may hold: its prompts count as made from them.
            on_read: gets what the model is about to read, before it is asked; what it raises goes to the caller.
        Returns:
            A draft; ``answer`` is empty for "your notes do not say", with the closest passages in ``nearest``.
        Raises:
            Cancelled, WorkerLost, DeadlineExceeded, ModelMissing: as the generator and embedder do.
        """
        if vector is None:
            vector = self._retriever.embed(question, background=background)
        computed = self.compute(question, vector=vector, background=background, without=without)
        if computed is not None:
            return replace(computed, effort=effort)
        evidence, found = self._retriever.find(
            question,
            effort=effort,
            limit=UNITS_COMPARED,
            vector=vector,
            background=background,
            without=without,
        )
        ranked = focused(question, found, evidence)
        call = Call(form_of(question), deadline_s, cancel, background, document_id, asks_again, origins)
        read = self._reading(ranked, effort, call)
        nearest = nearest_places(ranked, evidence)
        draft = Drafting(question, effort, self._generator.model_id, nearest, call.form.citations)
        if not is_near(ranked):
            return draft.refuse("nothing-near")
        if on_read is not None:
            on_read([cite_unit(unit) for unit in read])
        messages = self._messages(question, read, call)
        stream = Stream(on_text) if on_text else None
        made = self._write(messages, call, draft, stream)
        if is_refusal(made.text):
            return draft.refuse("model")
        claims = check_claims(made.text, read, question, call.form)
        # An older and a newer note mixed into one sentence are carried by neither: then the best unit is the older.
        older = claims or [Claim(found[0].unit.text, (found[0].unit,))]
        newer = self._newer(question, older, found, draft, call)
        if not claims and newer is None:
            return draft.refuse("quotes")
        asking = Asking(question, found, ranked, evidence, call, draft)
        sure = 0.0
        if newer is not None:
            sure = self._weigher.weigh(newer.said, asking).sure
            if sure >= (MIN_SURE_CHANGED if newer.says_changed else MIN_SURE_UNSAID):
                return draft.accept(newer.said.claims, sure, before=older, date_of=self._retriever.date_of)
        if claims:
            best = self._weigher.surest(Candidate(claims, read, made), asking)
            sure = best.sure
            if sure >= self._weigher.threshold:
                return draft.accept(best.claims, sure, before=(), date_of=self._retriever.date_of)
        return draft.refuse(UNSURE, sure)

    def compute(
        self,
        question: str,
        *,
        vector: NDArray[np.float32],
        background: bool = False,
        without: frozenset[DocumentId] = frozenset(),
    ) -> Draft | None:
        """The answer where code alone can work it out; None for every other question."""
        if not self._computes:
            return None
        return self._computer.answer(
            question,
            today=self._clock.now().astimezone().date(),
            vector=vector,
            background=background,
            without=without,
        )

    @property
    def bar(self) -> float:
        """P(right) below which the notes do not say."""
        return self._weigher.threshold

    def leaves_open(self, draft: Draft) -> bool:
        """Whether a refusal was neither sure nor hopeless, so that asking the model again might settle it."""
        return refused(UNSURE) in draft.checks and draft.confidence > self._weigher.hopeless

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
        evidence, found = self._retriever.find(
            question, effort=Effort.LIVE, limit=UNITS_COMPARED, vector=vector
        )
        ranked = focused(question, found, evidence)
        if cancel is not None:
            cancel.raise_if_cancelled()
        if is_near(ranked):
            call = Call(form_of(question), READ_AHEAD_DEADLINE_S, cancel, background=False, asked_of=None)
            read = self._reading(ranked, Effort.LIVE, call)
            self._generator.read_ahead(
                self._messages(question, read, call), deadline_s=call.deadline_s, cancel=cancel
            )

    # -- reading ------------------------------------------------------------------------

    def _reading(self, ranked: Sequence[RankedUnit], effort: Effort, call: Call) -> list[Unit]:
        """What the model reads: the best units, or the whole section that a predicted question leads back to.

        The model read that section when it predicted the question, and still has it in memory.
        """
        form = call.form
        best = within_budget(
            with_context(ranked), tokens=form.notes_tokens[effort], most=form.most_units[effort]
        )
        if form is FULL:
            best = in_order(best)
        if not ranked or ranked[0].unit.passage.document_id != call.asked_of:
            return best
        own = self._retriever.section_around(ranked[0].unit.passage)
        return own if ranked[0].unit in own else best

    def _messages(self, question: str, read: Sequence[Unit], call: Call) -> list[Message]:
        return self._writer.fill(self._prompts[call.form.prompt], read, question, call)

    def _write(
        self, messages: Sequence[Message], call: Call, draft: Drafting, stream: Stream | None = None
    ) -> Generated:
        max_tokens = call.form.max_tokens
        return self._writer.write(
            messages, call, draft, max_tokens=max_tokens, barred=REFUSALS, stream=stream
        )

    # -- a later note -------------------------------------------------------------------------------

    def _newer(
        self,
        question: str,
        claims: Sequence[Claim],
        ranked: Sequence[RankedUnit],
        draft: Drafting,
        call: Call,
    ) -> "_Newer | None":
        """The answer by a later note, where there is one and it says otherwise."""
        place = newer_place(question, claims, ranked, self._retriever.date_of)
        if place is None:
            return None
        made = self._write(self._messages(question, place.around, call), call, draft)
        newer = [] if is_refusal(made.text) else check_claims(made.text, place.around, question, call.form)
        answer = joined(newer)
        # The date of the note stands in its place, and is no date of what it tells.
        known = numbers(f"{question} {' '.join(unit.text for unit in place.around)}")
        is_told = numbers(answer) <= known
        if newer and is_told and fits_kind(question, answer) and contradicts(question, newer, claims):
            return _Newer(Candidate(newer, place.around, made), place.says_changed)
        if place.is_sure and fits_kind(question, place.unit.text):
            quoted = [quoted_claim(place.unit, self._retriever.date_of)]
            return _Newer(Candidate(quoted, place.around, made), says_changed=True)
        return None


def is_near(ranked: Sequence[RankedUnit]) -> bool:
    """Whether anything found has to do with the question at all; decided without a token."""
    return max((one.similarity for one in ranked), default=0.0) >= MIN_SIMILARITY


def focused(question: str, found: Sequence[RankedUnit], evidence: Sequence[Evidence]) -> Sequence[RankedUnit]:
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


def nearest_places(ranked: Sequence[RankedUnit], evidence: Sequence[Evidence]) -> tuple[Citation, ...]:
    """The closest places, one per passage, shown when the notes do not say."""
    found: dict[int, Citation] = {}
    for one in ranked:
        found.setdefault(one.unit.passage.id, cite_unit(one.unit))
    for other in evidence:
        found.setdefault(other.passage.id, cite_passage(other.passage))
    return tuple(list(found.values())[:NEAREST])
