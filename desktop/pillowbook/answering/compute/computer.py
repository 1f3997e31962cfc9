"""Answers that are computed: code chooses the facts where structure decides, and does all the arithmetic."""

from datetime import date

import numpy as np
from numpy.typing import NDArray

from pillowbook.answering.cite import cite_unit
from pillowbook.answering.compute.arithmetic import answer_from_amounts
from pillowbook.answering.compute.days_asked import answer_from_days
from pillowbook.answering.compute.gather import Reader, gather
from pillowbook.answering.compute.lists import answer_from_boxes, answer_from_folder, answer_from_lists
from pillowbook.answering.compute.meters import answer_from_meters
from pillowbook.answering.compute.questions import Asked, Operation, read_question
from pillowbook.answering.compute.results import Result
from pillowbook.answering.compute.tables import answer_from_tables
from pillowbook.answering.newer import newer_place
from pillowbook.answering.retrieve import Retriever
from pillowbook.answering.verify import Claim
from pillowbook.domain.answers import Draft, Effort, Tokens
from pillowbook.domain.ids import DocumentId
from pillowbook.models.generator.client import Generator

MAX_CITATIONS = 8
RIGHT_UNSEEN = 0.63
"""So many answers computed for questions that nothing was built on were right, 33 of 52: none counts as surer."""

_CHANGING = frozenset(
    {
        Operation.UNTIL,
        Operation.BETWEEN,
        Operation.SUM,
        Operation.DIFFERENCE,
        Operation.OTHER,
        Operation.OFFSET,
    }
)
"""What rests on one or two statements that a later note may change; births and whole lists are not looked after."""
COMPUTED = "computed"
"""The check that marks such an answer; what was computed counts from the day it was computed on."""


class Computer:
    """Answers the questions that ask for a computation, and no others. Thread-safe as far as the stores are."""

    def __init__(self, *, generator: Generator, retriever: Retriever) -> None:
        self._generator = generator
        self._retriever = retriever

    def answer(
        self,
        question: str,
        *,
        today: date,
        vector: NDArray[np.float32] | None = None,
        background: bool = False,
        without: frozenset[DocumentId] = frozenset(),
    ) -> Draft | None:
        """Compute the answer.

        Args:
            today: what "until" and "this year" count from.
            vector: the question's unit vector when it is known already.
            without: documents not to read.
        Returns:
            None when nothing is to be computed, or the facts were not found surely enough.
        """
        asked = read_question(question, today)
        if asked is None:
            return None
        if vector is None:
            vector = self._retriever.embed(question, background=background)
        readings, ranked = gather(
            self._retriever, question, vector=vector, today=today, background=background, without=without
        )
        result = compute(asked, Reader(self._retriever, readings, today, without))
        if result is None:
            return None
        # A later note says that something changed, and code took the older: the model reads both.
        claim = Claim(result.text, result.units)
        if (
            asked.operation in _CHANGING
            and result.units
            and newer_place(question, [claim], ranked, self._retriever.date_of) is not None
        ):
            return None
        units = tuple(dict.fromkeys(result.units))[:MAX_CITATIONS]
        return Draft(
            question=question,
            answer=result.text,
            citations=tuple(cite_unit(unit) for unit in units),
            nearest=tuple(cite_unit(unit) for unit in units[:3]),
            confidence=min(result.sureness, RIGHT_UNSEEN),
            checks=(COMPUTED, "quotes-verbatim", f"computed-{asked.operation.value}"),
            tokens=Tokens(),
            model=self._generator.model_id,
            effort=Effort.LIVE,
        )


def compute(asked: Asked, reader: Reader) -> Result | None:
    """The result of the first way that finds its facts."""
    if asked.operation in (
        Operation.UNTIL,
        Operation.SINCE,
        Operation.BETWEEN,
        Operation.AGE,
        Operation.WEEKDAY,
        Operation.SERIES,
        Operation.OFFSET,
    ):
        return answer_from_days(asked, reader)
    sheets = [
        (sheet, reading.stems, reading.day, reading.nearness.get(int(sheet.passage.id), 0.0))
        for reading in reader.readings
        for sheet in reading.sheets
    ]
    if metered := answer_from_meters(asked, reader):
        return metered
    if asked.operation is Operation.DIFFERENCE:
        return answer_from_tables(asked, sheets) or answer_from_amounts(asked, reader)
    if found := answer_from_boxes(asked, reader.readings):
        return found
    return (
        answer_from_folder(asked, reader)
        or answer_from_tables(asked, sheets)
        or answer_from_lists(asked, reader.readings)
        or answer_from_amounts(asked, reader)
    )
