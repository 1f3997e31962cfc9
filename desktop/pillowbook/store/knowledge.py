"""What was made of the documents: digests, questions, prepared answers, and what was asked."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pillowbook.domain.answers import (
    AnswerKind,
    Citation,
    Digest,
    Draft,
    Fact,
    PreparedAnswer,
    Question,
    Reason,
    Source,
    Tokens,
)
from pillowbook.domain.clock import Clock
from pillowbook.domain.documents import DocumentState
from pillowbook.domain.errors import Transient
from pillowbook.domain.ids import ContentHash, DigestId, DocumentId, PreparedId, QuestionId
from pillowbook.domain.work import LedgerEntry, SliceKind, SliceResult
from pillowbook.store import derived
from pillowbook.store.database import Database
from pillowbook.store.derived import Connection
from pillowbook.store.rows import (
    citations_from_column,
    citations_to_column,
    clean_text,
    facts_from_column,
    facts_to_column,
    fingerprint_from_columns,
    path_from_column,
    path_to_column,
    stat_to_column,
    time_from_column,
    time_to_column,
    vector_to_column,
)
from pillowbook.store.vectors import VectorStore, as_vector

_STRENGTH = {Reason.ASKED: 1, Reason.MISSED: 2, Reason.REQUESTED: 3}
"""Stronger reasons replace weaker ones; everything predicted counts 0."""

_QUESTION_QUERY = (
    "SELECT q.id, q.text, q.reason, "
    "(SELECT min(document_id) FROM question_origins WHERE question_id = q.id), "
    "q.asked_count, q.created_at, q.last_asked_at FROM questions AS q "
)
_PREPARED_QUERY = (
    "SELECT p.id, p.question_id, q.text, p.answer, p.citations, p.confidence, p.checks, p.prompt_tokens, "
    "p.completion_tokens, p.seconds, p.model, p.prepared_at, p.has_new_evidence, p.new_evidence "
    "FROM prepared AS p JOIN questions AS q ON q.id = p.question_id "
)
_TO_PREPARE = """
SELECT id FROM (
    SELECT q.id, q.withdrawn_at, q.asked_count, q.created_at,
        CASE q.reason WHEN 'requested' THEN 0 WHEN 'missed' THEN 1 WHEN 'asked' THEN 2 ELSE 3 END AS rank,
        d.modified, d.id AS document_id,
        ROW_NUMBER() OVER (PARTITION BY q.reason IN ('requested', 'missed', 'asked'), d.id ORDER BY q.id) AS turn
    FROM questions AS q
    LEFT JOIN documents AS d
        ON d.id = (SELECT min(document_id) FROM question_origins WHERE question_id = q.id)
    LEFT JOIN prepared AS p ON p.question_id = q.id
    WHERE q.tried IS NULL AND (p.id IS NULL OR p.has_new_evidence)
)
ORDER BY withdrawn_at IS NULL, withdrawn_at, rank,
    CASE WHEN rank < 3 THEN -asked_count ELSE turn END,
    CASE WHEN rank < 3 THEN 0 ELSE -coalesce(modified, 0) END,
    CASE WHEN rank < 3 THEN created_at END DESC, document_id, id
