"""Models and settings: what can be looked at and changed without an open vault."""

from collections.abc import Callable
from typing import Any

from pillowbook.core import protocol as p
from pillowbook.core.machine import Machine
from pillowbook.domain.errors import ConfirmationNeeded, ModelCannotWrite, SettingInvalid
from pillowbook.domain.events import Event, SettingChanged
from pillowbook.host.workers import CancelToken
from pillowbook.models.own_file import is_own_file, own_entry
from pillowbook.settings.catalogue import ALL, GENERATOR, SERVER_ADDRESS, SERVER_ALLOWED, Setting
from pillowbook.settings.values import Settings, named


class Setup:
    """Answers the calls about models and settings.

    Args:
        on_setting: told of a changed setting, to let it have its effect before anybody else hears of it.
        on_installed: told that a model came.
        tell: told of events.
    """

    def __init__(
        self,
        settings: Settings,
        machine: Machine,
        *,
        on_setting: Callable[[Setting[Any]], None],
        on_installed: Callable[[], None],
        tell: Callable[[Event], object],
    ) -> None:
        self._settings = settings
        self._machine = machine
        self._on_setting = on_setting
        self._on_installed = on_installed
        self._tell = tell

    def handle(self, call: p.SetupCall, part: Callable[[object], None], cancel: CancelToken) -> object:
        """The reply to one of these calls."""
        match call:
            case p.ListModels():
                return self.models()
            case p.InstallModel(model):
                self.install(model, part, cancel)
            case p.ListSettings():
                return self.settings()
            case p.SetSetting(key, value, is_confirmed):
                self.set(key, value, is_confirmed=is_confirmed)
        return p.Done()

    def models(self) -> list[p.ModelView]:
        """The catalogue, after the user's own file where that is used."""
        installation = self._machine.installation
        used = {self._settings[GENERATOR], self._machine.embedder_entry.id}
        own = [own_entry(name) for name in used if is_own_file(name)]
        return [
            p.ModelView(
                id=entry.id,
                role=entry.role,
                title=entry.title,
                size_bytes=entry.size_bytes,
                memory_mb=entry.memory_mb,
                licence=entry.licence,
                is_installed=installation.installed(entry.id) is not None,
                is_used=entry.id in used,
                was_run=entry.was_run,
            )
            for entry in (*own, *self._machine.catalogue.entries)
        ]

    def install(self, model: str, part: Callable[[object], None], cancel: CancelToken) -> None:
        """Fetch a model."""

        def tell(done: int, total: int) -> None:
            cancel.raise_if_cancelled()
            part(p.Progress(done, total, "fetching"))

        self._machine.installation.install(model, tell)
        self._on_installed()

    def settings(self) -> list[p.SettingView]:
        """All settings with their values."""
        return [
            p.SettingView(
                s.key, self._settings.text(s.key), s.kind.write(s.default), s.title, s.help, s.page.value
            )
            for s in ALL
        ]

    def set(self, key: str, value: str, *, is_confirmed: bool) -> None:
        """Change a setting.

        Raises:
            ConfirmationNeeded: it has a warning, which the user was not told.
            SettingInvalid, ModelCannotWrite, ModelMissing: nothing was changed.
        """
        setting = named(key)
        if setting.warning and not is_confirmed and setting.kind.parse(key, value) != setting.default:
            raise ConfirmationNeeded(key=key, warning=setting.warning)
        if setting is GENERATOR:
            entry = self._machine.installation.entry(value.strip())  # raises before anything is changed
            if entry.role != "generator":
                raise ModelCannotWrite(model=entry.id)
            if entry.is_own:
                self._machine.installation.require(entry.id)
        if (
            setting is SERVER_ALLOWED
            and setting.kind.parse(key, value)
            and not self._settings[SERVER_ADDRESS]
        ):
            raise SettingInvalid(key=key, expected=f"name the server first, with {SERVER_ADDRESS.key}")
        if setting is SERVER_ADDRESS and setting.kind.parse(key, value) != self._settings[SERVER_ADDRESS]:
            # What was allowed was allowed for another machine.
            self._settings.set_text(SERVER_ALLOWED.key, "off")
            self._tell(SettingChanged(SERVER_ALLOWED.key, "off"))
        self._settings.set_text(key, value)
        self._on_setting(setting)
        self._tell(SettingChanged(key, self._settings.text(key)))
