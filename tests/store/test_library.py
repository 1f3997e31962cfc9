"""Documents, passages and what follows from their changes."""

import random

import pytest

from pillowbook.domain.answers import Reason
from pillowbook.domain.documents import DocumentState, Fingerprint
from pillowbook.domain.errors import DocumentUnknown, FolderUnknown
from pillowbook.domain.ids import PassageId
from pillowbook.store.vault import Vault

from .conftest import DIMENSIONS, Shelf, cite, drafts_of, fingerprint_of, hash_of, sure, vector_of

DERIVED = (
    "documents",
    "texts",
    "passages",
    "vectors",
    "digests",
    "question_origins",
    "questions",
    "prepared",
)


def rows_in(vault: Vault, table: str) -> int:
    with sure(vault._opened).database.read() as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_a_document_is_stored_as_it_was_read(vault: Vault, shelf: Shelf) -> None:
    change = shelf.put("a.md", "First passage.", "Second passage.", title="Title", heading="One › Two")
    document = vault.library.document_at("/notes/a.md")
    assert document == vault.library.document(change.document_id)
    assert (document.title, document.kind, document.state) == ("Title", "markdown", DocumentState.INDEXED)
    assert document.fingerprint == fingerprint_of("First passage.\nSecond passage.")
    text = vault.library.text(document.id)
    passages = vault.library.passages(document.id)
    assert [text[p.start : p.end] for p in passages] == [p.text for p in passages]
    assert vault.library.get_passages([passages[1].id, PassageId(999), passages[0].id]) == [
        passages[1],
        passages[0],
    ]
    assert vault.library.passages_by_hash(hash_of("First passage.")) == [passages[0]]
    assert vault.library.known_hashes([hash_of("First passage."), hash_of("x")]) == {
        hash_of("First passage.")
    }
    assert change.added == (hash_of("First passage."), hash_of("Second passage."))


def test_passages_keep_their_ids_when_text_is_put_in_above(vault: Vault, shelf: Shelf) -> None:
    first = shelf.put("a.md", "one", "two", "three")
    before = {p.text: p.id for p in vault.library.passages(first.document_id)}
    change = shelf.put("a.md", "zero", "one", "three")
    after = vault.library.passages(first.document_id)
    assert [p.text for p in after] == ["zero", "one", "three"]
    assert {p.text: p.id for p in after if p.text != "zero"} == {
        "one": before["one"],
        "three": before["three"],
    }
    assert (change.added, change.removed) == ((hash_of("zero"),), (hash_of("two"),))
    text = vault.library.text(first.document_id)
    assert all(text[p.start : p.end] == p.text for p in after)


@pytest.mark.parametrize("seed", range(8))
def test_any_history_leaves_what_a_fresh_vault_would_hold(vault: Vault, shelf: Shelf, seed: int) -> None:
    """Rows, words and vectors agree after random changes, whatever came before."""
    choose = random.Random(seed)
    words = [f"term{number}" for number in range(12)]
    expected: dict[str, list[str]] = {}
    for _ in range(40):
        name = f"{choose.randrange(4)}.md"
        document = vault.library.document_at(f"/notes/{name}")
        if document is not None and choose.random() < 0.2:
            vault.library.delete_document(document.id)
            expected.pop(name)
        else:
            parts = choose.choices(words, k=choose.randrange(6))
            shelf.put(name, *parts)
            expected[name] = parts
        if choose.random() < 0.2:
            assert vault.words.count() == sum(map(len, expected.values()))
    passages = [p for d in vault.library.documents() for p in vault.library.passages(d.id)]
    assert sorted((p.path, p.text) for p in passages) == sorted(
        (f"/notes/{name}", part) for name, parts in expected.items() for part in parts
    )
    for word in words:
        ids = {p.id for p in passages if p.text == word}
        assert {hit.passage_id for hit in vault.words.search(word + " ", 100)} == ids
        near = {hit.id for hit in vault.vectors.nearest(vector_of(word), 100) if hit.similarity > 0.999}
        assert near == ids
    assert vault.library.counts().vectors == len({p.content_hash for p in passages})
    assert vault.check() == []


def test_deleting_a_document_leaves_no_derived_row(vault: Vault, shelf: Shelf) -> None:
    change = shelf.put("a.md", "secret one", "secret two")
    passages = vault.library.passages(change.document_id)
    vault.knowledge.put_digest(
        change.document_id, "secret gist", [], fingerprint_of("secret one\nsecret two").sha256, "m"
    )
    predicted = shelf.predict("What is secret?", change.document_id)
    shelf.prepare(predicted, passages[0])
    asked = shelf.predict("Did I ask?", None, Reason.ASKED)
    resting = shelf.prepare(asked, passages[1])
    gone = vault.library.delete_document(change.document_id)
    assert set(gone.removed) == {hash_of("secret one"), hash_of("secret two")}
    assert resting in gone.withdrawn and len(gone.withdrawn) == 2
    assert {table: rows_in(vault, table) for table in DERIVED} == dict.fromkeys(DERIVED, 0) | {"questions": 1}
    assert rows_in(vault, "prepared_sources") == 0
    assert vault.knowledge.question(asked) is not None
    assert vault.words.search("secret", 5) == []
    assert (vault.vectors.count("passages"), vault.vectors.count("questions")) == (0, 0)
    with pytest.raises(DocumentUnknown):
        vault.library.document(change.document_id)
    with pytest.raises(DocumentUnknown):
        vault.library.delete_document(change.document_id)


