"""Whether background work may run now, and why: a pure function of what was sensed.

Section 9 of the design. Every state has one stable code and one sentence (:data:`SENTENCES`).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pillowbook.domain.work import GateState, Hours

SENTENCES: Final = {
    "paused": "Paused by you for another {minutes} min.",
    "switched-off": "Preparing answers is switched off in the settings.",
    "no-model": "Waiting for a language model; install one in the settings.",
    "going-to-sleep": "Waiting: the machine is going to sleep.",
    "outside-hours": "Waiting for the hours you chose, {hours}.",
    "budget-spent": "Done for tonight: the {kind} budget is used up until noon.",
    "battery-low": "Waiting: the battery is low; work goes on from {floor} %, or on mains power.",
    "power-saver": "Waiting: the power saver is on.",
    "on-battery": "Waiting for mains power.",
    "in-use": "Waiting: you are using the machine.",
    "in-use-on-battery": "Waiting: you are using the machine, and it is on battery.",
    "just-started": "Waiting a few minutes after you logged in.",
    "just-woken": "Waiting a few minutes after the machine woke up.",
    "full-screen": "Waiting: a program fills the whole screen.",
    "presenting": "Waiting: another program asks that the machine count as in use.",
    "hot": "Waiting for the machine to cool down.",
    "memory-short": "Waiting: memory is short.",
    "busy": "Waiting: other programs keep the processor busy.",
    "open-unseen": (
        "Working; this desktop does not tell whether you are there, so other programs' load decides."
    ),
    "open-idle": "Working while the machine is idle.",
    "open-plugged": "Working: the machine is plugged in.",
}
"""All codes; those of an open gate begin with ``open``."""


@dataclass(frozen=True, slots=True)
class Sensed:
    """What the machine and the user are doing.

    Attributes:
        now: aware, in the user's time zone.
        idle_s: seconds without input; None when input cannot be seen.
        battery_percent: None without a battery.
        others_load: share of all processors used by other programs, 0 to 1.
        paused_until: the end of the user's pause, if there is one.
        is_battery_low: the system itself warns of its battery.
        is_saving: the power saver is on.
        is_memory_short, is_hot, is_full_screen, is_going_to_sleep: False where that cannot be known.
        is_held: another program asks that the machine be not taken for idle.
        since_start_s, since_wake_s: since login and the last wake; None where that is not known or never was.
        spent: the kind of tonight's budget that is used up (``time``, ``token``, ``energy``), if one is.
    """

    now: datetime
    idle_s: float | None
    is_plugged: bool
    battery_percent: float | None
    others_load: float
    paused_until: datetime | None
    is_model_installed: bool
    is_battery_low: bool = False
    is_saving: bool = False
    is_memory_short: bool = False
    is_hot: bool = False
    is_full_screen: bool = False
    is_held: bool = False
    is_going_to_sleep: bool = False
    since_start_s: float | None = None
    since_wake_s: float | None = None
    spent: str | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """The user's choices.

    Attributes:
        work_when: a word of the setting ``schedule.work_when``.
        settle_s: no work so long after login and wake.
        hours: no work outside of these hours of the day; None for the whole day.
    """

    work_when: str
    idle_after_s: int
    battery_floor_percent: int
    load_ceiling: float
    settle_s: float = 0.0
    hours: Hours | None = None


def decide(sensed: Sensed, rules: Rules) -> GateState:
    """The gate's state: the first reason to wait, those first that the user chose himself."""
    return _wish(sensed, rules) or _power(sensed, rules) or _presence(sensed, rules) or _open(sensed, rules)


def _wish(sensed: Sensed, rules: Rules) -> GateState | None:
    """What the user chose, and what there is to work with."""
    if sensed.paused_until is not None and sensed.now < sensed.paused_until:
        minutes = max(1, round((sensed.paused_until - sensed.now).total_seconds() / 60))
        return _state("paused", minutes=minutes)
    if rules.work_when == "never":
        return _state("switched-off")
    if not sensed.is_model_installed:
        return _state("no-model")
    if sensed.is_going_to_sleep:
        return _state("going-to-sleep")
    if rules.hours is not None and not rules.hours.has(sensed.now.time()):
        return _state("outside-hours", hours=str(rules.hours))
    if sensed.spent is not None:
        return _state("budget-spent", kind=sensed.spent)
    return None


def _power(sensed: Sensed, rules: Rules) -> GateState | None:
    floor = rules.battery_floor_percent
    is_below = sensed.battery_percent is not None and sensed.battery_percent < floor
    if not sensed.is_plugged and (is_below or sensed.is_battery_low):
        return _state("battery-low", floor=floor)
    if sensed.is_saving:
        return _state("power-saver")
    if rules.work_when in ("plugged", "both") and not sensed.is_plugged:
        return _state("on-battery")
    return None


def _presence(sensed: Sensed, rules: Rules) -> GateState | None:
    """The user, and what his other programs need."""
    is_idle = _is_idle(sensed, rules)
    if rules.work_when in ("idle", "both") and not is_idle:
        return _state("in-use")
    if rules.work_when == "either" and not is_idle and not sensed.is_plugged:
        return _state("in-use-on-battery")
    if sensed.since_start_s is not None and sensed.since_start_s < rules.settle_s:
        return _state("just-started")
    if sensed.since_wake_s is not None and sensed.since_wake_s < rules.settle_s:
        return _state("just-woken")
    if sensed.is_full_screen:
        return _state("full-screen")
    if sensed.is_held:
        return _state("presenting")
    if sensed.is_hot:
        return _state("hot")
    if sensed.is_memory_short:
        return _state("memory-short")
    if sensed.others_load > rules.load_ceiling:
        return _state("busy")
    return None


def _open(sensed: Sensed, rules: Rules) -> GateState:
    rests_on_idle = rules.work_when in ("idle", "both") or not sensed.is_plugged
    if sensed.idle_s is None and rests_on_idle:
        return _state("open-unseen")
    is_seen_idle = sensed.idle_s is not None and _is_idle(sensed, rules)
    return _state("open-idle" if is_seen_idle else "open-plugged")


def _is_idle(sensed: Sensed, rules: Rules) -> bool:
    """Where input cannot be seen, only load and power can protect the user; the sentence says so."""
    return sensed.idle_s is None or sensed.idle_s >= rules.idle_after_s


def _state(code: str, **facts: str | int) -> GateState:
    return GateState(code.startswith("open"), code, SENTENCES[code].format(**facts))
