"""The extractor as the core sees it: bytes in, text out, and what a document does hurts only that document."""

import os
import threading
from dataclasses import dataclass
from pathlib import Path

from pillowbook.domain.errors import DeadlineExceeded, DocumentUnreadable, WorkerLost
from pillowbook.flow.ingest.encoding import decode_text
from pillowbook.flow.ingest.extractor.protocol import (
    MAX_TEXT_CHARS,
    ExtractCall,
    ExtractReply,
    SandboxCall,
    SandboxReply,
)
from pillowbook.flow.ingest.kinds import MARKDOWN, MIME_BY_KIND, kind_of
from pillowbook.flow.ingest.outline import markdown_title
from pillowbook.host.regular import open_regular
from pillowbook.host.workers import Worker

MAX_FILE_BYTES = 100 << 20
"""Larger files are excluded: read whole, they would fill the worker's memory."""

_BASE_DEADLINE_S = 20.0
_DEADLINE_S_PER_MIB = 2.0


@dataclass(frozen=True, slots=True)
class Extracted:
    """A document's text. ``pages`` holds (page number, offset of its first character); empty without pages."""

    text: str
    title: str
    kind: str
    pages: tuple[tuple[int, int], ...]


class Extractor:
    """Reads documents. Markdown and plain text are decoded here; all else goes to the sandboxed worker. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running = 0
        self._worker = Worker("pillowbook.flow.ingest.extractor.worker", name="extractor")

    def extract(self, path: str | os.PathLike[str]) -> Extracted:
        """The text of a file.

        Raises:
            DocumentUnreadable: with a reason: ``unsupported-type``, ``too-large``, ``unreadable``, ``encrypted``,
                ``damaged``, ``empty``, ``crashed`` or ``timeout``.
        """
        try:
            with open_regular(os.fspath(path)) as file:
                data = file.read(MAX_FILE_BYTES + 1)
        except OSError as error:
            raise DocumentUnreadable(reason="unreadable", errno=error.errno or 0) from error
        if len(data) > MAX_FILE_BYTES:
            raise DocumentUnreadable(reason="too-large")
        return self.extract_bytes(data, os.fspath(path))

    def extract_bytes(self, data: bytes, path: str, *, background: bool = False) -> Extracted:
        """The text of a file whose bytes are at hand; ``path`` gives the kind and, failing all else, the title.

        Raises:
            DocumentUnreadable: as :meth:`extract`.
        """
        kind = kind_of(path)
        if kind is None:
            raise DocumentUnreadable(reason="unsupported-type")
        stem = Path(path).stem.encode("utf-8", "replace").decode("utf-8")  # a file's name may be any bytes
        if kind not in MIME_BY_KIND:
            text = decode_text(data)
            if len(text) > MAX_TEXT_CHARS:
                raise DocumentUnreadable(reason="too-large")
            return Extracted(text, (markdown_title(text) if kind == MARKDOWN else "") or stem, kind, ())
        if not data:
            raise DocumentUnreadable(reason="empty")
        deadline_s = _BASE_DEADLINE_S + _DEADLINE_S_PER_MIB * len(data) / (1 << 20)
        with self._lock:
            self._running += 1
        try:
            reply = self._worker.call(
                ExtractCall(kind, data), ExtractReply, deadline_s=deadline_s, background=background
            )
        except WorkerLost as error:
            raise DocumentUnreadable(reason="crashed") from error
        except DeadlineExceeded as error:
            raise DocumentUnreadable(reason="timeout") from error
        finally:
            with self._lock:
                self._running -= 1
        return Extracted(reply.text, reply.title or stem, kind, reply.pages)

    def sandbox(self) -> SandboxReply:
        """Which walls stand around the parsers on this system; starts the worker."""
        return self._worker.call(SandboxCall(), SandboxReply, deadline_s=30.0)

    def rest(self) -> None:
        """End the worker until it is needed again; it holds about 60 MB. Nothing happens while it works."""
        with self._lock:  # a question may be having a changed file read anew; that call must not be cut off
            if not self._running:
                self._worker.stop()

    def close(self) -> None:
        """End the worker for good."""
        self._worker.close()
