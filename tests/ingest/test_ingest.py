"""From files to passages: what is read, what is not, what is deleted."""

import errno
import os
import shutil
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.ingest.conftest import CountingEmbedder, never

from pillowbook.domain.documents import DocumentState
from pillowbook.domain.errors import DiskFull, DocumentUnreadable, WorkerLost
from pillowbook.flow.ingest.files import FileChanging, read_file
from pillowbook.flow.ingest.ingest import Ingestor, ScanReport
from pillowbook.flow.ingest.split import split_passages
from pillowbook.store.library import DocumentChange, Library

Write = Callable[[str, str], Path]


def states(library: Library) -> dict[str, tuple[str, str]]:
    """State and reason by file name."""
    return {Path(each.path).name: (each.state.value, each.reason) for each in library.documents()}


def test_a_note_becomes_passages_with_vectors(ingestor: Ingestor, library: Library, write: Write) -> None:
    write("boiler.md", "# Boiler\n\nTop it up to 1.4 bar.\n\n## Engineer\n\nAhmed.\n")
    assert ingestor.sync(never) == ScanReport(new=1)
    (document,) = library.documents()
    assert (document.title, document.kind, document.state) == ("Boiler", "markdown", DocumentState.INDEXED)
    assert library.text(document.id) == Path(document.path).read_text()
    found = [(passage.text, passage.heading, passage.line) for passage in library.passages(document.id)]
    assert found == [("Top it up to 1.4 bar.", "Boiler", 3), ("Ahmed.", "Boiler › Engineer", 7)]
    assert all(
        library.vector_of(passage.content_hash) is not None for passage in library.passages(document.id)
    )


