"""What the user decides by hand is kept, and goes with what it is about."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from pillowbook.domain.answers import AnswerKind, Reason, Tokens
from pillowbook.domain.audit import AuditOutcome
from pillowbook.domain.clock import ManualClock
from pillowbook.domain.documents import Passage
from pillowbook.domain.ids import QuestionId, ServingId
from pillowbook.domain.serving import Verdict
from pillowbook.domain.work import LedgerEntry, SliceKind, SliceResult
from pillowbook.store import database, schema
from pillowbook.store.database import Database
from pillowbook.store.prepared import AnswerEdited
from pillowbook.store.vault import Vault

from .conftest import Shelf, fingerprint_of, sure

WORD = "zanzibarine"


def cells(vault: Vault) -> Iterator[tuple[str, str]]:
    """Every value in the database, with its table."""
    with sure(vault._opened).database.read() as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            for row in connection.execute(f"SELECT * FROM {table}").fetchall():
                yield from ((table, str(value)) for value in row)


def where(vault: Vault, word: str) -> set[str]:
    return {table for table, value in cells(vault) if word in value}


def test_deleting_a_document_leaves_nothing_of_it_in_any_table(vault: Vault, shelf: Shelf) -> None:
    """Whatever the user did with what came of it: pinned, edited, served, judged, audited, forbidden."""
    knowledge = vault.knowledge
    change = shelf.put("a.md", f"The stuff is {WORD}")
    passages = vault.library.passages(change.document_id)
    predicted = shelf.predict(f"What is {WORD}?", change.document_id)
    first = shelf.prepare(predicted, *passages, answer=f"It is {WORD}.")
    knowledge.hand.pin(predicted, is_pinned=True)
    knowledge.hand.edit(first, f"I call it {WORD}.")
    knowledge.hand.put_never(WORD, f"What is {WORD}?")
    knowledge.audits.put(sure(knowledge.prepared(first)), AuditOutcome.SAME)
    asked = shelf.predict("What is the stuff?", None, Reason.ASKED)
    second = shelf.prepare(asked, *passages, answer=f"It is {WORD}.")
    serving = knowledge.record_asked(
        "what is the stuff",
        "What is the stuff?",
        AnswerKind.HIT,
        5.0,
        second,
        answer=f"It is {WORD}.",
        documents=(change.document_id,),
    )
    knowledge.hand.put_verdict(serving, Verdict.WRONG)
    knowledge.hand.put_wrong_pair(serving, "other words", "Other words?", predicted)
    knowledge.put_digest(
        change.document_id, f"About {WORD}.", [], fingerprint_of(f"The stuff is {WORD}").sha256, "m"
    )
    assert where(vault, WORD) >= {"asked", "edits", "never", "prepared", "questions", "digests", "texts"}
    assert [one.answer for one in knowledge.hand.rejected(asked)] == [f"It is {WORD}."]
    vault.library.delete_document(change.document_id)
    assert where(vault, WORD) == set()
    for table in ("pins", "edits", "never", "wrong_pairs", "audits", "asked_sources", "deleted_digests"):
        assert [value for name, value in cells(vault) if name == table] == [], table
    assert knowledge.hand.rejected(asked) == ()
    assert [one.text for one in knowledge.servings()] == ["What is the stuff?"], "what the user asked stays"
    assert sum(trust.held for trust in knowledge.audits.trust().values()) == 1, "counts tell nothing of it"
    assert vault.check() == []


def test_what_was_said_goes_when_its_document_loses_a_passage(vault: Vault, shelf: Shelf) -> None:
    change = shelf.put("a.md", f"The stuff is {WORD}", "kept")
    serving = vault.knowledge.record_asked(
        "stuff", "Stuff?", AnswerKind.LIVE, 5.0, None, answer=WORD, documents=(change.document_id,)
    )
    shelf.put("a.md", f"The stuff is {WORD}", "kept", "more")
    assert vault.knowledge.hand.said(serving) == WORD
    shelf.put("a.md", "kept", "more")
    assert vault.knowledge.hand.said(serving) == ""
    assert where(vault, WORD) == set()


def test_a_rule_of_the_users_own_outlives_every_document(vault: Vault, shelf: Shelf) -> None:
    change = shelf.put("a.md", "text")
    shelf.predict("Predicted?", change.document_id)
    vault.knowledge.hand.put_never("mine", "My own words?")
    vault.library.delete_document(change.document_id)
    assert [rule.text for rule in vault.knowledge.hand.never()] == ["My own words?"]
    assert vault.knowledge.hand.is_never("mine") and not vault.knowledge.hand.is_never("yours")
    assert vault.knowledge.hand.drop_never("mine")
    assert not vault.knowledge.hand.drop_never("mine")


def test_nothing_is_stored_over_the_users_own_words(vault: Vault, shelf: Shelf) -> None:
    question = shelf.predict("?", None, Reason.ASKED)
    prepared = shelf.prepare(question)
    vault.knowledge.hand.edit(prepared, "Mine.")
    with pytest.raises(AnswerEdited):
        shelf.prepare(question)
    vault.knowledge.withdraw([prepared])
    kept = sure(vault.knowledge.prepared(prepared))
    assert kept.answer == "Mine." and kept.edited_at is not None
    assert vault.vectors.count("questions") == 1
    vault.knowledge.delete_prepared(prepared)
    assert vault.knowledge.prepared(prepared) is None and where(vault, "Mine.") == set()


def test_a_pin_puts_its_question_first_and_is_told(vault: Vault, shelf: Shelf) -> None:
    shelf.predict("requested", None, Reason.REQUESTED)
    pinned = shelf.predict("pinned", shelf.put("a.md", "one").document_id)
    vault.knowledge.hand.pin(pinned, is_pinned=True)
    first = vault.knowledge.questions_to_prepare(9)[0]
    assert (first.id, first.is_pinned) == (pinned, True)
    assert vault.knowledge.hand.pinned() == {pinned}
    prepared = shelf.prepare(pinned)
    assert sure(vault.knowledge.prepared(prepared)).is_pinned
    vault.knowledge.hand.pin(pinned, is_pinned=False)
    assert vault.knowledge.hand.pinned() == frozenset()


def test_what_slices_cost_is_summed_with_the_reason_and_folder_they_had(
    vault: Vault, shelf: Shelf, clock: ManualClock
) -> None:
    """A predicted question that is asked later was spent on as a predicted one."""
    document = shelf.put("a.md", "one").document_id
    question = shelf.predict("q", document)

    def book(seconds: float, result: SliceResult = SliceResult.DONE) -> None:
        vault.knowledge.put_ledger(
            LedgerEntry(SliceKind.PREPARE, result, clock.now(), seconds, Tokens(10, 1), 1, document, question)
        )

    book(2.0)
    book(3.0, SliceResult.CANCELLED)
    (spent,) = vault.knowledge.spending()
    assert (spent.reason, spent.folder_id, spent.seconds, spent.made) == (
        Reason.CONTENT,
        shelf.folder.id,
        5.0,
        1,
    )
    assert spent.tokens == Tokens(20, 2)
    vault.knowledge.record_asked("q", "Q?", AnswerKind.HIT, 1.0, None)
    clock.advance(60)
    book(1.0)
    assert [one.reason for one in vault.knowledge.spending()] == [Reason.CONTENT, Reason.ASKED]
    assert [one.seconds for one in vault.knowledge.spending(clock.now() - timedelta(seconds=1))] == [1.0]


def test_a_serving_tells_what_was_served_and_why_it_was_prepared(vault: Vault, shelf: Shelf) -> None:
    change = shelf.put("a.md", "one")
    question = shelf.predict("q", change.document_id)
    prepared = shelf.prepare(question, *vault.library.passages(change.document_id))
    assert vault.knowledge.live_latency() is None
    first = vault.knowledge.record_asked(
        "q", "Q?", AnswerKind.HIT, 4.0, prepared, answer="one", documents=(change.document_id,)
    )
    vault.knowledge.record_asked("live", "Live?", AnswerKind.LIVE, 9000.0, None)
    serving = sure(vault.knowledge.serving(first))
    assert (serving.prepared_for, serving.reason, serving.folder_id) == (
        question,
        Reason.CONTENT,
        shelf.folder.id,
    )
    assert [one.prepared_for for one in vault.knowledge.servings()] == [question, None]
    live = sure(vault.knowledge.live_latency())
    assert (live.mean_ms, live.count) == (9000.0, 1)
    assert vault.knowledge.serving(ServingId(99)) is None


def test_an_older_vault_is_brought_up_to_date(
    vault: Vault, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was asked and spent before keeps its reason."""
    path, key = sure(vault._opened).database._path.with_name("old.db"), b"k" * 32
    monkeypatch.setattr(database, "MIGRATIONS", schema.MIGRATIONS[:2])
    old = Database(path, key)
    with old.write() as connection:
        connection.execute(
            "INSERT INTO questions (id, normal, text, reason, created_at) VALUES (7, 'q', 'q', 'content', '')"
        )
        connection.execute(
            "INSERT INTO prepared (id, question_id, answer, citations, confidence, checks, prompt_tokens, "
            "completion_tokens, seconds, model, effort, prepared_at) "
            "VALUES (3, 7, 'a', '[]', 1, '[]', 0, 0, 0, 'm', 'prepared', '')"
        )
        connection.execute(
            "INSERT INTO asked (question_id, text, kind, latency_ms, matched, asked_at) "
            "VALUES (7, 'q', 'hit', 1, 3, '')"
        )
        connection.execute(
            "INSERT INTO ledger (kind, result, started_at, seconds, prompt_tokens, completion_tokens, made, "
            "question_id) VALUES ('prepare', 'done', '', 1, 0, 0, 1, 7)"
        )
    old.close()
    monkeypatch.setattr(database, "MIGRATIONS", schema.MIGRATIONS)
    new = Database(path, key)
    with new.read() as connection:
        assert connection.execute("SELECT prepared_for, made_for FROM asked").fetchall() == [(7, "content")]
        assert connection.execute("SELECT made_for FROM prepared").fetchall() == [("content",)]
        assert connection.execute("SELECT made_for FROM ledger").fetchall() == [("content",)]
    assert new.find_damage() == []
    new.close()


