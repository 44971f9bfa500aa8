"""Joules of steps and requests, from NVML's counter; the scheduler's objects stand in for vLLM's.

No GPU is here, and vLLM's engine on a CPU has none to charge.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest

from axonize import recording
from axonize.engine.identity import Engine
from axonize.engine.ride import Ride, Run, Step, Stretch, record, tell
from axonize.gpu import open_backend
from axonize.gpu.backend import DiscoveredGPU, Reading
from axonize.gpu.energy import Meter, Metered
from axonize.gpu.profiler import Profiler
from axonize.integrations.vllm.steps import Recorder
from tests.integrations.conftest import Recorded
from tests.sdk.gpu.conftest import gpus, library
from tests.sdk.gpu.fake_nvml import State

__all__ = ["gpus", "library"]
pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no NVML")

CONFIG = SimpleNamespace(
    parallel_config=SimpleNamespace(data_parallel_rank=0, world_size=1),
    model_config=SimpleNamespace(served_model_name="tiny"),
    device_config=SimpleNamespace(device_type="cuda"),
    instance_id="e",
)
SCHEDULER = SimpleNamespace(
    get_request_counts=lambda: (2, 0),
    kv_cache_manager=SimpleNamespace(usage=0.5, get_block_ids=lambda _: [[1]]),
)


def batch(tokens: dict[str, int]) -> Any:
    """Return a SchedulerOutput of requests that decode."""
    made = [1] * len(tokens)
    return SimpleNamespace(
        total_num_scheduled_tokens=sum(tokens.values()),
        num_scheduled_tokens=tokens,
        scheduled_new_reqs=[],
        scheduled_cached_reqs=SimpleNamespace(req_ids=list(tokens), num_output_tokens=made),
        scheduled_spec_decode_tokens={},
    )


@pytest.fixture
def recorder(gpus: State, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    profiler = Profiler(open_backend, interval_s=0.005, prices={"H100": 3600.0})
    monkeypatch.setattr(recording, "meter_gpu", profiler.meter)
    monkeypatch.setitem(sys.modules, "vllm", SimpleNamespace(__version__="0.0"))  # type: ignore[arg-type]
    yield Recorder(CONFIG)
    profiler.stop()


def run_step(recorder: Recorder, tokens: dict[str, int], while_running: Callable[[], Any]) -> None:
    output = batch(tokens)
    recorder.scheduled(SCHEDULER, output, time.time_ns(), time.monotonic_ns())
    while_running()
    recorder.ended(output, SimpleNamespace(), {})


def wait_for(condition: Callable[[], object]) -> None:
    by = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < by
        time.sleep(0.005)


def test_joules_of_a_step_are_those_of_its_requests(
    recorder: Recorder, gpus: State, recorded: Recorded
) -> None:
    assert isinstance(recorder._meter, Meter)
    meter = recorder._meter
    wait_for(lambda: meter.charge(time.monotonic_ns(), time.monotonic_ns()) is not None)

    (curve,) = meter._curves.values()

    def work() -> None:
        read = len(curve._times)
        wait_for(lambda: len(curve._times) > read + 1)
        gpus.gpus[0].energy_mj += 8_000
        wait_for(lambda: len(curve._times) > read + 5)

    for request_id in ("one", "other"):
        recorder.arrived(SimpleNamespace(request_id=request_id, trace_headers=None))
    run_step(recorder, {"one": 3, "other": 1}, work)
    run_step(recorder, {"one": 1, "other": 1}, work)
    for request_id in ("one", "other"):
        request = SimpleNamespace(request_id=request_id, get_finished_reason=lambda: "stop")
        recorder.left(SCHEDULER, request)

    spans = [span.attributes for span in recorded.spans()]
    one, other, first, second = [each["axonize.gpu.energy_j"] for each in spans]
    assert first > 0
    assert first + second == pytest.approx(16.0, abs=0.01)
    assert one == pytest.approx(first * 3 / 4 + second / 2, rel=1e-12)
    assert one + other == pytest.approx(first + second, rel=1e-12)
    assert {each["axonize.gpu.energy.source"] for each in spans} == {"counter"}
    seconds = [each["axonize.gpu.seconds"] for each in spans]
    assert [each.get("cost.usd") for each in spans[:2]] == pytest.approx(seconds[:2], rel=1e-12)
    assert "cost.usd" not in spans[2]


def test_steps_and_rests_are_all_of_the_time_and_all_of_the_joules(
    recorder: Recorder, gpus: State, recorded: Recorded
) -> None:
    assert isinstance(recorder._meter, Meter)
    meter, began = recorder._meter, recorder._books._ledger._time.charged
    wait_for(lambda: len(meter._curves) == 1)
    (curve,) = meter._curves.values()

    def use(millijoules: int) -> None:
        read = len(curve._times)
        gpus.gpus[0].energy_mj += millijoules
        wait_for(lambda: len(curve._times) > read + 2)

    use(3_000)
    recorder.arrived(SimpleNamespace(request_id="one", trace_headers=None))
    run_step(recorder, {"one": 3}, lambda: use(8_000))
    use(1_000)
    run_step(recorder, {"one": 1}, lambda: use(4_000))
    request = SimpleNamespace(request_id="one", get_finished_reason=lambda: "stop")
    recorder.left(SCHEDULER, request)
    use(2_000)
    ended = time.monotonic_ns()
    recorder.rest(ended)
    recorder.rest(ended)

    steps = [span for span in recorded.spans() if span.name != "engine.request"]
    assert [span.name for span in steps] == ["engine.step", "engine.step", "engine.idle"]
    found = [span.attributes for span in steps]
    assert [each["axonize.step.number"] for each in found] == [1, 2, 0]
    assert [each.get("axonize.step.ended_requests") for each in found] == [1, None, None]
    assert {tuple(each["axonize.step.gpu_uuids"]) for each in found} == {(CARD,)}
    assert {each["axonize.gpu.cost_per_hour_usd"] for each in found} == {3600.0}
    seconds = [each["axonize.gpu.seconds"] + each["axonize.gpu.idle_seconds"] for each in found]
    assert sum(seconds) == pytest.approx((ended - began) / 1e9, rel=1e-9)
    joules = [each["axonize.gpu.energy_j"] + each["axonize.gpu.idle_energy_j"] for each in found]
    assert sum(joules) == pytest.approx(18.0, abs=1e-6)
    assert found[2]["axonize.gpu.seconds"] == found[2]["axonize.gpu.energy_j"] == 0
    assert (steps[2].end_ns - steps[2].start_ns) / 1e9 == pytest.approx(seconds[2], abs=1e-6)


def test_an_engine_with_a_step_under_way_does_not_rest(
    recorder: Recorder, recorded: Recorded
) -> None:
    output = batch({"one": 1})
    recorder.scheduled(SCHEDULER, output, time.time_ns(), time.monotonic_ns())
    recorder.rest(time.monotonic_ns())
    recorder.ended(output, SimpleNamespace(), {})
    recorder.rest(time.monotonic_ns())
    assert recorded.spans() == [], "the step is not recorded yet, and what came before it neither"
    recorder.abandon(None)
    names = [span.name for span in recorded.spans()]
    assert sorted(names) == ["engine.idle", "engine.request", "engine.step"]
    assert recorder._over.is_set()


def test_the_gpus_of_an_engine_may_be_told(
    gpus: State, monkeypatch: pytest.MonkeyPatch, recorded: Recorded
) -> None:
    monkeypatch.setattr(recording, "engine_gpus", ("cuda:0", "cuda:1"))
    monkeypatch.setitem(sys.modules, "vllm", SimpleNamespace(__version__="0.0"))  # type: ignore[arg-type]
    on_a_cpu = SimpleNamespace(**{**vars(CONFIG), "device_config": CPU})
    recorder = Recorder(on_a_cpu)
    recorder.abandon(None)
    (rest,) = recorded.spans()
    assert (rest.name, rest.attributes["axonize.gpu.count"]) == ("engine.idle", 2)


CARD = "GPU-000000a0-0000-4000-8000-000000000000"
CPU = SimpleNamespace(device_type="cpu")


def test_a_request_with_a_step_that_is_not_known_has_no_joules() -> None:
    known, unknown = Step(1, 0, 10, 10, 4, 800), Step(2, 10, 20, 10, 4, None)
    found = Ride("r-1", None, 5)
    found.stretches.append(Stretch(Run(known), 1, 0))
    share = found.energy()
    assert share is not None
    assert share.exact() == Fraction(800, 4)
    found.stretches.append(Stretch(Run(known, unknown), 1, 0))
    assert found.energy() is None
    assert Ride("r-2", None, 5).energy() is None


def test_a_request_says_how_its_joules_are_had(recorded: Recorded) -> None:
    card = DiscoveredGPU("GPU-1", "GPU-1", 0, "NVIDIA A30", "NVIDIA", "n", 0)
    meter = Meter(["cuda:0"], {"H100": 1.0})
    for second in range(2):
        meter.note([Metered(card, Reading(power_watts=9.0), None, second * 10**9)], None)
    found = Ride("r-1", None, 5)
    found.stretches.append(Stretch(Run(Step(1, 0, 10, 10, 4, 4_000_000)), 1, 0))
    found.end_ns = 20
    engine = Engine({}, "tiny", "e-0", 1)
    record(found, engine, tell(found, engine), meter)
    (span,) = recorded.spans()
    shown = {name: span.attributes.get(name) for name in ENERGY}
    assert shown == dict(zip(ENERGY, (1.0, "power", None), strict=True)), "and there is no price"


ENERGY = ("axonize.gpu.energy_j", "axonize.gpu.energy.source", "cost.usd")
