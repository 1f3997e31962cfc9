"""When a model gives its memory back."""

import threading
import time
from collections.abc import Callable

from pillowbook.host.memory import FixedMemory, Memory
from pillowbook.models.disuse import Disuse

SHORT = Memory(8 << 30, 100 << 20)


class Model:
    """Something that is loaded by being used, and notes when it is unloaded."""

    def __init__(
        self, *, after_s: float, look_every_s: float = 0.02, memory: FixedMemory | None = None
    ) -> None:
        self.is_loaded = False
        self.unloads = 0
        self.is_unloaded = threading.Event()
        self.memory = memory or FixedMemory()
        self.disuse = Disuse(
            self.unload,
            is_loaded=lambda: self.is_loaded,
            memory=self.memory,
            after_s=after_s,
            look_every_s=look_every_s,
        )

    def use(self, inside: Callable[[], None] = lambda: None) -> None:
        with self.disuse.used():
            self.is_loaded = True
            inside()

    def unload(self) -> None:
        self.is_loaded = False
        self.unloads += 1
        self.is_unloaded.set()


def timers() -> int:
    return sum(thread.name == "model-disuse" for thread in threading.enumerate())


def test_it_is_unloaded_once_after_disuse_and_nothing_ticks_on() -> None:
    model = Model(after_s=0.1)
    began = time.monotonic()
    model.use()
    assert model.is_unloaded.wait(10)
    assert time.monotonic() - began >= 0.1
    until = time.monotonic() + 10
    while timers():
        assert time.monotonic() < until
        time.sleep(0.005)
    assert model.unloads == 1


def test_a_use_in_between_puts_it_off() -> None:
    model = Model(after_s=0.3)
    for _ in range(6):
        model.use(lambda: time.sleep(0.1))
        assert timers() == 1
    assert model.unloads == 0
    assert model.is_unloaded.wait(10)


def test_it_stays_while_it_is_used() -> None:
    memory = FixedMemory(SHORT)
    model = Model(after_s=0.01, memory=memory)
    model.use()

    def long() -> None:
        model.is_unloaded.clear()
        assert not model.is_unloaded.wait(0.2)

    model.use(long)
    assert model.is_unloaded.wait(10)


def test_it_goes_sooner_when_memory_is_short() -> None:
    model = Model(after_s=3600)
    model.use()
    assert not model.is_unloaded.wait(0.1)
    model.memory.fixed = SHORT
    assert model.is_unloaded.wait(10)


def test_never_is_for_disuse_only() -> None:
    model = Model(after_s=0)
    model.use()
    assert not model.is_unloaded.wait(0.1)
    model.memory.fixed = SHORT
    assert model.is_unloaded.wait(10)


def test_closing_leaves_no_timer() -> None:
    model = Model(after_s=3600)
    model.use()
    assert timers() == 1
    model.disuse.close()
    assert timers() == 0
    model.use()
    assert timers() == 0
