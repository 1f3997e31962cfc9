"""What may stand in a log beside its fixed words."""

import traceback
from pathlib import Path


def facts(**values: str | int | float | None) -> dict[str, dict[str, str | int | float | None]]:
    """Ids, counts, kinds and times for ``extra=``; never names, paths or texts of the user's.

    One entry, because a record refuses extras that are named like its own attributes (``process``, ``name``).
    """
    return {"facts": values}


def place_of(error: BaseException) -> str:
    """A bug's type and where it was raised, for a log: what an exception says may quote a document."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return type(error).__name__ + where
