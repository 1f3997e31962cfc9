"""The database's tables, as an ordered list of migrations; ``PRAGMA user_version`` counts those applied.

Never edit a migration that was released: append one. Rows are truth; the full-text index and the matrix of vectors
are remade from them at every unlock.
"""

_FIRST = """
CREATE TABLE folders (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    path NOT NULL UNIQUE,              -- text, or a blob where the name is not UTF-8
    added_at TEXT NOT NULL
);
CREATE TABLE documents (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    folder_id INTEGER NOT NULL REFERENCES folders ON DELETE CASCADE,
    path NOT NULL UNIQUE,
    title TEXT NOT NULL DEFAULT '',
    kind TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT '',
    stat TEXT,                         -- file id, size, modified and changed ns: unsigned 64 bits do not fit an INTEGER
    sha256 TEXT,                       -- of the file's bytes
    modified INTEGER NOT NULL DEFAULT 0,
    text_hash TEXT NOT NULL DEFAULT '',
    indexed_at TEXT,
    predicted_hash TEXT NOT NULL DEFAULT ''
);
CREATE INDEX documents_by_folder ON documents (folder_id);
CREATE INDEX documents_by_state ON documents (state, modified);
CREATE TABLE texts (
    document_id INTEGER PRIMARY KEY REFERENCES documents ON DELETE CASCADE,
    text TEXT NOT NULL
);
CREATE TABLE passages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    text TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    heading TEXT NOT NULL,
    start INTEGER NOT NULL,
    end INTEGER NOT NULL,
    line INTEGER,
    page INTEGER
);
CREATE INDEX passages_by_document ON passages (document_id, ordinal);
CREATE INDEX passages_by_hash ON passages (content_hash);
CREATE TABLE vectors (
    content_hash TEXT PRIMARY KEY,
    vector BLOB NOT NULL               -- float32, little-endian
);
CREATE TABLE digests (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id INTEGER NOT NULL UNIQUE REFERENCES documents ON DELETE CASCADE,
    gist TEXT NOT NULL,
    facts TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    model TEXT NOT NULL,
    made_at TEXT NOT NULL
);
CREATE TABLE questions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    normal TEXT NOT NULL UNIQUE,
    text TEXT NOT NULL,
    reason TEXT NOT NULL,
    asked_count INTEGER NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL,
    last_asked_at TEXT,
    vector BLOB,
    tried TEXT,                        -- how the last try ended; cleared when the library changes
    withdrawn_at TEXT                  -- its prepared answer was withdrawn: it goes first
);
CREATE TABLE question_origins (
    question_id INTEGER NOT NULL REFERENCES questions ON DELETE CASCADE,
    document_id INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE,
    PRIMARY KEY (question_id, document_id)
) WITHOUT ROWID;
CREATE INDEX question_origins_by_document ON question_origins (document_id);
CREATE TABLE prepared (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    question_id INTEGER NOT NULL UNIQUE REFERENCES questions ON DELETE CASCADE,
    answer TEXT NOT NULL,
    citations TEXT NOT NULL,
    confidence REAL NOT NULL,
    checks TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    seconds REAL NOT NULL,
    model TEXT NOT NULL,
    effort TEXT NOT NULL,
    prepared_at TEXT NOT NULL,
    has_new_evidence INTEGER NOT NULL DEFAULT 0,
    new_evidence TEXT NOT NULL DEFAULT '[]',
    vector BLOB
);
CREATE TABLE prepared_sources (
    prepared_id INTEGER NOT NULL REFERENCES prepared ON DELETE CASCADE,
    document_id INTEGER NOT NULL,
    path NOT NULL,
    stat TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    passage_hashes TEXT NOT NULL,
    PRIMARY KEY (prepared_id, document_id)
) WITHOUT ROWID;
CREATE INDEX prepared_sources_by_document ON prepared_sources (document_id);
CREATE TABLE asked (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    question_id INTEGER NOT NULL REFERENCES questions ON DELETE CASCADE,
    text TEXT NOT NULL,
    kind TEXT NOT NULL,
    latency_ms REAL NOT NULL,
    matched INTEGER,
    asked_at TEXT NOT NULL
);
CREATE INDEX asked_by_question ON asked (question_id);
CREATE TABLE ledger (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    result TEXT NOT NULL,
    started_at TEXT NOT NULL,
    seconds REAL NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    made INTEGER NOT NULL,
    document_id INTEGER,
    question_id INTEGER
);
CREATE INDEX ledger_by_time ON ledger (started_at);
CREATE TABLE state (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
"""

