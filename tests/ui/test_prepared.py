"""What is prepared and why, in the settings window, and what the user's hand does to it."""

import threading
from collections.abc import Iterator

import msgspec
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
from pillowbook.ui.prepared_page import SHOWN, WAITS, PreparedPage, PreparedRow


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
        has_new_evidence=False,
        has_changed_note=False,
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


def begin(page: PreparedPage, which: int) -> QPlainTextEdit:
    """Begin to edit one of the rows at rest; nothing else is edited yet."""
    press(page, "edit", which)
    return next(made for made in page.findChildren(QPlainTextEdit) if made.isVisible())


def let_news_come(page: PreparedPage, core: ScriptedCore) -> None:
    calls = len(core.calls_of(p.ListPrepared))
    page.refresh()
    wait_until(lambda: len(core.calls_of(p.ListPrepared)) > calls)
    turn(50)


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

    assert editor.isEnabled()
    del core.script.errors["edit"]
    press(page, "edit-save")
    wait_until(lambda: "In spring" in texts(page) and "Your own words" in texts(page))


def test_a_row_whose_words_were_saved_as_they_were_can_be_edited_again(
    page: PreparedPage, core: ScriptedCore
) -> None:
    core.script.ready[0] = msgspec.structs.replace(core.script.ready[0], is_edited=True)
    let_news_come(page, core)
    for _ in range(2):
        begin(page, 0)
        press(page, "edit-save")
        wait_until(lambda: not [made for made in page.findChildren(QPlainTextEdit) if made.isVisible()])


@pytest.mark.parametrize("name", ["pin", "delete", "never"])
def test_what_is_being_typed_outlives_a_change_of_another_row(
    page: PreparedPage, core: ScriptedCore, name: str
) -> None:
    editor = begin(page, 1)
    editor.setPlainText("She moved to")
    before = list(core.script.ready)
    calls = len(core.calls_of(p.ListPrepared))
    press(page, name)
    wait_until(lambda: len(core.calls_of(p.ListPrepared)) > calls)
    turn(50)
    assert core.script.ready != before or core.script.never
    assert editor.isVisible() and editor.isEnabled() and editor.toPlainText() == "She moved to"
    if name != "never":
        assert WAITS in texts(page)
    press(page, "edit-save")
    wait_until(lambda: "She moved to" in texts(page) and WAITS not in texts(page))
    assert len(questions(page)) == len(core.script.ready)
    assert all(row.isEnabled() for row in page.findChildren(PreparedRow) if row.isVisible())


def test_what_is_being_typed_outlives_a_question_allowed_again(
    page: PreparedPage, core: ScriptedCore
) -> None:
    core.script.never = [NeverRule("Where is the spare key?", NOW)]
    let_news_come(page, core)
    editor = begin(page, 1)
    editor.setPlainText("She moved to")
    press(page, "never-off")
    wait_until(lambda: "spare key" not in texts(page))
    turn(50)
    assert editor.isVisible() and editor.toPlainText() == "She moved to"


def test_what_is_being_typed_outlives_a_search_and_what_was_found_follows(
    page: PreparedPage, core: ScriptedCore
) -> None:
    editor = begin(page, 0)
    editor.setPlainText("In spr")
    QTest.keyClicks(page.words, "mungo")
    wait_until(lambda: WAITS in texts(page))
    assert editor.isVisible() and editor.toPlainText() == "In spr"
    press(page, "edit-drop")
    wait_until(lambda: questions(page) == ["Who is Mungo's vet?"])
    assert "1 prepared answer of 2" in texts(page)


def test_of_two_that_are_edited_neither_takes_the_other_away(page: PreparedPage, core: ScriptedCore) -> None:
    begin(page, 0)
    press(page, "edit")  # of the other row, the only one at rest
    first, second = (made for made in page.findChildren(QPlainTextEdit) if made.isVisible())
    first.setPlainText("In spring.")
    second.setPlainText("She moved to")
    core.script.ready = [view(3, "What does the boiler cost?"), *core.script.ready]
    let_news_come(page, core)
    press(page, "edit-save", 0)
    wait_until(lambda: [call.text for call in core.calls_of(p.EditAnswer)] == ["In spring."])
    turn(50)
    assert first.toPlainText() == "In spring." and not first.isEnabled(), "saved, and shown until the list is"
    assert second.isVisible() and second.isEnabled() and second.toPlainText() == "She moved to"
    press(page, "edit-drop", 1)
    wait_until(lambda: questions(page)[:1] == ["What does the boiler cost?"] and "In spring." in texts(page))


