"""Near misses, and what was found of them: which questions are wordings of one question, and which are not.

A wording shares the prepared answer of the question it is a wording of as long as that answer cites the passage in
which both were found to be answered. When that passage changes the two may come apart, so they are judged again.
"""

from collections.abc import Iterable

from pillowbook.domain.clock import Clock
from pillowbook.domain.ids import ContentHash, PreparedId, QuestionId
from pillowbook.domain.wordings import NearMiss, PairJudgement
from pillowbook.store.database import Database
from pillowbook.store.part import KnowledgePart, exists
from pillowbook.store.vectors import VectorStore

SHARES = (
    "n.verdict = 'same' AND EXISTS (SELECT 1 FROM prepared AS shared JOIN prepared_sources AS s "
    "ON s.prepared_id = shared.id WHERE shared.question_id = n.near_id "
    "AND instr(s.passage_hashes, n.passage_hash) > 0)"
)
"""Of a row ``n`` of ``near_misses``: whether the asked question shares the prepared answer of the other one now."""

_TO_JUDGE = f"""
SELECT n.question_id, n.near_id FROM near_misses AS n
JOIN prepared AS ours ON ours.question_id = n.question_id AND ours.answer <> ''
JOIN prepared AS theirs ON theirs.question_id = n.near_id AND theirs.answer <> ''
WHERE (n.verdict IS NULL OR (n.verdict = 'same' AND NOT ({SHARES})))
AND NOT EXISTS (
    SELECT 1 FROM wrong_pairs AS w JOIN questions AS q ON q.normal = w.asked
    WHERE q.id = n.question_id AND w.question_id = n.near_id
)  -- the user said that they are two questions
ORDER BY n.question_id, n.near_id LIMIT ?
"""


class Wordings(KnowledgePart):
    """The part of the knowledge that is wordings."""

    def __init__(self, database: Database, vectors: VectorStore, clock: Clock) -> None:
        super().__init__(database, vectors, clock)

    def note(self, question_id: QuestionId, near: Iterable[QuestionId]) -> None:
        """Note that prepared answers to other questions had been near; pairs known already stay as they are."""
        with self._database.write() as connection:
            for near_id in near:
                if near_id != question_id and exists(connection, "questions", near_id):
                    connection.execute(
                        "INSERT OR IGNORE INTO near_misses (question_id, near_id) "
                        "SELECT ?1, ?2 WHERE EXISTS (SELECT 1 FROM questions WHERE id = ?1)",
                        (question_id, near_id),
                    )

    def to_judge(self, limit: int) -> list[NearMiss]:
        """Pairs that both have an answer of their own, not judged yet or to be judged again."""
        with self._database.read() as connection:
            rows = connection.execute(_TO_JUDGE, (limit,)).fetchall()
        return [NearMiss(QuestionId(row[0]), QuestionId(row[1])) for row in rows]

    def put(self, pair: NearMiss, judgement: PairJudgement) -> None:
        """Note that two questions have different answers, or that it cannot be told."""
        with self._database.write() as connection:
            connection.execute(
                "UPDATE near_misses SET verdict = ?, passage_hash = '' WHERE question_id = ? AND near_id = ?",
                (judgement.value, pair.question_id, pair.near_id),
            )

    def share(self, pair: NearMiss, own: PreparedId, passage_hash: ContentHash) -> None:
        """The asked question is a wording of the other one: its own answer goes, and it shares that one's.

        Args:
            own: the answer that was compared; nothing is done where another has taken its place.
            passage_hash: of the passage that both answers cite.
        """
        with self._database.exclusive():
            with self._database.write() as connection:
                row = connection.execute(
                    "SELECT 1 FROM prepared WHERE id = ? AND question_id = ?", (own, pair.question_id)
                ).fetchone()
                if row is None:
                    return
                connection.execute("DELETE FROM prepared WHERE id = ?", (own,))
                connection.execute(
                    "UPDATE near_misses SET verdict = ?, passage_hash = ? WHERE question_id = ? AND near_id = ?",
                    (PairJudgement.SAME.value, passage_hash, pair.question_id, pair.near_id),
                )
                # Who is a wording of the asked question is one of the other question as well.
                connection.execute(
                    "UPDATE OR IGNORE near_misses SET near_id = ?1 WHERE near_id = ?2 AND question_id <> ?1 "
                    "AND verdict = 'same'",
                    (pair.near_id, pair.question_id),
                )
            self._vectors.change("questions", removed=[own])

    def wordings_of(self, question_id: QuestionId) -> tuple[str, ...]:
        """The questions that share the prepared answer of one, as they were asked, oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT q.text FROM near_misses AS n JOIN questions AS q ON q.id = n.question_id "
                f"WHERE n.near_id = ? AND {SHARES} "
                "AND NOT EXISTS (SELECT 1 FROM prepared WHERE question_id = n.question_id) ORDER BY q.id",
                (question_id,),
            ).fetchall()
        return tuple(str(row[0]) for row in rows)

    def all_wordings(self) -> tuple[tuple[QuestionId, str], ...]:
        """Every question that was found to be a wording of another, as it was asked."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT DISTINCT q.id, q.text FROM near_misses AS n JOIN questions AS q ON q.id = n.question_id "
                "WHERE n.verdict = 'same'"
            ).fetchall()
        return tuple((QuestionId(row[0]), str(row[1])) for row in rows)

    def part(self, question_id: QuestionId) -> None:
        """A question shares no answer any more, whatever was found."""
        with self._database.write() as connection:
            connection.execute(
                "UPDATE near_misses SET verdict = ?, passage_hash = '' WHERE question_id = ? AND verdict = 'same'",
                (PairJudgement.DIFFERENT.value, question_id),
            )
