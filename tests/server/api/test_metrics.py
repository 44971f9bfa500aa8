from __future__ import annotations

from axonize_server.api.metrics import Metric, render


def test_metrics_are_written_as_prometheus_reads_them():
    metrics = [
        Metric("spans_total", "counter", "Spans stored.", 12_345_678_901),
        Metric("queue_bytes", "gauge", "Bytes waiting.", 0.25),
        Metric("refused_total", "counter", "Refused.", {"b": 2, 'a"\\\n': 1}, label="reason"),
        Metric("empty_total", "counter", "Nothing yet.", {}, label="reason"),
    ]
    assert render(metrics) == (
        "# HELP spans_total Spans stored.\n"
        "# TYPE spans_total counter\n"
        "spans_total 12345678901\n"
        "# HELP queue_bytes Bytes waiting.\n"
        "# TYPE queue_bytes gauge\n"
        "queue_bytes 0.25\n"
        "# HELP refused_total Refused.\n"
        "# TYPE refused_total counter\n"
        'refused_total{reason="a\\"\\\\\\n"} 1\n'
        'refused_total{reason="b"} 2\n'
        "# HELP empty_total Nothing yet.\n"
        "# TYPE empty_total counter\n"
    )
