"""What the clusterer's client and worker say to each other (see ``host/worker_frames.py`` for the frames)."""

import msgspec


class Cluster(msgspec.Struct, tag="cluster", frozen=True):
    """Find the clusters of these vectors: float32 in native byte order, row after row."""

    rows: int
    dimensions: int
    data: bytes
    min_size: int


class Clustered(msgspec.Struct, frozen=True):
    """int32 in native byte order: of each row its cluster, counted from 0, or -1 for none."""

    data: bytes


Request = Cluster
