"""The command line: a client of the core like the window.

Exit codes: 0 done, 1 could not (one sentence on standard error), 2 wrong usage, 3 locked.
``status`` tells what can be told of a locked vault, and ends with 3 all the same, so that scripts can ask by it.
"""

import argparse
import functools
import getpass
import io
import itertools
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import psutil

from pillowbook import __version__, digest_views
from pillowbook.batch import Line, error_json, read_lines, work_through
from pillowbook.by_hand import add_commands
from pillowbook.core import protocol as p
from pillowbook.core.client import CoreClient
from pillowbook.core.reaching import connect, ensure_core
from pillowbook.domain.asking import AskMode, Turn
from pillowbook.domain.documents import Folder
from pillowbook.domain.errors import (
    Cancelled,
    ConfirmationNeeded,
    DiskFull,
    ModelNoneFits,
    PassphraseNeeded,
    PassphraseWrong,
    PillowbookError,
    VaultLocked,
)
from pillowbook.domain.events import PanelWish
from pillowbook.domain.visible import visible_line, visible_lines
from pillowbook.host.paths import Profile, default_profile, models_dir
from pillowbook.host.workers import CancelToken
from pillowbook.models.catalogue import Catalogue
from pillowbook.models.installation import Installation
from pillowbook.models.own_file import SUFFIX, own_entry
from pillowbook.models.processors import count_cores
from pillowbook.models.recommendation import recommend
from pillowbook.settings.catalogue import SERVER_ADDRESS, SERVER_ALLOWED
from pillowbook.terminal import (
    ArgumentUnusable,
    InputUnreadable,
    ProgressLine,
    StreamedAnswer,
    answer_json,
    answer_text,
    dump,
    duration_s,
    hit_count,
    place,
    read_text,
    user_path,
    without_surrogates,
)

DONE: Final = 0
COULD_NOT: Final = 1
WRONG_USAGE: Final = 2
LOCKED: Final = 3

PAIRS_AT_ONCE: Final = 1000
"""So many questions are embedded together."""


class Session:
    """One invocation: options, and the core when a command needs it."""

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


# -- commands ------------------------------------------------------------------------------------


def run_app(session: Session) -> int:
    """The desktop app, in a process that has Qt; this one has not."""
    command = [sys.executable, "-m", "pillowbook.ui", "--profile", str(session.profile.root)]
    if sys.platform == "win32":
        return subprocess.call(command)
    os.execv(sys.executable, command)


