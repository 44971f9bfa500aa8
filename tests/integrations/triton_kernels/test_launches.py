"""Launches of real kernels: compiled for an H100 that only the driver makes up, or interpreted."""

from __future__ import annotations

import os
import subprocess
import sys
from threading import Thread
from typing import Any

import pytest
import triton

from axonize import guard, status
from axonize.integrations.triton_kernels import compiling, launches
from axonize.speed import Span, current_span
from tests.integrations.conftest import MEASURED, Recorded
from tests.integrations.triton_kernels.kernels import adding, arguments, by_block, interpreted

PREFIX = "axonize.triton."


def counted(span: Any) -> dict[str, Any]:
    """Return the attributes of a span that are of this integration, by their short names."""
    attributes = span["attributes"] if isinstance(span, dict) else span.attributes
    return {name.removeprefix(PREFIX): value for name, value in attributes.items()}


def outside() -> Any:
    return status.describe()["triton_launches_outside"]


def test_a_thousand_launches_are_counted_on_the_span(recorded: Recorded) -> None:
    kernel, given = adding(), arguments()
    with Span("request"):
        for _ in range(1000):
            kernel[by_block](*given, BLOCK=32)
    [span] = recorded.tree()
    assert counted(span) == {
        "launches": 1000,
        "host_ms": MEASURED,
        "kernel.0.name": "_add",
        "kernel.0.launches": 1000,
        "kernel.0.grid": (4,),
        "kernel.0.num_warps": 4,
        "kernel.0.num_stages": 3,
        "kernel.0.registers": 24,
        "kernel.0.spills": 0,
    }
    [child] = span["children"]
    assert child["name"] == "compile _add"


def test_the_host_s_time_is_without_that_of_compiling(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter(ms * 1_000_000 for ms in (1, 10, 100, 1000))  # launch(compile(...)...)
    for module in (launches, compiling):
        monkeypatch.setattr(module, "perf_counter_ns", times.__next__)
    with Span("request"):
        adding()[(4,)](*arguments(), BLOCK=32)
    assert counted(recorded.spans()[0])["host_ms"] == 9 + 900


def test_each_span_has_its_own(recorded: Recorded) -> None:
    kernel, given = adding(), arguments()
    with Span("outer"):
        kernel[(4,)](*given, BLOCK=32)
        with Span("inner"):
            kernel[(4,)](*given, BLOCK=32)
            kernel[(4,)](*given, BLOCK=32)
        kernel[(4,)](*given, BLOCK=32)
        kernel[(4,)](*given, BLOCK=32)
    launches = {span.name: counted(span).get("launches") for span in recorded.spans()}
    assert launches == {"outer": 3, "compile _add": None, "inner": 2}


def test_a_span_of_several_threads(recorded: Recorded) -> None:
    kernel, given = adding(), arguments()
    kernel[(4,)](*given, BLOCK=32)
    with Span("request") as span:

        def launch_all() -> None:
            current_span.set(span)
            for _ in range(2000):
                kernel[(4,)](*given, BLOCK=32)

        threads = [Thread(target=launch_all) for _ in range(4)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
    assert counted(span)["launches"] == counted(span)["kernel.0.launches"] == 8000


def test_kernels_that_are_too_many_to_be_told_apart(recorded: Recorded) -> None:
    kernel, given = adding(), arguments()
    with Span("request"):
        for number in range(10):
            kernel.__name__ = f"kernel_{number}"
            for _ in range(2):
                kernel[(4,)](*given, BLOCK=32)
    [span] = recorded.tree()
    told = counted(span)
    assert (told["launches"], told["other_launches"]) == (20, 4)
    assert [told[f"kernel.{index}.launches"] for index in range(8)] == [2] * 8
    assert "kernel.8.name" not in told


def test_what_is_in_no_span_is_in_the_status_of_the_process(recorded: Recorded) -> None:
    kernel, given = adding(), arguments()
    before = outside()
    kernel[(4,)](*given, BLOCK=32)
    kernel[by_block](*given, BLOCK=32)
    assert outside() == before + 2
    assert recorded.outline() == ["compile _add"]


def test_a_span_that_has_ended_is_none(recorded: Recorded) -> None:
    kernel, given = adding(), arguments()
    before = outside()
    with Span("request") as span:
        kernel[(4,)](*given, BLOCK=32)
        span.end()
        kernel[(4,)](*given, BLOCK=32)
    assert counted(span)["launches"] == 1
    assert outside() == before + 1


def test_compiling_ahead_is_no_launch(recorded: Recorded) -> None:
    with Span("request"):
        adding().warmup(*arguments(), BLOCK=32, grid=(4,))
    assert recorded.tree() == [{"name": "request", "children": [COMPILED]}]


SIGNATURE = ("x: *fp32", "y: *fp32", "out: *fp32", "n: i32", "BLOCK: constexpr")
COMPILED = {
    "name": "compile _add",
    "attributes": {
        "axonize.setup": True,
        "axonize.triton.compile.cached": False,
        "axonize.triton.num_stages": 3,
        "axonize.triton.num_warps": 4,
        "axonize.triton.shared_bytes": 0,
        "axonize.triton.signature": SIGNATURE,
        "axonize.triton.target": "cuda:90",
        "code.file.path": adding().fn.__code__.co_filename,
        "code.line.number": adding().fn.__code__.co_firstlineno,
    },
}


def test_interpreted_kernels(recorded: Recorded) -> None:
    kernel, given = interpreted(), arguments()
    with Span("request"):
        kernel[by_block](*given, BLOCK=32)
        kernel[by_block](*given, BLOCK=64)
    [span] = recorded.tree()
    assert given[2].tolist() == (given[0] + 1).tolist()
    assert counted(span) == {
        "launches": 2,
        "host_ms": MEASURED,
        "kernel.0.name": "_add",
        "kernel.0.launches": 2,
        "kernel.0.grid": (4,),
    }


PROGRAM = """
import axonize
from axonize.integrations import install_on_import
from axonize.testing import capture_spans
install_on_import()
from tests.integrations.triton_kernels.kernels import adding, arguments
given = arguments()
with capture_spans() as captured, axonize.span("request"):
    adding()[(4,)](*given, BLOCK=32)
[span] = captured.spans
print(span.attributes["axonize.triton.kernel.0.name"], given[2].sum().item())
"""


def test_a_whole_program_that_is_interpreted() -> None:
    environment = {**os.environ, "TRITON_INTERPRET": "1"}
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("_add 8256.0\n", "")


def test_an_error_of_a_kernel_is_raised_as_it_is(recorded: Recorded) -> None:
    kernel = adding()
    with pytest.raises(triton.compiler.errors.CompilationError), Span("request"):
        kernel[(4,)](*arguments(), BLOCK=33)
    [span] = recorded.tree()
    assert "axonize.triton.launches" not in span["attributes"]
    [compiled] = span["children"]
    assert compiled["attributes"]["error.type"] == "triton.compiler.errors.CompilationError"


@pytest.mark.parametrize("broken", ["tally_of", "_details", "_Grid"])
def test_what_breaks_in_our_hook_breaks_no_launch(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    def fail(*_: Any) -> Any:
        raise LookupError("broken on purpose")

    guard.set_strict(False)
    monkeypatch.setattr(launches, broken, fail)
    given = arguments()
    with Span("request"):
        interpreted()[by_block](*given, BLOCK=32)
    assert given[2].tolist() == (given[0] + 1).tolist()
