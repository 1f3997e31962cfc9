"""A process that does all the work over real files is killed at any write and any call of the model.

What it leaves is whole: killed a dozen times and then let finish, it has made what it makes undisturbed, nothing twice,
and no more of it than the slice that ran was done again.
"""

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
KILLS = 10
SEED = 20261123

WORK = """
import contextlib, os, re, signal, sys
from pathlib import Path

import numpy as np

from pillowbook.host.workers import CancelToken
from pillowbook.schedule.runner import Runner
from pillowbook.store import database
from tests.flow.conftest import Stream

die_at, seen = 0, 0


def event():
    global seen
    seen += 1
    if seen == die_at:
        os.kill(os.getpid(), signal.SIGKILL)


write = database.Database.write


@contextlib.contextmanager
def counted(self):
    event()  # before the transaction
    with write(self) as connection:
        yield connection
        event()  # within it, with all its statements done
    event()  # after it


def reply(messages):
    event()
    text = messages[-1].text
    lines = [line[2:] for line in text.split("Notes:")[-1].splitlines() if line.startswith("- ")]
    facts = [found for line in lines if (found := re.search(r"The (\\w+) (\\w+) was bought by (\\w+ \\w+)", line))]
    if "different questions" in text:
        return "\\n".join(f"{n}. Who bought the {f[1]} {f[2]}?" for n, f in enumerate(facts, start=1))
    asked = re.search(r"Question: Who bought the (\\w+ \\w+)", text)
    if asked:
        bought = [f[3] for f in facts if f"{f[1]} {f[2]}" == asked[1]]
        return bought[0] if bought else "not said"
    if "Numbers only" in text:
        return "1, 2, 3"
    return lines[0] if lines else "Things that were bought."


def unasked(*_):
    raise AssertionError("the gate is not asked")


class NoClusters:
    def cluster(self, rows, *, min_size, cancel=None):
        return np.full(len(rows), -1, dtype=np.int32)


def work(root, days):
    stream = Stream(root)
    stream.clock.days = days
    stream.generator._make = reply
    stream.beyond.topics._clusterer = NoClusters()
    database.Database.write = counted
    runner = Runner(
        stream.stages, sense=unasked, rules=unasked, clock=stream.clock, on_gate=unasked, on_slice=lambda entry: None
    )
    stream.sync()
    totals = runner.work(3600, on_totals=lambda totals: None, cancel=CancelToken())
    assert totals.is_exhausted, totals
    runner.stop()
    stream.close()


# One process imports everything; each line it reads is work for a child of its own, forked before any thread is begun.
for line in sys.stdin:
    die_at, days, place = line.rstrip().split(" ", 2)
    die_at, (reading, writing) = int(die_at), os.pipe()
    child = os.fork()
    if child == 0:
        try:
            work(Path(place), int(days))
            os.write(writing, str(seen).encode())
        finally:
            os._exit(0)
    os.close(writing)
    status = os.waitpid(child, 0)[1]
    count = os.read(reading, 99).decode() or "-"
    os.close(reading)
    print(os.waitstatus_to_exitcode(status), count, flush=True)
"""


