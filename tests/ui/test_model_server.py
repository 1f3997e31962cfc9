"""What the window says of a server of the user's own before any text leaves this machine."""

from collections.abc import Iterator
from typing import TypeVar

import pytest
from PySide6.QtWidgets import QCheckBox, QLabel, QLineEdit, QPushButton, QWidget
from tests.ui.conftest import FakeHotkey, turn, wait_until
from tests.ui.fake_client import ScriptedCore

from pillowbook.core import protocol as p
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
