"""What is prepared and why, in the settings window, and what the user's hand does to it."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QPushButton
from tests.ui.conftest import turn, wait_until
from tests.ui.fake_client import NOW, ScriptedCore

from pillowbook.core import protocol as p
from pillowbook.domain.clock import ManualClock
from pillowbook.domain.errors import ServingUnknown
from pillowbook.domain.serving import NeverRule
from pillowbook.ui.controller import Controller
from pillowbook.ui.prepared_page import SHOWN, PreparedPage


def view(number: int, question: str, answer: str = "On 14 March.") -> p.PreparedView:
    return p.PreparedView(
        prepared=number,
        question=question,
        answer=answer,
        reason="content",
        why="The note answers this.",
        path="/notes/Home/boiler.md",
        prepared_at=NOW,
        seconds=4.0,
        is_pinned=False,
        is_edited=False,
    )


@pytest.fixture
def page(controller: Controller, core: ScriptedCore) -> Iterator[PreparedPage]:
    core.script.ready = [
        view(2, "When is the boiler serviced?"),
        view(1, "Who is Mungo's vet?", "Femi Saltmarsh"),
    ]
    made = PreparedPage(controller, ManualClock(NOW))
    made.resize(620, 600)
    made.show()
    made.refresh()
    wait_until(lambda: len(questions(made)) == 2)
    yield made
    made.close()
    made.deleteLater()


def questions(page: PreparedPage) -> list[str]:
    return [label.text() for label in page.findChildren(QLabel, "prepared-question") if label.isVisible()]


def texts(page: PreparedPage) -> str:
    return "\n".join(label.text() for label in page.findChildren(QLabel) if label.isVisible())


def press(page: PreparedPage, name: str, which: int = 0) -> None:
    def shown() -> list[QPushButton]:
        return [made for made in page.findChildren(QPushButton, name) if made.isVisible()]

    wait_until(lambda: len(shown()) > which)
    QTest.mouseClick(shown()[which], Qt.MouseButton.LeftButton)


def test_each_is_told_with_its_reason_and_its_note(page: PreparedPage) -> None:
    assert questions(page) == ["When is the boiler serviced?", "Who is Mungo's vet?"]
    assert "The note answers this. · boiler.md · just now" in texts(page)
    assert "2 prepared answers." in texts(page)


def test_it_is_found_by_words_of_question_answer_or_file(page: PreparedPage) -> None:
    QTest.keyClicks(page.words, "SALT vet")
    wait_until(lambda: questions(page) == ["Who is Mungo's vet?"])
    assert "1 prepared answer of 2" in texts(page)
    QTest.keyClicks(page.words, " nothing")
    wait_until(lambda: "None has these words." in texts(page))
    assert not questions(page)


def test_one_is_pinned_and_deleted_and_never_made_again(page: PreparedPage, core: ScriptedCore) -> None:
    press(page, "pin")
    wait_until(lambda: any(b.text() == "Pinned" for b in page.findChildren(QPushButton, "pin")))
    assert core.script.ready[0].is_pinned
    press(page, "delete", 1)
    wait_until(lambda: questions(page) == ["When is the boiler serviced?"])
    press(page, "never")
    wait_until(lambda: "Never prepared" in texts(page))
    press(page, "never-off")
    wait_until(lambda: not core.script.never and "Never prepared" not in texts(page))


def test_words_of_ones_own_are_put_in_its_place_and_taken_back(
    page: PreparedPage, core: ScriptedCore
) -> None:
    press(page, "edit")
    editor = next(made for made in page.findChildren(QPlainTextEdit) if made.isVisible())
    assert editor.toPlainText() == "On 14 March."
    editor.setPlainText("In spring, by Alan.")
    press(page, "edit-save")
    wait_until(lambda: "In spring, by Alan." in texts(page) and "Your own words" in texts(page))
    press(page, "edit-undo")
    wait_until(lambda: "As it was." in texts(page))
    assert [call.text for call in core.calls_of(p.EditAnswer)] == ["In spring, by Alan.", None]


def test_what_is_being_typed_is_not_taken_away_by_news(page: PreparedPage, core: ScriptedCore) -> None:
    press(page, "edit")
    editor = next(made for made in page.findChildren(QPlainTextEdit) if made.isVisible())
    editor.setPlainText("In spr")
    core.script.ready = [view(3, "What does the boiler cost?"), *core.script.ready]
    calls = len(core.calls_of(p.ListPrepared))
    page.refresh()
    wait_until(lambda: len(core.calls_of(p.ListPrepared)) > calls)
    turn(50)
    assert editor.isVisible() and editor.toPlainText() == "In spr"
    press(page, "edit-drop")
    wait_until(lambda: questions(page)[:1] == ["What does the boiler cost?"])


def test_an_error_is_one_sentence_and_nothing_typed_is_lost(page: PreparedPage, core: ScriptedCore) -> None:
    core.script.errors["edit"] = ServingUnknown()
    press(page, "edit")
    editor = next(made for made in page.findChildren(QPlainTextEdit) if made.isVisible())
    editor.setPlainText("In spring")
    press(page, "edit-save")
    error = page.findChild(QLabel, "prepared-error")
    assert error is not None
    wait_until(lambda: error.isVisible())
    assert editor.isVisible() and editor.toPlainText() == "In spring"


def test_of_many_the_newest_are_shown(page: PreparedPage, core: ScriptedCore) -> None:
    core.script.ready = [view(number, f"Question {number}?") for number in range(200, 0, -1)]
    page.refresh()
    wait_until(lambda: len(questions(page)) == SHOWN)
    assert f"the newest {SHOWN} are shown" in texts(page)
    QTest.keyClicks(page.words, "170?")
    wait_until(lambda: questions(page) == ["Question 170?"])


def test_a_locked_vault_leaves_nothing_on_the_page(page: PreparedPage, core: ScriptedCore) -> None:
    core.script.never = [NeverRule("Where is the spare key?", NOW)]
    page.refresh()
    wait_until(lambda: "spare key" in texts(page))
    page.blank()
    turn(20)
    assert not questions(page) and "boiler" not in texts(page) and "spare key" not in texts(page)
