"""What may be added as a folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pillowbook.core.paths import readable
from pillowbook.domain.errors import FolderMissing, FolderUnreadable, FolderUnsuitable


def test_a_folder_that_cannot_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root every folder can be read, so the refusal of the file system is put in its place."""

    def refuse(self: Path) -> Iterator[Path]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(FolderUnreadable) as caught:
        readable(str(tmp_path), tmp_path / "profile")
    assert "permission" in caught.value.say()


def test_a_folder_that_is_not_there_and_the_profile_itself_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FolderMissing):
        readable(str(tmp_path / "none"), tmp_path / "profile")
    with pytest.raises(FolderUnsuitable):
        readable(str(tmp_path), tmp_path)
