"""The kernels of a sampled call: here the operators of the CPU."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from axonize.device import followed, forget_settings, kernels
from axonize.device.kernels import profile_kernels
from axonize.speed import Span
from axonize.testing import CapturedSpans

X = torch.ones(8, 64)


@pytest.fixture(autouse=True)
def _from_the_first_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "_calls", kernels.itertools.count(1))


def work() -> Any:
    return torch.relu(torch.addmm(X, X, torch.ones(64, 64))).sum()


def call(captured: CapturedSpans) -> dict[str, Any]:
    with followed(Span("call"), torch.device("cpu")):
        work()
    [span] = captured.spans
    captured.clear()
    return dict(span.attributes)


def test_one_call_in_two_has_its_operators(
    captured_spans: CapturedSpans, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AXONIZE_TORCH_PROFILE_EVERY", "2")
    forget_settings()
    assert call(captured_spans) == {}
    told = call(captured_spans)
    assert told["axonize.torch.kernels.device"] == "cpu"
    names = {
        told[f"{prefix}.name"]: told[f"{prefix}.count"]
        for number in range(kernels.KINDS)
        if f"{(prefix := f'axonize.torch.kernel.{number}')}.name" in told
    }
    assert {name: names[name] for name in ("aten::addmm", "aten::relu", "aten::sum")} == {
        "aten::addmm": 1,
        "aten::relu": 1,
        "aten::sum": 1,
    }
    times = [told[f"axonize.torch.kernel.{number}.total_ms"] for number in range(len(names))]
    assert times == sorted(times, reverse=True)
    assert sum(times) <= told["axonize.torch.kernels.total_ms"] * 1.001
    assert told["axonize.torch.kernels"] >= sum(names.values())
    assert call(captured_spans) == {}


def test_calls_inside_of_others_are_not_profiled(
    captured_spans: CapturedSpans, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AXONIZE_TORCH_PROFILE_EVERY", "1")
    forget_settings()
    with followed(Span("call"), None, outermost=False):
        work()
    assert [span.attributes for span in captured_spans.spans] == [{}]


def test_a_profile_of_the_program_is_left_alone() -> None:
    with torch.profiler.profile() as theirs:
        assert profile_kernels(1, on_cuda=False) is None
        work()
    assert "aten::addmm" in {event.key for event in theirs.key_averages()}


def test_one_at_a_time() -> None:
    first = profile_kernels(1, on_cuda=False)
    assert first is not None
    assert profile_kernels(1, on_cuda=False) is None
    first.stop()
    second = profile_kernels(1, on_cuda=False)
    assert second is not None
    second.stop()
