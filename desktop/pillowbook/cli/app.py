"""The app, the core itself, and how everything stands."""

import os
import subprocess
import sys

from pillowbook.cli.invocation import COULD_NOT, DONE, LOCKED, Invocation
from pillowbook.cli.terminal import ArgumentUnusable
from pillowbook.core import protocol as p
from pillowbook.core.reaching import connect
from pillowbook.domain.events import PanelWish


def run_app(invocation: Invocation) -> int:
    """The desktop app, in a process that has Qt; this one has not."""
    command = [sys.executable, "-m", "pillowbook.ui", "--profile", str(invocation.profile.root)]
    if sys.platform == "win32":
        return subprocess.call(command)
    os.execv(sys.executable, command)


def toggle(invocation: Invocation) -> int:
    client = connect(invocation.profile)
    if client is not None:
        with client:
            if client.wish_panel(PanelWish.TOGGLE):
                return DONE
    subprocess.Popen(
        [sys.executable, "-m", "pillowbook.ui", "--profile", str(invocation.profile.root), "--show"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    return DONE


def demo(invocation: Invocation) -> int:
    from pillowbook.cli.demo import run_demo

    return run_demo(work_s=invocation.options.work)


def mcp(invocation: Invocation) -> int:
    """Serve an assistant. Off or locked, it serves all the same: each tool then says in one sentence what to do."""
    if invocation.options.passphrase_file:
        raise ArgumentUnusable(name="passphrase file", problem="other programs cannot unlock the vault")
    from pillowbook.cli.mcp_server import serve

    serve(invocation.profile)
    return DONE


def stop(invocation: Invocation) -> int:
    client = connect(invocation.profile)
    if client is not None:
        with client:
            client.wish_panel(PanelWish.QUIT)
            client.stop()
    return DONE


def status(invocation: Invocation) -> int:
    state = status_of(invocation)
    documents = ", ".join(f"{count} {name}" for name, count in state.documents.items()) or "none"
    prepared = ", ".join(f"{count} {name}" for name, count in state.prepared.items()) or "none"
    lines = [
        f"Vault        {state.vault}",
        f"Folders      {state.folders}",
        f"Documents    {documents}",
        f"Passages     {state.passages}",
        f"Digests      {state.digests}",
        f"Prepared     {prepared}",
        f"Background   {state.gate.sentence}",
        f"Model        {state.generator}{'' if state.is_generator_installed else ' (not installed)'}",
        *([f"Server       {state.server} (text of your notes goes there)"] if state.server else []),
        *(f"  {t.state}: {t.path} ({t.reason})" for t in state.troubles),
    ]
    invocation.print(state, "\n".join(lines))
    return LOCKED if state.vault == "locked" else DONE


def status_of(invocation: Invocation) -> p.Status:
    """The status; a passphrase that was given unlocks first."""
    state = invocation.core.status()
    if state.vault == "locked" and invocation.options.passphrase_file:
        invocation.core.unlock(invocation.passphrase())
        state = invocation.core.status()
    return state


def doctor(invocation: Invocation) -> int:
    from pillowbook.cli.doctor import examine

    findings = examine(invocation.profile, invocation.core)
    invocation.print(
        {"findings": findings},
        "\n".join(f"{'ok  ' if f.is_good else 'MEND'}  {f.subject}: {f.sentence}" for f in findings),
    )
    return DONE if all(f.is_good for f in findings) else COULD_NOT