_KEPT_HERE = """
CREATE TABLE kept_here (
    path NOT NULL PRIMARY KEY          -- of a folder or file; nothing below it is sent to another machine
) WITHOUT ROWID;
"""

_PREDICTED_SECTIONS = """
CREATE TABLE predicted_sections (
    document_id INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE,
    section TEXT NOT NULL,             -- hash of its passages' hashes: what stays the same is not read again
    PRIMARY KEY (document_id, section)
) WITHOUT ROWID;
"""

_HAND = """
ALTER TABLE asked ADD COLUMN prepared_for INTEGER;             -- the question whose prepared answer was served
ALTER TABLE asked ADD COLUMN made_for TEXT NOT NULL DEFAULT '';  -- why that answer had been prepared
ALTER TABLE asked ADD COLUMN folder_id INTEGER;
ALTER TABLE asked ADD COLUMN answer TEXT NOT NULL DEFAULT '';  -- what was said; emptied when a source of it changes
ALTER TABLE asked ADD COLUMN verdict TEXT;
CREATE INDEX asked_by_prepared ON asked (prepared_for);
CREATE INDEX asked_by_verdict ON asked (verdict) WHERE verdict IS NOT NULL;
CREATE TABLE asked_sources (
    asked_id INTEGER NOT NULL REFERENCES asked ON DELETE CASCADE,
    document_id INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE,
    PRIMARY KEY (asked_id, document_id)
) WITHOUT ROWID;
CREATE INDEX asked_sources_by_document ON asked_sources (document_id);
UPDATE asked SET prepared_for = (SELECT question_id FROM prepared WHERE prepared.id = asked.matched);
UPDATE asked SET made_for = coalesce((SELECT reason FROM questions WHERE id = asked.prepared_for), '');
ALTER TABLE prepared ADD COLUMN made_for TEXT NOT NULL DEFAULT '';  -- the question's reason then
UPDATE prepared SET made_for = (SELECT reason FROM questions WHERE id = prepared.question_id);
ALTER TABLE ledger ADD COLUMN made_for TEXT NOT NULL DEFAULT '';
ALTER TABLE ledger ADD COLUMN folder_id INTEGER;
UPDATE ledger SET made_for = coalesce((SELECT reason FROM questions WHERE id = ledger.question_id), ''),
    folder_id = (SELECT folder_id FROM documents WHERE id = ledger.document_id);
CREATE TABLE pins (
    question_id INTEGER PRIMARY KEY REFERENCES questions ON DELETE CASCADE,
    pinned_at TEXT NOT NULL
);
CREATE TABLE edits (
    prepared_id INTEGER PRIMARY KEY REFERENCES prepared ON DELETE CASCADE,
    answer TEXT NOT NULL,              -- the user's own words
    edited_at TEXT NOT NULL
);
CREATE TABLE never (
    wording TEXT PRIMARY KEY,          -- what near wordings of the question have in common
    text TEXT NOT NULL,
    question_id INTEGER REFERENCES questions ON DELETE CASCADE,  -- of a question that was made from a document
    added_at TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE wrong_pairs (
    asked TEXT NOT NULL,               -- normalised; the user said that the answer to the question is not to this
    question_id INTEGER NOT NULL REFERENCES questions ON DELETE CASCADE,
    PRIMARY KEY (asked, question_id)
) WITHOUT ROWID;
CREATE TABLE audits (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    question_id INTEGER NOT NULL REFERENCES questions ON DELETE CASCADE,
    reason TEXT NOT NULL,
    checks TEXT NOT NULL,
    outcome TEXT NOT NULL,
    audited_at TEXT NOT NULL
);
CREATE INDEX audits_by_question ON audits (question_id, audited_at);
CREATE INDEX audits_by_time ON audits (audited_at);
CREATE TABLE trust (
    reason TEXT PRIMARY KEY,
    held INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE deleted_digests (
    document_id INTEGER PRIMARY KEY REFERENCES documents ON DELETE CASCADE,
    content_hash TEXT NOT NULL         -- not distilled again before this changes
);
"""

_ENERGY = """
ALTER TABLE ledger ADD COLUMN energy_j REAL NOT NULL DEFAULT 0;
ALTER TABLE ledger ADD COLUMN is_energy_estimated INTEGER NOT NULL DEFAULT 1;
"""

