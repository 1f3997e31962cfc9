"""Folders, documents and passages: the rows everything else is derived from."""

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from pillowbook.domain.clock import Clock
from pillowbook.domain.documents import (
    Document,
    DocumentState,
    Fingerprint,
    Folder,
    Passage,
    PassageDraft,
)
from pillowbook.domain.errors import DocumentUnknown, FolderUnknown
from pillowbook.domain.ids import ContentHash, DocumentId, FolderId, PassageId, PreparedId
from pillowbook.store import derived
from pillowbook.store.database import Database
from pillowbook.store.derived import Connection
from pillowbook.store.path_rules import PathRules
from pillowbook.store.reconcile import PassagePlan, reconcile_passages
from pillowbook.store.rows import (
    DOCUMENT_COLUMNS,
    PASSAGE_QUERY,
    clean_text,
    document_from_row,
    folder_from_row,
    modified_to_column,
    passage_from_row,
    path_to_column,
    stat_to_column,
    time_to_column,
    vector_from_column,
    vector_to_column,
)
from pillowbook.store.vectors import VectorStore, as_vector
from pillowbook.store.words import WordIndex

BATCH = 500


@dataclass(frozen=True, slots=True)
class DocumentChange:
    """What changed in one document.

    Attributes:
        added, removed: hashes of texts that the document holds newly, or no longer.
        withdrawn: prepared answers that rested on what is removed; they are gone already.
    """

    document_id: DocumentId
    added: tuple[ContentHash, ...]
    removed: tuple[ContentHash, ...]
    withdrawn: tuple[PreparedId, ...] = ()


@dataclass(frozen=True, slots=True)
class LibraryCounts:
    """``by_reason`` counts the failed and excluded documents by reason."""

    folders: int
    by_state: Mapping[DocumentState, int]
    by_reason: Mapping[str, int]
    passages: int
    vectors: int


@dataclass(slots=True)
class _IndexChange:
    """What the two indexes in memory have to follow once the transaction is committed."""

    removed: list[PassageId] = field(default_factory=list)
    reworded: list[PassageId] = field(default_factory=list)
    added: list[PassageId] = field(default_factory=list)
    embedded: list[PassageId] = field(default_factory=list)
    withdrawn: list[PreparedId] = field(default_factory=list)


