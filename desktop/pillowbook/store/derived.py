"""What follows from a document's change for the material derived from it, inside one transaction."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from pillowbook.domain.answers import Reason
from pillowbook.domain.documents import Document, Fingerprint, Passage
from pillowbook.domain.ids import ContentHash, DocumentId, PassageId, PreparedId, QuestionId
from pillowbook.store.reconcile import move_citation
from pillowbook.store.rows import (
    citations_from_column,
    citations_to_column,
    path_to_column,
    stat_to_column,
)

Connection = Any
"""A connection inside a transaction; sqlcipher3 has no types."""

USER_REASONS = (Reason.REQUESTED, Reason.RHYTHM, Reason.MISSED, Reason.ASKED)
"""Questions the user put, strongest first; everything else was predicted."""

_IS_PREDICTED = "reason NOT IN ({}) AND asked_count = 0".format(
    ", ".join(f"'{reason.value}'" for reason in USER_REASONS)
)

_THE_USERS = (
    "EXISTS (SELECT 1 FROM pins WHERE question_id = q.id) OR EXISTS (SELECT 1 FROM edits WHERE prepared_id = p.id) "
    "OR EXISTS (SELECT 1 FROM never WHERE question_id = q.id)"
)


def withdraw_rows(connection: Connection, prepared_ids: Iterable[PreparedId], now: str) -> None:
    """Delete prepared answers; their questions go first among those to prepare."""
    for prepared_id in prepared_ids:
        connection.execute(
            "UPDATE questions SET withdrawn_at = ?, tried = NULL "
            "WHERE id = (SELECT question_id FROM prepared WHERE id = ?)",
            (now, prepared_id),
        )
        connection.execute("DELETE FROM prepared WHERE id = ?", (prepared_id,))


def edited_among(connection: Connection, prepared_ids: Iterable[PreparedId]) -> set[PreparedId]:
    """Those in the user's own words: no change of a source takes them away, only that a source is deleted."""
    rows = connection.execute("SELECT prepared_id FROM edits").fetchall()
    return {PreparedId(row[0]) for row in rows} & set(prepared_ids)


def forget_what_was_said(connection: Connection, document_id: DocumentId) -> None:
    """Answers that were served from a document are emptied: they may hold what is no longer in it."""
    connection.execute(
        "UPDATE asked SET answer = '' WHERE id IN (SELECT asked_id FROM asked_sources WHERE document_id = ?)",
        (document_id,),
    )


def prepared_on(connection: Connection, document_id: DocumentId) -> dict[PreparedId, set[ContentHash]]:
    """Prepared answers that rest on a document, with the hashes of its passages they rest on."""
    rows = connection.execute(
        "SELECT prepared_id, passage_hashes FROM prepared_sources WHERE document_id = ? ORDER BY prepared_id",
        (document_id,),
    ).fetchall()
    return {PreparedId(prepared_id): set(json.loads(hashes)) for prepared_id, hashes in rows}


def move_sources(
    connection: Connection,
    document: Document,
    fingerprint: Fingerprint,
    prepared_ids: Collection[PreparedId],
    old: Mapping[PassageId, Passage],
    new: Sequence[Passage],
) -> None:
    """Prepared answers whose passages are all kept: new fingerprint, and citations at their new places."""
    new_by_id = {passage.id: passage for passage in new}
    new_by_hash = {passage.content_hash: passage for passage in reversed(new)}
    for prepared_id in prepared_ids:
        connection.execute(
            "UPDATE prepared_sources SET stat = ?, sha256 = ?, path = ? WHERE prepared_id = ? AND document_id = ?",
            (
                stat_to_column(fingerprint),
                fingerprint.sha256,
                path_to_column(document.path),
                prepared_id,
                document.id,
            ),
        )
        row = connection.execute(
            "SELECT citations, new_evidence FROM prepared WHERE id = ?", (prepared_id,)
        ).fetchone()
        columns = []
        for column in row:
            moved = []
            for citation in citations_from_column(column):
                if citation.document_id == document.id:
                    passage = new_by_id.get(citation.passage_id) or new_by_hash.get(citation.passage_hash)
                    if passage is not None:
                        citation = move_citation(citation, old.get(citation.passage_id), passage)
                moved.append(citation)
            columns.append(citations_to_column(moved))
        connection.execute(
            "UPDATE prepared SET citations = ?, new_evidence = ? WHERE id = ?", (*columns, prepared_id)
        )


