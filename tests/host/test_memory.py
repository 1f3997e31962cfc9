"""When memory counts as short."""

from pathlib import Path

import pytest

from pillowbook.host.memory import Memory, SystemMemory, stalled_percent

GIB = 1 << 30


@pytest.mark.parametrize(
    ("memory", "is_short"),
    [
        (Memory(8 * GIB, 4 * GIB), False),
        (Memory(8 * GIB, GIB // 2), True),
        (Memory(8 * GIB, 4 * GIB, stalled_percent=1.5), False),
        (Memory(8 * GIB, 4 * GIB, stalled_percent=35.0), True),
    ],
)
def test_little_left_or_waiting_for_it_is_short(memory: Memory, is_short: bool) -> None:
    assert memory.is_short == is_short


def test_this_machine_has_memory() -> None:
    memory = SystemMemory().memory()
    assert 0 < memory.available_bytes < memory.total_bytes


@pytest.mark.parametrize(
    ("text", "percent"),
    [
        (
            "some avg10=12.34 avg60=1.00 avg300=0.10 total=9\nfull avg10=1.00 avg60=0.00 avg300=0.00 total=1\n",
            12.34,
        ),
        ("full avg10=1.00 avg60=0.00 avg300=0.00 total=1\n", None),
        ("some avg10\n", None),
        ("", None),
    ],
)
def test_linux_says_how_long_work_waited(tmp_path: Path, text: str, percent: float | None) -> None:
    file = tmp_path / "memory"
    file.write_text(text)
    assert stalled_percent(file) == percent


def test_a_system_that_does_not_tell(tmp_path: Path) -> None:
    assert stalled_percent(tmp_path / "memory") is None
    assert SystemMemory(tmp_path / "memory").memory().stalled_percent is None
