"""What the core knows of the machine it runs on, vault or no vault."""

import contextlib
import os
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Final

from pillowbook.domain.clock import Clock
from pillowbook.host.paths import Profile
from pillowbook.host.senses import Senses
from pillowbook.models.catalogue import Catalogue, ModelEntry
from pillowbook.models.embedder.client import MiniLmEmbedder
from pillowbook.models.generator.client import LlamaGenerator
from pillowbook.models.installation import Installation
from pillowbook.schedule.gate import Sensed

LOAD_EVERY_S: Final = 2.0
"""How often other programs' load is measured; shorter spells say nothing."""
MEMORY_REST_S: Final = 300.0
"""So long memory counts as short after it was: our own model gives its share back, and would take it again at once."""


class Machine:
    """What the core knows of the machine it runs on, vault or no vault."""

    def __init__(
        self,
        *,
        profile: Profile,
        clock: Clock,
        has_keychain: Callable[[], bool],
        senses: Callable[[Callable[[], None]], Senses],
        catalogue: Catalogue,
        installation: Installation,
    ) -> None:
        self.on_change: Callable[[], None] | None = None
        self.profile = profile
        self.clock = clock
        self._has_keychain = has_keychain
        self.senses = senses(self._tell_change)
        self.catalogue = catalogue
        self.installation = installation
        self.paused_until: datetime | None = None
        self._load = 0.0
        self._load_at = clock.monotonic_s()
        self._memory_short_until_s = 0.0
        self._lock = threading.Lock()

    @property
    def embedder_entry(self) -> ModelEntry:
        """The embedder in use."""
        return self.catalogue.default("embedder")

    def generator(self, model: str, *, gpu_layers: int, unload_after_s: float) -> LlamaGenerator:
        """The generator of a model of the catalogue; it may not be installed yet."""
        entry = self.installation.entry(model)
        return LlamaGenerator(
            self.installation.place(model),
            model_id=entry.title if entry.is_own else model,
            context_tokens=entry.context_tokens,
            gpu_layers=gpu_layers,
            unload_after_s=unload_after_s,
            check=lambda: self.installation.require(model),
        )

    def embedder(self) -> MiniLmEmbedder:
        """The embedder in use."""
        return MiniLmEmbedder(self.installation.place(self.embedder_entry.id))

    def sense(self, model: str) -> Sensed:
        """What the gate decides on."""
        now_s = self.clock.monotonic_s()
        senses = self.senses
        with self._lock:
            if now_s - self._load_at >= LOAD_EVERY_S:
                self._load = senses.power.others_load()
                self._load_at = now_s
            if senses.memory.memory().is_short:
                self._memory_short_until_s = now_s + MEMORY_REST_S
        power, login = senses.power.power(), senses.login.login()
        return Sensed(
            now=self.clock.now().astimezone(),
            idle_s=senses.idle.idle_s(),
            is_plugged=power.is_plugged,
            battery_percent=power.battery_percent,
            others_load=self._load,
            paused_until=self.paused_until,
            is_model_installed=self.installation.installed(model) is not None,
            is_battery_low=power.is_low,
            is_saving=power.is_saving,
            is_memory_short=now_s < self._memory_short_until_s,
            is_hot=senses.heat.is_hot(),
            # Behind a locked screen nobody watches the film that was left standing.
            is_full_screen=not login.is_locked and senses.screen.is_full_screen(),
            is_held=login.is_held,
            is_going_to_sleep=login.is_going_to_sleep,
            since_start_s=login.since_start_s,
            since_wake_s=login.since_wake_s,
        )

    def _tell_change(self) -> None:
        """Power, session or sleep changed: tell whoever wants to know (``on_change``)."""
        on_change = self.on_change
        if on_change is not None:
            on_change()

    def has_keychain(self) -> bool:
        """Whether the system offers a keychain that encrypts."""
        return self._has_keychain()

    def vault_bytes(self) -> int:
        """Bytes the vault takes on disk."""
        total = 0
        with contextlib.suppress(OSError):
            for entry in os.scandir(self.profile.vault_dir):
                total += entry.stat(follow_symlinks=False).st_size
        return total

    def close(self) -> None:
        """Let go of the desktop."""
        self.senses.close()
