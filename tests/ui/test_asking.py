"""From a keystroke to an answer, through the real client and a scripted core."""

import re
import threading
from dataclasses import replace

import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QTextBrowser, QTextEdit
from tests.ui.conftest import Opened, turn, wait_until
from tests.ui.fake_client import NOW, ScriptedCore, answer, citation, refusal

from pillowbook.core import protocol as p
from pillowbook.domain.answers import AnswerKind, Freshness
from pillowbook.domain.asking import AnswerText, LikelyPassage, Turn
from pillowbook.domain.errors import ModelMissing, VaultLocked
from pillowbook.domain.events import LibraryChanged, VaultChanged
from pillowbook.domain.ids import ServingId
from pillowbook.ui.asking import Asking
from pillowbook.ui.panel import Panel

BOILER = "When is the boiler due for its next service?"
ROOF = "How much did the roof repair cost in the end?"


def text_of(panel: Panel, name: str) -> str:
    label = panel.findChild(QLabel, name)
    assert label is not None
    return label.text() if not label.isHidden() else ""


def ask(panel: Panel, question: str) -> None:
    panel.question.setText(question)
    QTest.keyClick(panel.question, Qt.Key.Key_Return)


def test_passages_appear_while_typing(panel: Panel, asking: Asking, core: ScriptedCore) -> None:
    QTest.keyClicks(panel.question, "boiler")
    wait_until(lambda: panel.found.hit_rows[0].isVisible())
    assert panel.found.hit_rows[0].title() == "Boiler › Service record"
    wait_until(lambda: panel.found.question_rows[0].title() == BOILER)
    assert len(core.calls_of(p.Preload)) == 1
    assert len(core.calls_of(p.Search)) < len("boiler"), "keystrokes are gathered before the core is asked"


