from __future__ import annotations

from axonize_server.api import health
from axonize_server.api.metrics import Metric
from litestar.testing import create_test_client


def test_a_server_with_its_databases_is_ready(client):
    del client.headers["authorization"]
    assert client.get("/healthz").json() == {"status": "ok"}
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "databases": {"clickhouse": "ok", "postgres": "ok"}}


def test_without_one_database_the_server_is_not_ready(clickhouse):
    probes = {"clickhouse": clickhouse.ping, "postgres": lambda: False}
    with create_test_client([health.build_controller(probes, list)]) as client:
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json() == {
            "status": "unavailable",
            "databases": {"clickhouse": "ok", "postgres": "down"},
        }
        assert client.get("/healthz").status_code == 200


def test_metrics_are_read_when_they_are_asked_for():
    values = iter([1, 2])
    metrics = lambda: [Metric("spans_total", "counter", "Spans.", next(values))]  # noqa: E731
    with create_test_client([health.build_controller({}, metrics)]) as client:
        for value in (1, 2):
            answer = client.get("/metrics")
            assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
            assert answer.text.endswith(f"\nspans_total {value}\n")
