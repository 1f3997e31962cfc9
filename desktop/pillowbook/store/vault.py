"""The vault: everything Pillowbook keeps on disk for one profile, opened and closed as a whole."""

import contextlib
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pillowbook.domain.clock import Clock
from pillowbook.domain.documents import Passage
from pillowbook.domain.errors import (
    KeychainChanged,
    PassphraseNeeded,
    PassphraseWrong,
    VaultDamaged,
    VaultExists,
    VaultLocked,
    VaultMissing,
)
from pillowbook.host.keychain import Keychain, KeychainUnavailable
from pillowbook.host.paths import Profile
from pillowbook.store.crypto import FrameDoesNotOpen, KdfCost, Purpose, derive_subkey, new_key
from pillowbook.store.database import Database
from pillowbook.store.digests import Digests
from pillowbook.store.exposure import find_exposure
from pillowbook.store.findings import Findings
from pillowbook.store.keys import KeysFile, Wrap, WrapKind, new_keys, read_keys, write_keys
from pillowbook.store.knowledge import Knowledge
from pillowbook.store.library import Library
from pillowbook.store.recovery import new_code, read_code
from pillowbook.store.rows import PASSAGE_QUERY, passage_from_row, vector_from_column
from pillowbook.store.vectors import Space, VectorStore
from pillowbook.store.words import WordIndex

log = logging.getLogger(__name__)

_VECTOR_QUERIES: tuple[tuple[Space, str], ...] = (
    (
        "passages",
        "SELECT p.id, v.vector FROM passages AS p JOIN vectors AS v ON v.content_hash = p.content_hash "
        "ORDER BY p.id",
    ),
    ("questions", "SELECT id, vector FROM prepared WHERE vector IS NOT NULL ORDER BY id"),
)


@dataclass(frozen=True, slots=True)
class _Opened:
    """All that exists only while the vault is unlocked."""

    vault_key: bytes
    keys: KeysFile
    database: Database
    library: Library
    knowledge: Knowledge
    findings: Findings
    digests: Digests
    words: WordIndex
    vectors: VectorStore


