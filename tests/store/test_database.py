"""The encrypted database's connections: threads take turns with a few, and none sees an old state."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlcipher3.dbapi2 as sqlcipher  # type: ignore[import-untyped]

from pillowbook.store.database import MOST_IDLE_READERS, Database

KEY = bytes(32)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(tmp_path / "vault.db", KEY)
    with made.write() as connection:
        connection.execute("CREATE TABLE counted (n INTEGER)")
        connection.executemany("INSERT INTO counted VALUES (?)", [(n,) for n in range(500)])
    yield made
    made.close()


def count(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute("SELECT count(*) FROM counted").fetchone()[0])


def in_a_thread(work: object) -> None:
    thread = threading.Thread(target=work)  # type: ignore[arg-type]
    thread.start()
    thread.join()


def test_one_thread_after_the_other_reads_by_one_connection(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[object] = []
    connect = sqlcipher.connect

    def counted(*arguments: object, **options: object) -> object:
        made.append(1)
        return connect(*arguments, **options)

    monkeypatch.setattr(sqlcipher, "connect", counted)
    for _ in range(20):
        in_a_thread(lambda: count(database))
    assert len(made) == 1


def test_a_read_within_a_read_has_the_same_connection(database: Database) -> None:
    with database.read() as outer:
        with database.read() as inner:
            assert inner is outer
        assert outer.execute("SELECT count(*) FROM counted").fetchone() == (500,)


def test_two_threads_at_once_have_two_and_few_are_kept(database: Database) -> None:
    together = threading.Barrier(12)

    def read(_: int) -> int:
        with database.read() as connection:
            together.wait(30)
            return int(connection.execute("SELECT count(*) FROM counted").fetchone()[0])

    with ThreadPoolExecutor(12) as threads:
        assert list(threads.map(read, range(12))) == [500] * 12
    assert len(database._readers) == MOST_IDLE_READERS


def test_a_block_that_failed_amid_its_rows_leaves_nobody_an_old_state(database: Database) -> None:
    kept: list[object] = []
    with pytest.raises(ZeroDivisionError), database.read() as connection:
        rows = connection.execute("SELECT n FROM counted")
        kept.append(rows)  # as a traceback would keep it
        rows.fetchone()
        raise ZeroDivisionError
    with database.write() as connection:
        connection.execute("DELETE FROM counted WHERE n >= 100")
    in_a_thread(lambda: kept.append(count(database)))
    assert kept[1] == 100
