"""An assistant on this machine: the real client library talks to ``pillowbook mcp`` and a real core."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import mcp_types as types
import psutil
import pytest
from mcp.client.session import ClientSession
from mcp.client.stdio import StdioServerParameters, stdio_client
from tests.conftest import REPOSITORY, Home

OPEN_NOTE = """# Boiler

The next service of the boiler is on 14 October 2031, with Hartwell Heating. The safe beside it belongs to Ines.
"""
PRIVATE_NOTE = """# Diary of Ottilie

The combination of the garden safe is 7719, and Ottilie knows it too. The next tax deadline is on 3 March 2032.
The boiler makes a noise that only Ottilie hears.
"""
HERE_NOTE = """# Clinic

The clinic of Doctor Quillfeather has the blood results of 5 May 2031.
"""
SECRETS = ("7719", "ottilie", "diary", "quillfeather", "clinic", "blood", "3 march 2032", "private", "here/")
PREPARED_OPEN = "How many days until the next service of the boiler?"
PREPARED_PRIVATE = "How many days until the next tax deadline?"
"""Computed by code, so that they are answered right whatever model there is."""

CALL_S = 300


def allow(home: Home) -> None:
    home.json("settings", "set", "privacy.other_programs", "on", "--yes")


@pytest.fixture(scope="module")
def served(tiny_model: str) -> Iterator[Home]:
    """A vault with a folder for all, one that is kept private and one that is kept here; answers from two are ready."""
    made = Home(Path(tempfile.mkdtemp(prefix="pb-")))
    made.write("open/boiler.md", OPEN_NOTE)
    made.write("private/diary.md", PRIVATE_NOTE)
    made.write("here/clinic.md", HERE_NOTE)
    made.json("vault", "init")
    made.json("settings", "set", "models.generator", tiny_model)
    made.json("settings", "set", "schedule.work_when", "never")
    made.json("add", made.notes / "open")
    assert made.json("add", made.notes / "private", "--keep-private")["is_kept_private"] is True
    made.json("add", made.notes / "here", "--keep-here")
    made.json("sync")
    for question in (PREPARED_OPEN, PREPARED_PRIVATE):
        assert made.json("prepare", question)["kind"] == "hit"
    for _ in range(12):
        made.json("work", "--for", "10s")
        if len(made.json("digest")["digests"]) == 3:
            break
    yield made
    made.run("stop")
    made.kill()
    shutil.rmtree(made.root, ignore_errors=True)


@pytest.fixture
def notes(served: Home) -> Home:
    """That vault, open, and other programs allowed."""
    served.json("vault", "unlock")
    allow(served)
    return served


def parameters(home: Home) -> StdioServerParameters:
    return StdioServerParameters(
        command=sys.executable,
        args=["-m", "pillowbook", "--profile", str(home.profile.root), "mcp"],
        env=home.environment,
    )


@asynccontextmanager
async def assistant(home: Home) -> AsyncIterator[ClientSession]:
    """A client as an assistant has it; what the server writes to standard error is kept beside the home."""
    with (home.root / "stderr").open("w") as told:
        async with (
            stdio_client(parameters(home), errlog=told) as (incoming, outgoing),
            ClientSession(incoming, outgoing) as session,
        ):
            await session.initialize()
            yield session


def with_assistant(home: Home, do: Callable[[ClientSession], Awaitable[None]]) -> None:
    async def run() -> None:
        with anyio.fail_after(2 * CALL_S):
            async with assistant(home) as session:
                await do(session)

    anyio.run(run)
    assert (home.root / "stderr").read_text() == ""


async def call(session: ClientSession, name: str, **arguments: Any) -> types.CallToolResult:
    result = await session.call_tool(name, arguments, read_timeout_seconds=CALL_S)
    assert isinstance(result, types.CallToolResult)
    return result


def said(result: types.CallToolResult) -> str:
    """The text of a result."""
    assert len(result.content) == 1
    content = result.content[0]
    assert isinstance(content, types.TextContent)
    return content.text


async def value(session: ClientSession, name: str, **arguments: Any) -> dict[str, Any]:
    """What a call gives that must succeed; both forms of it are the same."""
    result = await call(session, name, **arguments)
    text = said(result)
    assert not result.is_error, text
    assert json.loads(text) == result.structured_content
    found: dict[str, Any] = json.loads(text)
    return found


async def refusal(session: ClientSession, name: str, **arguments: Any) -> str:
    """What a call says that could not: one sentence for people."""
    result = await call(session, name, **arguments)
    text = said(result)
    assert result.is_error, text
    assert len(text.splitlines()) == 1 and text.endswith(".")
    assert not re.search(r"Traceback|Error\b|<class", text)
    assert result.structured_content is None
    return text


def told_secrets(*values: object) -> list[str]:
    """Which words of the kept folders stand in what was told."""
    text = json.dumps(values).lower()
    return [word for word in SECRETS if word in text]


def test_it_is_off_until_the_warning_is_confirmed_and_says_how_to_allow_it(served: Home) -> None:
    notes = served
    done = notes.run("settings", "set", "privacy.other_programs", "on")
    assert done.returncode == 1 and "may send them elsewhere" in done.stderr

    async def ask(session: ClientSession) -> None:
        tools = (await session.list_tools()).tools
        assert {tool.name for tool in tools} == {"ask", "search", "digest"}
        for name, arguments in (
            ("ask", {"question": "When is the boiler serviced?"}),
            ("search", {"words": "boiler"}),
            ("digest", {"topic": ""}),
        ):
            assert "settings set privacy.other_programs on" in await refusal(session, name, **arguments)
        # It takes effect in a running server, both ways.
        await anyio.to_thread.run_sync(allow, notes)
        assert (await value(session, "search", words="boiler"))["hits"]
        await anyio.to_thread.run_sync(lambda: notes.json("settings", "set", "privacy.other_programs", "off"))
        assert "privacy.other_programs" in await refusal(session, "search", words="boiler")

    with_assistant(notes, ask)


def test_ask_search_and_digest(notes: Home) -> None:
    prepared = notes.json("ask", PREPARED_OPEN, "--prepared-only")
    assert prepared["kind"] == "hit"

    async def ask(session: ClientSession) -> None:
        hit = (await value(session, "search", words="Hartwell", limit=1))["hits"][0]
        assert hit["path"].endswith("open/boiler.md") and "14 October 2031" in hit["snippet"]

        answer = await value(session, "ask", question=PREPARED_OPEN, prepared_only=True)
        assert (answer["kind"], answer["freshness"], answer["answer"]) == ("hit", "fresh", prepared["answer"])
        assert answer["citations"][0]["quote"] in OPEN_NOTE
        assert not {"id", "serving", "prepared", "pinned"} & answer.keys()
        live = await value(session, "ask", question="How many days until the boiler is serviced?")
        assert live["kind"] in ("hit", "adapted", "live", "none") and live["latency_ms"] > 0
        none = await value(session, "ask", question="Who painted the fence?", prepared_only=True)
        assert (none["kind"], none["answer"]) == ("none", "")

        told = await value(session, "digest", path=hit["path"])
        assert told["documents"][0]["gist"] and told["documents"][0]["path"] == hit["path"]
        assert (await value(session, "digest", topic=""))["topics"] == []

    asked = notes.json("ledger")["asked"]
    with_assistant(notes, ask)
    assert notes.json("ledger")["asked"] == asked, "nothing that another program asks is remembered"


def test_what_is_kept_from_other_programs_never_goes_out(notes: Home) -> None:
    """Neither as hits, nor as evidence, in prepared answers, related questions, digests, titles or counts."""
    assert notes.json("search", "garden safe 7719")["hits"][0]["path"].endswith("diary.md")
    assert notes.json("ask", PREPARED_PRIVATE, "--prepared-only", "--no-learn")["kind"] == "hit"
    answers = notes.json("digest")["digests"]
    assert len(answers) == 3, "all three notes are distilled"

    async def ask(session: ClientSession) -> None:
        told: list[Any] = []
        for words in (
            "garden safe combination",
            "7719",
            "tax deadline",
            "Ottilie",
            "blood results",
            "boiler noise",
        ):
            found = await value(session, "search", words=words, limit=50)
            assert {hit["path"].rpartition("/")[2] for hit in found["hits"]} <= {"boiler.md"}
            told.append(found)
        exact = await value(session, "ask", question=PREPARED_PRIVATE, prepared_only=True)
        assert (exact["kind"], exact["matched_question"], exact["citations"]) == ("none", None, [])
        told.append(exact | {"question": ""})
        for question in (
            PREPARED_PRIVATE,
            PREPARED_OPEN,
            "What is the combination of the garden safe?",
            "Who knows about the boiler?",
            "When were the blood results ready?",
        ):
            answer = await value(session, "ask", question=question)
            assert all(one["path"].endswith("boiler.md") for one in answer["citations"] + answer["nearest"])
            told.append(answer | {"question": ""})
        told.append(await value(session, "digest", topic=""))
        # The folder above all three has a note that may be used, and no digest of its own that may.
        below = await value(session, "digest", path=str(notes.notes))
        assert [one["path"].rpartition("/")[2] for one in below["documents"]] == ["boiler.md"]
        told.append(below)
        nowhere = await refusal(session, "digest", path=str(notes.notes / "no-such"))
        for kept in ("private", "private/diary.md", "here", "here/clinic.md"):
            assert await refusal(session, "digest", path=str(notes.notes / kept)) == nowhere
        assert not told_secrets(*told)

        # A rule counts from the next call on, and when it is taken back.
        await anyio.to_thread.run_sync(lambda: notes.json("keep-private", notes.notes / "open" / "boiler.md"))
        assert (await value(session, "search", words="Hartwell"))["hits"] == []
        assert (await value(session, "ask", question=PREPARED_OPEN))["citations"] == []
        await anyio.to_thread.run_sync(lambda: notes.json("keep-private", notes.notes / "private", "--off"))
        found = await value(session, "search", words="garden safe 7719")
        assert found["hits"][0]["path"].endswith("diary.md")
        await anyio.to_thread.run_sync(
            lambda: notes.json("keep-private", notes.notes / "open" / "boiler.md", "--off")
        )
        await anyio.to_thread.run_sync(lambda: notes.json("keep-private", notes.notes / "private"))

    with_assistant(notes, ask)
    marks = notes.run("--passphrase-file", notes.passphrase_file, "folders").stdout
    assert "never leaves this machine" in marks
    logged = "".join(
        file.read_text("utf-8", "replace").lower()
        for file in notes.profile.root.rglob("*.log*")
        if file.is_file()
    )
    assert not [word for word in ("7719", "ottilie", "quillfeather", "hartwell") if word in logged]


def test_a_locked_vault_says_one_sentence_and_is_not_unlocked(notes: Home) -> None:
    notes.json("vault", "lock")

    async def ask(session: ClientSession) -> None:
        for name, arguments in (
            ("ask", {"question": "When is the boiler serviced?"}),
            ("search", {"words": "boiler"}),
            ("digest", {"topic": ""}),
        ):
            assert "locked" in await refusal(session, name, **arguments)
        await anyio.to_thread.run_sync(lambda: notes.json("vault", "unlock"))
        assert (await value(session, "search", words="boiler"))["hits"]

    with_assistant(notes, ask)
    done = notes.run("--passphrase-file", notes.passphrase_file, "mcp")
    assert (done.returncode, done.stdout) == (1, "") and "cannot unlock" in done.stderr


def test_a_core_that_ends_in_between_is_started_again(notes: Home) -> None:

    async def ask(session: ClientSession) -> None:
        assert (await value(session, "search", words="boiler"))["hits"]
        await anyio.to_thread.run_sync(lambda: notes.run("stop"))
        # A vault that has a passphrase only is locked in the new core.
        assert "locked" in await refusal(session, "search", words="boiler")
        await anyio.to_thread.run_sync(lambda: notes.json("vault", "unlock"))
        cores = [p for p in notes.processes() if "pillowbook.core" in " ".join(p.cmdline())]
        assert cores
        for core in cores:
            core.send_signal(signal.SIGKILL)
        psutil.wait_procs(cores, timeout=20)
        assert "locked" in await refusal(session, "search", words="boiler")

    with_assistant(notes, ask)


def test_bad_arguments_and_huge_ones_get_a_sentence_and_the_next_call_works(notes: Home) -> None:

    async def ask(session: ClientSession) -> None:
        for name, arguments, word in (
            ("ask", {}, "question"),
            ("ask", {"question": 7}, "question"),
            ("ask", {"question": "when", "mode": "live"}, "mode"),
            ("ask", {"question": "   "}, "empty"),
            ("ask", {"question": "why " * 1000}, "longer than"),
            ("ask", {"question": "why " * 5_000_000}, "longer than"),
            ("search", {"words": "boiler", "limit": 0}, "limit"),
            ("search", {"words": "boiler", "limit": 10**30}, "limit"),
            ("search", {"words": None}, "words"),
            ("digest", {}, "path or a topic"),
            ("digest", {"path": "/a", "topic": "b"}, "not both"),
            ("digest", {"path": ""}, "no such folder"),
            ("digest", {"path": "/" + "x" * 100_000}, "too long"),
            ("digest", {"path": "~nobody-of-that-name/x"}, "no such folder"),
            ("digest", {"path": "/\x00"}, "No such document"),
            ("forget", {"path": "/"}, "ask, search, digest"),
        ):
            assert word in await refusal(session, name, **arguments), (name, str(arguments)[:60])
        assert (await value(session, "search", words='"( AND *:^~ zzz ' * 50))["hits"] is not None
        assert (await value(session, "search", words="x" * 1_000_000))["hits"] == []
        assert (await value(session, "digest", topic="no such topic"))["topics"] == []
        assert (await value(session, "search", words="boiler"))["hits"]

    with_assistant(notes, ask)


def test_lines_that_are_no_protocol_are_survived_and_stdout_is_protocol_only(notes: Home) -> None:
    """What is piped in raw: rubbish, half characters, and no handshake."""
    lines = [
        "rubbish Ottilie",
        '{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "search"}',
        json.dumps(
            {
                "jsonrpc": "2.0",
                "id": 2,
                "method": "initialize",
                "params": {
                    "protocolVersion": "2025-06-18",
                    "capabilities": {},
                    "clientInfo": {"name": "t", "version": "1"},
                },
            }
        ),
        '{"jsonrpc": "2.0", "method": "notifications/initialized"}',
        '{"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {"name": "search", "arguments": '
        '{"words": "\\ud800 boiler"}}}',
        '{"jsonrpc": "2.0", "id": 4, "method": "tools/call", "params": {"name": "search", "arguments": '
        '{"words": "boiler"}}}',
    ]
    with subprocess.Popen(
        [sys.executable, "-m", "pillowbook", "--profile", str(notes.profile.root), "mcp"],
        env=notes.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        process.stdin.write("\n".join(lines) + "\n")
        process.stdin.flush()
        replies: dict[Any, Any] = {}
        while 4 not in replies:
            message = json.loads(process.stdout.readline())
            assert message["jsonrpc"] == "2.0"
            replies[message.get("id")] = message
        process.stdin.close()
        assert process.wait(60) == 0
        rest = process.stdout.read()
        assert all(json.loads(line)["jsonrpc"] == "2.0" for line in rest.splitlines())
        assert process.stderr.read() == ""
    assert json.loads(replies[4]["result"]["content"][0]["text"])["hits"]


def test_cancelling_stops_the_core_and_the_next_call_works(notes: Home) -> None:
    notes.json("ask", "Why is the boiler loud?", "--live-only", "--no-learn")  # the model is loaded

    async def ask(session: ClientSession) -> None:
        with anyio.move_on_after(0.4):
            await call(session, "ask", question="What does everything in these notes say, at length?")
        assert (await value(session, "search", words="boiler"))["hits"]
        began = time.monotonic()
        await value(session, "ask", question=PREPARED_OPEN, prepared_only=True)
        assert time.monotonic() - began < 20

    with_assistant(notes, ask)


@pytest.mark.skipif(os.name == "nt", reason="signals")
@pytest.mark.parametrize("ending", ["stdin", "SIGINT", "SIGTERM"])
def test_it_ends_at_once_with_its_assistant(notes: Home, ending: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "pillowbook", "--profile", str(notes.profile.root), "mcp"],
        env=notes.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None and process.stdout is not None and process.stderr is not None
    process.stdin.write('{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n')
    process.stdin.flush()
    assert json.loads(process.stdout.readline())["id"] == 1
    if ending == "stdin":
        process.stdin.close()
    else:
        process.send_signal(signal.Signals[ending])
    assert process.wait(60) == {"stdin": 0, "SIGINT": -signal.SIGINT, "SIGTERM": -signal.SIGTERM}[ending]
    assert process.stderr.read() == ""
    for stream in (process.stdin, process.stdout, process.stderr):
        stream.close()


def test_neither_the_command_line_nor_the_core_loads_the_library() -> None:
    """It is large, and only the one subcommand needs it."""
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY / "desktop")}
    for module in ("pillowbook.cli", "pillowbook.core.__main__", "pillowbook.ui.__main__"):
        program = f"import sys, {module}; print([m for m in sys.modules if m.split('.')[0] in ('mcp', 'mcp_types')])"
        done = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
            env=environment,
        )
        assert done.stdout.strip() == "[]", module
