"""Exact search agrees with brute force after any history."""

import threading

import numpy as np
import pytest
from numpy.typing import NDArray

from pillowbook.domain.errors import VaultLocked
from pillowbook.store.vectors import ROWS_AT_ONCE, VectorHit, VectorStore, as_vector


def unit(rng: np.random.Generator, count: int, length: int = 24) -> NDArray[np.float32]:
    rows = rng.normal(size=(count, length)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize("seed", range(5))
def test_nearest_is_what_brute_force_finds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    store, next_id = VectorStore(), 1
    truth: dict[int, NDArray[np.float32]] = {}
    for _ in range(60):
        if truth and rng.random() < 0.4:
            gone = [
                int(i)
                for i in rng.choice(
                    list(truth), size=min(len(truth), int(rng.integers(1, 80))), replace=False
                )
            ]
            store.change("passages", removed=[*gone, 10**9])
            for i in gone:
                del truth[i]
        else:
            added = {next_id + n: row for n, row in enumerate(unit(rng, int(rng.integers(1, 90))))}
            if truth and rng.random() < 0.5:
                added[int(rng.choice(list(truth)))] = unit(rng, 1)[0]  # replaced
            next_id += len(added)
            store.change("passages", added=added)
            truth |= added
        assert store.count() == len(truth)
        query, limit = unit(rng, 1)[0], int(rng.integers(1, 30))
        hits = store.nearest(query, limit)
        best = sorted(truth, key=lambda i: -float(truth[i] @ query))[:limit]
        assert [hit.id for hit in hits] == best
        assert [hit.similarity for hit in hits] == pytest.approx(
            [float(truth[i] @ query) for i in best], abs=1e-5
        )


def test_equal_vectors_come_in_the_order_of_their_ids() -> None:
    rng = np.random.default_rng(0)
    row, store = unit(rng, 1)[0], VectorStore()
    store.change("passages", added=dict.fromkeys((5, 3, 9, 1), row))
    assert [hit.id for hit in store.nearest(row, 3)] == [1, 3, 5]


def test_spaces_are_apart() -> None:
    rng = np.random.default_rng(0)
    store = VectorStore()
    store.change("questions", added={1: unit(rng, 1)[0]})
    assert store.nearest(unit(rng, 1)[0], 5) == []
    assert len(store.nearest(unit(rng, 1)[0], 5, "questions")) == 1


@pytest.mark.parametrize("bad", [np.full(24, np.nan), np.full(24, np.inf), np.ones(23), np.empty(0)])
def test_bad_vectors_are_refused(bad: NDArray[np.float64]) -> None:
    store = VectorStore()
    store.change("passages", added={1: unit(np.random.default_rng(0), 1)[0]})
    with pytest.raises(ValueError, match="vector"):
        store.change("passages", added={2: bad.astype(np.float32)})
    assert store.count() == 1


def test_a_search_sees_one_state_while_others_write() -> None:
    """Each vector is stored with its own number as id: a torn row would give a wrong similarity."""
    rng = np.random.default_rng(3)
    rows, store = unit(rng, 3000), VectorStore()
    failures: list[VectorHit] = []
    stop = threading.Event()

    def search() -> None:
        while not stop.is_set():
            for hit in store.nearest(rows[7], 20):
                if abs(float(rows[hit.id] @ rows[7]) - hit.similarity) > 1e-4:
                    failures.append(hit)

    threads = [threading.Thread(target=search) for _ in range(2)]
    for thread in threads:
        thread.start()
    for start in range(0, 3000, 50):
        store.change("passages", added={i: rows[i] for i in range(start, start + 50)})
        store.change("passages", removed=range(start, start + 40))
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert store.count() == 600


def test_a_closed_store_is_locked() -> None:
    store = VectorStore()
    store.close()
    with pytest.raises(VaultLocked):
        store.nearest(np.ones(3, np.float32), 1)


def test_nearest_among_some() -> None:
    store = VectorStore()
    rows = np.eye(4, dtype=np.float32)
    store.change("passages", added={n: rows[n] for n in range(4)})
    query = as_vector(np.array([0.8, 0.6, 0.0, 0.0], np.float32))
    assert [hit.id for hit in store.nearest(query, 2, among={1, 2, 9})] == [1, 2]
    assert store.nearest(query, 2, among=frozenset()) == []
    assert len(store.nearest(query, 9)) == 4


def test_similarities_of_some() -> None:
    store = VectorStore()
    rows = np.eye(3, dtype=np.float32)
    store.change("passages", added={n: rows[n] for n in range(3)})
    store.change("passages", removed=[2])
    found = store.similarities(as_vector(np.array([0.8, 0.6, 0.0], np.float32)), [0, 1, 2, 7])
    assert found == {0: pytest.approx(0.8), 1: pytest.approx(0.6)}


def test_more_rows_than_are_multiplied_at_once() -> None:
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((ROWS_AT_ONCE * 2 + 17, 8)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    store = VectorStore()
    store.replace("passages", np.arange(len(rows)), rows)
    hits = store.nearest(rows[-1], len(rows))
    assert hits[0].id == len(rows) - 1
    expected = rows @ rows[-1]
    assert [hit.similarity for hit in hits] == pytest.approx(
        sorted(expected.tolist(), reverse=True), abs=1e-5
    )
