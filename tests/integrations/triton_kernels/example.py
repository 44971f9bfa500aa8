"""One use of the library, for the checks that every integration has to pass."""

from __future__ import annotations

from typing import Any

import triton

from tests.integrations.triton_kernels.device import made_up_device
from tests.integrations.triton_kernels.kernels import adding, arguments, by_block, interpreted


def example() -> list[Any]:
    """Return what the library answers, the same each time."""
    tuned = triton.autotune(
        [triton.Config({"BLOCK": 32}), triton.Config({"BLOCK": 64})], ["n"], do_bench=bench
    )(adding())
    given = arguments()
    interpreted()[by_block](*given, BLOCK=32)
    with made_up_device():
        kernel = tuned[by_block](*arguments())
    return [given[2].tolist(), kernel.name, kernel.metadata.num_warps, str(tuned.best_config)]


def bench(launch: Any, quantiles: Any) -> list[float]:
    launch()
    return [0.25, 0.2, 0.3]
