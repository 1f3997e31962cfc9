"""How long everything takes at 100,000 passages and 10,000 prepared answers, beside a plain loop in the same run.

Run:  python -m tests.benchmarks.latency --profile DIR --data DIR --embedder DIR [--rounds 200] [--generator GGUF]
          [--core] [--hot]

The vault is built into ``--profile`` the first time (``large_vault.py`` says of what) and used again. What is measured
is a copy of it: questions are asked as the window asks them, so that they are remembered, and a miss becomes a question
to prepare, through the one writer and before the answer goes out. ``of that, once it was ready`` is what an ask took
beyond the answer's own ``latency_ms``, which is taken before that. Each figure is
p50 / p95 / p99 in ms, and in brackets the processor time of the calling thread alone (p50 / p95), which other programs
on the machine do not change; first with nothing else running and then while the product reads 500 new notes in the
background (splitting, embedding and storing them, at its own background priority). What is asked is embedded by the
real model, and then looked for with a vector of the kind the vault has.

``--core`` measures the same through the core process, as the window does: a socket, a thread a call. ``--generator``
adds the first token of live answers, idle and while notes are read. ``--hot`` prints where the time goes (cProfile)
instead.

The plain loop is what one writes first: ``matrix @ vector`` and ``argpartition`` over all vectors, ``word in text``
over all passages, and SQLite without encryption for the rows.
"""

import argparse
import contextlib
import cProfile
import pstats
import random
import shutil
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import psutil
from numpy.typing import NDArray
from tests.benchmarks import large_vault
from tests.benchmarks.common import PASSPHRASE, machine, open_vault
from tests.fakes.embedder import HashEmbedder
from tests.fakes.generator import ScriptedGenerator

from pillowbook.core.client import CoreClient
from pillowbook.core.reaching import ensure_core
from pillowbook.core.stream import build_stream
from pillowbook.domain.answers import Answer, AnswerKind
from pillowbook.domain.asking import AnswerText, AskMode, AskPart
from pillowbook.domain.clock import SystemClock
from pillowbook.domain.ids import PassageId
from pillowbook.flow.ingest.extractor.client import Extractor
from pillowbook.flow.ingest.ingest import Ingestor
from pillowbook.flow.serve.freshness import check_freshness
from pillowbook.flow.serve.serve import Server
from pillowbook.host.paths import Profile
from pillowbook.models.embedder.client import MiniLmEmbedder
from pillowbook.models.generator.client import LlamaGenerator
from pillowbook.store.vault import Vault

BACKGROUND_NOTES = 500
LIVE_QUESTIONS = 10
WARM_UPS = 3
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Texts:
    """What is typed and asked.

    Attributes:
        typed: beginnings of questions, one key press after another.
        reworded: questions whose answers are prepared, in somewhat other words, so that they have to be embedded.
        known: the same in the prepared words.
    """

    typed: tuple[str, ...]
    reworded: tuple[str, ...]
    known: tuple[str, ...]


def texts_of(data: Path, rounds: int) -> Texts:
    chance = random.Random(11)
    asked = list(dict(large_vault.squad_questions(data)))
    questions = chance.sample(asked, min(rounds, len(asked)))
    typed = [question[:end] for question in questions for end in range(3, len(question), 4)]
    start = chance.randrange(max(1, len(typed) - rounds))
    reworded = tuple(f"According to my notes, {question[0].lower()}{question[1:]}" for question in questions)
    return Texts(tuple(typed[start : start + rounds]), reworded, tuple(questions))


class Asked:
    """Asks as the window does, and notes what an ask took beyond the answer's own ``latency_ms``."""

    def __init__(self, asker: Server | CoreClient) -> None:
        self._asker = asker
        self._beyond: list[float] = []

    def prepared(self, question: str) -> AnswerKind:
        """The prepared answer, or that there is none; remembered."""
        parts: list[AskPart] = []
        began = time.perf_counter()
        answer = self._asker.ask(question, mode=AskMode.PREPARED_ONLY, learn=True, on_part=parts.append)
        self.note(began, answer)
        return answer.kind

    def note(self, began: float, answer: Answer) -> None:
        """An ask that began then, by ``perf_counter``, has returned now."""
        assert answer.serving_id is not None, "it was not remembered"
        self._beyond.append(1000 * (time.perf_counter() - began) - answer.latency_ms)

    def show_beyond(self, warm_ups: int = WARM_UPS) -> None:
        """Print what was noted since the last time, but for the first few."""
        Shown("  of that, once it was ready").line(self._beyond[warm_ups:])
        self._beyond.clear()


