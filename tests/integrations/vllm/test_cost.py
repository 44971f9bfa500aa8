"""Whose joules and dollars they were: the real engine on fake NVML, a whole server, its answers.

The engine computes on the CPU, so it is told which GPUs are its own; their counters go on in time.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.integrations.vllm.conftest import environment
from tests.integrations.vllm.costly_program import REQUESTS
from tests.integrations.vllm.server import START_S
from tests.sdk.gpu.conftest import library
from tests.sdk.gpu.fake_nvml import State, make_state
from tests.server.serving import ServeProcess, call
from tests.ui.chromium import find_chromium

__all__ = ["library"]
pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no NVML")

PROGRAM = ("-m", "tests.integrations.vllm.costly_program")
CARDS = [f"GPU-000000a{number}-0000-4000-8000-000000000000" for number in range(2)]
WATTS = (400, 250)
PRICE = 3.6  # US dollars an hour
ROOT = Path(__file__).parents[3]
BUILT = ROOT / "server/axonize_server/static/index.html"


class Run:
    """A run of the program, and what the server says of it."""

    def __init__(self, http: str) -> None:
        self.http = http

    def get(self, path: str) -> Any:
        status, body = call(f"{self.http}/api/v1{path}")
        assert status == 200, body
        return json.loads(body)

    def cost(self, by: str = "model") -> Any:
        return self.get(f"/analytics/cost?group_by={by}")

    def requests(self) -> list[dict[str, Any]]:
        """Return the attributes of every request's totals."""
        return [
            span["attributes"]
            for trace in self.get("/traces?limit=100")["items"]
            for span in self.get(f"/traces/{trace['trace_id']}/spans")["items"]
            if span["name"] == "engine.request"
        ]


@contextmanager
def counting(state: State) -> Iterator[None]:
    """Have the energy counters of both cards go on, each with its own power."""
    over, began = threading.Event(), time.monotonic()
    first = [gpu.energy_mj for gpu in state.gpus]

    def count() -> None:
        while not over.wait(0.005):
            for gpu, watts, before in zip(state.gpus, WATTS, first, strict=False):
                gpu.power_mw = watts * 1000
                gpu.energy_mj = before + round((time.monotonic() - began) * watts * 1000)

    thread = threading.Thread(target=count)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def wait_for(condition: Callable[[], object], seconds: float, why: Callable[[], str]) -> None:
    by = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < by, why()
        time.sleep(0.5)


@pytest.fixture(scope="module")
def run(model: Path, library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("cost")
    state = make_state(folder / "gpus")
    state.gpus[1].mig = 0
    server = ServeProcess(folder / "data", AXONIZE_COST_PER_HOUR_USD=f"H100={PRICE}")
    found = server.wait_ready()
    variables = environment(
        folder,
        LD_LIBRARY_PATH=str(library.parent),
        FAKE_NVML=str(folder / "gpus"),
        AXONIZE_ENDPOINT=found["grpc"],
        AXONIZE_ENGINE_GPUS="cuda:0,cuda:1",
        AXONIZE_COST_PER_HOUR_USD=f"H100={PRICE}",
    )
    log = folder / "log"
    command = ("axonize-instrument", sys.executable, *PROGRAM, str(model))
    run = Run(found["http"])
    with log.open("w") as file, counting(state):
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, env=variables, stdin=pipe, stdout=file, stderr=file)
        try:
            # A request is counted by the record after it: the last ones by that of a rest.
            counted = lambda: run.cost()["total"]["now"]["requests"] == 2 * REQUESTS  # noqa: E731
            wait_for(counted, START_S, lambda: log.read_text()[-5000:])
        finally:
            process.communicate(b"\n", timeout=240)
    assert process.returncode == 0, log.read_text()[-5000:]
    yield run
    code, _, errors = server.end()
    assert code == 0, errors


def sum_of(attributes: list[dict[str, Any]], name: str) -> Any:
    return pytest.approx(sum(each[name] for each in attributes), rel=1e-9)


def test_what_requests_have_is_what_was_busy(run: Run) -> None:
    requests, total = run.requests(), run.cost()["total"]
    now = total["now"]
    assert len(requests) == now["requests"] == 2 * REQUESTS
    assert now["busy_gpu_seconds"] == sum_of(requests, "axonize.gpu.seconds")
    assert now["busy_energy_j"] == sum_of(requests, "axonize.gpu.energy_j")
    assert now["busy_usd"] == sum_of(requests, "cost.usd")
    assert now["tokens"] == sum_of(requests, "axonize.engine.scheduled_tokens")
    assert now["prefill_tokens"] == sum_of(requests, "axonize.engine.prefill_tokens")
    assert min(each["axonize.gpu.energy_j"] for each in requests) > 0
    assert total["energy_sources"] == ["counter"]
    assert {each["gpu.1.resource_uuid"] for each in requests} == {CARDS[1]}


