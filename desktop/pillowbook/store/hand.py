"""What the user decided by hand: pins, edits, verdicts, wrong pairs, what is never prepared, deleted digests."""

from collections.abc import Collection
from dataclasses import dataclass

from pillowbook.domain.answers import Reason
from pillowbook.domain.clock import Clock
from pillowbook.domain.ids import DocumentId, PreparedId, QuestionId, ServingId
from pillowbook.domain.serving import NeverRule, Verdict
from pillowbook.store.database import Database
from pillowbook.store.derived import USER_REASONS, Connection
from pillowbook.store.rows import clean_text, time_from_column, time_to_column


@dataclass(frozen=True, slots=True)
class RejectedAnswer:
    """An answer the user called wrong, and the documents it was drawn from."""

    answer: str
    documents: frozenset[DocumentId]


class Hand:
    """The user's hand in what is prepared. Thread-safe; every method is one transaction."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    # -- pins and edits ----------------------------------------------------------------------------------------

    def pin(self, question_id: QuestionId, *, is_pinned: bool) -> None:
        """Keep the answer to a question before all others, or no longer. It is tried again at once."""
        with self._database.write() as connection:
            if is_pinned:
                connection.execute(
                    "INSERT OR IGNORE INTO pins (question_id, pinned_at) VALUES (?, ?)",
                    (question_id, self._now()),
                )
                connection.execute("UPDATE questions SET tried = NULL WHERE id = ?", (question_id,))
            else:
                connection.execute("DELETE FROM pins WHERE question_id = ?", (question_id,))

    def pinned(self) -> frozenset[QuestionId]:
        """Questions whose answers are never withdrawn for room."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT question_id FROM pins").fetchall()
        return frozenset(QuestionId(row[0]) for row in rows)

    def edit(self, prepared_id: PreparedId, answer: str) -> None:
        """Put the user's own words over a prepared answer; its citations stay."""
        with self._database.write() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO edits (prepared_id, answer, edited_at) VALUES (?, ?, ?)",
                (prepared_id, clean_text(answer), self._now()),
            )

    def undo_edit(self, prepared_id: PreparedId) -> bool:
        """Take the user's words away again; False where there were none."""
        with self._database.write() as connection:
            cursor = connection.execute("DELETE FROM edits WHERE prepared_id = ?", (prepared_id,))
            return int(cursor.rowcount) > 0

    # -- verdicts ----------------------------------------------------------------------------------------------

    def said(self, serving_id: ServingId) -> str:
        """What was said in a serving; empty where its source has changed since, or where it was a secret."""
        with self._database.read() as connection:
            row = connection.execute("SELECT answer FROM asked WHERE id = ?", (serving_id,)).fetchone()
        return "" if row is None else str(row[0])

    def put_verdict(self, serving_id: ServingId, verdict: Verdict) -> None:
        """Store what the user says of an answer that was served; a later verdict replaces an earlier one.

        A question that was answered wrong is tried again.
        """
        with self._database.write() as connection:
            connection.execute("UPDATE asked SET verdict = ? WHERE id = ?", (verdict.value, serving_id))
            if verdict is Verdict.WRONG:
                connection.execute(
                    "UPDATE questions SET tried = NULL WHERE id = "
                    "(SELECT coalesce(prepared_for, question_id) FROM asked WHERE id = ?)",
                    (serving_id,),
                )

    def rejected(self, question_id: QuestionId) -> tuple[RejectedAnswer, ...]:
        """Answers to a question that the user called wrong, as far as their documents are as they were."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT id, answer FROM asked WHERE verdict = ?1 AND answer <> '' "
                "AND ?2 IN (coalesce(prepared_for, question_id), question_id) ORDER BY id",
                (Verdict.WRONG.value, question_id),
            ).fetchall()
            documents = [
                connection.execute(
                    "SELECT document_id FROM asked_sources WHERE asked_id = ?", (row[0],)
                ).fetchall()
                for row in rows
            ]
        found: dict[str, frozenset[DocumentId]] = {}
        for (_id, answer), sources in zip(rows, documents, strict=True):
            found[answer] = frozenset(DocumentId(source[0]) for source in sources)
        return tuple(RejectedAnswer(answer, sources) for answer, sources in found.items())

    def put_wrong_pair(self, serving_id: ServingId, asked: str, text: str, question_id: QuestionId) -> None:
        """The prepared answer to a question is not the answer to what was asked, and counts as not asked for.

        Args:
            serving_id: where it was served all the same.
            asked: normalised.
            text: as it was asked; it becomes a question of its own.
            question_id: whose prepared answer was served.
        """
        with self._database.write() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO wrong_pairs (asked, question_id) VALUES (?, ?)",
                (clean_text(asked), question_id),
            )
            connection.execute(
                "UPDATE near_misses SET verdict = 'different', passage_hash = '' WHERE near_id = ? "
                "AND question_id = (SELECT id FROM questions WHERE normal = ?)",
                (question_id, clean_text(asked)),
            )
            row = connection.execute("SELECT question_id FROM asked WHERE id = ?", (serving_id,)).fetchone()
            if row is None or row[0] != question_id:
                return  # it was counted for what was asked
            connection.execute(
                "INSERT OR IGNORE INTO questions (normal, text, reason, created_at, asked_count, last_asked_at) "
                "VALUES (?, ?, ?, ?, 0, NULL)",
                (clean_text(asked), clean_text(text), Reason.MISSED.value, self._now()),
            )
            connection.execute(
                "UPDATE asked SET question_id = (SELECT id FROM questions WHERE normal = ?) WHERE id = ?",
                (clean_text(asked), serving_id),
            )
            for each in (question_id, _question_of(connection, serving_id)):
                connection.execute(
                    "UPDATE questions SET asked_count = (SELECT count(*) FROM asked WHERE question_id = ?1), "
                    "last_asked_at = (SELECT max(asked_at) FROM asked WHERE question_id = ?1) WHERE id = ?1",
                    (each,),
                )
            # Only this serving had made it a question that is asked: it is what it was prepared for again.
            connection.execute(
                "UPDATE questions SET reason = (SELECT made_for FROM prepared WHERE question_id = ?1) "
                "WHERE id = ?1 AND asked_count = 0 "
                "AND EXISTS (SELECT 1 FROM prepared WHERE question_id = ?1 AND made_for <> '')",
                (question_id,),
            )

    def wrong_for(self, asked: str) -> frozenset[QuestionId]:
        """Questions whose prepared answers are never served for this one, by its normalised text.

        The user said so, or their answers were compared and are different.
        """
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT question_id FROM wrong_pairs WHERE asked = ?1 UNION "
                "SELECT n.near_id FROM near_misses AS n JOIN questions AS q ON q.id = n.question_id "
                "WHERE q.normal = ?1 AND n.verdict = 'different'",
                (clean_text(asked),),
            ).fetchall()
        return frozenset(QuestionId(row[0]) for row in rows)

    def verdicts_for(
        self, questions: Collection[QuestionId]
    ) -> dict[QuestionId, tuple[tuple[str, Verdict], ...]]:
        """What was asked where prepared answers to these questions were served, and the user's verdict on each."""
        marks = ", ".join("?" * len(questions))
        with self._database.read() as connection:
            rows = connection.execute(
                f"SELECT prepared_for, text, verdict FROM asked "
                f"WHERE verdict IS NOT NULL AND prepared_for IN ({marks}) ORDER BY id",
                tuple(questions),
            ).fetchall()
        found: dict[QuestionId, tuple[tuple[str, Verdict], ...]] = {}
        for question_id, text, verdict in rows:
            key = QuestionId(question_id)
            found[key] = (*found.get(key, ()), (str(text), Verdict(verdict)))
        return found

    # -- what is never prepared --------------------------------------------------------------------------------

    def put_never(self, wording: str, text: str) -> None:
        """Never prepare questions of this wording.

        A rule for a question that only a document gave, and the user never asked, goes with that document.
        """
        with self._database.write() as connection:
            made = connection.execute(
                "SELECT id FROM questions WHERE text = ? AND asked_count = 0 AND reason NOT IN (?, ?, ?, ?) "
                "AND EXISTS (SELECT 1 FROM question_origins WHERE question_id = questions.id)",
                (clean_text(text), *(reason.value for reason in USER_REASONS)),
            ).fetchone()
            connection.execute(
                "INSERT OR REPLACE INTO never (wording, text, question_id, added_at) VALUES (?, ?, ?, ?)",
                (clean_text(wording), clean_text(text), None if made is None else made[0], self._now()),
            )

    def drop_never(self, wording: str) -> bool:
        """Prepare questions of this wording again; False where there was no such rule."""
        with self._database.write() as connection:
            cursor = connection.execute("DELETE FROM never WHERE wording = ?", (clean_text(wording),))
            is_dropped = int(cursor.rowcount) > 0
            if is_dropped:
                connection.execute("UPDATE questions SET tried = NULL WHERE tried = ?", (NEVER,))
            return is_dropped

    def is_never(self, wording: str) -> bool:
        """Whether questions of this wording are never prepared."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT 1 FROM never WHERE wording = ?", (clean_text(wording),)
            ).fetchone()
        return row is not None

    def never(self) -> tuple[NeverRule, ...]:
        """What is never prepared, oldest rule first."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT text, added_at FROM never ORDER BY added_at, wording"
            ).fetchall()
        return tuple(NeverRule(text, time_from_column(added_at)) for text, added_at in rows)

    # -- digests -----------------------------------------------------------------------------------------------

    def delete_digest(self, document_id: DocumentId) -> bool:
        """Delete a document's digest; it is not made again before the document changes. False where there is none."""
        with self._database.write() as connection:
            row = connection.execute(
                "SELECT content_hash FROM digests WHERE document_id = ?", (document_id,)
            ).fetchone()
            if row is None:
                return False
            connection.execute("DELETE FROM digests WHERE document_id = ?", (document_id,))
            connection.execute(
                "INSERT OR REPLACE INTO deleted_digests (document_id, content_hash) VALUES (?, ?)",
                (document_id, row[0]),
            )
            return True

    def _now(self) -> str:
        return time_to_column(self._clock.now())


NEVER = "never"
"""How a question was tried that is never to be prepared."""


def _question_of(connection: Connection, serving_id: ServingId) -> int:
    row = connection.execute("SELECT question_id FROM asked WHERE id = ?", (serving_id,)).fetchone()
    return int(row[0])
