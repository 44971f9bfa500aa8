"""One of two processes that work together over gloo, and tell what was recorded of it.

python -m tests.integrations.torch.ranks RANK FILE
"""

from __future__ import annotations

import json
import sys

import torch
import torch.distributed as dist
from torch.distributed import _functional_collectives as functional

from axonize import patching
from axonize.integrations.torch import TORCH
from axonize.speed import Span
from axonize.testing import capture_spans

WORLD = 2


def work(rank: int) -> list[object]:
    """Return what comes of every kind of collective that gloo has."""
    sums = torch.full((4,), float(rank + 1))
    for _ in range(3):
        dist.all_reduce(sums)
    parts = [torch.zeros(2) for _ in range(WORLD)]
    dist.all_gather(parts, torch.full((2,), float(rank)))
    dist.all_reduce(tensor=torch.ones(2), async_op=True).wait()
    objects: list[object] = [None] * WORLD
    dist.all_gather_object(objects, {"rank": rank})
    if rank:
        dist.send(torch.ones(8, dtype=torch.float16), 0)
    else:
        dist.recv(torch.zeros(8, dtype=torch.float16), 1)
    dist.barrier()
    halves = functional.all_reduce(torch.ones(4), "sum", dist.group.WORLD)
    doubled = torch.compile(double, backend="eager", fullgraph=True)(torch.ones(4))
    return [
        sums.tolist(),
        [each.tolist() for each in parts],
        objects,
        halves.tolist(),
        doubled.tolist(),
    ]


def double(x: torch.Tensor) -> torch.Tensor:
    return functional.all_reduce(x, "sum", dist.group.WORLD) * 2


def main() -> None:
    rank, file = int(sys.argv[1]), sys.argv[2]
    dist.init_process_group("gloo", init_method=f"file://{file}", rank=rank, world_size=WORLD)
    plain = work(rank)
    patching.install(TORCH)
    with capture_spans() as captured:
        with Span("work"):
            traced = work(rank)
        work(rank)  # in no span
        patching.uninstall(TORCH)
        again = work(rank)
        print(json.dumps({"tree": captured.tree(), "answers": [plain, traced, again]}))
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
