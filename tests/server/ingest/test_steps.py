"""Engine steps become rows of their own, and a malformed one costs nothing else."""

from __future__ import annotations

from string import hexdigits

import pyarrow as pa
import pytest
from axonize_server.ingest.decode import decode, read_request
from axonize_server.ingest.faults import INVALID_ARRAYS, INVALID_STEP, REASONS
from axonize_server.model import Accepted
from hypothesis import given, settings
from hypothesis import strategies as st

from axonize.otlp import encode_request, encode_spans
from axonize.spans import ROOT, Span
from tests.server.ingest.otlp import any_value, body, pairs, span
from tests.server.rows import NOW_NS
from tests.server.steps import Rider, attributes, charges, idle, step, steps_body

PREFILLING = Rider("cmpl-1", trace=1, span=11, scheduled=12, prefill=12)
DECODING = Rider("cmpl-2", trace=2, span=22)
UNKNOWN = Rider("cmpl-3")
ROW = {
    "tenant_id": "t1",
    "engine_id": "engine-a-0",
    "engine_name": "vllm",
    "engine_version": "0.32.0",
    "service_name": "engine",
    "host": "node-1",
    "model": "llama",
    "number": 7,
    "start_time": NOW_NS,
    "end_time": NOW_NS + 1_000_000,
    "status": 0,
    "status_message": "",
    "busy_seconds": 0.001,
    "schedule_ms": 0.5,
    "total_tokens": 14,
    "running": 3,
    "waiting": 2,
    "kv_cache_usage": 0.25,
    "request_ids": ["cmpl-1", "cmpl-2", "cmpl-3"],
    "trace_ids": [(1).to_bytes(16, "big"), (2).to_bytes(16, "big"), bytes(16)],
    "span_ids": [(11).to_bytes(8, "big"), (22).to_bytes(8, "big"), bytes(8)],
    "scheduled_tokens": [12, 1, 1],
    "prefill_tokens": [12, 0, 0],
    "draft_tokens": [0, 3, 2],
    "accepted_tokens": [0, 2, 0],
    "preempted_ids": ["cmpl-9"],
    "cuda_graph_mode": "PIECEWISE",
    "gpu_count": 1,
    "gpu_seconds": 0.001,
    "energy_j": 2.5,
    "idle_gpu_seconds": 0.25,
    "idle_energy_j": 20.0,
    "energy_source": "counter",
    "cost_per_hour_usd": 2.5,
    "ended_requests": 3,
    "gpu_uuids": ["GPU-a", "MIG-b"],
    "gpu_shares": [1.0, 0.25],
    "attributes": [("axonize.step.custom", "1.5")],
    "attribute_types": "d",
    "resource_attributes": [("service.name", "engine"), ("host.name", "node-1")],
    "resource_attribute_types": "ss",
}
EXTRAS = {
    "draft_tokens": [0, 3, 2],
    "accepted_tokens": [0, 2, 0],
    "preempted_ids": ["cmpl-9"],
    "cuda_graph.mode": "PIECEWISE",
    "custom": 1.5,
}
CHARGED = charges(
    gpus=1,
    uuids=["GPU-a", "MIG-b"],
    shares=[1.0, 0.25],
    busy_s=0.001,
    idle_s=0.25,
    energy_j=2.5,
    idle_energy_j=20.0,
    cost_per_hour_usd=2.5,
    ended=3,
)


def decode_bodies(*bodies: bytes):
    return decode([read_request(f"t{i}", one) for i, one in enumerate(bodies, start=1)])


def rows(table: pa.Table) -> list[dict[str, object]]:
    """Return the rows with times as Unix ns."""
    for name in ("start_time", "end_time"):
        at = table.schema.get_field_index(name)
        table = table.set_column(at, name, table[name].cast(pa.int64()))
    return table.to_pylist()


def test_columns_are_those_of_the_table(clickhouse):
    with clickhouse.client() as client:
        described = client.query("DESCRIBE TABLE engine_steps").result_rows
    insertable = {row[0] for row in described if row[2] != "MATERIALIZED"} - {"ingested_at"}

    assert set(decode_bodies(steps_body(step(1, [DECODING]))).steps.column_names) == insertable


