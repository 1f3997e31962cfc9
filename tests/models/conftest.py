"""The tiny model and the real embedder, as set-up brings them."""

from pathlib import Path

import pytest
from tests.conftest import TINY_MODEL

from pillowbook.host.paths import models_dir
from pillowbook.models.catalogue import Catalogue
from pillowbook.models.installation import Installation


def fetched(model: str) -> Path:
    """A model's file or folder, fetched when it is not there yet."""
    return Installation(models_dir(), Catalogue.load()).install(model)


@pytest.fixture(scope="session")
def tiny_model() -> Path:
    """SmolLM2 135M: nonsense answers from the real engine."""
    return fetched(TINY_MODEL)


@pytest.fixture(scope="session")
def minilm_folder() -> Path:
    return fetched("all-minilm-l6-v2")
