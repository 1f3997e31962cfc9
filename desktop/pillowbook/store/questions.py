"""Questions, predicted and asked, and how they were served."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pillowbook.domain.answers import AnswerKind, Question, Reason
from pillowbook.domain.documents import DocumentState
from pillowbook.domain.ids import ContentHash, DocumentId, PreparedId, QuestionId, ServingId
from pillowbook.domain.interest import Interest
from pillowbook.store import derived
from pillowbook.store.derived import Connection
from pillowbook.store.part import KnowledgePart, SourcesChanged, exists
from pillowbook.store.rows import clean_text, path_from_column, time_from_column, vector_to_column
from pillowbook.store.vectors import as_vector
from pillowbook.store.wordings import SHARES

UNSURE = "unsure"
REFUSED = "refused"
"""How a question was tried whose answer was neither sure nor hopeless: worth a dearer try when nothing else is left."""

_STRENGTH = {Reason.ASKED: 1, Reason.MISSED: 2, Reason.RHYTHM: 3, Reason.REQUESTED: 4}
"""Stronger reasons replace weaker ones; everything predicted counts 0."""

_QUESTION_QUERY = (
    "SELECT q.id, q.text, q.reason, "
    "(SELECT min(document_id) FROM question_origins WHERE question_id = q.id), "
    "q.asked_count, q.created_at, q.last_asked_at, "
    "EXISTS (SELECT 1 FROM pins WHERE question_id = q.id), q.withdrawn_at IS NOT NULL FROM questions AS q "
)
_TO_PREPARE = f"""
SELECT id FROM (
    SELECT q.id, q.withdrawn_at, q.asked_count, q.created_at,
        CASE WHEN q.reason = 'requested' THEN 0 WHEN q.reason IN ('missed', 'rhythm') THEN 1
            WHEN q.reason = 'asked' THEN 2 ELSE 3 END AS rank,
        d.modified, d.id AS document_id,
        NOT EXISTS (SELECT 1 FROM pins WHERE question_id = q.id) AS is_loose,
        ROW_NUMBER() OVER (
            PARTITION BY q.reason IN ('requested', 'missed', 'rhythm', 'asked'), d.id ORDER BY q.id) AS turn
    FROM questions AS q
    LEFT JOIN documents AS d
        ON d.id = (SELECT min(document_id) FROM question_origins WHERE question_id = q.id)
    LEFT JOIN prepared AS p ON p.question_id = q.id
    WHERE q.tried IS NULL AND (p.id IS NULL OR p.has_new_evidence OR p.is_provisional)
        AND NOT EXISTS (SELECT 1 FROM edits WHERE prepared_id = p.id)
        AND NOT (p.id IS NULL AND EXISTS (SELECT 1 FROM near_misses AS n WHERE n.question_id = q.id AND {SHARES}))
)
ORDER BY is_loose, withdrawn_at IS NULL, withdrawn_at, rank, rank = 3 AND document_id IS NOT ?,
    CASE WHEN rank < 3 THEN -asked_count ELSE turn END,
    CASE WHEN rank < 3 THEN 0 ELSE -coalesce(modified, 0) END,
    CASE WHEN rank < 3 THEN created_at END DESC, document_id, id
LIMIT ?
"""
_INTEREST_QUERY = """
SELECT d.id, d.path, d.modified, f.added_at, (SELECT count(*) FROM passages AS p WHERE p.document_id = d.id),
    d.predicted_hash IN (d.sha256, d.text_hash), d.title, o.opened_at
