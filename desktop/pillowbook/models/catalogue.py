"""The models Pillowbook knows, as ``resources/models.toml`` lists them."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

import msgspec

from pillowbook.domain.errors import ModelUnknown
from pillowbook.host.resources import resource

Role = Literal["generator", "embedder"]
SourceKind = Literal["package", "hub", "wheels"]


@dataclass(frozen=True, slots=True)
class ModelSource:
    """Where a model can be had; the head of ``models.toml`` says what each kind uses."""

    kind: SourceKind
    url: str = ""
    package: str = ""
    version: str = ""
    parts: int = 1
    member: str = ""
    folder: str = ""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model. ``name`` is relative to the model's folder, with ``/``."""

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One model.

    Attributes:
        file, size_bytes, sha256: the weights.
        companion: further files of a model that is a folder; empty for one that is a single file.
        memory_mb: roughly what it takes while loaded.
        parameters_b: billions of parameters; 0 where that says nothing about speed.
        is_own: a file of the user's, by its path; it has no sources and no hash.
        was_run: False for models that were never run with Pillowbook by its makers.
    """

    id: str
    role: Role
    title: str
    file: str
    size_bytes: int
    sha256: str
    licence: str
    memory_mb: int
    context_tokens: int
    is_default: bool
    was_run: bool
    source: tuple[ModelSource, ...]
    companion: tuple[ModelFile, ...] = ()
    parameters_b: float = 0.0
    is_own: bool = False

    @property
    def sources(self) -> tuple[ModelSource, ...]:
        """In the order in which they are tried."""
        return self.source

    @property
    def is_folder(self) -> bool:
        """Whether the model is a folder of files rather than one file."""
        return bool(self.companion)

    @property
    def files(self) -> tuple[ModelFile, ...]:
        """All files, the weights first."""
        return (ModelFile(self.file, self.size_bytes, self.sha256), *self.companion)

    @property
    def total_bytes(self) -> int:
        """Of all files."""
        return sum(file.size_bytes for file in self.files)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All models, in the order of the file."""

    entries: tuple[ModelEntry, ...]

    @classmethod
    def load(cls, path: Path | None = None) -> Self:
        """Read the catalogue that comes with Pillowbook, or another of the same form."""
        content = tomllib.loads((path or resource("models.toml")).read_text("utf-8"))
        return cls(msgspec.convert(content["model"], tuple[ModelEntry, ...]))

    def entry(self, model_id: str) -> ModelEntry:
        """The model of that id; raises ModelUnknown."""
        for entry in self.entries:
            if entry.id == model_id:
                return entry
        raise ModelUnknown(model=model_id)

    def default(self, role: Role) -> ModelEntry:
        """The model that is used where the user chose none."""
        return next(entry for entry in self.entries if entry.role == role and entry.is_default)
