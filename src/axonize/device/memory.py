"""How much memory of a CUDA device calls need, and what its allocator says when it has run out.

The allocator counts by itself. Its counters are only read: resetting the peak would take it from
a program that watches it.
"""

from __future__ import annotations

import math
import re
from time import monotonic
from typing import NamedTuple

from axonize import semconv
from axonize.guard import guarded
from axonize.speed import Span

INTERVAL_S = 0.1
SUMMARY_LENGTH = 4096


class Counters(NamedTuple):
    """Bytes of one device: now, and at most since the program began or reset the peak."""

    allocated: int
    allocated_peak: int
    reserved: int
    reserved_peak: int

    def attributes(self) -> dict[str, int]:
        """Return them by name."""
        return {
            semconv.TORCH_MEMORY_ALLOCATED_BYTES: self.allocated,
            semconv.TORCH_MEMORY_ALLOCATED_PEAK_BYTES: self.allocated_peak,
            semconv.TORCH_MEMORY_RESERVED_BYTES: self.reserved,
            semconv.TORCH_MEMORY_RESERVED_PEAK_BYTES: self.reserved_peak,
        }


class Memory:
    """What a call makes of the memory, from when this is made until stop()."""

    def __init__(self, device: int) -> None:
        self._device = device
        self._before = read_counters(device)

    def stop(self, span: Span) -> None:
        """Tell the span; whether the peak is this call's is known because it has risen in it."""
        after = read_counters(self._device)
        span.set_attributes(after.attributes())
        rose = after.allocated_peak > self._before.allocated_peak
        span.set_attribute(semconv.TORCH_MEMORY_PEAK_ROSE, rose)
        _next_reading[self._device] = monotonic() + INTERVAL_S


_next_reading: dict[int, float] = {}  # monotonic s, for each device


def watch_memory(device: int) -> Memory | None:
    """Read the counters, ten times a second at most: a reading takes longer than a short call."""
    if monotonic() < _next_reading.get(device, -math.inf):
        return None
    return Memory(device)


def read_counters(device: int | None = None) -> Counters:
    """Ask the allocator of a device, by default the current one."""
    from torch.cuda import memory_stats_as_nested_dict

    stats = memory_stats_as_nested_dict(device)
    allocated, reserved = stats["allocated_bytes"]["all"], stats["reserved_bytes"]["all"]
    return Counters(allocated["current"], allocated["peak"], reserved["current"], reserved["peak"])


@guarded
def tell_out_of_memory(span: Span, error: BaseException) -> None:
    """Add what the allocator says, if the error is that memory of a device has run out."""
    import torch

    if isinstance(error, torch.OutOfMemoryError) and torch.cuda.is_initialized():
        named = re.search(r"GPU (\d+)", str(error))
        device = int(named[1]) if named else None
        summary = torch.cuda.memory_summary(device, abbreviated=True)
        about = {semconv.TORCH_MEMORY_SUMMARY: summary[:SUMMARY_LENGTH]}
        span.add_event("out_of_memory", {**about, **read_counters(device).attributes()})
