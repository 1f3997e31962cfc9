"""A model of the catalogue, with the button that installs it and the progress of that."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from pillowbook.core.protocol import ModelView, Progress
from pillowbook.domain.errors import PillowbookError
from pillowbook.ui import phrases
from pillowbook.ui.controller import Controller, Ticket
from pillowbook.ui.widgets import button, plain_label, restyle


class ModelRow(QWidget):
    """Installs one model.

    Signals:
        installed(str): the model with this id is there now.
    """

    installed = Signal(str)

    def __init__(self, model: ModelView, controller: Controller, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model_id = model.id
        self._controller = controller
        self._ticket: Ticket | None = None
        self._title = plain_label(text=model.title, tone="title", wraps=True)
        self._facts = plain_label(text=_facts(model), tone="small", wraps=True)
        self._state = plain_label("model-state", chip="fresh" if model.is_installed else "quiet")
        self._install = button("install", "Install")
        self._install.setAccessibleName(f"Install {model.title}")
        self._stop = button("stop-install", "Stop", is_plain=True)
        self._stop.hide()
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(f"Progress of installing {model.title}")
        self._bar.hide()
        self._progress = plain_label("progress", tone="small", wraps=True)
        self._progress.hide()
        self._build()
        self.show_model(model)
        self._install.clicked.connect(self.install)
        self._stop.clicked.connect(self.stop)

    def show_model(self, model: ModelView) -> None:
        """The same model as the catalogue has it now."""
        self._state.setText("Installed" if model.is_installed else "Not installed")
        restyle(self._state, "chip", "fresh" if model.is_installed else "quiet")
        self._install.setVisible(not model.is_installed and self._ticket is None)

    @Slot()
    def install(self) -> None:
        """Fetch the model; this is the only time that anything is fetched."""
        if self._ticket is not None:
            return
        self._install.hide()
        self._stop.show()
        self._bar.setRange(0, 0)
        self._bar.show()
        self._show_progress("Connecting…")
        model_id = self.model_id
        self._ticket = self._controller.stream(
            self,
            lambda client, on_part, cancel: client.install_model(
                model_id, on_progress=on_part, cancel=cancel
            ),
            self._take_progress,
            self._done,
            self._failed,
        )

    @Slot()
    def stop(self) -> None:
        """Leave it; what was fetched is kept for the next time."""
        if self._ticket is not None:
            self._controller.cancel(self._ticket)
            self._end("Stopped.")

    def _take_progress(self, progress: Progress) -> None:
        # Bytes beyond 2 GiB do not fit the bar's int.
        self._bar.setRange(0, 1000 if progress.total else 0)
        if progress.total:
            self._bar.setValue(1000 * progress.done // progress.total)
        of = f" of {phrases.size(progress.total)}" if progress.total else ""
        self._show_progress(f"{progress.note or 'fetching'}: {phrases.size(progress.done)}{of}".capitalize())

    def _done(self, _result: None) -> None:
        self._end("")
        self._install.hide()
        self._state.setText("Installed")
        restyle(self._state, "chip", "fresh")
        self.installed.emit(self.model_id)

    def _failed(self, error: PillowbookError) -> None:
        self._end(phrases.error_sentence(error), is_alarm=True)

    def _end(self, sentence: str, *, is_alarm: bool = False) -> None:
        self._ticket = None
        self._bar.hide()
        self._stop.hide()
        self._install.show()
        self._show_progress(sentence, is_alarm=is_alarm)

    def _show_progress(self, sentence: str, *, is_alarm: bool = False) -> None:
        restyle(self._progress, "tone", "alarm" if is_alarm else "small")
        self._progress.setText(sentence)
        self._progress.setVisible(bool(sentence))

    def _build(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(4)
        words.addWidget(self._title)
        words.addWidget(self._facts)
        words.addWidget(self._bar)
        words.addWidget(self._progress)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addLayout(words, 1)
        row.addWidget(self._state)
        row.addWidget(self._install)
        row.addWidget(self._stop)


def _facts(model: ModelView) -> str:
    role = "Writes summaries and answers" if model.role == "generator" else "Finds passages by meaning"
    size = f"{phrases.size(model.size_bytes)} · needs {phrases.size(model.memory_mb * 1_000_000)} of memory"
    unseen = "" if model.was_run else " · not tried by us"
    return f"{role}\n{size} · {model.licence}{unseen}"
