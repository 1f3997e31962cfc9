"""New evidence: how often is it found, and how often is it a false alarm?

Run:  python -m tests.benchmarks.new_evidence --data DIR --embedder DIR [--questions 400] [--fit]

What counts as evidence is what people said, not what the product computes. SQuAD's questions were put by people to one
paragraph of an article each. Half of the articles are used (``--fit``: the half to build on; else the one to measure
on). Of every article some paragraphs are left out of the notes at first. Then

- a question whose paragraph is left out has a prepared "your notes do not say". The paragraph comes: ``found`` if
  that is withdrawn. Any other paragraph of the article that comes and withdraws it is a ``false alarm``;
- a question whose paragraph is there has a prepared answer from it. A note comes that says the same sentence with
  another answer (made by code: the answer replaced by that of another question of the same article): ``found`` if the
  answer is marked. Any paragraph left out that comes and marks it is a ``false alarm``: people put the question to
  another one. Some of these do bear on the question all the same, so the false alarms are an upper bound.

No language model runs; ingest, embedder, store and the test for new evidence are the product's.
"""

import argparse
import random
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

from tests.benchmarks import squad
from tests.benchmarks.common import machine, open_vault, share

from pillowbook.answering.cite import cite_unit
from pillowbook.answering.new_evidence import NewEvidence
from pillowbook.answering.pairs import normalise_question
from pillowbook.answering.sources import sources_of
from pillowbook.answering.units import Unit, split_units
from pillowbook.domain.answers import Draft, Effort, Reason, Tokens
from pillowbook.domain.clock import SystemClock
from pillowbook.domain.ids import PreparedId
from pillowbook.flow.ingest.extractor.client import Extractor
from pillowbook.flow.ingest.ingest import Ingestor
from pillowbook.models.embedder.client import MiniLmEmbedder
from pillowbook.store.library import DocumentChange

LEFT_OUT = 0.3


class Notes:
    """The articles' paragraphs as notes of their own, in a vault with the product's ingest."""

    def __init__(self, root: Path, embedder: Path) -> None:
        self.folder = root / "notes"
        self.folder.mkdir()
        self.vault = open_vault(root / "profile")
        self.embedder = MiniLmEmbedder(embedder)
        self.extractor = Extractor()
        self.touched: list[PreparedId] = []
        self.evidence = NewEvidence(
            library=self.vault.library, knowledge=self.vault.knowledge, vectors=self.vault.vectors
        )
        self.ingestor = Ingestor(
            self.vault.library, self.extractor, self.embedder, SystemClock(), on_change=self._changed
        )
        self.vault.library.add_folder(str(self.folder))

    def _changed(self, change: DocumentChange) -> None:
        self.touched += self.evidence.consider(change)

    def add(self, name: str, title: str, text: str) -> None:
        (self.folder / f"{name}.md").write_text(f"# {title}\n\n{text}\n", encoding="utf-8")

    def come(self, name: str, title: str, text: str) -> frozenset[PreparedId]:
        """A note comes: which prepared answers it marked or withdrew."""
        self.touched = []
        self.add(name, title, text)
        self.ingestor.sync(lambda: False)
        return frozenset(self.touched)

    def units(self, name: str) -> list[Unit]:
        document = self.vault.library.document_at(str(self.folder / f"{name}.md"))
        assert document is not None
        return [unit for one in self.vault.library.passages(document.id) for unit in split_units(one)]

    def prepare(self, question: str, unit: Unit, answer: str) -> PreparedId | None:
        normal = normalise_question(question)
        if self.vault.knowledge.question_by_normal(normal) is not None:
            return None
        cited = cite_unit(unit)
        draft = Draft(
            question, answer, (cited,) if answer else (), () if answer else (cited,), 0.9, (), Tokens(), "",
            Effort.PREPARED,
        )  # fmt: skip
        vector = self.embedder.embed([question], deadline_s=60)[0]
        question_id = self.vault.knowledge.add_question(question, normal, Reason.REQUESTED)
        return self.vault.knowledge.put_prepared(
            question_id, draft, sources_of([cited], self.vault.library), 1.0, vector
        )

    def close(self) -> None:
        self.extractor.close()
        self.embedder.close()
        self.vault.lock()


