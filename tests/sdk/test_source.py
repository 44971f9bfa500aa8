from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any

import pytest

from axonize import guard
from axonize.spans import ROOT


def test_times_are_now(core: Any) -> None:
    before = time.time_ns()
    with core.Span("x") as span:
        time.sleep(0.002)
        span.add_event("event")
    after = time.time_ns() + 1_000_000
    assert before <= span.start_ns < span.events[0][1] <= span.end_ns <= after
    assert span.end_ns - span.start_ns >= 2_000_000


@pytest.mark.parametrize("moment", [-1, 2**63, "noon"])
def test_a_time_that_is_none_becomes_now(core: Any, moment: Any) -> None:
    guard.set_strict(False)
    before = time.time_ns()
    span = core.Span("x", start_ns=moment)
    span.add_event("event", time_ns=moment)
    span.end(moment)
    times = [span.start_ns, span.events[0][1], span.end_ns]
    assert before <= times[0] <= times[1] <= times[2] <= time.time_ns() + 1_000_000


def test_times_may_be_given(core: Any) -> None:
    span = core.Span("x", start_ns=1_000)
    span.end(2_500)
    assert (span.start_ns, span.end_ns) == (1_000, 2_500)
    backwards = core.Span("x", start_ns=1_000)
    backwards.end(end_ns=500)
    assert backwards.end_ns == 1_000
    open_start = core.Span("x")
    assert open_start.end_ns == 0
    open_start.end(open_start.start_ns + 5)
    assert open_start.end_ns - open_start.start_ns == 5
    open_end = core.Span("x", start_ns=1_000)
    before = time.time_ns()
    open_end.end()
    assert before <= open_end.end_ns <= time.time_ns()


def test_ids_differ(core: Any) -> None:
    spans = [core.Span("x", parent=ROOT) for _ in range(10_000)]
    assert len({span.trace_id for span in spans}) == len({span.span_id for span in spans}) == 10_000
    for position in range(32):  # every digit takes every value
        assert len({span.trace_id[position] for span in spans}) == 16


def test_a_forked_child_that_reseeds_repeats_no_id(core: Any) -> None:
    program = (
        "import json, os, sys\n"
        "from axonize.speed import Span, reseed\n"
        "reader, writer = os.pipe()\n"
        "child = os.fork() == 0\n"
        "if child: reseed()\n"
        "ids = [Span('x').span_id for _ in range(100)]\n"
        "if child: os.write(writer, json.dumps(ids).encode()); os._exit(0)\n"
        "os.wait()\n"
        "print(json.dumps([ids, json.loads(os.read(reader, 100_000))]))\n"
    )
    pure = "1" if core.Span.__module__ == "axonize.spans" else ""
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env={**os.environ, "AXONIZE_PURE": pure},
        capture_output=True,
        check=True,
    )
    parent, child = json.loads(run.stdout)
    assert (len(set(parent)), len(set(child)), set(parent) & set(child)) == (100, 100, set())
