"""Explanations of what the databases hold, put there as ingest puts it."""

from __future__ import annotations

import itertools

import pytest
from axonize_server.model import NotFound
from axonize_server.query.explain.explain import Readers, explain
from axonize_server.query.explain.records import StepEvidence
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.server.explaining import MS, request
from tests.server.rows import row, span_id, table, trace_id
from tests.server.steps import Rider, decoded, step, steps_body

MINE = Rider("mine", trace=1, span=10)
LONG = Rider("long", trace=2, span=20, scheduled=1900, prefill=1900)
_tenants = itertools.count(1)


@pytest.fixture
def readers(reader, step_reader, gpu_reader):
    return Readers(reader, step_reader, gpu_reader)


def put(writer, tenant, rows, *steps):
    writer.insert(table(tenant, rows))
    if steps:
        writer.insert(*decoded(tenant, steps_body(*steps)))


def parts(found):
    return {part.kind: part.duration_ns / MS for part in found.parts}


def test_a_request_behind_the_prefill_of_another(readers, writer, tenant):
    put(
        writer,
        tenant,
        request(1, 10, 0, 2, 300, 500, 8, 40, 1, input_tokens=9, output_tokens=5),
        step(1, [LONG], start_ms=-50, ms=350),
        step(2, [LONG], start_ms=302, ms=500, waiting=3),
        step(3, [Rider("mine", 1, 10, 9, 9)], start_ms=802, ms=8),
        *(step(4 + n, [MINE], start_ms=810 + 10 * n, ms=10) for n in range(4)),
        step(1, [LONG], start_ms=0, ms=900, engine="another"),
    )
    found = explain(readers, tenant, trace_id(1))
    assert parts(found) == {
        "queue_prefill": 500,
        "wait_prefill": 298,
        "decode": 40,
        "prefill": 8,
        "preprocess": 2,
        "wait": 2,
        "delivery": 1,
    }
    assert found.verdict == "Queued 798 ms behind the prefill of trace 00000000, 1,900 tokens."
    assert found.causes[0] == "prefill_of_others"
    queue = found.parts[0]
    assert [each.span_id for each in queue.evidence.spans] == [span_id(1002)]
    assert queue.evidence.steps == [
        StepEvidence("engine-a-0", 2, 2, 1, 2, 302 * MS, 500 * MS),
    ]
    (mate,) = queue.evidence.mates
    assert (mate.trace_id, mate.span_id, mate.prefill_tokens) == (trace_id(2), span_id(20), 1900)
    assert queue.evidence.counters["waiting_max"] == 3


def test_a_request_that_was_preempted(readers, writer, tenant):
    others = [Rider("other", trace=2, span=20)]
    put(
        writer,
        tenant,
        request(1, 10, 0, 1, 1, 1, 7, 190, 0),
        step(1, [Rider("mine", 1, 10, 5, 5)], start_ms=3, ms=7),
        step(2, [MINE, *others], start_ms=10, ms=10),
        step(3, others, start_ms=20, ms=80, preempted_ids=["mine"], kv_cache_usage=0.99),
        step(4, others, start_ms=100, ms=50),
        step(5, [Rider("mine", 1, 10, 6, 6)], start_ms=150, ms=20),
        step(6, [MINE], start_ms=170, ms=30),
    )
    found = explain(readers, tenant, trace_id(1))
    known = parts(found)
    assert (known["preempted"], known["recompute"], known["decode"]) == (130, 20, 40)
    assert found.verdict == (
        "Preempted: 150 ms, once, 20.0 ms of it to compute tokens again."
        " Decoded 2 tokens for 40.0 ms."
    )
    assert found.parts[0].evidence.counters["kv_cache_usage_max"] == 0.99
    assert [mate.request_id for mate in found.parts[0].evidence.mates] == ["other"]


