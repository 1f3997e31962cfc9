"""The values of the settings, kept in one small TOML file of the profile.

The file holds choices only, never anything of the user's notes. A value that cannot be read falls back to its
default and is reported by :meth:`Settings.problems`; unknown keys are kept, so that an older Pillowbook does not
drop what a newer one wrote.
"""

import json
import os
import threading
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from pillowbook.domain.errors import SettingInvalid, SettingUnknown
from pillowbook.settings.catalogue import ALL, Setting

T = TypeVar("T")


class Settings:
    """Values by setting: ``settings[IDLE_AFTER]`` is an int to mypy. Thread-safe."""

    def __init__(self, file: Path, *, on_change: Callable[[str, str], None] | None = None) -> None:
        self._file = file
        self._on_change = on_change
        self._lock = threading.Lock()
        self._texts: dict[str, str] = {}
        self._problems: list[str] = []
        self._load()

    def __getitem__(self, setting: Setting[T]) -> T:
        with self._lock:
            text = self._texts.get(setting.key)
        if text is None:
            return setting.default
        try:
            return setting.kind.parse(setting.key, text)
        except SettingInvalid:
            return setting.default

    def text(self, key: str) -> str:
        """The written form of a value.

        Raises:
            SettingUnknown: no setting has this key.
        """
        setting = named(key)
        return setting.kind.write(self[setting])

    def set_text(self, key: str, text: str) -> None:
        """Check and keep a value given in its written form.

        Raises:
            SettingUnknown, SettingInvalid: nothing was changed.
        """
        setting = named(key)
        written = setting.kind.write(setting.kind.parse(key, text))
        with self._lock:
            texts = self._texts | {key: written}
            self._save(texts)  # a full disk leaves file and memory as they were
            self._texts = texts
        if self._on_change is not None:
            self._on_change(key, written)

    def problems(self) -> list[str]:
        """Sentences about values that could not be read, for ``doctor``."""
        return list(self._problems)

    def _load(self) -> None:
        try:
            raw = tomllib.loads(self._file.read_text("utf-8"))
        except FileNotFoundError:
            return
        except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
            self._problems.append("The settings file could not be read; the defaults are used.")
            return
        for key, value in raw.items():
            self._texts[key] = str(value)
            try:
                setting = named(key)
                setting.kind.parse(key, str(value))
            except SettingUnknown:
                continue
            except SettingInvalid as error:
                self._problems.append(error.say())

    def _save(self, texts: dict[str, str]) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lines = [f"{json.dumps(key)} = {json.dumps(text)}\n" for key, text in sorted(texts.items())]
        fresh = self._file.with_suffix(".new")
        with os.fdopen(
            os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
        ) as out:
            out.writelines(lines)
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(self._file)


def named(key: str) -> Setting[Any]:
    """The setting of this key.

    Raises:
        SettingUnknown: no setting has this key.
    """
    for setting in ALL:
        if setting.key == key:
            return setting
    raise SettingUnknown()