class Vault:
    """Thread-safe. Parts handed out before :meth:`lock` raise VaultLocked afterwards, in whatever thread.

    Args:
        kdf_cost: of new passphrase wraps; tests make it cheap. Existing wraps carry their own.
    """

    def __init__(
        self, profile: Profile, keychain: Keychain, clock: Clock, *, kdf_cost: KdfCost | None = None
    ) -> None:
        self._profile = profile
        self._keychain = keychain
        self._clock = clock
        self._kdf_cost = kdf_cost or KdfCost()
        self._lock = threading.RLock()
        self._opened: _Opened | None = None

    @property
    def exists(self) -> bool:
        """Whether the profile has a vault, sound or not."""
        return self._profile.keys_file.exists() or self._profile.database.exists()

    @property
    def is_unlocked(self) -> bool:
        return self._opened is not None

    @property
    def library(self) -> Library:
        return self._require_opened().library

    @property
    def knowledge(self) -> Knowledge:
        return self._require_opened().knowledge

    @property
    def findings(self) -> Findings:
        return self._require_opened().findings

    @property
    def digests(self) -> Digests:
        return self._require_opened().digests

    @property
    def words(self) -> WordIndex:
        return self._require_opened().words

    @property
    def vectors(self) -> VectorStore:
        return self._require_opened().vectors

    @property
    def has_passphrase(self) -> bool:
        """Whether a passphrase opens this vault.

        Raises:
            VaultMissing, VaultTooNew, VaultDamaged: as :meth:`unlock`.
        """
        return self._read_keys().wrap(WrapKind.PASSPHRASE) is not None

    def create(self, passphrase: str | None) -> None:
        """Make a new vault and leave it unlocked. The keychain opens it too, if there is one.

        Raises:
            VaultExists: there is one already.
            PassphraseNeeded: neither a passphrase nor a keychain.
            DiskFull: nothing was made.
        """
        with self._lock:
            if self.exists:
                raise VaultExists()
            self._profile.prepare()
            vault_key, keys = new_key(), new_keys()
            if passphrase:
                keys = keys.with_wrap(keys.seal_with_passphrase(passphrase, vault_key, self._kdf_cost))
            wrap = self._keychain_wrap(keys, vault_key)
            if wrap is not None:
                keys = keys.with_wrap(wrap)
            if not keys.wraps:
                raise PassphraseNeeded()
            # Keys first: a database without keys would be lost, keys without a database are an empty vault.
            write_keys(self._profile.keys_file, keys)
            try:
                self._open(vault_key, keys)
            except BaseException:
                # Nothing has been kept in it yet, and half a vault would stand in the way of a second try.
                for path in self._profile.vault_dir.glob(f"{self._profile.database.name}*"):
                    path.unlink()
                self._profile.keys_file.unlink()
                raise

    def unlock(self, passphrase: str | None = None) -> None:
        """Open the vault by its passphrase or recovery code, or without one by the keychain; nothing if it is open.

        Raises:
            VaultMissing: there is none.
            PassphraseNeeded: the keychain was not asked to keep this vault's key, or does not answer.
            PassphraseWrong: it is not this vault's.
            KeychainChanged: the keychain answers and does not hold the key any more; the passphrase still opens
                the vault, and puts a new key there.
            VaultTooNew: a newer Pillowbook wrote it.
            VaultDamaged: its files are damaged.
        """
        with self._lock:
            if self._opened is not None:
                return
            keys = self._read_keys()
            if passphrase is None:
                vault_key = self._key_by_keychain(keys)
            else:
                vault_key = _key_by_passphrase(keys, passphrase)
                keys = self._mend_keychain(keys, vault_key)
            self._profile.prepare()
            self._open(vault_key, keys)

    def lock(self) -> None:
        """Close the database and drop keys, index and vectors; nothing happens when it is locked."""
        with self._lock:
            opened, self._opened = self._opened, None
            if opened is not None:
                opened.database.close()
                opened.words.close()
                opened.vectors.close()
                log.info("vault locked")

    def set_passphrase(self, new: str) -> None:
        """Let ``new`` open the vault from now on, in place of an older passphrase.

        Raises:
            VaultLocked: it has to be unlocked.
            PassphraseNeeded: ``new`` is empty.
        """
        with self._lock:
            opened = self._require_opened()
            if not new:
                raise PassphraseNeeded()
            keys = self._read_keys()
            keys = keys.with_wrap(keys.seal_with_passphrase(new, opened.vault_key, self._kdf_cost))
            write_keys(self._profile.keys_file, keys)

    def make_recovery_code(self) -> str:
        """A code that opens the vault from now on as a passphrase does, in place of an older one; kept nowhere.

        Raises:
            VaultLocked: it has to be unlocked.
        """
        with self._lock:
            opened = self._require_opened()
            code = new_code()
            keys = self._read_keys()
            wrap = keys.seal_with_passphrase(code, opened.vault_key, self._kdf_cost, WrapKind.RECOVERY)
            write_keys(self._profile.keys_file, keys.with_wrap(wrap))
            return code

    def audit(self) -> tuple[list[str], list[str]]:
        """The ways to unlock it, and findings about what others could read; the vault may be locked.

        Raises:
            VaultMissing, VaultTooNew, VaultDamaged: as :meth:`unlock`.
        """
        keys = self._read_keys()
        return [str(wrap.kind) for wrap in keys.wraps], find_exposure(self._profile, keys)

    def check(self) -> list[str]:
        """Look for damage; one sentence per finding, none when the vault is sound.

        Raises:
            VaultLocked: it has to be unlocked.
        """
        opened = self._require_opened()
        findings = opened.database.find_damage()
        try:
            if self._read_keys().profile_id != opened.keys.profile_id:
                findings.append("The keys file is not the one this vault was opened with.")
        except (VaultDamaged, VaultMissing):
            findings.append("The keys file is damaged; set the passphrase anew while the vault is open.")
        counts = opened.library.counts()
        if opened.words.count() != counts.passages:
            findings.append("The word index does not hold every passage; lock and unlock to rebuild it.")
        return findings

    def rebuild(self) -> int:
        """Make the word index and the vectors in memory anew from the database; returns the passages."""
        with self._lock:
            opened = self._require_opened()
            return _load(opened.database, opened.words, opened.vectors)

    # -- unlocking ---------------------------------------------------------------------------------------------

    def _require_opened(self) -> _Opened:
        opened = self._opened
        if opened is None:
            raise VaultLocked()
        return opened

    def _read_keys(self) -> KeysFile:
        try:
            return read_keys(self._profile.keys_file)
        except FileNotFoundError:
            if self._profile.database.exists():
                raise VaultDamaged(part="keys") from None
            raise VaultMissing() from None

    def _open(self, vault_key: bytes, keys: KeysFile) -> None:
        started = self._clock.monotonic_s()
        database_key = derive_subkey(vault_key, Purpose.DATABASE, keys.profile_id)
        database = Database(self._profile.database, database_key)
        words, vectors = WordIndex(), VectorStore()
        try:
            passages = _load(database, words, vectors)
        except BaseException:
            database.close()
            raise
        library = Library(database, words, vectors, self._clock)
        knowledge = Knowledge(database, vectors, self._clock)
        findings, digests = Findings(database), Digests(database, self._clock)
        self._opened = _Opened(
            vault_key, keys, database, library, knowledge, findings, digests, words, vectors
        )
        log.info("vault opened: %d passages, %.2f s", passages, self._clock.monotonic_s() - started)

    def _key_by_keychain(self, keys: KeysFile) -> bytes:
        wrap = keys.wrap(WrapKind.KEYCHAIN)
        if wrap is None:
            raise PassphraseNeeded()
        try:
            wrapping_key = self._keychain.get(keys.profile_id)
        except KeychainUnavailable as error:
            raise PassphraseNeeded() from error
        if wrapping_key is None:
            raise KeychainChanged()
        try:
            return keys.open_with_key(wrap, wrapping_key)
        except FrameDoesNotOpen as error:
            raise KeychainChanged() from error

    def _keychain_wrap(self, keys: KeysFile, vault_key: bytes) -> Wrap | None:
        """Put a new random key into the keychain and wrap the vault key under it; None where there is no keychain."""
        wrapping_key = new_key()
        try:
            self._keychain.set(keys.profile_id, wrapping_key)
            if self._keychain.get(keys.profile_id) != wrapping_key:
                return None  # a keychain that forgets at once
        except KeychainUnavailable:
            return None
        return keys.seal_with_key(WrapKind.KEYCHAIN, wrapping_key, vault_key)

    def _mend_keychain(self, keys: KeysFile, vault_key: bytes) -> KeysFile:
        """After unlocking by passphrase: if the keychain lost its key, give it a new one."""
        if keys.wrap(WrapKind.KEYCHAIN) is None:
            return keys
        try:
            self._key_by_keychain(keys)
            return keys
        except PassphraseNeeded:
            return keys  # no keychain today; its wrap is kept for when it is back
        except KeychainChanged:
            wrap = self._keychain_wrap(keys, vault_key)
            if wrap is None:
                return keys
            mended = keys.with_wrap(wrap)
            write_keys(self._profile.keys_file, mended)
            log.info("keychain entry renewed")
            return mended


