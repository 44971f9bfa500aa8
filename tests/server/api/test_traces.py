from __future__ import annotations

import time

import pytest
from axonize_server.api.times import format_time

from tests.server.rows import NOW_NS, row, span_id, table, trace_id

START, END = format_time(NOW_NS), format_time(NOW_NS + 60_000_000_000)
RANGE = {"from": START, "to": END}
SUMMARY = {
    "trace_id": trace_id(1),
    "start_time": START,
    "duration_ms": 10.5,
    "name": "POST /v1/chat",
    "service_name": "api",
    "services": ["api", "engine"],
    "models": ["llama"],
    "status": "error",
    "span_count": 2,
    "error_count": 1,
    "input_tokens": 12,
    "output_tokens": 34,
    "ttft_ms": 1.5,
    "setup": False,
}
DETAIL = {
    "trace_id": trace_id(1),
    "span_id": span_id(2),
    "parent_span_id": span_id(1),
    "name": "generate",
    "kind": "client",
    "service_name": "engine",
    "scope": {"name": "axonize", "version": "0.1"},
    "start_time": format_time(NOW_NS + 2_000_000),
    "end_time": format_time(NOW_NS + 9_000_000),
    "duration_ms": 7.0,
    "status": "error",
    "status_message": "boom",
    "trace_state": "x=y",
    "attributes": {
        "big": 9007199254740993,
        "raw": {"bytes": "AP8="},
        "share": "NaN",
        "tags": ["a"],
        "on": True,
        "none": None,
    },
    "resource": {"service.name": "engine"},
    "events": [{"name": "token", "time": format_time(NOW_NS + 7), "attributes": {"n": 1}}],
    "links": [
        {"trace_id": trace_id(9), "span_id": span_id(8), "trace_state": "", "attributes": {}}
    ],
}


@pytest.fixture
def one_trace(writer, tenant):
    """Store a trace of two spans."""
    root = row(1, 1, ms=10.5, name="POST /v1/chat", kind="server")
    child = row(
        1, 2, 1, start_ms=2, ms=7, name="generate", service_name="engine", kind="client",
        status="error", status_message="boom", trace_state="x=y", model="llama",
        input_tokens=12, output_tokens=34, ttft_ms=1.5, scope_name="axonize", scope_version="0.1",
        attributes=[("big", "9007199254740993"), ("raw", "00ff"), ("share", "nan"),
                    ("tags", '["a"]'), ("on", "true"), ("none", "")],
        attribute_types="ixdabn",
        resource_attributes=[("service.name", "engine")], resource_attribute_types="s",
        **{
            "gpu.label": ["cuda:0"], "gpu.resource_uuid": ["MIG-1"],
            "gpu.physical_uuid": ["GPU-1"], "gpu.model": ["H100"], "gpu.vendor": ["nvidia"],
            "gpu.node_id": ["node"],
            "events.time": [NOW_NS + 7], "events.name": ["token"],
            "events.attributes": [[("n", "1")]], "events.attribute_types": ["i"],
            "links.trace_id": [(9).to_bytes(16, "big")], "links.span_id": [(8).to_bytes(8, "big")],
            "links.trace_state": [""], "links.attributes": [[]], "links.attribute_types": [""],
        },
    )  # fmt: skip
    writer.insert(table(tenant, [child, root]))


@pytest.mark.usefixtures("one_trace")
def test_a_list_holds_summaries(client):
    answer = client.get("/api/v1/traces", params=RANGE)
    assert answer.status_code == 200
    assert answer.json() == {"items": [SUMMARY], "next_cursor": None}


@pytest.mark.usefixtures("one_trace")
@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"service": "engine", "model": "llama", "status": "error"}, 1),
        ({"gpu": "MIG-1"}, 1),
        ({"gpu": "GPU-1"}, 1),
        ({"gpu": "GPU-2"}, 0),
        ({"min_duration_ms": "10.5", "max_duration_ms": "10.5"}, 1),
        ({"q": "GENER"}, 1),
        ({"q": "", "service": "", "model": "", "gpu": ""}, 1),
        ({"status": "ok"}, 0),
        ({"setup": "true"}, 0),
        ({"setup": "false"}, 1),
        ({"max_duration_ms": "10.4"}, 0),
        ({"sort": "duration", "limit": "500"}, 1),
    ],
)
def test_filters_narrow_the_list(client, filters, count):
    answer = client.get("/api/v1/traces", params={**RANGE, **filters})
    assert (answer.status_code, len(answer.json()["items"])) == (200, count)


