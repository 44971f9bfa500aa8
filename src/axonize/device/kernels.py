"""Which kernels a call ran, and for how long, by PyTorch's profiler: for one call in so many.

On a CUDA device they are kernels and copies, elsewhere the operators of the CPU.
"""

from __future__ import annotations

import itertools
import threading
from typing import Any

from axonize import semconv
from axonize.speed import Span

KINDS = 12  # that are told apart in a span; each has 3 attributes, and a span has 128 at most

_calls = itertools.count(1)
_one_at_a_time = threading.Lock()


class Kernels:
    """The kernels of one call, from when this is made until stop()."""

    def __init__(self, on_cuda: bool) -> None:
        from torch.profiler import ProfilerActivity, profile

        cuda = (ProfilerActivity.CUDA,) if on_cuda else ()
        self._device = "cuda" if on_cuda else "cpu"
        self._profile = profile(activities=(ProfilerActivity.CPU, *cuda))
        self._profile.start()

    def stop(self) -> None:
        """Stop to profile, for which the profiler waits for the device."""
        try:
            self._profile.stop()
        finally:
            _one_at_a_time.release()

    def ready(self) -> bool:
        """Say that all is there, but not yet read."""
        return True

    def tell(self, span: Span) -> None:
        """Set the kernels that took longest, and how many there were in all."""
        kernels = sorted(self._read(), key=lambda kernel: -kernel[2])
        span.set_attribute(semconv.TORCH_KERNELS_DEVICE, self._device)
        span.set_attribute(semconv.TORCH_KERNELS, sum(count for _, count, _ in kernels))
        span.set_attribute(semconv.TORCH_KERNELS_TOTAL_MS, sum(us for _, _, us in kernels) / 1e3)
        for number, (name, count, us) in enumerate(kernels[:KINDS]):
            prefix = f"{semconv.TORCH_KERNEL}.{number}"
            span.set_attribute(f"{prefix}.name", name)
            span.set_attribute(f"{prefix}.count", count)
            span.set_attribute(f"{prefix}.total_ms", us / 1e3)

    def _read(self) -> list[tuple[str, int, float]]:
        """Return name, count and us of each kind of kernel."""
        from torch.autograd import DeviceType

        on_cpu = self._device == "cpu"
        return [
            (each.key, each.count, _own_us(each, on_cpu))
            for each in self._profile.key_averages()
            if (each.device_type == DeviceType.CPU) is on_cpu
            and not getattr(each, "is_user_annotation", False)
        ]


def profile_kernels(every: int, on_cuda: bool) -> Kernels | None:
    """Begin to profile if this call is the one in so many, and no profile is being taken."""
    from torch.autograd import profiler

    if next(_calls) % every or profiler._is_profiler_enabled:
        return None
    if not _one_at_a_time.acquire(blocking=False):
        return None
    try:
        return Kernels(on_cuda)
    except BaseException:
        _one_at_a_time.release()
        raise


def _own_us(event: Any, on_cpu: bool) -> float:
    """Return the time of an event without what it called."""
    return float(event.self_cpu_time_total if on_cpu else event.self_device_time_total)
