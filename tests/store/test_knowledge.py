"""Digests, questions and prepared answers, and when they are withdrawn."""

from datetime import timedelta

import pytest

from pillowbook.domain.answers import AnswerKind, Draft, Effort, Fact, Reason, Tokens
from pillowbook.domain.clock import ManualClock
from pillowbook.domain.ids import DocumentId, QuestionId
from pillowbook.domain.work import LedgerEntry, SliceKind, SliceResult
from pillowbook.store.knowledge import Knowledge
from pillowbook.store.part import SourcesChanged
from pillowbook.store.vault import Vault

from .conftest import Shelf, cite, drafts_of, fingerprint_of, hash_of, sure, vector_of


def to_prepare(vault: Vault) -> list[str]:
    return [question.text for question in vault.knowledge.questions_to_prepare(100)]


def test_an_answer_is_withdrawn_when_its_passage_changes(vault: Vault, shelf: Shelf) -> None:
    """A prepared answer never outlives the passage it cites."""
    change = shelf.put("a.md", "kept", "replaced")
    kept, replaced = vault.library.passages(change.document_id)
    first = shelf.predict("About kept?", change.document_id)
    second = shelf.predict("About replaced?", change.document_id)
    stays, goes = shelf.prepare(first, kept), shelf.prepare(second, replaced)
    shelf.predict("Requested?", None, Reason.REQUESTED)
    change = shelf.put("a.md", "kept", "other")
    assert change.withdrawn == (goes,)
    assert vault.knowledge.prepared(goes) is None
    assert vault.knowledge.prepared(stays) is not None
    assert [hit.id for hit in vault.vectors.nearest(vector_of("?"), 9, "questions")] == [stays]
    assert to_prepare(vault) == ["About replaced?", "Requested?"]


def test_an_answer_on_kept_passages_follows_them(vault: Vault, shelf: Shelf) -> None:
    """Other text above moves the quote; the answer stays fresh with the new fingerprint."""
    change = shelf.put("a.md", "The boiler is from 2019", "other")
    prepared = shelf.prepare(
        shelf.predict("?", change.document_id), vault.library.passages(change.document_id)[0]
    )
    shelf.put("a.md", "A new beginning", "The boiler is from 2019")
    answer = sure(vault.knowledge.prepared(prepared))
    (citation,), (source,) = answer.citations, answer.sources
    assert vault.library.text(change.document_id)[citation.start : citation.end] == citation.quote == "2019"
    assert citation.line == 2
    assert citation.passage_id == vault.library.passages(change.document_id)[1].id
    assert source.fingerprint == fingerprint_of("A new beginning\nThe boiler is from 2019")
    assert source.passage_hashes == (hash_of("The boiler is from 2019"),)


def test_a_touched_file_keeps_its_answers_fresh(vault: Vault, shelf: Shelf) -> None:
    change = shelf.put("a.md", "text")
    prepared = shelf.prepare(shelf.predict("?", None), *vault.library.passages(change.document_id))
    touched = fingerprint_of("text", modified_ns=99)
    vault.library.touch(change.document_id, touched)
    assert sure(vault.knowledge.prepared(prepared)).sources[0].fingerprint == touched


def test_nothing_is_stored_when_the_sources_changed_meanwhile(vault: Vault, shelf: Shelf) -> None:
    change = shelf.put("a.md", "old")
    passage = vault.library.passages(change.document_id)[0]
    question = shelf.predict("?", None, Reason.ASKED)
    shelf.put("a.md", "new")
    with pytest.raises(SourcesChanged):
        shelf.prepare(question, passage)
    with pytest.raises(SourcesChanged):
        shelf.prepare(QuestionId(999))
    with pytest.raises(SourcesChanged):
        vault.knowledge.put_digest(change.document_id, "g", [], hash_of("old"), "m")
    assert vault.knowledge.counts().prepared == vault.vectors.count("questions") == 0


