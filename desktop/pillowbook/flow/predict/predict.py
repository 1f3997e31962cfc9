"""Predicting what will be asked: questions by the model from each section, and headings that are questions.

The model writes a few numbered lines per section; code keeps what is a question, makes sense alone, is about
something the section names, and is not there yet. Whether it can be answered is for ``prepare`` to find out.
"""

import re
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from pillowbook.answering.pairs import normalise_question
from pillowbook.answering.permission import Permission
from pillowbook.answering.prompts import load_prompt
from pillowbook.answering.reading import lay_out
from pillowbook.answering.terms import content_stems, names, numbers, stems, words
from pillowbook.answering.units import SECTION_CHARS, section_key, section_units, split_sections
from pillowbook.answering.verify import specific_stems
from pillowbook.domain.answers import Reason, Tokens
from pillowbook.domain.documents import Passage
from pillowbook.domain.errors import Cancelled, Damaged, Transient, UserFixable
from pillowbook.domain.ids import DocumentId, PreparedId
from pillowbook.domain.work import SliceOutcome, SliceResult
from pillowbook.host.workers import CancelToken
from pillowbook.models.embedder.client import Embedder
from pillowbook.models.generator.client import Generator
from pillowbook.store.knowledge import Knowledge
from pillowbook.store.library import Library
from pillowbook.store.questions import PredictedQuestion
from pillowbook.store.vectors import VectorStore

QUESTIONS_PER_SECTION = 10
WORDS_PER_QUESTION = 20
"""One question per so many words, so that a two-line note does not get six."""

MAX_HEADING_QUESTIONS = 6
SAME_SIMILARITY = 0.93
"""Two predicted questions nearer than this (all-MiniLM-L6-v2) with the same numbers and names are one."""

DEADLINE_S = 900.0
"""Background work runs at idle priority: beside other programs it may take long, and it is cancelled when unwanted."""
EMBED_DEADLINE_S = 60.0
MIN_WORDS, MAX_WORDS = 3, 24

_NUMBERED = re.compile(r"^\s*(?:\d+[.):]|[-*•])\s*")
_LEANS_ON_TEXT = re.compile(
    r"\b(?:this|these|those|the (?:note|notes|text|document|passage|author|section|table|list|above|"
    r"following|article|title)|"
    r"according to|mentioned|described|listed|written|in the (?:note|text)|provided|given (?:text|information))\b",
    re.IGNORECASE,
)
_PRONOUN = re.compile(r"\b(?:he|she|it|they|him|his|hers|its|them|their)\b", re.IGNORECASE)
_OPENING = re.compile(
    r"^(?:who|what|when|where|why|how|which|whose|is|are|was|were|do|does|did|can|could|should|has|have|had|will|"
    r"at|in|on|for|to|by|from)\b",
    re.IGNORECASE,
)