def _key_by_passphrase(keys: KeysFile, passphrase: str) -> bytes:
    """The vault key, by the passphrase or by the recovery code in its place."""
    ways = [
        (keys.wrap(WrapKind.PASSPHRASE), passphrase),
        (keys.wrap(WrapKind.RECOVERY), read_code(passphrase)),
    ]
    for wrap, words in ways:
        if wrap is not None and words is not None:
            with contextlib.suppress(FrameDoesNotOpen):
                return keys.open_with_passphrase(wrap, words)
    raise PassphraseWrong()


def _load(database: Database, words: WordIndex, vectors: VectorStore) -> int:
    """Fill the indexes in memory from the rows; returns the number of passages."""

    def passages() -> Iterator[Passage]:
        with database.read() as connection:
            for row in connection.execute(PASSAGE_QUERY + "ORDER BY p.document_id, p.ordinal"):
                yield passage_from_row(row)

    with database.exclusive():
        count = words.rebuild(passages)
        for space, query in _VECTOR_QUERIES:
            ids, rows = _read_vectors(database, query)
            vectors.replace(space, ids, rows)
    return count


def _read_vectors(database: Database, query: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    with database.read() as connection:
        count, size_bytes = connection.execute(
            f"SELECT count(*), max(length(vector)) FROM ({query})"
        ).fetchone()
        ids = np.empty(count, np.int64)
        rows = np.empty((count, (size_bytes or 0) // 4), np.float32)
        row = 0
        for id_, blob in connection.execute(query):
            if (
                len(blob) == size_bytes
            ):  # one that is odd is not found by meaning; it must not keep the vault shut
                ids[row], rows[row] = id_, vector_from_column(blob)
                row += 1
    return ids[:row], rows[:row]