def test_a_wrong_pair_is_known_by_the_words_that_were_asked(vault: Vault, shelf: Shelf) -> None:
    question = shelf.predict("q", None)
    serving = vault.knowledge.record_asked("other", "Other?", AnswerKind.HIT, 1.0, shelf.prepare(question))
    vault.knowledge.hand.put_wrong_pair(serving, "other", "Other?", question)
    assert vault.knowledge.hand.wrong_for("other") == {question}
    assert vault.knowledge.hand.wrong_for("q") == frozenset()
    own = sure(vault.knowledge.question_by_normal("other"))
    assert (own.asked_count, own.reason) == (1, Reason.MISSED)
    assert sure(vault.knowledge.question(question)).asked_count == 0
    assert sure(vault.knowledge.serving(serving)).question_id == own.id != QuestionId(question)


def test_verdicts_are_told_by_the_question_whose_answer_was_served(vault: Vault, shelf: Shelf) -> None:
    first, second = shelf.predict("q", None), shelf.predict("r", None)
    prepared = shelf.prepare(first)
    shelf.prepare(second)
    right = vault.knowledge.record_asked("other", "Other?", AnswerKind.HIT, 1.0, prepared)
    wrong = vault.knowledge.record_asked("third", "Third?", AnswerKind.HIT, 1.0, prepared)
    vault.knowledge.record_asked("fourth", "Fourth?", AnswerKind.HIT, 1.0, prepared)
    vault.knowledge.hand.put_verdict(right, Verdict.RIGHT)
    vault.knowledge.hand.put_wrong_pair(wrong, "third", "Third?", first)
    vault.knowledge.hand.put_verdict(wrong, Verdict.WRONG_QUESTION)
    assert vault.knowledge.hand.verdicts_for([first, second]) == {
        first: (("Other?", Verdict.RIGHT), ("Third?", Verdict.WRONG_QUESTION))
    }
    assert vault.knowledge.hand.verdicts_for([]) == {}


