from __future__ import annotations

from collections import Counter

from axonize_server.api.metrics import render
from axonize_server.ingest.batcher import Counters
from axonize_server.metrics import about, collect


def test_what_the_receivers_count_is_published():
    spans = Counters(
        accepted_spans=5, rejected_spans=1, refused=Counter(Overloaded=2), queue_bytes=7,
        commits=3, commit_seconds=0.5,
    )  # fmt: skip
    points = Counters(
        accepted_spans=4, rejected_spans=3, refused=Counter(Overloaded=1, MalformedRequest=1),
        rejected_by_reason=Counter(unknown_metric=2, delta=1), queue_bytes=1,
        commits=1, commit_seconds=0.25,
    )  # fmt: skip
    text = render(collect(spans, points, over_quota=5))
    assert [line for line in text.splitlines() if not line.startswith("#")] == [
        "axonize_spans_accepted_total 5",
        "axonize_spans_rejected_total 1",
        "axonize_metric_points_accepted_total 4",
        'axonize_metric_points_rejected_total{reason="delta"} 1',
        'axonize_metric_points_rejected_total{reason="unknown_metric"} 2',
        'axonize_requests_refused_total{reason="MalformedRequest"} 1',
        'axonize_requests_refused_total{reason="Overloaded"} 3',
        "axonize_quota_refused_total 5",
        "axonize_queue_bytes 8",
        "axonize_commits_total 4",
        "axonize_commit_seconds_total 0.75",
    ]


def test_what_runs_is_published():
    text = render(about("1.2.3", {"postgres": 5, "clickhouse": 10}))
    assert [line for line in text.splitlines() if not line.startswith("#")] == [
        'axonize_build_info{version="1.2.3"} 1',
        'axonize_schema_version{database="clickhouse"} 10',
        'axonize_schema_version{database="postgres"} 5',
    ]
