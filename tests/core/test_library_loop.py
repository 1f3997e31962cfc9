"""The library's thread: what is heard while it reads is taken in at once, and nothing wished for is lost."""

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from pillowbook.core.library_loop import LibraryLoop
from pillowbook.domain.documents import Folder
from pillowbook.domain.errors import DiskFull
from pillowbook.domain.ids import FolderId
from pillowbook.flow.ingest.ingest import ScanReport
from pillowbook.host.workers import CancelToken

DEADLINE_S = 10.0


class Shelf:
    """A library with two folders."""

    def __init__(self, folders: Sequence[Folder]) -> None:
        self._folders = list(folders)

    def folders(self) -> list[Folder]:
        return self._folders


class Reader:
    """An ingestor whose one document takes until the test lets it go; it asks whether to stop all the while."""

    def __init__(self) -> None:
        self.handled: list[str] = []
        self.scanned: list[FolderId] = []
        self.errors: list[Exception] = []
        self.left = 0
        self.reading = threading.Event()
        self.may_end = threading.Event()
        self.did = threading.Event()

    def handle_change(self, path: str) -> None:
        if self.errors:
            raise self.errors.pop()
        self.handled.append(path)
        self.did.set()

    def scan(self, folder_id: FolderId, *, stop: Callable[[], bool], again: bool = False) -> ScanReport:
        if self.errors:
            raise self.errors.pop()
        self.scanned.append(folder_id)
        return ScanReport()

    def pending(self) -> int:
        return self.left

    def ingest_next(self, stop: Callable[[], bool], *, background: bool = True) -> bool:
        if not self.left:
            return False
        self.reading.set()
        while not self.may_end.wait(0.005):
            if stop():
                return False
        self.left -= 1
        return True


@pytest.fixture
def folders(tmp_path: Path) -> list[Folder]:
    from datetime import UTC, datetime

    made = []
    for number, name in enumerate(("one", "two"), start=1):
        (tmp_path / name).mkdir()
        made.append(Folder(FolderId(number), str(tmp_path / name), datetime.now(UTC)))
    return made


@pytest.mark.parametrize("by_sync", [False, True], ids=["by itself", "by sync"])
def test_a_deletion_is_taken_in_while_a_long_document_is_read(folders: list[Folder], by_sync: bool) -> None:
    """It has to be out of every answer within two seconds, whatever there is to read."""
    reader = Reader()
    loop = LibraryLoop(Shelf(folders), reader, on_change=lambda: None)  # type: ignore[arg-type]
    syncing = threading.Thread(target=lambda: loop.sync(CancelToken(), lambda done, total: None))
    reader.left = 1
    if by_sync:
        syncing.start()
        assert reader.reading.wait(DEADLINE_S)
    loop.start()
    try:
        assert reader.reading.wait(DEADLINE_S)
        gone = str(Path(folders[0].path) / "gone.md")
        loop.hear({gone})
        assert reader.did.wait(DEADLINE_S)
        assert reader.handled == [gone]
    finally:
        reader.may_end.set()
        loop.stop()
        if by_sync:
            syncing.join(DEADLINE_S)


def test_a_full_disk_loses_no_folder_that_was_to_be_scanned(
    folders: list[Folder], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pillowbook.core.library_loop.RETRY_AFTER_S", 0.05)
    reader = Reader()
    reader.errors = [DiskFull(), DiskFull()]
    told = threading.Event()
    loop = LibraryLoop(
        Shelf(folders),  # type: ignore[arg-type]
        reader,  # type: ignore[arg-type]
        on_change=lambda: told.set() if len(set(reader.scanned)) == 2 else None,
    )
    loop.start()
    try:
        assert told.wait(DEADLINE_S)
        assert sorted(reader.scanned) == [1, 2]
    finally:
        loop.stop()


def test_a_folder_around_a_removed_one_is_scanned_again(folders: list[Folder], tmp_path: Path) -> None:
    """What stood in both belonged to one of them, and went with it."""
    from dataclasses import replace

    outer, inner = folders[0], replace(folders[1], path=str(Path(folders[0].path) / "inner"))
    Path(inner.path).mkdir()
    shelf, reader, told = Shelf([outer, inner]), Reader(), threading.Semaphore(0)
    loop = LibraryLoop(shelf, reader, on_change=told.release)  # type: ignore[arg-type]
    loop.start()
    try:
        assert told.acquire(timeout=DEADLINE_S)
        reader.scanned.clear()
        shelf.folders().remove(inner)
        loop.folder_removed(inner.path)
        assert told.acquire(timeout=DEADLINE_S)
        assert reader.scanned == [outer.id]
    finally:
        loop.stop()


class Stack(Reader):
    """An ingestor with documents to read, the first of which takes until the test lets it go."""

    def __init__(self) -> None:
        super().__init__()
        self.order: list[str] = []

    def handle_change(self, path: str) -> None:
        self.order.append(path)

    def ingest_next(self, stop: Callable[[], bool], *, background: bool = True) -> bool:
        read = super().ingest_next(stop, background=background)
        self.order += ["read"] if read and background else []
        return read


def test_what_somebody_waits_for_is_read_before_the_next_document(folders: list[Folder]) -> None:
    """However many wait to be indexed: an answer from older notes would be given in the place of this one."""
    reader = Stack()
    reader.left = 100
    loop = LibraryLoop(Shelf(folders), reader, on_change=lambda: None)  # type: ignore[arg-type]
    refreshing = threading.Thread(target=lambda: loop.refresh(["changed.md"]))
    loop.start()
    try:
        assert reader.reading.wait(DEADLINE_S)
        refreshing.start()
        deadline = time.monotonic() + DEADLINE_S
        while not loop._refreshing and time.monotonic() < deadline:
            time.sleep(0.005)
        reader.may_end.set()
        refreshing.join(DEADLINE_S)
        assert reader.order[:2] == ["read", "changed.md"]
    finally:
        reader.may_end.set()
        loop.stop()
