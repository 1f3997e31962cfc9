"""The real engine's own threads: idle for background work, and never for a question."""

import os
import sys
from pathlib import Path

import pytest

from pillowbook.models.generator.client import LlamaGenerator, Message

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="uses Linux scheduling and /proc")


def busy_threads(process_id: int, before: dict[int, int]) -> dict[int, int]:
    """The policies of the threads that computed for over 20 ms since ``before``."""
    return {
        thread: os.sched_getscheduler(thread)
        for thread, used_ns in used(process_id).items()
        if used_ns - before.get(thread, 0) > 20_000_000
    }


def used(process_id: int) -> dict[int, int]:
    """Nanoseconds of the processor by thread."""
    return {
        int(task.name): int((task / "schedstat").read_text("ascii").split()[0])
        for task in Path(f"/proc/{process_id}/task").iterdir()
    }


def test_the_engines_threads_are_idle_for_background_work_only(tiny_model: Path) -> None:
    """Without the privilege to leave SCHED_IDLE, as an ordinary user; tests often run as root."""
    generator = LlamaGenerator(tiny_model, context_tokens=1024)
    if os.geteuid() == 0:
        worker = generator._worker
        worker._command = ["setpriv", "--bounding-set=-sys_nice", "prlimit", "--nice=0:0", *worker._command]
    story = [Message("user", "Tell a long story about a lighthouse.")]
    try:
        generator.generate(story, max_tokens=1, deadline_s=60)
        process_id = generator.process_id
        assert process_id is not None
        for is_background, policy in ((True, os.SCHED_IDLE), (False, os.SCHED_OTHER), (True, os.SCHED_IDLE)):
            before = used(process_id)
            generator.generate(story, max_tokens=60, deadline_s=60, temperature=1.0, background=is_background)
            assert generator.process_id == process_id
            found = busy_threads(process_id, before)
            assert found and set(found.values()) == {policy}, (is_background, found)
    finally:
        generator.close()
