"""Which spans occupy GPUs, what they had of them, and what is recorded of models and idle time."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from axonize import late, recording
from axonize.context import ROOT
from axonize.engine import calls as module
from axonize.engine.calls import Calls
from axonize.gpu.backend import DiscoveredGPU, Reading
from axonize.gpu.energy import Meter, Metered
from axonize.speed import Span
from axonize.testing import CapturedSpans

S = 10**9
UNIX = 1_800_000_000 * S
GPUS = [
    DiscoveredGPU(f"GPU-{number}", f"GPU-{number}", number, "NVIDIA H100", "NVIDIA", "n", 0)
    for number in range(2)
]


class Known:
    """What is known at once of a span."""

    def ready(self) -> bool:
        return True

    def tell(self, span: Span) -> None:
        span.set_attribute("told", True)


class World:
    """Two GPUs that use 100 W and 200 W, a clock that is set, and the calls of this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, captured: CapturedSpans) -> None:
        self.now = 0
        self._captured = captured
        clock = SimpleNamespace(monotonic_ns=lambda: self.now, time_ns=lambda: UNIX + self.now)
        monkeypatch.setattr(module, "time", clock)
        monkeypatch.setattr(recording, "time", clock)
        self.calls = Calls()
        monkeypatch.setattr(recording, "meter_gpu", self.meter)
        monkeypatch.setattr(recording, "describe_gpu", self.describe)
        monkeypatch.setattr(recording, "begin_work", self.calls.begin)
        monkeypatch.setattr(recording, "hold_gpus", self.calls.hold)
        monkeypatch.setattr(recording, "make_way", self.calls.make_way)

    def meter(self, labels: Any) -> Meter:
        meter = Meter(labels, {"H100": 3600.0})
        for second in range(200):
            meter.note(
                [
                    Metered(
                        gpu, Reading(), second * 100_000 * (1 + gpu.index), self.now + second * S
                    )
                    for gpu in GPUS
                ],
                None,
            )
        return meter

    def describe(self, number: int, label: str) -> Mapping[str, Any]:
        known = {"cuda": "GPU-0", "cuda:0": "GPU-0", "cuda:1": "GPU-1", "GPU-0": "GPU-0"}
        return {f"gpu.{number}.resource_uuid": known[label]} if label in known else {}

    def at(self, seconds: float) -> None:
        self.now = round(seconds * S)

    def records(self) -> list[dict[str, Any]]:
        """Record everything, and return what was recorded."""
        self.calls.close()
        return [
            {**span.attributes, "seconds": (span.end_ns - span.start_ns) / 1e9}
            for span in self._captured.spans
            if span.name == "engine.calls"
        ]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, captured_spans: CapturedSpans) -> Iterator[World]:
    yield World(monkeypatch, captured_spans)
    gc.collect()


def call(model: str = "", *gpus: str, **more: Any) -> Span:
    named = {"gen_ai.request.model": model} if model else {}
    span = Span("call", {**named, **more}, parent=ROOT)
    span.set_gpus(gpus or ("cuda:0",))
    return span


def shown(span: Span) -> dict[str, Any]:
    named = {name: value for name, value in span.attributes.items() if "gpu." in name}
    return {
        name.removeprefix("axonize.gpu."): value
        for name, value in named.items()
        if not name.startswith("gpu.")
    }


def test_a_call_has_the_gpus_time_joules_and_price(world: World) -> None:
    world.at(1)
    span = call("llama", "cuda:0", "cuda:1")
    world.at(3)
    span.end()
    assert shown(span) == {
        "count": 2,
        "seconds": 4.0,
        "energy_j": pytest.approx(2 * 100 + 2 * 200),
        "energy.source": "counter",
        "rule": "calls",
    }
    assert span.attributes["cost.usd"] == pytest.approx(4.0)


def test_the_record_of_a_model_has_its_calls_and_what_was_idle(world: World) -> None:
    world.at(1)
    span = call("llama")
    span.set_attributes({"gen_ai.usage.input_tokens": 7, "gen_ai.usage.output_tokens": 3})
    world.at(3)
    span.end()
    world.at(8)
    (record,) = world.records()
    engine = record.pop("axonize.engine.id")
    assert engine.startswith("calls-")
    assert engine.endswith("-cuda:0-llama")
    assert record == {
        "axonize.engine.name": "calls",
        "axonize.gpu.rule": "calls",
        "axonize.step.number": 0,
        "gen_ai.request.model": "llama",
        "axonize.step.total_tokens": 10,
        "axonize.step.request_ids": ("",),
        "axonize.step.trace_ids": ("",),
        "axonize.step.span_ids": ("",),
        "axonize.step.scheduled_tokens": (10,),
        "axonize.step.prefill_tokens": (7,),
        "axonize.step.ended_requests": 1,
        "axonize.step.gpu_uuids": ("GPU-0",),
        "axonize.gpu.cost_per_hour_usd": 3600.0,
        "axonize.gpu.count": 1,
        "axonize.gpu.seconds": 2.0,
        "axonize.gpu.idle_seconds": 5.0,
        "axonize.gpu.energy_j": pytest.approx(200.0),
        "axonize.gpu.idle_energy_j": pytest.approx(500.0),
        "axonize.gpu.energy.source": "counter",
        "seconds": 7.0,
    }


