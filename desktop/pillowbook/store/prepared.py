"""Prepared answers: stored with what they rest on, withdrawn when that changes."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pillowbook.domain.answers import Citation, Draft, Effort, PreparedAnswer, Reason, Source, Tokens
from pillowbook.domain.errors import Transient
from pillowbook.domain.ids import ContentHash, DocumentId, PassageId, PreparedId, QuestionId
from pillowbook.store import derived
from pillowbook.store.derived import Connection
from pillowbook.store.part import KnowledgePart, SourcesChanged, exists
from pillowbook.store.rows import (
    citations_from_column,
    citations_to_column,
    clean_text,
    fingerprint_from_columns,
    path_from_column,
    path_to_column,
    stat_to_column,
    time_from_column,
    vector_to_column,
)
from pillowbook.store.vectors import as_vector
from pillowbook.store.wordings import SHARES

_PREPARED_QUERY = (
    "SELECT p.id, p.question_id, q.text, coalesce(e.answer, p.answer), p.citations, p.confidence, p.checks, "
    "p.prompt_tokens, p.completion_tokens, p.seconds, p.model, p.prepared_at, p.has_new_evidence, p.new_evidence, "
    "p.made_for, e.edited_at, EXISTS (SELECT 1 FROM pins WHERE question_id = q.id), p.effort, p.is_provisional "
    "FROM prepared AS p JOIN questions AS q ON q.id = p.question_id "
    "LEFT JOIN edits AS e ON e.prepared_id = p.id "
)


@dataclass(frozen=True, slots=True)
class QuestionVersion:
    """How a question stood when an answer to it was begun: what is done to it meanwhile must not be undone by that.

    Attributes:
        tried: with what result it was tried last.
        prepared: number of its own prepared answer, and the newer evidence noted on it.
        wording: what near wordings of it have in common.
        is_ruled_out: whether a rule says that this wording is never prepared.
        newest_passage: the highest number a passage has had.
    """

    tried: str | None
    prepared: tuple[int, str] | None
    wording: str
    is_ruled_out: bool
    newest_passage: PassageId


class AnswerEdited(Transient):
    """The prepared answer is in the user's own words; nothing was stored in its place."""

    code = "answer-edited"
    sentence = "This answer is in your own words; 'pillowbook edit --undo' takes them back."