LIMIT ?
"""
_STALE_DOCUMENTS = """
SELECT d.id FROM documents AS d LEFT JOIN digests AS g ON g.document_id = d.id
WHERE d.state = ? AND ({}) ORDER BY d.modified DESC, d.id LIMIT ?
"""


class SourcesChanged(Transient):
    """What a prepared answer rests on changed while it was being prepared; nothing was stored."""

    code = "sources-changed"
    sentence = "The documents changed in the meantime; it is tried again."


@dataclass(frozen=True, slots=True)
class KnowledgeCounts:
    """``prepared`` counts all prepared answers, ``prepared_refusals`` those that say the notes do not say."""

    digests: int
    questions: int
    prepared: int
    prepared_refusals: int
    asked: int


class Knowledge:
    """Thread-safe; every method is one transaction, and raises VaultLocked once the vault is locked."""

    def __init__(self, database: Database, vectors: VectorStore, clock: Clock) -> None:
        self._database = database
        self._vectors = vectors
        self._clock = clock

    # -- digests -----------------------------------------------------------------------------------------------

    def put_digest(
        self,
        document_id: DocumentId,
        gist: str,
        facts: Sequence[Fact],
        content_hash: ContentHash,
        model: str,
    ) -> DigestId:
        """Store a document's digest in place of an older one.

        Args:
            content_hash: the document's when it was read: its fingerprint's ``sha256``.
        Raises:
            SourcesChanged: the document is gone, or has other content by now.
        """
        with self._database.write() as connection:
            self._require_current(connection, document_id, content_hash)
            connection.execute("DELETE FROM digests WHERE document_id = ?", (document_id,))
            cursor = connection.execute(
                "INSERT INTO digests (document_id, gist, facts, content_hash, model, made_at) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (document_id, clean_text(gist), facts_to_column(facts), content_hash, model, self._now()),
            )
            return DigestId(cursor.lastrowid)

    def digest(self, document_id: DocumentId) -> Digest | None:
        """A document's digest, if there is one."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT id, document_id, gist, facts, content_hash, model, made_at FROM digests "
                "WHERE document_id = ?",
                (document_id,),
            ).fetchone()
        if row is None:
            return None
        return Digest(
            DigestId(row[0]),
            DocumentId(row[1]),
            row[2],
            facts_from_column(row[3]),
            ContentHash(row[4]),
            row[5],
            time_from_column(row[6]),
        )

    def documents_without_digest(self, limit: int) -> list[DocumentId]:
        """Indexed documents whose digest is missing or of older content, most recently modified first."""
        stale = "g.content_hash IS NULL OR g.content_hash NOT IN (d.sha256, d.text_hash)"
        return self._stale_documents(stale, limit)

    # -- questions ---------------------------------------------------------------------------------------------

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
                if not _exists(connection, "documents", document_id):
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

    def record_asked(
        self, normal: str, text: str, kind: AnswerKind, latency_ms: float, matched: PreparedId | None
    ) -> QuestionId:
        """Note what the user asked and how it was served.

        A hit on another wording counts for the matched question and makes no new one; anything else that was not
        a hit is a question worth preparing.
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
            connection.execute(
                "UPDATE questions SET asked_count = asked_count + 1, last_asked_at = ? WHERE id = ?",
                (now, question_id),
            )
            connection.execute(
                "INSERT INTO asked (question_id, text, kind, latency_ms, matched, asked_at) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (question_id, clean_text(text), kind.value, latency_ms, matched, now),
            )
            return question_id

    def documents_without_questions(self, limit: int) -> list[DocumentId]:
        """Indexed documents no questions were predicted from since they last changed, newest first."""
        return self._stale_documents("d.predicted_hash NOT IN (d.sha256, d.text_hash)", limit)

    def mark_predicted(self, document_id: DocumentId, content_hash: ContentHash) -> None:
        """Note that questions were predicted from this content (the fingerprint's ``sha256``) of a document."""
        with self._database.write() as connection:
            connection.execute(
                "UPDATE documents SET predicted_hash = ? WHERE id = ?", (content_hash, document_id)
            )

    def questions_to_prepare(self, limit: int) -> list[Question]:
        """Questions without a current prepared answer, the most urgent first.

        Withdrawn ones, requested ones, missed and asked ones by how often, then predicted ones in turn over the
        documents, the most recently modified document first.
        """
        with self._database.read() as connection:
            ids = derived.question_ids(connection.execute(_TO_PREPARE, (limit,)).fetchall())
            rows = [connection.execute(_QUESTION_QUERY + "WHERE q.id = ?", (i,)).fetchone() for i in ids]
        return [_question_from_row(row) for row in rows if row is not None]

    def mark_tried(self, question_id: QuestionId, result: str) -> None:
        """Note that nothing could be verified; it is not tried again until the library changes under it."""
        with self._database.write() as connection:
            connection.execute(
                "UPDATE questions SET tried = ?, withdrawn_at = NULL WHERE id = ?", (result, question_id)
            )

    # -- prepared answers --------------------------------------------------------------------------------------

    def put_prepared(
        self,
        question_id: QuestionId,
        draft: Draft,
        sources: tuple[Source, ...],
        seconds: float,
        vector: NDArray[np.float32] | None,
    ) -> PreparedId:
        """Store a verified answer in place of an older one to the same question.

        Args:
            sources: each document it rests on. Cited passages are added to its source's hashes.
            vector: of the question; without one it is found by its words only.
        Raises:
            SourcesChanged: the question, a source or a passage is gone, or a file has changed; nothing was stored.
            ValueError: a citation has no source, or the vector is not as long as those stored.
        """
        row_vector = None if vector is None else as_vector(vector)
        resting = _resting_hashes(draft.citations, sources)
        with self._database.exclusive():
            with self._database.write() as connection:
                if not _exists(connection, "questions", question_id):
                    raise SourcesChanged()
                for source in sources:
                    self._require_source(connection, source, resting[source.document_id])
                if row_vector is not None:
                    _require_length(connection, question_id, row_vector)
                old = connection.execute(
                    "SELECT id FROM prepared WHERE question_id = ?", (question_id,)
                ).fetchone()
                connection.execute("DELETE FROM prepared WHERE question_id = ?", (question_id,))
                connection.execute(
                    "UPDATE questions SET tried = NULL, withdrawn_at = NULL WHERE id = ?", (question_id,)
                )
                prepared_id = self._insert_prepared(connection, question_id, draft, seconds, row_vector)
                for source in sources:
                    connection.execute(
                        "INSERT INTO prepared_sources "
                        "(prepared_id, document_id, path, stat, sha256, passage_hashes) VALUES (?, ?, ?, ?, ?, ?)",
                        (
                            prepared_id,
                            source.document_id,
                            path_to_column(source.path),
                            stat_to_column(source.fingerprint),
                            source.fingerprint.sha256,
                            json.dumps(list(resting[source.document_id])),
                        ),
                    )
            removed = [] if old is None else [old[0]]
            added = {} if row_vector is None else {int(prepared_id): row_vector}
            self._vectors.change("questions", removed=removed, added=added)
            return prepared_id

    def prepared(self, prepared_id: PreparedId) -> PreparedAnswer | None:
        """One prepared answer; None when it is gone."""
        found = self._prepared_where("p.id = ?", (prepared_id,))
        return found[0] if found else None

    def prepared_for(self, question_id: QuestionId) -> PreparedAnswer | None:
        """The prepared answer to a question, if there is one."""
        found = self._prepared_where("p.question_id = ?", (question_id,))
        return found[0] if found else None

    def prepared_answers(self) -> list[PreparedAnswer]:
        """All prepared answers, oldest first."""
        return self._prepared_where("1", ())

    def delete_prepared(self, prepared_id: PreparedId) -> None:
        """Delete one for good: its question counts as tried, so it is not prepared again at once."""
        with self._database.exclusive():
            with self._database.write() as connection:
                connection.execute(
                    "UPDATE questions SET tried = 'deleted' "
                    "WHERE id = (SELECT question_id FROM prepared WHERE id = ?)",
                    (prepared_id,),
                )
                connection.execute("DELETE FROM prepared WHERE id = ?", (prepared_id,))
            self._vectors.change("questions", removed=[prepared_id])

    def mark_new_evidence(self, prepared_id: PreparedId, citation: Citation) -> None:
        """Note a newer passage that would have been among the evidence; the question is prepared again."""
        with self._database.write() as connection:
            row = connection.execute(
                "SELECT new_evidence FROM prepared WHERE id = ?", (prepared_id,)
            ).fetchone()
            if row is None:
                return
            noted = citations_from_column(row[0])
            if all(other.passage_hash != citation.passage_hash for other in noted):
                noted = (*noted, citation)
            connection.execute(
                "UPDATE prepared SET has_new_evidence = 1, new_evidence = ? WHERE id = ?",
                (citations_to_column(noted), prepared_id),
            )
            connection.execute(
                "UPDATE questions SET tried = NULL WHERE id = (SELECT question_id FROM prepared WHERE id = ?)",
                (prepared_id,),
            )

    def prepared_resting_on(self, document_id: DocumentId) -> list[PreparedId]:
        """Prepared answers that have a document among their sources."""
        with self._database.read() as connection:
            return list(derived.prepared_on(connection, document_id))

    def withdraw(self, prepared_ids: Iterable[PreparedId]) -> None:
        """Delete prepared answers whose sources changed; their questions are prepared again first."""
        ids = list(prepared_ids)
        with self._database.exclusive():
            with self._database.write() as connection:
                derived.withdraw_rows(connection, ids, self._now())
            self._vectors.change("questions", removed=ids)

    # -- ledger and small facts --------------------------------------------------------------------------------

    def put_ledger(self, entry: LedgerEntry) -> None:
        """Note what a slice cost and brought."""
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO ledger (kind, result, started_at, seconds, prompt_tokens, completion_tokens, made, "
                "document_id, question_id, energy_j, is_energy_estimated) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    entry.kind.value,
                    entry.result.value,
                    time_to_column(entry.started_at),
                    entry.seconds,
                    entry.tokens.prompt,
                    entry.tokens.completion,
                    entry.made,
                    entry.document_id,
                    entry.question_id,
                    entry.energy_j,
                    entry.is_energy_estimated,
                ),
            )

    def ledger(self, since: datetime | None = None) -> list[LedgerEntry]:
        """Entries in the order they were begun."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT kind, result, started_at, seconds, prompt_tokens, completion_tokens, made, document_id, "
                "question_id, energy_j, is_energy_estimated FROM ledger WHERE started_at >= ? ORDER BY started_at, id",
                ("" if since is None else time_to_column(since),),
            ).fetchall()
        return [
            LedgerEntry(
                SliceKind(row[0]),
                SliceResult(row[1]),
                time_from_column(row[2]),
                row[3],
                Tokens(row[4], row[5]),
                row[6],
                None if row[7] is None else DocumentId(row[7]),
                None if row[8] is None else QuestionId(row[8]),
                row[9],
                bool(row[10]),
            )
            for row in rows
        ]

    def ledger_began_at(self) -> datetime | None:
        """When the first slice ever was begun; None before it."""
        with self._database.read() as connection:
            row = connection.execute("SELECT min(started_at) FROM ledger").fetchone()
        return None if row[0] is None else time_from_column(row[0])

    def counts(self) -> KnowledgeCounts:
        """How much there is of everything."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT (SELECT count(*) FROM digests), (SELECT count(*) FROM questions), "
                "(SELECT count(*) FROM prepared), (SELECT count(*) FROM prepared WHERE answer = ''), "
                "(SELECT count(*) FROM asked)"
            ).fetchone()
        return KnowledgeCounts(*row)

    def asked_by_kind(self) -> dict[AnswerKind, int]:
        """How often questions were served in each way."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT kind, count(*) FROM asked GROUP BY kind").fetchall()
        return {AnswerKind(kind): int(count) for kind, count in rows}

    def set_state(self, key: str, value: str) -> None:
        """Keep a small fact, such as when the scheduler last ran."""
        with self._database.write() as connection:
            connection.execute("INSERT OR REPLACE INTO state (key, value) VALUES (?, ?)", (key, value))

    def state(self, key: str) -> str | None:
        """A small fact kept earlier."""
        with self._database.read() as connection:
            row = connection.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    # -- inside a transaction ----------------------------------------------------------------------------------

    def _now(self) -> str:
        return time_to_column(self._clock.now())

    def _stale_documents(self, condition: str, limit: int) -> list[DocumentId]:
        with self._database.read() as connection:
            rows = connection.execute(
                _STALE_DOCUMENTS.format(condition), (DocumentState.INDEXED.value, limit)
            ).fetchall()
        return [DocumentId(row[0]) for row in rows]

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
            connection.execute("UPDATE questions SET reason = ? WHERE id = ?", (reason.value, question_id))

    def _require_current(
        self, connection: Connection, document_id: DocumentId, content_hash: ContentHash
    ) -> None:
        row = connection.execute(
            "SELECT sha256, text_hash FROM documents WHERE id = ?", (document_id,)
        ).fetchone()
        if row is None or content_hash not in row:
            raise SourcesChanged()

    def _require_source(self, connection: Connection, source: Source, hashes: Iterable[ContentHash]) -> None:
        row = connection.execute(
            "SELECT sha256 FROM documents WHERE id = ?", (source.document_id,)
        ).fetchone()
        if row is None or row[0] != source.fingerprint.sha256:
            raise SourcesChanged()
        rows = connection.execute(
            "SELECT content_hash FROM passages WHERE document_id = ?", (source.document_id,)
        ).fetchall()
        if not set(hashes) <= {row[0] for row in rows}:
            raise SourcesChanged()

    def _insert_prepared(
        self,
        connection: Connection,
        question_id: QuestionId,
        draft: Draft,
        seconds: float,
        vector: NDArray[np.float32] | None,
    ) -> PreparedId:
        cursor = connection.execute(
            "INSERT INTO prepared (question_id, answer, citations, confidence, checks, prompt_tokens, "
            "completion_tokens, seconds, model, effort, prepared_at, vector) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                question_id,
                clean_text(draft.answer),
                citations_to_column(draft.citations),
                draft.confidence,
                json.dumps(list(draft.checks)),
                draft.tokens.prompt,
                draft.tokens.completion,
                seconds,
                draft.model,
                draft.effort.value,
                self._now(),
                None if vector is None else vector_to_column(vector),
            ),
        )
        return PreparedId(cursor.lastrowid)

    def _prepared_where(self, condition: str, values: tuple[object, ...]) -> list[PreparedAnswer]:
        with self._database.read() as connection:
            rows = connection.execute(_PREPARED_QUERY + f"WHERE {condition} ORDER BY p.id", values).fetchall()
            source_rows = connection.execute(
                "SELECT s.prepared_id, s.document_id, s.path, s.stat, s.sha256, s.passage_hashes "
                "FROM prepared_sources AS s JOIN prepared AS p ON p.id = s.prepared_id "
                f"WHERE {condition} ORDER BY s.document_id",
                values,
            ).fetchall()
        sources: dict[int, list[Source]] = {}
        for prepared_id, document_id, path, stat, sha256, hashes in source_rows:
            fingerprint = fingerprint_from_columns(stat, sha256)
            assert fingerprint is not None  # both columns are NOT NULL
            sources.setdefault(prepared_id, []).append(
                Source(
                    DocumentId(document_id), path_from_column(path), fingerprint, tuple(json.loads(hashes))
                )
            )
        return [_prepared_from_row(row, tuple(sources.get(row[0], ()))) for row in rows]


def _resting_hashes(
    citations: Sequence[Citation], sources: Sequence[Source]
) -> dict[DocumentId, dict[ContentHash, None]]:
    resting = {source.document_id: dict.fromkeys(source.passage_hashes) for source in sources}
    for citation in citations:
        if citation.document_id not in resting:
            raise ValueError("a citation has no source")
        resting[citation.document_id][citation.passage_hash] = None
    return resting


def _require_length(connection: Connection, question_id: QuestionId, vector: NDArray[np.float32]) -> None:
    row = connection.execute(
        "SELECT length(vector) FROM prepared WHERE vector IS NOT NULL AND question_id <> ? LIMIT 1",
        (question_id,),
    ).fetchone()
    if row is not None and row[0] != 4 * len(vector):
        raise ValueError("vectors of one vault have one length")


def _exists(connection: Connection, table: str, row_id: int) -> bool:
    return connection.execute(f"SELECT 1 FROM {table} WHERE id = ?", (row_id,)).fetchone() is not None


def _question_from_row(row: tuple[Any, ...]) -> Question:
    id_, text, reason, document_id, asked_count, created_at, last_asked_at = row
    return Question(
        id=QuestionId(id_),
        text=text,
        reason=Reason(reason),
        document_id=None if document_id is None else DocumentId(document_id),
        asked_count=asked_count,
        created_at=time_from_column(created_at),
        last_asked_at=None if last_asked_at is None else time_from_column(last_asked_at),
    )


def _prepared_from_row(row: tuple[Any, ...], sources: tuple[Source, ...]) -> PreparedAnswer:
    return PreparedAnswer(
        id=PreparedId(row[0]),
        question_id=QuestionId(row[1]),
        question=row[2],
        answer=row[3],
        citations=citations_from_column(row[4]),
        sources=sources,
        confidence=row[5],
        checks=tuple(json.loads(row[6])),
        tokens=Tokens(row[7], row[8]),
        seconds=row[9],
        model=row[10],
        prepared_at=time_from_column(row[11]),
        has_new_evidence=bool(row[12]),
        new_evidence=citations_from_column(row[13]),
    )
