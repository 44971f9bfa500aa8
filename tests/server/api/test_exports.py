"""Files of stored data, through HTTP."""

from __future__ import annotations

import io

import pyarrow.parquet as pq
import pytest
from axonize_server.api.times import format_time
from axonize_server.app import Parts, create_app
from axonize_server.store.clickhouse.export.reader import ExportReader
from litestar.testing import TestClient

from tests.server.api.conftest import authenticate
from tests.server.rows import MINUTE_NS, NOW_NS, row, table, trace_id

AROUND = {"from": format_time(NOW_NS - MINUTE_NS), "to": format_time(NOW_NS + MINUTE_NS)}


@pytest.fixture
def caller(
    reader, step_reader, gpu_reader, gpu_registry, minute_reader, clickhouse, settings, tenant
):
    parts = Parts(
        reader=reader,
        step_reader=step_reader,
        gpu_reader=gpu_reader,
        gpu_registry=gpu_registry,
        minute_reader=minute_reader,
        export_reader=ExportReader(clickhouse, settings.query_limits),
        authenticate=authenticate,
    )
    with TestClient(create_app(parts)) as client:
        client.headers["authorization"] = f"Bearer {tenant}"
        yield client


def test_a_trace_is_a_file_of_otlp(caller, writer, tenant):
    writer.insert(table(tenant, [row(1, 1)]))
    answer = caller.get(f"/api/v1/traces/{trace_id(1)}/export")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-disposition"] == f'attachment; filename="{trace_id(1)}.json"'
    (resource,) = answer.json()["resourceSpans"]
    assert resource["scopeSpans"][0]["spans"][0]["traceId"] == trace_id(1)
    missing = caller.get(f"/api/v1/traces/{trace_id(2)}/export")
    assert (missing.status_code, missing.json()["status"]) == (404, 404)


@pytest.mark.parametrize("what", ["spans", "traces"])
def test_lists_are_files_of_parquet(caller, writer, tenant, what):
    writer.insert(table(tenant, [row(1, 1, service_name="a"), row(2, 2, service_name="b")]))
    answer = caller.get(f"/api/v1/export/{what}", params={**AROUND, "service": "b"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/vnd.apache.parquet"
    found = pq.read_table(io.BytesIO(answer.content)).to_pylist()
    assert [each["trace_id"] for each in found] == [trace_id(2)]
    backwards = {"from": AROUND["to"], "to": AROUND["from"]}
    assert caller.get(f"/api/v1/export/{what}", params=backwards).status_code == 400