class Shown:
    """Times of one thing, printed as a line."""

    def __init__(self, title: str) -> None:
        self.title = title

    def of(self, work: Callable[[T], object], inputs: Sequence[T]) -> None:
        """Do it for each of the inputs, and for the first few once before."""
        for one in inputs[:WARM_UPS]:
            work(one)
        took, used = [], []
        for one in inputs:
            began, began_cpu = time.perf_counter(), time.thread_time()
            work(one)
            took.append(1000 * (time.perf_counter() - began))
            used.append(1000 * (time.thread_time() - began_cpu))
        self.line(took, used)

    def line(self, took: Sequence[float], used: Sequence[float] = ()) -> None:
        p50, p95, p99 = np.percentile(took, (50, 95, 99))
        cpu = " ({:.1f} / {:.1f})".format(*np.percentile(used, (50, 95))) if used else ""
        print(f"  {self.title:<50} {p50:7.1f} / {p95:7.1f} / {p99:7.1f}{cpu}   n {len(took)}", flush=True)


class Embedder:
    """The real model for the time it takes, bags of words for the vault's kind of vector."""

    def __init__(self, model: MiniLmEmbedder) -> None:
        self._model = model
        self._words = HashEmbedder()

    @property
    def is_loaded(self) -> bool:
        return self._model.is_loaded

    def embed(
        self, texts: Sequence[str], *, deadline_s: float, background: bool = False
    ) -> NDArray[np.float32]:
        self._model.embed(texts, deadline_s=deadline_s, background=background)
        return self._words.embed(texts, deadline_s=deadline_s)

    def preload(self) -> None:
        self._model.preload()

    def unload(self) -> None:
        self._model.unload()

    def close(self) -> None:
        self._model.close()


class Plain:
    """The plain loop over the same passages."""

    def __init__(self, vault: Vault) -> None:
        self.ids, self.rows = vault.vectors.rows("passages")
        self.sqlite = sqlite3.connect(":memory:")
        self.sqlite.execute("CREATE TABLE passages (id INTEGER PRIMARY KEY, text TEXT)")
        for start in range(0, len(self.ids), 5000):
            ids = [PassageId(int(one)) for one in self.ids[start : start + 5000]]
            rows = [(int(one.id), one.text) for one in vault.library.get_passages(ids)]
            self.sqlite.executemany("INSERT INTO passages VALUES (?, ?)", rows)
        self.texts = [
            (id_, text.lower()) for id_, text in self.sqlite.execute("SELECT id, text FROM passages")
        ]

    def by_words(self, typed: str) -> object:
        words = typed.lower().split()
        return self._fetch([id_ for id_, text in self.texts if all(word in text for word in words)][:10])

    def by_vector(self, vector: np.ndarray) -> object:
        similar = self.rows @ vector
        return self._fetch([int(self.ids[row]) for row in np.argpartition(-similar, 10)[:10]])

    def _fetch(self, ids: Sequence[int]) -> object:
        marks = ", ".join("?" * len(ids))
        return self.sqlite.execute(f"SELECT text FROM passages WHERE id IN ({marks})", ids).fetchall()


