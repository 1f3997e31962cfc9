"""The ledger: what the background work cost and brought."""

from datetime import datetime

from pillowbook.domain.answers import Tokens
from pillowbook.domain.ids import DocumentId, QuestionId
from pillowbook.domain.work import LedgerEntry, SliceKind, SliceResult
from pillowbook.store.part import KnowledgePart
from pillowbook.store.rows import time_from_column, time_to_column


class Ledger(KnowledgePart):
    """The part of the knowledge that is the ledger."""

    def put_ledger(self, entry: LedgerEntry) -> None:
        """Note what a slice cost and brought."""
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO ledger (kind, result, started_at, seconds, prompt_tokens, completion_tokens, made, "
                "document_id, question_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
                ),
            )

    def ledger(self, since: datetime | None = None) -> list[LedgerEntry]:
        """Entries in the order they were begun."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT kind, result, started_at, seconds, prompt_tokens, completion_tokens, made, document_id, "
                "question_id FROM ledger WHERE started_at >= ? ORDER BY started_at, id",
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
            )
            for row in rows
        ]
