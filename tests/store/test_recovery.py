"""The recovery code in place of the passphrase, and what others could read of a vault."""

import re
from pathlib import Path

import pytest

from pillowbook.domain.clock import ManualClock
from pillowbook.domain.errors import PassphraseWrong, VaultLocked, VaultMissing
from pillowbook.host.keychain import MemoryKeychain, NoKeychain
from pillowbook.host.paths import Profile
from pillowbook.store.crypto import KdfCost
from pillowbook.store.recovery import new_code, read_code
from pillowbook.store.vault import Vault

CHEAP = KdfCost(memory_kib=64, passes=1, lanes=1)


def reopened(profile: Profile) -> Vault:
    return Vault(profile, NoKeychain(), ManualClock(), kdf_cost=CHEAP)


def test_a_code_can_be_copied_by_hand() -> None:
    code = new_code()
    assert re.fullmatch(r"([A-Z2-7]{4}-){7}[A-Z2-7]{4}", code) and code != new_code()
    assert read_code(code.lower().replace("-", " ")) == code
    assert read_code(code.replace("O", "0").replace("I", "1").replace("B", "8")) == code
    assert read_code("correct horse battery staple") is None and read_code(code[:-1]) is None


def test_the_code_opens_the_vault_and_a_new_one_replaces_it(vault: Vault, profile: Profile) -> None:
    vault.library.add_folder("/notes")
    first = vault.make_recovery_code()
    second = vault.make_recovery_code()
    vault.lock()
    with pytest.raises(PassphraseWrong):
        reopened(profile).unlock(first)
    again = reopened(profile)
    again.unlock(second.lower())
    assert [folder.path for folder in again.library.folders()] == ["/notes"]
    again.set_passphrase("a new one")  # who forgot the passphrase sets another
    again.lock()
    reopened(profile).unlock("a new one")
    assert second.encode() not in profile.keys_file.read_bytes()


def test_a_locked_vault_makes_no_code(vault: Vault) -> None:
    vault.lock()
    with pytest.raises(VaultLocked):
        vault.make_recovery_code()


def test_a_closed_vault_has_nothing_to_tell(vault: Vault, profile: Profile) -> None:
    vault.set_passphrase("correct horse")
    ways, findings = vault.audit()
    assert set(ways) == {"keychain", "passphrase"}
    assert [one for one in findings if "stretched" not in one] == [], (
        "the tests' passphrases are stretched little"
    )
    vault.lock()
    assert vault.audit()[0] == ways, "it need not be open"


def test_what_is_open_is_told(vault: Vault, profile: Profile) -> None:
    (profile.vault_dir / "copy.db").write_bytes(b"SQLite format 3\x00")
    profile.keys_file.chmod(0o644)
    findings = " ".join(vault.audit()[1])
    assert "copy.db" in findings and "keys.json" in findings
    vault.lock()
    profile.database.write_bytes(b"SQLite format 3\x00" + b"plain")
    assert "without a key" in " ".join(vault.audit()[1])


def test_a_keychain_alone_is_told(profile: Profile) -> None:
    vault = Vault(profile, MemoryKeychain(), ManualClock(), kdf_cost=CHEAP)
    vault.create(None)
    assert "Only the keychain" in " ".join(vault.audit()[1])
    vault.make_recovery_code()
    assert "Only the keychain" not in " ".join(vault.audit()[1])


def test_nothing_to_audit(tmp_path: Path) -> None:
    with pytest.raises(VaultMissing):
        reopened(Profile(tmp_path / "none")).audit()
