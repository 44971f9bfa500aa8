"""Models compiled ahead of time, exported and scripted ones: what is called like a module."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from axonize import patching
from axonize.integrations.torch import TORCH
from axonize.levels import module_levels
from tests.integrations.conftest import Recorded

INPUT = torch.ones(2, 4)


class Plain(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x).relu()


@pytest.fixture(autouse=True)
def _installed() -> Iterator[None]:
    patching.install(TORCH)
    yield
    patching.uninstall(TORCH)


def of_module(name: str) -> dict[str, Any]:
    return {
        "name": f"forward {name}",
        "attributes": {
            "axonize.model.class": name,
            "axonize.model.dtype": "float32",
            "axonize.device": "cpu",
            "axonize.torch.parameters": 20,
            "axonize.torch.input_shape": (2, 4),
        },
    }


def test_an_exported_program(recorded: Recorded) -> None:
    program = torch.export.export(Plain(), (INPUT,)).module()
    recorded.spans()
    with torch.no_grad():
        program(INPUT)
    assert recorded.tree() == [of_module("GraphModule")]


def test_a_scripted_module_has_the_name_of_its_class(recorded: Recorded) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        scripted = torch.jit.script(Plain())
    with torch.no_grad():
        scripted(INPUT)
    assert recorded.tree() == [of_module("Plain")]


@pytest.mark.skipif(not shutil.which("g++"), reason="needs a C++ compiler")
def test_a_package_of_aot_inductor(tmp_path: Path, recorded: Recorded) -> None:
    plain = Plain()
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        program = torch.export.export(plain, (INPUT,))
        path = torch._inductor.aoti_compile_and_package(
            program, package_path=str(tmp_path / "m.pt2")
        )
        package = torch._inductor.aoti_load_package(path)
        expected = plain(INPUT)
        recorded.spans()
        assert torch.allclose(package(INPUT), expected)
        levels = module_levels.set(0)  # inside of what stands for the model already
        package(INPUT)
        module_levels.reset(levels)
    assert recorded.tree() == [
        {
            "name": "forward AOTICompiledModel",
            "attributes": {
                "axonize.model.class": "AOTICompiledModel",
                "axonize.torch.compiled": True,
                "axonize.torch.input_shape": (2, 4),
            },
        }
    ]
