"""The block in which a model is called whose device is watched."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from axonize.device.kernels import Kernels, profile_kernels
from axonize.device.memory import Memory, watch_memory
from axonize.device.settings import settings
from axonize.device.timing import Timing, start_timing
from axonize.guard import guarded
from axonize.late import end_when_known
from axonize.recording import record_failure
from axonize.speed import Span, current_span


def is_followed(device: Any) -> bool:
    """Say whether anything is told of calls of models that lie on this torch.device."""
    asked = settings()
    watched = asked.torch_cuda_time or asked.torch_cuda_memory
    return asked.torch_profile_every > 0 or (watched and _is_cuda(device))


def followed(span: Span, device: Any, *, outermost: bool = True) -> Span | Followed:
    """Return the block in which the span is current, at whose end it ends: `with followed(...):`.

    What the device does is told on it, later if need be. Without a device that is watched it is
    the span itself. Calls inside of others are not profiled.
    """
    return Followed(span, device, outermost) if is_followed(device) else span


def _is_cuda(device: Any) -> bool:
    if getattr(device, "type", None) != "cuda":
        return False
    from torch.cuda import is_initialized

    return bool(is_initialized())  # not where tensors are only made believe to be there


class Followed:
    """A call of a model and what is watched of it."""

    def __init__(self, span: Span, device: Any, outermost: bool) -> None:
        self.span = span
        self._device = device
        self._outermost = outermost
        self._memory: Memory | None = None
        self._kernels: Kernels | None = None
        self._timing: Timing | None = None

    def __enter__(self) -> Span:
        self._outer = current_span.set(self.span)
        with guarded:
            self._watch()
        return self.span

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._leave()
        if error is not None:
            record_failure(self.span, error)
        for stop in (self._stop_timing, self._stop_kernels, self._stop_memory):
            with guarded:
                stop()
        if self._timing or self._kernels:
            end_when_known(self.span, self)
        else:
            self.span.end()

    def _leave(self) -> None:
        """Make the span before current again, unless it has been left and has ended meanwhile."""
        is_over = getattr(self._outer.old_value, "ended", False)
        if current_span.get() is self.span or not is_over:
            current_span.reset(self._outer)

    def ready(self) -> bool:
        """Say whether all is known."""
        return self._timing is None or self._timing.ready()

    def tell(self, span: Span) -> None:
        """Set all of it."""
        for fact in (self._timing, self._kernels):
            if fact is not None:
                fact.tell(span)

    def _watch(self) -> None:
        asked, on_cuda = settings(), _is_cuda(self._device)
        if on_cuda and asked.torch_cuda_memory:
            self._memory = watch_memory(self._device.index or 0)
        if asked.torch_profile_every and self._outermost:
            self._kernels = profile_kernels(asked.torch_profile_every, on_cuda)
        if on_cuda and asked.torch_cuda_time:
            self._timing = start_timing(self._device.index or 0)

    def _stop_timing(self) -> None:
        if self._timing is not None:
            self._timing.stop()

    def _stop_kernels(self) -> None:
        if self._kernels is not None:
            self._kernels.stop()

    def _stop_memory(self) -> None:
        if self._memory is not None:
            self._memory.stop(self.span)
