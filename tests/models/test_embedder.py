"""The embedder on the real model, and the stand-in against the same contract."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from tests.fakes import HashEmbedder

from pillowbook.domain.errors import ModelMissing
from pillowbook.models.embedder.client import (
    DIMENSIONS,
    Embedder,
    MiniLmEmbedder,
)
from pillowbook.models.embedder.protocol import Embed

BOILER = "The boiler was serviced in March."
BOILERS = "In March the boiler was serviced."
RECIPE = "Soak black beans overnight for chilli."


@pytest.fixture(scope="module")
def minilm(minilm_folder: Path) -> Iterator[MiniLmEmbedder]:
    embedder = MiniLmEmbedder(minilm_folder)
    yield embedder
    embedder.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "embedder-output"]


@pytest.fixture(params=["real", "fake"])
def embedder(request: pytest.FixtureRequest) -> Embedder:
    made: Embedder = HashEmbedder() if request.param == "fake" else request.getfixturevalue("minilm")
    return made


def test_rows_are_unit_vectors(embedder: Embedder) -> None:
    vectors = embedder.embed([BOILER, "", RECIPE], deadline_s=120)
    assert vectors.shape == (3, DIMENSIONS)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


def test_close_texts_have_close_vectors(embedder: Embedder) -> None:
    boiler, boilers, recipe = embedder.embed([BOILER, BOILERS, RECIPE], deadline_s=120)
    assert boiler @ boilers > 0.9
    assert boiler @ recipe < 0.5


def test_order_is_kept_over_batches_of_any_length(embedder: Embedder) -> None:
    texts = [f"note {number} " + "word " * (number * 7 % 50) for number in range(40)]
    together = embedder.embed(texts, deadline_s=120, background=True)
    for number in (0, 17, 39):
        alone = embedder.embed([texts[number]], deadline_s=120)[0]
        assert np.allclose(together[number], alone, atol=1e-4)


def test_nothing_to_embed_gives_no_rows(embedder: Embedder) -> None:
    assert embedder.embed([], deadline_s=1).shape == (0, DIMENSIONS)


def test_a_question_overtakes_background_batches(minilm: MiniLmEmbedder) -> None:
    minilm.embed(["warm"], deadline_s=120)
    order: list[str] = []

    def work() -> None:
        minilm.embed([BOILER * 20] * 60, deadline_s=120, background=True)
        order.append("background")

    thread = threading.Thread(target=work)
    thread.start()
    minilm.embed([RECIPE], deadline_s=120)
    order.append("question")
    thread.join()
    assert order == ["question", "background"]


def test_no_batch_begins_in_the_background_while_somebody_types(
    minilm: MiniLmEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pillowbook.models.embedder.client.QUIET_S", 60.0)
    monkeypatch.setattr("pillowbook.models.embedder.client.MOST_QUIET_S", 60.0)
    asked: list[int] = []
    call = minilm._worker.call

    def counted(request: Embed, *rest: Any, **options: Any) -> Any:
        asked.append(len(request.texts))
        return call(request, *rest, **options)

    monkeypatch.setattr(minilm._worker, "call", counted)
    minilm.embed(["W"], deadline_s=60)
    thread = threading.Thread(target=lambda: minilm.embed([BOILER * 8] * 40, deadline_s=60, background=True))
    thread.start()
    for typed in ("Wh", "Whe", "When"):
        minilm.embed([typed], deadline_s=60)
    assert asked == [1] * 4 and thread.is_alive()
    minilm.embed([BOILER], deadline_s=60, background=True)  # a question that is prepared holds nobody up
    asked.clear()
    monkeypatch.setattr("pillowbook.models.embedder.client.QUIET_S", 0.0)
    thread.join(timeout=60)
    assert sum(asked) == 40


def test_however_much_is_typed_the_background_goes_on(
    minilm: MiniLmEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pillowbook.models.embedder.client.QUIET_S", 60.0)
    monkeypatch.setattr("pillowbook.models.embedder.client.MOST_QUIET_S", 0.05)
    minilm.embed(["When"], deadline_s=60)
    assert minilm.embed([BOILER * 40], deadline_s=60, background=True).shape == (1, DIMENSIONS)


def test_kill_9_is_an_ordinary_event(minilm: MiniLmEmbedder) -> None:
    before = minilm.embed([BOILER], deadline_s=120)
    assert minilm.process_id is not None
    os.kill(minilm.process_id, signal.SIGKILL)
    assert np.allclose(minilm.embed([BOILER], deadline_s=120), before)
    process = minilm.process_id
    assert process is not None
    minilm.unload()
    assert not psutil.pid_exists(process)


def test_what_is_imported_and_never_used_is_kept_out() -> None:
    """SciPy's statistics and scikit-learn cost a quarter of the time to the first vector."""
    code = (
        "import sys; import pillowbook.models.embedder.worker; "
        "print(sum(name.startswith(('sklearn.', 'scipy.stats.')) for name in sys.modules if name != 'sklearn.metrics'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True
    )
    assert done.stdout.strip() == "0"


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing):
        MiniLmEmbedder(tmp_path).embed([BOILER], deadline_s=1)
