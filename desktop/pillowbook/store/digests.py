"""Digests beyond one document: sections of long ones, folders, and topics with their members."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pillowbook.domain.answers import Fact
from pillowbook.domain.clock import Clock
from pillowbook.domain.digests import FolderDigest, SectionGist, Topic
from pillowbook.domain.documents import DocumentState, Passage
from pillowbook.domain.ids import DocumentId, PassageId, TopicId
from pillowbook.store.database import Database
from pillowbook.store.derived import Connection, newest_passage
from pillowbook.store.part import SourcesChanged
from pillowbook.store.rows import (
    PASSAGE_QUERY,
    clean_text,
    facts_from_column,
    facts_to_column,
    passage_from_row,
    path_from_column,
    path_to_column,
    time_from_column,
    time_to_column,
    vector_from_column,
    vector_to_column,
)

_CURRENT = "g.content_hash IN (d.sha256, d.text_hash)"
"""Of a document's digest: it is of the content the document has now."""


@dataclass(frozen=True, slots=True)
class DigestLine:
    """A document's digest as its folder's is made from it."""

    document_id: DocumentId
    path: str
    title: str
    gist: str
    facts: tuple[Fact, ...]

    @property
    def hash(self) -> str:
        """Changes with what the digest says, and with nothing else."""
        return hash_of(self.title, self.gist, facts_to_column(self.facts))


