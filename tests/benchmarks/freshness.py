"""Freshness at the moment of serving: real histories of notes, replayed in every way in which files change.

Run:  python -m tests.benchmarks.freshness FILE.jsonl.xz... [--steps 500] [--prepared 200]

From step 0 on answers are kept prepared. No model makes them: a question is some words of a sentence of a note, its
answer and its quote are that sentence, and the embedder is one of bags of words. Reading, splitting, storing,
withdrawing, matching and checking are the product's own; so are, in blocks of ten steps, its watcher and its library
thread (``watched``). In the blocks between nothing listens and nothing is read for ten steps (``deaf``).

Each change of a step is made in one of ``WAYS``, in turn, and prepared answers that rest on the changed note, and some
others, are asked for at once; then the note is put as the history has it, and they are asked for again. Whether what
is served as fresh is so is decided here, from the files: each quote must stand in the file at its path, under the
heading that it was cited with. ``stale`` counts what does not, and must be 0; so must ``stale, amber``, the same for
what is served with newer evidence beside it. ``text changed`` counts the servings at which the text cited was gone or
changed, of those whose volume was there: only these can be stale. ``in vain`` counts what was not served although all
its quotes stand. ``shown falsely`` counts passages shown beside an answer, or found by a search, that do not stand in
their files.

What is asked for while a thread writes the note is held against all that the file may have held between the question
and the answer (``Held``): it is stale where none of that has its quotes, and ``may have changed`` counts the servings
at which some of it had not.
"""

import argparse
import math
import mmap
import os
import random
import re
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tests.benchmarks.common import machine, share
from tests.benchmarks.histories import KEPT, is_in, question_of, stands, steps_of
from tests.flow.conftest import Stream

from pillowbook.answering.cite import cite_unit
from pillowbook.answering.pairs import normalise_question
from pillowbook.answering.sources import sources_of
from pillowbook.answering.units import split_units
from pillowbook.core.library_loop import LibraryLoop
from pillowbook.domain.answers import (
    Answer,
    Citation,
    Draft,
    Effort,
    Freshness,
    PreparedAnswer,
    Reason,
    Tokens,
)
from pillowbook.domain.asking import AskMode
from pillowbook.domain.documents import Document
from pillowbook.domain.errors import PillowbookError
from pillowbook.host.workers import CancelToken

BLOCK = 10
RACED = 4
"""Prepared answers of a note that are asked for while it is written, each once: it may be withdrawn then."""
MOST_PAUSE_S = 0.02
"""Between two of its writes: an answer takes a few milliseconds and falls now into a pause, now into a write."""
NOBODY = 65534
_HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$")

Way = Callable[["Replay", Path, bytes], None]


