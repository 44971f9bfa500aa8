"""Spans of what the real compiler of Triton lowers for an H100, and finds on the disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from axonize.speed import Span
from tests.integrations.conftest import Recorded
from tests.integrations.triton_kernels.device import made_up_device
from tests.integrations.triton_kernels.kernels import adding, arguments

CACHED = "axonize.triton.compile.cached"


def compilations(recorded: Recorded) -> list[Any]:
    [request] = recorded.tree()
    return [span["attributes"] for span in request["children"]]


def test_each_version_of_a_kernel_once(recorded: Recorded) -> None:
    kernel, given = adding(), arguments()
    with Span("request"):
        for _ in range(2):
            kernel[(4,)](*given, BLOCK=32)
            kernel[(2,)](*given, BLOCK=64, num_warps=8)
    first, second = compilations(recorded)
    assert (first["axonize.triton.num_warps"], second["axonize.triton.num_warps"]) == (4, 8)


def test_what_is_on_the_disk_is_not_compiled_again(recorded: Recorded, tmp_path: Path) -> None:
    with Span("request"), made_up_device(str(tmp_path)):
        adding()[(4,)](*arguments(), BLOCK=32)
        adding()[(4,)](*arguments(), BLOCK=32)
    assert [each[CACHED] for each in compilations(recorded)] == [False, True]
