"""The process that works on a vault is killed again and again; what it leaves is whole, and nothing is there twice."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

WORK = """
import sys
from pathlib import Path
from tests.flow.conftest import Stream
from tests.flow.test_digests import work

stream = Stream(Path(sys.argv[1]))
print("ready", flush=True)
work(stream)
print("done", flush=True)
stream.close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_killed_at_any_point_nothing_is_lost_and_nothing_is_twice(tmp_path: Path) -> None:
    from tests.flow.conftest import Stream
    from tests.flow.test_digests import NOTES

    stream = Stream(tmp_path)
    for at in range(4):
        for name, text in NOTES.items():
            stream.write(f"{at}/{name}", text.replace("# ", f"# {at} "))
    stream.sync()
    stream.close()
    command = [sys.executable, "-c", textwrap.dedent(WORK), str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "desktop")])}
    cut = 0
    for delay_s in (0.02, 0.05, 0.1, 0.2, 0.3):
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(delay_s)
        cut += child.poll() is None
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
    assert cut >= 3, "they were killed at work"
    finished = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert finished.stdout == "ready\ndone\n", finished.stderr
    stream = Stream(tmp_path)
    try:
        with stream.vault._require_opened().database.read() as connection:
            counts = [
                connection.execute(query).fetchone()[0]
                for query in (
                    "SELECT count(*) FROM digests",
                    "SELECT count(*) FROM passes",
                    "SELECT count(*) - count(DISTINCT passage_id || kind || start || value || coalesce(first, '')) "
                    "FROM findings",
                )
            ]
        assert counts == [20, 40, 0]
        folders = {one.path.removeprefix(str(stream.notes)) for one in stream.beyond.folders.current()}
        assert len(folders) == 4 * 4 + 1
    finally:
        stream.close()
