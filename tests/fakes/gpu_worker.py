"""The real generator's worker in a build that pretends to have a graphics processor.

With one layer on it the driver kills the process, with two its memory does not do.
"""

import os
from typing import Any

import llama_cpp

from pillowbook.host.worker_loop import serve
from pillowbook.models.generator.protocol import Request
from pillowbook.models.generator.worker import GeneratorService

load_from_file = llama_cpp.llama_model_load_from_file


def load_on_gpu(path: bytes, params: Any) -> Any:
    if params.n_gpu_layers == 1:
        os._exit(139)
    return None if params.n_gpu_layers else load_from_file(path, params)


if __name__ == "__main__":
    llama_cpp.llama_supports_gpu_offload = lambda: True
    llama_cpp.llama_model_load_from_file = load_on_gpu
    service = GeneratorService()
    serve(Request, service.handle, service.at_once)
