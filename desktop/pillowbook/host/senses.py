"""All that is sensed of the machine and its user, built in one place."""

from collections.abc import Callable
from dataclasses import dataclass

from pillowbook.host.bus import Bus
from pillowbook.host.energy import EnergyMeter, system_energy
from pillowbook.host.heat import HeatSource, SystemHeat
from pillowbook.host.idle import IdleSource, system_idle
from pillowbook.host.login import LoginSource, SystemLogin
from pillowbook.host.memory import MemorySource, SystemMemory
from pillowbook.host.power import PowerSource, SystemPower
from pillowbook.host.screen import ScreenSource, system_screen
from pillowbook.host.upower import DesktopPower


@dataclass(frozen=True, slots=True)
class Senses:
    """One source for each thing that the gate looks at. ``close`` lets go of the desktop."""

    idle: IdleSource
    power: PowerSource
    login: LoginSource
    screen: ScreenSource
    memory: MemorySource
    heat: HeatSource
    energy: EnergyMeter
    close: Callable[[], None] = lambda: None


def system_senses(on_change: Callable[[], None]) -> Senses:
    """This machine's.

    Args:
        on_change: called on a thread of the system bus when power, session or sleep changed; must return at once.
    """
    system_bus, session_bus = Bus("SYSTEM", on_change=on_change), Bus("SESSION")
    login = SystemLogin(system_bus)
    idle, screen = system_idle(session_bus, login), system_screen()

    def close() -> None:
        idle.close()
        screen.close()
        session_bus.close()
        system_bus.close()

    return Senses(
        idle=idle,
        power=DesktopPower(system_bus, SystemPower()),
        login=login,
        screen=screen,
        memory=SystemMemory(),
        heat=SystemHeat(),
        energy=system_energy(),
        close=close,
    )