def test_a_step_is_a_row_of_its_own_and_no_span():
    riders = [PREFILLING, DECODING, UNKNOWN]
    decoded = decode_bodies(steps_body(step(7, riders, charged=CHARGED, **EXTRAS)))

    assert rows(decoded.steps) == [ROW]
    assert decoded.spans.num_rows == 0
    assert decoded.answers == [Accepted(1)]


def test_the_spans_of_the_sdk_are_understood():
    sent = {**attributes(7, [PREFILLING, DECODING, UNKNOWN], **EXTRAS), **CHARGED}
    one = Span("engine.step", sent, parent=ROOT, start_ns=NOW_NS)
    one.end(NOW_NS + 1_000_000)
    resource = {"service.name": "engine", "host.name": "node-1"}

    decoded = decode_bodies(encode_request(resource, ("axonize", "1"), [encode_spans([one])]))

    assert rows(decoded.steps) == [ROW]


def test_without_speculation_and_preemption_their_arrays_are_empty():
    row = decode_bodies(steps_body(step(1, [DECODING]))).steps.to_pylist()[0]

    names = ("draft_tokens", "accepted_tokens", "preempted_ids", "cuda_graph_mode")
    assert [row[name] for name in names] == [[], [], [], ""]


def test_a_rest_of_an_engine_is_a_record_without_requests():
    decoded = decode_bodies(steps_body(idle(start_ms=0, ms=1, charged=CHARGED)))

    requests = ("request_ids", "trace_ids", "span_ids", "scheduled_tokens", "prefill_tokens")
    lists = (*requests, "draft_tokens", "accepted_tokens", "preempted_ids")
    nothing: dict[str, object] = {name: [] for name in lists}
    zero = ("number", "busy_seconds", "schedule_ms", "total_tokens", "running", "waiting")
    unsaid = {"kv_cache_usage": 0.0, "cuda_graph_mode": "", "attributes": [], "attribute_types": ""}
    assert rows(decoded.steps) == [{**ROW, **nothing, **dict.fromkeys(zero, 0), **unsaid}]
    assert decoded.spans.num_rows == 0


def test_the_calls_of_a_process_are_a_record_like_a_rest():
    sent = idle(start_ms=0, ms=1, charged=CHARGED)
    rest = rows(decode_bodies(steps_body(sent)).steps)
    sent.name = "engine.calls"
    decoded = decode_bodies(steps_body(sent))
    assert rows(decoded.steps) == rest
    assert decoded.spans.num_rows == 0


def test_a_span_of_that_name_without_a_number_is_a_span():
    decoded = decode_bodies(body(span(1, name="engine.idle")))

    assert (decoded.spans.num_rows, decoded.steps.num_rows) == (1, 0)


@pytest.mark.parametrize("shares", [[-0.5], [float("nan")], [float("inf")], ["half"], [1]])
def test_shares_are_numbers_from_zero(shares):
    decoded = decode_bodies(steps_body(step(1, [], charged={"axonize.step.gpu_shares": shares})))

    assert decoded.answers == [Accepted(0, 1, f"1 {REASONS[INVALID_ARRAYS]}")]


def test_a_step_that_the_engine_died_in_has_no_requests_but_its_error():
    died = step(3, [])
    keys = ("request_ids", "trace_ids", "span_ids", "scheduled_tokens", "prefill_tokens")
    kept = [pair for pair in died.attributes if pair.key.split(".")[-1] not in keys]
    del died.attributes[:]
    died.attributes.extend(kept)
    died.status.code, died.status.message = 2, "out of memory"

    row = decode_bodies(steps_body(died)).steps.to_pylist()[0]

    assert (row["request_ids"], row["trace_ids"]) == ([], [])
    assert (row["status"], row["status_message"]) == (2, "out of memory")


def test_spans_and_steps_keep_the_order_and_the_tenants_of_their_requests():
    decoded = decode_bodies(
        body(span(1), step(1, [DECODING]), span(2)),
        body(span(3)),
        body(step(2, [PREFILLING, UNKNOWN]), step(3, [])),
    )

    assert decoded.spans["tenant_id"].to_pylist() == ["t1", "t1", "t2"]
    assert decoded.steps["tenant_id"].to_pylist() == ["t1", "t3", "t3"]
    assert decoded.steps["number"].to_pylist() == [1, 2, 3]
    assert decoded.steps["request_ids"].to_pylist() == [["cmpl-2"], ["cmpl-1", "cmpl-3"], []]
    assert decoded.answers == [Accepted(3), Accepted(1), Accepted(2)]


