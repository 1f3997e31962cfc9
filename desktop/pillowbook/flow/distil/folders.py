"""Digests of folders, made from those of their documents and subfolders, from the leaves up.

A folder's digest holds as long as all that was read for it says the same: a document that was distilled anew and says
what it said before changes nothing above it. What is out of date is never shown.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from pillowbook.answering.permission import Permission
from pillowbook.answering.retrieve import Retriever
from pillowbook.domain.answers import Fact
from pillowbook.domain.digests import FolderDigest
from pillowbook.domain.errors import Cancelled, Damaged, Transient, UserFixable
from pillowbook.domain.ids import DocumentId
from pillowbook.domain.work import SliceOutcome, SliceResult
from pillowbook.flow.distil.gists import GistWriter, Spent, weight
from pillowbook.host.workers import CancelToken
from pillowbook.models.generator.client import Generator
from pillowbook.store.digests import DigestLine, Digests, hash_of
from pillowbook.store.library import Library
from pillowbook.store.rows import facts_to_column

MAX_PARTS = 40
"""Of a folder with more notes and subfolders the newest are read: about as much as the model reads at once."""

MAX_FACTS = 8


@dataclass(frozen=True, slots=True)
class Part:
    """A document or subfolder as its folder's digest is made from it."""

    name: str
    gist: str
    facts: tuple[Fact, ...]
    hash: str
    documents: frozenset[DocumentId]


@dataclass(frozen=True, slots=True)
class FolderState:
    """A folder that has, or should have, a digest.

    Attributes:
        inputs: hash of the parts.
        is_current: its digest, and all below it, were made from what is there now.
        is_ready: all below it are current, so that it can be made.
    """

    path: str
    parts: tuple[Part, ...]
    inputs: str
    is_current: bool
    is_ready: bool


class FolderDistiller:
    """Makes one folder's digest at a time."""

    def __init__(
        self,
        *,
        library: Library,
        digests: Digests,
        generator: Generator,
        retriever: Retriever,
        permission: Permission,
    ) -> None:
        self._library = library
        self._retriever = retriever
        self._digests = digests
        self._writer = GistWriter(generator, date_of=retriever.date_of, permission=permission)
        self._known: tuple[str, list[str]] = ("", [])

    def stale(self) -> list[str]:
        """Folders whose digest is to be made, or to be dropped; those above wait for those below."""
        mark = self._digests.mark()
        if self._known[0] != mark:
            states = self._states()
            gone = [path for path in self._digests.folder_digests() if path not in states]
            made = [state.path for state in states.values() if state.is_ready and not state.is_current]
            self._known = (mark, gone + made)
        return self._known[1]

    def current(self) -> list[FolderDigest]:
        """The digests that hold now, by path."""
        stored = self._digests.folder_digests()
        return [stored[state.path] for state in self._states().values() if state.is_current]

    def distil(self, path: str, cancel: CancelToken | None = None) -> SliceOutcome:
        """Make and store the digest of one folder; ordinary trouble is told in the outcome."""
        outcome = self._distil(path, cancel)
        if not outcome.made:
            self._known = ("", [])  # what was to be made may be no more, though no digest came or went
        return outcome

    def _distil(self, path: str, cancel: CancelToken | None) -> SliceOutcome:
        spent = Spent()
        try:
            state = self._states().get(path)
            if state is None:
                self._digests.drop_folder_digest(path)
                return SliceOutcome(SliceResult.DONE, spent.tokens)
            if state.is_current or not state.is_ready:
                return SliceOutcome(SliceResult.REFUSED, spent.tokens)
            documents = frozenset[DocumentId]().union(*(part.documents for part in state.parts))
            gists = [f"{part.name}: {part.gist}" for part in state.parts]
            name = PurePath(path).name or path
            gist = self._writer.together(name, gists, documents, cancel, spent)
            vector = self._retriever.embed(f"{name}: {gist}", background=True)
            self._digests.put_folder_digest(
                path, gist, _facts(state.parts), state.inputs, self._writer.model_id, documents, vector
            )
            return SliceOutcome(SliceResult.DONE, spent.tokens, 1)
        except Cancelled:
            return SliceOutcome(SliceResult.CANCELLED, spent.tokens)
        except (Transient, UserFixable, Damaged) as error:
            return SliceOutcome(SliceResult.FAILED, spent.tokens, error=error)

    def _states(self) -> dict[str, FolderState]:
        roots = {folder.path for folder in self._library.folders()}
        stored = self._digests.folder_digests()
        sources = {path: self._digests.folder_sources(path) for path in stored}
        return folder_states(self._digests.lines(), roots, stored, sources)


def folder_states(
    lines: Sequence[DigestLine],
    roots: set[str],
    stored: Mapping[str, FolderDigest],
    sources: Mapping[str, Sequence[DocumentId]],
) -> dict[str, FolderState]:
    """All folders with at least two notes or subfolders, the deepest first. Pure.

    A folder with one note or one subfolder says nothing of its own: what is in it counts for the folder above.
    """
    own: dict[str, list[Part]] = {}
    below: dict[str, set[str]] = {}
    for line in lines:
        if line.path in roots:  # a single file that is watched has no folder of ours
            continue
        folder = str(PurePath(line.path).parent)
        own.setdefault(folder, []).append(
            Part(line.title, line.gist, line.facts, line.hash, frozenset({line.document_id}))
        )
        while folder not in roots and (above := str(PurePath(folder).parent)) != folder:
            below.setdefault(above, set()).add(folder)
            folder = above
    states: dict[str, FolderState] = {}
    given: dict[str, tuple[tuple[Part, ...], bool]] = {}
    # Longer paths first: whatever lies below a folder was looked at before it.
    for folder in sorted({*own, *below}, key=lambda path: (-path.count(os.sep), path)):
        parts = own.get(folder, [])[:MAX_PARTS]
        is_ready = True
        for sub in sorted(below.get(folder, ())):
            passed, is_settled = given[sub]
            parts = [*parts, *passed]
            is_ready = is_ready and is_settled
        parts = parts[:MAX_PARTS]
        if len(parts) < 2 and is_ready:
            given[folder] = (tuple(parts), is_ready)
            continue
        inputs = hash_of(*sorted(part.hash for part in parts))
        digest = stored.get(folder)
        is_current = is_ready and digest is not None and digest.inputs == inputs
        states[folder] = FolderState(folder, tuple(parts), inputs, is_current, is_ready)
        passed = ()
        if is_current and digest is not None:
            name = PurePath(folder).name
            own_hash = hash_of(name, digest.gist, facts_to_column(digest.facts))
            passed = (Part(name, digest.gist, digest.facts, own_hash, frozenset(sources.get(folder, ()))),)
        given[folder] = (passed, is_current)
    return states


def _facts(parts: Sequence[Part]) -> tuple[Fact, ...]:
    """The weightiest fact of each part in turn, as many as are shown."""
    left = [sorted(part.facts, key=lambda fact: -weight(fact.text)) for part in parts]
    taken: list[Fact] = []
    while any(left) and len(taken) < MAX_FACTS:
        for facts in left:
            if facts and len(taken) < MAX_FACTS:
                taken.append(facts.pop(0))
    return tuple(dict.fromkeys(taken))
