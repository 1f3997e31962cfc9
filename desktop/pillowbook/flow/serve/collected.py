"""The lists that answer questions about the notes as a whole, computed from findings, relations, digests and words."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import PurePath
from typing import Final

from pillowbook.answering.cite import cite_span, cite_unit
from pillowbook.answering.collection_questions import CollectionKind, CollectionQuestion
from pillowbook.answering.compute.days import named
from pillowbook.answering.dates import spelled
from pillowbook.answering.pairs import canonical_stems
from pillowbook.answering.retrieve import Retriever
from pillowbook.answering.terms import content_stems, plain_text
from pillowbook.answering.time_windows import Window
from pillowbook.answering.units import Unit, split_units
from pillowbook.domain.answers import Citation
from pillowbook.domain.digests import FindingKind, FolderDigest, PassKind, PlacedFinding, RelationKind
from pillowbook.domain.documents import Document, DocumentState, Passage
from pillowbook.domain.ids import DocumentId, PassageId
from pillowbook.flow.serve.decisions import Decisions
from pillowbook.store.findings import Findings
from pillowbook.store.library import Library
from pillowbook.store.words import WordIndex

MAX_LINE_CHARS: Final = 220
MAX_CANDIDATES: Final = 5000
"""Passages that hold a word of what is mentioned; beyond, a count would be of no use to anybody."""

LONG_DAYS: Final = 45
"""A span longer than this is dated by its ends, not by what lies between."""

_ENDS = re.compile(
    r"\b(?:ends?|ended|until|till|runs? out|expires?|expiry|renews?|valid|lapses?|closes|terminates?|is up|"
    r"lease|fixed|from\b.*\bto|runs)\b",
    re.IGNORECASE,
)
_CONTRACT = re.compile(
    r"\b(?:contracts?|deals?|leases?|insur\w*|polic(?:y|ies)|tariffs?|mortgages?|subscriptions?|warrant(?:y|ies)|guarantees?|"
    r"agreements?|memberships?|rents?|broadband|hosting|exit fee|premium)\b",
    re.IGNORECASE,
)
_ANY_CONTRACT: Final = frozenset(
    canonical_stems("contract contracts deal deals agreement agreements thing things")
)


@dataclass(frozen=True, slots=True)
class Item:
    """One line of an answer and what it rests on."""

    text: str
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Collection:
    """What was found.

    Attributes:
        lead: the first line where there are items, ``nothing`` where there are none.
        remark: what the reader should know besides.
        needs: the pass over the notes that this rests on.
        model: of what was written by one while the machine was idle.
    """

    lead: str
    nothing: str
    items: tuple[Item, ...]
    remark: str = ""
    needs: PassKind | None = None
    model: str = ""


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
                return self._tasks(wanted, today, is_in)
            case CollectionKind.ENDING:
                return self._ending(wanted, is_in)
            case CollectionKind.COMING:
                return self._coming(wanted, today, is_in)

    # -- decisions, contradictions, open questions ---------------------------------------------------------------

    def _decided(
        self, question: str, wanted: CollectionQuestion, is_in: Callable[[DocumentId], bool]
    ) -> Collection | None:
        found = self._decisions.find(question, wanted, is_in)
        if not found:
            return None
        items = tuple(
            Item(
                _dated_line(one.day, _line(one.unit), "(changed later)" if one.is_superseded else ""),
                (one.citation,),
            )
            for one in found
        )
        about = f" about {wanted.about}" if wanted.about else ""
        return Collection(f"Decided{about}, the latest first:", "", items)

    def _contradictions(self, wanted: CollectionQuestion, is_in: Callable[[DocumentId], bool]) -> Collection:
        roots = _roots(wanted.about)
        items: list[Item] = []
        for one in self._findings.relations([RelationKind.SUPERSEDED, RelationKind.CONTRADICTION]):
            sides = ((one.newer, one.relation.newer), (one.older, one.relation.older))
            if not all(is_in(passage.document_id) for passage, _ in sides):
                continue
            if not roots <= frozenset().union(*(_told(passage) for passage, _ in sides)):
                continue
            cited = [cite_span(passage, place.start, place.end) for passage, place in sides]
            newer, older = (
                _dated_line(place.day, f"{quoted.title}: {_plain(quoted.quote)}")
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

    def _open(self, wanted: CollectionQuestion, is_in: Callable[[DocumentId], bool]) -> Collection:
        items = [
            Item(f"{one.passage.title}: {_short(one.finding.text)}", (_cite(one),))
            for one in self._those([FindingKind.OPEN], wanted.about, is_in)
        ]
        about = f" about {wanted.about}" if wanted.about else ""
        return Collection(
            f"Open{about} in your notes:",
            f"Nothing was found that is left open{about} in your notes.",
            tuple(items),
            needs=PassKind.FIND,
        )

    # -- by day ----------------------------------------------------------------------------------------------------

    def _tasks(
        self, wanted: CollectionQuestion, today: date, is_in: Callable[[DocumentId], bool]
    ) -> Collection:
        found = [
            one for one in self._those([FindingKind.TASK], wanted.about, is_in) if not one.finding.is_done
        ]
        window = wanted.window
        about = f" about {wanted.about}" if wanted.about else ""
        if wanted.kind is CollectionKind.OVERDUE:
            found = [one for one in found if one.finding.last is not None and one.finding.last < today]
            lead, nothing = f"Overdue{about}:", f"No open task{about} is overdue."
        elif window is not None:
            found = [one for one in found if one.finding.last is not None and window.holds(one.finding.last)]
            lead = f"Due{about}, {window.words}:"
            nothing = f"No open task{about} is due in {window.words}."
        else:
            lead, nothing = f"Open tasks{about}:", f"No open task{about} was found."

        def order(one: PlacedFinding) -> tuple[int, date]:
            due = one.finding.last
            return (1, date.max) if due is None else (0, due) if due >= today else (2, due)

        items = []
        for one in sorted(found, key=order):
            due = one.finding.last
            late = " (overdue)" if due is not None and due < today else ""
            day = f"{named(due)}{late}: " if due is not None else ""
            items.append(Item(f"{day}{_short(one.finding.text)} ({one.passage.title})", (_cite(one),)))
        return Collection(lead, nothing, tuple(items), needs=PassKind.FIND)

    def _coming(
        self, wanted: CollectionQuestion, today: date, is_in: Callable[[DocumentId], bool]
    ) -> Collection:
        window = wanted.window
        assert window is not None  # the form asks for one
        first = window.first if window.last < today else max(window.first, today)
        rest = Window(first, window.last, window.words)
        about = f" about {wanted.about}" if wanted.about else ""
        return Collection(
            f"In your notes for {window.words}{about}:",
            f"Nothing with a day in {window.words}{about} was found in your notes.",
            self._by_day(self._dated(wanted.about, is_in, rest)),
            needs=PassKind.FIND,
        )

    def _ending(self, wanted: CollectionQuestion, is_in: Callable[[DocumentId], bool]) -> Collection:
        window = wanted.window
        assert window is not None
        kinds = _roots(wanted.about) - _ANY_CONTRACT
        is_contract = bool(wanted.about) and "thing" not in wanted.about
        found = []
        for one in self._dated("", is_in, window):
            last = one.finding.last
            text = one.passage.text[one.finding.start : one.finding.end]
            if last is None or not window.holds(last) or not _ENDS.search(text):
                continue
            around = f"{text} {one.passage.title} {one.passage.heading}"
            if is_contract and not _CONTRACT.search(f"{around} {one.passage.text}"):
                continue
            if kinds and kinds.isdisjoint(canonical_stems(f"{around} {PurePath(one.passage.path).stem}")):
                continue
            found.append(one)
        what = wanted.about or "what"
        return Collection(
            f"{what[:1].upper()}{what[1:]} ending, {window.words}:",
            f"No note was found that says of {wanted.about or 'anything'} that it ends in {window.words}.",
            self._by_day(found, by_last=True),
            needs=PassKind.FIND,
        )

    def _dated(self, about: str, is_in: Callable[[DocumentId], bool], window: Window) -> list[PlacedFinding]:
        """What has a day in a window and was neither done nor said otherwise later."""
        gone = {
            (one.older.id, one.relation.older.start)
            for one in self._findings.relations([RelationKind.SUPERSEDED])
        }
        found = []
        for one in self._those([FindingKind.DAY, FindingKind.TASK], about, is_in):
            first, last = one.finding.first, one.finding.last
            if first is None or last is None or one.finding.is_done:
                continue
            is_long = (last - first).days > LONG_DAYS
            touches = (
                window.holds(first) or window.holds(last)
                if is_long
                else first <= window.last and last >= window.first
            )
            if touches and (one.passage.id, one.finding.start) not in gone:
                found.append(one)
        return found

    def _by_day(self, found: Iterable[PlacedFinding], *, by_last: bool = False) -> tuple[Item, ...]:
        """A line for each place, at its first day in the window; one place is told once."""
        told: dict[tuple[PassageId, int], Item] = {}

        def day_of(one: PlacedFinding) -> date:
            return (one.finding.last if by_last else one.finding.first) or date.max

        for one in sorted(found, key=day_of):
            first, last = one.finding.first, one.finding.last
            assert first is not None and last is not None
            days = named(last) if by_last or first == last else _span(first, last)
            item = Item(f"{days}: {_short(_plain(_quote(one)))} ({one.passage.title})", (_cite(one),))
            told.setdefault((one.passage.id, one.finding.start), item)
        return tuple(told.values())

    def _those(
        self, kinds: Sequence[FindingKind], about: str, is_in: Callable[[DocumentId], bool]
    ) -> list[PlacedFinding]:
        """Findings of documents that are in, whose passage or place holds all words of what they are to be about."""
        roots = _roots(about)
        return [
            one
            for one in self._findings.findings(kinds)
            if is_in(one.passage.document_id) and (not roots or roots <= _told(one.passage))
        ]

    # -- notes -----------------------------------------------------------------------------------------------------

    def _changed(self, wanted: CollectionQuestion, is_in: Callable[[DocumentId], bool]) -> Collection:
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
            f"{count} added or changed, {window.words}:",
            f"No note was added or changed, {window.words}.",
            tuple(items),
            remark="by the time each file was last saved" if items else "",
        )

    def _mentions(self, wanted: CollectionQuestion, is_in: Callable[[DocumentId], bool]) -> Collection:
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

    def _folder(self, wanted: CollectionQuestion, is_in: Callable[[DocumentId], bool]) -> Collection:
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
            for digest in self._current_folders():
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


def _is_called(folder: PurePath, name: str) -> bool:
    parts = [part.casefold() for part in PurePath(name).parts]
    return bool(parts) and [part.casefold() for part in folder.parts[-len(parts) :]] == parts


def _roots(about: str) -> frozenset[str]:
    return frozenset(canonical_stems(about))


def _told(passage: Passage) -> frozenset[str]:
    """The stems of a passage with its title, headings and file name."""
    place = f"{passage.title} {passage.heading} {PurePath(passage.path).stem}"
    return frozenset(canonical_stems(f"{place} {passage.text}"))


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


def _cite(one: PlacedFinding) -> Citation:
    return cite_span(one.passage, one.finding.start, one.finding.end)


def _quote(one: PlacedFinding) -> str:
    return one.passage.text[one.finding.start : one.finding.end]


def _plain(text: str) -> str:
    return re.sub(r"^(?:[-*+•]|\d{1,3}[.)])\s+(?:\[[ xX]\]\s+)?", "", plain_text(text))


def _line(unit: Unit) -> str:
    return f"{_short(_plain(unit.quote))} ({unit.passage.title})"


def _short(text: str) -> str:
    flat = " ".join(text.split())
    if len(flat) <= MAX_LINE_CHARS:
        return flat
    return f"{flat[:MAX_LINE_CHARS].rpartition(' ')[0]} …"


def _dated_line(day: str, text: str, mark: str = "") -> str:
    dated = f"{spelled(day)}: {_short(text)}" if day else _short(text)
    return f"{dated} {mark}".rstrip()


def _span(first: date, last: date) -> str:
    return f"{named(first)} to {named(last)}"
