"""What code finds in notes: looked up one by one in the sample notes, which were written before the code."""

import time
from datetime import date
from pathlib import Path

import pytest

from pillowbook.domain.digests import Finding, FindingKind
from pillowbook.domain.documents import Passage
from pillowbook.domain.ids import ContentHash, DocumentId, PassageId
from pillowbook.flow.distil.findings import find_in_document

NOTES = Path(__file__).parents[2] / "resources" / "notes"
TODAY = date(2026, 10, 10)


def found(text: str, *, name: str = "note.md", title: str = "Note", head: str = "") -> list[Finding]:
    """All findings of one note that is one passage, below a head that is none."""
    passage = Passage(
        PassageId(1), DocumentId(1), 0, f"/n/{name}", title, text, ContentHash("h"), "", 0, len(text), 1, None
    )
    return find_in_document([passage], head + text, TODAY)[PassageId(1)]


def sample(name: str) -> list[Finding]:
    path = NOTES / name
    text = path.read_text("utf-8")
    title = next((line[2:] for line in text.splitlines() if line.startswith("# ")), path.stem)
    head, body = text.split("\n---\n", 1) if text.startswith("---\n") else ("", text)
    return found(body, name=path.name, title=title, head=head)


def of(findings: list[Finding], kind: FindingKind) -> list[Finding]:
    return [one for one in findings if one.kind is kind]


def test_boxes_are_tasks_and_ticked_ones_are_done() -> None:
    tasks = of(sample("Home/new-router.md"), FindingKind.TASK)
    assert [(one.text, one.is_done) for one in tasks] == [
        ("printer on the new network", True),
        ("doorbell", True),
        ("Ruth's tablet, next time she is here", False),
        ("take the old router to the tip", False),
    ]


@pytest.mark.parametrize(
    ("name", "due", "words", "is_done"),
    [
        ("Kids/autumn-2026.md", date(2026, 10, 31), "Secondary school form", False),
        ("Kids/edie-year6-residential.md", date(2026, 10, 9), "£100", True),
        ("Kids/edie-year6-residential.md", date(2026, 10, 30), "£75", False),
        ("Car/octavia-service-log.md", date(2027, 1, 20), "MOT runs out", False),
        ("Work/Meetings/2026-03-17-website.md", date(2026, 3, 27), "strike out", False),
        ("Work/Meetings/2026-04-21-sourcing-review.md", date(2026, 4, 24), "send the drawing", False),
        ("Money/energy-tariff.md", date(2027, 4, 30), "Ends", False),
        ("Travel/portugal-2026.md", date(2026, 6, 30), "health cards", False),
        ("Work/one-to-one-priya.md", date(2026, 9, 15), "Gwen", False),
    ],
)
def test_deadlines_have_their_day(name: str, due: date, words: str, is_done: bool) -> None:
    mine = [one for one in of(sample(name), FindingKind.TASK) if one.first == due]
    assert [(words in one.text, one.is_done) for one in mine] == [(True, is_done)]


@pytest.mark.parametrize(
    "text",
    [
        "Potatoes and onion in the oil, low, 25 min, they must not brown.",
        "Forms in by the 20th, paid with that month's wages.",
        "He had to be home by 6 March 2026.",
        "The old roof was done by 3 May 2024, before we came.",
        "Box must survive a drop from 80 cm.",
        "**Gwen:** I should ask Catarina.",
        "Term: Thursday 3 September to Friday 18 December.",
    ],
)
def test_what_is_no_task_is_none(text: str) -> None:
    assert of(found(text, name="2026-04-01.md"), FindingKind.TASK) == []


@pytest.mark.parametrize(
    ("text", "due", "told"),
    [
        ("TODO: ring the garage about the belt", None, "ring the garage about the belt"),
        ("Remember to water the tomatoes.", None, "Remember to water the tomatoes."),
        ("I need to renew the passport before 3 May.", date(2026, 5, 3), "renew the passport"),
        ("- [ ] hand in the form by 2 May", date(2026, 5, 2), "hand in the form by 2 May"),
        ("The lease expires on 1 June 2027.", date(2027, 6, 1), "The lease expires"),
    ],
)
def test_what_is_a_task_is_one(text: str, due: date | None, told: str) -> None:
    (task,) = of(found(text, name="2026-04-01.md"), FindingKind.TASK)
    assert told in task.text and task.first == due and not task.is_done


def test_days_have_their_year_from_the_note_or_are_left_out() -> None:
    leak = {one.first for one in of(sample("Home/roof-leak-2025.md"), FindingKind.DAY)}
    assert leak == {
        date(2025, 11, 9), date(2025, 11, 10), date(2025, 11, 13), date(2025, 11, 18), date(2025, 11, 20),
        date(2025, 12, 2), date(2025, 12, 11), date(2025, 12, 15), date(2025, 12, 19), date(2026, 1, 8),
    }  # fmt: skip
    # A note of January that says "3-5 August" may mean the one before or the one to come.
    brief = {one.first for one in of(sample("Work/marisco-range-brief.md"), FindingKind.DAY)}
    assert brief == {date(2026, 9, 14), date(2026, 9, 21)}
    assert of(found("Carys has her birthday on 19 June."), FindingKind.DAY) == []
    spans = [(one.first, one.last) for one in of(sample("Home/kitchen-repaint.md"), FindingKind.DAY)]
    assert spans == [(date(2026, 4, 3), date(2026, 4, 8))]


def test_amounts_have_a_currency_and_stand_in_their_quote() -> None:
    amounts = of(sample("Home/kitchen-repaint.md"), FindingKind.AMOUNT)
    assert {one.value for one in amounts} == {"£62.00", "£24.50", "£29.95", "£41.20", "£157.65"}
    text = (NOTES / "Home/kitchen-repaint.md").read_text("utf-8").split("\n---\n", 1)[1]
    assert all(one.value in text[one.start : one.end] for one in amounts)


def test_names_are_no_months_and_no_first_words() -> None:
    names = {one.value for one in of(sample("Health/dentist.md"), FindingKind.NAME)}
    assert {"Mr Osei", "Ms Lindqvist"} <= names
    assert not names & {"Parking", "Hygienist", "March", "Thursday", "Cancel"}


def test_what_is_left_open_is_found_outside_conversations() -> None:
    brief = [one.text for one in of(sample("Work/marisco-range-brief.md"), FindingKind.OPEN)]
    assert len(brief) == 2 and brief[1].startswith("who makes the shades")
    assert of(sample("Work/Meetings/2026-04-21-sourcing-review.md"), FindingKind.OPEN) == []
    assert of(found("The colour of the door is to be decided."), FindingKind.OPEN)
    assert of(found("Do we want a second pod upstairs?"), FindingKind.OPEN)


def test_hostile_text_costs_no_time() -> None:
    """Patterns that could run away on long lines do not."""
    began = time.process_time()
    found(("by " * 3000) + ("A" * 20000) + (" [[" * 2000) + ("1 " * 5000))
    assert time.process_time() - began < 30, "minutes, where one does"
