"""Whose joules and dollars calls without steps were: real ones, fake NVML, a whole server.

The model computes on the CPU, so it is told which GPU is its own; its counter goes on in time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.integrations.tiny_llama import save_tiny_llama
from tests.integrations.transformers.costly_program import CALLS
from tests.sdk.gpu.conftest import library
from tests.sdk.gpu.fake_nvml import State, make_state
from tests.server.serving import ServeProcess, call

__all__ = ["library"]
pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no NVML")

PROGRAM = ("-m", "tests.integrations.transformers.costly_program")
CARD = "GPU-000000a0-0000-4000-8000-000000000000"
WATTS = 400
PRICE = 3.6  # US dollars an hour
ROOT = Path(__file__).parents[3]


class Run:
    """What the server says of a run of the program, which took so many seconds in all."""

    def __init__(self, http: str, seconds: float) -> None:
        self.http = http
        self.seconds = seconds

    def get(self, path: str) -> Any:
        status, body = call(f"{self.http}/api/v1{path}")
        assert status == 200, body
        return json.loads(body)

    def cost(self, by: str = "model") -> Any:
        return self.get(f"/analytics/cost?group_by={by}")

    def spans(self) -> list[dict[str, Any]]:
        return [
            span
            for trace in self.get("/traces?limit=100")["items"]
            for span in self.get(f"/traces/{trace['trace_id']}/spans")["items"]
        ]

    def calls(self) -> list[dict[str, Any]]:
        """Return the attributes of the spans that had a part of the GPU."""
        return [
            span["attributes"]
            for span in self.spans()
            if "axonize.gpu.seconds" in span["attributes"]
        ]


@contextmanager
def counting(state: State) -> Iterator[None]:
    """Have the energy counter of the card go on."""
    over, began, first = threading.Event(), time.monotonic(), state.gpus[0].energy_mj

    def count() -> None:
        while not over.wait(0.005):
            gained = round((time.monotonic() - began) * WATTS * 1000)
            state.gpus[0].energy_mj = first + gained

    thread = threading.Thread(target=count)
    thread.start()
    yield
    over.set()
    thread.join()


@pytest.fixture(scope="module")
def run(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("cost")
    state, model = make_state(folder / "gpus"), save_tiny_llama(folder / "tiny-llama")
    server = ServeProcess(folder / "data", AXONIZE_COST_PER_HOUR_USD=f"H100={PRICE}")
    found = server.wait_ready()
    variables = {
        **_environment(),
        "LD_LIBRARY_PATH": str(library.parent),
        "FAKE_NVML": str(folder / "gpus"),
        "HF_HUB_OFFLINE": "1",
        "AXONIZE_ENDPOINT": found["grpc"],
        "AXONIZE_ENGINE_GPUS": "cuda:0",
        "AXONIZE_COST_PER_HOUR_USD": f"H100={PRICE}",
        "AXONIZE_SERVICE_NAME": "writer",
        "AXONIZE_STATUS_DIR": str(folder / "status"),
    }
    command = (str(Path(sys.executable).with_name("axonize-instrument")), sys.executable, *PROGRAM)
    began = time.monotonic()
    with counting(state):
        done = subprocess.run(
            (*command, str(model)), env=variables, cwd=ROOT, capture_output=True, timeout=240
        )
    seconds = time.monotonic() - began
    assert done.returncode == 0, done.stderr.decode()[-5000:]
    yield Run(found["http"], seconds)
    code, _, errors = server.end()
    assert code == 0, errors


def _environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith(("AXONIZE_", "CUDA_"))}


def sum_of(attributes: list[dict[str, Any]], name: str) -> Any:
    return pytest.approx(sum(each[name] for each in attributes), rel=1e-6)


def test_what_calls_have_is_what_was_busy(run: Run) -> None:
    calls, total = run.calls(), run.cost()["total"]
    now = total["now"]
    assert len(calls) == now["requests"] == CALLS
    assert now["busy_gpu_seconds"] == sum_of(calls, "axonize.gpu.seconds")
    assert now["busy_usd"] == sum_of(calls, "cost.usd")
    known = [each for each in calls if "axonize.gpu.energy_j" in each]
    assert now["busy_energy_j"] == sum_of(known, "axonize.gpu.energy_j")
    assert len(known) == CALLS
    assert {each["axonize.gpu.rule"] for each in calls} == {"calls"}
    assert total["energy_sources"] == ["counter"]


def test_a_span_around_others_has_it_all_and_their_tokens_count(run: Run) -> None:
    spans = run.spans()
    (serve,) = [span for span in spans if span["name"] == "serve"]
    inside = [span for span in spans if span["trace_id"] == serve["trace_id"]]
    having = [span["name"] for span in inside if "axonize.gpu.seconds" in span["attributes"]]
    assert having == ["serve"]
    assert [span["name"] for span in inside].count("text_completion tiny-llama") == 2
    assert serve["attributes"]["axonize.gpu.seconds"] == pytest.approx(
        serve["duration_ms"] / 1000, rel=0.2
    )
    tokens = sum(
        span["attributes"].get(f"gen_ai.usage.{kind}_tokens", 0)
        for span in spans
        for kind in ("input", "output")
    )
    (group,) = run.cost()["items"]
    assert group["key"] == "tiny-llama"
    assert group["now"]["tokens"] == tokens > 0


def test_calls_at_once_share_the_gpu(run: Run) -> None:
    calls = [s for s in run.spans() if "axonize.gpu.seconds" in s["attributes"]]
    assert any(
        each["attributes"]["axonize.gpu.seconds"] < 0.9 * each["duration_ms"] / 1000
        for each in calls
    )


def test_busy_and_idle_are_the_time_since_the_model_was_loaded(run: Run) -> None:
    now = run.cost()["total"]["now"]
    seconds = now["busy_gpu_seconds"] + now["idle_gpu_seconds"]
    assert now["idle_gpu_seconds"] > 2.0 + 4 * 0.1 + 0.5
    assert seconds < run.seconds
    assert now["busy_usd"] + now["idle_usd"] == pytest.approx(seconds / 3600 * PRICE, rel=1e-9)
    joules = now["busy_energy_j"] + now["idle_energy_j"]
    assert joules == pytest.approx(now["measured_gpu_seconds"] * WATTS, rel=0.1)
    assert now["measured_gpu_seconds"] == pytest.approx(seconds, rel=0.5)


@pytest.mark.parametrize(
    ("by", "key"), [("model", "tiny-llama"), ("service", "writer"), ("gpu", CARD)]
)
def test_groups_are_the_total(run: Run, by: str, key: str) -> None:
    found = run.cost(by)
    (group,) = found["items"]
    assert group["key"] == key
    assert group["now"] == found["total"]["now"]
