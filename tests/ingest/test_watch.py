"""The watcher hears of changes and hands them on together."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pillowbook.flow.ingest import watch
from pillowbook.flow.ingest.watch import FolderWatcher

WITHIN_S = 10.0


class Ear:
    """Collects what a watcher says."""

    def __init__(self) -> None:
        self.batches: list[set[str]] = []
        self.overflows = 0
        self._said = threading.Condition()

    def hear(self, paths: set[str]) -> None:
        with self._said:
            self.batches.append(paths)
            self._said.notify_all()

    def overflow(self) -> None:
        with self._said:
            self.overflows += 1
            self._said.notify_all()

    def wait_for(self, path: Path) -> None:
        with self._said:
            assert self._said.wait_for(lambda: any(str(path) in batch for batch in self.batches), WITHIN_S)

    def wait_for_overflow(self) -> None:
        with self._said:
            assert self._said.wait_for(lambda: self.overflows > 0, WITHIN_S)


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def watcher(ear: Ear) -> Iterator[FolderWatcher]:
    watcher = FolderWatcher(ear.hear, ear.overflow)
    watcher.start()
    yield watcher
    watcher.stop()


def test_made_moved_and_deleted_files_are_heard(watcher: FolderWatcher, ear: Ear, tmp_path: Path) -> None:
    watcher.set_folders([str(tmp_path)])
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.md").write_text("x")
    ear.wait_for(tmp_path / "sub" / "a.md")
    (tmp_path / "sub" / "a.md").rename(tmp_path / "b.md")
    ear.wait_for(tmp_path / "b.md")
    ear.batches.clear()
    (tmp_path / "b.md").unlink()
    ear.wait_for(tmp_path / "b.md")


def test_a_storm_comes_as_few_batches(watcher: FolderWatcher, ear: Ear, tmp_path: Path) -> None:
    watcher.set_folders([str(tmp_path)])
    for number in range(200):
        (tmp_path / f"{number}.md").write_text("x")
    ear.wait_for(tmp_path / "199.md")
    assert len(ear.batches) <= 5


def test_too_much_asks_for_a_scan(
    watcher: FolderWatcher, ear: Ear, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "MAX_PATHS", 10)
    watcher.set_folders([str(tmp_path)])
    for number in range(50):
        (tmp_path / f"{number}.md").write_text("x")
    ear.wait_for_overflow()


def test_a_single_file_is_heard_and_its_neighbours_are_not(
    watcher: FolderWatcher, ear: Ear, tmp_path: Path
) -> None:
    alone = tmp_path / "alone.md"
    alone.write_text("x")
    watcher.set_folders([str(alone)])
    (tmp_path / "beside.md").write_text("x")
    new = tmp_path / "new.tmp"
    new.write_text("y")
    new.replace(alone)
    ear.wait_for(alone)
    assert set().union(*ear.batches) == {str(alone)}


def test_an_absent_folder_is_named(watcher: FolderWatcher, tmp_path: Path) -> None:
    absent = str(tmp_path / "absent")
    assert watcher.set_folders([absent, str(tmp_path)]) == [absent]
    assert watcher.set_folders([]) == []


def test_a_folder_that_comes_back_is_watched_again(
    ear: Ear, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A drive that is connected later is scanned and heard without a restart."""
    monkeypatch.setattr(watch, "LOOK_EVERY_S", 0.1)
    root = tmp_path / "drive"
    watcher = FolderWatcher(ear.hear, ear.overflow)
    watcher.start()
    try:
        assert watcher.set_folders([str(root)]) == [str(root)]
        root.mkdir()
        ear.wait_for_overflow()
        (root / "a.md").write_text("x")
        ear.wait_for(root / "a.md")
    finally:
        watcher.stop()


def test_two_files_of_one_folder_are_heard_apart(watcher: FolderWatcher, ear: Ear, tmp_path: Path) -> None:
    one, two = tmp_path / "one.md", tmp_path / "two.md"
    one.write_text("x")
    two.write_text("x")
    assert watcher.set_folders([str(one), str(two)]) == []
    assert watcher.set_folders([str(two)]) == []
    two.write_text("y")
    ear.wait_for(two)