class PreparedAnswers(KnowledgePart):
    """The part of the knowledge that is prepared answers."""

    def version_of(self, question_id: QuestionId, wording: str) -> QuestionVersion:
        """How a question stands now, to be told to :meth:`put_prepared` and :meth:`mark_tried`.

        Args:
            wording: what near wordings of the question have in common.
        """
        with self._database.read() as connection:
            return _version_of(connection, question_id, wording)

    def mark_tried(
        self, question_id: QuestionId, result: str, *, since: QuestionVersion | None = None
    ) -> None:
        """Note that nothing could be verified; it is not tried again until the library changes under it.

        Args:
            since: how the question stood when the try began; nothing is noted where it has changed.
        """
        with self._database.write() as connection:
            if since is None or _is_as(connection, question_id, since):
                connection.execute(
                    "UPDATE questions SET tried = ?, withdrawn_at = NULL WHERE id = ?", (result, question_id)
                )

    def put_prepared(
        self,
        question_id: QuestionId,
        draft: Draft,
        sources: tuple[Source, ...],
        seconds: float,
        vector: NDArray[np.float32] | None,
        *,
        is_provisional: bool = False,
        since: QuestionVersion | None = None,
    ) -> PreparedId:
        """Store a verified answer in place of an older one to the same question.

        Args:
            sources: each document it rests on. Cited passages are added to its source's hashes.
            vector: of the question; without one it is found by its words only.
            is_provisional: it was made for somebody who waited; its question stays among those to prepare.
            since: how the question stood when the answer was begun.
        Raises:
            SourcesChanged: the question, a source or a passage is gone, a file has changed, or the user or a newer
                note has changed how the question stands; nothing was stored.
            AnswerEdited: the older one is in the user's own words and stays.
            ValueError: a citation has no source, or the vector is not as long as those stored.
        """
        row_vector = None if vector is None else as_vector(vector)
        resting = _resting_hashes(draft.rests_on, sources)
        with self._database.exclusive():
            with self._database.write() as connection:
                if not exists(connection, "questions", question_id):
                    raise SourcesChanged()
                if since is not None and not _is_as(connection, question_id, since):
                    raise SourcesChanged()
                for source in sources:
                    self._require_source(connection, source, resting[source.document_id])
                if row_vector is not None:
                    _require_length(connection, question_id, row_vector)
                old = connection.execute(
                    "SELECT id FROM prepared WHERE question_id = ?", (question_id,)
                ).fetchone()
                if old is not None and derived.edited_among(connection, [PreparedId(old[0])]):
                    raise AnswerEdited()
                connection.execute("DELETE FROM prepared WHERE question_id = ?", (question_id,))
                connection.execute(
                    "UPDATE questions SET tried = NULL, withdrawn_at = NULL WHERE id = ?", (question_id,)
                )
                prepared_id = self._insert_prepared(connection, question_id, draft, seconds, row_vector)
                connection.execute(
                    "UPDATE prepared SET is_provisional = ? WHERE id = ?", (is_provisional, prepared_id)
                )
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
        """The prepared answer to a question, if there is one: its own, or the one it shares as a wording."""
        shared = f"SELECT n.near_id FROM near_misses AS n WHERE n.question_id = ?1 AND {SHARES}"
        found = self._prepared_where("p.question_id = ?1", (question_id,)) or self._prepared_where(
            f"p.question_id IN ({shared})", (question_id,)
        )
        return found[0] if found else None

    def settle(self, prepared_id: PreparedId) -> None:
        """A provisional answer held against a dearer try: it stays as it is."""
        with self._database.write() as connection:
            connection.execute("UPDATE prepared SET is_provisional = 0 WHERE id = ?", (prepared_id,))

    def prepared_answers(self) -> list[PreparedAnswer]:
        """All prepared answers, oldest first."""
        return self._prepared_where("1", ())

    def prepared_citing(self, document_ids: Sequence[DocumentId]) -> list[PreparedAnswer]:
        """Prepared answers that say something and rest on one of these documents, in the order they were made."""
        marks = ", ".join("?" * len(document_ids))
        return self._prepared_where(
            f"p.answer <> '' AND p.id IN (SELECT prepared_id FROM prepared_sources WHERE document_id IN ({marks}))",
            tuple(document_ids),
        )

    def prepared_changes(self) -> int:
        """How often prepared answers came or went since the vault was opened: while it is the same, so are they."""
        return self._vectors.changes("questions")

    def prepared_questions(self) -> list[tuple[PreparedId, str]]:
        """The questions of all prepared answers, oldest first; nothing else of them is read."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT p.id, q.text FROM prepared AS p JOIN questions AS q ON q.id = p.question_id ORDER BY p.id"
            ).fetchall()
        return [(PreparedId(row[0]), row[1]) for row in rows]

    def prepared_order(self) -> list[PreparedId]:
        """All prepared answers as they are listed: pinned ones and those in the user's own words, then the newest.

        Only indexes are read; a prepared answer never changes its time, so its number tells its age.
        """
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT p.id FROM prepared AS p ORDER BY EXISTS (SELECT 1 FROM edits WHERE prepared_id = p.id) "
                "OR EXISTS (SELECT 1 FROM pins WHERE question_id = p.question_id) DESC, p.id DESC"
            ).fetchall()
        return [PreparedId(row[0]) for row in rows]

    def prepared_texts(self) -> dict[PreparedId, str]:
        """What prepared answers are found by: their question, what they say, and the names of their files."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT p.id, q.text, coalesce(e.answer, p.answer) FROM prepared AS p "
                "JOIN questions AS q ON q.id = p.question_id LEFT JOIN edits AS e ON e.prepared_id = p.id"
            ).fetchall()
            paths = connection.execute("SELECT prepared_id, path FROM prepared_sources").fetchall()
        name_of = {path: Path(path_from_column(path)).name for path in {row[1] for row in paths}}
        names: dict[int, list[str]] = {}
        for prepared_id, path in paths:
            names.setdefault(prepared_id, []).append(name_of[path])
        return {PreparedId(row[0]): "\n".join((row[1], row[2], *names.get(row[0], ()))) for row in rows}

    def prepared_among(self, prepared_ids: Sequence[PreparedId]) -> list[PreparedAnswer]:
        """Some prepared answers, in this order; without those that are gone."""
        marks = ", ".join("?" * len(prepared_ids))
        found = {one.id: one for one in self._prepared_where(f"p.id IN ({marks})", tuple(prepared_ids))}
        return [found[prepared_id] for prepared_id in prepared_ids if prepared_id in found]

    def delete_prepared(self, prepared_id: PreparedId) -> None:
        """Delete one for good: its question and its wordings count as tried until a note changes that it rested on."""
        with self._database.exclusive():
            with self._database.write() as connection:
                meant = (
                    "SELECT p.question_id FROM prepared AS p WHERE p.id = ?1 UNION SELECT n.question_id "
                    "FROM near_misses AS n JOIN prepared AS p ON p.question_id = n.near_id "
                    "WHERE p.id = ?1 AND n.verdict = 'same'"
                )
                connection.execute(
                    "INSERT OR IGNORE INTO deleted_answers (question_id, document_id) "
                    f"SELECT m.question_id, s.document_id FROM ({meant}) AS m, prepared_sources AS s "
                    "JOIN prepared AS p ON p.id = s.prepared_id WHERE s.prepared_id = ?1 AND p.answer <> ''",
                    (prepared_id,),
                )
                connection.execute(
                    f"UPDATE questions SET tried = 'deleted' WHERE id IN ({meant})", (prepared_id,)
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

    def withdraw(self, prepared_ids: Iterable[PreparedId]) -> None:
        """Delete prepared answers whose sources changed; their questions are prepared again first.

        Those in the user's own words stay.
        """
        with self._database.exclusive():
            with self._database.write() as connection:
                ids = list(prepared_ids)
                edited = derived.edited_among(connection, ids)
                ids = [prepared_id for prepared_id in ids if prepared_id not in edited]
                derived.withdraw_rows(connection, ids, self._now())
            self._vectors.change("questions", removed=ids)

    # -- inside a transaction ----------------------------------------------------------------------------------

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
            "completion_tokens, seconds, model, effort, prepared_at, vector, made_for) "
            "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, "
            "(SELECT reason FROM questions WHERE id = ?1))",
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


def _version_of(connection: Connection, question_id: QuestionId, wording: str) -> QuestionVersion:
    question = connection.execute("SELECT tried FROM questions WHERE id = ?", (question_id,)).fetchone()
    prepared = connection.execute(
        "SELECT id, new_evidence FROM prepared WHERE question_id = ?", (question_id,)
    ).fetchone()
    rule = connection.execute("SELECT 1 FROM never WHERE wording = ?", (clean_text(wording),)).fetchone()
    return QuestionVersion(
        tried=None if question is None else question[0],
        prepared=None if prepared is None else (int(prepared[0]), str(prepared[1])),
        wording=wording,
        is_ruled_out=rule is not None,
        newest_passage=derived.newest_passage(connection),
    )


def _is_as(connection: Connection, question_id: QuestionId, since: QuestionVersion) -> bool:
    """Whether a question stands as it did; passages come all the time, and are compared with the answer itself."""
    now = _version_of(connection, question_id, since.wording)
    return replace(now, newest_passage=since.newest_passage) == since


def _require_length(connection: Connection, question_id: QuestionId, vector: NDArray[np.float32]) -> None:
    row = connection.execute(
        "SELECT length(vector) FROM prepared WHERE vector IS NOT NULL AND question_id <> ? LIMIT 1",
        (question_id,),
    ).fetchone()
    if row is not None and row[0] != 4 * len(vector):
        raise ValueError("vectors of one vault have one length")


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
        reason=Reason(row[14]) if row[14] else None,
        edited_at=None if row[15] is None else time_from_column(row[15]),
        is_pinned=bool(row[16]),
        effort=Effort(row[17]),
        is_provisional=bool(row[18]),
    )
