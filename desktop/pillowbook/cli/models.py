"""The model catalogue, and the model server of the user's own."""

import getpass
import os
import sys

import psutil

from pillowbook.cli.invocation import DONE, Invocation
from pillowbook.cli.terminal import ArgumentUnusable, ProgressLine, read_text, user_path
from pillowbook.core import protocol as p
from pillowbook.domain.errors import ModelNoneFits
from pillowbook.host.paths import models_dir
from pillowbook.models.catalogue import Catalogue
from pillowbook.models.installation import Installation
from pillowbook.models.own_file import SUFFIX, own_entry
from pillowbook.models.processors import count_cores
from pillowbook.models.recommendation import recommend


def models(invocation: Invocation) -> int:
    catalogue = Catalogue.load()
    installation = Installation(models_dir(), catalogue)
    action = invocation.options.action
    if action == "list":
        views = invocation.core.models()
        lines = [
            f"{'*' if v.is_used else ' '} {v.id:45} {v.role:10} {v.size_bytes / 1e6:7.0f} MB  {v.licence:12} "
            f"{'installed' if v.is_installed else 'not installed'}{'' if v.was_run else ' (never run here)'}"
            for v in views
        ]
        invocation.print({"models": views}, "\n".join(lines))
    elif action == "install":
        # Done here and not in the core: it needs no vault, and set-up uses it before there is one.
        line = ProgressLine(is_wanted=not invocation.as_json)
        path = installation.install(
            invocation.options.model,
            on_progress=lambda done, total: line.show(f"{done / 1e6:.0f} of {total / 1e6:.0f} MB"),
        )
        line.clear()
        invocation.print(
            {"installed": invocation.options.model, "path": str(path)},
            f"{invocation.options.model} is installed and verified.",
        )
    elif action == "use":
        named = invocation.options.model
        is_file = named.lower().endswith(SUFFIX) or os.sep in named
        entry = own_entry(user_path(named)) if is_file else catalogue.entry(named)
        invocation.core.set_setting("models.generator", entry.id)
        invocation.print({"used": entry.id}, f"{entry.title} is used from now on.")
    elif action == "recommend":
        recommend_model(invocation, catalogue)
    elif action == "server":
        view: p.ServerView = invocation.call(lambda core: core.check_server())
        allowed = (
            "Text of your notes goes there."
            if view.is_allowed
            else "Nothing is sent there; 'pillowbook settings set models.server_allowed on' would allow it."
        )
        invocation.print(
            view, "\n".join([f"{view.address} answers. {allowed}", *(f"  {name}" for name in view.models)])
        )
    elif action == "key":
        key = "" if invocation.options.remove else read_key(invocation)
        invocation.call(lambda core: core.set_server_key(key))
        done = "The key is kept in the vault." if key else "The key is forgotten."
        invocation.print({"key": "kept" if key else "forgotten"}, done)
    return DONE


def recommend_model(invocation: Invocation, catalogue: Catalogue) -> None:
    """The generator for this machine, or for one that is described."""
    options = invocation.options
    memory_mb = round(options.memory * 1000) if options.memory else psutil.virtual_memory().total // 1_000_000
    cores = options.cores or count_cores()
    found = recommend(
        catalogue.entries, memory_mb=memory_mb, cores=cores, has_accelerator=options.accelerator
    )
    if found is None:
        raise ModelNoneFits(memory_gb=round(memory_mb / 1000, 1))
    installed = Installation(models_dir(), catalogue).installed(found.model) is not None
    verb = "use" if installed else "install"
    lines = [
        found.model,
        found.sentence,
        found.next_sentence,
        f"'pillowbook models {verb} {found.model}' takes it.",
    ]
    invocation.print(found, "\n".join(line for line in lines if line))


def read_key(invocation: Invocation) -> str:
    """The model server's key, from a file or typed; never from the command line, which others can read."""
    if invocation.options.file:
        key = read_text(invocation.options.file).strip()
    elif sys.stdin.isatty():
        key = getpass.getpass("Key of the model server: ").strip()
    else:
        key = ""
    if not key:
        raise ArgumentUnusable(name="key", problem="name a file that holds it with --file")
    return key