def drop_new_evidence(
    connection: Connection, document_id: DocumentId, hashes: Collection[ContentHash]
) -> None:
    """Take passages that are gone out of what was noted as newer evidence; the mark itself stays."""
    rows = connection.execute("SELECT id, new_evidence FROM prepared WHERE new_evidence <> '[]'").fetchall()
    for prepared_id, column in rows:
        citations = citations_from_column(column)
        left = [c for c in citations if c.document_id != document_id or c.passage_hash not in hashes]
        if len(left) < len(citations):
            connection.execute(
                "UPDATE prepared SET new_evidence = ? WHERE id = ?", (citations_to_column(left), prepared_id)
            )


def delete_unused_vectors(connection: Connection, hashes: Iterable[ContentHash]) -> None:
    """Vectors of texts that no passage has any more."""
    connection.executemany(
        "DELETE FROM vectors WHERE content_hash = ? "
        "AND NOT EXISTS (SELECT 1 FROM passages WHERE passages.content_hash = vectors.content_hash)",
        [(content_hash,) for content_hash in hashes],
    )


def delete_predicted_questions(
    connection: Connection, document_id: DocumentId, *, keeps_the_users: bool
) -> list[PreparedId]:
    """Delete questions predicted from this document alone, with their prepared answers; asked ones stay.

    Args:
        keeps_the_users: those that the user pinned, edited or ruled out stay, too.
    Returns:
        the prepared answers that went.
    """
    kept = f"AND NOT ({_THE_USERS})" if keeps_the_users else ""
    rows = connection.execute(
        "SELECT q.id, p.id FROM questions AS q JOIN question_origins AS o ON o.question_id = q.id "
        f"LEFT JOIN prepared AS p ON p.question_id = q.id WHERE o.document_id = ? AND {_IS_PREDICTED} "
        "AND NOT EXISTS (SELECT 1 FROM question_origins AS other "
        f"WHERE other.question_id = q.id AND other.document_id <> o.document_id) {kept}",
        (document_id,),
    ).fetchall()
    connection.executemany("DELETE FROM questions WHERE id = ?", [(row[0],) for row in rows])
    return [PreparedId(row[1]) for row in rows if row[1] is not None]


def retry_questions(connection: Connection, document_id: DocumentId) -> None:
    """Questions that found no answer may find one now: those of this document, and all the user put.

    An answer that the user deleted comes back with a change of what it rested on, or with any where that is not known
    (any more), as after a note was renamed.
    """
    reasons = [reason.value for reason in USER_REASONS]
    connection.execute(
        "UPDATE questions SET tried = NULL WHERE tried IS NOT NULL AND ("
        "(reason IN (?1, ?2, ?3, ?4) AND tried <> 'deleted') "
        "OR id IN (SELECT question_id FROM question_origins WHERE document_id = ?5) "
        "OR id IN (SELECT question_id FROM deleted_answers WHERE document_id = ?5) "
        "OR (tried = 'deleted' AND id NOT IN (SELECT question_id FROM deleted_answers)))",
        (*reasons, document_id),
    )
    connection.execute("DELETE FROM deleted_answers WHERE document_id = ?", (document_id,))


def newest_passage(connection: Connection) -> PassageId:
    """The highest number a passage has had; 0 before the first."""
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'passages'").fetchone()
    return PassageId(0 if row is None else row[0])


def question_ids(rows: Iterable[tuple[int]]) -> list[QuestionId]:
    return [QuestionId(row[0]) for row in rows]
