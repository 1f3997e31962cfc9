"""The grammar of the command line: which commands there are, and what each takes."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Final

from pillowbook import __version__
from pillowbook.cli.app import demo, doctor, mcp, run_app, status, stop, toggle
from pillowbook.cli.background import MOST_DAYS, ledger, work
from pillowbook.cli.by_hand import delete, edit, never, pin, unpin, verdict
from pillowbook.cli.digests import digest
from pillowbook.cli.folders import add, folders, forget, keep_here, keep_private, remove, sync
from pillowbook.cli.invocation import Invocation
from pillowbook.cli.models import models
from pillowbook.cli.questions import ask, match, prepare, search
from pillowbook.cli.settings import settings
from pillowbook.cli.vault import vault
from pillowbook.domain.serving import Verdict

MOST_HITS: Final = 1000

AddCommand = Callable[[str, Callable[[Invocation], int], str], argparse.ArgumentParser]


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

    def command(name: str, run: Callable[[Invocation], int], help_: str) -> argparse.ArgumentParser:
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
    add_digest_options(command("digest", digest, "show digests, tasks, dates and contradictions"))
    command("status", status, "how everything stands")
    add_hand_commands(command)
    command("doctor", doctor, "look for trouble")
    command("forget", forget, "drop what was derived from a document").add_argument("path")
    made = command("vault", vault, "the encrypted vault")
    made.add_argument(
        "action",
        choices=("init", "lock", "unlock", "check", "rebuild", "passphrase", "recovery", "audit"),
    )
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


def add_digest_options(parser: argparse.ArgumentParser) -> None:
    """What ``pillowbook digest`` takes: one of these, or nothing for all digests."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument("path", nargs="?", help="a document, or a folder for all documents below it")
    which.add_argument("--folder", metavar="PATH", help="what a folder's notes say together")
    which.add_argument(
        "--topic",
        nargs="?",
        const="",
        metavar="NAME",
        help="topics across folders; all of them without a name",
    )
    which.add_argument("--about", metavar="QUESTION", help="the folders and topics a question is about")
    which.add_argument("--timeline", action="store_true", help="dated facts by day")
    which.add_argument("--tasks", action="store_true", help="tasks and deadlines, those to come first")
    which.add_argument("--contradictions", action="store_true", help="notes that say different things")
    which.add_argument("--related", metavar="PATH", help="notes that belong to one though nobody linked them")


def add_hand_commands(command: AddCommand) -> None:
    """The ledger, and what the user decides about single answers."""
    made = command("ledger", ledger, "what background work cost and brought")
    made.add_argument("--since", metavar="7d|DATE", help="only from then on")
    made.add_argument(
        "--days", type=days, default=14, help="a question this old that was never asked is wasted (14)"
    )
    made = command("verdict", verdict, "say what an answer is worth")
    made.add_argument("serving", type=serving_number, metavar="NUMBER", help="as 'pillowbook ask' told it")
    made.add_argument("verdict", choices=[each.value for each in Verdict])
    answer_help = "the question, or the prepared answer's number of 'ask --json'"
    for name, run, help_ in (
        ("pin", pin, "keep an answer before all others"),
        ("unpin", unpin, "keep it before others no longer"),
    ):
        command(name, run, help_).add_argument("answer", help=answer_help)
    made = command("edit", edit, "put your own words over a prepared answer")
    made.add_argument("answer", help=answer_help)
    which = made.add_mutually_exclusive_group(required=True)
    which.add_argument("--text", metavar="WORDS")
    which.add_argument("--file", type=Path, metavar="FILE")
    which.add_argument("--undo", action="store_true", help="take them away again")
    made = command("delete", delete, "delete a prepared answer or a digest")
    which = made.add_mutually_exclusive_group(required=True)
    which.add_argument("answer", nargs="?", help=answer_help)
    which.add_argument("--digest", metavar="PATH")
    made = command("never", never, "never prepare a question, or list what is never prepared")
    made.add_argument("question", nargs="?")
    made.add_argument("--off", action="store_true", help="prepare it again")


def days(text: str) -> int:
    """A number of days; argparse turns the error into wrong usage."""
    count = int(text)
    if not 0 <= count <= MOST_DAYS:
        raise argparse.ArgumentTypeError(f"must be from 0 to {MOST_DAYS}")
    return count


def serving_number(text: str) -> int:
    """The number of a serving."""
    number = int(text)
    if not 0 < number < 2**63:
        raise argparse.ArgumentTypeError("must be a number that 'pillowbook ask' told")
    return number


def hit_count(text: str) -> int:
    """How many hits to show; argparse turns the error into wrong usage."""
    count = int(text)
    if not 1 <= count <= MOST_HITS:
        raise argparse.ArgumentTypeError(f"must be from 1 to {MOST_HITS}")
    return count
