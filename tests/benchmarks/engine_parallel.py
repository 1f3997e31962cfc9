"""Would background work gain from writing several texts at once? Sequences decoded together, by llama.cpp directly.

Run:  python -m tests.benchmarks.engine_parallel --generator FILE.gguf

Reading a prompt is one batch already, so only the writing of a call gains. The last column puts that into a background
call that reads 256 tokens and writes 30, about what an answer from five single sentences costs.
"""

import argparse
import ctypes
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("GOMP_SPINCOUNT", "1000")  # as the worker has it

import llama_cpp
import psutil
from tests.benchmarks.common import machine

SHARED, STEPS, READ, WRITTEN = 300, 16, 256, 30


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--generator", type=Path, required=True)
    arguments = parser.parse_args()
    quiet = llama_cpp.llama_log_callback(lambda _level, _text, _data: None)
    llama_cpp.llama_log_set(quiet, ctypes.c_void_p())
    weights = llama_cpp.llama_model_default_params()
    weights.use_extra_bufts = False
    model = llama_cpp.llama_model_load_from_file(str(arguments.generator).encode(), weights)
    params = llama_cpp.llama_context_default_params()
    params.n_ctx, params.n_seq_max, params.kv_unified = 4096, 8, True
    params.n_batch = params.n_ubatch = 128
    params.n_threads = params.n_threads_batch = psutil.cpu_count(logical=False) or 1
    context = llama_cpp.llama_init_from_model(model, params)
    memory = llama_cpp.llama_get_memory(context)
    batch = llama_cpp.llama_batch_init(128, 0, 1)

    def decode(positions: Sequence[int], sequences: Sequence[int]) -> None:
        batch.n_tokens = len(positions)
        for at, (position, sequence) in enumerate(zip(positions, sequences, strict=True)):
            batch.token[at] = 1000 + (position * 7919 + sequence) % 20000
            batch.pos[at] = position
            batch.n_seq_id[at] = 1
            batch.seq_id[at][0] = sequence
            batch.logits[at] = len(sequences) < 16 or at == len(sequences) - 1
        if llama_cpp.llama_decode(context, batch) != 0:
            sys.exit("llama.cpp could not decode the batch")

    print(f"command: python -m tests.benchmarks.engine_parallel {' '.join(sys.argv[1:])}")
    print(f"machine: {machine()}; load average {psutil.getloadavg()[0]:.1f}\n")
    decode([0], [0])
    began = time.monotonic()
    for start in range(1, SHARED, 128):
        size = min(128, SHARED - start)
        decode(range(start, start + size), [0] * size)
    reading = (SHARED - 1) / (time.monotonic() - began)
    print(f"reading: {reading:.1f} tokens/s\n")
    print(
        "| together | tokens/s in all | ms a step | calls a minute | gain |\n| --- | --- | --- | --- | --- |"
    )
    alone = 0.0
    for count in (1, 2, 3, 4, 8):
        for sequence in range(1, count):
            llama_cpp.llama_memory_seq_cp(memory, 0, sequence, 0, SHARED)
        began = time.monotonic()
        for step in range(STEPS):
            decode([SHARED + step] * count, range(count))
        spent_s = time.monotonic() - began
        for sequence in range(count):
            llama_cpp.llama_memory_seq_rm(memory, sequence, SHARED if sequence == 0 else 0, -1)
        writing = STEPS * count / spent_s
        calls = 60 / (READ / reading + WRITTEN / writing)
        alone = alone or calls
        print(
            f"| {count} | {writing:.1f} | {spent_s / STEPS * 1000:.0f} | {calls:.1f} | {calls / alone - 1:+.0%} |"
        )


if __name__ == "__main__":
    main()
