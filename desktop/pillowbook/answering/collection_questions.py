"""Questions about the notes as a whole: what changed, what is due, which notes mention it, what was decided.

They are told by their form alone, and the whole of a question has to fit a form: whatever has words left over is an
ordinary question and is left alone.
"""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from pillowbook.answering.time_windows import Window, take_window

MAX_CHARS: Final = 200
MAX_ABOUT_WORDS: Final = 8


class CollectionKind(StrEnum):
    """What is wanted of the notes."""

    DECIDED = "decided"
    CONTRADICTIONS = "contradictions"
    CHANGED = "changed"
    COMING = "coming"
    TASKS = "tasks"
    OVERDUE = "overdue"
    ENDING = "ending"
    MENTIONS = "mentions"
    COUNT = "count"
    FOLDER = "folder"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class CollectionQuestion:
    """A question about the notes as a whole.

    Attributes:
        about: what it is about, in the question's words; of ``ENDING`` what ends; empty for everything.
        folder: a folder's name; empty for all notes.
        window: of which time; None for any.
    """

    kind: CollectionKind
    about: str = ""
    folder: str = ""
    window: Window | None = None

    @property
    def changes_by_itself(self) -> bool:
        """Whether the answer is another tomorrow, or once any note changes: nothing can be prepared for it.

        A decision may have been put in other words, and a folder may be one of paper: these may be ordinary questions.
        """
        return self.window is not None or self.kind not in (CollectionKind.DECIDED, CollectionKind.FOLDER)

    @property
    def may_be_ordinary(self) -> bool:
        """Whether a note may say what no list holds: of one matter or on one named day.

        Not of what is mentioned, since all words are searched, nor of what contradicts, which no passage tells.
        """
        if self.kind is CollectionKind.COMING and self.window is not None and self.window.is_named_day:
            return True
        listed = (CollectionKind.TASKS, CollectionKind.OVERDUE, CollectionKind.OPEN, CollectionKind.COMING)
        return bool(self.about) and self.kind in listed


_WE = r"(?:i|we|they|you)"
_MY = r"(?:(?:all )?(?:of )?(?:my|our|the|these|those|all) )?"
_NOTES = r"(?:notes?|documents?|files?)"
_ABOUT = r"(?: (?:about|on|over|regarding|concerning|for|with|to do with) (?P<about>.+?))?"
_ABOUT_TASKS = r"(?: (?:about|for|on|with) (?P<of>\w+(?: \w+)?)(?= (?:is|are|that)\b))?"
_SHOW = r"(?:please )?(?:list|show(?: me)?|give me|tell me)(?: all)?"
_IN_NOTES = rf"(?: (?:in|of|from|among) {_MY}{_NOTES})?"
_TASKS = r"(?:open |outstanding |undone |unfinished )?(?:tasks?|to-?dos?|to do list|todo list|deadlines?|to-do list)"
_ENDS = (
    r"(?:(?:is |are |will |that |which |due to )*(?:ends?|ending|expires?|expiring|runs? out|running out|"
    r"renews?|renewing|"
    r"lapses?|lapsing|finish(?:es)?|come to an end|comes to an end|up for renewal|up))"
)
_KINDS_OF_CONTRACT = (
    r"(?:contracts?|deals?|agreements?|subscriptions?|polic(?:y|ies)|insurances?|leases?|warrant(?:y|ies)|"
    r"guarantees?|"
    r"tariffs?|memberships?|things?)"
)

