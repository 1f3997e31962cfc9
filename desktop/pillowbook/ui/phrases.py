"""The words the windows say: chips, times, places and errors. No Qt here."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Final

from pillowbook.answering.language import OTHER_LANGUAGE, is_other_language
from pillowbook.domain.answers import Answer, AnswerKind, Citation, Effort, Freshness
from pillowbook.domain.errors import PillowbookError
from pillowbook.ui.markdown_marks import without_marks

LOW_CONFIDENCE: Final = 0.5
MAX_QUOTE_CHARACTERS: Final = 1200
"""More than any row shows."""
NOTES_DO_NOT_SAY: Final = "Your notes do not say."

_WINDOW_SENTENCES: Final = {
    "passphrase-needed": "This system's keychain does not open the vault; type your passphrase.",
    "vault-locked": "The vault is locked; unlock it to ask.",
    "vault-missing": "There is no vault in this profile yet; the first steps make one.",
    "folder-unknown": "This folder is not watched any more.",
    "document-unknown": "This document is not in the vault any more.",
    "model-missing": "The language model is not installed yet; install it under Settings, Models.",
    "model-damaged": "The language model's file is damaged; install it again under Settings, Models.",
    "server-refused": "The model server does not accept the key; give the right one under Settings, Models.",
    "server-model-unknown": "The model server has no model of that name; try the server to see what it has.",
    "folder-missing": "The file or folder is not there; connect the drive it is on, or look where it was moved.",
}
_REASONS: Final = {
    "unsupported-type": "its format is not supported",
    "too-large": "it is too large",
    "link": "it is a link; the folder it leads to can be added itself",
    "encrypted": "it is protected by a password",
    "damaged": "the file is damaged",
    "empty": "it holds no text",
    "unreadable": "it could not be opened; look at its permissions",
    "crashed": "it made its reader fail",
    "timeout": "reading it took too long",
    "internal": "reading it failed for a reason of our own",
}


@dataclass(frozen=True, slots=True)
class Chip:
    """A short coloured sign. ``tone`` is one of fresh, amber, quiet, alarm, accent; ``hint`` explains it."""

    text: str
    tone: str
    hint: str = ""


def error_sentence(error: PillowbookError) -> str:
    """What an error says in a window, where no command line is at hand."""
    return _WINDOW_SENTENCES.get(error.code) or error.say()


def trouble_sentence(state: str, reason: str) -> str:
    """Why a document is not in the index."""
    words = _REASONS.get(reason, "no reason was recorded")
    return f"{'Left out' if state == 'excluded' else 'Not read'}: {words}"


def is_withheld(answer: Answer) -> bool:
    """Whether what was prepared must not stand as the answer, because its source differs or is gone."""
    return answer.freshness is Freshness.GONE or (
        answer.freshness is Freshness.CHANGED
        and not answer.is_edited
        and answer.kind in (AnswerKind.HIT, AnswerKind.ADAPTED)
    )


def freshness_chip(answer: Answer) -> Chip:
    """The honest sign of how fresh an answer is."""
    if answer.kind is AnswerKind.NONE or not answer.answer:
        if answer.freshness is Freshness.GONE:
            return Chip("Source gone", "alarm", "The note this rested on is no longer there.")
        return Chip("Your notes do not say", "quiet", "Nothing in the watched folders answers this.")
    if answer.freshness is Freshness.GONE:
        return Chip("Source gone", "alarm", "The note this rested on is no longer there.")
    if answer.is_edited and answer.freshness is Freshness.CHANGED:
        return Chip(
            "Your own words · note changed",
            "amber",
            "You wrote this answer; the passage it rested on reads differently now.",
        )
    if answer.is_edited and answer.freshness is Freshness.FRESH:
        return Chip(
            "Your own words · checked just now",
            "fresh",
            f"You wrote this answer. {compared(answer)}",
        )
    if answer.freshness is Freshness.CHANGED and answer.kind is not AnswerKind.LIVE:
        return Chip("Your note changed", "amber", "The passage this rested on reads differently now.")
    if answer.kind is AnswerKind.LIVE and answer.freshness is Freshness.UNCHECKED:
        return Chip(
            "Live answer · not checked",
            "quiet",
            "Written just now; not all notes could be compared: their drive is not there, or one changed meanwhile.",
        )
    if answer.kind is AnswerKind.LIVE and not answer.model:
        return Chip(
            "Worked out · from your notes", "accent", "Listed just now from your notes, without a model."
        )
    if answer.kind is AnswerKind.LIVE:
        return Chip(
            "Live answer · from your notes",
            "accent",
            f"Written just now by the model on this machine. {compared(answer)}".strip(),
        )
    if answer.freshness is Freshness.NEW_EVIDENCE:
        return Chip(
            "New evidence",
            "amber",
            f"Newer notes may bear on this; they stand below the answer. {compared(answer)}".strip(),
        )
    if answer.freshness is Freshness.FRESH:
        return Chip("Checked just now", "fresh", compared(answer))
    return Chip(
        "Not checked", "quiet", "The drive the notes are on is not there, so they could not be compared."
    )


def compared(answer: Answer) -> str:
    """What was held against the answer, and when; empty where nothing was."""
    if not answer.checked_files or answer.checked_at is None:
        return ""
    many = f"the {answer.checked_files} files" if answer.checked_files > 1 else "the file"
    return f"Compared with {many} it rests on at {answer.checked_at.astimezone():%H:%M:%S}."


def prepared_line(answer: Answer, now: datetime, zone: tzinfo | None = None) -> str:
    """``Prepared last night 02:14``, and for which question when that reads differently; empty for live answers."""
    if answer.kind is AnswerKind.ADAPTED and answer.prepared_at is None:
        return "Adapted from a summary of your notes"
    if answer.prepared_at is None or answer.kind not in (AnswerKind.HIT, AnswerKind.ADAPTED, AnswerKind.NONE):
        return ""
    line = f"Prepared {moment(answer.prepared_at, now, zone)}"
    if answer.kind is AnswerKind.ADAPTED:
        line = f"Adapted from what was p{line[1:]}"
    elif answer.effort is Effort.LIVE:
        line = f"Answered before, {moment(answer.prepared_at, now, zone)}"
    asked, matched = (
        answer.question.strip(" ?").casefold(),
        (answer.matched_question or "").strip(" ?").casefold(),
    )
    if matched and matched != asked:
        line += f" for “{answer.matched_question}”"
    return line


def moment(then: datetime, now: datetime, zone: tzinfo | None = None) -> str:
    """A time in the past as people say it: ``last night 02:14``, ``yesterday 15:30``, ``on 3 March``."""
    local, today = then.astimezone(zone), now.astimezone(zone)
    clock = f"{local:%H:%M}"
    if now - then < timedelta(minutes=2):
        return "just now"
    if local.date() == today.date():
        if local.hour < 6 and today.hour >= 6:
            return f"last night {clock}"
        return f"today {clock}"
    if local.date() == today.date() - timedelta(days=1):
        return f"{'last night' if local.hour >= 21 else 'yesterday'} {clock}"
    if today - local < timedelta(days=7):
        return f"on {local:%A} {clock}"
    if local.year == today.year:
        return f"on {local.day} {local:%B}"
    return f"on {local.day} {local:%B %Y}"


def last_evening(now: datetime, zone: tzinfo | None = None) -> datetime:
    """When the night that was last began: six in the evening of the day before."""
    local = now.astimezone(zone)
    return (local - timedelta(days=1)).replace(hour=18, minute=0, second=0, microsecond=0)


def is_unsure(answer: Answer) -> bool:
    """Whether the confidence is so low that the user should know."""
    return bool(answer.answer) and answer.confidence < LOW_CONFIDENCE


def place(line: int | None, page: int | None) -> str:
    """``page 3`` or ``line 12``; empty where the format has neither."""
    if page is not None:
        return f"page {page}"
    return f"line {line}" if line is not None else ""


def where(title: str, heading: str) -> str:
    """``Title › Heading``; a heading path that begins with the title is not said twice."""
    title, heading = without_marks(title), without_marks(heading)
    if not heading or heading == title:
        return title
    return heading if heading.startswith(f"{title} › ") else f"{title} › {heading}"


def quote(citation: Citation) -> str:
    """A quote on one line, in quotation marks, without its notation's marks."""
    return f"“{' '.join(without_marks(citation.quote[:MAX_QUOTE_CHARACTERS]).split())}”"