def test_without_a_range_the_last_hour_is_listed(client, writer, tenant):
    now_ms = (time.time_ns() - NOW_NS) / 1e6  # the tests may run for an hour already
    two_minutes, two_hours = now_ms - 120_000, now_ms - 7_200_000
    rows = [row(1, 1, start_ms=two_minutes), row(2, 2, start_ms=two_hours)]
    writer.insert(table(tenant, rows))
    items = client.get("/api/v1/traces").json()["items"]
    assert [item["trace_id"] for item in items] == [trace_id(1)]


def test_pages_follow_the_cursor(client, writer, tenant):
    writer.insert(table(tenant, [row(n, n, start_ms=n) for n in (1, 2, 3)]))
    first = client.get("/api/v1/traces", params={**RANGE, "limit": 2}).json()
    parameters = {**RANGE, "limit": 2, "cursor": first["next_cursor"]}
    second = client.get("/api/v1/traces", params=parameters).json()
    found = [item["trace_id"] for item in first["items"] + second["items"]]
    assert found == [trace_id(3), trace_id(2), trace_id(1)]
    assert second["next_cursor"] is None


@pytest.mark.usefixtures("one_trace")
def test_a_trace_is_its_summary_with_the_tree(client):
    node = {
        "name": "generate",
        "span_id": span_id(2),
        "parent_span_id": span_id(1),
        "depth": 1,
        "child_count": 0,
        "service_name": "engine",
        "kind": "client",
        "status": "error",
        "start_offset_ns": 2_000_000,
        "duration_ns": 7_000_000,
        "model": "llama",
        "input_tokens": 12,
        "output_tokens": 34,
        "ttft_ms": 1.5,
        "gpus": [
            {
                "label": "cuda:0",
                "resource_uuid": "MIG-1",
                "physical_uuid": "GPU-1",
                "model": "H100",
                "vendor": "nvidia",
                "node_id": "node",
            }
        ],
        "links": 1,
        "events": 1,
        "orphan": False,
        "skewed": False,
        "clock": None,
    }
    root = {
        **node,
        "name": "POST /v1/chat",
        "span_id": span_id(1),
        "parent_span_id": None,
        "depth": 0,
        "child_count": 1,
        "service_name": "api",
        "kind": "server",
        "status": "unset",
        "start_offset_ns": 0,
        "duration_ns": 10_500_000,
        "model": None,
        "input_tokens": 0,
        "output_tokens": 0,
        "ttft_ms": None,
        "gpus": [],
        "links": 0,
        "events": 0,
    }
    answer = client.get(f"/api/v1/traces/{trace_id(1)}")
    assert answer.json() == {**SUMMARY, "spans": [root, node]}


@pytest.mark.usefixtures("one_trace")
def test_a_span_has_every_attribute_with_its_type(client):
    assert client.get(f"/api/v1/traces/{trace_id(1)}/spans/{span_id(2)}").json() == DETAIL
    page = client.get(f"/api/v1/traces/{trace_id(1)}/spans").json()
    assert page["items"][1] == DETAIL
    assert page["next_cursor"] is None


@pytest.mark.usefixtures("one_trace")
def test_the_spans_of_a_trace_come_in_pages(client):
    url = f"/api/v1/traces/{trace_id(1)}/spans"
    first = client.get(url, params={"limit": 1}).json()
    second = client.get(url, params={"limit": 1, "cursor": first["next_cursor"]}).json()
    assert [item["span_id"] for item in first["items"] + second["items"]] == [
        span_id(1), span_id(2),
    ]  # fmt: skip
    assert second["next_cursor"] is None


@pytest.mark.usefixtures("one_trace")
def test_facets_list_what_filters_can_name(client):
    answer = client.get("/api/v1/traces/facets", params=RANGE)
    assert answer.json() == {"services": ["api", "engine"], "models": ["llama"]}


@pytest.mark.usefixtures("one_trace")
@pytest.mark.parametrize(
    ("path", "detail"),
    [
        (f"/{trace_id(2)}", f"no trace {trace_id(2)}"),
        (f"/{trace_id(2)}/spans", f"no trace {trace_id(2)}"),
        (f"/{trace_id(1)}/spans/{span_id(9)}", f"no span {span_id(9)} in trace {trace_id(1)}"),
    ],
)
def test_what_is_not_stored_is_a_404(client, path, detail):
    answer = client.get(f"/api/v1/traces{path}")
    assert answer.status_code == 404
    assert answer.json()["detail"] == detail


TIME = "expected an RFC 3339 time such as 2026-11-23T07:39:01.123Z"


