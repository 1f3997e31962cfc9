"""A model server of the user's own, from the command line: off, warned of, used, and never told what must stay."""

import json
import socket
from collections.abc import Iterator

import pytest
from tests.conftest import Home
from tests.models.servers import HEAD, RawServer, raw_server

OPEN_NOTE = """# Boiler

The next service of the boiler is on 14 October 2026, with Hartwell Heating.

The boiler is a Vaillant and hangs in the loft. The boiler was put in by Hartwell Heating in March 2019. The boiler's
first service was in April 2020 and cost 84 pounds. The boiler's service of 2021 found a worn seal. The boiler's pump
was changed in January 2022 after it had rattled for weeks. The boiler's pressure should stand between 1.2 and 1.5 bar.
The boiler loses a little pressure each winter. The boiler's filling loop is behind the blue door. The boiler's service
book lies on top of it. The service of 2024 was done by Rosalind, who showed how to bleed the boiler. The boiler's flue
was swept in the service of 2025. The boiler's warranty ends in March 2029 if every service is kept.
"""
"""Long enough that questions about it are answered from it alone, and that a digest needs a model."""

KEPT_NOTE = """# Diary

The combination of the garden safe is 7719, and Ottilie knows it too.
"""
SECRETS = ("7719", "Ottilie", "Diary", "diary.md")
WARNED = "will leave this machine"


def answer(connection: socket.socket, request: bytes) -> None:
    """A chat server that always says the same, and yes when it is asked whether that stands there."""
    if request.startswith(b"GET"):
        body = b'{"object": "list", "data": [{"id": "home-model"}]}'
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)
        return
    text = "Yes" if b"Yes or no" in request else "The next service is on 14 October 2026."
    if b'"stream":true' not in request:  # a wish for probabilities, which it does not have
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        return
    event = {"choices": [{"delta": {"content": text}, "finish_reason": "stop"}]}
    connection.sendall(HEAD + b"data: " + json.dumps(event).encode() + b"\n\ndata: [DONE]\n\n")


@pytest.fixture
def server() -> Iterator[RawServer]:
    with raw_server(answer) as made:
        yield made


@pytest.fixture
def notes(home: Home, tiny_model: str) -> Home:
    """A vault, an open folder and one that is kept here, both read."""
    home.write("open/boiler.md", OPEN_NOTE)
    home.write("kept/diary.md", KEPT_NOTE)
    home.json("vault", "init")
    home.json("settings", "set", "models.generator", tiny_model)
    home.json("settings", "set", "schedule.work_when", "never")  # or it is done before the server is allowed
    home.json("add", home.notes / "open")
    assert home.json("add", home.notes / "kept", "--keep-here")["is_kept_here"] is True
    home.json("sync")
    return home


def texts(server: RawServer) -> str:
    """Everything that was sent, as text."""
    return "\n".join(request.decode("utf-8", "replace") for request in server.requests)


def test_it_is_off_and_nothing_is_sent_until_the_warning_is_confirmed(notes: Home, server: RawServer) -> None:
    address = f"http://127.0.0.1:{server.port}/v1"
    notes.json("settings", "set", "models.server_address", address)
    notes.json("ask", "When is the next boiler service?")
    notes.json("work", "--for", "5s")
    assert server.requests == [] and notes.json("status")["server"] == ""

    done = notes.run("settings", "set", "models.server_allowed", "on")
    assert done.returncode == 1 and WARNED in done.stderr and "--yes" in done.stderr
    assert notes.json("settings", "get", "models.server_allowed")["value"] == "off"
    assert server.requests == []

    view = notes.json("models", "server")  # asks for the models' names, and tells nothing
    assert view["models"] == ["home-model"] and view["is_allowed"] is False
    assert len(server.requests) == 1 and b"boiler" not in server.requests[0]

    notes.json("settings", "set", "models.server_allowed", "on", "--yes")
    assert notes.json("status")["server"] == address
    told = notes.json("ask", "When is the next boiler service?", "--live-only")
    assert told["model"] == "home-model@127.0.0.1"
    assert "14 October 2026" in told["answer"] and told["citations"][0]["path"].endswith("boiler.md")
    assert "Hartwell" in texts(server)

    # What was allowed was allowed for that machine: another address has to be allowed anew.
    notes.json("settings", "set", "models.server_address", f"http://127.0.0.1:{server.port}/other")
    assert notes.json("settings", "get", "models.server_allowed")["value"] == "off"


def test_what_is_kept_here_is_never_sent(notes: Home, server: RawServer) -> None:
    """Neither asked nor in the background, nor mixed with text that may leave, nor once it is marked later."""
    notes.json("settings", "set", "models.server_address", f"http://127.0.0.1:{server.port}")
    notes.json("settings", "set", "models.server_allowed", "on", "--yes")
    notes.json("ask", "What is the combination of the garden safe?", "--live-only", "--no-learn")
    notes.json(
        "ask",
        "When is the next boiler service and what is the safe's combination?",
        "--live-only",
        "--no-learn",
    )
    notes.json("work", "--for", "20s")
    assert "Hartwell" in texts(server), "what may leave is written there"
    assert not [secret for secret in SECRETS if secret in texts(server)]

    before = len(server.requests)
    assert notes.json("keep-here", notes.notes / "open")["kept_here"] == [
        str((notes.notes / name).resolve()) for name in ("kept", "open")
    ]
    told = notes.json("ask", "When is the boiler serviced next?", "--live-only", "--no-learn")
    assert "127.0.0.1" not in told["model"]
    assert len(server.requests) == before

    notes.json("keep-here", notes.notes / "open", "--off")
    assert [folder["is_kept_here"] for folder in notes.json("folders")["folders"]] == [False, True]
    notes.json("ask", "When is the boiler serviced next?", "--live-only", "--no-learn")
    assert len(server.requests) > before


def test_the_key_stays_in_the_vault_and_goes_to_its_server_alone(notes: Home, server: RawServer) -> None:
    key = notes.root / "key"
    key.write_text("k3y-of-the-server\n")
    notes.json("settings", "set", "models.server_address", f"http://127.0.0.1:{server.port}")
    notes.json("models", "key", "--file", key)
    assert notes.json("models", "server")["has_key"] is True
    assert b"Authorization: Bearer k3y-of-the-server" in server.requests[-1]
    with raw_server(answer) as other:
        notes.json("settings", "set", "models.server_address", f"http://127.0.0.1:{other.port}")
        assert notes.json("models", "server")["has_key"] is False
        assert b"k3y" not in other.requests[-1]
    notes.run("stop")
    for file in notes.profile.root.rglob("*"):
        if file.is_file():
            assert b"k3y-of-the-server" not in file.read_bytes(), file.name