def test_a_question_has_one_prepared_answer(vault: Vault, shelf: Shelf) -> None:
    question = shelf.predict("?", None)
    first, second = shelf.prepare(question), shelf.prepare(question, answer="")
    assert vault.knowledge.prepared(first) is None
    assert sure(vault.knowledge.prepared_for(question)).id == second
    assert vault.knowledge.counts().prepared_refusals == vault.vectors.count("questions") == 1
    assert [answer.id for answer in vault.knowledge.prepared_answers()] == [second]


def test_the_same_words_are_the_same_question(vault: Vault, shelf: Shelf) -> None:
    change = shelf.put("a.md", "text")
    first = shelf.predict("When?", change.document_id, Reason.HEADING)
    assert vault.knowledge.add_question("WHEN", "when?", Reason.REQUESTED) == first
    shelf.predict("when?", change.document_id, Reason.CONTENT)
    question = sure(vault.knowledge.question_by_normal("when?"))
    assert (question.text, question.reason, question.document_id) == (
        "When?",
        Reason.REQUESTED,
        change.document_id,
    )
    assert vault.knowledge.question_by_normal("never") is None


def test_a_question_predicted_from_two_documents_survives_one(vault: Vault, shelf: Shelf) -> None:
    first, second = shelf.put("a.md", "one"), shelf.put("b.md", "two")
    question = shelf.predict("?", first.document_id)
    shelf.predict("?", second.document_id)
    vault.library.delete_document(first.document_id)
    assert sure(vault.knowledge.question(question)).document_id == second.document_id
    vault.library.delete_document(second.document_id)
    assert vault.knowledge.question(question) is None
    with pytest.raises(SourcesChanged):
        shelf.predict("?", DocumentId(999))


def test_the_order_of_preparing(vault: Vault, shelf: Shelf) -> None:
    """What the user wants first, then predictions in turn over the documents, newest first."""
    old, new = shelf.put("old.md", "one", modified_ns=1), shelf.put("new.md", "two", modified_ns=2)
    for number in range(2):
        shelf.predict(f"old {number}", old.document_id)
        shelf.predict(f"new {number}", new.document_id)
    knowledge = vault.knowledge
    knowledge.record_asked("missed", "missed", AnswerKind.NONE, 1.0, None)
    for _ in range(2):
        knowledge.record_asked("missed twice", "missed twice", AnswerKind.LIVE, 1.0, None)
    shelf.predict("requested", None, Reason.REQUESTED)
    predicted = ["new 0", "old 0", "new 1", "old 1"]
    assert to_prepare(vault) == ["requested", "missed twice", "missed", *predicted]
    assert len(knowledge.questions_to_prepare(2)) == 2


def test_a_tried_question_waits_until_something_changes(vault: Vault, shelf: Shelf) -> None:
    change = shelf.put("a.md", "one")
    predicted, asked = shelf.predict("p", change.document_id), shelf.predict("a", None, Reason.ASKED)
    for question in (predicted, asked):
        vault.knowledge.mark_tried(question, "unverified")
    assert to_prepare(vault) == []
    shelf.put("b.md", "elsewhere")
    assert to_prepare(vault) == ["a"]
    shelf.put("a.md", "two")
    assert to_prepare(vault) == ["a", "p"]


def test_a_hit_on_another_wording_counts_for_the_matched_question(vault: Vault, shelf: Shelf) -> None:
    question = shelf.predict("When is the service?", None)
    prepared = shelf.prepare(question)
    got = vault.knowledge.record_asked("service when", "Service when?", AnswerKind.HIT, 12.0, prepared)
    assert sure(vault.knowledge.serving(got)).question_id == question
    assert sure(vault.knowledge.question(question)).asked_count == 1
    assert sure(vault.knowledge.question(question)).reason == Reason.ASKED
    assert vault.knowledge.counts().asked == vault.knowledge.counts().questions == 1
    assert to_prepare(vault) == []


def test_new_evidence_is_noted_and_prepared_again(vault: Vault, shelf: Shelf) -> None:
    first, second = shelf.put("a.md", "old"), shelf.put("b.md", "newer")
    question = shelf.predict("?", None)
    prepared = shelf.prepare(question, *vault.library.passages(first.document_id))
    newer = cite(vault.library.passages(second.document_id)[0])
    for _ in range(2):
        vault.knowledge.mark_new_evidence(prepared, newer)
    assert sure(vault.knowledge.prepared(prepared)).new_evidence == (newer,)
    assert to_prepare(vault) == ["?"]
    vault.library.delete_document(second.document_id)
    answer = sure(vault.knowledge.prepared(prepared))
    assert (answer.has_new_evidence, answer.new_evidence) == (True, ())


