"""Background work, and the ledger of what it cost and brought."""

from datetime import UTC, datetime, timedelta
from typing import Final

from pillowbook.cli.invocation import DONE, Invocation
from pillowbook.cli.terminal import ArgumentUnusable, ProgressLine, duration_s
from pillowbook.core import protocol as p
from pillowbook.host.workers import CancelToken

MOST_DAYS: Final = 3650


def work(invocation: Invocation) -> int:
    line = ProgressLine(is_wanted=not invocation.as_json)
    seconds = duration_s(invocation.options.duration)
    token = CancelToken()
    try:
        summary: p.WorkSummary = invocation.call(
            lambda core: core.work(
                seconds,
                on_progress=lambda at: line.show(f"{at.done} s of {at.total} s: {at.note}"),
                cancel=token,
            )
        )
    except KeyboardInterrupt:
        token.cancel()
        raise
    finally:
        line.clear()
    invocation.print(
        summary,
        f"{summary.digests} digests, {summary.questions} questions, {summary.answers} answers prepared "
        f"({summary.refused} not verified, {summary.failed} failed) in {summary.seconds:.0f} s"
        + ("; nothing is left to do." if summary.is_exhausted else "."),
    )
    return DONE


def ledger(invocation: Invocation) -> int:
    """What background work cost and brought."""
    since = since_time(invocation.options.since, datetime.now(UTC)) if invocation.options.since else None
    view: p.LedgerView = invocation.call(
        lambda core: core.ledger(since=since, never_after_days=invocation.options.days)
    )
    invocation.print(view, "\n".join(ledger_lines(view)))
    return DONE


def ledger_lines(view: p.LedgerView) -> list[str]:
    """The ledger as plain tables."""
    lines = [
        f"{line.kind:8} {line.slices:5} slices {line.seconds:8.1f} s {line.prompt_tokens:8} tokens read "
        f"{line.completion_tokens:7} written {line.made:5} made {line.failed:3} failed {_energy(line):>12}"
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


def _energy(line: p.LedgerLine) -> str:
    about = "about " if line.is_energy_estimated else ""
    return f"{about}{line.energy_j / 3600:.2f} Wh"


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
