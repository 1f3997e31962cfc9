"""What may stand in a log beside its fixed words."""


def facts(**values: str | int | float | None) -> dict[str, dict[str, str | int | float | None]]:
    """Ids, counts, kinds and times for ``extra=``; never names, paths or texts of the user's.

    One entry, because a record refuses extras that are named like its own attributes (``process``, ``name``).
    """
    return {"facts": values}