def test_busy_and_idle_are_the_wall_time_of_all_gpus_and_their_counters(run: Run) -> None:
    steps = run.get("/steps?limit=500")["items"]
    now = run.cost()["total"]["now"]
    busy = sum(step["gpu_seconds"] for step in steps)
    assert now["busy_gpu_seconds"] == pytest.approx(busy, rel=1e-9)
    assert {step["engine"]["gpu_count"] for step in steps} == {2}
    # Loading the model, the seconds between the requests, and the wait at the end.
    assert now["idle_gpu_seconds"] > 2 * 2 * 1
    seconds = now["busy_gpu_seconds"] + now["idle_gpu_seconds"]
    assert now["priced_gpu_seconds"] == pytest.approx(seconds, rel=1e-9)
    assert now["busy_usd"] + now["idle_usd"] == pytest.approx(seconds / 3600 * PRICE, rel=1e-9)
    joules = now["busy_energy_j"] + now["idle_energy_j"]
    assert now["measured_gpu_seconds"] == pytest.approx(seconds, rel=1e-9)
    # What they used before their first reading is not known, so it is a little less.
    assert 0.8 < joules / (seconds / 2 * sum(WATTS)) < 1.02
    assert now["energy_j_per_1k_tokens"] == pytest.approx(joules / now["tokens"] * 1000, rel=1e-9)


@pytest.mark.parametrize("by", ["model", "service", "gpu"])
def test_groups_add_up_to_the_total(run: Run, by: str) -> None:
    found = run.cost(by)
    groups, now = [group["now"] for group in found["items"]], found["total"]["now"]
    for name in ("busy_gpu_seconds", "idle_gpu_seconds", "busy_energy_j", "busy_usd", "idle_usd"):
        assert now[name] == sum_of(groups, name)
    if by == "gpu":
        assert sorted(group["key"] for group in found["items"]) == CARDS


def test_the_page_of_a_trace_shows_joules_and_dollars(run: Run) -> None:
    if not BUILT.is_file() or find_chromium() is None:
        pytest.skip("the UI is not built here, or there is no browser")
    from playwright.sync_api import expect

    from tests.ui.chromium import open_chromium

    expect.set_options(timeout=60_000)
    trace = next(
        each for each in run.get("/traces?limit=100")["items"] if each["span_count"] > REQUESTS
    )
    spans = run.get(f"/traces/{trace['trace_id']}/spans")["items"]
    totals = next(span for span in spans if span["name"] == "engine.request")
    with open_chromium() as browser:
        page = browser.new_page(base_url=run.http)
        page.goto(f"/traces/{trace['trace_id']}?span={totals['span_id']}")
        figures = page.locator("dl").filter(has_text="Own time")
        expect(figures).to_contain_text("Energy")
        expect(figures).to_contain_text("counter")
        expect(figures).to_contain_text("Cost$0.0")
        page.goto("/cost")
        expect(
            page.get_by_role("row", name=Path(run.cost()["items"][0]["key"]).name)
        ).to_be_visible()


def test_a_price_of_the_card_changes_analytics_and_no_request(run: Run) -> None:
    before, requests = run.cost()["total"]["now"], run.requests()
    body = json.dumps({"cost_per_hour_usd": 10 * PRICE, "valid_from": "2020-01-01T00:00:00Z"})
    path = f"{run.http}/api/v1/gpus/{CARDS[0]}/price"
    wait_for(
        lambda: call(path.removesuffix("/price"))[0] == 200,
        60,
        lambda: "the registry lacks the card",
    )
    put = urllib.request.Request(path, body.encode(), {"Content-Type": "application/json"})
    put.method = "PUT"
    with urllib.request.urlopen(put) as answer:
        physical = json.load(answer)["physical"]
    assert (physical["cost_per_hour_usd"], physical["price_source"]) == (10 * PRICE, "gpu")
    after = run.cost()["total"]["now"]
    # One of two cards costs ten times as much.
    assert after["busy_usd"] == pytest.approx(before["busy_usd"] * 5.5, rel=1e-9)
    assert run.requests() == requests
