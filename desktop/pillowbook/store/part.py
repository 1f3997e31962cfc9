"""What the parts of :class:`~pillowbook.store.knowledge.Knowledge` share."""

from pillowbook.domain.clock import Clock
from pillowbook.domain.documents import DocumentState
from pillowbook.domain.errors import Transient
from pillowbook.domain.ids import DocumentId
from pillowbook.store.database import Database
from pillowbook.store.derived import Connection
from pillowbook.store.rows import time_to_column
from pillowbook.store.vectors import VectorStore

_STALE_DOCUMENTS = """
SELECT d.id FROM documents AS d LEFT JOIN digests AS g ON g.document_id = d.id
WHERE d.state = ? AND ({}) ORDER BY d.modified DESC, d.id LIMIT ?
"""


class SourcesChanged(Transient):
    """What a prepared answer rests on changed while it was being prepared; nothing was stored."""

    code = "sources-changed"
    sentence = "The documents changed in the meantime; it is tried again."


class KnowledgePart:
    """Thread-safe; every method is one transaction, and raises VaultLocked once the vault is locked."""

    def __init__(self, database: Database, vectors: VectorStore, clock: Clock) -> None:
        self._database = database
        self._vectors = vectors
        self._clock = clock

    # -- inside a transaction ----------------------------------------------------------------------------------

    def _now(self) -> str:
        return time_to_column(self._clock.now())

    def _stale_documents(self, condition: str, limit: int) -> list[DocumentId]:
        with self._database.read() as connection:
            rows = connection.execute(
                _STALE_DOCUMENTS.format(condition), (DocumentState.INDEXED.value, limit)
            ).fetchall()
        return [DocumentId(row[0]) for row in rows]


def exists(connection: Connection, table: str, row_id: int) -> bool:
    return connection.execute(f"SELECT 1 FROM {table} WHERE id = ?", (row_id,)).fetchone() is not None
