"""The user's hand: verdicts, pins, edits, deletions, and what is never prepared."""

from collections.abc import Callable
from typing import Final

from pillowbook.answering.agreement import say_the_same
from pillowbook.answering.confidential import is_confidential
from pillowbook.answering.pairs import normalise_question
from pillowbook.answering.wording import wording_of
from pillowbook.core import protocol as p
from pillowbook.core.paths import absolute
from pillowbook.core.prepared_view import has_lost_passages
from pillowbook.domain.answers import AnswerKind, PreparedAnswer, Question
from pillowbook.domain.errors import (
    AnswerUnknown,
    DigestUnknown,
    DocumentUnknown,
    EditUnsuitable,
    NeverUnknown,
    ServingUnknown,
    VerdictUnsuitable,
)
from pillowbook.domain.ids import PreparedId, ServingId
from pillowbook.domain.serving import NeverRule, Serving, Verdict
from pillowbook.domain.visible import visible_lines
from pillowbook.flow.serve.questions import clean_question
from pillowbook.store.hand import NEVER
from pillowbook.store.knowledge import Knowledge
from pillowbook.store.library import Library

MAX_EDIT_CHARS: Final = 4000


class UsersHand:
    """Does what the user decides about single answers.

    Args:
        on_changed: told that prepared answers came or went, so that views follow and the work goes on.
    """

    def __init__(self, *, knowledge: Knowledge, library: Library, on_changed: Callable[[], None]) -> None:
        self._knowledge = knowledge
        self._library = library
        self._on_changed = on_changed

    def handle(self, call: p.HandCall) -> object:
        """The reply to one of the hand's calls."""
        match call:
            case p.GiveVerdict(verdict, serving_id, prepared_id):
                return self.judge(verdict, serving_id, prepared_id)
            case p.PinAnswer(answer, is_pinned):
                return self.pin(answer, is_pinned=is_pinned)
            case p.EditAnswer(answer, text):
                return self.edit(answer, text)
            case p.DeleteAnswer(answer):
                return self.delete(answer)
            case p.DeleteDigest(path):
                self.delete_digest(absolute(path))
                return p.Done()
            case p.NeverPrepare(question, is_never):
                return self.never(question, is_never=is_never)

    # -- verdicts -----------------------------------------------------------------------------------

    def judge(self, verdict: Verdict, serving_id: int | None, prepared_id: int | None) -> ServingId:
        """Store a verdict and do what follows from it.

        What is wrong is withdrawn, and prepared again without it. What answers another question is never served for
        this one again, and this one becomes a question of its own.

        Raises:
            ServingUnknown, AnswerUnknown: there is none of that number.
            VerdictUnsuitable: the answer was to the very question that was asked.
        """
        serving = self._serving(serving_id, prepared_id)
        asked = normalise_question(serving.text)
        meant = None if serving.prepared_for is None else self._knowledge.question(serving.prepared_for)
        if verdict is Verdict.WRONG_QUESTION:
            if meant is None or normalise_question(meant.text) == asked:
                raise VerdictUnsuitable()
            self._knowledge.hand.put_wrong_pair(serving.id, asked, serving.text, meant.id)
        elif serving.verdict is None and serving.prepared_for is not None and serving.reason is not None:
            self._knowledge.audits.note_verdict(serving.reason, holds=verdict is Verdict.RIGHT)
        said = self._knowledge.hand.said(serving.id)
        self._knowledge.hand.put_verdict(serving.id, verdict)
        if verdict is Verdict.WRONG:
            self._withdraw_wrong(serving, said)
        self._on_changed()
        return serving.id

    def _serving(self, serving_id: int | None, prepared_id: int | None) -> Serving:
        if serving_id is None and prepared_id is not None:
            # Seen before it was asked for: whoever judges it has used it.
            prepared = self._by_number(prepared_id)
            is_kept = not is_confidential(prepared.question, prepared.answer, prepared.citations)
            serving_id = self._knowledge.record_asked(
                normalise_question(prepared.question),
                prepared.question,
                AnswerKind.HIT if prepared.answer else AnswerKind.NONE,
                0.0,
                prepared.id,
                answer=prepared.answer if is_kept else "",
                documents=tuple(dict.fromkeys(one.document_id for one in prepared.citations)),
            )
        serving = None if serving_id is None else self._knowledge.serving(ServingId(serving_id))
        if serving is None:
            raise ServingUnknown()
        return serving

    def _withdraw_wrong(self, serving: Serving, said: str) -> None:
        prepared = self._knowledge.prepared_for(serving.prepared_for or serving.question_id)
        if prepared is None:
            return
        if said and not say_the_same(prepared.question, prepared.answer, said):
            return  # it was prepared anew since
        if prepared.edited_at is not None:
            self._knowledge.hand.undo_edit(prepared.id)
        self._knowledge.withdraw([prepared.id])

    # -- single answers -----------------------------------------------------------------------------

    def pin(self, answer: str, *, is_pinned: bool) -> p.HandView:
        """Keep the answer to a question before all others, or no longer."""
        question = self._question(answer)
        self._knowledge.hand.pin(question.id, is_pinned=is_pinned)
        self._on_changed()
        return self._view(question)

    def edit(self, answer: str, text: str | None) -> p.HandView:
        """Put the user's own words over a prepared answer, or take them away again.

        Raises:
            AnswerUnknown: there is no such answer.
            EditUnsuitable: the words are none, or too many, or there are none to take away.
        """
        prepared = self._prepared(answer)
        if text is None:
            if not self._knowledge.hand.undo_edit(prepared.id):
                raise EditUnsuitable(why="it is not in your own words")
            self._withdraw_if_broken(prepared)
        else:
            words = visible_lines(text).strip()
            if not words:
                raise EditUnsuitable(why="there are no words; 'pillowbook delete' deletes an answer")
            if len(words) > MAX_EDIT_CHARS:
                raise EditUnsuitable(why=f"it may have {MAX_EDIT_CHARS} characters at most")
            self._knowledge.hand.edit(prepared.id, words)
        self._on_changed()
        return self._view(self._question(prepared.question))

    def delete(self, answer: str) -> p.HandView:
        """Delete a prepared answer; it is not prepared again before a note changes that it rested on."""
        prepared = self._prepared(answer)
        self._knowledge.hand.pin(prepared.question_id, is_pinned=False)
        self._knowledge.delete_prepared(prepared.id)
        self._on_changed()
        return p.HandView(prepared.question, None, False, False)

    def delete_digest(self, path: str) -> None:
        """Delete a document's digest until the document changes."""
        document = self._library.document_at(path)
        if document is None:
            raise DocumentUnknown()
        if not self._knowledge.hand.delete_digest(document.id):
            raise DigestUnknown()

    def never(self, question: str | None, *, is_never: bool) -> list[NeverRule]:
        """Never prepare a question and near wordings of it, or again; what is prepared of them is deleted."""
        if question is not None:
            text = clean_question(question)
            wording = wording_of(text)
            if is_never:
                self._knowledge.hand.put_never(wording, text)
                self._delete_where(lambda one: wording_of(one.question) == wording, NEVER)
                for question_id, asked in self._knowledge.wordings.all_wordings():
                    if wording_of(asked) == wording:
                        self._knowledge.wordings.part(question_id)
            elif not self._knowledge.hand.drop_never(wording):
                raise NeverUnknown()
            self._on_changed()
        return list(self._knowledge.hand.never())

    def delete_secrets(self) -> None:
        """Delete prepared answers that are secrets: they are no longer allowed."""
        self._delete_where(
            lambda one: one.edited_at is None and is_confidential(one.question, one.answer, one.citations),
            "secret",
        )
        self._on_changed()

    def _delete_where(self, is_meant: Callable[[PreparedAnswer], bool], tried: str) -> None:
        for prepared in self._knowledge.prepared_answers():
            if is_meant(prepared):
                self._knowledge.hand.pin(prepared.question_id, is_pinned=False)
                self._knowledge.delete_prepared(prepared.id)
                self._knowledge.mark_tried(prepared.question_id, tried)

    def _withdraw_if_broken(self, prepared: PreparedAnswer) -> None:
        """Without the user's words over it, an answer whose passages are gone is like any other such."""
        if has_lost_passages(prepared, self._library):
            self._knowledge.withdraw([prepared.id])

    def _question(self, answer: str) -> Question:
        """What is meant by a number or by a question's words."""
        if answer.strip().isdecimal():
            found = self._knowledge.question(self._by_number(int(answer)).question_id)
        else:
            found = self._knowledge.question_by_normal(normalise_question(clean_question(answer)))
        if found is None:
            raise AnswerUnknown()
        return found

    def _prepared(self, answer: str) -> PreparedAnswer:
        prepared = self._knowledge.prepared_for(self._question(answer).id)
        if prepared is None:
            raise AnswerUnknown()
        return prepared

    def _by_number(self, number: int) -> PreparedAnswer:
        prepared = self._knowledge.prepared(PreparedId(number)) if number < 2**63 else None
        if prepared is None:
            raise AnswerUnknown()
        return prepared

    def _view(self, question: Question) -> p.HandView:
        prepared = self._knowledge.prepared_for(question.id)
        now = self._knowledge.question(question.id)
        return p.HandView(
            question=question.text,
            prepared=None if prepared is None else prepared.id,
            is_pinned=now is not None and now.is_pinned,
            is_edited=prepared is not None and prepared.edited_at is not None,
        )
