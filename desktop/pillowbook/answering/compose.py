"""One pipeline that answers a question from the notes, live or ahead of time.

The model reads a handful of numbered units and answers with their numbers; the quotes are the units themselves, so
they are verbatim without a token spent on copying. Code then checks every sentence (``verify``), drops what no unit
carries, and refuses when nothing is left or the question speaks of something the evidence does not know.
"""

import re
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from pillowbook.answering.cite import cite_passage, cite_unit
from pillowbook.answering.newer import contradicts, newer_place, quoted_claim, told_before
from pillowbook.answering.prompts import load_prompt
from pillowbook.answering.retrieve import Evidence, RankedUnit, Retriever
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
from pillowbook.domain.answers import Citation, Draft, Effort, Tokens
from pillowbook.domain.ids import DocumentId
from pillowbook.host.workers import CancelToken
from pillowbook.models.generator.client import Generator, Message

REFUSAL = "NOT IN NOTES"
MAX_ANSWER_TOKENS = 96
READ_AHEAD_DEADLINE_S = 30.0
MAX_CITATIONS = 3
NEAREST = 3
MIN_SIMILARITY = 0.22
"""Below this the best unit has nothing to do with the question (all-MiniLM-L6-v2), whatever words they share."""

_PASSAGES = {Effort.LIVE: 8, Effort.PREPARED: 14}
_UNITS = {Effort.LIVE: 8, Effort.PREPARED: 10}
UNITS_COMPARED = 20
"""Among this many a later note is looked for; only the first few are read by the model."""
_UNIT_CHARS = 420
_WHOLE_DOCUMENT_CHARS = 2400


class Composer:
    """Answers questions. Thread-safe as far as the generator and the stores are."""

    def __init__(self, *, generator: Generator, retriever: Retriever) -> None:
        self._generator = generator
        self._retriever = retriever
        self._prompt = load_prompt("answer")

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
        evidence = self._retriever.retrieve(
            question, limit=_PASSAGES[effort], vector=vector, background=background, without=without
        )
        found = self._retriever.rank_units(
            question, evidence, limit=UNITS_COMPARED, vector=vector, background=background
        )
        ranked = _focused(question, found, evidence)[: _UNITS[effort]]
        read = self._reading(ranked, document_id)
        nearest = _nearest(ranked, evidence)
        draft = _Drafting(question, effort, self._generator.model_id, nearest)
        if not _is_about(question, ranked, evidence):
            return draft.refuse("question-terms")
        stream = _Stream(on_text) if on_text else None
        made = self._generator.generate(
            self._messages(question, read, document_id),
            max_tokens=MAX_ANSWER_TOKENS,
            stop=("\n\n", "Question:"),
            deadline_s=deadline_s,
            on_text=stream.take if stream else None,
            cancel=cancel,
            background=background,
        )
        draft.tokens += made.tokens
        draft.model = made.model or draft.model
        draft.first_token_ms = made.first_token_ms
        if _is_refusal(made.text):
            return draft.refuse("model")
        claims = _check_claims(made.text, read, question)
        # An older and a newer note mixed into one sentence are carried by neither: then the best unit is the older.
        older = claims or [Claim(found[0].unit.text, (found[0].unit,))]
        newer = self._newer_claims(
            question,
            older,
            found,
            draft,
            deadline_s=deadline_s,
            cancel=cancel,
            background=background,
            asked_of=document_id,
        )
        if newer and _answers_question(question, [*newer, *older], evidence):
            told = told_before(older, self._retriever.date_of)
            return draft.accept(newer, _confidence(question, newer, found), before=older, told=told)
        if not claims:
            return draft.refuse("quotes")
        if not _answers_question(question, claims, evidence):
            return draft.refuse("question-terms")
        if not fits_kind(question, " ".join(claim.text for claim in claims)):
            return draft.refuse("answer-kind")
        return draft.accept(claims, _confidence(question, claims, ranked))

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
        effort = Effort.LIVE
        evidence = self._retriever.retrieve(question, limit=_PASSAGES[effort], vector=vector)
        found = self._retriever.rank_units(question, evidence, limit=UNITS_COMPARED, vector=vector)
        ranked = _focused(question, found, evidence)[: _UNITS[effort]]
        if cancel is not None:
            cancel.raise_if_cancelled()
        if _is_about(question, ranked, evidence):
            read = self._reading(ranked, None)
            self._generator.read_ahead(
                self._messages(question, read), deadline_s=READ_AHEAD_DEADLINE_S, cancel=cancel
            )

    def _newer_claims(
        self,
        question: str,
        claims: Sequence[Claim],
        ranked: Sequence[RankedUnit],
        draft: "_Drafting",
        *,
        deadline_s: float,
        cancel: CancelToken | None,
        background: bool,
        asked_of: DocumentId | None,
    ) -> list[Claim]:
        """The answer by a later note that says something changed, where there is one and it says otherwise."""
        place = newer_place(question, claims, ranked, self._retriever.date_of)
        if place is None:
            return []
        made = self._generator.generate(
            self._messages(question, place.around, asked_of),
            max_tokens=MAX_ANSWER_TOKENS,
            stop=("\n\n", "Question:"),
            deadline_s=deadline_s,
            cancel=cancel,
            background=background,
        )
        draft.tokens += made.tokens
        newer = [] if _is_refusal(made.text) else _check_claims(made.text, place.around, question)
        answer = " ".join(claim.text for claim in newer)
        # The date of the note stands in its place, and is no date of what it tells.
        told = numbers(f"{question} {' '.join(unit.text for unit in place.around)}")
        is_told = numbers(answer) <= told
        if newer and is_told and fits_kind(question, answer) and contradicts(question, newer, claims):
            return newer
        if place.is_sure and fits_kind(question, place.unit.text):
            return [quoted_claim(place.unit, self._retriever.date_of)]
        return []

    def _reading(self, ranked: Sequence[RankedUnit], document_id: DocumentId | None) -> list[Unit]:
        """What the model reads, in an order that keeps the prefix: the document's units first, in its order."""
        best = [one.unit for one in ranked]
        if document_id is None:
            return best
        own = self._retriever.document_units(document_id)
        if not own or sum(len(unit.text) for unit in own) > _WHOLE_DOCUMENT_CHARS:
            return best
        return own + [unit for unit in best if unit.passage.document_id != document_id][:3]

    def _messages(
        self, question: str, read: Sequence[Unit], asked_of: DocumentId | None = None
    ) -> list[Message]:
        """The prompt. ``asked_of`` is the document that the question itself was predicted from."""
        made_from = {unit.passage.document_id for unit in read} | ({asked_of} if asked_of is not None else set())
        dates: dict[DocumentId, str] = {}
        lines: list[str] = []
        for number, unit in enumerate(read, start=1):
            key = unit.passage.document_id
            if key not in dates:
                dates[key] = self._retriever.date_of(unit.passage)
            dated = f"{unit.place}, {dates[key]}" if dates[key] else unit.place
            lines.append(f"[{number}] {dated}: {unit.text[:_UNIT_CHARS]}")
        return self._prompt.fill(made_from, notes="\n".join(lines), question=question.strip())


