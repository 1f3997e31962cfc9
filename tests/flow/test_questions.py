"""Questions as they come in: anything can be pasted, little of it is a question."""

import pytest

from pillowbook.domain.asking import MAX_QUESTION_CHARS
from pillowbook.domain.errors import QuestionEmpty, QuestionTooLong
from pillowbook.flow.serve.ahead import is_worth_reading
from pillowbook.flow.serve.questions import clean_question, clean_typed


@pytest.mark.parametrize(
    ("pasted", "question"),
    [
        ("  When is\tthe\r\nservice? ", "When is the service?"),
        ("When\x00is it?", "When is it?"),
        ("\x1b[31mWhen?\x1b[0m", "[31mWhen? [0m"),
        ("a\ud800b c\udfff", "ab c"),
        ("pay \u202e08\u202c pounds", "pay 08 pounds"),
        ("\ufeffWhen\u200b?", "When?"),
        ("می\u200cخواهم چه روزی؟", "می\u200cخواهم چه روزی؟"),  # noqa: RUF001
        ("锅炉什么时候检修", "锅炉什么时候检修"),
        ("متى موعد صيانة الغلاية؟", "متى موعد صيانة الغلاية؟"),
        ("Wann\u2028war das?", "Wann war das?"),
    ],
)
def test_a_question_keeps_its_letters_and_loses_what_cannot_be_seen(pasted: str, question: str) -> None:
    assert clean_question(pasted) == question
    assert clean_typed(pasted) == question


@pytest.mark.parametrize("pasted", ["", " \n ", "?!…", "\x00\x01", "\u202e\u200b", "\ud800"])
def test_what_holds_no_letter_is_empty(pasted: str) -> None:
    with pytest.raises(QuestionEmpty):
        clean_question(pasted)


@pytest.mark.parametrize("count", [MAX_QUESTION_CHARS + 1, 1_000_000])
def test_an_enormous_question_is_refused_and_an_enormous_search_is_cut(count: int) -> None:
    with pytest.raises(QuestionTooLong):
        clean_question("a" * count)
    assert len(clean_typed("a b " * count)) <= MAX_QUESTION_CHARS
    assert clean_question("why" + " " * 5000 + "?") == "why ?", "blanks are no length"


def test_a_question_is_worth_reading_from_three_words_or_its_mark_on() -> None:
    assert [is_worth_reading(text) for text in ("", "roof", "roof repair", "Rent?", "how much was", "锅炉\uff1f")] == [
        False, False, False, True, True, True,
    ]  # fmt: skip
