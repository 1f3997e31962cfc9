"""What was distilled, as clients see it."""

from datetime import date

import pytest
from tests.flow.conftest import Stream
from tests.flow.test_digests import NOTES, work

from pillowbook.cli.digests import tasks_text
from pillowbook.domain.errors import DocumentUnknown, FolderUnknown


@pytest.fixture
def house(stream: Stream) -> Stream:
    for name, text in NOTES.items():
        stream.write(name, text)
    stream.write(
        "todo.md", "# To do\n\n- [ ] order the belt by 1 May 2027\n- [ ] sweep\n- [x] ring Jo by 2 May 2026\n"
    )
    stream.sync()
    work(stream)
    return stream


def test_findings_are_cited_where_they_stand(house: Stream) -> None:
    shown = house.overview
    tasks = shown.tasks()
    assert [(task.due, task.is_done) for task in tasks] == [
        (date(2026, 5, 2), True),
        (date(2027, 5, 1), False),
        (None, False),
    ]
    for citation in [one.citation for one in tasks] + [one.citation for one in shown.timeline()]:
        text = house.library.text(citation.document_id)
        assert text[citation.start : citation.end] == citation.quote
        assert citation.line is not None
    days = [one.first for one in shown.timeline()]
    assert days == sorted(days) and date(2026, 6, 3) in days


def test_a_document_s_digest_tells_what_code_found(house: Stream) -> None:
    (view,) = house.overview.documents(str(house.notes / "Car" / "tyres.md"))
    assert view.amounts == ("£196",)
    assert "Quarry Lane Motors" in view.names
    assert [one.first for one in view.dates] == [date(2026, 6, 3)]


def test_what_moved_is_cited_where_it_stands_now(house: Stream) -> None:
    """Text put before a task moves it; nothing is found anew for it, and its citation follows."""
    before = house.overview.tasks()[1]
    path = house.notes / "todo.md"
    path.write_text("# Wishes\n\nA new shed, some day.\n\n" + path.read_text("utf-8"), encoding="utf-8")
    house.sync()
    after = [task for task in house.overview.tasks() if task.due == before.due]
    for task in after:
        text = house.library.text(task.citation.document_id)
        assert text[task.citation.start : task.citation.end] == task.citation.quote


def test_a_folder_shows_its_own_digest_and_those_below(house: Stream) -> None:
    shown = house.overview
    names = [view.title for view in shown.folder(str(house.notes / "Home"))]
    assert names == ["Home", "Garden"]
    with pytest.raises(FolderUnknown):
        shown.folder(str(house.notes / "nowhere"))
    with pytest.raises(DocumentUnknown):
        shown.related(str(house.notes / "nowhere.md"))


def test_tasks_to_come_stand_first(house: Stream) -> None:
    tasks = house.overview.tasks()
    text = tasks_text(tasks, date(2026, 10, 10))
    assert text.index("Coming up") < text.index("order the belt") < text.index("sweep")
    assert text.endswith("1 more are done.")
    assert "Past" in tasks_text(tasks, date(2027, 6, 1))


def test_a_question_about_much_leads_to_the_folder_and_its_passages(house: Stream) -> None:
    shown = house.overview
    best = shown.about("What did the tyres and the belt cost at Quarry Lane?", 3)[0]
    assert (best.kind, best.name) == ("folder", str(house.notes / "Car"))
    assert {citation.title for citation in best.citations} == {"Tyres", "Belt"}
    for citation in best.citations:
        text = house.library.text(citation.document_id)
        assert text[citation.start : citation.end] == citation.quote
    assert shown.about("Quarry Lane", 0) == []
    (house.notes / "Car" / "belt.md").unlink()
    house.sync()
    assert str(house.notes / "Car") not in {hit.name for hit in shown.about("tyres belt Quarry Lane", 9)}
