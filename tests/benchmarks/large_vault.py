"""A vault of 100,000 passages and 10,000 prepared answers, built once and kept.

Its texts are real: articles, meetings and notes, each in as many versions as it takes. In every version but the first,
numbers and capitalised words are others (drawn from the same texts), so that the words' frequencies and the number of
different words are those of a large collection and no two notes are the same. Vectors are bags of words (the tests'
fake embedder, 384 numbers as the model's): of the articles as they are, and all others one of those with noise, unit
length again. That changes what is found and not how long finding takes: every vector is multiplied with the question's,
whatever it holds. Questions are SQuAD's own and, where those run out, words of a sentence; the citation of each is a
real passage with its real fingerprint.
"""

import itertools
import json
import random
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tests.benchmarks.common import open_vault
from tests.benchmarks.histories import question_of, steps_of
from tests.fakes.embedder import HashEmbedder

from pillowbook.answering.cite import cite_unit
from pillowbook.answering.pairs import normalise_question
from pillowbook.answering.units import split_units
from pillowbook.domain.answers import Draft, Effort, Reason, Source, Tokens
from pillowbook.domain.documents import Document, Passage
from pillowbook.domain.ids import FolderId
from pillowbook.flow.ingest.extractor.client import MAX_FILE_BYTES
from pillowbook.flow.ingest.files import read_file
from pillowbook.flow.ingest.outline import markdown_title
from pillowbook.flow.ingest.split import split_passages
from pillowbook.store.vault import Vault

NOISE = 0.5
"""Length of the noise on a version's vector: it stays at a cosine of about 0.9 to the first's."""
HISTORIES = ("jbranchaud-til", "rust-book")
NOTES_AT_ONCE = 50
"""In one transaction."""
_NAME = re.compile(r"\b[A-Z][a-z]{3,}\b")
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Note:
    """A text and where it goes."""

    place: str
    text: str


def build(profile: Path, data: Path, *, passages: int, prepared: int) -> None:
    """Fill the vault of ``profile`` until it has so much; what is there already stays."""
    vault = open_vault(profile)
    try:
        notes_dir = profile / "notes"
        notes_dir.mkdir(exist_ok=True)
        folder = vault.library.add_folder(str(notes_dir.absolute()))
        bases = base_notes(data)
        names = sorted({name for note in bases for name in _NAME.findall(note.text)})
        rows = article_rows(bases)
        version = 0
        while vault.library.counts().passages < passages:
            for start in range(0, len(bases), NOTES_AT_ONCE):
                if vault.library.counts().passages >= passages:
                    break
                with vault.library._database.write():
                    for number in range(start, min(start + NOTES_AT_ONCE, len(bases))):
                        path = notes_dir / f"{version:03d}" / bases[number].place
                        if vault.library.document_at(str(path)) is not None:
                            continue
                        text = bases[number].text
                        if version:
                            text = varied(text, names, seed=version * 100_000 + number)
                        put(vault, folder.id, path, text, rows)
                print(f"version {version}: {vault.library.counts().passages} passages", flush=True)
            version += 1
        prepare(vault, data, prepared)
    finally:
        vault.lock()


def base_notes(data: Path) -> list[Note]:
    """Real texts of all three kinds, in a fixed order."""
    found = [
        Note(f"{kind}/{path.relative_to(vault)}", path.read_text(encoding="utf-8"))
        for kind, vault in (("articles", data / "squad_vault/dev/vault"), ("meetings", data / "qmsum_vault/dev/vault"))
        for path in sorted(vault.rglob("*.md"))
    ]  # fmt: skip
    for name in HISTORIES:
        first = next(iter(steps_of(data / "histories" / f"{name}.jsonl.xz")))
        found += [Note(f"{name}/{path}", text) for path, text in sorted(first["files"].items())]
    return [note for note in found if note.place.endswith(".md") and ".." not in note.place]


def varied(text: str, names: Sequence[str], *, seed: int) -> str:
    """The text with other numbers and other names, each the same throughout."""
    draw = random.Random(seed)
    others: dict[str, str] = {}

    def other(match: re.Match[str]) -> str:
        word = match[0]
        if word not in others:
            others[word] = str(draw.randrange(10 ** len(word[:6]))) if word.isdigit() else draw.choice(names)
        return others[word]

    return _NUMBER.sub(other, _NAME.sub(other, text))


