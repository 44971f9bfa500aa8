"""Work for a real GPU: python -m tests.gpu.load KIND SECONDS MIB, then its rate as JSON.

matmul: a product of two bfloat16 matrices again and again, in TFLOP/s. copy: device memory to
device memory, in GB/s read and written. hold: memory alone. Each holds MIB more, and prints
"started" first.
"""

from __future__ import annotations

import json
import sys
import time

import torch

SIZE = 8192
COPIED = 2**30
SLICE = 20


def main() -> None:
    kind, seconds, mib = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
    held = torch.zeros(mib * 2**20, dtype=torch.uint8, device="cuda")
    rate = {"matmul": matmul, "copy": copy, "hold": hold}[kind](seconds)
    print(json.dumps({"rate": rate, "held": held.numel()}), flush=True)


def started() -> float:
    torch.cuda.synchronize()
    print("started", flush=True)
    return time.monotonic()


def matmul(seconds: float) -> float:
    """Return the TFLOP/s of the product."""
    left, right = (torch.randn(SIZE, SIZE, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    out = left @ right
    began, times = started(), 0
    while time.monotonic() < began + seconds:
        for _ in range(SLICE):
            torch.mm(left, right, out=out)
        torch.cuda.synchronize()
        times += SLICE
    return 2 * SIZE**3 * times / (time.monotonic() - began) / 1e12


def copy(seconds: float) -> float:
    """Return the GB/s that were read and written."""
    source = torch.ones(COPIED, dtype=torch.uint8, device="cuda")
    target = torch.empty_like(source)
    began, times = started(), 0
    while time.monotonic() < began + seconds:
        for _ in range(SLICE):
            target.copy_(source)
        torch.cuda.synchronize()
        times += SLICE
    return 2 * COPIED * times / (time.monotonic() - began) / 1e9


def hold(seconds: float) -> float:
    started()
    time.sleep(seconds)
    return 0.0


if __name__ == "__main__":
    main()
