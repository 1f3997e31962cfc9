"""What the embedder's client and worker say to each other (see ``host/worker_frames.py`` for the frames)."""

import msgspec


class Load(msgspec.Struct, tag="load", frozen=True):
    """Opening: the folder of the model, once per process."""

    folder: str
    threads: int


class Loaded(msgspec.Struct, frozen=True):
    """The model is in memory."""

    dimensions: int


class Embed(msgspec.Struct, tag="embed", frozen=True):
    """Turn these texts into unit vectors."""

    texts: tuple[str, ...]


class Embedded(msgspec.Struct, frozen=True):
    """float32 in native byte order, row after row, in the order of the texts."""

    rows: int
    dimensions: int
    data: bytes


Request = Load | Embed
