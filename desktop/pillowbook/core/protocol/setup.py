"""Models, the user's model server, and the settings."""

import msgspec

from pillowbook.core.protocol.call import Call


class ModelView(msgspec.Struct, frozen=True):
    """A model of the catalogue."""

    id: str
    role: str
    title: str
    size_bytes: int
    memory_mb: int
    licence: str
    is_installed: bool
    is_used: bool
    was_run: bool


class ServerView(msgspec.Struct, frozen=True):
    """The model server of the settings, and what it answered just now."""

    address: str
    is_allowed: bool
    has_key: bool
    models: tuple[str, ...]


class SettingView(msgspec.Struct, frozen=True):
    """A setting and its value in written form."""

    key: str
    value: str
    default: str
    title: str
    help: str
    page: str


class ListModels(Call, frozen=True, tag="models"):
    """Reply: list of ModelView."""


class InstallModel(Call, frozen=True, tag="model_install"):
    """Reply: Done. Parts: Progress in bytes."""

    model: str


class SetServerKey(Call, frozen=True, tag="server_key"):
    """Keep the model server's key in the vault; an empty one is forgotten. Reply: Done."""

    key: str


class CheckServer(Call, frozen=True, tag="server"):
    """Ask the model server, without any text, what models it has. Reply: ServerView."""


class ListSettings(Call, frozen=True, tag="settings"):
    """Reply: list of SettingView."""


class SetSetting(Call, frozen=True, tag="setting_set"):
    """Reply: Done. ``is_confirmed``: the user was told the setting's warning and wants it all the same."""

    key: str
    value: str
    is_confirmed: bool = False


ServerCall = SetServerKey | CheckServer


SetupCall = ListModels | InstallModel | ListSettings | SetSetting
