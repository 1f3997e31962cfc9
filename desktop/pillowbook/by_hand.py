"""The command line's commands for the user's hand, and the ledger's text."""

import argparse
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from pillowbook.core import protocol as p
from pillowbook.domain.serving import NeverRule, Verdict
from pillowbook.terminal import ArgumentUnusable, read_text, user_path

if TYPE_CHECKING:
    from pillowbook.core.client import CoreClient

DONE: Final = 0
MOST_DAYS: Final = 3650


class Invocation(Protocol):
    """One invocation of the command line, as far as these commands need it."""

    options: argparse.Namespace

    def call(self, work: "Callable[[CoreClient], Any]") -> Any:
        """Do something that needs an open vault."""
        ...

    def print(self, value: Any, text: str) -> None:
        """The result, as JSON or as text."""
        ...


def verdict(session: Invocation) -> int:
    """What an answer is worth."""
    said = Verdict(session.options.verdict)
    number = session.call(lambda core: core.give_verdict(said, serving_id=session.options.serving))
    follows = {
        Verdict.RIGHT: "Kept: the answer is right.",
        Verdict.WRONG: "The answer is withdrawn; it is prepared again without it.",
        Verdict.WRONG_QUESTION: "This answer is not served for that question again.",
    }
    session.print({"serving": number, "verdict": said}, follows[said])
    return DONE


def pin(session: Invocation) -> int:
    """Keep an answer before all others."""
    view: p.HandView = session.call(lambda core: core.pin(session.options.answer))
    session.print(view, f"Pinned: {view.question}")
    return DONE


def unpin(session: Invocation) -> int:
    """Keep it before others no longer."""
    view: p.HandView = session.call(lambda core: core.pin(session.options.answer, is_pinned=False))
    session.print(view, f"No longer pinned: {view.question}")
    return DONE


def edit(session: Invocation) -> int:
    """Put other words over a prepared answer."""
    options = session.options
    text = None if options.undo else read_text(options.file) if options.file else options.text
    view: p.HandView = session.call(lambda core: core.edit(options.answer, text))
    done = "Shown in your words" if view.is_edited else "Your words are taken back"
    session.print(view, f"{done}: {view.question}")
    return DONE


def delete(session: Invocation) -> int:
    """Delete a prepared answer or a digest."""
    options = session.options
    if options.digest:
        path = user_path(options.digest)
        session.call(lambda core: core.delete_digest(path))
        session.print({"deleted": path}, f"The digest of {path} is deleted until the document changes.")
        return DONE
    view: p.HandView = session.call(lambda core: core.delete(options.answer))
    session.print(view, f"Deleted: the answer to {view.question}")
    return DONE


def never(session: Invocation) -> int:
    """Never prepare a question, or list what is never prepared."""
    options = session.options
    if options.off and options.question is None:
        raise ArgumentUnusable(name="question", problem="--off needs the question that may be prepared again")
    rules: list[NeverRule] = session.call(
        lambda core: core.never_prepare(options.question, is_never=not options.off)
    )
    listed = "\n".join(rule.text for rule in rules)
    session.print(
        {"never": rules},
        listed
        or "Nothing is kept from being prepared; 'pillowbook never QUESTION' keeps a question from it.",
    )
    return DONE


def ledger(session: Invocation) -> int:
    """What background work cost and brought."""
    since = since_time(session.options.since, datetime.now(UTC)) if session.options.since else None
    view: p.LedgerView = session.call(
        lambda core: core.ledger(since=since, never_after_days=session.options.days)
    )
    session.print(view, "\n".join(ledger_lines(view)))
    return DONE