class Here:
    """The product's parts in this process."""

    def __init__(self, profile: Path, embedder: Path, generator: Path | None) -> None:
        began = time.perf_counter()
        self.vault = open_vault(profile)
        self.opened_s = time.perf_counter() - began
        self.model = Embedder(MiniLmEmbedder(embedder))
        self.llama = LlamaGenerator(generator) if generator is not None else None
        self.extractor = Extractor()
        clock = SystemClock()
        self.ingestor = Ingestor(self.vault.library, self.extractor, self.model, clock)
        self.server = self._server(self.model)
        self.asked = Asked(self.server)
        absent = HashEmbedder()
        absent.preload = lambda: None  # type: ignore[method-assign]
        self.without_embedder = self._server(absent)

    def _server(self, embedder: Embedder | HashEmbedder) -> Server:
        return build_stream(
            self.vault,
            generator=self.llama or ScriptedGenerator(lambda _messages: "not said"),
            embedder=embedder,
            clock=SystemClock(),
            reread=self.ingestor.passages_now,
        ).server

    def close(self) -> None:
        if self.llama is not None:
            self.llama.close()
        self.model.close()
        self.extractor.close()
        self.vault.lock()

    def measure(self, texts: Texts) -> None:
        server, vault = self.server, self.vault
        self.model.embed(["warm"], deadline_s=600)
        Shown("keystroke: hits by words").of(lambda t: self.without_embedder.search(t, limit=10), texts.typed)
        Shown("keystroke: hits by words and vectors").of(lambda t: server.search(t, limit=10), texts.typed)
        Shown("of that, embedding what is typed").of(
            lambda t: self.model.embed([t + " "], deadline_s=60), texts.typed
        )
        Shown("keystroke: prepared questions that complete it").of(lambda t: server.complete(t), texts.typed)
        Shown("prepared answer, in its own words").of(self.asked.prepared, texts.known)
        self.asked.show_beyond()
        kinds: list[AnswerKind] = []
        Shown("prepared answer or none, reworded (embedded)").of(
            lambda q: kinds.append(self.asked.prepared(q)), texts.reworded
        )
        self.asked.show_beyond()
        print(f"    of these {sum(kind is AnswerKind.HIT for kind in kinds)} of {len(kinds)} were hits")
        known = [self.server._matcher.exact(question) for question in texts.known]
        Shown("freshness check alone").of(
            lambda one: check_freshness(
                one, vault.library, clock=SystemClock(), reread=self.ingestor.passages_now
            ),
            [one for one in known if one is not None],
        )

    def measure_live(self, questions: Sequence[str]) -> None:
        first: list[float] = []
        whole: list[float] = []
        for question in questions:
            began = time.perf_counter()
            told: list[float] = []

            def part(value: AskPart, began: float = began, told: list[float] = told) -> None:
                if isinstance(value, AnswerText):
                    told.append(1000 * (time.perf_counter() - began))

            answer = self.server.ask(question, mode=AskMode.LIVE_ONLY, learn=True, on_part=part)
            whole.append(1000 * (time.perf_counter() - began))
            self.asked.note(began, answer)
            first += told[:1]
        Shown("live: first token").line(first or [float("nan")])
        Shown("live: whole answer").line(whole)
        self.asked.show_beyond(warm_ups=0)

    @contextlib.contextmanager
    def reading(self, data: Path) -> Iterator[None]:
        """New notes are read in the background meanwhile, as the library's thread does it."""
        folder = self.vault.library.folders()[0]
        place = Path(folder.path) / "background"
        place.mkdir(exist_ok=True)
        bases = large_vault.base_notes(data)
        names = ["Calder", "Wick", "Marsh", "Ember", "Femi"]
        seed = int(time.time())
        for number, note in enumerate(bases[:BACKGROUND_NOTES]):
            text = large_vault.varied(note.text[:8000], names, seed=seed + number)
            (place / f"{number}.md").write_text(text, encoding="utf-8")
        stop, has_begun = threading.Event(), threading.Event()
        read_so_far: list[float] = []

        def read() -> None:
            self.ingestor.scan(folder.id, stop=stop.is_set)
            has_begun.set()
            while not stop.is_set() and self.ingestor.ingest_next(stop.is_set):
                read_so_far.append(time.monotonic())

        thread = threading.Thread(target=read)
        thread.start()
        has_begun.wait()
        try:
            yield
        finally:
            print(f"    read meanwhile: {len(read_so_far)} of {BACKGROUND_NOTES} notes")
            stop.set()
            thread.join()


class Core:
    """The core process, as the window speaks to it."""

    def __init__(self, profile: Path, typed: str) -> None:
        began = time.perf_counter()
        self.client: CoreClient = ensure_core(Profile(profile))
        ready = time.perf_counter()
        self.client.unlock(PASSPHRASE)
        opened = time.perf_counter()
        self.client.search(typed)
        print(
            f"  core start to first hit: {time.perf_counter() - began:.2f} s (process {ready - began:.2f}, "
            f"unlock {opened - ready:.2f})"
        )
        core = max(
            (one for one in psutil.process_iter(["cmdline", "memory_info"]) if _is_core(one, profile)),
            key=lambda one: one.memory_info().rss,
        )
        print(f"  core's memory: {core.memory_info().rss / 1e6:.0f} MB")

    def measure(self, texts: Texts) -> None:
        asked = Asked(self.client)
        self.client.preload()
        while not self.client.status().is_embedder_loaded:
            time.sleep(0.2)
        Shown("through the core: hits by words and vectors").of(
            lambda t: self.client.search(t, limit=10), texts.typed
        )
        Shown("through the core: completions").of(lambda t: self.client.complete(t), texts.typed)
        Shown("through the core: prepared answer, its own words").of(asked.prepared, texts.known)
        asked.show_beyond()
        Shown("through the core: prepared or none, reworded").of(asked.prepared, texts.reworded)
        asked.show_beyond()

    def close(self) -> None:
        self.client.stop()
        self.client.close()


