"""What the record tells of questions to come: when each was asked, what became of predicted ones, what was opened."""

from datetime import datetime

from pillowbook.domain.answers import Reason
from pillowbook.domain.documents import DocumentState
from pillowbook.domain.ids import DocumentId, QuestionId
from pillowbook.domain.interest import Outcome, Tries
from pillowbook.domain.work import SliceKind, SliceResult
from pillowbook.store.derived import USER_REASONS
from pillowbook.store.part import KnowledgePart
from pillowbook.store.rows import time_from_column, time_to_column

LATELY = 2000
"""So many prepared answers and slices are looked at, the newest: it must not grow with the ledger."""

_OUTCOMES = """
SELECT p.made_for, q.text, p.prepared_at, count(a.id), min(a.asked_at),
    (SELECT min(document_id) FROM question_origins WHERE question_id = q.id)
FROM (SELECT * FROM prepared ORDER BY id DESC LIMIT ?) AS p JOIN questions AS q ON q.id = p.question_id
LEFT JOIN asked AS a ON a.prepared_for = q.id AND a.verdict IS NOT 'wrong-question'
WHERE p.made_for NOT IN ('', {}) GROUP BY p.id ORDER BY p.id
""".format(", ".join(f"'{reason.value}'" for reason in USER_REASONS))


class Foresight(KnowledgePart):
    """The part of the knowledge that predictions are learned from."""

    def asked_times(self, since: datetime) -> dict[QuestionId, list[datetime]]:
        """When each question was asked since then, oldest first, in its own words or others."""
        times: dict[QuestionId, list[datetime]] = {}
        with self._database.read() as connection:
            for question_id, asked_at in connection.execute(
                "SELECT question_id, asked_at FROM asked WHERE asked_at >= ? ORDER BY asked_at, id",
                (time_to_column(since),),
            ).fetchall():
                times.setdefault(QuestionId(question_id), []).append(time_from_column(asked_at))
        return times

    def mark_due_again(self, question_id: QuestionId) -> bool:
        """A question comes up again by its rhythm: tried again where the last try found nothing.

        Returns:
            whether it is to be prepared now.
        """
        with self._database.write() as connection:
            connection.execute(
                "UPDATE questions SET reason = ? WHERE id = ? AND reason <> ?",
                (Reason.RHYTHM.value, question_id, Reason.REQUESTED.value),
            )
            cursor = connection.execute(
                "UPDATE questions SET tried = NULL WHERE id = ? AND coalesce(tried, '') NOT IN "
                "('never', 'secret', 'deleted', 'rejected') "
                "AND NOT EXISTS (SELECT 1 FROM prepared WHERE question_id = questions.id)",
                (question_id,),
            )
            return int(cursor.rowcount) > 0

    def outcomes(self) -> list[Outcome]:
        """What became of predicted questions that were prepared, the last :data:`LATELY` of them."""
        with self._database.read() as connection:
            rows = connection.execute(_OUTCOMES, (LATELY,)).fetchall()
        return [
            Outcome(
                document_id=None if document_id is None else DocumentId(document_id),
                reason=Reason(reason),
                text=text,
                # One that was prepared anew had been there when it was first served.
                prepared_at=time_from_column(min(prepared_at, first_asked_at or prepared_at)),
                asked=asked,
            )
            for reason, text, prepared_at, asked, first_asked_at, document_id in rows
        ]

    def tries(self) -> dict[Reason, Tries]:
        """What preparing gave and took lately, by why it was done."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT made_for, sum(result = ?1), sum(result = ?2), sum(seconds) FROM "
                "(SELECT * FROM ledger WHERE kind = ?3 ORDER BY id DESC LIMIT ?4) "
                "WHERE result IN (?1, ?2) AND made_for <> '' GROUP BY made_for",
                (SliceResult.DONE.value, SliceResult.REFUSED.value, SliceKind.PREPARE.value, LATELY),
            ).fetchall()
        return {Reason(row[0]): Tries(row[1], row[2], row[3]) for row in rows}

    def questions_by_document(self) -> dict[DocumentId, int]:
        """How many questions are known of each document."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT document_id, count(*) FROM question_origins GROUP BY document_id"
            ).fetchall()
        return {DocumentId(row[0]): row[1] for row in rows}

    def note_opened(self, document_id: DocumentId) -> None:
        """A note was opened; nothing where it is not indexed."""
        with self._database.write() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO opened (document_id, opened_at) "
                "SELECT id, ? FROM documents WHERE id = ? AND state = ?",
                (self._now(), document_id, DocumentState.INDEXED.value),
            )
