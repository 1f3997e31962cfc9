"""The ledger: what the background work cost, and what was served of it."""

from datetime import datetime
from typing import Any

from pillowbook.domain.answers import AnswerKind, Reason, Tokens
from pillowbook.domain.ids import DocumentId, FolderId, QuestionId, ServingId
from pillowbook.domain.serving import LiveLatency, Serving, Spending, Verdict
from pillowbook.domain.work import LedgerEntry, SliceKind, SliceResult
from pillowbook.store.part import KnowledgePart
from pillowbook.store.rows import time_from_column, time_to_column

LATELY = 1000
"""So many slices, a night or a few, are lately."""

_SERVING_QUERY = (
    "SELECT id, question_id, text, kind, latency_ms, asked_at, prepared_for, made_for, folder_id, verdict, "
    "opened_at IS NOT NULL, asked_again IS NOT NULL FROM asked "
)


class Ledger(KnowledgePart):
    """The part of the knowledge that is the ledger."""

    def put_ledger(self, entry: LedgerEntry) -> None:
        """Note what a slice cost and brought, and what for: its question's reason, its document's folder."""
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO ledger (kind, result, started_at, seconds, prompt_tokens, completion_tokens, made, "
                "document_id, question_id, energy_j, is_energy_estimated, made_for, folder_id) "
                "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, "
                "coalesce((SELECT reason FROM questions WHERE id = ?9), ''), "
                "(SELECT folder_id FROM documents WHERE id = ?8))",
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
                (_since(since),),
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

    def share_of_seconds(self, kind: SliceKind) -> float:
        """Of the seconds that the last :data:`LATELY` slices took, those of one kind, 0 to 1.

        Asked before every slice, so it must not grow with the ledger.
        """
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT total(CASE WHEN kind = ? THEN seconds END) / max(total(seconds), 1e-9) "
                "FROM (SELECT kind, seconds FROM ledger ORDER BY id DESC LIMIT ?)",
                (kind.value, LATELY),
            ).fetchone()
        return float(row[0])

    def spending(self, since: datetime | None = None) -> list[Spending]:
        """What slices begun since then cost, summed by kind, reason, document and question."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT kind, made_for, folder_id, document_id, question_id, min(started_at), sum(seconds), "
                "sum(prompt_tokens), sum(completion_tokens), sum(CASE WHEN result = ? THEN made ELSE 0 END) "
                "FROM ledger WHERE started_at >= ? "
                "GROUP BY kind, made_for, folder_id, document_id, question_id ORDER BY min(id)",
                (SliceResult.DONE.value, _since(since)),
            ).fetchall()
        return [
            Spending(
                kind=SliceKind(row[0]),
                reason=Reason(row[1]) if row[1] else None,
                folder_id=None if row[2] is None else FolderId(row[2]),
                document_id=None if row[3] is None else DocumentId(row[3]),
                question_id=None if row[4] is None else QuestionId(row[4]),
                first_at=time_from_column(row[5]),
                seconds=row[6],
                tokens=Tokens(row[7], row[8]),
                made=row[9],
            )
            for row in rows
        ]

    def servings(self, since: datetime | None = None) -> list[Serving]:
        """What was served since then, oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(
                _SERVING_QUERY + "WHERE asked_at >= ? ORDER BY asked_at, id", (_since(since),)
            ).fetchall()
        return [_serving_from_row(row) for row in rows]

    def serving(self, serving_id: ServingId) -> Serving | None:
        """One serving; None when there is none of that id."""
        with self._database.read() as connection:
            row = connection.execute(_SERVING_QUERY + "WHERE id = ?", (serving_id,)).fetchone()
        return None if row is None else _serving_from_row(row)

    def live_latency(self) -> LiveLatency | None:
        """What live answers took; None before the first."""
        with self._database.read() as connection:
            count, mean = connection.execute(
                "SELECT count(*), avg(latency_ms) FROM asked WHERE kind = ?", (AnswerKind.LIVE.value,)
            ).fetchone()
        return LiveLatency(mean, count) if count else None


def _since(since: datetime | None) -> str:
    return "" if since is None else time_to_column(since)


def _serving_from_row(row: tuple[Any, ...]) -> Serving:
    return Serving(
        id=ServingId(row[0]),
        question_id=QuestionId(row[1]),
        text=row[2],
        kind=AnswerKind(row[3]),
        latency_ms=row[4],
        asked_at=time_from_column(row[5]),
        prepared_for=None if row[6] is None else QuestionId(row[6]),
        reason=Reason(row[7]) if row[7] else None,
        folder_id=None if row[8] is None else FolderId(row[8]),
        verdict=Verdict(row[9]) if row[9] else None,
        is_opened=bool(row[10]),
        is_asked_again=bool(row[11]),
    )
