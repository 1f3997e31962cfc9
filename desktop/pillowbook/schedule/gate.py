"""Whether background work may run now, and why: a pure function of what was sensed.

Section 9 of the design. Every state has one stable code and one sentence.
"""

from dataclasses import dataclass
from datetime import datetime

from pillowbook.domain.work import GateState


@dataclass(frozen=True, slots=True)
class Sensed:
    """What the machine and the user are doing.

    Attributes:
        idle_s: seconds without input; None when input cannot be seen.
        battery_percent: None without a battery.
        others_load: share of all processors used by other programs, 0 to 1.
        paused_until: the end of the user's pause, if there is one.
    """

    now: datetime
    idle_s: float | None
    is_plugged: bool
    battery_percent: float | None
    others_load: float
    paused_until: datetime | None
    is_model_installed: bool


@dataclass(frozen=True, slots=True)
class Rules:
    """The user's choices; ``work_when`` is a word of the setting ``schedule.work_when``."""

    work_when: str
    idle_after_s: int
    battery_floor_percent: int
    load_ceiling: float


def decide(sensed: Sensed, rules: Rules) -> GateState:
    """The gate's state."""
    if sensed.paused_until is not None and sensed.now < sensed.paused_until:
        minutes = max(1, round((sensed.paused_until - sensed.now).total_seconds() / 60))
        return _shut("paused", f"Paused by you for another {minutes} min.")
    if rules.work_when == "never":
        return _shut("switched-off", "Preparing answers is switched off in the settings.")
    if not sensed.is_model_installed:
        return _shut("no-model", "Waiting for a language model; install one in the settings.")
    if (
        not sensed.is_plugged
        and sensed.battery_percent is not None
        and sensed.battery_percent < rules.battery_floor_percent
    ):
        return _shut("battery-low", f"Waiting: the battery is below {rules.battery_floor_percent} %.")
    # Where input cannot be seen, only load and power can protect the user; the sentence says so.
    is_idle = sensed.idle_s is None or sensed.idle_s >= rules.idle_after_s
    if rules.work_when in ("plugged", "both") and not sensed.is_plugged:
        return _shut("on-battery", "Waiting for mains power.")
    if rules.work_when in ("idle", "both") and not is_idle:
        return _shut("in-use", "Waiting: you are using the machine.")
    if rules.work_when == "either" and not is_idle and not sensed.is_plugged:
        return _shut("in-use-on-battery", "Waiting: you are using the machine, and it is on battery.")
    if sensed.others_load > rules.load_ceiling:
        return _shut("busy", "Waiting: other programs keep the processor busy.")
    if sensed.idle_s is None and rules.work_when in ("idle", "both"):
        return GateState(
            True,
            "open-unseen",
            "Working; this desktop does not tell whether you are there, so other programs' load decides.",
        )
    if is_idle:
        return GateState(True, "open-idle", "Working while the machine is idle.")
    return GateState(True, "open-plugged", "Working: the machine is plugged in.")


def _shut(code: str, sentence: str) -> GateState:
    return GateState(False, code, sentence)
