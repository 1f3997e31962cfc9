"""The embedder as the rest of the program sees it."""

import math
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pillowbook.domain.errors import ModelMissing
from pillowbook.host.workers import Worker
from pillowbook.models.embedder.protocol import Embed, Embedded, Load
from pillowbook.models.processors import count_cores
from pillowbook.models.turns import Turns, Urgency

WORKER_MODULE = "pillowbook.models.embedder.worker"
DIMENSIONS = 384
MAX_BATCH_TEXTS = 16
MAX_BATCH_CHARACTERS = 4000
"""A question waits for at most one batch of background work, so batches are small; see
``0003-workers.md``.
"""

QUIET_S = 1.0
"""So long after a foreground call another is likely, as at every key: no batch begins in the background then, for a key
would wait for the whole of it."""

MOST_QUIET_S = 5.0
"""A batch waits no longer than this, however much is typed."""

SHORT_CHARACTERS = 1000
"""A batch of so little, such as a question that is prepared, holds nobody up and does not wait."""


class Embedder(Protocol):
    """Turns texts into vectors whose closeness is closeness in meaning. Thread-safe."""

    @property
    def is_loaded(self) -> bool: ...

    def embed(
        self, texts: Sequence[str], *, deadline_s: float, background: bool = False
    ) -> NDArray[np.float32]:
        """Turn texts into unit vectors.

        Args:
            texts: any number; the model reads the first 256 tokens of each.
            deadline_s: for waiting and working; loading the model has its own deadline.
            background: give way to foreground calls, after every batch.
        Returns:
            float32, shape (n, 384), each row of length 1, in the order of texts.
        Raises:
            Cancelled: by :meth:`unload` or :meth:`close`.
            WorkerLost: the process died twice; a retry is safe.
            DeadlineExceeded, ModelMissing.
        """
        ...

    def preload(self) -> None:
        """Begin to load the model, without waiting."""
        ...

    def unload(self) -> None:
        """End the process and free all its memory; the next call starts it again."""
        ...

    def close(self) -> None:
        """End the process for good."""
        ...


class MiniLmEmbedder:
    """An :class:`Embedder` on sentence-transformers in a process of its own.

    Args:
        model_folder: holds ``modules.json`` and the weights, whose SHA-256 has been checked.
    """

    def __init__(self, model_folder: Path, *, threads: int | None = None) -> None:
        self._folder = model_folder
        load = Load(str(model_folder.absolute()), threads or count_cores())
        # A batch is not stopped half way: killing the process would cost seconds, the batch a fraction of
        # one.
        self._worker = Worker(WORKER_MODULE, name="embedder", opening=load, cancel_grace_s=2.0)
        self._turns = Turns("embedder")
        self._asked_s = -math.inf
        self._is_closing = threading.Event()

    @property
    def is_loaded(self) -> bool:
        return self._worker.is_ready

    @property
    def process_id(self) -> int | None:
        """Of the running worker; None without one."""
        return self._worker.process_id

    def embed(
        self, texts: Sequence[str], *, deadline_s: float, background: bool = False
    ) -> NDArray[np.float32]:
        """See :meth:`Embedder.embed`."""
        self._check_folder()
        deadline = time.monotonic() + deadline_s
        vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        for numbers in _batches(texts):
            if not background:
                self._asked_s = time.monotonic()
            elif sum(len(texts[number]) for number in numbers) > SHORT_CHARACTERS:
                self._wait_for_quiet(deadline)
            with self._turns.taken(
                urgency=Urgency.BACKGROUND if background else Urgency.NOW,
                deadline=deadline,
                cancel=None,
                preempts=False,
            ) as token:
                done = self._worker.call(
                    Embed(tuple(texts[number] for number in numbers)),
                    Embedded,
                    deadline_s=max(0.0, deadline - time.monotonic()),
                    cancel=token,
                    background=background,
                )
            vectors[numbers] = np.frombuffer(done.data, dtype=np.float32).reshape(done.rows, done.dimensions)
        return vectors

    def preload(self) -> None:
        """See :meth:`Embedder.preload`."""
        self._check_folder()
        self._worker.start()

    def unload(self) -> None:
        """See :meth:`Embedder.unload`."""
        self._worker.stop()

    def close(self) -> None:
        """See :meth:`Embedder.close`."""
        self._is_closing.set()
        self._worker.close()

    def _wait_for_quiet(self, deadline_s: float) -> None:
        """Until nobody has asked for a second, or has waited long enough."""
        until = min(time.monotonic() + MOST_QUIET_S, deadline_s)
        while (left := min(self._asked_s + QUIET_S, until) - time.monotonic()) > 0:
            if self._is_closing.wait(min(left, 0.1)):
                return

    def _check_folder(self) -> None:
        if not (self._folder / "modules.json").is_file():
            raise ModelMissing(model=self._folder.name)


def _batches(texts: Sequence[str]) -> Iterator[list[int]]:
    """Numbers of texts of like length together (the model pads a batch to its longest), each batch small."""
    batch: list[int] = []
    size = 0
    for number in sorted(range(len(texts)), key=lambda at: len(texts[at])):
        length = len(texts[number])
        if batch and (len(batch) == MAX_BATCH_TEXTS or size + length > MAX_BATCH_CHARACTERS):
            yield batch
            batch, size = [], 0
        batch.append(number)
        size += length
    if batch:
        yield batch
