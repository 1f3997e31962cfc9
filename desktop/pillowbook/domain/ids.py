"""Identifiers. All are row numbers of the vault's database, never paths or texts."""

from typing import NewType

FolderId = NewType("FolderId", int)
DocumentId = NewType("DocumentId", int)
PassageId = NewType("PassageId", int)
DigestId = NewType("DigestId", int)
QuestionId = NewType("QuestionId", int)
PreparedId = NewType("PreparedId", int)
ServingId = NewType("ServingId", int)
TopicId = NewType("TopicId", int)

ContentHash = NewType("ContentHash", str)
"""SHA-256, hexadecimal, of a text in UTF-8 or of a file's bytes."""
