"""Every joule of `vllm serve` belongs to a request or was idle, from the counters to REST and UI.

The engine is the real one and computes on the CPU, so it is told which GPUs are its own. Their
counters stand still until it serves and when it has served, so what they have gained in between is
known to the millijoule.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.integrations.vllm.server import Server, serving
from tests.sdk.gpu.conftest import library
from tests.sdk.gpu.fake_nvml import State, make_state
from tests.server.serving import ServeProcess, call
from tests.ui.chromium import find_chromium

__all__ = ["library"]
pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no NVML")

CARDS = [f"GPU-000000a{number}-0000-4000-8000-000000000000" for number in range(2)]
WATTS = (400, 250)
PRICE = 3.6  # US dollars an hour
FOX = "The quick brown fox jumps over the lazy dog. "
REQUESTS = 8
EXACT = {"rel": 1e-9}
BUILT = Path(__file__).parents[3] / "server/axonize_server/static/index.html"


@contextmanager
def counting(state: State) -> Iterator[None]:
    """Have the counters of both cards go on, each with its own power, until the block ends."""
    over, began = threading.Event(), time.monotonic()
    first = [gpu.energy_mj for gpu in state.gpus]

    def count() -> None:
        while not over.wait(0.005):
            for gpu, watts, before in zip(state.gpus, WATTS, first, strict=False):
                gpu.energy_mj = before + round((time.monotonic() - began) * watts * 1000)

    thread = threading.Thread(target=count)
    thread.start()
    yield
    over.set()
    thread.join()


async def ask(server: Server) -> None:
    """Send requests at the same time, and after a rest some more."""
    for _ in range(2):
        asked = [
            server.ask("completion", "/v1/completions", prompt=FOX * (1 + number), max_tokens=12)
            for number in range(REQUESTS // 2)
        ]
        assert {each.status for each in await asyncio.gather(*asked)} == {200}
        await asyncio.sleep(1)
    await server.client.aclose()


class Run:
    """What the counters gained, and what the server says of it."""

    def __init__(self, http: str, joules: list[float]) -> None:
        self.http = http
        self.joules = joules

    def get(self, path: str) -> Any:
        status, body = call(f"{self.http}/api/v1{path}")
        assert status == 200, body
        return json.loads(body)

    def cost(self, by: str = "model") -> Any:
        return self.get(f"/analytics/cost?group_by={by}")

    def wait(self) -> None:
        """Wait until the engine, which rests, has said what was idle after the last step."""
        by = time.monotonic() + 240
        while time.monotonic() < by:
            now = self.cost()["total"]["now"]
            joules = (now["busy_energy_j"] or 0) + (now["idle_energy_j"] or 0)
            if now["requests"] == REQUESTS and joules > sum(self.joules) - 0.0005:
                return
            time.sleep(0.5)
        raise AssertionError(f"{now} of {self.joules} J")

    def requests(self) -> list[dict[str, Any]]:
        """Return the totals of every request, with the ids of its trace and its span."""
        return [
            {**span["attributes"], "trace_id": trace["trace_id"], "span_id": span["span_id"]}
            for trace in self.get("/traces?limit=100")["items"]
            for span in self.get(f"/traces/{trace['trace_id']}/spans")["items"]
            if span["name"] == "engine.request"
        ]


@pytest.fixture(scope="module")
def run(model: Path, library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("serve-cost")
    state = make_state(folder / "gpus")
    state.gpus[1].mig = 0
    server = ServeProcess(folder / "data", AXONIZE_COST_PER_HOUR_USD=f"H100={PRICE}")
    found = server.wait_ready()
    variables = {
        "LD_LIBRARY_PATH": str(library.parent),
        "FAKE_NVML": str(folder / "gpus"),
        "AXONIZE_ENGINE_GPUS": "cuda:0,cuda:1",
        "AXONIZE_COST_PER_HOUR_USD": f"H100={PRICE}",
    }
    before = [gpu.energy_mj for gpu in state.gpus[:2]]
    try:
        with serving(model, folder, found["grpc"], **variables) as engine:
            with counting(state):
                time.sleep(1)  # a step is charged as the last readings were, and these stood still
                asyncio.run(ask(engine))
            after = [gpu.energy_mj for gpu in state.gpus[:2]]
            gained = [(last - first) / 1000 for first, last in zip(before, after, strict=True)]
            run = Run(found["http"], gained)
            run.wait()
        yield run
    finally:
        code, _, errors = server.end()
    assert code == 0, errors


def total(items: list[dict[str, Any]], name: str) -> float:
    return float(sum(each[name] for each in items))


def test_requests_and_idle_time_have_every_joule_of_the_counters(run: Run) -> None:
    requests, now = run.requests(), run.cost()["total"]["now"]
    assert len(requests) == now["requests"] == REQUESTS
    joules = total(requests, "axonize.gpu.energy_j")
    assert joules == pytest.approx(now["busy_energy_j"], **EXACT)
    assert joules + now["idle_energy_j"] == pytest.approx(sum(run.joules), **EXACT)
    assert min(each["axonize.gpu.energy_j"] for each in requests) > 0
    assert {each["axonize.gpu.energy.source"] for each in requests} == {"counter"}
    # Each card was read by itself, and is a GPU of every request.
    assert {each["gpu.1.resource_uuid"] for each in requests} == {CARDS[1]}


def test_requests_and_idle_time_have_every_dollar(run: Run) -> None:
    requests, now = run.requests(), run.cost()["total"]["now"]
    seconds, usd = total(requests, "axonize.gpu.seconds"), total(requests, "cost.usd")
    assert seconds == pytest.approx(now["busy_gpu_seconds"], **EXACT)
    assert usd == pytest.approx(seconds / 3600 * PRICE, **EXACT)
    assert usd == pytest.approx(now["busy_usd"], **EXACT)
    whole = seconds + now["idle_gpu_seconds"]
    assert usd + now["idle_usd"] == pytest.approx(whole / 3600 * PRICE, **EXACT)
    assert now["priced_gpu_seconds"] == pytest.approx(whole, **EXACT)
    assert now["busy_gpu_seconds_by_calls"] == 0.0


def test_each_card_has_half_of_the_time_and_says_what_it_is(run: Run) -> None:
    groups = run.cost("gpu")["items"]
    assert sorted(group["key"] for group in groups) == CARDS
    half = run.cost()["total"]["now"]["busy_gpu_seconds"] / 2
    for group in groups:
        assert group["now"]["busy_gpu_seconds"] == pytest.approx(half, **EXACT)
    identity = run.get(f"/gpus/{CARDS[0]}")["physical"]["identity"]
    assert (identity["architecture"], identity["nvlink_peers"]) == ("Hopper", CARDS[1:])


def test_the_pages_show_joules_and_dollars_of_each_request(run: Run) -> None:
    if not BUILT.is_file() or find_chromium() is None:
        pytest.skip("the UI is not built here, or there is no browser")
    from playwright.sync_api import expect

    from tests.ui.chromium import open_chromium

    expect.set_options(timeout=60_000)
    with open_chromium() as browser:
        page = browser.new_page(base_url=run.http)
        for request in run.requests()[:2]:
            page.goto(f"/traces/{request['trace_id']}?span={request['span_id']}")
            figures = page.locator("dl").filter(has_text="Own time")
            expect(figures).to_contain_text("Energy")
            expect(figures).to_contain_text("counter")
            expect(figures).to_contain_text("Cost$0.0")
            expect(figures.get_by_text("by calls")).to_have_count(0)
        page.goto("/cost?by=gpu")
        for card in CARDS:
            expect(page.get_by_role("row", name=card[:12])).to_be_visible()
