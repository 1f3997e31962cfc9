"""Nothing readable on disk, after a kill as well."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pillowbook.domain.clock import ManualClock
from pillowbook.host.keychain import NoKeychain
from pillowbook.host.paths import Profile
from pillowbook.store.vault import Vault

CANARIES = ("zanzibarine", "quuxotic")
HEADER = b"SQLite format 3"

WRITER = """
import os, signal, sys
from pathlib import Path
from pillowbook.domain.answers import AnswerKind, Reason
from pillowbook.domain.clock import SystemClock
from pillowbook.domain.documents import Fingerprint, PassageDraft
from pillowbook.host.keychain import NoKeychain
from pillowbook.host.paths import Profile
from pillowbook.store.crypto import KdfCost
from pillowbook.store.vault import Vault

vault = Vault(Profile(Path(sys.argv[1])), NoKeychain(), SystemClock(), kdf_cost=KdfCost(64, 1, 1))
vault.create("zanzibarine passphrase")
folder = vault.library.add_folder("/notes/zanzibarine")
for number in range(60):
    text = f"zanzibarine quuxotic {number} " * 20
    draft = PassageDraft(text, f"{number:064x}", "quuxotic", 0, len(text), 1, None)
    print_ = Fingerprint(1, 2, 3, 4, f"{number:064x}")
    change = vault.library.put_document(
        folder.id, f"/notes/zanzibarine/{number}", "zanzibarine", "md", print_, text, [draft], {})
    vault.knowledge.put_digest(change.document_id, "quuxotic gist", [], f"{number:064x}", "m")
    vault.knowledge.record_asked(f"zanzibarine {number}", "Zanzibarine?", AnswerKind.NONE, 1.0, None)
    if number % 3 == 0:
        vault.library.delete_document(change.document_id)
    vault.words.search("quuxotic", 5)
sys.stdout.write("written"); sys.stdout.flush()
END
"""


def find_plain(root: Path, words: tuple[str, ...]) -> list[str]:
    """Files below ``root`` that hold a word, in any usual encoding or case."""
    found = []
    for path in root.rglob("*"):
        if not path.is_file():
            continue
        content = path.read_bytes().lower()
        for word in words:
            if any(word.encode(encoding) in content for encoding in ("utf-8", "utf-16-le", "utf-16-be")):
                found.append(f"{path.name}: {word}")
        if content.startswith(HEADER.lower()):
            found.append(f"{path.name}: header")
    return found


@pytest.mark.parametrize("end", ["os._exit(3)", "os.kill(os.getpid(), signal.SIGKILL)", "vault.lock()"])
def test_no_plain_text_is_left_on_disk(tmp_path: Path, end: str) -> None:
    """Users test an encrypted program with grep (joplin 13573)."""
    runtime, temporary = tmp_path / "run", tmp_path / "tmp"
    runtime.mkdir()
    temporary.mkdir()
    source = Path(__file__).parents[2] / "desktop"
    environment = os.environ | {
        "PYTHONPATH": str(source),
        "XDG_RUNTIME_DIR": str(runtime),
        "TMPDIR": str(temporary),
        "SQLITE_TMPDIR": str(temporary),
    }
    ended = subprocess.run(
        [sys.executable, "-c", WRITER.replace("END", end), str(tmp_path / "profile")],
        env=environment,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert ended.stdout == b"written", ended.stderr.decode()
    assert find_plain(tmp_path, CANARIES) == []
    assert list(temporary.iterdir()) == []
    # All that was committed is there again.
    vault = Vault(Profile(tmp_path / "profile"), NoKeychain(), ManualClock())
    vault.unlock("zanzibarine passphrase")
    assert vault.check() == []
    assert vault.library.counts().passages == 40
    assert len(vault.words.search("quuxotic", 500)) == 40
    vault.lock()


def test_the_search_itself_finds_plain_text(tmp_path: Path) -> None:
    """Otherwise the test above would prove nothing."""
    (tmp_path / "a").write_text("Zanzibarine", encoding="utf-16-le")
    (tmp_path / "b").write_text("a quuxotic b")
    assert len(find_plain(tmp_path, CANARIES)) == 2
