"""The calls about folders and documents."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.flow.conftest import Stream

from pillowbook.core import protocol as p
from pillowbook.core.folders import Folders
from pillowbook.core.library_loop import LibraryLoop
from pillowbook.domain.errors import DocumentUnknown, FolderMissing, FolderUnknown, FolderUnsuitable
from pillowbook.host.workers import CancelToken


class Desk:
    """The folders of a stream, and what was told of them."""

    def __init__(self, root: Path) -> None:
        self.stream = Stream(root)
        self.told: list[str] = []
        self.folders = Folders(
            library=self.stream.library,
            loop=LibraryLoop(self.stream.library, self.stream.ingestor, on_change=lambda: None),
            ingestor=self.stream.ingestor,
            own=root / "profile",
            on_changed=lambda: self.told.append("changed"),
            on_kept_here=lambda: self.told.append("kept here"),
        )

    def handle(self, call: p.LibraryCall) -> object:
        return self.folders.handle(call, lambda part: None, CancelToken())


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.stream.close()


@pytest.mark.parametrize("call", [p.KeepHere, p.KeepPrivate])
def test_a_folder_is_kept_and_let_go_by_either_rule(
    desk: Desk, call: type[p.KeepHere] | type[p.KeepPrivate]
) -> None:
    notes = str(desk.stream.notes)
    assert desk.handle(call()) == []
    assert desk.handle(call(notes)) == [notes]
    other = p.KeepPrivate if call is p.KeepHere else p.KeepHere
    assert desk.handle(other()) == []
    with pytest.raises(FolderMissing):
        desk.handle(call(f"{notes}/none"))
    assert desk.handle(call(f"{notes}/none", is_kept=False)) == [notes]
    assert desk.handle(call(notes, is_kept=False)) == []


def test_a_watched_folder_whose_drive_is_away_can_be_kept(desk: Desk, tmp_path: Path) -> None:
    away = tmp_path / "away"
    away.mkdir()
    desk.handle(p.AddFolder(str(away)))
    away.rmdir()
    assert desk.handle(p.KeepHere(str(away))) == [str(away)]


def test_only_keeping_text_here_breaks_off_what_is_being_sent(desk: Desk) -> None:
    notes = str(desk.stream.notes)
    for call in (p.KeepHere(), p.KeepPrivate(notes), p.KeepHere(notes, is_kept=False)):
        desk.handle(call)
    assert desk.told == []
    desk.handle(p.KeepHere(notes))
    assert desk.told == ["kept here"]


def test_what_is_not_known_is_refused_and_nothing_is_told(desk: Desk) -> None:
    nowhere = str(desk.stream.notes / "nowhere")
    with pytest.raises(FolderMissing):
        desk.handle(p.AddFolder(nowhere))
    with pytest.raises(FolderUnsuitable):
        desk.handle(p.AddFolder(str(desk.stream.notes.parent / "profile")))
    with pytest.raises(FolderUnknown):
        desk.handle(p.RemoveFolder(nowhere))
    with pytest.raises(DocumentUnknown):
        desk.handle(p.Forget(nowhere))
    assert desk.told == []


def test_a_folder_is_forgotten_with_all_that_is_below_it(desk: Desk) -> None:
    desk.stream.write("house/boiler.md", "# Boiler\n\nThe fitter is Dev.\n")
    desk.stream.write("dog.md", "# Mungo\n\nMungo weighs 27.4 kg.\n")
    desk.stream.sync()
    assert desk.handle(p.Forget(str(desk.stream.notes / "house"))) == p.Done()
    assert [Path(one.path).name for one in desk.stream.library.documents()] == ["dog.md"]
    assert desk.told == ["changed"]
