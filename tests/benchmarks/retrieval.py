"""Is what is found and read the place where the answer stands?

Run:  python -m tests.benchmarks.retrieval --data DIR --embedder DIR --profile DIR [--questions 1000]

DIR holds ``squad_vault/dev`` and ``qmsum_vault/dev``. Needs no language model. Prints, with the plain way (passages by
cosine alone, whole, best first) beside what the product does:

- SQuAD, the half of the articles nothing was fitted on: share of questions whose gold paragraph's piece with the answer
  is among the first passages; whose gold answer stands in the first units, and in the units that fit a budget of tokens
  (units with their places as the composer lays them out, at most eight; tokens are estimated).
- the sample notes, the same; a unit counts that holds an accepted string.
- QMSum, specific questions: share of passages that are of the right meeting; unigram recall of the reference answer.
- how long it takes, and of what.

The profile keeps the indexed notes, and vectors of what was embedded, between runs.
"""

import argparse
import hashlib
import json
import os
import platform
import re
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from tests.benchmarks import squad
from tests.benchmarks.answers import read_cases
from tests.benchmarks.common import open_vault

from pillowbook.answering.evidence import Evidence
from pillowbook.answering.reading import lay_out
from pillowbook.answering.retrieve import Retriever
from pillowbook.answering.terms import STOP_WORDS, words
from pillowbook.answering.units import Unit, count_tokens, split_units
from pillowbook.domain.clock import SystemClock
from pillowbook.domain.documents import Passage
from pillowbook.flow.ingest.extractor.client import Extractor
from pillowbook.flow.ingest.ingest import Ingestor
from pillowbook.host.resources import resource
from pillowbook.models.embedder.client import DIMENSIONS, Embedder, MiniLmEmbedder
from pillowbook.store.vault import Vault

PASSAGE_COUNTS = (1, 3, 5, 8, 14)
UNIT_COUNTS = (1, 3, 4, 5, 8)
BUDGETS = (80, 120, 170, 250)
PASSAGES_RANKED = 8
UNITS_READ = 8
TIMED = 60

Vector = NDArray[np.float32]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Gold:
    """A question and where its answer stands; ``span`` is the gold paragraph, None where only the words count."""

    question: str
    answers: tuple[str, ...]
    path: str = ""
    span: tuple[int, int] | None = None

    @classmethod
    def of_squad(cls, data: Path, *, fit: bool, count: int) -> list["Gold"]:
        """Answerable questions of one half, with the paragraph they were asked of."""
        chosen = {one.id for one in squad.sample(data, fit=fit, answerable=count, unanswerable=0)}
        spans: dict[str, list[tuple[int, int]]] = {}
        cases: list[Gold] = []
        for line in (data / "questions.jsonl").read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if row["id"] not in chosen:
                continue
            path = str((data / "vault" / row["note"]).absolute())
            if path not in spans:
                text = Path(path).read_text(encoding="utf-8")
                ends = [-2, *(found.start() for found in re.finditer("\n\n", text)), len(text)]
                spans[path] = [(left + 2, right) for left, right in pairwise(ends)][1:]
            cases.append(
                cls(row["question"], tuple(row["answers"]), path, spans[path][row["paragraph_index"]])
            )
        return cases

    def is_gold(self, unit: Unit) -> bool:
        """Whether the unit holds an answer, in the right paragraph where that is known."""
        return self._is_there(unit.passage, unit.passage.start + unit.start) and holds(
            unit.text, self.answers
        )

    def is_found(self, passage: Passage) -> bool:
        """Whether one of the passage's units does."""
        return any(self.is_gold(unit) for unit in split_units(passage))

    def _is_there(self, passage: Passage, at: int) -> bool:
        return self.span is None or (passage.path == self.path and self.span[0] <= at < self.span[1])


def holds(text: str, answers: Sequence[str]) -> bool:
    """Whether any of the answers stands in the text as whole words."""
    flat = " ".join(text.replace("*", "").split()).casefold()
    return any(re.search(rf"(?<!\w){re.escape(' '.join(a.split()).casefold())}(?!\w)", flat) for a in answers)


class KeptEmbedder:
    """An embedder whose vectors are kept in a file, by the hash of the text."""

    def __init__(self, embedder: Embedder, file: Path) -> None:
        self._embedder = embedder
        self._file = file
        self._known: dict[str, Vector] = {}
        if file.exists():
            stored = np.load(file, allow_pickle=False)
            self._known = dict(zip(stored["keys"].tolist(), stored["vectors"], strict=True))

    @property
    def is_loaded(self) -> bool:
        return True

    def embed(self, texts: Sequence[str], *, deadline_s: float, background: bool = False) -> Vector:
        """See :meth:`Embedder.embed`."""
        keys = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._known}
        if missing:
            rows = self._embedder.embed(list(missing.values()), deadline_s=deadline_s, background=background)
            self._known.update(zip(missing, rows, strict=True))
        return np.stack([self._known[key] for key in keys]) if keys else np.empty((0, DIMENSIONS), np.float32)

    def preload(self) -> None:
        """Nothing to load before something is missing."""

    def unload(self) -> None:
        self._embedder.unload()

    def close(self) -> None:
        """Keep what is known and end the embedder."""
        np.savez(self._file, keys=np.array(list(self._known)), vectors=np.array(list(self._known.values())))
        self._embedder.close()


