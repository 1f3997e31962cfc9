"""Documents that are asked about are read first, and none is forgotten."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from pillowbook.domain.ids import DocumentId
from pillowbook.domain.interest import Interest
from pillowbook.schedule.worth import EXPLORED_EVERY, Worth

NOW = datetime(2026, 9, 1, 23, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=200)


def interest(
    number: int,
    *,
    place: str = "notes",
    asked: int = 0,
    changed_days: float = 100,
    passages: int = 1,
    read: bool = False,
) -> Interest:
    return Interest(
        DocumentId(number),
        place,
        NOW - timedelta(days=changed_days),
        LONG_AGO,
        passages,
        tuple(NOW - timedelta(days=1 + day) for day in range(asked))[::-1],
        read,
    )


def first_over_nights(documents: list[Interest], nights: int = 200) -> Counter[int]:
    return Counter(Worth(documents, now=NOW + timedelta(days=night)).ranked()[0] for night in range(nights))


def test_what_is_asked_about_comes_first_and_with_it_its_folder() -> None:
    asked = [interest(number, place="work", asked=6, read=True) for number in range(1, 4)]
    documents = [*asked, interest(4, place="work"), *(interest(n, place="attic") for n in range(5, 9))]
    assert Worth(documents, now=NOW).ranked()[0] == 4
    assert first_over_nights(documents, 30)[4] > 20


def test_what_changed_lately_comes_first_where_nothing_was_asked() -> None:
    documents = [*(interest(number) for number in range(1, 6)), interest(6, changed_days=0.5)]
    assert Worth(documents, now=NOW).ranked()[0] == 6


def test_a_passage_of_a_long_document_is_worth_less_than_a_short_note() -> None:
    documents = [interest(1, asked=3, passages=40), interest(2, asked=3)]
    assert Worth(documents, now=NOW).ranked() == [2, 1]


def test_after_some_that_were_worth_most_any_other_has_its_night() -> None:
    read = [interest(number, asked=5, read=True) for number in range(10, 10 + EXPLORED_EVERY - 1)]
    documents = [interest(number, asked=number % 2) for number in range(1, 9)]
    assert set(first_over_nights([*read, *documents])) == set(range(1, 9))
    assert set(first_over_nights(documents)) == {1}
    assert (
        Worth([*read, *documents], now=NOW).ranked()
        == Worth([*read, *documents], now=NOW + timedelta(hours=3)).ranked()
    )


def test_old_questions_fade() -> None:
    then = NOW - timedelta(days=150)
    old = Interest(
        DocumentId(1), "a", LONG_AGO, LONG_AGO, 1, tuple(then + timedelta(days=n) for n in range(5))
    )
    new = interest(2, place="b", asked=5)
    assert first_over_nights([old, new], 40)[2] > 30


def test_what_is_wholly_read_is_not_read_again() -> None:
    assert Worth([interest(1, asked=9, read=True), interest(2)], now=NOW).ranked() == [2]
    assert Worth([], now=NOW).ranked() == []
