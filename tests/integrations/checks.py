"""What holds for the spans of any run: steps, shares and phases fit each other."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tests.integrations.collector import Received

PHASES = ("preprocess", "wait", "queue", "prefill", "decode", "delivery")


def recorded_steps(path: Path) -> list[dict[str, int]]:
    """Return what the recording scheduler wrote: the tokens of each request, step by step."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def check_tiling(request: Received) -> None:
    """The phases of a request follow each other from its start to its end, without a gap."""
    phases = sorted(
        (child for child in request.children if child.name in PHASES),
        key=lambda child: (child.start_ns, PHASES.index(child.name)),
    )
    assert [phase.name for phase in phases] == [
        name for name in PHASES if name in {phase.name for phase in phases}
    ]
    edges = [request.start_ns, *(phase.end_ns for phase in phases)]
    assert [phase.start_ns for phase in phases] == edges[:-1]
    assert edges[-1] == request.end_ns


def check_steps(steps: list[Received], scheduled: list[dict[str, int]]) -> None:
    """The steps are those that the scheduler wrote down itself: the same mates, the same tokens."""
    steps = sorted(steps, key=lambda step: step["axonize.step.number"])
    assert [step["axonize.step.number"] for step in steps] == list(range(1, len(steps) + 1))
    assert [columns(step, "scheduled_tokens") for step in steps] == scheduled
    for step in steps:
        assert step["axonize.step.total_tokens"] == sum(step["axonize.step.scheduled_tokens"])


def columns(step: Received, name: str) -> dict[str, int]:
    return dict(zip(step["axonize.step.request_ids"], step[f"axonize.step.{name}"], strict=True))


def check_shares(steps: list[Received], requests: list[Received]) -> None:
    """What the requests got is what the steps were, in tokens and in time."""
    tokens: Counter[str] = Counter()
    count: Counter[str] = Counter()
    for step in steps:
        tokens.update(columns(step, "scheduled_tokens"))
        count.update(step["axonize.step.request_ids"])
    of_requests = {request["axonize.request.id"]: request for request in requests}
    assert tokens == {
        each: request["axonize.engine.scheduled_tokens"]
        for each, request in of_requests.items()
        if request["axonize.step.count"]
    }
    for each, number in count.items():
        assert of_requests[each]["axonize.step.count"] == number
    busy = sum(step["axonize.step.busy_seconds"] for step in steps)
    assert math.isclose(total(requests, "axonize.engine.seconds"), busy, rel_tol=1e-9)
    prefill = sum(sum(step["axonize.step.prefill_tokens"]) for step in steps)
    assert total(requests, "axonize.engine.prefill_tokens") == prefill


def check_mates(steps: list[Received], spans: Iterable[Received]) -> None:
    """The ids in a step name the spans of its requests, and each is linked once."""
    named = {
        span["axonize.request.id"]: (span.trace_id, span.span_id)
        for span in spans
        if "axonize.request.id" in span.attributes and span.name != "engine.request"
    }
    linked: list[tuple[str, str]] = []
    for step in steps:
        assert step.parent_span_id == ""
        mates = zip(step["axonize.step.trace_ids"], step["axonize.step.span_ids"], strict=True)
        assert [named[each] for each in step["axonize.step.request_ids"]] == list(mates)
        linked += step.links
    assert sorted(linked) == sorted(
        {named[each] for step in steps for each in step["axonize.step.request_ids"]}
    )


def total(spans: list[Received], attribute: str) -> float:
    return sum(span[attribute] for span in spans)
