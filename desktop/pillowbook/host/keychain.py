"""The operating system's keychain behind a small interface.

Only keychains that encrypt at rest count. Where there is none (no Secret Service on a headless system, or only
the plain-text files of ``keyrings.alt``) the answer is :class:`NoKeychain`, and the vault asks for a passphrase.
"""

import base64
import binascii
import logging
import threading
from collections.abc import Callable
from typing import Protocol, TypeVar

from keyring.backend import KeyringBackend, get_all_keyring

from pillowbook.domain.errors import Transient

log = logging.getLogger(__name__)

SERVICE = "pillowbook"
ANSWER_WITHIN_S = 20.0
"""A locked keychain asks the user for its password first, so an answer may take that long; then it counts as none."""

# Backends that keep secrets encrypted. An allow list: anything unknown may be a text file.
_REAL_BACKENDS = (
    "keyring.backends.SecretService",
    "keyring.backends.kwallet",
    "keyring.backends.libsecret",
    "keyring.backends.macOS",
    "keyring.backends.Windows",
)

_T = TypeVar("_T")


class KeychainUnavailable(Transient):
    """There is no keychain, it stayed locked, or it did not answer in time."""

    code = "keychain-unavailable"
    sentence = "The system's keychain does not answer; unlock it or use the passphrase."


class Keychain(Protocol):
    """Keeps one secret per profile. All three raise :class:`KeychainUnavailable`."""

    def get(self, profile_id: str) -> bytes | None:
        """The secret, or None when there is no such entry."""
        ...

    def set(self, profile_id: str, secret: bytes) -> None:
        """Store or replace the secret."""
        ...

    def delete(self, profile_id: str) -> None:
        """Remove the entry; nothing happens when there is none."""
        ...


class NoKeychain:
    """A system without a keychain."""

    def get(self, profile_id: str) -> bytes | None:
        raise KeychainUnavailable()

    def set(self, profile_id: str, secret: bytes) -> None:
        raise KeychainUnavailable()

    def delete(self, profile_id: str) -> None:
        raise KeychainUnavailable()


class MemoryKeychain:
    """A keychain in memory, for tests."""

    def __init__(self) -> None:
        self.secrets: dict[str, bytes] = {}

    def get(self, profile_id: str) -> bytes | None:
        return self.secrets.get(profile_id)

    def set(self, profile_id: str, secret: bytes) -> None:
        self.secrets[profile_id] = secret

    def delete(self, profile_id: str) -> None:
        self.secrets.pop(profile_id, None)


class SystemKeychain:
    """The desktop's keychain through ``keyring``; looked for at first use."""

    def __init__(
        self, *, timeout_s: float = ANSWER_WITHIN_S, find: "Callable[[], KeyringBackend | None] | None" = None
    ) -> None:
        self._timeout_s = timeout_s
        self._find = find or find_backend

    def get(self, profile_id: str) -> bytes | None:
        text = self._call(lambda backend: backend.get_password(SERVICE, profile_id))
        if text is None:
            return None
        try:
            return base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            return b""  # an entry that somebody else wrote; it opens nothing

    def set(self, profile_id: str, secret: bytes) -> None:
        text = base64.b64encode(secret).decode("ascii")
        self._call(lambda backend: backend.set_password(SERVICE, profile_id, text))

    def delete(self, profile_id: str) -> None:
        def remove(backend: KeyringBackend) -> None:
            if backend.get_password(SERVICE, profile_id) is not None:
                backend.delete_password(SERVICE, profile_id)

        self._call(remove)

    def _call(self, work: Callable[[KeyringBackend], _T]) -> _T:
        """Run ``work`` in a thread of its own: a call over the bus can block for as long as a dialog stands."""
        results: list[_T] = []
        failures: list[str] = []

        def target() -> None:
            try:
                backend = self._find()
                if backend is None:
                    failures.append("none")
                else:
                    results.append(work(backend))
            # WORKAROUND: backends raise whatever their library does (D-Bus, ctypes, JSON), not only KeyringError.
            except Exception as error:
                failures.append(type(error).__name__)

        thread = threading.Thread(target=target, name="keychain", daemon=True)
        thread.start()
        thread.join(self._timeout_s)
        if results:
            return results[0]
        log.info("keychain unavailable: %s", failures[0] if failures else "timeout")
        raise KeychainUnavailable(why=failures[0] if failures else "timeout")


def find_backend() -> KeyringBackend | None:
    """The best keychain that encrypts at rest, or None. The user's keyring configuration cannot widen the choice."""
    usable = [
        backend
        for backend in get_all_keyring()
        if type(backend).__module__ in _REAL_BACKENDS and backend.priority > 0
    ]
    return max(usable, key=lambda backend: backend.priority, default=None)