@contextmanager
def indexed(notes: Path, profile: Path, model: Path) -> Iterator[tuple[Vault, KeptEmbedder]]:
    """The notes in a vault that is kept in ``profile``, up to date, and an embedder that remembers."""
    vault = open_vault(profile)
    embedder = KeptEmbedder(MiniLmEmbedder(model), profile / "vectors.npz")
    extractor = Extractor()
    try:
        vault.library.add_folder(str(notes.absolute()))
        Ingestor(vault.library, extractor, embedder, SystemClock()).sync(lambda: False)
        yield vault, embedder
    finally:
        extractor.close()
        embedder.close()
        vault.lock()


class Ways:
    """What the product finds for a question, and what the plain way does."""

    def __init__(self, vault: Vault, embedder: Embedder) -> None:
        self._vault = vault
        self.retriever = Retriever(
            words=vault.words, vectors=vault.vectors, library=vault.library, embedder=embedder
        )

    def plain(self, vector: Vector, limit: int) -> list[Passage]:
        """Passages by cosine alone."""
        hits = self._vault.vectors.nearest(vector, limit)
        return self._vault.library.get_passages([hit.id for hit in hits])  # type: ignore[misc]

    def found(self, question: str, vector: Vector, limit: int) -> list[Evidence]:
        return self.retriever.retrieve(question, limit=limit, vector=vector)

    def units(self, question: str, vector: Vector) -> list[Unit]:
        evidence = self.found(question, vector, PASSAGES_RANKED)
        ranked = self.retriever.units.rank(question, evidence, limit=20, vector=vector)
        return [one.unit for one in ranked]


@dataclass(slots=True)
class Table:
    """Shares of questions, a row per way."""

    heads: Sequence[str]
    rows: dict[str, list[list[float]]] = field(default_factory=dict)

    def add(self, way: str, values: Sequence[float]) -> None:
        self.rows.setdefault(way, []).append(list(values))

    def show(self, title: str, form: str = "{:.1%}") -> None:
        print(f"\n{title}\n\n| | {' | '.join(self.heads)} |\n|{' --- |' * (len(self.heads) + 1)}")
        for way, values in self.rows.items():
            print(f"| {way} | {' | '.join(form.format(mean) for mean in np.mean(values, axis=0))} |")


def plain_reading(passages: Sequence[Passage], tokens: int) -> tuple[list[Passage], float]:
    """The first passages that fit the budget whole, as the plain way would read them, and their tokens."""
    taken: list[Passage] = []
    left = float(tokens)
    for passage in passages:
        size = count_tokens(f"{passage.title}: {passage.text}")
        if size > left:
            break
        left -= size
        taken.append(passage)
    return taken, tokens - left


def units_reading(units: Sequence[Unit], tokens: int) -> list[Unit]:
    """The first units that fit the budget, each place read once; one that does not fit is passed over."""
    taken: list[Unit] = []
    for unit in units:
        if len(taken) < UNITS_READ and count_tokens(lay_out([*taken, unit], lambda _: "")) <= tokens:
            taken.append(unit)
    return taken


def measure_facts(name: str, cases: Sequence[Gold], ways: Ways, embedder: Embedder) -> None:
    """Print the tables of questions with short answers."""
    vectors = embedder.embed([case.question for case in cases], deadline_s=600)
    by_passage = Table([f"first {count}" for count in PASSAGE_COUNTS])
    by_unit = Table([f"first {count}" for count in UNIT_COUNTS])
    by_budget = Table([f"{budget} tokens" for budget in BUDGETS])
    spent = Table([f"of {budget}" for budget in BUDGETS])
    for case, vector in zip(cases, vectors, strict=True):
        plain = ways.plain(vector, PASSAGE_COUNTS[-1])
        found = [one.passage for one in ways.found(case.question, vector, PASSAGE_COUNTS[-1])]
        units = ways.units(case.question, vector)
        for way, passages in (("by cosine alone", plain), ("words and vectors", found)):
            hits = [case.is_found(passage) for passage in passages]
            by_passage.add(way, [any(hits[:count]) for count in PASSAGE_COUNTS])
        whole = [unit for passage in plain for unit in split_units(passage)]
        for way, ranked in (("sentences of the first passages by cosine", whole), ("ranked units", units)):
            hits = [holds(unit.text, case.answers) for unit in ranked]
            by_unit.add(way, [any(hits[:count]) for count in UNIT_COUNTS])
        reading = [plain_reading(plain, budget) for budget in BUDGETS]
        by_budget.add(
            "whole passages by cosine",
            [any(holds(p.text, case.answers) for p in passages) for passages, _ in reading],
        )
        spent.add("whole passages by cosine", [size for _, size in reading])
        read = [units_reading(units, budget) for budget in BUDGETS]
        by_budget.add("ranked units", [any(holds(u.text, case.answers) for u in one) for one in read])
        spent.add("ranked units", [count_tokens(lay_out(one, lambda _: "")) for one in read])
    print(f"\n## {name}: {len(cases)} questions")
    by_passage.show("The answer's place is among the passages")
    by_unit.show("The answer stands in the units")
    by_budget.show("The answer stands in what is read within a budget")
    spent.show("Tokens of it, on average (estimated)", "{:.0f}")


