"""How soon does a text on a model server stop? A real llama.cpp server on the loopback, plain and encrypted.

Run:  python -m tests.benchmarks.server_cancelling --generator FILE.gguf [--rounds 30]

Prints, for cancels while the server reads a long prompt and while it writes, the time from the cancel to the end of the
call: median, 95th percentile and the longest. The design allows 100 ms.
"""

import argparse
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.models.servers import Authority, llama_server

from pillowbook.domain.errors import Cancelled
from pillowbook.host.workers import CancelToken
from pillowbook.models.generator.client import Message
from pillowbook.models.remote.client import ServerChoice, ServerGenerator

LINE = "The cat sat on the mat and looked at the moon. "
READ_LINES, WRITE_LINES = 120, 3
INTO_READING_S, INTO_WRITING_S = 0.3, 0.05


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--generator", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    print(f"{'':22}{'rounds':>8}{'median':>10}{'p95':>10}{'longest':>10}")
    for is_encrypted in (False, True):
        with server(options.generator, is_encrypted=is_encrypted) as choice:
            writer = ServerGenerator(choice)
            for is_writing in (True, False):
                took = sorted(
                    cancelled_after_ms(writer, number, is_writing=is_writing)
                    for number in range(options.rounds)
                )
                name = f"{'https' if is_encrypted else 'http'}, {'writing' if is_writing else 'reading'}"
                p95 = took[min(len(took) - 1, round(0.95 * len(took)))]
                figures = (statistics.median(took), p95, took[-1])
                print(
                    f"{name:22}{len(took):8}" + "".join(f"{figure:7.1f} ms" for figure in figures), flush=True
                )


@contextmanager
def server(model: Path, *, is_encrypted: bool) -> Iterator[ServerChoice]:
    """A server and how it is reached."""
    with tempfile.TemporaryDirectory() as folder:
        authority = Authority(Path(folder))
        options = ("--ssl_keyfile", str(authority.key), "--ssl_certfile", str(authority.certificate))
        scheme = "https" if is_encrypted else "http"
        with llama_server(model, *(options if is_encrypted else ()), scheme=scheme) as address:
            yield ServerChoice(address, ca_file=str(authority.ca_file) if is_encrypted else "")


def cancelled_after_ms(writer: ServerGenerator, number: int, *, is_writing: bool) -> float:
    """One text, begun and cancelled."""
    cancel, begun = CancelToken(), threading.Event()
    ended: list[float] = []
    # The number keeps the server from knowing the prompt already.
    prompt = f"{number} " + LINE * (WRITE_LINES if is_writing else READ_LINES)

    def write() -> None:
        try:
            writer.generate(
                [Message("user", prompt, frozenset())],
                max_tokens=800,
                deadline_s=120,
                cancel=cancel,
                on_text=lambda _text: begun.set(),
            )
        except Cancelled:
            ended.append(time.monotonic())

    thread = threading.Thread(target=write)
    thread.start()
    if is_writing:
        begun.wait(60)
    time.sleep(INTO_WRITING_S if is_writing else INTO_READING_S)
    at = time.monotonic()
    cancel.cancel()
    thread.join(60)
    return (ended[0] - at) * 1000 if ended else 0.0


if __name__ == "__main__":
    main()