def test_a_cancelled_row_takes_no_other_away_though_news_waits(
    page: PreparedPage, core: ScriptedCore
) -> None:
    begin(page, 0)
    press(page, "edit")
    second = [made for made in page.findChildren(QPlainTextEdit) if made.isVisible()][1]
    second.setPlainText("She moved to")
    core.script.ready = [view(3, "What does the boiler cost?"), *core.script.ready]
    let_news_come(page, core)
    press(page, "edit-drop", 0)
    turn(50)
    assert second.isVisible() and second.toPlainText() == "She moved to"


def test_words_are_saved_for_an_answer_that_was_prepared_anew_meanwhile(
    page: PreparedPage, core: ScriptedCore
) -> None:
    editor = begin(page, 0)
    editor.setPlainText("In spring, by Alan.")
    core.script.ready[0] = view(7, "When is the boiler serviced?", "In March.")
    press(page, "edit-save")
    wait_until(lambda: "In spring, by Alan." in texts(page))
    assert core.script.ready[0].prepared == 7 and core.script.ready[0].is_edited


def test_a_question_of_digits_is_no_number(page: PreparedPage, core: ScriptedCore) -> None:
    core.script.ready = [view(3, "1"), *core.script.ready]
    let_news_come(page, core)
    press(page, "pin")
    wait_until(lambda: core.script.ready[0].is_pinned)
    assert not core.script.ready[2].is_pinned, "the answer of that number"


def test_what_may_not_hold_any_more_says_so(page: PreparedPage, core: ScriptedCore) -> None:
    first, second = core.script.ready
    core.script.ready = [
        msgspec.structs.replace(first, has_new_evidence=True),
        msgspec.structs.replace(second, is_edited=True, has_changed_note=True),
    ]
    let_news_come(page, core)
    assert "just now · newer notes may bear on it" in texts(page)
    assert "Your own words · its note has changed since" in texts(page)


def test_of_many_some_are_shown_and_all_are_counted_and_found(page: PreparedPage, core: ScriptedCore) -> None:
    core.script.ready = [view(number, f"Question {number}?") for number in range(2000, 0, -1)]
    page.refresh()
    wait_until(lambda: len(questions(page)) == SHOWN)
    assert f"2,000 prepared answers; {SHOWN} are shown" in texts(page)
    QTest.keyClicks(page.words, "1001?")
    wait_until(lambda: questions(page) == ["Question 1001?"])
    assert "1 prepared answer of 2,000 has these words." in texts(page)


def test_rows_stay_where_only_the_count_has_changed(page: PreparedPage, core: ScriptedCore) -> None:
    """Whoever reads or presses something there is not disturbed while the machine works."""
    QTest.keyClicks(page.words, "mungo")
    wait_until(lambda: questions(page) == ["Who is Mungo's vet?"])
    row = next(made for made in page.findChildren(PreparedRow) if made.isVisible())
    core.script.ready = [view(3, "What does the boiler cost?"), *core.script.ready]
    let_news_come(page, core)
    assert "1 prepared answer of 3" in texts(page) and row.isVisible()


def test_a_locked_vault_leaves_nothing_on_the_page(page: PreparedPage, core: ScriptedCore) -> None:
    core.script.never = [NeverRule("Where is the spare key?", NOW)]
    page.refresh()
    wait_until(lambda: "spare key" in texts(page))
    begin(page, 0).setPlainText("The boiler is mine")
    page.words.setText("boiler")
    page.blank()
    turn(200)
    assert not questions(page) and "boiler" not in texts(page) and "spare key" not in texts(page)
    assert not [made for made in page.findChildren(QPlainTextEdit) if made.isVisible()]
    assert not page.words.text()
    page.refresh()
    wait_until(lambda: len(questions(page)) == 2)  # it is unlocked again


def test_what_was_under_way_when_the_vault_was_locked_is_not_shown(
    page: PreparedPage, core: ScriptedCore
) -> None:
    hold = core.script.holds["prepared"] = threading.Event()
    calls = len(core.calls_of(p.ListPrepared))
    page.refresh()
    wait_until(lambda: len(core.calls_of(p.ListPrepared)) > calls)
    page.blank()
    hold.set()
    turn(100)
    assert not questions(page)
