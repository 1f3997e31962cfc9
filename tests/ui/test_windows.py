"""Settings, folders, models, the first steps, and the app that holds them."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QWidget,
)
from tests.ui.conftest import FakeHotkey, Opened, turn, wait_until
from tests.ui.fake_client import NOW, ScriptedCore

from pillowbook.core import protocol as p
from pillowbook.domain.clock import ManualClock
from pillowbook.domain.errors import AlreadyRunning, SettingInvalid
from pillowbook.domain.events import PanelRequested, PanelWish, VaultChanged
from pillowbook.settings.catalogue import ALL, BATTERY_FLOOR, GENERATOR, HOTKEY, LEARN, THEME, WORK_WHEN
from pillowbook.ui.__main__ import main
from pillowbook.ui.app import App, SignalWatch
from pillowbook.ui.controller import Controller
from pillowbook.ui.first_run import FOLDERS, MODEL, PROTECT, READY, FirstRun
from pillowbook.ui.settings_window import SettingsWindow
from pillowbook.ui.theme import Theme


@pytest.fixture
def hotkey() -> Iterator[FakeHotkey]:
    made = FakeHotkey()
    yield made
    made.close()
    made.deleteLater()


@pytest.fixture
def settings(
    theme: Theme, controller: Controller, hotkey: FakeHotkey, core: ScriptedCore
) -> Iterator[SettingsWindow]:
    made = SettingsWindow(theme, controller, hotkey)
    made.open_page()
    wait_until(lambda: bool(core.calls_of(p.GetLedger)) and bool(core.calls_of(p.ListModels)))
    turn(30)
    yield made
    made.close()
    made.deleteLater()


@pytest.fixture
def first_run(
    theme: Theme, controller: Controller, hotkey: FakeHotkey, core: ScriptedCore
) -> Iterator[FirstRun]:
    core.script.vault = "missing"
    made = FirstRun(theme, controller, hotkey)
    made.begin()
    wait_until(lambda: bool(core.calls_of(p.GetStatus)))
    turn(30)
    yield made
    made.hide()
    made.deleteLater()


@pytest.fixture
def app(application: QApplication, core: ScriptedCore, hotkey: FakeHotkey) -> Iterator[App]:
    made = App(
        application,
        core.client,
        hotkey,
        opener=Opened(),
        clock=ManualClock(NOW),
        can_blend=True,
        show_panel=True,
    )
    yield made
    made.close()
    application.setStyleSheet("")
    made.theme.deleteLater()
    made.deleteLater()


def press(window: QWidget, name: str) -> None:
    found = [made for made in window.findChildren(QPushButton, name) if made.isVisible()]
    assert found, f"no button {name}"
    QTest.mouseClick(found[0], Qt.MouseButton.LeftButton)


# -- settings ----------------------------------------------------------------------------------------------------------


def test_every_setting_of_the_catalogue_has_its_editor(settings: SettingsWindow) -> None:
    rows = {key: row for page in settings.pages.values() for key, row in page.rows.items()}
    assert set(rows) == {setting.key for setting in ALL}


def test_values_are_shown_and_changes_reach_the_core(settings: SettingsWindow, core: ScriptedCore) -> None:
    learn = settings.findChild(QCheckBox, LEARN.key)
    when = settings.findChild(QComboBox, WORK_WHEN.key)
    floor = settings.findChild(QSpinBox, BATTERY_FLOOR.key)
    assert learn is not None and when is not None and floor is not None
    assert learn.isChecked() and when.currentData() == "both" and floor.value() == 40
    learn.click()  # what was asked is deleted with it, so it is asked once
    confirm = settings.findChild(QPushButton, f"confirm-{LEARN.key}")
    assert confirm is not None
    wait_until(lambda: not confirm.isHidden())
    confirm.click()
    when.setCurrentIndex(when.findData("idle"))
    when.activated.emit(when.currentIndex())
    floor.setValue(55)
    wait_until(lambda: len(core.script.values) == 3)
    assert core.script.values == {LEARN.key: "off", WORK_WHEN.key: "idle", BATTERY_FLOOR.key: "55"}


def test_what_is_prepared_is_fetched_only_while_its_page_is_shown(
    settings: SettingsWindow, core: ScriptedCore
) -> None:
    def refresh() -> None:
        ledgers = len(core.calls_of(p.GetLedger))
        settings.refresh()
        wait_until(lambda: len(core.calls_of(p.GetLedger)) > ledgers)
        turn(30)

    refresh()
    assert not core.calls_of(p.ListPrepared)
    (item,) = settings.list.findItems("Prepared", Qt.MatchFlag.MatchExactly)
    settings.list.setCurrentItem(item)
    wait_until(lambda: bool(core.calls_of(p.ListPrepared)))
    turn(30)
    shown = len(core.calls_of(p.ListPrepared))
    refresh()
    assert len(core.calls_of(p.ListPrepared)) == shown + 1
    settings.open_page("Folders")
    refresh()
    assert len(core.calls_of(p.ListPrepared)) == shown + 1


def test_a_refused_value_is_put_back_with_the_reason(settings: SettingsWindow, core: ScriptedCore) -> None:
    core.script.errors["setting_set"] = SettingInvalid(key="x", expected="write something else")
    floor = settings.findChild(QSpinBox, BATTERY_FLOOR.key)
    note = settings.findChild(QLabel, f"note-{BATTERY_FLOOR.key}")
    assert floor is not None and note is not None
    floor.setValue(60)
    wait_until(lambda: floor.value() == 40)
    assert "write something else" in note.text()


def test_the_hotkey_is_captured_from_the_keyboard(settings: SettingsWindow, core: ScriptedCore) -> None:
    settings.open_page("General")
    edit = settings.findChild(QLineEdit, HOTKEY.key)
    assert edit is not None
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(edit, Qt.Key.Key_J)
    assert edit.text() == HOTKEY.default, "a key without a modifier would be lost to every program"
    QTest.keyClick(edit, Qt.Key.Key_J, both)
    wait_until(lambda: core.script.values.get(HOTKEY.key) == "Ctrl+Shift+J")
    QTest.keyClick(edit, Qt.Key.Key_Backspace)
    wait_until(lambda: core.script.values.get(HOTKEY.key) == "")


def test_only_installed_models_can_be_chosen_and_others_installed(
    settings: SettingsWindow, core: ScriptedCore
) -> None:
    settings.open_page("Models")
    box = settings.findChild(QComboBox, GENERATOR.key)
    assert box is not None
    wait_until(lambda: box.count() == 1)
    press(settings, "install")
    wait_until(lambda: box.count() == 2)
    assert [call.model for call in core.calls_of(p.InstallModel)] == ["qwen2.5-coder-0.5b-instruct-q4_k_m"]


def test_folders_are_added_and_removed_after_asking_once_more(
    settings: SettingsWindow, core: ScriptedCore
) -> None:
    settings.folders.add_folder("/home/nora/More")
    wait_until(lambda: len(core.script.folders) == 3)
    wait_until(
        lambda: len([b for b in settings.findChildren(QPushButton, "remove-folder") if b.isVisible()]) == 3
    )
    press(settings, "remove-folder")
    assert not core.calls_of(p.RemoveFolder)
    press(settings, "confirm-removal")
    wait_until(lambda: core.script.folders[0].path == "/home/nora/Documents/House")


def test_a_folder_that_cannot_be_added_says_why(settings: SettingsWindow) -> None:
    settings.folders.add_folder("/missing")
    error = settings.findChild(QLabel, "folder-error")
    assert error is not None
    wait_until(lambda: "not there" in error.text())


def test_troubles_stand_under_their_folder_with_a_reason(settings: SettingsWindow) -> None:
    wait_until(lambda: len(settings.findChildren(QLabel, "trouble")) == 3)
    texts = {label.text() for label in settings.findChildren(QLabel, "trouble")}
    assert "Scans/passport.pdf: Not read: it is protected by a password" in texts


def test_locking_blanks_names_in_the_settings(settings: SettingsWindow) -> None:
    wait_until(lambda: bool(settings.findChildren(QLabel, "trouble")))
    settings.blank()
    turn(30)
    assert not [label for label in settings.findChildren(QLabel) if "nora" in label.text()]


# -- first steps -------------------------------------------------------------------------------------------------------


def test_first_steps_lead_from_nothing_to_a_question(first_run: FirstRun, core: ScriptedCore) -> None:
    finished: list[bool] = []
    first_run.finished.connect(lambda: finished.append(True))
    core.script.models[0] = msgspec.structs.replace(core.script.models[0], is_installed=False)
    first_run.advance()
    assert first_run._stack.currentIndex() == PROTECT
    first_run.advance()
    wait_until(lambda: first_run._stack.currentIndex() == FOLDERS)
    assert [call.passphrase for call in core.calls_of(p.VaultInit)] == [None]
    first_run.advance()
    assert first_run._stack.currentIndex() == MODEL
    wait_until(lambda: first_run.next.text() == "Later")
    turn(20)
    press(first_run, "install")
    wait_until(lambda: first_run.next.text() == "Continue")
    first_run.advance()
    assert first_run._stack.currentIndex() == READY
    first_run.advance()
    assert finished == [True] and not first_run.isVisible()


def test_without_a_keychain_a_passphrase_is_needed_twice(first_run: FirstRun, core: ScriptedCore) -> None:
    core.script.has_keychain = False
    first_run.begin()
    wait_until(lambda: not first_run._has_keychain)
    first_run.advance()
    turn(20)
    first_run.advance()
    error = first_run.findChild(QLabel, "first-run-error")
    assert error is not None and "a passphrase is needed" in error.text()
    first_run.passphrase.setText("one")
    first_run.again.setText("two")
    first_run.advance()
    assert "differ" in error.text() and not core.calls_of(p.VaultInit)
    assert not first_run.passphrase.text(), "which of the two was mistyped nobody can see"
    first_run.passphrase.setText("one")
    first_run.again.setText("one")
    first_run.advance()
    wait_until(lambda: [call.passphrase for call in core.calls_of(p.VaultInit)] == ["one"])
    assert first_run.passphrase.text() == "" and first_run.again.text() == ""


# -- the app -----------------------------------------------------------------------------------------------------------


def test_the_app_shows_its_panel_and_follows_hotkey_and_settings(
    app: App, hotkey: FakeHotkey, core: ScriptedCore
) -> None:
    core.script.values[THEME.key] = "dark"
    app.start()
    wait_until(app.panel.isVisible)
    wait_until(lambda: hotkey.grabbed == [HOTKEY.default])
    assert app.theme.scheme == "dark"
    app.panel.hides_on_focus_loss = False
    hotkey.press()
    assert not app.panel.isVisible()
    hotkey.press()
    assert app.panel.isVisible()
    app.controller.call(app, lambda client: client.set_setting(HOTKEY.key, "Ctrl+Alt+J"))
    wait_until(lambda: hotkey.grabbed[-1] == "Ctrl+Alt+J")


def test_a_missing_vault_opens_the_first_steps(app: App, core: ScriptedCore) -> None:
    core.script.vault = "missing"
    app.start()
    wait_until(lambda: app.first_run is not None and app.first_run.isVisible())
    assert not app.panel.isVisible()


def test_a_second_app_ends_with_the_reason(app: App, core: ScriptedCore) -> None:
    core.script.is_taken = True
    ended: list[bool] = []
    app.ended.connect(lambda: ended.append(True))
    app.start()
    wait_until(lambda: ended == [True])
    assert isinstance(app.refusal, AlreadyRunning) and not app.panel.isVisible()


def test_wishes_from_outside_reach_the_panel(app: App, core: ScriptedCore) -> None:
    app.start()
    wait_until(app.panel.isVisible)
    app.panel.hides_on_focus_loss = False
    core.tell(PanelRequested(PanelWish.TOGGLE))
    wait_until(lambda: not app.panel.isVisible())
    core.tell(PanelRequested(PanelWish.SHOW))
    wait_until(app.panel.isVisible)
    ended: list[bool] = []
    app.ended.connect(lambda: ended.append(True))
    core.tell(PanelRequested(PanelWish.QUIT))
    wait_until(lambda: ended == [True])


def test_the_tray_pauses_locks_and_quits(app: App, core: ScriptedCore) -> None:
    app.start()
    wait_until(app.panel.isVisible)
    app.tray._pause.trigger()
    wait_until(lambda: app.tray._pause.text() == "Resume")
    app.tray._pause.trigger()
    wait_until(lambda: app.tray._pause.text() == "Pause for an hour")
    app.tray._lock.trigger()
    wait_until(lambda: app.panel.is_locked)
    ended: list[bool] = []
    app.ended.connect(lambda: ended.append(True))
    app.tray._quit.trigger()
    wait_until(lambda: bool(ended))
    assert core.calls_of(p.Stop)


def test_locking_blanks_open_settings(app: App, core: ScriptedCore) -> None:
    app.start()
    wait_until(app.panel.isVisible)
    app.show_settings()
    window = app.settings_window
    assert window is not None
    wait_until(lambda: bool(window.findChildren(QLabel, "trouble")))
    core.script.vault = "locked"
    core.tell(VaultChanged(is_unlocked=False))
    wait_until(lambda: not window.findChildren(QLabel, "trouble"))


@pytest.mark.skipif(not hasattr(signal, "SIGTERM"), reason="no such signal here")
def test_sigterm_is_an_orderly_end(application: QApplication) -> None:
    watch = SignalWatch()
    arrived: list[bool] = []
    watch.arrived.connect(lambda: arrived.append(True))
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        wait_until(lambda: arrived == [True])
    finally:
        watch.close()
        watch.deleteLater()


def test_without_a_screen_a_sentence_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    assert main(["--profile", "/nowhere"]) == 1
    assert "no screen" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="Windows has its own dialog")
def test_the_file_dialog_keeps_no_list_of_folders(application: QApplication) -> None:
    """Qt's dialog writes the last folders into QtProject.conf in plain text."""
    remembered = QSettings(QSettings.Scope.UserScope, "QtProject")
    remembered.setValue("FileDialog/lastVisited", "file:///home/nora/Notes")
    remembered.sync()
    assert remembered.fileName().startswith(os.devnull)
    assert not Path(remembered.fileName()).exists()


def test_the_status_page_tells_of_last_night_in_one_small_table(
    settings: SettingsWindow, core: ScriptedCore
) -> None:
    wait_until(lambda: "Last night" in {label.text() for label in settings.status.findChildren(QLabel)})
    texts = {label.text() for label in settings.status.findChildren(QLabel)}
    assert texts >= {"Last night", "So far", "SPENT", "PREPARED", "ASKED", "SAVED", "1 h 13 min", "4 min"}
    assert any("9.4 s" in text and "55%" in text for text in texts)
    assert any("15.6 Wh, estimated" in text for text in texts)
    since = [call.since for call in core.calls_of(p.GetLedger)]
    assert None in since and any(since)