def test_a_client_that_left_the_queue_was_behind_somebody_too(readers, writer, tenant):
    engine = {
        "attributes": [("axonize.engine.id", "engine-a-0")],
        "attribute_types": "s",
    }
    left = {
        "attributes": [("gen_ai.response.finish_reasons", '["abort"]')],
        "attribute_types": "a",
    }
    put(
        writer,
        tenant,
        [
            *request(1, 10, 0, 2, 3, 400, **left),
            row(1, 11, 10, name="engine.request", start_ms=5, ms=400, **engine),
        ],
        step(1, [LONG], start_ms=-50, ms=500),
    )
    found = explain(readers, tenant, trace_id(1))
    assert found.causes[:2] == ["abort", "prefill_of_others"]
    assert found.verdict == (
        "The client left after 405 ms, in queue."
        " Queued 403 ms behind the prefill of trace 00000000, 1,900 tokens."
    )


def test_times_of_another_clock_are_not_compared_with_steps(readers, writer, tenant):
    anchored = {
        "attributes": [("axonize.engine.clock", "anchored to the end")],
        "attribute_types": "s",
    }
    put(
        writer,
        tenant,
        request(1, 10, 0, 1, 1, 50, 7, 9, 0, **anchored),
        step(1, [LONG], start_ms=0, ms=900),
        step(2, [MINE], start_ms=900, ms=900),
    )
    found = explain(readers, tenant, trace_id(1))
    assert parts(found)["queue"] == 50
    assert all(part.evidence.steps == [] for part in found.parts)


def test_a_trace_without_an_engine_is_told_by_its_own_times(readers, writer, tenant):
    put(
        writer,
        tenant,
        [
            row(1, 1, name="GET /", ms=100, kind="client", service_name="caller"),
            row(1, 2, 1, name="GET /", start_ms=5, ms=90, kind="server"),
            row(1, 3, 2, name="query", start_ms=10, ms=70),
            row(1, 4, 2, name="query", start_ms=20, ms=5),
        ],
    )
    found = explain(readers, tenant, trace_id(1))
    told = [(part.kind, part.name, part.duration_ns / MS) for part in found.parts]
    assert told == [("own_time", "query", 70), ("own_time", "GET /", 20), ("client", "GET /", 10)]
    assert found.verdict == "70.0 ms of own time in query."


def test_what_is_not_stored_is_not_found(readers, writer, tenant):
    put(writer, tenant, [row(1, 1)])
    for asked in ((tenant, trace_id(2)), ("another-tenant", trace_id(1))):
        with pytest.raises(NotFound, match=asked[1]):
            explain(readers, *asked)


riders = st.lists(
    st.builds(
        Rider,
        st.sampled_from(["mine", "you"]),
        st.integers(1, 2),
        st.integers(9, 11),
        st.integers(0, 9),
        st.integers(0, 9),
    ),
    max_size=2,
    unique_by=lambda rider: rider.request,
)
lengths = st.floats(0, 50).map(lambda ms: round(ms, 3))


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(lengths, min_size=3, max_size=6),
    st.lists(st.tuples(lengths, lengths, riders, st.booleans()), max_size=8),
    st.lists(st.tuples(lengths, lengths, st.integers(0, 4)), max_size=4),
)
def test_the_parts_add_up_to_the_root(readers, writer, phases, steps, others):
    tenant = f"explained-{next(_tenants)}"
    root = row(1, 1, ms=sum(phases) + 7, name="POST", kind="server")
    strangers = [
        row(1, 50 + n, (0, 1, 10, 1003, 99)[parent], start_ms=start, ms=length)
        for n, (start, length, parent) in enumerate(others)
    ]
    made = [
        step(n + 1, on, start_ms=start, ms=length, preempted_ids=["mine"] if out else [])
        for n, (start, length, on, out) in enumerate(steps)
    ]
    put(writer, tenant, [root, *request(1, 10, 2, *phases, parent=1), *strangers], *made)
    found = explain(readers, tenant, trace_id(1))
    assert sum(part.duration_ns for part in found.parts) == found.duration_ns
    assert all(part.duration_ns > 0 for part in found.parts)
    assert all(part.evidence.spans for part in found.parts)
