"""How many threads a model gets."""

import os
import sys

import psutil


def count_cores() -> int:
    """Physical cores this process may use: more threads than that slow matrix products down."""
    cores = psutil.cpu_count(logical=False) or os.cpu_count() or 1
    if sys.platform == "linux":
        cores = min(cores, len(os.sched_getaffinity(0)))
    return cores


def count_background_cores() -> int:
    """Cores for work nobody waits for: half of them keep the rest cool and free. Of two both, since one alone
    takes nearly twice as long (docs/decisions/0003-workers.md).
    """
    cores = count_cores()
    return cores if cores <= 2 else max(2, cores // 2)
