"""Gives the model notes and a question, and counts what it costs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pillowbook.answering.drafting import Drafting, Stream
from pillowbook.answering.forms import Form
from pillowbook.answering.prompts import Prompt
from pillowbook.answering.reading import lay_out
from pillowbook.answering.units import Unit
from pillowbook.domain.documents import Passage
from pillowbook.domain.ids import DocumentId
from pillowbook.host.workers import CancelToken
from pillowbook.models.generator.client import Generated, Generator, Message


@dataclass(frozen=True, slots=True)
class Call:
    """How one question is answered.

    Attributes:
        asked_of: the document it was predicted from.
        origins: all documents whose words the question may hold.
        asks_again: whether a second answer may be made where the first leaves it open.
    """

    form: Form
    deadline_s: float
    cancel: CancelToken | None
    background: bool
    asked_of: DocumentId | None
    asks_again: bool = True
    origins: frozenset[DocumentId] = frozenset()

    def made_from(self, units: Sequence[Unit]) -> set[DocumentId]:
        """The documents a prompt was made from, those of the question included."""
        asked_of = set() if self.asked_of is None else {self.asked_of}
        return {unit.passage.document_id for unit in units} | asked_of | self.origins


class Writer:
    """The generator, asked about notes. Thread-safe as far as it is."""

    def __init__(self, generator: Generator, date_of: Callable[[Passage], str]) -> None:
        self._generator = generator
        self._date_of = date_of

    def fill(self, prompt: Prompt, read: Sequence[Unit], question: str, call: Call) -> list[Message]:
        """The messages of a prompt over notes."""
        notes = lay_out(read, self._date_of, asked=question)
        return prompt.fill(call.made_from(read), notes=notes, question=question.strip())

    def write(
        self,
        messages: Sequence[Message],
        call: Call,
        draft: Drafting,
        *,
        max_tokens: int,
        barred: Sequence[str] = (),
        stream: Stream | None = None,
    ) -> Generated:
        """What the model writes.

        Raises:
            Cancelled, WorkerLost, DeadlineExceeded, ModelMissing: as the generator does.
        """
        made = self._generator.generate(
            messages,
            max_tokens=max_tokens,
            stop=("\n\n", "Question:"),
            deadline_s=call.deadline_s,
            on_text=stream.take if stream else None,
            cancel=call.cancel,
            barred=barred,
            background=call.background,
        )
        draft.note(made)
        return made
