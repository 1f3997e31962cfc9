"""A real vault, a real extractor, and an embedder that is quick and always the same."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pillowbook.domain.clock import ManualClock
from pillowbook.domain.errors import WorkerLost
from pillowbook.flow.ingest.extractor.client import Extractor
from pillowbook.flow.ingest.ingest import Ingestor
from pillowbook.store.database import Database
from pillowbook.store.library import DocumentChange, Library
from pillowbook.store.vectors import VectorStore
from pillowbook.store.words import WordIndex


def never() -> bool:
    """A stop check that never says so."""
    return False


class CountingEmbedder:
    """Unit vectors from a hash of the text; remembers what it was asked, and can be told to die."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.was_background: list[bool] = []
        self.deaths_left = 0

    def embed(
        self, texts: Sequence[str], *, deadline_s: float, background: bool = False
    ) -> NDArray[np.float32]:
        if self.deaths_left:
            self.deaths_left -= 1
            raise WorkerLost(worker="embedder")
        self.texts.extend(texts)
        self.was_background.append(background)
        rows = [np.frombuffer(hashlib.sha256(text.encode()).digest() * 12, np.uint8) for text in texts]
        vectors = np.asarray(rows, np.float32) + 1.0
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """An empty library in an encrypted database."""
    place = tmp_path / "vault"
    place.mkdir()
    database = Database(place / "vault.db", b"k" * 32)
    words = WordIndex()
    yield Library(database, words, VectorStore(), ManualClock())
    words.close()
    database.close()


@pytest.fixture(scope="session")
def extractor() -> Iterator[Extractor]:
    """The real one, with its worker process."""
    extractor = Extractor()
    yield extractor
    extractor.close()


@pytest.fixture
def embedder() -> CountingEmbedder:
    return CountingEmbedder()


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """An empty folder to watch."""
    place = tmp_path / "notes"
    place.mkdir()
    return place


@pytest.fixture
def changes() -> list[DocumentChange]:
    """What the ingestor told of."""
    return []


@pytest.fixture
def ingestor(
    library: Library,
    extractor: Extractor,
    embedder: CountingEmbedder,
    notes: Path,
    changes: list[DocumentChange],
) -> Ingestor:
    """An ingestor that watches ``notes``."""
    library.add_folder(str(notes))
    return Ingestor(library, extractor, embedder, ManualClock(), on_change=changes.append)


@pytest.fixture
def write(notes: Path) -> Callable[[str, str], Path]:
    """Write a note under ``notes``; gives its path."""

    def write_note(name: str, text: str) -> Path:
        path = notes / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write_note
