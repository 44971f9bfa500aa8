"""Counts launches of kernels on the span they happen in: a thousand make no thousand spans."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter_ns
from typing import Any

from axonize.guard import guarded, log_internal_error
from axonize.integrations.triton_kernels.tally import Tally, tallies, tally_of
from axonize.speed import Span, current_span


def launch(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return the replacement of a kernel's `run`, which `kernel[grid](...)` calls."""
    current, clock, known = current_span.get, perf_counter_ns, tallies.get

    def run(self: Any, *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("warmup"):
            return original(self, *args, **kwargs)
        span = tally = count = None
        try:
            span = current()
            tally = known(id(span)) or tally_of(span)
            count = tally.counts.get(self.__name__)
        except Exception as error:  # noqa: BLE001 - written out: a guard costs as much as the rest
            log_internal_error(error)
        if count is None:
            return _first(original, self, args, kwargs, span, tally)
        began = clock()
        kernel = original(self, *args, **kwargs)
        try:
            count.add(span, began, clock())
        except Exception as error:  # noqa: BLE001 - as above
            log_internal_error(error)
        return kernel

    return run


def _first(
    original: Callable[..., Any],
    self: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    span: Span | None,
    tally: Tally | None,
) -> Any:
    """Make the first launch of a kernel in a span, and keep how it was made."""
    with guarded:
        if callable(kwargs["grid"]):
            kwargs["grid"] = _Grid(kwargs["grid"])
    began = perf_counter_ns()
    kernel = original(self, *args, **kwargs)
    ended = perf_counter_ns()
    if tally is None:
        return kernel
    with guarded:
        count = tally.meet(span, self.__name__, _details(kwargs["grid"], kernel))
        count.add(span, began, ended)
    return kernel


def _details(grid: Any, kernel: Any) -> dict[str, Any]:
    shape = grid.shape if isinstance(grid, _Grid) else grid
    metadata = getattr(kernel, "metadata", None)  # there is no binary where it is interpreted
    return {
        "grid": [int(size) for size in shape],
        "num_warps": getattr(metadata, "num_warps", None),
        "num_stages": getattr(metadata, "num_stages", None),
        "registers": getattr(kernel, "n_regs", None),
        "spills": getattr(kernel, "n_spills", None),
    }


class _Grid:
    """A grid that is computed from the arguments, and what came of it."""

    def __init__(self, compute: Callable[[Any], Any]) -> None:
        self._compute = compute
        self.shape: Any = ()

    def __call__(self, arguments: Any) -> Any:
        self.shape = self._compute(arguments)
        return self.shape