class Replay:
    """One history over one vault."""

    def __init__(self, root: Path, prepared: int) -> None:
        self.root = root
        self.stream = Stream(root)
        self.notes = self.stream.notes
        self.counts: Counter[str] = Counter()
        self.by_way: dict[str, Counter[str]] = {}
        self.check_ms: list[float] = []
        self._prepared = prepared
        self._draw = random.Random(5)
        self._turn = 0
        self._listed: tuple[int, list[PreparedAnswer]] = (-1, [])
        self._maps: dict[Path, mmap.mmap] = {}
        self._opened = ExitStack()
        self._loop: LibraryLoop | None = None

    # -- the stream --------------------------------------------------------------------------------------------------

    def listen(self) -> None:
        """Let the product's own watcher and library thread keep up."""
        self._loop = LibraryLoop(self.stream.library, self.stream.ingestor, on_change=lambda: None)
        self.stream.refresh = self._loop.refresh
        self._loop.start()

    def deafen(self) -> None:
        """End the watcher and the thread: nothing is heard and nothing is read."""
        if self._loop is not None:
            self._loop.stop()
        self._loop = None
        self.stream.refresh = None

    def catch_up(self) -> None:
        """Have everything read."""
        if self._loop is None:
            self.stream.sync()
        else:
            self._loop.sync(CancelToken(), lambda done, total: None)

    def prepare(self, steps: Sequence[dict]) -> None:
        """Keep so many answers prepared, some of them from every note that these steps change."""
        for change in (one for step in steps for one in step["changes"]):
            document = self.stream.library.document_at(str(self.notes / change["path"]))
            if document is not None and document.fingerprint is not None:
                on_it = [one for one in self._prepared_now() if one.sources[0].document_id == document.id]
                self.prepare_from(document, 4 - len(on_it))
        documents = [one for one in self.stream.library.documents() if one.fingerprint is not None]
        self._draw.shuffle(documents)
        missing = self._prepared - self.stream.knowledge.counts().prepared
        for document in documents:
            if missing <= 0:
                return
            missing -= self.prepare_from(document, 2)

    def prepare_from(self, document: Document, wanted: int) -> int:
        made = 0
        if wanted <= 0:
            return 0
        units = [u for p in self.stream.library.passages(document.id) for u in split_units(p)]
        for unit in self._draw.sample(units, len(units)):
            question = question_of(unit.text)
            if made == wanted or not question or not stands(document.path, unit.quote[:600]):
                continue
            normal = normalise_question(question)
            if self.stream.knowledge.question_by_normal(normal) is not None:
                known = self.stream.prepared(question)
                if known is not None:
                    continue
            cited = cite_unit(unit)
            draft = Draft(question, unit.text[:400], (cited,), (), 0.9, (), Tokens(), "", Effort.PREPARED)
            vector = self.stream.embedder.embed([question], deadline_s=1)[0]
            try:
                question_id = self.stream.knowledge.add_question(question, normal, Reason.REQUESTED)
                sources = sources_of([cited], self.stream.library)
                self.stream.knowledge.put_prepared(question_id, draft, sources, 0.0, vector)
            except (PillowbookError, ValueError):  # it changed meanwhile
                continue
            made += 1
        return made

    # -- serving -----------------------------------------------------------------------------------------------------

    def serve(self, way: str, path: Path | None, most: int = 4, others: int = 2) -> None:
        """Ask for what rests on a note, and for some others."""
        prepared = self._prepared_now()
        on_it = [one for one in prepared if path and any(s.path == str(path) for s in one.sources)]
        asked = [
            *self._draw.sample(on_it, min(most, len(on_it))),
            *self._draw.sample(prepared, min(others, len(prepared))),
        ]
        for number, one in enumerate(asked):
            self._serve_one(way, one, searches=number == 0)

    def _serve_one(self, way: str, one: PreparedAnswer, *, searches: bool) -> None:
        tally = self.by_way.setdefault(way, Counter())
        began = time.perf_counter()
        answer = self.stream.server.ask(one.question, mode=AskMode.PREPARED_ONLY, learn=False)
        self.check_ms.append(1000 * (time.perf_counter() - began))
        tally["served"] += 1
        is_true = all(stands_there(cited) for cited in one.citations)
        tally["text changed"] += not is_true and not self._is_away()
        if not answer.answer:
            tally["in vain"] += is_true
        self._judge(tally, answer, is_true=all(stands_there(cited) for cited in answer.citations))
        self._look_at_rest(tally, answer, one, searches=searches)

    def _judge(self, tally: Counter[str], answer: Answer, *, is_true: bool) -> None:
        """Count how it was served, and whether it is what it is served as."""
        tally[str(answer.freshness and answer.freshness.value) if answer.answer else "withheld"] += 1
        if answer.freshness is Freshness.FRESH:
            tally["stale"] += not is_true
            tally["told"] += answer.checked_files > 0 and answer.checked_at is not None
        elif answer.freshness is Freshness.NEW_EVIDENCE:
            tally["stale, amber"] += not is_true

    def race(self, path: Path, held: "Held") -> None:
        """Ask for what rests on a note while it is written."""
        tally = self.by_way.setdefault("while it is written", Counter())
        on_it = [one for one in self._prepared_now() if one.sources[0].path == str(path)]
        for one in on_it[:RACED]:
            began = time.perf_counter()
            answer = self.stream.server.ask(one.question, mode=AskMode.PREPARED_ONLY, learn=False)
            held_then = held.between(began, time.perf_counter())
            tally["served"] += 1
            known = [all(borne_out(cited, text, path) for cited in one.citations) for text in held_then]
            tally["text changed"] += not any(known)
            tally["may have changed"] += any(known) and not all(known)
            shown = [all(borne_out(cited, text, path) for cited in answer.citations) for text in held_then]
            self._judge(tally, answer, is_true=any(shown))

    def _look_at_rest(
        self, tally: Counter[str], answer: Answer, one: PreparedAnswer, *, searches: bool
    ) -> None:
        """What is shown beside it: the nearest passage, a note of what changed, hits of a search."""
        if answer.freshness is not Freshness.UNCHECKED and not self._is_away():
            tally["shown falsely"] += sum(not stands_there(cited) for cited in answer.nearest)
            tally["shown"] += len(answer.nearest)
            for hit in self.stream.server.search(one.question, limit=5).hits if searches else ():
                tally["shown"] += 1
                tally["shown falsely"] += not has_words(hit.path, hit.snippet[hit.marked[0] : hit.marked[1]])
        if answer.change_note:
            tally["note"] += 1
            if "says now: “" in answer.change_note:
                tally["note tells what it says now"] += 1
                now = answer.change_note.rpartition("says now: “")[2].removesuffix("”.")
                tally["shown falsely"] += not has_words(one.citations[0].path, now)

    def _is_away(self) -> bool:
        return not self.notes.exists()

    def _prepared_now(self) -> list[PreparedAnswer]:
        changes = self.stream.knowledge.prepared_changes()
        if self._listed[0] != changes:
            self._listed = (changes, self.stream.knowledge.prepared_answers())
        return self._listed[1]

    # -- changing ----------------------------------------------------------------------------------------------------

    def step(self, step: dict) -> None:
        """Change the notes, each in the way whose turn it is, and ask."""
        for change in step.get("changes", ()):
            path = self.notes / change["path"]
            if path.suffix not in KEPT or ".." in Path(change["path"]).parts:
                continue
            new = None if change["op"] == "delete" else change["text"].encode("utf-8")
            if new is not None and path.is_file() and path.read_bytes() != new:
                name, way = list(WAYS.items())[self._turn % len(WAYS)]
                self._turn += 1
                if name == "memory map" and path not in self._maps:
                    name, way = "same size, times kept", WAYS["same size, times kept"]
                way(self, path, new)
                self.serve(name, path)
                if not path.is_file() or path.is_symlink() or path.read_bytes() != new:
                    put(path, new)
                    self.serve("then as it should be", path)
            elif new is None:
                path.unlink(missing_ok=True)
                self.serve("deleted", path)
            else:
                put(path, new)
                self.serve("added", path)
        self._forget_maps()

    def _map_some(self, *steps: dict) -> None:
        """Have pages of notes that change next dirty before they are read: writing to them leaves the times alone."""
        for change in (one for step in steps for one in step["changes"]):
            path = self.notes / change["path"]
            if change["op"] == "modify" and path.is_file() and path.stat().st_size:
                file = self._opened.enter_context(path.open("r+b"))
                mapped = self._opened.enter_context(mmap.mmap(file.fileno(), 0))
                mapped[0:1] = mapped[0:1]
                self._maps[path] = mapped

    def mapped(self, path: Path) -> mmap.mmap:
        return self._maps[path]

    def _forget_maps(self) -> None:
        self._maps.clear()
        self._opened.close()
        self._opened = ExitStack()

    def close(self) -> None:
        self.deafen()
        self._forget_maps()
        self.stream.close()

    def replay(self, path: Path, most_steps: int) -> int:
        first, *steps = steps_of(path)
        for name, text in first["files"].items():
            if Path(name).suffix in KEPT and ".." not in Path(name).parts:
                put(self.notes / name, text.encode("utf-8"))
        self.catch_up()
        steps = steps[:most_steps]
        for number, step in enumerate(steps):
            block, at = divmod(number, BLOCK)
            is_watched = block % 2 == 0
            if at == 0:
                self.deafen()
                self.catch_up()
                self.stream.clock.days = (0, -400, 3)[block % 3]  # the clock set back, and ahead
                self.prepare(steps[number : number + BLOCK])
                self._map_some(step)
                if is_watched:
                    self.listen()
            self.counts["watched steps" if is_watched else "deaf steps"] += 1
            self.step(step)
            self.serve("nothing done", None, others=4)
            if is_watched:
                following = steps[number + 1 : number + 2]
                self._map_some(*following)
                self.catch_up()
                self.prepare(following)
                self.hold_all()
            if number % 25 == 24:
                totals: Counter[str] = sum(self.by_way.values(), Counter())
                stale, falsely = totals["stale"], totals["shown falsely"]
                print(
                    f"  step {number + 1}: served {totals['served']}, fresh {totals['fresh']}, "
                    f"stale {stale}, shown falsely {falsely}",
                    flush=True,
                )
        self.deafen()
        self.catch_up()
        self.hold_all()
        return len(steps)

    def hold_all(self) -> None:
        """Everything was read: no prepared answer may rest on text that is gone."""
        for one in self.stream.knowledge.prepared_answers():
            self.counts["held after reading"] += 1
            self.counts["resting on what is gone"] += not all(stands_there(cited) for cited in one.citations)


