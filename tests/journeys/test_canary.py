"""Nothing readable is left on disk: words planted in notes, questions and answers are looked for in every byte."""

import contextlib
import mmap
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
from tests.conftest import Home

NOTE_WORD = "zanzaribo"
QUESTION_WORD = "quorvexilant"
FILE_WORD = "wumblefrotz"
WORDS = (NOTE_WORD, QUESTION_WORD, FILE_WORD)
ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be")

NOTE = f"""# Pets

The parrot's name is {NOTE_WORD.capitalize()}. It came to us on 3 May 2024.

## Food

{NOTE_WORD.capitalize()} eats sunflower seeds and half an apple a day.
"""


def planted(home: Home, model: str) -> None:
    """A vault with the words in a note's text, a file's name, questions, a search and background work."""
    home.write(f"{FILE_WORD}.md", NOTE)
    home.json("vault", "init")
    home.json("settings", "set", "models.generator", model)
    home.json("add", home.notes)
    home.json("sync")
    assert home.json("search", NOTE_WORD)["hits"]
    home.json("ask", f"What is the {QUESTION_WORD} of {NOTE_WORD}?")
    home.json("work", "--for", "10s")


def files(home: Home) -> Iterator[Path]:
    """Every file of the home but the notes, and what shared memory holds since."""
    for folder in (home.root, Path("/dev/shm")):
        for place, names, entries in os.walk(folder):
            if Path(place) == home.notes:
                names.clear()
                continue
            for entry in entries:
                file = Path(place) / entry
                if file.is_file() and not file.is_symlink():
                    yield file


def leaks(home: Home) -> list[str]:
    """Files in which one of the words stands, in any encoding and either case."""
    found = []
    needles = [
        form.encode(encoding)
        for word in WORDS
        for form in (word, word.capitalize())
        for encoding in ENCODINGS
    ]
    for file in files(home):
        name = str(file).lower()
        found += [f"{file}: in its name" for word in WORDS if word in name]
        with contextlib.suppress(FileNotFoundError, PermissionError), file.open("rb") as stream:
            if not os.fstat(stream.fileno()).st_size:
                continue
            with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
                found += [f"{file}: {needle!r}" for needle in needles if data.find(needle) >= 0]
    return found


def test_the_search_for_leaks_finds_them(home: Home) -> None:
    """The test below could not pass by looking in the wrong place."""
    for encoding in ENCODINGS:
        file = home.root / "tmp" / "left-over"
        file.write_bytes(b"\x00\x01" + NOTE_WORD.encode(encoding) + b"\x00")
        assert leaks(home), encoding
        file.unlink()
    assert leaks(home) == []


def test_no_word_is_readable_on_disk(home: Home, tiny_model: str) -> None:
    planted(home, tiny_model)
    home.run("--passphrase-file", home.passphrase_file, "ask", "")
    assert leaks(home) == [], "while the vault is open"
    home.json("vault", "lock")
    assert leaks(home) == [], "while it is locked"
    home.run("stop")
    assert leaks(home) == [], "after the end"
    log = home.profile.log_file.read_text("utf-8").lower()
    assert "core ready" in log
    assert str(home.notes).lower() not in log, "names of folders are content too"


def test_no_word_is_readable_after_kill_9(home: Home, tiny_model: str) -> None:
    """While it indexes, works and answers, one after the other in one home."""
    planted(home, tiny_model)
    for number in range(60):
        home.write(f"more/{number}.md", NOTE.replace("3 May", f"{number} May"))
    for command, seconds in (
        (["sync"], 1.0),
        (["work", "--for", "60s"], 4.0),
        (["ask", f"Who is {NOTE_WORD}?"], 4.0),
    ):
        before = used_s(home)
        thread = threading.Thread(target=home.run, args=["--passphrase-file", home.passphrase_file, *command])
        thread.start()
        # Under way: the core and its workers have used some processor time for it, or it is done already.
        while thread.is_alive() and used_s(home) - before < seconds:
            time.sleep(0.02)
        assert thread.is_alive() or command[0] == "ask", "it was to be killed in the middle"
        home.kill()
        thread.join()
        assert home.processes() == []
        assert leaks(home) == [], command
        assert home.json("vault", "check")["findings"] == [], command


def used_s(home: Home) -> float:
    """Processor time of everything of this home but the commands, in seconds."""
    used = 0.0
    for process in home.processes():
        with contextlib.suppress(psutil.Error):
            if "--passphrase-file" not in process.cmdline():
                used += sum(process.cpu_times()[:2])
    return used
