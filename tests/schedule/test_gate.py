"""The gate: every state has one code and one sentence."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from pillowbook.domain.work import Hours
from pillowbook.schedule.gate import SENTENCES, Rules, Sensed, decide

NOW = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
QUIET = Sensed(
    now=NOW,
    idle_s=600.0,
    is_plugged=True,
    battery_percent=None,
    others_load=0.02,
    paused_until=None,
    is_model_installed=True,
)
RULES = Rules(work_when="both", idle_after_s=120, battery_floor_percent=40, load_ceiling=0.3, settle_s=180)
AWAY = replace(QUIET, is_plugged=False, battery_percent=80.0)

STATES = [
    ("both", QUIET, "open-idle"),
    ("both", replace(QUIET, idle_s=5.0), "in-use"),
    ("both", AWAY, "on-battery"),
    ("both", replace(QUIET, idle_s=None), "open-unseen"),
    ("either", replace(AWAY, idle_s=None), "open-unseen"),
    ("either", replace(QUIET, idle_s=None), "open-plugged"),
    ("idle", AWAY, "open-idle"),
    ("idle", replace(QUIET, idle_s=119.9), "in-use"),
    ("idle", replace(QUIET, is_plugged=False, battery_percent=39.0), "battery-low"),
    ("idle", replace(AWAY, is_battery_low=True), "battery-low"),
    ("idle", replace(QUIET, battery_percent=5.0, is_battery_low=True), "open-idle"),  # and charging
    ("plugged", replace(QUIET, idle_s=0.0), "open-plugged"),
    ("plugged", AWAY, "on-battery"),
    ("either", replace(QUIET, idle_s=0.0), "open-plugged"),
    ("either", AWAY, "open-idle"),
    ("either", replace(AWAY, idle_s=0.0), "in-use-on-battery"),
    ("either", replace(AWAY, is_saving=True), "power-saver"),
    ("either", replace(QUIET, is_saving=True), "power-saver"),
    ("never", QUIET, "switched-off"),
    ("both", replace(QUIET, is_model_installed=False), "no-model"),
    ("both", replace(QUIET, others_load=0.31), "busy"),
    ("both", replace(QUIET, is_memory_short=True), "memory-short"),
    ("both", replace(QUIET, is_hot=True), "hot"),
    ("both", replace(QUIET, is_full_screen=True), "full-screen"),
    ("either", replace(QUIET, is_held=True), "presenting"),
    ("both", replace(QUIET, since_start_s=179.0, since_wake_s=None), "just-started"),
    ("both", replace(QUIET, since_start_s=9000.0, since_wake_s=20.0), "just-woken"),
    ("both", replace(QUIET, since_start_s=180.0, since_wake_s=181.0), "open-idle"),
    ("both", replace(QUIET, is_going_to_sleep=True), "going-to-sleep"),
    ("both", replace(QUIET, spent="token"), "budget-spent"),
    ("both", replace(QUIET, paused_until=NOW + timedelta(minutes=30)), "paused"),
    ("both", replace(QUIET, paused_until=NOW - timedelta(seconds=1)), "open-idle"),
    ("both", replace(QUIET, now=NOW.replace(hour=12)), "outside-hours"),
    # Of several reasons the user's own wishes are told first.
    ("both", replace(QUIET, idle_s=0.0, others_load=1.0, is_hot=True), "in-use"),
    ("never", replace(QUIET, spent="time", idle_s=0.0), "switched-off"),
]


@pytest.mark.parametrize(("work_when", "sensed", "code"), STATES)
def test_the_gate_decides(work_when: str, sensed: Sensed, code: str) -> None:
    state = decide(sensed, replace(RULES, work_when=work_when, hours=Hours(time(22), time(7))))
    assert state.code == code
    assert state.is_open == code.startswith("open")
    assert state.sentence.endswith(".") and state.sentence[0].isupper()
    assert "{" not in state.sentence


def test_every_code_has_a_sentence_and_every_state_can_be_reached() -> None:
    reached = {code for _work_when, _sensed, code in STATES}
    assert reached == set(SENTENCES)
    assert len(set(SENTENCES.values())) == len(SENTENCES), "each says something of its own"


@pytest.mark.parametrize(
    ("start", "end", "moment", "is_within"),
    [
        ("22:00", "07:00", "22:00", True),
        ("22:00", "07:00", "23:59", True),
        ("22:00", "07:00", "00:00", True),
        ("22:00", "07:00", "06:59", True),
        ("22:00", "07:00", "07:00", False),
        ("22:00", "07:00", "12:00", False),
        ("09:00", "17:30", "17:29", True),
        ("09:00", "17:30", "17:30", False),
        ("09:00", "17:30", "08:59", False),
        ("20:00", "00:00", "23:59", True),
        ("20:00", "00:00", "00:00", False),
    ],
)
def test_hours_may_cross_midnight(start: str, end: str, moment: str, is_within: bool) -> None:
    hours = Hours(time.fromisoformat(start), time.fromisoformat(end))
    assert hours.has(time.fromisoformat(moment)) is is_within


def test_the_sentences_name_what_the_user_chose() -> None:
    rules = replace(RULES, hours=Hours(time(22), time(7)))
    assert "22:00-07:00" in decide(replace(QUIET, now=NOW.replace(hour=8)), rules).sentence
    assert "40 %" in decide(replace(AWAY, battery_percent=10.0), rules).sentence
    assert "30 min" in decide(replace(QUIET, paused_until=NOW + timedelta(minutes=30)), rules).sentence
    assert "energy" in decide(replace(QUIET, spent="energy"), rules).sentence
