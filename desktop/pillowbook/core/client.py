"""The core's client: what the window and the command line hold. Blocking and thread-safe.

Each method sends one call and waits for its reply; parts are handed to ``on_part`` on the client's reading thread,
events to ``on_event`` likewise, so both must be quick (the window only emits signals there).
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from pillowbook.core import protocol as p
from pillowbook.core.connection import CoreConnection
from pillowbook.domain.answers import Answer
from pillowbook.domain.asking import AskMode, AskPart, Completion, PairVerdict, SearchHits, Turn
from pillowbook.domain.digests import Conflict, DatedFact, DigestHit, RelatedNote, Task
from pillowbook.domain.documents import Folder
from pillowbook.domain.events import PanelWish
from pillowbook.domain.serving import NeverRule, Verdict
from pillowbook.domain.work import GateState
from pillowbook.host.workers import CancelToken


class CoreClient(CoreConnection):
    """The calls, one method each."""

    # -- asking -----------------------------------------------------------------------------------

    def attach(self) -> None:
        """Become the app of this profile and hear events. Raises AlreadyRunning when there is one."""
        self.request(p.Attach(), p.Done)

    def ask(
        self,
        question: str,
        *,
        mode: AskMode = AskMode.AUTO,
        learn: bool = True,
        on_part: Callable[[AskPart], None] | None = None,
        cancel: CancelToken | None = None,
        after: Turn | None = None,
    ) -> Answer:
        """The answer, prepared or live; live text comes to ``on_part`` as it is written.

        Args:
            after: what was asked before, for questions that lean on it.
        """
        return self.request(p.Ask(question, mode, learn, after), Answer, on_part=on_part, cancel=cancel)

    def search(self, words: str, *, limit: int = 10) -> SearchHits:
        """Passages by words and meaning."""
        return self.request(p.Search(words, limit), SearchHits)

    def complete(self, typed: str, *, after: Turn | None = None) -> list[Completion]:
        """Prepared questions that fit what is typed so far, best first."""
        return self.request(p.Complete(typed, after), list[Completion])

    def preload(self) -> None:
        """Have the models loaded because somebody began to type; returns at once."""
        self.request(p.Preload(), p.Done)

    def read_ahead(self, typed: str, *, after: Turn | None = None) -> None:
        """Have the prompt read that what is typed would lead to; returns when that is done, or is of no use."""
        self.request(p.ReadAhead(typed, after), p.Done)

    def note_use(self, question: str) -> int | None:
        """Count a prepared answer that was used before Enter as asked; the serving, where it is remembered."""
        return self.request(p.NoteUse(question), p.UseNoted).serving

    def note_opened(self, path: str, serving: int | None = None) -> None:
        """Tell that a note was opened, and from which answer that was served."""
        self.request(p.NoteOpened(path, serving), p.Done)

    # -- the library ------------------------------------------------------------------------------

    def add_folder(self, path: str) -> Folder:
        """Watch a folder or a single file."""
        return self.request(p.AddFolder(path), Folder)

    def remove_folder(self, path: str) -> None:
        """Stop watching and delete everything derived from it."""
        self.request(p.RemoveFolder(path), p.Done)

    def keep_here(self, path: str | None = None, *, is_kept: bool = True) -> list[str]:
        """Let nothing below a path leave this machine, or let it again; gives all paths that are kept."""
        return self.request(p.KeepHere(path, is_kept), list[str])

    def keep_private(self, path: str | None = None, *, is_kept: bool = True) -> list[str]:
        """Let other programs use nothing below a path, or let them again; gives all paths that are kept."""
        return self.request(p.KeepPrivate(path, is_kept), list[str])

    def folders(self) -> list[Folder]:
        """The watched folders."""
        return self.request(p.ListFolders(), list[Folder])

    def sync(
        self, *, on_progress: Callable[[p.Progress], None] | None = None, cancel: CancelToken | None = None
    ) -> p.ScanSummary:
        """Scan and ingest until all is up to date."""
        return self.request(p.Sync(), p.ScanSummary, on_part=on_progress, cancel=cancel)

    def forget(self, path: str) -> None:
        """Drop what was derived from a document or folder until it changes."""
        self.request(p.Forget(path), p.Done)

    # -- background work --------------------------------------------------------------------------

    def work(
        self,
        seconds: float,
        *,
        on_progress: Callable[[p.Progress], None] | None = None,
        cancel: CancelToken | None = None,
    ) -> p.WorkSummary:
        """Background work for so many seconds, whatever the gate says."""
        return self.request(p.Work(seconds), p.WorkSummary, on_part=on_progress, cancel=cancel)

    def prepare(self, question: str, *, cancel: CancelToken | None = None) -> Answer:
        """Keep an answer to this question ready."""
        return self.request(p.Prepare(question), Answer, cancel=cancel)

    def match(self, pairs: Sequence[p.Pair]) -> list[PairVerdict]:
        """What the hit policy says of pairs of questions."""
        return self.request(p.Match(tuple(pairs)), list[PairVerdict])

    def digests(self, path: str | None = None) -> list[p.DigestView]:
        """Digests of one document or of all."""
        return self.request(p.GetDigest(path), list[p.DigestView])

    def folder_digests(self, path: str) -> list[p.DigestView]:
        """The digest of a folder and of those below it."""
        return self.request(p.GetFolderDigest(path), list[p.DigestView])

    def topics(self, name: str | None = None) -> list[p.TopicView]:
        """All topics, or those whose label holds the words of a name."""
        return self.request(p.GetTopics(name), list[p.TopicView])

    def find_digests(self, question: str, *, limit: int = 5) -> list[DigestHit]:
        """Which folders and topics a question is about."""
        return self.request(p.FindDigests(question, limit), list[DigestHit])

    def timeline(self) -> list[DatedFact]:
        """Dated facts by day."""
        return self.request(p.GetTimeline(), list[DatedFact])

    def tasks(self) -> list[Task]:
        """Tasks by the day they are due."""
        return self.request(p.GetTasks(), list[Task])

    def conflicts(self) -> list[Conflict]:
        """Statements that contradict each other."""
        return self.request(p.GetConflicts(), list[Conflict])

    def related(self, path: str) -> list[RelatedNote]:
        """Notes that belong to one though nobody linked them."""
        return self.request(p.GetRelated(path), list[RelatedNote])

    def prepared(self, words: str = "", *, limit: int = 200) -> p.PreparedList:
        """What is prepared and has these words: pinned and edited ones first, then the newest."""
        return self.request(p.ListPrepared(words, limit), p.PreparedList)

    def pause(self, minutes: int) -> GateState:
        """No background work for so many minutes; 0 ends a pause."""
        return self.request(p.Pause(minutes), GateState)

    def status(self) -> p.Status:
        """How everything stands."""
        return self.request(p.GetStatus(), p.Status)

    def ledger(self, *, since: datetime | None = None, never_after_days: int = 14) -> p.LedgerView:
        """What background work cost and brought, from a time on or altogether."""
        return self.request(p.GetLedger(since, never_after_days), p.LedgerView)

    # -- the user's hand --------------------------------------------------------------------------

    def give_verdict(
        self, verdict: Verdict, *, serving_id: int | None = None, prepared_id: int | None = None
    ) -> int:
        """Say what an answer is worth: one that was served, or a prepared one that was only seen."""
        return self.request(p.GiveVerdict(verdict, serving_id, prepared_id), int)

    def pin(self, answer: str, *, is_pinned: bool = True) -> p.HandView:
        """Keep an answer before all others; it is named by its number or its question."""
        return self.request(p.PinAnswer(answer, is_pinned), p.HandView)

    def edit(self, answer: str, text: str | None) -> p.HandView:
        """Put other words over a prepared answer; None takes them away again."""
        return self.request(p.EditAnswer(answer, text), p.HandView)

    def delete(self, answer: str) -> p.HandView:
        """Delete a prepared answer."""
        return self.request(p.DeleteAnswer(answer), p.HandView)

    def delete_digest(self, path: str) -> None:
        """Delete a document's digest until the document changes."""
        self.request(p.DeleteDigest(path), p.Done)

    def never_prepare(self, question: str | None = None, *, is_never: bool = True) -> list[NeverRule]:
        """Never prepare a question, or again; all such rules."""
        return self.request(p.NeverPrepare(question, is_never), list[NeverRule])

    # -- for other programs -----------------------------------------------------------------------

    def ask_for_other(
        self, question: str, *, is_prepared_only: bool = False, cancel: CancelToken | None = None
    ) -> Answer:
        """The answer that another program may have."""
        return self.request(p.AskForOther(question, is_prepared_only), Answer, cancel=cancel)

    def search_for_other(
        self, words: str, *, limit: int = 10, cancel: CancelToken | None = None
    ) -> SearchHits:
        """The passages that another program may see."""
        return self.request(p.SearchForOther(words, limit), SearchHits, cancel=cancel)

    def digest_for_other(
        self, path: str | None = None, *, topic: str = "", cancel: CancelToken | None = None
    ) -> p.DigestsForOther:
        """The digests of a path, or of topics, that another program may read."""
        return self.request(p.DigestForOther(path, topic), p.DigestsForOther, cancel=cancel)

    # -- the vault --------------------------------------------------------------------------------

    def vault_init(self, passphrase: str | None = None) -> None:
        """Make the vault; it is unlocked afterwards."""
        self.request(p.VaultInit(passphrase), p.Done)

    def unlock(self, passphrase: str | None = None) -> None:
        """Open the vault with the keychain, or with a passphrase."""
        self.request(p.VaultUnlock(passphrase), p.Done)

    def lock(self) -> None:
        """Close the vault: keys dropped, workers ended."""
        self.request(p.VaultLock(), p.Done)

    def vault_check(self) -> list[str]:
        """Findings about the vault's integrity; empty when sound."""
        return self.request(p.VaultCheck(), list[str])

    def vault_audit(self) -> p.VaultExposure:
        """The ways to unlock the vault, and what others could read of it on disk; it may be locked."""
        return self.request(p.VaultAudit(), p.VaultExposure)

    def vault_recovery(self) -> str:
        """A new recovery code, in place of an older one; it is kept nowhere."""
        return self.request(p.VaultRecovery(), str)

    def vault_rebuild(self) -> None:
        """Make the indexes anew from the database."""
        self.request(p.VaultRebuild(), p.Done)

    def set_passphrase(self, passphrase: str) -> None:
        """Set or change the passphrase."""
        self.request(p.VaultPassphrase(passphrase), p.Done)

    # -- models, settings, the app ----------------------------------------------------------------

    def models(self) -> list[p.ModelView]:
        """The catalogue, with what is installed."""
        return self.request(p.ListModels(), list[p.ModelView])

    def install_model(
        self,
        model: str,
        *,
        on_progress: Callable[[p.Progress], None] | None = None,
        cancel: CancelToken | None = None,
    ) -> None:
        """Fetch a model; progress in bytes."""
        self.request(p.InstallModel(model), p.Done, on_part=on_progress, cancel=cancel)

    def settings(self) -> list[p.SettingView]:
        """All settings with their values."""
        return self.request(p.ListSettings(), list[p.SettingView])

    def set_server_key(self, key: str) -> None:
        """Keep the model server's key; empty for none."""
        self.request(p.SetServerKey(key), p.Done)

    def check_server(self) -> p.ServerView:
        """See whether the model server answers; no text is sent."""
        return self.request(p.CheckServer(), p.ServerView)

    def set_setting(self, key: str, value: str, *, is_confirmed: bool = False) -> None:
        """Change a setting, given in its written form.

        Raises:
            ConfirmationNeeded: the user has to be told the setting's warning first, and to say yes.
        """
        self.request(p.SetSetting(key, value, is_confirmed), p.Done)

    def wish_panel(self, wish: PanelWish) -> bool:
        """Tell the running app what is wanted; False when no app is running."""
        return self.request(p.WishPanel(wish), bool)

    def stop(self) -> None:
        """End the core."""
        self.request(p.Stop(), p.Done)
