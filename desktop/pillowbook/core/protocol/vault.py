"""The vault itself."""

from pillowbook.core.protocol.call import Call


class VaultInit(Call, frozen=True, tag="vault_init"):
    """Make the vault and unlock it. Reply: Done."""

    passphrase: str | None = None


class VaultUnlock(Call, frozen=True, tag="vault_unlock"):
    """Reply: Done."""

    passphrase: str | None = None


class VaultLock(Call, frozen=True, tag="vault_lock"):
    """Reply: Done."""


class VaultCheck(Call, frozen=True, tag="vault_check"):
    """Reply: list of str, empty when sound."""


class VaultRebuild(Call, frozen=True, tag="vault_rebuild"):
    """Make the indexes anew from the database. Reply: Done."""


class VaultPassphrase(Call, frozen=True, tag="vault_passphrase"):
    """Set or change the passphrase. Reply: Done."""

    passphrase: str


VaultCall = VaultInit | VaultUnlock | VaultLock | VaultCheck | VaultRebuild | VaultPassphrase
