"""The whole pipeline on the default model and the sample notes: floors, so that a change for the worse is seen."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pillowbook.answering.compose import Composer
from pillowbook.answering.newer import OLDER_NOTE
from pillowbook.answering.retrieve import Retriever
from pillowbook.domain.answers import Effort
from pillowbook.domain.clock import SystemClock
from pillowbook.flow.ingest.extractor.client import Extractor
from pillowbook.flow.ingest.ingest import Ingestor
from pillowbook.host.keychain import MemoryKeychain
from pillowbook.host.paths import Profile, models_dir
from pillowbook.host.resources import resource
from pillowbook.models.catalogue import Catalogue
from pillowbook.models.embedder.client import MiniLmEmbedder
from pillowbook.models.generator.client import LlamaGenerator
from pillowbook.models.installation import Installation
from pillowbook.store.crypto import KdfCost
from pillowbook.store.vault import Vault

SAMPLE = ("q06", "q12", "q14", "q15", "q18", "q24", "q28", "q54")
FLOOR = 5
DEADLINE_S = 120.0
FOLDERS = ("Home", "Health", "People", "Recipes", "Money", "Car")


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    profile = Profile(tmp_path / "profile")
    profile.prepare()
    vault = Vault(
        profile, MemoryKeychain(), SystemClock(), kdf_cost=KdfCost(memory_kib=64, passes=1, lanes=1)
    )
    vault.create("secret")
    yield vault
    vault.lock()


@pytest.mark.model
def test_the_default_model_answers_most_of_the_sample_and_every_citation_is_verbatim(
    vault: Vault, default_model: str
) -> None:
    installation = Installation(models_dir(), Catalogue.load())
    generator_path = installation.installed(default_model)
    embedder_path = installation.install("all-minilm-l6-v2", on_progress=lambda done, total: None)
    assert generator_path is not None
    rows = {}
    questions = Path(__file__).parents[1] / "data" / "sample_questions.jsonl"
    for line in questions.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        rows[row["id"]] = row
    extractor, embedder = Extractor(), MiniLmEmbedder(embedder_path)
    generator = LlamaGenerator(generator_path, model_id=default_model)
    try:
        ingestor = Ingestor(vault.library, extractor, embedder, SystemClock())
        for folder in FOLDERS:
            vault.library.add_folder(str(resource("notes", folder)))
        ingestor.sync(lambda: False)
        retriever = Retriever(
            words=vault.words, vectors=vault.vectors, library=vault.library, embedder=embedder
        )
        composer = Composer(generator=generator, retriever=retriever, clock=SystemClock())
        right = 0
        for key in SAMPLE:
            row = rows[key]
            draft = composer.answer(row["question"], effort=Effort.LIVE, deadline_s=DEADLINE_S)
            for cited in draft.citations:
                assert vault.library.text(cited.document_id)[cited.start : cited.end] == cited.quote
            assert bool(draft.citations) == draft.says_something
            wanted = row.get("accept") or []
            folded = draft.answer.partition(OLDER_NOTE)[0].casefold()
            right += any(one.casefold() in folded for one in wanted) if wanted else not draft.says_something
        assert right >= FLOOR
    finally:
        extractor.close()
        generator.close()
        embedder.close()
