"""The numbers that the server publishes about itself."""

from __future__ import annotations

from collections.abc import Mapping

from axonize_server.api.metrics import Metric
from axonize_server.ingest.batcher import Counters


def collect(spans: Counters, points: Counters, over_quota: int = 0) -> list[Metric]:
    """Return what the receivers of spans and of metric points counted since the start.

    over_quota: requests refused because their tenant had used up its day.
    """
    both = (spans, points)
    return [
        Metric("axonize_spans_accepted_total", "counter", "Spans stored.", spans.accepted_spans),
        Metric(
            "axonize_spans_rejected_total",
            "counter",
            "Spans left out of accepted requests because they are not valid.",
            spans.rejected_spans,
        ),
        Metric(
            "axonize_metric_points_accepted_total",
            "counter",
            "Metric points stored.",
            points.accepted_spans,
        ),
        Metric(
            "axonize_metric_points_rejected_total",
            "counter",
            "Metric points left out of accepted requests, by reason.",
            dict(points.rejected_by_reason),
            label="reason",
        ),
        Metric(
            "axonize_requests_refused_total",
            "counter",
            "Requests refused, by reason.",
            dict(spans.refused + points.refused),
            label="reason",
        ),
        Metric(
            "axonize_quota_refused_total",
            "counter",
            "Requests refused because their tenant had stored all that it may on the day.",
            over_quota,
        ),
        Metric(
            "axonize_queue_bytes",
            "gauge",
            "Bytes received and not stored.",
            sum(each.queue_bytes for each in both),
        ),
        Metric(
            "axonize_commits_total",
            "counter",
            "Blocks inserted.",
            sum(each.commits for each in both),
        ),
        Metric(
            "axonize_commit_seconds_total",
            "counter",
            "Time spent inserting, in seconds.",
            sum(each.commit_seconds for each in both),
        ),
    ]


def about(release: str, schema: Mapping[str, int]) -> list[Metric]:
    """Return which release runs, and up to which migration it has brought each database."""
    return [
        Metric("axonize_build_info", "gauge", "The release that runs.", {release: 1}, "version"),
        Metric(
            "axonize_schema_version",
            "gauge",
            "Last migration of each database.",
            dict(schema),
            label="database",
        ),
    ]