def test_a_note_that_cannot_be_read_for_once_costs_nothing_the_user_did(vault: Vault, shelf: Shelf) -> None:
    """Its own words come back with the note; what was pinned is made anew, and what was ruled out stays so."""
    knowledge = vault.knowledge
    change = shelf.put("a.md", "It is open until eight")
    passages = vault.library.passages(change.document_id)
    edited, pinned, ruled, other = (shelf.predict(f"What is {n}?", change.document_id) for n in range(4))
    prepared = shelf.prepare(edited, *passages)
    gone = [shelf.prepare(pinned, *passages), shelf.prepare(other, *passages)]
    knowledge.hand.edit(prepared, "My own words.")
    knowledge.hand.pin(pinned, is_pinned=True)
    knowledge.hand.put_never("what is 2", "What is 2?")

    vault.library.put_failed(shelf.folder.id, "/notes/a.md", "pdf", "timeout", fingerprint_of("other"))
    assert sure(knowledge.prepared(prepared)).answer == "My own words."
    assert [knowledge.prepared(one) for one in gone] == [None, None], "these rest on what was not read"
    assert knowledge.hand.pinned() == {pinned}
    assert knowledge.hand.is_never("what is 2") and knowledge.question(ruled) is not None
    assert knowledge.question(other) is None

    shelf.put("a.md", "It is open until eight")
    assert sure(knowledge.prepared(prepared)).sources[0].document_id == change.document_id
    vault.library.delete_document(change.document_id)
    assert knowledge.prepared(prepared) is None and knowledge.hand.pinned() == frozenset()
    assert not knowledge.hand.is_never("what is 2")


