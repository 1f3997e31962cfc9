"""The command line's contract, walked through: every command and option, the fields of its JSON, its exit codes."""

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Home
from tests.core.test_batch import BAD_LINES
from tests.journeys.test_command_line import ANSWER_FIELDS, CITATION_FIELDS, assert_one_sentence

from pillowbook.cli import main

NOTE = """# Boiler

The boiler is a Vailora 24 and hangs in the utility room. The next boiler service is on 14 October 2031.
"""
ASKED = "How many days until the next boiler service?"
"""Computed by code, so that it is answered whatever model there is."""

HIT_FIELDS = {"path", "title", "snippet", "score", "line", "page", "heading"}
STATUS_FIELDS = {
    "vault", "folders", "documents", "troubles", "passages", "digests", "questions", "prepared", "gate", "generator",
    "embedder", "vault_bytes",
}  # fmt: skip
KINDS = {"hit", "adapted", "live", "none"}
FRESHNESS = {"fresh", "changed", "new_evidence", "gone", "unchecked", None}

NEEDS_NO_OPEN_VAULT: tuple[tuple[str, ...], ...] = (
    ("models", "list"),
    ("models", "recommend"),
    ("settings", "list"),
    ("settings", "get", "general.theme"),
    ("settings", "set", "general.theme", "dark"),
)
NEEDS_AN_OPEN_VAULT: tuple[tuple[str, ...], ...] = (
    ("add", "/tmp"),
    ("remove", "/tmp"),
    ("folders",),
    ("keep-here",),
    ("keep-private",),
    ("sync",),
    ("work", "--for", "1s"),
    ("ask", ASKED),
    ("ask", ASKED, "--prepared-only"),
    ("prepare", ASKED),
    ("search", "boiler"),
    ("digest",),
    ("digest", "--topic"),
    ("digest", "--topic", "boiler"),
    ("ledger",),
    ("forget", "/tmp"),
    ("vault", "check"),
    ("vault", "rebuild"),
    ("vault", "recovery"),
    ("verdict", "1", "right"),
    ("pin", "1"),
    ("never",),
)
WRONG_USAGE = (
    ("add",),
    ("remove",),
    ("work",),
    ("ask",),
    ("ask", ASKED, "--batch", "file"),
    ("ask", ASKED, "--prepared-only", "--live-only"),
    ("prepare",),
    ("match",),
    ("search",),
    ("search", "boiler", "--limit", "many"),
    ("forget",),
    ("vault",),
    ("vault", "explode"),
    ("models",),
    ("models", "install"),
    ("models", "use"),
    ("settings",),
    ("settings", "get"),
    ("settings", "set", "general.theme"),
    ("mcp", "extra"),
    ("no-such-command",),
    ("--no-such-option", "status"),
)


@pytest.fixture(scope="module")
def served(tiny_model: str) -> Iterator[Home]:
    """A home with one note that is read, and an answer prepared by code alone."""
    made = Home(Path(tempfile.mkdtemp(prefix="pb-")))
    made.write("boiler.md", NOTE)
    assert made.json("vault", "init") == {"vault": "open"}
    made.json("settings", "set", "models.generator", tiny_model)
    made.json("settings", "set", "schedule.work_when", "never")
    assert made.json("add", made.notes)["path"] == str(made.notes.resolve())
    assert made.json("sync")["indexed"] == 1
    made.json("prepare", ASKED)
    yield made
    made.run("stop")
    made.kill()
    shutil.rmtree(made.root, ignore_errors=True)


def check_answer(answer: dict[str, Any]) -> None:
    """The fields of an answer and what they may hold."""
    assert answer.keys() >= ANSWER_FIELDS
    assert answer["kind"] in KINDS and answer["freshness"] in FRESHNESS
    assert isinstance(answer["answer"], str) and isinstance(answer["latency_ms"], int | float)
    assert 0 <= answer["confidence"] <= 1
    assert answer["tokens"].keys() == {"prompt", "completion"}
    assert answer["effort"] in ("live", "prepared", None)
    assert (answer["kind"] == "none") == (answer["answer"] == "")
    for citation in answer["citations"]:
        assert citation.keys() == CITATION_FIELDS
        text = Path(citation["path"]).read_text("utf-8")
        assert text[citation["start"] : citation["end"]] == citation["quote"]
        assert citation["line"] >= 1 and citation["page"] is None
    for related in answer["related"]:
        assert related.keys() == {"question", "kind"}


def test_ask_gives_the_fields_of_the_contract(served: Home) -> None:
    hit = served.json("ask", ASKED, "--prepared-only")
    check_answer(hit)
    assert (hit["kind"], hit["freshness"], hit["question"], hit["matched_question"]) == (
        "hit",
        "fresh",
        ASKED,
        ASKED,
    )
    assert hit["prepared_at"] and hit["checked_at"] and hit["citations"]
    assert hit["tokens"] == {"prompt": 0, "completion": 0}
    live = served.json("ask", ASKED, "--live-only")
    check_answer(live)
    assert live["kind"] == "live" and live["matched_question"] is None and live["prepared_at"] is None
    none = served.json("ask", "Who painted the fence?", "--prepared-only")
    check_answer(none)
    assert none["kind"] == "none" and none["freshness"] is None
    empty = served.json("ask", "Which notes mention zebras?")
    check_answer(empty)
    assert (empty["kind"], empty["answer"], empty["model"]) == ("live", "No note mentions “zebras”.", "")
    assert (empty["citations"], empty["freshness"], empty["checked_at"]) == ([], None, None)
    assert empty["checked_files"] == 0 and empty["tokens"] == {"prompt": 0, "completion": 0}