# -- the ways --------------------------------------------------------------------------------------------------------


def put(path: Path, data: bytes) -> None:
    if path.is_symlink():
        path.unlink()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def fitted(old: bytes, new: bytes) -> bytes:
    """The new bytes, cut or filled up with blanks to as many as the old."""
    cut = new[: len(old)].decode("utf-8", "ignore").encode("utf-8")
    return cut.ljust(len(old), b" ")


def times(path: Path) -> tuple[int, int]:
    facts = path.stat()
    return facts.st_atime_ns, facts.st_mtime_ns


def write(replay: Replay, path: Path, new: bytes) -> None:
    put(path, new)


def write_keeping_times(replay: Replay, path: Path, new: bytes) -> None:
    kept = times(path)
    put(path, new)
    os.utime(path, ns=kept)


def copy_preserving(replay: Replay, path: Path, new: bytes) -> None:
    """``cp -p`` of an older copy over it."""
    other = replay.root / "other"
    other.write_bytes(new)
    os.utime(other, ns=times(path))
    shutil.copy2(other, path)


def replace(replay: Replay, path: Path, new: bytes) -> None:
    other = replay.root / "other"
    other.write_bytes(new)
    other.replace(path)


def replace_keeping_times(replay: Replay, path: Path, new: bytes) -> None:
    other = replay.root / "other"
    other.write_bytes(fitted(path.read_bytes(), new))
    os.utime(other, ns=times(path))
    other.replace(path)


