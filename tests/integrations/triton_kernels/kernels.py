"""Kernels, made anew for each test, so that nothing is compiled before it begins."""

from __future__ import annotations

from typing import Any

import torch
import triton
import triton.language as tl
from triton import knobs


# What is in a kernel is Triton's language: it knows no annotation but its own.
def _add(x, y, out, n, BLOCK: tl.constexpr):  # type: ignore[no-untyped-def]  # noqa: N803
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    tl.store(out + at, tl.load(x + at, at < n) + tl.load(y + at, at < n), at < n)


def adding() -> Any:
    """Return a kernel that adds."""
    return triton.jit(_add)


def interpreted() -> Any:
    """Return the same kernel for Triton's interpreter, as under TRITON_INTERPRET=1."""
    with knobs.runtime.scope():
        knobs.runtime.interpret = True
        return triton.jit(_add)


def arguments() -> tuple[Any, ...]:
    x, y = torch.arange(128.0), torch.ones(128)
    return x, y, torch.empty(128), 128


def by_block(meta: dict[str, int]) -> tuple[int]:
    """A grid that is computed for each launch."""
    return (triton.cdiv(128, meta["BLOCK"]),)
