"""Contradictions between notes, and notes that belong together. False alarms are worse than misses."""

from pathlib import PurePath

import pytest
from tests.flow.conftest import Stream

from pillowbook.answering.units import Unit, split_units
from pillowbook.domain.digests import PassKind, RelationKind
from pillowbook.domain.documents import Passage
from pillowbook.domain.ids import ContentHash, DocumentId, PassageId
from pillowbook.flow.distil.conflicts import judge_statements
from pillowbook.flow.distil.links import linked_names


def unit(text: str, title: str = "Note") -> Unit:
    passage = Passage(
        PassageId(1),
        DocumentId(1),
        0,
        f"/n/{title}.md",
        title,
        text,
        ContentHash("h"),
        "",
        0,
        len(text),
        1,
        None,
    )
    return split_units(passage)[0]


def judged(older: str, newer: str, similarity: float = 0.6, *, has_order: bool = True) -> RelationKind | None:
    return judge_statements(unit(older), unit(newer), similarity, has_order=has_order)


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("Rent £215 a month, due on the 1st.", "From 1 April the rent will be £240 a month (until now £215)."),
        ("Guest password: plum-harbour-42", "The guest password is now copper-otter-17."),
        ("In the office Tuesday and Thursday.", "Office people come in Mondays, not Tuesdays and Thursdays any more."),
        ("Preventer, two puffs morning.", "The preventer has changed to one puff morning."),
        ("Flight KL204 to Oslo leaves at 7:10.", "Your flight KL204 has been cancelled."),
        ("Decided: we paint the hall green.", "The decision about the hall is reversed."),
        ("Choir practice is on Monday at 19:00.", "Choir practice has moved to Wednesday."),
    ],
)  # fmt: skip
def test_what_says_that_it_changed_supersedes(older: str, newer: str) -> None:
    assert judged(older, newer) is RelationKind.SUPERSEDED
    assert judged(older, newer, 0.4) is None
    assert judged(older, newer, has_order=False) is not RelationKind.SUPERSEDED


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("Rent £215 a month.", "Nothing else in the lease changed, the rent is £215 a month."),
        ("Rent £215 a month.", "The rent is now due by transfer, £215 a month."),
        ("Spring prices: plus 3.5% from 1 April.", "Prices: plus 2% from 1 January."),
        ("Choir practice is on Monday.", "The dentist has moved to Wednesday."),
        ("Meeting on 3 May at the mill.", "The meeting of 9 June has moved to the mill."),
        ("Jonah swims on Tuesday.", "Edie's piano has moved to Friday."),
        ("Two eggs and a lemon.", "Now add three eggs."),
        ("Kestrel kept warm, no order.", "The order of 3 May has been cancelled."),
    ],
)
def test_what_may_both_be_true_is_no_contradiction(older: str, newer: str) -> None:
    assert judged(older, newer, 0.7) is None


@pytest.mark.parametrize(
    ("first", "second", "is_one"),
    [
        ("The garden fence posts cost £40 altogether.", "The garden fence posts cost £55 altogether.", True),
        ("The fence posts cost £40 on 3 May.", "The fence posts cost £55 on 9 June.", False),
        ("The shed fence posts cost £40 altogether.", "The front garden gate hinges cost £55 altogether.", False),
        ("I paid Carys for the hens, £40.", "I paid Femke for the hens, £55.", False),
    ],
)  # fmt: skip
def test_the_same_said_of_the_same_but_for_one_value(first: str, second: str, is_one: bool) -> None:
    found = judged(first, second, 0.9, has_order=False)
    assert (found is RelationKind.CONTRADICTION) is is_one
    assert judged(first, second, 0.7, has_order=False) is None


# -- the whole -----------------------------------------------------------------------------------------------------

OLD = "# Choir 2026-01-10\n\nChoir practice is on Monday at 19:00 in the village hall.\n"
NEW = "# Choir 2026-03-02\n\nChoir practice in the village hall has moved to Wednesday at 19:30.\n"


