"""The vault itself."""

import msgspec

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


class VaultRecovery(Call, frozen=True, tag="vault_recovery"):
    """Make a recovery code in place of an older one. Reply: str, shown once."""


class VaultAudit(Call, frozen=True, tag="vault_audit"):
    """What others could read of what lies on disk. Reply: VaultExposure."""


class VaultExposure(msgspec.Struct, frozen=True):
    """The ways to unlock the vault, and findings, none where all is closed."""

    ways: list[str]
    findings: list[str]


VaultCall = (
    VaultInit
    | VaultUnlock
    | VaultLock
    | VaultCheck
    | VaultRebuild
    | VaultPassphrase
    | VaultRecovery
    | VaultAudit
)
