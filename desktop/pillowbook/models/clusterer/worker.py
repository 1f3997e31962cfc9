"""The clusterer process: HDBSCAN of scikit-learn. ``python -m pillowbook.models.clusterer.worker``.

Campello, Moulavi and Sander, "Density-based clustering based on hierarchical density estimates" (2013): the number of
clusters need not be known, and what belongs nowhere stays outside.
"""

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import HDBSCAN  # type: ignore[import-untyped]

from pillowbook.host.worker_loop import Job, serve
from pillowbook.models.clusterer.protocol import Cluster, Clustered, Request

KEPT_DIMENSIONS = 32
"""Density means little in hundreds of dimensions; the directions of most variance are kept."""

MIN_COHERENCE = 0.55
"""Mean cosine of a cluster's members to its middle. Twenty vectors in random directions have 0.22, four 0.5."""


def find_clusters(rows: NDArray[np.float32], min_size: int) -> NDArray[np.int32]:
    """A cluster for each row, counted from 0, or -1 for none."""
    if len(rows) < 2 * min_size:
        return np.full(len(rows), -1, np.int32)
    centred = rows - rows.mean(axis=0)
    values, directions = np.linalg.eigh(centred.T @ centred)
    kept = directions[:, np.argsort(values)[::-1][:KEPT_DIMENSIONS]]
    # The same every time: an eigenvector's sign is chance, and distances do not see it.
    reduced = (centred @ kept).astype(np.float64)
    reduced /= np.maximum(np.linalg.norm(reduced, axis=1, keepdims=True), 1e-12)
    made = HDBSCAN(min_cluster_size=min_size, min_samples=2, cluster_selection_method="leaf", copy=False)
    found: NDArray[np.int32] = made.fit_predict(reduced).astype(np.int32)
    return _coherent(rows, np.maximum(found, -1))


def _coherent(rows: NDArray[np.float32], found: NDArray[np.int32]) -> NDArray[np.int32]:
    """The clusters whose members are near their middle, counted anew; what is merely far from the rest is none."""
    kept = np.full(int(found.max(initial=-1)) + 2, -1, np.int32)  # the last one stands for -1
    count = 0
    for number in range(len(kept) - 1):
        own = rows[found == number]
        middle = own.mean(axis=0)
        if float(np.mean(own @ middle) / max(float(np.linalg.norm(middle)), 1e-12)) >= MIN_COHERENCE:
            kept[number] = count
            count += 1
    coherent: NDArray[np.int32] = kept[found]
    return coherent


def handle(request: Request, _job: Job) -> Clustered:
    """Do one call."""
    rows = np.frombuffer(request.data, dtype=np.float32).reshape(request.rows, request.dimensions)
    return Clustered(find_clusters(rows, request.min_size).tobytes())


if __name__ == "__main__":
    serve(Cluster, handle)
