"""What the command line reads and how it prints: files named by the user, answers for people and for scripts."""

import re
import sys
from pathlib import Path
from typing import Any, Final

import msgspec

from pillowbook.answering.language import OTHER_LANGUAGE, is_other_language
from pillowbook.domain.answers import Answer, AnswerKind, Citation, Freshness
from pillowbook.domain.asking import AnswerText, AskPart
from pillowbook.domain.errors import FolderMissing, UserFixable
from pillowbook.domain.visible import visible_line, visible_lines

LONGEST_WORK_S: Final = 30 * 24 * 3600.0


class InputUnreadable(UserFixable):
    """A file named on the command line cannot be read or is not what it should be."""

    code = "input-unreadable"
    sentence = "The file {name} cannot be used: {problem}."


class ArgumentUnusable(UserFixable):
    """Something on the command line is not what it should be."""

    code = "argument-unusable"
    sentence = "The {name} cannot be used: {problem}."


def dump(value: Any) -> str:
    """One line of JSON."""
    return msgspec.json.encode(value).decode("utf-8")


def user_path(path: str) -> str:
    """A path as the user wrote it, made absolute: the core has another working folder.

    Raises:
        FolderMissing: it is empty, or names the home of nobody.
    """
    try:
        if path:
            return str(Path(path).expanduser().absolute())
    except RuntimeError:
        pass
    raise FolderMissing()


def without_surrogates(text: str) -> str:
    """The text with halves of characters replaced, which JSON can write and UTF-8 cannot hold."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def read_text(path: Path) -> str:
    """A small text file named by the user.

    Raises:
        InputUnreadable: it cannot be read.
    """
    try:
        return Path(path).read_text("utf-8")
    except OSError as error:
        raise InputUnreadable(name=str(path), problem=(error.strerror or "unreadable").lower()) from None
    except UnicodeDecodeError:
        raise InputUnreadable(name=str(path), problem="it is not text in UTF-8") from None


def citation_json(citation: Citation) -> dict[str, Any]:
    """A citation with the fields of the contract."""
    names = ("path", "title", "quote", "start", "end", "line", "page", "heading")
    return {name: getattr(citation, name) for name in names}


def answer_json(answer: Answer, identifier: Any) -> dict[str, Any]:
    """An answer with the fields of the contract."""
    return {
        "id": identifier,
        "question": answer.question,
        "answer": answer.answer,
        "kind": answer.kind,
        "freshness": answer.freshness,
        "confidence": answer.confidence,
        "matched_question": answer.matched_question,
        "prepared_at": answer.prepared_at,
        "checked_at": answer.checked_at,
        "checked_files": answer.checked_files,
        "latency_ms": round(answer.latency_ms, 1),
        "first_token_ms": None if answer.first_token_ms is None else round(answer.first_token_ms, 1),
        "tokens": answer.tokens,
        "model": answer.model,
        "effort": answer.effort,
        "citations": [citation_json(c) for c in answer.citations],
        "related": answer.related,
        "nearest": [citation_json(c) for c in answer.nearest],
        "change_note": answer.change_note,
        "serving": answer.serving_id,
        "prepared": answer.prepared_id,
        "edited": answer.is_edited,
        "pinned": answer.is_pinned,
        "understood_as": answer.understood_as or None,
    }


def place(path: str, line: int | None, page: int | None) -> str:
    """Where something stands, as editors and people write it."""
    return f"{path}:{line}" if line is not None else f"{path}, page {page}" if page is not None else path


KINDS: Final = {
    AnswerKind.HIT: "prepared",
    AnswerKind.ADAPTED: "adapted from prepared answers",
    AnswerKind.LIVE: "live",
    AnswerKind.NONE: "no answer",
}


def answer_text(answer: Answer) -> str:
    """An answer for people; nothing in it can drive a terminal."""
    lines = []
    if answer.understood_as:
        lines += [f"Understood as: {answer.understood_as}", ""]
    if answer.change_note:
        lines += [answer.change_note, ""]
    lines.append(answer.answer or "Your notes do not say.")
    if answer.kind is AnswerKind.NONE and is_other_language(answer.question):
        lines.append(OTHER_LANGUAGE)
    freshness = f", {answer.freshness.value.replace('_', ' ')}" if answer.freshness else ""
    if answer.checked_files and answer.checked_at is not None:
        files = f"{answer.checked_files} file{'' if answer.checked_files == 1 else 's'}"
        freshness += f" ({files} compared at {answer.checked_at.astimezone():%H:%M:%S})"
    marks = "".join(
        mark
        for mark, is_so in ((", in your own words", answer.is_edited), (", pinned", answer.is_pinned))
        if is_so
    )
    told = f", no. {answer.serving_id}" if answer.serving_id is not None else ""
    lines.append(f"  [{KINDS[answer.kind]}{freshness}{marks}, {answer.latency_ms / 1000:.2f} s{told}]")
    for number, c in enumerate(answer.citations, start=1):
        lines.append(f'  {number}. {place(c.path, c.line, c.page)}\n     "{c.quote}"')
    if answer.nearest and (not answer.answer or answer.freshness is Freshness.NEW_EVIDENCE):
        c = answer.nearest[0]
        label = "Newer" if answer.answer else "Nearest"
        lines.append(f'  {label}: {place(c.path, c.line, c.page)}\n     "{c.quote}"')
    return visible_lines("\n".join(lines))


class ProgressLine:
    """One line on a terminal that is written over; nothing elsewhere."""

    def __init__(self, *, is_wanted: bool) -> None:
        self._is_shown = sys.stderr.isatty() and is_wanted
        self._shown = ""

    def show(self, text: str) -> None:
        """Replace the line; a change in the text is what makes it worth writing."""
        if self._is_shown and text != self._shown:
            self._shown = text
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()

    def clear(self) -> None:
        """Take the line away."""
        if self._is_shown and self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


class StreamedAnswer:
    """Live text on a terminal while it is written; the verified answer takes its place."""

    def __init__(self, *, is_shown: bool) -> None:
        self._is_shown = is_shown
        self._text = ""

    def hear(self, part: AskPart) -> None:
        """Show what came, in one line of the terminal's width."""
        if not self._is_shown or not isinstance(part, AnswerText):
            return
        self._text = part.delta if part.restart else self._text + part.delta
        shown = visible_line(self._text)[-70:]
        sys.stderr.write(f"\r\x1b[K\x1b[2m{shown}\x1b[0m")
        sys.stderr.flush()

    def clear(self) -> None:
        """Take the line away."""
        if self._is_shown and self._text:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def duration_s(text: str) -> float:
    """Seconds of ``90``, ``90s``, ``20m`` or ``1.5h``.

    Raises:
        InputUnreadable: it is no duration.
    """
    match_ = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smh]?)\s*", text)
    if match_ is None or float(match_[1]) <= 0:
        raise ArgumentUnusable(name="duration", problem="write it as 90s, 20m or 1h")
    seconds = float(match_[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match_[2]]
    if seconds > LONGEST_WORK_S:
        raise ArgumentUnusable(name="duration", problem="it may be 720h at most")
    return seconds
