"""Where files go, and that they are private."""

import os
from pathlib import Path

import pytest

from pillowbook.domain.errors import ProfileUnwritable
from pillowbook.host.paths import Profile, RuntimeFolderUnsafe, default_profile, models_dir
from pillowbook.host.resources import resource


def mode(path: Path) -> str:
    return oct(path.stat().st_mode & 0o777)


def test_folders_are_private_even_when_they_were_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    profile = Profile(tmp_path / "deep" / "profile")
    profile.prepare()
    profile.vault_dir.chmod(0o755)
    profile.prepare()
    for folder in (profile.root, profile.vault_dir, profile.runtime_dir, profile.log_file.parent):
        assert mode(folder) == "0o700"


def test_each_profile_has_sockets_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    first, second = Profile(tmp_path / "a").runtime_dir, Profile(tmp_path / "b").runtime_dir
    assert first != second
    assert first.parent == second.parent == tmp_path
    # A socket's name may have 107 bytes; the longest profile path must not matter.
    assert len(os.fsencode(Profile(tmp_path / ("x" * 200)).runtime_dir.name)) < 50


@pytest.mark.skipif(os.name != "posix", reason="Windows has named pipes")
def test_a_socket_always_has_a_name_that_is_short_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Longer than 103 bytes, the core could not listen and clients would wait for it in vain."""
    long = tmp_path / ("x" * 100)
    long.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(long))
    monkeypatch.setattr("tempfile.tempdir", str(long))
    address = Profile(tmp_path / "profile").socket_address
    assert len(os.fsencode(address)) <= 103


def test_one_core_for_a_profile_wherever_its_clients_come_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A desktop session and cron have different runtime folders; two cores on one vault must not be."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    desktop = Profile(tmp_path / "a").lock_file
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert desktop == Profile(tmp_path / "a").lock_file


@pytest.mark.skipif(os.name != "posix", reason="modes are a Unix matter")
def test_a_folder_that_was_there_keeps_its_mode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``--profile ~/shared`` must not shut out those who share it."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    root = tmp_path / "shared"
    root.mkdir()
    root.chmod(0o755)
    profile = Profile(root)
    profile.prepare()
    assert (mode(root), mode(profile.vault_dir)) == ("0o755", "0o700")


def test_a_profile_that_cannot_be_made_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    (tmp_path / "file").write_text("")
    with pytest.raises(ProfileUnwritable):
        Profile(tmp_path / "file").prepare()


@pytest.mark.skipif(os.name != "posix", reason="links in a shared temp folder are a Unix matter")
def test_a_runtime_folder_laid_out_by_others_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    profile = Profile(tmp_path / "profile")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    profile.runtime_dir.symlink_to(elsewhere)
    with pytest.raises(RuntimeFolderUnsafe):
        profile.prepare()


def test_models_are_shared_and_can_be_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PILLOWBOOK_MODELS", raising=False)
    assert models_dir().parent == default_profile().root.parent
    monkeypatch.setenv("PILLOWBOOK_MODELS", str(tmp_path))
    assert models_dir() == tmp_path


def test_resources_are_found_in_the_checkout() -> None:
    assert resource("notes").is_dir()
    with pytest.raises(FileNotFoundError):
        resource("no", "such", "file")