class Predictor:
    """Predicts questions for one section of a document at a time."""

    def __init__(
        self,
        *,
        library: Library,
        knowledge: Knowledge,
        generator: Generator,
        embedder: Embedder,
        vectors: VectorStore,
        date_of: Callable[[Passage], str],
        permission: Permission | None = None,
    ) -> None:
        self._library = library
        self._knowledge = knowledge
        self._generator = generator
        self._embedder = embedder
        self._vectors = vectors
        self._date_of = date_of
        self._permission = permission or Permission(knowledge)
        self._prompt = load_prompt("questions")

    def predict(
        self,
        document_id: DocumentId,
        cancel: CancelToken | None = None,
        *,
        reason: Reason = Reason.CONTENT,
    ) -> SliceOutcome:
        """Predict and store questions about a section of a document that has none yet.

        The first of those that the user's own questions were answered from, else the first of all: who asks one thing
        of a section is likely to ask its neighbours. Sections are known by their text, so what stays the same when a
        document changes is not read again. Ordinary trouble is told in the outcome.

        Args:
            reason: why this document is read.
        """
        tokens = Tokens()
        try:
            document = self._library.document(document_id)
            if document.fingerprint is None:
                return SliceOutcome(SliceResult.REFUSED)
            done = self._knowledge.predicted_sections(document_id)
            left = [
                (key, section)
                for section in split_sections(self._library.passages(document_id), limit_chars=SECTION_CHARS)
                if (key := section_key(section)) not in done
            ]
            made = 0
            if left:
                asked = self._knowledge.passages_asked_about(document_id)
                key, section = min(left, key=lambda one: asked.isdisjoint(p.content_hash for p in one[1]))
                lines, tokens = self._ask_model(section, cancel)
                written = [(line, reason) for line in lines]
                kept = self._without_repetitions([*_from_headings(section), *written])
                self._knowledge.put_predicted(document_id, key, kept)
                made = len(kept)
            if len(left) <= 1:
                self._knowledge.mark_predicted(document_id, document.fingerprint.sha256)
        except Cancelled:
            return SliceOutcome(SliceResult.CANCELLED, tokens)
        except (Transient, UserFixable, Damaged) as error:
            return SliceOutcome(SliceResult.FAILED, tokens, error=error)
        return SliceOutcome(SliceResult.DONE, tokens, made)

    def _ask_model(self, section: Sequence[Passage], cancel: CancelToken | None) -> tuple[list[str], Tokens]:
        """Questions about a section, and what they cost. The prompt begins as the one that will answer them."""
        units = section_units(section)
        words_there = sum(len(unit.text.split()) for unit in units)
        count = min(QUESTIONS_PER_SECTION, words_there // WORDS_PER_QUESTION)
        if count < 1:
            return [], Tokens()
        notes = lay_out(units, self._date_of)
        made = self._generator.generate(
            self._prompt.fill([section[0].document_id], notes=notes, count=str(count)),
            max_tokens=24 * count + 8,
            deadline_s=DEADLINE_S,
            cancel=cancel,
            background=True,
        )
        lines = [_NUMBERED.sub("", line).strip() for line in made.text.splitlines()]
        if lines and not made.is_complete:
            lines.pop()  # cut off by the limit
        asked = [line for line in dict.fromkeys(lines) if makes_sense_alone(line, notes, section[0].title)]
        return asked[:count], made.spent

    def _without_repetitions(self, candidates: Sequence[tuple[str, Reason]]) -> list[PredictedQuestion]:
        """The questions that are new, each once; near wordings of one question are one, and of a prepared one none."""
        by_normal: dict[str, tuple[str, Reason]] = {}
        for text, reason in candidates:
            if self._permission.refusal(text):
                continue
            normal = normalise_question(text)
            if normal and normal not in by_normal and self._knowledge.question_by_normal(normal) is None:
                by_normal[normal] = (text, reason)
        if not by_normal:
            return []
        texts = [text for text, _reason in by_normal.values()]
        rows = self._embedder.embed(texts, deadline_s=EMBED_DEADLINE_S, background=True)
        kept: list[PredictedQuestion] = []
        for (normal, (text, reason)), row in zip(by_normal.items(), rows, strict=True):
            if not any(
                float(row @ other.vector) >= SAME_SIMILARITY and _same_marks(text, other.text)
                for other in kept
            ) and not self._is_answered(text, row):
                kept.append(PredictedQuestion(text, normal, reason, row))
        return kept

    def _is_answered(self, text: str, vector: NDArray[np.float32]) -> bool:
        """Whether a near wording of a question is prepared, from whatever note."""
        for hit in self._vectors.nearest(vector, 1, space="questions"):
            prepared = self._knowledge.prepared(PreparedId(hit.id))
            if prepared is not None and hit.similarity >= SAME_SIMILARITY:
                return _same_marks(text, prepared.question)
        return False


def _from_headings(section: Sequence[Passage]) -> list[tuple[str, Reason]]:
    headings = dict.fromkeys(passage.heading for passage in section if passage.heading)
    questions = [question for heading in headings if (question := heading_question(heading))]
    return [(question, Reason.HEADING) for question in questions[:MAX_HEADING_QUESTIONS]]


def makes_sense_alone(question: str, source: str, title: str) -> bool:
    """Whether a question stands on its own and is about something the source names.

    Refused: no question, too short or long, leaning on "this note" or on a pronoun without a subject before it,
    numbers that the source does not have, or neither a name nor a word of the title nor two specific words.
    """
    tokens = words(question)
    if not question.endswith("?") or question.count("?") > 1 or not MIN_WORDS <= len(tokens) <= MAX_WORDS:
        return False
    if not _OPENING.match(question) or _LEANS_ON_TEXT.search(question):
        return False
    roots = content_stems(question)
    known = frozenset(stems(source))
    if sum(root in known for root in roots) < max(1, (len(roots) + 1) // 2):
        return False
    if not numbers(question) <= numbers(source):
        return False
    pronoun = _PRONOUN.search(question)
    if pronoun and not names(question[: pronoun.start()]):
        return False
    # "What is the serial number?" could be about anything: a name, a word of the title, or two words of its own say
    # about what. Whether that leads back to the note is for ``prepare`` to find out.
    is_named = bool(names(question)) or bool(set(roots) & set(content_stems(title)))
    return is_named or len(specific_stems(question)) >= 2


def heading_question(heading: str) -> str:
    """A heading that is a question by itself and makes sense alone; empty for any other.

    Questions by rule from other headings ("What do my notes on Boiler say about odd noises?") are what nobody asks,
    and their answers are summaries of a section, which this pipeline does not make.
    """
    last = heading.rpartition(" › ")[2].strip()
    if not last.endswith("?") or not _OPENING.match(last) or _PRONOUN.search(last):
        return ""
    return last if len(set(content_stems(last))) >= 2 else ""


def _same_marks(first: str, second: str) -> bool:
    return numbers(first) == numbers(second) and names(first) == names(second)
