"""A vault with a few notes in it, on the real SQLCipher, tantivy and Argon2id (at a low cost)."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from numpy.typing import NDArray

from pillowbook.domain.answers import Citation, Draft, Effort, Reason, Source, Tokens
from pillowbook.domain.clock import ManualClock
from pillowbook.domain.documents import Fingerprint, Folder, Passage, PassageDraft
from pillowbook.domain.ids import ContentHash, DocumentId, PreparedId, QuestionId
from pillowbook.host.keychain import MemoryKeychain
from pillowbook.host.paths import Profile
from pillowbook.store.crypto import KdfCost
from pillowbook.store.library import DocumentChange
from pillowbook.store.vault import Vault

T = TypeVar("T")
CHEAP = KdfCost(memory_kib=64, passes=1, lanes=1)
DIMENSIONS = 16


def hash_of(text: str) -> ContentHash:
    return ContentHash(hashlib.sha256(text.encode("utf-8", "replace")).hexdigest())


def vector_of(text: str) -> NDArray[np.float32]:
    """A unit vector that depends on the text only."""
    random = np.random.default_rng(int(hash_of(text)[:12], 16))
    vector = random.normal(size=DIMENSIONS)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def fingerprint_of(text: str, modified_ns: int = 0) -> Fingerprint:
    return Fingerprint(2**64 - 1, len(text), modified_ns, modified_ns, hash_of(text))


def drafts_of(parts: Sequence[str], heading: str = "") -> list[PassageDraft]:
    drafts, start = [], 0
    for line, part in enumerate(parts, start=1):
        drafts.append(PassageDraft(part, hash_of(part), heading, start, start + len(part), line, None))
        start += len(part) + 1
    return drafts


def sure(found: T | None) -> T:
    """What must be there."""
    assert found is not None
    return found


class Shelf:
    """Puts documents, questions and answers into a vault in one line each."""

    def __init__(self, vault: Vault) -> None:
        self.vault = vault
        self.folder: Folder = vault.library.add_folder("/notes")

    def put(
        self,
        name: str,
        *parts: str,
        title: str = "",
        heading: str = "",
        has_vectors: bool = True,
        modified_ns: int = 0,
    ) -> DocumentChange:
        return self.vault.library.put_document(
            self.folder.id,
            f"/notes/{name}",
            title or name,
            "markdown",
            fingerprint_of("\n".join(parts), modified_ns),
            "\n".join(parts),
            drafts_of(parts, heading),
            {hash_of(part): vector_of(part) for part in parts} if has_vectors else {},
        )

    def predict(
        self, text: str, document_id: DocumentId | None, reason: Reason = Reason.CONTENT
    ) -> QuestionId:
        return self.vault.knowledge.add_question(text, text.lower(), reason, document_id)

    def prepare(self, question_id: QuestionId, *cited: Passage, answer: str = "So it is.") -> PreparedId:
        citations = tuple(cite(passage) for passage in cited)
        sources = tuple(
            Source(document_id, document.path, document.fingerprint, ())
            for document_id in dict.fromkeys(passage.document_id for passage in cited)
            if (document := self.vault.library.document(document_id)).fingerprint is not None
        )
        draft = Draft(
            "?", answer, citations, (), 0.9, ("quotes-verbatim",), Tokens(10, 5), "m", Effort.PREPARED
        )
        return self.vault.knowledge.put_prepared(
            question_id, draft, sources, 1.5, vector_of(str(question_id))
        )


def cite(passage: Passage) -> Citation:
    """A citation of the passage's last word."""
    quote = passage.text.split()[-1]
    end = passage.end
    return Citation(
        passage.document_id,
        passage.id,
        passage.content_hash,
        passage.path,
        passage.title,
        quote,
        end - len(quote),
        end,
        passage.line,
        passage.page,
        passage.heading,
    )


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def keychain() -> MemoryKeychain:
    return MemoryKeychain()


@pytest.fixture
def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Profile:
    runtime = tmp_path / "run"
    runtime.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    return Profile(tmp_path / "profile")


@pytest.fixture
def vault(profile: Profile, keychain: MemoryKeychain, clock: ManualClock) -> Iterator[Vault]:
    vault = Vault(profile, keychain, clock, kdf_cost=CHEAP)
    vault.create("correct horse")
    yield vault
    vault.lock()


@pytest.fixture
def shelf(vault: Vault) -> Shelf:
    return Shelf(vault)
