"""Are the notes found when they are asked in another language? SQuAD's questions over English notes, translated.

Run:  python -m tests.benchmarks.languages --embedder DIR --data FOLDER [--questions 100] [--languages de es ar zh]

``FOLDER`` is a SQuAD vault: ``vault/``, ``questions.jsonl``, ``questions_translated.jsonl`` (professional translations,
XQuAD). Found means that one of the first 8 passages, as a live answer's, is of the right note and holds an answer.
"""

import argparse
import json
import platform
import random
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from pillowbook.answering.retrieve import Retriever
from pillowbook.domain.clock import SystemClock
from pillowbook.flow.ingest.extractor.client import Extractor
from pillowbook.flow.ingest.ingest import Ingestor
from pillowbook.host.keychain import MemoryKeychain
from pillowbook.host.paths import Profile
from pillowbook.models.embedder.client import MiniLmEmbedder
from pillowbook.store.crypto import KdfCost
from pillowbook.store.vault import Vault

PASSAGES = 8


def rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--embedder", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--languages", nargs="+", default=["de", "es", "ar", "zh"])
    arguments = parser.parse_args()
    english = {row["id"]: row for row in rows(arguments.data / "questions.jsonl")}
    translated: dict[str, dict[str, str]] = defaultdict(dict)
    for row in rows(arguments.data / "questions_translated.jsonl"):
        translated[row["id"]][row["lang"]] = row["question"]
    ids = sorted(
        key for key in translated if key in english and set(arguments.languages) <= set(translated[key])
    )
    ids = random.Random(5).sample(ids, min(arguments.questions, len(ids)))
    print("command:", " ".join(["python", *sys.argv]))
    print("machine:", platform.machine(), platform.system())
    with tempfile.TemporaryDirectory() as temporary:
        profile = Profile(Path(temporary) / "profile")
        profile.prepare()
        vault = Vault(
            profile, MemoryKeychain(), SystemClock(), kdf_cost=KdfCost(memory_kib=64, passes=1, lanes=1)
        )
        vault.create("benchmark")
        extractor, embedder = Extractor(), MiniLmEmbedder(arguments.embedder)
        try:
            vault.library.add_folder(str((arguments.data / "vault").absolute()))
            Ingestor(vault.library, extractor, embedder, SystemClock()).sync(lambda: False)
            retriever = Retriever(
                words=vault.words, vectors=vault.vectors, library=vault.library, embedder=embedder
            )
            print(
                "| language | right note first | answer found in 8 passages | of |\n| --- | --- | --- | --- |"
            )
            for language in ("en", *arguments.languages):
                first = found = 0
                for key in ids:
                    row = english[key]
                    question = row["question"] if language == "en" else translated[key][language]
                    evidence = retriever.retrieve(question, limit=PASSAGES)
                    right = [one.passage for one in evidence if one.passage.path.endswith(row["note"])]
                    first += bool(evidence and evidence[0].passage.path.endswith(row["note"]))
                    found += any(answer in passage.text for passage in right for answer in row["answers"])
                print(f"| {language} | {first} | {found} | {len(ids)} |", flush=True)
        finally:
            extractor.close()
            embedder.close()
            vault.lock()


if __name__ == "__main__":
    main()
