"""What was made of the documents: digests, questions, prepared answers, and what was asked."""

from collections.abc import Sequence
from dataclasses import dataclass

from pillowbook.domain.answers import Digest, Fact
from pillowbook.domain.clock import Clock
from pillowbook.domain.ids import ContentHash, DigestId, DocumentId
from pillowbook.store.audits import Audits
from pillowbook.store.database import Database
from pillowbook.store.derived import Connection
from pillowbook.store.foresight import Foresight
from pillowbook.store.hand import Hand
from pillowbook.store.ledger import Ledger
from pillowbook.store.part import SourcesChanged
from pillowbook.store.prepared import PreparedAnswers
from pillowbook.store.questions import Questions
from pillowbook.store.remembered import Remembered
from pillowbook.store.respelling import Respelling
from pillowbook.store.rows import clean_text, facts_from_column, facts_to_column, time_from_column
from pillowbook.store.vectors import VectorStore
from pillowbook.store.wordings import Wordings

_NO_DIGEST = (
    "(g.content_hash IS NULL OR g.content_hash NOT IN (d.sha256, d.text_hash)) AND NOT EXISTS (SELECT 1 "
    "FROM deleted_digests WHERE document_id = d.id AND content_hash IN (d.sha256, d.text_hash))"
)


@dataclass(frozen=True, slots=True)
class KnowledgeCounts:
    """``prepared`` counts all prepared answers, ``prepared_refusals`` those that say the notes do not say."""

    digests: int
    questions: int
    prepared: int
    prepared_refusals: int
    asked: int


class Knowledge(Questions, PreparedAnswers, Ledger, Foresight):
    """Everything derived, in its parts; digests, counts and small facts are kept here.

    Thread-safe; every method is one transaction, and raises VaultLocked once the vault is locked.

    Attributes:
        hand: what the user decided by hand.
        audits: how prepared answers fared beside live ones.
        wordings: questions that share an answer with another, or were found not to.
        remembered: signs of how answers served, and forgetting what was asked.
        respelling: how questions are spelled.
    """

    def __init__(self, database: Database, vectors: VectorStore, clock: Clock) -> None:
        super().__init__(database, vectors, clock)
        self.hand = Hand(database, clock)
        self.audits = Audits(database, clock)
        self.wordings = Wordings(database, vectors, clock)
        self.remembered = Remembered(database, vectors)
        self.respelling = Respelling(database, vectors, clock)

    # -- digests -----------------------------------------------------------------------------------------------

    def put_digest(
        self,
        document_id: DocumentId,
        gist: str,
        facts: Sequence[Fact],
        content_hash: ContentHash,
        model: str,
    ) -> DigestId:
        """Store a document's digest in place of an older one.

        Args:
            content_hash: the document's when it was read: its fingerprint's ``sha256``.
        Raises:
            SourcesChanged: the document is gone, or has other content by now.
        """
        with self._database.write() as connection:
            self._require_current(connection, document_id, content_hash)
            connection.execute("DELETE FROM digests WHERE document_id = ?", (document_id,))
            cursor = connection.execute(
                "INSERT INTO digests (document_id, gist, facts, content_hash, model, made_at) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (document_id, clean_text(gist), facts_to_column(facts), content_hash, model, self._now()),
            )
            return DigestId(cursor.lastrowid)

    def digest(self, document_id: DocumentId) -> Digest | None:
        """A document's digest, if there is one."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT id, document_id, gist, facts, content_hash, model, made_at FROM digests "
                "WHERE document_id = ?",
                (document_id,),
            ).fetchone()
        if row is None:
            return None
        return Digest(
            DigestId(row[0]),
            DocumentId(row[1]),
            row[2],
            facts_from_column(row[3]),
            ContentHash(row[4]),
            row[5],
            time_from_column(row[6]),
        )

    def documents_without_digest(self, limit: int) -> list[DocumentId]:
        """Indexed documents whose digest is missing or of older content, most recently modified first."""
        return self._stale_documents(_NO_DIGEST, limit)

    def needs_digest(self, document_id: DocumentId) -> bool:
        """Whether this document is among those."""
        return bool(self._stale_documents(f"{_NO_DIGEST} AND d.id = {int(document_id)}", 1))

    # -- counts and small facts -----------------------------------------------------------------------------------

    def counts(self) -> KnowledgeCounts:
        """How much there is of everything."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT (SELECT count(*) FROM digests), (SELECT count(*) FROM questions), "
                "(SELECT count(*) FROM prepared), (SELECT count(*) FROM prepared WHERE answer = ''), "
                "(SELECT count(*) FROM asked)"
            ).fetchone()
        return KnowledgeCounts(*row)

    def set_state(self, key: str, value: str) -> None:
        """Keep a small fact, such as when the scheduler last ran."""
        with self._database.write() as connection:
            connection.execute("INSERT OR REPLACE INTO state (key, value) VALUES (?, ?)", (key, value))

    def state(self, key: str) -> str | None:
        """A small fact kept earlier."""
        with self._database.read() as connection:
            row = connection.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    # -- inside a transaction ----------------------------------------------------------------------------------

    def _require_current(
        self, connection: Connection, document_id: DocumentId, content_hash: ContentHash
    ) -> None:
        row = connection.execute(
            "SELECT sha256, text_hash FROM documents WHERE id = ?", (document_id,)
        ).fetchone()
        if row is None or content_hash not in row:
            raise SourcesChanged()
