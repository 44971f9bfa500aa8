"""The numbers that the server publishes about itself."""

from __future__ import annotations

from axonize_server.api.metrics import Metric
from axonize_server.ingest.batcher import Counters


def collect(counters: Counters) -> list[Metric]:
    """Return what the receiver counted since the start."""
    return [
        Metric("axonize_spans_accepted_total", "counter", "Spans stored.", counters.accepted_spans),
        Metric(
            "axonize_spans_rejected_total",
            "counter",
            "Spans left out of accepted requests because they are not valid.",
            counters.rejected_spans,
        ),
        Metric(
            "axonize_requests_refused_total",
            "counter",
            "Requests refused, by reason.",
            dict(counters.refused),
            label="reason",
        ),
        Metric(
            "axonize_queue_bytes", "gauge", "Bytes received and not stored.", counters.queue_bytes
        ),
        Metric("axonize_commits_total", "counter", "Blocks inserted.", counters.commits),
        Metric(
            "axonize_commit_seconds_total",
            "counter",
            "Time spent inserting, in seconds.",
            counters.commit_seconds,
        ),
    ]
