"""Digests of long documents, folders and topics: what is remade, what is not, and what goes when a note goes."""

from collections.abc import Sequence

import pytest
from tests.flow.conftest import Stream

from pillowbook.domain.answers import Reason
from pillowbook.domain.digests import FindingKind
from pillowbook.domain.errors import Cancelled
from pillowbook.domain.work import Slice, SliceKind, SliceResult
from pillowbook.flow.distil.folders import folder_states
from pillowbook.flow.distil.gists import READ_CHARS, sound_gist
from pillowbook.host.workers import CancelToken
from pillowbook.models.generator.client import Message
from pillowbook.schedule.plan import next_slice

NOTES = {
    "Car/tyres.md": "# Tyres\n\nTwo tyres, rear, £196 at Quarry Lane Motors on 3 June 2026.\n",
    "Car/belt.md": "# Belt\n\nThe timing belt is due at 90,000 miles, about £540.\n",
    "Home/Garden/beans.md": "# Beans\n\nBroad beans sown on 7 March 2026 in bed 2.\n",
    "Home/Garden/apples.md": "# Apples\n\nBramley gave 31 kg in October 2025.\n",
    "Home/roof.md": "# Roof\n\nGarrick fixed eleven slates for £1,368 in December 2025.\n",
}


def work(stream: Stream, *, but: frozenset[SliceKind] = frozenset({SliceKind.TOPICS})) -> list[Slice]:
    """Everything there is to do, as the runner does it, without predicting and preparing; what was done."""
    done: list[Slice] = []
    skipped: set[Slice] = set()
    while (slice_ := next_slice(stream.stages.queues(frozenset(skipped)))) is not None:
        assert len(done) + len(skipped) < 300, "the work does not end"
        if slice_.kind in but | {SliceKind.PREDICT, SliceKind.PREPARE}:
            if slice_.kind is SliceKind.PREDICT and slice_.document_id is not None:
                digested = Slice(SliceKind.DISTIL, document_id=slice_.document_id)
                assert digested not in skipped
            skipped.add(slice_)
            continue
        outcome = stream.stages.run(slice_, CancelToken())
        assert outcome.result is SliceResult.DONE, slice_
        done.append(slice_)
    return done


def kinds(done: Sequence[Slice]) -> dict[SliceKind, int]:
    return {kind: sum(one.kind is kind for one in done) for kind in SliceKind}


@pytest.fixture
def house(stream: Stream) -> Stream:
    """Two folders, one with a folder in it, all distilled."""
    for name, text in NOTES.items():
        stream.write(name, text)
    stream.sync()
    stream.says["what all of it is about"] = "Beans and Apples."
    work(stream)
    return stream


# -- long documents ------------------------------------------------------------------------------------------------


def test_a_meeting_of_ten_thousand_words_is_read_by_sections_and_then_together(stream: Stream) -> None:
    lines = [
        f"**Nora:** Item {at} of the plan was agreed with Malik for £{at + 100} a month." for at in range(720)
    ]
    stream.write("meeting.md", "# Meeting\n\n" + "\n\n".join(lines) + "\n")
    stream.sync()
    document_id = stream.document("meeting.md")
    text = stream.library.text(document_id)
    assert len(text.split()) > 10_000
    stream.says["one or two sentences"] = "Malik agreed to the plan."
    stream.says["what all of it is about"] = "Malik agreed to the plan. It costs £9,999,999."
    stream.says["Numbers only"] = "1"
    slices = 0
    while stream.knowledge.digest(document_id) is None:
        before = len(stream.generator.calls)
        assert stream.distiller.distil(document_id).result is SliceResult.DONE
        assert len(stream.generator.calls) - before <= 3, "a slice reads one section"
        slices += 1
    digest = stream.knowledge.digest(document_id)
    assert digest is not None and slices >= 10
    assert digest.gist == "Malik agreed to the plan."
    assert digest.facts and all(fact.quote in text for fact in digest.facts)
    assert all(len(call[-1].text) <= READ_CHARS + 1000 for call in stream.generator.calls)
    places = [text.index(fact.quote) for fact in digest.facts]
    assert max(places) > len(text) / 2, "the facts are not all of the beginning"


