"""The command line driven as a person and a script would, in an empty home, on real parts."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest
from tests.conftest import Home

from pillowbook.host.paths import models_dir
from pillowbook.models.catalogue import Catalogue
from pillowbook.models.installation import Installation

ANSWER_FIELDS = {
    "id", "question", "answer", "kind", "freshness", "confidence", "matched_question", "prepared_at", "checked_at",
    "latency_ms", "first_token_ms", "tokens", "model", "effort", "citations", "related",
}  # fmt: skip
CITATION_FIELDS = {"path", "title", "quote", "start", "end", "line", "page", "heading"}

BOILER = """# Boiler

The boiler is a Vailora 24 and hangs in the utility room.

## Service

The next service is on 14 October 2026, with Hartwell Heating, 555-0142. It costs 96 pounds.
"""
GARDEN = """# Garden

- The apple tree is a Braeburn, planted in 2019.
- The compost is turned every second Sunday.
"""


def begin(home: Home, model: str) -> None:
    """A vault and two notes."""
    home.write("Home/boiler.md", BOILER)
    home.write("garden.md", GARDEN)
    home.json("vault", "init")
    home.json("settings", "set", "models.generator", model)
    assert home.json("add", home.notes)["path"] == str(home.notes.resolve())
    home.json("sync")


def test_from_an_empty_home_to_search_and_answers(home: Home, tiny_model: str) -> None:
    """Every command of the contract does its part, with the engine on the smallest model."""
    begin(home, tiny_model)
    status = home.json("status")
    assert status["vault"] == "open"
    assert status["documents"]["indexed"] == 2
    assert status["passages"] >= 3
    assert status["gate"]["sentence"]

    hit = home.json("search", "apple tree")["hits"][0]
    assert hit["path"].endswith("garden.md") and hit["line"] == 3 and "Braeburn" in hit["snippet"]
    assert home.json("search", "Hartwell service", "--limit", "1")["hits"][0]["heading"].endswith("Service")
    assert home.json("search", '"( AND *:^~ zzz')["hits"] is not None

    answer = home.json("ask", "When is the next boiler service?", "--no-learn")
    assert answer.keys() >= ANSWER_FIELDS
    assert answer["kind"] in ("live", "none")
    for citation in answer["citations"]:
        assert citation.keys() == CITATION_FIELDS
        assert citation["quote"] in Path(citation["path"]).read_text("utf-8")
    assert home.json("ask", "When is the next boiler service?", "--prepared-only")["kind"] == "none"

    done_kinds: set[str] = set()
    for _ in range(5):  # a busy machine does less in 20 s
        assert home.json("work", "--for", "20s")["slices"] > 0
        done_kinds = {line["kind"] for line in home.json("ledger")["lines"]}
        if done_kinds >= {"distil", "predict", "prepare"}:
            break
    assert done_kinds >= {"distil", "predict", "prepare"}
    assert home.json("digest", home.notes / "garden.md")["digests"][0]["gist"]
    assert any(day["first"] == "2026-10-14" for day in home.json("digest", "--timeline")["timeline"])
    assert home.json("digest", "--tasks")["tasks"] == []
    assert home.json("digest", "--contradictions")["contradictions"] == []
    assert home.json("digest", "--related", home.notes / "garden.md")["related"] == []
    assert home.json("digest", "--folder", home.notes)["digests"] is not None
    assert home.json("digest", "--topic")["topics"] == []

    batch = home.root / "questions.jsonl"
    batch.write_text('{"id": "a", "question": "Which apple tree is it?"}\n{"id": "b", "question": ""}\n')
    done = home.run("--json", "ask", "--batch", batch)
    assert done.returncode == 0, done.stderr
    first, second = (json.loads(line) for line in done.stdout.splitlines())
    assert first["id"] == "a" and first.keys() >= ANSWER_FIELDS
    assert second["id"] == "b" and second["error"] == "question-empty"

    pairs = home.root / "pairs.jsonl"
    pairs.write_text(
        '{"id": 1, "a": "When is the next boiler service?", "b": "when is the next boiler service"}\n'
        '{"id": 2, "a": "When is the next boiler service?", "b": "Which apple tree is it?"}\n'
    )
    same, other = (json.loads(line) for line in home.run("match", "--pairs", pairs).stdout.splitlines())
    assert same["hit"] is True and other["hit"] is False and other["p_same"] < same["p_same"]

    home.json("forget", home.notes / "garden.md")
    assert "garden.md" not in names(home.json("search", "Braeburn")["hits"])
    home.json("remove", home.notes)
    assert home.json("folders")["folders"] == []
    assert home.json("search", "boiler")["hits"] == []


def names(hits: list[dict[str, object]]) -> set[str]:
    """The files that were found."""
    return {Path(str(hit["path"])).name for hit in hits}


def test_changes_on_disk_are_seen_and_nothing_is_embedded_twice(home: Home, tiny_model: str) -> None:
    begin(home, tiny_model)
    again = home.json("sync")
    assert (again["new"], again["changed"], again["unchanged"]) == (0, 0, 2)
    home.write("garden.md", GARDEN.replace("Braeburn", "Egremont"))
    (home.notes / "Home" / "boiler.md").unlink()
    home.json("sync")
    assert home.json("search", "Egremont")["hits"][0]["path"].endswith("garden.md")
    assert not any("Braeburn" in hit["snippet"] for hit in home.json("search", "Braeburn apple tree")["hits"])
    assert names(home.json("search", "Hartwell Heating")["hits"]) <= {"garden.md"}


def test_a_locked_vault_says_nothing(home: Home, tiny_model: str) -> None:
    begin(home, tiny_model)
    home.json("vault", "lock")
    for command in (
        ("ask", "When is the service?"),
        ("search", "boiler"),
        ("folders",),
        ("work", "--for", "1s"),
    ):
        done = home.run(*command)
        assert (done.returncode, done.stdout) == (3, ""), command
        assert_one_sentence(done.stderr)
    done = home.run("--json", "status")
    assert done.returncode == 3 and json.loads(done.stdout)["vault"] == "locked"
    wrong = home.root / "wrong"
    wrong.write_text("not it\n")
    done = home.run("--passphrase-file", wrong, "vault", "unlock")
    assert done.returncode == 3 and "passphrase" in done.stderr
    assert home.json("search", "boiler")["hits"]


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (("add", "/no/such/folder"), 1, "no such folder"),
        (("ask", "   "), 1, "empty"),
        (("ask", "why " * 1000), 1, "longer than"),
        (("remove", "/no/such/folder"), 1, "not watched"),
        (("digest", "/no/such/file.md"), 1, "No such document"),
        (("digest", "--related", "/no/such/file.md"), 1, "No such document"),
        (("digest", "--folder", "/no/such/folder"), 1, "not watched"),
        (("digest", "--tasks", "--timeline"), 2, "not allowed"),
        (("settings", "set", "schedule.idle_after_s", "soon"), 1, "whole number"),
        (("settings", "get", "no.such"), 1, "no setting"),
        (("models", "use", "no-such-model"), 1, "no such model"),
        (("models", "install", "no-such-model"), 1, "no such model"),
        (("work", "--for", "a while"), 1, "20m"),
        (("ask", "--batch", "/no/such/file"), 1, "cannot be used"),
        (("vault", "init"), 1, "has a vault already"),
        (("add", ""), 1, "no such folder"),
        (("add", "~nobody-of-that-name/notes"), 1, "no such folder"),
        (("add", "/dev/zero"), 1, "ordinary files"),
        (("add", "/" + "x" * 5000), 1, "no such folder"),
        (("ask", "what is \udcff"), 1, "UTF-8"),
        (("search", "cat", "--limit", "0"), 2, "--limit"),
        (("search", "cat", "--limit", "9" * 30), 2, "--limit"),
        (("work", "--for", "99999999h"), 1, "at most"),
        (("frobnicate",), 2, "frobnicate"),
        (("ask",), 2, "question"),
    ],
    ids=lambda value: " ".join(value)[:30] if isinstance(value, tuple) else None,
)
def test_bad_input_gets_one_sentence_and_a_proper_code(
    shared_home: Home, arguments: tuple[str, ...], code: int, word: str
) -> None:
    done = shared_home.run("--passphrase-file", shared_home.passphrase_file, *arguments)
    assert done.returncode == code, done.stderr
    assert word in done.stderr
    assert done.stdout == ""
    if code == 1:
        assert_one_sentence(done.stderr)


def test_a_pipe_and_the_profile_itself_are_refused_at_once(shared_home: Home) -> None:
    pipe = shared_home.root / "pipe"
    os.mkfifo(pipe)
    ring = shared_home.root / "ring"
    ring.symlink_to(ring)
    for path, word in (
        (pipe, "ordinary files"),
        (shared_home.profile.root, "Pillowbook itself"),
        (ring, "no such"),
    ):
        done = shared_home.run("--passphrase-file", shared_home.passphrase_file, "add", path, timeout_s=30)
        assert done.returncode == 1 and word in done.stderr, path
    done = shared_home.run("--passphrase-file", shared_home.passphrase_file, "remove", ring)
    assert done.returncode == 1 and "not watched" in done.stderr


def test_any_letter_can_be_printed_anywhere(home: Home, tiny_model: str) -> None:
    """A pipe that takes ASCII only must not end the command; JSON is UTF-8 wherever it goes."""
    begin(home, tiny_model)
    home.write("zürich.md", "# Zürich\n\nDer Zug fährt um 8.\n")
    odd = os.fsencode(home.notes) + b"/latin-\xe9.md"
    with open(odd, "wb") as file:  # noqa: PTH123 - a name that is not UTF-8
        file.write("# Été\n\nLe train part à 9 heures.\n".encode("latin-1"))
    home.json("sync")
    home.extra["PYTHONIOENCODING"] = "ascii"
    assert home.run("search", "Zug").returncode == 0
    assert home.json("search", "Zug")["hits"][0]["title"] == "Zürich"
    assert home.json("search", "train part")["hits"][0]["title"] == "Été"
    assert home.json("status")["documents"]["indexed"] == 4


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
def test_a_folder_that_cannot_be_read_is_refused(shared_home: Home) -> None:
    closed = shared_home.root / "closed"
    closed.mkdir(mode=0o000)
    done = shared_home.run("--passphrase-file", shared_home.passphrase_file, "add", closed)
    assert done.returncode == 1 and "cannot be read" in done.stderr


def test_a_file_that_is_no_document_is_told_and_stalls_nothing(home: Home, tiny_model: str) -> None:
    home.write("broken.pdf", "%PDF-1.4 this is none")
    (home.notes / "noise.docx").write_bytes(os.urandom(4000))
    (home.notes / "program.exe").write_bytes(b"MZ\x90\x00")
    begin(home, tiny_model)
    status = home.json("status")
    assert status["documents"]["indexed"] == 2
    troubles = {Path(t["path"]).name: (t["state"], t["reason"]) for t in status["troubles"]}
    assert troubles["broken.pdf"][0] == troubles["noise.docx"][0] == "failed"
    assert troubles["program.exe"][0] == "excluded"
    assert all(reason for _, reason in troubles.values())


def test_a_vault_without_keychain_and_passphrase_is_not_made(home: Home) -> None:
    done = home.run("vault", "init")
    assert done.returncode == 3 and "passphrase" in done.stderr
    assert not home.profile.database.exists()


def test_a_vault_survives_kill_9_in_the_middle_of_work(home: Home, tiny_model: str) -> None:
    begin(home, tiny_model)
    home.json("vault", "check")
    home.kill()
    assert home.processes() == []
    assert home.json("vault", "check")["findings"] == []
    assert home.json("search", "Braeburn")["hits"]
    assert home.json("sync")["unchanged"] == 2


def test_a_missing_and_a_damaged_model_are_named(home: Home, tiny_model: str, tmp_path: Path) -> None:
    begin(home, tiny_model)
    home.run("stop")
    home.extra["PILLOWBOOK_MODELS"] = str(tmp_path)
    done = home.run("--passphrase-file", home.passphrase_file, "ask", "When is the next boiler service?")
    assert done.returncode == 1 and "models install" in done.stderr
    assert_one_sentence(done.stderr)
    assert home.json("search", "boiler")["hits"], "search goes on without a model"
    home.run("stop")
    entry = Catalogue.load().entry(tiny_model)
    whole = Installation(models_dir(), Catalogue.load()).require(tiny_model)
    damaged = Installation(tmp_path, Catalogue.load()).place(tiny_model)
    damaged.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(whole, damaged)
    with damaged.open("r+b") as file:
        file.seek(entry.size_bytes // 2)
        byte = file.read(1)[0]
        file.seek(entry.size_bytes // 2)
        file.write(bytes([byte ^ 0xFF]))
    done = home.run("--passphrase-file", home.passphrase_file, "ask", "When is the next boiler service?")
    assert done.returncode == 1 and "damaged" in done.stderr
    assert_one_sentence(done.stderr)


def assert_one_sentence(stderr: str) -> None:
    """One line, for people: no traceback, no type names."""
    assert len(stderr.strip().splitlines()) == 1, stderr
    assert stderr.startswith("pillowbook: ") and stderr.rstrip().endswith(".")
    assert not re.search(r"Traceback|Error\b|<class", stderr)


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    """One home for all the bad input, which must change nothing in it."""
    import tempfile

    made = Home(Path(tempfile.mkdtemp(prefix="pb-")))
    made.json("vault", "init")
    yield made
    made.run("stop")
    made.kill()
    shutil.rmtree(made.root, ignore_errors=True)