class _Drafting:
    """What is known of an answer while it is made."""

    def __init__(self, question: str, effort: Effort, model: str, nearest: tuple[Citation, ...]) -> None:
        self.tokens = Tokens()
        self.first_token_ms: float | None = None
        self.model = model
        self._question = question
        self._effort = effort
        self._nearest = nearest

    def refuse(self, why: str) -> Draft:
        return self._draft("", (), 0.0, (f"refused-{why}",))

    def accept(
        self, claims: Sequence[Claim], confidence: float, *, before: Sequence[Claim] = (), told: str = ""
    ) -> Draft:
        """The answer; ``before`` are the claims of an older note, which ``told`` tells in one sentence."""
        units = _cited_units(claims)[: MAX_CITATIONS - bool(before)] + _cited_units(before)[:1]
        checks = ("quotes-verbatim", "numbers", "names", "question-terms") + (
            ("newer-note",) if before else ()
        )
        answer = " ".join([*(claim.text for claim in claims), *([told] if told else [])])
        return self._draft(answer, tuple(cite_unit(unit) for unit in units), confidence, checks)

    def _draft(
        self, answer: str, citations: tuple[Citation, ...], confidence: float, checks: tuple[str, ...]
    ) -> Draft:
        return Draft(
            question=self._question,
            answer=answer,
            citations=citations,
            nearest=self._nearest,
            confidence=confidence,
            checks=checks,
            tokens=self.tokens,
            model=self.model,
            effort=self._effort,
            first_token_ms=self.first_token_ms,
        )


class _Stream:
    """Passes the answer on as it is written: without the marks of notes, and nothing of a refusal."""

    _HOLD = len(REFUSAL) + 2

    def __init__(self, on_text: Callable[[str], None]) -> None:
        self._on_text = on_text
        self._held = ""
        self._is_open = False

    def take(self, delta: str) -> None:
        self._held += delta
        if not self._is_open:
            if _is_refusal(self._held) or len(self._held) < self._HOLD:
                return
            self._is_open = True
        # A bracket may be the beginning of a mark: hold it until it closes or turns out to be text.
        cleaned = re.sub(r"\s*\[\d{1,2}(?:\s*,\s*\d{1,2})*\]", "", self._held)
        cut = re.search(r"\s*\[[\d,\s]*$|\s+$", cleaned)
        ready, self._held = (cleaned[: cut.start()], cleaned[cut.start() :]) if cut else (cleaned, "")
        if ready:
            self._on_text(ready)


