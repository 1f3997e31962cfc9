"""What the user says of an answer, carried to the core and back."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Slot

from pillowbook.core.client import CoreClient
from pillowbook.domain.answers import Answer
from pillowbook.domain.errors import PillowbookError
from pillowbook.domain.serving import Verdict
from pillowbook.ui import phrases
from pillowbook.ui.answer_tools import AnswerTools
from pillowbook.ui.controller import Controller


class Judging(QObject):
    """Drives the tools below an answer.

    Args:
        on_used: an answer that stood there before Enter was judged, so it was used.
    """

    def __init__(
        self, tools: AnswerTools, controller: Controller, *, on_used: Callable[[], int | None]
    ) -> None:
        super().__init__(tools)
        self._tools = tools
        self._controller = controller
        self._on_used = on_used
        tools.judged.connect(self.judge)
        tools.pin_wished.connect(self.pin)
        tools.never_wished.connect(self.never)

    @Slot(object)
    def judge(self, verdict: Verdict) -> None:
        """Say what the answer is worth; one that was not asked for yet is named by what was prepared."""
        answer = self._tools.answer
        if answer is None:
            return
        serving_id: int | None = answer.serving_id
        if serving_id is None:
            serving_id = self._on_used()
        self._call(
            answer,
            lambda client: client.give_verdict(
                verdict,
                serving_id=serving_id,
                prepared_id=answer.prepared_id if serving_id is None else None,
            ),
            lambda _serving: self._tools.show_verdict(verdict),
        )

    @Slot(bool)
    def pin(self, is_pinned: bool) -> None:
        """Keep the answer before all others, or no longer."""
        answer = self._tools.answer
        if answer is not None and answer.prepared_id is not None:
            named = str(answer.prepared_id)
            self._call(
                answer,
                lambda client: client.pin(named, is_pinned=is_pinned),
                lambda view: self._tools.show_pinned(view.is_pinned),
            )

    @Slot()
    def never(self) -> None:
        """Never prepare the question the answer was prepared for, or that was asked."""
        answer = self._tools.answer
        if answer is not None:
            question = answer.matched_question or answer.question
            self._call(
                answer,
                lambda client: client.never_prepare(question),
                lambda _rules: self._tools.show_never(),
            )

    def _call(self, answer: Answer, work: Callable[[CoreClient], object], show: Callable[..., None]) -> None:
        """What comes of it is shown as long as the same answer stands there."""

        def done(result: object) -> None:
            if self._tools.answer is answer:
                show(result)

        def failed(error: PillowbookError) -> None:
            if self._tools.answer is answer:
                self._tools.say(phrases.error_sentence(error))

        self._controller.call(self, work, done, failed)