def ledger_lines(view: p.LedgerView) -> list[str]:
    """The ledger as plain tables."""
    lines = [
        f"{line.kind:8} {line.slices:5} slices {line.seconds:8.1f} s {line.prompt_tokens:8} tokens read "
        f"{line.completion_tokens:7} written {line.made:5} made {line.failed:3} failed"
        for line in view.lines
    ]
    lines.append(
        f"{view.prepared} prepared; {view.asked} asked: {view.hits} served prepared, {view.adapted} adapted, "
        f"{view.live} live."
    )
    for title, rows in (("reason", view.reasons), ("folder", view.folders)):
        if rows:
            lines += ["", f"{title:24} {'spent':>9} {'tokens':>9} {'prepared':>8} {'asked':>6} {'saved':>9} "
                          f"{'never asked':>12} {'wasted':>7}"]  # fmt: skip
            lines += [account_line(row, row.name or "(no one folder)") for row in rows]
            lines += [account_line(view.total, "all")]
    lines.append("")
    if view.live_latency_ms is None:
        lines.append("No live answer was seen yet, so nothing can be said to be saved.")
    else:
        lines.append(
            f"Saved against {view.live_latency_ms / 1000:.1f} s, the mean of {view.live_answers} live answers. "
            f"Never asked: after {view.never_after_days} days."
        )
    for audit in view.audits:
        lines.append(
            f"Audit of {audit.reason} ({', '.join(audit.checks) or 'no checks'}): {audit.better} better than live, "
            f"{audit.same} the same, {audit.worse} worse ({audit.worse_share:.0%})."
        )
    for trust in view.trust:
        if trust.held or trust.failed:
            lines.append(
                f"Trust in {trust.reason}: {trust.mean:.2f} ± {trust.spread:.2f} "
                f"({trust.held} held, {trust.failed} did not)."
            )
    return lines


def account_line(row: p.AccountView, name: str) -> str:
    """One row of the account."""
    tokens = row.tokens.prompt + row.tokens.completion
    never_asked = f"{row.never_asked} of {row.old}"
    wasted = "-" if row.share_wasted is None else f"{row.share_wasted:.0%}"
    return (
        f"{name[-24:]:24} {row.spent_s:7.1f} s {tokens:9} {row.prepared:8} {row.asked:6} {row.saved_s:7.1f} s "
        f"{never_asked:>12} {wasted:>7}"
    )


def since_time(text: str, now: datetime) -> datetime:
    """A day such as ``2026-11-22`` (local midnight), a time, or so many days ago, ``7d``.

    Raises:
        ArgumentUnusable: it is none of these.
    """
    plain = text.strip()
    try:
        if plain.endswith("d") and plain[:-1].isdecimal():
            return now - timedelta(days=min(int(plain[:-1]), 100 * MOST_DAYS))
        return datetime.fromisoformat(plain).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ArgumentUnusable(name="time", problem="write it as 7d or 2026-11-22") from None


def days(text: str) -> int:
    """A number of days; argparse turns the error into wrong usage."""
    count = int(text)
    if not 0 <= count <= MOST_DAYS:
        raise argparse.ArgumentTypeError(f"must be from 0 to {MOST_DAYS}")
    return count


def serving_number(text: str) -> int:
    """The number of a serving."""
    number = int(text)
    if not 0 < number < 2**63:
        raise argparse.ArgumentTypeError("must be a number that 'pillowbook ask' told")
    return number


def add_commands(command: Callable[[str, Callable[..., int], str], argparse.ArgumentParser]) -> None:
    """The grammar of these commands."""
    made = command("ledger", ledger, "what background work cost and brought")
    made.add_argument("--since", metavar="7d|DATE", help="only from then on")
    made.add_argument(
        "--days", type=days, default=14, help="a question this old that was never asked is wasted (14)"
    )
    made = command("verdict", verdict, "say what an answer is worth")
    made.add_argument("serving", type=serving_number, metavar="NUMBER", help="as 'pillowbook ask' told it")
    made.add_argument("verdict", choices=[each.value for each in Verdict])
    answer_help = "the question, or the prepared answer's number of 'ask --json'"
    for name, run, help_ in (
        ("pin", pin, "keep an answer before all others"),
        ("unpin", unpin, "keep it before others no longer"),
    ):
        command(name, run, help_).add_argument("answer", help=answer_help)
    made = command("edit", edit, "put your own words over a prepared answer")
    made.add_argument("answer", help=answer_help)
    which = made.add_mutually_exclusive_group(required=True)
    which.add_argument("--text", metavar="WORDS")
    which.add_argument("--file", type=Path, metavar="FILE")
    which.add_argument("--undo", action="store_true", help="take them away again")
    made = command("delete", delete, "delete a prepared answer or a digest")
    which = made.add_mutually_exclusive_group(required=True)
    which.add_argument("answer", nargs="?", help=answer_help)
    which.add_argument("--digest", metavar="PATH")
    made = command("never", never, "never prepare a question, or list what is never prepared")
    made.add_argument("question", nargs="?")
    made.add_argument("--off", action="store_true", help="prepare it again")
