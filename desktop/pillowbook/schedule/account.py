"""The account of the idle hours: what they cost, what they brought, and what was wasted. Pure functions over rows.

How it is reckoned:

- A slice that answered or audited a question is that question's. What a document's digest and questions cost is shared
  equally by the questions of that document that were worked on; where there are none yet, it stands under
  :data:`READING`.
- A serving from prepared material saved what a live answer takes here (the mean of all that were seen) less what it
  took itself. One that the user called wrong, or the answer to another question, saved nothing. Without a verdict two
  weak signs count, the stronger of them alone: asked again within minutes, it saved nothing, since the later serving
  met the need and is counted by itself; a source opened, it saved :data:`OPENED_SHARE`, since the user read on.
- A question counts as *never asked* once its first slice is ``never_after`` old and nothing prepared for it was served.
  What such questions cost is wasted; the share is of all that questions of that age cost.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from pillowbook.domain.answers import Reason, Tokens
from pillowbook.domain.ids import DocumentId, FolderId, QuestionId
from pillowbook.domain.serving import LiveLatency, Serving, Spending, Verdict
from pillowbook.domain.work import SliceKind

READING: Final = "reading"
"""What was spent on documents none of whose questions was worked on yet."""

NO_FOLDER: Final = ""
"""What belongs to no one folder, such as questions the user put."""

_OF_A_QUESTION: Final = frozenset({SliceKind.PREPARE, SliceKind.AUDIT, SliceKind.JUDGE})
OPENED_SHARE: Final = 0.5
"""Of the seconds saved, where the user went on to the source: he may have checked what was right, or missed what was
not said, and nothing tells which."""

_REFUTED: Final = frozenset({Verdict.WRONG, Verdict.WRONG_QUESTION})


@dataclass(frozen=True, slots=True)
class AccountLine:
    """The sums of one reason, of one folder, or of all.

    Attributes:
        prepared: answers stored.
        asked: servings of what was prepared.
        old: questions worked on that are old enough to tell whether they are asked; ``old_s`` what they cost.
        never_asked: those of them that never were; ``wasted_s`` what they cost.
    """

    name: str
    spent_s: float = 0.0
    tokens: Tokens = Tokens()
    prepared: int = 0
    asked: int = 0
    saved_s: float = 0.0
    old: int = 0
    old_s: float = 0.0
    never_asked: int = 0
    wasted_s: float = 0.0

    @property
    def share_wasted(self) -> float | None:
        """Of what could be judged, 0 to 1; None where nothing is old enough."""
        return self.wasted_s / self.old_s if self.old_s > 0 else None

    @property
    def saved_per_spent(self) -> float | None:
        """Seconds saved for a second spent; None where nothing was spent."""
        return self.saved_s / self.spent_s if self.spent_s > 0 else None


@dataclass(frozen=True, slots=True)
class ServingCost:
    """One serving of what was prepared, what that had cost so far, and what it saved."""

    serving: Serving
    cost_s: float
    cost_tokens: Tokens
    saved_s: float


@dataclass(frozen=True, slots=True)
class Account:
    """The whole account; lines by what was spent, most first, servings newest first."""

    total: AccountLine
    by_reason: tuple[AccountLine, ...]
    by_folder: tuple[AccountLine, ...]
    servings: tuple[ServingCost, ...]


@dataclass(slots=True)
class _Sums:
    """A line on its way."""

    spent_s: float = 0.0
    tokens: Tokens = field(default_factory=Tokens)
    prepared: int = 0
    asked: int = 0
    saved_s: float = 0.0
    old: int = 0
    old_s: float = 0.0
    never_asked: int = 0
    wasted_s: float = 0.0

    def line(self, name: str) -> AccountLine:
        return AccountLine(
            name, self.spent_s, self.tokens, self.prepared, self.asked, self.saved_s, self.old, self.old_s,
            self.never_asked, self.wasted_s,
        )  # fmt: skip


@dataclass(slots=True)
class _QuestionCost:
    """What one question cost, its document's share included."""

    first_at: datetime
    reason: str
    folder: str
    seconds: float = 0.0
    prompt: float = 0.0
    completion: float = 0.0


def draw_up(
    spending: Sequence[Spending],
    servings: Sequence[Serving],
    *,
    live: LiveLatency | None,
    folders: Mapping[FolderId, str],
    now: datetime,
    never_after: timedelta,
    since: datetime | None = None,
    spending_since: Sequence[Spending] | None = None,
) -> Account:
    """Draw up the account of everything, or of a time.

    Args:
        spending, servings: all there are: what a serving cost may lie long before it.
        live: what live answers take here; with None nothing is said to be saved.
        folders: names of the folders; what belonged to others stands under :data:`NO_FOLDER`.
        since: count only what was spent and served from then on, and the waste of questions first worked on then.
        spending_since: what was spent from ``since`` on; must be given with it.
    """
    window = spending if spending_since is None else spending_since
    questions_of = _questions_by_document(spending)
    costs = _question_costs(spending, questions_of, folders)
    reasons: defaultdict[str, _Sums] = defaultdict(_Sums)
    in_folders: defaultdict[str, _Sums] = defaultdict(_Sums)
    total = _Sums()
    for spent in window:
        folder = in_folders[_name(spent.folder_id, folders)]
        for sums in (total, folder):
            _spend(sums, spent.seconds, spent.tokens)
        for reason, share in _shares(spent, questions_of, costs).items():
            _spend(reasons[reason], spent.seconds * share, _scaled(spent.tokens, share))
        if spent.kind is SliceKind.PREPARE:
            for sums in (total, folder, reasons[_reason(spent.reason)]):
                sums.prepared += spent.made
    found: list[ServingCost] = []
    for serving in servings:
        if serving.prepared_for is None or (since is not None and serving.asked_at < since):
            continue
        saved = saved_s(serving, live)
        for sums in (total, in_folders[_name(serving.folder_id, folders)], reasons[_reason(serving.reason)]):
            sums.asked += 1
            sums.saved_s += saved
        cost = costs.get(serving.prepared_for)
        tokens = Tokens() if cost is None else Tokens(round(cost.prompt), round(cost.completion))
        found.append(ServingCost(serving, 0.0 if cost is None else cost.seconds, tokens, saved))
    _judge_waste(
        costs,
        servings,
        since,
        now - never_after,
        lambda cost: (total, in_folders[cost.folder], reasons[cost.reason]),
    )
    return Account(
        total=total.line("all"),
        by_reason=_lines(reasons),
        by_folder=_lines(in_folders),
        servings=tuple(reversed(found)),
    )


