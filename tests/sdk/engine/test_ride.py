"""A request's way through the engine: shares, token times and pauses."""

from __future__ import annotations

import gc
from fractions import Fraction

from axonize.engine import names
from axonize.engine.identity import Engine
from axonize.engine.ride import Ride, Run, Step, Stretch, record, tell
from axonize.testing import CapturedSpans

ENGINE = Engine({names.ENGINE_NAME: "vllm"}, "tiny", "e-0", 4)


def step(number: int, tokens: int = 1) -> Step:
    """Each step takes 10 ns, and the next one begins when it ends."""
    return Step(number, number * 10, number * 10 + 10, 10, tokens)


def ride(*stretches: Stretch, reason: str = "length") -> Ride:
    found = Ride("r-1", None, 5)
    found.stretches.extend(stretches)
    found.reason, found.end_ns = reason, 100
    return found


def test_a_share_is_by_scheduled_tokens() -> None:
    first, rest = Run(step(1, 4)), Run(step(2, 2), step(3, 2))
    one = ride(Stretch(first, 3, 3), Stretch(rest, 1, 0))
    other = ride(Stretch(first, 1, 0), Stretch(rest, 1, 0))
    assert one.time().exact() == Fraction(10 * 3, 4) + 10
    assert one.time().exact() + other.time().exact() == 30
    assert (one.scheduled_tokens(), one.prefill_tokens()) == (5, 3)


def test_a_part_of_the_prompt_that_is_not_the_last_makes_no_token() -> None:
    begin, rest, made = Run(step(1, 8)), Run(step(2, 4)), Run(step(3))
    read = [Stretch(begin, 8, 8), Stretch(rest, 4, 4)]
    assert ride(*read, Stretch(made, 1, 0)).making() == [rest, made]
    assert ride(*read).making() == [rest]
    assert ride(*read, reason="abort").making() == []


def test_a_run_that_goes_on_has_more_gaps() -> None:
    run = Run(step(1))
    assert run.gaps() == []
    run.add(step(5))
    run.add(step(6))
    assert run.gaps() == [10, 40]
    run.add(step(9))
    assert run.gaps() == [10, 30, 40]


def test_intervals_are_those_of_the_runs_before_and_of_all_steps_so_far() -> None:
    names = ("p50", "p99", "max")
    first, other, last = Run(step(1)), Run(step(2)), Run(step(5))

    def intervals(*before: Run) -> list[float]:
        found = last.intervals_after(list(before))
        return [found[f"axonize.itl.{name}_ms"] * 1e6 for name in names]

    assert last.intervals_after([]) == {}
    assert intervals(first) == [40, 40, 40]
    assert intervals(other) == [30, 30, 30]
    assert intervals(first, other) == [10, 30, 30]
    assert last.intervals_after([first, other]) is last.intervals_after([first, other])
    last.add(step(7))
    assert intervals(first, other) == [20, 30, 30]


def test_an_ended_run_is_not_kept_by_the_one_after_it() -> None:
    before, last = Run(step(1)), Run(step(2))
    last.intervals_after([before])
    assert gc.get_referrers(before) == []


def test_a_pause_lasts_until_the_next_step_or_the_end() -> None:
    paused = ride(Stretch(Run(step(1)), 1, 0), Stretch(Run(step(4)), 1, 0))
    paused.pauses = [20, 60]
    assert paused.pauses_until_resumed() == [(20, 40), (60, 100)]


def test_the_record_is_a_span_and_what_the_front_end_is_told(captured_spans: CapturedSpans) -> None:
    before, after = Run(step(2), step(3)), Run(step(5))
    done = ride(Stretch(Run(step(1, 2)), 2, 2), Stretch(before, 1, 0), Stretch(after, 1, 0))
    done.blocks, done.pauses = 1, [42]
    told = tell(done, ENGINE)
    record(done, ENGINE, told)
    (span,) = captured_spans.spans
    description = {
        "axonize.engine.name": "vllm",
        "axonize.request.id": "r-1",
        "axonize.step.count": 4,
        "axonize.step.first": 1,
        "axonize.step.last": 5,
        "axonize.kv_cache.blocks": 1,
        "axonize.preemption.count": 1,
        "axonize.preemption.ms": 8e-06,
        "axonize.itl.p50_ms": 1e-05,
        "axonize.itl.p99_ms": 2e-05,
        "axonize.itl.max_ms": 2e-05,
    }
    assert told == {
        "attributes": description,
        "queued": 5,
        "scheduled": 10,
        "first": 20,
        "last": 60,
        "pauses": [(42, 50)],
    }
    assert span.attributes == description | {
        "gen_ai.response.finish_reasons": ("length",),
        "axonize.engine.scheduled_tokens": 5,
        "axonize.engine.prefill_tokens": 2,
        "axonize.engine.seconds": 4e-08,
        "axonize.gpu.count": 4,
        "axonize.gpu.seconds": 1.6e-07,
    }
    assert (span.name, span.start_ns, span.end_ns) == ("engine.request", 5, 100)
    assert span.events == [("preempted", 42, {}), ("resumed", 50, {})]
