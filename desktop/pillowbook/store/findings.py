"""What code found in the notes and between them. Everything stands on passages, and goes with them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from pillowbook.domain.digests import (
    Finding,
    FindingKind,
    PassKind,
    Place,
    PlacedFinding,
    PlacedRelation,
    Relation,
    RelationKind,
)
from pillowbook.domain.documents import DocumentState
from pillowbook.domain.ids import DocumentId, PassageId
from pillowbook.store.database import Database
from pillowbook.store.derived import Connection
from pillowbook.store.part import SourcesChanged
from pillowbook.store.rows import PASSAGE_QUERY, clean_text, passage_from_row

_PASSAGE_COLUMNS = PASSAGE_QUERY.removeprefix("SELECT ").split(" FROM ")[0]
_COLUMN_COUNT = _PASSAGE_COLUMNS.count(",") + 1


class Findings:
    """Thread-safe; every method is one transaction, and raises VaultLocked once the vault is locked."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- passes ------------------------------------------------------------------------------------------------

    def documents_without(self, kind: PassKind, limit: int) -> list[DocumentId]:
        """Indexed documents whose text, as it is now, that pass has not seen; most recently modified first."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT d.id FROM documents AS d LEFT JOIN passes AS s ON s.document_id = d.id AND s.kind = ? "
                "WHERE d.state = ? AND d.text_hash <> '' AND (s.text_hash IS NULL OR s.text_hash <> d.text_hash) "
                "ORDER BY d.modified DESC, d.id LIMIT ?",
                (kind.value, DocumentState.INDEXED.value, limit),
            ).fetchall()
        return [DocumentId(row[0]) for row in rows]

    def text_hash(self, document_id: DocumentId) -> str:
        """The hash of a document's text; empty where there is none."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT text_hash FROM documents WHERE id = ?", (document_id,)
            ).fetchone()
        return "" if row is None else str(row[0])

    # -- findings ----------------------------------------------------------------------------------------------

    def put_findings(
        self, document_id: DocumentId, text_hash: str, findings: Mapping[PassageId, Sequence[Finding]]
    ) -> None:
        """Put these in place of all that was found in a document.

        Args:
            text_hash: of the text they were found in.
        Raises:
            SourcesChanged: the document is gone, or has another text by now; nothing was stored.
        """
        with self._database.write() as connection:
            _require_text(connection, document_id, text_hash)
            connection.execute(
                "DELETE FROM findings WHERE passage_id IN (SELECT id FROM passages WHERE document_id = ?)",
                (document_id,),
            )
            connection.executemany(
                "INSERT INTO findings (passage_id, kind, value, text, start, end, first, last, is_done) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        passage_id,
                        one.kind.value,
                        clean_text(one.value),
                        clean_text(one.text),
                        one.start,
                        one.end,
                        None if one.first is None else one.first.isoformat(),
                        None if one.last is None else one.last.isoformat(),
                        int(one.is_done),
                    )
                    for passage_id, found in findings.items()
                    for one in found
                ],
            )
            _note_pass(connection, document_id, PassKind.FIND, text_hash)

    def findings(
        self,
        kinds: Iterable[FindingKind],
        *,
        document_id: DocumentId | None = None,
        between: tuple[date, date] | None = None,
    ) -> list[PlacedFinding]:
        """Findings of these kinds by day (the undated last), then in the order of their documents.

        Args:
            between: only what has a day from the first to the last of these, both included.
        """
        first, last = (None, None) if between is None else (day.isoformat() for day in between)
        wanted = [kind.value for kind in kinds]
        with self._database.read() as connection:
            rows = connection.execute(
                f"SELECT {_PASSAGE_COLUMNS}, f.kind, f.value, f.text, f.start, f.end, f.first, f.last, f.is_done "
                "FROM findings AS f JOIN passages AS p ON p.id = f.passage_id "
                "JOIN documents AS d ON d.id = p.document_id "
                f"WHERE f.kind IN ({', '.join('?' * len(wanted))}) AND (? IS NULL OR p.document_id = ?) "
                "AND (? IS NULL OR (f.first <= ? AND f.last >= ?)) "
                "ORDER BY f.first IS NULL, f.first, p.document_id, p.ordinal, f.id",
                (*wanted, document_id, document_id, first, last, first),
            ).fetchall()
        return [
            PlacedFinding(_finding_from_row(row[_COLUMN_COUNT:]), passage_from_row(row[:_COLUMN_COUNT]))
            for row in rows
        ]

    def mark(self) -> int:
        """Changes whenever something was found anew; cheap."""
        with self._database.read() as connection:
            row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'findings'").fetchone()
        return 0 if row is None else int(row[0])

    def drop_found_in(self, document_ids: Iterable[DocumentId]) -> None:
        """Delete what was found in documents and between them and others; they are looked through again."""
        own = "SELECT id FROM passages WHERE document_id = ?"
        with self._database.write() as connection:
            for document_id in document_ids:
                connection.execute(f"DELETE FROM findings WHERE passage_id IN ({own})", (document_id,))
                connection.execute(
                    f"DELETE FROM relations WHERE passage_id IN ({own}) OR other_passage_id IN ({own})",
                    (document_id, document_id),
                )
                connection.execute("DELETE FROM passes WHERE document_id = ?", (document_id,))

    # -- relations ---------------------------------------------------------------------------------------------

    def put_relations(
        self, document_id: DocumentId, text_hash: str, day: str, relations: Sequence[Relation]
    ) -> None:
        """Add what was found between a document and others; what was found before stays while its passages do.

        Args:
            day: of the document's note; older findings that took it for another day go.
        Raises:
            SourcesChanged: the document is gone, or has another text by now; nothing was stored.
        """
        with self._database.write() as connection:
            _require_text(connection, document_id, text_hash)
            own = "SELECT id FROM passages WHERE document_id = ?"
            connection.execute(
                f"DELETE FROM relations WHERE (passage_id IN ({own}) AND day <> ?) "
                f"OR (other_passage_id IN ({own}) AND other_day <> ?)",
                (document_id, day, document_id, day),
            )
            for one in relations:
                passages = {one.older.passage_id, one.newer.passage_id}
                marks = ", ".join("?" * len(passages))
                found = connection.execute(
                    f"SELECT count(*) FROM passages WHERE id IN ({marks})", tuple(passages)
                )
                if found.fetchone()[0] < 2:
                    continue  # the other document changed meanwhile; it will be compared itself
                connection.execute(
                    "INSERT OR IGNORE INTO relations (kind, passage_id, start, end, day, other_passage_id, "
                    "other_start, other_end, other_day, score) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        one.kind.value,
                        *(one.older.passage_id, one.older.start, one.older.end, one.older.day),
                        *(one.newer.passage_id, one.newer.start, one.newer.end, one.newer.day),
                        one.score,
                    ),
                )
            _note_pass(connection, document_id, PassKind.COMPARE, text_hash)

    def relations(
        self, kinds: Iterable[RelationKind], *, document_id: DocumentId | None = None
    ) -> list[PlacedRelation]:
        """Relations of these kinds, the surest first."""
        wanted = [kind.value for kind in kinds]
        other_columns = _PASSAGE_COLUMNS.replace("p.", "o.").replace("d.", "e.")
        with self._database.read() as connection:
            rows = connection.execute(
                f"SELECT {_PASSAGE_COLUMNS}, {other_columns}, r.kind, r.start, r.end, r.day, r.other_start, "
                "r.other_end, r.other_day, r.score FROM relations AS r "
                "JOIN passages AS p ON p.id = r.passage_id JOIN documents AS d ON d.id = p.document_id "
                "JOIN passages AS o ON o.id = r.other_passage_id JOIN documents AS e ON e.id = o.document_id "
                f"WHERE r.kind IN ({', '.join('?' * len(wanted))}) "
                "AND (? IS NULL OR p.document_id = ? OR o.document_id = ?) ORDER BY r.score DESC, r.id",
                (*wanted, document_id, document_id, document_id),
            ).fetchall()
        placed: list[PlacedRelation] = []
        for row in rows:
            older = passage_from_row(row[:_COLUMN_COUNT])
            newer = passage_from_row(row[_COLUMN_COUNT : 2 * _COLUMN_COUNT])
            kind, start, end, day, other_start, other_end, other_day, score = row[2 * _COLUMN_COUNT :]
            relation = Relation(
                RelationKind(kind),
                Place(older.id, start, end, day),
                Place(newer.id, other_start, other_end, other_day),
                score,
            )
            placed.append(PlacedRelation(relation, older, newer))
        return placed


def _require_text(connection: Connection, document_id: DocumentId, text_hash: str) -> None:
    row = connection.execute(
        "SELECT text_hash FROM documents WHERE id = ? AND state = ?",
        (document_id, DocumentState.INDEXED.value),
    ).fetchone()
    if row is None or row[0] != text_hash:
        raise SourcesChanged()


def _note_pass(connection: Connection, document_id: DocumentId, kind: PassKind, text_hash: str) -> None:
    connection.execute(
        "INSERT INTO passes (document_id, kind, text_hash) VALUES (?1, ?2, ?3) "
        "ON CONFLICT (document_id, kind) DO UPDATE SET text_hash = ?3",
        (document_id, kind.value, text_hash),
    )


def _finding_from_row(row: tuple[Any, ...]) -> Finding:
    kind, value, text, start, end, first, last, is_done = row
    return Finding(
        FindingKind(kind),
        text,
        start,
        end,
        value,
        None if first is None else date.fromisoformat(first),
        None if last is None else date.fromisoformat(last),
        bool(is_done),
    )
