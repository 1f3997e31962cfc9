"""Exact nearest neighbours over unit vectors held in memory."""

import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pillowbook.domain.errors import VaultLocked

Space = Literal["passages", "questions"]
SPACES: tuple[Space, ...] = ("passages", "questions")
FIRST_CAPACITY = 1024
ROWS_AT_ONCE = 1024
"""Of 384 numbers: the most that OpenBLAS multiplies without waking its threads, which wait for each other for 10 to 30
ms when something else keeps the cores busy; reading memory is what takes the time, and one thread does that as fast."""


@dataclass(frozen=True, slots=True)
class VectorHit:
    """``id`` is a PassageId or PreparedId, by space; ``similarity`` is the cosine, 1 at most."""

    id: int
    similarity: float


class VectorStore:
    """Thread-safe. A search sees the vectors as they were when it began.

    Rows are only ever appended, beyond what any running search looks at, or masked in a copy; a full or half-dead
    matrix is replaced by a new one. So a search holds no lock while it multiplies.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spaces: dict[Space, _Matrix] | None = {space: _Matrix() for space in SPACES}
        self._changes = dict.fromkeys(SPACES, 0)

    def change(
        self,
        space: Space,
        *,
        removed: Iterable[int] = (),
        added: Mapping[int, NDArray[np.float32]] | None = None,
    ) -> None:
        """Take vectors out, then put vectors in; an id that is there already is replaced.

        Raises:
            ValueError: a vector is not finite, or of another length than the others of its space.
        """
        with self._lock:
            matrix = self._matrix(space)
            self._changes[space] += 1
            added = added or {}
            vectors = [as_vector(vector) for vector in added.values()]
            matrix.remove([*removed, *added])
            matrix.append(list(added), vectors)

    def replace(self, space: Space, ids: NDArray[np.int64], rows: NDArray[np.float32]) -> None:
        """Put these vectors in place of everything in a space; the arrays become the store's own."""
        with self._lock:
            self._matrix(space)
            assert self._spaces is not None
            self._changes[space] += 1
            self._spaces[space] = _Matrix(ids, rows)

    def nearest(
        self,
        vector: NDArray[np.float32],
        limit: int,
        space: Space = "passages",
        *,
        among: Collection[int] | None = None,
    ) -> list[VectorHit]:
        """The ``limit`` most similar vectors, best first; equal ones by id.

        Args:
            vector: of length 1, as long as those of the space.
            among: only these ids.
        """
        query = as_vector(vector)
        with self._lock:
            ids, rows, is_live = self._matrix(space).snapshot()
        if not len(ids) or limit < 1:
            return []
        similarities = _multiply(rows, query)
        if among is not None:
            is_live = is_live & np.isin(ids, np.fromiter(among, np.int64, len(among)))
        similarities[~is_live] = -np.inf
        count = min(limit, int(is_live.sum()))
        if not count:
            return []
        # Everything as similar as the last one that fits is sorted, so that ties fall the same way every time.
        floor = np.partition(similarities, len(similarities) - count)[len(similarities) - count]
        best = np.flatnonzero(similarities >= floor)
        order = best[np.lexsort((ids[best], -similarities[best]))][:count]
        return [VectorHit(int(ids[row]), float(similarities[row])) for row in order]

    def similarities(
        self, vector: NDArray[np.float32], ids: Iterable[int], space: Space = "passages"
    ) -> dict[int, float]:
        """The similarity of each of these vectors; ids without one are left out."""
        query = as_vector(vector)
        with self._lock:
            matrix = self._matrix(space)
            _, rows, _ = matrix.snapshot()
            row_of = {i: matrix.row_of[i] for i in ids if i in matrix.row_of}
        return {i: float(rows[row] @ query) for i, row in row_of.items()}

    def of(self, ids: Iterable[int], space: Space = "passages") -> dict[int, NDArray[np.float32]]:
        """The vectors of these; ids without one are left out."""
        with self._lock:
            matrix = self._matrix(space)
            _, rows, _ = matrix.snapshot()
            row_of = {i: matrix.row_of[i] for i in ids if i in matrix.row_of}
        return {i: rows[row] for i, row in row_of.items()}

    def rows(self, space: Space = "passages") -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """All ids of a space and their vectors, copies, in the order of the ids."""
        with self._lock:
            ids, rows, is_live = self._matrix(space).snapshot()
            ids, rows = ids[is_live], rows[is_live]
        order = np.argsort(ids)
        return ids[order], rows[order]

    def count(self, space: Space = "passages") -> int:
        """Vectors in a space."""
        with self._lock:
            return len(self._matrix(space).row_of)

    def changes(self, space: Space) -> int:
        """How often a space was changed: while it is the same, so is what the space was made of."""
        with self._lock:
            return self._changes[space]

    def close(self) -> None:
        """Drop everything; later calls raise VaultLocked."""
        with self._lock:
            self._spaces = None

    def _matrix(self, space: Space) -> "_Matrix":
        if self._spaces is None:
            raise VaultLocked()
        return self._spaces[space]


