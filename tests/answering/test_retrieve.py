"""What is found for a question, and which sentences of it are put first."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.fakes.embedder import HashEmbedder

from pillowbook.answering.evidence import Evidence, RankedUnit
from pillowbook.answering.retrieve import Retriever
from pillowbook.answering.unit_ranker import MAX_UNITS_EMBEDDED
from pillowbook.domain.clock import ManualClock
from pillowbook.flow.ingest.extractor.client import Extractor
from pillowbook.flow.ingest.ingest import Ingestor
from pillowbook.host.keychain import MemoryKeychain
from pillowbook.host.paths import Profile
from pillowbook.store.crypto import KdfCost
from pillowbook.store.vault import Vault

TODAY = datetime(2026, 11, 18, 12, tzinfo=UTC)  # a Wednesday


class Notes:
    """A real vault over written notes, with an embedder of words."""

    def __init__(self, root: Path) -> None:
        self.root = root / "notes"
        self.root.mkdir()
        profile = Profile(root / "profile")
        profile.prepare()
        clock = ManualClock(TODAY)
        self.vault = Vault(
            profile, MemoryKeychain(), clock, kdf_cost=KdfCost(memory_kib=64, passes=1, lanes=1)
        )
        self.vault.create("secret")
        self.embedder = HashEmbedder()
        self._extractor = Extractor()
        self._ingestor = Ingestor(self.vault.library, self._extractor, self.embedder, clock)
        self.vault.library.add_folder(str(self.root))
        self.retriever = Retriever(
            words=self.vault.words,
            vectors=self.vault.vectors,
            library=self.vault.library,
            embedder=self.embedder,
            clock=clock,
        )

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def sync(self) -> None:
        self._ingestor.sync(lambda: False)

    def found(self, question: str, *, limit: int = 8) -> list[Evidence]:
        return self.retriever.retrieve(question, limit=limit)

    def names(self, question: str, *, limit: int = 8) -> list[str]:
        return [Path(one.passage.path).name for one in self.found(question, limit=limit)]

    def ranked(self, question: str, *, limit: int = 20) -> list[RankedUnit]:
        vector = self.retriever.embed(question)
        evidence = self.retriever.retrieve(question, limit=8, vector=vector)
        return self.retriever.units.rank(question, evidence, limit=limit, vector=vector)

    def close(self) -> None:
        self._extractor.close()
        self.vault.lock()


@pytest.fixture
def notes(tmp_path: Path) -> Iterator[Notes]:
    notes = Notes(tmp_path)
    yield notes
    notes.close()


@pytest.fixture
def with_notes(notes: Notes) -> Callable[[dict[str, str]], Notes]:
    def write(files: dict[str, str]) -> Notes:
        for name, text in files.items():
            notes.write(name, text)
        notes.sync()
        return notes

    return write


def test_a_folder_that_is_named_is_kept_to(with_notes: Callable[[dict[str, str]], Notes]) -> None:
    notes = with_notes(
        {
            "Recipes/bread.md": "# Bread\n\nThe oven is heated to 230 degrees.\n",
            "Home/oven.md": "# Oven\n\nThe oven temperature drifts, the oven temperature is repaired in May.\n",
        }
    )
    assert notes.names("What oven temperature?")[0] == "oven.md"
    assert notes.names("What oven temperature in my Recipes folder?") == ["bread.md"]
    assert notes.names("In the recipe folder, what is the oven temperature?") == ["bread.md"]


def test_a_folder_that_there_is_not_restricts_nothing(with_notes: Callable[[dict[str, str]], Notes]) -> None:
    notes = with_notes({"Home/oven.md": "# Oven\n\nThe oven was repaired in May.\n"})
    assert notes.names("When was the oven repaired, in my Zeppelin folder?") == ["oven.md"]


def test_notes_of_a_folder_come_before_others(with_notes: Callable[[dict[str, str]], Notes]) -> None:
    notes = with_notes(
        {
            "Work/plan.md": "# Plan\n\nThe printer is moved upstairs.\n",
            "Home/printer.md": "# Printer\n\nThe printer is moved to the shed.\n",
        }
    )
    assert notes.names("What of the printer?")[0] == "printer.md"
    assert notes.names("What of the printer in my work notes?") == ["plan.md", "printer.md"]


def test_a_tag_holds_for_the_whole_note(with_notes: Callable[[dict[str, str]], Notes]) -> None:
    far = "\n\n".join(f"Paragraph {n} about the garden fence and nothing else. " * 4 for n in range(8))
    notes = with_notes(
        {
            "a.md": f"# Fence\n\n#garden/2026\n\n{far}\n\nThe fence paint is Bellwether green.\n",
            "b.md": "# Paint\n\nThe fence paint was blue, #home\n",
        }
    )
    assert set(notes.names("What colour is the fence paint #garden?")) == {"a.md"}
    assert set(notes.names("What colour is the fence paint #home?")) == {"b.md"}
    assert set(notes.names("What colour is the fence paint #nowhere?")) == {"a.md", "b.md"}


@pytest.mark.parametrize(
    "question",
    [
        "What happened on 6 March 2026?",
        "What happened on March 6?",
        "what did i note on the 6th of march 2026",
        "What happened on 2026-03-06?",
    ],
)
def test_the_note_of_a_day_is_found_by_its_name(
    with_notes: Callable[[dict[str, str]], Notes], question: str
) -> None:
    notes = with_notes(
        {
            **{f"Daily/2026-03-{day:02d}.md": f"Rain. Worked on chapter {day}.\n" for day in range(1, 28)},
            "march.md": "# March\n\nThe hills of Wessex are green in March.\n",
        }
    )
    assert notes.names(question)[0] == "2026-03-06.md"


def test_last_week_is_counted_from_today(with_notes: Callable[[dict[str, str]], Notes]) -> None:
    notes = with_notes(
        {
            "Daily/2026-11-12.md": "Ran by the canal.\n",
            "Daily/2026-11-17.md": "Ran to the station.\n",
            "Daily/2025-11-12.md": "Ran round the lake.\n",
        }
    )
    assert notes.names("Where did I run last week?")[0] == "2026-11-12.md"
    assert notes.names("Where did I run yesterday?")[0] == "2026-11-17.md"


def test_one_page_does_not_take_every_place(with_notes: Callable[[dict[str, str]], Notes]) -> None:
    long = "# Boiler\n\n" + "\n\n".join(
        f"The boiler pressure on day {day} was read from the boiler gauge by Dev Marsh. " * 5
        for day in range(12)
    )
    notes = with_notes(
        {"boiler.md": long, "letter.md": "# Letter\n\nBoiler pressure must never pass 2 bar.\n"}
    )
    found = notes.names("What is the boiler pressure?", limit=5)
    assert len(found) == 5
    assert "letter.md" in found
    assert found.count("boiler.md") <= 4


def test_what_only_words_find_keeps_a_place(with_notes: Callable[[dict[str, str]], Notes]) -> None:
    """The very code that was asked for, in a note that is about something else."""
    notes = with_notes(
        {
            **{f"{n}.md": f"# Error {n}\n\nThe dishwasher error {n}.\n" for n in range(9)},
            "list.md": "# Odds\n\n"
            + "Milk, eggs, string, twine, ink, soap, salt. " * 7
            + "E4, E4, E4: drain.\n",
        }
    )
    question = "dishwasher error E4"
    assert notes.retriever.by_words(question, limit=1)[0].path.endswith("list.md")
    assert notes.names(question, limit=3).index("list.md") == 2


def test_the_sentence_with_the_rare_words_comes_first(with_notes: Callable[[dict[str, str]], Notes]) -> None:
    notes = with_notes(
        {
            "boiler.md": "# Boiler\n\nThe boiler is in the loft. The boiler flue was swept by Ines Calder. "
            "The boiler is a Calderwick. The boiler hums.\n"
        }
    )
    ranked = notes.ranked("Who swept the boiler flue?")
    assert ranked[0].unit.text == "The boiler flue was swept by Ines Calder."
    assert sum(one.share for one in ranked) == pytest.approx(1.0)
    assert ranked[0].share == max(one.share for one in ranked)


def test_a_time_is_looked_for_where_one_is_asked(with_notes: Callable[[dict[str, str]], Notes]) -> None:
    notes = with_notes(
        {"roof.md": "# Roof\n\nThe roof was repaired by Ben. The roof was repaired on 3 May 2025.\n"}
    )
    when, by_whom = notes.ranked("When was the roof repaired?"), notes.ranked("Who repaired the roof?")
    assert when[0].unit.text == "The roof was repaired on 3 May 2025."
    assert by_whom[0].unit.text == "The roof was repaired by Ben."


def test_a_sentence_that_points_back_brings_the_one_before(
    with_notes: Callable[[dict[str, str]], Notes],
) -> None:
    notes = with_notes(
        {"dam.md": "# Walks\n\nThe Calder dam lies north of the mill. It was built in 1911 by the parish.\n"}
    )
    ranked = {one.unit.text: one for one in notes.ranked("When was the Calder dam built?")}
    pointing = ranked["It was built in 1911 by the parish."]
    assert pointing.before is not None
    assert pointing.before.text == "The Calder dam lies north of the mill."
    assert ranked["The Calder dam lies north of the mill."].before is None


def test_few_units_are_embedded_and_none_twice(with_notes: Callable[[dict[str, str]], Notes]) -> None:
    notes = with_notes(
        {
            f"{n}.md": f"# Fence {n}\n\n" + "".join(f"- fence post {n} {m}\n" for m in range(30))
            for n in range(4)
        }
    )
    notes.embedder.texts.clear()
    first = notes.ranked("Which fence post leans?")
    assert len([text for text in notes.embedder.texts if ": fence post" in text]) == MAX_UNITS_EMBEDDED
    notes.embedder.texts.clear()
    assert notes.ranked("Which fence post leans?") == first
    assert notes.embedder.texts == ["Which fence post leans?"]


def test_a_second_note_gets_a_hearing(with_notes: Callable[[dict[str, str]], Notes]) -> None:
    """Equally good lines of two notes take turns."""
    lines = "".join(f"- The ferry fare is {n} pounds.\n" for n in (12, 13, 14))
    notes = with_notes({"one.md": f"# Ferry\n\n{lines}", "two.md": f"# Ferry\n\n{lines.replace('1', '2')}"})
    ranked = notes.ranked("What is the ferry fare?")
    documents = [one.unit.passage.path for one in ranked[:4]]
    assert documents[0] != documents[1]
    assert documents.count(documents[0]) == 2
    assert [one.score for one in ranked] == sorted((one.score for one in ranked), reverse=True)


def test_nothing_found_is_no_error(notes: Notes) -> None:
    assert notes.found("Anything?") == []
    assert notes.ranked("Anything?") == []


@pytest.mark.parametrize(
    "question", ["", "?", "#", "in my folder", "\x00", "a" * 5000, "#a #b #c in my x folder"]
)
def test_no_question_fails(with_notes: Callable[[dict[str, str]], Notes], question: str) -> None:
    notes = with_notes({"a.md": "# A\n\nSome text about boilers.\n"})
    assert len(notes.ranked(question)) <= 1
