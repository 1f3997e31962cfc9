"""The settings."""

import sys

from pillowbook.cli.invocation import DONE, Invocation
from pillowbook.core import protocol as p
from pillowbook.domain.errors import Cancelled, ConfirmationNeeded, SettingUnknown


def settings(invocation: Invocation) -> int:
    action = invocation.options.action
    views: list[p.SettingView] = invocation.core.settings()
    if action == "list":
        invocation.print(
            {"settings": views}, "\n".join(f"{v.key} = {v.value}    # {v.title}. {v.help}" for v in views)
        )
        return DONE
    if action == "set":
        set_setting(invocation)
        views = invocation.core.settings()
    for view in views:
        if view.key == invocation.options.key:
            invocation.print(view, view.value)
            return DONE
    raise SettingUnknown()


def set_setting(invocation: Invocation) -> None:
    """Change a setting; one with a warning only when the user has read it and says so."""
    options = invocation.options
    try:
        invocation.core.set_setting(options.key, options.value, is_confirmed=options.yes)
    except ConfirmationNeeded as error:
        if not sys.stdin.isatty() or invocation.as_json:
            raise
        print(error.facts["warning"], file=sys.stderr)
        if input("Type yes to go on: ").strip().lower() != "yes":
            raise Cancelled from None
        invocation.core.set_setting(options.key, options.value, is_confirmed=True)
