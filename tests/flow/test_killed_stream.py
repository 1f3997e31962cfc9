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
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
KILLS = 14
SEED = 20261123

WORK = """
import contextlib, os, re, signal, sys
from pathlib import Path

from pillowbook.domain.work import GateState
from pillowbook.host.workers import CancelToken
from pillowbook.schedule.runner import Runner
from pillowbook.store import database
from tests.flow.conftest import Stream

die_at, days, seen = int(sys.argv[2]), int(sys.argv[3]), 0


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


root = Path(sys.argv[1])
stream = Stream(root)
stream.clock.days = days
stream.generator._make = reply
database.Database.write = counted


def unasked(*_):
    raise AssertionError("the gate is not asked")


runner = Runner(
    stream.stages, sense=unasked, rules=unasked, clock=stream.clock, on_gate=unasked, on_slice=lambda entry: None
)
stream.sync()
totals = runner.work(3600, on_totals=lambda totals: None, cancel=CancelToken())
assert totals.is_exhausted, totals
runner.stop()
stream.close()
print(seen, flush=True)
"""

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


def run(root: Path, die_at: int, days: int = 0) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "desktop")])}
    command = [sys.executable, "-c", WORK, str(root), str(die_at), str(days)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


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
def test_killed_at_any_write_the_whole_stream_loses_a_slice_at_most_and_does_nothing_twice(
    tmp_path: Path,
) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    for root in (whole, cut):
        root.mkdir()
        write_notes(root)
    events = 0
    for days in (0, 2):  # audits want answers that are some hours old
        undisturbed = run(whole, 0, days)
        assert undisturbed.returncode == 0, undisturbed.stderr
        events += int(undisturbed.stdout)
    wanted = contents(whole)
    assert all(wanted[name] for name in ("digests", "folders", "questions", "prepared", "audits")), "all ran"
    draw = random.Random(SEED)
    killed = 0
    for kill in range(KILLS):
        ended = run(cut, draw.randint(1, 2 * events // KILLS), 0 if kill < KILLS - 4 else 2)
        assert ended.returncode in (0, -signal.SIGKILL), ended.stderr
        killed += ended.returncode == -signal.SIGKILL
    assert killed >= KILLS // 2, "it was killed at work"
    for days in (0, 2):
        finished = run(cut, 0, days)
        assert finished.returncode == 0, finished.stderr
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
