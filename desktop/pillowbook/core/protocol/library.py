"""Folders and documents."""

import msgspec

from pillowbook.core.protocol.call import Call


class ScanSummary(msgspec.Struct, frozen=True):
    """What a scan found; counts of documents. ``indexed``, ``failed`` and ``excluded`` are all there are now."""

    indexed: int
    new: int
    changed: int
    unchanged: int
    deleted: int
    failed: int
    excluded: int
    seconds: float


class DocumentTrouble(msgspec.Struct, frozen=True):
    """A document that is not indexed, and why."""

    path: str
    state: str
    reason: str


class AddFolder(Call, frozen=True, tag="add"):
    """Reply: Folder."""

    path: str


class RemoveFolder(Call, frozen=True, tag="remove"):
    """Reply: Done."""

    path: str


class KeepHere(Call, frozen=True, tag="keep_here"):
    """Text below this folder or file never leaves this machine, or may again. Reply: list of str, all paths kept.

    Without a path nothing is changed.
    """

    path: str | None = None
    is_kept: bool = True


class KeepPrivate(Call, frozen=True, tag="keep_private"):
    """Other programs may not use text below this folder or file, or may again. Reply: list of str, all paths kept.

    Without a path nothing is changed.
    """

    path: str | None = None
    is_kept: bool = True


class ListFolders(Call, frozen=True, tag="folders"):
    """Reply: list of Folder."""


class Sync(Call, frozen=True, tag="sync"):
    """Scan and ingest until all is up to date. Reply: ScanSummary. Parts: Progress."""


class Forget(Call, frozen=True, tag="forget"):
    """Drop all that was derived from this document or folder until it changes. Reply: Done."""

    path: str


LibraryCall = AddFolder | RemoveFolder | KeepHere | KeepPrivate | ListFolders | Sync | Forget
