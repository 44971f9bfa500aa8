"""What real emitters sent once (see `capture`) fills the columns, and nothing of it is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from axonize_server.ingest.decode import decode, read_request
from axonize_server.ingest.json import to_protobuf
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.server.ingest.otlp import sent_rows, stored_rows
from tests.server.ingest.test_round_trip import ROWS, in_order

PAYLOADS = Path(__file__).parent / "payloads"
COLUMNS = (
    "name", "operation", "provider", "model", "response_model", "input_tokens", "output_tokens",
    "cached_tokens", "ttft_ms", "tpot_ms", "cost_usd", "http_status", "error_type",
)  # fmt: skip
FINISH = (
    "gen_ai.response.finish_reasons",
    "gen_ai.completion.0.finish_reason",
    "llm.finish_reason",
)

ANSWERED = {
    "name": "chat gpt-4o-mini",
    "operation": "chat",
    "provider": "openai",
    "model": "gpt-4o-mini",
    "response_model": "gpt-4o-mini-2024-07-18",
    "input_tokens": 24,
    "output_tokens": 7,
    "cached_tokens": 16,
    "finish": '["stop"]',
}
REFUSED = {
    "name": "chat gpt-none",
    "operation": "chat",
    "provider": "openai",
    "model": "gpt-none",
    "error_type": "NotFoundError",
}


def without(row, *names):
    return {name: value for name, value in row.items() if name not in names}


EXPECTED = {
    # Of a stream it keeps no finish reason, and of no call the cached tokens.
    "opentelemetry": [
        without(ANSWERED, "cached_tokens"),
        without(ANSWERED, "cached_tokens", "finish"),
        REFUSED,
    ],
    # Without a stream, its time to first token is that of the whole call.
    "openlit": [
        ANSWERED | {"ttft_ms": 40.7, "cost_usd": 7.8e-06},
        {"name": "POST", "http_status": 200},
        ANSWERED | {"ttft_ms": 32.6, "tpot_ms": 10.0, "cost_usd": 7.8e-06},
        {"name": "POST", "http_status": 200},
        REFUSED,
        {"name": "POST", "http_status": 404},
    ],
    "openllmetry": [
        ANSWERED | {"name": "openai.chat"},
        ANSWERED | {"name": "openai.chat"},
        REFUSED | {"name": "openai.chat"},
    ],
    # It counts no tokens of a stream, and says of an error no more than its message.
    "openllmetry-0.40": [
        ANSWERED | {"name": "openai.chat", "provider": "OpenAI", "finish": "stop"},
        without(ANSWERED, "input_tokens", "output_tokens", "cached_tokens")
        | {"name": "openai.chat", "provider": "OpenAI", "finish": "stop"},
        without(REFUSED, "error_type") | {"name": "openai.chat", "provider": "OpenAI"},
    ],
    # The model is what the answer names, so none is known of a call that failed. The type of its
    # error stands in an event.
    "openinference": [
        *2
        * [
            without(ANSWERED, "operation", "response_model")
            | {"name": "ChatCompletion", "model": "gpt-4o-mini-2024-07-18", "finish": "stop"}
        ],
        {"name": "ChatCompletion", "provider": "openai"},
    ],
    # It knows providers by their address, and that of the capture is not known.
    "ddtrace": [
        {"name": "capture"},
        *2
        * [
            without(ANSWERED, "finish")
            | {"name": "createChatCompletion", "operation": "llm", "provider": "unknown"}
        ],
        REFUSED
        | {
            "name": "createChatCompletion",
            "operation": "llm",
            "provider": "unknown",
            "error_type": "openai.NotFoundError",
        },
    ],
    # It names neither model nor provider; before the requests it tells how it started.
    "vllm": [
        *(
            {"name": name}
            for name in (
                "Executor init",
                "Worker init",
                "Loading (CPU)",
                "Load model",
                "Initialize model",
                "Load weights",
                "Prepare model",
                "Allocate KV cache",
            )
        ),
        {"name": "llm_request", "input_tokens": 65, "output_tokens": 8, "ttft_ms": 107.4},
        {"name": "llm_request", "input_tokens": 65, "output_tokens": 8, "ttft_ms": 2.1},
    ],
    # That the second request failed it does not say.
    "triton": 2
    * [{"name": "InferRequest"}, {"name": "double", "model": "double"}, {"name": "compute"}],
}


def body(payload) -> bytes:
    """Return a payload as protobuf; Triton sends JSON."""
    file = PAYLOADS / f"{payload}.json"
    return (
        to_protobuf(file.read_bytes())
        if file.exists()
        else (PAYLOADS / f"{payload}.bin").read_bytes()
    )


@pytest.fixture(params=EXPECTED)
def payload(request):
    return request.param


@pytest.fixture
def stored(payload, writer, clickhouse, tenant):
    """Return what ClickHouse holds of a payload."""
    writer.insert(decode([read_request(tenant, body(payload))]).spans)
    with clickhouse.client() as client:
        return client.query_arrow(ROWS, parameters={"tenant": tenant}, use_strings=True)


def test_a_payload_fills_the_columns(payload, stored):
    rows = sorted(stored.select([*COLUMNS, "start_time", "attributes"]).to_pylist(), key=by_start)

    assert [said(row) for row in rows] == EXPECTED[payload]


def by_start(row):
    return row["start_time"]


def said(row):
    """Return what a row says, times to a tenth of a millisecond."""
    attributes = dict(row["attributes"])
    columns = {name: row[name] for name in COLUMNS}
    for name in ("ttft_ms", "tpot_ms"):
        columns[name] = round(columns[name], 1)
    columns["finish"] = next((attributes[key] for key in FINISH if key in attributes), "")
    return {name: value for name, value in columns.items() if value}


def test_a_payload_is_stored_as_it_was_sent(payload, stored):
    message = ExportTraceServiceRequest.FromString(body(payload))

    assert in_order(stored_rows(stored)) == in_order(sent_rows(message))


def test_every_payload_is_expected():
    assert {file.stem for file in PAYLOADS.iterdir()} == set(EXPECTED)