class Requests(QObject):
    """Counts the layouts that are asked for in the whole panel."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.count += event.type() == QEvent.Type.LayoutRequest
        return False


@pytest.mark.parametrize("shown", ["hits", "answer", "nothing"])
def test_a_panel_that_only_stands_there_does_nothing(
    panel: Panel, asking: Asking, application: QApplication, shown: str
) -> None:
    """Laying out once asked for the next layout, round and round, and took half a processor."""
    panel.appear()
    if shown == "hits":
        QTest.keyClicks(panel.question, "boiler")
        wait_until(lambda: panel.found.hit_rows[0].isVisible())
    elif shown == "answer":
        ask(panel, BOILER)
        wait_until(lambda: text_of(panel, "answer") != "")
    turn(300)
    requests = Requests()
    application.installEventFilter(requests)
    try:
        turn(400)
    finally:
        application.removeEventFilter(requests)
    assert requests.count < 10


def test_prepared_answer_stands_there_before_enter(panel: Panel, asking: Asking, core: ScriptedCore) -> None:
    ready = core.script.answers[BOILER]
    core.script.completions[0] = replace(core.script.completions[0], answer=ready)
    panel.question.setText("when is the boiler due")
    wait_until(lambda: text_of(panel, "answer") == ready.answer)
    assert text_of(panel, "freshness") == "Checked just now"
    assert not core.calls_of(p.Ask)


def test_prepared_answer_comes_with_sources_and_the_time_it_was_made(panel: Panel, asking: Asking) -> None:
    ask(panel, BOILER)
    wait_until(lambda: text_of(panel, "answer").startswith("The next boiler service"))
    assert text_of(panel, "freshness") == "Checked just now"
    assert text_of(panel, "prepared").startswith("Prepared last night")
    assert [row.objectName() for row in panel.card.shown_rows] == ["source-1", "source-2"]


def test_unsure_answers_say_so(panel: Panel, asking: Asking) -> None:
    ask(panel, "Which seeds go in first in spring?")
    wait_until(lambda: text_of(panel, "answer") != "")
    assert text_of(panel, "unsure") != ""
    ask(panel, BOILER)
    wait_until(lambda: text_of(panel, "answer").startswith("The next"))
    assert text_of(panel, "unsure") == ""


def test_live_answer_shows_a_passage_then_unverified_text_then_the_answer(
    panel: Panel, asking: Asking, core: ScriptedCore
) -> None:
    core.script.parts[ROOF] = [
        0.5,
        LikelyPassage(citation()),
        0.3,
        AnswerText("The repair "),
        AnswerText("came"),
        2.0,
    ]
    ask(panel, ROOF)
    wait_until(lambda: text_of(panel, "freshness") == "Looking in your notes…")
    assert not panel.card.visibleRegion().isEmpty(), "the panel has grown to show it"
    wait_until(lambda: len(panel.card.citations) == 1)
    wait_until(lambda: text_of(panel, "draft") == "The repair came")
    assert text_of(panel, "freshness") == "Being checked…"
    assert text_of(panel, "answer") == "", "it does not stand in the answer's place"
    assert panel.card.rows[0].y() < panel.card._draft_text.y(), "the passage stays where it is read"
    assert panel.card.copied_text == "", "text that was not verified is not offered for copying"
    wait_until(lambda: text_of(panel, "freshness") == "Live answer · from your notes")
    assert text_of(panel, "answer") == core.script.answers[ROOF].answer
    assert text_of(panel, "draft") == text_of(panel, "draft-heading") == ""


def test_restarted_text_replaces_what_was_streamed(panel: Panel) -> None:
    panel.show_waiting()
    panel.add_text("wrong", restart=False)
    panel.add_text("right", restart=True)
    assert text_of(panel, "draft") == "right"


def test_the_likely_passage_is_there_soon_after_enter_with_its_sentence_marked(
    panel: Panel, asking: Asking, core: ScriptedCore
) -> None:
    """Before any model has moved; a prepared answer that comes at once is not preceded by it."""
    snippet = "The roof. The repair came to £640. It was paid."
    core.script.parts[ROOF] = [LikelyPassage(citation("Roof"), snippet, (10, 34)), 1.0]
    panel.question.setText(ROOF)
    core.script.parts[ROOF][1] = 3.0
    QTest.keyClick(panel.question, Qt.Key.Key_Return)
    wait_until(lambda: text_of(panel, "sources-heading") == "LIKELY PASSAGE")
    assert text_of(panel, "answer") == text_of(panel, "draft") == ""
    row = panel.card.rows[0]._text
    assert row.text() == snippet
    start, length = row._marked
    assert row.text()[start : start + length] == "The repair came to £640."
    core.script.parts[BOILER] = [LikelyPassage(citation("Roof"))]
    ask(panel, BOILER)
    wait_until(lambda: text_of(panel, "answer") != "")
    assert text_of(panel, "sources-heading") == "SOURCES"


def test_streamed_text_that_does_not_stand_is_said_to_be_taken_back(
    panel: Panel, asking: Asking, core: ScriptedCore
) -> None:
    question = "What is the name of Ruth's dentist?"
    core.script.parts[question] = [AnswerText("Her dentist is "), AnswerText("Dr Invented.")]
    ask(panel, question)
    wait_until(lambda: text_of(panel, "freshness") == "Your notes do not say")
    assert text_of(panel, "answer") == ""
    assert "taken back" in text_of(panel, "remark")
    core.script.parts[ROOF] = [AnswerText("It came to"), AnswerText(" a million.")]
    ask(panel, ROOF)
    wait_until(lambda: text_of(panel, "answer") == core.script.answers[ROOF].answer)
    assert "put right" in text_of(panel, "remark")
    whole = core.script.answers[ROOF].answer
    core.script.parts[ROOF] = [AnswerText(whole[:20]), AnswerText(whole[20:]), 0.2]
    ask(panel, ROOF)
    wait_until(lambda: text_of(panel, "freshness") == "Being checked…")
    wait_until(lambda: text_of(panel, "freshness") == "Live answer · from your notes")
    assert text_of(panel, "remark") == "", "what stood is not spoken of"


def test_a_refusal_of_a_question_in_another_language_says_that_it_may_be_for_that(panel: Panel) -> None:
    panel.show_answer(refusal("Wann wird der Boiler das nächste Mal gewartet?"), NOW)
    assert "Not asked in English" in text_of(panel, "remark")
    panel.show_answer(refusal("When is the boiler's next service?"), NOW)
    assert text_of(panel, "remark") == ""


def test_what_is_typed_is_read_ahead_after_a_pause_and_stopped_when_it_is_cleared(
    panel: Panel, asking: Asking, core: ScriptedCore
) -> None:
    QTest.keyClicks(panel.question, "how much did the roof")
    wait_until(lambda: bool(core.calls_of(p.ReadAhead)))
    assert [call.typed for call in core.calls_of(p.ReadAhead)] == ["how much did the roof"]
    assert not core.calls_of(p.Ask)
    panel.question.clear()
    wait_until(lambda: [call.typed for call in core.calls_of(p.ReadAhead)][-1] == "")


def test_nothing_is_read_ahead_once_a_question_is_asked_or_answered(
    panel: Panel, asking: Asking, core: ScriptedCore
) -> None:
    asking._ahead.setInterval(60_000)
    ask(panel, ROOF)
    assert not asking._ahead.isActive()
    ready = core.script.answers[BOILER]
    core.script.completions[0] = replace(core.script.completions[0], answer=ready)
    panel.question.setText(BOILER)
    wait_until(lambda: text_of(panel, "answer") == ready.answer)
    asking._ahead.timeout.emit()
    turn(100)
    assert not core.calls_of(p.ReadAhead)


@pytest.mark.parametrize("act", ["rest", "copy", "open", "nothing"])
def test_an_answer_used_before_enter_counts_as_asked_once(
    panel: Panel, asking: Asking, core: ScriptedCore, act: str
) -> None:
    asking._rest.setInterval(150 if act == "rest" else 60_000)
    ready = core.script.answers[BOILER]
    core.script.completions[0] = replace(core.script.completions[0], answer=ready)
    panel.question.setText(BOILER)
    wait_until(lambda: text_of(panel, "answer") == ready.answer)
    if act == "copy":
        QTest.keyClick(panel.question, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    elif act == "open":
        QTest.keyClick(panel.question, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    if act != "nothing":
        wait_until(lambda: [call.question for call in core.calls_of(p.NoteUse)] == [BOILER])
    QTest.keyClick(panel.question, Qt.Key.Key_Return)
    wait_until(lambda: bool(core.calls_of(p.Ask)))
    assert core.calls_of(p.Ask)[0].learn is (act == "nothing"), "it was counted already"
    turn(250)
    assert len(core.calls_of(p.NoteUse)) == (act != "nothing")


def test_a_source_that_is_opened_is_told_with_its_serving(
    panel: Panel, asking: Asking, core: ScriptedCore
) -> None:
    """By nothing but opening it: neither asking nor copying; what was only found has no serving."""
    core.script.answers[BOILER] = replace(core.script.answers[BOILER], serving_id=ServingId(41))
    ask(panel, BOILER)
    wait_until(lambda: text_of(panel, "answer") != "")
    QTest.keyClick(panel.question, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    turn(50)
    assert core.calls_of(p.NoteOpened) == []
    hit, citation = core.script.hits[0], core.script.answers[BOILER].citations[0]
    asking.open_hit(hit)
    wait_until(lambda: core.calls_of(p.NoteOpened) == [p.NoteOpened(hit.path)])
    asking.open_citation(citation)
    wait_until(lambda: core.calls_of(p.NoteOpened)[1:] == [p.NoteOpened(citation.path, 41)])


def test_opening_a_source_of_an_answer_before_enter_is_told_with_the_serving_it_becomes(
    panel: Panel, asking: Asking, core: ScriptedCore
) -> None:
    asking._rest.setInterval(60_000)
    ready = core.script.answers[BOILER]
    core.script.noted = 17
    core.script.completions[0] = replace(core.script.completions[0], answer=ready)
    panel.question.setText(BOILER)
    wait_until(lambda: text_of(panel, "answer") == ready.answer)
    asking.open_citation(ready.citations[0])
    wait_until(lambda: p.NoteOpened(ready.citations[0].path, 17) in core.calls_of(p.NoteOpened))


def test_a_question_never_leans_on_itself(panel: Panel, asking: Asking, core: ScriptedCore) -> None:
    """Its answer stood there and was used before Enter."""
    asking._rest.setInterval(60_000)
    ready = core.script.answers[BOILER]
    core.script.completions[0] = replace(core.script.completions[0], answer=ready)
    panel.question.setText(BOILER)
    wait_until(lambda: text_of(panel, "answer") == ready.answer)
    QTest.keyClick(panel.question, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    wait_until(lambda: bool(core.calls_of(p.NoteUse)))
    QTest.keyClick(panel.question, Qt.Key.Key_Return)
    wait_until(lambda: bool(core.calls_of(p.Ask)))
    assert core.calls_of(p.Ask)[0].after is None


def test_an_answer_that_is_typed_past_is_not_counted(
    panel: Panel, asking: Asking, core: ScriptedCore
) -> None:
    asking._rest.setInterval(60_000)
    ready = core.script.answers[BOILER]
    core.script.completions[0] = replace(core.script.completions[0], answer=ready)
    panel.question.setText(BOILER)
    wait_until(lambda: text_of(panel, "answer") == ready.answer)
    core.script.completions[:] = []
    QTest.keyClicks(panel.question, " and")
    wait_until(lambda: text_of(panel, "answer") == "")
    assert not asking._rest.isActive()
    asking._rest.timeout.emit()
    turn(100)
    assert not core.calls_of(p.NoteUse)


def test_a_pasted_megabyte_is_refused_in_a_sentence_and_the_next_question_works(
    panel: Panel, asking: Asking, core: ScriptedCore
) -> None:
    QGuiApplication.clipboard().setText("boiler " * 150_000)
    panel.question.paste()
    assert "longer than 1000 characters" in text_of(panel, "message")
    turn(300)
    assert "longer than 1000 characters" in text_of(panel, "message"), "what is found does not wipe it away"
    ask(panel, BOILER)
    wait_until(lambda: text_of(panel, "answer") != "")
    assert text_of(panel, "message") == ""


def test_nothing_of_a_text_is_markup_and_nothing_in_it_is_unseen(panel: Panel) -> None:
    """A note or a model may say anything; it is shown as letters or not at all."""
    evil = "<img src='http://evil.example/x.png'><b>bold</b> a\u202egnp.exe \x1b[31mred\x07 [link](http://e.example)"
    row = citation(evil, evil, heading=evil)
    made = answer(evil, evil, citations=(row,), change_note=evil, matched_question=evil, nearest=(row,))
    panel.show_likely(LikelyPassage(row, evil, (3, 30)))
    panel.add_text(evil, restart=False)
    panel.show_answer(made, NOW)
    for label in panel.findChildren(QLabel):
        assert label.textFormat() is Qt.TextFormat.PlainText or not label.text(), label.objectName()
        assert not label.openExternalLinks()
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", label.text()), label.objectName()
        assert not re.search("[\u202a-\u202e\x1b]", label.accessibleName() + label.toolTip())
    assert "<b>bold</b>" in text_of(panel, "answer")
    assert not panel.findChildren(QTextBrowser) and not panel.findChildren(QTextEdit)
    assert "\x1b" not in panel.card.copied_text


def test_typing_again_cancels_the_live_answer(panel: Panel, asking: Asking, core: ScriptedCore) -> None:
    ask(panel, ROOF)
    wait_until(lambda: bool(core.calls_of(p.Ask)))
    turn(50)
    QTest.keyClicks(panel.question, "x")
    wait_until(lambda: core.cancelled == ["ask"])
    turn(100)
    assert text_of(panel, "answer") == ""


def test_old_keystrokes_never_overwrite_new_ones(panel: Panel, asking: Asking, core: ScriptedCore) -> None:
    hold = core.script.holds["search"] = threading.Event()
    panel.question.setText("boiler")
    wait_until(lambda: len(core.calls_of(p.Search)) == 1)
    panel.question.setText("")
    hold.set()
    turn(100)
    assert not panel.found.hit_rows[0].isVisible()


def test_refusal_shows_the_closest_passage(panel: Panel, asking: Asking) -> None:
    ask(panel, "What is the name of Ruth's dentist?")
    wait_until(lambda: text_of(panel, "freshness") == "Your notes do not say")
    assert text_of(panel, "answer") == ""
    assert panel.card.citations[0].title == "Neighbours"


def test_changed_note_is_told_beside_the_live_answer(panel: Panel, asking: Asking) -> None:
    ask(panel, "What day are the bins collected?")
    wait_until(lambda: text_of(panel, "answer").startswith("Bins"))
    assert text_of(panel, "note").startswith("Your note changed: it said")


@pytest.mark.parametrize("freshness", [Freshness.CHANGED, Freshness.GONE])
def test_withheld_answers_are_never_shown(panel: Panel, freshness: Freshness) -> None:
    """Whatever the core sends, an answer whose source changed or went does not stand as the answer."""
    panel.show_answer(answer("Q?", "Secretly stale.", freshness=freshness, kind=AnswerKind.HIT), NOW)
    assert text_of(panel, "answer") == ""
    assert panel.card.copied_text == ""


def test_control_and_a_number_open_that_source(panel: Panel, asking: Asking, opened: Opened) -> None:
    ask(panel, BOILER)
    wait_until(lambda: len(panel.card.citations) == 2)
    QTest.keyClick(panel.question, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    wait_until(lambda: bool(opened.places))
    assert opened.places == [("/notes/Home/boiler-warranty-letter.pdf", None, 2)]
    QTest.keyClick(panel.question, Qt.Key.Key_9, Qt.KeyboardModifier.ControlModifier)
    turn(30)
    assert len(opened.places) == 1


def test_a_click_on_a_source_opens_it_at_its_line(panel: Panel, asking: Asking, opened: Opened) -> None:
    ask(panel, BOILER)
    wait_until(lambda: len(panel.card.citations) == 2)
    QTest.mouseClick(panel.card.rows[0], Qt.MouseButton.LeftButton)
    wait_until(lambda: opened.places == [("/notes/Home/boiler.md", 12, None)])


def test_arrows_choose_and_enter_takes_what_is_chosen(
    panel: Panel, asking: Asking, core: ScriptedCore
) -> None:
    panel.question.setText("boiler")
    wait_until(lambda: panel.found.hit_rows[0].isVisible() and panel.found.question_rows[0].isVisible())
    QTest.keyClick(panel.question, Qt.Key.Key_Down)
    assert panel.found.question_rows[0].is_selected
    QTest.keyClick(panel.question, Qt.Key.Key_Return)
    wait_until(lambda: text_of(panel, "answer").startswith("The next boiler service"))
    assert panel.question.text() == BOILER


def test_copying_takes_the_answer_and_forgets_it_at_locking(
    panel: Panel, asking: Asking, core: ScriptedCore
) -> None:
    ask(panel, BOILER)
    wait_until(lambda: text_of(panel, "answer") != "")
    QTest.keyClick(panel.question, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == core.script.answers[BOILER].answer
    core.tell(VaultChanged(is_unlocked=False))
    wait_until(lambda: panel.is_locked)
    assert QGuiApplication.clipboard().text() == ""


def test_an_error_is_one_sentence_in_the_card(panel: Panel, asking: Asking, core: ScriptedCore) -> None:
    core.script.errors["ask"] = ModelMissing(model="m")
    ask(panel, "anything")
    wait_until(lambda: text_of(panel, "message").startswith("The language model is not installed"))


def test_locked_vault_asks_for_the_passphrase_in_place(
    panel: Panel, asking: Asking, core: ScriptedCore
) -> None:
    core.script.vault = "locked"
    core.script.errors["search"] = VaultLocked()
    panel.question.setText("boiler")
    wait_until(lambda: panel.is_locked)
    assert panel.question.text() == "", "nothing typed stays behind the lock"
    del core.script.errors["search"]
    field = panel.unlock_card.passphrase
    QTest.keyClicks(field, "wrong")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert field.text() == ""
    wait_until(lambda: text_of(panel, "unlock-sentence").startswith("The passphrase is not"))
    QTest.keyClicks(field, "correct horse")
    QTest.keyClick(field, Qt.Key.Key_Return)
    wait_until(lambda: not panel.is_locked)
    assert [call.passphrase for call in core.calls_of(p.VaultUnlock)] == ["wrong", "correct horse"]


def test_a_taken_passphrase_cannot_be_undone_or_copied(panel: Panel) -> None:
    panel.show_locked(has_keychain=False)
    field = panel.unlock_card.passphrase
    QTest.keyClicks(field, "secret")
    field.selectAll()
    QGuiApplication.clipboard().clear()
    QTest.keyClick(field, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == ""
    assert field.take() == "secret"
    QTest.keyClick(field, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert field.text() == ""


def test_locking_blanks_the_panel(panel: Panel, asking: Asking, core: ScriptedCore) -> None:
    ask(panel, BOILER)
    wait_until(lambda: text_of(panel, "answer") != "")
    core.tell(VaultChanged(is_unlocked=False))
    wait_until(lambda: panel.is_locked)
    for label in panel.findChildren(QLabel):
        assert "boiler" not in label.text().casefold()
    assert panel.card.citations == ()


def test_the_line_at_the_bottom_follows_the_library(panel: Panel, asking: Asking, core: ScriptedCore) -> None:
    wait_until(lambda: panel._status.text().startswith("126 answers ready"))
    core.tell(LibraryChanged(indexed=3, waiting=7, failed=0))
    wait_until(lambda: panel._status.text().startswith("Reading 7 documents"))
    core.tell(LibraryChanged(indexed=10, waiting=0, failed=0))
    wait_until(lambda: panel._status.text().startswith("126 answers ready"))


def test_escape_hides_and_the_title_never_holds_content(panel: Panel, asking: Asking) -> None:
    ask(panel, BOILER)
    wait_until(lambda: text_of(panel, "answer") != "")
    assert panel.windowTitle() == "Pillowbook"
    QTest.keyClick(panel.question, Qt.Key.Key_Escape)
    assert not panel.isVisible()


def test_escape_hides_whatever_has_the_focus(panel: Panel, asking: Asking, core: ScriptedCore) -> None:
    """The button at the foot, and the passphrase of a locked vault."""
    wait_until(lambda: panel._status.toolTip() != "")  # what was asked of the core at the start is answered
    QTest.keyClick(panel._settings, Qt.Key.Key_Escape)
    assert not panel.isVisible()
    core.tell(VaultChanged(is_unlocked=False))
    wait_until(lambda: panel.is_locked)
    panel.appear()
    QTest.keyClick(panel.unlock_card.passphrase, Qt.Key.Key_Escape)
    assert not panel.isVisible()


def test_a_lost_core_is_connected_again_once(panel: Panel, asking: Asking, core: ScriptedCore) -> None:
    controller = asking._controller
    client = controller._client
    core.drop_connections()
    wait_until(lambda: client is not None and not client.is_connected)
    controller._look_after_connection()
    wait_until(lambda: controller.is_connected)
    ask(panel, BOILER)
    wait_until(lambda: text_of(panel, "answer") != "")
    client = controller._client
    core.drop_connections()
    wait_until(lambda: client is not None and not client.is_connected)
    controller._look_after_connection()
    wait_until(lambda: text_of(panel, "message") != "")


def test_a_follow_up_goes_with_what_was_asked_before_and_says_how_it_was_understood(
    panel: Panel, asking: Asking, core: ScriptedCore
) -> None:
    follow_up = "and who does it?"
    understood = "Who does the boiler's service?"
    core.script.answers[follow_up] = answer(follow_up, "Alan Pettifer.", understood_as=understood)
    ask(panel, BOILER)
    wait_until(lambda: text_of(panel, "answer").startswith("The next"))
    assert text_of(panel, "understood") == ""
    assert core.calls_of(p.Ask)[0].after is None
    ask(panel, follow_up)
    wait_until(lambda: text_of(panel, "answer") == "Alan Pettifer.")
    assert text_of(panel, "understood") == f"Understood as: {understood}"
    told = core.script.answers[BOILER]
    assert core.calls_of(p.Ask)[1].after == Turn(
        BOILER, told.answer, "Boiler", (told.citations[0].document_id,)
    )
    ask(panel, "and when was that?")
    wait_until(lambda: len(core.calls_of(p.Ask)) == 3)
    assert core.calls_of(p.Ask)[2].after.question == understood, "it leans on what was understood"


def test_what_is_typed_is_looked_up_with_what_was_asked_before(
    panel: Panel, asking: Asking, core: ScriptedCore
) -> None:
    ask(panel, BOILER)
    wait_until(lambda: text_of(panel, "answer").startswith("The next"))
    panel.question.setText("and who does it")
    wait_until(lambda: bool(core.calls_of(p.Complete)))
    assert core.calls_of(p.Complete)[-1].after.question == BOILER


def test_the_question_before_is_forgotten_at_locking(
    panel: Panel, asking: Asking, core: ScriptedCore
) -> None:
    ask(panel, BOILER)
    wait_until(lambda: text_of(panel, "answer").startswith("The next"))
    core.tell(VaultChanged(is_unlocked=False))
    wait_until(lambda: panel.is_locked)
    assert asking._last is None
    core.tell(VaultChanged(is_unlocked=True))
    wait_until(lambda: not panel.is_locked)
    ask(panel, "and who does it?")
    wait_until(lambda: len(core.calls_of(p.Ask)) == 2)
    assert core.calls_of(p.Ask)[1].after is None


def test_prepared_questions_are_marked_as_instant(panel: Panel, asking: Asking) -> None:
    panel.question.setText("boiler")
    wait_until(lambda: panel.found.question_rows[0].isVisible())
    assert text_of(panel, "questions-heading") == "READY ANSWERS"
    assert panel.found.question_rows[0].place() == "instant"


def test_what_may_be_asked_next_stands_under_the_answer_and_is_asked_at_a_click(
    panel: Panel, asking: Asking, core: ScriptedCore
) -> None:
    following = "Who services the boiler?"
    core.script.answers[following] = answer(following, "Alan Pettifer.")
    ask(panel, BOILER)
    wait_until(lambda: panel.found.question_rows[1].isVisible())
    assert text_of(panel, "questions-heading") == "READY TO ASK NEXT"
    row = panel.found.question_rows[0]
    assert (row.title(), row.place()) == (following, "instant")
    QTest.mouseClick(row, Qt.MouseButton.LeftButton)
    wait_until(lambda: text_of(panel, "answer") == "Alan Pettifer.")
    assert panel.question.text() == following


def test_an_answer_before_enter_has_its_next_questions_too(
    panel: Panel, asking: Asking, core: ScriptedCore
) -> None:
    ready = core.script.answers[BOILER]
    core.script.completions = [replace(core.script.completions[0], answer=ready)]
    panel.question.setText("when is the boiler due")
    wait_until(lambda: text_of(panel, "answer") == ready.answer)
    titles = [row.title() for row in panel.found.question_rows if row.isVisible()]
    assert titles == [one.question for one in ready.related]


def test_a_used_follow_up_counts_as_the_question_it_was_understood_as(
    panel: Panel, asking: Asking, core: ScriptedCore
) -> None:
    ready = replace(core.script.answers[BOILER], understood_as=BOILER)
    core.script.completions = [replace(core.script.completions[0], answer=ready)]
    panel.question.setText("and when is it due?")
    wait_until(lambda: text_of(panel, "answer") == ready.answer)
    QTest.keyClick(panel.question, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    wait_until(lambda: bool(core.calls_of(p.NoteUse)))
    assert core.calls_of(p.NoteUse)[0].question == BOILER


def test_more_sources_than_fit_are_counted(panel: Panel) -> None:
    many = tuple(citation(title=f"Note {number}", line=number) for number in range(1, 13))
    panel.show_answer(answer("Which notes mention it?", "12 notes mention it.", citations=many), NOW)
    assert text_of(panel, "sources-heading") == "SOURCES, 9 OF 12"
    assert len(panel.card.shown_rows) == 9
