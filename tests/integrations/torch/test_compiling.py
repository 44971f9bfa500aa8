"""Spans of what a real torch.compile compiles, with a backend that needs no C compiler."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch

from axonize import patching
from axonize.integrations.torch import TORCH
from tests.integrations.conftest import MEASURED, Recorded
from tests.integrations.torch import example
from tests.integrations.torch.example import Branching

REASON = "axonize.torch.compile.reason"


@pytest.fixture(autouse=True)
def _installed() -> Iterator[None]:
    torch._dynamo.reset()
    patching.install(TORCH)
    yield
    patching.uninstall(TORCH)
    torch._dynamo.reset()


class Doubling(torch.nn.Module):
    def forward(self, x: Any) -> Any:
        return x * 2


def below(recorded: Recorded) -> list[Any]:
    return [span for root in recorded.tree() for span in root.get("children", ())]


def test_a_compilation_lies_in_the_call_that_waits_for_it(recorded: Recorded) -> None:
    compiled = torch.compile(Doubling(), backend="eager")
    with torch.no_grad():
        compiled(torch.ones(2, 4))
        compiled(torch.ones(2, 4))
    first, second = recorded.tree()
    assert first["attributes"]["axonize.torch.compiled"] is True
    [span] = first["children"]
    assert span == {
        "name": "compile forward",
        "attributes": {
            "axonize.setup": True,
            "axonize.torch.compile.id": "0/0",
            "axonize.torch.compile.operations": 1,
            "axonize.torch.compile.backend_ms": MEASURED,
            "code.file.path": __file__,
            "code.line.number": Doubling.forward.__code__.co_firstlineno,
        },
    }
    assert second["name"] == "forward Doubling"
    assert "children" not in second


def test_why_it_compiles_again(recorded: Recorded) -> None:
    compiled = torch.compile(torch.nn.Linear(4, 4), backend="eager")
    with torch.no_grad():
        compiled(torch.ones(2, 4))
        compiled(torch.ones(3, 4))
    _, again = below(recorded)
    assert again["attributes"]["axonize.torch.compile.id"] == "0/1"
    assert "size mismatch at index 0. expected 2, actual 3" in again["attributes"][REASON]


def test_where_a_graph_breaks(recorded: Recorded) -> None:
    with torch.no_grad():
        torch.compile(Branching(), backend="eager")(torch.ones(2, 4))
    first, rest = below(recorded)
    [(name, told)] = first["events"]
    assert name == "graph_break"
    assert "jump" in told[REASON]
    assert told["code.file.path"] == example.__file__
    assert rest["name"].startswith("compile torch_dynamo_resume_in_forward")
    assert "events" not in rest


def test_a_compilation_that_fails_is_an_error(recorded: Recorded) -> None:
    compiled = torch.compile(Branching(), backend="eager", fullgraph=True)
    with torch.no_grad(), pytest.raises(torch._dynamo.exc.Unsupported):
        compiled(torch.ones(2, 4))
    [span] = below(recorded)
    assert span["attributes"]["error.type"] == "Unsupported"
    assert span["status"][0] == "error"


def test_the_compiler_sees_the_model_and_not_our_hook() -> None:
    class Outer(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.ReLU())

        def forward(self, x: Any) -> Any:
            return self.inner(x) + 1

    model = Outer()
    with torch.no_grad():
        explained = torch._dynamo.explain(model)(torch.ones(2, 4))
        whole = torch.compile(model, backend="eager", fullgraph=True)(torch.ones(2, 4))
        assert torch.equal(whole, model(torch.ones(2, 4)))
    assert (explained.graph_count, explained.graph_break_count) == (1, 0)
