"""What keeps the process's memory to itself; tried in a process of its own, because it cannot be undone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROBE = """
import os, sys
from pillowbook.host.hardening import harden_process
held = harden_process()
import resource
assert resource.getrlimit(resource.RLIMIT_CORE)[0] == 0
open(sys.argv[1], "w").close()
print(*held)
"""


@pytest.mark.skipif(os.name != "posix", reason="modes and core limits are Unix matters")
def test_files_are_private_and_there_is_no_core_dump(tmp_path: Path) -> None:
    file = tmp_path / "made"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "desktop")}
    command = [sys.executable, "-c", PROBE, str(file)]
    output = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    held = output.stdout.split()
    assert {"umask", "no-core"} <= set(held)
    assert ("undumpable" in held) == (sys.platform == "linux")
    assert oct(file.stat().st_mode & 0o777) == "0o600"