def test_a_call_that_is_told_more_later_occupies_until_it_was_over(world: World) -> None:
    span = call("llama")
    world.at(2)
    late.end_when_known(span, Known())
    world.at(5)
    assert late.settle() == 1
    assert shown(span)["seconds"] == 2.0
    assert [record["axonize.gpu.seconds"] for record in world.records()] == [2.0]


def test_several_calls_at_once_share_each_instant(world: World) -> None:
    first = call("a")
    world.at(2)
    second = call("b")
    world.at(4)
    first.end()
    world.at(5)
    second.end()
    assert [shown(each)["seconds"] for each in (first, second)] == [3.0, 2.0]
    busy = {r["gen_ai.request.model"]: r["axonize.gpu.seconds"] for r in world.records()}
    assert busy == {"a": 3.0, "b": 2.0}


def test_what_lies_inside_a_call_is_a_part_of_it(world: World) -> None:
    outer = Span("serve", parent=ROOT)
    outer.set_gpus(["cuda:0"])
    between = Span("forward", parent=outer)
    tokens = {"gen_ai.usage.input_tokens": 5, "gen_ai.usage.output_tokens": 2}
    inner = Span("generate", {"gen_ai.request.model": "llama", **tokens}, parent=between)
    inner.set_gpus(["cuda", "cuda:1"])
    world.at(2)
    inner.end()
    outer.end()
    assert shown(inner)["seconds"] == 2.0, "of the GPU that the outer one does not name"
    assert shown(inner)["count"] == 1
    assert shown(outer)["seconds"] == 2.0
    assert shown(between) == {}


def test_the_model_and_the_tokens_of_what_lies_inside_count_for_the_call(world: World) -> None:
    outer = call()
    for _ in range(2):
        inner = Span("generate", {"gen_ai.request.model": "llama"}, parent=outer)
        inner.set_gpus(["cuda:0"])
        inner.set_attributes({"gen_ai.usage.input_tokens": 5, "gen_ai.usage.output_tokens": 2})
        inner.end()
    world.at(1)
    outer.end()
    (record,) = world.records()
    assert record["gen_ai.request.model"] == "llama"
    assert record["axonize.step.total_tokens"] == 14
    assert record["axonize.step.ended_requests"] == 1


def test_a_span_that_does_the_same_work_in_another_trace_occupies_nothing_beside_it(
    world: World,
) -> None:
    first, second = call("a"), call("a")
    shared = Span("batch", parent=ROOT)
    recording.join_work(shared, first)
    inner = Span("forward", parent=shared)
    inner.set_gpus(["cuda:0"])
    world.at(2)
    for span in (inner, shared, first, second):
        span.end()
    assert [shown(span).get("seconds") for span in (first, second, shared, inner)] == [
        *(1.0, 1.0),
        *(None, None),
    ]


def test_a_gpu_has_one_account_under_all_of_its_names(world: World) -> None:
    spans = [call("a", label) for label in ("cuda", "cuda:0", "GPU-0", "cpu")]
    world.at(3)
    for span in spans:
        span.end()
    assert [shown(span).get("seconds") for span in spans] == [1.0, 1.0, 1.0, None]


def test_a_long_call_is_recorded_piece_by_piece(
    world: World, captured_spans: CapturedSpans
) -> None:
    span = call("llama")
    for second in (4, 12, 24):
        world.at(second)
        world.calls.refresh()
    world.at(30)
    span.end()
    records = world.records()
    assert [each["axonize.gpu.seconds"] for each in records] == [12.0, 12.0, 6.0]
    assert [each.get("axonize.step.ended_requests") for each in records] == [None, None, 1]
    assert sum(each["axonize.gpu.energy_j"] for each in records) == pytest.approx(3000.0)
    assert shown(span)["seconds"] == 30.0
    assert shown(span)["energy_j"] == pytest.approx(3000.0)


