"""Audits of prepared answers, and how far each way of preparing is trusted."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from pillowbook.domain.answers import PreparedAnswer, Reason
from pillowbook.domain.audit import AuditCandidate, AuditOutcome, AuditRate, Trust
from pillowbook.domain.clock import Clock
from pillowbook.domain.ids import QuestionId
from pillowbook.store.database import Database
from pillowbook.store.derived import Connection
from pillowbook.store.rows import time_from_column, time_to_column


class Audits:
    """What audits found. Thread-safe; every method is one transaction."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def put(self, prepared: PreparedAnswer, outcome: AuditOutcome) -> None:
        """Store how a prepared answer fared; its way of preparing is trusted more or less for it."""
        reason = _reason(prepared)
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO audits (question_id, reason, checks, outcome, audited_at) VALUES (?, ?, ?, ?, ?)",
                (
                    prepared.question_id,
                    reason.value,
                    json.dumps(sorted(prepared.checks)),
                    outcome.value,
                    time_to_column(self._clock.now()),
                ),
            )
            _count(connection, reason, holds=outcome is not AuditOutcome.WORSE)

    def note_verdict(self, reason: Reason, *, holds: bool) -> None:
        """The user said that an answer prepared for this reason is right or wrong."""
        with self._database.write() as connection:
            _count(connection, reason, holds=holds)

    def trust(self) -> Mapping[Reason, Trust]:
        """How far answers prepared for each reason hold; the prior where nothing was seen yet."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT reason, held, failed FROM trust").fetchall()
        known = {Reason(reason): Trust(Reason(reason), held, failed) for reason, held, failed in rows}
        return {reason: known.get(reason, Trust(reason)) for reason in Reason}

    def rates(self) -> tuple[AuditRate, ...]:
        """How the answers of each way of preparing fared, by reason and checks."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT reason, checks, sum(outcome = 'better'), sum(outcome = 'same'), sum(outcome = 'worse') "
                "FROM audits GROUP BY reason, checks ORDER BY reason, checks"
            ).fetchall()
        return tuple(
            AuditRate(Reason(reason), tuple(json.loads(checks)), better, same, worse)
            for reason, checks, better, same, worse in rows
        )

    def count_since(self, since: datetime) -> int:
        """How many audits there were since then."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT count(*) FROM audits WHERE audited_at >= ?", (time_to_column(since),)
            ).fetchone()
        return int(row[0])

    def candidates(
        self, limit: int, *, prepared_before: datetime, not_within: timedelta
    ) -> list[AuditCandidate]:
        """Prepared answers that may be audited: those most served first, then the oldest.

        Those in the user's own words are left out, and those audited ``not_within`` this time.
        """
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT p.question_id, q.text, p.prepared_at, p.checks, "
                "(SELECT count(*) FROM asked WHERE prepared_for = p.question_id) AS served "
                "FROM prepared AS p JOIN questions AS q ON q.id = p.question_id "
                "WHERE p.prepared_at <= ? AND NOT EXISTS (SELECT 1 FROM edits WHERE prepared_id = p.id) "
                "AND NOT EXISTS (SELECT 1 FROM audits WHERE question_id = p.question_id AND audited_at > ?) "
                "ORDER BY served DESC, p.prepared_at, p.id LIMIT ?",
                (
                    time_to_column(prepared_before),
                    time_to_column(self._clock.now() - not_within),
                    limit,
                ),
            ).fetchall()
        return [
            AuditCandidate(
                QuestionId(row[0]), row[1], row[4], time_from_column(row[2]), tuple(json.loads(row[3]))
            )
            for row in rows
        ]


def _reason(prepared: PreparedAnswer) -> Reason:
    return prepared.reason or Reason.REQUESTED


def _count(connection: Connection, reason: Reason, *, holds: bool) -> None:
    connection.execute("INSERT OR IGNORE INTO trust (reason) VALUES (?)", (reason.value,))
    column = "held" if holds else "failed"
    connection.execute(f"UPDATE trust SET {column} = {column} + 1 WHERE reason = ?", (reason.value,))
