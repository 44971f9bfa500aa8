"""Spans of the calls of real modules, on the CPU."""

from __future__ import annotations

import gc
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from axonize import guard, patching
from axonize.config import render_table
from axonize.device import following
from axonize.integrations.torch import TORCH, modules
from axonize.integrations.torch.settings import TorchSettings
from axonize.integrations.transformers import TRANSFORMERS
from axonize.speed import Span
from tests.integrations.conftest import Recorded
from tests.integrations.tiny_llama import save_tiny_llama
from tests.sdk.device.cuda import Cuda


@pytest.fixture(autouse=True)
def _installed() -> Iterator[None]:
    patching.install(TORCH)
    yield
    patching.uninstall(TORCH)


def again(monkeypatch: pytest.MonkeyPatch, **settings: str) -> None:
    """Install with other settings."""
    patching.uninstall(TORCH)
    for name, value in settings.items():
        monkeypatch.setenv(f"AXONIZE_TORCH_{name.upper()}", value)
    patching.install(TORCH)


class Block(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(4, 4)

    def forward(self, x: Any) -> Any:
        return self.layer(x)


def model() -> Any:
    return torch.nn.Sequential(Block(), torch.nn.ReLU()).eval()


X = torch.ones(2, 4)


def test_the_module_that_the_program_calls_and_none_inside_it(recorded: Recorded) -> None:
    with torch.inference_mode(), Span("request"):
        model()(X)
    forward = {
        "name": "forward Sequential",
        "attributes": {
            "axonize.model.class": "Sequential",
            "axonize.model.dtype": "float32",
            "axonize.device": "cpu",
            "axonize.torch.parameters": 20,
            "axonize.torch.input_shape": (2, 4),
        },
    }
    assert recorded.tree() == [{"name": "request", "children": [forward]}]


def test_training_is_left_alone(recorded: Recorded) -> None:
    model()(X).sum().backward()
    assert recorded.tree() == []


def test_training_when_asked(recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    again(monkeypatch, training="true")
    model()(X).sum().backward()
    assert recorded.outline() == ["forward Sequential"]


def test_a_deeper_look(recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    again(monkeypatch, depth="2")
    with torch.no_grad():
        model()(X)
    assert recorded.outline() == [("forward Sequential", ["forward Block", "forward ReLU"])]


def test_chosen_modules_at_any_depth(recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    again(monkeypatch, depth="0", modules="Linear")
    with torch.no_grad():
        model()(X)
    assert recorded.outline() == ["forward Linear"]


def test_a_module_that_has_moved(recorded: Recorded) -> None:
    moving = model()
    with torch.no_grad():
        moving(X)
        moving.to(torch.bfloat16)(X.to(torch.bfloat16))
    dtypes = [span.attributes["axonize.model.dtype"] for span in recorded.spans()]
    assert dtypes == ["float32", "bfloat16"]


def test_an_exception_is_told_and_still_raised(recorded: Recorded) -> None:
    with torch.no_grad(), pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        model()(torch.ones(2, 5))
    [span] = recorded.tree()
    assert span["attributes"]["error.type"] == "RuntimeError"
    with torch.no_grad():
        model()(X)
    assert recorded.outline() == ["forward Sequential"]


class Exhausting(torch.nn.Module):
    def forward(self, x: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory")


@pytest.mark.parametrize("initialized", [False, True])
def test_memory_that_runs_out(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch, initialized: bool
) -> None:
    Cuda(monkeypatch)  # no allocator of a GPU is here: what it would say is made up
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: initialized)
    with torch.no_grad(), pytest.raises(torch.OutOfMemoryError):
        Exhausting()(X)
    [span] = recorded.tree()
    assert span["attributes"]["error.type"] == "torch.OutOfMemoryError"
    told = [attributes for name, attributes in span["events"] if name == "out_of_memory"]
    assert len(told) == initialized
    for each in told:
        assert each["axonize.torch.memory_summary"].startswith("79 GiB in use")


class Working(torch.nn.Linear):
    """Queues three pieces of work on a made-up device."""

    cuda_stream: Any

    def forward(self, x: Any) -> Any:
        self.cuda_stream.work(3)
        return super().forward(x)


def test_the_time_of_the_device(recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    device = Cuda(monkeypatch)
    monkeypatch.setattr(following, "_is_cuda", lambda _: True)
    working = Working(4, 4)
    working.cuda_stream = device.stream
    with torch.no_grad(), Span("request"):
        working(X)
    device.stream.catch_up()
    [request] = recorded.tree()
    [forward] = request["children"]
    assert forward["attributes"]["axonize.torch.device_ms"] == 3.0


def test_a_framework_s_span_stands_for_its_model(recorded: Recorded, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    llama = AutoModelForCausalLM.from_pretrained(save_tiny_llama(tmp_path / "tiny-llama"))
    patching.install(TRANSFORMERS)
    try:
        llama.generate(torch.tensor([[5, 6, 7]]), max_new_tokens=3, do_sample=False)
    finally:
        patching.uninstall(TRANSFORMERS)
    assert recorded.outline() == [("text_completion tiny-llama", ["prefill", "decode"])]
    with torch.no_grad():
        llama(torch.tensor([[5, 6, 7]]))
    assert recorded.outline() == ["forward LlamaForCausalLM"]


def test_vllm_is_left_alone(recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modules, "has_an_engine", lambda: True)
    with torch.no_grad():
        model()(X)
    assert recorded.tree() == []


def test_a_model_can_still_be_pickled() -> None:
    with torch.no_grad():
        used = model()
        before = used(X)
        assert torch.equal(pickle.loads(pickle.dumps(used))(X), before)


class Alike(torch.nn.Sequential):
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Alike)

    def __hash__(self) -> int:
        return 0


def test_modules_that_say_they_are_equal_are_told_apart(recorded: Recorded) -> None:
    one, other = Alike(), Alike(torch.nn.Linear(4, 4))
    gc.collect()  # of what other tests have left
    known = len(modules._described)
    with torch.no_grad():
        one(X)
        other(X)
    counts = [span.attributes["axonize.torch.parameters"] for span in recorded.spans()]
    assert counts == [0, 20]
    assert len(modules._described) == known + 2
    del one, other
    gc.collect()
    assert len(modules._described) == known


def test_what_breaks_in_our_hook_breaks_no_model(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise LookupError("broken on purpose")

    guard.set_strict(False)
    monkeypatch.setattr(modules, "_describe", broken)
    with torch.no_grad():
        assert model()(X).shape == (2, 4)
    assert recorded.tree() == []


def test_the_page_lists_the_settings() -> None:
    assert render_table(TorchSettings) in Path("docs/integrations/torch.md").read_text()
