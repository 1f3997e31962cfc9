"""What can be said of an answer in the panel, by mouse and keyboard, and what becomes of it."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton
from tests.ui.conftest import turn, wait_until
from tests.ui.fake_client import NOW, ScriptedCore, answer, refusal
from tests.ui.test_prepared import view as prepared

from pillowbook.core import protocol as p
from pillowbook.domain.answers import Answer, AnswerKind, Freshness
from pillowbook.domain.asking import Completion
from pillowbook.domain.errors import ServingUnknown
from pillowbook.domain.ids import PreparedId, ServingId
from pillowbook.domain.serving import Verdict
from pillowbook.ui import phrases
from pillowbook.ui.answer_tools import NEVER_SAID, SAID, AnswerTools
from pillowbook.ui.asking import Asking
from pillowbook.ui.panel import Panel

QUESTION = "When is the boiler serviced?"
SERVED = answer(QUESTION, "On 14 March.", serving_id=ServingId(12), prepared_id=PreparedId(5))
OTHER = answer(
    QUESTION,
    "On 14 March.",
    serving_id=ServingId(12),
    prepared_id=PreparedId(5),
    matched_question="When is the next service of the boiler?",
)


def shown(panel: Panel) -> set[str]:
    return {made.objectName() for made in panel.card.tools.findChildren(QPushButton) if made.isVisible()}


def said(panel: Panel) -> str:
    label = panel.card.tools.findChild(QLabel, "tools-said")
    assert label is not None
    return "" if label.isHidden() else label.text()


@pytest.mark.parametrize(
    ("served", "names"),
    [
        (SERVED, {"verdict-right", "verdict-wrong", "pin", "never"}),
        (OTHER, {"verdict-right", "verdict-wrong", "verdict-wrong-question", "pin", "never"}),
        (
            answer(QUESTION, "Live.", kind=AnswerKind.LIVE, matched_question=None, serving_id=ServingId(3)),
            {"verdict-right", "verdict-wrong", "never"},
        ),
        (
            answer(
                QUESTION, "7.", kind=AnswerKind.ADAPTED, matched_question="Which?", serving_id=ServingId(4)
            ),
            {"verdict-right", "verdict-wrong", "never"},
        ),
        (refusal(QUESTION), {"never"}),
    ],
    ids=["prepared", "for other words", "live", "adapted", "not remembered"],
)
def test_only_what_makes_sense_is_offered(panel: Panel, served: Answer, names: set[str]) -> None:
    panel.show_answer(served, NOW)
    assert shown(panel) == names
    panel.show_nothing()
    assert shown(panel) == set()


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_verdict_goes_to_the_core_and_is_answered_in_a_sentence(
    panel: Panel, asking: Asking, core: ScriptedCore, verdict: Verdict
) -> None:
    panel.show_answer(OTHER, NOW)
    QTest.mouseClick(panel.card.tools.verdicts[verdict], Qt.MouseButton.LeftButton)
    wait_until(lambda: said(panel) == SAID[verdict])
    assert core.calls_of(p.GiveVerdict) == [p.GiveVerdict(verdict, 12, None)]
    assert not any(made.isEnabled() for made in panel.card.tools.verdicts.values()), "it is said once"


def test_every_button_is_reached_and_pressed_by_keys_and_has_a_name(
    panel: Panel, asking: Asking, core: ScriptedCore
) -> None:
    panel.show_answer(OTHER, NOW)
    panel.activateWindow()
    wait_until(panel.question.hasFocus)
    reached: list[str] = []
    for _ in range(8):
        QTest.keyClick(panel.focusWidget(), Qt.Key.Key_Tab)
        focused = panel.focusWidget()
        reached.append(focused.objectName())
        assert focused.accessibleName(), focused.objectName()
    assert set(reached) >= shown(panel)
    panel.card.tools.verdicts[Verdict.WRONG].setFocus()
    QTest.keyClick(panel.focusWidget(), Qt.Key.Key_Return)
    wait_until(lambda: bool(core.calls_of(p.GiveVerdict)))
    assert core.calls_of(p.Ask) == [], "Enter presses the button that has the focus"


def test_an_answer_before_enter_is_judged_by_what_was_prepared_and_counts_once(
    panel: Panel, asking: Asking, core: ScriptedCore
) -> None:
    seen = answer(QUESTION, "On 14 March.", prepared_id=PreparedId(5))
    core.script.completions = [Completion(QUESTION, 1.0, seen)]
    panel.question.setText(QUESTION)
    wait_until(lambda: "verdict-wrong" in shown(panel))
    QTest.mouseClick(panel.card.tools.verdicts[Verdict.WRONG], Qt.MouseButton.LeftButton)
    wait_until(lambda: bool(said(panel)))
    assert core.calls_of(p.GiveVerdict) == [p.GiveVerdict(Verdict.WRONG, None, 5)]
    asking._rest.timeout.emit()
    turn(20)
    assert core.calls_of(p.NoteUse) == []


def test_an_answer_that_was_used_already_is_judged_as_that_serving(
    panel: Panel, asking: Asking, core: ScriptedCore
) -> None:
    core.script.noted = 77
    core.script.completions = [
        Completion(QUESTION, 1.0, answer(QUESTION, "On 14 March.", prepared_id=PreparedId(5)))
    ]
    panel.question.setText(QUESTION)
    wait_until(lambda: "verdict-wrong" in shown(panel))
    asking._rest.timeout.emit()
    wait_until(lambda: asking._used_serving == 77)
    QTest.mouseClick(panel.card.tools.verdicts[Verdict.RIGHT], Qt.MouseButton.LeftButton)
    wait_until(lambda: bool(said(panel)))
    assert core.calls_of(p.GiveVerdict) == [p.GiveVerdict(Verdict.RIGHT, 77, None)]


def test_pinning_and_never_preparing(panel: Panel, asking: Asking, core: ScriptedCore) -> None:
    core.script.ready = [prepared(5, "When is the next service of the boiler?")]
    panel.show_answer(OTHER, NOW)
    tools: AnswerTools = panel.card.tools
    QTest.mouseClick(tools.pin, Qt.MouseButton.LeftButton)
    wait_until(tools.pin.isChecked)
    assert tools.pin.text() == "Pinned"
    QTest.mouseClick(tools.pin, Qt.MouseButton.LeftButton)
    wait_until(lambda: not tools.pin.isChecked())
    assert core.calls_of(p.PinAnswer) == [p.PinAnswer("5", True), p.PinAnswer("5", False)]
    QTest.mouseClick(tools.never, Qt.MouseButton.LeftButton)
    wait_until(lambda: said(panel) == NEVER_SAID)
    assert core.calls_of(p.NeverPrepare) == [p.NeverPrepare("When is the next service of the boiler?", True)]


def test_what_cannot_be_done_is_told_and_stays_undone(
    panel: Panel, asking: Asking, core: ScriptedCore
) -> None:
    core.script.errors["verdict"] = ServingUnknown()
    panel.show_answer(SERVED, NOW)
    QTest.mouseClick(panel.card.tools.verdicts[Verdict.WRONG], Qt.MouseButton.LeftButton)
    wait_until(lambda: bool(said(panel)))
    assert said(panel) == ServingUnknown().say()
    assert panel.card.tools.verdicts[Verdict.WRONG].isEnabled()


def test_the_users_own_words_are_marked_and_never_fresh_once_the_note_changed(panel: Panel) -> None:
    fresh = answer(QUESTION, "Mine.", is_edited=True)
    assert phrases.freshness_chip(fresh).text == "Your own words · checked just now"
    changed = answer(
        QUESTION, "Mine.", is_edited=True, freshness=Freshness.CHANGED, change_note="It read otherwise."
    )
    chip = phrases.freshness_chip(changed)
    assert (chip.text, chip.tone) == ("Your own words · note changed", "amber")
    panel.show_answer(changed, NOW)
    label = panel.findChild(QLabel, "answer")
    assert label is not None and label.text() == "Mine."
    assert not phrases.is_withheld(changed)
