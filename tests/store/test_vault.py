"""Making, opening, closing and damaging a vault."""

import json
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pillowbook.domain.clock import ManualClock
from pillowbook.domain.errors import (
    DiskFull,
    KeychainChanged,
    PassphraseNeeded,
    PassphraseWrong,
    VaultDamaged,
    VaultExists,
    VaultLocked,
    VaultMissing,
    VaultTooNew,
)
from pillowbook.host.keychain import Keychain, MemoryKeychain, NoKeychain
from pillowbook.host.paths import Profile
from pillowbook.store.crypto import KdfCost
from pillowbook.store.vault import Vault

from .conftest import Shelf, sure

CHEAP = KdfCost(memory_kib=64, passes=1, lanes=1)


def reopened(profile: Profile, keychain: Keychain) -> Vault:
    return Vault(profile, keychain, ManualClock(), kdf_cost=CHEAP)


def test_a_vault_needs_a_keychain_or_a_passphrase(profile: Profile) -> None:
    vault = reopened(profile, NoKeychain())
    with pytest.raises(PassphraseNeeded):
        vault.create(None)
    assert not vault.exists


def test_there_is_nothing_to_unlock_before_it_is_made(profile: Profile, keychain: MemoryKeychain) -> None:
    with pytest.raises(VaultMissing):
        reopened(profile, keychain).unlock()


def test_a_vault_is_not_made_twice(vault: Vault, profile: Profile, keychain: MemoryKeychain) -> None:
    with pytest.raises(VaultExists):
        reopened(profile, keychain).create("other")


def test_the_keychain_alone_opens_a_vault(profile: Profile, keychain: MemoryKeychain) -> None:
    vault = reopened(profile, keychain)
    vault.create(None)
    vault.library.add_folder("/notes")
    vault.lock()
    again = reopened(profile, keychain)
    again.unlock()
    assert [folder.path for folder in again.library.folders()] == ["/notes"]
    assert not again.has_passphrase
    again.lock()


def test_the_passphrase_alone_opens_a_vault(vault: Vault, profile: Profile) -> None:
    vault.lock()
    again = reopened(profile, NoKeychain())
    with pytest.raises(PassphraseNeeded):
        again.unlock()
    with pytest.raises(PassphraseWrong):
        again.unlock("wrong horse")
    assert not again.is_unlocked
    again.unlock("correct horse")
    again.lock()


def test_a_composed_and_a_decomposed_passphrase_are_the_same(profile: Profile) -> None:
    vault = reopened(profile, NoKeychain())
    vault.create("caf\u00e9")
    vault.lock()
    vault.unlock("cafe\u0301")
    vault.lock()


@pytest.mark.parametrize("secret", [None, b"", b"x" * 32])
def test_a_changed_keychain_is_named_and_the_passphrase_mends_it(
    vault: Vault, profile: Profile, keychain: MemoryKeychain, secret: bytes | None
) -> None:
    """Nothing is lost when a keychain was reset (Signal-Desktop 6970)."""
    vault.lock()
    (profile_id,) = keychain.secrets
    if secret is None:
        keychain.delete(profile_id)
    else:
        keychain.set(profile_id, secret)
    with pytest.raises(KeychainChanged):
        vault.unlock()
    vault.unlock("correct horse")
    vault.lock()
    vault.unlock()
    assert vault.is_unlocked


def test_the_keychain_never_holds_the_vault_key_itself(vault: Vault, keychain: MemoryKeychain) -> None:
    (secret,) = keychain.secrets.values()
    assert secret != sure(vault._opened).vault_key


def test_a_new_passphrase_replaces_the_old_one(vault: Vault) -> None:
    vault.set_passphrase("another horse")
    vault.lock()
    with pytest.raises(PassphraseWrong):
        vault.unlock("correct horse")
    vault.unlock("another horse")
    assert vault.check() == []


