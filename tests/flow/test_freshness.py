"""Freshness at the moment of serving: the files decide, whatever their times say."""

import mmap
import os
from pathlib import Path

import pytest
from tests.flow.conftest import BOILER, Stream

from pillowbook.answering.pairs import normalise_question
from pillowbook.domain.answers import Answer, AnswerKind, Freshness, Reason
from pillowbook.domain.asking import AskMode
from pillowbook.flow.serve import freshness

ASKED = "What should the cold boiler pressure be?"
PUFFS = """# Inhaler

Who takes how much of it.

## Jonah

- Two puffs in the morning, and none at night.

## Mia

- One puff in the morning, and one at night.
"""


def serve(stream: Stream, question: str = ASKED) -> Answer:
    return stream.server.ask(question, mode=AskMode.PREPARED_ONLY, learn=False)


def test_what_is_written_through_a_memory_map_is_seen_though_the_files_times_stay(stream: Stream) -> None:
    """st_mtime and st_ctime may stay as they were until the pages are written back (mmap(2))."""
    path = stream.write("boiler.md", BOILER)
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
        mapped[0:1] = b"#"  # the page is dirty from here on, and its times are set
        stream.clock.days = 1  # read long after it was written, so that equal times would be believed
        stream.sync()
        stream.says["boiler pressure"] = "The cold pressure should sit between 1.2 and 1.5 bar."
        stream.prepare(ASKED)
        assert serve(stream).freshness is Freshness.FRESH
        at = mapped.find(b"1.2 and 1.5")
        mapped[at : at + 11] = b"1.0 and 1.3"
        answer = serve(stream)
    assert "1.2" not in answer.answer
    assert answer.freshness is not Freshness.FRESH


def test_a_file_found_changed_is_read_anew_though_its_times_stay(boiler: Stream) -> None:
    path = boiler.notes / "boiler.md"
    known = path.stat()
    path.write_text(BOILER.replace("1.2 and 1.5", "1.0 and 1.3"), encoding="utf-8")
    document = boiler.library.document(boiler.document("boiler.md"))
    assert document.fingerprint is not None
    os.utime(path, ns=(known.st_atime_ns, known.st_mtime_ns))
    boiler.ingestor.handle_change(str(path))
    while boiler.ingestor.ingest_next(lambda: False):
        pass
    assert "1.0 and 1.3" in boiler.library.text(document.id)


def test_a_big_file_is_read_where_the_system_has_no_time_of_change(
    boiler: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freshness, "SMALL_BYTES", 0)
    monkeypatch.setattr(freshness, "HAS_CHANGE_TIME", False)
    path = boiler.notes / "boiler.md"
    monkeypatch.setattr(freshness, "_is_as_it_was", lambda now, source: True)
    boiler.clock.days = 1
    path.write_text(BOILER.replace("1.2 and 1.5", "1.0 and 1.3"), encoding="utf-8")
    assert serve(boiler).answer == ""


def test_words_that_moved_under_another_heading_say_something_else(stream: Stream) -> None:
    stream.write("inhaler.md", PUFFS)
    stream.sync()
    stream.says["puffs"] = "Jonah takes two puffs in the morning."
    asked = "How many puffs does Jonah take in the morning?"
    stream.prepare(asked)
    assert serve(stream, asked).freshness is Freshness.FRESH
    swapped = PUFFS.replace("Jonah", "-").replace("Mia", "Jonah").replace("## -", "## Mia")
    stream.write("inhaler.md", swapped)
    assert serve(stream, asked).answer == ""


def test_the_note_says_what_was_said_and_what_stands_there_now(boiler: Stream) -> None:
    boiler.write("boiler.md", BOILER.replace("1.2 and 1.5", "1.0 and 1.3"))
    note = serve(boiler).change_note
    assert note.startswith("Before: The cold pressure should sit between 1.2 and 1.5 bar.")
    assert note.endswith(
        "in Boiler, which says now: “- Cold pressure should sit between **1.0 and 1.3 bar**.”."
    )