class _Matrix:
    def __init__(self, ids: NDArray[np.int64] | None = None, rows: NDArray[np.float32] | None = None) -> None:
        self._ids = np.empty(0, np.int64) if ids is None else ids
        self._rows = np.empty((0, 0), np.float32) if rows is None else rows
        self._is_live = np.ones(len(self._ids), np.bool_)
        self._used = len(self._ids)
        self.row_of = {int(i): row for row, i in enumerate(self._ids)}

    def snapshot(self) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.bool_]]:
        return self._ids[: self._used], self._rows[: self._used], self._is_live[: self._used]

    def remove(self, ids: Sequence[int]) -> None:
        rows = [row for row in (self.row_of.pop(i, None) for i in ids) if row is not None]
        if rows:
            self._is_live = self._is_live.copy()  # a running search keeps the mask it began with
            self._is_live[rows] = False
            if len(self.row_of) < self._used // 2:
                self._resize(max(FIRST_CAPACITY, len(self.row_of)))

    def append(self, ids: Sequence[int], vectors: Sequence[NDArray[np.float32]]) -> None:
        if not ids:
            return
        length = self._rows.shape[1] if self.row_of else len(vectors[0])
        if any(len(vector) != length for vector in vectors):
            raise ValueError("vectors of one space have one length")
        needed = self._used + len(ids)
        if needed > len(self._rows) or self._rows.shape[1] != length:
            self._resize(max(FIRST_CAPACITY, 2 * len(self.row_of), len(self.row_of) + len(ids)), length)
        rows = slice(self._used, self._used + len(ids))
        self._rows[rows] = vectors
        self._ids[rows] = ids
        self._is_live[rows] = True
        self.row_of.update(zip(ids, range(rows.start, rows.stop), strict=True))
        self._used = rows.stop

    def _resize(self, capacity: int, length: int | None = None) -> None:
        """Move the live rows into new arrays; the old ones stay as they are for who still reads them."""
        kept = np.flatnonzero(self._is_live[: self._used])
        rows = np.zeros((capacity, self._rows.shape[1] if length is None else length), np.float32)
        ids, is_live = np.zeros(capacity, np.int64), np.zeros(capacity, np.bool_)
        if len(kept):
            rows[: len(kept)], ids[: len(kept)] = self._rows[kept], self._ids[kept]
        is_live[: len(kept)] = True
        self._rows, self._ids, self._is_live, self._used = rows, ids, is_live, len(kept)
        self.row_of = {int(i): row for row, i in enumerate(ids[: len(kept)])}


def _multiply(rows: NDArray[np.float32], query: NDArray[np.float32]) -> NDArray[np.float32]:
    """``rows @ query`` by one thread."""
    product = np.empty(len(rows), np.float32)
    for first in range(0, len(rows), ROWS_AT_ONCE):
        block = slice(first, first + ROWS_AT_ONCE)
        np.dot(rows[block], query, out=product[block])
    return product


def as_vector(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """One row of finite float32.

    Raises:
        ValueError: it is none.
    """
    row = np.ascontiguousarray(vector, dtype=np.float32).reshape(-1)
    if not len(row) or not np.isfinite(row).all():
        raise ValueError("a vector must be finite and not empty")
    return row