def test_locked_parts_say_so_in_every_thread(vault: Vault, shelf: Shelf) -> None:
    """Objects handed out earlier raise VaultLocked and never a database error."""
    library, knowledge, words, vectors = vault.library, vault.knowledge, vault.words, vault.vectors
    for number in range(30):
        shelf.put(f"{number}.md", f"passage number {number} about boilers")
    unexpected: list[BaseException] = []
    started = threading.Barrier(5)

    def use(call: Callable[[], object]) -> None:
        started.wait()
        try:
            while True:
                call()
        except VaultLocked:
            pass
        except BaseException as error:
            unexpected.append(error)

    calls: list[Callable[[], object]] = [
        lambda: [library.passages(document.id) for document in library.documents()],
        lambda: library.add_folder("/more"),
        lambda: words.search("boiler", 5),
        lambda: knowledge.questions_to_prepare(10),
    ]
    threads = [threading.Thread(target=use, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    started.wait()
    time.sleep(0.05)
    vault.lock()
    for thread in threads:
        thread.join(10)
    assert not any(thread.is_alive() for thread in threads)
    assert unexpected == []
    calls += [vectors.count, lambda: vault.library, vault.check]
    for call in calls:
        with pytest.raises(VaultLocked):
            call()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe\x00",
        b'{"format": "other", "version": 1}',
        b'{"format": "pillowbook-keys", "version": "1", "profile_id": "", "wraps": []}',
        b'{"format": "pillowbook-keys", "version": 1, "profile_id": "zz", "wraps": []}',
        b"[" * 100_000,
    ],
)
def test_a_damaged_keys_file_is_named(vault: Vault, profile: Profile, content: bytes) -> None:
    vault.lock()
    profile.keys_file.write_bytes(content)
    for passphrase in (None, "correct horse"):
        with pytest.raises(VaultDamaged):
            vault.unlock(passphrase)


def test_absurd_key_stretching_is_refused_and_not_computed(vault: Vault, profile: Profile) -> None:
    vault.lock()
    data = json.loads(profile.keys_file.read_text())
    for wrap in data["wraps"]:
        if "kdf" in wrap:
            wrap["kdf"]["memory_kib"] = 2**40
    profile.keys_file.write_text(json.dumps(data))
    with pytest.raises(VaultDamaged):
        vault.unlock("correct horse")


def test_a_wrap_of_another_vault_does_not_open(vault: Vault, profile: Profile, tmp_path: Path) -> None:
    """Wraps are bound to their vault and their kind."""
    vault.lock()
    data = json.loads(profile.keys_file.read_text())
    data["profile_id"] = "0" * 32
    profile.keys_file.write_text(json.dumps(data))
    with pytest.raises(PassphraseWrong):
        vault.unlock("correct horse")


def test_a_newer_keys_file_is_left_alone(vault: Vault, profile: Profile) -> None:
    vault.lock()
    data = json.loads(profile.keys_file.read_text()) | {"version": 2}
    profile.keys_file.write_text(json.dumps(data))
    with pytest.raises(VaultTooNew):
        vault.unlock("correct horse")
    assert json.loads(profile.keys_file.read_text()) == data


def test_unknown_ways_of_unlocking_survive_a_new_passphrase(vault: Vault, profile: Profile) -> None:
    data = json.loads(profile.keys_file.read_text())
    data["wraps"].append({"kind": "recovery", "frame": "AAAA"})
    profile.keys_file.write_text(json.dumps(data))
    vault.set_passphrase("another horse")
    assert "recovery" in [wrap["kind"] for wrap in json.loads(profile.keys_file.read_text())["wraps"]]


def test_a_newer_schema_is_left_alone(vault: Vault) -> None:
    with sure(vault._opened).database.write() as connection:
        connection.execute("PRAGMA user_version = 999")
    vault.lock()
    with pytest.raises(VaultTooNew):
        vault.unlock("correct horse")
    assert not vault.is_unlocked


def test_a_damaged_database_is_named(vault: Vault, profile: Profile, shelf: Shelf) -> None:
    shelf.put("a.md", "some text")
    vault.lock()
    profile.database.write_bytes(b"no database at all" * 1000)
    with pytest.raises(VaultDamaged):
        vault.unlock("correct horse")
    assert not vault.is_unlocked


