"""The block in which a model is called."""

from __future__ import annotations

import pytest
import torch

from axonize import late
from axonize.device import followed, forget_settings, is_followed
from axonize.speed import Span, current_span
from axonize.testing import CapturedSpans
from tests.sdk.device.cuda import DEVICE, Cuda


def test_on_the_cpu_it_is_the_span_itself() -> None:
    span = Span("call")
    assert followed(span, torch.device("cpu")) is span


@pytest.mark.skipif(torch.cuda.is_initialized(), reason="a device is in use")
def test_tensors_that_only_pretend_to_be_there() -> None:
    assert not is_followed(torch.device("cuda:0"))


def test_a_call_is_told_its_time_and_memory(cuda: Cuda, captured_spans: CapturedSpans) -> None:
    with followed(Span("call"), DEVICE) as span:
        assert current_span.get() is span
        with Span("inside"):
            cuda.stream.work(4)
    assert current_span.get() is None
    assert [each.name for each in captured_spans.spans] == ["inside"]
    cuda.stream.catch_up()
    assert late.settle() == 1
    [shown] = captured_spans.tree()
    assert shown["children"] == [{"name": "inside"}]
    assert shown["attributes"]["axonize.torch.device_ms"] == 4.0
    assert shown["attributes"]["axonize.torch.memory.peak_rose"] is False


def test_an_error_is_told_and_raised(cuda: Cuda, captured_spans: CapturedSpans) -> None:
    with pytest.raises(LookupError), followed(Span("call"), DEVICE):
        raise LookupError("no such layer")
    assert late.settle() == 1
    [shown] = captured_spans.tree()
    assert shown["status"] == ("error", "LookupError: no such layer")
    assert shown["attributes"]["error.type"] == "LookupError"


def test_each_can_be_switched_off(
    cuda: Cuda, captured_spans: CapturedSpans, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AXONIZE_TORCH_CUDA_TIME", "false")
    forget_settings()
    with followed(Span("call"), DEVICE):
        pass
    [shown] = captured_spans.tree()
    assert "axonize.torch.device_ms" not in shown["attributes"]
    monkeypatch.setenv("AXONIZE_TORCH_CUDA_MEMORY", "false")
    forget_settings()
    assert not is_followed(DEVICE)
