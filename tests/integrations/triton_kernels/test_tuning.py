"""Spans of a real autotuner, told how long each configuration takes."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import triton

from axonize.speed import Span
from tests.integrations.conftest import Recorded
from tests.integrations.triton_kernels.kernels import adding, arguments, by_block

CONFIG, CONFIG_MS = "axonize.triton.config", "axonize.triton.config_ms"


class Bench:
    """Launches once, and says that it took the next of these times."""

    def __init__(self, *times_ms: float) -> None:
        self._times_ms = iter(times_ms)

    def __call__(self, launch: Any, quantiles: Any) -> list[float]:
        launch()
        took = next(self._times_ms, None)
        if took is None:
            raise RuntimeError("no time left")
        return [took, took, took]


def tuned(*times_ms: float, blocks: tuple[int, ...] = (32, 64), **settings: Any) -> Any:
    configs = [triton.Config({"BLOCK": block}) for block in blocks]
    return triton.autotune(configs, ["n"], do_bench=Bench(*times_ms), **settings)(adding())


def test_a_tuning_is_one_span(recorded: Recorded) -> None:
    kernel = tuned(0.5, 0.25)
    with Span("request"):
        for _ in range(3):
            kernel[by_block](*arguments())
    [request] = recorded.tree()
    [tuning] = request["children"]
    assert request["attributes"]["axonize.triton.launches"] == 3
    assert request["attributes"]["axonize.triton.kernel.0.grid"] == (2,)
    assert tuning["name"] == "autotune _add"
    assert tuning["attributes"]["axonize.triton.launches"] == 2
    assert tuning["attributes"]["axonize.triton.configs"] == 2
    assert tuning["attributes"]["axonize.setup"] is True
    assert tuning["attributes"][CONFIG_MS] == 0.25
    assert tuning["attributes"][CONFIG].startswith("BLOCK: 64, num_warps: 4")
    assert [event["attributes"] for event in events(tuning)] == [
        {CONFIG: str(config), CONFIG_MS: took}
        for config, took in zip(kernel.configs, (0.5, 0.25), strict=True)
    ]
    assert [child["name"] for child in tuning["children"]] == ["compile _add"] * 2


def events(span: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"name": name, "attributes": attributes} for name, attributes in span["events"]]


def test_another_key_is_tuned_again(recorded: Recorded) -> None:
    kernel = tuned(1.0, 2.0, 2.0, 1.0)
    x, y, out, n = arguments()
    with Span("request"):
        kernel[by_block](x, y, out, n)
        kernel[by_block](x, y, out, n // 2)
    [request] = recorded.tree()
    best = [span["attributes"][CONFIG][:9] for span in request["children"]]
    assert best == ["BLOCK: 32", "BLOCK: 64"]


def test_a_configuration_that_does_not_fit_has_no_time(recorded: Recorded) -> None:
    with Span("request"):
        tuned(math.inf, 0.5)[by_block](*arguments())
    [request] = recorded.tree()
    [tuning] = request["children"]
    assert [CONFIG_MS in event["attributes"] for event in events(tuning)] == [False, True]


def test_a_tuning_that_fails(recorded: Recorded) -> None:
    kernel = tuned(0.5)
    with pytest.raises(RuntimeError, match="no time left"), Span("request"):
        kernel[by_block](*arguments())
    [request] = recorded.tree()
    [tuning] = request["children"]
    assert tuning["status"] == ("error", "RuntimeError: no time left")
    assert tuning["attributes"][CONFIG_MS] == 0.5


def test_one_configuration_is_not_tuned(recorded: Recorded) -> None:
    with Span("request"):
        tuned(blocks=(32,))[by_block](*arguments())
    assert recorded.outline() == [("request", ["compile _add"])]


def test_what_is_found_on_the_disk_is_not_tuned(recorded: Recorded, tmp_path: Path) -> None:
    with Span("request"):
        tuned(0.5, 0.25, cache_results=True)[by_block](*arguments())
    with Span("again"):
        tuned(cache_results=True)[by_block](*arguments())
    first, again = recorded.outline()
    assert first == ("request", [("autotune _add", ["compile _add"] * 2)])
    assert again == ("again", ["compile _add"])
