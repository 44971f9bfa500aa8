"""A program that serves two callables by PyTriton, until it is told to end."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from pytriton.decorators import batch
from pytriton.model_config import ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig

import axonize

X, Y = (
    Tensor(name="X", dtype=np.float32, shape=(4,)),
    Tensor(name="Y", dtype=np.float32, shape=(4,)),
)


@batch
def double(X: Any) -> list[Any]:  # noqa: N803 - as the input is called
    with axonize.span("doubling"):
        return [X * 2]


def count(requests: Any) -> Any:
    for number in range(3):
        yield [{"Y": each["X"] * number} for each in requests]


if __name__ == "__main__":
    http, grpc, metrics = map(int, sys.argv[1:])
    local = {f"{kind}_address": "127.0.0.1" for kind in ("http", "grpc")}
    config = TritonConfig(http_port=http, grpc_port=grpc, metrics_port=metrics, **local)
    with Triton(config=config) as triton:
        triton.bind("double", double, inputs=[X], outputs=[Y], config=ModelConfig(max_batch_size=8))
        streaming = ModelConfig(batching=False, decoupled=True)
        triton.bind("count", count, inputs=[X], outputs=[Y], config=streaming)
        triton.serve()
