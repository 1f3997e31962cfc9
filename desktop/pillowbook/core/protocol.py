"""What clients and the core say to each other: typed messages in MessagePack over a local socket.

A client sends :class:`Envelope` frames, each with a sequence number of its own choosing, and :class:`CancelCall`. The
core answers every envelope with any number of :class:`Part` frames and then one :class:`Reply` or :class:`Failure`,
and sends :class:`Told` frames (events) to clients that attached as the app. Nothing is ever unpickled. Replies are
the domain's own types; what only this protocol needs is defined below.
"""

from datetime import datetime
from typing import Any, Final

import msgspec

from pillowbook.domain.answers import Fact, Tokens
from pillowbook.domain.asking import AnswerText, AskMode, LikelyPassage, Turn
from pillowbook.domain.digests import DatedFact, Task
from pillowbook.domain.events import (
    GateChanged,
    LibraryChanged,
    PanelRequested,
    PanelWish,
    PreparedChanged,
    SettingChanged,
    VaultChanged,
)
from pillowbook.domain.serving import Verdict
from pillowbook.domain.work import GateState

PROTOCOL_VERSION: Final = 1
MAX_FRAME_BYTES: Final = 64 * 1024 * 1024


# -- replies of this protocol's own --------------------------------------------------------------------------------


class Done(msgspec.Struct, frozen=True):
    """It was done and there is nothing to tell."""


class Progress(msgspec.Struct, frozen=True):
    """How far a long call is. ``total`` is 0 while it is not known; ``note`` is a short word such as ``indexing``."""

    done: int
    total: int
    note: str = ""


class DocumentTrouble(msgspec.Struct, frozen=True):
    """A document that is not indexed, and why."""

    path: str
    state: str
    reason: str


class Status(msgspec.Struct, frozen=True):
    """Everything the status page shows. Without an unlocked vault the counts are zero.

    ``prepared`` counts prepared answers by freshness, from the cheap part of the check (``stat``). ``server`` is the
    address of the model server that text goes to; empty where it stays on this machine.
    """

    version: str
    vault: str
    folders: int
    documents: dict[str, int]
    troubles: tuple[DocumentTrouble, ...]
    passages: int
    digests: int
    questions: int
    prepared: dict[str, int]
    refusals: int
    gate: GateState
    is_working: bool
    generator: str
    is_generator_installed: bool
    is_generator_loaded: bool
    embedder: str
    is_embedder_loaded: bool
    vault_bytes: int
    has_keychain: bool
    server: str = ""


class ScanSummary(msgspec.Struct, frozen=True):
    """What a scan found; counts of documents. ``indexed``, ``failed`` and ``excluded`` are all there are now."""

    indexed: int
    new: int
    changed: int
    unchanged: int
    deleted: int
    failed: int
    excluded: int
    seconds: float


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


class DigestView(msgspec.Struct, frozen=True):
    """A document's or folder's digest for reading; what code found is told of documents only."""

    path: str
    title: str
    gist: str
    facts: tuple[Fact, ...]
    model: str
    names: tuple[str, ...] = ()
    amounts: tuple[str, ...] = ()
    dates: tuple[DatedFact, ...] = ()
    tasks: tuple[Task, ...] = ()
    open: tuple[str, ...] = ()


class TopicView(msgspec.Struct, frozen=True):
    """A topic for reading. ``gist`` is empty until it is distilled; ``paths`` are of its documents."""

    id: int
    label: str
    gist: str
    facts: tuple[Fact, ...]
    model: str
    passages: int
    paths: tuple[str, ...]


class DigestsForOther(msgspec.Struct, frozen=True):
    """What another program may read of what was distilled."""

    documents: tuple[DigestView, ...] = ()
    folders: tuple[DigestView, ...] = ()
    topics: tuple[TopicView, ...] = ()


class PreparedView(msgspec.Struct, frozen=True):
    """A prepared answer for reading; ``answer`` is empty for a prepared 'your notes do not say'.

    ``why`` is the reason in a sentence.
    """

    question: str
    answer: str
    reason: str
    path: str
    prepared_at: datetime
    seconds: float
    why: str = ""


class LedgerLine(msgspec.Struct, frozen=True):
    """Sums of the ledger for one kind of work."""

    kind: str
    slices: int
    seconds: float
    prompt_tokens: int
    completion_tokens: int
    made: int
    failed: int


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


class UseNoted(msgspec.Struct, frozen=True):
    """``serving`` is what a verdict names; None where nothing was remembered."""

    serving: int | None


