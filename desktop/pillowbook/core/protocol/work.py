"""Background work, what it made and what it cost."""

from datetime import datetime

import msgspec

from pillowbook.core.protocol.call import Call
from pillowbook.domain.answers import Tokens


class WorkSummary(msgspec.Struct, frozen=True):
    """What a spell of background work did."""

    seconds: float
    slices: int
    digests: int
    questions: int
    answers: int
    refused: int
    failed: int
    prompt_tokens: int
    completion_tokens: int
    is_exhausted: bool


class PreparedView(msgspec.Struct, frozen=True):
    """A prepared answer for reading; ``answer`` is empty for a prepared 'your notes do not say'.

    ``prepared`` is its number, ``why`` the reason in a sentence; ``path`` is empty where nothing is cited.
    ``has_changed_note``: its notes no longer say all it rests on. Only what is in the user's own words outlives that.
    """

    prepared: int
    question: str
    answer: str
    reason: str
    why: str
    path: str
    prepared_at: datetime
    seconds: float
    is_pinned: bool
    is_edited: bool
    has_new_evidence: bool
    has_changed_note: bool


class PreparedList(msgspec.Struct, frozen=True):
    """How many answers are prepared, how many of them were found, and the first of these."""

    total: int
    found: int
    views: list[PreparedView]


class LedgerLine(msgspec.Struct, frozen=True):
    """Sums of the ledger for one kind of work; ``is_energy_estimated`` where any of its energy is."""

    kind: str
    slices: int
    seconds: float
    prompt_tokens: int
    completion_tokens: int
    made: int
    failed: int
    energy_j: float = 0.0
    is_energy_estimated: bool = True


class AccountView(msgspec.Struct, frozen=True):
    """What was spent for one reason, one folder, or all, and what it brought (see ``schedule/account.py``).

    ``old`` counts the questions old enough to tell whether they are asked, ``never_asked`` those that never were;
    ``share_wasted`` is what these cost of what all the old ones cost. ``saved_per_spent`` is in seconds for a second.
    """

    name: str
    spent_s: float
    tokens: Tokens
    prepared: int
    asked: int
    saved_s: float
    saved_per_spent: float | None
    old: int
    never_asked: int
    share_wasted: float | None


class ServingView(msgspec.Struct, frozen=True):
    """One serving of what was prepared, and what that had cost. ``serving`` is what a verdict names."""

    serving: int
    question: str
    asked_at: datetime
    reason: str
    cost_s: float
    cost_tokens: Tokens
    saved_s: float
    verdict: str | None
    opened: bool = False
    asked_again: bool = False


class AuditView(msgspec.Struct, frozen=True):
    """How one way of preparing fared beside live answers."""

    reason: str
    checks: tuple[str, ...]
    better: int
    same: int
    worse: int
    worse_share: float


class TrustView(msgspec.Struct, frozen=True):
    """P(right) of what is prepared for a reason, by audits and verdicts."""

    reason: str
    mean: float
    spread: float
    held: int
    failed: int


class LedgerView(msgspec.Struct, frozen=True):
    """What background work cost and brought, from ``since`` on or altogether.

    ``live_latency_ms`` is the mean of ``live_answers`` live answers, all that were served: what a prepared answer saves
    is reckoned against it. ``prepared`` is how many answers are prepared now. Of what was ``asked``, ``hits`` were
    served as prepared, ``adapted`` from what is prepared, and ``live`` live.
    """

    lines: tuple[LedgerLine, ...]
    prepared: int
    asked: int
    hits: int
    live: int
    total: AccountView
    reasons: tuple[AccountView, ...] = ()
    folders: tuple[AccountView, ...] = ()
    servings: tuple[ServingView, ...] = ()
    audits: tuple[AuditView, ...] = ()
    trust: tuple[TrustView, ...] = ()
    live_latency_ms: float | None = None
    live_answers: int = 0
    never_after_days: int = 14
    since: datetime | None = None
    adapted: int = 0


class Work(Call, frozen=True, tag="work"):
    """Background work now, whatever the gate says. Reply: WorkSummary. Parts: Progress (``done`` in seconds)."""

    seconds: float


class ListPrepared(Call, frozen=True, tag="prepared"):
    """Prepared answers: pinned and edited ones first, then the newest. Reply: PreparedList.

    ``words``: all of them are in its question, in what it says or in the names of its files. ``limit``: 500 at most.
    """

    words: str = ""
    limit: int = 200


class GetLedger(Call, frozen=True, tag="ledger"):
    """Reply: LedgerView. ``never_after_days``: a question this old that was never asked is wasted."""

    since: datetime | None = None
    never_after_days: int = 14


WorkCall = Work | ListPrepared | GetLedger