def test_unchanged_files_are_not_opened(
    ingestor: Ingestor, write: Write, embedder: CountingEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        write(f"{number}.md", f"note {number}")
    ingestor.sync(never)
    embedder.texts.clear()
    monkeypatch.setattr("pillowbook.flow.ingest.ingest.read_file", lambda *_: pytest.fail("opened"))
    assert ingestor.sync(never) == ScanReport(unchanged=5)
    assert embedder.texts == []


def test_other_times_but_the_same_bytes_embed_nothing(
    ingestor: Ingestor,
    library: Library,
    write: Write,
    embedder: CountingEmbedder,
    changes: list[DocumentChange],
) -> None:
    path = write("a.md", "same")
    ingestor.sync(never)
    embedder.texts.clear()
    changes.clear()
    os.utime(path, ns=(1, 1))
    assert ingestor.sync(never) == ScanReport(changed=1)
    assert ingestor.sync(never) == ScanReport(unchanged=1)
    assert (embedder.texts, changes) == ([], [])
    assert library.documents()[0].state is DocumentState.INDEXED


def test_only_new_passages_are_embedded(ingestor: Ingestor, write: Write, embedder: CountingEmbedder) -> None:
    body = [f"## Part {number}\n\nThe text of part {number}.\n\n" for number in range(6)]
    write("a.md", "# Note\n\n" + "".join(body))
    ingestor.sync(never)
    embedder.texts.clear()
    body[3] = "## Part 3\n\nOther words.\n\n"
    write("a.md", "# Note\n\n" + "".join(body))
    ingestor.sync(never)
    assert embedder.texts == ["Note › Part 3\nOther words."]


def test_a_renamed_note_is_not_embedded_again(
    ingestor: Ingestor, library: Library, write: Write, embedder: CountingEmbedder
) -> None:
    path = write("a.md", "# Note\n\nThe words.")
    ingestor.sync(never)
    write("b.md", "# Note\n\nThe words.")
    path.unlink()
    embedder.texts.clear()
    assert ingestor.sync(never) == ScanReport(new=1, deleted=1)
    assert [Path(each.path).name for each in library.documents()] == ["b.md"]


def test_a_deleted_file_is_deleted(
    ingestor: Ingestor, library: Library, write: Write, changes: list[DocumentChange]
) -> None:
    path = write("a.md", "words")
    ingestor.sync(never)
    changes.clear()
    path.unlink()
    ingestor.handle_change(str(path))
    assert library.documents() == []
    assert len(changes) == 1 and changes[0].removed


def test_an_absent_root_deletes_nothing(
    ingestor: Ingestor, library: Library, write: Write, notes: Path
) -> None:
    """A drive that is not connected is not a drive that was emptied."""
    write("a.md", "words")
    ingestor.sync(never)
    notes.rename(notes.with_name("away"))
    assert ingestor.sync(never) == ScanReport()
    ingestor.handle_change(str(notes))
    ingestor.handle_change(str(notes / "a.md"))
    assert len(library.documents()) == 1


def test_the_empty_place_of_a_drive_deletes_nothing(
    ingestor: Ingestor, library: Library, write: Write, notes: Path
) -> None:
    """Where a drive was mounted an empty folder stays, on the device of the folder above."""
    file = write("a.md", "words")
    ingestor.sync(never)
    (folder,) = library.folders()
    assert not library.was_mount_point(folder.id)
    library.note_mount_point(folder.id, True)
    file.unlink()
    write(".hidden", "what some system leaves there")
    assert ingestor.sync(never) == ScanReport()
    ingestor.handle_change(str(file))
    assert len(library.documents()) == 1
    write("b.md", "other words")  # another drive, with something on it
    assert ingestor.sync(never).deleted == 1
    assert not library.was_mount_point(folder.id)
    (notes / "b.md").unlink()
    assert ingestor.sync(never).deleted == 1, "emptied by the user"


def test_a_folder_that_cannot_be_listed_deletes_nothing(
    ingestor: Ingestor, library: Library, write: Write, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("sub/a.md", "words")
    write("b.md", "words too")
    ingestor.sync(never)
    (notes / "b.md").unlink()
    real = os.scandir

    def refuse(place: str) -> object:
        if place.endswith("sub"):
            raise PermissionError(errno.EACCES, "no")
        return real(place)

    monkeypatch.setattr(os, "scandir", refuse)
    assert ingestor.sync(never) == ScanReport(deleted=1)
    assert set(states(library)) == {"a.md"}


def test_nothing_is_skipped_in_silence(
    ingestor: Ingestor, library: Library, write: Write, notes: Path
) -> None:
    write("photo.jpg", "not a note")
    write("no_suffix", "words")
    (notes / "broken.pdf").write_bytes(b"%PDF-1.4 nonsense")
    (notes / "binary.txt").write_bytes(bytes(range(256)) * 4)
    (notes / "empty.docx").write_bytes(b"")
    (notes / "link.md").symlink_to(write("real.md", "words"))
    ingestor.sync(never)
    assert states(library) == {
        "photo.jpg": ("excluded", "unsupported-type"),
        "no_suffix": ("excluded", "unsupported-type"),
        "broken.pdf": ("failed", "damaged"),
        "binary.txt": ("failed", "damaged"),
        "empty.docx": ("failed", "empty"),
        "link.md": ("excluded", "link"),
        "real.md": ("indexed", ""),
    }
    assert ingestor.sync(never) == ScanReport(unchanged=1, failed=3, excluded=3)


def test_a_file_too_large_is_excluded(
    library: Library, extractor: object, embedder: CountingEmbedder, ingestor: Ingestor, write: Write
) -> None:
    ingestor._max_file_bytes = 10
    write("a.md", "0123456789")
    write("b.md", "01234567890")
    ingestor.sync(never)
    assert states(library) == {"a.md": ("indexed", ""), "b.md": ("excluded", "too-large")}


def test_a_file_that_becomes_unreadable_loses_its_passages(
    ingestor: Ingestor, library: Library, write: Write, notes: Path
) -> None:
    write("a.html", "<p>Words of a page.</p>")
    ingestor.sync(never)
    (notes / "a.html").write_bytes(b"")
    ingestor.sync(never)
    assert states(library) == {"a.html": ("failed", "empty")}
    assert library.counts().passages == 0


def test_rules_leave_files_out(ingestor: Ingestor, library: Library, write: Write) -> None:
    for name in (
        "keep.md",
        ".hidden.md",
        ".git/x.md",
        ".obsidian/x.md",
        "node_modules/x.md",
        "~$doc.docx",
        ".~lock.doc#",
        "old~",
        "drafts/x.md",
        "drafts/wanted.md",
        "sub/deep/y.log.md",
        "sub/secret/z.md",
    ):
        write(name, "words")
    write(".gitignore", "drafts/*\n!drafts/wanted.md\n*.log.md\n")
    write("sub/.pillowbookignore", "/secret/\n")
    ingestor.sync(never)
    assert set(states(library)) == {"keep.md", "wanted.md"}


def test_a_new_rule_takes_documents_out(ingestor: Ingestor, library: Library, write: Write) -> None:
    write("a.md", "words")
    write("b.md", "words too")
    ingestor.sync(never)
    ingestor.handle_change(str(write(".pillowbookignore", "b.md\n")))
    assert set(states(library)) == {"a.md"}


def test_changes_are_taken_in_one_by_one(
    ingestor: Ingestor, library: Library, write: Write, notes: Path
) -> None:
    ingestor.handle_change(str(write("a.md", "one")))
    ingestor.handle_change(str(write(".trash/b.md", "two")))
    write("new/c.md", "three")
    ingestor.handle_change(str(notes / "new"))
    assert ingestor.pending() == 2
    while ingestor.ingest_next(never):
        pass
    assert set(states(library)) == {"a.md", "c.md"}
    (notes / "new" / "c.md").unlink()
    (notes / "new").rmdir()
    ingestor.handle_change(str(notes / "new"))
    assert set(states(library)) == {"a.md"}


def test_a_single_file_may_be_watched(ingestor: Ingestor, library: Library, tmp_path: Path) -> None:
    path = tmp_path / "alone.md"
    path.write_text("words")
    (tmp_path / "beside.md").write_text("other")
    library.add_folder(str(path))
    assert ingestor.sync(never).new == 1
    path.write_text("other words")
    ingestor.handle_change(str(path))
    ingestor.handle_change(str(tmp_path / "beside.md"))
    assert ingestor.ingest_next(never) and not ingestor.ingest_next(never)
    assert [library.text(each.id) for each in library.documents()] == ["other words"]


def test_folders_inside_each_other_share_a_document(
    ingestor: Ingestor, library: Library, write: Write, notes: Path
) -> None:
    write("sub/a.md", "words")
    library.add_folder(str(notes / "sub"))
    ingestor.sync(never)
    assert ingestor.sync(never) == ScanReport(unchanged=1)
    assert len(library.documents()) == 1


def test_a_dead_embedder_is_tried_again(
    ingestor: Ingestor, library: Library, write: Write, embedder: CountingEmbedder
) -> None:
    write("a.md", "words")
    embedder.deaths_left = 1
    ingestor.sync(never)
    assert states(library) == {"a.md": ("indexed", "")}


def test_a_document_waits_while_the_embedder_is_lost(
    ingestor: Ingestor, library: Library, write: Write, embedder: CountingEmbedder
) -> None:
    write("a.md", "words")
    embedder.deaths_left = 2
    with pytest.raises(WorkerLost):
        ingestor.sync(never)
    assert states(library) == {"a.md": ("waiting", "")}
    assert ingestor.ingest_next(never)
    assert states(library) == {"a.md": ("indexed", "")}


def test_a_full_disk_loses_nothing(
    ingestor: Ingestor, library: Library, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("a.md", "words")

    def full(*_: object) -> None:
        raise DiskFull

    with monkeypatch.context() as patch:
        patch.setattr(library, "put_document", full)
        with pytest.raises(DiskFull):
            ingestor.sync(never)
    assert ingestor.pending() == 1
    assert ingestor.ingest_next(never)
    assert states(library) == {"a.md": ("indexed", "")}


def test_a_strange_document_does_not_stall_the_rest(
    ingestor: Ingestor, library: Library, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:

    def trip(text: str, *rest: object, **more: object) -> object:
        if "strange" in text:
            raise RecursionError
        return split_passages(text, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr("pillowbook.flow.ingest.ingest.split_passages", trip)
    write("a.md", "strange")
    write("b.md", "plain")
    ingestor.sync(never)
    assert states(library) == {"a.md": ("failed", "internal"), "b.md": ("indexed", "")}


def test_stopping_keeps_the_document_waiting(ingestor: Ingestor, library: Library, write: Write) -> None:
    write("a.md", "words")
    asked = iter([False, True])
    ingestor.scan(library.folders()[0].id, stop=never)
    assert not ingestor.ingest_next(lambda: next(asked))
    assert ingestor.pending() == 1
    assert ingestor.ingest_next(never)


def test_a_file_being_written_waits_for_the_next_round(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("a.md", "half")
    real = Path.stat

    def grown(self: Path, **kwargs: bool) -> os.stat_result:
        with self.open("a") as file:
            file.write(" more")
        return real(self, **kwargs)

    monkeypatch.setattr(Path, "stat", grown)
    with pytest.raises(FileChanging):
        read_file(str(path), 1000)


def test_forgetting_deletes_what_was_derived(
    ingestor: Ingestor, library: Library, write: Write, notes: Path
) -> None:
    write("sub/a.md", "words")
    write("sub/b.md", "words too")
    write("c.md", "other")
    ingestor.sync(never)
    ingestor.forget(str(notes / "sub"))
    assert set(states(library)) == {"c.md"}


def test_scan_leaves_no_thread_behind(ingestor: Ingestor, write: Write) -> None:
    before = threading.active_count()
    write("a.md", "words")
    ingestor.sync(never)
    assert threading.active_count() == before


def test_what_changed_just_now_does_not_wait_for_an_idle_machine(
    ingestor: Ingestor, write: Write, embedder: CountingEmbedder, library: Library
) -> None:
    write("old.md", "old words")
    ingestor.scan(library.folders()[0].id, stop=never)
    ingestor.handle_change(str(write("new.md", "new words")))
    while ingestor.ingest_next(never):
        pass
    assert embedder.texts == ["new\nnew words", "old\nold words"]
    assert embedder.was_background == [False, True]


def test_what_failed_for_a_passing_reason_is_read_again_when_asked(
    ingestor: Ingestor, library: Library, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scan in the background leaves it; ``sync`` does not."""
    with monkeypatch.context() as broken:
        broken.setattr("pillowbook.flow.ingest.ingest.split_passages", lambda *_, **__: 1 / 0)
        write("a.md", "words")
        ingestor.sync(never)
    assert states(library) == {"a.md": ("failed", "internal")}
    ingestor.scan(library.folders()[0].id, stop=never)
    assert ingestor.pending() == 0
    ingestor.sync(never)
    assert states(library) == {"a.md": ("indexed", "")}


def test_a_pipe_named_like_a_pattern_file_holds_nobody_up(
    ingestor: Ingestor, library: Library, write: Write, notes: Path
) -> None:
    os.mkfifo(notes / ".gitignore")
    os.mkfifo(notes / "pipe.md")
    write("a.md", "words")
    ingestor.sync(never)
    assert set(states(library)) == {"a.md"}
    with pytest.raises(DocumentUnreadable):
        read_file(str(notes / "pipe.md"), 1000)


def test_a_folder_that_is_named_like_a_document_goes_with_its_content(
    ingestor: Ingestor, library: Library, write: Write, notes: Path
) -> None:
    write("trip.md/a.md", "words")
    write("trip.md0", "no neighbour")
    write("trip.mdx/b.md", "a neighbour")
    ingestor.sync(never)
    shutil.rmtree(notes / "trip.md")
    ingestor.handle_change(str(notes / "trip.md"))
    assert set(states(library)) == {"b.md", "trip.md0"}


def test_a_note_that_goes_while_it_is_read_leaves_nothing(
    ingestor: Ingestor,
    library: Library,
    write: Write,
    embedder: CountingEmbedder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who heard of the deletion found nothing to delete yet."""
    note = write("a.md", "words")
    real = embedder.embed

    def late(texts: Sequence[str], *, deadline_s: float, background: bool = False) -> NDArray[np.float32]:
        note.unlink()
        ingestor.handle_change(str(note))
        return real(texts, deadline_s=deadline_s, background=background)

    monkeypatch.setattr(embedder, "embed", late)
    ingestor.sync(never)
    assert library.documents() == [] and library.counts().passages == 0
