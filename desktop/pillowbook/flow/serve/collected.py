"""The lists that answer questions about the notes as a whole, computed from findings, relations, digests and words."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path, PurePath
from typing import Final

from pillowbook.answering.cite import cite_span, cite_unit
from pillowbook.answering.collection_questions import CollectionKind, CollectionQuestion
from pillowbook.answering.compute.days import named
from pillowbook.answering.retrieve import Retriever
from pillowbook.answering.terms import content_stems, plain_text
from pillowbook.answering.units import Unit, split_units
from pillowbook.domain.answers import Citation
from pillowbook.domain.digests import FindingKind, FolderDigest, PassKind, RelationKind
from pillowbook.domain.documents import Document, DocumentState, Passage
from pillowbook.domain.ids import DocumentId
from pillowbook.flow.serve.collected_days import DayLists, IsIn
from pillowbook.flow.serve.collected_lines import (
    Collection,
    Item,
    cite_finding,
    dated_line,
    plain_line,
    roots_of,
    short,
    told_in,
    unit_line,
)
from pillowbook.flow.serve.decisions import Decisions
from pillowbook.store.findings import Findings
from pillowbook.store.library import Library
from pillowbook.store.words import WordIndex

MAX_CANDIDATES: Final = 5000
"""Passages that hold a word of what is mentioned; beyond, a count would be of no use to anybody."""


class Collected:
    """Computes lists over all notes. Thread-safe as far as the stores are.

    Args:
        current_folders: the folders' digests that hold now.
    """

    def __init__(
        self,
        *,
        library: Library,
        findings: Findings,
        words: WordIndex,
        retriever: Retriever,
        current_folders: Callable[[], Sequence[FolderDigest]],
    ) -> None:
        self._library = library
        self._findings = findings
        self._words = words
        self._retriever = retriever
        self._current_folders = current_folders
        self._days = DayLists(findings)
        self._decisions = Decisions(retriever=retriever, words=words, library=library, findings=findings)

    def collect(
        self,
        question: str,
        wanted: CollectionQuestion,
        today: date,
        without: frozenset[DocumentId] = frozenset(),
    ) -> Collection | None:
        """What is wanted; None where an ordinary answer may find more.

        Args:
            without: documents to leave out.
        """
        below = self._below(wanted.folder)
        if below is None and wanted.folder:
            if wanted.kind is CollectionKind.FOLDER:
                return None  # it may be one of paper
            nothing = f"No folder of your notes is called “{wanted.folder}”."
            return Collection("", nothing, ())
        within = None if below is None else frozenset(one.id for one in below)

        def is_in(document_id: DocumentId) -> bool:
            return document_id not in without and (within is None or document_id in within)

        found = self._listed(question, wanted, today, is_in)
        return None if found is not None and not found.items and wanted.may_be_ordinary else found

    def _listed(
        self, question: str, wanted: CollectionQuestion, today: date, is_in: IsIn
    ) -> Collection | None:
        match wanted.kind:
            case CollectionKind.DECIDED:
                return self._decided(question, wanted, is_in)
            case CollectionKind.CONTRADICTIONS:
                return self._contradictions(wanted, is_in)
            case CollectionKind.CHANGED:
                return self._changed(wanted, is_in)
            case CollectionKind.MENTIONS:
                return self._mentions(wanted, is_in)
            case CollectionKind.COUNT | CollectionKind.FOLDER:
                return self._folder(wanted, is_in)
            case CollectionKind.OPEN:
                return self._open(wanted, is_in)
            case CollectionKind.TASKS | CollectionKind.OVERDUE:
                return self._days.tasks(wanted, today, is_in)
            case CollectionKind.ENDING:
                return self._days.ending(wanted, is_in)
            case CollectionKind.COMING:
                return self._days.coming(wanted, today, is_in)

    # -- decisions, contradictions, open questions ---------------------------------------------------------------

    def _decided(self, question: str, wanted: CollectionQuestion, is_in: IsIn) -> Collection | None:
        found = self._decisions.find(question, wanted, is_in)
        if not found:
            return None
        items = tuple(
            Item(
                dated_line(one.day, unit_line(one.unit), "(changed later)" if one.is_superseded else ""),
                (one.citation,),
            )
            for one in found
        )
        about = f" about {wanted.about}" if wanted.about else ""
        return Collection(f"Decided{about}, the latest first:", "", items)

    def _contradictions(self, wanted: CollectionQuestion, is_in: IsIn) -> Collection:
        roots = roots_of(wanted.about)
        items: list[Item] = []
        for one in self._findings.relations([RelationKind.SUPERSEDED, RelationKind.CONTRADICTION]):
            sides = ((one.newer, one.relation.newer), (one.older, one.relation.older))
            if not all(is_in(passage.document_id) for passage, _ in sides):
                continue
            if not roots <= frozenset().union(*(told_in(passage) for passage, _ in sides)):
                continue
            cited = [cite_span(passage, place.start, place.end) for passage, place in sides]
            newer, older = (
                dated_line(place.day, f"{quoted.title}: {plain_line(quoted.quote)}")
                for quoted, (_, place) in zip(cited, sides, strict=True)
            )
            items.append(Item(f"{newer} — earlier, {older}", tuple(cited)))
        about = f" about {wanted.about}" if wanted.about else ""
        count = "One place" if len(items) == 1 else f"{len(items)} places"
        return Collection(
            f"{count} where your notes say different things{about}:",
            f"No two notes were found that contradict each other{about}.",
            tuple(items),
            needs=PassKind.COMPARE,
        )

    def _open(self, wanted: CollectionQuestion, is_in: IsIn) -> Collection:
        items = [
            Item(f"{one.passage.title}: {short(one.finding.text)}", (cite_finding(one),))
            for one in self._days.those([FindingKind.OPEN], wanted.about, is_in)
        ]
        about = f" about {wanted.about}" if wanted.about else ""
        return Collection(
            f"Open{about} in your notes:",
            f"Nothing was found that is left open{about} in your notes.",
            tuple(items),
            needs=PassKind.FIND,
        )

    # -- notes -----------------------------------------------------------------------------------------------------

    def _changed(self, wanted: CollectionQuestion, is_in: IsIn) -> Collection:
        window = wanted.window
        assert window is not None
        found: list[tuple[datetime, Document]] = []
        for document in self._library.documents(state=DocumentState.INDEXED):
            if document.fingerprint is None or not is_in(document.id):
                continue
            at = datetime.fromtimestamp(document.fingerprint.modified_ns / 1e9, UTC).astimezone()
            if window.holds(at.date()):
                found.append((at, document))
        items = [
            Item(f"{document.title} ({at:%A} {named(at.date())}, {at:%H:%M})", cited)
            for at, document in sorted(found, key=lambda one: (-one[0].timestamp(), one[1].path))
            if (cited := self._opening(document.id))
        ]
        count = "One note was" if len(items) == 1 else f"{len(items)} notes were"
        return Collection(
            f"{count} added or changed {window.words}:",
            f"No note was added or changed {window.words}.",
            tuple(items),
            remark="by the time each file was last saved" if items else "",
        )

    def _mentions(self, wanted: CollectionQuestion, is_in: IsIn) -> Collection:
        phrase = tuple(content_stems(wanted.about))
        found: dict[DocumentId, Item] = {}
        hits = self._words.search(wanted.about, MAX_CANDIDATES) if phrase else []
        passages = self._library.get_passages([hit.passage_id for hit in hits])
        for passage in sorted(passages, key=lambda one: (one.path, one.ordinal)):
            if passage.document_id in found or not is_in(passage.document_id):
                continue
            place = _mention(passage, phrase)
            if place is not None:
                found[passage.document_id] = Item(passage.title, (cite_unit(place),))
        mentioned = f"“{wanted.about}”"
        count = "One note mentions" if len(found) == 1 else f"{len(found)} notes mention"
        return Collection(f"{count} {mentioned}:", f"No note mentions {mentioned}.", tuple(found.values()))

    def _folder(self, wanted: CollectionQuestion, is_in: IsIn) -> Collection:
        documents = [one for one in self._library.documents(state=DocumentState.INDEXED) if is_in(one.id)]
        items = [
            Item(one.title, cited)
            for one in sorted(documents, key=lambda one: one.path)
            if (cited := self._opening(one.id))
        ]
        count = "one note" if len(items) == 1 else f"{len(items)} notes"
        where = f"The folder {wanted.folder} holds" if wanted.folder else "There are"
        lead, model = f"{where} {count}:", ""
        if wanted.kind is CollectionKind.FOLDER:
            # Only openings are cited: what the gist tells may stand anywhere, so every file must be as it was read.
            for digest in self._current_folders() if all(map(_is_as_read, documents)) else ():
                if _is_called(PurePath(digest.path), wanted.folder):
                    lead, model = f"{digest.gist}\n{lead}", digest.model
                    break
        nothing = (
            f"No note of the folder {wanted.folder} is read." if wanted.folder else "No note is read yet."
        )
        return Collection(lead, nothing, tuple(items), model=model)

    def _below(self, folder: str) -> list[Document] | None:
        """The documents below the folders of a name, at any depth; None where there is no such folder."""
        if not folder:
            return None
        found = [
            document
            for document in self._library.documents(state=DocumentState.INDEXED)
            if any(_is_called(above, folder) for above in PurePath(document.path).parents)
        ]
        return found or None

    def _opening(self, document_id: DocumentId) -> tuple[Citation, ...]:
        """Where a note begins: the first thing it says."""
        for passage in self._library.passages(document_id)[:1]:
            units = split_units(passage)
            return (cite_unit(units[0]) if units else cite_span(passage, 0, len(passage.text)),)
        return ()


def _is_as_read(document: Document) -> bool:
    """Whether a file has the size and the times it was read with."""
    read = document.fingerprint
    try:
        now = Path(document.path).stat()
    except OSError:
        return False
    return read is not None and (now.st_size, now.st_mtime_ns, now.st_ctime_ns) == (
        read.size_bytes,
        read.modified_ns,
        read.changed_ns,
    )


def _is_called(folder: PurePath, name: str) -> bool:
    parts = [part.casefold() for part in PurePath(name).parts]
    return bool(parts) and [part.casefold() for part in folder.parts[-len(parts) :]] == parts


def _mention(passage: Passage, phrase: tuple[str, ...]) -> Unit | None:
    """The unit of a passage that holds the words one after the other; its first one where the title does."""
    units = split_units(passage)
    for unit in units:
        if _holds(unit.quote, phrase):
            return unit
    is_titled = any(_holds(text, phrase) for text in (passage.title, passage.heading))
    if not is_titled and not _holds(passage.text, phrase):
        return None
    return units[0] if units else Unit(passage, 0, len(passage.text), passage.text)


def _holds(text: str, phrase: tuple[str, ...]) -> bool:
    found = content_stems(plain_text(text))
    return any(tuple(found[at : at + len(phrase)]) == phrase for at in range(len(found) - len(phrase) + 1))
