"""How everything stands: the gate, what is ready, and what the idle hours cost and brought."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from pillowbook.core.client import CoreClient
from pillowbook.core.protocol import AccountView, LedgerLine, LedgerView, Status
from pillowbook.domain.clock import Clock, SystemClock
from pillowbook.domain.errors import PillowbookError
from pillowbook.domain.work import GateState
from pillowbook.ui import phrases
from pillowbook.ui.controller import Controller
from pillowbook.ui.widgets import button, card, clear_layout, hairline, plain_label, restyle

WORK: Final = {
    "ingest": "Reading documents",
    "distil": "Summaries",
    "predict": "Predicting questions",
    "prepare": "Preparing answers",
    "audit": "Auditing answers",
    "judge": "Comparing questions",
}
ACCOUNT: Final = ("", "spent", "answers prepared", "times asked", "saved")
FRESHNESS: Final = {
    "fresh": "up to date",
    "new_evidence": "with newer evidence",
    "changed": "withheld, their notes changed",
    "gone": "withheld, their notes are gone",
    "unchecked": "not checkable now",
}


class StatusPage(QWidget):
    """Shows the status and the ledger, and pauses background work."""

    def __init__(self, controller: Controller, clock: Clock | None = None) -> None:
        super().__init__()
        self._controller = controller
        self._clock = clock or SystemClock()
        self._night: LedgerView | None = None
        self._all: LedgerView | None = None
        self._is_paused = False
        self._chip = plain_label("gate-chip", chip="quiet", text="Background work")
        self._gate = plain_label("gate", tone="title", wraps=True)
        self._pause = button("pause", "Pause for an hour")
        self._facts = plain_label("facts", tone="muted", wraps=True)
        self._use = plain_label("use", tone="muted", wraps=True)
        self._energy = plain_label("energy", tone="muted", wraps=True)
        self._error = plain_label("status-error", note="alarm", wraps=True)
        self._error.hide()
        self._account = QGridLayout()
        self._saving = plain_label("saving", tone="muted", wraps=True)
        self._table = QGridLayout()
        self._build()
        self._pause.clicked.connect(self._toggle_pause)
        controller.gate_changed.connect(self._show_gate)

    def refresh(self) -> None:
        """Fetch status and ledger anew."""
        self._controller.call(self, CoreClient.status, self._take_status, self._show_error, channel="status")
        self._controller.call(self, CoreClient.ledger, self._take_ledger, self._show_error, channel="ledger")
        evening = phrases.last_evening(self._clock.now())
        self._controller.call(
            self,
            lambda client: client.ledger(since=evening),
            self._take_night,
            self._show_error,
            channel="night",
        )

    def blank(self) -> None:
        """Forget all figures; the vault is locked."""
        self._facts.clear()
        self._use.clear()
        self._energy.clear()
        self._saving.clear()
        self._night = self._all = None
        clear_layout(self._table)
        clear_layout(self._account)

    @Slot()
    def _toggle_pause(self) -> None:
        minutes = 0 if self._is_paused else 60
        self._controller.call(self, lambda client: client.pause(minutes), self._show_gate, self._show_error)

    @Slot(object)
    def _show_gate(self, gate: GateState) -> None:
        self._is_paused = gate.code == "paused"
        self._gate.setText(gate.sentence)
        restyle(self._chip, "chip", "fresh" if gate.is_open else "amber" if self._is_paused else "quiet")
        self._pause.setText("Resume" if self._is_paused else "Pause for an hour")

    def _take_status(self, status: Status) -> None:
        self._error.hide()
        self._show_gate(status.gate)
        self._facts.setText("\n".join(status_lines(status)))

    def _take_night(self, ledger: LedgerView) -> None:
        self._night = ledger
        self._show_account()

    def _show_account(self) -> None:
        """Last night and everything so far, in one small table."""
        clear_layout(self._account)
        if self._night is None or self._all is None:
            return
        for column, head in enumerate(("", "Spent", "Prepared", "Asked", "Saved")):
            self._put(plain_label(text=head.upper(), tone="section"), 0, column, self._account)
        rows = (("Last night", self._night.total), ("So far", self._all.total))
        for row, (name, line) in enumerate(rows, 1):
            cells = (
                name,
                duration(line.spent_s),
                f"{line.prepared:,}",
                f"{line.asked:,}",
                duration(line.saved_s),
            )
            for column, cell in enumerate(cells):
                label = plain_label(text=cell)
                label.setAccessibleName(f"{name}, {ACCOUNT[column]}: {cell}" if column else cell)
                self._put(label, row, column, self._account)
        self._saving.setText(saving_line(self._all))

    def _take_ledger(self, ledger: LedgerView) -> None:
        self._all = ledger
        self._show_account()
        clear_layout(self._table)
        heads: tuple[str, ...] = ("Work", "Steps", "Time", "Tokens", "Made")
        lines = [line for line in ledger.lines if line.slices or line.made]
        if not lines:
            self._table.addWidget(
                plain_label(text="Nothing yet; it begins when the machine is idle.", tone="muted"), 0, 0
            )
            heads = ()
        for column, head in enumerate(heads):
            self._put(plain_label(text=head.upper(), tone="section"), 0, column, self._table)
        for row, line in enumerate(lines, 1):
            tokens = line.prompt_tokens + line.completion_tokens
            cells = (
                WORK.get(line.kind, line.kind),
                f"{line.slices:,}",
                duration(line.seconds),
                f"{tokens:,}",
                f"{line.made:,}",
            )
            for column, cell in enumerate(cells):
                self._put(plain_label(text=cell), row, column, self._table)
        self._energy.setText(energy_line(lines))
        self._use.setText(
            f"Of {phrases.count(ledger.asked, 'question')} you asked, {ledger.hits:,} had their answer ready, "
            f"{ledger.adapted:,} were answered from what was ready and {ledger.live:,} were answered live."
            if ledger.asked
            else "You have not asked anything yet."
        )

    def _put(self, cell: QLabel, row: int, column: int, table: QGridLayout) -> None:
        if column:
            # Figures are compared down a column.
            cell.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        table.addWidget(cell, row, column)

    def _show_error(self, error: PillowbookError) -> None:
        self._error.setText(phrases.error_sentence(error))
        self._error.show()

    def _build(self) -> None:
        gate, gate_column = card()
        top = QHBoxLayout()
        top.setSpacing(12)
        words = QVBoxLayout()
        words.setSpacing(8)
        words.addWidget(self._chip)
        words.addWidget(self._gate)
        top.addLayout(words, 1)
        top.addWidget(self._pause)
        gate_column.addLayout(top)
        gate_column.addWidget(self._facts)
        ledger, ledger_column = card()
        ledger_column.addWidget(plain_label(text="What the idle hours brought", tone="title"))
        for table in (self._account, self._table):
            table.setHorizontalSpacing(24)
            table.setVerticalSpacing(8)
            table.setColumnStretch(0, 1)
        ledger_column.addLayout(self._account)
        ledger_column.addWidget(self._saving)
        ledger_column.addWidget(hairline())
        ledger_column.addLayout(self._table)
        ledger_column.addWidget(self._energy)
        ledger_column.addWidget(self._use)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(16)
        column.addWidget(self._error)
        column.addWidget(gate)
        column.addWidget(ledger)
        column.addStretch(1)


def status_lines(status: Status) -> list[str]:
    """The status in a few sentences."""
    counted = {FRESHNESS.get(key, key): number for key, number in status.prepared.items() if number}
    total = sum(counted.values())
    if len(counted) == 1:
        ready = next(f", {'all ' if total > 1 else ''}{words}" for words in counted)
    else:
        ready = (
            ": " + ", ".join(f"{number:,} {words}" for words, number in counted.items()) if counted else ""
        )
    engine = (
        "loaded"
        if status.is_generator_loaded
        else "at rest"
        if status.is_generator_installed
        else "not installed"
    )
    return [
        f"{phrases.count(total, 'prepared answer')}{ready}." if total else "No answers are prepared yet.",
        f"{phrases.count(status.passages, 'passage')}, {phrases.count(status.digests, 'summary', 'summaries')}, "
        f"{phrases.count(status.questions, 'predicted or asked question')}.",
        f"The language model is {engine}. The vault takes {phrases.size(status.vault_bytes)}, encrypted.",
        *(
            [f"Answers are written on {status.server}: text of your notes goes there."]
            if status.server
            else []
        ),
    ]


def saving_line(ledger: LedgerView) -> str:
    """What saving is reckoned against, and what was spent in vain."""
    if ledger.live_latency_ms is None:
        return "What is saved can be told once a question was answered live."
    said = (
        f"Saved against {ledger.live_latency_ms / 1000:.1f} s, the mean of "
        f"{phrases.count(ledger.live_answers, 'live answer')}."
    )
    return said + wasted_line(ledger.total, ledger.never_after_days)


def wasted_line(total: AccountView, days: int) -> str:
    """What was spent on questions that were never asked; empty while none is old enough to tell."""
    if total.share_wasted is None:
        return ""
    return f" Of what is older than {days} days, {total.share_wasted:.0%} went to questions that were never asked."


def energy_line(lines: Sequence[LedgerLine]) -> str:
    """What all the work took, in watt-hours; empty where nothing was done."""
    joules = sum(line.energy_j for line in lines)
    if not joules:
        return ""
    is_estimated = any(line.is_energy_estimated for line in lines)
    by = (
        "estimated from the time the processor was busy"
        if is_estimated
        else "by the processor's own counters"
    )
    return f"This took {joules / 3600:,.1f} Wh, {by}."


def duration(seconds: float) -> str:
    """``48 min`` or ``1 h 20 min``."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{round(seconds)} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
