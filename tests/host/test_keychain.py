"""Only keychains that encrypt count, and none may hang the program."""

import threading

import keyring.backends.chainer
import keyring.backends.fail
import keyring.backends.null
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

from pillowbook.host import keychain as keychain_module
from pillowbook.host.keychain import Keychain, KeychainUnavailable, MemoryKeychain, NoKeychain, SystemKeychain


class Drawer(KeyringBackend):
    """A backend that works, keeping text as real ones do."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[service, username]


class Locked(Drawer):
    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked


class Broken(Drawer):
    def get_password(self, service: str, username: str) -> str | None:
        raise RuntimeError("a library's own error")


@pytest.mark.parametrize("make", [MemoryKeychain, lambda: SystemKeychain(find=Drawer().__class__)])
def test_a_missing_entry_is_none(make: type[MemoryKeychain]) -> None:
    assert make().get("profile") is None


@pytest.mark.parametrize("kind", ["memory", "system"])
def test_secrets_come_back_as_they_were(kind: str) -> None:
    drawer = Drawer()
    keychain: Keychain = MemoryKeychain() if kind == "memory" else SystemKeychain(find=lambda: drawer)
    secret = bytes(range(256))
    keychain.set("a", secret)
    assert (keychain.get("a"), keychain.get("b")) == (secret, None)
    keychain.delete("a")
    keychain.delete("a")
    assert keychain.get("a") is None


def test_an_entry_of_somebody_else_opens_nothing() -> None:
    drawer = Drawer()
    drawer.set_password("pillowbook", "a", "not base64 !")
    assert SystemKeychain(find=lambda: drawer).get("a") == b""


@pytest.mark.parametrize("backend", [Locked(), Broken(), None])
def test_a_keychain_that_fails_is_unavailable(backend: KeyringBackend | None) -> None:
    keychain = SystemKeychain(find=lambda: backend)
    with pytest.raises(KeychainUnavailable):
        keychain.get("a")
    with pytest.raises(KeychainUnavailable):
        NoKeychain().get("a")


def test_a_keychain_that_hangs_is_given_up() -> None:
    release = threading.Event()

    class Hanging(Drawer):
        def get_password(self, service: str, username: str) -> str | None:
            release.wait(10)
            return None

    try:
        with pytest.raises(KeychainUnavailable):
            SystemKeychain(timeout_s=0.05, find=Hanging).get("a")
    finally:
        release.set()


def test_backends_that_keep_plain_text_or_nothing_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is never a plain-text key on disk."""

    class PlaintextKeyring(Drawer):
        pass

    PlaintextKeyring.__module__ = "keyrings.alt.file"
    backends = [
        keyring.backends.fail.Keyring(),  # type: ignore[no-untyped-call]
        keyring.backends.null.Keyring(),  # type: ignore[no-untyped-call]
        keyring.backends.chainer.ChainerBackend(),  # type: ignore[no-untyped-call]
        PlaintextKeyring(),
    ]
    monkeypatch.setattr(keychain_module, "get_all_keyring", lambda: backends)
    assert keychain_module.find_backend() is None

    class Real(Drawer):
        pass

    Real.__module__ = "keyring.backends.SecretService"
    real = Real()
    backends.append(real)
    assert keychain_module.find_backend() is real
