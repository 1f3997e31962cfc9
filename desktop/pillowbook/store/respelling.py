"""Spelling anew what is found by the words of a question, when the rules of its spelling have changed.

No migration of the schema: the rules live above the store, which is given them.
"""

from collections.abc import Callable

from pillowbook.domain.answers import AnswerKind, Effort
from pillowbook.domain.ids import PreparedId
from pillowbook.store import derived
from pillowbook.store.part import KnowledgePart
from pillowbook.store.rows import clean_text

STATE_KEY = "normal_form"


class Respelling(KnowledgePart):
    """The part of the knowledge that is how questions are spelled."""

    def bring_to(
        self, form: str, *, normal_of: Callable[[str], str], wording_of: Callable[[str], str]
    ) -> None:
        """Spell questions, wrong pairs and what is never prepared by these rules, if another form is stored.

        Two questions that had one spelling had one row, whose text is the first one's. An answer that was made live for
        whoever asked may be to the other, so it is withdrawn, and the row's own question is prepared anew.

        Args:
            form: names the rules; nothing is done where the vault has it already.
            normal_of: the normalised text of a question.
            wording_of: what near wordings of a question have in common.
        """
        with self._database.exclusive():
            with self._database.write() as connection:
                stored = connection.execute("SELECT value FROM state WHERE key = ?", (STATE_KEY,)).fetchone()
                if stored is not None and stored[0] == form:
                    return
                changed = [
                    (question_id, normal, new)
                    for question_id, normal, text in connection.execute(
                        "SELECT id, normal, text FROM questions"
                    ).fetchall()
                    if (new := clean_text(normal_of(text))) != normal and new
                ]
                shared = {question_id for question_id, _normal, _new in changed}
                for question_id, normal, text in connection.execute(
                    "SELECT q.id, q.normal, a.text FROM asked AS a JOIN questions AS q ON q.id = a.question_id "
                    "WHERE a.kind <> ?",  # a hit made no answer, whatever its words
                    (AnswerKind.HIT.value,),
                ).fetchall():
                    if clean_text(normal_of(text)) != normal:
                        shared.add(question_id)
                for question_id, normal, new in changed:
                    # Where another row has the new spelling already it asks the same, and this one stays as it is.
                    connection.execute(
                        "UPDATE OR IGNORE questions SET normal = ? WHERE id = ?", (new, question_id)
                    )
                    # The old spelling stays refused as well: which of the two was asked is not known.
                    connection.execute(
                        "INSERT OR IGNORE INTO wrong_pairs (asked, question_id) "
                        "SELECT ?, question_id FROM wrong_pairs WHERE asked = ?",
                        (new, normal),
                    )
                withdrawn = [
                    PreparedId(prepared_id)
                    for prepared_id, question_id in connection.execute(
                        "SELECT id, question_id FROM prepared WHERE effort = ? "
                        "AND id NOT IN (SELECT prepared_id FROM edits)",
                        (Effort.LIVE.value,),
                    ).fetchall()
                    if question_id in shared
                ]
                derived.withdraw_rows(connection, withdrawn, self._now())
                for wording, text in connection.execute("SELECT wording, text FROM never").fetchall():
                    connection.execute(
                        "UPDATE OR IGNORE never SET wording = ? WHERE wording = ?",
                        (clean_text(wording_of(text)), wording),
                    )
                connection.execute(
                    "INSERT OR REPLACE INTO state (key, value) VALUES (?, ?)", (STATE_KEY, form)
                )
            self._vectors.change("questions", removed=withdrawn)