_DIGESTS = """
CREATE TABLE findings (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    passage_id INTEGER NOT NULL REFERENCES passages ON DELETE CASCADE,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,               -- a name, an amount; empty for the other kinds
    text TEXT NOT NULL,
    start INTEGER NOT NULL,            -- of its quote, in the passage's text
    end INTEGER NOT NULL,
    first TEXT,                        -- days, for what is dated or due
    last TEXT,
    is_done INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX findings_by_passage ON findings (passage_id);
CREATE INDEX findings_by_day ON findings (kind, first);
CREATE TABLE relations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    passage_id INTEGER NOT NULL REFERENCES passages ON DELETE CASCADE,        -- the older of the two, where one is
    start INTEGER NOT NULL,
    end INTEGER NOT NULL,
    day TEXT NOT NULL,
    other_passage_id INTEGER NOT NULL REFERENCES passages ON DELETE CASCADE,
    other_start INTEGER NOT NULL,
    other_end INTEGER NOT NULL,
    other_day TEXT NOT NULL,
    score REAL NOT NULL,
    UNIQUE (kind, passage_id, start, other_passage_id, other_start)
);
CREATE INDEX relations_by_other ON relations (other_passage_id);
CREATE TABLE passes (
    document_id INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE,
    kind TEXT NOT NULL,                -- what was done over the document's text of this hash
    text_hash TEXT NOT NULL,
    PRIMARY KEY (document_id, kind)
) WITHOUT ROWID;
CREATE TABLE section_gists (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE,
    section_hash TEXT NOT NULL,
    gist TEXT NOT NULL,
    facts TEXT NOT NULL,
    UNIQUE (document_id, section_hash)
);
CREATE TABLE section_sources (
    section_id INTEGER NOT NULL REFERENCES section_gists ON DELETE CASCADE,
    passage_id INTEGER NOT NULL,
    PRIMARY KEY (section_id, passage_id)
) WITHOUT ROWID;
CREATE INDEX section_sources_by_passage ON section_sources (passage_id);
CREATE TABLE folder_digests (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    path NOT NULL UNIQUE,
    gist TEXT NOT NULL,
    facts TEXT NOT NULL,
    inputs TEXT NOT NULL,              -- hash of all that was read for it
    model TEXT NOT NULL,
    made_at TEXT NOT NULL,
    vector BLOB NOT NULL               -- of its name and gist: digests are found by meaning too
);
CREATE TABLE folder_sources (
    folder_digest_id INTEGER NOT NULL REFERENCES folder_digests ON DELETE CASCADE,
    document_id INTEGER NOT NULL,
    PRIMARY KEY (folder_digest_id, document_id)
) WITHOUT ROWID;
CREATE INDEX folder_sources_by_document ON folder_sources (document_id);
CREATE TABLE topics (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    label TEXT NOT NULL,
    is_touched INTEGER NOT NULL DEFAULT 0  -- a member went: whether the label still holds is looked up when it is read
);
CREATE TABLE topic_members (
    passage_id INTEGER PRIMARY KEY REFERENCES passages ON DELETE CASCADE,
    topic_id INTEGER NOT NULL REFERENCES topics ON DELETE CASCADE
);
CREATE INDEX topic_members_by_topic ON topic_members (topic_id);
CREATE TABLE topic_digests (
    topic_id INTEGER PRIMARY KEY REFERENCES topics ON DELETE CASCADE,
    gist TEXT NOT NULL,
    facts TEXT NOT NULL,
    inputs TEXT NOT NULL,
    model TEXT NOT NULL,
    made_at TEXT NOT NULL,
    vector BLOB NOT NULL
);
CREATE TABLE topic_sources (
    topic_id INTEGER NOT NULL REFERENCES topic_digests ON DELETE CASCADE,
    passage_id INTEGER NOT NULL,
    PRIMARY KEY (topic_id, passage_id)
) WITHOUT ROWID;
CREATE INDEX topic_sources_by_passage ON topic_sources (passage_id);
CREATE TRIGGER passage_goes BEFORE DELETE ON passages BEGIN
    DELETE FROM passes WHERE document_id = OLD.document_id;
    DELETE FROM section_gists WHERE id IN (SELECT section_id FROM section_sources WHERE passage_id = OLD.id);
    DELETE FROM topic_digests WHERE topic_id IN (SELECT topic_id FROM topic_sources WHERE passage_id = OLD.id);
    UPDATE topics SET is_touched = 1 WHERE id = (SELECT topic_id FROM topic_members WHERE passage_id = OLD.id);
END;
CREATE TRIGGER text_goes BEFORE DELETE ON texts BEGIN
    DELETE FROM folder_digests WHERE id IN
        (SELECT folder_digest_id FROM folder_sources WHERE document_id = OLD.document_id);
END;
"""
"""What rests on a passage goes with it by a foreign key or a trigger, so that no path of deleting can forget it."""