class HandView(msgspec.Struct, frozen=True):
    """A prepared answer as the user's hand left it; ``prepared`` is its number, None where there is none now."""

    question: str
    prepared: int | None
    is_pinned: bool
    is_edited: bool


class ModelView(msgspec.Struct, frozen=True):
    """A model of the catalogue."""

    id: str
    role: str
    title: str
    size_bytes: int
    memory_mb: int
    licence: str
    is_installed: bool
    is_used: bool
    was_run: bool


class ServerView(msgspec.Struct, frozen=True):
    """The model server of the settings, and what it answered just now."""

    address: str
    is_allowed: bool
    has_key: bool
    models: tuple[str, ...]


class SettingView(msgspec.Struct, frozen=True):
    """A setting and its value in written form."""

    key: str
    value: str
    default: str
    title: str
    help: str
    page: str


class Pair(msgspec.Struct, frozen=True):
    """A prepared question and an asked one."""

    prepared: str
    asked: str


# -- calls -----------------------------------------------------------------------------------------------------------


class Call(msgspec.Struct, frozen=True, tag_field="call"):
    """The root of all calls; each names its reply."""


class Attach(Call, frozen=True, tag="attach"):
    """The app makes itself known and hears events from now on. Reply: Done; AlreadyRunning when there is one."""


class Ask(Call, frozen=True, tag="ask"):
    """Reply: Answer. Parts: LikelyPassage, AnswerText. ``after``: what was asked before, which follow-ups lean on."""

    question: str
    mode: AskMode = AskMode.AUTO
    learn: bool = True
    after: Turn | None = None


class Search(Call, frozen=True, tag="search"):
    """Reply: SearchHits."""

    words: str
    limit: int = 10


class Complete(Call, frozen=True, tag="complete"):
    """Prepared questions that fit what is typed. Reply: list of Completion. ``after`` as for :class:`Ask`."""

    typed: str
    after: Turn | None = None


class Preload(Call, frozen=True, tag="preload"):
    """Somebody began to type: load the models. Reply: Done, at once."""


class ReadAhead(Call, frozen=True, tag="read_ahead"):
    """Read the prompt that what is typed would lead to; nothing counts as asked. Reply: Done, when it is read.

    What is no question yet, such as an empty text, stops the reading. ``after`` as for :class:`Ask`.
    """

    typed: str
    after: Turn | None = None


class NoteUse(Call, frozen=True, tag="note_use"):
    """The prepared answer to this question was used before Enter: it counts as asked. Reply: UseNoted."""

    question: str


class NoteOpened(Call, frozen=True, tag="note_opened"):
    """A note was opened from an answer or a search. Reply: Done, also where it is not known any more.

    ``serving`` is that of the answer, None where it was opened from a search or its serving is not known yet.
    """

    path: str
    serving: int | None = None


class AddFolder(Call, frozen=True, tag="add"):
    """Reply: Folder."""

    path: str


class RemoveFolder(Call, frozen=True, tag="remove"):
    """Reply: Done."""

    path: str


class KeepHere(Call, frozen=True, tag="keep_here"):
    """Text below this folder or file never leaves this machine, or may again. Reply: list of str, all paths kept.

    Without a path nothing is changed.
    """

    path: str | None = None
    is_kept: bool = True


class KeepPrivate(Call, frozen=True, tag="keep_private"):
    """Other programs may not use text below this folder or file, or may again. Reply: list of str, all paths kept.

    Without a path nothing is changed.
    """

    path: str | None = None
    is_kept: bool = True


class AskForOther(Call, frozen=True, tag="ask_for_other"):
    """For another program, which the settings must allow; nothing is remembered of it. Reply: Answer."""

    question: str
    is_prepared_only: bool = False


class SearchForOther(Call, frozen=True, tag="search_for_other"):
    """For another program, which the settings must allow. Reply: SearchHits."""

    words: str
    limit: int = 10


class DigestForOther(Call, frozen=True, tag="digest_for_other"):
    """For another program, which the settings must allow: of a document or folder, or else of topics.

    An empty topic means all of them. Reply: DigestsForOther.
    """

    path: str | None = None
    topic: str = ""


class ListFolders(Call, frozen=True, tag="folders"):
    """Reply: list of Folder."""


class Sync(Call, frozen=True, tag="sync"):
    """Scan and ingest until all is up to date. Reply: ScanSummary. Parts: Progress."""