def test_no_learn_keeps_no_trace(served: Home) -> None:
    asked = served.json("ledger")["asked"]
    questions = served.json("status")["questions"]
    served.json("ask", "Which boiler is it that hangs there?", "--no-learn", "--prepared-only")
    served.json("ask", ASKED, "--no-learn")
    assert (served.json("ledger")["asked"], served.json("status")["questions"]) == (asked, questions)
    served.json("ask", ASKED)
    assert served.json("ledger")["asked"] == asked + 1


def test_search_digest_status_and_ledger_give_their_fields(served: Home) -> None:
    found = served.json("search", "boiler service", "--limit", "1")
    assert found.keys() == {"hits", "latency_ms"} and len(found["hits"]) == 1
    assert found["hits"][0].keys() >= HIT_FIELDS
    assert served.json("digest").keys() == {"digests"}
    assert served.json("digest", served.notes / "boiler.md").keys() == {"digests"}
    assert served.json("digest", "--topic", "no such") == {"topics": []}
    status = served.json("status")
    assert status.keys() >= STATUS_FIELDS
    assert status["vault"] == "open" and status["prepared"] == {"fresh": 1} and status["vault_bytes"] > 0
    assert status["gate"]["sentence"].endswith(".")
    assert served.json("ledger").keys() >= {"lines", "total", "reasons", "folders", "servings"}
    findings = json.loads(served.run("--json", "doctor").stdout)["findings"]
    assert findings and findings[0].keys() == {"subject", "is_good", "sentence"}


def test_folders_vault_models_and_settings_give_their_fields(served: Home) -> None:
    assert [folder["path"] for folder in served.json("folders")["folders"]] == [str(served.notes.resolve())]
    kept = str((served.notes / "boiler.md").resolve())
    for command in ("keep-here", "keep-private"):
        name = command.replace("-", "_").replace("keep", "kept")
        assert served.json(command, kept) == {name: [kept]}
        assert served.json(command) == {name: [kept]}
        assert served.json(command, kept, "--off") == {name: []}
    assert served.json("vault", "check") == {"findings": []}
    assert served.json("vault", "rebuild") == {"rebuilt": True}
    models = served.json("models", "list")["models"]
    assert models[0].keys() >= {"id", "role", "size_bytes", "licence", "is_installed", "is_used"}
    settings = served.json("settings", "list")["settings"]
    assert settings[0].keys() == {"key", "value", "default", "title", "help", "page"}
    assert served.json("settings", "get", "general.theme")["value"] == "system"
    assert served.json("settings", "set", "general.theme", "dark")["value"] == "dark"
    # The common options stand before or after the command.
    done = served.run(
        "settings", "get", "general.theme", "--json", "--passphrase-file", served.passphrase_file
    )
    assert json.loads(done.stdout)["value"] == "dark"
    new = served.root / "new"
    new.write_text("another passphrase of the tests\n")
    assert served.json("vault", "passphrase", "--new-passphrase-file", new) == {"passphrase": "set"}
    served.json("vault", "lock")
    assert served.run("--passphrase-file", served.passphrase_file, "vault", "unlock").returncode == 3
    served.passphrase_file.write_text(new.read_text())
    assert served.json("vault", "unlock") == {"vault": "open"}

    code = served.json("vault", "recovery")["recovery_code"]
    audit = served.json("vault", "audit")
    assert {"passphrase", "recovery"} <= set(audit["ways"]) and audit["findings"] == []
    served.json("vault", "lock")
    served.passphrase_file.write_text(code.lower() + "\n")
    assert served.json("vault", "unlock") == {"vault": "open"}
    served.passphrase_file.write_text(new.read_text())


