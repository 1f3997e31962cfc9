"""An embedder that needs no model: texts that share words are close."""

import hashlib
import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pillowbook.domain.errors import Cancelled
from pillowbook.models.embedder.client import DIMENSIONS


class HashEmbedder:
    """An ``Embedder`` of bags of words: each word is a fixed random direction. The same on every machine and
    run.

    Attributes:
        texts: every text that was embedded, in order; tests count them.
    """

    def __init__(self) -> None:
        self.is_loaded = False
        self.is_closed = False
        self.texts: list[str] = []

    def embed(
        self, texts: Sequence[str], *, deadline_s: float, background: bool = False
    ) -> NDArray[np.float32]:
        """Unit vectors, shape (n, 384), in the order of texts."""
        if self.is_closed:
            raise Cancelled
        self.is_loaded = True
        self.texts.extend(texts)
        vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in re.findall(r"\w+", text.lower()) or [""]:
                vectors[row] += _direction(word)
            vectors[row] /= np.linalg.norm(vectors[row])
        return vectors

    def preload(self) -> None:
        self.is_loaded = True

    def unload(self) -> None:
        self.is_loaded = False

    def close(self) -> None:
        self.is_loaded = False
        self.is_closed = True


@lru_cache(maxsize=32768)
def _direction(word: str) -> NDArray[np.float32]:
    seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "little")
    return np.random.default_rng(seed).standard_normal(DIMENSIONS).astype(np.float32)
