"""Which model of the catalogue is right for a machine, and whether the catalogue keeps its own rules."""

import re

import pytest

from pillowbook.models.catalogue import Catalogue
from pillowbook.models.recommendation import Recommendation, answer_seconds, recommend

CATALOGUE = Catalogue.load()


def for_machine(gigabytes: float, cores: int, *, has_accelerator: bool = False) -> Recommendation:
    found = recommend(
        CATALOGUE.entries, memory_mb=round(gigabytes * 1000), cores=cores, has_accelerator=has_accelerator
    )
    assert found is not None
    return found


def test_the_machine_of_the_measurements_gets_the_default_model() -> None:
    """Two cores and 24 GB: memory enough for 8 billion parameters, but no patience."""
    found = for_machine(24, 2)
    assert found.model in {"qwen2.5-coder-1.5b-instruct-q4_k_m", "qwen3-4b-q4_k_m"}
    assert found.answer_s <= 15


@pytest.mark.parametrize(
    ("gigabytes", "cores", "least_b", "most_b"),
    [(6, 2, 1, 2), (8, 8, 3, 4.5), (16, 4, 3, 9), (16, 8, 3, 9), (64, 16, 7, 9), (8, 1, 1, 2)],
)
def test_larger_machines_get_larger_models(
    gigabytes: float, cores: int, least_b: float, most_b: float
) -> None:
    entry = CATALOGUE.entry(for_machine(gigabytes, cores).model)
    assert least_b <= entry.parameters_b <= most_b


def test_what_it_takes_fits_and_the_sentence_says_so() -> None:
    for gigabytes in (6, 8, 12, 16, 24, 32, 64):
        for cores in (1, 2, 4, 8, 16):
            found = for_machine(gigabytes, cores)
            entry = CATALOGUE.entry(found.model)
            assert entry.role == "generator" and entry.memory_mb <= gigabytes * 500
            assert entry.title in found.sentence and found.sentence.endswith(".")
            assert ("never run" in found.sentence) is (not entry.was_run)
            for other in found.alternatives:
                assert CATALOGUE.entry(other).memory_mb <= gigabytes * 500
            assert (found.next_larger is None) is (found.next_sentence == "")


def test_a_graphics_processor_takes_away_the_question_of_speed() -> None:
    assert CATALOGUE.entry(for_machine(16, 2).model).parameters_b < 7
    assert CATALOGUE.entry(for_machine(16, 2, has_accelerator=True).model).parameters_b >= 7


def test_a_machine_that_is_too_small_gets_none() -> None:
    assert recommend(CATALOGUE.entries, memory_mb=3000, cores=4) is None


def test_more_cores_and_smaller_models_are_faster() -> None:
    small, large = CATALOGUE.entry("qwen3-1.7b-q8_0"), CATALOGUE.entry("qwen3-8b-q4_k_m")
    assert answer_seconds(small, 2) < answer_seconds(large, 2)
    assert answer_seconds(large, 8) < answer_seconds(large, 2)


def test_the_catalogue_keeps_its_rules() -> None:
    """Whole hashes, the publisher's revision, open licences; memory for the file and a context."""
    assert len({entry.id for entry in CATALOGUE.entries}) == len(CATALOGUE.entries)
    for entry in CATALOGUE.entries:
        for file in entry.files:
            assert re.fullmatch(r"[0-9a-f]{64}", file.sha256), entry.id
            assert file.size_bytes > 0
        assert entry.licence in {"Apache-2.0", "MIT"}
        assert entry.memory_mb * 1_000_000 > entry.size_bytes
        if not entry.was_run:
            assert all(
                re.fullmatch(r"https://huggingface\.co/[\w.-]+/[\w.-]+/resolve/[0-9a-f]{40}/", source.url)
                for source in entry.sources
            ), entry.id
    for role in ("generator", "embedder"):
        assert CATALOGUE.default(role).was_run
    classes = {round(entry.parameters_b) for entry in CATALOGUE.entries if not entry.was_run}
    assert classes >= {2, 4, 8}
