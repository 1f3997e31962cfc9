"""Which model of the catalogue fits a machine: the largest that leaves room for other programs and answers in time.

The model of speed is rough on purpose. Reading is bound by arithmetic, so it goes with the cores; writing by the
throughput of memory, so it goes with the model's size alone. Both are scaled from the default model on two cores.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pillowbook.models.catalogue import ModelEntry

READ_PER_S: Final = 60.0
WRITTEN_PER_S: Final = 22.0
MEASURED_CORES: Final = 2
MEASURED_PARAMETERS_B: Final = 1.5
"""The default model, on the machine of ``docs/decisions/0003-workers.md``: 60 tokens/s reading, 22 writing."""

READ_TOKENS: Final = 250
WRITTEN_TOKENS: Final = 40
"""Of an ordinary live answer."""
PATIENCE_S: Final = 15.0
"""The longest that an ordinary live answer should take; prepared ones are there at once with any model."""

LEFT_FOR_OTHERS_MB: Final = 2500
MOST_SHARE: Final = 0.5
"""Of the machine's memory: a browser wants the rest."""
LEAST_PARAMETERS_B: Final = 1.0
"""Smaller models of this catalogue cannot answer; they write summaries, or serve the tests."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A model, and why. ``alternatives`` have a like size and fit as well; ``next_larger`` is the one that does not."""

    model: str
    sentence: str
    answer_s: float
    alternatives: tuple[str, ...]
    next_larger: str | None
    next_sentence: str


def answer_seconds(entry: ModelEntry, cores: int) -> float:
    """How long an ordinary live answer takes, roughly, without a graphics processor."""
    scale = entry.parameters_b / MEASURED_PARAMETERS_B
    read_s = READ_TOKENS * scale / (READ_PER_S * cores / MEASURED_CORES)
    return read_s + WRITTEN_TOKENS * scale / WRITTEN_PER_S


def recommend(
    entries: Sequence[ModelEntry], *, memory_mb: int, cores: int, has_accelerator: bool = False
) -> Recommendation | None:
    """The generator for a machine; None where not even the smallest that can answer fits.

    Among models of one size the one that was run with Pillowbook goes first, then the order of the catalogue.

    Args:
        memory_mb: all of the machine's memory, or of the graphics processor's where the model runs there.
        cores: physical ones.
        has_accelerator: layers run on a graphics processor, so that speed is no question.
    """
    able = [
        entry for entry in entries if entry.role == "generator" and entry.parameters_b >= LEAST_PARAMETERS_B
    ]
    budget_mb = min(memory_mb - LEFT_FOR_OTHERS_MB, round(memory_mb * MOST_SHARE))
    fitting = [entry for entry in able if entry.memory_mb <= budget_mb]
    quick = [entry for entry in fitting if has_accelerator or answer_seconds(entry, cores) <= PATIENCE_S] or [
        entry for entry in fitting if _size_class(entry) == min(map(_size_class, fitting))
    ]
    if not quick:
        return None
    best_class = max(map(_size_class, quick))
    peers = sorted(
        (entry for entry in quick if _size_class(entry) == best_class),
        key=lambda entry: (not entry.was_run, able.index(entry)),
    )
    chosen = peers[0]
    larger = [entry for entry in able if _size_class(entry) > best_class]
    following = min(larger, key=lambda entry: (_size_class(entry), entry.memory_mb), default=None)
    speed = (
        "a graphics processor makes it quick"
        if has_accelerator
        else f"an ordinary answer takes about {answer_seconds(chosen, cores):.0f} s on {_cores(cores)}"
    )
    run = "" if chosen.was_run else ", though it was never run here"
    return Recommendation(
        model=chosen.id,
        sentence=(
            f"{chosen.title} is the largest that fits and answers in time: it needs {_gb(chosen.memory_mb)} of the "
            f"{_gb(budget_mb)} that {_gb(memory_mb)} of memory leave for it, and {speed}{run}."
        ),
        answer_s=round(answer_seconds(chosen, cores), 1),
        alternatives=tuple(entry.id for entry in peers[1:]),
        next_larger=None if following is None else following.id,
        next_sentence="" if following is None else _why_not(following, budget_mb, cores),
    )


def _why_not(entry: ModelEntry, budget_mb: int, cores: int) -> str:
    if entry.memory_mb > budget_mb:
        needed = max(entry.memory_mb + LEFT_FOR_OTHERS_MB, round(entry.memory_mb / MOST_SHARE))
        return f"The next larger, {entry.title}, needs a machine with {_gb(needed)} of memory."
    seconds = answer_seconds(entry, cores)
    return (
        f"The next larger, {entry.title}, would fit, but an answer would take about {seconds:.0f} s on "
        f"{_cores(cores)}; with a graphics processor, or a server of your own, it is the better one."
    )


def _size_class(entry: ModelEntry) -> int:
    """1 to 2, 3 to 4, 7 to 9 billion parameters."""
    return 0 if entry.parameters_b < 2.5 else 1 if entry.parameters_b < 6 else 2


def _gb(megabytes: int) -> str:
    return f"{megabytes / 1000:.1f} GB"


def _cores(cores: int) -> str:
    return f"{cores} core{'' if cores == 1 else 's'}"
