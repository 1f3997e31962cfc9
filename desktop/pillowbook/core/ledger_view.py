"""The ledger as clients see it: the account of ``schedule/account``, the audits, and the trust that follows."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from pillowbook.core import protocol as p
from pillowbook.domain.answers import AnswerKind
from pillowbook.domain.work import LedgerEntry, SliceKind, SliceResult
from pillowbook.schedule.account import AccountLine, draw_up
from pillowbook.store.knowledge import Knowledge
from pillowbook.store.library import Library

SERVINGS_SHOWN: Final = 200


def ledger_view(
    knowledge: Knowledge,
    library: Library,
    *,
    now: datetime,
    since: datetime | None = None,
    never_after_days: int = 14,
) -> p.LedgerView:
    """What background work cost and brought, from ``since`` on or altogether."""
    entries = knowledge.ledger(since)
    servings = knowledge.servings()
    live = knowledge.live_latency()
    account = draw_up(
        knowledge.spending(),
        servings,
        live=live,
        folders={folder.id: folder.path for folder in library.folders()},
        now=now,
        never_after=timedelta(days=never_after_days),
        since=since,
        spending_since=None if since is None else knowledge.spending(since),
    )
    kinds = [serving.kind for serving in servings if since is None or serving.asked_at >= since]
    return p.LedgerView(
        lines=tuple(ledger_line(kind, [e for e in entries if e.kind is kind]) for kind in SliceKind),
        prepared=knowledge.counts().prepared,
        asked=len(kinds),
        hits=kinds.count(AnswerKind.HIT),
        adapted=kinds.count(AnswerKind.ADAPTED),
        live=kinds.count(AnswerKind.LIVE),
        total=account_view(account.total),
        reasons=tuple(account_view(line) for line in account.by_reason),
        folders=tuple(account_view(line) for line in account.by_folder),
        servings=tuple(
            p.ServingView(
                serving=one.serving.id,
                question=one.serving.text,
                asked_at=one.serving.asked_at,
                reason="" if one.serving.reason is None else one.serving.reason.value,
                cost_s=one.cost_s,
                cost_tokens=one.cost_tokens,
                saved_s=one.saved_s,
                verdict=None if one.serving.verdict is None else one.serving.verdict.value,
                opened=one.serving.is_opened,
                asked_again=one.serving.is_asked_again,
            )
            for one in account.servings[:SERVINGS_SHOWN]
        ),
        audits=tuple(
            p.AuditView(rate.reason.value, rate.checks, rate.better, rate.same, rate.worse, rate.worse_share)
            for rate in knowledge.audits.rates()
        ),
        trust=tuple(
            p.TrustView(trust.reason.value, trust.mean, trust.spread, trust.held, trust.failed)
            for trust in knowledge.audits.trust().values()
        ),
        live_latency_ms=None if live is None else live.mean_ms,
        live_answers=0 if live is None else live.count,
        never_after_days=never_after_days,
        since=since,
    )


def account_view(line: AccountLine) -> p.AccountView:
    """One line of the account."""
    return p.AccountView(
        name=line.name,
        spent_s=line.spent_s,
        tokens=line.tokens,
        prepared=line.prepared,
        asked=line.asked,
        saved_s=line.saved_s,
        saved_per_spent=line.saved_per_spent,
        old=line.old,
        never_asked=line.never_asked,
        share_wasted=line.share_wasted,
    )


def ledger_line(kind: SliceKind, entries: Sequence[LedgerEntry]) -> p.LedgerLine:
    """The sums of one kind of work."""
    return p.LedgerLine(
        kind=kind.value,
        slices=len(entries),
        seconds=sum(e.seconds for e in entries),
        prompt_tokens=sum(e.tokens.prompt for e in entries),
        completion_tokens=sum(e.tokens.completion for e in entries),
        made=sum(e.made for e in entries if e.result is SliceResult.DONE),
        failed=sum(1 for e in entries if e.result is SliceResult.FAILED),
        energy_j=sum(e.energy_j for e in entries),
        is_energy_estimated=any(e.is_energy_estimated for e in entries),
    )
