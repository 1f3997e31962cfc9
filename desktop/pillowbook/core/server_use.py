"""Whether answers are written on a server of the user's own, as the settings and the vault say."""

import json
from collections.abc import Callable
from typing import Final

from pillowbook.core import protocol as p
from pillowbook.domain.errors import SettingInvalid
from pillowbook.host.workers import CancelToken
from pillowbook.models.generator.client import Generator
from pillowbook.models.remote.address import ServerAddress
from pillowbook.models.remote.client import ServerChoice, ServerGenerator
from pillowbook.models.remote.routed import RoutedGenerator
from pillowbook.settings.catalogue import (
    SERVER_ADDRESS,
    SERVER_ALLOWED,
    SERVER_CA_FILE,
    SERVER_MODEL,
    SERVER_UNENCRYPTED,
)
from pillowbook.settings.values import Settings
from pillowbook.store.knowledge import Knowledge
from pillowbook.store.library import Library

KEY_STATE: Final = "model-server-key"
SERVER_SETTINGS: Final = (SERVER_ALLOWED, SERVER_ADDRESS, SERVER_MODEL, SERVER_CA_FILE, SERVER_UNENCRYPTED)
"""Another value of any of these is another generator."""


def with_server(
    local: Generator,
    *,
    settings: Settings,
    library: Library,
    knowledge: Knowledge,
    has_local: Callable[[], bool],
) -> Generator:
    """The generator to use: the one of this machine, and the user's server before it where that is allowed."""
    choice = server_choice(settings, knowledge) if settings[SERVER_ALLOWED] else None
    if choice is None:
        return local
    return RoutedGenerator(
        local=local,
        server=ServerGenerator(choice),
        must_stay=library.kept_here.must_stay,
        has_local=has_local,
    )


def server_choice(settings: Settings, knowledge: Knowledge) -> ServerChoice | None:
    """The server that the settings name, whether it may be used or not; None where they name none."""
    if not settings[SERVER_ADDRESS]:
        return None
    address = ServerAddress.of(settings[SERVER_ADDRESS])
    return ServerChoice(
        address,
        model=settings[SERVER_MODEL],
        ca_file=settings[SERVER_CA_FILE],
        allows_private_plain=settings[SERVER_UNENCRYPTED],
        key=_key_for(address, knowledge),
    )


def keep_key(settings: Settings, knowledge: Knowledge, key: str) -> None:
    """Keep the key of the settings' server, and of no other, in the encrypted vault; an empty one is forgotten.

    The session has to be begun anew for it.

    Raises:
        SettingInvalid: no server is named, or the key holds what no header can carry.
    """
    choice = named_server(settings, knowledge)
    if not (key.isascii() and key.isprintable()):
        raise SettingInvalid(key="the key", expected="only printable ASCII characters can be sent")
    knowledge.set_state(KEY_STATE, json.dumps([choice.address.origin, key]) if key else "")


def check_server(settings: Settings, knowledge: Knowledge, cancel: CancelToken) -> p.ServerView:
    """Ask the settings' server what models it has; no text is sent.

    Raises:
        SettingInvalid: no server is named.
        UserFixable, Transient: as :class:`ServerGenerator` says.
    """
    choice = named_server(settings, knowledge)
    return p.ServerView(
        address=settings[SERVER_ADDRESS],
        is_allowed=settings[SERVER_ALLOWED],
        has_key=bool(choice.key),
        models=ServerGenerator(choice).models(cancel=cancel),
    )


def named_server(settings: Settings, knowledge: Knowledge) -> ServerChoice:
    """The server that the settings name. Raises SettingInvalid where they name none."""
    choice = server_choice(settings, knowledge)
    if choice is None:
        raise SettingInvalid(key=SERVER_ADDRESS.key, expected=SERVER_ADDRESS.kind.expected())
    return choice


def _key_for(address: ServerAddress, knowledge: Knowledge) -> str:
    origin, key = json.loads(knowledge.state(KEY_STATE) or '["", ""]')
    return str(key) if origin == address.origin else ""