class Library:
    """Thread-safe; every method is one transaction, and raises VaultLocked once the vault is locked.

    Attributes:
        kept_here: whose text never leaves this machine.
        kept_private: what other programs may not use.
    """

    def __init__(self, database: Database, words: WordIndex, vectors: VectorStore, clock: Clock) -> None:
        self._database = database
        self.kept_here = PathRules(database, "kept_here")
        self.kept_private = PathRules(database, "kept_private")
        self._words = words
        self._vectors = vectors
        self._clock = clock

    # -- folders -----------------------------------------------------------------------------------------------

    def add_folder(self, path: str) -> Folder:
        """Watch a folder; one that is watched already is returned as it is."""
        with self._database.write() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO folders (path, added_at) VALUES (?, ?)",
                (path_to_column(path), time_to_column(self._clock.now())),
            )
            row = connection.execute(
                "SELECT id, path, added_at FROM folders WHERE path = ?", (path_to_column(path),)
            ).fetchone()
            return self._with_rule(folder_from_row(row))

    def remove_folder(self, folder_id: FolderId) -> tuple[DocumentChange, ...]:
        """Forget a folder and everything derived from its documents.

        Raises:
            FolderUnknown: there is none of that id.
        """
        with self._database.exclusive():
            change = _IndexChange()
            changes: list[DocumentChange] = []
            with self._database.write() as connection:
                if not connection.execute("SELECT 1 FROM folders WHERE id = ?", (folder_id,)).fetchone():
                    raise FolderUnknown()
                rows = connection.execute("SELECT id FROM documents WHERE folder_id = ?", (folder_id,))
                for (document_id,) in rows.fetchall():
                    changes.append(self._purge(connection, DocumentId(document_id), change))
                    connection.execute("DELETE FROM documents WHERE id = ?", (document_id,))
                connection.execute("DELETE FROM folders WHERE id = ?", (folder_id,))
            self._follow(change)
            return tuple(changes)

    def folders(self) -> list[Folder]:
        """All watched folders, oldest first."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT id, path, added_at FROM folders ORDER BY id").fetchall()
        return [self._with_rule(folder_from_row(row)) for row in rows]

    def was_mount_point(self, folder_id: FolderId) -> bool:
        """Whether a drive was mounted just at a folder when files were last seen in it."""
        with self._database.read() as connection:
            row = connection.execute("SELECT is_mount FROM folders WHERE id = ?", (folder_id,)).fetchone()
        return row is not None and bool(row[0])

    def note_mount_point(self, folder_id: FolderId, is_mounted: bool) -> None:
        """Remember whether a drive is mounted at a folder that has files."""
        with self._database.write() as connection:
            connection.execute("UPDATE folders SET is_mount = ? WHERE id = ?", (is_mounted, folder_id))

    def _with_rule(self, folder: Folder) -> Folder:
        return replace(
            folder,
            is_kept_here=self.kept_here.covers(folder.path),
            is_kept_private=self.kept_private.covers(folder.path),
        )

    # -- documents ---------------------------------------------------------------------------------------------

    def documents(
        self, folder_id: FolderId | None = None, state: DocumentState | None = None
    ) -> list[Document]:
        """Documents in the order they were first seen, all or those of a folder or in a state."""
        with self._database.read() as connection:
            rows = connection.execute(
                f"SELECT {DOCUMENT_COLUMNS} FROM documents "
                "WHERE (?1 IS NULL OR folder_id = ?1) AND (?2 IS NULL OR state = ?2) ORDER BY id",
                (folder_id, None if state is None else state.value),
            ).fetchall()
        return [document_from_row(row) for row in rows]

    def documents_below(self, path: str) -> list[Document]:
        """Documents anywhere below a folder, by its path alone."""
        first = path.rstrip(os.sep) + os.sep
        end = first[:-1] + chr(ord(os.sep) + 1)
        # Paths that are not UTF-8 are blobs, and SQLite sorts all of them behind all texts.
        text_first, text_end = path_to_column(first), path_to_column(end)
        blob_first, blob_end = (side.encode("utf-8", "surrogatepass") for side in (first, end))
        with self._database.read() as connection:
            rows = connection.execute(
                f"SELECT {DOCUMENT_COLUMNS} FROM documents "
                "WHERE (path >= ? AND path < ?) OR (path >= ? AND path < ?) ORDER BY id",
                (text_first, text_end, blob_first, blob_end),
            ).fetchall()
        return [document_from_row(row) for row in rows]

    def document(self, document_id: DocumentId) -> Document:
        """One document.

        Raises:
            DocumentUnknown: there is none of that id.
        """
        with self._database.read() as connection:
            row = connection.execute(
                f"SELECT {DOCUMENT_COLUMNS} FROM documents WHERE id = ?", (document_id,)
            ).fetchone()
        if row is None:
            raise DocumentUnknown()
        return document_from_row(row)

    def document_at(self, path: str) -> Document | None:
        """The document of a path, if it was seen."""
        with self._database.read() as connection:
            row = connection.execute(
                f"SELECT {DOCUMENT_COLUMNS} FROM documents WHERE path = ?", (path_to_column(path),)
            ).fetchone()
        return None if row is None else document_from_row(row)

    def put_waiting(self, folder_id: FolderId, path: str, kind: str) -> DocumentId:
        """Note a file to be read. What was read of it before stays searchable until it is replaced."""
        with self._database.write() as connection:
            document_id = self._row_at(connection, folder_id, path)
            connection.execute(
                "UPDATE documents SET state = ?, reason = '', kind = ? WHERE id = ?",
                (DocumentState.WAITING.value, kind, document_id),
            )
            return document_id

    def put_document(
        self,
        folder_id: FolderId,
        path: str,
        title: str,
        kind: str,
        fingerprint: Fingerprint,
        text: str,
        passages: Sequence[PassageDraft],
        vectors: Mapping[ContentHash, NDArray[np.float32]],
    ) -> DocumentChange:
        """Replace what is known of a document.

        A passage keeps its id as long as its text stands in the document, wherever it moves to. Prepared answers
        that rest on a removed passage are withdrawn; those on kept passages follow them.

        Args:
            vectors: of texts that have none yet (see :meth:`known_hashes`); a passage without one is found by words.
        Raises:
            ValueError: a vector is not finite or not as long as those stored.
            DiskFull: nothing was changed.
        """
        text, title = clean_text(text), clean_text(title)
        now = time_to_column(self._clock.now())
        with self._database.exclusive():
            change = _IndexChange()
            with self._database.write() as connection:
                document_id = self._row_at(connection, folder_id, path)
                before = self._document(connection, document_id)
                old = _passages_of(connection, document_id)
                plan = reconcile_passages(old, passages)
                self._write_passages(connection, document_id, plan, change)
                used = {draft.content_hash for draft in passages}
                change.embedded = _write_vectors(connection, vectors, used)
                connection.execute(
                    "INSERT INTO texts (document_id, text) VALUES (?1, ?2) "
                    "ON CONFLICT (document_id) DO UPDATE SET text = ?2",
                    (document_id, text),
                )
                self._write_document(connection, before, title, kind, fingerprint, text, now)
                if before.title != title:
                    kept = [passage.id for passage, _, _ in plan.kept]
                    change.reworded = kept
                result = self._settle(connection, document_id, old, fingerprint, change, now)
            self._follow(change)
            return result

    def put_failed(
        self, folder_id: FolderId, path: str, kind: str, reason: str, fingerprint: Fingerprint | None
    ) -> DocumentChange:
        """Note a file that cannot be read; what was derived from it is deleted, but not the user's own hand in it."""
        return self._put_without_text(folder_id, path, kind, DocumentState.FAILED, reason, fingerprint)

    def put_excluded(self, folder_id: FolderId, path: str, reason: str) -> DocumentChange:
        """Note a file that is left out on purpose; what was derived from it before is deleted."""
        return self._put_without_text(folder_id, path, None, DocumentState.EXCLUDED, reason, None)

    def touch(self, document_id: DocumentId, fingerprint: Fingerprint) -> None:
        """Note that a file's bytes are the same although its times are not; it is no longer waiting."""
        with self._database.write() as connection:
            stat, sha256 = stat_to_column(fingerprint), fingerprint.sha256
            connection.execute(
                "UPDATE documents SET stat = ?, sha256 = ?, modified = ?, "
                "state = CASE WHEN state = ? AND indexed_at IS NOT NULL THEN ? ELSE state END WHERE id = ?",
                (
                    stat,
                    sha256,
                    modified_to_column(fingerprint),
                    DocumentState.WAITING.value,
                    DocumentState.INDEXED.value,
                    document_id,
                ),
            )
            connection.execute(
                "UPDATE prepared_sources SET stat = ? WHERE document_id = ? AND sha256 = ?",
                (stat, document_id, sha256),
            )

    def delete_document(self, document_id: DocumentId) -> DocumentChange:
        """Delete a document and all that was derived from it; questions the user asked stay.

        Raises:
            DocumentUnknown: there is none of that id.
        """
        with self._database.exclusive():
            change = _IndexChange()
            with self._database.write() as connection:
                result = self._purge(connection, document_id, change)
                connection.execute("DELETE FROM documents WHERE id = ?", (document_id,))
            self._follow(change)
            return result

    # -- texts and passages ------------------------------------------------------------------------------------

    def text(self, document_id: DocumentId) -> str:
        """The extracted text; empty where none was read.

        Raises:
            DocumentUnknown: there is no document of that id.
        """
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT coalesce(t.text, '') FROM documents AS d LEFT JOIN texts AS t ON t.document_id = d.id "
                "WHERE d.id = ?",
                (document_id,),
            ).fetchone()
        if row is None:
            raise DocumentUnknown()
        return str(row[0])

    def passages(self, document_id: DocumentId) -> list[Passage]:
        """A document's passages in order."""
        with self._database.read() as connection:
            return _passages_of(connection, document_id)

    def passage(self, passage_id: PassageId) -> Passage | None:
        """One passage; None when it is gone."""
        found = self.get_passages([passage_id])
        return found[0] if found else None

    def passage_ids_without(self, documents: frozenset[DocumentId]) -> frozenset[PassageId]:
        """All passages but those of some documents."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT id, document_id FROM passages").fetchall()
        return frozenset(PassageId(row[0]) for row in rows if row[1] not in documents)

    def get_passages(self, passage_ids: Sequence[PassageId]) -> list[Passage]:
        """Passages in the order asked for; those that are gone meanwhile are left out."""
        with self._database.read() as connection:
            found = {passage.id: passage for passage in _passages_by_id(connection, passage_ids)}
        return [found[passage_id] for passage_id in passage_ids if passage_id in found]

    def passages_by_hash(self, content_hash: ContentHash) -> list[Passage]:
        """All passages with this text, in all documents."""
        with self._database.read() as connection:
            rows = connection.execute(
                PASSAGE_QUERY + "WHERE p.content_hash = ? ORDER BY p.id", (content_hash,)
            )
            return [passage_from_row(row) for row in rows.fetchall()]

    def newest_passage(self) -> PassageId:
        """The highest number a passage has had; 0 before the first."""
        with self._database.read() as connection:
            return derived.newest_passage(connection)

    def passages_after(self, passage_id: PassageId) -> list[Passage]:
        """The passages that came after the one of this number, oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(PASSAGE_QUERY + "WHERE p.id > ? ORDER BY p.id", (passage_id,))
            return [passage_from_row(row) for row in rows.fetchall()]

    def known_hashes(self, hashes: Iterable[ContentHash]) -> set[ContentHash]:
        """Those that have a vector already and need not be embedded again."""
        wanted = list(dict.fromkeys(hashes))
        known: set[ContentHash] = set()
        with self._database.read() as connection:
            for start in range(0, len(wanted), BATCH):
                batch = wanted[start : start + BATCH]
                rows = connection.execute(
                    f"SELECT content_hash FROM vectors WHERE content_hash IN ({_marks(batch)})", batch
                )
                known.update(ContentHash(row[0]) for row in rows.fetchall())
        return known

    def vector_of(self, content_hash: ContentHash) -> NDArray[np.float32] | None:
        """The stored vector of a text, if there is one."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT vector FROM vectors WHERE content_hash = ?", (content_hash,)
            ).fetchone()
        return None if row is None else vector_from_column(row[0])

    def counts(self) -> LibraryCounts:
        """How much there is of everything."""
        with self._database.read() as connection:
            states = connection.execute("SELECT state, count(*) FROM documents GROUP BY state").fetchall()
            reasons = connection.execute(
                "SELECT reason, count(*) FROM documents WHERE reason <> '' GROUP BY reason ORDER BY reason"
            ).fetchall()
            numbers = connection.execute(
                "SELECT (SELECT count(*) FROM folders), (SELECT count(*) FROM passages), "
                "(SELECT count(*) FROM vectors)"
            ).fetchone()
        by_state = dict.fromkeys(DocumentState, 0) | {DocumentState(state): n for state, n in states}
        return LibraryCounts(numbers[0], by_state, dict(reasons), numbers[1], numbers[2])

    # -- inside a transaction ----------------------------------------------------------------------------------

    def _row_at(self, connection: Connection, folder_id: FolderId, path: str) -> DocumentId:
        """The row of a path; of two folders that both hold it, the first one seen keeps it."""
        column = path_to_column(path)
        row = connection.execute("SELECT id FROM documents WHERE path = ?", (column,)).fetchone()
        if row is not None:
            return DocumentId(row[0])
        if not connection.execute("SELECT 1 FROM folders WHERE id = ?", (folder_id,)).fetchone():
            raise FolderUnknown()
        cursor = connection.execute(
            "INSERT INTO documents (folder_id, path, state) VALUES (?, ?, ?)",
            (folder_id, column, DocumentState.WAITING.value),
        )
        return DocumentId(cursor.lastrowid)

    def _document(self, connection: Connection, document_id: DocumentId) -> Document:
        row = connection.execute(
            f"SELECT {DOCUMENT_COLUMNS} FROM documents WHERE id = ?", (document_id,)
        ).fetchone()
        if row is None:
            raise DocumentUnknown()
        return document_from_row(row)

    def _write_passages(
        self, connection: Connection, document_id: DocumentId, plan: PassagePlan, change: _IndexChange
    ) -> None:
        for passage in plan.removed:
            connection.execute("DELETE FROM passages WHERE id = ?", (passage.id,))
            change.removed.append(passage.id)
        for passage, ordinal, draft in plan.kept:
            heading = clean_text(draft.heading)
            place = (ordinal, heading, draft.start, draft.end, draft.line, draft.page)
            if place != (
                passage.ordinal,
                passage.heading,
                passage.start,
                passage.end,
                passage.line,
                passage.page,
            ):
                connection.execute(
                    "UPDATE passages SET ordinal = ?, heading = ?, start = ?, end = ?, line = ?, page = ? "
                    "WHERE id = ?",
                    (*place, passage.id),
                )
            if heading != passage.heading:
                change.reworded.append(passage.id)
        for ordinal, draft in plan.added:
            cursor = connection.execute(
                "INSERT INTO passages (document_id, ordinal, text, content_hash, heading, start, end, line, page) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    document_id,
                    ordinal,
                    clean_text(draft.text),
                    draft.content_hash,
                    clean_text(draft.heading),
                    draft.start,
                    draft.end,
                    draft.line,
                    draft.page,
                ),
            )
            change.added.append(PassageId(cursor.lastrowid))

    def _write_document(
        self,
        connection: Connection,
        before: Document,
        title: str,
        kind: str,
        fingerprint: Fingerprint,
        text: str,
        now: str,
    ) -> None:
        text_hash = hashlib.sha256(text.encode("utf-8")).hexdigest()
        row = connection.execute("SELECT text_hash FROM documents WHERE id = ?", (before.id,)).fetchone()
        connection.execute(
            "UPDATE documents SET title = ?, kind = ?, state = ?, reason = '', stat = ?, sha256 = ?, modified = ?, "
            "text_hash = ?, indexed_at = ? WHERE id = ?",
            (
                title,
                kind,
                DocumentState.INDEXED.value,
                stat_to_column(fingerprint),
                fingerprint.sha256,
                modified_to_column(fingerprint),
                text_hash,
                now,
                before.id,
            ),
        )
        if row[0] == text_hash and before.fingerprint is not None:
            # Other bytes, the same text: what was distilled and predicted from it still holds.
            hashes = (fingerprint.sha256, before.id, before.fingerprint.sha256)
            connection.execute(
                "UPDATE digests SET content_hash = ? WHERE document_id = ? AND content_hash = ?", hashes
            )
            connection.execute(
                "UPDATE documents SET predicted_hash = ? WHERE id = ? AND predicted_hash = ?", hashes
            )

    def _settle(
        self,
        connection: Connection,
        document_id: DocumentId,
        old: Sequence[Passage],
        fingerprint: Fingerprint,
        change: _IndexChange,
        now: str,
    ) -> DocumentChange:
        """Bring everything derived in line with the document's new passages."""
        document = self._document(connection, document_id)
        new = _passages_of(connection, document_id)
        had = dict.fromkeys(passage.content_hash for passage in old)
        has = dict.fromkeys(passage.content_hash for passage in new)
        added = tuple(content_hash for content_hash in has if content_hash not in had)
        removed = tuple(content_hash for content_hash in had if content_hash not in has)
        resting = derived.prepared_on(connection, document_id)
        broken = [prepared_id for prepared_id, hashes in resting.items() if not hashes <= has.keys()]
        # The user's own words stay, with the fingerprint and passages they were written for: never fresh again.
        edited = derived.edited_among(connection, broken)
        withdrawn = [prepared_id for prepared_id in broken if prepared_id not in edited]
        derived.withdraw_rows(connection, withdrawn, now)
        left = [prepared_id for prepared_id in resting if prepared_id not in set(broken)]
        derived.move_sources(
            connection, document, fingerprint, left, {passage.id: passage for passage in old}, new
        )
        if removed:
            derived.delete_unused_vectors(connection, removed)
            derived.drop_new_evidence(connection, document_id, set(removed))
            derived.forget_what_was_said(connection, document_id)
            # A gist cannot be said to be free of what is gone, so it goes too and is distilled anew.
            connection.execute("DELETE FROM digests WHERE document_id = ?", (document_id,))
        if added or removed:
            derived.retry_questions(connection, document_id)
        change.withdrawn.extend(withdrawn)
        return DocumentChange(document_id, added, removed, tuple(withdrawn))

    def _put_without_text(
        self,
        folder_id: FolderId,
        path: str,
        kind: str | None,
        state: DocumentState,
        reason: str,
        fingerprint: Fingerprint | None,
    ) -> DocumentChange:
        with self._database.exclusive():
            change = _IndexChange()
            with self._database.write() as connection:
                document_id = self._row_at(connection, folder_id, path)
                # A file that cannot be read is still there, and may be readable again in a minute.
                keeps = state is DocumentState.FAILED
                result = self._purge(connection, document_id, change, keeps_the_users=keeps)
                connection.execute(
                    "UPDATE documents SET title = '', kind = coalesce(?, kind), state = ?, reason = ?, stat = ?, "
                    "sha256 = ?, modified = ?, text_hash = '', indexed_at = NULL, predicted_hash = '' WHERE id = ?",
                    (
                        kind,
                        state.value,
                        reason,
                        None if fingerprint is None else stat_to_column(fingerprint),
                        None if fingerprint is None else fingerprint.sha256,
                        modified_to_column(fingerprint),
                        document_id,
                    ),
                )
            self._follow(change)
            return result

    def _purge(
        self,
        connection: Connection,
        document_id: DocumentId,
        change: _IndexChange,
        *,
        keeps_the_users: bool = False,
    ) -> DocumentChange:
        """Delete everything derived from a document, its own row aside.

        Args:
            keeps_the_users: what the user edited, pinned or ruled out stays as it does when a source changes.
        """
        self._document(connection, document_id)
        old = _passages_of(connection, document_id)
        removed = tuple(dict.fromkeys(passage.content_hash for passage in old))
        resting = list(derived.prepared_on(connection, document_id))
        edited = derived.edited_among(connection, resting) if keeps_the_users else set()
        withdrawn = [prepared_id for prepared_id in resting if prepared_id not in edited]
        derived.withdraw_rows(connection, withdrawn, time_to_column(self._clock.now()))
        withdrawn += derived.delete_predicted_questions(
            connection, document_id, keeps_the_users=keeps_the_users
        )
        derived.forget_what_was_said(connection, document_id)
        tables = ["passages", "texts", "digests", "asked_sources", "predicted_sections", "opened"]
        if not keeps_the_users:
            tables += ["question_origins", "deleted_digests"]
        for table in tables:
            connection.execute(f"DELETE FROM {table} WHERE document_id = ?", (document_id,))
        derived.delete_unused_vectors(connection, removed)
        derived.drop_new_evidence(connection, document_id, set(removed))
        change.removed.extend(passage.id for passage in old)
        change.withdrawn.extend(withdrawn)
        return DocumentChange(document_id, (), removed, tuple(withdrawn))

    def _follow(self, change: _IndexChange) -> None:
        """Bring the indexes in memory in line with what was committed."""
        with self._database.read() as connection:
            reworded = list(dict.fromkeys(change.reworded))
            passages = _passages_by_id(connection, [*reworded, *change.added])
            vectors = _vectors_by_passage(connection, list({*change.added, *change.embedded}))
        if change.removed or passages:
            self._words.change(removed=[*change.removed, *reworded], added=passages)
        if change.removed or vectors:
            self._vectors.change("passages", removed=change.removed, added=vectors)
        if change.withdrawn:
            self._vectors.change("questions", removed=change.withdrawn)