def _is_refusal(text: str) -> bool:
    folded = text.strip().strip("[]\"'.").upper()
    return not folded or folded.startswith((REFUSAL, "NOT IN THE NOTES", "NOT MENTIONED"))


_HEDGE = re.compile(
    r"\b(?:not (?:mentioned|stated|specified|provided|given|included|contained)|"
    r"(?:do|does|did) not (?:say|mention|contain|specify|state|provide|include)|"
    r"no (?:information|mention)|not in (?:the )?notes)\b",
    re.IGNORECASE,
)


def _check_claims(answer: str, read: Sequence[Unit], question: str) -> list[Claim]:
    claims: list[Claim] = []
    for text, marks in split_claims(answer):
        if _HEDGE.search(text):
            continue
        cited = [read[number - 1] for number in marks if 0 < number <= len(read)]
        claim = check_claim(text, cited, read, question)
        if claim is not None and all(claim.text != other.text for other in claims):
            claims.append(claim)
    return claims


def _cited_units(claims: Sequence[Claim]) -> list[Unit]:
    units: list[Unit] = []
    for claim in claims:
        units.extend(unit for unit in claim.units if unit not in units)
    return units


def _is_about(question: str, ranked: Sequence[RankedUnit], evidence: Sequence[Evidence]) -> bool:
    """Whether the evidence speaks of what is asked at all; decided without a token."""
    if not ranked or max(one.similarity for one in ranked) < MIN_SIMILARITY:
        return False
    read = " ".join(found.passage.text for found in evidence)
    places = " ".join(
        f"{found.passage.title} {found.passage.heading} {found.passage.path}" for found in evidence
    )
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


def _told(evidence: Sequence[Evidence], document_id: DocumentId) -> str:
    """What was found of one document, with titles, headings and paths."""
    found = (one.passage for one in evidence if one.passage.document_id == document_id)
    return " ".join(f"{one.text} {one.title} {one.heading} {one.path}" for one in found)


def _knowing(question: str, evidence: Sequence[Evidence]) -> set[DocumentId]:
    """The documents in which every specific word of the question was found."""
    documents = {one.passage.document_id for one in evidence}
    return {key for key in documents if not unknown_terms(question, _told(evidence, key))}


def _answers_question(question: str, claims: Sequence[Claim], evidence: Sequence[Evidence]) -> bool:
    """Whether the documents cited know the question's own numbers, names and specific words."""
    documents = {unit.passage.document_id for unit in _cited_units(claims)}
    # A letter names the person it is about once, at the top: what was found of the same document counts with it.
    passages = [one.passage for one in evidence if one.passage.document_id in documents]
    passages += [unit.passage for unit in _cited_units(claims) if unit.passage not in passages]
    read = " ".join(passage.text for passage in passages)
    places = " ".join(f"{passage.title} {passage.heading} {passage.path}" for passage in passages)
    if unsupported_marks(question, read, places):
        return False
    known = known_share(question, f"{read} {places}")
    if known > MIN_KNOWN:
        return True
    near = max((one.similarity for one in evidence if one.passage.document_id in documents), default=0.0)
    return known + near >= MIN_SUPPORT and not _knowing(question, evidence)


MIN_KNOWN = 0.5
"""More than this share of the question's specific words must be known to the documents cited; or else"""

MIN_SUPPORT = 0.9
"""that share plus similarity must reach this, and no other document found may know all of them."""


def _confidence(question: str, claims: Sequence[Claim], ranked: Sequence[RankedUnit]) -> float:
    """A rough 0 to 1: how near the cited units are, and how much of the question they hold."""
    units = _cited_units(claims)
    similar = max((one.similarity for one in ranked if one.unit in units), default=0.4)
    read = " ".join(f"{unit.place} {unit.text}" for unit in units)
    share = coverage(content_stems(question), frozenset(stems(read)))
    return round(min(0.99, max(0.05, 0.15 + 0.5 * similar + 0.4 * share)), 3)


def _nearest(ranked: Sequence[RankedUnit], evidence: Sequence[Evidence]) -> tuple[Citation, ...]:
    """The closest places, one per passage, shown when the notes do not say."""
    found: dict[int, Citation] = {}
    for one in ranked:
        found.setdefault(one.unit.passage.id, cite_unit(one.unit))
    for other in evidence:
        found.setdefault(other.passage.id, cite_passage(other.passage))
    return tuple(list(found.values())[:NEAREST])
