"""The judge of ``tests.benchmarks.freshness`` sees what it is there for; else its zeros would say nothing."""

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.benchmarks.freshness import WAYS, Held, Replay, Written

from pillowbook.domain.answers import Answer, Freshness

OLD = b"# Boiler\n\nThe pressure gauge shows exactly seven bar today.\n"
NEW = b"# Boiler\n\nThe pressure gauge shows nothing any more.\n"


@pytest.fixture
def replay(tmp_path: Path) -> Iterator[Replay]:
    """One note, and one answer prepared from it."""
    replay = Replay(tmp_path, 1)
    path = replay.notes / "boiler.md"
    path.write_bytes(OLD)
    replay.catch_up()
    document = replay.stream.library.document_at(str(path))
    assert document is not None and replay.prepare_from(document, 1) == 1
    yield replay
    replay.close()


def serve_always(replay: Replay, monkeypatch: pytest.MonkeyPatch, freshness: Freshness) -> None:
    """Whatever the files say, the answer is served as it was at first."""
    (one,) = replay._prepared_now()
    served: Answer = replace(replay.stream.server.ask(one.question, learn=False), freshness=freshness)
    assert served.citations

    def ask(*_args: Any, **_kwargs: Any) -> Answer:
        return served

    monkeypatch.setattr(replay.stream.server, "ask", ask)


def test_what_is_true_is_not_counted(replay: Replay) -> None:
    path = replay.notes / "boiler.md"
    replay.serve("as it was", path)
    tally = replay.by_way["as it was"]
    assert tally["fresh"] == tally["served"] > 0
    assert tally["stale"] == tally["text changed"] == 0
    path.write_bytes(NEW)
    replay.serve("changed", path, others=0)
    tally = replay.by_way["changed"]
    assert tally["withheld"] == tally["text changed"] == 1 and tally["stale"] == 0


@pytest.mark.parametrize(
    ("freshness", "counted"), [(Freshness.FRESH, "stale"), (Freshness.NEW_EVIDENCE, "stale, amber")]
)
def test_what_is_served_although_its_text_is_gone_is_counted(
    replay: Replay, monkeypatch: pytest.MonkeyPatch, freshness: Freshness, counted: str
) -> None:
    serve_always(replay, monkeypatch, freshness)
    path = replay.notes / "boiler.md"
    path.write_bytes(NEW)
    replay.serve("changed", path, others=0)
    tally = replay.by_way["changed"]
    assert tally[counted] == tally["text changed"] == 1


def test_what_is_served_while_its_note_is_written_is_judged_where_that_can_be_known(
    replay: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve_always(replay, monkeypatch, Freshness.FRESH)
    path = replay.notes / "boiler.md"
    held = Held(path)
    held.write(NEW)
    replay.race(path, held)
    tally = replay.by_way["while it is written"]
    assert (tally["served"], tally["stale"], tally["text changed"]) == (1, 1, 1)
    held._written.append(Written(OLD, 0.0))  # it has been being written since
    replay.race(path, held)
    assert (tally["served"], tally["stale"], tally["may have changed"]) == (2, 1, 1)


def test_a_race_ends_with_the_new_text_and_counts_what_was_served_meanwhile(replay: Replay) -> None:
    path = replay.notes / "boiler.md"
    WAYS["written while it is asked for"](replay, path, NEW)
    tally = replay.by_way["while it is written"]
    assert path.read_bytes() == NEW
    assert tally["served"] == 1 and tally["stale"] == 0


def test_what_a_file_may_have_held_is_all_that_was_there_between_question_and_answer(tmp_path: Path) -> None:
    path = tmp_path / "note.md"
    path.write_bytes(b"first")
    held = Held(path)
    held._written += [Written(b"second", 10.0, 11.0), Written(b"third", 20.0, math.inf)]
    assert held.between(1.0, 2.0) == ["first"]
    assert held.between(1.0, 10.5) == ["first", "second"]
    assert held.between(10.5, 10.6) == ["first", "second"], "what was there may be, while the next is written"
    assert held.between(12.0, 13.0) == ["second"]
    assert held.between(30.0, 31.0) == ["second", "third"], "it has not ended"
