"""What the window says of a server of the user's own before any text leaves this machine."""

from collections.abc import Iterator
from typing import TypeVar

import pytest
from PySide6.QtWidgets import QCheckBox, QLabel, QLineEdit, QPushButton, QWidget
from tests.ui.conftest import FakeHotkey, turn, wait_until
from tests.ui.fake_client import ScriptedCore

from pillowbook.core import protocol as p
from pillowbook.domain.errors import ServerUnreachable, SettingInvalid
from pillowbook.settings.catalogue import SERVER_ADDRESS, SERVER_ALLOWED
from pillowbook.ui.controller import Controller
from pillowbook.ui.settings_window import SettingsWindow
from pillowbook.ui.theme import Theme


@pytest.fixture
def settings(theme: Theme, controller: Controller, core: ScriptedCore) -> Iterator[SettingsWindow]:
    hotkey = FakeHotkey()
    made = SettingsWindow(theme, controller, hotkey)
    made.open_page("Models")
    wait_until(lambda: bool(core.calls_of(p.GetLedger)) and bool(core.calls_of(p.ListModels)))
    turn(30)
    yield made
    made.close()
    made.deleteLater()
    hotkey.close()
    hotkey.deleteLater()


W = TypeVar("W", bound=QWidget)


def find(settings: SettingsWindow, kind: type[W], name: str) -> W:
    found = settings.findChild(kind, name)
    assert found is not None
    return found


def test_it_is_allowed_only_after_the_warning_was_confirmed(
    settings: SettingsWindow, core: ScriptedCore
) -> None:
    allowed = find(settings, QCheckBox, SERVER_ALLOWED.key)
    note = find(settings, QLabel, f"note-{SERVER_ALLOWED.key}")
    confirm = find(settings, QPushButton, f"confirm-{SERVER_ALLOWED.key}")
    decline = find(settings, QPushButton, f"decline-{SERVER_ALLOWED.key}")
    assert not allowed.isChecked() and confirm.isHidden()

    allowed.click()
    wait_until(lambda: not confirm.isHidden())
    assert "will leave this machine" in note.text() and not allowed.isChecked()
    decline.click()
    turn(30)
    assert confirm.isHidden() and note.isHidden() and SERVER_ALLOWED.key not in core.script.values

    allowed.click()
    wait_until(lambda: not confirm.isHidden())
    confirm.click()
    wait_until(allowed.isChecked)
    assert core.script.values[SERVER_ALLOWED.key] == "on"
    wait_until(confirm.isHidden)

    allowed.click()  # switching off needs no question
    wait_until(lambda: core.script.values[SERVER_ALLOWED.key] == "off")
    assert confirm.isHidden()


def test_an_address_is_told_once_and_a_wrong_one_put_back(
    settings: SettingsWindow, core: ScriptedCore
) -> None:
    address = find(settings, QLineEdit, SERVER_ADDRESS.key)
    address.setText("https://home:8443/v1")
    address.editingFinished.emit()
    address.editingFinished.emit()
    wait_until(lambda: core.script.values.get(SERVER_ADDRESS.key) == "https://home:8443/v1")
    assert len(core.calls_of(p.SetSetting)) == 1
    address.setText("ftp://home")
    address.editingFinished.emit()
    wait_until(lambda: address.text() == "https://home:8443/v1")
    assert "write an address" in find(settings, QLabel, f"note-{SERVER_ADDRESS.key}").text()


def test_the_key_is_kept_and_never_shown_again(settings: SettingsWindow, core: ScriptedCore) -> None:
    field = find(settings, QLineEdit, "server-key")
    keep, forget = find(settings, QPushButton, "keep-key"), find(settings, QPushButton, "forget-key")
    note = find(settings, QLabel, "note-server")
    assert field.echoMode() is QLineEdit.EchoMode.Password and not keep.isEnabled()
    field.setText("  k3y ")
    keep.click()
    wait_until(lambda: core.script.server_key == "k3y")
    wait_until(lambda: not field.text() and "kept in the vault" in note.text())
    core.script.errors["server_key"] = SettingInvalid(key="the key", expected="only ASCII")
    field.setText("schlüssel")
    keep.click()
    wait_until(lambda: "only ASCII" in note.text())
    assert field.text() == "schlüssel", "what was typed is lost"
    del core.script.errors["server_key"]
    forget.click()
    wait_until(lambda: core.script.server_key == "" and "No key" in note.text())


def test_a_try_tells_whether_the_server_answers(settings: SettingsWindow, core: ScriptedCore) -> None:
    core.script.server_models = ("a", "b", "c", "d", "e")
    tried, note = find(settings, QPushButton, "try-server"), find(settings, QLabel, "note-server")
    tried.click()
    wait_until(lambda: "a, b, c and 2 more" in note.text() and tried.isEnabled())
    assert "Nothing is sent there until you allow it" in note.text()
    core.script.errors["server"] = ServerUnreachable()
    tried.click()
    wait_until(lambda: "cannot be reached" in note.text())
    assert tried.isEnabled()


def test_a_folder_is_kept_here_by_its_row(settings: SettingsWindow, core: ScriptedCore) -> None:
    settings.open_page("Folders")
    wait_until(lambda: bool(settings.findChildren(QCheckBox, "keep-here")))
    box = settings.findChildren(QCheckBox, "keep-here")[0]
    assert not box.isChecked()
    box.click()
    wait_until(lambda: core.script.folders[0].is_kept_here)
    assert core.calls_of(p.KeepHere) == [p.KeepHere(core.script.folders[0].path, True)]
    wait_until(lambda: settings.findChildren(QCheckBox, "keep-here")[0].isChecked())


def test_a_folder_is_kept_from_other_programs_by_its_row(
    settings: SettingsWindow, core: ScriptedCore
) -> None:
    settings.open_page("Folders")
    wait_until(lambda: bool(settings.findChildren(QCheckBox, "keep-private")))
    box = settings.findChildren(QCheckBox, "keep-private")[0]
    assert not box.isChecked()
    box.click()
    wait_until(lambda: core.script.folders[0].is_kept_private)
    assert core.calls_of(p.KeepPrivate) == [p.KeepPrivate(core.script.folders[0].path, True)]
    wait_until(lambda: settings.findChildren(QCheckBox, "keep-private")[0].isChecked())
