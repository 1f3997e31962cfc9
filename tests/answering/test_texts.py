"""Comparing texts by code: numbers, names, quotes, units, claims."""

import pytest

from pillowbook.answering.cite import cite_unit, find_quote
from pillowbook.answering.dates import is_later, note_date, spelled
from pillowbook.answering.terms import names, numbers
from pillowbook.answering.units import split_units
from pillowbook.answering.verify import check_claim, fits_kind, is_echo, split_claims, unknown_terms
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


def test_an_answer_is_checked_sentence_by_sentence() -> None:
    assert split_claims("It is 1.5 bar. Dev said so.\n- £85") == ["It is 1.5 bar.", "Dev said so.", "£85"]
    assert split_claims("Ask Dr. Okafor at St. Mark's.") == ["Ask Dr. Okafor at St. Mark's."]


def test_a_sentence_needs_a_unit_with_its_numbers_names_and_most_words() -> None:
    units = split_units(passage_of("The pressure is 1.2 bar. Dev Marsh fitted it in May.", title="Boiler"))
    question = "What is the pressure?"
    good = check_claim("The pressure is 1.2 bar.", units, question)
    assert good is not None
    assert good.units == (units[0],)
    assert check_claim("The pressure is 1.3 bar.", units, question) is None
    assert check_claim("It was fitted by Piotr.", units, question) is None
    assert check_claim("The kettle sings on rainy afternoons.", units, question) is None


def test_a_wrongly_numbered_note_is_put_right() -> None:
    units = split_units(passage_of("The pressure is 1.2 bar. Dev Marsh fitted it in May."))
    claim = check_claim("The pressure is 1.2 bar.", units, "pressure?")
    assert claim is not None
    assert claim.units[0] == units[0]


def test_an_answer_is_of_the_kind_asked_for() -> None:
    assert fits_kind("How much is the rent?", "£240 a month")
    assert not fits_kind("How much is the rent?", "The landlord is kind.")
    assert fits_kind("When is the meeting?", "On Thursday.")
    assert not fits_kind("When is the meeting?", "Gwen and Malik.")


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What is the Amazon basin?", "Amazon basin"),
        ("How does the boiler work?", "The boiler works."),
        ("Which room was painted in 2024?", "The room painted in 2024"),
    ],
)
def test_an_echo_says_nothing(question: str, answer: str) -> None:
    assert is_echo(question, answer)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What is the Amazon basin?", "A river basin"),
        ("Which room was painted in 2024?", "The room painted blue"),
        ("Is the boiler under warranty?", "The boiler is under warranty"),
        ("Was it the bathroom or the kitchen?", "The kitchen"),
        ("When did the lease begin?", "It began in May"),
    ],
)
def test_an_answer_with_a_word_of_its_own_is_no_echo(question: str, answer: str) -> None:
    assert not is_echo(question, answer)


@pytest.mark.parametrize(
    ("name", "title", "opening", "expected"),
    [
        ("2026-04-21-review", "Review", "", "2026-04-21"),
        ("review", "Meeting, Tuesday 10 February 2026", "", "2026-02-10"),
        ("boiler", "Boiler", "---\ndate: 2025-10-03\n---", "2025-10-03"),
        ("portugal-2026", "Portugal", "", ""),
        ("asthma-review-2026-06", "Review", "", "2026-06"),
        ("ruth", "Ruth", "Born 8 April 1951. Lives in Dunmere.", ""),
        ("clubs", "Clubs, year 2025-26", "", "2025"),
    ],
)
def test_a_note_says_its_own_date(name: str, title: str, opening: str, expected: str) -> None:
    assert note_date(name, title, opening) == expected


def test_a_day_is_later_only_where_that_is_certain() -> None:
    assert is_later("2026-03-02", "2026-01-09")
    assert is_later("2026-03", "2025")
    assert not is_later("2026-03-02", "2026-03")
    assert not is_later("2026-03-02", "")
    assert (spelled("2026-03-06"), spelled("2026-03"), spelled("2026")) == (
        "6 March 2026",
        "March 2026",
        "2026",
    )


CHECK_UPS = "## Check-ups\n\n- Nora: Thursday 12 March 2026, 9:20\n- Tomas: Thursday 12 March 2026, 16:50\n"


def test_a_line_of_a_list_says_nothing_of_those_who_have_lines_of_their_own() -> None:
    units = split_units(passage_of(CHECK_UPS, title="Dentist"))
    question = "When is Nora's dentist appointment?"
    claim = check_claim("Nora's dentist appointment is on 12 March 2026.", units, question)
    assert claim is not None
    assert claim.units == (units[0],)
    assert check_claim("Nora's appointment is on 12 March 2026 at 16:50.", units[1:], question) is None
    # Where the name stands above the list, or nowhere beside it, the line may well be about it.
    assert check_claim("It is on 12 March 2026 at 16:50.", units[1:], "When is the dentist?") is not None


def test_a_row_is_about_its_first_cell_whatever_that_begins_with() -> None:
    table = "| crop | variety | bed |\n|--|--|--|\n| potatoes | Foremost | 4 |\n| tomatoes | Roma | glass |\n"
    units = split_units(passage_of(table, title="Planting"))
    question = "What variety of tomatoes was planted in bed 4?"
    assert check_claim("Foremost", units, question) is None
    right = check_claim("Roma", units, "What variety of tomatoes was planted?")
    assert right is not None and right.units == (units[1],)


def test_a_row_of_a_table_says_nothing_of_what_has_a_row_of_its_own() -> None:
    table = "| book | chosen by | marks |\n| --- | --- | --- |\n| Low Water | Femke | 9 |\n| Inland | Nora | 8 |\n"
    units = split_units(passage_of(table, title="Book club"))
    assert check_claim("The book club gave it 8.", [units[1]], "Which marks did Low Water get?") is None
    assert check_claim("The book club gave it 9.", units[:1], "Which marks did Low Water get?") is not None


def test_a_number_that_counts_something_else_carries_no_count() -> None:
    units = split_units(passage_of("- Train to Lisbon, about 2 h 40.\n- The flat costs two nights.\n"))
    question = "How many nights do we pay for the flat in Lisbon?"
    assert check_claim("We pay for 2 nights.", units[:1], question) is None
    assert check_claim("It takes 2 hours.", units[:1], "How many hours does the train take?") is not None


def test_words_that_ask_for_a_sort_of_thing_need_not_be_in_the_notes_and_others_must() -> None:
    notes = "Tomas's tortilla: leave to stand 15 min. Garrick Roofing 555-0150. Ruth's hip operation in May."
    assert not unknown_terms("What dish does Tomas let stand for 15 minutes?", notes + " minutes")
    assert not unknown_terms("Who is the roofer?", notes.replace("Roofing", "roof"))
    assert unknown_terms("Which surgeon did Ruth's hip?", notes) == {"surgeon"}
