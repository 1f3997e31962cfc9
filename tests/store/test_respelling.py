"""Questions that were stored under an earlier spelling are found under the new one, and no other is."""

import pytest

from pillowbook.domain.answers import AnswerKind, Reason
from pillowbook.domain.ids import QuestionId
from pillowbook.store.vault import Vault

from .conftest import Shelf, sure

A_PLUS, OLD, NEW = "Who has blood type A+?", "who has blood type a", "who has blood type a+"


def normal_of(text: str) -> str:
    return text.lower().rstrip("?")


def spell(vault: Vault, form: str = "new") -> None:
    vault.knowledge.respelling.bring_to(form, normal_of=normal_of, wording_of=normal_of)


def stored(vault: Vault, text: str, normal: str) -> QuestionId:
    return vault.knowledge.add_question(text, normal, Reason.REQUESTED)


def test_a_question_keeps_its_row_and_its_answer(vault: Vault, shelf: Shelf) -> None:
    vault.knowledge.record_asked(OLD, A_PLUS, AnswerKind.LIVE, 1.0, None)
    before = sure(vault.knowledge.question_by_normal(OLD))
    prepared = shelf.prepare(before.id)
    spell(vault)
    assert vault.knowledge.question_by_normal(OLD) is None, "nor is A- found by it"
    found = sure(vault.knowledge.question_by_normal(NEW))
    assert (found.id, found.asked_count) == (before.id, 1)
    assert sure(vault.knowledge.prepared_for(found.id)).id == prepared
    assert vault.knowledge.counts().questions == 1


def test_an_answer_made_live_may_be_to_the_other_question_and_goes(vault: Vault, shelf: Shelf) -> None:
    """Not where the spelling stays, nor where the user put other words: those are to what the row says."""
    changed, same = stored(vault, A_PLUS, OLD), stored(vault, "When is the fair?", "when is the fair")
    edited = stored(vault, "What is -5?", "what is 5")
    ids = [shelf.prepare(one) for one in (changed, same, edited)]
    with sure(vault._opened).database.write() as connection:
        connection.execute("UPDATE prepared SET effort = 'live'")
    vault.knowledge.hand.edit(ids[2], "My own words.")
    spell(vault)
    assert vault.knowledge.prepared_for(changed) is None
    assert sure(vault.knowledge.prepared_for(same)).id == ids[1]
    assert sure(vault.knowledge.prepared_for(edited)).answer == "My own words."
    assert set(vault.vectors.of(ids, "questions")) == {ids[1], ids[2]}


def test_it_goes_from_the_question_that_keeps_its_spelling_as_well(vault: Vault, shelf: Shelf) -> None:
    """Asked for "A" first, and then for "A+", whose answer was put there."""
    vault.knowledge.record_asked(OLD, "Who has blood type A?", AnswerKind.NONE, 1.0, None)
    vault.knowledge.record_asked(OLD, A_PLUS, AnswerKind.LIVE, 1.0, None)
    plain = sure(vault.knowledge.question_by_normal(OLD)).id
    shelf.prepare(plain)
    with sure(vault._opened).database.write() as connection:
        connection.execute("UPDATE prepared SET effort = 'live'")
    spell(vault)
    assert vault.knowledge.prepared_for(plain) is None


def test_a_hit_by_other_words_takes_no_answer_away(vault: Vault, shelf: Shelf) -> None:
    vault.knowledge.record_asked("when is the fair", "When is the fair?", AnswerKind.LIVE, 1.0, None)
    fair = sure(vault.knowledge.question_by_normal("when is the fair")).id
    prepared = shelf.prepare(fair)
    with sure(vault._opened).database.write() as connection:
        connection.execute("UPDATE prepared SET effort = 'live'")
    vault.knowledge.record_asked(
        "what day is the fair", "What day is the fair?", AnswerKind.HIT, 1.0, prepared
    )
    spell(vault)
    assert sure(vault.knowledge.prepared_for(fair)).id == prepared


def test_two_questions_that_come_to_one_spelling_both_stay(vault: Vault) -> None:
    first, second = stored(vault, "Tom and Ada", "tom and ada"), stored(vault, "TOM AND ADA", "tom ada")
    spell(vault)
    assert sure(vault.knowledge.question_by_normal("tom and ada")).id == first
    assert sure(vault.knowledge.question_by_normal("tom ada")).id == second


def test_what_the_user_said_of_a_question_is_found_by_its_new_spelling(vault: Vault) -> None:
    wrong = stored(vault, "Who has blood type B?", "who has blood type b")
    serving = vault.knowledge.record_asked(OLD, A_PLUS, AnswerKind.LIVE, 1.0, None)
    vault.knowledge.hand.put_wrong_pair(serving, OLD, A_PLUS, wrong)
    vault.knowledge.hand.put_never("a will", "Do I have a will?")
    spell(vault)
    assert vault.knowledge.hand.wrong_for(NEW) == {wrong}
    assert vault.knowledge.hand.is_never("do i have a will") and not vault.knowledge.hand.is_never("a will")


def test_it_is_done_once_for_a_form(vault: Vault) -> None:
    spell(vault)
    stored(vault, A_PLUS, OLD)
    spell(vault)
    assert vault.knowledge.question_by_normal(OLD) is not None
    spell(vault, "newer")
    assert vault.knowledge.question_by_normal(OLD) is None


@pytest.mark.parametrize("text", ["", "?"])
def test_a_question_without_a_spelling_is_left_as_it_is(vault: Vault, text: str) -> None:
    stored(vault, text, "as it was")
    spell(vault)
    assert vault.knowledge.question_by_normal("as it was") is not None
