"""The user's hand on the command line, in an empty home, on the real parts with the smallest model."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conftest import Home
from tests.journeys.test_command_line import assert_one_sentence

BOILER = """# Boiler

The boiler is a Vailora 24 and hangs in the utility room. The next boiler service is on 14 October 2031.
"""
ASKED = "How many days until the next boiler service?"
"""Computed by code, so that the answer is right whatever model there is."""


@pytest.fixture(scope="module")
def served(tiny_model: str) -> Iterator[Home]:
    """A home where one answer is prepared."""
    made = Home(Path(tempfile.mkdtemp(prefix="pb-")))
    made.write("boiler.md", BOILER)
    made.json("vault", "init")
    made.json("settings", "set", "models.generator", tiny_model)
    made.json("add", made.notes)
    made.json("sync")
    yield made
    made.run("stop")
    made.kill()
    shutil.rmtree(made.root, ignore_errors=True)


@pytest.fixture
def prepared(served: Home) -> int:
    """The number of the prepared answer."""
    answer = served.json("prepare", ASKED)
    assert answer["kind"] == "hit" and answer["citations"], answer
    number = answer["prepared"]
    assert isinstance(number, int)
    return number


def prepared_only(home: Home) -> dict[str, object]:
    answer = home.json("ask", ASKED, "--prepared-only")
    assert isinstance(answer, dict)
    return answer


def test_a_verdict_is_kept_and_what_is_wrong_is_withdrawn(served: Home, prepared: int) -> None:
    first = prepared_only(served)
    assert (first["kind"], first["prepared"]) == ("hit", prepared)
    told = served.run("--passphrase-file", served.passphrase_file, "ask", ASKED)
    number = first["serving"]
    assert isinstance(number, int) and f"no. {number + 1}" in told.stdout
    assert served.json("verdict", str(number), "right") == {"serving": number, "verdict": "right"}
    assert served.json("verdict", str(number), "wrong")["verdict"] == "wrong"
    assert prepared_only(served)["kind"] == "none"
    again = served.json("prepare", ASKED)
    assert again["answer"] != first["answer"], "not the answer that was wrong"


def test_pin_edit_and_delete(served: Home) -> None:
    served.write("boiler.md", BOILER.replace("2031", "2032"))  # what was wrong may be right now
    served.json("sync")
    number = served.json("prepare", ASKED)["prepared"]
    assert number is not None
    assert served.json("pin", str(number)) == {
        "question": ASKED, "prepared": number, "is_pinned": True, "is_edited": False,
    }  # fmt: skip
    assert prepared_only(served)["pinned"] is True
    assert served.json("unpin", ASKED)["is_pinned"] is False
    words = served.root / "words.txt"
    words.write_text("Ring Dev instead.\n")
    assert served.json("edit", str(number), "--file", words)["is_edited"] is True
    answer = prepared_only(served)
    assert (answer["answer"], answer["edited"]) == ("Ring Dev instead.", True)
    assert answer["citations"]
    served.write("boiler.md", BOILER.replace("2031", "2033"))
    answer = prepared_only(served)
    assert (answer["answer"], answer["freshness"]) == ("Ring Dev instead.", "changed")
    assert "14 October 2032" in str(answer["change_note"])
    served.json("sync")
    assert served.json("edit", ASKED, "--undo")["prepared"] is None, "its note had changed"
    number = served.json("prepare", ASKED)["prepared"]
    assert served.json("delete", str(number))["prepared"] is None
    assert prepared_only(served)["kind"] == "none"


def test_never_prepare_this(served: Home) -> None:
    served.json("prepare", ASKED)
    rules = served.json("never", "how many days is it until the boiler's next service")["never"]
    assert [rule["text"] for rule in rules] == ["how many days is it until the boiler's next service"]
    assert prepared_only(served)["kind"] == "none"
    refused = served.run("prepare", ASKED)
    assert refused.returncode == 1 and "never" in refused.stderr
    assert_one_sentence(refused.stderr)
    assert served.json("never", ASKED, "--off")["never"] == served.json("never")["never"] == []
    assert served.json("prepare", ASKED)["kind"] == "hit"
    secret = served.run("prepare", "What is the wifi password?")
    assert secret.returncode == 1 and "secret" in secret.stderr
    assert_one_sentence(secret.stderr)
    batch = served.root / "questions.jsonl"
    batch.write_text(
        json.dumps({"id": 1, "question": "What is the wifi password?"})
        + "\n"
        + json.dumps({"id": 2, "question": ASKED})
    )
    told = served.run("prepare", "--batch", batch)
    first, second = (json.loads(line) for line in told.stdout.splitlines())
    assert (first["error"], second["kind"], told.returncode) == ("secret-not-prepared", "hit", 0)


def test_a_digest_is_deleted(served: Home) -> None:
    served.json("work", "--for", "10s")
    assert served.json("digest", served.notes / "boiler.md")["digests"]
    served.json("delete", "--digest", served.notes / "boiler.md")
    assert served.json("digest", served.notes / "boiler.md")["digests"] == []


def test_the_ledger_links_what_was_served_to_what_it_cost(served: Home, prepared: int) -> None:
    prepared_only(served)
    ledger = served.json("ledger", "--days", "0")
    total = ledger["total"]
    assert total["spent_s"] > 0 and total["prepared"] >= 1 and total["asked"] >= 1
    assert total["spent_s"] == pytest.approx(sum(line["spent_s"] for line in ledger["reasons"]))
    prepared_line = next(line for line in ledger["lines"] if line["kind"] == "prepare")
    assert prepared_line["energy_j"] >= 0 and isinstance(prepared_line["is_energy_estimated"], bool)
    assert {"name", "saved_s", "saved_per_spent", "never_asked", "share_wasted"} <= ledger["reasons"][
        0
    ].keys()
    serving = ledger["servings"][0]
    assert serving["question"] == ASKED and serving["cost_s"] > 0
    assert ledger["trust"] and ledger["never_after_days"] == 0
    assert served.json("ledger", "--since", "2099-01-01")["total"]["spent_s"] == 0
    text = served.run("ledger", "--since", "7d").stdout
    assert " Wh" in text
    assert "never asked" in text and "requested" in text


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (("verdict", "99999", "right"), 1, "number"),
        (("verdict", "x", "right"), 2, "serving"),
        (("verdict", "0", "right"), 2, "number"),
        (("verdict", "1", "perhaps"), 2, "perhaps"),
        (("pin", "99999"), 1, "no such prepared answer"),
        (("pin", "Who ever asked that?"), 1, "no such prepared answer"),
        (("unpin", "99999"), 1, "no such prepared answer"),
        (("edit", "99999", "--text", "words"), 1, "no such prepared answer"),
        (("edit", "1"), 2, "--text"),
        (("edit", "1", "--file", "/no/such/file"), 1, "cannot be used"),
        (("delete", "9" * 30), 1, "no such prepared answer"),
        (("delete",), 2, "--digest"),
        (("delete", "--digest", "/no/such.md"), 1, "No such document"),
        (("never", "--off"), 1, "question"),
        (("never", "Who ever asked that?", "--off"), 1, "wording"),
        (("never", "?!"), 1, "empty"),
        (("ledger", "--since", "soon"), 1, "7d"),
        (("ledger", "--days", "-1"), 2, "--days"),
    ],
    ids=lambda value: " ".join(value)[:30] if isinstance(value, tuple) else None,
)
def test_bad_input_is_told_in_one_sentence(
    served: Home, arguments: tuple[str, ...], code: int, word: str
) -> None:
    done = served.run("--passphrase-file", served.passphrase_file, *arguments)
    assert done.returncode == code, done.stderr
    assert word in done.stderr and done.stdout == ""
    if code == 1:
        assert_one_sentence(done.stderr)


def test_a_locked_vault_takes_no_verdict(served: Home) -> None:
    served.json("vault", "lock")
    done = served.run("verdict", "1", "right")
    assert (done.returncode, done.stdout) == (3, "")
    assert_one_sentence(done.stderr)
    assert json.loads(served.run("--json", "status").stdout)["vault"] == "locked"
    served.json("vault", "unlock")