_FORMS: tuple[tuple[CollectionKind, str], ...] = (
    (
        CollectionKind.CONTRADICTIONS,
        rf"(?:which|what|do(?: any(?: of)?)?|are there|where do|{_SHOW}|is there) ?{_MY}(?:any )?(?:{_NOTES} )?"
        rf"(?:do |that |which )?(?:contradict(?: (?:each other|one another|themselves))?|contradictions?|"
        rf"disagree|"
        rf"conflict(?: with (?:each other|one another))?|conflicts|inconsistenc(?:y|ies)|inconsistent)"
        rf"(?: are there| exist)?{_IN_NOTES}(?: (?:between|among) {_MY}{_NOTES})?{_ABOUT}",
    ),
    (
        CollectionKind.DECIDED,
        rf"(?:what|which decisions?|what decisions?) (?:did|have|had|do|has|was|"
        rf"were)(?: {_WE})?(?: been)? ?(?:make|made|take|"
        rf"taken|reach(?:ed)?|decided?|agreed?|settled?|decision)(?: on)?{_ABOUT}",
    ),
    (
        CollectionKind.DECIDED,
        rf"(?:{_SHOW}|what (?:is|was|are|were)) {_MY}decisions?(?: {_WE} (?:made|took|reached))?{_ABOUT}",
    ),
    (
        CollectionKind.MENTIONS,
        rf"(?:how many|which|what|{_SHOW}) ?(?:of )?{_MY}{_NOTES}(?: (?:do i have|are there))? (?:that |"
        rf"which |do )?"
        r"(?:mention(?:s|ing)?|talk(?:s|ing)? about|speak(?:s|ing)? of|contain(?:s|ing)?|refer(?:s|ring)? to|"
        r"name|are about|"
        r"is about|about) (?P<about>.+)",
    ),
    (
        CollectionKind.MENTIONS,
        rf"in (?:which|what|how many) (?:of )?{_MY}{_NOTES} (?:do(?:es)?|is|are|was|were|do i) (?P<about>.+?) "
        r"(?:mentioned|appear|come up|occur|named|turn up)",
    ),
    (CollectionKind.MENTIONS, rf"where (?:in {_MY}{_NOTES} )?(?:do|did|have) i (?:mention|mentioned) (?P<about>.+)"),
    (
        CollectionKind.CHANGED,
        rf"(?:what|which {_NOTES}|what {_NOTES}|{_SHOW} (?:the )?(?:{_NOTES}|what)) ?(?:that |"
        rf"which )?(?:has |have |is |are |was |"
        rf"were |did |i |we |'s )*(?:been )?(?:changed?|new|edited|edit|updated?|modified|modify|added?|"
        rf"written|write|wrote)"
        rf"{_IN_NOTES}(?: recently| lately)?",
    ),
    (
        CollectionKind.OVERDUE,
        rf"(?:what|which|{_SHOW})(?: of)? ?{_MY}(?:{_TASKS} )?(?:is |are |that are )?(?:over ?due|"
        rf"late){_ABOUT}",
    ),
    (
        CollectionKind.TASKS,
        rf"(?:which|what|{_SHOW})(?: of)?(?: is| are)? ?{_MY}{_TASKS}(?: (?:do|have) {_WE}(?: have| got)?)?"
        rf"{_ABOUT_TASKS}(?: (?:that )?(?:is|are))?(?: still)?(?: open| due| outstanding| left| to be done|"
        rf" coming up)?{_IN_NOTES}{_ABOUT}",
    ),
    (CollectionKind.TASKS, rf"what(?: tasks| things)? (?:is|are) (?:still )?due{_ABOUT}"),
    (
        CollectionKind.ENDING,
        rf"(?:which|what|{_SHOW}) ?(?:of )?{_MY}(?P<about>(?:\w+ ){{0,2}}?{_KINDS_OF_CONTRACT}(?: (?:and|or) "
        rf"{_KINDS_OF_CONTRACT})?) {_ENDS}",
    ),
    (
        CollectionKind.ENDING,
        r"what (?:is |will |are )?(?:ends?|ending|expires?|expiring|runs? out|running out|lapses?)",
    ),
    (
        CollectionKind.COMING,
        rf"(?:what|which dates|what dates|which events|which appointments|what appointments)(?: is| are|"
        rf" do {_WE} have| have {_WE} "
        rf"got|'s)? ?(?:there )?(?:coming up|upcoming|on my calendar|in my calendar|on the calendar|"
        rf"in my diary|in the diary|on "
        rf"the agenda|on|scheduled|planned|happening|happened|next|going on)?{_IN_NOTES}{_ABOUT}",
    ),
    (CollectionKind.COUNT, rf"how many {_NOTES}(?: do i have| are there| have i got| are)?(?: in total| altogether)?"),
    (
        CollectionKind.FOLDER,
        r"(?:what(?: is| are)?|tell me what|(?:please )?summari[sz]e|(?:give|show) me (?:a summary|"
        r"an overview)(?: of)?|describe)"
        r"(?: the notes)? FOLDER ?(?:is |are )?(?:all )?(?:about)?",
    ),
    (CollectionKind.FOLDER, r"what (?:does|do) FOLDER (?:contain|hold|say)"),
    (
        CollectionKind.OPEN,
        rf"(?:what|which (?:questions|points|things|decisions|matters)) (?:is|are|remains?|have {_WE}|"
        rf"has been)(?: still)?"
        rf"(?: been)? (?:open|undecided|unresolved|unanswered|unsettled|to be decided|"
        rf"not (?:yet )?decided(?: yet)?)"
        rf"{_IN_NOTES}{_ABOUT}",
    ),
)  # fmt: skip
_COMPILED = tuple((kind, re.compile(rf"{pattern}\s*", re.IGNORECASE)) for kind, pattern in _FORMS)