@pytest.mark.parametrize(
    ("parameters", "detail"),
    [
        ({"from": "yesterday"}, f"from: {TIME}"),
        ({"to": "1795421460"}, f"to: {TIME}"),
        ({"from": END, "to": START}, "from: expected a time before `to`"),
        ({"cursor": "x"}, "cursor: expected the next_cursor of an earlier answer"),
        ({"limit": "0"}, "limit: Expected `int` >= 1"),
        ({"limit": "501"}, "limit: Expected `int` <= 500"),
        ({"limit": "many"}, "limit: Expected `int`, got `str`"),
        ({"status": "bad"}, "status: Invalid enum value 'bad'"),
        ({"sort": "name"}, "sort: Invalid enum value 'name'"),
        ({"min_duration_ms": "-1"}, "min_duration_ms: Expected `float` >= 0.0"),
        ({"min_duration_ms": "nan"}, "min_duration_ms: Expected `float` >= 0.0"),
        ({"q": "x" * 201}, "q: Expected `str` of length <= 200"),
    ],
)
def test_a_value_without_meaning_is_a_400_that_says_what_is_expected(client, parameters, detail):
    answer = client.get("/api/v1/traces", params=parameters)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": detail,
    }


@pytest.mark.parametrize("path", ["/xyz", f"/{trace_id(1)[:-1]}", f"/{trace_id(1)}/spans/1"])
def test_an_id_of_another_form_is_a_400(client, path):
    assert client.get(f"/api/v1/traces{path}").status_code == 400


@pytest.mark.usefixtures("one_trace")
def test_another_tenant_sees_nothing(client):
    client.headers["authorization"] = "Bearer another-tenant"
    assert client.get("/api/v1/traces", params=RANGE).json()["items"] == []
    assert client.get(f"/api/v1/traces/{trace_id(1)}").status_code == 404
    assert client.get(f"/api/v1/traces/{trace_id(1)}/spans").status_code == 404
    assert client.get(f"/api/v1/traces/{trace_id(1)}/spans/{span_id(1)}").status_code == 404
    facets = client.get("/api/v1/traces/facets", params=RANGE).json()
    assert facets == {"services": [], "models": []}


@pytest.mark.parametrize(
    "path", ["", "/facets", f"/{trace_id(1)}", f"/{trace_id(1)}/spans", f"/{trace_id(1)}/spans/1"]
)
def test_every_route_asks_for_a_key(client, path):
    del client.headers["authorization"]
    answer = client.get(f"/api/v1/traces{path}")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.json()["title"] == "Unauthorized"


def test_the_list_is_filtered_by_attributes(client, writer, tenant):
    spans = [
        row(1, 1, attributes=[("user.tier", "pro"), ("retries", "2")]),
        row(2, 2, attributes=[("user.tier", "free"), ("retries", "0")]),
    ]
    writer.insert(table(tenant, spans))
    for written, found in {
        ("user.tier=pro",): [trace_id(1)],
        ("user.tier", "retries<1"): [trace_id(2)],
        ("user.tier=pro", "retries<1"): [],
    }.items():
        answer = client.get("/api/v1/traces", params={**RANGE, "attribute": written})
        assert [each["trace_id"] for each in answer.json()["items"]] == found
    problem = client.get("/api/v1/traces", params={**RANGE, "attribute": "retries>many"})
    assert (problem.status_code, problem.json()["detail"]) == (
        400,
        "attribute: expected a number after >, not 'many'",
    )


def test_a_written_filter_narrows_the_list_beside_the_others(client, one_trace):
    def listed(**parameters):
        answer = client.get("/api/v1/traces", params={**RANGE, **parameters})
        return answer.status_code, answer.json()

    assert listed(filter="service:engine status:error duration>10ms generate")[1]["items"] == [
        SUMMARY
    ]
    assert listed(filter="tags:*", model="llama")[1]["items"] == [SUMMARY]
    assert listed(filter="duration>11ms")[1]["items"] == []
    status, problem = listed(filter="a:1 duration>fast")
    assert (status, problem["detail"][:30]) == (400, "filter, character 14: expected")
    status, problem = listed(filter="service:api", service="api")
    assert (status, problem["detail"][:31]) == (400, "filter, character 1: service is")


def test_a_written_filter_is_read_for_the_page_that_shows_it(client):
    def read(text):
        answer = client.get("/api/v1/traces/filter", params={"text": text})
        assert answer.status_code == 200
        return {name: value for name, value in answer.json().items() if value}

    assert read("service:a setup:true duration>2s app.tier=pro x>1 chat") == {
        "service": "a",
        "setup": True,
        "min_duration_ms": 2000.0,
        "q": "chat",
        "attributes": ["app.tier:pro", "x>1"],
    }
    assert read("status:bad") == {
        "fault": {"position": 0, "message": "expected status:error or status:ok"}
    }
