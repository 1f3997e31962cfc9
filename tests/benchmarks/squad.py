"""The questions of SQuAD 2.0 over its articles as notes, in two halves: one to fit on, one to measure on.

The halves are drawn once by a seed from the sorted names of the articles, so a script that fits and one that measures
never share an article. The data is CC BY-SA 4.0 and is read from where it lies; nothing of it is kept in the project.
"""

import json
import random
import re
import string
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HALVES_SEED = 7
SAMPLE_SEED = 5


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its short answers; none where the notes do not say."""

    id: str
    question: str
    answers: tuple[str, ...]
    note: str

    @property
    def is_answerable(self) -> bool:
        """Whether the notes say."""
        return bool(self.answers)


def fit_articles(data: Path) -> frozenset[str]:
    """The articles that parameters may be fitted on."""
    names = sorted(row["article"] for row in _rows(data / "articles.jsonl"))
    random.Random(HALVES_SEED).shuffle(names)
    return frozenset(names[: len(names) // 2])


def notes(data: Path, *, fit: bool) -> list[str]:
    """The articles of one half by their notes, in the order of the file."""
    chosen = fit_articles(data)
    return [row["note"] for row in _rows(data / "articles.jsonl") if (row["article"] in chosen) == fit]


def sample(data: Path, *, fit: bool, answerable: int, unanswerable: int) -> list[Asked]:
    """A fixed sample of one half; the first so many of it are the same whatever its size.

    Args:
        data: the folder with ``questions.jsonl``, ``questions_unanswerable.jsonl`` and ``articles.jsonl``.
        fit: of the half to fit on, else of the one to measure on.
    """
    chosen = fit_articles(data)
    taken: list[Asked] = []
    for name, count in (("questions.jsonl", answerable), ("questions_unanswerable.jsonl", unanswerable)):
        rows = [row for row in _rows(data / name) if (row["article"] in chosen) == fit]
        random.Random(SAMPLE_SEED).shuffle(rows)
        taken += [
            Asked(row["id"], row["question"], tuple(row["answers"]), row["note"]) for row in rows[:count]
        ]
    random.Random(SAMPLE_SEED).shuffle(taken)
    return taken


def placed(data: Path) -> list[tuple[Asked, int]]:
    """All questions that the notes answer, each with the number of its note's paragraph that does, from 0."""
    return [
        (
            Asked(row["id"], row["question"], tuple(row["answers"]), row["note"]),
            row["paragraph_index"],
        )
        for row in _rows(data / "questions.jsonl")
    ]


def _rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def normal(text: str) -> str:
    """As SQuAD's own evaluation compares: lower case, without articles, punctuation and extra spaces."""
    plain = "".join(" " if mark in string.punctuation + "–—’“”" else mark for mark in text.lower())
    return " ".join(re.sub(r"\b(?:a|an|the)\b", " ", plain).split())


def contains(answer: str, golds: Sequence[str]) -> bool:
    """Whether any gold answer stands in the answer, as whole words."""
    return any(f" {normal(gold)} " in f" {normal(answer)} " for gold in golds if normal(gold))


def exact(answer: str, golds: Sequence[str]) -> bool:
    """Exact match with any gold answer."""
    return any(normal(answer) == normal(gold) for gold in golds)


def f1(answer: str, golds: Sequence[str]) -> float:
    """The best harmonic mean of word precision and recall with any gold answer, 0 to 1."""
    best = 0.0
    for gold in golds:
        given, wanted = normal(answer).split(), normal(gold).split()
        shared = sum((Counter(given) & Counter(wanted)).values())
        if shared:
            precision, recall = shared / len(given), shared / len(wanted)
            best = max(best, 2 * precision * recall / (precision + recall))
    return best