def test_a_sentence_that_was_taken_out_has_no_successor(boiler: Stream) -> None:
    boiler.write("boiler.md", BOILER.replace("- Cold pressure should sit between **1.2 and 1.5 bar**.\n", ""))
    assert serve(boiler).change_note.endswith("in Boiler, where these words no longer stand like that.")


def test_what_was_deleted_is_not_told_once_more(boiler: Stream) -> None:
    (boiler.notes / "boiler.md").unlink()
    answer = serve(boiler)
    assert answer.change_note == "It rested on Boiler, which is no longer there."


def test_the_note_names_the_document_that_changed_and_no_other(stream: Stream) -> None:
    stream.write("2025-11-24.md", "# Jonah\n\nJonah takes two puffs of the inhaler.\n")
    stream.write("2026-06-11.md", "# Jonah\n\nThe inhaler does Jonah take now: one puff of the inhaler.\n")
    stream.sync()
    stream.says["two puffs"] = "Jonah takes two puffs of the inhaler."
    asked = "How many puffs of the inhaler does Jonah take?"
    stream.prepare(asked)
    served = serve(stream, asked)
    assert len({cited.path for cited in served.citations}) == 2
    assert served.checked_files == 2
    other = served.citations[1].path
    Path(other).write_text("# Jonah\n\nJonah takes six puffs of the inhaler.\n", encoding="utf-8")
    assert "six puffs" in serve(stream, asked).change_note


def test_a_note_in_an_older_encoding_that_changed_elsewhere_stays_fresh(stream: Stream) -> None:
    text = "Das Café öffnet um sieben Uhr.\n\n" + "Ein Absatz über etwas ganz anderes. " * 30
    path = stream.notes / "cafe.txt"
    path.write_bytes(text.encode("latin-1"))
    stream.sync()
    stream.says["Café"] = "Das Café öffnet um sieben Uhr."
    asked = "Wann öffnet das Café um sieben Uhr?"
    stream.prepare(asked)
    assert serve(stream, asked).freshness is Freshness.FRESH
    path.write_bytes((text + "\n\n" + "Noch ein Absatz für später. " * 30).encode("latin-1"))
    assert serve(stream, asked).freshness is Freshness.FRESH


def test_hits_and_likely_passages_are_none_that_a_file_no_longer_holds(boiler: Stream) -> None:
    boiler.write("boiler.md", BOILER.replace("1.2 and 1.5", "1.0 and 1.3"))
    (boiler.notes / "dog.md").unlink()
    assert not any("1.2" in hit.snippet for hit in boiler.server.search("cold pressure").hits)
    assert boiler.server.search("vet Mungo Saltmarsh").hits == ()
    nearest = boiler.server.ask("Where is the vet Mungo?", mode=AskMode.PREPARED_ONLY, learn=False).nearest
    assert not any("Femi" in cited.quote for cited in nearest)


def test_newer_evidence_that_is_gone_again_is_not_shown_beside_the_answer(boiler: Stream) -> None:
    newer = "# Boiler\n\nDev says the cold boiler pressure should be 1.7 bar from now on.\n"
    path = boiler.write("visit.md", newer)
    boiler.sync()
    assert "1.7" in serve(boiler).nearest[0].quote
    path.write_text(newer.replace("1.7", "1.4"), encoding="utf-8")
    assert serve(boiler).nearest == ()


def test_a_question_whose_source_is_gone_is_not_offered(boiler: Stream) -> None:
    typed = "what should the cold boi"
    assert boiler.server.complete(typed)
    (boiler.notes / "boiler.md").unlink()
    assert boiler.server.complete(typed) == []


def test_a_note_that_is_edited_elsewhere_still_offers_its_questions_and_hits(boiler: Stream) -> None:
    boiler.write("boiler.md", BOILER + "\n## Odd noises\n\nA rumble is normal, banging is not.\n")
    assert boiler.server.complete("what should the cold boi")
    assert boiler.server.search("flame button").hits


def test_a_question_is_known_by_its_words(boiler: Stream) -> None:
    """The tests above rest on it: an equal question is matched without any model."""
    known = boiler.knowledge.question_by_normal(normalise_question(ASKED))
    assert known is not None
    assert known.reason is Reason.REQUESTED


