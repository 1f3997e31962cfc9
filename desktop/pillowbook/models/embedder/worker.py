"""The embedder process: a sentence-transformers model on torch. ``python -m
pillowbook.models.embedder.worker``.

The client sets ``HF_HUB_OFFLINE``: whatever is missing from the folder is an error, never a download.
"""

from pathlib import Path

import numpy as np

from pillowbook.domain.errors import ModelMissing
from pillowbook.host.worker_loop import Job, serve
from pillowbook.models.embedder.protocol import Embed, Embedded, Load, Loaded, Request
from pillowbook.models.embedder.unneeded import keep_out_unneeded

keep_out_unneeded()
import torch  # noqa: E402
from sentence_transformers import SentenceTransformer  # noqa: E402


class EmbedderService:
    """Does the calls, one after the other."""

    def __init__(self) -> None:
        self._model: SentenceTransformer | None = None

    def handle(self, request: Request, _job: Job) -> Loaded | Embedded:
        match request:
            case Load(folder, threads):
                return self._load(Path(folder), threads)
            case Embed(texts):
                return self._embed(list(texts))

    def _load(self, folder: Path, threads: int) -> Loaded:
        if not folder.is_dir():
            raise ModelMissing(model=folder.name)
        torch.set_num_threads(threads)
        self._model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
        # The first text is slow (kernels are chosen, memory is taken): not the first question's business.
        warm = self._model.encode(["warm"], convert_to_numpy=True, show_progress_bar=False)
        return Loaded(int(warm.shape[1]))

    def _embed(self, texts: list[str]) -> Embedded:
        if self._model is None:
            raise RuntimeError
        with torch.inference_mode():
            rows = self._model.encode(
                texts,
                batch_size=len(texts),
                convert_to_numpy=True,
                normalize_embeddings=True,
                show_progress_bar=False,
            )
        data = np.ascontiguousarray(rows, dtype=np.float32)
        return Embedded(data.shape[0], data.shape[1], data.tobytes())


if __name__ == "__main__":
    serve(Request, EmbedderService().handle)
