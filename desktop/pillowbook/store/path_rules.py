"""Rules for folders and files by path: whose text never leaves this machine, and what other programs may not use."""

import os
import unicodedata
from collections.abc import Iterable
from typing import Final, Literal

from pillowbook.domain.ids import DocumentId
from pillowbook.store.database import Database
from pillowbook.store.rows import path_from_column, path_to_column

Table = Literal["kept_here", "kept_private"]


class PathRules:
    """Rules of one kind, for folders and single files. Thread-safe.

    A rule holds for everything below its path, by whichever watched folder it was found, and stays when a folder is no
    longer watched: who adds it again finds it kept as before. Paths are compared without case and in one Unicode form,
    because a file system may do so, and a rule that misses its folder would be worse than one that holds for two.
    """

    def __init__(self, database: Database, table: Table) -> None:
        self._database = database
        self._table: Final = table

    def paths(self) -> list[str]:
        """The paths of all rules, sorted."""
        with self._database.read() as connection:
            rows = connection.execute(f"SELECT path FROM {self._table}").fetchall()
        return sorted(path_from_column(row[0]) for row in rows)

    def keep(self, path: str) -> None:
        """The rule holds below this absolute path from now on."""
        with self._database.write() as connection:
            connection.execute(
                f"INSERT OR IGNORE INTO {self._table} (path) VALUES (?)", (path_to_column(path),)
            )

    def release(self, path: str) -> None:
        """Take the rule of this very path back; one of a folder above it holds on."""
        wanted = _comparable(path)
        with self._database.write() as connection:
            for (column,) in connection.execute(f"SELECT path FROM {self._table}").fetchall():
                if _comparable(path_from_column(column)) == wanted:
                    connection.execute(f"DELETE FROM {self._table} WHERE path = ?", (column,))

    def covers(self, path: str) -> bool:
        """Whether the path or a folder above it is kept."""
        return _is_below(path, _rules(self.paths()))

    def must_stay(self, documents: Iterable[DocumentId]) -> bool:
        """Whether any of these documents is kept, or is not known any more: then nobody can say that it may leave."""
        wanted = list(documents)
        rules = _rules(self.paths())
        with self._database.read() as connection:
            for document_id in wanted:
                row = connection.execute("SELECT path FROM documents WHERE id = ?", (document_id,)).fetchone()
                if row is None or _is_below(path_from_column(row[0]), rules):
                    return True
        return False

    def kept(self) -> frozenset[DocumentId]:
        """All documents that are kept."""
        rules = _rules(self.paths())
        if not rules:
            return frozenset()
        with self._database.read() as connection:
            rows = connection.execute("SELECT id, path FROM documents").fetchall()
        return frozenset(DocumentId(row[0]) for row in rows if _is_below(path_from_column(row[1]), rules))


def _comparable(path: str) -> str:
    return unicodedata.normalize("NFC", os.path.normpath(path)).casefold()


def _rules(paths: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Of each rule the path itself, and how the paths below it begin."""
    comparable = (_comparable(path) for path in paths)
    return tuple((rule, rule.rstrip(os.sep) + os.sep) for rule in comparable)


def _is_below(path: str, rules: Iterable[tuple[str, str]]) -> bool:
    asked = _comparable(path)
    return any(asked == rule or asked.startswith(start) for rule, start in rules)