def _passages_of(connection: Connection, document_id: DocumentId) -> list[Passage]:
    rows = connection.execute(PASSAGE_QUERY + "WHERE p.document_id = ? ORDER BY p.ordinal", (document_id,))
    return [passage_from_row(row) for row in rows.fetchall()]


def _passages_by_id(connection: Connection, passage_ids: Sequence[PassageId]) -> list[Passage]:
    passages: list[Passage] = []
    for start in range(0, len(passage_ids), BATCH):
        batch = list(passage_ids[start : start + BATCH])
        rows = connection.execute(PASSAGE_QUERY + f"WHERE p.id IN ({_marks(batch)})", batch).fetchall()
        passages.extend(passage_from_row(row) for row in rows)
    return passages


def _vectors_by_passage(
    connection: Connection, passage_ids: Sequence[PassageId]
) -> dict[int, NDArray[np.float32]]:
    vectors: dict[int, NDArray[np.float32]] = {}
    for start in range(0, len(passage_ids), BATCH):
        batch = list(passage_ids[start : start + BATCH])
        rows = connection.execute(
            "SELECT p.id, v.vector FROM passages AS p JOIN vectors AS v ON v.content_hash = p.content_hash "
            f"WHERE p.id IN ({_marks(batch)})",
            batch,
        ).fetchall()
        vectors.update((int(row[0]), vector_from_column(row[1])) for row in rows)
    return vectors


def _write_vectors(
    connection: Connection, vectors: Mapping[ContentHash, NDArray[np.float32]], used: set[ContentHash]
) -> list[PassageId]:
    """Store the vectors that are new, of texts in use; returns every passage that has one now and had none."""
    rows = {key: vector_to_column(as_vector(vector)) for key, vector in vectors.items() if key in used}
    stored = connection.execute("SELECT length(vector) FROM vectors LIMIT 1").fetchone()
    if len({len(blob) for blob in rows.values()} | ({stored[0]} if stored else set())) > 1:
        raise ValueError("vectors of one vault have one length")
    embedded: list[PassageId] = []
    for key, blob in rows.items():
        cursor = connection.execute(
            "INSERT OR IGNORE INTO vectors (content_hash, vector) VALUES (?, ?)", (key, blob)
        )
        if cursor.rowcount == 1:
            found = connection.execute("SELECT id FROM passages WHERE content_hash = ?", (key,)).fetchall()
            embedded.extend(PassageId(row[0]) for row in found)
    return embedded


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
