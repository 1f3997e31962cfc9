"""What happens between a keystroke and an answer: the panel's wishes, carried to the core and back."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication

from pillowbook.core.client import CoreClient
from pillowbook.core.protocol import Status
from pillowbook.domain.answers import Answer, Citation, Freshness
from pillowbook.domain.asking import (
    AnswerText,
    AskPart,
    Completion,
    LikelyPassage,
    SearchHit,
    SearchHits,
    Turn,
)
from pillowbook.domain.clock import Clock
from pillowbook.domain.errors import PillowbookError, VaultLocked
from pillowbook.domain.events import LibraryChanged
from pillowbook.domain.work import GateState
from pillowbook.ui import phrases
from pillowbook.ui.controller import Controller, Ticket
from pillowbook.ui.found_list import MAX_HITS
from pillowbook.ui.judging import Judging
from pillowbook.ui.panel import Panel

Opener = Callable[..., None]
DEBOUNCE_MS: Final = 30
AHEAD_MS: Final = 200
"""So long after a key press the next one is probably not coming at once; then the likely prompt is read ahead."""
PATIENCE_MS: Final = 60
"""A prepared answer takes less than this; only then does the panel say that it is looking, and show a passage."""
REST_MS: Final = 3000
"""Who leaves a prepared answer in sight for so long has read it."""
CLIPBOARD_KEPT_MS: Final = 90_000
FOLLOWED_MS: Final = 600_000
"""So long after an answer a question may lean on it; who comes back later begins anew."""


class Asking(QObject):
    """Drives a panel.

    Signals:
        first_run_wished: there is no vault yet.
    """

    first_run_wished = Signal()

    def __init__(self, panel: Panel, controller: Controller, open_at: Opener, clock: Clock) -> None:
        super().__init__(panel)
        self._panel = panel
        self._controller = controller
        self._open_at = open_at
        self._clock = clock
        self._typed = ""
        self._completions: list[Completion] = []
        self._hits: tuple[SearchHit, ...] = ()
        self._ask: Ticket | None = None
        self._likely: LikelyPassage | None = None
        self._last: Turn | None = None
        self._last_before_used: Turn | None = None
        self._ready_question = ""
        self._ready_answer: Answer | None = None
        self._used_question = ""
        self._used_serving: int | None = None
        self._opened_early: Citation | None = None
        self._is_reading_ahead = False
        self._has_preloaded = False
        self._has_keychain = False
        self._clipboard_text = ""
        self._is_clipboard_ours = False
        self._gate: GateState | None = None
        self._ready = 0
        self._waiting = 0
        self._debounce = _single_shot(self, DEBOUNCE_MS)
        self._ahead = _single_shot(self, AHEAD_MS)
        self._patience = _single_shot(self, PATIENCE_MS)
        self._rest = _single_shot(self, REST_MS)
        self._clipboard = _single_shot(self, CLIPBOARD_KEPT_MS)
        self._followed = _single_shot(self, FOLLOWED_MS)
        self._judging = Judging(panel.card.tools, controller, on_used=self._take_as_used)
        self._connect()

    def _connect(self) -> None:
        self._panel.typed.connect(self.follow_typing)
        self._panel.asked.connect(self.ask)
        self._panel.citation_opened.connect(self.open_citation)
        self._panel.hit_opened.connect(self.open_hit)
        self._panel.unlock_wished.connect(self.unlock)
        self._panel.panel_shown.connect(self.refresh_status)
        self._panel.panel_hidden.connect(self._when_hidden)
        self._panel.copied.connect(self._keep_clipboard_short)
        self._debounce.timeout.connect(self._look)
        self._ahead.timeout.connect(self._read_ahead)
        self._patience.timeout.connect(self._show_waiting)
        self._rest.timeout.connect(self._note_use)
        self._clipboard.timeout.connect(self._clear_clipboard)
        self._followed.timeout.connect(self._forget_last)
        QGuiApplication.clipboard().dataChanged.connect(self._clipboard_taken)
        self._controller.connected.connect(self._greet_core)
        self._controller.lost.connect(self._show_lost)
        self._controller.vault_changed.connect(self._follow_vault)
        self._controller.gate_changed.connect(self._follow_gate)
        self._controller.prepared_changed.connect(self._follow_prepared)
        self._controller.library_changed.connect(self._follow_library)

    # -- typing ------------------------------------------------------------------------------------------------------

    @Slot(str)
    def follow_typing(self, text: str) -> None:
        """Look again shortly; whatever was being answered is no longer wanted."""
        self._stop_asking()
        self._rest.stop()
        self._ready_question = ""
        self._typed = text.strip()
        if not self._typed:
            self._debounce.stop()
            self._stop_reading_ahead()
            self._completions, self._hits = [], ()
            self._panel.show_nothing()
            return
        if not self._has_preloaded:
            self._has_preloaded = True
            self._controller.call(self, CoreClient.preload)
        self._debounce.start()
        self._ahead.start()

    @Slot()
    def _look(self) -> None:
        typed, last = self._typed, self._before(self._typed)
        if not typed or self._ask is not None:
            return
        self._controller.call(
            self,
            lambda client: client.search(typed, limit=MAX_HITS),
            self._take_hits,
            self._take_error,
            channel="search",
        )
        self._controller.call(
            self,
            lambda client: (typed, client.complete(typed, after=last)),
            self._take_completions,
            self._take_error,
            channel="complete",
        )

    def _take_hits(self, found: SearchHits) -> None:
        self._hits = found.hits
        self._show_found()

    def _take_completions(self, found: tuple[str, list[Completion]]) -> None:
        self._completions = found[1]
        self._show_found()

    def _show_found(self) -> None:
        # Results that arrive after Enter belong to the keystrokes before it.
        if self._ask is None and self._typed:
            self._panel.show_found(self._completions, self._hits, self._now())
            self._mind_ready_answer()

    @Slot()
    def _read_ahead(self) -> None:
        typed, last = self._typed, self._before(self._typed)
        if typed and self._ask is None and not self._ready_question:
            self._is_reading_ahead = True
            self._controller.call(self, lambda client: client.read_ahead(typed, after=last), channel="ahead")

    def _stop_reading_ahead(self) -> None:
        self._ahead.stop()
        if self._is_reading_ahead:
            self._is_reading_ahead = False
            self._controller.call(self, lambda client: client.read_ahead(""), channel="ahead")

    # -- an answer that stands there before Enter --------------------------------------------------------------------

    def _mind_ready_answer(self) -> None:
        """Whether a prepared answer is in sight, and since when."""
        answers = [found.answer for found in self._completions if found.answer is not None]
        self._ready_answer = next((answer for answer in answers if answer.answer), None)
        if self._ready_answer is None:
            self._rest.stop()
            self._ready_question = ""
        elif self._ready_question != self._typed:
            self._ready_question = self._typed
            self._rest.start()

    @Slot()
    def _note_use(self) -> None:
        """The answer in sight was opened, copied or left there to be read: it counts as asked, once."""
        self._rest.stop()
        question = self._ready_question
        if question and question != self._used_question and self._panel.isVisible():
            self._used_question, self._used_serving = question, None
            self._opened_early = None
            meant = question
            self._last_before_used = self._last
            if self._ready_answer is not None:
                meant = self._ready_answer.understood_as or question
                self._lean_on(self._ready_answer)
            self._controller.call(self, lambda client: client.note_use(meant), self._use_noted)

    def _use_noted(self, serving: int | None) -> None:
        self._used_serving = serving
        early, self._opened_early = self._opened_early, None
        if early is not None and serving is not None:
            self._controller.call(self, lambda client: client.note_opened(early.path, serving))

    def _take_as_used(self) -> int | None:
        """The answer in sight was judged, which counts as asking, once; its serving where that was noted already."""
        self._rest.stop()
        is_noted = bool(self._ready_question) and self._ready_question == self._used_question
        self._used_question = self._ready_question
        return self._used_serving if is_noted else None

    # -- asking ------------------------------------------------------------------------------------------------------

    @Slot(str)
    def ask(self, question: str) -> None:
        """Ask; a prepared answer comes at once, a live one in parts."""
        self._stop_asking()
        for timer in (self._debounce, self._ahead, self._rest):
            timer.stop()
        self._is_reading_ahead = False  # the core lets the question go first by itself
        self._typed = question
        self._ready_question = ""
        is_new, last = question != self._used_question, self._before(question)
        self._used_question = ""
        self._patience.start()
        self._ask = self._controller.stream(
            self,
            lambda client, on_part, cancel: client.ask(
                question, learn=is_new, on_part=on_part, cancel=cancel, after=last
            ),
            self._take_part,
            self._take_answer,
            self._take_ask_error,
            channel="ask",
        )

    def _take_part(self, part: AskPart) -> None:
        match part:
            case LikelyPassage():
                self._likely = part
                if not self._patience.isActive():
                    self._panel.show_likely(part)
            case AnswerText(delta, restart):
                if self._patience.isActive():
                    self._patience.stop()
                    self._show_waiting()
                self._panel.add_text(delta, restart=restart)

    @Slot()
    def _show_waiting(self) -> None:
        """No prepared answer has come: the passage that is likely stands in its place meanwhile."""
        self._panel.show_waiting(self._likely)

    def _take_answer(self, answer: Answer) -> None:
        self._patience.stop()
        self._ask = None
        self._lean_on(answer)
        self._panel.show_answer(answer, self._now())

    def _before(self, typed: str) -> Turn | None:
        """What a text leans on: never on itself, where its answer stood there and was used before Enter."""
        return self._last_before_used if typed and typed == self._used_question else self._last

    def _lean_on(self, answer: Answer) -> None:
        """What is asked next may be a follow-up of this."""
        self._last = Turn.of(answer)
        self._followed.start()

    @Slot()
    def _forget_last(self) -> None:
        self._followed.stop()
        self._last_before_used = None
        self._last = None

    def _take_ask_error(self, error: PillowbookError) -> None:
        self._patience.stop()
        self._ask = None
        self._take_error(error)

    def _stop_asking(self) -> None:
        self._patience.stop()
        self._likely = None
        if self._ask is not None:
            self._controller.cancel(self._ask)
            self._ask = None

    def _take_error(self, error: PillowbookError) -> None:
        if isinstance(error, VaultLocked):
            self._show_locked()
        elif error.code == "vault-missing":
            self.first_run_wished.emit()
        else:
            self._panel.show_error(phrases.error_sentence(error))

    # -- opening and copying -----------------------------------------------------------------------------------------

    @Slot(object)
    def open_citation(self, citation: Citation) -> None:
        """Open a source at its place, in the user's own program."""
        self._note_use()
        self._open(citation.path, citation.line, citation.page, self._serving_of(citation))

    def _serving_of(self, citation: Citation) -> int | None:
        """The serving a source is opened from: who opens one may have missed something, or only wants to be sure."""
        answer = self._panel.card.tools.answer
        if answer is not None and answer.serving_id is not None:
            return answer.serving_id
        if not self._ready_question or self._ready_question != self._used_question:
            return None
        if self._used_serving is None:
            self._opened_early = citation  # its serving is on the way
        return self._used_serving

    @Slot(object)
    def open_hit(self, hit: SearchHit) -> None:
        """Open a found passage."""
        self._open(hit.path, hit.line, hit.page)

    def _open(self, path: str, line: int | None, page: int | None, serving: int | None = None) -> None:
        self._controller.call(self, lambda client: client.note_opened(path, serving))
        open_at = self._open_at
        self._controller.run(
            self, lambda: open_at(path, line=line, page=page), self._opened, self._take_error
        )

    def _opened(self, _result: object) -> None:
        if self._panel.hides_on_focus_loss:
            self._panel.disappear()

    @Slot(str)
    def _keep_clipboard_short(self, text: str) -> None:
        self._note_use()
        self._clipboard_text = text
        self._is_clipboard_ours = True
        self._clipboard.start()

    @Slot()
    def _clear_clipboard(self) -> None:
        # Asking another program for its clipboard may block, so the text is only compared when it can be ours.
        clipboard = QGuiApplication.clipboard()
        may_be_ours = bool(self._clipboard_text) and (self._is_clipboard_ours or clipboard.ownsClipboard())
        if may_be_ours and clipboard.text() == self._clipboard_text:
            clipboard.clear()
        self._clipboard_text = ""

    @Slot()
    def _clipboard_taken(self) -> None:
        self._is_clipboard_ours = False

    # -- the vault and the status line -------------------------------------------------------------------------------

    @Slot(str)
    def unlock(self, passphrase: str) -> None:
        """Open the vault; an empty passphrase means the keychain."""
        self._panel.unlock_card.show_unlocking()
        self._controller.call(
            self,
            lambda client: client.unlock(passphrase or None),
            self._unlocked,
            self._unlock_failed,
            channel="unlock",
        )

    def _unlocked(self, _done: None) -> None:
        self._has_preloaded = False
        self._panel.show_unlocked()
        self.refresh_status()

    def _unlock_failed(self, error: PillowbookError) -> None:
        self._panel.show_locked(
            has_keychain=self._has_keychain, sentence=phrases.error_sentence(error), is_alarm=True
        )

    @Slot()
    def _greet_core(self) -> None:
        # A core that was just started has no model loaded.
        self._has_preloaded = False
        self.refresh_status()

    @Slot()
    def refresh_status(self) -> None:
        """Fetch the status for the line at the bottom."""
        if self._controller.is_connected:
            self._controller.call(self, CoreClient.status, self._take_status, channel="status")

    def _take_status(self, status: Status) -> None:
        self._has_keychain = status.has_keychain
        self._gate = status.gate
        self._ready = ready_count(status.prepared)
        if status.vault == "missing":
            self.first_run_wished.emit()
            return
        if status.vault != "open":
            if not self._panel.is_locked:
                self._show_locked()
            return
        if self._panel.is_locked:
            self._panel.show_unlocked()
        self._waiting = status.documents.get("waiting", 0)
        if status.folders:
            self._show_ready()
        else:
            self._panel.show_status("No folder is watched yet; add one in the settings.")

    def _show_ready(self) -> None:
        if self._waiting:
            waiting = phrases.count(self._waiting, "document")
            self._panel.show_status(f"Reading {waiting}; what is read can be asked.")
            return
        ready = f"{phrases.count(self._ready, 'answer')} ready" if self._ready else "No answers ready yet"
        gate = f"  ·  {self._gate.sentence}" if self._gate is not None else ""
        self._panel.show_status(f"{ready}{gate}")

    @Slot(object)
    def _follow_library(self, change: LibraryChanged) -> None:
        self._waiting = change.waiting
        self._show_ready()

    @Slot(object)
    def _follow_gate(self, gate: GateState) -> None:
        self._gate = gate
        self._show_ready()

    @Slot(int)
    def _follow_prepared(self, prepared: int) -> None:
        self._ready = prepared
        self._show_ready()

    @Slot(bool)
    def _follow_vault(self, is_unlocked: bool) -> None:
        if is_unlocked:
            self._panel.show_unlocked()
            self.refresh_status()
        else:
            self._clear_clipboard()
            self._show_locked()

    def _show_locked(self) -> None:
        self._forget_content()
        self._panel.show_locked(has_keychain=self._has_keychain)

    def _forget_content(self) -> None:
        """Nothing of the notes, nor of what was asked, outlasts the lock or the core."""
        self._stop_asking()
        for timer in (self._ahead, self._rest):
            timer.stop()
        self._ready_question = self._used_question = ""
        self._is_reading_ahead = False
        self._completions, self._hits = [], ()
        self._ready_answer = self._likely = None
        self._forget_last()

    @Slot(object)
    def _show_lost(self, error: PillowbookError) -> None:
        self._forget_content()
        self._panel.show_error(phrases.error_sentence(error), can_retry=True)

    @Slot()
    def _when_hidden(self) -> None:
        if self._ask is not None:
            self._stop_asking()
            self._panel.show_nothing()
        self._stop_reading_ahead()
        self._rest.stop()
        self._has_preloaded = False

    def _now(self) -> datetime:
        return self._clock.now()


def ready_count(prepared: Mapping[str, int]) -> int:
    """How many prepared answers can be served, of the counts by freshness."""
    withheld = (Freshness.CHANGED, Freshness.GONE)
    return sum(number for freshness, number in prepared.items() if freshness not in withheld)


def _single_shot(parent: QObject, interval_ms: int) -> QTimer:
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(interval_ms)
    return timer