def same_size(replay: Replay, path: Path, new: bytes) -> None:
    put(path, fitted(path.read_bytes(), new))


def same_size_keeping_times(replay: Replay, path: Path, new: bytes) -> None:
    kept = times(path)
    put(path, fitted(path.read_bytes(), new))
    os.utime(path, ns=kept)


def through_a_map(replay: Replay, path: Path, new: bytes) -> None:
    before = path.stat()
    mapped = replay.mapped(path)
    mapped[:] = fitted(mapped[:], new)
    after = path.stat()
    is_same = (before.st_mtime_ns, before.st_ctime_ns) == (after.st_mtime_ns, after.st_ctime_ns)
    replay.counts["memory maps that left all times as they were"] += is_same


def set_back(replay: Replay, path: Path, new: bytes) -> None:
    """What is written while the clock is three years behind."""
    put(path, new)
    back = 3 * 365 * 86400 * 10**9
    os.utime(path, ns=(times(path)[0] - back, times(path)[1] - back))


def link_to_new(replay: Replay, path: Path, new: bytes) -> None:
    other = replay.root / f"linked{replay._turn}"
    other.write_bytes(new)
    path.unlink()
    path.symlink_to(other)


def link_to_old(replay: Replay, path: Path, new: bytes) -> None:
    other = replay.root / f"linked{replay._turn}"
    path.rename(other)
    path.symlink_to(other)


