"""Which folders' text never leaves this machine, whatever model writes."""

import os
import unicodedata
from collections.abc import Iterable
from pathlib import PurePath

from pillowbook.domain.ids import DocumentId
from pillowbook.store.database import Database
from pillowbook.store.rows import path_from_column, path_to_column


class KeptHere:
    """Rules by path, for folders and single files. Thread-safe.

    A rule holds for everything below its path, by whichever watched folder it was found, and stays when a folder is no
    longer watched: who adds it again finds it kept as before. Paths are compared without case and in one Unicode form,
    because a file system may do so, and a rule that misses its folder would be worse than one that holds for two.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def paths(self) -> list[str]:
        """The paths of all rules, sorted."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT path FROM kept_here").fetchall()
        return sorted(path_from_column(row[0]) for row in rows)

    def keep(self, path: str) -> None:
        """Nothing below this absolute path leaves the machine from now on."""
        with self._database.write() as connection:
            connection.execute("INSERT OR IGNORE INTO kept_here (path) VALUES (?)", (path_to_column(path),))

    def release(self, path: str) -> None:
        """Take the rule of this very path back; one of a folder above it holds on."""
        wanted = _comparable(path)
        with self._database.write() as connection:
            for (column,) in connection.execute("SELECT path FROM kept_here").fetchall():
                if _comparable(path_from_column(column)) == wanted:
                    connection.execute("DELETE FROM kept_here WHERE path = ?", (column,))

    def covers(self, path: str) -> bool:
        """Whether the path or a folder above it is kept."""
        return _is_below(path, [_comparable(rule) for rule in self.paths()])

    def must_stay(self, documents: Iterable[DocumentId]) -> bool:
        """Whether any of these documents is kept, or is not known any more: then nobody can say that it may leave."""
        wanted = list(documents)
        rules = [_comparable(rule) for rule in self.paths()]
        with self._database.read() as connection:
            for document_id in wanted:
                row = connection.execute("SELECT path FROM documents WHERE id = ?", (document_id,)).fetchone()
                if row is None or _is_below(path_from_column(row[0]), rules):
                    return True
        return False


def _comparable(path: str) -> PurePath:
    return PurePath(unicodedata.normalize("NFC", os.path.normpath(path)).casefold())


def _is_below(path: str, rules: Iterable[PurePath]) -> bool:
    asked = _comparable(path)
    return any(asked == rule or rule in asked.parents for rule in rules)
