"""The memory of a device, by its allocator's counters."""

from __future__ import annotations

import pytest
import torch

from axonize.device import memory
from axonize.device.memory import tell_out_of_memory, watch_memory
from axonize.speed import Span
from tests.sdk.device.cuda import Cuda


def used(cuda: Cuda, size: int) -> dict[str, object]:
    watched, span = watch_memory(0), Span("call")
    assert watched is not None
    cuda.allocate(size)
    cuda.free(size)
    watched.stop(span)
    memory._next_reading.clear()
    return span.attributes


def test_the_peak_and_whether_it_is_of_this_call(cuda: Cuda) -> None:
    cuda.allocate(100)
    assert used(cuda, 50) == {
        "axonize.torch.memory.allocated_bytes": 100,
        "axonize.torch.memory.allocated_peak_bytes": 150,
        "axonize.torch.memory.reserved_bytes": 150,
        "axonize.torch.memory.reserved_peak_bytes": 150,
        "axonize.torch.memory.peak_rose": True,
    }
    attributes = used(cuda, 20)
    assert attributes["axonize.torch.memory.allocated_peak_bytes"] == 150
    assert attributes["axonize.torch.memory.peak_rose"] is False


def test_it_is_read_no_more_often_than_its_interval(
    cuda: Cuda, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "INTERVAL_S", 3600.0)
    watched = watch_memory(0)
    assert watched is not None
    watched.stop(Span("call"))
    assert watch_memory(0) is None
    assert cuda.readings == 2


def test_memory_that_has_run_out(cuda: Cuda) -> None:
    span = Span("call")
    tell_out_of_memory(span, torch.OutOfMemoryError("CUDA out of memory. GPU 1 has a total"))
    [(name, _, attributes)] = span.events
    assert name == "out_of_memory"
    assert len(attributes.pop("axonize.torch.memory_summary")) == memory.SUMMARY_LENGTH
    assert attributes == {
        "axonize.torch.memory.allocated_bytes": 0,
        "axonize.torch.memory.allocated_peak_bytes": 0,
        "axonize.torch.memory.reserved_bytes": 0,
        "axonize.torch.memory.reserved_peak_bytes": 0,
    }


@pytest.mark.skipif(torch.cuda.is_available(), reason="a device is here")
def test_another_error_and_no_device() -> None:
    span = Span("call")
    tell_out_of_memory(span, RuntimeError("shapes"))
    tell_out_of_memory(span, torch.OutOfMemoryError("CUDA out of memory"))
    assert span.events == []
