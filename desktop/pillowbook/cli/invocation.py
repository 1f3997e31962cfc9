"""One run of the command line: its options, the core where a command needs it, and how it ends."""

import argparse
import getpass
import sys
from collections.abc import Callable
from typing import Any, Final

from pillowbook.cli.terminal import ArgumentUnusable, dump, read_text
from pillowbook.core.client import CoreClient
from pillowbook.core.reaching import ensure_core
from pillowbook.domain.errors import VaultLocked
from pillowbook.domain.visible import visible_lines
from pillowbook.host.paths import Profile, default_profile

DONE: Final = 0
COULD_NOT: Final = 1
LOCKED: Final = 3


class Invocation:
    """Options, and the core when a command needs it."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.profile = (
            Profile(options.profile.expanduser().absolute()) if options.profile else default_profile()
        )
        self.as_json = bool(options.json)
        self._client: CoreClient | None = None

    @property
    def core(self) -> CoreClient:
        """The core, started when it is not running."""
        if self._client is None:
            self._client = ensure_core(self.profile)
        return self._client

    def call(self, work: Callable[[CoreClient], Any]) -> Any:
        """Do something that needs an open vault; a locked one is unlocked with the passphrase that was given."""
        try:
            return work(self.core)
        except VaultLocked:
            passphrase = self.passphrase()
            if passphrase is None:
                raise
            self.core.unlock(passphrase)
            return work(self.core)

    def passphrase(self, *, is_new: bool = False) -> str | None:
        """From the file that was named, or typed at a terminal; None when there is neither.

        Raises:
            InputUnreadable: the file cannot be read.
        """
        if self.options.passphrase_file:
            text = read_text(self.options.passphrase_file)
            return text.rstrip("\r\n") or None
        if not sys.stdin.isatty() or not sys.stderr.isatty():
            return None
        typed = getpass.getpass("New passphrase (empty for none): " if is_new else "Passphrase: ")
        if is_new and typed and getpass.getpass("The same once more: ") != typed:
            raise ArgumentUnusable(name="new passphrase", problem="the two passphrases differ")
        return typed or None

    def print(self, value: Any, text: str) -> None:
        """The result: as one JSON object, or as text for people."""
        print(dump(value) if self.as_json else visible_lines(text))

    def close(self) -> None:
        """Hang up; the core goes on by itself."""
        if self._client is not None:
            self._client.close()