def test_joules_are_known_from_the_first_look_after_they_are(world: World) -> None:
    world.at(1)
    span = call("llama")
    world.calls._held["cuda:0"].meter._curves["GPU-0"]._times[:] = [  # type: ignore[union-attr]
        round(1.5 * S) + second * S for second in range(200)
    ]
    for second in (2, 3):
        world.at(second)
        world.calls.refresh()
    world.at(4)
    span.end()
    known, unknown = world.records()
    assert (known["axonize.gpu.seconds"], unknown["axonize.gpu.seconds"]) == (2.0, 1.0)
    assert known["axonize.gpu.energy_j"] == pytest.approx(200.0)
    assert known["axonize.step.ended_requests"] == 1
    assert known["seconds"] != unknown["seconds"], "they are two records"
    assert "axonize.gpu.energy_j" not in unknown
    assert "axonize.step.ended_requests" not in unknown
    assert shown(span) == {"count": 1, "seconds": 3.0, "rule": "calls"}


def test_loading_a_model_holds_the_gpu_and_does_not_occupy_it(world: World) -> None:
    span = Span("load llama", {"gen_ai.request.model": "llama"}, parent=ROOT, start_ns=UNIX)
    world.at(6)
    recording.load_gpus(span, ["cuda:0"])
    span.end()
    world.at(10)
    (record,) = world.records()
    assert shown(span) == {}
    assert record["axonize.gpu.seconds"] == 0.0
    assert record["axonize.gpu.idle_seconds"] == 10.0
    assert record["gen_ai.request.model"] == "llama"


def test_the_gpu_of_an_engine_with_steps_is_the_engines(world: World) -> None:
    class Engine:
        pass

    before, engine = call("a"), Engine()
    world.at(2)
    recording.claim_gpus(engine, ("cuda:0",))
    world.at(3)
    during = call("a")
    world.at(5)
    before.end()
    during.end()
    assert shown(before)["seconds"] == 2.0
    assert shown(during) == {}
    recording.release_gpus(engine)
    world.at(6)
    after = call("a")
    world.at(7)
    after.end()
    assert shown(after)["seconds"] == 1.0
    records = world.records()
    assert sum(r["axonize.gpu.seconds"] + r["axonize.gpu.idle_seconds"] for r in records) == 3.0


def test_an_engine_that_came_and_went_between_two_calls_had_the_gpu(world: World) -> None:
    class Engine:
        pass

    world.at(1)
    call("a").end()
    world.at(2)
    engine = Engine()
    recording.claim_gpus(engine, ("cuda:0",))
    world.at(5)
    recording.release_gpus(engine)
    world.at(6)
    span = call("a")
    world.at(7)
    span.end()
    first, second = world.records()
    assert first["axonize.gpu.idle_seconds"] == 1.0
    assert (second["axonize.gpu.seconds"], second["axonize.gpu.idle_seconds"]) == (1.0, 0.0)


def test_a_span_that_goes_away_without_an_end_shares_no_more(world: World) -> None:
    lost = call("a")
    world.at(2)
    del lost
    gc.collect()
    span = call("a")
    world.at(4)
    span.end()
    assert shown(span)["seconds"] == 2.0


def test_what_was_begun_before_a_fork_is_the_parents(world: World) -> None:
    span = call("a")
    world.calls.over = True
    world.at(4)
    span.end()
    assert shown(span) == {}
    assert world.records() == []


def test_without_a_gpu_nothing_is_occupied(world: World) -> None:
    span = Span("call", parent=ROOT)
    span.set_gpus([])
    world.at(1)
    span.end()
    assert span.attributes == {}
    assert world.records() == []


def test_a_span_that_ends_in_the_middle_of_the_account_is_taken_soon(world: World) -> None:
    span = call("a")
    world.at(2)
    with world.calls._turn:
        call("b", "cuda:1")
        span.end()
    world.at(3)
    world.calls.refresh()
    world.at(9)
    assert [
        (record["gen_ai.request.model"], record["axonize.gpu.seconds"])
        for record in world.records()
    ] == [("a", 3.0)]


def test_what_a_parent_began_ends_in_its_child_without_the_lock(world: World) -> None:
    span = call("a")
    held, over = threading.Event(), threading.Event()

    def hold() -> None:
        with world.calls._turn:
            held.set()
            over.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(30)
    world.calls.over = True
    span.end()
    over.set()
    holder.join()


def test_a_span_begun_before_a_restart_occupies_nothing_after_it(world: World) -> None:
    span = call("a")
    restarted = Calls()
    restarted.begin(span, ("cuda:0",))
    world.at(2)
    span.end()
    (record,) = world.records()
    assert record["axonize.gpu.seconds"] == 2.0


def test_a_price_that_was_set_stays(world: World) -> None:
    span = call("a", **{"cost.usd": 7.0})
    world.at(1)
    span.end()
    assert span.attributes["cost.usd"] == 7.0


def test_records_are_kept_whatever_is_sampled(world: World, captured_spans: CapturedSpans) -> None:
    from axonize.context import KEPT
    from axonize.speed import configure

    configure(None, sampling_bound=0)
    try:
        assert Span("record", parent=KEPT).trace_flags == 1
        assert Span("call", parent=ROOT).trace_flags == 0
    finally:
        configure(None)