_FOLDER_WORD = r"(?!(?:is|are|in|of|what|the|my|our|a|an|this|that|which|notes?|from|inside|for)\b)[\w&'-]+"
_FOLDER = re.compile(
    r"\b(?:(?P<within>in|from|of|inside|within|below) )?(?:my |the |our )?(?:(?:folder|directory) "
    r"[\"“']?(?P<after>[\w&' -]{1,40}?)[\"”']?(?=$| is\b| are\b| about\b| contains?\b| holds?\b| says?\b)"
    rf"|[\"“']?(?P<before>{_FOLDER_WORD}(?: {_FOLDER_WORD})?)[\"”']? (?:folder|directory)\b)",
    re.IGNORECASE,
)
_IN_NAMED = re.compile(r"\s(?:in|under|below|inside) (?P<name>[A-Z][\w&'-]*(?: [A-Z][\w&'-]*)?)\s*$")
_NEEDS_WINDOW: Final = frozenset({CollectionKind.ENDING, CollectionKind.CHANGED})
_WITHOUT_WINDOW = re.compile(r"\b(?:coming up|upcoming|calendar|agenda|diary)\b", re.IGNORECASE)
_ONE_TASK = re.compile(
    rf"^(?:which|what|{_SHOW})(?: of)?(?: is| are| was)? ?{_MY}(?:open |outstanding |undone |unfinished )?"
    r"(?P<one>deadline|task|to-?do(?P<list> list)?|todo list)\b",
    re.IGNORECASE,
)
_AGENDA = re.compile(r"\bagenda\b", re.IGNORECASE)
_DUE_ON = re.compile(r"^what is due on (?:the|my|our|this|that) (?!\d)", re.IGNORECASE)
_CONFLICTS_WITH = re.compile(
    r"\b(?:conflicts?|disagree|inconsistent) with (?!(?:each other|one another)\b)", re.IGNORECASE
)
_OF_NOTES = re.compile(rf"\b{_NOTES}\b", re.IGNORECASE)
_OPEN_ON = re.compile(r"^what (?:is|are) open on\b", re.IGNORECASE)
_OPEN = re.compile(r"^what (?:is|are)(?: still)? open\b", re.IGNORECASE)
_ANY_DAY = date(2024, 1, 1)
"""The form of a question is the same on every day."""
_RECENTLY = re.compile(r"\b(?:recently|lately)\b", re.IGNORECASE)
_CLAUSE = re.compile(
    r"^(?:that|how|why|what|when|who|where|which|whether|if)\b|\b(?:do|did|does|have|has|are|is|was|were|will) "
    r"(?:i|we|you|they|he|she|it)\b",
    re.IGNORECASE,
)
"""What says more than a matter: a clause is asked about by an ordinary question."""
_CONTRACTED = re.compile(r"\b(what|where|which)['’]s\b", re.IGNORECASE)