@pytest.mark.parametrize("name", ["engine.step", "engine.request"])
def test_a_span_without_a_number_or_of_another_name_stays_a_span(name):
    values = {"axonize.engine.id": "e", "axonize.step.count": 3}

    decoded = decode_bodies(body(span(1, values, name=name), span(2, {"axonize.step.number": 1})))

    assert decoded.steps.num_rows == 0
    assert decoded.spans["name"].to_pylist() == [name, "chat"]


@pytest.mark.parametrize(
    "malformed",
    [
        {"request_ids": ["cmpl-1"]},
        {"trace_ids": []},
        {"span_ids": ["00" * 8] * 3},
        {"scheduled_tokens": [1]},
        {"prefill_tokens": [0, 0, 0]},
        {"draft_tokens": [1]},
        {"accepted_tokens": [1, 2, 3]},
        {"request_ids": ["cmpl-1", 2]},
        {"request_ids": ["cmpl-1", None]},
        {"trace_ids": ["ab" * 16, "not hexadecimal"]},
        {"trace_ids": ["ab" * 16, "g" * 32]},
        {"trace_ids": ["ab" * 16, "é" * 16]},
        {"trace_ids": ["ab" * 16, "ab" * 8]},
        {"span_ids": ["ab" * 8, b"\xab" * 8]},
        {"scheduled_tokens": [1, -1]},
        {"scheduled_tokens": [1, 2**32]},
        {"scheduled_tokens": [1, 1.5]},
        {"prefill_tokens": ["0", "0"]},
        {"prefill_tokens": [[0], [0]]},
        {"prefill_tokens": "[0, 0]"},
        {"draft_tokens": {"cmpl-1": 1, "cmpl-2": 1}},
        {"preempted_ids": [1]},
        {"preempted_ids": "cmpl-9"},
    ],
    ids=str,
)
def test_a_step_with_malformed_arrays_is_rejected_alone(malformed):
    good = [step(1, [PREFILLING, DECODING]), step(3, [DECODING])]
    bad = step(2, [PREFILLING, DECODING], **malformed)

    decoded = decode_bodies(body(span(1), good[0], bad, good[1], span(2)))

    assert decoded.steps["number"].to_pylist() == [1, 3]
    assert decoded.steps["request_ids"].to_pylist() == [["cmpl-1", "cmpl-2"], ["cmpl-2"]]
    assert decoded.steps["trace_ids"].to_pylist()[1] == [(2).to_bytes(16, "big")]
    assert decoded.spans.num_rows == 2
    assert decoded.answers == [Accepted(4, 1, f"1 {REASONS[INVALID_ARRAYS]}")]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("axonize.engine.id", ""),
        ("axonize.step.number", -1),
        ("axonize.step.number", "first"),
        ("axonize.step.number", None),
        ("axonize.step.number", 1.5),
        ("axonize.step.number", [1]),
    ],
)
def test_a_step_that_does_not_say_which_it_is_is_rejected(key, value):
    bad = step(2, [DECODING])
    for pair in bad.attributes:
        if pair.key == key:
            pair.value.CopyFrom(any_value(value))

    decoded = decode_bodies(body(bad, step(3, [DECODING])))

    assert decoded.steps["number"].to_pylist() == [3]
    assert decoded.answers == [Accepted(1, 1, f"1 {REASONS[INVALID_STEP]}")]


def test_reasons_are_told_side_by_side():
    bad = [step(1, [DECODING], trace_ids=[]), step(2, [DECODING], engine="")]

    answer = decode_bodies(body(*bad, bad[0])).answers[0]

    reasons = f"1 {REASONS[INVALID_STEP]}; 2 {REASONS[INVALID_ARRAYS]}"
    assert answer == Accepted(0, 3, reasons)


def test_the_first_of_two_arrays_with_one_key_counts():
    one = step(1, [DECODING])
    one.attributes.extend(pairs({"axonize.step.request_ids": ["x", "y"]}))

    row = decode_bodies(body(one)).steps.to_pylist()[0]

    assert (row["request_ids"], row["attributes"]) == (["cmpl-2"], [])


