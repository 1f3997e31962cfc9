"""What the extractor's client and worker say to each other; both ends import this."""

import msgspec

MAX_TEXT_CHARS = 20_000_000
"""More text than this comes from no document that a person keeps to read."""


class ExtractCall(msgspec.Struct, array_like=True, frozen=True, tag="extract"):
    """Turn a file's bytes into text. ``kind`` is one of ``kinds.MIME_BY_KIND``."""

    kind: str
    data: bytes


class SandboxCall(msgspec.Struct, array_like=True, frozen=True, tag="sandbox"):
    """Say which walls stand around the worker on this system."""


Request = ExtractCall | SandboxCall


class ExtractReply(msgspec.Struct, array_like=True, frozen=True):
    """``title`` is empty when the document names none; ``pages`` holds (number, offset of the first character)."""

    text: str
    title: str
    pages: tuple[tuple[int, int], ...]


class SandboxReply(msgspec.Struct, array_like=True, frozen=True):
    """Which walls stand: a memory limit, no network, no new or changed files."""

    limits_memory: bool
    has_no_network: bool
    writes_no_files: bool
