"""The encrypted vault."""

import getpass
import sys

from pillowbook.cli.invocation import COULD_NOT, DONE, Invocation
from pillowbook.cli.terminal import ArgumentUnusable, read_text
from pillowbook.domain.errors import PassphraseNeeded, PassphraseWrong, VaultLocked


def vault(invocation: Invocation) -> int:
    action = invocation.options.action
    if action == "init":
        invocation.core.vault_init(invocation.passphrase(is_new=True))
        invocation.print({"vault": "open"}, "The vault is made and open.")
    elif action == "lock":
        invocation.core.lock()
        invocation.print({"vault": "locked"}, "The vault is locked.")
    elif action == "unlock":
        try:
            invocation.core.unlock(invocation.passphrase() if invocation.options.passphrase_file else None)
        except (PassphraseNeeded, VaultLocked) as error:
            passphrase = None if isinstance(error, PassphraseWrong) else invocation.passphrase()
            if passphrase is None:
                raise
            invocation.core.unlock(passphrase)
        invocation.print({"vault": "open"}, "The vault is open.")
    elif action == "check":
        findings = invocation.call(lambda core: core.vault_check())
        invocation.print({"findings": findings}, "\n".join(findings) or "The vault is sound.")
        return COULD_NOT if findings else DONE
    elif action == "audit":
        found = invocation.core.vault_audit()
        text = "\n".join(found.findings) or "What lies on disk is closed."
        invocation.print({"ways": found.ways, "findings": found.findings}, text)
        return COULD_NOT if found.findings else DONE
    elif action == "recovery":
        code = invocation.call(lambda core: core.vault_recovery())
        invocation.print(
            {"recovery_code": code},
            f"{code}\n\nThis code opens the vault wherever the passphrase is asked for. Write it down and keep it "
            "apart from this machine; it is not shown again, and an older one opens nothing any more.",
        )
    elif action == "rebuild":
        invocation.call(lambda core: core.vault_rebuild())
        invocation.print({"rebuilt": True}, "The indexes were made anew.")
    elif action == "passphrase":
        new = (
            read_text(invocation.options.new_passphrase_file).rstrip("\r\n")
            if invocation.options.new_passphrase_file
            else None
        )
        if new is None and sys.stdin.isatty():
            invocation.call(
                lambda core: core.folders()
            )  # unlock first, so that the old one is asked for before the new
            new = getpass.getpass("New passphrase: ")
            if getpass.getpass("The same once more: ") != new:
                raise ArgumentUnusable(name="new passphrase", problem="the two passphrases differ")
        if not new:
            raise ArgumentUnusable(
                name="new passphrase", problem="name a file that holds it with --new-passphrase-file"
            )
        invocation.call(lambda core: core.set_passphrase(new))
        invocation.print({"passphrase": "set"}, "The passphrase is set.")
    return DONE
