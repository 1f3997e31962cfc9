"""A model that nothing uses gives its memory back."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from pillowbook.domain.facts import facts
from pillowbook.host.memory import MemorySource

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 20.0
"""While a model is loaded and unused, so often is looked whether memory is short: nothing anyone could measure."""


class Disuse:
    """Unloads a model once it was not used for a while, or sooner where memory is short. Thread-safe.

    There is one timer, armed at the end of a use and only while the model is loaded.

    Args:
        unload: ends the process; called while nothing uses it.
        is_loaded: whether there is anything to unload.
        after_s: without use; 0 never unloads for disuse, only for want of memory.
    """

    def __init__(
        self,
        unload: Callable[[], None],
        *,
        is_loaded: Callable[[], bool],
        memory: MemorySource,
        after_s: float,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._unload = unload
        self._is_loaded = is_loaded
        self._memory = memory
        self._after_s = after_s
        self._look_every_s = look_every_s
        self._lock = threading.Lock()
        self._users = 0
        self._used_at_s = 0.0
        self._timer: threading.Timer | None = None
        self._is_closed = False

    @contextmanager
    def used(self) -> Iterator[None]:
        """Hold while the model is being used."""
        with self._lock:
            self._users += 1
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                self._used_at_s = time.monotonic()
                self._arm()

    def close(self) -> None:
        """No more timers."""
        with self._lock:
            self._is_closed = True
            timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
            if timer is not threading.current_thread():
                timer.join()

    def _arm(self) -> None:
        if self._users or self._timer is not None or self._is_closed:
            return
        wait_s = self._look_every_s
        if self._after_s:
            left_s = self._used_at_s + self._after_s - time.monotonic()
            wait_s = max(0.0, min(wait_s, left_s))
        self._timer = threading.Timer(wait_s, self._look)
        self._timer.name = "model-disuse"
        self._timer.daemon = True
        self._timer.start()

    def _look(self) -> None:
        with self._lock:
            self._timer = None
            # A use that has begun arms the timer at its end; one that begins now waits until this is done.
            if self._users or self._is_closed or not self._is_loaded():
                return
            unused_s = time.monotonic() - self._used_at_s
            is_disused = bool(self._after_s) and unused_s >= self._after_s
            if not is_disused and not self._memory.memory().is_short:
                self._arm()
                return
            self._unload()
        log.info("model unloaded", extra=facts(unused_s=round(unused_s), is_disused=is_disused))
