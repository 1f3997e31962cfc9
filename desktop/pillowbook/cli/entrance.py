"""The command line's entrance.

Exit codes: 0 done, 1 could not (one sentence on standard error), 2 wrong usage, 3 locked.
``status`` tells what can be told of a locked vault, and ends with 3 all the same, so that scripts can ask by it.
"""

import argparse
import io
import os
import sys
from collections.abc import Sequence

from pillowbook.cli.grammar import build_parser
from pillowbook.cli.invocation import COULD_NOT, LOCKED, Invocation
from pillowbook.cli.terminal import ArgumentUnusable, InputUnreadable, without_surrogates
from pillowbook.domain.errors import Cancelled, DiskFull, PillowbookError, VaultLocked
from pillowbook.domain.visible import visible_line


def main(arguments: Sequence[str] | None = None) -> int:
    """The entrance. Returns the exit code; argparse itself exits with 2 on wrong usage."""
    # The defaults are not the parser's: a command's own parser would put them over what stood before the command.
    blank = argparse.Namespace(profile=None, passphrase_file=None, json=False)
    options = build_parser().parse_args(arguments, blank)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Notes hold every letter; a terminal or pipe that cannot show one must not end the command.
            prints_json = options.json or getattr(options, "batch", None) or getattr(options, "pairs", None)
            stream.reconfigure(encoding="utf-8" if prints_json else None, errors="replace")
    invocation = Invocation(options)
    try:
        for name, value in vars(options).items():
            if isinstance(value, str) and value != without_surrogates(value):
                raise ArgumentUnusable(name=name, problem="it is not text in UTF-8")
        code: int = options.run(invocation)
        sys.stdout.flush()
        return code
    except Cancelled:
        return COULD_NOT
    except KeyboardInterrupt:
        return 130
    except VaultLocked as error:
        complain(error)
        return LOCKED
    except PillowbookError as error:
        complain(error)
        return COULD_NOT
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return COULD_NOT
    except OSError as error:
        complain(
            DiskFull()
            if error.errno == 28
            else InputUnreadable(name="or folder", problem=error.strerror or "?")
        )
        return COULD_NOT
    finally:
        invocation.close()


def complain(error: PillowbookError) -> None:
    """One sentence that says what to do."""
    print(f"pillowbook: {visible_line(error.say())}", file=sys.stderr)
