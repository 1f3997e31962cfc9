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