def test_removing_a_folder_forgets_its_documents(vault: Vault, shelf: Shelf) -> None:
    shelf.put("a.md", "one")
    shelf.put("b.md", "two")
    other = vault.library.add_folder("/other")
    changes = vault.library.remove_folder(shelf.folder.id)
    assert [change.removed for change in changes] == [(hash_of("one"),), (hash_of("two"),)]
    assert vault.library.folders() == [other]
    assert rows_in(vault, "documents") == rows_in(vault, "vectors") == vault.words.count() == 0
    with pytest.raises(FolderUnknown):
        vault.library.remove_folder(shelf.folder.id)
    with pytest.raises(FolderUnknown):
        shelf.put("a.md", "one")


def test_a_text_in_two_documents_keeps_its_vector_until_both_are_gone(vault: Vault, shelf: Shelf) -> None:
    first, second = shelf.put("a.md", "shared"), shelf.put("b.md", "shared", has_vectors=False)
    assert vault.vectors.count() == 2
    vault.library.delete_document(first.document_id)
    assert vault.library.known_hashes([hash_of("shared")])
    vault.library.delete_document(second.document_id)
    assert not vault.library.known_hashes([hash_of("shared")])


def test_a_vector_that_comes_later_is_used_everywhere(vault: Vault, shelf: Shelf) -> None:
    shelf.put("a.md", "shared", has_vectors=False)
    assert vault.vectors.count() == 0
    shelf.put("b.md", "shared")
    assert vault.vectors.count() == 2


def test_a_changed_file_stays_searchable_while_it_waits(vault: Vault, shelf: Shelf) -> None:
    change = shelf.put("a.md", "old words")
    assert vault.library.put_waiting(shelf.folder.id, "/notes/a.md", "markdown") == change.document_id
    assert [d.id for d in vault.library.documents(state=DocumentState.WAITING)] == [change.document_id]
    assert vault.words.search("old", 5)
    vault.library.touch(change.document_id, fingerprint_of("old words", modified_ns=7))
    document = vault.library.document(change.document_id)
    assert (document.state, sure(document.fingerprint).modified_ns) == (DocumentState.INDEXED, 7)


def test_a_file_that_cannot_be_read_any_more_loses_what_was_read(vault: Vault, shelf: Shelf) -> None:
    change = shelf.put("a.md", "old words")
    prepared = shelf.prepare(
        shelf.predict("?", None, Reason.ASKED), *vault.library.passages(change.document_id)
    )
    failed = vault.library.put_failed(shelf.folder.id, "/notes/a.md", "pdf", "encrypted", fingerprint_of("x"))
    assert failed.withdrawn == (prepared,)
    assert vault.words.search("old", 5) == []
    assert vault.library.text(change.document_id) == ""
    vault.library.put_excluded(shelf.folder.id, "/notes/b.bin", "binary")
    counts = vault.library.counts()
    assert (counts.by_state[DocumentState.FAILED], counts.by_state[DocumentState.EXCLUDED]) == (1, 1)
    assert counts.by_reason == {"binary": 1, "encrypted": 1}
    shelf.put("a.md", "new words")
    assert vault.library.document(change.document_id).reason == ""


def test_a_bad_vector_stores_nothing(vault: Vault, shelf: Shelf) -> None:
    shelf.put("a.md", "one")
    for bad in (vector_of("x")[: DIMENSIONS - 1], vector_of("x") * float("nan")):
        with pytest.raises(ValueError, match="vector"):
            vault.library.put_document(
                shelf.folder.id, "/notes/b.md", "b", "md", fingerprint_of("x"), "x",
                drafts_of(["x"]), {hash_of("x"): bad},
            )  # fmt: skip
    assert [d.path for d in vault.library.documents()] == ["/notes/a.md"]
    assert vault.vectors.count() == vault.words.count() == 1


def test_strange_names_and_texts_survive(vault: Vault, shelf: Shelf) -> None:
    """Names that are not UTF-8, lone surrogates, NUL and numbers beyond 63 bits."""
    name = "caf\udce9 \U0001f600 '\".md"
    change = shelf.put(name, "nul \x00 and \ud800 lone", title="t\udce9")
    document = sure(vault.library.document_at(f"/notes/{name}"))
    assert document.id == change.document_id and document.path == f"/notes/{name}"
    assert sure(document.fingerprint).file_id == 2**64 - 1
    passage = vault.library.passages(document.id)[0]
    assert passage.text == "nul \x00 and ? lone" == vault.library.text(document.id)
    assert passage.path == f"/notes/{name}"
    print_ = Fingerprint(2**70, 2**64, -(2**80), 2**80, hash_of("y"))
    vault.library.touch(document.id, print_)
    assert vault.library.document(document.id).fingerprint == print_
    assert cite(passage).path == document.path


def test_what_was_stored_is_found_after_unlocking_again(vault: Vault, shelf: Shelf) -> None:
    shelf.put("a.md", "the boiler was serviced", heading="Heating")
    before = (
        vault.words.search("boilers", 5),
        vault.vectors.nearest(vector_of("the boiler was serviced"), 3),
    )
    assert before[0] and before[1]
    vault.lock()
    vault.unlock()
    assert vault.vectors.nearest(vector_of("the boiler was serviced"), 3) == before[1]
    assert [hit.passage_id for hit in vault.words.search("heating boilers", 5)] == [before[0][0].passage_id]
    assert vault.rebuild() == 1


def test_a_new_title_is_found_at_once(vault: Vault, shelf: Shelf) -> None:
    shelf.put("a.md", "text", title="Oldname")
    shelf.put("a.md", "text", title="Newname")
    assert vault.words.search("newname", 5) and not vault.words.search("oldname", 5)
    assert vault.words.count() == 1
