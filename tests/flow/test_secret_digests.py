"""Digests, the timeline and tasks take no secrets out of the notes unless the user allows it."""

import pytest
from tests.flow.conftest import Stream
from tests.flow.test_compare import NEW, OLD
from tests.flow.test_digests import work

from pillowbook.domain.digests import FindingKind

FILLER = "The router stands in the hall beside the door, and Dev Marsh set it up in the spring. " * 12
NETWORK = f"""# Network

{FILLER}

The Wi-Fi password is Heron4217.

## Alarm code

Kestrel88 since 3 May 2026.

- [ ] Change the PIN: 4821 by 9 December 2026.
- [ ] Renew the domain by 12 December 2026.
"""
SECRETS = ("Heron4217", "Kestrel88", "4821")


def derived_text(stream: Stream) -> str:
    """All that the vault holds of what was distilled, as it stands in its rows."""
    with stream.vault._require_opened().database.read() as connection:
        found: list[str] = []
        for table in ("digests", "section_gists", "folder_digests", "topic_digests"):
            found += [
                f"{a} {b}" for a, b in connection.execute(f"SELECT gist, facts FROM {table}").fetchall()
            ]
        found += [f"{a} {b}" for a, b in connection.execute("SELECT text, value FROM findings").fetchall()]
    return "\n".join(found)


@pytest.fixture
def network(stream: Stream) -> Stream:
    stream.write("home/network.md", NETWORK)
    stream.write("home/short.md", "# Safe\n\nThe safe stands in the cellar.\n\nThe safe code is 77-31-09.\n")
    stream.sync()
    stream.says["one or two sentences"] = (
        "The router stands in the hall. The password Heron4217 lets guests in. Dev Marsh set the router up."
    )
    stream.says["Numbers only"] = "1, 2, 3, 4, 5, 6"
    return stream


def test_what_is_distilled_gives_no_secret_away(network: Stream) -> None:
    work(network)
    told = derived_text(network)
    assert not any(secret in told for secret in (*SECRETS, "77-31-09"))
    long, short = (
        network.knowledge.digest(network.document(f"home/{name}.md")) for name in ("network", "short")
    )
    assert long is not None and long.gist == "The router stands in the hall. Dev Marsh set the router up."
    assert short is not None and short.gist == "The safe stands in the cellar."
    tasks = network.vault.findings.findings([FindingKind.TASK])
    assert [one.finding.text for one in tasks] == ["Renew the domain by 12 December 2026."]


def test_allowed_they_are_taken_and_forbidden_again_they_go(network: Stream) -> None:
    network.allows_secrets = True
    work(network)
    assert all(secret in derived_text(network) for secret in SECRETS)
    network.allows_secrets = False
    network.beyond.forget_secrets()
    assert not any(secret in derived_text(network) for secret in (*SECRETS, "77-31-09"))
    work(network)
    told = derived_text(network)
    assert "Renew the domain" in told and not any(secret in told for secret in SECRETS)


def test_notes_that_contradict_each_other_in_a_secret_are_not_told(stream: Stream) -> None:
    stream.write("locker-2026-01-10.md", "# Locker 2026-01-10\n\nThe bicycle locker code is K4821.\n")
    stream.write("locker-2026-03-02.md", "# Locker 2026-03-02\n\nThe bicycle locker code is now Q9377.\n")
    stream.write("choir-2026-01-10.md", OLD)
    stream.write("choir-2026-03-02.md", NEW)
    stream.sync()

    def told() -> str:
        stream.beyond.compare()
        return " ".join(f"{one.older.quote} {one.newer.quote}" for one in stream.overview.conflicts())

    stream.allows_secrets = True
    stream.beyond.forget_secrets()
    allowed = told()
    assert "K4821" in allowed and "Monday" in allowed
    stream.allows_secrets = False
    stream.beyond.forget_secrets()
    without = told()
    assert "K4821" not in without and "Q9377" not in without and "Monday" in without