class Digests:
    """Thread-safe; every method is one transaction, and raises VaultLocked once the vault is locked."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    # -- sections of long documents ----------------------------------------------------------------------------

    def put_section(
        self,
        document_id: DocumentId,
        section_hash: str,
        section: SectionGist,
        passage_ids: Iterable[PassageId],
    ) -> None:
        """Keep what a section says until its document's digest is made, and for the next time.

        Raises:
            SourcesChanged: a passage of the section is gone.
        """
        with self._database.write() as connection:
            ids = list(passage_ids)
            _require_passages(connection, ids)
            connection.execute(
                "DELETE FROM section_gists WHERE document_id = ? AND section_hash = ?",
                (document_id, section_hash),
            )
            cursor = connection.execute(
                "INSERT INTO section_gists (document_id, section_hash, gist, facts) VALUES (?, ?, ?, ?)",
                (document_id, section_hash, clean_text(section.gist), facts_to_column(section.facts)),
            )
            connection.executemany(
                "INSERT INTO section_sources (section_id, passage_id) VALUES (?, ?)",
                [(cursor.lastrowid, passage_id) for passage_id in ids],
            )

    def sections(self, document_id: DocumentId) -> dict[str, SectionGist]:
        """What is kept of a document's sections, by their hash."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT section_hash, gist, facts FROM section_gists WHERE document_id = ?", (document_id,)
            ).fetchall()
        return {row[0]: SectionGist(row[1], facts_from_column(row[2])) for row in rows}

    def keep_sections(self, document_id: DocumentId, hashes: Collection[str]) -> None:
        """Drop all sections of a document but these: those of an older text."""
        with self._database.write() as connection:
            for section_hash in set(self.sections(document_id)) - set(hashes):
                connection.execute(
                    "DELETE FROM section_gists WHERE document_id = ? AND section_hash = ?",
                    (document_id, section_hash),
                )

    # -- folders -----------------------------------------------------------------------------------------------

    def mark(self) -> str:
        """Changes whenever a folder's digest comes or goes, or a document's, or one is current or no longer; cheap."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT max(g.id), count(*), total(g.id), "
                "(SELECT max(id) FROM folder_digests), (SELECT count(*) FROM folder_digests) "
                f"FROM digests AS g JOIN documents AS d ON d.id = g.document_id WHERE d.state = ? AND {_CURRENT}",
                (DocumentState.INDEXED.value,),
            ).fetchone()
        return " ".join(str(part) for part in row)

    def lines(self) -> list[DigestLine]:
        """All current digests of documents, most recently modified first."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT d.id, d.path, d.title, g.gist, g.facts FROM digests AS g "
                f"JOIN documents AS d ON d.id = g.document_id WHERE d.state = ? AND {_CURRENT} "
                "ORDER BY d.modified DESC, d.id",
                (DocumentState.INDEXED.value,),
            ).fetchall()
        return [
            DigestLine(
                DocumentId(row[0]), path_from_column(row[1]), row[2], row[3], facts_from_column(row[4])
            )
            for row in rows
        ]

    def folder_digests(self) -> dict[str, FolderDigest]:
        """All folders' digests by path, current or not."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT path, gist, facts, inputs, model, made_at FROM folder_digests ORDER BY path"
            ).fetchall()
        return {
            path_from_column(row[0]): FolderDigest(
                path_from_column(row[0]),
                row[1],
                facts_from_column(row[2]),
                row[3],
                row[4],
                time_from_column(row[5]),
            )
            for row in rows
        }

    def put_folder_digest(
        self,
        path: str,
        gist: str,
        facts: Sequence[Fact],
        inputs: str,
        model: str,
        document_ids: Iterable[DocumentId],
        vector: NDArray[np.float32],
    ) -> None:
        """Store a folder's digest in place of an older one.

        Args:
            document_ids: whose digests were read for it, those read for its subfolders included.
            vector: of its name and gist.
        Raises:
            SourcesChanged: a document is gone.
        """
        with self._database.write() as connection:
            connection.execute("DELETE FROM folder_digests WHERE path = ?", (path_to_column(path),))
            cursor = connection.execute(
                "INSERT INTO folder_digests (path, gist, facts, inputs, model, made_at, vector) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    path_to_column(path),
                    clean_text(gist),
                    facts_to_column(facts),
                    inputs,
                    model,
                    self._now(),
                    vector_to_column(vector),
                ),
            )
            for document_id in set(document_ids):
                if not connection.execute(
                    "SELECT 1 FROM texts WHERE document_id = ?", (document_id,)
                ).fetchone():
                    raise SourcesChanged()
                connection.execute(
                    "INSERT INTO folder_sources (folder_digest_id, document_id) VALUES (?, ?)",
                    (cursor.lastrowid, document_id),
                )

    def folder_sources(self, path: str) -> list[DocumentId]:
        """The documents a folder's digest rests on."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT document_id FROM folder_sources WHERE folder_digest_id = "
                "(SELECT id FROM folder_digests WHERE path = ?)",
                (path_to_column(path),),
            ).fetchall()
        return [DocumentId(row[0]) for row in rows]

    def drop_folder_digest(self, path: str) -> None:
        """Delete a folder's digest: nothing is left below it."""
        with self._database.write() as connection:
            connection.execute("DELETE FROM folder_digests WHERE path = ?", (path_to_column(path),))

    def drop_made_from(self, passages: Mapping[DocumentId, Sequence[PassageId]]) -> None:
        """Delete what was made from these documents and passages: their digests, and those of folders and topics."""
        with self._database.write() as connection:
            for document_id, passage_ids in passages.items():
                one = (document_id,)
                connection.execute("DELETE FROM digests WHERE document_id = ?", one)
                connection.execute("DELETE FROM section_gists WHERE document_id = ?", one)
                connection.execute(
                    "DELETE FROM folder_digests WHERE id IN "
                    "(SELECT folder_digest_id FROM folder_sources WHERE document_id = ?)",
                    one,
                )
                connection.executemany(
                    "DELETE FROM topic_digests WHERE topic_id IN "
                    "(SELECT topic_id FROM topic_sources WHERE passage_id = ?)",
                    [(passage_id,) for passage_id in passage_ids],
                )

    # -- topics ------------------------------------------------------------------------------------------------

    def passage_mark(self) -> tuple[int, int]:
        """The newest passage's id and how many there are: changes whenever a passage comes or goes."""
        with self._database.read() as connection:
            count = connection.execute("SELECT count(*) FROM passages").fetchone()[0]
            return int(newest_passage(connection)), int(count)

    def topic_members(self) -> dict[TopicId, list[PassageId]]:
        """The passages of every topic that are still there."""
        members: dict[TopicId, list[PassageId]] = {}
        with self._database.read() as connection:
            for topic_id, passage_id in connection.execute(
                "SELECT topic_id, passage_id FROM topic_members ORDER BY topic_id, passage_id"
            ).fetchall():
                members.setdefault(TopicId(topic_id), []).append(PassageId(passage_id))
        return members

    def put_topics(
        self, kept: Mapping[TopicId, Sequence[PassageId]], new: Sequence[Sequence[PassageId]]
    ) -> list[TopicId]:
        """Replace all topics' members at once; topics that are not among ``kept`` go with their digests.

        Returns:
            the ids of the new ones, in their order.
        """
        with self._database.write() as connection:
            gone = set(self._topic_ids(connection)) - set(kept)
            connection.executemany("DELETE FROM topics WHERE id = ?", [(topic_id,) for topic_id in gone])
            connection.execute("DELETE FROM topic_members")
            made: list[TopicId] = []
            for members in new:
                cursor = connection.execute("INSERT INTO topics (label) VALUES ('')")
                made.append(TopicId(cursor.lastrowid))
                _write_members(connection, made[-1], members)
            for topic_id, members in kept.items():
                _write_members(connection, topic_id, members)
            return made

    def set_label(self, topic_id: TopicId, label: str) -> None:
        """Name a topic, after its members were looked at."""
        with self._database.write() as connection:
            connection.execute(
                "UPDATE topics SET label = ?, is_touched = 0 WHERE id = ?", (clean_text(label), topic_id)
            )

    def topics(self) -> list[Topic]:
        """All topics with a label, the largest first; one whose member went is withheld until it is named anew."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT t.id, t.label, count(m.passage_id), count(DISTINCT p.document_id), g.gist, g.facts, "
                "g.inputs, g.model, t.is_touched FROM topics AS t "
                "JOIN topic_members AS m ON m.topic_id = t.id JOIN passages AS p ON p.id = m.passage_id "
                "LEFT JOIN topic_digests AS g ON g.topic_id = t.id "
                "GROUP BY t.id ORDER BY count(m.passage_id) DESC, t.id"
            ).fetchall()
        return [
            Topic(
                TopicId(row[0]),
                "" if row[8] else row[1],
                row[2],
                row[3],
                row[4] or "",
                facts_from_column(row[5] or "[]"),
                row[6] or "",
                row[7] or "",
            )
            for row in rows
        ]

    def labels(self) -> dict[TopicId, tuple[str, bool]]:
        """Every topic's label, and whether a member went since it was given."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT id, label, is_touched FROM topics ORDER BY id").fetchall()
        return {TopicId(row[0]): (row[1], bool(row[2])) for row in rows}

    def topic_passages(self, topic_id: TopicId) -> list[Passage]:
        """The passages of one topic."""
        with self._database.read() as connection:
            rows = connection.execute(
                PASSAGE_QUERY
                + "JOIN topic_members AS m ON m.passage_id = p.id WHERE m.topic_id = ? ORDER BY p.id",
                (topic_id,),
            ).fetchall()
        return [passage_from_row(row) for row in rows]

    def topic_sources(self, topic_id: TopicId) -> list[DocumentId]:
        """The documents a topic's digest rests on."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT DISTINCT p.document_id FROM topic_sources AS s JOIN passages AS p ON p.id = s.passage_id "
                "WHERE s.topic_id = ?",
                (topic_id,),
            ).fetchall()
        return [DocumentId(row[0]) for row in rows]

    def put_topic_digest(
        self,
        topic_id: TopicId,
        gist: str,
        facts: Sequence[Fact],
        inputs: str,
        model: str,
        passage_ids: Iterable[PassageId],
        vector: NDArray[np.float32],
    ) -> None:
        """Store a topic's digest in place of an older one.

        Args:
            passage_ids: what was read for it.
            vector: of its label and gist.
        Raises:
            SourcesChanged: the topic or a passage is gone.
        """
        with self._database.write() as connection:
            ids = list(passage_ids)
            _require_passages(connection, ids)
            if topic_id not in self._topic_ids(connection):
                raise SourcesChanged()
            connection.execute("DELETE FROM topic_digests WHERE topic_id = ?", (topic_id,))
            connection.execute(
                "INSERT INTO topic_digests (topic_id, gist, facts, inputs, model, made_at, vector) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    topic_id,
                    clean_text(gist),
                    facts_to_column(facts),
                    inputs,
                    model,
                    self._now(),
                    vector_to_column(vector),
                ),
            )
            connection.executemany(
                "INSERT INTO topic_sources (topic_id, passage_id) VALUES (?, ?)",
                [(topic_id, passage_id) for passage_id in ids],
            )

    def keep_topic_digests(self, inputs: Mapping[TopicId, str]) -> None:
        """Drop topics' digests that were made from other passages than these."""
        with self._database.write() as connection:
            rows = connection.execute("SELECT topic_id, inputs FROM topic_digests").fetchall()
            stale = [(row[0],) for row in rows if inputs.get(TopicId(row[0])) != row[1]]
            connection.executemany("DELETE FROM topic_digests WHERE topic_id = ?", stale)

    def topics_without_digest(self, limit: int) -> list[TopicId]:
        """Named topics that were not distilled, the largest first."""
        return [one.id for one in self.topics() if one.label and not one.inputs][:limit]

    def folder_vectors(self) -> dict[str, NDArray[np.float32]]:
        """The vectors of all folders' digests, by path."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT path, vector FROM folder_digests").fetchall()
        return {path_from_column(row[0]): vector_from_column(row[1]) for row in rows}

    def topic_vectors(self) -> dict[TopicId, NDArray[np.float32]]:
        """The vectors of all topics' digests."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT topic_id, vector FROM topic_digests").fetchall()
        return {TopicId(row[0]): vector_from_column(row[1]) for row in rows}

    # -- small pieces ------------------------------------------------------------------------------------------

    def _topic_ids(self, connection: Connection) -> list[TopicId]:
        return [TopicId(row[0]) for row in connection.execute("SELECT id FROM topics").fetchall()]

    def _now(self) -> str:
        return time_to_column(self._clock.now())


def hash_of(*parts: str) -> str:
    """SHA-256 of several texts, none of which can run into the next."""
    joined = "\0".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()


def _write_members(connection: Connection, topic_id: TopicId, members: Sequence[PassageId]) -> None:
    connection.executemany(
        "INSERT OR IGNORE INTO topic_members (passage_id, topic_id) SELECT id, ? FROM passages WHERE id = ?",
        [(topic_id, passage_id) for passage_id in members],
    )


def _require_passages(connection: Connection, passage_ids: Sequence[PassageId]) -> None:
    for passage_id in passage_ids:
        if not connection.execute("SELECT 1 FROM passages WHERE id = ?", (passage_id,)).fetchone():
            raise SourcesChanged()