def read_collection_question(question: str, today: date) -> CollectionQuestion | None:
    """What a question wants of the notes as a whole; None for an ordinary one.

    Args:
        today: what "this week" counts from.
    """
    flat = _CONTRACTED.sub(r"\1 is", " ".join(question.split())).strip(" ?.!")
    if not flat or len(flat) > MAX_CHARS:
        return None
    window, rest = take_window(flat, today)
    taken = _take_folder(" ".join(rest.split()))
    rest, folder = taken.rest, taken.folder if taken.is_place else ""
    for kind, pattern in _COMPILED:
        found = pattern.fullmatch((taken.marked if kind is CollectionKind.FOLDER else rest).strip())
        if found is None:
            continue
        named = found.groupdict().get("about") or found.groupdict().get("of") or ""
        about = " ".join(named.split()).strip("\"“”'‘’ ")
        if _CLAUSE.search(about) or len(about.split()) > MAX_ABOUT_WORDS:
            continue
        if _is_of_one_thing(kind, flat, about, window):
            continue
        if kind is CollectionKind.FOLDER:
            return CollectionQuestion(kind, "", taken.folder) if window is None else None
        if kind is CollectionKind.MENTIONS:
            # What is mentioned keeps its days: "which notes mention March".
            window = None
            about = _mentioned(flat) or about
            if not about:
                continue
        if kind is CollectionKind.CHANGED and window is None and _RECENTLY.search(flat):
            window = Window.last_days(today, 7, "in the last seven days")
        if kind in _NEEDS_WINDOW and window is None:
            continue
        if kind is CollectionKind.COMING and window is None:
            if not _WITHOUT_WINDOW.search(flat):
                continue
            window = Window.next_days(today, 14, "in the next two weeks")
        if kind is CollectionKind.COMING and rest.strip().lower() in ("what", "what is", "what are"):
            continue
        return CollectionQuestion(kind, about, folder, window)
    return None


def is_worked_out_when_asked(question: str) -> bool:
    """Whether nothing can be prepared for a question, since its answer changes by itself."""
    read = read_collection_question(question, _ANY_DAY)
    return read is not None and read.changes_by_itself


def _is_of_one_thing(kind: CollectionKind, flat: str, about: str, window: Window | None) -> bool:
    """Whether a question in a list's form asks for one thing, which a note may say.

    "The deadline for the tax return", "the to-do list for the move", "the agenda for the board meeting"; what is "due
    on the mortgage" is a payment, what "conflicts with the pump service" an appointment, and what is "open on Sunday"
    no open question.
    """
    if kind is CollectionKind.CONTRADICTIONS:
        return _CONFLICTS_WITH.search(flat) is not None and _OF_NOTES.search(flat) is None
    if kind is CollectionKind.TASKS and about and _DUE_ON.search(flat):
        return True
    if kind is CollectionKind.TASKS and (one := _ONE_TASK.search(flat)):
        return bool(about) or (one["one"].lower() == "deadline" and window is None)
    if kind is CollectionKind.COMING:
        return bool(about) and _AGENDA.search(flat) is not None
    if kind is CollectionKind.OPEN:
        return _OPEN_ON.search(flat) is not None or (window is not None and _OPEN.search(flat) is not None)
    return False


def _mentioned(flat: str) -> str:
    """What is mentioned, of the question with its days and folders still in it."""
    for kind, pattern in _COMPILED:
        if kind is CollectionKind.MENTIONS and (found := pattern.fullmatch(flat)):
            about = found["about"].strip("\"“”'‘’ ")
            return _take_folder(about).rest.strip()
    return ""


@dataclass(frozen=True, slots=True)
class _Named:
    """The folder a question names, the question without it, and with a mark in its place."""

    folder: str
    rest: str
    marked: str
    is_place: bool


def _take_folder(text: str) -> _Named:
    if found := _FOLDER.search(text):
        name = (found["after"] or found["before"] or "").strip()
        before, after = text[: found.start()], text[found.end() :]
        # "Which notes mention the blue folder" is about a folder, not of one.
        rest = " ".join(f"{before} {after}".split()) if found["within"] else text
        marked = " ".join(f"{before} FOLDER {after}".split())
        return _Named(name, rest, marked, is_place=bool(found["within"]))
    if re.match(r"how many|which notes|what changed", text, re.IGNORECASE) and (
        found := _IN_NAMED.search(text)
    ):
        return _Named(found["name"], text[: found.start()], "", is_place=True)
    return _Named("", text, "", is_place=False)