def test_an_excluded_note_leaves_nothing(vault: Vault, shelf: Shelf) -> None:
    change = shelf.put("a.md", "It is open until eight")
    question = shelf.predict("When?", change.document_id)
    prepared = shelf.prepare(question, *vault.library.passages(change.document_id))
    vault.knowledge.hand.edit(prepared, "My own words.")
    vault.library.put_excluded(shelf.folder.id, "/notes/a.md", "rule")
    assert vault.knowledge.prepared(prepared) is None and vault.knowledge.question(question) is None


def test_a_deleted_answer_comes_back_with_its_own_note_only(vault: Vault, shelf: Shelf) -> None:
    change = shelf.put("a.md", "It is open until eight")
    asked = vault.knowledge.add_question("When?", "when", Reason.ASKED)
    vault.knowledge.delete_prepared(shelf.prepare(asked, *vault.library.passages(change.document_id)))
    shelf.put("b.md", "Rain fell")
    assert vault.knowledge.tried(asked) == "deleted"
    shelf.put("a.md", "It is open until nine")
    assert vault.knowledge.tried(asked) is None


def test_a_deleted_answer_comes_back_where_its_note_is_no_longer_known(vault: Vault, shelf: Shelf) -> None:
    """Renamed, say, or it rested on none: "your notes do not say" may be otherwise with any note."""
    change = shelf.put("a.md", "It is open until eight")
    asked = vault.knowledge.add_question("When?", "when", Reason.ASKED)
    passages = vault.library.passages(change.document_id)
    vault.knowledge.delete_prepared(shelf.prepare(asked, *passages))
    vault.library.delete_document(change.document_id)
    shelf.put("b.md", "It is open until eight")
    assert vault.knowledge.tried(asked) is None
    vault.knowledge.delete_prepared(shelf.prepare(asked, *passages_of(vault, "/notes/b.md"), answer=""))
    shelf.put("c.md", "Rain fell")
    assert vault.knowledge.tried(asked) is None


def passages_of(vault: Vault, path: str) -> list[Passage]:
    return vault.library.passages(sure(vault.library.document_at(path)).id)


def test_a_deleted_answer_leaves_nothing_when_what_was_asked_is_forgotten(vault: Vault, shelf: Shelf) -> None:
    change = shelf.put("a.md", "It is open until eight")
    vault.knowledge.record_asked("when", "When?", AnswerKind.LIVE, 1.0, None)
    question = sure(vault.knowledge.question_by_normal("when")).id
    vault.knowledge.delete_prepared(shelf.prepare(question, *vault.library.passages(change.document_id)))
    vault.knowledge.remembered.forget(None)
    assert vault.knowledge.question(question) is None
