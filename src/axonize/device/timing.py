"""How long a CUDA device worked for a call: two events on the stream of the caller.

They are recorded as the host goes on, and asked about later by another thread. The time is that
from when the device came to the call until it was done with it, as far as that stream knows.
"""

from __future__ import annotations

from collections import defaultdict, deque
from typing import Any

from axonize import semconv
from axonize.device.captures import beside_captures, exchange
from axonize.speed import Span

KEPT = 256  # events of a device that wait to be used again
METHOD = "cuda_events"

_pools: defaultdict[int, deque[Any]] = defaultdict(lambda: deque(maxlen=KEPT))


class Timing:
    """The time of one call, from when this is made until stop()."""

    def __init__(self, device: int) -> None:
        self._device = device
        self._begin = _record(device)
        self._end: Any = None

    def stop(self) -> None:
        """Note that all of the call is queued."""
        from torch.cuda import is_current_stream_capturing

        if not is_current_stream_capturing():
            self._end = _record(self._device)

    def ready(self) -> bool:
        """Say whether the device is done with the call."""
        if self._end is None:
            return True
        with beside_captures():
            return bool(self._end.query())

    def tell(self, span: Span) -> None:
        """Set the time, and give the events back."""
        if self._end is None:
            return
        with beside_captures():
            elapsed_ms = self._begin.elapsed_time(self._end)
        _pools[self._device].extend((self._begin, self._end))
        span.set_attribute(semconv.TORCH_DEVICE_MS, elapsed_ms)
        span.set_attribute(semconv.TORCH_DEVICE_MS_METHOD, METHOD)


def start_timing(device: int) -> Timing | None:
    """Begin to time what this thread has the device do; None where that would be in the way.

    While a graph is captured nothing happens that could be timed.
    """
    from torch.cuda import is_current_stream_capturing

    if is_current_stream_capturing() or exchange() is None:
        return None
    return Timing(device)


def _record(device: int) -> Any:
    import torch

    try:
        event = _pools[device].pop()
    except IndexError:
        event = torch.cuda.Event(enable_timing=True)
    event.record(torch.cuda.current_stream(device))
    return event