def article_rows(bases: Sequence[Note]) -> NDArray[np.float32]:
    """A vector of each paragraph of the articles."""
    texts = [
        paragraph
        for note in bases
        if note.place.startswith("articles/")
        for paragraph in note.text.split("\n\n")
        if paragraph.strip()
    ]
    return HashEmbedder().embed(texts, deadline_s=60)


def put(vault: Vault, folder: FolderId, path: Path, text: str, rows: NDArray[np.float32]) -> None:
    """Write a note and store it as ingest does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    title = markdown_title(text) or path.stem
    drafts = split_passages(text, "markdown", title=title)
    draw = np.random.default_rng(zlib.crc32(str(path).encode()))
    first = int(draw.integers(len(rows)))
    own = {
        draft.content_hash: noisy(rows[(first + number) % len(rows)], draw)
        for number, draft in enumerate(drafts)
    }
    data, fingerprint = read_file(str(path), MAX_FILE_BYTES)
    vault.library.put_document(folder, str(path), title, "markdown", fingerprint, data.decode(), drafts, own)


def noisy(row: NDArray[np.float32], draw: np.random.Generator) -> NDArray[np.float32]:
    noise = draw.standard_normal(len(row)).astype(np.float32)
    moved = row + NOISE * noise / np.linalg.norm(noise)
    return (moved / np.linalg.norm(moved)).astype(np.float32)


def squad_questions(data: Path) -> list[tuple[str, str]]:
    """Questions people asked, and the notes that answer them."""
    lines = (data / "squad_vault/dev/questions.jsonl").read_text(encoding="utf-8").splitlines()
    return [(row["question"], row["note"]) for row in map(json.loads, lines)]


def prepare(vault: Vault, data: Path, wanted: int) -> None:
    """Keep so many answers ready: SQuAD's questions first, then questions of sentences over all versions."""
    missing = wanted - vault.knowledge.counts().prepared
    if missing <= 0:
        return
    documents = [one for one in vault.library.documents() if one.fingerprint is not None]
    by_note = {one.path.partition("/000/articles/")[2]: one for one in documents}
    asked = [
        (question, by_note[note]) for question, note in dict(squad_questions(data)).items() if note in by_note
    ][:missing]
    more = sentence_questions(vault, documents)
    embedder = HashEmbedder()
    done = 0
    for start in itertools.count(0, NOTES_AT_ONCE):
        some = asked[start : start + NOTES_AT_ONCE] or list(itertools.islice(more, NOTES_AT_ONCE))
        if done >= missing or not some:
            break
        rows = embedder.embed([question for question, _ in some], deadline_s=60)
        with vault.library._database.write():
            done += sum(
                put_prepared(vault, question, document, row)
                for (question, document), row in zip(some, rows, strict=True)
            )
    print(f"{vault.knowledge.counts().prepared} prepared answers", flush=True)


def sentence_questions(vault: Vault, documents: Sequence[Document]) -> Iterator[tuple[str, Document]]:
    chance = random.Random(3)
    for document in chance.sample(documents, len(documents)):
        units = [unit for passage in vault.library.passages(document.id)[:3] for unit in split_units(passage)]
        for unit in units[:4]:
            question = question_of(unit.text)
            if question:
                yield question, document


def put_prepared(vault: Vault, question: str, document: Document, row: NDArray[np.float32]) -> int:
    normal = normalise_question(question)
    if vault.knowledge.question_by_normal(normal) is not None or document.fingerprint is None:
        return 0
    passages: list[Passage] = vault.library.passages(document.id)
    words = set(question.lower().split())
    best = max(passages, key=lambda one: len(words & set(one.text.lower().split())), default=None)
    units = split_units(best) if best is not None else []
    if not units:
        return 0
    cited = cite_unit(max(units, key=lambda one: len(words & set(one.text.lower().split()))))
    draft = Draft(question, cited.quote, (cited,), (), 0.9, (), Tokens(), "", Effort.PREPARED)
    question_id = vault.knowledge.add_question(question, normal, Reason.CONTENT, document.id)
    source = Source(document.id, document.path, document.fingerprint, (cited.passage_hash,))
    vault.knowledge.put_prepared(question_id, draft, (source,), 10.0, row)
    return 1
