"""Comparing texts by code: numbers, names, quotes, units, claims."""

import pytest

from pillowbook.answering.cite import cite_unit, find_quote
from pillowbook.answering.dates import note_date
from pillowbook.answering.terms import names, numbers
from pillowbook.answering.units import split_units
from pillowbook.answering.verify import check_claim, fits_kind, split_claims
from pillowbook.domain.documents import Passage
from pillowbook.domain.ids import ContentHash, DocumentId, PassageId


def passage_of(text: str, heading: str = "", title: str = "Note", start: int = 0) -> Passage:
    return Passage(
        id=PassageId(1),
        document_id=DocumentId(1),
        ordinal=0,
        path="/notes/note.md",
        title=title,
        text=text,
        content_hash=ContentHash("0" * 64),
        heading=heading,
        start=start,
        end=start + len(text),
        line=10,
        page=None,
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("6 March 2026", "2026-03-06"),
        ("March 6, 2026", "06 Mar 2026"),
        ("£1,368", "1368 pounds"),
        ("7:30 pm", "at 19:30"),
        ("twelve months", "12 months"),
        ("3.50", "3.5"),
    ],
)
def test_one_number_in_two_spellings_is_the_same(first: str, second: str) -> None:
    assert numbers(first) == numbers(second)


@pytest.mark.parametrize(
    ("first", "second"), [("1.2 bar", "12 bar"), ("6 March", "6 May"), ("19:30", "19:13")]
)
def test_different_numbers_differ(first: str, second: str) -> None:
    assert numbers(first) != numbers(second)


def test_names_are_capitals_inside_a_sentence_and_codes() -> None:
    assert names("Ring Dev Marsh when E4 shows in May.") == {"dev", "marsh", "e4"}


def test_a_quote_is_found_across_breaks_and_emphasis_but_never_with_another_word_or_digit() -> None:
    text = "Pressure between **1.2 and\n1.5 bar**, then stop."
    found = find_quote("pressure between 1.2 and 1.5 bar", text)
    assert found is not None
    assert text[found[0] : found[1]] == "Pressure between **1.2 and\n1.5 bar**"
    assert find_quote("pressure between 1.2 and 1.6 bar", text) is None
    assert find_quote("pressure 1.2 and 1.5 bar", text) is None
    assert find_quote("1.2 and 1.5 bars", text) is None


def test_units_are_sentences_items_and_rows_and_their_quotes_are_verbatim() -> None:
    text = (
        "# Who to call\n\nWe ring these, e.g. Mr. Marsh, often. They are\nfriendly.\n\n"
        "| for | number |\n| --- | --- |\n| boiler | 555-0131 |\n\nTo do:\n\n- ring **Dev**\n- pay\n"
    )
    passage = passage_of(text, title="House", start=100)
    units = split_units(passage)
    assert [unit.text for unit in units] == [
        "We ring these, e.g. Mr. Marsh, often.",
        "They are friendly.",
        "for: boiler; number: 555-0131",
        "To do:",
        "To do: ring Dev",
        "To do: pay",
    ]
    assert units[1].quote == "They are\nfriendly."
    cited = cite_unit(units[2])
    assert (cited.quote, cited.line) == ("| boiler | 555-0131 |", 8 + 9)
    assert text[cited.start - 100 : cited.end - 100] == cited.quote
    assert units[0].place == "House › Who to call"


def test_a_table_that_begins_amid_a_passage_loses_no_row() -> None:
    units = split_units(passage_of("| roof | 555-0150 |\n| trees | 555-0127 |"))
    assert [unit.text for unit in units] == ["roof; 555-0150", "trees; 555-0127"]


def test_marks_of_notes_are_taken_out_of_sentences() -> None:
    assert split_claims("It is 1.5 bar [2]. Dev said so. [1, 3]") == [
        ("It is 1.5 bar.", (2,)),
        ("Dev said so.", (1, 3)),
    ]


def test_a_sentence_needs_a_unit_with_its_numbers_names_and_most_words() -> None:
    units = split_units(passage_of("The pressure is 1.2 bar. Dev Marsh fitted it in May.", title="Boiler"))
    question = "What is the pressure?"
    good = check_claim("The pressure is 1.2 bar.", [], units, question)
    assert good is not None
    assert good.units == (units[0],)
    assert check_claim("The pressure is 1.3 bar.", units, units, question) is None
    assert check_claim("It was fitted by Piotr.", units, units, question) is None
    assert check_claim("The kettle sings on rainy afternoons.", units, units, question) is None


def test_a_wrongly_numbered_note_is_put_right() -> None:
    units = split_units(passage_of("The pressure is 1.2 bar. Dev Marsh fitted it in May."))
    claim = check_claim("The pressure is 1.2 bar.", [units[1]], units, "pressure?")
    assert claim is not None
    assert claim.units[0] == units[0]


def test_an_answer_is_of_the_kind_asked_for() -> None:
    assert fits_kind("How much is the rent?", "£240 a month")
    assert not fits_kind("How much is the rent?", "The landlord is kind.")
    assert fits_kind("When is the meeting?", "On Thursday.")
    assert not fits_kind("When is the meeting?", "Gwen and Malik.")


@pytest.mark.parametrize(
    ("name", "title", "opening", "expected"),
    [
        ("2026-04-21-review", "Review", "", "2026-04-21"),
        ("review", "Meeting, Tuesday 10 February 2026", "", "2026-02-10"),
        ("boiler", "Boiler", "---\ndate: 2025-10-03\n---", "2025-10-03"),
        ("portugal-2026", "Portugal", "", ""),
        ("asthma-review-2026-06", "Review", "", "2026-06"),
    ],
)
def test_a_note_says_its_own_date(name: str, title: str, opening: str, expected: str) -> None:
    assert note_date(name, title, opening) == expected