def run(data: Path, notes: Notes, *, wanted: int, fit: bool) -> Counter[str]:
    chance = random.Random(9)
    counts: Counter[str] = Counter()
    chosen = set(squad.notes(data, fit=fit))
    texts = {note: paragraphs(data / "vault" / note) for note in chosen}
    by_place: dict[tuple[str, int], list[squad.Asked]] = defaultdict(list)
    for one, at in squad.placed(data):
        if one.note in chosen and at < len(texts[one.note]):
            by_place[one.note, at].append(one)
    places = sorted(by_place)
    left_out = {place for place in places if chance.random() < LEFT_OUT}
    for note, at in places:
        if (note, at) not in left_out:
            notes.add(name_of(note, at), Path(note).stem, texts[note][at])
    notes.ingestor.sync(lambda: False)
    here = [(place, one) for place in places if place not in left_out for one in by_place[place]]
    out = [(place, one) for place in sorted(left_out) for one in by_place[place]]
    answered: dict[PreparedId, tuple[tuple[str, int], squad.Asked, Unit]] = {}
    for place, one in chance.sample(here, min(wanted, len(here))):
        unit = next((u for u in notes.units(name_of(*place)) if one.answers[0] in u.quote), None)
        prepared = notes.prepare(one.question, unit, unit.quote) if unit is not None else None
        if unit is not None and prepared is not None:
            answered[prepared] = (place, one, unit)
    refused: dict[PreparedId, tuple[str, int]] = {}
    for place, one in chance.sample(out, min(wanted, len(out))):
        # What was read for it: some paragraph of the article that is there.
        there = (at for note, at in places if note == place[0] and (note, at) not in left_out)
        near = next(there)
        prepared = notes.prepare(one.question, notes.units(name_of(place[0], near))[0], "")
        if prepared is not None:
            refused[prepared] = place
    counts["answers"], counts["refusals"] = len(answered), len(refused)
    look_at_false(notes, counts, sorted(left_out), texts, answered, refused)
    look_at_updates(notes, counts, answered, chance)
    return counts


def look_at_false(
    notes: Notes,
    counts: Counter[str],
    left_out: list[tuple[str, int]],
    texts: dict[str, list[str]],
    answered: dict[PreparedId, tuple[tuple[str, int], squad.Asked, Unit]],
    refused: dict[PreparedId, tuple[str, int]],
) -> None:
    """The paragraphs that were left out come one by one."""
    open_refusals = dict(refused)
    alarmed: set[PreparedId] = set()
    for note, at in left_out:
        touched = notes.come(name_of(note, at), Path(note).stem, texts[note][at])
        due = {key for key, place in open_refusals.items() if place == (note, at)}
        counts["refusals due"] += len(due)
        counts["refusals found"] += len(due & touched)
        for key, (place, _, _) in answered.items():
            counts["pairs of answers"] += 1
            counts["false alarms of answers"] += key in touched
            counts["of these in the same article"] += key in touched and place[0] == note
        for key in open_refusals.keys() - due:
            counts["pairs of refusals"] += 1
            counts["false alarms of refusals"] += key in touched
        alarmed |= touched & answered.keys()
        for key in due | (touched & open_refusals.keys()):
            open_refusals.pop(key, None)  # withdrawn, or its paragraph has been there
    counts["answers ever marked falsely"] = len(alarmed)


def look_at_updates(
    notes: Notes,
    counts: Counter[str],
    answered: dict[PreparedId, tuple[tuple[str, int], squad.Asked, Unit]],
    chance: random.Random,
) -> None:
    """Notes come that say a cited sentence with another answer."""
    rows = list(answered.items())
    for key, (place, one, unit) in rows:
        others = [other.answers[0] for _, (where, other, _) in rows if where[0] == place[0]]
        other = next((o for o in chance.sample(others, len(others)) if o not in one.answers), None)
        if other is None or one.answers[0] not in unit.quote:
            continue
        told = unit.quote.replace(one.answers[0], other)
        touched = notes.come(f"update-{int(key)}", f"{Path(place[0]).stem}, put right", told)
        counts["updates"] += 1
        counts["updates found"] += key in touched
        counts["others marked by updates"] += len(touched - {key})
        (notes.folder / f"update-{int(key)}.md").unlink()
        notes.ingestor.sync(lambda: False)


def paragraphs(path: Path) -> list[str]:
    """The article's paragraphs in order, as the questions count them."""
    lines = path.read_text(encoding="utf-8").split("\n\n")
    return [block.strip() for block in lines if block.strip() and not block.lstrip().startswith("#")]


def name_of(note: str, at: int) -> str:
    return f"{Path(note).stem}-{at:03d}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--embedder", type=Path, required=True)
    parser.add_argument("--questions", type=int, default=400)
    parser.add_argument("--fit", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        notes = Notes(Path(root), arguments.embedder)
        try:
            counts = run(arguments.data, notes, wanted=arguments.questions, fit=arguments.fit)
        finally:
            notes.close()
    print(machine(), "; the half to build on" if arguments.fit else "; the half to measure on")
    print(f"prepared: {counts['answers']} answers, {counts['refusals']} times 'your notes do not say'")
    for title, part, whole in (
        ("'do not say' withdrawn when its paragraph comes", "refusals found", "refusals due"),
        ("  withdrawn by another paragraph, of all pairs", "false alarms of refusals", "pairs of refusals"),
        ("answer marked when a note says otherwise", "updates found", "updates"),
        ("  marked by a paragraph put to other questions, of all pairs", "false alarms of answers", "pairs of answers"),
        ("  answers marked so at least once", "answers ever marked falsely", "answers"),
    ):  # fmt: skip
        print(f"{title}: {share(counts[part], counts[whole])}")
    print(dict(counts))


if __name__ == "__main__":
    main()
