"""Every setting, declared once. The settings window and ``pillowbook settings list`` are rendered from this list."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from pillowbook.settings.kinds import (
    Choice,
    DailyHours,
    Hotkey,
    Kind,
    ModelName,
    Percent,
    Seconds,
    Switch,
    Text,
    WebAddress,
    Whole,
)

T = TypeVar("T")


class Page(StrEnum):
    """The pages of the settings window, in their order."""

    GENERAL = "General"
    BACKGROUND = "Background work"
    MODELS = "Models"
    PRIVACY = "Privacy"


@dataclass(frozen=True, slots=True)
class Setting(Generic[T]):
    """One setting. ``values[setting]`` has the type of its kind.

    ``warning`` says what follows from any other value than the default; such a value is taken only from somebody who
    has confirmed it.
    """

    key: str
    kind: Kind[T]
    default: T
    page: Page
    title: str
    help: str
    warning: str = ""


HOTKEY = Setting(
    "general.hotkey",
    Hotkey(),
    default="Ctrl+Alt+Space",
    page=Page.GENERAL,
    title="Hotkey",
    help="Shows and hides the panel from anywhere. On Wayland bind 'pillowbook toggle' to a key of the desktop.",
)
THEME = Setting(
    "general.theme",
    Choice({"system": "As the system", "light": "Light", "dark": "Dark"}),
    default="system",
    page=Page.GENERAL,
    title="Appearance",
    help="Light or dark windows.",
)
HIDE_ON_FOCUS_LOSS = Setting(
    "general.hide_on_focus_loss",
    Switch(),
    default=True,
    page=Page.GENERAL,
    title="Hide when another window is used",
    help="The panel goes away as soon as you click elsewhere. What you typed is kept for a minute.",
)
WORK_WHEN = Setting(
    "schedule.work_when",
    Choice(
        {
            "idle": "When the machine is idle",
            "plugged": "When it is plugged in",
            "either": "When idle or plugged in",
            "both": "When idle and plugged in",
            "never": "Never",
        }
    ),
    default="both",
    page=Page.BACKGROUND,
    title="Prepare answers",
    help="When the local model may read your notes ahead of time. A machine without a battery counts as plugged in.",
)
IDLE_AFTER = Setting(
    "schedule.idle_after_s",
    Seconds(30, 3600),
    default=120,
    page=Page.BACKGROUND,
    title="Idle after",
    help="Time without keyboard or mouse before the machine counts as idle.",
)
BATTERY_FLOOR = Setting(
    "schedule.battery_floor",
    Percent(5, 100),
    default=40,
    page=Page.BACKGROUND,
    title="Battery floor",
    help="On battery, background work stops below this charge.",
)
LOAD_CEILING = Setting(
    "schedule.load_ceiling",
    Percent(5, 100),
    default=30,
    page=Page.BACKGROUND,
    title="Other programs' load",
    help="Background work waits while other programs use more of the processor than this.",
)
WORK_HOURS = Setting(
    "schedule.hours",
    DailyHours(),
    default=None,
    page=Page.BACKGROUND,
    title="Only between",
    help="Hours of the day in which answers may be prepared, such as 22:00-07:00; nothing allows the whole day.",
)
SETTLE = Setting(
    "schedule.settle_min",
    Whole(0, 60, "minutes"),
    default=3,
    page=Page.BACKGROUND,
    title="Wait after login and wake",
    help="After you log in, and after the machine wakes up, background work leaves it to you for so long.",
)
TIME_BUDGET = Setting(
    "schedule.time_budget_min",
    Whole(0, 1440, "minutes"),
    default=240,
    page=Page.BACKGROUND,
    title="Time a night",
    help="So long may background work compute from noon to noon; what the two nights before left over comes on top."
    " 0 sets no limit.",
)
TOKEN_BUDGET = Setting(
    "schedule.token_budget",
    Whole(0, 1_000_000_000, "tokens"),
    default=0,
    page=Page.BACKGROUND,
    title="Tokens a night",
    help="So much may the language model read and write in the background, counted as the time is. 0 sets no limit.",
)
ENERGY_BUDGET = Setting(
    "schedule.energy_budget_wh",
    Whole(0, 10_000, "Wh"),
    default=0,
    page=Page.BACKGROUND,
    title="Energy a night",
    help="Counted as the time is: by the processor's own counters where they can be read, else estimated at 8 watts for"
    " each busy core. 0 sets no limit.",
)
GENERATOR = Setting(
    "models.generator",
    ModelName("generator"),
    default="qwen2.5-coder-1.5b-instruct-q4_k_m",
    page=Page.MODELS,
    title="Language model",
    help="Writes summaries and answers. It runs on this machine.",
)
GPU_LAYERS = Setting(
    "models.gpu_layers",
    Whole(-1, 999, "layers"),
    default=-1,
    page=Page.MODELS,
    title="Layers on the graphics processor",
    help="Where llama.cpp was built for one, -1 puts the whole language model there; fewer save its memory, and 0 uses"
    " none of it. Where it does not fit, the processor does all.",
)
UNLOAD_AFTER = Setting(
    "models.unload_after_min",
    Whole(0, 1440, "minutes"),
    default=5,
    page=Page.MODELS,
    title="Unload after",
    help="Minutes without use before the language model gives its memory back; 0 keeps it. It is loaded again, within"
    " a second or two, at the first key in the panel. When memory is short it goes sooner.",
)
LIVE_DEADLINE = Setting(
    "models.live_deadline_s",
    Seconds(10, 600),
    default=120,
    page=Page.MODELS,
    title="Longest wait for a live answer",
    help="A live answer that takes longer is stopped.",
)
PASSAGE_LIMIT = Setting(
    "answers.passages",
    Whole(1, 12),
    default=4,
    page=Page.MODELS,
    title="Passages read for an answer",
    help="More passages find more, and make live answers slower.",
)
SERVER_ALLOWED = Setting(
    "models.server_allowed",
    Switch(),
    default=False,
    page=Page.MODELS,
    title="Let a model server of mine write",
    help="Text of your notes, and what you ask, leaves this machine and goes to the server named below. "
    "Folders marked as never leaving this machine are still read by the model here.",
    warning="Text of your notes, and what you ask, will leave this machine and go to the model server, also while "
    "answers are prepared; whoever runs that server can read it. Only folders marked with 'pillowbook keep-here' stay.",
)
SERVER_ADDRESS = Setting(
    "models.server_address",
    WebAddress(),
    default="",
    page=Page.MODELS,
    title="Address of the model server",
    help="Of any OpenAI-compatible server: llama.cpp, Ollama, vLLM. Another address has to be allowed anew.",
)
SERVER_MODEL = Setting(
    "models.server_model",
    Text("the name of a model of the server", 200),
    default="",
    page=Page.MODELS,
    title="Model on the server",
    help="Its name there; nothing takes the first that the server offers.",
)
SERVER_CA_FILE = Setting(
    "models.server_ca_file",
    Text("the path of a file of certificates in PEM form"),
    default="",
    page=Page.MODELS,
    title="Authority of the server's certificate",
    help="A file with the certificate of your own authority; nothing trusts the system's. It is always checked.",
)
SERVER_UNENCRYPTED = Setting(
    "models.server_unencrypted",
    Switch(),
    default=False,
    page=Page.MODELS,
    title="Unencrypted in my own network",
    help="Lets an http address be another machine of a private network. Otherwise http reaches this machine only.",
    warning="Text of your notes will go through your network unencrypted; every machine in it may be able to read it.",
)
LEARN = Setting(
    "privacy.learn_from_questions",
    Switch(),
    default=True,
    page=Page.PRIVACY,
    title="Learn from what I ask",
    help="Questions you ask are kept in the encrypted vault, so that their answers are ready the next time.",
    warning="What you asked so far, how it was answered and what you said of it will be deleted, with the answers kept"
    " ready for it; nothing you ask is remembered from then on.",
)
KEEP_ASKED = Setting(
    "privacy.keep_asked_days",
    Whole(1, 3650, "days"),
    default=365,
    page=Page.PRIVACY,
    title="Remember what I asked for",
    help="Questions, and how they were answered, are deleted when they are older than this.",
)
PREPARE_SECRETS = Setting(
    "privacy.prepare_secrets",
    Switch(),
    default=False,
    page=Page.PRIVACY,
    title="Prepare answers that are secrets",
    help="Passwords, PINs, keys, account and card numbers are otherwise not taken out of your notes ahead of time;"
    " you can still ask for them.",
)
OTHER_PROGRAMS = Setting(
    "privacy.other_programs",
    Switch(),
    default=False,
    page=Page.PRIVACY,
    title="Let other programs use my notes",
    help="An assistant on this machine that starts 'pillowbook mcp' may then ask, search and read digests. Folders kept"
    " private, or marked as never leaving this machine, stay out of it.",
    warning="Every program on this machine that starts 'pillowbook mcp' will be able to read answers and passages from"
    " your notes, with whatever secrets stand in them, and may send them elsewhere. Only folders marked with"
    " 'pillowbook keep-private' or 'pillowbook keep-here' stay out of it.",
)
LOCK_AFTER = Setting(
    "privacy.lock_after_min",
    Whole(0, 1440, "minutes"),
    default=0,
    page=Page.PRIVACY,
    title="Lock after",
    help="Minutes without a question before the vault locks itself; 0 keeps it open until you lock it or log out.",
)

ALL: tuple[Setting[Any], ...] = (
    HOTKEY,
    THEME,
    HIDE_ON_FOCUS_LOSS,
    WORK_WHEN,
    IDLE_AFTER,
    BATTERY_FLOOR,
    LOAD_CEILING,
    WORK_HOURS,
    SETTLE,
    TIME_BUDGET,
    TOKEN_BUDGET,
    ENERGY_BUDGET,
    GENERATOR,
    GPU_LAYERS,
    UNLOAD_AFTER,
    LIVE_DEADLINE,
    PASSAGE_LIMIT,
    SERVER_ALLOWED,
    SERVER_ADDRESS,
    SERVER_MODEL,
    SERVER_CA_FILE,
    SERVER_UNENCRYPTED,
    LEARN,
    KEEP_ASKED,
    PREPARE_SECRETS,
    OTHER_PROGRAMS,
    LOCK_AFTER,
)
