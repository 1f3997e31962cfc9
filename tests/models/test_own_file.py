"""A model file of the user's own."""

from pathlib import Path

import pytest

from pillowbook.domain.errors import ModelFileMissing, ModelFileUnsuitable, ModelUnknown
from pillowbook.models.catalogue import Catalogue
from pillowbook.models.generator.client import LlamaGenerator, Message
from pillowbook.models.installation import Installation


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation(tmp_path / "models", Catalogue.load())


def test_a_file_is_known_by_its_path_and_nothing_is_written_beside_it(
    installation: Installation, tmp_path: Path
) -> None:
    file = tmp_path / "Mine.Q4.gguf"
    file.write_bytes(b"GGUF" + bytes(1000))
    entry = installation.entry(str(file))
    assert (entry.title, entry.is_own, entry.was_run, entry.role) == ("Mine.Q4", True, False, "generator")
    assert entry.memory_mb > 0
    assert installation.installed(str(file)) == file == installation.place(str(file))
    assert installation.require(str(file)) == installation.install(str(file)) == file
    assert [one.name for one in tmp_path.iterdir()] == ["Mine.Q4.gguf"]


def test_a_file_that_is_gone_or_no_model_is_told(installation: Installation, tmp_path: Path) -> None:
    missing = str(tmp_path / "gone.gguf")
    assert installation.installed(missing) is None
    with pytest.raises(ModelFileMissing) as caught:
        installation.require(missing)
    assert str(tmp_path) not in caught.value.say()
    for name, content in (("text.gguf", b"hello"), ("empty.gguf", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ModelFileUnsuitable):
            installation.require(str(tmp_path / name))
    (tmp_path / "folder.gguf").mkdir()
    with pytest.raises(ModelFileUnsuitable):
        installation.require(str(tmp_path / "folder.gguf"))


@pytest.mark.parametrize("name", ["mine.gguf", "./mine.gguf", "/models/mine.bin", "qwen"])
def test_only_whole_paths_of_gguf_files_count(installation: Installation, name: str) -> None:
    with pytest.raises(ModelUnknown):
        installation.entry(name)


def test_it_writes(installation: Installation, tiny_model: Path, tmp_path: Path) -> None:
    """The engine's own test model, as if the user had found it somewhere."""
    file = tmp_path / "found.gguf"
    file.symlink_to(tiny_model)
    entry = installation.entry(str(file))
    writer = LlamaGenerator(
        installation.place(entry.id), model_id=entry.title, check=lambda: installation.require(entry.id)
    )
    try:
        made = writer.generate([Message("user", "Say hello.")], max_tokens=5, deadline_s=120)
    finally:
        writer.close()
    assert made.text and writer.model_id == "found"