def measure_meetings(data: Path, ways: Ways, embedder: Embedder) -> None:
    """Print the table of questions on meetings."""
    lines = (data / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [row for row in map(json.loads, lines) if row["kind"] == "specific"]
    vectors = embedder.embed([row["question"] for row in rows], deadline_s=600)
    counts = PASSAGE_COUNTS[1:]
    right = Table([f"first {count}" for count in counts])
    recall = Table([f"first {count}" for count in counts])
    for row, vector in zip(rows, vectors, strict=True):
        path = str((data / "vault" / row["note"]).absolute())
        found = [one.passage for one in ways.found(row["question"], vector, counts[-1])]
        for way, passages in (
            ("by cosine alone", ways.plain(vector, counts[-1])),
            ("words and vectors", found),
        ):
            right.add(way, [statistics.mean(p.path == path for p in passages[:count]) for count in counts])
            recall.add(
                way, [unigram_recall(row["answer"], " ".join(p.text for p in passages[:n])) for n in counts]
            )
    print(f"\n## QMSum: {len(rows)} specific questions")
    right.show("Share of the passages that are of the right meeting")
    recall.show("Share of the reference answer's words that stand in the passages (stop words left out)")


def unigram_recall(reference: str, text: str) -> float:
    """Share of the reference's words, with repetitions, that the text has (ROUGE-1 recall without stop words)."""
    wanted, given = (Counter(w for w in words(one) if w not in STOP_WORDS) for one in (reference, text))
    return (wanted & given).total() / max(1, wanted.total())


def measure_time(cases: Sequence[Gold], vault: Vault, model: Path) -> None:
    """Print how long a question takes, with nothing remembered of its units."""
    with_model: Embedder = MiniLmEmbedder(model)
    took: dict[str, list[float]] = {}

    def timed(name: str, call: Callable[[], T]) -> T:
        began = time.perf_counter()
        result = call()
        took.setdefault(name, []).append((time.perf_counter() - began) * 1000)
        return result

    try:
        with_model.embed(["warm"], deadline_s=60)
        for case in cases[:TIMED]:
            fresh = Ways(vault, with_model).retriever
            vector = timed("question embedded", partial(fresh.embed, case.question))
            find = partial(fresh.retrieve, case.question, limit=PASSAGES_RANKED, vector=vector)
            evidence = timed("passages found", find)
            rank = partial(fresh.units.rank, case.question, evidence, limit=20, vector=vector)
            timed("units ranked, embedded", rank)
            timed("units ranked, remembered", rank)
    finally:
        with_model.close()
    print(
        f"\n## Time of a question, {min(TIMED, len(cases))} of them\n\n| | median ms | p95 ms |\n| --- | --- | --- |"
    )
    for name, values in took.items():
        print(f"| {name} | {statistics.median(values):.0f} | {np.percentile(values, 95):.0f} |")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--embedder", type=Path, required=True)
    parser.add_argument("--profile", type=Path, required=True)
    parser.add_argument("--questions", type=int, default=1000)
    parser.add_argument("--only", choices=["squad", "sample", "qmsum"])
    parser.add_argument("--no-time", action="store_true", help="leave out the timing")
    arguments = parser.parse_args()
    wanted = {arguments.only} if arguments.only else {"squad", "sample", "qmsum"}
    print(
        f"python -m tests.benchmarks.retrieval --questions {arguments.questions}; "
        f"{platform.machine()}, {os.cpu_count()} cores"
    )
    model, profile = arguments.embedder, arguments.profile
    if "squad" in wanted:
        data = arguments.data / "squad_vault" / "dev"
        cases = Gold.of_squad(data, fit=False, count=arguments.questions)
        with indexed(data / "vault", profile / "squad", model) as (vault, embedder):
            measure_facts("SQuAD, articles not fitted on", cases, Ways(vault, embedder), embedder)
            if not arguments.no_time:
                measure_time(cases, vault, model)
    if "sample" in wanted:
        with indexed(resource("notes"), profile / "sample", model) as (vault, embedder):
            folder = Path(__file__).parents[1] / "data"
            for file in sorted(folder.glob("sample_questions*.jsonl")):
                for is_paraphrased in (False, True):
                    asked = [c for c in read_cases(file, is_paraphrased=is_paraphrased) if c.accept]
                    golds = [Gold(case.question, case.accept) for case in asked]
                    if golds:
                        name = f"Sample notes, {file.stem}{', paraphrased' if is_paraphrased else ''}"
                        measure_facts(name, golds, Ways(vault, embedder), embedder)
    if "qmsum" in wanted:
        data = arguments.data / "qmsum_vault" / "dev"
        with indexed(data / "vault", profile / "qmsum", model) as (vault, embedder):
            measure_meetings(data, Ways(vault, embedder), embedder)


if __name__ == "__main__":
    main()
