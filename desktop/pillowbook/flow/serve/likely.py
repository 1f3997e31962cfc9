"""The words that are there at once: the best passage for a question, with the sentence of it that fits best."""

import re
from collections.abc import Sequence
from typing import Final

from pillowbook.answering.cite import cite_passage, cite_unit
from pillowbook.answering.rank import AskedWords
from pillowbook.answering.retrieve import Retriever
from pillowbook.answering.units import Unit, split_units
from pillowbook.domain.answers import Effort
from pillowbook.domain.asking import AskMode, LikelyPassage, SearchHit
from pillowbook.domain.documents import Passage
from pillowbook.domain.ids import DocumentId
from pillowbook.domain.visible import visible_line
from pillowbook.flow.serve.asking import Asking
from pillowbook.flow.serve.questions import RecentVectors, Vector
from pillowbook.flow.serve.standing import Standing
from pillowbook.store.words import WordIndex

_ITEM: Final = re.compile(r"^[ \t]*(?:[-*+•]|\d{1,3}[.)])[ \t]+", re.MULTILINE)
_HEADING: Final = re.compile(r"^[ \t]{0,3}#{1,6}[ \t]+", re.MULTILINE)
_RULE: Final = re.compile(r"^[ \t|:]*[-=*_][-=*_ \t|:]{2,}$", re.MULTILINE)
SNIPPET_CHARS: Final = 240
_BEFORE_CHARS: Final = 70
_PASSAGES: Final = 3
_RANK_STEP: Final = 0.2
"""What a passage's sentence must fit better to be shown instead of one from the passage ranked before it."""


class Likely:
    """Finds likely passages without waiting for a model, and shows them while an answer is made."""

    def __init__(
        self, *, retriever: Retriever, words: WordIndex, standing: Standing, vectors: RecentVectors
    ) -> None:
        self._retriever = retriever
        self._words = words
        self._standing = standing
        self._vectors = vectors

    def show(self, asking: Asking) -> None:
        """The likely passage at once, before any model has moved; a window may hold it back for a prepared answer."""
        if asking.on_part is None or asking.mode is AskMode.PREPARED_ONLY or asking.likely is not None:
            return
        asking.likely = self.passage(asking.question, asking.without)
        if asking.likely is not None:
            asking.on_part(asking.likely)

    def show_nearest(self, asking: Asking, vector: Vector) -> None:
        """A better passage now that meanings can be compared, where there is one; a second before the model writes."""
        if asking.on_part is None:
            return
        nearest = self._nearest(asking, vector)
        if nearest is not None and (asking.likely is None or nearest.citation != asking.likely.citation):
            asking.likely = nearest
            asking.on_part(nearest)

    def passage(self, question: str, without: frozenset[DocumentId] = frozenset()) -> LikelyPassage | None:
        """The best sentence of the best passages, and what stands around it; by words alone while no vector is known.

        Args:
            without: documents that are left out.
        """
        vector = self._vectors.known(question)
        if vector is None:
            found = self._retriever.by_words(question, limit=2 * _PASSAGES, without=without)
        else:
            found = [
                one.passage
                for one in self._retriever.retrieve(
                    question, limit=2 * _PASSAGES, vector=vector, without=without
                )
            ]
        found = self._standing.of(found)[:_PASSAGES]
        asked = AskedWords.of(question)
        best: tuple[float, Unit] | None = None
        for rank, passage in enumerate(found):
            unit = _best_unit(asked, passage)
            if unit is not None and (best is None or unit[0] - rank * _RANK_STEP > best[0]):
                best = (unit[0] - rank * _RANK_STEP, unit[1])
        if best is not None:
            return self._of(best[1], question)
        if not found:
            return None
        return LikelyPassage(cite_passage(found[0]), self._words.snippet(found[0].text, question))

    def _nearest(self, asking: Asking, vector: Vector) -> LikelyPassage | None:
        """The sentence nearest in meaning; what is embedded for it is what a live answer's reading compares anyway."""
        question, without = asking.question, asking.without
        _, ranked = self._retriever.find(
            question, effort=Effort.LIVE, limit=_PASSAGES, vector=vector, without=without
        )
        standing = {one.id for one in self._standing.of([one.unit.passage for one in ranked])}
        unit = next((one.unit for one in ranked if one.unit.passage.id in standing), None)
        return None if unit is None else self._of(unit, question)

    def _of(self, unit: Unit, question: str) -> LikelyPassage:
        snippet, marked = self._around(unit.passage.text, unit.start, unit.end, question)
        return LikelyPassage(cite_unit(unit), snippet, marked)

    def hit(self, passage: Passage, score: float, asked: AskedWords, words: str) -> SearchHit:
        """A passage as it is listed; the sentence with most of the words is marked, if any has one."""
        best = _best_unit(asked, passage)
        if best is None or best[0] <= 0:
            snippet, marked = self._words.snippet(passage.text, words), (0, 0)
        else:
            snippet, marked = self._around(passage.text, best[1].start, best[1].end, words)
        return SearchHit(
            path=passage.path,
            title=passage.title,
            snippet=snippet,
            score=round(score, 5),
            line=passage.line,
            page=passage.page,
            heading=passage.heading,
            marked=marked,
        )

    def _around(self, text: str, start: int, end: int, words: str) -> tuple[str, tuple[int, int]]:
        """A sentence and its surroundings in one line, and where in it the sentence stands."""
        flat = _flat(text[start:end])
        sentence = flat.removeprefix("• ")
        if len(sentence) >= SNIPPET_CHARS:
            cut = self._words.snippet(sentence, words)
            return cut, (0, len(cut))
        before = _last_words(text[:start], min(_BEFORE_CHARS, SNIPPET_CHARS - len(sentence)))
        after = _first_words(text[end:], SNIPPET_CHARS - len(sentence) - len(before))
        left = f"{before} " if before else ""
        if sentence != flat and before:
            left += "• "  # the sign of the item is not part of what is marked
        right = f" {after}" if after else ""
        return f"{left}{sentence}{right}", (len(left), len(left) + len(sentence))


def _best_unit(asked: AskedWords, passage: Passage) -> tuple[float, Unit] | None:
    units: Sequence[Unit] = split_units(passage)
    ranked = [(asked.fit(unit), -number) for number, unit in enumerate(units)]
    if not ranked:
        return None
    fit, number = max(ranked)
    return fit, units[-number]


def _flat(text: str) -> str:
    """One line: items of a list begin with a dot, headings with nothing, rules and rows' rules are gone."""
    return visible_line(_ITEM.sub("• ", _HEADING.sub("", _RULE.sub("", text))))


def _last_words(text: str, room: int) -> str:
    flat = _flat(text[-4 * SNIPPET_CHARS :])
    if len(flat) <= room and len(text) <= 4 * SNIPPET_CHARS:
        return flat
    space = flat.find(" ", max(0, len(flat) - room + 2))
    return f"… {flat[space + 1 :]}" if space >= 0 else ""


def _first_words(text: str, room: int) -> str:
    flat = _flat(text[: 4 * SNIPPET_CHARS])
    if len(flat) <= room:
        return flat
    space = flat.rfind(" ", 0, max(0, room - 2))
    return f"{flat[:space]} …" if space > 0 else ""
