"""The command line: a client of the core like the window."""

from pillowbook.cli.entrance import main

__all__ = ["main"]