class Work(Call, frozen=True, tag="work"):
    """Background work now, whatever the gate says. Reply: WorkSummary. Parts: Progress (``done`` in seconds)."""

    seconds: float


class Prepare(Call, frozen=True, tag="prepare"):
    """Keep an answer to this question ready. Reply: Answer (of kind none when the notes do not say)."""

    question: str


class Match(Call, frozen=True, tag="match"):
    """Reply: list of PairVerdict, in the order of the pairs."""

    pairs: tuple[Pair, ...]


class GetDigest(Call, frozen=True, tag="digest"):
    """Reply: list of DigestView; all of them when ``path`` is None."""

    path: str | None = None


class GetFolderDigest(Call, frozen=True, tag="folder-digest"):
    """Reply: list of DigestView: the folder's, then those of the folders below it."""

    path: str


class GetTopics(Call, frozen=True, tag="topics"):
    """Reply: list of TopicView, the largest first; with a name, those whose label holds all of its words."""

    name: str | None = None


class FindDigests(Call, frozen=True, tag="find-digests"):
    """Which folders and topics a question is about. Reply: list of DigestHit, best first."""

    question: str
    limit: int = 5


class GetTimeline(Call, frozen=True, tag="timeline"):
    """Reply: list of DatedFact, by day."""


class GetTasks(Call, frozen=True, tag="tasks"):
    """Reply: list of Task, by the day they are due, those without one last."""


class GetConflicts(Call, frozen=True, tag="conflicts"):
    """Reply: list of Conflict, those that say so in words first."""


class GetRelated(Call, frozen=True, tag="related"):
    """Reply: list of RelatedNote, the nearest first."""

    path: str


class ListPrepared(Call, frozen=True, tag="prepared"):
    """Prepared answers, newest first. Reply: list of PreparedView."""

    limit: int = 200


class GetStatus(Call, frozen=True, tag="status"):
    """Reply: Status."""


class GetLedger(Call, frozen=True, tag="ledger"):
    """Reply: LedgerView. ``never_after_days``: a question this old that was never asked is wasted."""

    since: datetime | None = None
    never_after_days: int = 14


class GiveVerdict(Call, frozen=True, tag="verdict"):
    """What the user says of an answer: one that was served, or a prepared one only seen. Reply: int, the serving."""

    verdict: Verdict
    serving_id: int | None = None
    prepared_id: int | None = None


class PinAnswer(Call, frozen=True, tag="pin"):
    """Keep the answer to a question before all others. ``answer``: its number or its question. Reply: HandView."""

    answer: str
    is_pinned: bool = True


class EditAnswer(Call, frozen=True, tag="edit"):
    """Put the user's own words over a prepared answer; None takes them away again. Reply: HandView."""

    answer: str
    text: str | None


class DeleteAnswer(Call, frozen=True, tag="delete"):
    """Delete a prepared answer. Reply: HandView."""

    answer: str


class DeleteDigest(Call, frozen=True, tag="digest_delete"):
    """Delete a document's digest until the document changes. Reply: Done."""

    path: str


class NeverPrepare(Call, frozen=True, tag="never"):
    """Never prepare this question and near wordings of it, or again. Reply: list of NeverRule, all there are.

    Without a question nothing is changed.
    """

    question: str | None = None
    is_never: bool = True


class Forget(Call, frozen=True, tag="forget"):
    """Drop all that was derived from this document or folder until it changes. Reply: Done."""

    path: str


class Pause(Call, frozen=True, tag="pause"):
    """No background work for this long; 0 ends a pause. Reply: GateState."""

    minutes: int


class VaultInit(Call, frozen=True, tag="vault_init"):
    """Make the vault and unlock it. Reply: Done."""

    passphrase: str | None = None


class VaultUnlock(Call, frozen=True, tag="vault_unlock"):
    """Reply: Done."""

    passphrase: str | None = None


class VaultLock(Call, frozen=True, tag="vault_lock"):
    """Reply: Done."""


class VaultCheck(Call, frozen=True, tag="vault_check"):
    """Reply: list of str, empty when sound."""


class VaultRebuild(Call, frozen=True, tag="vault_rebuild"):
    """Make the indexes anew from the database. Reply: Done."""


class VaultPassphrase(Call, frozen=True, tag="vault_passphrase"):
    """Set or change the passphrase. Reply: Done."""

    passphrase: str


class ListModels(Call, frozen=True, tag="models"):
    """Reply: list of ModelView."""


