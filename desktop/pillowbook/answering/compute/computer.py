"""Answers that are computed by code: over single facts that a question's form asks for, or over rows and items."""

from datetime import date

import numpy as np
from numpy.typing import NDArray

from pillowbook.answering.cite import cite_unit
from pillowbook.answering.compute.evaluate import work_out
from pillowbook.answering.compute.facts import Facts, NotFound
from pillowbook.answering.compute.gather import Reader, gather
from pillowbook.answering.compute.lists import answer_from_boxes, answer_from_folder, answer_from_lists
from pillowbook.answering.compute.plans import Apply, lookups, read_plan
from pillowbook.answering.compute.questions import Asked, read_question
from pillowbook.answering.compute.results import Result
from pillowbook.answering.compute.tables import answer_from_tables
from pillowbook.answering.retrieve import Retriever
from pillowbook.domain.answers import Draft, Effort, Tokens
from pillowbook.domain.ids import DocumentId
from pillowbook.models.generator.client import Generator

MAX_CITATIONS = 8
MAX_QUESTION_CHARS = 400
"""What is longer is no question that code can read, and would only be slow to search."""

RIGHT_UNSEEN = 0.63
"""No computed answer counts as surer: 33 of 52 were right for questions that nothing was built on, by the rules before
these, and 10 of 15 by the present ones."""

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
        if len(question) > MAX_QUESTION_CHARS:
            return None
        plan = read_plan(question, today)
        result = None
        if plan is not None:
            facts = Facts(self._retriever, question, today=today, background=background, without=without)
            result = _by_facts(plan, facts, today)
        elif (asked := read_question(question, today)) is not None:
            if vector is None:
                vector = self._retriever.embed(question, background=background)
            readings, _ = gather(
                self._retriever, question, vector=vector, today=today, background=background, without=without
            )
            result = over_rows(asked, Reader(self._retriever, readings, today, without))
        if result is None:
            return None
        found = tuple(dict.fromkeys(result.units))
        units = found[:MAX_CITATIONS]
        return Draft(
            question=question,
            answer=result.text,
            citations=tuple(cite_unit(unit) for unit in units),
            nearest=tuple(cite_unit(unit) for unit in units[:3]),
            confidence=min(result.sureness, RIGHT_UNSEEN),
            checks=(COMPUTED, "quotes-verbatim"),
            uncited=tuple(map(cite_unit, found[MAX_CITATIONS:])),
            tokens=Tokens(),
            model=self._generator.model_id,
            effort=Effort.LIVE,
        )


def _by_facts(plan: Apply, facts: Facts, today: date) -> Result | None:
    """What a plan over single facts gives."""
    try:
        text, units = work_out(plan, today=today, find=facts.find)
    except NotFound:
        return None
    return Result(text, units, min(facts.find(one).sureness for one in lookups(plan)))


def over_rows(asked: Asked, reader: Reader) -> Result | None:
    """What the rows of a table or the items of a list give."""
    sheets = [
        (sheet, reading.stems, reading.day, reading.nearness.get(int(sheet.passage.id), 0.0))
        for reading in reader.readings
        for sheet in reading.sheets
    ]
    return (
        answer_from_boxes(asked, reader.readings)
        or answer_from_folder(asked, reader)
        or answer_from_tables(asked, sheets)
        or answer_from_lists(asked, reader.readings)
    )
