"""The app's process: ``python -m pillowbook.ui --profile DIR``."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from pillowbook.core.client import CoreClient
from pillowbook.core.reaching import ensure_core
from pillowbook.domain.errors import AlreadyRunning, PillowbookError
from pillowbook.domain.events import Event
from pillowbook.host.hardening import harden_process
from pillowbook.host.paths import Profile, default_profile
from pillowbook.ui.display import why_no_window


def main(arguments: list[str] | None = None) -> int:
    """Run the app of a profile."""
    parser = argparse.ArgumentParser(prog="pillowbook")
    parser.add_argument("--profile", type=Path)
    parser.add_argument(
        "--show", action="store_true", help="show the panel at once (this is what happens anyway)"
    )
    parser.add_argument("--background", action="store_true", help="start in the tray, as at login")
    options = parser.parse_args(arguments)
    refusal = why_no_window(os.environ)
    if refusal:
        print(refusal, file=sys.stderr)
        return 1
    harden_process()
    profile = Profile(options.profile.absolute()) if options.profile else default_profile()

    def connect(on_event: Callable[[Event], None]) -> CoreClient:
        return ensure_core(profile, on_event=on_event)

    try:
        from pillowbook.ui.app import run_app

        return run_app(connect, show_panel=options.show or not options.background)
    except ImportError:
        print("The window needs Qt's system libraries; 'pillowbook ask' works without them.", file=sys.stderr)
        return 1
    except AlreadyRunning as error:
        print(error.say())
        return 0
    except PillowbookError as error:
        print(error.say(), file=sys.stderr)
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
