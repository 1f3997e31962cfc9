"""What lies on disk for a vault, looked at from outside: is all of it as closed as it should be?"""

import os
import stat
from collections.abc import Iterator

from pillowbook.host.paths import Profile
from pillowbook.store.keys import KeysFile, WrapKind

_SQLITE_HEADER = b"SQLite format 3\x00"
_WEAKEST_KDF_KIB = 19 * 1024
"""The least memory that OWASP's password storage cheat sheet (2023) gives Argon2id."""


def find_exposure(profile: Profile, keys: KeysFile) -> list[str]:
    """One sentence per finding, each with what to do; none where all is closed. The vault need not be open."""
    return [*_open_files(profile), *_strange_files(profile), *_readable_database(profile), *_ways(keys)]


def _open_files(profile: Profile) -> Iterator[str]:
    if os.name != "posix":
        return  # permissions there come from the user's own folder
    for place in [profile.root, profile.vault_dir, *sorted(profile.vault_dir.iterdir())]:
        if stat.S_IMODE(place.stat().st_mode) & 0o077:
            yield f"Others may read or enter {place.name}; take their rights away (chmod go= on it)."


def _strange_files(profile: Profile) -> Iterator[str]:
    database = profile.database.name
    known = {profile.keys_file.name, database, f"{database}-wal", f"{database}-shm"}
    for place in sorted(profile.vault_dir.iterdir()):
        if place.name not in known:
            yield f"{place.name} in the vault's folder was not made by this version; look at it and delete it."


def _readable_database(profile: Profile) -> Iterator[str]:
    for name in (profile.database.name, f"{profile.database.name}-wal"):
        file = profile.vault_dir / name
        if file.is_file():
            with file.open("rb") as opened:
                if _SQLITE_HEADER in opened.read(1 << 16):
                    yield f"{name} can be read without a key; make a new vault and delete this one."


def _ways(keys: KeysFile) -> Iterator[str]:
    if all(keys.wrap(kind) is None for kind in (WrapKind.PASSPHRASE, WrapKind.RECOVERY)):
        yield (
            "Only the keychain opens this vault; set a passphrase or make a recovery code "
            "(pillowbook vault recovery), or it is lost with the keychain."
        )
    passphrase = keys.wrap(WrapKind.PASSPHRASE)
    if passphrase is not None and (passphrase.cost is None or passphrase.cost.memory_kib < _WEAKEST_KDF_KIB):
        yield "The passphrase is stretched too little; set it anew (pillowbook vault passphrase)."