def cut_short(replay: Replay, path: Path, new: bytes) -> None:
    """A program that is just saving it."""
    path.write_bytes(new[: len(new) // 3])


def move_folder(replay: Replay, path: Path, new: bytes) -> None:
    """The folder it lies in is moved away, and back."""
    away = replay.root / f"moved{replay._turn}"
    place = path.parent if path.parent != replay.notes else path
    place.rename(away)
    replay.serve("folder moved", path)
    away.rename(place)


def close_to_us(replay: Replay, path: Path, new: bytes) -> None:
    path.chmod(0)
    with as_nobody():
        replay.serve("unreadable", path)
    path.chmod(0o600)


def take_volume(replay: Replay, path: Path, new: bytes) -> None:
    """The whole volume is not there, and comes back changed."""
    away = replay.root / "away"
    replay.notes.rename(away)
    replay.serve("volume absent", path)
    (away / path.relative_to(replay.notes)).write_bytes(new)
    away.rename(replay.notes)


@dataclass(slots=True)
class Written:
    """One writing of a file; until it has ended what was there before may be."""

    data: bytes
    began_s: float
    ended_s: float = math.inf


class Held:
    """What a file held, and when. One thread writes through it, another asks it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written = [Written(path.read_bytes(), -math.inf, -math.inf)]

    def write(self, data: bytes) -> None:
        one = Written(data, time.perf_counter())
        self._written.append(one)
        self._path.write_bytes(data)
        one.ended_s = time.perf_counter()

    def between(self, began_s: float, ended_s: float) -> list[str]:
        """All that it may have held in that time, each text once.

        A file that is being written holds a beginning of what is written; whatever stands in that stands in the whole.
        """
        written = list(self._written)
        replaced_s = [one.ended_s for one in written[1:]] + [math.inf]
        return list(
            {
                one.data.decode("utf-8", "replace"): None
                for one, until_s in zip(written, replaced_s, strict=True)
                if one.began_s <= ended_s and until_s >= began_s
            }
        )


def while_it_is_written(replay: Replay, path: Path, new: bytes) -> None:
    """A thread writes old and new in turn while it is asked for; it ends with the new, and then counts as any."""
    held, stop, draw = Held(path), threading.Event(), random.Random(7)
    old = path.read_bytes()

    def write_on() -> None:
        while True:
            for data in (new, old, new):
                held.write(data)
                if stop.wait(draw.uniform(0, MOST_PAUSE_S)):
                    return

    writer = threading.Thread(target=write_on)
    writer.start()
    try:
        replay.race(path, held)
    finally:
        stop.set()
        writer.join()
    path.write_bytes(new)


WAYS: dict[str, Way] = {
    "written": write,
    "times kept": write_keeping_times,
    "cp -p": copy_preserving,
    "replaced": replace,
    "replaced, same size, times kept": replace_keeping_times,
    "same size": same_size,
    "same size, times kept": same_size_keeping_times,
    "memory map": through_a_map,
    "clock set back": set_back,
    "a link to other text": link_to_new,
    "a link to the same text": link_to_old,
    "being saved": cut_short,
    "folder moved and back": move_folder,
    "unreadable and back": close_to_us,
    "volume absent and back, changed": take_volume,
    "written while it is asked for": while_it_is_written,
}


# -- what the files say, by code of its own --------------------------------------------------------------------------


def stands_there(cited: Citation) -> bool:
    """Whether a quote stands in its file now, but for white space, under the heading it was cited with."""
    try:
        return stands_in(cited, Path(cited.path).read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return False


def borne_out(cited: Citation, text: str, path: Path) -> bool:
    """As :func:`stands_there`, if that text is what the file at ``path`` holds."""
    return stands_in(cited, text) if cited.path == str(path) else stands_there(cited)


def stands_in(cited: Citation, text: str) -> bool:
    """Whether a quote stands in a text, but for white space, under the heading it was cited with."""
    wanted = bare(cited.heading.rpartition(" › ")[2])
    return is_in(cited.quote, text) and (not wanted or wanted in headings_above(text, cited.quote))


def headings_above(text: str, quote: str) -> set[str]:
    """The headings under which a quote's first line stands, and those above them."""
    first = " ".join(quote.strip().splitlines()[0].split())
    above: dict[int, str] = {}
    found: set[str] = set()
    fence = ""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        marks = re.match(r" {0,3}(`{3,}|~{3,})(.*)", line)
        if not fence and marks:
            fence = marks[1]
        elif fence and marks and marks[1].startswith(fence) and not marks[2].strip():
            fence = ""  # what names a language opens and does not close (CommonMark 0.31, 4.5)
        heading = None if fence else _HEADING.match(line)
        under = re.match(r"^ {0,3}(=+|-{2,})\s*$", lines[number + 1]) if number + 1 < len(lines) else None
        if heading:
            level = len(heading[1])
            above = {key: value for key, value in above.items() if key < level} | {level: bare(heading[2])}
        elif under and line.strip() and not fence:
            level = 1 if under[1].startswith("=") else 2
            above = {key: value for key, value in above.items() if key < level} | {level: bare(line)}
        if first in " ".join(line.split()) or (
            " ".join(line.split()) and first.startswith(" ".join(line.split()))
        ):
            found |= set(above.values())
    return found


def bare(text: str) -> str:
    """Letters and digits alone: marks within headings are shown in one place and not in another."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return "".join(re.findall(r"[^\W_]+", text)).casefold()


def has_words(path: str, shown: str) -> bool:
    """Whether a stretch that was shown without its markup stands in a file, by its letters and digits in order.

    A stretch may begin or end in the middle of a link, whose address then is shown.
    """
    try:
        text = Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    pieces = [bare(piece) for piece in shown.split("…")]
    whole = "".join(re.findall(r"[^\W_]+", text)).casefold()
    return all(piece in bare(text) or piece in whole for piece in pieces)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may read what nobody may; with the rights of nobody an unreadable file is one."""
    if os.name == "nt" or os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def report(name: str, steps: int, replay: Replay) -> Counter[str]:
    total: Counter[str] = Counter()
    print(f"\n{name}: {steps} steps; {dict(sorted(replay.counts.items()))}")
    for way, tally in replay.by_way.items():
        total += tally
        print(f"  {way}: {dict(tally)}")
    ms = np.percentile(replay.check_ms, (50, 95, 99)) if replay.check_ms else (0, 0, 0)
    print(f"  asked: p50 {ms[0]:.1f}, p95 {ms[1]:.1f}, p99 {ms[2]:.1f} ms; all: {dict(total)}", flush=True)
    return total


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--prepared", type=int, default=200, help="answers kept ready")
    arguments = parser.parse_args()
    print(machine())
    total: Counter[str] = Counter()
    gone = 0
    for path in arguments.files:
        root = Path(tempfile.mkdtemp())
        root.chmod(0o755)
        replay = Replay(root, arguments.prepared)
        try:
            steps = replay.replay(path, arguments.steps)
        finally:
            replay.close()
            shutil.rmtree(root, ignore_errors=True)
        total += report(path.name, steps, replay)
        gone += replay.counts["resting on what is gone"]
    stale = total["stale"] + total["stale, amber"]
    print(
        f"\nserved {total['served']}, as fresh {total['fresh']}, stale {share(total['stale'], total['fresh'])}; "
        f"with newer evidence {total['new_evidence']}, stale "
        f"{share(total['stale, amber'], total['new_evidence'])}\n"
        f"text cited was gone or changed at that moment: {total['text changed']} servings, "
        f"shown all the same {share(stale, total['text changed'])}"
    )
    assert not stale and not gone, "something that was served rests on text that is gone"


if __name__ == "__main__":
    main()
