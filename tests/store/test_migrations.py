"""Vaults of earlier versions keep their rows."""

import sqlite3

from pillowbook.store.schema import MIGRATIONS


def test_a_ledger_from_before_energy_was_measured_says_that_it_is_estimated() -> None:
    connection = sqlite3.connect(":memory:")
    for migration in MIGRATIONS[:2]:
        connection.executescript(migration)
    connection.execute(
        "INSERT INTO ledger (kind, result, started_at, seconds, prompt_tokens, completion_tokens, made) "
        "VALUES ('prepare', 'done', '2026-03-01T02:00:00.000000+00:00', 12.5, 30, 4, 1)"
    )
    for migration in MIGRATIONS[2:]:
        connection.executescript(migration)
    found = connection.execute("SELECT seconds, energy_j, is_energy_estimated FROM ledger").fetchall()
    connection.close()
    assert found == [(12.5, 0.0, 1)]
