"""Having documents read anew that turned out to differ from the vault while something was asked."""

import contextlib
from collections.abc import Callable, Iterable, Sequence

from pillowbook.domain.errors import DocumentUnknown
from pillowbook.domain.ids import DocumentId
from pillowbook.store.library import Library


class Refresher:
    """Brings documents up to date with the disk now; what is read afterwards is what the files say. Thread-safe.

    Args:
        refresh: reads the files at these paths anew; without it nothing is.
    """

    def __init__(self, library: Library, refresh: Callable[[Sequence[str]], None] | None = None) -> None:
        self._library = library
        self._refresh = refresh

    def bring_up_to_date(self, documents: Iterable[DocumentId]) -> None:
        """Returns when they are read. What the vault does not know any more is passed over."""
        if self._refresh is None:
            return
        paths: list[str] = []
        for document_id in documents:
            with contextlib.suppress(DocumentUnknown):
                paths.append(self._library.document(document_id).path)
        self._refresh(paths)