def _is_core(process: psutil.Process, profile: Path) -> bool:
    line = process.info["cmdline"] or []
    return "pillowbook.core" in line and str(profile.absolute()) in line


def show_plain(here: Here, texts: Texts) -> None:
    plain = Plain(here.vault)
    vectors = [here.model.embed([typed], deadline_s=60)[0] for typed in texts.typed]
    Shown("plain loop: words").of(lambda t: plain.by_words(t), texts.typed)
    Shown("plain loop: vectors, embedding not included").of(lambda v: plain.by_vector(v), vectors)
    Shown("ours: nearest of all vectors, alone").of(lambda v: here.vault.vectors.nearest(v, 40), vectors)


def show_hot(here: Here, texts: Texts) -> None:
    here.model.embed(["warm"], deadline_s=600)
    ways: list[tuple[str, Callable[[str], object], Sequence[str]]] = [
        ("hits by words", here.without_embedder.search, texts.typed),
        ("hits by words and vectors", here.server.search, texts.typed),
        ("completions", here.server.complete, texts.typed),
        ("prepared, reworded", here.asked.prepared, texts.reworded),
    ]
    for name, work, inputs in ways:
        work(inputs[0])
        profile = cProfile.Profile()
        profile.enable()
        for one in inputs:
            work(one)
        profile.disable()
        print(f"\n== {name}, {len(inputs)} calls")
        pstats.Stats(profile).sort_stats("tottime").print_stats(14)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--profile", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--embedder", type=Path, required=True)
    parser.add_argument("--generator", type=Path)
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--prepared", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--core", action="store_true")
    parser.add_argument("--hot", action="store_true")
    arguments = parser.parse_args()
    profile = arguments.profile.absolute()
    profile.mkdir(parents=True, exist_ok=True)
    large_vault.build(
        profile,
        arguments.data,
        passages=arguments.passages,
        prepared=arguments.prepared,
    )
    print(f"{machine()}; load {psutil.getloadavg()[0]:.1f}")
    with copied(profile) as copy:
        measure(copy, arguments)


@contextlib.contextmanager
def copied(profile: Path) -> Iterator[Path]:
    """A copy of the vault beside it, over the same notes: what asking leaves behind is gone with it."""
    with tempfile.TemporaryDirectory(prefix=f"{profile.name}-", dir=profile.parent) as folder:
        copy = Path(folder)
        shutil.copytree(Profile(profile).vault_dir, Profile(copy).vault_dir)
        yield copy


def measure(profile: Path, arguments: argparse.Namespace) -> None:
    texts = texts_of(arguments.data, arguments.rounds)
    if arguments.core:
        core = Core(profile, texts.typed[0])
        try:
            core.measure(texts)
        finally:
            core.close()
        return
    here = Here(profile, arguments.embedder, arguments.generator)
    try:
        counts = here.vault.library.counts()
        print(
            f"{counts.passages} passages, {here.vault.knowledge.counts().prepared} prepared answers; "
            f"opened in {here.opened_s:.1f} s"
        )
        if arguments.hot:
            show_hot(here, texts)
            return
        print(f"idle (load {psutil.getloadavg()[0]:.1f}):")
        here.measure(texts)
        show_plain(here, texts)
        if arguments.generator is not None:
            here.measure_live(texts.known[:LIVE_QUESTIONS])
        print("while new notes are read:")
        with here.reading(arguments.data):
            here.measure(texts)
            if arguments.generator is not None:  # others, since the model has those in memory
                here.measure_live(texts.known[LIVE_QUESTIONS : 2 * LIVE_QUESTIONS])
    finally:
        here.close()


if __name__ == "__main__":
    main()