def toggle(session: Session) -> int:
    client = connect(session.profile)
    if client is not None:
        with client:
            if client.wish_panel(PanelWish.TOGGLE):
                return DONE
    subprocess.Popen(
        [sys.executable, "-m", "pillowbook.ui", "--profile", str(session.profile.root), "--show"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    return DONE


def demo(session: Session) -> int:
    from pillowbook.demo import run_demo

    return run_demo(work_s=session.options.work)


def add(session: Session) -> int:
    path = user_path(session.options.path)
    if session.options.keep_here:  # before anything of it is read
        session.call(lambda core: core.keep_here(path))
    if session.options.keep_private:
        session.call(lambda core: core.keep_private(path))
    folder: Folder = session.call(lambda core: core.add_folder(path))
    server = server_in_use(session)
    if folder.is_kept_here:
        note = "; its text never leaves this machine"
    else:
        note = f"; its text may go to {server}, unless you 'pillowbook keep-here' it" if server else ""
    session.print(folder, f"Watching {folder.path}{note}")
    return DONE


def server_in_use(session: Session) -> str:
    """The address that text of notes goes to; empty where it stays on this machine."""
    values = {view.key: view.value for view in session.core.settings()}
    return values[SERVER_ADDRESS.key] if values[SERVER_ALLOWED.key] == "on" else ""


def keep_here(session: Session) -> int:
    options = session.options
    path = user_path(options.path) if options.path else None
    kept = session.call(lambda core: core.keep_here(path, is_kept=not options.off))
    session.print(
        {"kept_here": kept},
        "\n".join(kept) or "No folder is marked; 'pillowbook keep-here PATH' keeps one on this machine.",
    )
    return DONE


def keep_private(session: Session) -> int:
    options = session.options
    path = user_path(options.path) if options.path else None
    kept = session.call(lambda core: core.keep_private(path, is_kept=not options.off))
    session.print(
        {"kept_private": kept},
        "\n".join(kept)
        or "No folder is marked; 'pillowbook keep-private PATH' keeps other programs out of one.",
    )
    return DONE


def mcp(session: Session) -> int:
    """Serve an assistant. Off or locked, it serves all the same: each tool then says in one sentence what to do."""
    if session.options.passphrase_file:
        raise ArgumentUnusable(name="passphrase file", problem="other programs cannot unlock the vault")
    from pillowbook.mcp_server import serve

    serve(session.profile)
    return DONE


def remove(session: Session) -> int:
    path = user_path(session.options.path)
    session.call(lambda core: core.remove_folder(path))
    session.print({"removed": path}, f"No longer watching {path}; everything derived from it is deleted.")
    return DONE


def folders(session: Session) -> int:
    found = session.call(lambda core: core.folders())
    session.print(
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


def sync(session: Session) -> int:
    line = ProgressLine(is_wanted=not session.as_json)
    summary: p.ScanSummary = session.call(
        lambda core: core.sync(on_progress=lambda at: line.show(f"{at.done} of {at.total} documents"))
    )
    line.clear()
    session.print(
        summary,
        f"{summary.indexed} documents indexed: {summary.new} new, {summary.changed} changed, "
        f"{summary.deleted} deleted, {summary.unchanged} unchanged, {summary.failed} failed, "
        f"{summary.excluded} left out, in {summary.seconds:.1f} s",
    )
    return DONE


def work(session: Session) -> int:
    line = ProgressLine(is_wanted=not session.as_json)
    seconds = duration_s(session.options.duration)
    token = CancelToken()
    try:
        summary: p.WorkSummary = session.call(
            lambda core: core.work(
                seconds,
                on_progress=lambda at: line.show(f"{at.done} s of {at.total} s: {at.note}"),
                cancel=token,
            )
        )
    except KeyboardInterrupt:
        token.cancel()
        raise
    finally:
        line.clear()
    session.print(
        summary,
        f"{summary.digests} digests, {summary.questions} questions, {summary.answers} answers prepared "
        f"({summary.refused} not verified, {summary.failed} failed) in {summary.seconds:.0f} s"
        + ("; nothing is left to do." if summary.is_exhausted else "."),
    )
    return DONE


def ask(session: Session) -> int:
    options = session.options
    mode = (
        AskMode.PREPARED_ONLY
        if options.prepared_only
        else AskMode.LIVE_ONLY
        if options.live_only
        else AskMode.AUTO
    )
    learn = not options.no_learn
    after = Turn(without_surrogates(options.after)) if options.after else None
    if options.batch:

        def answered(line: Line) -> Any:
            nonlocal after
            question, before = line.values["question"], after
            answer = session.call(lambda core: core.ask(question, mode=mode, learn=learn, after=before))
            after = Turn.of(answer)  # a follow-up leans on the line before it
            return answer_json(answer, line.id)

        work_through(options.batch, ("question",), answered)
        return DONE
    stream = StreamedAnswer(is_shown=not session.as_json and sys.stdout.isatty())
    answer = session.call(
        lambda core: core.ask(options.question, mode=mode, learn=learn, on_part=stream.hear, after=after)
    )
    stream.clear()
    if session.as_json:
        print(dump(answer_json(answer, None)))
    else:
        print(answer_text(answer))
    return DONE


def prepare(session: Session) -> int:
    options = session.options
    if options.batch:

        def prepared(line: Line) -> Any:
            answer = session.call(lambda core: core.prepare(line.values["question"]))
            return answer_json(answer, line.id)

        work_through(options.batch, ("question",), prepared)
        return DONE
    answer = session.call(lambda core: core.prepare(options.question))
    print(dump(answer_json(answer, None)) if session.as_json else answer_text(answer))
    return DONE


def match(session: Session) -> int:
    lines = read_lines(session.options.pairs, ("a", "b"))
    while batch := list(itertools.islice(lines, PAIRS_AT_ONCE)):
        good = [line for line in batch if line.error is None]
        pairs = [p.Pair(line.values["a"], line.values["b"]) for line in good]
        verdicts = iter(session.call(functools.partial(CoreClient.match, pairs=pairs)))
        for line in batch:
            if line.error is not None:
                print(dump(error_json(line, line.error)))
                continue
            verdict = next(verdicts)
            told = {"p_same": verdict.p_same, "hit": verdict.hit, "reasons": verdict.reasons}
            print(dump({"id": line.id} | told))
        sys.stdout.flush()
    return DONE


def search(session: Session) -> int:
    found = session.call(lambda core: core.search(session.options.words, limit=session.options.limit))
    shown = [f"{place(h.path, h.line, h.page)}  {h.heading or h.title}\n    {h.snippet}" for h in found.hits]
    session.print(found, "\n".join(shown) or "Nothing found.")
    return DONE


def digest(session: Session) -> int:
    value, text = digest_views.view(session.options, session.call, datetime.now().astimezone().date())
    session.print(value, text)
    return DONE


def status(session: Session) -> int:
    state = status_of(session)
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
    session.print(state, "\n".join(lines))
    return LOCKED if state.vault == "locked" else DONE


def status_of(session: Session) -> p.Status:
    """The status; a passphrase that was given unlocks first."""
    state = session.core.status()
    if state.vault == "locked" and session.options.passphrase_file:
        session.core.unlock(session.passphrase())
        state = session.core.status()
    return state


def doctor(session: Session) -> int:
    from pillowbook.doctor import examine

    findings = examine(session.profile, session.core)
    session.print(
        {"findings": findings},
        "\n".join(f"{'ok  ' if f.is_good else 'MEND'}  {f.subject}: {f.sentence}" for f in findings),
    )
    return DONE if all(f.is_good for f in findings) else COULD_NOT


def forget(session: Session) -> int:
    path = user_path(session.options.path)
    session.call(lambda core: core.forget(path))
    session.print({"forgotten": path}, f"Forgot everything derived from {path}.")
    return DONE


def vault(session: Session) -> int:
    action = session.options.action
    if action == "init":
        session.core.vault_init(session.passphrase(is_new=True))
        session.print({"vault": "open"}, "The vault is made and open.")
    elif action == "lock":
        session.core.lock()
        session.print({"vault": "locked"}, "The vault is locked.")
    elif action == "unlock":
        try:
            session.core.unlock(session.passphrase() if session.options.passphrase_file else None)
        except (PassphraseNeeded, VaultLocked) as error:
            passphrase = None if isinstance(error, PassphraseWrong) else session.passphrase()
            if passphrase is None:
                raise
            session.core.unlock(passphrase)
        session.print({"vault": "open"}, "The vault is open.")
    elif action == "check":
        findings = session.call(lambda core: core.vault_check())
        session.print({"findings": findings}, "\n".join(findings) or "The vault is sound.")
        return COULD_NOT if findings else DONE
    elif action == "rebuild":
        session.call(lambda core: core.vault_rebuild())
        session.print({"rebuilt": True}, "The indexes were made anew.")
    elif action == "passphrase":
        new = (
            read_text(session.options.new_passphrase_file).rstrip("\r\n")
            if session.options.new_passphrase_file
            else None
        )
        if new is None and sys.stdin.isatty():
            session.call(
                lambda core: core.folders()
            )  # unlock first, so that the old one is asked for before the new
            new = getpass.getpass("New passphrase: ")
            if getpass.getpass("The same once more: ") != new:
                raise ArgumentUnusable(name="new passphrase", problem="the two passphrases differ")
        if not new:
            raise ArgumentUnusable(
                name="new passphrase", problem="name a file that holds it with --new-passphrase-file"
            )
        session.call(lambda core: core.set_passphrase(new))
        session.print({"passphrase": "set"}, "The passphrase is set.")
    return DONE


def models(session: Session) -> int:
    catalogue = Catalogue.load()
    installation = Installation(models_dir(), catalogue)
    action = session.options.action
    if action == "list":
        views = session.core.models()
        lines = [
            f"{'*' if v.is_used else ' '} {v.id:45} {v.role:10} {v.size_bytes / 1e6:7.0f} MB  {v.licence:12} "
            f"{'installed' if v.is_installed else 'not installed'}{'' if v.was_run else ' (never run here)'}"
            for v in views
        ]
        session.print({"models": views}, "\n".join(lines))
    elif action == "install":
        # Done here and not in the core: it needs no vault, and set-up uses it before there is one.
        line = ProgressLine(is_wanted=not session.as_json)
        path = installation.install(
            session.options.model,
            on_progress=lambda done, total: line.show(f"{done / 1e6:.0f} of {total / 1e6:.0f} MB"),
        )
        line.clear()
        session.print(
            {"installed": session.options.model, "path": str(path)},
            f"{session.options.model} is installed and verified.",
        )
    elif action == "use":
        named = session.options.model
        is_file = named.lower().endswith(SUFFIX) or os.sep in named
        entry = own_entry(user_path(named)) if is_file else catalogue.entry(named)
        session.core.set_setting("models.generator", entry.id)
        session.print({"used": entry.id}, f"{entry.title} is used from now on.")
    elif action == "recommend":
        recommend_model(session, catalogue)
    elif action == "server":
        view: p.ServerView = session.call(lambda core: core.check_server())
        allowed = (
            "Text of your notes goes there."
            if view.is_allowed
            else "Nothing is sent there; 'pillowbook settings set models.server_allowed on' would allow it."
        )
        session.print(
            view, "\n".join([f"{view.address} answers. {allowed}", *(f"  {name}" for name in view.models)])
        )
    elif action == "key":
        key = "" if session.options.remove else read_key(session)
        session.call(lambda core: core.set_server_key(key))
        done = "The key is kept in the vault." if key else "The key is forgotten."
        session.print({"key": "kept" if key else "forgotten"}, done)
    return DONE


def recommend_model(session: Session, catalogue: Catalogue) -> None:
    """The generator for this machine, or for one that is described."""
    options = session.options
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
    session.print(found, "\n".join(line for line in lines if line))


def read_key(session: Session) -> str:
    """The model server's key, from a file or typed; never from the command line, which others can read."""
    if session.options.file:
        key = read_text(session.options.file).strip()
    elif sys.stdin.isatty():
        key = getpass.getpass("Key of the model server: ").strip()
    else:
        key = ""
    if not key:
        raise ArgumentUnusable(name="key", problem="name a file that holds it with --file")
    return key


def set_setting(session: Session) -> None:
    """Change a setting; one with a warning only when the user has read it and says so."""
    options = session.options
    try:
        session.core.set_setting(options.key, options.value, is_confirmed=options.yes)
    except ConfirmationNeeded as error:
        if not sys.stdin.isatty() or session.as_json:
            raise
        print(error.facts["warning"], file=sys.stderr)
        if input("Type yes to go on: ").strip().lower() != "yes":
            raise Cancelled from None
        session.core.set_setting(options.key, options.value, is_confirmed=True)


def settings(session: Session) -> int:
    action = session.options.action
    views: list[p.SettingView] = session.core.settings()
    if action == "list":
        session.print(
            {"settings": views}, "\n".join(f"{v.key} = {v.value}    # {v.title}. {v.help}" for v in views)
        )
        return DONE
    if action == "set":
        set_setting(session)
        views = session.core.settings()
    for view in views:
        if view.key == session.options.key:
            session.print(view, view.value)
            return DONE
    from pillowbook.domain.errors import SettingUnknown

    raise SettingUnknown()


def stop(session: Session) -> int:
    client = connect(session.profile)
    if client is not None:
        with client:
            client.wish_panel(PanelWish.QUIT)
            client.stop()
    return DONE


# -- the grammar ---------------------------------------------------------------------------------


def build_parser() -> argparse.ArgumentParser:
    """The contract of DESIGN section 10. The common options may stand before or after the command."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--profile", type=Path, default=argparse.SUPPRESS, metavar="DIR", help="all state of one vault"
    )
    common.add_argument("--passphrase-file", type=Path, default=argparse.SUPPRESS, metavar="FILE")
    common.add_argument(
        "--json", action="store_true", default=argparse.SUPPRESS, help="one JSON object on standard output"
    )
    parser = argparse.ArgumentParser(
        prog="pillowbook", description="Your notes' answers, ready before you ask.", parents=[common]
    )
    parser.add_argument("--version", action="version", version=f"pillowbook {__version__}")
    parser.set_defaults(run=run_app)
    commands = parser.add_subparsers(title="commands", metavar="")

    def command(name: str, run: Callable[[Session], int], help_: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=help_, description=help_, parents=[common])
        made.set_defaults(run=run)
        return made

    command("toggle", toggle, "show or hide the panel")
    made = command("demo", demo, "sample notes, idle work and ten questions in a throw-away profile")
    made.add_argument(
        "--work", type=float, default=300.0, metavar="SECONDS", help="how long to prepare answers"
    )
    made = command("add", add, "watch a folder or file")
    made.add_argument("path")
    made.add_argument("--keep-here", action="store_true", help="its text never leaves this machine")
    made.add_argument("--keep-private", action="store_true", help="other programs may not use it")
    made = command("keep-private", keep_private, "let other programs not use a folder, or list those kept")
    made.add_argument("path", nargs="?")
    made.add_argument("--off", action="store_true", help="let them use it again")
    made = command("keep-here", keep_here, "let a folder's text never leave this machine, or list those kept")
    made.add_argument("path", nargs="?")
    made.add_argument("--off", action="store_true", help="let it leave again")
    command("remove", remove, "stop watching a folder").add_argument("path")
    command("folders", folders, "list the watched folders")
    command("sync", sync, "scan and index until everything is up to date")
    made = command("work", work, "do background work now")
    made.add_argument("--for", dest="duration", required=True, metavar="20m")
    batch_help = "a JSON object with id and question on each line; - reads standard input"
    made = command("ask", ask, "ask a question")
    source = made.add_mutually_exclusive_group(required=True)
    source.add_argument("question", nargs="?")
    source.add_argument("--batch", type=Path, metavar="FILE.jsonl", help=batch_help)
    which = made.add_mutually_exclusive_group()
    which.add_argument("--prepared-only", action="store_true")
    which.add_argument("--live-only", action="store_true")
    made.add_argument("--no-learn", action="store_true", help="keep no trace of the question")
    made.add_argument(
        "--after", metavar="QUESTION", help="what was asked before, for a question that leans on it"
    )
    made = command("prepare", prepare, "keep an answer ready")
    source = made.add_mutually_exclusive_group(required=True)
    source.add_argument("question", nargs="?")
    source.add_argument("--batch", type=Path, metavar="FILE.jsonl", help=batch_help)
    command("match", match, "what the hit policy says of pairs").add_argument(
        "--pairs",
        type=Path,
        required=True,
        metavar="FILE.jsonl",
        help="a JSON object with id, a (prepared) and b (asked) on each line; - reads standard input",
    )
    made = command("search", search, "find passages")
    made.add_argument("words")
    made.add_argument("--limit", type=hit_count, default=10)
    digest_views.add_digest_options(
        command("digest", digest, "show digests, tasks, dates and contradictions")
    )
    command("status", status, "how everything stands")
    add_commands(command)
    command("doctor", doctor, "look for trouble")
    command("forget", forget, "drop what was derived from a document").add_argument("path")
    made = command("vault", vault, "the encrypted vault")
    made.add_argument("action", choices=("init", "lock", "unlock", "check", "rebuild", "passphrase"))
    made.add_argument("--new-passphrase-file", type=Path)
    made = command("models", models, "the model catalogue")
    actions = made.add_subparsers(
        dest="action", required=True, metavar="list|recommend|install|use|server|key"
    )
    actions.add_parser("list", parents=[common])
    wanted = actions.add_parser("recommend", parents=[common], help="the generator for this machine, and why")
    wanted.add_argument("--memory", type=float, metavar="GB", help="of another machine")
    wanted.add_argument("--cores", type=int, help="physical ones of another machine")
    wanted.add_argument("--accelerator", action="store_true", help="a graphics processor holds the model")
    actions.add_parser("server", parents=[common], help="see whether the model server answers")
    key = actions.add_parser("key", parents=[common], help="keep the model server's key in the vault")
    which = key.add_mutually_exclusive_group()
    which.add_argument("--file", type=Path, metavar="FILE")
    which.add_argument("--remove", action="store_true")
    actions.add_parser("install", parents=[common]).add_argument("model")
    actions.add_parser("use", parents=[common]).add_argument("model")
    made = command("settings", settings, "the settings")
    actions = made.add_subparsers(dest="action", required=True, metavar="list|get|set")
    actions.add_parser("list", parents=[common])
    actions.add_parser("get", parents=[common]).add_argument("key")
    setter = actions.add_parser("set", parents=[common])
    setter.add_argument("key")
    setter.add_argument("value")
    setter.add_argument("--yes", action="store_true", help="the warning is read, change it all the same")
    command("mcp", mcp, "serve an assistant (Model Context Protocol, standard input and output)")
    command("stop", stop, "end the app and the background process")
    return parser


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
    session = Session(options)
    try:
        for name, value in vars(options).items():
            if isinstance(value, str) and value != without_surrogates(value):
                raise ArgumentUnusable(name=name, problem="it is not text in UTF-8")
        code: int = options.run(session)
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
        session.close()


def complain(error: PillowbookError) -> None:
    """One sentence that says what to do."""
    print(f"pillowbook: {visible_line(error.say())}", file=sys.stderr)