def test_steps_come_back_from_the_store_as_they_were_sent(writer, clickhouse, tenant):
    sent = [step(7, [PREFILLING, DECODING, UNKNOWN], **EXTRAS), step(8, [DECODING]), step(9, [])]
    decoded = decode([read_request(tenant, steps_body(*sent, step(10, [], trace_ids=[1])))])

    writer.insert(decoded.spans, decoded.steps)

    query = """
        SELECT * REPLACE (toInt8(status) AS status) FROM engine_steps
        WHERE tenant_id = {tenant:String} ORDER BY number"""
    with clickhouse.client() as client:
        stored = client.query_arrow(query, parameters={"tenant": tenant}, use_strings=True)
    assert rows(stored.select(decoded.steps.column_names)) == rows(decoded.steps)
    assert stored["number"].to_pylist() == [7, 8, 9]


COLUMNS = {
    "request_ids": str,
    "trace_ids": 32,
    "span_ids": 16,
    "scheduled_tokens": int,
    "prefill_tokens": int,
    "draft_tokens": int,
    "accepted_tokens": int,
    "preempted_ids": str,
}
ELEMENTS = {
    str: st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
    int: st.integers(0, 2**32 - 1),
    32: st.binary(min_size=16, max_size=16).map(bytes.hex) | st.just(""),
    16: st.binary(min_size=8, max_size=8).map(bytes.hex) | st.just(""),
}
FOREIGN = st.one_of(
    st.none(), st.booleans(), st.floats(), st.binary(max_size=3), st.integers(-(2**63), 2**63 - 1),
    st.text("0fé ", max_size=33), st.lists(st.none(), max_size=1), st.just({"k": 1}),
)  # fmt: skip


@st.composite
def arrays(draw) -> dict[str, object]:
    """Draw the arrays of a step: often valid, else with something foreign in one place."""
    requests = draw(st.integers(0, 3))
    drawn: dict[str, object] = {
        name: draw(st.lists(ELEMENTS[kind], min_size=requests, max_size=requests))
        for name, kind in COLUMNS.items()
    }
    for name in draw(st.sets(st.sampled_from(sorted(COLUMNS)), max_size=1)):
        values = drawn[name] = list(drawn[name])
        match draw(st.integers(0, 3)):
            case 0:
                values.append(draw(FOREIGN))
            case 1 if values:
                values[-1] = draw(FOREIGN)
            case 2:
                drawn[name] = draw(FOREIGN.filter(lambda value: not isinstance(value, list)))
            case _:
                values.clear()
    return drawn


def is_valid(drawn: dict[str, object]) -> bool:
    """Judge the arrays of a step one element at a time."""
    requests = drawn["request_ids"]
    for name, kind in COLUMNS.items():
        values = drawn[name]
        if not isinstance(values, list) or not all(fits(kind, value) for value in values):
            return False
        absent = not values and name in ("draft_tokens", "accepted_tokens")
        if name != "preempted_ids" and not absent and len(values) != len(requests):
            return False
    return True


def fits(kind: type | int, value: object) -> bool:
    if kind is int:
        return type(value) is int and 0 <= value < 2**32
    if kind is str:
        return isinstance(value, str)
    return value == "" or (
        isinstance(value, str) and len(value) == kind and set(value.lower()) <= set(hexdigits)
    )


def as_stored(drawn: dict[str, object]) -> dict[str, object]:
    width = {"trace_ids": 16, "span_ids": 8}
    return {
        name: [bytes.fromhex(value) or bytes(width[name]) for value in values]
        if name in width
        else values
        for name, values in drawn.items()
    }


@settings(deadline=None, max_examples=150)
@given(st.lists(arrays(), max_size=4))
def test_any_arrays_are_stored_as_they_were_sent_or_rejected(drawn):
    sent = [step(number, [], **one) for number, one in enumerate(drawn)]

    decoded = decode_bodies(body(*sent, span(1)))

    valid = [as_stored(one) for one in drawn if is_valid(one)]
    assert (decoded.steps.select(list(COLUMNS)).to_pylist() if valid else []) == valid
    assert decoded.steps.num_rows == len(valid)
    assert (decoded.answers[0].spans, decoded.answers[0].rejected) == (
        len(valid) + 1, len(drawn) - len(valid),
    )  # fmt: skip
    assert decoded.spans.num_rows == 1