def excerpt(snippet: str, marked: tuple[int, int]) -> tuple[str, tuple[int, int]]:
    """A snippet without its notation's marks, and where in it the marked sentence stands then."""
    start, end = marked
    pieces = [without_marks(piece) for piece in (snippet[:start], snippet[start:end], snippet[end:])]
    return "".join(pieces), (len(pieces[0]), len(pieces[0]) + len(pieces[1])) if end > start else (0, 0)


def remark(answer: Answer, streamed: str, shown: str) -> str:
    """What is to be said of how an answer came about: what was taken back, and what may have kept it from the notes.

    Args:
        streamed: what was shown while it was written.
        shown: the answer as it is shown now.
    """
    said = [taken_back(streamed, shown)]
    if answer.kind is AnswerKind.NONE and is_other_language(answer.question):
        said.append(OTHER_LANGUAGE)
    return " ".join(sentence for sentence in said if sentence)


def taken_back(streamed: str, answer: str) -> str:
    """What to say of text that was shown while it was written and is not the answer; empty where it is."""
    words = re.findall(r"\w+", streamed.casefold())
    kept = re.findall(r"\w+", answer.casefold())
    if not words or words == kept[: len(words)]:
        return ""
    if not kept:
        return "What was being written is not borne out by your notes, so it was taken back."
    return "What was being written was put right: only what your notes bear out is left."


def size(size_bytes: int) -> str:
    """``1.1 GB`` or ``500 MB``, in powers of ten as download pages have it."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size_bytes >= factor:
            number = size_bytes / factor
            return f"{number:.1f} {unit}" if number < 10 and round(number, 1) % 1 else f"{number:.0f} {unit}"
    return f"{size_bytes} bytes"


def count(number: int, one: str, many: str = "") -> str:
    """``1 answer``, ``12 answers``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
