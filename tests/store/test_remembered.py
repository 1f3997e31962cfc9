"""What is remembered of asking, and how it is forgotten."""

from datetime import timedelta

from pillowbook.domain.answers import AnswerKind, Reason
from pillowbook.domain.clock import ManualClock
from pillowbook.domain.ids import DocumentId, PreparedId, ServingId
from pillowbook.domain.serving import Serving, Verdict
from pillowbook.store.vault import Vault

from .conftest import Shelf, sure
from .test_hand import cells, where


def ask(
    vault: Vault, text: str, *, matched: PreparedId | None = None, documents: tuple[DocumentId, ...] = ()
) -> ServingId:
    kind = AnswerKind.LIVE if matched is None else AnswerKind.HIT
    return vault.knowledge.record_asked(
        text.lower(), text, kind, 5.0, matched, answer="So it is.", documents=documents
    )


def serving(vault: Vault, serving_id: ServingId) -> Serving:
    return sure(vault.knowledge.serving(serving_id))


def test_an_opened_source_and_asking_again_are_kept_with_the_serving(
    vault: Vault, shelf: Shelf, clock: ManualClock
) -> None:
    document = shelf.put("a.md", "a word").document_id
    first = ask(vault, "What is it?", documents=(document,))
    assert not serving(vault, first).is_opened and not serving(vault, first).is_asked_again
    assert vault.knowledge.remembered.note_opened(first, document, clock.now())
    later = ask(vault, "What is it?", documents=(document,))
    vault.knowledge.remembered.note_asked_again(first, later)
    assert serving(vault, first).is_opened and serving(vault, first).is_asked_again
    assert not serving(vault, later).is_opened and not serving(vault, later).is_asked_again
    assert not vault.knowledge.remembered.note_opened(ServingId(999), document, clock.now())
    # Which source it was goes with the document; that one was opened tells nothing of it.
    vault.library.delete_document(document)
    assert serving(vault, first).is_opened
    assert [value for table, value in cells(vault) if table == "asked_sources"] == []


def asked_counts(vault: Vault) -> dict[DocumentId, int]:
    return {one.document_id: len(one.asked_at) for one in vault.knowledge.interests()}


def test_one_need_put_twice_within_minutes_is_one_interest_in_a_document(vault: Vault, shelf: Shelf) -> None:
    one, other = (shelf.put(name, name).document_id for name in ("a.md", "b.md"))
    first = ask(vault, "What is it?", documents=(one, other))
    later = ask(vault, "What is that?", documents=(one,))
    assert asked_counts(vault) == {one: 2, other: 1}
    vault.knowledge.remembered.note_asked_again(first, later)
    assert asked_counts(vault) == {one: 1, other: 1}


def test_forgetting_all_leaves_no_word_of_what_was_asked(vault: Vault, shelf: Shelf) -> None:
    knowledge = vault.knowledge
    change = shelf.put("a.md", "the stuff is here")
    passages = vault.library.passages(change.document_id)
    predicted = shelf.predict("What is predicted?", change.document_id, Reason.HEADING)
    held = shelf.prepare(predicted, *passages)
    hit = ask(vault, "What is predicted, zanzibarine?", matched=held, documents=(change.document_id,))
    knowledge.hand.put_verdict(hit, Verdict.RIGHT)
    live = ask(vault, "Where is zanzibarine?")
    knowledge.hand.put_wrong_pair(hit, "what is predicted, zanzibarine?", "What is zanzibarine?", predicted)
    missed = sure(knowledge.question_by_normal("where is zanzibarine?")).id
    withdrawn = shelf.prepare(missed, *passages)
    wished = shelf.predict("What did I wish for?", None, Reason.REQUESTED)
    pinned = shelf.predict("What did I pin?", None, Reason.MISSED)
    knowledge.hand.pin(pinned, is_pinned=True)
    assert where(vault, "zanzibarine") >= {"asked", "questions", "wrong_pairs"}

    servings, prepared = knowledge.remembered.forget(None)
    assert (servings, prepared) == (2, (withdrawn,))
    assert where(vault, "zanzibarine") == set()
    assert knowledge.serving(live) is None and knowledge.servings() == []
    left = {one.text: one for one in knowledge.questions(limit=10)}
    assert left.keys() == {"What is predicted?", "What did I wish for?", "What did I pin?"}
    assert left["What is predicted?"].reason is Reason.HEADING
    assert left["What is predicted?"].asked_count == 0 and left["What is predicted?"].last_asked_at is None
    assert knowledge.prepared(held) is not None and knowledge.question(wished) is not None
    assert vault.check() == []
    assert knowledge.remembered.forget(None) == (0, ())


def test_only_what_is_older_is_forgotten(vault: Vault, shelf: Shelf, clock: ManualClock) -> None:
    knowledge = vault.knowledge
    old = ask(vault, "What was it long ago?")
    both = ask(vault, "What is it ever again?")
    clock.advance(timedelta(days=100).total_seconds())
    new = ask(vault, "What is it ever again?")
    cut = clock.now() - timedelta(days=50)
    assert knowledge.remembered.forget(cut)[0] == 2
    assert knowledge.serving(old) is None and knowledge.serving(both) is None
    assert knowledge.serving(new) is not None
    assert [(one.text, one.asked_count) for one in knowledge.questions(limit=9)] == [
        ("What is it ever again?", 1)
    ]
    # What was found to be worth asking since, and was never asked, is not old.
    fresh = shelf.predict("What may be asked?", None, Reason.MISSED)
    knowledge.remembered.forget(cut)
    assert knowledge.question(fresh) is not None


def test_a_question_that_was_asked_in_a_rhythm_is_forgotten_like_any_other(
    vault: Vault, shelf: Shelf
) -> None:
    note = shelf.put("a.md", "a word")
    first = ask(vault, "What is due on Monday?")
    known = sure(vault.knowledge.question_by_normal("what is due on monday?"))
    with sure(vault._opened).database.write() as connection:
        connection.execute("UPDATE questions SET reason = ? WHERE id = ?", (Reason.RHYTHM.value, known.id))
    vault.knowledge.note_opened(note.document_id)
    vault.knowledge.remembered.forget(None)
    assert vault.knowledge.question_by_normal("what is due on monday?") is None
    assert vault.knowledge.serving(first) is None
    assert [value for table, value in cells(vault) if table == "opened"] == []
