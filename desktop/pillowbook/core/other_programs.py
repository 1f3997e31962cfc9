"""What other programs on this machine may have of the notes, once the user allows it: the one place that decides it.

Folders kept private, and those whose text never leaves this machine (another program may send it anywhere), stay out:
they are not searched, not read for an answer, and nothing that was made from them is given. They are looked up again in
what goes out, since a note may come to be known while an answer is made. Who asks for such a path is told what is told
of a path that does not exist.
"""

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import replace

from pillowbook.core import protocol as p
from pillowbook.core.overview import Overview
from pillowbook.core.paths import absolute
from pillowbook.domain.answers import Answer, AnswerKind
from pillowbook.domain.asking import AskMode, SearchHits
from pillowbook.domain.documents import DocumentState
from pillowbook.domain.errors import DocumentUnknown, FolderUnknown
from pillowbook.domain.ids import DocumentId, TopicId
from pillowbook.flow.serve.serve import Server
from pillowbook.host.workers import CancelToken
from pillowbook.store.digests import Digests
from pillowbook.store.library import Library

MOST_DIGESTS = 50
"""Of each kind in one reply."""

MOST_HITS = 50


class OtherPrograms:
    """Answers the calls of other programs. Nothing they ask is remembered, nor does it keep the vault open.

    Args:
        hold: makes background work stand still while it is left open.
    """

    def __init__(
        self,
        *,
        library: Library,
        digests: Digests,
        overview: Overview,
        server: Server,
        hold: Callable[[], contextlib.AbstractContextManager[None]],
    ) -> None:
        self._library = library
        self._digests = digests
        self._overview = overview
        self._server = server
        self._hold = hold

    def handle(self, call: p.OtherCall, cancel: CancelToken) -> object:
        """The reply to one of their calls."""
        match call:
            case p.AskForOther(question, is_prepared_only):
                return self.ask(question, is_prepared_only=is_prepared_only, cancel=cancel)
            case p.SearchForOther(words, limit):
                return self.search(words, limit)
            case p.DigestForOther(path, topic):
                if path is None:
                    return p.DigestsForOther(topics=self._topics(topic))
                return self._below(absolute(path))

    def ask(self, question: str, *, is_prepared_only: bool, cancel: CancelToken) -> Answer:
        """An answer from the notes that other programs may use; raises what :meth:`Server.ask` does."""
        mode = AskMode.PREPARED_ONLY if is_prepared_only else AskMode.AUTO
        with self._hold():
            withheld = self._withheld()
            if withheld:
                answer = self._server.ask_without(question, withheld, mode=mode, cancel=cancel)
            else:
                answer = self._server.ask(question, mode=mode, learn=False, cancel=cancel)
        nearest = tuple(one for one in answer.nearest if not self._is_kept(one.path))
        rests_on_kept = not self._withheld().isdisjoint(answer.document_ids)
        if rests_on_kept or any(self._is_kept(one.path) for one in answer.citations):
            return replace(
                answer,
                answer="",
                kind=AnswerKind.NONE,
                freshness=None,
                matched_question=None,
                prepared_at=None,
                citations=(),
                document_ids=(),
                related=(),
                change_note="",
                nearest=nearest,
            )
        return replace(answer, nearest=nearest)

    def search(self, words: str, limit: int) -> SearchHits:
        """Passages that other programs may see."""
        found = self._server.search(words, limit=max(1, min(limit, MOST_HITS)), without=self._withheld())
        return replace(found, hits=tuple(hit for hit in found.hits if not self._is_kept(hit.path)))

    def _below(self, path: str) -> p.DigestsForOther:
        """The digests of a document, or of a folder and what is below it.

        Raises:
            DocumentUnknown: nothing is indexed there that other programs may use.
        """
        known = [*self._library.documents_below(path), self._library.document_at(path)]
        indexed = [one for one in known if one is not None and one.state is DocumentState.INDEXED]
        if all(self._is_kept(one.path) for one in indexed):
            raise DocumentUnknown()
        documents = [one for one in self._overview.documents(path) if not self._is_kept(one.path)]
        folders: list[p.DigestView] = []
        with contextlib.suppress(FolderUnknown):
            folders = [one for one in self._overview.folder(path) if self._may_tell(one.path)]
        return p.DigestsForOther(tuple(documents[:MOST_DIGESTS]), tuple(folders[:MOST_DIGESTS]))

    def _topics(self, name: str) -> tuple[p.TopicView, ...]:
        """Topics with nothing in them that is kept: label and gist speak of all their passages."""
        found = self._overview.topics(name or None)
        told = [
            one
            for one in found
            if one.paths
            and not any(self._is_kept(path) for path in one.paths)
            and not self._any_kept(self._digests.topic_sources(TopicId(one.id)))
        ]
        return tuple(told[:MOST_DIGESTS])

    def _may_tell(self, folder: str) -> bool:
        """Whether a folder's digest rests on nothing that is kept."""
        sources = self._digests.folder_sources(folder)
        return bool(sources) and not self._is_kept(folder) and not self._any_kept(sources)

    def _any_kept(self, documents: Iterable[DocumentId]) -> bool:
        wanted = list(documents)
        return self._library.kept_private.must_stay(wanted) or self._library.kept_here.must_stay(wanted)

    def _is_kept(self, path: str) -> bool:
        return self._library.kept_private.covers(path) or self._library.kept_here.covers(path)

    def _withheld(self) -> frozenset[DocumentId]:
        return self._library.kept_private.kept() | self._library.kept_here.kept()