class Nursery:
    """A process that does the work in children."""

    def __init__(self) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "desktop")])}
        self._process = subprocess.Popen(
            [sys.executable, "-c", WORK],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def run(self, root: Path, die_at: int, days: int = 0) -> int | None:
        """Work until done, or until the event of that number (0: none).

        Returns:
            how many events there were; None where it was killed.
        """
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(f"{die_at} {days} {root}\n")
        self._process.stdin.flush()
        code, count = self._process.stdout.readline().split()
        assert int(code) in (0, -signal.SIGKILL)
        if int(code):
            return None
        assert count != "-", "the work failed"
        return int(count)

    def close(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()
        self._process.wait()


THINGS = [
    "lamp",
    "clock",
    "chair",
    "table",
    "stove",
    "radio",
    "piano",
    "bench",
    "ladder",
    "mirror",
    "carpet",
    "kettle",
]
PLACES = ["red", "blue", "green", "brown", "white", "black", "yellow", "grey"]
PEOPLE = ["Ann Berry", "Bea Cole", "Cal Dorn", "Dee East", "Eli Frost", "Fay Green", "Gus Hale", "Ida Iven"]


def write_notes(root: Path) -> None:
    """Two folders of notes, one note of several sections, one with a task, one that links to another."""
    draw = random.Random(7)
    pairs = [(place, thing) for place in PLACES for thing in THINGS]
    for number in range(5):
        folder = root / "notes" / ("house" if number % 2 else "shed")
        folder.mkdir(parents=True, exist_ok=True)
        lines = [
            f"The {place} {thing} was bought by {draw.choice(PEOPLE)} in {2001 + at} at the market in Ghent."
            for at, (place, thing) in enumerate(pairs[16 * number : 16 * number + (30 if number == 2 else 8)])
        ]
        text = f"# Purchases {number}\n\n" + "\n\n".join(lines) + "\n\nSee [[purchases2]].\n"
        (folder / f"purchases{number}.md").write_text(text, encoding="utf-8")


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    nursery = Nursery()
    yield nursery
    nursery.close()


def contents(root: Path) -> dict[str, Counter[Any]]:
    """What the vault holds, told without ids and times; and that it is sound."""
    from tests.flow.conftest import Stream

    stream = Stream(root)
    try:
        assert stream.vault.check() == []
        with stream.vault._require_opened().database.read() as connection:

            def rows(query: str) -> Counter[Any]:
                return Counter(connection.execute(query).fetchall())

            document = (
                "(SELECT replace(path, rtrim(path, replace(path, '/', '')), '') FROM documents WHERE id = {})"
            )
            return {
                "documents": rows("SELECT title, state, text_hash <> '' FROM documents"),
                "passages": rows("SELECT text FROM passages"),
                "digests": rows(f"SELECT {document.format('document_id')}, gist, facts FROM digests"),
                "folders": rows("SELECT gist FROM folder_digests"),
                "sections": rows("SELECT section FROM predicted_sections"),
                "questions": rows("SELECT text, reason, tried FROM questions"),
                "prepared": rows(
                    "SELECT q.text, p.answer, p.made_for FROM prepared AS p JOIN questions AS q ON q.id = p.question_id"
                ),
                "findings": rows("SELECT kind, text, value, first FROM findings"),
                "audits": rows("SELECT question_id FROM audits"),
                "slices": rows(
                    "SELECT kind, coalesce(question_id, 0) FROM ledger WHERE kind IN ('prepare', 'audit') "
                    "AND result = 'done' AND made > 0"
                ),
                "digested": rows("SELECT document_id FROM ledger WHERE kind = 'distil' AND made = 1"),
                "read": rows("SELECT 1 FROM ledger WHERE kind = 'predict' AND document_id IS NOT NULL"),
            }
    finally:
        stream.close()


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_killed_at_any_write_nothing_is_lost_beyond_a_slice_and_nothing_is_twice(
    tmp_path: Path, nursery: Nursery
) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    for root in (whole, cut):
        root.mkdir()
        write_notes(root)
    events = 0
    for days in (0, 2):  # audits want answers that are some hours old
        undisturbed = nursery.run(whole, 0, days)
        assert undisturbed is not None
        events += undisturbed
    wanted = contents(whole)
    assert all(wanted[name] for name in ("digests", "folders", "questions", "prepared", "audits")), "all ran"
    draw = random.Random(SEED)
    killed = 0
    for kill in range(KILLS):
        killed += nursery.run(cut, draw.randint(1, 2 * events // KILLS), 0 if kill < KILLS - 3 else 2) is None
    assert killed >= KILLS // 2, "it was killed at work"
    for days in (0, 2):
        assert nursery.run(cut, 0, days) is not None
    found = contents(cut)
    for name in (
        "documents",
        "passages",
        "digests",
        "folders",
        "sections",
        "questions",
        "prepared",
        "findings",
    ):
        assert found[name] == wanted[name], name
    for name in ("audits", "slices", "digested"):
        assert max(found[name].values()) == 1, f"twice in {name}"
    assert found["read"].total() <= found["sections"].total()
    assert wanted["slices"].total() - found["slices"].total() <= killed
