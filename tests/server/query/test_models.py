from __future__ import annotations

import msgspec
import pytest
from axonize_server.minutes import Group, Histogram, SpanStatistics
from axonize_server.model import TraceSearch
from axonize_server.query.models import by_model, models
from axonize_server.tokens import Ends, Tokens, Usage

from tests.server.rows import MINUTE_NS, NOW_NS, row, table
from tests.server.steps import Rider, decoded, step, steps_body

SEARCH = TraceSearch(from_ns=NOW_NS - 10 * MINUTE_NS, to_ns=NOW_NS)
CALL = {"service_name": "engine", "model": "llama", "operation": "chat"}


def calls(spans: int, cost_usd: float = 0.0) -> SpanStatistics:
    """Return statistics of so many spans."""
    none = Histogram({})
    return SpanStatistics(
        spans=spans, errors=0, cost_usd=cost_usd, usage=Usage({"": Ends(Tokens(spans * 10))}),
        durations=Histogram({5: spans}), ttfts=none, tpots=none,
    )  # fmt: skip


def test_spans_that_name_an_operation_count_where_there_are_any():
    groups = [
        Group(service="gateway", model="llama", operation="chat", statistics=calls(1)),
        Group(service="engine", model="llama", operation="chat", statistics=calls(2)),
        Group(service="engine", model="llama", operation="", statistics=calls(4)),
        Group(service="engine", model="qwen", operation="", statistics=calls(8)),
        Group(service="engine", model="", operation="chat", statistics=calls(16)),
    ]
    assert by_model(groups) == {"llama": calls(3), "qwen": calls(8)}


@pytest.mark.parametrize(
    ("client_usd", "engine_usd", "cost_usd"),
    [(0.0, 0.5, 0.5), (0.25, 0.0, 0.25), (0.5, 0.5, 0.5), (0.25, 0.5, 0.5)],
)
def test_what_a_request_has_cost_counts_once_whichever_of_its_spans_say_it(
    client_usd, engine_usd, cost_usd
):
    groups = [
        Group(service="app", model="llama", operation="chat", statistics=calls(1)),
        Group(service="engine", model="llama", operation="", statistics=calls(4, engine_usd)),
        Group(service="job", model="llama", operation="chat", statistics=calls(2, client_usd)),
    ]
    assert by_model(groups) == {"llama": calls(3, cost_usd)}


def test_tokens_that_clients_and_servers_say_count_once():
    def group(service: str, ends: Ends) -> Group:
        told = msgspec.structs.replace(calls(1), usage=Usage({"llama": ends}))
        return Group(service=service, model="llama", operation="chat", statistics=told)

    groups = [
        group("app", Ends(clients=Tokens(40, 11))),
        group("job", Ends(clients=Tokens(5, 6))),
        group("engine", Ends(others=Tokens(45, 17))),
    ]
    found = by_model(groups)["llama"]
    assert (found.spans, found.input_tokens, found.output_tokens) == (3, 45, 17)


def test_a_model_has_its_requests_its_tokens_and_the_seconds_of_its_engines(
    writer, reader, minute_reader, step_reader, count_minutes, tenant
):
    spans = [
        row(1, 1, start_ms=-300_000, ms=900),
        row(1, 2, 1, start_ms=-300_000, ms=800, **CALL, input_tokens=60, output_tokens=600,
            ttft_ms=5, tpot_ms=10),
        row(2, 3, start_ms=-200_000, ms=500, service_name="engine", model="qwen", status="error"),
    ]  # fmt: skip
    writer.insert(table(tenant, spans))
    sent = steps_body(*(step(n, [Rider("a")], start_ms=-300_000 + n) for n in (1, 2)))
    writer.insert(*decoded(tenant, sent))
    writer.insert(*decoded(tenant, sent))  # the steps came twice
    count_minutes()
    llama, qwen = models(reader, minute_reader, step_reader, tenant, SEARCH)
    assert (llama.name, llama.requests.requests, llama.requests.p50_ns) == ("llama", 1, 900e6)
    assert (llama.spans.spans, llama.spans.output_tokens) == (1, 600)
    assert (llama.steps.steps, llama.steps.gpu_seconds) == (2, 0.002)
    assert (qwen.name, qwen.requests.errors, qwen.spans.spans, qwen.steps) == ("qwen", 1, 1, None)
    only = TraceSearch(from_ns=SEARCH.from_ns, to_ns=SEARCH.to_ns, model="qwen")
    assert models(reader, minute_reader, step_reader, tenant, only) == [qwen]
    assert models(reader, minute_reader, step_reader, f"not {tenant}", SEARCH) == []
