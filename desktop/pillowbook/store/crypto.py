"""The only module with cryptography.

A random 256-bit vault key is wrapped once per way of unlocking. A wrap is one frame (see :func:`seal_frame`) under
a 256-bit wrapping key: for the passphrase that key is Argon2id of it (RFC 9106), for the keychain it is random and
kept there. Sub-keys are HKDF-SHA256 (RFC 5869) of the vault key, one per purpose, so that no key serves twice.
"""

import secrets
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from argon2.low_level import ARGON2_VERSION, Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
NONCE_BYTES = 12
SALT_BYTES = 16


class Purpose(StrEnum):
    """What a sub-key is for; the value is part of the derivation and never changes."""

    DATABASE = "database"
    INDEX = "index"
    VECTORS = "vectors"
    MODEL_STATE = "model-state"


@dataclass(frozen=True, slots=True)
class KdfCost:
    """Argon2id parameters; the defaults are the second recommendation of RFC 9106, section 4."""

    memory_kib: int = 64 * 1024
    passes: int = 3
    lanes: int = 4

    @property
    def is_sane(self) -> bool:
        """Whether the parameters can be computed at all: the keys file is not trusted to name any size."""
        return (
            8 * self.lanes <= self.memory_kib <= 4 * 1024**2
            and 1 <= self.passes <= 64
            and 1 <= self.lanes <= 64
        )


class FrameDoesNotOpen(Exception):
    """Wrong key, wrong associated data or changed bytes: which of them cannot be known."""


def new_key() -> bytes:
    """A fresh random 256-bit key."""
    return secrets.token_bytes(KEY_BYTES)


def new_salt() -> bytes:
    """A fresh random salt for a passphrase."""
    return secrets.token_bytes(SALT_BYTES)


def derive_wrapping_key(passphrase: str, salt: bytes, cost: KdfCost) -> bytes:
    """The key a passphrase stands for. Characters are composed first (NFC): keyboards of two systems then agree."""
    secret = unicodedata.normalize("NFC", passphrase).encode("utf-8", "surrogatepass")
    return hash_secret_raw(
        secret,
        salt,
        time_cost=cost.passes,
        memory_cost=cost.memory_kib,
        parallelism=cost.lanes,
        hash_len=KEY_BYTES,
        type=Type.ID,
        version=ARGON2_VERSION,
    )


def derive_subkey(vault_key: bytes, purpose: Purpose, profile_id: str) -> bytes:
    """The key for one purpose in one vault."""
    info = f"pillowbook/1/{purpose.value}".encode()
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=bytes.fromhex(profile_id), info=info).derive(
        vault_key
    )


def seal_frame(key: bytes, plain: bytes, associated: bytes) -> bytes:
    """AES-256-GCM: a random 96-bit nonce, then the ciphertext with its 128-bit tag.

    Args:
        associated: what the frame is and where it belongs; it opens only under the same words.
    """
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, associated)


def open_frame(key: bytes, frame: bytes, associated: bytes) -> bytes:
    """The plain bytes of a frame.

    Raises:
        FrameDoesNotOpen: wrong key, wrong associated data or changed bytes.
    """
    if len(key) != KEY_BYTES or len(frame) < NONCE_BYTES + 16:
        raise FrameDoesNotOpen
    try:
        return AESGCM(key).decrypt(frame[:NONCE_BYTES], frame[NONCE_BYTES:], associated)
    except InvalidTag:
        raise FrameDoesNotOpen from None
