"""``pillowbook doctor``: what a person would check first, each with a sentence that says what to do."""

import os
import shutil
import sys
from dataclasses import dataclass
from typing import Final

from pillowbook.core.client import CoreClient
from pillowbook.domain.errors import PillowbookError
from pillowbook.host.paths import Profile, models_dir
from pillowbook.models.catalogue import Catalogue
from pillowbook.models.installation import Installation

LEAST_FREE_BYTES: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    is_good: bool
    sentence: str


def examine(profile: Profile, core: CoreClient) -> list[Finding]:
    """Look at everything a running Pillowbook needs."""
    status = core.status()
    findings = [
        Finding("Background process", True, f"version {status.version} answers."),
        {
            "open": Finding("Vault", True, "open."),
            "locked": Finding("Vault", False, "locked; 'pillowbook vault unlock' opens it."),
            "missing": Finding("Vault", False, "not made yet; 'pillowbook vault init' makes it."),
        }[status.vault],
    ]
    if status.vault == "open":
        troubles = core.vault_check()
        findings.append(
            Finding("Vault's integrity", not troubles, " ".join(troubles) or "every page is sound.")
        )
        for folder in core.folders():
            readable = os.access(folder.path, os.R_OK)
            findings.append(
                Finding(
                    "Folder",
                    readable,
                    f"{folder.path} can be read."
                    if readable
                    else f"{folder.path} cannot be read; connect its drive or give permission.",
                )
            )
        failed = status.documents.get("failed", 0)
        findings.append(
            Finding(
                "Documents",
                not failed,
                f"{failed} could not be read; 'pillowbook status' names them."
                if failed
                else "all were read.",
            )
        )
    findings.append(
        Finding(
            "Keychain",
            True,
            "the system's keychain keeps the key."
            if status.has_keychain
            else "none here; the passphrase opens the vault.",
        )
    )
    findings.append(model_finding(status.generator))
    if status.server and status.vault == "open":
        findings.append(server_finding(core))
    free = shutil.disk_usage(profile.root if profile.root.exists() else profile.root.anchor or "/").free
    findings.append(
        Finding(
            "Disk",
            free >= LEAST_FREE_BYTES,
            f"{free / 1e9:.1f} GB free."
            if free >= LEAST_FREE_BYTES
            else f"only {free / 1e6:.0f} MB free; make some space.",
        )
    )
    if sys.platform.startswith("linux"):
        x11 = bool(os.environ.get("DISPLAY")) and not os.environ.get("WAYLAND_DISPLAY")
        findings.append(
            Finding(
                "Hotkey",
                True,
                "the app takes it itself."
                if x11
                else "bind 'pillowbook toggle' to a key in the desktop's settings.",
            )
        )
    return findings


def server_finding(core: CoreClient) -> Finding:
    """Whether the user's model server answers; no text is sent."""
    try:
        view = core.check_server()
    except PillowbookError as error:
        return Finding("Model server", False, error.say())
    return Finding("Model server", True, f"{view.address} answers; text of your notes goes there.")


def model_finding(model: str) -> Finding:
    """Whether the model in use is there and whole; its bytes are hashed."""
    installation = Installation(models_dir(), Catalogue.load())
    try:
        installation.verify(model)
    except PillowbookError as error:
        return Finding("Language model", False, error.say())
    if installation.entry(model).is_own:
        return Finding("Language model", True, "a file of your own is used; there is no SHA-256 to compare.")
    return Finding("Language model", True, f"{model} is installed and its SHA-256 agrees.")