class InstallModel(Call, frozen=True, tag="model_install"):
    """Reply: Done. Parts: Progress in bytes."""

    model: str


class SetServerKey(Call, frozen=True, tag="server_key"):
    """Keep the model server's key in the vault; an empty one is forgotten. Reply: Done."""

    key: str


class CheckServer(Call, frozen=True, tag="server"):
    """Ask the model server, without any text, what models it has. Reply: ServerView."""


class ListSettings(Call, frozen=True, tag="settings"):
    """Reply: list of SettingView."""


class SetSetting(Call, frozen=True, tag="setting_set"):
    """Reply: Done. ``is_confirmed``: the user was told the setting's warning and wants it all the same."""

    key: str
    value: str
    is_confirmed: bool = False


class WishPanel(Call, frozen=True, tag="panel"):
    """Tell the app what is wanted of its panel. Reply: bool, whether an app was there to hear."""

    wish: PanelWish


class Stop(Call, frozen=True, tag="stop"):
    """End the core. Reply: Done, then the connection closes."""


AnyCall = (
    Attach
    | Ask
    | Search
    | Complete
    | Preload
    | ReadAhead
    | NoteUse
    | NoteOpened
    | AddFolder
    | RemoveFolder
    | KeepHere
    | KeepPrivate
    | AskForOther
    | SearchForOther
    | DigestForOther
    | ListFolders
    | Sync
    | Work
    | Prepare
    | Match
    | GetDigest
    | GetFolderDigest
    | GetTopics
    | FindDigests
    | GetTimeline
    | GetTasks
    | GetConflicts
    | GetRelated
    | ListPrepared
    | GetStatus
    | GetLedger
    | GiveVerdict
    | PinAnswer
    | EditAnswer
    | DeleteAnswer
    | DeleteDigest
    | NeverPrepare
    | Forget
    | Pause
    | VaultInit
    | VaultUnlock
    | VaultLock
    | VaultCheck
    | VaultRebuild
    | VaultPassphrase
    | ListModels
    | InstallModel
    | SetServerKey
    | CheckServer
    | ListSettings
    | SetSetting
    | WishPanel
    | Stop
)


# -- frames ----------------------------------------------------------------------------------------------------------


class Envelope(msgspec.Struct, frozen=True, tag="envelope"):
    """A call and its number."""

    seq: int
    call: AnyCall


class CancelCall(msgspec.Struct, frozen=True, tag="cancel"):
    """The caller no longer wants the answer to this call."""

    seq: int


class Reply(msgspec.Struct, frozen=True, tag="reply"):
    """The result, in MessagePack; its type is known from the call."""

    seq: int
    body: msgspec.Raw


class Part(msgspec.Struct, frozen=True, tag="part"):
    """Something on the way to the result; ``kind`` is the name of its type in :data:`PARTS`."""

    seq: int
    kind: str
    body: msgspec.Raw


class Failure(msgspec.Struct, frozen=True, tag="failure"):
    """An error of the tree in ``domain/errors.py``."""

    seq: int
    code: str
    facts: dict[str, str | int | float]


class Told(msgspec.Struct, frozen=True, tag="told"):
    """An event; ``kind`` is the name of its type in :data:`EVENTS`."""

    kind: str
    body: msgspec.Raw


PARTS: Final[dict[str, type[Any]]] = {kind.__name__: kind for kind in (LikelyPassage, AnswerText, Progress)}
EVENTS: Final[dict[str, type[Any]]] = {
    kind.__name__: kind
    for kind in (LibraryChanged, PreparedChanged, GateChanged, VaultChanged, SettingChanged, PanelRequested)
}

ToCore = Envelope | CancelCall
FromCore = Reply | Part | Failure | Told

encoder: Final = msgspec.msgpack.Encoder()
decode_to_core: Final = msgspec.msgpack.Decoder(ToCore).decode
decode_from_core: Final = msgspec.msgpack.Decoder(FromCore).decode


def raw(value: object) -> msgspec.Raw:
    """A value as the body of a frame."""
    return msgspec.Raw(written(value))


def written(value: object) -> bytes:
    """A value in MessagePack.

    Halves of characters (a file name that is not UTF-8, a question that was cut in two) are written as a mark in place
    of what cannot be written.
    """
    try:
        return encoder.encode(value)
    except UnicodeEncodeError:
        return encoder.encode(_writable(msgspec.to_builtins(value)))


def _writable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {_writable(name): _writable(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_writable(inner) for inner in value]
    return value
