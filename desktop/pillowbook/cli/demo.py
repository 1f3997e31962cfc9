"""``pillowbook demo``: the whole stream on the sample notes, in a throw-away profile, on the real model.

It plays two days. On the first, questions are asked that nobody prepared; at night the machine works; on the second
the questions are asked again, in the same and in other words, beside some that were predicted, some that were not,
one that the notes cannot answer and one whose note was edited meanwhile. Everything printed was measured in the run.
"""

import secrets
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pillowbook.core.client import CoreClient
from pillowbook.core.reaching import ensure_core
from pillowbook.domain.answers import Answer, AnswerKind, Citation
from pillowbook.domain.asking import AskMode
from pillowbook.host.paths import Profile
from pillowbook.host.resources import resource
from pillowbook.settings.catalogue import PREPARE_SECRETS

FIRST_DAY: Final = (
    "What is the guest wifi password?",
    "When is Nora's dentist appointment?",
    "How long do the baked beans soak?",
)
AGAIN_IN_OTHER_WORDS: Final = (
    "What's the password of the guest wifi?",
    "For how long should the baked beans be soaked?",
)
NOBODY_PREPARED: Final = "What time does Edie's swimming lesson start on Thursdays?"
NOT_IN_THE_NOTES: Final = "How much did the new roof tiles weigh?"
EDITED_NOTE: Final = Path("Recipes") / "ruths-baked-beans.md"
EDIT: Final = ("12 hours", "8 hours")
ASKED_TWICE: Final = FIRST_DAY[2]
PREDICTED: Final = 2
NOTHING: Final = "Your notes do not say."


@dataclass(frozen=True, slots=True)
class Row:
    """One question of the second day: how it was served, beside a live answer to the same question."""

    story: str
    answer: Answer
    live_ms: float
    quotes: tuple[str, ...]


def run_demo(*, work_s: float) -> int:
    """Play the two days. Returns the exit code; the throw-away profile is gone afterwards."""
    # A polite end has to reach the clean-up below as Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    place = Path(tempfile.mkdtemp(prefix="pillowbook-demo-"))
    profile = Profile(place / "profile")
    try:
        notes = place / "notes"
        shutil.copytree(resource("notes"), notes)
        with ensure_core(profile) as core:
            try:
                play(core, notes, work_s)
            finally:
                core.stop()
        return 0
    finally:
        shutil.rmtree(place, ignore_errors=True)
        shutil.rmtree(profile.runtime_dir, ignore_errors=True)


def play(core: CoreClient, notes: Path, work_s: float) -> None:
    """The two days."""
    say(
        "Reading the sample notes in a throw-away profile; the first half minute goes into starting the models."
    )
    core.vault_init(secrets.token_urlsafe(24))
    core.set_setting(
        PREPARE_SECRETS.key, "on"
    )  # a password is asked for below, of a network that does not exist
    core.add_folder(str(notes))
    began = time.monotonic()
    core.sync()
    status = core.status()
    say(
        f"Sample notes: {status.documents.get('indexed', 0)} documents, {status.passages} passages, "
        f"read, embedded and indexed in {time.monotonic() - began:.0f} s."
    )
    say("\nDay one. Nothing is prepared yet; these are answered live.")
    for question in FIRST_DAY:
        show_short(core.ask(question))
    say(f"\nNight. The machine works for up to {work_s:.0f} s.")
    done = core.work(work_s)
    say(
        f"{done.digests} digests, {done.questions} questions predicted, {done.answers} answers prepared, "
        f"{done.refused} not verified and therefore not kept, in {done.seconds:.0f} s "
        f"({done.prompt_tokens} tokens read, {done.completion_tokens} written)."
    )
    predicted = [view for view in core.prepared().views if view.question not in FIRST_DAY][:PREDICTED]
    say("\nDay two.")
    asked = [
        *(("asked yesterday", question) for question in FIRST_DAY),
        *(("in other words", question) for question in AGAIN_IN_OTHER_WORDS),
        *(("predicted", view.question) for view in predicted),
        ("nobody prepared", NOBODY_PREPARED),
        ("not in the notes", NOT_IN_THE_NOTES),
    ]
    rows = [served(core, story, question, notes) for story, question in asked]
    edit(notes / EDITED_NOTE)
    rows.append(served(core, "note just edited", ASKED_TWICE, notes))
    print_table(rows)


def served(core: CoreClient, story: str, question: str, notes: Path) -> Row:
    """Ask as a person would, look up the quotes in the files, then ask once more live, for the time beside it."""
    answer = core.ask(question)
    quotes = tuple(describe(citation, notes) for citation in answer.citations)
    live_ms = answer.latency_ms
    if answer.kind is AnswerKind.HIT:
        live_ms = core.ask(question, mode=AskMode.LIVE_ONLY, learn=False).latency_ms
    row = Row(story, answer, live_ms, quotes)
    show(row)
    return row


def edit(note: Path) -> None:
    """Change the fact in the note, as its owner might."""
    text = note.read_text("utf-8")
    assert EDIT[0] in text, "the sample note no longer holds the fact that the demo edits"
    note.write_text(text.replace(*EDIT), "utf-8")
    say(f"  (edited just now: {note.name}, '{EDIT[0]}' became '{EDIT[1]}')")


def show_short(answer: Answer) -> None:
    """A question and how it was answered, in two lines."""
    say(f"  {answer.question}")
    say(f"    {answer.answer or NOTHING}  [{answer.kind.value}, {answer.latency_ms / 1000:.1f} s]")


def show(row: Row) -> None:
    """One question of the second day in full."""
    say(f"\n  {row.answer.question}   ({row.story})")
    if row.answer.change_note:
        say(f"    ! {row.answer.change_note}")
    say(f"    {row.answer.answer or NOTHING}")
    for quote in row.quotes:
        say(f"    > {quote}")


def print_table(rows: list[Row]) -> None:
    """Everything that was asked on the second day, side by side."""
    say(f"\n{'':17} {'served':8} {'freshness':13} {'time':>8} {'live':>8}  question")
    for row in rows:
        answer = row.answer
        freshness = answer.freshness.value if answer.freshness else "-"
        times = f"{answer.latency_ms / 1000:7.2f}s {row.live_ms / 1000:7.2f}s"
        say(f"{row.story:17} {answer.kind.value:8} {freshness:13} {times}  {answer.question[:60]}")


def describe(citation: Citation, notes: Path) -> str:
    """A quote, where it is said to stand, and whether it stands there now."""
    at = f":{citation.line}" if citation.line else f", page {citation.page}" if citation.page else ""
    where = f"{relative(citation.path, notes)}{at}"
    return f'"{citation.quote}"  ({where}; {verbatim(citation.path, citation.quote)})'


def verbatim(path: str, quote: str) -> str:
    """Whether the quote stands word for word in the file, for files that are text."""
    if not path.endswith((".md", ".txt")):
        return "quoted from the extracted text"
    return "stands word for word in the file" if quote in Path(path).read_text("utf-8") else "NOT in the file"


def relative(path: str, notes: Path) -> str:
    """A path below the notes, short."""
    try:
        return str(Path(path).relative_to(notes.resolve()))
    except ValueError:
        return path


def say(text: str) -> None:
    """At once, also through a pipe."""
    print(text, flush=True)
