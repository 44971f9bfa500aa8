"""Counts collectives of torch.distributed on the span they happen in, with their bytes and time.

A layer may have two of them, so that one span for each would hide the rest. What a compiler has
traced, and what engines send on their own, does not come here.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from time import perf_counter_ns
from typing import Any

from axonize import semconv
from axonize.guard import guarded
from axonize.patching import Patch
from axonize.speed import Span, current_span

DISTRIBUTED = ("torch.distributed.distributed_c10d", "torch.distributed")
FUNCTIONAL = "torch.distributed._functional_collectives"
NAMES = (
    *("all_reduce", "all_gather", "all_gather_into_tensor", "all_to_all", "all_to_all_single"),
    *("barrier", "broadcast", "gather", "irecv", "isend", "recv", "reduce", "reduce_scatter"),
    *("reduce_scatter_tensor", "scatter", "send"),
)
FUNCTIONAL_NAMES = (
    *("all_gather_tensor", "all_reduce", "all_to_all_single", "broadcast"),
    "reduce_scatter_tensor",
)
KINDS = 8  # that are told apart in a span; each has 5 attributes, and a span has 128 at most


def collective(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return the replacement of a collective; a compiler sees through it."""
    from torch.compiler import is_compiling

    name = original.__name__

    def call(*args: Any, **kwargs: Any) -> Any:
        if is_compiling() or _within.collective:
            return original(*args, **kwargs)
        _within.collective = True
        began = perf_counter_ns()
        try:
            result = original(*args, **kwargs)
        finally:
            _within.collective = False
        _count(name, args, kwargs, perf_counter_ns() - began)
        return result

    return call


COLLECTIVES = (
    *(Patch(module, name, collective, "closure") for module in DISTRIBUTED for name in NAMES),
    *(Patch(FUNCTIONAL, name, collective, "closure") for name in FUNCTIONAL_NAMES),
)


class _Within(threading.local):
    """Whether this thread is inside of a collective, some of which are made of others."""

    collective = False


_within = _Within()


class _Kind:
    """The collectives of one name in one span."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.count = self.host_ns = self.size = 0

    def add(self, span: Span, host_ns: int, size: int) -> None:
        self.count += 1
        self.host_ns += host_ns
        self.size += size
        span.set_attribute(f"{self.prefix}.count", self.count)
        span.set_attribute(f"{self.prefix}.host_ms", self.host_ns / 1e6)
        span.set_attribute(f"{self.prefix}.bytes", self.size)


class _Tally:
    """The collectives of one span."""

    def __init__(self) -> None:
        self.kinds: dict[str, _Kind] = {}
        self.count = self.host_ns = 0

    def add(self, span: Span, name: str, host_ns: int, size: int) -> None:
        self.count += 1
        self.host_ns += host_ns
        span.set_attribute(semconv.TORCH_COLLECTIVES, self.count)
        span.set_attribute(semconv.TORCH_COLLECTIVES_HOST_MS, self.host_ns / 1e6)
        kind = self.kinds.get(name) or self._meet(span, name)
        if kind is not None:
            kind.add(span, host_ns, size)

    def _meet(self, span: Span, name: str) -> _Kind | None:
        if len(self.kinds) == KINDS:
            return None
        kind = self.kinds[name] = _Kind(f"{semconv.TORCH_COLLECTIVE}.{len(self.kinds)}")
        span.set_attribute(f"{kind.prefix}.name", name)
        return kind


_tallies: weakref.WeakKeyDictionary[Span, _Tally] = weakref.WeakKeyDictionary()


@guarded
def _count(name: str, args: tuple[Any, ...], kwargs: dict[str, Any], host_ns: int) -> None:
    span = current_span.get()
    if span is None or span.ended:
        return
    tally = _tallies.get(span)
    if tally is None:
        tally = _tallies[span] = _Tally()
        _describe_group(span)
    tally.add(span, name, host_ns, _size(args) or _size(tuple(kwargs.values())))


def _describe_group(span: Span) -> None:
    from torch import distributed

    span.set_attribute(semconv.TORCH_DISTRIBUTED_BACKEND, distributed.get_backend())
    span.set_attribute(semconv.TORCH_DISTRIBUTED_RANK, distributed.get_rank())
    span.set_attribute(semconv.TORCH_DISTRIBUTED_WORLD_SIZE, distributed.get_world_size())


def _size(values: tuple[Any, ...]) -> int:
    """Return the bytes of the first argument that is a tensor or a list of them."""
    for value in values:
        tensors = value if isinstance(value, (list, tuple)) else (value,)
        if tensors and all(hasattr(each, "element_size") for each in tensors):
            return sum(each.numel() * each.element_size() for each in tensors)
    return 0
