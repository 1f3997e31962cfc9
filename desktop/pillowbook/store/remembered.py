"""What is remembered of asking: signs of how an answer served, and forgetting it all again."""

from datetime import datetime
from typing import Final

from pillowbook.domain.answers import Reason
from pillowbook.domain.ids import DocumentId, PreparedId, ServingId
from pillowbook.store.database import Database
from pillowbook.store.rows import time_to_column
from pillowbook.store.vectors import VectorStore

_OF_ASKING: Final = (Reason.MISSED, Reason.ASKED, Reason.RHYTHM)
_IN_WORDS_OF_THE_USER: Final = f"reason IN ({', '.join(repr(reason.value) for reason in _OF_ASKING)})"


class Remembered:
    """Thread-safe; every method is one transaction."""

    def __init__(self, database: Database, vectors: VectorStore) -> None:
        self._database = database
        self._vectors = vectors

    def note_opened(self, serving_id: ServingId, document_id: DocumentId, now: datetime) -> bool:
        """The user opened a source of an answer; False where there is no such serving."""
        with self._database.write() as connection:
            cursor = connection.execute(
                "UPDATE asked SET opened_at = coalesce(opened_at, ?) WHERE id = ?",
                (time_to_column(now), serving_id),
            )
            connection.execute(
                "UPDATE asked_sources SET is_opened = 1 WHERE asked_id = ? AND document_id = ?",
                (serving_id, document_id),
            )
            return int(cursor.rowcount) > 0

    def note_asked_again(self, serving_id: ServingId, later: ServingId) -> None:
        """The question of a serving was put again soon after, in the same or other words."""
        with self._database.write() as connection:
            connection.execute("UPDATE asked SET asked_again = ? WHERE id = ?", (later, serving_id))

    def forget(self, before: datetime | None) -> tuple[int, tuple[PreparedId, ...]]:
        """Forget what was asked before a time, or ever: how it was served, and the questions themselves.

        Questions that were predicted from documents become what they were before they were asked. What the user asked
        to have prepared, pinned, or put into own words stays, as what was wished and not as what was asked.

        Returns:
            how many servings are forgotten, and the prepared answers that went with their questions.
        """
        end = None if before is None else time_to_column(before)
        with self._database.exclusive():
            with self._database.write() as connection:
                cursor = connection.execute("DELETE FROM asked WHERE ?1 IS NULL OR asked_at < ?1", (end,))
                servings = int(cursor.rowcount)
                connection.execute("DELETE FROM opened WHERE ?1 IS NULL OR opened_at < ?1", (end,))
                connection.execute(
                    "UPDATE questions SET asked_count = (SELECT count(*) FROM asked WHERE question_id = questions.id), "
                    "last_asked_at = (SELECT max(asked_at) FROM asked WHERE question_id = questions.id) "
                    "WHERE asked_count > 0"
                )
                connection.execute(
                    f"UPDATE questions SET reason = ?2 WHERE {_IN_WORDS_OF_THE_USER} AND asked_count = 0 "
                    "AND (?1 IS NULL OR created_at < ?1) AND (id IN (SELECT question_id FROM pins) OR id IN "
                    "(SELECT question_id FROM prepared WHERE id IN (SELECT prepared_id FROM edits)))",
                    (end, Reason.REQUESTED.value),
                )
                predicted = ", ".join(
                    f"'{reason.value}'" for reason in Reason if reason not in (*_OF_ASKING, Reason.REQUESTED)
                )
                connection.execute(
                    "UPDATE questions SET reason = coalesce((SELECT made_for FROM prepared "
                    f"WHERE question_id = questions.id AND made_for IN ({predicted})), ?2) "
                    f"WHERE {_IN_WORDS_OF_THE_USER} AND asked_count = 0 AND (?1 IS NULL OR created_at < ?1) "
                    "AND id IN (SELECT question_id FROM question_origins)",
                    (end, Reason.CONTENT.value),
                )
                gone = f"{_IN_WORDS_OF_THE_USER} AND asked_count = 0 AND (?1 IS NULL OR created_at < ?1)"
                rows = connection.execute(
                    f"SELECT id FROM prepared WHERE question_id IN (SELECT id FROM questions WHERE {gone})",
                    (end,),
                ).fetchall()
                prepared = tuple(PreparedId(row[0]) for row in rows)
                connection.execute(f"DELETE FROM questions WHERE {gone}", (end,))
                connection.execute(
                    "DELETE FROM wrong_pairs WHERE ?1 IS NULL "
                    "OR NOT EXISTS (SELECT 1 FROM questions WHERE normal = wrong_pairs.asked)",
                    (end,),
                )
            if prepared:
                self._vectors.change("questions", removed=list(prepared))
        return servings, prepared
