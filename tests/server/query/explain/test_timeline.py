from __future__ import annotations

from itertools import pairwise

import pytest
from axonize_server.query.explain.path import PHASES
from axonize_server.query.explain.timeline import Timeline, split
from axonize_server.steps import Engine, StepRecord
from hypothesis import given
from hypothesis import strategies as st

ENGINE = Engine("e-0", "vllm", "0.32.0", "llama", "engine", "node-1", 1)


def step(number, start, length, riders, preempted=()):
    """Return a step; riders are (request, prompt tokens)."""
    names = [name for name, _ in riders]
    prefill = [tokens for _, tokens in riders]
    return StepRecord(
        engine=ENGINE, number=number, start_ns=start, end_ns=start + length, status="unset",
        status_message="", busy_seconds=0, schedule_ms=0, total_tokens=0, running=len(riders),
        waiting=0, kv_cache_usage=0.5, cuda_graph_mode="", gpu_seconds=0, energy_j=0,
        attributes={}, preempted_ids=list(preempted), request_ids=names,
        trace_ids=[""] * len(names), span_ids=[""] * len(names),
        scheduled_tokens=[tokens or 1 for tokens in prefill], prefill_tokens=prefill,
        draft_tokens=[], accepted_tokens=[],
    )  # fmt: skip


def kinds(phase, start, end, steps):
    line = Timeline(steps, 0)
    return [(p.kind, p.start, p.end) for p in split(3, phase, start, end, line, "me")]


riders = st.lists(st.tuples(st.sampled_from(["me", "you", "they"]), st.integers(0, 3)), max_size=3)
steps = st.lists(
    st.builds(
        step,
        st.integers(1, 1000),
        st.integers(0, 100),
        st.integers(0, 30),
        riders.map(lambda found: list(dict(found).items())),
        st.sampled_from([(), ("me",), ("you",)]),
    ),
    max_size=12,
)


@given(st.sampled_from(PHASES[1:5]), st.integers(0, 100), st.integers(1, 100), steps)
def test_the_pieces_tile_the_phase(phase, start, length, made):
    found = list(split(3, phase, start, start + length, Timeline(made, 0), "me"))
    assert (found[0].start, found[-1].end) == (start, start + length)
    assert all(one.end == other.start for one, other in pairwise(found))
    assert all(piece.start < piece.end for piece in found)


def test_a_wait_is_told_by_what_was_under_way():
    made = [step(1, 0, 40, [("you", 900)]), step(2, 45, 10, [("you", 0)])]
    assert kinds("wait", 10, 60, made) == [
        ("wait_prefill", 10, 40),
        ("wait", 40, 45),
        ("wait_decode", 45, 55),
        ("wait", 55, 60),
    ]
    assert [kind for kind, _, _ in kinds("queue", 10, 60, made)] == [
        "queue_prefill",
        "queue",
        "queue_decode",
        "queue",
    ]


def test_a_step_is_shared_when_somebody_elses_prompt_is_read_in_it():
    made = [
        step(1, 0, 10, [("me", 8)]),
        step(2, 10, 10, [("me", 8), ("you", 4)]),
        step(3, 20, 10, [("you", 4)]),
    ]
    assert kinds("prefill", 0, 30, made) == [
        ("prefill", 0, 10),
        ("prefill_shared", 10, 20),
        ("unscheduled", 20, 30),
    ]
    made = [step(1, 0, 10, [("me", 0), ("you", 0)]), step(2, 12, 8, [("me", 0), ("you", 4)])]
    assert kinds("decode", 0, 20, made) == [
        ("decode", 0, 10),
        ("between_steps", 10, 12),
        ("decode_shared", 12, 20),
    ]


def test_from_the_step_that_it_was_preempted_for_until_it_is_back():
    made = [
        step(1, 0, 10, [("me", 0), ("you", 0)]),
        step(2, 10, 10, [("you", 0)], ["me"]),
        step(3, 25, 5, [("you", 0)]),
        step(4, 30, 20, [("me", 90)]),
        step(5, 50, 10, [("me", 0)]),
    ]
    assert kinds("decode", 0, 60, made) == [
        ("decode", 0, 10),
        ("preempted", 10, 20),
        ("preempted", 20, 25),
        ("preempted", 25, 30),
        ("recompute", 30, 50),
        ("decode", 50, 60),
    ]
    assert kinds("decode", 0, 60, made[:3])[-1] == ("preempted", 30, 60)


def test_steps_that_never_came_leave_the_phase_as_it_is():
    assert kinds("prefill", 0, 60, []) == [("prefill", 0, 60)]
    made = [step(n, 20 * n, 10, [("me", 0)]) for n in range(2)]
    assert [kind for kind, _, _ in kinds("decode", 0, 60, made)] == [
        "decode",
        "between_steps",
        "decode",
        "decode",
    ]


@pytest.mark.parametrize("start", [0, 1_000])
def test_steps_that_overlap_and_steps_that_came_twice_count_once(start):
    made = [step(1, start, 30, []), step(2, start + 10, 10, []), step(3, start + 20, 20, [])]
    line = Timeline([*made, *made], start)
    assert [(turn.start, turn.end, turn.step.number) for turn in line.turns] == [
        (0, 30, 1),
        (30, 40, 3),
    ]
