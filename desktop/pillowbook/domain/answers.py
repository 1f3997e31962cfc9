"""Questions, answers, citations and freshness."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pillowbook.domain.documents import Fingerprint
from pillowbook.domain.ids import (
    ContentHash,
    DigestId,
    DocumentId,
    PassageId,
    PreparedId,
    QuestionId,
    ServingId,
)


class AnswerKind(StrEnum):
    """How an answer was served."""

    HIT = "hit"
    ADAPTED = "adapted"
    LIVE = "live"
    NONE = "none"


class Freshness(StrEnum):
    """What is known now about the sources of an answer (section 6 of the design)."""

    FRESH = "fresh"
    CHANGED = "changed"
    NEW_EVIDENCE = "new_evidence"
    GONE = "gone"
    UNCHECKED = "unchecked"


class Reason(StrEnum):
    """Why a question is worth preparing.

    ``content`` and the three after it come from reading a section: in its turn, or because its note was changed or
    opened lately, or is linked with one that was asked about.
    """

    ASKED = "asked"
    MISSED = "missed"
    RHYTHM = "rhythm"
    REQUESTED = "requested"
    HEADING = "heading"
    DUE = "due"
    CONTENT = "content"
    CHANGED = "changed"
    OPENED = "opened"
    LINKED = "linked"


class Effort(StrEnum):
    """How much work went into an answer."""

    LIVE = "live"
    PREPARED = "prepared"


@dataclass(frozen=True, slots=True)
class Citation:
    """A verbatim quote and where it stands.

    ``start`` and ``end`` are character offsets of the quote in the document's extracted text; ``line`` and ``page``
    count from 1 and are None where the format has none.
    """

    document_id: DocumentId
    passage_id: PassageId
    passage_hash: ContentHash
    path: str
    title: str
    quote: str
    start: int
    end: int
    line: int | None
    page: int | None
    heading: str


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens read and written by the generator; what it still had in memory is not read."""

    prompt: int = 0
    completion: int = 0

    def __add__(self, other: "Tokens") -> "Tokens":
        return Tokens(self.prompt + other.prompt, self.completion + other.completion)


@dataclass(frozen=True, slots=True)
class Draft:
    """What composing and verifying give, live or ahead of time, before it is served or stored.

    ``answer`` is empty when the notes do not say; ``nearest`` then holds the closest passages as citations.
    ``checks`` names the checks that were passed, such as ``quotes-verbatim``.
    ``uncited`` are places it rests on as well, beyond the few that are shown.
    """

    question: str
    answer: str
    citations: tuple[Citation, ...]
    nearest: tuple[Citation, ...]
    confidence: float
    checks: tuple[str, ...]
    tokens: Tokens
    model: str
    effort: Effort
    first_token_ms: float | None = None
    uncited: tuple[Citation, ...] = ()

    @property
    def says_something(self) -> bool:
        """Whether there is an answer, as against 'your notes do not say'."""
        return bool(self.answer)

    @property
    def rests_on(self) -> tuple[Citation, ...]:
        """All places that carry the answer: it is no longer true when any of them says otherwise."""
        return self.citations + self.uncited


@dataclass(frozen=True, slots=True)
class Question:
    """Asked by the user or predicted by us. ``document_id`` is the document it was predicted from, if any.

    ``is_pinned``: the user wants its answer kept ready before all others; ``is_withdrawn``: it had one that no longer
    held.
    """

    id: QuestionId
    text: str
    reason: Reason
    document_id: DocumentId | None
    asked_count: int
    created_at: datetime
    last_asked_at: datetime | None
    is_pinned: bool = False
    is_withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """One document a prepared answer rests on: its fingerprint when verified, and the cited passages' hashes."""

    document_id: DocumentId
    path: str
    fingerprint: Fingerprint
    passage_hashes: tuple[ContentHash, ...]


@dataclass(frozen=True, slots=True)
class PreparedAnswer:
    """A verified answer to a question. ``answer`` is empty for a verified 'your notes do not say'.

    ``reason`` is why it was prepared. Where ``edited_at`` is set, ``answer`` is the user's own words.
    ``is_provisional``: it was made live, for somebody who waited, and is yet to be made anew with more effort.
    """

    id: PreparedId
    question_id: QuestionId
    question: str
    answer: str
    citations: tuple[Citation, ...]
    sources: tuple[Source, ...]
    confidence: float
    checks: tuple[str, ...]
    tokens: Tokens
    seconds: float
    model: str
    prepared_at: datetime
    has_new_evidence: bool = False
    new_evidence: tuple[Citation, ...] = ()
    reason: Reason | None = None
    edited_at: datetime | None = None
    is_pinned: bool = False
    effort: Effort = Effort.PREPARED
    is_provisional: bool = False


@dataclass(frozen=True, slots=True)
class Fact:
    """A statement of a digest and the quote that carries it."""

    text: str
    quote: str
    passage_hash: ContentHash


@dataclass(frozen=True, slots=True)
class Digest:
    """A distilled summary of one document; ``model`` is empty when a short note is its own digest."""

    id: DigestId
    document_id: DocumentId
    gist: str
    facts: tuple[Fact, ...]
    content_hash: ContentHash
    model: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Related:
    """A prepared question near the one that was asked."""

    question: str
    kind: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What is served.

    ``freshness`` is that of the files it rests on; for a prepared refusal, of those that were read for it in vain. It
    is None where there are none to compare: for a refusal made just now, for one of an empty vault, and for a list that
    was worked out to be empty, which cites nothing.
    ``latency_ms`` is what it took until it was ready; remembering it, before it goes out, is not in it.
    ``change_note`` says what was said before and what changed;
    ``nearest`` holds the closest passages where the notes do not say, and newer ones for new evidence.
    ``prepared_id`` is the prepared answer it came from, ``serving_id`` what a verdict on it names, where it was
    remembered; ``is_edited``: it is in the user's own words. ``understood_as`` is the question that was answered
    where what was asked leans on the one before it; empty otherwise. ``checked_files``: so many files were held
    against it at ``checked_at``. ``document_ids``: all that it rests on, more than are cited where places are many;
    where it was understood by the turn before, what that one rests on as well.
    """

    question: str
    answer: str
    kind: AnswerKind
    freshness: Freshness | None
    confidence: float
    matched_question: str | None
    prepared_at: datetime | None
    checked_at: datetime | None
    latency_ms: float
    first_token_ms: float | None
    tokens: Tokens
    model: str
    effort: Effort | None
    citations: tuple[Citation, ...]
    related: tuple[Related, ...] = ()
    change_note: str = ""
    nearest: tuple[Citation, ...] = field(default=())
    serving_id: ServingId | None = None
    prepared_id: PreparedId | None = None
    is_edited: bool = False
    is_pinned: bool = False
    understood_as: str = ""
    checked_files: int = 0
    document_ids: tuple[DocumentId, ...] = ()
