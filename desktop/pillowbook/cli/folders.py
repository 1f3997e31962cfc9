"""Folders and documents."""

from collections.abc import Callable

from pillowbook.cli.invocation import DONE, Invocation
from pillowbook.cli.terminal import ProgressLine, user_path
from pillowbook.core import protocol as p
from pillowbook.core.client import CoreClient
from pillowbook.domain.documents import Folder
from pillowbook.settings.catalogue import SERVER_ADDRESS, SERVER_ALLOWED


def add(invocation: Invocation) -> int:
    path = user_path(invocation.options.path)
    if invocation.options.keep_here:  # before anything of it is read
        invocation.call(lambda core: core.keep_here(path))
    if invocation.options.keep_private:
        invocation.call(lambda core: core.keep_private(path))
    folder: Folder = invocation.call(lambda core: core.add_folder(path))
    server = server_in_use(invocation)
    if folder.is_kept_here:
        note = "; its text never leaves this machine"
    else:
        note = f"; its text may go to {server}, unless you 'pillowbook keep-here' it" if server else ""
    invocation.print(folder, f"Watching {folder.path}{note}")
    return DONE


def server_in_use(invocation: Invocation) -> str:
    """The address that text of notes goes to; empty where it stays on this machine."""
    values = {view.key: view.value for view in invocation.core.settings()}
    return values[SERVER_ADDRESS.key] if values[SERVER_ALLOWED.key] == "on" else ""


def keep_here(invocation: Invocation) -> int:
    nothing = "No folder is marked; 'pillowbook keep-here PATH' keeps one on this machine."
    return keep(invocation, CoreClient.keep_here, "kept_here", nothing)


def keep_private(invocation: Invocation) -> int:
    nothing = "No folder is marked; 'pillowbook keep-private PATH' keeps other programs out of one."
    return keep(invocation, CoreClient.keep_private, "kept_private", nothing)


def keep(invocation: Invocation, rule: Callable[..., list[str]], name: str, nothing: str) -> int:
    """Mark a path, or take the mark back; lists all that are marked, or says ``nothing``."""
    options = invocation.options
    path = user_path(options.path) if options.path else None
    kept = invocation.call(lambda core: rule(core, path, is_kept=not options.off))
    invocation.print({name: kept}, "\n".join(kept) or nothing)
    return DONE


def remove(invocation: Invocation) -> int:
    path = user_path(invocation.options.path)
    invocation.call(lambda core: core.remove_folder(path))
    invocation.print({"removed": path}, f"No longer watching {path}; everything derived from it is deleted.")
    return DONE


def folders(invocation: Invocation) -> int:
    found = invocation.call(lambda core: core.folders())
    invocation.print(
        {"folders": found},
        "\n".join(f"{f.path}{folder_marks(f)}" for f in found)
        or "No folders yet; 'pillowbook add PATH' adds one.",
    )
    return DONE


def folder_marks(folder: Folder) -> str:
    """What is said behind a folder's path."""
    marks = [
        mark
        for mark, is_so in (
            ("never leaves this machine", folder.is_kept_here),
            ("not for other programs", folder.is_kept_private),
        )
        if is_so
    ]
    return f"  ({', '.join(marks)})" if marks else ""


def sync(invocation: Invocation) -> int:
    line = ProgressLine(is_wanted=not invocation.as_json)
    summary: p.ScanSummary = invocation.call(
        lambda core: core.sync(on_progress=lambda at: line.show(f"{at.done} of {at.total} documents"))
    )
    line.clear()
    invocation.print(
        summary,
        f"{summary.indexed} documents indexed: {summary.new} new, {summary.changed} changed, "
        f"{summary.deleted} deleted, {summary.unchanged} unchanged, {summary.failed} failed, "
        f"{summary.excluded} left out, in {summary.seconds:.1f} s",
    )
    return DONE


def forget(invocation: Invocation) -> int:
    path = user_path(invocation.options.path)
    invocation.call(lambda core: core.forget(path))
    invocation.print({"forgotten": path}, f"Forgot everything derived from {path}.")
    return DONE
