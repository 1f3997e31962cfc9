"""What the benchmarks of answers share: opening a vault over a folder, asking the product, and printing."""

import argparse
import json
import math
import platform
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from tests.benchmarks.plain import Outcome

from pillowbook.answering.adapt import Adapter, Plan
from pillowbook.answering.compose import Composer
from pillowbook.answering.match import Matcher
from pillowbook.answering.retrieve import Retriever
from pillowbook.core.stream import Stream, build_stream
from pillowbook.domain.answers import Citation, Effort
from pillowbook.domain.clock import SystemClock
from pillowbook.flow.ingest.extractor.client import Extractor
from pillowbook.flow.ingest.ingest import Ingestor
from pillowbook.flow.serve.adapted import Adapting
from pillowbook.host.keychain import MemoryKeychain
from pillowbook.host.paths import Profile
from pillowbook.models.embedder.client import MiniLmEmbedder
from pillowbook.models.generator.client import LlamaGenerator
from pillowbook.store.library import Library
from pillowbook.store.vault import Vault

DEADLINE_S = 600.0
PASSPHRASE = "benchmark"


@dataclass(frozen=True, slots=True)
class Parts:
    """The real parts over one folder of notes."""

    vault: Vault
    stream: Stream
    embedder: MiniLmEmbedder
    generator: LlamaGenerator

    @property
    def retriever(self) -> Retriever:
        """Of the stream."""
        return self.stream.retriever


@contextmanager
def real_parts(folder: Path, profile: Path, *, generator: Path, embedder: Path) -> Iterator[Parts]:
    """Index ``folder`` into the vault of ``profile`` (kept when it is there) with the real models; all ended after."""
    vault = open_vault(profile)
    minilm, llama, extractor = MiniLmEmbedder(embedder), LlamaGenerator(generator), Extractor()
    try:
        vault.library.add_folder(str(folder.absolute()))
        Ingestor(vault.library, extractor, minilm, SystemClock()).sync(lambda: False)
        stream = build_stream(vault, generator=llama, embedder=minilm, clock=SystemClock())
        yield Parts(vault, stream, minilm, llama)
    finally:
        extractor.close()
        llama.close()
        minilm.close()
        vault.lock()


def open_vault(root: Path) -> Vault:
    """The vault in ``root``, made when there is none."""
    vault = Vault(Profile(root), MemoryKeychain(), SystemClock())
    Profile(root).prepare()
    if vault.exists:
        vault.unlock(PASSPHRASE)
    else:
        vault.create(PASSPHRASE)
    return vault


def adapting_over(parts: Parts) -> tuple[Adapting, Matcher]:
    """The product's own way to an adapted answer."""
    vault = parts.vault
    adapting = Adapting(
        adapter=Adapter(generator=parts.generator, retriever=parts.retriever),
        retriever=parts.retriever,
        library=vault.library,
        knowledge=vault.knowledge,
    )
    return adapting, Matcher(knowledge=vault.knowledge, vectors=vault.vectors, retriever=parts.retriever)


def planned(adapting: Adapting, matcher: Matcher, parts: Parts, question: str) -> tuple[Plan | None, bool]:
    """What would be read for a question, whatever its chance; and whether it is a hit already."""
    vector = parts.retriever.embed(question)
    found = matcher.match(question, vector)
    return adapting.chance(question, vector, found.candidates), found.is_hit


def ask_product(composer: Composer, library: Library, question: str, effort: Effort = Effort.LIVE) -> Outcome:
    """Ask the product, as a live question does; the first token is the first text that may be shown."""
    began = time.monotonic()
    first: list[float] = []
    draft = composer.answer(
        question,
        effort=effort,
        deadline_s=DEADLINE_S,
        on_text=lambda _delta: first.append(time.monotonic() - began),
    )
    return Outcome(
        answer=draft.answer,
        prompt=draft.tokens.prompt,
        completion=draft.tokens.completion,
        seconds=time.monotonic() - began,
        first_token_s=first[0] if first else None,
        cited=len(draft.citations),
        cited_well=sum(opens_rightly(one, library) for one in draft.citations),
        confidence=draft.confidence,
        checks=",".join(draft.checks),
        quotes=tuple(one.quote for one in draft.citations),
    )


def opens_rightly(citation: Citation, library: Library) -> bool:
    """Whether the quote stands word for word at its offsets, and begins on the cited line of the file on disk."""
    text = library.text(citation.document_id)
    if text[citation.start : citation.end] != citation.quote or not citation.quote:
        return False
    lines = Path(citation.path).read_text(encoding="utf-8").splitlines()
    begins = citation.quote.splitlines()[0].strip()
    return citation.line is not None and begins in lines[citation.line - 1]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What every benchmark that keeps its rows takes."""
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--generator", type=Path, required=True)
    parser.add_argument("--embedder", type=Path, required=True)
    parser.add_argument("--rows", type=Path, required=True)
    parser.add_argument("--profile", type=Path, help="keep the vault here between runs")


def read_rows(path: Path) -> list[dict]:
    """The rows of a JSONL file; none where there is no file yet."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def add_row(path: Path, row: Mapping[str, object]) -> None:
    """Append a row, so that a run that is stopped loses none."""
    with path.open("a", encoding="utf-8") as out:
        out.write(json.dumps(row) + "\n")


def share(part: int, whole: int) -> str:
    """A share with its 95 % interval (Wilson 1927)."""
    if not whole:
        return "none"
    p, z = part / whole, 1.96
    centre = (p + z * z / (2 * whole)) / (1 + z * z / whole)
    half = z * math.sqrt(p * (1 - p) / whole + z * z / (4 * whole * whole)) / (1 + z * z / whole)
    return f"{p:.1%} ({part} of {whole}; {max(0.0, centre - half):.0%} to {min(1.0, centre + half):.0%})"


def machine() -> str:
    """The machine, in words."""
    cores = psutil.cpu_count(logical=False) or psutil.cpu_count()
    memory = psutil.virtual_memory().total / 2**30
    return f"{cores} cores, {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}"
