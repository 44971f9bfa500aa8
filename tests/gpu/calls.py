"""Calls of one module on a real GPU: python -m tests.gpu.calls, then what was found as JSON.

Of the same call: what Axonize tells of it, and what the profiler and the allocator say when they
are asked by hand.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import threading
from typing import Any

os.environ["AXONIZE_TORCH_PROFILE_EVERY"] = "1000"

import torch
from torch.autograd import DeviceType

from axonize import late, patching
from axonize.device import memory
from axonize.integrations.torch import TORCH
from axonize.testing import CapturedSpans, capture_spans

SIZE, LAYERS, CALLS = 8192, 24, 20
CAPTURES = 20


def main() -> None:
    torch.manual_seed(0)
    layers = (torch.nn.Linear(SIZE, SIZE, bias=False) for _ in range(LAYERS))
    model = torch.nn.Sequential(*layers).to("cuda", torch.bfloat16).eval()
    given = torch.randn(SIZE, SIZE, device="cuda", dtype=torch.bfloat16)
    with torch.inference_mode(), capture_spans() as captured:
        model(given)
        found: dict[str, Any] = {"layers": LAYERS, "profiler_ms": profiled(model, given)}
        patching.install(TORCH)
        found |= timed(captured, model, given)
        found |= allocated(captured, model, given)
        found["out_of_memory"] = exhausted(captured)
        found["captures"] = captured_graphs(model, given)
        found["kernels"] = sampled(captured, model, given)
        patching.uninstall(TORCH)
    print(json.dumps(found), flush=True)


def ended(captured: CapturedSpans) -> list[dict[str, Any]]:
    """Return the attributes of the spans so far."""
    torch.cuda.synchronize()
    assert late.settle_within(10)
    attributes = [span.attributes for span in captured.spans]
    captured.clear()
    return attributes


def profiled(model: Any, given: Any) -> float:
    """Return the median ms of the kernels of a call, as the profiler says."""
    times = []
    for _ in range(CALLS):
        activities = [torch.profiler.ProfilerActivity.CPU, torch.profiler.ProfilerActivity.CUDA]
        with torch.profiler.profile(activities=activities) as profile:
            model(given)
            torch.cuda.synchronize()
        kernels = [e for e in profile.events() if e.device_type == DeviceType.CUDA]
        times.append(sum(each.self_device_time_total for each in kernels) / 1e3)
    return statistics.median(times)


def timed(captured: CapturedSpans, model: Any, given: Any) -> dict[str, Any]:
    """Return the median ms of a call, as its events say."""
    for _ in range(CALLS):
        model(given)
        torch.cuda.synchronize()
    told = ended(captured)
    assert len(told) == CALLS
    return {"events_ms": statistics.median(each["axonize.torch.device_ms"] for each in told)}


def allocated(captured: CapturedSpans, model: Any, given: Any) -> dict[str, Any]:
    """Return the peak that Axonize tells and the one that the allocator does."""
    torch.cuda.reset_peak_memory_stats()
    memory._next_reading.clear()
    model(given)
    [told] = ended(captured)
    return {
        "peak_told": told["axonize.torch.memory.allocated_peak_bytes"],
        "peak_rose": told["axonize.torch.memory.peak_rose"],
        "peak": torch.cuda.max_memory_allocated(),
    }


class Greedy(torch.nn.Module):
    def forward(self, x: Any) -> Any:
        return x.new_empty(2**44)


def exhausted(captured: CapturedSpans) -> list[str]:
    """Return the events of a call for which there is not enough memory."""
    with contextlib.suppress(torch.OutOfMemoryError):
        Greedy()(torch.ones(1, device="cuda"))
    torch.cuda.synchronize()
    assert late.settle_within(10)
    events = [name for span in captured.spans for name, _, _ in span.events]
    captured.clear()
    return events


def captured_graphs(model: Any, given: Any) -> int:
    """Capture graphs while another thread asks about events; return how many came about."""
    over, count = threading.Event(), 0
    asking = threading.Thread(target=_ask, args=(over,))
    asking.start()
    for _ in range(CAPTURES):
        model(given)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            model(given)
        graph.replay()
        count += 1
    over.set()
    asking.join()
    return count


def _ask(over: threading.Event) -> None:
    while not over.is_set():
        late.settle()


def sampled(captured: CapturedSpans, model: Any, given: Any) -> list[Any]:
    """Return count and ms of the kernels of a call that was sampled."""
    ended(captured)
    for _ in range(1000):
        model(given[:1])
    told = ended(captured)
    return [
        [each["axonize.torch.kernels"], each["axonize.torch.kernels.total_ms"]]
        for each in told
        if "axonize.torch.kernels" in each
    ]


if __name__ == "__main__":
    main()
