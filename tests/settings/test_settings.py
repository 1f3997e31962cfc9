"""Settings: declared once, checked, kept in one file."""

from datetime import time
from pathlib import Path

import pytest

from pillowbook.domain.errors import SettingInvalid, SettingUnknown
from pillowbook.domain.work import Hours
from pillowbook.settings.catalogue import ALL, HOTKEY, IDLE_AFTER, LEARN, WORK_HOURS
from pillowbook.settings.kinds import Hotkey
from pillowbook.settings.values import Settings


def test_every_default_is_a_value_of_its_kind() -> None:
    for setting in ALL:
        assert setting.kind.parse(setting.key, setting.kind.write(setting.default)) == setting.default


def test_keys_are_unique_and_every_setting_is_explained() -> None:
    assert len({setting.key for setting in ALL}) == len(ALL)
    for setting in ALL:
        assert setting.title and setting.help.endswith("."), setting.key


def test_a_value_survives_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    Settings(file).set_text(IDLE_AFTER.key, "300")
    again = Settings(file)
    assert again[IDLE_AFTER] == 300
    assert again[LEARN] is True
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("text", ["", "abc", "29", "3601", "1e3", "12.5"])
def test_a_wrong_value_is_refused_and_changes_nothing(tmp_path: Path, text: str) -> None:
    settings = Settings(tmp_path / "settings.toml")
    with pytest.raises(SettingInvalid) as caught:
        settings.set_text(IDLE_AFTER.key, text)
    assert "30" in caught.value.say() and IDLE_AFTER.key in caught.value.say()
    assert settings[IDLE_AFTER] == IDLE_AFTER.default


def test_an_unknown_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingUnknown):
        Settings(tmp_path / "settings.toml").set_text("no.such", "1")


@pytest.mark.parametrize("content", ["not toml [", '"schedule.idle_after_s" = "soon"\n', "\x00\xff"])
def test_a_damaged_file_gives_defaults_and_says_so(tmp_path: Path, content: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_bytes(content.encode("latin-1"))
    settings = Settings(file)
    assert settings[IDLE_AFTER] == IDLE_AFTER.default
    assert settings.problems()


def test_keys_of_a_newer_version_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('"future.thing" = "7"\n')
    settings = Settings(file)
    assert settings.problems() == []
    settings.set_text(LEARN.key, "off")
    assert "future.thing" in file.read_text()


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("ctrl+alt+space", "Ctrl+Alt+Space"),
        ("Super+j", "Super+J"),
        ("", ""),
        ("Ctrl + Shift + F1", "Ctrl+Shift+F1"),
    ],
)
def test_hotkeys_are_written_one_way(text: str, written: str) -> None:
    assert Hotkey().parse(HOTKEY.key, text) == written


@pytest.mark.parametrize("text", ["Space", "Ctrl+", "Ctrl+Ctrl+A", "Foo+A", "Ctrl+Alt"])
def test_hotkeys_that_cannot_be_are_refused(text: str) -> None:
    with pytest.raises(SettingInvalid):
        Hotkey().parse(HOTKEY.key, text)


def test_a_value_that_could_not_be_kept_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(tmp_path / "settings.toml")

    def refuse(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", refuse)
    with pytest.raises(OSError, match="No space"):
        settings.set_text(IDLE_AFTER.key, "300")
    assert settings[IDLE_AFTER] == IDLE_AFTER.default


@pytest.mark.parametrize(
    ("text", "hours", "written"),
    [
        ("22:00-07:00", Hours(time(22), time(7)), "22:00-07:00"),
        (" 8:30 – 17:05 ", Hours(time(8, 30), time(17, 5)), "08:30-17:05"),
        ("20:00-24:00", Hours(time(20), time(0)), "20:00-00:00"),
        ("", None, ""),
    ],
)
def test_hours_of_the_day(text: str, hours: Hours | None, written: str) -> None:
    assert WORK_HOURS.kind.parse(WORK_HOURS.key, text) == hours
    assert WORK_HOURS.kind.write(hours) == written


@pytest.mark.parametrize(
    "text", ["22", "22:00", "22:00-22:00", "25:00-07:00", "22:60-07:00", "20:00-24:30", "a-b"]
)
def test_no_hours_of_the_day(text: str) -> None:
    with pytest.raises(SettingInvalid) as caught:
        WORK_HOURS.kind.parse(WORK_HOURS.key, text)
    assert "22:00-07:00" in caught.value.say()
