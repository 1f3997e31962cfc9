"""The encrypted database: SQLCipher with one writer, and a few reading connections that threads take turns with.

The key is a raw 256-bit sub-key, so opening costs no key stretching. In WAL mode readers never wait for the writer.
Everything ``close()`` touches is guarded by a lock per connection: a connection is never closed under a running
statement, and afterwards every call raises VaultLocked instead of a database error.
"""

import contextlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlcipher3.dbapi2 as sqlcipher  # type: ignore[import-untyped]

from pillowbook.domain.errors import DiskFull, PillowbookError, VaultDamaged, VaultLocked, VaultTooNew
from pillowbook.store.keys import DISK_FULL_ERRNOS
from pillowbook.store.schema import MIGRATIONS

BUSY_TIMEOUT_MS = 10_000
MOST_IDLE_READERS = 4
"""Kept open for the next thread that reads: opening one costs 1.7 ms, and its pages would be decrypted anew."""


class Database:
    """One open vault database.

    Raises:
        VaultTooNew: a newer Pillowbook wrote it.
        VaultDamaged: the file is no database under this key.
        DiskFull: there is no room for it.
    """

    def __init__(self, path: Path, key: bytes) -> None:
        self._path = path
        self._key = key
        self._local = threading.local()
        self._readers: set[_Reader] = set()
        self._idle: list[_Reader] = []
        self._readers_lock = threading.Lock()
        self._write_lock = threading.RLock()
        self._writing_thread: int | None = None
        self._is_open = True
        with self._translated():
            # Made here and not by SQLite, so that it and its -wal and -shm are private from the first byte.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self._writer = self._connect()
            try:
                self._migrate()
            except BaseException:
                self._writer.close()
                raise

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keep other writers out, also after a commit: what follows it in memory then happens in the same order."""
        with self._write_lock:
            if not self._is_open:
                raise VaultLocked()
            yield

    @contextmanager
    def write(self) -> Iterator["sqlcipher.Connection"]:
        """A transaction: committed at the end, rolled back whole when anything is raised."""
        with self._write_lock:
            if not self._is_open:
                raise VaultLocked()
            if self._writing_thread is not None:
                yield self._writer  # part of the transaction already under way in this thread
                return
            with self._translated():
                self._writer.execute("BEGIN IMMEDIATE")
                self._writing_thread = threading.get_ident()
                try:
                    yield self._writer
                    self._writer.execute("COMMIT")
                except BaseException:
                    if self._writer.in_transaction:  # a full disk may have rolled it back already
                        self._writer.execute("ROLLBACK")
                    raise
                finally:
                    self._writing_thread = None

    @contextmanager
    def read(self) -> Iterator["sqlcipher.Connection"]:
        """A reading connection, this thread's own until the block ends; inside :meth:`write`, the writer, so that its
        own rows are seen.

        Results must be fetched before the block ends.
        """
        if self._writing_thread == threading.get_ident():
            yield self._writer
            return
        outer: _Reader | None = getattr(self._local, "reader", None)
        reader = outer or self._take()
        self._local.reader = reader
        is_clean = False
        try:
            with reader.lock:
                if not self._is_open:
                    raise VaultLocked()
                with self._translated():
                    yield reader.connection
            is_clean = True
        finally:
            self._local.reader = outer
            if outer is None:
                self._give_back(reader, is_clean=is_clean)

    def close(self) -> None:
        """Close every connection; running statements of other threads are interrupted."""
        self._is_open = False
        with self._readers_lock:
            readers = list(self._readers)
        for reader in readers:
            reader.interrupt()
        for reader in readers:
            reader.close()
        with self._write_lock:
            self._writer.close()
        self._key = b""

    def find_damage(self) -> list[str]:
        """Check every page's authenticity, the structure and the references; one sentence per finding."""
        findings: list[str] = []
        with self.read() as connection:
            pages = connection.execute("PRAGMA cipher_integrity_check").fetchall()
            if pages:
                findings.append(f"{len(pages)} pages of the database fail their authentication.")
            structure = [row[0] for row in connection.execute("PRAGMA integrity_check").fetchall()]
            if structure != ["ok"]:
                findings.append(f"The database's structure has {len(structure)} errors.")
            references = connection.execute("PRAGMA foreign_key_check").fetchall()
            if references:
                findings.append(f"{len(references)} rows refer to rows that do not exist.")
        return findings

    def _take(self) -> "_Reader":
        with self._readers_lock:
            if self._idle:
                return self._idle.pop()
        if not self._is_open:
            raise VaultLocked()
        with self._translated():
            reader = _Reader(self._connect())
        with self._readers_lock:
            self._readers.add(reader)
        if self._was_closed():  # close() may have listed the readers just before this one joined them
            reader.close()
        return reader

    def _give_back(self, reader: "_Reader", *, is_clean: bool) -> None:
        """Keep a reader for the next thread; one whose block failed may have a statement open on an old state."""
        with self._readers_lock:
            if is_clean and self._is_open and len(self._idle) < MOST_IDLE_READERS:
                self._idle.append(reader)
                return
            self._readers.discard(reader)
        reader.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn errors of the database and the disk into the product's own."""
        try:
            yield
        except PillowbookError:
            raise
        except sqlcipher.Error as error:
            # A statement that is interrupted by close() fails in several ways, some of them misleading.
            if self._was_closed():
                raise VaultLocked() from error
            message = str(error)
            if isinstance(error, sqlcipher.OperationalError) and "disk is full" in message:
                raise DiskFull() from error
            if "not a database" in message or "malformed" in message:
                raise VaultDamaged(part="database") from error
            raise
        except OSError as error:
            if error.errno in DISK_FULL_ERRNOS:
                raise DiskFull() from error
            raise

    def _was_closed(self) -> bool:
        return not self._is_open

    def _connect(self) -> "sqlcipher.Connection":
        connection = sqlcipher.connect(
            str(self._path), isolation_level=None, check_same_thread=False, timeout=BUSY_TIMEOUT_MS / 1000
        )
        try:
            # SQLCipher writes failed page checks to standard error, which is nobody's to read here.
            connection.execute("PRAGMA cipher_log_level = NONE")
            connection.execute(f"PRAGMA key = \"x'{self._key.hex()}'\"")
            connection.execute("PRAGMA temp_store = MEMORY")
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA journal_mode = WAL")
            # In WAL mode a power cut can lose the last transactions with NORMAL, never damage the file.
            connection.execute("PRAGMA synchronous = NORMAL")
        except BaseException:
            connection.close()
            raise
        return connection

    def _migrate(self) -> None:
        version = self._writer.execute("PRAGMA user_version").fetchone()[0]
        if version > len(MIGRATIONS):
            raise VaultTooNew(version=version)
        for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
            with self.write() as connection:
                for statement in _statements(script):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {number}")


class _Reader:
    """A connection, and the lock under which it is used and closed."""

    def __init__(self, connection: "sqlcipher.Connection") -> None:
        self.connection = connection
        self.lock = threading.RLock()

    def interrupt(self) -> None:
        with contextlib.suppress(sqlcipher.ProgrammingError):  # closed by the thread that had it
            self.connection.interrupt()

    def close(self) -> None:
        with self.lock:
            self.connection.close()


def _statements(script: str) -> list[str]:
    """Single statements: ``executescript`` would commit the transaction they belong to."""
    statements, pending = [], ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlcipher.complete_statement(pending):
            statements.append(pending)
            pending = ""
    return statements