def test_a_section_that_did_not_change_is_not_read_again(stream: Stream) -> None:
    parts = [f"## Part {at}\n\n" + f"The note about thing {at} says much of it. " * 60 for at in range(6)]
    stream.write("long.md", "# Long\n\n" + "\n\n".join(parts) + "\n")
    stream.sync()
    stream.says["one or two sentences"] = "The note says much."
    document_id = stream.document("long.md")
    while stream.knowledge.digest(document_id) is None:
        stream.distiller.distil(document_id)
    first = len(stream.generator.calls)
    parts[-1] = parts[-1].replace("thing 5", "thing 55")
    stream.write("long.md", "# Long\n\n" + "\n\n".join(parts) + "\n")
    stream.sync()
    assert stream.knowledge.digest(document_id) is None
    while stream.knowledge.digest(document_id) is None:
        stream.distiller.distil(document_id)
    read = [call for call in stream.generator.calls[first:] if "thing 0 " in call[-1].text]
    assert read == [] and len(stream.generator.calls) > first


def test_a_long_document_is_taken_up_where_it_was_left(stream: Stream) -> None:
    """Cancelled once in every section, it still reads each of them to the end exactly once."""
    parts = [f"## Part {at}\n\n" + f"The note about thing {at} says much of it. " * 60 for at in range(4)]
    stream.write("long.md", "# Long\n\n" + "\n\n".join(parts) + "\n")
    stream.sync()
    document_id = stream.document("long.md")
    finished: list[str] = []
    calls = 0

    def reply(messages: Sequence[Message]) -> str:
        nonlocal calls
        calls += 1
        if calls % 3 == 1:
            raise Cancelled
        finished.append(messages[-1].text)
        return "The note says much." if "Numbers only" not in messages[-1].text else "1, 2"

    stream.generator._make = reply
    results = []
    while stream.knowledge.digest(document_id) is None:
        results.append(stream.distiller.distil(document_id).result)
        assert len(results) < 60
    assert SliceResult.CANCELLED in results
    gists = [text for text in finished if "one or two sentences" in text]
    sections = len(stream.vault.digests.sections(document_id))
    assert len(gists) == len(set(gists)) == sections


def test_every_sentence_of_a_gist_is_carried() -> None:
    read = "The belt is due at 90,000 miles, says Jo. It costs about £540."
    assert sound_gist("The belt is due at 90,000 miles. It costs £640.", read, sentences=3) == (
        "The belt is due at 90,000 miles."
    )
    assert sound_gist("Stan says the belt is due.", read, sentences=3) == "Stan says the belt is due."
    assert sound_gist("The belt, says Malik, is due.", read, sentences=3) == ""
    assert sound_gist("Elephants wander across the plain at dusk.", read, sentences=3) == ""
    assert sound_gist("The belt is due at 90,000 miles and", read, sentences=3) == ""


# -- folders -------------------------------------------------------------------------------------------------------


def test_folders_are_distilled_from_the_leaves_up(house: Stream) -> None:
    made = {one.path.removeprefix(str(house.notes)): one for one in house.beyond.folders.current()}
    assert set(made) == {"", "/Car", "/Home", "/Home/Garden"}
    assert made["/Home/Garden"].gist == "Beans and Apples."
    # What it does not hold is not said of the car: the first sentences of its notes stand in.
    assert "Belt" in made["/Car"].gist and "Beans" not in made["/Car"].gist
    texts = {note.split("\n\n")[1].strip() for note in NOTES.values()}
    assert all(any(fact.quote in text for text in texts) for one in made.values() for fact in one.facts)


def test_only_what_a_change_reaches_is_made_anew(house: Stream) -> None:
    house.write("Home/Garden/apples.md", NOTES["Home/Garden/apples.md"].replace("31 kg", "32 kg"))
    house.sync()
    current = {one.path.removeprefix(str(house.notes)) for one in house.beyond.folders.current()}
    assert current == {"/Car"}, "what rests on the change is withheld at once"
    done = work(house)
    assert kinds(done)[SliceKind.DISTIL] == 1
    # The garden says what it said, for all that a fact of it differs; above it, its facts differ too.
    remade = [one.folder and one.folder.removeprefix(str(house.notes)) for one in done if one.folder]
    assert remade == ["/Home/Garden", "/Home", ""]


def test_a_document_that_says_what_it_said_changes_nothing_above_it(house: Stream) -> None:
    """Another text, distilled anew to the same digest: its folder and those above are not made again."""
    facts = [f"On {at} May 2026 the belt cost £{500 + at}." for at in range(1, 11)]
    filler = ["The belt is long and black, and it turns with the engine all day."] * 10
    house.write("Car/belt.md", "# Belt\n\n" + "\n\n".join([*facts, *filler]) + "\n")
    house.says["one or two sentences"] = "The belt turns with the engine."
    house.sync()
    assert kinds(work(house))[SliceKind.FOLDER] == 2, "the car and the root"
    house.write("Car/belt.md", "# Belt\n\n" + "\n\n".join([*facts, *filler, "It is a good belt."]) + "\n")
    house.sync()
    assert {one.path for one in house.beyond.folders.current()}.isdisjoint({str(house.notes / "Car")})
    done = kinds(work(house))
    assert done[SliceKind.DISTIL] >= 1 and done[SliceKind.FOLDER] == 0
    assert len(house.beyond.folders.current()) == 4