def saved_s(serving: Serving, live: LiveLatency | None) -> float:
    """Seconds a serving from prepared material saved the user."""
    if live is None or serving.prepared_for is None or serving.verdict in _REFUTED:
        return 0.0
    saved = max(0.0, live.mean_ms - serving.latency_ms) / 1000.0
    if serving.verdict is not None:
        return saved
    if serving.is_asked_again:
        return 0.0
    return saved * OPENED_SHARE if serving.is_opened else saved


def _questions_by_document(spending: Iterable[Spending]) -> dict[DocumentId, frozenset[QuestionId]]:
    found: defaultdict[DocumentId, set[QuestionId]] = defaultdict(set)
    for spent in spending:
        if spent.kind in _OF_A_QUESTION and spent.question_id is not None and spent.document_id is not None:
            found[spent.document_id].add(spent.question_id)
    return {key: frozenset(questions) for key, questions in found.items()}


def _question_costs(
    spending: Sequence[Spending],
    questions_of: Mapping[DocumentId, frozenset[QuestionId]],
    folders: Mapping[FolderId, str],
) -> dict[QuestionId, _QuestionCost]:
    costs: dict[QuestionId, _QuestionCost] = {}
    for spent in spending:
        if spent.kind in _OF_A_QUESTION and spent.question_id is not None:
            cost = costs.setdefault(
                spent.question_id,
                _QuestionCost(spent.first_at, _reason(spent.reason), _name(spent.folder_id, folders)),
            )
            cost.first_at = min(cost.first_at, spent.first_at)
            _add(cost, spent, 1.0)
    for spent in spending:
        if spent.kind not in _OF_A_QUESTION and spent.document_id is not None:
            sharing = questions_of.get(spent.document_id, frozenset())
            for question_id in sharing:
                _add(costs[question_id], spent, 1.0 / len(sharing))
    return costs


def _shares(
    spent: Spending,
    questions_of: Mapping[DocumentId, frozenset[QuestionId]],
    costs: Mapping[QuestionId, _QuestionCost],
) -> dict[str, float]:
    """What share of it each reason bears; they add up to 1."""
    if spent.kind in _OF_A_QUESTION:
        return {_reason(spent.reason): 1.0}
    sharing = (
        questions_of.get(spent.document_id, frozenset()) if spent.document_id is not None else frozenset()
    )
    shares: defaultdict[str, float] = defaultdict(float)
    for question_id in sharing:
        shares[costs[question_id].reason] += 1.0 / len(sharing)
    return dict(shares) or {READING: 1.0}


def _judge_waste(
    costs: Mapping[QuestionId, _QuestionCost],
    servings: Sequence[Serving],
    since: datetime | None,
    before: datetime,
    sums_of: Callable[[_QuestionCost], tuple[_Sums, ...]],
) -> None:
    asked = {serving.prepared_for for serving in servings if serving.verdict is not Verdict.WRONG_QUESTION}
    for question_id, cost in costs.items():
        if cost.first_at > before or (since is not None and cost.first_at < since):
            continue
        for sums in sums_of(cost):
            sums.old += 1
            sums.old_s += cost.seconds
            if question_id not in asked:
                sums.never_asked += 1
                sums.wasted_s += cost.seconds


def _spend(sums: _Sums, seconds: float, tokens: Tokens) -> None:
    sums.spent_s += seconds
    sums.tokens += tokens


def _add(cost: _QuestionCost, spent: Spending, share: float) -> None:
    cost.seconds += spent.seconds * share
    cost.prompt += spent.tokens.prompt * share
    cost.completion += spent.tokens.completion * share


def _scaled(tokens: Tokens, share: float) -> Tokens:
    return Tokens(round(tokens.prompt * share), round(tokens.completion * share))


def _lines(sums: Mapping[str, _Sums]) -> tuple[AccountLine, ...]:
    return tuple(sorted((each.line(name) for name, each in sums.items()), key=lambda line: -line.spent_s))


def _name(folder_id: FolderId | None, folders: Mapping[FolderId, str]) -> str:
    return NO_FOLDER if folder_id is None else folders.get(folder_id, NO_FOLDER)


def _reason(reason: Reason | None) -> str:
    return READING if reason is None else reason.value