@pytest.fixture
def choir(stream: Stream) -> Stream:
    stream.write("choir-2026-01-10.md", OLD)
    stream.write("choir-2026-03-02.md", NEW)
    stream.write("bread.md", "# Bread\n\nFlour, water, salt, and time enough to rise.\n")
    stream.sync()
    assert stream.beyond.compare().made == 3
    return stream


def test_both_are_cited_and_the_newer_is_named(choir: Stream) -> None:
    (conflict,) = choir.overview.conflicts()
    assert (conflict.older_day, conflict.newer_day) == ("2026-01-10", "2026-03-02")
    assert "Monday" in conflict.older.quote and "Wednesday" in conflict.newer.quote
    assert conflict.newer_says_so
    for cited in (conflict.older, conflict.newer):
        assert choir.library.text(cited.document_id)[cited.start : cited.end] == cited.quote


@pytest.mark.parametrize("name", ["choir-2026-01-10.md", "choir-2026-03-02.md"])
def test_it_goes_at_once_with_either_note(choir: Stream, name: str) -> None:
    (choir.notes / name).write_text("# Choir\n\nNothing is said here of any day.\n", encoding="utf-8")
    choir.sync()
    assert choir.overview.conflicts() == []
    assert choir.beyond.compare().made == 1
    assert choir.overview.conflicts() == []
    (choir.notes / name).unlink()
    choir.sync()
    assert choir.overview.conflicts() == []


def test_only_the_changed_note_is_compared_again_and_what_was_found_stays(choir: Stream) -> None:
    choir.embedder.texts.clear()
    path = choir.notes / "choir-2026-01-10.md"
    path.write_text(OLD + "\n## Cake\n\nWinifred brings cake.\n", encoding="utf-8")
    choir.sync()
    assert len(choir.overview.conflicts()) == 1, "what it rests on is unchanged"
    assert [choir.document("choir-2026-01-10.md")] == choir.vault.findings.documents_without(
        PassKind.COMPARE, 9
    )
    assert choir.beyond.compare().made == 1
    assert len(choir.overview.conflicts()) == 1, "found from both sides, it is one"


def test_the_work_for_one_document_does_not_grow_with_the_library(
    stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    for at in range(60):
        stream.write(
            f"choir{at}.md", f"# Choir {at}\n\nChoir practice number {at} was in the village hall.\n"
        )
    stream.sync()
    judgements = 0

    def count(*_arguments: object, **_named: object) -> None:
        nonlocal judgements
        judgements += 1

    monkeypatch.setattr("pillowbook.flow.distil.compare.judge_statements", count)
    stream.write("choir-new.md", NEW)
    stream.sync()
    while stream.beyond.is_compare_due():
        stream.beyond.compare()
    assert 61 <= judgements <= 61 * 8


def test_notes_that_belong_together_are_named_unless_they_are_linked(choir: Stream) -> None:
    first = str(choir.notes / "choir-2026-01-10.md")
    (found,) = choir.overview.related(first)
    assert PurePath(found.path).name == "choir-2026-03-02.md"
    assert found.here.path == first and found.there.path == found.path
    (back,) = choir.overview.related(found.path)
    assert back.path == first
    choir.write("choir-2026-03-02.md", NEW + "\nSee [[choir-2026-01-10]].\n")
    choir.sync()
    choir.beyond.compare()
    assert choir.overview.related(first) == []


def test_a_link_set_later_counts_too(choir: Stream) -> None:
    """In another passage than the one that is alike: what was compared before need not be compared again."""
    first = str(choir.notes / "choir-2026-01-10.md")
    choir.write("choir-2026-03-02.md", NEW + "\n## Links\n\n[[choir-2026-01-10]] was the winter's note.\n")
    choir.sync()
    assert choir.overview.related(first) == []


def test_links_of_both_kinds_are_read() -> None:
    text = "See [[new-router]], [[Home/roof|the roof]], [plan](../Health/jonah%20asthma.md#top) and [web](https://a.b/c)."
    assert linked_names(text) == {"new-router", "roof", "jonah asthma"}