def test_touching_a_file_makes_nothing_anew(house: Stream) -> None:
    path = house.notes / "Car" / "belt.md"
    path.touch()
    house.sync()
    assert work(house) == []


def test_a_note_that_waits_to_be_read_leads_to_no_folder_work_without_end(house: Stream) -> None:
    """Its folder has one note less meanwhile, and the same again when it is back as it was."""
    folder = house.library.folders()[0]
    path = house.notes / "Car" / "belt.md"
    house.library.put_waiting(folder.id, str(path), "markdown")
    work(house)
    assert {one.path for one in house.beyond.folders.current()}.isdisjoint({str(house.notes / "Car")})
    fingerprint = house.library.document(house.document("Car/belt.md")).fingerprint
    assert fingerprint is not None
    house.library.touch(house.document("Car/belt.md"), fingerprint)
    work(house)
    assert len(house.beyond.folders.current()) == 4


@pytest.mark.parametrize("is_back", [False, True])
def test_folder_work_that_came_too_late_is_not_offered_again(house: Stream, is_back: bool) -> None:
    """The note went or came between the look at what there is to do and the doing."""
    folders, folder = house.beyond.folders, house.library.folders()[0]
    car, belt = str(house.notes / "Car"), house.document("Car/belt.md")
    fingerprint = house.library.document(belt).fingerprint
    assert fingerprint is not None
    house.library.put_waiting(folder.id, str(house.notes / "Car" / "belt.md"), "markdown")
    assert car in folders.stale()
    if is_back:
        house.library.touch(belt, fingerprint)
    folders.distil(car)
    assert car not in folders.stale()


def test_a_deleted_note_takes_everything_with_it_at_once(house: Stream) -> None:
    house.beyond.find()
    (house.notes / "Home" / "Garden" / "apples.md").unlink()
    house.sync()
    with house.vault._require_opened().database.read() as connection:
        rows = connection.execute("SELECT gist || facts FROM folder_digests").fetchall()
        findings = connection.execute("SELECT text FROM findings").fetchall()
        gists = connection.execute("SELECT gist || facts FROM digests").fetchall()
    left = " ".join(row[0] for row in [*rows, *findings, *gists])
    assert "Bramley" not in left and "Tyres" in left
    work(house)
    paths = {one.path.removeprefix(str(house.notes)) for one in house.beyond.folders.current()}
    assert paths == {"", "/Car", "/Home"}, "a folder with one note says nothing of its own"


def test_a_watched_file_and_an_empty_library_have_no_folders() -> None:
    assert folder_states([], {"/notes"}, {}, {}) == {}


# -- slices --------------------------------------------------------------------------------------------------------


def test_documents_go_before_what_rests_on_them(stream: Stream) -> None:
    for name, text in NOTES.items():
        stream.write(name, text)
    stream.sync()
    order = [one.kind for one in work(stream)]
    assert order[0] is SliceKind.FIND
    assert order.index(SliceKind.COMPARE) > max(
        at for at, kind in enumerate(order) if kind is SliceKind.DISTIL
    )
    assert order.index(SliceKind.FOLDER) > order.index(SliceKind.COMPARE)
    stream.add_question("What did the tyres cost?", Reason.ASKED)
    asked = next_slice(stream.stages.queues(frozenset()))
    assert asked is not None and asked.kind is SliceKind.PREPARE


def test_a_cancelled_slice_keeps_what_it_had(stream: Stream) -> None:
    for name, text in NOTES.items():
        stream.write(name, text)
    stream.sync()
    cancel = CancelToken()
    cancel.cancel()
    for run in (stream.beyond.find, stream.beyond.compare, stream.beyond.topics.regroup):
        outcome = run(cancel)
        assert outcome.result is SliceResult.CANCELLED or run == stream.beyond.topics.regroup
    assert stream.beyond.is_find_due() and stream.beyond.is_compare_due()
    assert stream.beyond.find().made == len(NOTES)
    findings = stream.vault.findings.findings(FindingKind)
    assert stream.beyond.find().result is SliceResult.FAILED, "there is nothing left to find"
    assert stream.vault.findings.findings(FindingKind) == findings