def test_lost_keys_are_damage_and_never_a_fresh_start(vault: Vault, profile: Profile) -> None:
    vault.lock()
    profile.keys_file.unlink()
    with pytest.raises(VaultDamaged):
        vault.unlock("correct horse")
    with pytest.raises(VaultExists):
        vault.create("correct horse")


def test_check_finds_a_changed_page(vault: Vault, profile: Profile, shelf: Shelf) -> None:
    for number in range(40):
        shelf.put(f"{number}.md", *(f"passage {number} {part} " + "text " * 40 for part in range(5)))
    assert vault.check() == []
    vault.lock()
    content = bytearray(profile.database.read_bytes())
    content[-2000] ^= 0xFF
    profile.database.write_bytes(content)
    try:
        vault.unlock("correct horse")
        assert vault.check() != []
    except VaultDamaged:
        pass


def test_a_full_disk_changes_nothing(vault: Vault, shelf: Shelf) -> None:
    """Nothing was lost, as the sentence for the user says."""
    shelf.put("a.md", "kept text")
    connection = sure(vault._opened).database._writer
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(DiskFull):
        shelf.put("b.md", *(f"part {part} " * 500 for part in range(50)))
    assert [document.path for document in vault.library.documents()] == ["/notes/a.md"]
    assert [hit.passage_id for hit in vault.words.search("kept", 5)] == [1]
    assert vault.check() == []
    connection.execute("PRAGMA max_page_count = 1000000")
    shelf.put("b.md", "room again")


def test_a_vault_that_found_no_room_can_be_made_later(
    profile: Profile, keychain: MemoryKeychain, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: Path, key: bytes) -> None:
        path.touch()
        raise DiskFull()

    vault = reopened(profile, keychain)
    with monkeypatch.context() as patch:
        patch.setattr("pillowbook.store.vault.Database", fail)
        with pytest.raises(DiskFull):
            vault.create("correct horse")
    assert not vault.exists
    vault.create("correct horse")
    vault.lock()


def test_files_are_private(vault: Vault, profile: Profile, shelf: Shelf) -> None:
    shelf.put("a.md", "text")
    assert oct(profile.vault_dir.stat().st_mode & 0o777) == "0o700"
    names = {path.name: oct(path.stat().st_mode & 0o777) for path in profile.vault_dir.iterdir()}
    assert names.keys() >= {"keys.json", "pillowbook.db", "pillowbook.db-wal"}
    assert set(names.values()) == {"0o600"}


def test_a_write_that_fails_leaves_the_keys_file_whole(
    vault: Vault, profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = profile.keys_file.read_bytes()

    def fail(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pillowbook.store.keys.os.fsync", fail)
    with pytest.raises(DiskFull):
        vault.set_passphrase("another horse")
    assert profile.keys_file.read_bytes() == before
    assert not [path for path in profile.vault_dir.iterdir() if path.name.endswith(".new")]


def test_a_second_process_may_read(
    vault: Vault, profile: Profile, keychain: MemoryKeychain, shelf: Shelf
) -> None:
    """The instance lock is elsewhere; two open vaults must not harm each other."""
    shelf.put("a.md", "shared text")
    other = reopened(profile, keychain)
    other.unlock()
    assert [document.path for document in other.library.documents()] == ["/notes/a.md"]
    other.lock()
    shelf.put("b.md", "more")


def test_the_plain_sqlite_of_python_cannot_read_it(vault: Vault, profile: Profile, shelf: Shelf) -> None:
    shelf.put("a.md", "text")
    vault.lock()
    connection = sqlite3.connect(profile.database)
    try:
        with pytest.raises(sqlite3.DatabaseError):
            connection.execute("SELECT * FROM sqlite_master").fetchall()
    finally:
        connection.close()


def test_keychain_fake_keeps_apart_profiles() -> None:
    keychain = MemoryKeychain()
    keychain.set("a", b"1")
    assert keychain.get("b") is None
