"""A model file of the user's own, outside the catalogue: known by its path, never fetched, never checked by a hash."""

import contextlib
import stat
from pathlib import Path
from typing import Final

from pillowbook.domain.errors import ModelFileMissing, ModelFileUnsuitable
from pillowbook.models.catalogue import ModelEntry

SUFFIX: Final = ".gguf"
MAGIC: Final = b"GGUF"
"""The first four bytes of the format (ggml-org/ggml, docs/gguf.md)."""
CONTEXT_TOKENS: Final = 4096
MEMORY_PER_BYTE: Final = 1.15
"""Weights and what computing needs beside them; the context comes on top."""
CONTEXT_MB: Final = 600


def is_own_file(model_id: str) -> bool:
    """Whether a model's id is the path of a file; ids of the catalogue have no folders."""
    return model_id.lower().endswith(SUFFIX) and Path(model_id).is_absolute()


def own_entry(path: str) -> ModelEntry:
    """The file as if the catalogue had it; its size is 0 while it is not there."""
    size_bytes = 0
    with contextlib.suppress(OSError):
        size_bytes = Path(path).stat().st_size
    return ModelEntry(
        id=path,
        role="generator",
        title=Path(path).stem,
        file=path,
        size_bytes=size_bytes,
        sha256="",
        licence="your own",
        memory_mb=round(size_bytes * MEMORY_PER_BYTE / 1e6) + CONTEXT_MB,
        context_tokens=CONTEXT_TOKENS,
        is_default=False,
        was_run=False,
        source=(),
        is_own=True,
    )


def require_own_file(path: str) -> Path:
    """The file, if it is one and looks like a model.

    Raises:
        ModelFileMissing: there is none, or it cannot be read.
        ModelFileUnsuitable: it is not in GGUF form.
    """
    file = Path(path)
    try:
        if not stat.S_ISREG(file.stat().st_mode):  # and no pipe, which would keep whoever opens it waiting
            raise ModelFileUnsuitable(model=file.stem)
        with file.open("rb") as stream:
            if stream.read(len(MAGIC)) != MAGIC:
                raise ModelFileUnsuitable(model=file.stem)
    except OSError as error:
        raise ModelFileMissing(model=file.stem) from error
    return file