_WORDINGS = """
ALTER TABLE prepared ADD COLUMN is_provisional INTEGER NOT NULL DEFAULT 0;  -- made for a waiting user: to be made anew
CREATE TABLE near_misses (
    question_id INTEGER NOT NULL REFERENCES questions ON DELETE CASCADE,  -- asked
    near_id INTEGER NOT NULL REFERENCES questions ON DELETE CASCADE,      -- whose prepared answer was near
    verdict TEXT,                      -- NULL until it is judged
    passage_hash TEXT NOT NULL DEFAULT '',  -- where both answers stand; once it is gone, 'same' is to be judged again
    PRIMARY KEY (question_id, near_id)
) WITHOUT ROWID;
CREATE INDEX near_misses_by_near ON near_misses (near_id);
"""

_OTHERS_AND_SIGNS = """
CREATE TABLE kept_private (
    path NOT NULL PRIMARY KEY          -- of a folder or file; other programs may not use what is below it
) WITHOUT ROWID;
ALTER TABLE asked ADD COLUMN opened_at TEXT;        -- when a source of the answer was first opened
ALTER TABLE asked ADD COLUMN asked_again INTEGER;   -- the serving, minutes later, of the same or a reworded question
ALTER TABLE asked_sources ADD COLUMN is_opened INTEGER NOT NULL DEFAULT 0;
CREATE INDEX asked_by_time ON asked (asked_at);
"""

_FORESIGHT = """
CREATE TABLE opened (
    document_id INTEGER PRIMARY KEY REFERENCES documents ON DELETE CASCADE,
    opened_at TEXT NOT NULL            -- the last time, from an answer or a search
);
-- Links are found as well now, and secrets are left out: what was distilled before may hold some.
DELETE FROM passes WHERE kind = 'find';
DELETE FROM digests;
DELETE FROM section_gists;
DELETE FROM folder_digests;
DELETE FROM topic_digests;
"""

_MOUNT_POINTS_AND_ALL_SOURCES = """
ALTER TABLE folders ADD COLUMN is_mount INTEGER NOT NULL DEFAULT 0;   -- when files were last seen in it
-- Not all that these rest on is known; they are prepared again. The user's own words stay.
DELETE FROM prepared WHERE checks LIKE '%more-than-cited%' AND id NOT IN (SELECT prepared_id FROM edits);
UPDATE questions SET tried = NULL WHERE tried = 'more-than-cited';
-- Contradictions leave secrets out, and more is known for one: what was found before is found anew.
DELETE FROM relations WHERE kind <> 'related';
DELETE FROM passes;
"""

_QUESTION_WORDS = """
CREATE TABLE question_words (
    question_id INTEGER NOT NULL REFERENCES questions ON DELETE CASCADE,
    document_id INTEGER NOT NULL,      -- whose words the question may hold; it stays when the document goes
    PRIMARY KEY (question_id, document_id)
) WITHOUT ROWID;
"""
"""Of follow-ups that were rewritten by the turn before. Apart from question_origins: nothing was predicted, and such a
question is forgotten like any that was asked."""

_DELETED_ANSWERS = """
CREATE TABLE deleted_answers (
    question_id INTEGER NOT NULL REFERENCES questions ON DELETE CASCADE,
    document_id INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE,  -- it may come back when this changes
    PRIMARY KEY (question_id, document_id)
) WITHOUT ROWID;
CREATE INDEX deleted_answers_by_document ON deleted_answers (document_id);
"""

MIGRATIONS: tuple[str, ...] = (
    _FIRST,
    _KEPT_HERE,
    _PREDICTED_SECTIONS,
    _HAND,
    _ENERGY,
    _DIGESTS,
    _WORDINGS,
    _OTHERS_AND_SIGNS,
    _FORESIGHT,
    _MOUNT_POINTS_AND_ALL_SOURCES,
    _QUESTION_WORDS,
    _DELETED_ANSWERS,
)
