"""The gate: every state has one code and one sentence."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pillowbook.schedule.gate import Rules, Sensed, decide

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
RULES = Rules(work_when="both", idle_after_s=120, battery_floor_percent=40, load_ceiling=0.3)
AWAY = replace(QUIET, is_plugged=False, battery_percent=80.0)


@pytest.mark.parametrize(
    ("work_when", "sensed", "code"),
    [
        ("both", QUIET, "open-idle"),
        ("both", replace(QUIET, idle_s=5.0), "in-use"),
        ("both", AWAY, "on-battery"),
        ("both", replace(QUIET, idle_s=None), "open-unseen"),
        ("idle", AWAY, "open-idle"),
        ("idle", replace(QUIET, idle_s=119.9), "in-use"),
        ("idle", replace(QUIET, is_plugged=False, battery_percent=39.0), "battery-low"),
        ("plugged", replace(QUIET, idle_s=0.0), "open-plugged"),
        ("plugged", AWAY, "on-battery"),
        ("either", replace(QUIET, idle_s=0.0), "open-plugged"),
        ("either", AWAY, "open-idle"),
        ("either", replace(AWAY, idle_s=0.0), "in-use-on-battery"),
        ("never", QUIET, "switched-off"),
        ("both", replace(QUIET, is_model_installed=False), "no-model"),
        ("both", replace(QUIET, others_load=0.31), "busy"),
        ("both", replace(QUIET, paused_until=NOW + timedelta(minutes=30)), "paused"),
        ("both", replace(QUIET, paused_until=NOW - timedelta(seconds=1)), "open-idle"),
    ],
)
def test_the_gate_decides(work_when: str, sensed: Sensed, code: str) -> None:
    state = decide(sensed, replace(RULES, work_when=work_when))
    assert state.code == code
    assert state.is_open == code.startswith("open")
    assert state.sentence.endswith(".") and state.sentence[0].isupper()
