"""How long it is remembered what was asked: no longer than the settings say, without anybody's doing."""

import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from pillowbook.domain.clock import Clock
from pillowbook.domain.errors import PillowbookError
from pillowbook.domain.facts import facts
from pillowbook.settings.catalogue import KEEP_ASKED, LEARN
from pillowbook.settings.values import Settings
from pillowbook.store.remembered import Remembered

log = logging.getLogger(__name__)

EVERY_S: Final = 24 * 3600.0


class Retention:
    """Forgets at unlock and once a day what is older than it may be; all of it where asking is not learned from.

    Args:
        on_forgotten: told that prepared answers went with their questions.
    """

    def __init__(
        self,
        remembered: Remembered,
        settings: Settings,
        clock: Clock,
        *,
        on_forgotten: Callable[[], None],
    ) -> None:
        self._remembered = remembered
        self._settings = settings
        self._clock = clock
        self._on_forgotten = on_forgotten
        self._is_ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="retention", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for what is being deleted."""
        self._is_ended.set()
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(timeout=10)

    def purge(self) -> None:
        """Forget now what may not be remembered."""
        before = (
            self._clock.now() - timedelta(days=self._settings[KEEP_ASKED]) if self._settings[LEARN] else None
        )
        servings, prepared = self._remembered.forget(before)
        if servings or prepared:
            log.info("asked questions forgotten", extra=facts(servings=servings, prepared=len(prepared)))
        if prepared:
            self._on_forgotten()

    def _run(self) -> None:
        while not self._is_ended.is_set():
            try:
                self.purge()
            except PillowbookError as error:  # locked meanwhile, or the disk is full: the next time
                log.info("asked questions not forgotten: %s", error.code)
            self._is_ended.wait(EVERY_S)