@pytest.mark.parametrize("arguments", WRONG_USAGE, ids=" ".join)
def test_wrong_usage_is_told_with_code_2(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    told = capsys.readouterr()
    assert (ended.value.code, told.out) == (2, "") and "usage: pillowbook" in told.err


def test_a_locked_vault_is_told_with_code_3(served: Home) -> None:
    served.json("vault", "lock")
    for arguments in NEEDS_AN_OPEN_VAULT:
        done = served.run(*arguments)
        assert (done.returncode, done.stdout) == (3, ""), (arguments, done.stderr)
        assert_one_sentence(done.stderr)
    pairs = served.root / "locked.jsonl"
    pairs.write_text('{"id": 1, "question": "q", "a": "a", "b": "b"}\n')
    for command in (("ask", "--batch"), ("prepare", "--batch"), ("match", "--pairs")):
        done = served.run(*command, pairs)
        assert (done.returncode, done.stdout) == (3, ""), (command, done.stderr)
    assert served.run("status").returncode == 3
    for arguments in NEEDS_NO_OPEN_VAULT:
        assert served.run(*arguments).returncode == 0, arguments
    # With the passphrase any of them opens it.
    assert served.json("search", "boiler")["hits"]


def test_every_command_has_help(served: Home) -> None:
    listed = served.run("--help").stdout
    for command in (
        "toggle", "demo", "add", "remove", "folders", "sync", "work", "ask", "prepare", "match", "search", "digest",
        "status", "ledger", "doctor", "forget", "vault", "models", "settings", "mcp",
    ):  # fmt: skip
        assert f"\n    {command} " in listed
        done = served.run(command, "--help")
        assert done.returncode == 0 and f"pillowbook {command}" in done.stdout
    assert served.run("--version").stdout.startswith("pillowbook ")


# -- batches -------------------------------------------------------------------------------------


def test_a_batch_goes_on_past_bad_lines_and_says_which_they_were(served: Home) -> None:
    file = served.root / "batch.jsonl"
    good = json.dumps({"id": {"any": ["value", 1]}, "question": ASKED}).encode()
    lines = [b"\xef\xbb\xbf" + good, b"", *(bad for bad, _word in BAD_LINES)]
    lines += [b'{"id": 2, "question": "  "}', b'{"id": "\\ud800", "question": "what is \\ud800"}', good]
    file.write_bytes(b"\n".join(lines))  # the last without an end of line
    for command in ("ask", "prepare"):
        options = ("--prepared-only", "--no-learn") if command == "ask" else ()
        done = served.run("--passphrase-file", served.passphrase_file, command, *options, "--batch", file)
        assert done.returncode == 0 and done.stderr == "", done.stderr
        told = [json.loads(line) for line in done.stdout.splitlines()]
        assert len(told) == 1 + len(BAD_LINES) + 3
        for answer in (told[0], told[-1]):
            check_answer(answer)
            assert (answer["kind"], answer["id"]) == ("hit", {"any": ["value", 1]})
        for number, ((_bad, word), error) in enumerate(zip(BAD_LINES, told[1:-3], strict=True), start=3):
            assert error["error"] == "line-unusable" and error["line"] == number
            assert word in error["sentence"] and error["sentence"].endswith(".")
            assert error["id"] in ("x", None)
        empty = told[-3]
        assert (empty["error"], empty["id"], empty["line"]) == ("question-empty", 2, len(lines) - 2)
        assert told[-2]["question"]


def test_pairs_are_judged_in_order_past_bad_lines(served: Home) -> None:
    file = served.root / "pairs.jsonl"
    file.write_text(
        '{"id": 1, "a": "When is the boiler service?", "b": "when is the boiler service"}\n'
        '{"id": 2, "a": "When is the boiler service?"}\n'
        '{"id": 3, "a": "When is the boiler service?", "b": "Who is the king of Spain?"}\n'
    )
    done = served.run("--passphrase-file", served.passphrase_file, "match", "--pairs", file)
    same, bad, other = (json.loads(line) for line in done.stdout.splitlines())
    assert same.keys() == other.keys() == {"id", "p_same", "hit", "reasons"}
    assert (same["id"], same["hit"], other["id"], other["hit"]) == (1, True, 3, False)
    assert (bad["id"], bad["line"], bad["error"]) == (2, 2, "line-unusable")


def batch_from_a_pipe(home: Home) -> "subprocess.Popen[str]":
    home.json("status")
    command = [sys.executable, "-m", "pillowbook", "--profile", str(home.profile.root)]
    return subprocess.Popen(
        [*command, "ask", "--prepared-only", "--no-learn", "--batch", "-"],
        env=home.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_standard_input_is_answered_line_by_line(served: Home) -> None:
    """Each answer comes before the next question is written: nothing waits in a buffer."""
    with batch_from_a_pipe(served) as process:
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        for number in range(3):
            process.stdin.write(json.dumps({"id": number, "question": ASKED}) + "\n")
            process.stdin.flush()
            assert select.select([process.stdout], [], [], 60)[0], "no answer while the pipe is open"
            assert json.loads(process.stdout.readline())["id"] == number
        process.stdin.close()
        assert process.wait(30) == 0 and process.stderr.read() == ""


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_a_batch_ends_cleanly_on_ctrl_c(served: Home) -> None:
    with batch_from_a_pipe(served) as process:
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        process.stdin.write(json.dumps({"id": 1, "question": ASKED}) + "\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["kind"] == "hit"
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130 and time.monotonic() - began < 10
        assert (process.stdout.read(), process.stderr.read()) == ("", "")
    assert served.json("ask", ASKED, "--prepared-only", "--no-learn")["kind"] == "hit"


def test_a_reader_that_goes_away_ends_a_batch(served: Home) -> None:
    with batch_from_a_pipe(served) as process:
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        process.stdout.close()
        process.stdin.write("".join(json.dumps({"id": n, "question": ASKED}) + "\n" for n in range(5)))
        process.stdin.close()
        assert process.wait(30) == 1 and process.stderr.read() == ""