FROM documents AS d JOIN folders AS f ON f.id = d.folder_id
LEFT JOIN opened AS o ON o.document_id = d.id WHERE d.state = ? ORDER BY d.modified DESC, d.id
"""


@dataclass(frozen=True, slots=True)
class PredictedQuestion:
    """A question as it is stored; ``normal`` is its normalised text, ``vector`` a unit vector."""

    text: str
    normal: str
    reason: Reason
    vector: NDArray[np.float32]


class Questions(KnowledgePart):
    """The part of the knowledge that is questions."""

    def add_question(
        self,
        text: str,
        normal: str,
        reason: Reason,
        document_id: DocumentId | None = None,
        vector: NDArray[np.float32] | None = None,
    ) -> QuestionId:
        """Note a question; one of the same ``normal`` is the same question, and keeps its stronger reason.

        Args:
            document_id: what it was predicted from; a question may have been predicted from several.
            vector: its embedding, if it was made already.
        Raises:
            SourcesChanged: the document is gone.
        """
        with self._database.write() as connection:
            question_id = self._upsert(connection, text, normal, reason)
            if vector is not None:
                connection.execute(
                    "UPDATE questions SET vector = ? WHERE id = ?",
                    (vector_to_column(as_vector(vector)), question_id),
                )
            if document_id is not None:
                if not exists(connection, "documents", document_id):
                    raise SourcesChanged()
                connection.execute(
                    "INSERT OR IGNORE INTO question_origins (question_id, document_id) VALUES (?, ?)",
                    (question_id, document_id),
                )
            if reason == Reason.REQUESTED:
                connection.execute("UPDATE questions SET tried = NULL WHERE id = ?", (question_id,))
            return question_id

    def question(self, question_id: QuestionId) -> Question | None:
        """One question; None when it is gone."""
        with self._database.read() as connection:
            row = connection.execute(_QUESTION_QUERY + "WHERE q.id = ?", (question_id,)).fetchone()
        return None if row is None else _question_from_row(row)

    def question_by_normal(self, normal: str) -> Question | None:
        """The question with this normalised text, if it is known."""
        with self._database.read() as connection:
            row = connection.execute(_QUESTION_QUERY + "WHERE q.normal = ?", (clean_text(normal),)).fetchone()
        return None if row is None else _question_from_row(row)

    def questions(self, limit: int) -> list[Question]:
        """Questions, last asked first, then the newest."""
        with self._database.read() as connection:
            rows = connection.execute(
                _QUESTION_QUERY + "ORDER BY q.last_asked_at IS NULL, q.last_asked_at DESC, q.id DESC LIMIT ?",
                (limit,),
            ).fetchall()
        return [_question_from_row(row) for row in rows]

    def origins(self, question_id: QuestionId) -> frozenset[DocumentId]:
        """The documents a question was predicted from, or whose words it may hold though the user put it."""
        with self._database.read() as connection:
            return _origins(connection, question_id)

    def origins_of(self, normal: str) -> frozenset[DocumentId]:
        """As :meth:`origins`, by the normalised text; nothing where the question is not known."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT id FROM questions WHERE normal = ?", (clean_text(normal),)
            ).fetchone()
            return frozenset() if row is None else _origins(connection, QuestionId(row[0]))

    def has_lost_words(self, question_id: QuestionId) -> bool:
        """Whether a document is gone whose words the question may hold."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT 1 FROM question_words WHERE question_id = ? "
                "AND document_id NOT IN (SELECT id FROM documents)",
                (question_id,),
            ).fetchone()
        return row is not None

    def record_asked(
        self,
        normal: str,
        text: str,
        kind: AnswerKind,
        latency_ms: float,
        matched: PreparedId | None,
        *,
        answer: str = "",
        documents: Sequence[DocumentId] = (),
        words_of: Collection[DocumentId] = (),
    ) -> ServingId:
        """Note what the user asked and how it was served.

        A hit on another wording counts for the matched question and makes no new one; anything else that was not
        a hit is a question worth preparing.

        Args:
            answer: what was said, kept for a later verdict on it; it goes when one of its documents changes.
            documents: those it cites, the first of them the most telling.
            words_of: those whose words the text may hold that the user did not write; noted of a new question.
        """
        with self._database.write() as connection:
            now = self._now()
            known = connection.execute(
                "SELECT id FROM questions WHERE normal = ?", (clean_text(normal),)
            ).fetchone()
            match = None
            if kind == AnswerKind.HIT and matched is not None and known is None:
                match = connection.execute(
                    "SELECT question_id FROM prepared WHERE id = ?", (matched,)
                ).fetchone()
            if match is not None:
                question_id = QuestionId(match[0])
                self._strengthen(connection, question_id, Reason.ASKED)
            else:
                reason = Reason.ASKED if kind == AnswerKind.HIT else Reason.MISSED
                question_id = self._upsert(connection, text, normal, reason)
                if known is None:
                    connection.executemany(
                        "INSERT INTO question_words (question_id, document_id) VALUES (?, ?)",
                        [(question_id, document_id) for document_id in words_of],
                    )
            connection.execute(
                "UPDATE questions SET asked_count = asked_count + 1, last_asked_at = ? WHERE id = ?",
                (now, question_id),
            )
            cursor = connection.execute(
                "INSERT INTO asked (question_id, text, kind, latency_ms, matched, asked_at, answer, prepared_for, "
                "made_for, folder_id) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, "
                "(SELECT question_id FROM prepared WHERE id = ?5), "
                "coalesce((SELECT made_for FROM prepared WHERE id = ?5), ''), "
                "(SELECT folder_id FROM documents WHERE id = ?8)",
                (
                    question_id,
                    clean_text(text),
                    kind.value,
                    latency_ms,
                    matched,
                    now,
                    clean_text(answer),
                    documents[0] if documents else None,
                ),
            )
            serving_id = ServingId(cursor.lastrowid)
            connection.executemany(
                "INSERT OR IGNORE INTO asked_sources (asked_id, document_id) "
                "SELECT ?1, ?2 WHERE EXISTS (SELECT 1 FROM documents WHERE id = ?2)",
                [(serving_id, document_id) for document_id in documents],
            )
            return serving_id

    def interests(self) -> list[Interest]:
        """How much each indexed document interests the user, as far as what was asked tells."""
        with self._database.read() as connection:
            rows = connection.execute(_INTEREST_QUERY, (DocumentState.INDEXED.value,)).fetchall()
            asked = connection.execute(
                "SELECT s.document_id, a.asked_at FROM asked_sources AS s JOIN asked AS a ON a.id = s.asked_id "
                # One need that was put twice within minutes is counted once.
                "WHERE NOT EXISTS (SELECT 1 FROM asked_sources AS later "
                "WHERE later.asked_id = a.asked_again AND later.document_id = s.document_id) ORDER BY a.asked_at"
            ).fetchall()
            links = connection.execute(
                "SELECT DISTINCT p.document_id, f.value FROM findings AS f JOIN passages AS p ON p.id = f.passage_id "
                "WHERE f.kind = 'link'"
            ).fetchall()
        called = {row[0]: names_of(path_from_column(row[1]), row[6]) for row in rows}
        linked = linked_documents(called, links)
        times: dict[int, list[datetime]] = {}
        for document_id, asked_at in asked:
            times.setdefault(document_id, []).append(time_from_column(asked_at))
        return [
            Interest(
                document_id=DocumentId(document_id),
                place=path_from_column(path).rpartition("/")[0],
                changed_at=datetime.fromtimestamp(modified / 1e9, UTC),
                known_since=time_from_column(added_at),
                passages=passages,
                asked_at=tuple(times.get(document_id, ())),
                is_read=bool(is_read),
                opened_at=None if opened_at is None else time_from_column(opened_at),
                linked=linked.get(document_id, frozenset()),
            )
            for document_id, path, modified, added_at, passages, is_read, _title, opened_at in rows
        ]

    def passages_asked_about(self, document_id: DocumentId) -> frozenset[ContentHash]:
        """The passages of a document that the user's own questions are answered from."""
        reasons = [reason.value for reason in derived.USER_REASONS]
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT s.passage_hashes FROM prepared_sources AS s JOIN prepared AS p ON p.id = s.prepared_id "
                "JOIN questions AS q ON q.id = p.question_id "
                f"WHERE s.document_id = ? AND p.answer <> '' AND q.reason IN ({', '.join('?' * len(reasons))})",
                (document_id, *reasons),
            ).fetchall()
        return frozenset(ContentHash(one) for row in rows for one in json.loads(row[0]))

    def predicted_sections(self, document_id: DocumentId) -> frozenset[str]:
        """The sections of a document, by their hashes, that questions were predicted from."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT section FROM predicted_sections WHERE document_id = ?", (document_id,)
            ).fetchall()
        return frozenset(row[0] for row in rows)

    def put_predicted(
        self, document_id: DocumentId, section: str, questions: Sequence[PredictedQuestion]
    ) -> None:
        """Note the questions that were predicted from a section, and that it was read: all of it or nothing.

        Raises:
            SourcesChanged: the document is gone.
        """
        with self._database.write() as connection:
            if not exists(connection, "documents", document_id):
                raise SourcesChanged()
            for one in questions:
                question_id = self._upsert(connection, one.text, one.normal, one.reason)
                connection.execute(
                    "UPDATE questions SET vector = ? WHERE id = ?",
                    (vector_to_column(as_vector(one.vector)), question_id),
                )
                connection.execute(
                    "INSERT OR IGNORE INTO question_origins (question_id, document_id) VALUES (?, ?)",
                    (question_id, document_id),
                )
            connection.execute(
                "INSERT OR IGNORE INTO predicted_sections (document_id, section) VALUES (?, ?)",
                (document_id, section),
            )

    def mark_predicted(self, document_id: DocumentId, content_hash: ContentHash) -> None:
        """Note that questions were predicted from this content (the fingerprint's ``sha256``) of a document."""
        with self._database.write() as connection:
            connection.execute(
                "UPDATE documents SET predicted_hash = ? WHERE id = ?", (content_hash, document_id)
            )

    def questions_to_prepare(self, limit: int, first: DocumentId | None = None) -> list[Question]:
        """Questions without a current prepared answer, the most urgent first.

        Pinned ones, withdrawn ones, requested ones, missed and asked ones by how often, then predicted ones in turn
        over the documents, the most recently modified document first.

        Args:
            first: a document whose predicted questions go before those of others.
        """
        with self._database.read() as connection:
            ids = derived.question_ids(connection.execute(_TO_PREPARE, (first, limit)).fetchall())
            rows = [connection.execute(_QUESTION_QUERY + "WHERE q.id = ?", (i,)).fetchone() for i in ids]
        return [_question_from_row(row) for row in rows if row is not None]

    def tried(self, question_id: QuestionId) -> str | None:
        """How the last try to prepare a question ended, where nothing came of it and nothing has changed since."""
        with self._database.read() as connection:
            row = connection.execute("SELECT tried FROM questions WHERE id = ?", (question_id,)).fetchone()
        return None if row is None else row[0]

    def unsure_questions(self, limit: int) -> list[Question]:
        """Questions whose first try left them open, oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(
                _QUESTION_QUERY + "WHERE q.tried = ? AND NOT EXISTS (SELECT 1 FROM prepared AS own "
                "JOIN edits AS e ON e.prepared_id = own.id WHERE own.question_id = q.id) ORDER BY q.id LIMIT ?",
                (UNSURE, limit),
            ).fetchall()
        return [_question_from_row(row) for row in rows]

    # -- inside a transaction ----------------------------------------------------------------------------------

    def _upsert(self, connection: Connection, text: str, normal: str, reason: Reason) -> QuestionId:
        connection.execute(
            "INSERT OR IGNORE INTO questions (normal, text, reason, created_at) VALUES (?, ?, ?, ?)",
            (clean_text(normal), clean_text(text), reason.value, self._now()),
        )
        row = connection.execute(
            "SELECT id FROM questions WHERE normal = ?", (clean_text(normal),)
        ).fetchone()
        self._strengthen(connection, QuestionId(row[0]), reason)
        return QuestionId(row[0])

    def _strengthen(self, connection: Connection, question_id: QuestionId, reason: Reason) -> None:
        row = connection.execute("SELECT reason FROM questions WHERE id = ?", (question_id,)).fetchone()
        if _STRENGTH.get(reason, 0) > _STRENGTH.get(Reason(row[0]), 0):
            # What was too little for a question nobody had asked may be enough now, and is worth more effort.
            connection.execute(
                "UPDATE questions SET reason = ?, tried = CASE WHEN tried IN (?, ?) THEN NULL ELSE tried END "
                "WHERE id = ?",
                (reason.value, UNSURE, REFUSED, question_id),
            )


def _origins(connection: Connection, question_id: QuestionId) -> frozenset[DocumentId]:
    rows = connection.execute(
        "SELECT document_id FROM question_origins WHERE question_id = ?1 "
        "UNION SELECT document_id FROM question_words WHERE question_id = ?1",
        (question_id,),
    ).fetchall()
    return frozenset(DocumentId(row[0]) for row in rows)


def names_of(path: str, title: str) -> frozenset[str]:
    """What a link may call a note: its file name without the ending, or its title, folded."""
    return frozenset({PurePath(path).stem.strip().casefold(), title.strip().casefold()})


def linked_documents(
    called: Mapping[int, frozenset[str]], links: Sequence[tuple[int, str]]
) -> dict[int, frozenset[DocumentId]]:
    """The documents each one links to, and those that link to it.

    Args:
        called: what links may call each document.
        links: a document, and the name of a note it links to.
    """
    by_name: dict[str, set[int]] = {}
    for document_id, names in called.items():
        for name in names - {""}:
            by_name.setdefault(name, set()).add(document_id)
    linked: dict[int, set[DocumentId]] = {}
    for document_id, name in links:
        for other in by_name.get(name, set()) - {document_id}:
            linked.setdefault(document_id, set()).add(DocumentId(other))
            linked.setdefault(other, set()).add(DocumentId(document_id))
    return {document_id: frozenset(others) for document_id, others in linked.items()}


def _question_from_row(row: tuple[Any, ...]) -> Question:
    id_, text, reason, document_id, asked_count, created_at, last_asked_at, is_pinned, is_withdrawn = row
    return Question(
        id=QuestionId(id_),
        text=text,
        reason=Reason(reason),
        document_id=None if document_id is None else DocumentId(document_id),
        asked_count=asked_count,
        created_at=time_from_column(created_at),
        last_asked_at=None if last_asked_at is None else time_from_column(last_asked_at),
        is_pinned=bool(is_pinned),
        is_withdrawn=bool(is_withdrawn),
    )