def test_withdrawn_by_hand_goes_first_and_deleted_stays_away(vault: Vault, shelf: Shelf) -> None:
    first, second = shelf.predict("one", None), shelf.predict("two", None)
    shelf.predict("three", None, Reason.REQUESTED)
    vault.knowledge.withdraw([shelf.prepare(first)])
    vault.knowledge.delete_prepared(shelf.prepare(second))
    assert to_prepare(vault) == ["one", "three"]
    assert vault.vectors.count("questions") == 0


def unread(knowledge: Knowledge) -> list[DocumentId]:
    return [one.document_id for one in knowledge.interests() if not one.is_read]


def test_digests_are_remade_when_the_content_changed(vault: Vault, shelf: Shelf) -> None:
    old = shelf.put("old.md", "one", modified_ns=1).document_id
    new = shelf.put("new.md", "two", modified_ns=2).document_id
    knowledge = vault.knowledge
    assert knowledge.documents_without_digest(9) == unread(knowledge) == [new, old]
    fact = Fact("It is one.", "one", hash_of("one"))
    knowledge.put_digest(old, "gist", [fact], hash_of("one"), "m")
    knowledge.mark_predicted(old, hash_of("one"))
    assert sure(knowledge.digest(old)).facts == (fact,)
    assert knowledge.documents_without_digest(9) == unread(knowledge) == [new]
    shelf.put("old.md", "one", "more", modified_ns=3)
    assert knowledge.documents_without_digest(9) == [old, new]
    assert knowledge.digest(old) is not None
    shelf.put("old.md", "more", modified_ns=3)
    assert knowledge.digest(old) is None  # it may speak of what is gone


def test_other_bytes_with_the_same_text_keep_the_digest(vault: Vault, shelf: Shelf) -> None:
    document = shelf.put("a.md", "one").document_id
    vault.knowledge.put_digest(document, "gist", [], hash_of("one"), "m")
    vault.knowledge.mark_predicted(document, hash_of("one"))
    vault.library.put_document(
        shelf.folder.id, "/notes/a.md", "a.md", "md", fingerprint_of("resaved"), "one", drafts_of(["one"]), {}
    )
    assert vault.knowledge.documents_without_digest(9) == unread(vault.knowledge) == []


def test_ledger_and_state(vault: Vault, clock: ManualClock) -> None:
    entry = LedgerEntry(
        SliceKind.PREPARE,
        SliceResult.DONE,
        clock.now(),
        2.5,
        Tokens(3, 4),
        1,
        None,
        QuestionId(7),
        41.5,
        False,
    )
    assert vault.knowledge.ledger_began_at() is None
    vault.knowledge.put_ledger(entry)
    assert vault.knowledge.ledger_began_at() == clock.now()
    assert vault.knowledge.ledger() == vault.knowledge.ledger(clock.now()) == [entry]
    assert vault.knowledge.ledger(clock.now() + timedelta(seconds=1)) == []
    assert vault.knowledge.state("k") is None
    vault.knowledge.set_state("k", "1")
    vault.knowledge.set_state("k", "2")
    assert vault.knowledge.state("k") == "2"


def test_a_vector_of_another_length_stores_nothing(vault: Vault, shelf: Shelf) -> None:
    prepared = shelf.prepare(shelf.predict("one", None))
    question = shelf.predict("two", None)
    draft = Draft("two", "", (), (), 0.5, (), Tokens(), "m", Effort.PREPARED)
    with pytest.raises(ValueError, match="length"):
        vault.knowledge.put_prepared(question, draft, (), 1.0, vector_of("x")[:3])
    assert [answer.id for answer in vault.knowledge.prepared_answers()] == [prepared]
    vault.lock()
    vault.unlock()
    assert vault.vectors.count("questions") == 1
