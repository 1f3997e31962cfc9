"""Time of matching one question against many prepared answers, besides the embedding of the question.

Run:  python -m tests.benchmarks.match_time [--prepared 10000] [--questions 300]

A real vault (encrypted, in a throw-away folder) with made notes, each with prepared answers that cite it, and made
vectors: twelve candidates share their words and are near in each match, so every test is run. Half of the questions
are rewordings that hit, so that the retrieval of agreement is part of it.
"""

import argparse
import platform
import tempfile
import time
from pathlib import Path

import numpy as np
from tests.benchmarks.common import open_vault
from tests.fakes.embedder import HashEmbedder

from pillowbook.answering.match import Matcher
from pillowbook.answering.pairs import normalise_question
from pillowbook.answering.retrieve import Retriever
from pillowbook.domain.answers import Citation, Draft, Effort, Reason, Source, Tokens
from pillowbook.domain.clock import SystemClock
from pillowbook.flow.ingest.extractor.client import Extractor
from pillowbook.flow.ingest.ingest import Ingestor

_ROOMS = [
    "kitchen",
    "hallway",
    "cellar",
    "attic",
    "bathroom",
    "bedroom",
    "garage",
    "study",
    "pantry",
    "porch",
]
_THINGS = ["lamp", "boiler", "window", "carpet", "shelf", "pump", "ladder", "heater", "printer", "mirror"]
_DOINGS = (
    ("When was the {thing} in the {room} of house {n} repaired?", "In house {n}, when was the {room}'s {thing} fixed?"),
    ("What did the {thing} in the {room} of house {n} cost?", "How much was the {thing} in house {n}'s {room}?"),
    ("Who sold us the {thing} in the {room} of house {n}?", "Who painted the {thing} in the {room} of house {n}?"),
    ("Where is the manual of the {thing} in the {room} of house {n}?", "Where is the {room} {thing} of house {n}?"),
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prepared", type=int, default=10_000)
    parser.add_argument("--questions", type=int, default=300)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        measure(Path(root), arguments.prepared, arguments.questions)


def measure(root: Path, prepared: int, questions: int) -> None:
    """Fill a vault and time the matcher on it."""
    notes = root / "notes"
    notes.mkdir()
    asked = [
        tuple(one.format(thing=thing, room=room, n=number) for one in pair)
        for number in range(1 + prepared // (len(_ROOMS) * len(_THINGS) * len(_DOINGS)))
        for room in _ROOMS
        for thing in _THINGS
        for pair in _DOINGS
    ][:prepared]
    for number in range(0, len(asked), 4):
        text = "\n\n".join(
            f"{question} It is noted as {at}."
            for at, (question, _other) in enumerate(asked[number : number + 4])
        )
        (notes / f"{number}.md").write_text(f"# Note {number}\n\n{text}\n", encoding="utf-8")
    vault, embedder, extractor = open_vault(root / "profile"), HashEmbedder(), Extractor()
    try:
        vault.library.add_folder(str(notes))
        Ingestor(vault.library, extractor, embedder, SystemClock()).sync(lambda: False)
        for number in range(0, len(asked), 4):
            document = vault.library.document_at(str(notes / f"{number}.md"))
            assert document is not None and document.fingerprint is not None
            (passage, *_rest) = vault.library.passages(document.id)
            citation = Citation(
                document.id, passage.id, passage.content_hash, passage.path, passage.title, passage.text[:80],
                passage.start, passage.start + 80, passage.line, passage.page, passage.heading,
            )  # fmt: skip
            source = Source(document.id, document.path, document.fingerprint, ())
            for question, _other in asked[number : number + 4]:
                question_id = vault.knowledge.add_question(
                    question, normalise_question(question), Reason.REQUESTED
                )
                draft = Draft(
                    question, "On 3 March 2024.", (citation,), (), 0.9, (), Tokens(), "m", Effort.PREPARED
                )
                vector = embedder.embed([question], deadline_s=1)[0]
                vault.knowledge.put_prepared(question_id, draft, (source,), 1.0, vector)
        retriever = Retriever(
            words=vault.words, vectors=vault.vectors, library=vault.library, embedder=embedder
        )
        matcher = Matcher(knowledge=vault.knowledge, vectors=vault.vectors, retriever=retriever)
        rng = np.random.default_rng(5)
        rows: list[tuple[float, bool]] = []
        began_cpu = time.process_time()
        for at in rng.choice(len(asked), questions, replace=False):
            _prepared, other = asked[int(at)]
            vector = embedder.embed([other], deadline_s=1)[0]
            began = time.perf_counter()
            found = matcher.match(other, vector)
            rows.append(
                ((time.perf_counter() - began) * 1000, found.is_hit or "evidence-differs" in found.reasons)
            )
        cpu_ms = (time.process_time() - began_cpu) * 1000 / questions
        print(f"{cpu_ms:.1f} ms of processor a question, its made vector included")
        print(
            "machine:",
            platform.processor() or platform.machine(),
            platform.system(),
            platform.python_version(),
        )
        print(f"{vault.knowledge.counts().prepared} prepared answers, {len(rows)} questions")
        for label, wanted in (
            ("all", (True, False)),
            ("that pass the pair tests", (True,)),
            ("the others", (False,)),
        ):
            times = [took for took, is_near in rows if is_near in wanted]
            if times:
                p50, p95, p99 = np.percentile(times, (50, 95, 99))
                print(f"{label} ({len(times)}): p50 {p50:.1f} ms, p95 {p95:.1f} ms, p99 {p99:.1f} ms")
    finally:
        extractor.close()
        vault.lock()


if __name__ == "__main__":
    main()