def test_an_overview_counts_each_state_and_looks_at_each_file_once(
    boiler: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    boiler.says["Who is the vet"] = "His vet is Femi at Saltmarsh Vets."
    boiler.prepare("Who is the vet of Mungo?")
    boiler.says["flame button held"] = "Reset: hold the flame button for five seconds."
    boiler.prepare("How long is the flame button held for a reset?")
    looked: list[str] = []
    look = Path.stat

    def stat(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if path.suffix == ".md":
            looked.append(path.name)
        return look(path, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(Path, "stat", stat)
    prepared = boiler.knowledge.prepared_answers()
    states = freshness.count_states(prepared, boiler.library, reread=boiler.ingestor.passages_now)
    assert states == {Freshness.FRESH: 3}
    assert sorted(looked) == ["boiler.md", "dog.md"]
    boiler.write("boiler.md", BOILER.replace("1.2 and 1.5", "1.0 and 1.3"))
    (boiler.notes / "dog.md").unlink()
    states = freshness.count_states(prepared, boiler.library, reread=boiler.ingestor.passages_now)
    assert states[Freshness.GONE] == 1
    assert states[Freshness.CHANGED] >= 1
    assert sum(states.values()) == 3


def test_where_a_drive_was_mounted_nothing_can_be_checked_and_nothing_goes(boiler: Stream) -> None:
    assert serve(boiler).freshness is Freshness.FRESH
    (folder,) = boiler.library.folders()
    boiler.library.note_mount_point(folder.id, True)
    away = boiler.notes.with_name("away")
    boiler.notes.rename(away)
    boiler.notes.mkdir()
    answer = serve(boiler)
    assert answer.answer and answer.freshness is Freshness.UNCHECKED
    boiler.notes.rmdir()
    away.rename(boiler.notes)
    assert serve(boiler).freshness is Freshness.FRESH


def test_an_answer_from_more_places_than_it_shows_goes_with_any_of_them(stream: Stream) -> None:
    """Only a few quotes are shown; each note that carries a sentence decides."""
    people = ("Ada", "Bert", "Cleo", "Dora", "Emil", "Fritz", "Gina")
    wishes = ("curtains", "heaters", "benches", "a stage", "lanterns", "a ramp", "a kettle")
    lines = [
        f"{name} said that the village hall needs {wish}." for name, wish in zip(people, wishes, strict=True)
    ]
    for name, line in zip(people, lines, strict=True):
        stream.write(f"{name}.md", f"# {name}\n\n{line}\n")
    stream.sync()
    asked = "What did everyone say about the village hall?"
    stream.says["village hall"] = " ".join(lines)
    stream.prepare(asked)
    answer = serve(stream, asked)
    assert answer.freshness is Freshness.FRESH and answer.answer == " ".join(lines)
    shown = {Path(one.path).stem for one in answer.citations}
    assert len(shown) < len(people) and answer.checked_files == len(people)
    hidden = next(name for name in people if name not in shown)
    path = stream.notes / f"{hidden}.md"
    path.write_text(path.read_text("utf-8").replace("needs", "does not need"), "utf-8")
    answer = serve(stream, asked)
    assert answer.answer == "" and hidden in answer.change_note


def test_what_was_compared_with_nothing_is_not_called_fresh(stream: Stream) -> None:
    """An empty vault does not say either, and there is no file to hold that against; else there are some."""
    stream.prepare(ASKED)
    answer = serve(stream)
    assert (answer.kind, answer.prepared_id is None) == (AnswerKind.NONE, False), "it is a prepared refusal"
    assert (answer.freshness, answer.checked_at, answer.checked_files) == (None, None, 0)
    stream.write("dog.md", "# Mungo\n\nMungo sleeps in the boiler room, and it is cold.\n")
    stream.sync()
    stream.prepare(ASKED)
    answer = serve(stream)
    assert (answer.kind, answer.freshness, answer.checked_files) == (AnswerKind.NONE, Freshness.FRESH, 1)
    assert answer.checked_at is not None
