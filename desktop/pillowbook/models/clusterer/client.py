"""The clusterer as the rest of the program sees it."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pillowbook.host.workers import CancelToken, Worker
from pillowbook.models.clusterer.protocol import Cluster, Clustered

WORKER_MODULE = "pillowbook.models.clusterer.worker"
MAX_ROWS = 10_000
"""More than these are for the caller to sample: the time grows with their square (see ``0012-digests.md``)."""

DEADLINE_S = 600.0
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""Threads that wait for each other beside other programs made a second's work take a minute."""


class Clusterer(Protocol):
    """Finds groups of vectors that lie together."""

    def cluster(
        self, rows: NDArray[np.float32], *, min_size: int, cancel: CancelToken | None = None
    ) -> NDArray[np.int32]:
        """The cluster of each row.

        Args:
            rows: shape (n, d), n <= MAX_ROWS, each row of length 1.
            min_size: of a cluster.
        Returns:
            int32, shape (n,): clusters counted from 0, -1 for rows that belong to none.
        Raises:
            Cancelled: the process was killed, nothing is left of it.
            WorkerLost, DeadlineExceeded: a retry is safe.
        """
        ...


class HdbscanClusterer:
    """A :class:`Clusterer` in a process that lives for one call: it is needed seldom and holds 150 MB."""

    def cluster(
        self, rows: NDArray[np.float32], *, min_size: int, cancel: CancelToken | None = None
    ) -> NDArray[np.int32]:
        """See :meth:`Clusterer.cluster`."""
        if len(rows) > MAX_ROWS:
            raise ValueError("too many rows")
        data = np.ascontiguousarray(rows, dtype=np.float32)
        worker = Worker(WORKER_MODULE, name="clusterer", environment=ONE_THREAD)
        try:
            done = worker.call(
                Cluster(data.shape[0], data.shape[1], data.tobytes(), min_size),
                Clustered,
                deadline_s=DEADLINE_S,
                cancel=cancel,
                background=True,
            )
        finally:
            worker.close()
        return np.frombuffer(done.data, dtype=np.int32)
