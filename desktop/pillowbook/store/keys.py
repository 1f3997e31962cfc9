"""The keys file: the vault key, wrapped once for each way of unlocking. Its layout is in ``docs/vault-format.md``."""

import base64
import binascii
import errno
import json
import os
import re
import secrets
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from pillowbook.domain.errors import DiskFull, VaultDamaged, VaultTooNew
from pillowbook.store.crypto import (
    KEY_BYTES,
    FrameDoesNotOpen,
    KdfCost,
    derive_wrapping_key,
    new_salt,
    open_frame,
    seal_frame,
)

DISK_FULL_ERRNOS = (errno.ENOSPC, errno.EDQUOT) if hasattr(errno, "EDQUOT") else (errno.ENOSPC,)
FORMAT = "pillowbook-keys"
VERSION = 1


class WrapKind(StrEnum):
    """Ways of unlocking. Wraps of kinds this version does not know are kept as they are."""

    KEYCHAIN = "keychain"
    PASSPHRASE = "passphrase"
    RECOVERY = "recovery"


@dataclass(frozen=True, slots=True)
class Wrap:
    """The vault key under one wrapping key; ``salt`` and ``cost`` only where a passphrase is stretched."""

    kind: str
    frame: bytes
    salt: bytes = b""
    cost: KdfCost | None = None


@dataclass(frozen=True, slots=True)
class KeysFile:
    """What the keys file says. ``profile_id`` is random, names the keychain entry and is bound into every wrap."""

    profile_id: str
    wraps: tuple[Wrap, ...]

    def wrap(self, kind: WrapKind) -> Wrap | None:
        """The wrap of one kind, if there is one."""
        return next((wrap for wrap in self.wraps if wrap.kind == kind), None)

    def with_wrap(self, wrap: Wrap) -> "KeysFile":
        """The same keys with this wrap in place of one of its kind."""
        others = tuple(other for other in self.wraps if other.kind != wrap.kind)
        return replace(self, wraps=(*others, wrap))

    def seal_with_key(self, kind: WrapKind, wrapping_key: bytes, vault_key: bytes) -> Wrap:
        """A wrap under a random key that is kept elsewhere."""
        return Wrap(kind, seal_frame(wrapping_key, vault_key, self._associated(kind)))

    def seal_with_passphrase(
        self, passphrase: str, vault_key: bytes, cost: KdfCost, kind: WrapKind = WrapKind.PASSPHRASE
    ) -> Wrap:
        """A wrap under a passphrase or a recovery code, with a fresh salt."""
        salt = new_salt()
        wrapping_key = derive_wrapping_key(passphrase, salt, cost)
        frame = seal_frame(wrapping_key, vault_key, self._associated(kind))
        return Wrap(kind, frame, salt, cost)

    def open_with_key(self, wrap: Wrap, wrapping_key: bytes) -> bytes:
        """The vault key.

        Raises:
            FrameDoesNotOpen: not the right key.
        """
        vault_key = open_frame(wrapping_key, wrap.frame, self._associated(wrap.kind))
        if len(vault_key) != KEY_BYTES:
            raise FrameDoesNotOpen
        return vault_key

    def open_with_passphrase(self, wrap: Wrap, passphrase: str) -> bytes:
        """The vault key.

        Raises:
            FrameDoesNotOpen: not the right passphrase.
            VaultDamaged: the wrap has no usable parameters.
        """
        if wrap.cost is None or not wrap.cost.is_sane or len(wrap.salt) < 8:
            raise VaultDamaged(part="keys")
        return self.open_with_key(wrap, derive_wrapping_key(passphrase, wrap.salt, wrap.cost))

    def _associated(self, kind: str) -> bytes:
        return f"{FORMAT}/{VERSION}/{self.profile_id}/vault-key/{kind}".encode()


def new_keys() -> KeysFile:
    """Keys of a new vault, without a way to unlock it yet."""
    return KeysFile(profile_id=secrets.token_hex(16), wraps=())


def read_keys(path: Path) -> KeysFile:
    """Read and check the keys file.

    Raises:
        FileNotFoundError: there is none.
        VaultTooNew: a newer Pillowbook wrote it.
        VaultDamaged: it is not a keys file.
    """
    try:
        data = json.loads(path.read_bytes())
        if data["format"] != FORMAT or not isinstance(data["version"], int):
            raise VaultDamaged(part="keys")
        if data["version"] > VERSION:
            raise VaultTooNew(version=data["version"])
        profile_id = data["profile_id"]
        if not re.fullmatch(r"[0-9a-f]{32}", profile_id):
            raise VaultDamaged(part="keys")
        return KeysFile(profile_id, tuple(_parse_wrap(wrap) for wrap in data["wraps"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise VaultDamaged(part="keys") from error


def write_keys(path: Path, keys: KeysFile) -> None:
    """Replace the keys file in one step: after a crash it is the old one or the new one, whole.

    Raises:
        DiskFull: there was no room; the old file is untouched.
    """
    data = {
        "format": FORMAT,
        "version": VERSION,
        "profile_id": keys.profile_id,
        "wraps": [_dump_wrap(wrap) for wrap in keys.wraps],
    }
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(json.dumps(data, indent=1).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        if error.errno in DISK_FULL_ERRNOS:
            raise DiskFull() from error
        raise


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable; Windows has no such call and needs none."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _parse_wrap(data: dict[str, object]) -> Wrap:
    kdf = data.get("kdf")
    salt, cost = b"", None
    if isinstance(kdf, dict):
        if kdf["name"] != "argon2id":
            raise VaultDamaged(part="keys")
        salt = _decode(kdf["salt"])
        cost = KdfCost(int(kdf["memory_kib"]), int(kdf["passes"]), int(kdf["lanes"]))
    return Wrap(str(data["kind"]), _decode(data["frame"]), salt, cost)


def _dump_wrap(wrap: Wrap) -> dict[str, object]:
    data: dict[str, object] = {"kind": wrap.kind, "frame": base64.b64encode(wrap.frame).decode()}
    if wrap.cost is not None:
        data["kdf"] = {
            "name": "argon2id",
            "memory_kib": wrap.cost.memory_kib,
            "passes": wrap.cost.passes,
            "lanes": wrap.cost.lanes,
            "salt": base64.b64encode(wrap.salt).decode(),
        }
    return data


def _decode(text: object) -> bytes:
    if not isinstance(text, str):
        raise VaultDamaged(part="keys")
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise VaultDamaged(part="keys") from error
