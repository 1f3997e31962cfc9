"""What is prepared, as it is listed and found: by the real vault."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.store.conftest import CHEAP, Shelf

from pillowbook.core import protocol as p
from pillowbook.core.hand import UsersHand
from pillowbook.core.prepared_view import prepared_list
from pillowbook.domain.answers import Citation
from pillowbook.domain.clock import ManualClock
from pillowbook.domain.ids import PreparedId, QuestionId
from pillowbook.host.keychain import MemoryKeychain
from pillowbook.host.paths import Profile
from pillowbook.store import prepared as prepared_store
from pillowbook.store.rows import citations_from_column
from pillowbook.store.vault import Vault

MANY = 600


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    profile = Profile(tmp_path / "profile")
    profile.prepare()
    vault = Vault(profile, MemoryKeychain(), ManualClock(), kdf_cost=CHEAP)
    vault.create("correct horse")
    yield Shelf(vault)
    vault.lock()


def listed(shelf: Shelf, words: str = "", limit: int = 30) -> p.PreparedList:
    return prepared_list(shelf.vault.knowledge, shelf.vault.library, words, limit)


def questions(found: p.PreparedList) -> list[str]:
    return [view.question for view in found.views]


def put(
    shelf: Shelf, question: str, answer: str = "So it is.", name: str = "a.md"
) -> tuple[QuestionId, PreparedId]:
    change = shelf.put(name, f"The note {name} says so")
    question_id = shelf.predict(question, change.document_id)
    return question_id, shelf.prepare(
        question_id, *shelf.vault.library.passages(change.document_id), answer=answer
    )


def put_many(shelf: Shelf) -> list[tuple[QuestionId, PreparedId]]:
    passages = shelf.vault.library.passages(shelf.put("many.md", "The note says so").document_id)
    made = []
    for number in range(1, MANY + 1):
        question_id = shelf.predict(f"Question {number}?", None)
        made.append((question_id, shelf.prepare(question_id, *passages)))
    return made


def test_pinned_and_edited_ones_come_first_then_the_newest(shelf: Shelf) -> None:
    made = [put(shelf, f"{name}?") for name in ("oldest", "old", "new", "newest")]
    shelf.vault.knowledge.hand.pin(made[0][0], is_pinned=True)
    shelf.vault.knowledge.hand.edit(made[1][1], "My own words.")
    found = listed(shelf)
    assert questions(found) == ["old?", "oldest?", "newest?", "new?"]
    assert [(view.is_pinned, view.is_edited) for view in found.views[:3]] == [
        (False, True),
        (True, False),
        (False, False),
    ]
    assert found.views[0].answer == "My own words."


def test_one_of_many_is_counted_and_found_and_only_those_shown_are_read_whole(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = put_many(shelf)
    shelf.vault.knowledge.hand.pin(made[0][0], is_pinned=True)
    decoded = []

    def decode(column: str) -> tuple[Citation, ...]:
        decoded.append(column)
        return citations_from_column(column)

    monkeypatch.setattr(prepared_store, "citations_from_column", decode)
    found = listed(shelf)
    assert (found.total, found.found, len(found.views)) == (MANY, MANY, 30)
    assert questions(found)[:2] == ["Question 1?", f"Question {MANY}?"]
    assert len(decoded) == 2 * 30, "its citations and its newer evidence, of each that is shown"
    found = listed(shelf, "QUESTION 501?")
    assert (found.total, found.found, questions(found)) == (MANY, 1, ["Question 501?"])
    assert len(decoded) == 2 * 31
    found = listed(shelf, "question", limit=2)
    assert (found.found, questions(found)) == (MANY, ["Question 1?", f"Question {MANY}?"])


def test_no_list_is_longer_than_what_is_allowed(shelf: Shelf) -> None:
    put_many(shelf)
    assert len(listed(shelf, limit=10**9).views) == 500
    assert listed(shelf, limit=-3).views == []


def test_it_is_found_by_question_by_what_it_says_now_and_by_its_file(shelf: Shelf) -> None:
    _, edited = put(shelf, "Who is the vet?", "Femi Saltmarsh.", "dog.md")
    put(shelf, "When is the STRASSE swept?", "On Mondays.", "street.md")
    assert questions(listed(shelf, "saltMARSH vet")) == ["Who is the vet?"]
    assert questions(listed(shelf, "straße")) == ["When is the STRASSE swept?"]
    assert questions(listed(shelf, "dog.md")) == ["Who is the vet?"]
    assert questions(listed(shelf, "notes")) == [], "the folder is no name of a file"
    nothing = listed(shelf, "saltmarsh mondays")
    assert (nothing.total, nothing.found, nothing.views) == (2, 0, [])
    shelf.vault.knowledge.hand.edit(edited, "Ottilie.")
    assert questions(listed(shelf, "ottilie")) == ["Who is the vet?"]
    assert questions(listed(shelf, "saltmarsh")) == []


def test_newer_evidence_is_told(shelf: Shelf) -> None:
    _, first = put(shelf, "Who is the vet?", name="dog.md")
    put(shelf, "When is it swept?", name="street.md")
    (newer,) = shelf.vault.knowledge.prepared_answers()[1].citations
    shelf.vault.knowledge.mark_new_evidence(first, newer)
    told = {view.question: view.has_new_evidence for view in listed(shelf).views}
    assert told == {"Who is the vet?": True, "When is it swept?": False}


def test_a_changed_note_withdraws_what_is_prepared_and_is_told_of_own_words(shelf: Shelf) -> None:
    put(shelf, "Who is the vet?", name="dog.md")
    _, edited = put(shelf, "What does the dog weigh?", name="dog.md")
    _, other = put(shelf, "When is it swept?", name="street.md")
    for each in (edited, other):
        shelf.vault.knowledge.hand.edit(each, "My own words.")
    shelf.put("dog.md", "Another dog altogether")
    told = {view.question: view.has_changed_note for view in listed(shelf).views}
    assert told == {"What does the dog weigh?": True, "When is it swept?": False}


def test_a_question_of_digits_is_named_with_a_question_mark(shelf: Shelf) -> None:
    """As the window does it, because digits alone are an answer's number."""
    hand = UsersHand(knowledge=shelf.vault.knowledge, library=shelf.vault.library, on_changed=lambda: None)
    _, first = put(shelf, "Who is the vet?")
    put(shelf, str(first), "A number in the notes.")
    assert hand.pin(f"{first}?", is_pinned=True).question == str(first)
    assert hand.pin(str(first), is_pinned=True).question == "Who is the vet?"
